//! Which command lines are accepted.

use clap::Parser;

use super::*;
use crate::arguments::{Arguments, Command};

fn refused(line: &str) -> String {
    Arguments::try_parse_from(line.split(' ')).unwrap_err().to_string()
}

#[test]
fn invalid_argument_is_refused_with_an_example() {
    assert!(refused("postern rollback vpc-1").contains("such as 20261123T"));
    assert!(refused("postern rollback").contains("--run"));
    assert!(refused("postern rollback 20261123T061530.123456Z-0a1b2c3d --run r").contains("cannot be used with"));
    assert!(refused("postern rollback --since 2h --run r").contains("cannot be used with"));
    assert!(refused("postern resume policy-open").contains("<RESOURCE>"));
    assert!(refused("postern resume policy-open vpce-1 --run r").contains("cannot be used with"));
    assert!(refused("postern sweep --queue sweeper").contains("expected the URL of a queue"));
    assert!(refused("postern release").contains("required"));
    assert!(refused("postern release vpc-1 --all").contains("cannot be used with"));
    assert!(refused("postern release vpce-1").contains("expected a VPC, a subnet or an endpoint service"));
    assert!(refused("postern resume policy-opem vpce-1").contains("'policy-open'"));
    assert!(refused("postern redrive subnet-inspector").contains("expected the URL of a queue"));
    assert!(refused("postern history --since soon").contains("24h or 7d"));
    assert!(refused("postern history --control ports-open").contains("endpoint-missing"));
}

#[test]
fn change_id_from_history_is_accepted() {
    let line = "postern rollback 20261123T061530.123456Z-0a1b2c3d --table ledger --dry-run";
    let Command::Rollback(rollback) = Arguments::try_parse_from(line.split(' ')).unwrap().command else {
        panic!("not a rollback");
    };
    assert_eq!(
        rollback.change.unwrap().time(),
        "2026-11-23T06:15:30.123456Z".parse().ok()
    );
    assert!(rollback.changing.dry_run && rollback.changing.table.table.as_deref() == Some("ledger"));
}

/// What each command that works in one Region needs besides `--region`.
const IN_A_REGION: &[&str] = &[
    "plan vpc-1",
    "apply vpc-1",
    "history",
    "rollback --run r",
    "resume policy-open vpce-1",
    "release vpc-1",
    "sweep",
    "doctor",
    "redrive https://queue",
    "audit",
    "explain policy-open vpce-1",
    "prices",
];

#[test]
fn every_command_that_calls_aws_takes_a_region() {
    for line in IN_A_REGION {
        let line = format!("postern {line} --region eu-west-1");
        assert!(Arguments::try_parse_from(line.split(' ')).is_ok(), "{line}");
        let wrong = refused(&line.replace("eu-west-1", "Frankfurt"));
        assert!(wrong.contains("such as eu-central-1"), "{wrong}");
    }
}

#[tokio::test(start_paused = true)]
async fn account_and_region_are_those_of_the_clients() {
    let rig = Rig::new("");
    let context = OperatorContext::new(rig.cloud.aws("arn:aws:iam::444455556666:role/operator"), LEDGER)
        .await
        .unwrap();
    assert_eq!(
        (context.account.as_str(), context.region().as_str()),
        ("444455556666", "eu-central-1")
    );
}
