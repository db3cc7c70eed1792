//! Files that are made from the code. `make generate` writes them anew.

use std::fs;
use std::path::{Path, PathBuf};

use postern_core::controls::CONTROLS;
use postern_core::evaluation::Control;
use postern_core::functions::FUNCTIONS;
use postern_report::control_page;

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

fn page(control: &Control) -> String {
    let functions: Vec<_> = FUNCTIONS
        .iter()
        .filter(|function| function.controls().iter().any(|c| c.name == control.name))
        .map(|function| format!("`{}`", function.name))
        .collect();
    format!(
        "# {}\n\nNon-compliant when: {}\n\nSeverity: {}. Evaluated by: {}.\n\n{}\n",
        control.name,
        control.summary,
        control.severity.as_str(),
        functions.join(", "),
        control_page(control)
    )
}

fn index() -> String {
    let rows: Vec<_> = CONTROLS
        .iter()
        .map(|c| {
            format!(
                "| [{}]({}.md) | {} | {} |",
                c.name,
                c.name,
                c.severity.as_str(),
                c.summary
            )
        })
        .collect();
    format!(
        "# Controls\n\n| Control | Severity | Non-compliant when |\n| --- | --- | --- |\n{}\n",
        rows.join("\n")
    )
}

#[test]
fn every_control_has_its_page_and_no_page_is_left_of_one_that_is_gone() {
    for control in CONTROLS {
        current(&format!("docs/controls/{}.md", control.name), &page(control));
    }
    current("docs/controls/README.md", &index());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/controls");
    let pages: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    for page in &pages {
        let name = page.file_stem().unwrap().to_str().unwrap();
        assert!(
            name == "README" || CONTROLS.iter().any(|c| c.name == name),
            "{}",
            page.display()
        );
    }
    assert_eq!(pages.len(), CONTROLS.len() + 1);
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
