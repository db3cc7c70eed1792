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
async fn every_change_is_on_record_with_its_reason_and_its_inverse() {
    let rig = Rig::new().await;
    let mut function = rig.function("subnet-inspector", Mode::Enforce).await;
    let answer = function.invoke(&create_subnet(&rig)).await.unwrap();
    assert_back(&answer, &[], &function);
    let alert = rig.alert();
    let history = rig.history().await;
    assert_done_once(&history);
    let delivered: Vec<_> = alert
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
async fn while_the_ledger_is_away_nothing_is_changed_and_the_alert_says_so() {
    let rig = Rig::new().await;
    let mut function = rig.function("subnet-inspector", Mode::Enforce).await;
    let denied = Fault::refused("AccessDeniedException", "not authorized to perform: dynamodb:Query");
    for fault in [Fault::NoAnswer, denied] {
        rig.ledger.fail("Query", fault);
        let answer = function.invoke(&create_subnet(&rig)).await.unwrap();
        assert_back(&answer, &[0], &function);
        assert_eq!(rig.mutations(), [""; 0]);
        let alert = rig.alert();
        assert_eq!(alert.text("/outcome"), "refused", "{:#}", alert.report);
        assert!(
            alert
                .text("/plan/refused")
                .contains("no change is made while the ledger is unavailable"),
            "{:#}",
            alert.report
        );
    }
    rig.ledger.heal();
    let answer = function.invoke(&create_subnet(&rig)).await.unwrap();
    assert_back(&answer, &[], &function);
    assert_eq!(rig.alert().text("/outcome"), "repaired");
    assert_done_once(&rig.history().await);
}

#[tokio::test]
async fn audit_mode_goes_on_without_the_ledger() {
    let rig = Rig::new().await;
    rig.ledger.fail("Query", Fault::NoAnswer);
    let mut function = rig.function("subnet-inspector", Mode::Audit).await;
    let answer = function.invoke(&create_subnet(&rig)).await.unwrap();
    assert_back(&answer, &[], &function);
    assert_eq!(rig.alert().text("/outcome"), "audit");
}

#[tokio::test]
async fn a_change_that_cannot_be_put_on_record_is_not_made() {
    let rig = Rig::new().await;
    let mut function = rig.function("subnet-inspector", Mode::Enforce).await;
    rig.ledger.fail("PutItem", Fault::NoAnswer);
    let answer = function.invoke(&create_subnet(&rig)).await.unwrap();
    assert_back(&answer, &[0], &function);
    assert_eq!(rig.mutations(), [""; 0]);
    let alert = rig.alert();
    assert_eq!(alert.text("/outcome"), "failed");
    let cause = alert.text("/changes/0/reason");
    assert!(
        cause.contains("the change was not started: cannot"),
        "{:#}",
        alert.report
    );

    rig.ledger.heal();
    let answer = function.invoke(&create_subnet(&rig)).await.unwrap();
    assert_back(&answer, &[], &function);
    assert_eq!(rig.alert().text("/outcome"), "repaired");
    assert_done_once(&rig.history().await);
}

#[tokio::test]
async fn while_one_run_is_at_work_on_a_vpc_another_one_changes_nothing_in_it() {
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
    assert!(other.log().contains("another run is at work"), "{}", other.log());
    assert_eq!(rig.mutations(), [""; 0]);
}

#[tokio::test]
async fn what_a_run_did_before_it_died_is_found_and_on_record_once() {
    let rig = Rig::new().await;
    rig.proxy.fail("CreateVpcEndpoint", Fault::Silence);
    let function = rig.function("subnet-inspector", Mode::Enforce).await;
    die(function, &create_subnet(&rig), rig.proxy.failed()).await;
    assert!(rig.alerts().is_empty());
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
    let alert = rig.alert();
    assert_eq!(alert.text("/outcome"), "repaired", "{:#}", alert.report);
    let delivered: BTreeSet<_> = alert
        .list("changes")
        .map(|change| change["id"].as_str().unwrap())
        .collect();
    assert_eq!(delivered, history.iter().map(|record| record.id.as_str()).collect());

    let answer = function.invoke(&create_subnet(&rig)).await.unwrap();
    assert_back(&answer, &[], &function);
    assert_eq!(rig.mutations(), [""; 0]);
    assert!(rig.alerts().is_empty());
    assert_eq!(rig.history().await, history);
}

#[tokio::test]
async fn what_a_run_did_not_come_to_do_is_done_by_the_next_one() {
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
    assert_eq!(rig.alert().text("/outcome"), "repaired");
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
async fn a_change_whose_answer_is_lost_is_made_once_and_told_of() {
    let rig = Rig::new().await;
    let mut function = rig.function("subnet-inspector", Mode::Enforce).await;
    rig.proxy.fail("CreateVpcEndpoint", Fault::LostAnswer);
    let answer = function.invoke(&create_subnet(&rig)).await.unwrap();
    assert_back(&answer, &[0], &function);
    rig.alert();
    rig.proxy.heal();
    rig.proxy.take();
    let answer = function.invoke(&create_subnet(&rig)).await.unwrap();
    assert_back(&answer, &[], &function);
    assert!(!rig.mutations().contains(&"CreateVpcEndpoint".to_owned()));
    assert_eq!(rig.alert().text("/outcome"), "repaired");
    assert_done_once(&rig.history().await);
    assert!(rig.endpoint("secretsmanager").await.is_some());
}

#[tokio::test]
async fn what_became_of_a_change_is_on_record_later_if_the_ledger_breaks_meanwhile() {
    let rig = Rig::new().await;
    let mut function = rig.function("policy-inspector", Mode::Enforce).await;
    let event = sqs_batch([Envelope::reset_policy(&rig.vpc)]);
    // The intention is written, and then nobody answers any more.
    rig.ledger.fail("PutItem", Fault::LostAnswer);
    let answer = function.invoke(&event).await.unwrap();
    assert_back(&answer, &[0], &function);
    assert_eq!(rig.mutations(), [""; 0], "the intention was not confirmed");
    rig.alert();

    rig.ledger.heal();
    rig.ten_minutes_later().await;
    let answer = function.invoke(&event).await.unwrap();
    assert_back(&answer, &[], &function);
    assert_eq!(rig.alert().text("/outcome"), "repaired");
    assert_eq!(rig.mutations(), ["ModifyVpcEndpoint"; 2]);
}

#[tokio::test]
async fn who_cannot_delete_a_subnet_is_told_what_of_postern_is_in_it_and_how_to_release_it() {
    let rig = Rig::new().await;
    let mut function = rig.function("subnet-inspector", Mode::Enforce).await;
    function.invoke(&create_subnet(&rig)).await.unwrap();
    rig.alert();
    rig.mutations();
    let history = rig.history().await;
    let created = rig.endpoint("secretsmanager").await.unwrap().vpc_endpoint_id.unwrap();

    let event = Envelope::delete_subnet(&rig.vpc.region, &rig.vpc.app_c).failed("Client.DependencyViolation");
    let answer = function.invoke(&sqs_batch([event])).await.unwrap();
    assert_back(&answer, &[], &function);
    let alert = rig.alert();
    let notices: Vec<_> = alert.list("notices").collect();
    assert_eq!(notices.len(), 1, "{:#}", alert.report);
    assert_eq!(notices[0]["kind"], "deletion-blocked");
    let text = notices[0]["text"].as_str().unwrap();
    for delivered in [created.as_str(), rig.vpc.sts.as_str(), "/ada"] {
        assert!(text.contains(delivered), "{text}");
    }
    assert_eq!(notices[0]["command"], format!("postern release {}", rig.vpc.app_c));
    assert_eq!(rig.mutations(), [""; 0]);
    assert_eq!(rig.history().await, history);

    // In this one there is nothing of ours.
    let event = Envelope::delete_subnet(&rig.vpc.region, &rig.vpc.public_a).failed("Client.DependencyViolation");
    let answer = function.invoke(&sqs_batch([event])).await.unwrap();
    assert_back(&answer, &[], &function);
    assert!(rig.alerts().is_empty());
}
