//! Commands that make no call: controls, exemptions, recorded events, help, completions and manual pages.

use std::fs;

use serde_json::json;

use crate::support::{directory, run, run_with};

#[test]
fn controls_are_listed_and_explained() {
    let list = run(&["controls"]);
    assert_eq!((list.stderr.as_str(), list.status), ("", 0));
    let rows = list.stdout.lines().filter(|line| !line.starts_with(' ')).count();
    assert_eq!(rows, 1 + postern_core::controls::CONTROLS.len());
    assert!(
        list.stdout.lines().all(|line| line.chars().count() <= 80),
        "{}",
        list.stdout
    );
    assert!(list.stdout.contains("credentials-unbound      "), "{}", list.stdout);
    for arguments in [&["controls", "policy-open"][..], &["explain", "policy-open"]] {
        let run = run(arguments);
        assert!(
            run.stdout.starts_with("policy-open: The endpoint's policy lets"),
            "{}",
            run.stdout
        );
        assert!(
            run.stdout.contains("Severity: critical. About: endpoints."),
            "{}",
            run.stdout
        );
        assert_eq!((run.stderr.as_str(), run.status), ("", 0));
        let prose = run.stdout.lines().filter(|line| !line.starts_with("    "));
        for line in prose {
            assert!(
                !line.starts_with('#') && !line.contains("**") && !line.contains("]("),
                "{line}"
            );
            assert!(line.chars().count() <= 80 || !line.trim().contains(' '), "{line}");
        }
    }
    assert_eq!(run(&["explain", "policy-opem"]).status, 2);
}

#[test]
fn exemptions_of_the_settings_are_listed() {
    let directory = directory();
    let settings = "[[exemptions]]\ncontrol = \"policy-open\"\nresource = \"vpce-0123456789abcdef0\"\nreason = \"Vendor.\"\n\
                    expires = 2099-01-31\n";
    fs::write(directory.path().join("postern.toml"), settings).unwrap();
    let run = run_with(directory.path(), &["exemptions"], b"");
    assert_eq!(
        run.stdout,
        "policy-open on vpce-0123456789abcdef0: ends 2099-02-01T00:00:00Z\n  Vendor.\n"
    );
}

/// A record as CloudTrail writes it.
fn record(call: &str, vpc: &str) -> serde_json::Value {
    json!({
        "eventVersion": "1.11",
        "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/ada", "accountId": "111122223333"},
        "eventTime": "2026-03-01T12:00:00Z",
        "eventSource": "ec2.amazonaws.com",
        "eventName": call,
        "awsRegion": "eu-central-1",
        "eventID": format!("{call}-1"),
        "recipientAccountId": "111122223333",
        "requestParameters": {"vpcId": vpc},
        "responseElements": {"subnet": {"subnetId": "subnet-0123456789abcdef0", "vpcId": vpc}},
        "eventType": "AwsApiCall",
    })
}

#[test]
fn recorded_tags_start_the_functions_that_select_resources_by_tag() {
    let mut tags = record("CreateTags", "");
    tags["requestParameters"] = json!({
        "resourcesSet": {"items": [{"resourceId": "subnet-0123456789abcdef0"}]},
        "tagSet": {"items": [{"key": "tier", "value": "app"}]},
    });
    let run = run_with(
        &crate::support::fixture(""),
        &["events", "replay", "-"],
        tags.to_string().as_bytes(),
    );
    assert_eq!(run.status, 0, "{}", run.stderr);
    assert!(run.stdout.ends_with("Started: subnet-inspector 1.\n"), "{}", run.stdout);
}

#[test]
fn event_of_the_schedule_starts_the_sweeper() {
    let event = json!({
        "version": "0",
        "id": "22222222-2222-4333-8444-000000000001",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "111122223333",
        "time": "2026-03-02T09:00:00Z",
        "region": "eu-central-1",
        "resources": [],
        "detail": {},
    });
    let run = run_with(
        &crate::support::fixture(""),
        &["events", "replay", "-"],
        event.to_string().as_bytes(),
    );
    assert!(run.stdout.ends_with("Started: sweeper 1.\n"), "{}", run.stdout);
    assert_eq!(run.status, 0, "{}", run.stderr);
}

#[test]
fn events_that_no_rule_matches_and_those_of_other_accounts_start_nothing() {
    let mut classic = record("DeleteLoadBalancer", "");
    classic["eventSource"] = json!("elasticloadbalancing.amazonaws.com");
    classic["requestParameters"] = json!({"loadBalancerName": "web"});
    let mut network = classic.clone();
    network["requestParameters"] =
        json!({"loadBalancerArn": "arn:aws:elasticloadbalancing:eu-central-1:111122223333:loadbalancer/net/a/1"});
    let mut application = classic.clone();
    application["requestParameters"] =
        json!({"loadBalancerArn": "arn:aws:elasticloadbalancing:eu-central-1:111122223333:loadbalancer/app/a/1"});
    let replay = |records: &serde_json::Value, arguments: &[&str]| {
        let arguments = [&["events", "replay", "-"], arguments].concat();
        run_with(&crate::support::fixture(""), &arguments, records.to_string().as_bytes())
    };
    for (event, started) in [
        (&classic, "none"),
        (&application, "none"),
        (&network, "service-inspector 1"),
    ] {
        let run = replay(event, &[]);
        assert!(
            run.stdout.ends_with(&format!("Started: {started}.\n")),
            "{}",
            run.stdout
        );
    }
    let mut foreign = record("CreateSubnet", "vpc-0123456789abcdef0");
    foreign["recipientAccountId"] = json!("444455556666");
    let both = json!([record("CreateSubnet", "vpc-0123456789abcdef0"), foreign]);
    let run = replay(&both, &[]);
    assert!(
        run.stderr.starts_with("warning: the events are of several accounts"),
        "{}",
        run.stderr
    );
    let run = replay(&both, &["--account", "111122223333"]);
    assert_eq!(run.stderr, "");
    assert!(
        run.stdout
            .ends_with("2 events; 1 ignored, 0 cannot be read. Started: subnet-inspector 1.\n"),
        "{}",
        run.stdout
    );
}

#[test]
fn compressed_file_is_told_apart_from_other_bytes() {
    let run = run_with(
        &crate::support::fixture(""),
        &["events", "replay", "-"],
        b"\x1f\x8b\x08\x00",
    );
    assert_eq!(run.status, 2);
    assert!(
        run.stderr
            .contains("is compressed; decompress it first, such as with `gunzip -c"),
        "{}",
        run.stderr
    );
}

#[test]
fn output_that_cannot_be_written_is_refused_before_anything_is_read() {
    let directory = directory();
    for (file, part) in [
        (
            "audit.pdf",
            "error: the name of `audit.pdf` decides no format; end it with .txt, .json, .csv, .html, ",
        ),
        ("nosuch/audit.html", "error: `nosuch/audit.html` cannot be written: "),
    ] {
        let mut command = crate::stand_in::command(directory.path(), &["audit", "--output", file]);
        // Nothing answers there.
        command.env("AWS_ENDPOINT_URL", "http://127.0.0.1:9");
        let run = crate::stand_in::run_of(command.output().unwrap());
        assert_eq!((run.stdout.as_str(), run.status), ("", 2));
        assert!(run.stderr.starts_with(part), "{}", run.stderr);
    }
}

#[test]
fn recorded_events_show_which_function_would_evaluate_what() {
    let records = [
        record("CreateSubnet", "vpc-0123456789abcdef0"),
        record("RunInstances", "vpc-0123456789abcdef0"),
    ];
    let whole = json!({"Records": records}).to_string();
    let lines = records.each_ref().map(ToString::to_string).join("\n");
    let events = records
        .each_ref()
        .map(|record| json!({"CloudTrailEvent": record.to_string()}));
    let looked_up = json!({"Events": events}).to_string();
    for text in [whole, lines, looked_up] {
        let run = run_with(
            &crate::support::fixture(""),
            &["events", "replay", "-"],
            text.as_bytes(),
        );
        assert_eq!((run.stderr.as_str(), run.status), ("", 0), "{}", run.stdout);
        for part in [
            "2026-03-01T12:00:00Z  CreateSubnet by arn:aws:iam::111122223333:user/ada\n",
            "  subnet-inspector evaluates acl-blocks-endpoint, central-unreachable, ",
            "2026-03-01T12:00:00Z  RunInstances\n  ignored: ",
            "2 events; 1 ignored, 0 cannot be read. Started: subnet-inspector 1.\n",
        ] {
            assert!(run.stdout.contains(part), "{part}: {}", run.stdout);
        }
    }
    let run = run_with(
        &crate::support::fixture(""),
        &["events", "replay", "-"],
        b"[{\"a\": 1}]",
    );
    assert_eq!(run.status, 1);
    let run = run_with(&crate::support::fixture(""), &["events", "replay", "-"], b"nothing");
    assert_eq!((run.stdout.as_str(), run.status), ("", 2));
}

#[test]
fn completions_exist_for_every_shell() {
    for shell in ["bash", "zsh", "fish"] {
        let run = run(&["completions", shell]);
        assert_eq!((run.stderr.as_str(), run.status), ("", 0));
        assert!(
            run.stdout.contains("audit") && run.stdout.contains("fail-on"),
            "{shell}"
        );
    }
}

#[test]
fn every_command_has_a_manual_page() {
    let directory = directory();
    let run = run_with(directory.path(), &["man", "."], b"");
    assert_eq!((run.stderr.as_str(), run.status), ("", 0));
    for page in ["postern.1", "postern-audit.1", "postern-policy-check.1"] {
        let text = fs::read_to_string(directory.path().join(page)).unwrap();
        assert!(text.contains(".SH SYNOPSIS"), "{page}");
    }
    let run = run_with(directory.path(), &["man", "absent"], b"");
    assert_eq!(run.status, 2);
}

#[test]
fn help_is_a_command_and_has_examples() {
    let run_help = run(&["help"]);
    assert_eq!((run_help.stderr.as_str(), run_help.status), ("", 0));
    assert!(
        run_help.stdout.contains("postern audit --output audit.html"),
        "{}",
        run_help.stdout
    );
    for command in ["audit", "plan", "apply", "explain", "events"] {
        let help = run(&["help", command]);
        assert_eq!(help.status, 0, "{command}");
    }
}

#[test]
fn full_names_of_services_of_others_are_accepted() {
    let service = "com.amazonaws.vpce.eu-central-1.vpce-svc-0123456789abcdef0";
    let run = run(&["policy", "check", "--service", service, "open.json"]);
    assert_eq!(run.status, 1);
    assert!(run.stdout.starts_with("open.json: open"), "{}", run.stdout);
}
