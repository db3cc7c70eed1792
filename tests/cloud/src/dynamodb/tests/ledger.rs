//! The ledger's own client against the model.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use aws_smithy_async::time::StaticTimeSource;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use postern_aws::Aws;
use postern_aws::ledger::{Ledger, LedgerError};
use postern_core::changes::{Change, CreateManagedGroup};
use postern_core::history::{Action, ChangeId, ChangeRecord, ChangeStatus, DeliveredFinding, FindingStatus, Pause};
use postern_core::model::cost::MonthlyCost;
use postern_core::model::finding::{FindingKey, Resource, ResourceKind, Severity};
use postern_core::model::scope::Scope;
use postern_core::plan::{Budget, Reservation};

use super::*;

/// A DynamoDB of short pages and late readers.
#[derive(Clone, Debug)]
struct Wire {
    tables: Arc<Mutex<Tables>>,
    /// How many answers get lost after what they answer was done.
    losses: Arc<Mutex<u32>>,
}

impl Wire {
    fn new(seed: u64) -> Self {
        Self::of(tables_of(seed).short_pages().lag(SignedDuration::from_secs(10)))
    }

    fn of(tables: Tables) -> Self {
        Self {
            tables: Arc::new(Mutex::new(tables)),
            losses: Arc::default(),
        }
    }

    fn lose(&self, answers: u32) {
        *self.losses.lock().unwrap() = answers;
    }

    fn ledger(&self) -> Ledger {
        self.aws().ledger(TABLE)
    }

    fn aws(&self) -> Aws {
        let retries = RetryConfig::standard()
            .with_max_attempts(4)
            .with_initial_backoff(Duration::from_millis(1))
            .with_max_backoff(Duration::from_millis(1));
        let credentials = Credentials::new("AKIAEXAMPLE", "secret", None, None, "test");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(aws_config::Region::new("eu-central-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(self.clone())
            .time_source(StaticTimeSource::from_secs(1_000))
            .retry_config(retries);
        Aws::new(config.build())
    }

    /// A number of an item, zero where it has none.
    fn number(&self, sort: &str, name: &str) -> i128 {
        let tables = self.tables.lock().unwrap();
        let sort = Value::S(sort.to_owned());
        let item = tables.table(TABLE).unwrap().items().find(|item| item["sk"] == sort);
        item.and_then(|item| item.get(name)?.number()).unwrap_or_default()
    }
}

impl HttpClient for Wire {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap().to_owned();
        let body = request.body().bytes().unwrap();
        let (status, body) = answer(&mut self.tables.lock().unwrap(), &target, body, at(0));
        let mut losses = self.losses.lock().unwrap();
        if *losses > 0 {
            *losses -= 1;
            return HttpConnectorFuture::ready(Err(ConnectorError::io("connection reset by peer".into())));
        }
        let status = status.try_into().unwrap();
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status, SdkBody::from(body))))
    }
}

fn place() -> Scope {
    Scope::vpc(&"111122223333".into(), &"eu-central-1".into(), &"vpc-1".into())
}

fn finding(resource: u32) -> FindingKey {
    FindingKey {
        control: "endpoint-missing".to_owned(),
        resource: Resource::new(ResourceKind::Subnet, format!("subnet-{resource}")),
        service: None,
        endpoint_kind: None,
    }
}

fn record(position: usize) -> ChangeRecord {
    let run = "run-1".into();
    ChangeRecord {
        id: ChangeId::new(at(0), &run, position),
        scope: place(),
        run,
        function: "subnet-inspector".to_owned(),
        time: at(0),
        action: Action::Change(Change::CreateManagedGroup(CreateManagedGroup::for_ingress(
            "vpc-1".into(),
        ))),
        causes: [finding(1)].into(),
        triggering_events: Vec::new(),
        monthly_cost: MonthlyCost::from_dollars(21.9),
        status: ChangeStatus::Intended,
        delivered: false,
        undoes: None,
        perimeter: None,
        undone_by: None,
    }
}

fn delivered(resource: u32) -> DeliveredFinding {
    DeliveredFinding {
        key: finding(resource),
        outcome: FindingStatus::Manual,
        severity: Severity::High,
        fingerprint: "f".to_owned(),
        explanation: "x".repeat(600),
        time: at(0),
        open_since: None,
    }
}

#[test]
fn time_is_what_the_clients_go_by() {
    assert_eq!(Wire::new(0).aws().now(), at(0));
}

#[tokio::test]
async fn written_records_are_read_again_when_answers_are_lost() {
    for losses in 0..3 {
        let wire = Wire::new(u64::from(losses));
        let ledger = wire.ledger();
        let pause = Pause {
            key: finding(1),
            reason: "rolled back".to_owned(),
            expires: at(100),
        };
        let mut records = Vec::new();
        for position in 0..5 {
            wire.lose(losses);
            ledger.intend(&record(position), at(1_000)).await.unwrap();
            let concluded = ChangeRecord {
                status: ChangeStatus::Applied {
                    created: Some(format!("sg-{position}")),
                },
                ..record(position)
            };
            wire.lose(losses);
            ledger.conclude(&concluded, at(1_000)).await.unwrap();
            records.push(concluded);
        }
        records.sort_by(|a, b| a.id.cmp(&b.id));
        // At first more than one item holds, then less.
        for count in [1_000, 3] {
            let list: Vec<_> = (0..count).map(delivered).collect();
            wire.lose(losses);
            ledger
                .tell(&place(), "endpoint-missing", &list, at(1_000))
                .await
                .unwrap();
        }
        wire.lose(losses);
        ledger.pause(&place(), &pause).await.unwrap();
        wire.lose(losses);
        ledger.resume(&place(), &finding(2), at(5), at(1_000)).await.unwrap();
        let past = ledger.past(&place(), None).await.unwrap();
        assert_eq!(past.records, records);
        assert_eq!(past.delivered, (0..3).map(|n| (finding(n), delivered(n))).collect());
        assert_eq!(past.pauses, [pause]);
        assert_eq!(past.resumes, [(finding(2), at(5))].into());
        assert_eq!(ledger.past(&place(), Some(at(1))).await.unwrap().records, []);
        assert_eq!(ledger.past(&place(), Some(at(0))).await.unwrap().records.len(), 5);
        wire.lose(losses);
        ledger.lift(&place(), &finding(1)).await.unwrap();
        assert_eq!(ledger.past(&place(), None).await.unwrap().pauses, []);
    }
}

#[tokio::test]
async fn change_is_intended_once() {
    let ledger = Wire::new(0).ledger();
    ledger.intend(&record(0), at(1_000)).await.unwrap();
    ledger.intend(&record(0), at(1_000)).await.unwrap();
    let other = ChangeRecord {
        function: "sweeper".to_owned(),
        ..record(0)
    };
    let error = ledger.intend(&other, at(1_000)).await.unwrap_err();
    assert!(matches!(error, LedgerError::Exists { .. }), "{error:?}");
}

#[tokio::test]
async fn lease_is_held_by_one_run_at_a_time() {
    let ledger = Wire::new(0).ledger();
    let (one, two) = ("run-1".into(), "run-2".into());
    let acquire = async |run, until, now| ledger.acquire(&place(), run, at(until), at(now)).await.unwrap();
    assert_eq!(acquire(&one, 10, 0).await, Some(1));
    assert_eq!(acquire(&two, 15, 5).await, None);
    ledger.release(&place(), &two).await.unwrap();
    assert_eq!(acquire(&two, 15, 5).await, None);
    assert_eq!(acquire(&one, 20, 5).await, Some(2));
    assert_eq!(acquire(&two, 30, 21).await, Some(3));
    ledger.release(&place(), &one).await.unwrap();
    assert_eq!(acquire(&one, 40, 22).await, None);
    ledger.release(&place(), &two).await.unwrap();
    ledger.release(&place(), &two).await.unwrap();
    assert_eq!(acquire(&one, 40, 22).await, Some(4));
    assert_eq!(ledger.past(&place(), None).await.unwrap().version, 4);
}

#[tokio::test]
async fn budget_is_never_exceeded_when_answers_are_lost() {
    let sort = "changes/19700101T00Z";
    let reservation = |amount| Reservation {
        budget: Budget::ChangesPerHour {
            bucket: "19700101T00Z".to_owned(),
        },
        amount,
        most: 10,
        expires: at(3_600),
    };
    for losses in 0..3 {
        let wire = Wire::new(u64::from(losses));
        let ledger = &wire.ledger();
        let reserve = async |lease, amount| {
            wire.lose(losses);
            ledger.reserve(&place(), lease, &reservation(amount)).await.unwrap()
        };
        let give_back = async |lease, amount, unused| {
            wire.lose(losses);
            ledger
                .give_back(&place(), lease, &reservation(amount), unused)
                .await
                .unwrap();
        };
        assert!(reserve(1, 4).await && reserve(2, 5).await);
        assert!(!reserve(3, 2).await && reserve(3, 1).await);
        assert_eq!(wire.number(sort, "used"), 10);
        for _ in 0..2 {
            give_back(1, 4, 3).await;
            give_back(2, 5, 5).await;
        }
        assert_eq!(wire.number(sort, "used"), 2);
        assert!(reserve(1, 9).await && !reserve(2, 1).await);
        assert!(reserve(1, 2).await);
        assert_eq!((wire.number(sort, "used"), wire.number(sort, "vpc-1/1")), (3, 2));
    }
}

#[tokio::test]
async fn history_includes_all_pages() {
    let ledger = Wire::of(tables_of(3).short_pages()).ledger();
    let records: Vec<_> = (0..5).map(record).collect();
    for record in &records {
        ledger.intend(record, at(1_000)).await.unwrap();
    }
    let place = place();
    let history = ledger
        .history(&place.account, &place.region, Some(at(0)))
        .await
        .unwrap();
    assert_eq!(history.len(), 5);
    assert!(history.is_sorted_by_key(|record| record.id.clone()));
    assert!(records.iter().all(|record| history.contains(record)));
    let elsewhere = ledger.history(&place.account, &"eu-west-1".into(), None).await;
    assert_eq!(elsewhere.unwrap(), []);
}
