use std::path::Path;

use crate::support::{directory, fixture, lines, run, run_with};

const EVAL: [&str; 2] = ["policy", "eval"];

#[test]
fn an_allowed_request_is_allowed_by_a_statement() {
    let run = run(&[&EVAL[..], &["--request", "request.json", "closed.json"]].concat());
    assert_eq!(run.stdout, "allowed by Statement[0] \"OursOnly\"\n");
    assert_eq!((run.stderr.as_str(), run.status), ("", 0));
}

#[test]
fn a_deny_is_named() {
    let run = run(&[&EVAL[..], &["--request", "request.json", "locked-out.json"]].concat());
    assert_eq!((run.stdout.as_str(), run.status), ("denied by Statement[0]\n", 1));
}

#[test]
fn request_that_no_statement_allows_is_denied() {
    let directory = directory();
    let text = std::fs::read_to_string(fixture("request.json")).unwrap();
    let outsider = text.replace(
        "\"aws:PrincipalOrgID\": \"o-exampleorg1\"",
        "\"aws:PrincipalOrgID\": \"o-otherorg001\"",
    );
    assert_ne!(text, outsider);
    let policy = fixture("closed.json");
    let arguments = [&EVAL[..], &["--request", "-", policy.to_str().unwrap()]].concat();
    let run = run_with(directory.path(), &arguments, outsider.as_bytes());
    assert_eq!(
        (run.stdout.as_str(), run.status),
        ("denied: no statement allows it\n", 1)
    );
}

#[test]
fn type_of_the_endpoint_decides_what_an_account_principal_means() {
    let directory = directory();
    let policy = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "111122223333"},
        "Action": "s3:*", "Resource": "*"}]}"#;
    let request = fixture("request.json");
    let status = |kind: &str| {
        let arguments = [
            &EVAL[..],
            &["--type", kind, "--request", request.to_str().unwrap(), "-"],
        ]
        .concat();
        run_with(directory.path(), &arguments, policy.as_bytes()).status
    };
    assert_eq!((status("interface"), status("gateway")), (0, 1));
}

#[test]
fn requests_that_are_none_are_named_with_their_place() {
    let directory = directory();
    for (request, part) in [
        ("{", "line 1 column 1"),
        ("{\"principal\": \"anonymous\"}", "missing field `action`"),
        (
            "{\"principal\": \"anonymous\", \"actions\": []}",
            "unknown field `actions`",
        ),
    ] {
        let policy = fixture("closed.json");
        let arguments = [&EVAL[..], &["--request", "-", policy.to_str().unwrap()]].concat();
        let run = run_with(directory.path(), &arguments, request.as_bytes());
        assert_eq!((run.stdout.as_str(), run.status), ("", 2), "{request}");
        assert!(
            run.stderr.starts_with("error: `-` is not a request") && run.stderr.contains(part),
            "{}",
            run.stderr
        );
    }
}

#[test]
fn a_policy_that_is_not_understood_is_no_answer() {
    let run = run(&[&EVAL[..], &["--request", "request.json", "misspelt.json"]].concat());
    assert_eq!((run.stdout.as_str(), run.status), ("", 2));
    assert!(
        run.stderr.contains("`Statement[0].Condition.StringEqual`"),
        "{}",
        run.stderr
    );
}

#[test]
fn standard_input_is_read_once() {
    let run = run(&[&EVAL[..], &["--request", "-", "-"]].concat());
    assert_eq!((run.stdout.as_str(), run.status), ("", 2));
    assert!(run.stderr.contains("standard input cannot be both"), "{}", run.stderr);
}

#[test]
fn a_witness_of_check_is_a_request_that_eval_allows() {
    let directory = directory();
    for (policy, kind) in [
        ("open.json", "interface"),
        ("open.json", "gateway"),
        ("identity.json", "interface"),
    ] {
        let policy = fixture(policy);
        let policy = policy.to_str().unwrap();
        let check = [
            "policy",
            "check",
            "--service",
            "s3",
            "--type",
            kind,
            "--format",
            "json",
            policy,
        ];
        let judged = run_with(directory.path(), &check, b"");
        let line = &lines(&judged)[0];
        let mut witnesses = 0;
        for hole in ["identity", "resource"] {
            if line[hole]["hole"] == true {
                allowed(directory.path(), kind, policy, &line[hole]["witness"].to_string());
                witnesses += 1;
            }
        }
        assert!(witnesses > 0, "{line}");
    }
}

fn allowed(directory: &Path, kind: &str, policy: &str, witness: &str) {
    let arguments = [&EVAL[..], &["--type", kind, "--request", "-", policy]].concat();
    let run = run_with(directory, &arguments, witness.as_bytes());
    assert!(
        run.stdout.starts_with("allowed by "),
        "{policy} {witness}: {}{}",
        run.stdout,
        run.stderr
    );
    assert_eq!(run.status, 0);
}
