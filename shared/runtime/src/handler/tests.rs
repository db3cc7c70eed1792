//! Invocations on the model of AWS.

mod spokes;

use std::collections::BTreeSet;
use std::time::Duration;

use postern_cloud::{ACCOUNT, Fault, Faults};
use postern_core::functions::SUBNET_INSPECTOR;
use serde_json::json;

use super::*;
use crate::testing::{Log, Rig, TOPIC, message, modified, schedule};

#[tokio::test(start_paused = true)]
async fn event_of_another_account_goes_back_without_a_call_to_ec2() {
    let (rig, log) = (Rig::new(), Log::start());
    let foreign = modified("999999999999", &rig.endpoint);
    let answer = rig.handle(&[message("foreign", &foreign)]).await;
    assert_eq!(answer, json!({"batchItemFailures": [{"itemIdentifier": "foreign"}]}));
    assert_eq!(rig.called("ec2:"), [""; 0]);
    let line = log.line("not reconciled, the messages are delivered again");
    assert_eq!(
        (
            line["level"].as_str(),
            line["message_ids"].as_str(),
            line["event_ids"].as_str()
        ),
        (
            Some("WARN"),
            Some("foreign"),
            Some("aaaaaaaa-2222-4333-8444-555555555555")
        )
    );
    let error = line["error"].as_str().unwrap();
    assert!(
        error.contains("the event is of account `999999999999`") && error.contains("remove the rule that forwards"),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn event_of_another_account_does_not_keep_others_from_being_handled() {
    let rig = Rig::new();
    let foreign = modified("999999999999", &rig.endpoint);
    let own = modified(ACCOUNT, &rig.endpoint);
    let answer = rig.handle(&[message("foreign", &foreign), message("own", &own)]).await;
    assert_eq!(answer, json!({"batchItemFailures": [{"itemIdentifier": "foreign"}]}));
    assert_eq!(rig.called("ec2:Modify"), ["ec2:ModifyVpcEndpoint"]);
}

#[tokio::test(start_paused = true)]
async fn scopes_of_one_kind_that_cannot_be_listed_do_not_keep_a_sweep_from_the_others() {
    for (denied, repaired) in [
        ("ec2:DescribeVpcEndpointServiceConfigurations", 1),
        ("ec2:DescribeVpcs", 0),
    ] {
        let (rig, log) = (Rig::new(), Log::start());
        rig.cloud
            .set_faults(Faults::none().denying(denied).with(Fault::Throttled, 0.0));
        let answer = rig.handle(&[message("sweep", &schedule())]).await;
        assert_eq!(answer, json!({"batchItemFailures": [{"itemIdentifier": "sweep"}]}));
        assert_eq!(rig.called("ec2:Modify").len(), repaired, "{denied}: {:#?}", log.text());
        let line = log.line("not reconciled, the messages are delivered again");
        assert!(
            line["error"].as_str().unwrap().contains("UnauthorizedOperation"),
            "{line}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn network_acls_are_described_after_events_that_may_have_a_subnet_chosen() {
    let describing = async |operation: &str, parameters: &[(&str, &str)]| {
        let rig = Rig::new();
        let named: Vec<_> = [("VpcId", rig.vpc.as_str())]
            .into_iter()
            .chain(parameters.iter().copied())
            .collect();
        let called = rig
            .cloud
            .call("arn:aws:iam::111122223333:role/owner", operation, &named);
        let event = called.unwrap().entry.event().unwrap();
        let handler = rig.handler_of(&SUBNET_INSPECTOR);
        let payload = json!({"Records": [message("a", &event)]});
        let (answer, _) = handler.handle(payload, "run-1".into(), None).await;
        assert_eq!(answer.unwrap(), json!({"batchItemFailures": []}));
        rig.called("ec2:DescribeNetworkAcls").len()
    };
    let attribute = [("EnableDnsHostnames.Value", "true")];
    assert_eq!(describing("ModifyVpcAttribute", &attribute).await, 1);
    let subnet = [("CidrBlock", "10.0.1.0/24"), ("AvailabilityZone", "eu-central-1a")];
    assert_eq!(describing("CreateSubnet", &subnet).await, 1);
}

#[tokio::test(start_paused = true)]
async fn run_can_be_followed_from_event_to_change_in_the_log() {
    let (rig, log) = (Rig::new(), Log::start());
    let own = modified(ACCOUNT, &rig.endpoint);
    rig.handle(&[message("own", &own)]).await;
    let applied = log.line("change applied");
    let lines = log.lines();
    let about_scope: Vec<_> = lines.iter().filter(|line| line.get("scope").is_some()).collect();
    assert!(about_scope.len() >= 3, "{lines:#?}");
    for line in &about_scope {
        for (name, value) in [
            ("run", "run-1"),
            ("function", "sweeper"),
            ("scope", &format!("{ACCOUNT}/eu-central-1/{}", rig.vpc)),
            ("message_ids", "own"),
            ("event_ids", "aaaaaaaa-2222-4333-8444-555555555555"),
            ("actors", "arn:aws:iam::111122223333:user/ada"),
        ] {
            assert_eq!(line[name], value, "{line}");
        }
    }
    let records = rig.cloud.published();
    let change = applied["change_id"].as_str().unwrap();
    assert!(records[0].message.contains(change), "{applied}");
}

#[tokio::test(start_paused = true)]
async fn critical_finding_is_a_warning() {
    let (rig, log) = (Rig::new(), Log::start());
    rig.handle(&[message("own", &modified(ACCOUNT, &rig.endpoint))]).await;
    let findings: Vec<_> = log
        .lines()
        .into_iter()
        .filter(|line| line["message"] == "non-compliant")
        .collect();
    assert!(
        findings.iter().any(|line| line["severity"] == "critical"),
        "{findings:#?}"
    );
    for line in findings {
        assert_eq!(line["level"] == "WARN", line["severity"] == "critical", "{line}");
    }
}

#[tokio::test(start_paused = true)]
async fn every_line_has_a_text_and_no_line_is_written_twice() {
    let (rig, log) = (Rig::new(), Log::start());
    rig.cloud.plan("ModifyVpcEndpoint", [Fault::Denied]);
    let foreign = message("foreign", &modified("999999999999", "vpce-0"));
    let ignored = {
        let mut event = modified(ACCOUNT, &rig.endpoint);
        event["detail"]["errorCode"] = json!("Client.UnauthorizedOperation");
        message("ignored", &event)
    };
    let garbled = json!({"messageId": "garbled", "body": "{", "eventSource": "aws:sqs"});
    let records = [message("sweep", &schedule()), foreign, ignored, garbled];
    rig.handle(&records).await;
    let mut seen = BTreeSet::new();
    for line in log.text() {
        assert_eq!(line.matches("\"message\":").count(), 1, "{line}");
        let mut line: Value = serde_json::from_str(&line).unwrap();
        assert!(
            line["message"].as_str().unwrap().contains(' ') || line["message"] == "non-compliant",
            "{line}"
        );
        line.as_object_mut().unwrap().remove("timestamp");
        assert!(seen.insert(line.to_string()), "{line}");
    }
    assert_eq!(log.line("event ignored")["message_ids"], "ignored");
    assert_eq!(log.line("change failed")["level"], "WARN");
    let denied = log
        .text()
        .iter()
        .filter(|line| line.contains("UnauthorizedOperation:"))
        .count();
    assert_eq!(denied, 1, "{:#?}", log.text());
}

#[tokio::test(start_paused = true)]
async fn scope_that_was_changed_a_moment_ago_is_reconciled_within_the_same_invocation() {
    let rig = Rig::new();
    let own = message("own", &modified(ACCOUNT, &rig.endpoint));
    rig.handle(std::slice::from_ref(&own)).await;
    rig.cloud.edit(|world| {
        world.edit_endpoint(&rig.endpoint, |endpoint| {
            endpoint.policy = endpoint.policy.replace("Deny", "Allow");
        });
    });
    let answer = rig.handle(std::slice::from_ref(&own)).await;
    assert_eq!(answer, json!({"batchItemFailures": []}));
    assert_eq!(rig.called("ec2:Modify").len(), 2);
}

#[tokio::test(start_paused = true)]
async fn bare_event_that_cannot_be_reconciled_fails_the_invocation_with_the_cause() {
    let rig = Rig::new();
    rig.cloud.edit(|world| world.topics.remove(TOPIC));
    let deadline = rig.cloud.now() + Duration::from_secs(120);
    let (answer, metrics) = rig.handler.handle(schedule(), "run-1".into(), Some(deadline)).await;
    let diagnostic = answer.unwrap_err();
    assert_eq!(diagnostic.error_type, "Postern.Incomplete");
    assert!(
        diagnostic.error_message.contains("no alert about it can be delivered"),
        "{}",
        diagnostic.error_message
    );
    assert_eq!(metrics.reconciliations(), 0);
}

#[tokio::test(start_paused = true)]
async fn invalid_configuration_fails_every_invocation() {
    let rig = Rig::new();
    let aws = rig.cloud.aws("arn:aws:iam::111122223333:role/postern-sweeper");
    let error = ConfigurationError::Unset("POSTERN_LEDGER_TABLE");
    let handler = Handler::new(&postern_core::functions::SWEEPER, Err(error), aws);
    let (answer, _) = handler.handle(schedule(), "run-1".into(), None).await;
    let diagnostic = answer.unwrap_err();
    assert_eq!(diagnostic.error_type, "Postern.Configuration");
    assert_eq!(
        diagnostic.error_message,
        "environment variable `POSTERN_LEDGER_TABLE` is not set; no change is made until it is set"
    );
    assert_eq!(rig.cloud.log().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn self_check_says_whether_alerts_have_a_subscriber_and_touches_nothing() {
    let (rig, log) = (Rig::new(), Log::start());
    let check = async |run: &str| {
        let payload = json!({"postern": "self-check"});
        let (answer, metrics) = rig.handler.handle(payload, run.into(), None).await;
        answer.unwrap();
        metrics.document(Timestamp::UNIX_EPOCH)["AlertsUnheard"].clone()
    };
    assert_eq!(check("run-1").await, 0);
    rig.cloud.edit(|world| world.confirmed_subscriptions = 0);
    assert_eq!(check("run-2").await, 1);
    rig.cloud.edit(|world| world.topics.clear());
    assert_eq!(check("run-3").await, 1);
    let lines = log.lines();
    let errors: Vec<_> = lines.iter().filter(|line| line["level"] == "ERROR").collect();
    assert_eq!(errors.len(), 2, "{lines:#?}");
    assert!(
        errors[0]["error"]
            .as_str()
            .unwrap()
            .contains("has no confirmed subscription")
    );
    let log = rig.cloud.log();
    assert!(
        log.iter().all(|entry| entry.operation == "GetTopicAttributes"),
        "{log:#?}"
    );
}
