//! The commands after functions ran, on the model cloud.

mod arguments;
mod history;
mod release;
mod resume;
mod rollback;

use std::sync::Arc;
use std::time::Duration;

use postern_cloud::dynamodb::{Table, Tables};
use postern_cloud::world::{DefaultRoute, NewEndpoint};
use postern_cloud::{ACCOUNT, Cloud, Entry, REGION};
use postern_core::controls::known;
use postern_core::functions::SWEEPER;
use postern_core::history::{Action, ChangeRecord, ChangeStatus};
use postern_core::settings::Settings;
use postern_runtime::{Configuration, Handler, REPORTS};
use serde_json::json;

use super::*;
use crate::arguments::Format;

const LEDGER: &str = "postern-ledger";
const TOPIC: &str = "arn:aws:sns:eu-central-1:111122223333:postern";
const OPERATOR: &str = "arn:aws:iam::111122223333:role/operator";
const OPEN: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}"#;

/// AWS orders the members of a policy anew.
fn is_open(policy: &str) -> bool {
    postern_core::model::policy_document::same_policy(policy, OPEN)
}

/// A VPC with two subnets, and a deployment of Postern that enforces every control.
struct Rig {
    cloud: Cloud,
    configuration: Configuration,
    settings: Settings,
    vpc: String,
    subnets: [String; 2],
    runs: std::cell::Cell<u32>,
}

impl Rig {
    fn new(services: &str) -> Self {
        let cloud = Cloud::new(7);
        let (vpc, subnets) = cloud.edit(|world| {
            world.topics.insert(TOPIC.to_owned());
            let vpc = world.add_vpc("10.0.0.0/16");
            world.edit_vpc(&vpc, |vpc| vpc.dns_hostnames = true);
            let table = world.add_route_table(&vpc, DefaultRoute::Nat);
            let subnets = [("a", "10.0.0.0/24"), ("b", "10.0.1.0/24")]
                .map(|(letter, cidr)| world.add_subnet(&vpc, letter, cidr, Some(&table)));
            (vpc, subnets)
        });
        cloud.tables(|tables| *tables = empty_ledger());
        let required = match services {
            "" => String::new(),
            services => format!("[[requirements]]\nservices = [{services}]\n"),
        };
        let text = format!(
            "[perimeter]\norganizations = [\"o-exampleorg1\"]\naccounts = [\"{ACCOUNT}\"]\n\
             {required}[prices]\ninterface_endpoint_zone_hour = 0.01\n[modes]\ndefault = \"enforce\"\ninterrupting.mode = \"enforce\"\n[limits]\ncanary_endpoints = 0\n"
        );
        let controls = known();
        let settings = Settings::parse(&text, &controls).unwrap();
        Self {
            cloud,
            configuration: Configuration {
                settings: settings.clone().into(),
                destinations: [(&REPORTS, TOPIC.to_owned())].into_iter().collect(),
                ledger: LEDGER.to_owned(),
                own_roles: Vec::new(),
            },
            settings,
            vpc,
            subnets,
            runs: std::cell::Cell::new(0),
        }
    }

    /// With an endpoint that Postern did not create and whose policy allows everything; no service is required.
    fn with_open_endpoint() -> (Self, String) {
        let rig = Self::new("");
        let endpoint = rig.cloud.edit(|world| {
            let mut new = NewEndpoint::gateway(&rig.vpc, "s3");
            new.policy = Some(OPEN.to_owned());
            world.add_endpoint(new)
        });
        (rig, endpoint)
    }

    fn settings(&self) -> &Settings {
        &self.settings
    }

    async fn context(&self) -> OperatorContext {
        OperatorContext::new(self.cloud.aws(OPERATOR), LEDGER).await.unwrap()
    }

    /// Runs the sweeper, ten minutes later.
    async fn sweep(&self) {
        tokio::time::advance(Duration::from_secs(600)).await;
        self.runs.set(self.runs.get() + 1);
        let aws = self.cloud.aws("arn:aws:iam::111122223333:role/postern-sweeper");
        let handler = Handler::new(&SWEEPER, Ok(self.configuration.clone()), aws);
        let event = json!({
            "version": "0",
            "id": "22222222-2222-4333-8444-000000000001",
            "detail-type": "Scheduled Event",
            "source": "aws.events",
            "account": ACCOUNT,
            "time": "2026-03-02T09:00:00Z",
            "region": REGION,
            "resources": [],
            "detail": {},
        });
        let run = format!("run-{}", self.runs.get());
        let (answer, _) = handler.handle(event, run.as_str().into(), None).await;
        answer.unwrap();
    }

    /// Everything on record, oldest first.
    async fn records(&self) -> Vec<ChangeRecord> {
        let context = self.context().await;
        context
            .ledger
            .history(&context.account, context.region(), None)
            .await
            .unwrap()
    }

    async fn rollback(&self, rollback_of: &Rollback) -> (Status, String) {
        let mut out = Vec::new();
        let status = rollback(&self.context().await, self.settings(), rollback_of, &mut out).await;
        (status.unwrap(), String::from_utf8(out).unwrap())
    }

    async fn release(&self, target: &str, dry_run: bool) -> (Status, String) {
        let arguments = Release {
            target: Some(postern_core::plan::ReleaseTarget::parse(target).unwrap()),
            all: false,
            yes: false,
            changing: changing(dry_run),
        };
        self.release_with(&arguments).await
    }

    async fn release_with(&self, arguments: &Release) -> (Status, String) {
        let mut out = Vec::new();
        let status = release(&self.context().await, self.settings(), arguments, &mut out).await;
        (status.unwrap(), String::from_utf8(out).unwrap())
    }

    async fn resume(&self, control: &str, resource: &str, dry_run: bool) -> (Status, String) {
        let arguments = Resume {
            control: Some(control.to_owned()),
            resource: Some(resource.to_owned()),
            run: None,
            changing: changing(dry_run),
        };
        self.resume_with(&arguments).await
    }

    async fn resume_run(&self, run: &str) -> (Status, String) {
        let arguments = Resume {
            control: None,
            resource: None,
            run: Some(run.into()),
            changing: changing(false),
        };
        self.resume_with(&arguments).await
    }

    async fn resume_with(&self, arguments: &Resume) -> (Status, String) {
        let mut out = Vec::new();
        let status = resume(&self.context().await, self.settings(), arguments, &mut out).await;
        (status.unwrap(), String::from_utf8(out).unwrap())
    }

    async fn history(&self, edit: impl FnOnce(&mut History)) -> String {
        let mut arguments = History {
            resource: None,
            control: None,
            since: None,
            format: Format::Text,
            table: TableArguments::default(),
        };
        edit(&mut arguments);
        let mut out = Vec::new();
        let status = history(&self.context().await, &arguments, &mut out).await;
        assert_eq!(status.unwrap(), Status::Fine);
        String::from_utf8(out).unwrap()
    }

    /// Without the layout that AWS gives it.
    fn policy(&self, endpoint: &str) -> String {
        let policy = self
            .cloud
            .edit(|world| world.endpoint(endpoint).unwrap().policy.clone());
        let policy: serde_json::Value = serde_json::from_str(&policy).unwrap();
        policy.to_string()
    }

    /// The endpoints that exist or are being created.
    fn endpoints(&self) -> Vec<String> {
        self.cloud.edit(|world| {
            let alive = world.endpoints().filter(|endpoint| endpoint.alive());
            alive.map(|endpoint| endpoint.id.clone()).collect()
        })
    }

    /// The calls after the first `since` that change something.
    fn mutating(&self, since: usize) -> Vec<Arc<Entry>> {
        let mut entries = self.cloud.log_since(since);
        entries.retain(|entry| entry.mutating);
        entries
    }
}

fn empty_ledger() -> Tables {
    Tables::new(7).with(LEDGER, Table::ledger())
}

fn changing(dry_run: bool) -> Changing {
    Changing {
        dry_run,
        ..Changing::default()
    }
}

fn of_change(record: &ChangeRecord, dry_run: bool) -> Rollback {
    Rollback {
        change: Some(record.id.clone()),
        run: None,
        since: None,
        changing: changing(dry_run),
    }
}

fn of_run(run: &str, dry_run: bool) -> Rollback {
    Rollback {
        change: None,
        run: Some(run.into()),
        since: None,
        changing: changing(dry_run),
    }
}

fn since(age: &str, dry_run: bool) -> Rollback {
    Rollback {
        change: None,
        run: None,
        since: Some(age.parse().unwrap()),
        changing: changing(dry_run),
    }
}

/// How many changes were applied.
fn applied(records: &[ChangeRecord]) -> usize {
    let changes = records
        .iter()
        .filter(|record| matches!(record.action, Action::Change(_)));
    changes
        .filter(|record| matches!(record.status, ChangeStatus::Applied { .. }))
        .count()
}
