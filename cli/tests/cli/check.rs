use serde_json::json;

use crate::support::{directory, lines, run, run_with};
use crate::validation::{SARIF, assert_accepted};

const S3: [&str; 4] = ["policy", "check", "--service", "s3"];

fn check(arguments: &[&str]) -> crate::support::Run {
    run(&[&S3, arguments].concat())
}

#[test]
fn a_closed_policy_is_said_to_be_closed() {
    let run = check(&["closed.json"]);
    assert_eq!(run.stdout, "closed.json: closed\n");
    assert_eq!((run.stderr.as_str(), run.status), ("", 0));
}

#[test]
fn open_policy_is_shown_with_requests_in_and_out() {
    let run = check(&["open.json"]);
    let lines: Vec<_> = run.stdout.lines().collect();
    assert_eq!(lines[0], "open.json: open");
    assert!(
        lines[1].starts_with("  a principal outside your perimeter can use the endpoint: "),
        "{}",
        run.stdout
    );
    assert!(
        lines[2].starts_with("  a resource outside your perimeter can be reached: "),
        "{}",
        run.stdout
    );
    assert_eq!((run.stderr.as_str(), run.status), ("", 1));
}

#[test]
fn policy_without_any_trusted_principal_is_locked_out() {
    let run = check(&["locked-out.json"]);
    assert_eq!(
        run.stdout,
        "locked-out.json: locked-out\n  no trusted principal can use the endpoint\n"
    );
    assert_eq!((run.stderr.as_str(), run.status), ("", 1));
}

#[test]
fn a_misspelt_operator_is_undecided_with_its_place() {
    let run = check(&["misspelt.json"]);
    assert!(run.stdout.starts_with("misspelt.json: undecided\n"), "{}", run.stdout);
    assert!(
        run.stdout.contains("`Statement[0].Condition.StringEqual`"),
        "{}",
        run.stdout
    );
    assert!(run.stdout.contains("line 10"), "{}", run.stdout);
    assert_eq!((run.stderr.as_str(), run.status), ("", 1));
}

#[test]
fn the_worst_file_decides_the_exit_status() {
    assert_eq!(check(&["closed.json", "closed.json"]).status, 0);
    assert_eq!(check(&["closed.json", "open.json", "closed.json"]).status, 1);
    assert_eq!(check(&["open.json", "absent.json", "closed.json"]).status, 2);
}

#[test]
fn every_file_is_judged_though_one_cannot_be_read() {
    let run = check(&["--format", "json", "open.json", "absent.json", "closed.json"]);
    let verdicts: Vec<_> = lines(&run)
        .iter()
        .map(|line| (line["file"].clone(), line["verdict"].clone()))
        .collect();
    let expected = [
        ("open.json", "open"),
        ("absent.json", "undecided"),
        ("closed.json", "closed"),
    ];
    assert_eq!(verdicts, expected.map(|(file, verdict)| (json!(file), json!(verdict))));
    assert!(
        run.stderr.starts_with("error: `absent.json` cannot be read: "),
        "{}",
        run.stderr
    );
}

#[test]
fn json_has_one_line_a_file_with_fixed_members() {
    let run = check(&["--format", "json", "closed.json", "identity.json"]);
    assert_eq!(run.status, 1);
    let lines = lines(&run);
    let expected = json!({
        "file": "closed.json",
        "verdict": "closed",
        "identity": {"hole": false, "witness": null},
        "resource": {"hole": false, "witness": null},
        "locked_out": false,
        "reasons": [],
    });
    assert_eq!(lines[0], expected);
    let open = &lines[1];
    assert_eq!(open["verdict"], "open");
    assert_eq!(open["resource"], json!({"hole": false, "witness": null}));
    assert_eq!(open["identity"]["hole"], true);
    let witness = open["identity"]["witness"].as_object().unwrap();
    let members: Vec<_> = witness.keys().map(String::as_str).collect();
    for member in ["principal", "action", "resource", "context"] {
        assert!(members.contains(&member), "{members:?}");
    }
    assert_eq!(members.len(), 4, "{members:?}");
    assert_eq!(witness["principal"], "anonymous");
    assert_eq!(witness["action"], "s3:GetObject");
    assert!(
        witness["context"]["aws:Referer"]
            .as_str()
            .unwrap()
            .starts_with("https://intranet.example.com/")
    );
}

#[test]
fn members_of_a_line_have_a_fixed_order() {
    let run = check(&["--format", "json", "closed.json"]);
    let expected = "{\"file\":\"closed.json\",\"verdict\":\"closed\",\"identity\":{\"hole\":false,\"witness\":null},\
                    \"resource\":{\"hole\":false,\"witness\":null},\"locked_out\":false,\"reasons\":[]}\n";
    assert_eq!(run.stdout, expected);
}

#[test]
fn the_problems_of_a_document_are_reasons_in_json() {
    let run = check(&["--format", "json", "misspelt.json"]);
    let line = &lines(&run)[0];
    assert_eq!((line["verdict"].as_str(), run.status), (Some("undecided"), 1));
    assert!(line["reasons"][0].as_str().unwrap().contains("StringEqual"), "{line}");
}

#[test]
fn a_dash_is_standard_input() {
    let directory = directory();
    let text = std::fs::read(crate::support::fixture("closed.json")).unwrap();
    let run = run_with(directory.path(), &[&S3[..], &["-"]].concat(), &text);
    assert_eq!((run.stdout.as_str(), run.status), ("-: closed\n", 0));
}

#[test]
fn the_service_decides_which_statements_count() {
    let run = run(&["policy", "check", "--service", "sqs", "closed.json"]);
    assert_eq!(
        (run.stdout.lines().next(), run.status),
        (Some("closed.json: locked-out"), 1)
    );
}

#[test]
fn an_account_as_principal_is_its_root_user_only_on_gateway_endpoints() {
    let directory = directory();
    let policy = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "999988887777"},
        "Action": "s3:GetObject", "Resource": "arn:aws:s3:::example-bucket/*"}]}"#;
    let witness = |kind: &str| {
        let arguments = [&S3[..], &["--format", "json", "--type", kind, "-"]].concat();
        let run = run_with(directory.path(), &arguments, policy.as_bytes());
        lines(&run)[0]["identity"]["witness"]["principal"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    assert!(witness("gateway").ends_with(":root"), "{}", witness("gateway"));
    assert!(!witness("interface").ends_with(":root"), "{}", witness("interface"));
}

#[test]
fn a_policy_that_names_an_endpoint_needs_to_know_which_one_it_is_for() {
    let run = check(&["pinned.json"]);
    assert!(run.stdout.starts_with("pinned.json: undecided\n"), "{}", run.stdout);
    assert!(run.stdout.contains("`vpce-0123456789abcdef0`"), "{}", run.stdout);
    assert!(run.stdout.contains("--endpoint-id"), "{}", run.stdout);
    assert_eq!(run.status, 1);
    let own = check(&["--endpoint-id", "vpce-0123456789abcdef0", "pinned.json"]);
    assert!(own.stdout.starts_with("pinned.json: open\n"), "{}", own.stdout);
    let other = check(&["--endpoint-id", "vpce-00000000000000001", "pinned.json"]);
    assert_eq!((other.stdout.as_str(), other.status), ("pinned.json: closed\n", 0));
}

#[test]
fn missing_settings_are_reported_with_the_remedy() {
    let directory = tempfile::tempdir().unwrap();
    let run = run_with(directory.path(), &[&S3[..], &["-"]].concat(), b"{}");
    assert_eq!((run.stdout.as_str(), run.status), ("", 2));
    for part in ["postern.toml", "--settings FILE", "[perimeter]"] {
        assert!(run.stderr.contains(part), "{}", run.stderr);
    }
}

#[test]
fn settings_are_refused_with_all_their_problems() {
    let directory = directory();
    let bad = "[perimeter]\norganizations = [\"ours\"]\naccounts = [\"12\"]\norganisations = []\n";
    std::fs::write(directory.path().join("bad.toml"), bad).unwrap();
    let run = run_with(
        directory.path(),
        &[&S3[..], &["--settings", "bad.toml", "-"]].concat(),
        b"{}",
    );
    assert_eq!((run.stdout.as_str(), run.status), ("", 2));
    for place in ["bad.toml:2:", "bad.toml:3:", "bad.toml:4:"] {
        assert!(run.stderr.contains(place), "{}", run.stderr);
    }
}

#[test]
fn empty_perimeter_is_said_instead_of_a_verdict() {
    let directory = directory();
    std::fs::write(directory.path().join("postern.toml"), "").unwrap();
    let text = std::fs::read(crate::support::fixture("closed.json")).unwrap();
    let run = run_with(directory.path(), &[&S3[..], &["-"]].concat(), &text);
    assert_eq!((run.stdout.as_str(), run.status), ("", 2));
    assert!(
        run.stderr
            .starts_with("error: the perimeter of the settings is empty, so no policy can be checked against it"),
        "{}",
        run.stderr
    );
}

#[test]
fn named_settings_come_before_those_of_the_directory() {
    let directory = directory();
    std::fs::write(
        directory.path().join("other.toml"),
        "[perimeter]\norganizations = [\"o-another0rg\"]\n",
    )
    .unwrap();
    let text = std::fs::read(crate::support::fixture("closed.json")).unwrap();
    let run = run_with(
        directory.path(),
        &[&S3[..], &["--settings", "other.toml", "-"]].concat(),
        &text,
    );
    assert!(run.stdout.starts_with("-: open\n"), "{}", run.stdout);
}

#[test]
fn a_service_that_is_not_given_or_not_known_is_named_in_the_reasons() {
    let reasons = |arguments: &[&str]| {
        let check = ["policy", "check", "--format", "json", "closed.json"];
        lines(&run(&[&check, arguments].concat())).remove(0)["reasons"].to_string()
    };
    assert!(reasons(&[]).contains("say with --service"), "{}", reasons(&[]));
    let unknown = reasons(&["--service", "no-such-service"]);
    assert!(
        unknown.contains("the actions of `no-such-service` are not known"),
        "{unknown}"
    );
    for service in ["s3", "any"] {
        let reasons = reasons(&["--service", service]);
        assert!(!reasons.contains("service"), "{reasons}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sarif_has_a_result_for_each_file_that_is_not_closed() {
    let run = run(&[
        "policy",
        "check",
        "--format",
        "sarif",
        "--service",
        "s3",
        "open.json",
        "closed.json",
        "locked-out.json",
    ]);
    assert_eq!((run.stderr.as_str(), run.status), ("", 1));
    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("policies.sarif");
    std::fs::write(&log, &run.stdout).unwrap();
    assert_accepted(SARIF, &log).await;
    let document: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(document["version"], "2.1.0");
    let results = document["runs"][0]["results"].as_array().unwrap();
    let found: Vec<_> = results
        .iter()
        .map(|result| {
            let place = &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
            (result["ruleId"].as_str().unwrap(), place.as_str().unwrap())
        })
        .collect();
    assert_eq!(
        found,
        [("policy-open", "open.json"), ("policy-locked-out", "locked-out.json")]
    );
    let message = results[0]["message"]["text"].as_str().unwrap();
    assert!(
        message.starts_with("a principal outside your perimeter can use the endpoint: "),
        "{message}"
    );
}
