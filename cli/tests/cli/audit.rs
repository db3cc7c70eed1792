//! `postern audit` against Moto.

use postern_tests::proxy::Fault;
use serde_json::Value;

use crate::stand_in::{REGION, StandIn};
use crate::validation::{IMPORT_FINDINGS, OCSF, assert_accepted};

/// The findings of a JSON audit that are open, as control and resource.
fn open(document: &str) -> Vec<(String, String)> {
    let document: Value = serde_json::from_str(document).unwrap();
    assert_eq!(document["schema"], "postern.audit/1");
    let mut open = Vec::new();
    for scope in document["scopes"].as_array().unwrap() {
        for finding in scope["report"]["findings"].as_array().unwrap() {
            let quiet = ["compliant", "not-applicable", "exempt"];
            if !quiet.contains(&finding["outcome"].as_str().unwrap()) {
                let text = |value: &Value| value.as_str().unwrap().to_owned();
                open.push((text(&finding["control"]), text(&finding["resource"]["id"])));
            }
        }
    }
    open.sort();
    open
}

#[tokio::test(flavor = "multi_thread")]
async fn audit_shows_findings_by_resource_without_settings_and_without_writing() {
    let (stand_in, vpc) = StandIn::with_faulty_vpc().await;
    stand_in.aws(&["organizations", "create-organization"]).await;
    let run = stand_in.run(&["audit", "--region", REGION, "--vpc", &vpc.id]).await;
    assert_eq!((run.stderr.as_str(), run.status), ("", 1));
    let text = run.stdout;
    assert!(text.starts_with("Audit of account 111122223333: "), "{text}");
    let words: Vec<_> = text.split_whitespace().collect();
    let words = words.join(" ");
    assert!(
        words.contains(
            "Only the account and the organisation of your account count as trusted, because there is no settings file."
        ),
        "{text}"
    );
    assert!(words.contains("Perimeter: organisation o-"), "{text}");
    assert!(
        text.contains(&format!("== VPC {} \"shop\" in us-east-1 ==", vpc.id)),
        "{text}"
    );
    for part in [
        "  CRITICAL  policy-open",
        "  HIGH      endpoint-missing",
        &format!("endpoint {} \"sts\" (com.amazonaws.us-east-1.sts)", vpc.sts),
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(words.contains("can call `sts:"), "{text}");
    // A command stays on one line.
    let long = text
        .lines()
        .filter(|line| line.chars().count() > 80 && !line.contains('`'));
    let long: Vec<_> = long.collect();
    assert!(long.is_empty(), "{long:#?}");
    assert!(!text.contains('\u{1b}'));
    let mutating: Vec<_> = stand_in
        .proxy
        .calls()
        .into_iter()
        .filter(|call| call.mutates())
        .collect();
    assert!(mutating.is_empty(), "{mutating:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_format_has_the_same_findings_and_names_of_files_choose_it() {
    let (stand_in, vpc) = StandIn::with_faulty_vpc().await;
    let run = stand_in
        .run(&[
            "audit",
            "--region",
            REGION,
            "--vpc",
            &vpc.id,
            "--output",
            "audit.json",
            "--output",
            "findings.csv",
            "--output",
            "findings.ocsf.jsonl",
            "--output",
            "findings.asff.jsonl",
            "--output",
            "audit.txt",
            "--fail-on",
            "never",
        ])
        .await;
    assert_eq!((run.stdout.as_str(), run.status), ("", 0), "{}", run.stderr);
    assert_eq!(run.stderr.lines().count(), 5, "{}", run.stderr);
    let found = open(&stand_in.read("audit.json"));
    assert!(
        found.contains(&("policy-open".to_owned(), vpc.sts.clone())),
        "{found:?}"
    );
    let document: Value = serde_json::from_str(&stand_in.read("audit.json")).unwrap();
    let all = document["scopes"][0]["report"]["findings"].as_array().unwrap().len();
    assert_eq!(stand_in.read("findings.csv").lines().count(), all + 1);
    assert_eq!(stand_in.read("findings.ocsf.jsonl").lines().count(), all);
    assert!(stand_in.read("audit.txt").contains(&vpc.sts));
    let calls = stand_in.read("findings.asff.jsonl");
    let calls: Vec<Value> = calls.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(!calls.is_empty());
    assert_accepted(IMPORT_FINDINGS, &stand_in.directory.path().join("findings.asff.jsonl")).await;
    assert_accepted(OCSF, &stand_in.directory.path().join("findings.ocsf.jsonl")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_accounts_are_audited_by_a_role_and_one_that_refuses_it_is_a_gap() {
    const OTHER: &str = "444455556666";
    let (stand_in, vpc) = StandIn::with_faulty_vpc().await;
    let accounts = ["--account", "111122223333", "--account", OTHER];
    let audit = [&["audit", "--region", REGION, "--format", "json"][..], &accounts].concat();
    let run = stand_in.run(&audit).await;
    assert_eq!((run.stdout.as_str(), run.status), ("", 2));
    assert!(
        run.stderr
            .contains("name with `--role` the role to assume in account 444455556666"),
        "{}",
        run.stderr
    );

    let audit = [&audit[..], &["--role", "audit/postern"]].concat();
    let run = stand_in.run(&audit).await;
    assert_eq!((run.stderr.as_str(), run.status), ("", 1));
    assert!(open(&run.stdout).contains(&("policy-open".to_owned(), vpc.sts.clone())));
    let document: Value = serde_json::from_str(&run.stdout).unwrap();
    // Moto answers about one account, whoever asks.
    let calls = stand_in.proxy.calls().into_iter();
    let roles: Vec<_> = calls
        .filter_map(|call| call.parameters.get("RoleArn").cloned())
        .collect();
    assert_eq!(roles, ["arn:aws:iam::444455556666:role/audit/postern"]);
    assert_eq!(document["accounts"][1]["account"], OTHER);
    assert_eq!(document["accounts"][1]["regions"][0]["region"], REGION);
    assert_eq!(
        document["perimeter"]["accounts"],
        serde_json::json!(["111122223333", OTHER])
    );

    stand_in.proxy.fail("AssumeRole", Fault::denied());
    let run = stand_in.run(&audit).await;
    assert_eq!(run.status, 2);
    assert!(
        run.stderr.contains("`444455556666` could not be read"),
        "{}",
        run.stderr
    );
    let document: Value = serde_json::from_str(&run.stdout).unwrap();
    let gap = document["accounts"][1]["gap"].as_str().unwrap();
    assert!(
        gap.contains("could not assume role `audit/postern` of account 444455556666"),
        "{gap}"
    );
    assert!(open(&run.stdout).contains(&("policy-open".to_owned(), vpc.sts.clone())));
}

#[tokio::test(flavor = "multi_thread")]
async fn findings_are_selected_by_severity_and_control() {
    let (stand_in, vpc) = StandIn::with_faulty_vpc().await;
    let json = ["audit", "--region", REGION, "--vpc", &vpc.id, "--format", "json"];
    let with = |more: &[&'static str]| [&json[..], more].concat();
    let run = stand_in.run(&with(&["--severity", "critical"])).await;
    assert!(
        open(&run.stdout).iter().all(|(control, _)| control == "policy-open"),
        "{}",
        run.stdout
    );
    assert_eq!(run.status, 1);
    let run = stand_in
        .run(&with(&["--control", "vpc-dns-disabled", "--fail-on", "critical"]))
        .await;
    assert_eq!(open(&run.stdout), [("vpc-dns-disabled".to_owned(), vpc.id.clone())]);
    assert_eq!(run.status, 0);
    let run = stand_in.run(&with(&["--control", "credentials-unbound"])).await;
    let found = open(&run.stdout);
    assert!(
        !found.is_empty() && found.iter().all(|(control, _)| control == "credentials-unbound"),
        "{found:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn denied_part_is_a_gap_in_the_report() {
    let (stand_in, vpc) = StandIn::with_faulty_vpc().await;
    stand_in.proxy.fail("DescribeSecurityGroups", Fault::denied());
    let run = stand_in.run(&["audit", "--region", REGION, "--vpc", &vpc.id]).await;
    assert_eq!((run.stderr.as_str(), run.status), ("", 1));
    let words: Vec<_> = run.stdout.split_whitespace().collect();
    assert!(
        words.join(" ").contains("ingress-blocked: could not be evaluated")
            && words
                .join(" ")
                .contains("ec2:DescribeSecurityGroups failed: UnauthorizedOperation"),
        "{}",
        run.stdout
    );
    assert!(run.stdout.contains("CRITICAL  policy-open"), "{}", run.stdout);

    stand_in.proxy.fail("DescribeVpcs", Fault::denied());
    let run = stand_in.run(&["audit", "--region", REGION]).await;
    assert_eq!((run.stdout.as_str(), run.status), ("", 2));
    assert!(
        run.stderr.starts_with(
            "error: could not observe the VPCs of us-east-1: ec2:DescribeVpcs failed: UnauthorizedOperation"
        ),
        "{}",
        run.stderr
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn throttled_requests_change_nothing_in_the_audit() {
    let (stand_in, vpc) = StandIn::with_faulty_vpc().await;
    let arguments = ["audit", "--region", REGION, "--vpc", &vpc.id, "--format", "json"];
    let quiet = stand_in.run(&arguments).await;
    stand_in.proxy.throttle_one_in(5);
    let throttled = stand_in.run(&arguments).await;
    assert_eq!((throttled.stderr.as_str(), throttled.status), ("", 1));
    assert_eq!(open(&throttled.stdout), open(&quiet.stdout));
}

#[tokio::test(flavor = "multi_thread")]
async fn all_enabled_regions_are_read_with_the_perimeter_of_the_settings() {
    let stand_in = StandIn::start().await;
    let settings = "[perimeter]\norganizations = [\"o-exampleorg1\"]\n";
    std::fs::write(stand_in.directory.path().join("postern.toml"), settings).unwrap();
    let run = stand_in.run(&["audit", "--format", "json"]).await;
    let document: Value = serde_json::from_str(&run.stdout).unwrap();
    let regions: Vec<_> = document["accounts"][0]["regions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|region| region["region"].as_str().unwrap())
        .collect();
    assert!(
        regions.contains(&"eu-central-1") && !regions.contains(&"me-south-1"),
        "{regions:?}"
    );
    assert_eq!(document["perimeter"]["source"], "settings");
    assert_eq!(document["summary"]["vpcs"].as_u64().unwrap() as usize, regions.len());
    assert_eq!((run.stderr.as_str(), run.status), ("", 0));
}
