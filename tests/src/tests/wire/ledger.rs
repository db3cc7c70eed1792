//! What is on record of changes, and what becomes of a run that does not come to its end.

use std::collections::BTreeSet;

use crate::envelope::Envelope;
use crate::function::{Function, sqs_batch};
use crate::proxy::Fault;
use postern_core::history::{Action, ChangeRecord, ChangeStatus};
use serde_json::Value;

use super::rig::{Mode, Rig, assert_back};

fn create_subnet(rig: &Rig) -> Value {
    sqs_batch([Envelope::create_subnet(&rig.vpc)])
}

fn changes(history: &[ChangeRecord]) -> Vec<String> {
    let text = |record: &ChangeRecord| match &record.action {
        Action::Change(change) => change.to_string(),
        Action::Undo(inverse) => panic!("{inverse:?}"),
    };
    history.iter().map(text).collect()
}

/// Each change is on record once, was applied and told of.
fn assert_done_once(history: &[ChangeRecord]) {
    let all = changes(history);
    assert_eq!(all.len(), all.iter().collect::<BTreeSet<_>>().len(), "{all:#?}");
    for record in history {
        assert!(
            matches!(record.status, ChangeStatus::Applied { .. }) && record.delivered,
            "{record:#?}"
        );
    }
}

/// Invokes a function, and kills it as soon as a request has met a fault.
async fn die(mut function: Function, event: &Value, fault: impl Future<Output = ()>) {
    tokio::select! {
        answer = function.invoke(event) => panic!("{answer:?}"),
        () = fault => {}
    }
}

#[tokio::test]
async fn every_change_is_recorded_with_its_cause_and_inverse() {
    let rig = Rig::new().await;
    let mut function = rig.function("subnet-inspector", Mode::Enforce).await;
    let answer = function.invoke(&create_subnet(&rig)).await.unwrap();
    assert_back(&answer, &[], &function);
    let report = rig.report();
    let history = rig.history().await;
    assert_done_once(&history);
    let delivered: Vec<_> = report
        .list("changes")
        .map(|change| change["id"].as_str().unwrap())
        .collect();
    assert_eq!(
        history.iter().map(|record| record.id.as_str()).collect::<Vec<_>>(),
        delivered
    );
    for record in &history {
        assert!(!record.causes.is_empty(), "{record:#?}");
        assert_eq!(record.triggering_events[0].event, "CreateSubnet");
        assert_eq!(record.scope.resource.to_string(), rig.vpc.id);
        assert_eq!(record.function, "subnet-inspector");
        assert!(record.inverse().is_some(), "{record:#?}");
    }
}

#[tokio::test]
async fn unreachable_ledger_stops_changes_and_the_report_says_so() {
    let rig = Rig::new().await;
    let mut function = rig.function("subnet-inspector", Mode::Enforce).await;
    let denied = Fault::refused("AccessDeniedException", "not authorized to perform: dynamodb:Query");
    for fault in [Fault::NoAnswer, denied] {
        rig.ledger.fail("Query", fault);
        let answer = function.invoke(&create_subnet(&rig)).await.unwrap();
        assert_back(&answer, &[0], &function);
        assert_eq!(rig.mutations(), [""; 0]);
        let report = rig.report();
        assert_eq!(report.text("/outcome"), "refused", "{:#}", report.json);
        assert!(
            report
                .text("/plan/refused")
                .contains("no change is made while the ledger is unavailable"),
            "{:#}",
            report.json
        );
    }
    rig.ledger.heal();
    let answer = function.invoke(&create_subnet(&rig)).await.unwrap();
    assert_back(&answer, &[], &function);
    assert_eq!(rig.report().text("/outcome"), "repaired");
    assert_done_once(&rig.history().await);
}

#[tokio::test]
async fn audit_mode_works_without_the_ledger() {
    let rig = Rig::new().await;
    rig.ledger.fail("Query", Fault::NoAnswer);
    let mut function = rig.function("subnet-inspector", Mode::Audit).await;
    let answer = function.invoke(&create_subnet(&rig)).await.unwrap();
    assert_back(&answer, &[], &function);
    assert_eq!(rig.report().text("/outcome"), "audit");
}

#[tokio::test]
async fn change_that_cannot_be_recorded_is_not_made() {
    let rig = Rig::new().await;
    let mut function = rig.function("subnet-inspector", Mode::Enforce).await;
    rig.ledger.fail("PutItem", Fault::NoAnswer);
    let answer = function.invoke(&create_subnet(&rig)).await.unwrap();
    assert_back(&answer, &[0], &function);
    assert_eq!(rig.mutations(), [""; 0]);
    let report = rig.report();
    assert_eq!(report.text("/outcome"), "failed");
    let cause = report.text("/changes/0/reason");
    assert!(
        cause.contains("the change was not started: could not record"),
        "{:#}",
        report.json
    );

    rig.ledger.heal();
    let answer = function.invoke(&create_subnet(&rig)).await.unwrap();
    assert_back(&answer, &[], &function);
    assert_eq!(rig.report().text("/outcome"), "repaired");
    assert_done_once(&rig.history().await);
}

#[tokio::test]
async fn second_run_changes_nothing_in_a_vpc_while_the_first_runs() {
    let rig = Rig::new().await;
    rig.proxy.fail("CreateVpcEndpoint", Fault::Silence);
    let function = rig.function("subnet-inspector", Mode::Enforce).await;
    die(function, &create_subnet(&rig), rig.proxy.failed()).await;
    rig.proxy.heal();
    rig.proxy.take();
    // Nobody knows that the other run is dead.
    let mut other = rig.function("endpoint-inspector", Mode::Enforce).await;
    let event = sqs_batch([Envelope::revoke_ingress(&rig.vpc)]);
    let answer = other.invoke(&event).await.unwrap();
    assert_back(&answer, &[0], &other);
    assert!(other.log().contains("another run holds the lease"), "{}", other.log());
    assert_eq!(rig.mutations(), [""; 0]);
}

#[tokio::test]
async fn changes_of_a_crashed_run_are_found_and_recorded_once() {
    let rig = Rig::new().await;
    rig.proxy.fail("CreateVpcEndpoint", Fault::Silence);
    let function = rig.function("subnet-inspector", Mode::Enforce).await;
    die(function, &create_subnet(&rig), rig.proxy.failed()).await;
    assert!(rig.reports().is_empty());
    let left = rig.history().await;
    assert_eq!(left.last().unwrap().status, ChangeStatus::Intended);
    let created = rig.endpoint("secretsmanager").await.unwrap().vpc_endpoint_id.unwrap();

    rig.proxy.heal();
    rig.proxy.take();
    rig.ten_minutes_later().await;
    let mut function = rig.function("subnet-inspector", Mode::Enforce).await;
    let answer = function.invoke(&create_subnet(&rig)).await.unwrap();
    assert_back(&answer, &[], &function);
    assert!(!rig.mutations().contains(&"CreateVpcEndpoint".to_owned()));
    let history = rig.history().await;
    assert_done_once(&history);
    let settled = &history[left.len() - 1];
    assert_eq!(settled.id, left.last().unwrap().id);
    assert_eq!(settled.status, ChangeStatus::Applied { created: Some(created) });
    let report = rig.report();
    assert_eq!(report.text("/outcome"), "repaired", "{:#}", report.json);
    let delivered: BTreeSet<_> = report
        .list("changes")
        .map(|change| change["id"].as_str().unwrap())
        .collect();
    assert_eq!(delivered, history.iter().map(|record| record.id.as_str()).collect());

    let answer = function.invoke(&create_subnet(&rig)).await.unwrap();
    assert_back(&answer, &[], &function);
    assert_eq!(rig.mutations(), [""; 0]);
    assert!(rig.reports().is_empty());
    assert_eq!(rig.history().await, history);
}

#[tokio::test]
async fn next_run_does_what_a_crashed_run_did_not() {
    let rig = Rig::new().await;
    rig.ledger.fail("PutItem", Fault::Silence);
    let function = rig.function("subnet-inspector", Mode::Enforce).await;
    die(function, &create_subnet(&rig), rig.ledger.failed()).await;
    assert_eq!(rig.mutations(), [""; 0]);
    let left = rig.history().await;
    assert_eq!(
        left.iter().map(|record| &record.status).collect::<Vec<_>>(),
        [&ChangeStatus::Intended]
    );

    rig.ledger.heal();
    rig.ten_minutes_later().await;
    let mut function = rig.function("subnet-inspector", Mode::Enforce).await;
    let answer = function.invoke(&create_subnet(&rig)).await.unwrap();
    assert_back(&answer, &[], &function);
    assert_eq!(rig.report().text("/outcome"), "repaired");
    let history = rig.history().await;
    assert_eq!(history[0].id, left[0].id);
    assert!(
        matches!(history[0].status, ChangeStatus::NotApplied { .. }),
        "{:#?}",
        history[0]
    );
    assert_eq!(changes(&history)[0], changes(&history)[1]);
    assert_done_once(&history[1..]);
}

#[tokio::test]
async fn change_without_an_answer_is_made_once_and_reported() {
    let rig = Rig::new().await;
    let mut function = rig.function("subnet-inspector", Mode::Enforce).await;
    rig.proxy.fail("CreateVpcEndpoint", Fault::LostAnswer);
    let answer = function.invoke(&create_subnet(&rig)).await.unwrap();
    assert_back(&answer, &[0], &function);
    rig.report();
    rig.proxy.heal();
    rig.proxy.take();
    let answer = function.invoke(&create_subnet(&rig)).await.unwrap();
    assert_back(&answer, &[], &function);
    assert!(!rig.mutations().contains(&"CreateVpcEndpoint".to_owned()));
    assert_eq!(rig.report().text("/outcome"), "repaired");
    assert_done_once(&rig.history().await);
    assert!(rig.endpoint("secretsmanager").await.is_some());
}

#[tokio::test]
async fn status_of_a_change_is_recorded_later_if_the_ledger_fails_meanwhile() {
    let rig = Rig::new().await;
    let mut function = rig.function("policy-inspector", Mode::Enforce).await;
    let event = sqs_batch([Envelope::reset_policy(&rig.vpc)]);
    // The intention is written, and then nobody answers any more.
    rig.ledger.fail("PutItem", Fault::LostAnswer);
    let answer = function.invoke(&event).await.unwrap();
    assert_back(&answer, &[0], &function);
    assert_eq!(rig.mutations(), [""; 0], "the intention was not confirmed");
    rig.report();

    rig.ledger.heal();
    rig.ten_minutes_later().await;
    let answer = function.invoke(&event).await.unwrap();
    assert_back(&answer, &[], &function);
    assert_eq!(rig.report().text("/outcome"), "repaired");
    assert_eq!(rig.mutations(), ["ModifyVpcEndpoint"; 2]);
}

#[tokio::test]
async fn blocked_subnet_deletion_is_reported_with_the_release_command() {
    let rig = Rig::new().await;
    let mut function = rig.function("subnet-inspector", Mode::Enforce).await;
    function.invoke(&create_subnet(&rig)).await.unwrap();
    rig.report();
    rig.mutations();
    let history = rig.history().await;
    let created = rig.endpoint("secretsmanager").await.unwrap().vpc_endpoint_id.unwrap();

    let event = Envelope::delete_subnet(&rig.vpc.region, &rig.vpc.app_c).failed("Client.DependencyViolation");
    let answer = function.invoke(&sqs_batch([event])).await.unwrap();
    assert_back(&answer, &[], &function);
    let report = rig.report();
    let notices: Vec<_> = report.list("notices").collect();
    assert_eq!(notices.len(), 1, "{:#}", report.json);
    assert_eq!(notices[0]["kind"], "deletion-blocked");
    let text = notices[0]["text"].as_str().unwrap();
    for delivered in [created.as_str(), rig.vpc.sts.as_str(), "/ada"] {
        assert!(text.contains(delivered), "{text}");
    }
    assert_eq!(notices[0]["command"], format!("postern release {}", rig.vpc.app_c));
    assert_eq!(rig.mutations(), [""; 0]);
    assert_eq!(rig.history().await, history);

    // The same call again is no news, since it is told already.
    let again = Envelope::delete_subnet(&rig.vpc.region, &rig.vpc.app_c).failed("Client.DependencyViolation");
    let answer = function.invoke(&sqs_batch([again])).await.unwrap();
    assert_back(&answer, &[], &function);
    assert!(rig.reports().is_empty());

    // In this one there is nothing of ours.
    let event = Envelope::delete_subnet(&rig.vpc.region, &rig.vpc.public_a).failed("Client.DependencyViolation");
    let answer = function.invoke(&sqs_batch([event])).await.unwrap();
    assert_back(&answer, &[], &function);
    assert!(rig.reports().is_empty());
}
