//! `postern settings`.

use std::fs;

use crate::support::{command, directory, run, run_with};

const VALID: &str = "[perimeter]\norganizations = [\"o-exampleorg1\"]\n";

#[test]
fn valid_settings_have_status_0_and_a_version() {
    let run = run_with(directory().path(), &["settings", "check", "-"], VALID.as_bytes());
    assert_eq!((run.status, run.stderr.as_str()), (0, ""));
    // As `sha256sum` has it.
    assert_eq!(run.stdout, "-: valid, version dad39d0c6e70, no warnings\n");
}

#[test]
fn questionable_settings_have_status_1_and_a_warning_each() {
    let expired = "[[exemptions]]\ncontrol = \"policy-open\"\nresource = \"vpce-0abc\"\nreason = \"over\"\n\
        expires = 2020-01-31\n";
    let text = format!("{VALID}{expired}");
    let run = run_with(directory().path(), &["settings", "check", "-"], text.as_bytes());
    assert_eq!(run.status, 1, "{}", run.stderr);
    let lines: Vec<_> = run.stdout.lines().collect();
    assert!(
        lines[0].starts_with("warning: ") && lines[0].contains("expired at 2020-02-01"),
        "{lines:?}"
    );
    assert!(lines[1].ends_with(", 1 warning"), "{lines:?}");
}

#[test]
fn empty_perimeter_is_questionable() {
    let run = run_with(
        directory().path(),
        &["settings", "check", "-"],
        b"[modes]\ndefault = \"audit\"\n",
    );
    assert_eq!(run.status, 1, "{}", run.stderr);
    assert!(
        run.stdout
            .starts_with("warning: perimeter: it names nobody whom you trust"),
        "{}",
        run.stdout
    );
}

#[test]
fn missing_settings_are_answered_with_the_command_that_makes_them() {
    let directory = tempfile::tempdir().unwrap();
    let run = run_with(directory.path(), &["settings", "check"], b"");
    assert_eq!(run.status, 2);
    assert!(
        run.stderr
            .starts_with("error: no settings: there is no `postern.toml` here; `postern settings init` writes one"),
        "{}",
        run.stderr
    );
}

#[test]
fn refused_settings_have_status_2_and_all_their_problems() {
    let text = "[perimetre]\n[modes]\ndefault = \"on\"\n";
    let run = run_with(directory().path(), &["settings", "check", "-"], text.as_bytes());
    assert_eq!((run.status, run.stdout.as_str()), (2, ""));
    for problem in ["-:1:2", "perimetre", "-:3:11", "`enforce`"] {
        assert!(run.stderr.contains(problem), "{}", run.stderr);
    }
    let missing = run_with(directory().path(), &["settings", "check", "none.toml"], b"");
    assert_eq!(missing.status, 2);
    assert!(
        missing.stderr.contains("`none.toml` cannot be read"),
        "{}",
        missing.stderr
    );
}

#[test]
fn effective_settings_are_settings_again() {
    let directory = directory();
    let shown = run_with(directory.path(), &["settings", "show"], b"");
    assert_eq!(shown.status, 0, "{}", shown.stderr);
    assert!(
        shown
            .stdout
            .starts_with("# Effective settings of postern.toml, version "),
        "{}",
        shown.stdout
    );
    assert!(shown.stdout.contains("changes_per_run = 50"), "{}", shown.stdout);
    let again = run_with(directory.path(), &["settings", "check", "-"], shown.stdout.as_bytes());
    assert_eq!((again.status, again.stderr.as_str()), (0, ""));
}

#[test]
fn settings_are_those_of_the_functions_where_the_environment_names_them() {
    let directory = directory();
    fs::write(directory.path().join("other.toml"), "[limits]\nchanges_per_run = 7\n").unwrap();
    let output = command(directory.path(), &["settings", "show"])
        .env("POSTERN_SETTINGS", "other.toml")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("changes_per_run = 7"), "{text}");
}

#[test]
fn arn_of_something_else_is_refused() {
    let run = run(&[
        "settings",
        "check",
        "arn:aws:ssm:eu-central-1:111122223333:document/postern",
    ]);
    assert_eq!(run.status, 2);
    assert!(
        run.stderr.contains("is not the ARN of an SSM parameter"),
        "{}",
        run.stderr
    );
}
