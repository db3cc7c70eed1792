//! The recorded policies beside the project, when they are there: verdicts as recorded, or an argument against them.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a test may panic and tell what it left out"
)]

use std::path::{Path, PathBuf};

use postern_policy::{Containment, Document, EndpointContext, Perimeter, analyse, evaluate, fix};
use serde_json::Value;

/// Where the samples are. Without them the tests say so and pass.
fn samples(kind: &str) -> Option<PathBuf> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let found = own
        .ancestors()
        .map(|dir| dir.join("shared/policies").join(kind))
        .find(|dir| dir.is_dir());
    if found.is_none() {
        println!("no samples of the kind {kind} here: nothing is tested");
    }
    found
}

fn json(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn perimeter() -> Perimeter {
    Perimeter {
        organizations: vec!["o-exampleorg1".to_owned()],
        accounts: vec!["111122223333".to_owned(), "444455556666".to_owned()],
        resources: vec![
            "arn:aws:s3:::corp-data".to_owned(),
            "arn:aws:s3:::corp-data/*".to_owned(),
        ],
        aws_owned_resources: vec!["arn:aws:s3:::prod-us-east-1-starport-layer-bucket/*".to_owned()],
        aws_services: true,
        ..Perimeter::default()
    }
}

fn endpoint(service: &str, gateway: bool) -> EndpointContext {
    EndpointContext {
        service: service.to_owned(),
        gateway,
        owner: "111122223333".to_owned(),
        region: "us-east-1".to_owned(),
        vpc: "vpc-0aaaabbbbccccdddd1".to_owned(),
        endpoint: "vpce-0aaaabbbbccccdddd".to_owned(),
        time: 1_795_392_000,
    }
}

/// What differs from the record, one line a file.
fn differences(dir: &Path, cases: &[(String, String, bool, [bool; 3])]) -> Vec<String> {
    let mut all = Vec::new();
    for (file, service, gateway, expected) in cases {
        let text = std::fs::read_to_string(dir.join(file)).unwrap();
        let document = match Document::parse(&text) {
            Ok(document) => document,
            Err(error) => {
                all.push(format!("{file}: {error}"));
                continue;
            }
        };
        let found = analyse(&document, &perimeter(), &endpoint(service, *gateway));
        let open = found.identity.is_some() || found.resource.is_some();
        for witness in [&found.identity, &found.resource].into_iter().flatten() {
            if witness.supposing.is_empty() {
                assert!(
                    evaluate(&document, &witness.request).is_allowed(),
                    "{file}: {witness:?}"
                );
            }
        }
        let answers = [found.identity.is_some(), found.resource.is_some(), found.locked_out];
        let verdict = match (open, found.locked_out) {
            (true, _) => Containment::Open,
            (false, true) => Containment::LockedOut,
            (false, false) => Containment::Closed,
        };
        if answers != *expected || found.verdict != verdict {
            all.push(format!(
                "{file}: {answers:?} {:?} but {expected:?}; {:?} {:#?}",
                found.verdict, found.reasons, found.explanation
            ));
        }
    }
    all
}

fn answers(verdict: &Value) -> [bool; 3] {
    ["identity", "resource", "deny_all_trusted"].map(|question| verdict[question].as_bool().unwrap())
}

#[test]
fn adversarial_policies_have_their_recorded_verdicts() {
    let Some(dir) = samples("adversarial") else { return };
    let record = json(&dir.join("expected.json"));
    let cases: Vec<_> = record["cases"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(file, case)| {
            let gateway = case["endpointType"] == "Gateway";
            (
                file.clone(),
                case["service"].as_str().unwrap().to_owned(),
                gateway,
                answers(case),
            )
        })
        .collect();
    assert_eq!(cases.len(), 59);
    let differences = differences(&dir, &cases);
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn public_policies_have_their_recorded_verdicts() {
    let Some(dir) = samples("public") else { return };
    let record = json(&dir.join("index.json"));
    let cases: Vec<_> = record
        .as_array()
        .unwrap()
        .iter()
        .map(|case| {
            let text = |name: &str| case[name].as_str().unwrap_or_default().to_owned();
            (
                text("file"),
                text("service"),
                case["endpointType"] == "Gateway",
                answers(&case["verdict"]),
            )
        })
        .collect();
    assert_eq!(cases.len(), 46);
    let differences = differences(&dir, &cases);
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn open_sample_has_a_fix_or_a_reason() {
    for (kind, list) in [("adversarial", "expected.json"), ("public", "index.json")] {
        let Some(dir) = samples(kind) else { return };
        let record = json(&dir.join(list));
        let cases: Vec<(String, &Value)> = match &record {
            Value::Array(cases) => cases
                .iter()
                .map(|case| (case["file"].as_str().unwrap().to_owned(), case))
                .collect(),
            _ => record["cases"]
                .as_object()
                .unwrap()
                .iter()
                .map(|(file, case)| (file.clone(), case))
                .collect(),
        };
        for (file, case) in cases {
            let text = std::fs::read_to_string(dir.join(&file)).unwrap();
            let document = Document::parse(&text).unwrap();
            let endpoint = endpoint(case["service"].as_str().unwrap(), case["endpointType"] == "Gateway");
            let before = analyse(&document, &perimeter(), &endpoint);
            match fix(&document, &perimeter(), &endpoint) {
                Ok(fixed) => {
                    let after = Document::parse(&fixed.text).unwrap();
                    let analysis = analyse(&after, &perimeter(), &endpoint);
                    assert!(analysis.identity.is_none() && analysis.resource.is_none(), "{file}");
                    assert_eq!(fix(&after, &perimeter(), &endpoint).unwrap().text, fixed.text, "{file}");
                    assert_eq!(fixed.added.is_empty(), before.verdict != Containment::Open, "{file}");
                }
                Err(reason) => println!("{file}: {reason}"),
            }
        }
    }
}
