//! A deployment of Postern on the model cloud, for unit tests.

use std::time::Duration;

use postern_aws::Aws;
use postern_aws::ledger::Ledger;
use postern_cloud::dynamodb::{Table, Tables};
use postern_cloud::world::{DefaultRoute, NewEndpoint};
use postern_cloud::{Cloud, REGION};
use postern_core::changes::ChangeOutcome;
use postern_core::controls::{CONTROLS, known};
use postern_core::evaluation::{Conclusion, Finding, PolicyCache, Remediation};
use postern_core::history::{ChangeHistory, ChangeRecord};
use postern_core::model::finding::{FindingKey, ResourceKind, Severity};
use postern_core::model::part::Part;
use postern_core::model::scope::Scope;
use postern_core::model::scope_snapshot::Snapshot;
use postern_core::plan::Restraints;
use postern_core::settings::{Mode, Settings};
use postern_core::trigger::TriggeringEvent;

use crate::budget::Budget;
use crate::context::RunContext;
use crate::error::ReconcileError;
use crate::evaluation::Evaluation;
use crate::reconcile::{Reconciler, WorkItem};
use crate::sinks::{ALERTS, Destinations, REPORTS};

pub(crate) const ALERT_TOPIC: &str = "arn:aws:sns:eu-central-1:111122223333:alerts";
pub(crate) const REPORT_TOPIC: &str = "arn:aws:sns:eu-central-1:111122223333:reports";
const LEDGER: &str = "postern-ledger";
pub(crate) const OPEN: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}"#;

/// A VPC with two private subnets and an open S3 endpoint, and a deployment that enforces every control.
pub(crate) struct Rig {
    pub(crate) cloud: Cloud,
    pub(crate) aws: Aws,
    pub(crate) ledger: Ledger,
    pub(crate) settings: Settings,
    pub(crate) policies: PolicyCache,
    pub(crate) destinations: Destinations,
    pub(crate) vpc: String,
    pub(crate) subnets: [String; 2],
    pub(crate) endpoint: String,
}

impl Rig {
    /// `settings` is added to a file that enforces everything; tables of it come last.
    pub(crate) fn new(settings: &str) -> Self {
        let cloud = Cloud::new(7);
        let (vpc, subnets, endpoint) = cloud.edit(|world| {
            world.topics.extend([ALERT_TOPIC.to_owned(), REPORT_TOPIC.to_owned()]);
            let vpc = world.add_vpc("10.0.0.0/16");
            world.edit_vpc(&vpc, |vpc| vpc.dns_hostnames = true);
            let table = world.add_route_table(&vpc, DefaultRoute::Nat);
            let subnets = [("a", "10.0.0.0/24"), ("b", "10.0.1.0/24")]
                .map(|(letter, cidr)| world.add_subnet(&vpc, letter, cidr, Some(&table)));
            let mut open = NewEndpoint::gateway(&vpc, "s3");
            open.policy = Some(OPEN.to_owned());
            let endpoint = world.add_endpoint(open);
            (vpc, subnets, endpoint)
        });
        cloud.tables(|tables| *tables = Tables::new(7).with(LEDGER, Table::ledger()));
        let text = format!(
            "[perimeter]\norganizations = [\"o-exampleorg1\"]\naccounts = [\"111122223333\"]\n[prices]\ninterface_endpoint_zone_hour = 0.01\n[modes]\ndefault = \
             \"enforce\"\ninterrupting.mode = \"enforce\"\n{settings}"
        );
        let aws = cloud.aws("arn:aws:iam::111122223333:role/postern-sweeper");
        Self {
            ledger: aws.ledger(LEDGER),
            aws,
            cloud,
            settings: Settings::parse(&text, &known()).unwrap(),
            policies: PolicyCache::default(),
            destinations: [(&REPORTS, REPORT_TOPIC.to_owned())].into_iter().collect(),
            vpc,
            subnets,
            endpoint,
        }
    }

    /// With a topic for people besides that for programs.
    pub(crate) fn with_alerts(&mut self) {
        let destinations = [(&ALERTS, ALERT_TOPIC), (&REPORTS, REPORT_TOPIC)];
        self.destinations = destinations
            .map(|(sink, topic)| (sink, topic.to_owned()))
            .into_iter()
            .collect();
    }

    pub(crate) fn context(&self, run: &str) -> RunContext<'_> {
        RunContext {
            run: run.into(),
            actor: "sweeper",
            command: None,
            on_wait: None,
            controls: CONTROLS,
            settings: &self.settings,
            policies: &self.policies,
            aws: &self.aws,
            ledger: &self.ledger,
        }
    }

    pub(crate) fn scope(&self) -> Scope {
        Scope::vpc(&"111122223333".into(), &REGION.into(), &self.vpc.as_str().into())
    }

    pub(crate) async fn snapshot(&self) -> Snapshot {
        self.context("snapshot")
            .observe(&self.scope(), &Part::all())
            .await
            .unwrap()
            .unwrap()
    }

    pub(crate) async fn history(&self) -> ChangeHistory {
        self.ledger.past(&self.scope(), None).await.unwrap()
    }

    pub(crate) async fn records(&self) -> Vec<ChangeRecord> {
        self.history().await.records
    }

    pub(crate) async fn evaluation(&self, context: &RunContext<'_>) -> Evaluation {
        Evaluation::of(
            context,
            self.snapshot().await,
            self.history().await,
            Restraints::default(),
        )
    }

    /// Reconciles the VPC in an invocation of its own, of two minutes.
    pub(crate) async fn reconcile(&self, run: &str) -> Result<(), ReconcileError> {
        let deadline = self.cloud.now() + Duration::from_secs(120);
        let mut reconciler = Reconciler::new(self.context(run), &self.destinations, Budget::until(Some(deadline)));
        Box::pin(reconciler.reconcile(WorkItem::Unobserved(self.scope()), &[event()])).await
    }

    pub(crate) fn is_open(&self) -> bool {
        self.cloud
            .edit(|world| !world.endpoint(&self.endpoint).unwrap().policy.contains("Deny"))
    }

    pub(crate) fn open_again(&self) {
        self.cloud.edit(|world| {
            world.edit_endpoint(&self.endpoint, |endpoint| OPEN.clone_into(&mut endpoint.policy));
        });
    }

    /// The topics to which something was published, in order.
    pub(crate) fn published(&self) -> Vec<String> {
        let published = self.cloud.published();
        published.into_iter().map(|message| message.topic).collect()
    }

    /// How often an operation was called.
    pub(crate) fn calls(&self, operation: &str) -> usize {
        let log = self.cloud.log();
        log.iter().filter(|entry| entry.operation == operation).count()
    }
}

pub(crate) fn event() -> TriggeringEvent {
    TriggeringEvent {
        event: "ModifyVpcEndpoint".to_owned(),
        event_id: "event-1".to_owned(),
        time: None,
        actor: None,
        failure: None,
    }
}

pub(crate) fn finding(endpoint: &str, conclusion: Conclusion) -> Finding {
    Finding {
        key: FindingKey::new("policy-open", ResourceKind::Endpoint, endpoint),
        name: None,
        service: None,
        severity: Severity::Critical,
        mode: Mode::Enforce,
        conclusion,
        exempt: None,
        suppression: None,
    }
}

pub(crate) fn non_compliant() -> Conclusion {
    Conclusion::NonCompliant {
        explanation: "Open.".to_owned(),
        remediation: Remediation::Manual("Close it.".to_owned()),
    }
}

pub(crate) fn compliant() -> Conclusion {
    Conclusion::Compliant {
        explanation: "Closed.".to_owned(),
    }
}

pub(crate) fn applied() -> ChangeOutcome {
    ChangeOutcome::Applied { created: None }
}
