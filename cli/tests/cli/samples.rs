//! The recorded policies beside the project, when they are there.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Run, lines, run_with};

fn samples() -> Option<PathBuf> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let found = own
        .ancestors()
        .map(|dir| dir.join("shared/policies/adversarial"))
        .find(|dir| dir.is_dir());
    if found.is_none() {
        println!("no samples here: nothing is tested");
    }
    found
}

/// The trust settings of the record as a `postern.toml`.
fn settings(trust: &Value) -> String {
    let mut text = "[perimeter]\n".to_owned();
    writeln!(text, "organizations = [{}]", trust["org"]).unwrap();
    for (key, member) in [
        ("accounts", "accounts"),
        ("resources", "trusted_arns"),
        ("aws_owned_resources", "aws_owned_arns"),
        ("aws_services", "aws_services_trusted"),
    ] {
        writeln!(text, "{key} = {}", trust[member]).unwrap();
    }
    text
}

fn judge(directory: &Path, command: &str, trust: &Value, case: &Value, file: &str, input: &[u8]) -> Run {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let arguments = [
        "policy".to_owned(),
        command.to_owned(),
        "--format=json".to_owned(),
        format!("--service={}", text(&case["service"])),
        format!("--type={}", text(&case["endpointType"]).to_lowercase()),
        format!("--owner={}", text(&trust["endpoint"]["owner"])),
        format!("--vpc-id={}", text(&trust["endpoint"]["vpc"])),
        format!("--endpoint-id={}", text(&trust["endpoint"]["vpce"])),
        file.to_owned(),
    ];
    run_with(directory, &arguments, input)
}

/// The record, where its files are, and a directory with its trust settings.
fn record() -> Option<(Value, PathBuf, TempDir)> {
    let samples = samples()?;
    let record: Value = serde_json::from_str(&std::fs::read_to_string(samples.join("expected.json")).unwrap()).unwrap();
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("postern.toml"), settings(&record["trust"])).unwrap();
    Some((record, samples, directory))
}

#[test]
fn recorded_policies_have_their_recorded_verdicts() {
    let Some((record, samples, directory)) = record() else {
        return;
    };
    let cases = record["cases"].as_object().unwrap();
    assert_eq!(cases.len(), 59);
    let mut differences = Vec::new();
    for (name, case) in cases {
        let file = samples.join(name);
        let run = judge(
            directory.path(),
            "check",
            &record["trust"],
            case,
            file.to_str().unwrap(),
            b"",
        );
        let line = &lines(&run)[0];
        let found = [
            &line["identity"]["hole"],
            &line["resource"]["hole"],
            &line["locked_out"],
        ];
        let expected = [&case["identity"], &case["resource"], &case["deny_all_trusted"]];
        let (verdict, status) = match (
            case["verdict"].as_str().unwrap(),
            case["deny_all_trusted"].as_bool().unwrap(),
        ) {
            ("permissive", _) => ("open", 1),
            (_, true) => ("locked-out", 1),
            (_, false) => ("closed", 0),
        };
        if found != expected || line["verdict"] != verdict || run.status != status || !run.stderr.is_empty() {
            differences.push(format!("{name}: {} {}", run.stdout, run.stderr));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn recorded_policies_are_closed_once_they_are_fixed() {
    let Some((record, samples, directory)) = record() else {
        return;
    };
    let mut fixed = 0;
    for (name, case) in record["cases"].as_object().unwrap() {
        let file = samples.join(name);
        let run = judge(
            directory.path(),
            "fix",
            &record["trust"],
            case,
            file.to_str().unwrap(),
            b"",
        );
        let line = &lines(&run)[0];
        let Some(document) = line["fix"]["document"].as_str() else {
            assert_eq!(run.status == 0, line["verdict"] == "closed", "{name}: {}", run.stdout);
            continue;
        };
        assert_eq!((line["verdict"].as_str(), run.status), (Some("open"), 0), "{name}");
        let checked = judge(
            directory.path(),
            "check",
            &record["trust"],
            case,
            "-",
            document.as_bytes(),
        );
        assert_eq!(checked.status, 0, "{name}: {}", checked.stdout);
        fixed += 1;
    }
    assert!(fixed > 20, "only {fixed} are fixed");
}
