//! Files that are made from the code. `make generate` writes them anew.

use std::fs;
use std::path::Path;

use postern_core::controls::CONTROLS;
use postern_core::evaluation::Control;

pub(super) fn current(path: &str, content: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    if std::env::var_os("GENERATE").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == content,
        "{} is not current: run `make generate`",
        path.display()
    );
}

/// A file in which the lines after `begin`, up to the next empty line, are made from the code.
fn current_block(path: &str, begin: &str, block: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    let text = fs::read_to_string(file).unwrap();
    let (before, rest) = text
        .split_once(&format!("\n{begin}\n"))
        .unwrap_or_else(|| panic!("{path} lacks {begin:?}"));
    let (_, after) = rest.split_once("\n\n").unwrap();
    current(path, &format!("{before}\n{begin}\n{block}\n\n{after}"));
}

/// The table of the README.
fn table() -> String {
    let row = |control: &&Control| {
        let Control {
            name,
            finds,
            remediation,
            opt_in,
            ..
        } = control;
        let opt_in = if *opt_in { " (opt-in)" } else { "" };
        format!("| [{name}](docs/controls/{name}.md){opt_in} | {finds} | {remediation} |")
    };
    CONTROLS.iter().map(row).collect::<Vec<_>>().join("\n")
}

/// The modes of `postern.toml`: each control with its summary and its default mode.
fn modes() -> String {
    let mut lines = Vec::new();
    for control in CONTROLS {
        let mut comment = String::from("#");
        for word in control.summary.split(' ') {
            if comment.len() + 1 + word.len() > 120 {
                lines.push(std::mem::replace(&mut comment, String::from("#")));
            }
            comment = format!("{comment} {word}");
        }
        lines.push(comment);
        let mode = if control.opt_in { "off" } else { "audit" };
        lines.push(format!("#{} = \"{mode}\"", control.name));
    }
    lines.join("\n")
}

#[test]
fn generated_parts_of_written_files_name_every_control() {
    current_block(
        "README.md",
        "| Control | What it finds | What it does in enforce mode |\n| --- | --- | --- |",
        &table(),
    );
    current_block("postern.toml", "# Each control, with its default.", &modes());
}
