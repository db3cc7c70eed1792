//! The command lines of the documents.

use std::path::Path;

use clap::Parser;
use clap::error::ErrorKind;

use super::Arguments;

/// What documents write in place of something, with an example of it.
const PLACEHOLDERS: [(&str, &str); 13] = [
    ("CHANGE", "20261123T061530.123456Z-0a1b2c3d"),
    ("COMMAND", "audit"),
    ("CONTROL", "policy-open"),
    ("DIRECTORY", "."),
    ("FILE", "events.json"),
    ("ID", "vpce-0123456789abcdef0"),
    ("NAME", "policy-open"),
    ("QUEUE", "https://sqs.eu-central-1.amazonaws.com/111122223333/queue"),
    ("RESOURCE", "vpce-0123456789abcdef0"),
    ("RUN", "5f0c54b2-7d7e-4a4f-9a0e-2f1f5a3d8c11"),
    ("SHELL", "bash"),
    ("TIME", "24h"),
    ("VPC", "vpc-0123456789abcdef0"),
];

/// Commands in code spans, and in lines of code blocks.
fn commands(text: &str) -> Vec<String> {
    let mut commands = Vec::new();
    let mut code = false;
    for line in text.lines() {
        let fence = line.trim_start().starts_with("```");
        code ^= fence;
        let spans: Vec<&str> = match code {
            true => vec![line.trim()],
            false => line.split('`').skip(1).step_by(2).collect(),
        };
        let own = spans.into_iter().filter(|span| !fence && span.starts_with("postern "));
        commands.extend(own.map(|span| span.split(['#', '>']).next().unwrap().trim().to_owned()));
    }
    commands
}

/// Why a command is not understood. A document may name a command without its arguments, or a flag without its value.
fn fault(command: &str) -> Option<String> {
    let words = command.split_whitespace().filter(|word| *word != "…").map(|word| {
        let known = PLACEHOLDERS.iter().find(|(placeholder, _)| *placeholder == word);
        known.map_or(word, |(_, example)| example)
    });
    let error = Arguments::try_parse_from(words).err()?;
    let named_alone = match error.kind() {
        ErrorKind::DisplayHelp
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
        | ErrorKind::MissingRequiredArgument => true,
        ErrorKind::InvalidValue => error.to_string().contains("a value is required"),
        _ => false,
    };
    (!named_alone).then(|| format!("{command}: {error}"))
}

#[test]
fn commands_of_all_documents_are_understood() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut documents: Vec<_> = [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "CHANGELOG.md",
    ]
    .map(|name| root.join(name))
    .into();
    for folder in ["docs", "docs/controls"] {
        let entries = std::fs::read_dir(root.join(folder))
            .unwrap()
            .map(|entry| entry.unwrap().path());
        documents.extend(entries.filter(|path| path.extension().is_some_and(|suffix| suffix == "md")));
    }
    let texts = documents.iter().map(|path| std::fs::read_to_string(path).unwrap());
    let commands: Vec<_> = texts.flat_map(|text| commands(&text)).collect();
    assert!(commands.len() > 80, "{}", commands.len());
    let faults: Vec<_> = commands.iter().filter_map(|command| fault(command)).collect();
    assert_eq!(faults, [""; 0]);
}

#[test]
fn misspelt_command_is_not_understood() {
    for command in [
        "postern rolback CHANGE",
        "postern history --sinc 1h",
        "postern resume policy-opem VPC",
    ] {
        assert!(fault(command).is_some(), "{command}");
    }
    assert_eq!(
        commands("Run `postern sweep`.\n```sh\npostern audit > a.txt  # why\n```\n"),
        ["postern sweep", "postern audit"]
    );
}
