//! A function between events, EC2 and a topic.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use crate::function::{Answer, Function};
use crate::ledger::{TABLE, age, create_table, history};
use crate::messages::Report;
use crate::proxy::{Call, Proxy};
use crate::seed::FaultyVpc;
use crate::settings;
use crate::stack::Moto;
use crate::topic::Topic;
use aws_config::SdkConfig;
use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{Filter, VpcEndpoint};
use jiff::SignedDuration;
use postern_core::history::ChangeRecord;
use serde_json::{Value, json};
use tokio::sync::Mutex;

/// Shared by the tests that run at the same time, each in a Region of its own, as long as there are Regions.
static MOTOS: Mutex<BTreeMap<usize, Weak<Moto>>> = Mutex::const_new(BTreeMap::new());

/// A VPC with faults, and the way of a function to it and to its topic.
pub(crate) struct Rig {
    pub(crate) ec2: Client,
    pub(crate) vpc: FaultyVpc,
    pub(crate) proxy: Proxy,
    pub(crate) topic: Topic,
    /// Between the function and the ledger.
    pub(crate) ledger: Proxy,
    sdk: SdkConfig,
    moto: Arc<Moto>,
}

/// Regions with zones a, b and c.
const REGIONS: [&str; 26] = [
    "us-east-1",
    "us-east-2",
    "us-west-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "eu-central-1",
    "eu-central-2",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "ap-south-1",
    "ap-south-2",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-east-1",
    "ca-west-1",
    "sa-east-1",
    "af-south-1",
    "me-south-1",
    "me-central-1",
    "il-central-1",
];

async fn moto(number: usize) -> Arc<Moto> {
    let mut motos = MOTOS.lock().await;
    if let Some(moto) = motos.get(&number).and_then(Weak::upgrade) {
        return moto;
    }
    let moto = Arc::new(Moto::start().await.unwrap());
    motos.insert(number, Arc::downgrade(&moto));
    moto
}

pub(crate) enum Mode {
    Audit,
    Enforce,
}

impl Rig {
    pub(crate) async fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let region = REGIONS[number % REGIONS.len()];
        let moto = moto(number / REGIONS.len()).await;
        let sdk = moto.sdk(region).await;
        let ec2 = Client::new(&sdk);
        create_table(&sdk).await.unwrap();
        Self {
            vpc: FaultyVpc::create(&ec2, region).await.unwrap(),
            proxy: Proxy::start(moto.address()).await.unwrap(),
            topic: Topic::start().await.unwrap(),
            ledger: Proxy::start(moto.address()).await.unwrap(),
            ec2,
            sdk,
            moto,
        }
    }

    pub(crate) async fn function(&self, name: &str, mode: Mode) -> Function {
        let settings = match mode {
            Mode::Audit => settings::audit().to_owned(),
            Mode::Enforce => settings::enforce(),
        };
        self.function_with(name, Some(&settings), Topic::ARN).await
    }

    pub(crate) async fn function_with(&self, name: &str, settings: Option<&str>, topic: &str) -> Function {
        let variables = [
            ("AWS_REGION", self.vpc.region.clone()),
            ("AWS_ENDPOINT_URL_EC2", self.proxy.url()),
            (
                "AWS_ENDPOINT_URL_ORGANIZATIONS",
                format!("http://{}", self.moto.address()),
            ),
            ("AWS_ENDPOINT_URL_ROUTE_53", format!("http://{}", self.moto.address())),
            ("AWS_ENDPOINT_URL_SNS", self.topic.url()),
            ("AWS_ENDPOINT_URL_DYNAMODB", self.ledger.url()),
            ("POSTERN_LEDGER_TABLE", TABLE.to_owned()),
            ("POSTERN_TOPIC_ARN", topic.to_owned()),
            ("POSTERN_OWN_ROLES", OWN_ROLE.to_owned()),
            ("RUST_LOG", "info".to_owned()),
        ];
        let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        Function::start(name, settings, &variables).await.unwrap()
    }

    /// The reports since the last call, each as it is promised to be.
    pub(crate) fn reports(&self) -> Vec<Report> {
        let reports = self.topic.take().unwrap();
        for report in &reports {
            report.check().unwrap();
        }
        reports
    }

    /// The only report since the last call.
    pub(crate) fn report(&self) -> Report {
        let mut reports = self.reports();
        assert_eq!(reports.len(), 1, "{reports:#?}");
        reports.remove(0)
    }

    /// The actions since the last call that may have changed something.
    pub(crate) fn mutations(&self) -> Vec<String> {
        let calls = self.proxy.take().into_iter();
        calls.filter(Call::mutates).map(|call| call.action).collect()
    }

    /// How often this action was called so far.
    pub(crate) fn count(&self, action: &str) -> usize {
        self.proxy.calls().iter().filter(|call| call.action == action).count()
    }

    /// What the ledger has of changes, oldest first.
    pub(crate) async fn history(&self) -> Vec<ChangeRecord> {
        history(&self.sdk, TABLE).await.unwrap()
    }

    /// What is on record looks as if it had happened ten minutes earlier.
    pub(crate) async fn ten_minutes_later(&self) {
        age(&self.sdk, TABLE, SignedDuration::from_mins(10)).await.unwrap();
    }

    /// The live endpoint of a service in the VPC.
    pub(crate) async fn endpoint(&self, service: &str) -> Option<VpcEndpoint> {
        let filter = |name: &str, value: &str| Filter::builder().name(name).values(value).build();
        let request = self
            .ec2
            .describe_vpc_endpoints()
            .filters(filter("vpc-id", &self.vpc.id));
        let request = request.filters(filter("service-name", &self.vpc.service(service)));
        let mut found = request.send().await.unwrap().vpc_endpoints.unwrap_or_default();
        found.retain(|endpoint| endpoint.state().is_none_or(|state| state.as_str() != "deleted"));
        assert!(found.len() <= 1, "{found:#?}");
        found.pop()
    }

    /// The subnets that the endpoint of a service is in.
    pub(crate) async fn subnets(&self, service: &str) -> BTreeSet<String> {
        let endpoint = self.endpoint(service).await;
        endpoint
            .and_then(|endpoint| endpoint.subnet_ids)
            .unwrap_or_default()
            .into_iter()
            .collect()
    }
}

/// A role that the functions take for one of their own.
pub(crate) const OWN_ROLE: &str = "arn:aws:iam::111122223333:role/postern-SubnetInspectorRole-EXAMPLE";

pub(crate) fn set<'a>(items: impl IntoIterator<Item = &'a String>) -> BTreeSet<String> {
    items.into_iter().cloned().collect()
}

/// The answer to a batch of which these messages come back.
#[track_caller]
pub(crate) fn assert_back(answer: &Answer, messages: &[usize], function: &Function) {
    let ids: Vec<Value> = messages
        .iter()
        .map(|index| json!({"itemIdentifier": format!("message-{index}")}))
        .collect();
    let expected = Answer::Done(json!({"batchItemFailures": ids}));
    assert_eq!(answer, &expected, "{}", function.log());
}
