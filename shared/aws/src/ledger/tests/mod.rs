mod budget;
mod canaries;
mod golden;
mod lease;
mod pace;
mod read;
mod undelivered;
mod write;

use jiff::Timestamp;
use postern_core::changes::{Change, CreateManagedGroup};
use postern_core::history::{Action, ChangeId, ChangeRecord, ChangeStatus, DeliveredFinding, FindingStatus, Pause};
use postern_core::model::cost::MonthlyCost;
use postern_core::model::finding::{FindingKey, Resource, ResourceKind, Severity};
use postern_core::model::scope::Scope;
use serde_json::{Value as Json, json};

use super::item::{ChangeDocument, DeliveredDocument, PauseDocument};
use super::*;
use crate::error::chain;
use crate::wire::Cloud;

fn ledger(cloud: &Cloud) -> Ledger {
    cloud.aws().ledger("the-ledger")
}

fn refuse(cloud: Cloud, action: &str, code: &str) -> Cloud {
    refuse_showing(cloud, action, code, Json::Null)
}

/// With the item that did not meet the condition.
fn refuse_showing(cloud: Cloud, action: &str, code: &str, item: Json) -> Cloud {
    let mut answer = json!({ "__type": format!("com.amazonaws.dynamodb.v20120810#{code}"), "message": "No." });
    if !item.is_null() {
        answer["Item"] = item;
    }
    cloud.raw(
        action,
        if code == "InternalServerError" { 500 } else { 400 },
        &answer.to_string(),
    )
}

fn at(time: &str) -> Timestamp {
    format!("2026-11-23T{time}Z").parse().unwrap()
}

fn scope() -> Scope {
    Scope::vpc(&"111122223333".into(), &"eu-central-1".into(), &"vpc-1".into())
}

fn finding(resource: &str) -> FindingKey {
    FindingKey {
        control: "endpoint-missing".to_owned(),
        resource: Resource::new(ResourceKind::Vpc, resource),
        service: Some("com.amazonaws.eu-central-1.sts".to_owned()),
        endpoint_kind: None,
    }
}

fn record(time: &str) -> ChangeRecord {
    let run = "run-1".into();
    ChangeRecord {
        id: ChangeId::new(at(time), &run, 0),
        scope: scope(),
        run,
        function: "subnet-inspector".to_owned(),
        time: at(time),
        action: Action::Change(Change::CreateManagedGroup(CreateManagedGroup::for_ingress(
            "vpc-1".into(),
        ))),
        causes: [finding("vpc-1")].into(),
        triggering_events: Vec::new(),
        monthly_cost: MonthlyCost::ZERO,
        status: ChangeStatus::Intended,
        delivered: false,
        undoes: None,
        perimeter: None,
        undone_by: None,
    }
}

fn delivered(resource: &str, explanation: &str) -> DeliveredFinding {
    DeliveredFinding {
        key: finding(resource),
        outcome: FindingStatus::Manual,
        severity: Severity::High,
        fingerprint: "f".to_owned(),
        explanation: explanation.to_owned(),
        time: at("06:00:00"),
        open_since: None,
    }
}

fn pause() -> Pause {
    Pause {
        key: finding("vpc-1"),
        reason: "rolled back".to_owned(),
        expires: at("12:00:00"),
    }
}

/// An item of the VPC.
fn item(sort: &str, more: Json) -> Json {
    let mut item = json!({ "pk": { "S": "111122223333/eu-central-1/vpc-1" }, "sk": { "S": sort } });
    for (name, value) in more.as_object().unwrap() {
        item[name] = value.clone();
    }
    item
}

fn document(value: &impl serde::Serialize) -> Json {
    json!({ "S": serde_json::to_string(value).unwrap() })
}

fn change_document(record: &ChangeRecord) -> Json {
    document(&ChangeDocument::from(record))
}

fn delivered_document(list: &[&DeliveredFinding]) -> Json {
    document(
        &list
            .iter()
            .map(|delivered| DeliveredDocument::from(*delivered))
            .collect::<Vec<_>>(),
    )
}

#[tokio::test]
async fn failure_of_the_ledger_names_the_remedy() {
    let table = [
        (
            "ResourceNotFoundException",
            false,
            "there is no such table or index: set POSTERN_LEDGER_TABLE",
        ),
        (
            "AccessDeniedException",
            false,
            "allow the caller dynamodb:Query on the table",
        ),
        ("ValidationException", false, "infra/postern.yaml"),
        (
            "ProvisionedThroughputExceededException",
            true,
            "another attempt may succeed",
        ),
        ("ThrottlingException", true, "another attempt may succeed"),
        ("InternalServerError", true, "another attempt may succeed"),
        ("SomethingElse", false, "correct what the error names"),
    ];
    for (code, transient, advice) in table {
        let cloud = refuse(Cloud::new(), "Query", code);
        let error = ledger(&cloud).past(&scope(), None).await.unwrap_err();
        let words = chain(&error);
        assert_eq!(error.transient(), transient, "{words}");
        let start = "could not read the history of vpc-1 in the ledger `the-ledger`; ";
        assert!(words.starts_with(start) && words.contains(advice), "{words}");
        assert!(
            words.ends_with(&format!("dynamodb:Query failed: {code}: No")),
            "{words}"
        );
    }
}

#[tokio::test]
async fn a_ledger_that_cannot_be_reached_is_worth_another_attempt() {
    for cloud in [Cloud::new().breaks("Query"), Cloud::new().silence("Query")] {
        let error = ledger(&cloud).past(&scope(), None).await.unwrap_err();
        assert!(error.transient(), "{error:?}");
    }
}

#[tokio::test]
async fn every_call_that_a_run_makes_is_declared_and_names_itself_when_it_fails() {
    let actions = ["Query", "PutItem", "UpdateItem", "DeleteItem"];
    let cloud = || {
        let refuse = |cloud, action: &&str| {
            refuse(
                refuse(cloud, action, "AccessDeniedException"),
                action,
                "AccessDeniedException",
            )
        };
        actions.iter().fold(Cloud::new(), refuse)
    };
    let (now, reservation) = (at("06:00:00"), budget::changes(2, 5));
    let mut failures = Vec::new();
    let cloud_of = cloud();
    failures.push(ledger(&cloud_of).past(&scope(), None).await.err());
    failures.push(
        ledger(&cloud_of)
            .history(&scope().account, &scope().region, None)
            .await
            .err(),
    );
    let cloud_of = cloud();
    failures.push(
        ledger(&cloud_of)
            .acquire(&scope(), &"run-1".into(), now, now)
            .await
            .err(),
    );
    failures.push(ledger(&cloud_of).release(&scope(), &"run-1".into()).await.err());
    let cloud_of = cloud();
    failures.push(ledger(&cloud_of).reserve(&scope(), 7, &reservation).await.err());
    failures.push(ledger(&cloud_of).give_back(&scope(), 7, &reservation, 1).await.err());
    let cloud_of = cloud();
    failures.push(ledger(&cloud_of).intend(&record("06:00:00"), now).await.err());
    failures.push(ledger(&cloud_of).conclude(&record("06:00:00"), now).await.err());
    let cloud_of = cloud();
    failures.push(
        ledger(&cloud_of)
            .tell(&scope(), "endpoint-missing", &[], now)
            .await
            .err(),
    );
    failures.push(ledger(&cloud_of).pause(&scope(), &pause()).await.err());
    let cloud_of = cloud();
    failures.push(
        ledger(&cloud_of)
            .resume(&scope(), &finding("vpc-1"), now, now)
            .await
            .err(),
    );
    for failure in failures {
        let words = failure.unwrap().to_string();
        assert!(LEDGER_CALLS.iter().any(|call| words.contains(call)), "{words}");
    }
    let lifted = ledger(&cloud_of)
        .lift(&scope(), &finding("vpc-1"))
        .await
        .unwrap_err()
        .to_string();
    assert!(lifted.contains(LIFT_CALL), "{lifted}");
}
