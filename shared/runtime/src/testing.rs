//! A deployed function on the model cloud, and what it logs.

use std::sync::{Arc, Mutex};

use postern_cloud::dynamodb::{Table, Tables};
use postern_cloud::world::NewEndpoint;
use postern_cloud::{ACCOUNT, Cloud, REGION};
use postern_core::controls::known;
use postern_core::functions::{Function, SWEEPER};
use postern_core::settings::Settings;
use postern_engine::REPORTS;
use serde_json::{Value, json};
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;

use crate::configuration::Configuration;
use crate::handler::Handler;
use crate::logs::JsonLines;
use crate::settings::SettingsSource;

pub(crate) const TOPIC: &str = "arn:aws:sns:eu-central-1:111122223333:postern";
const LEDGER: &str = "postern-ledger";
const ROLE: &str = "arn:aws:iam::111122223333:role/postern-sweeper";
pub(crate) const OPEN: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}"#;

/// Every control is enforced.
pub(crate) const SETTINGS: &str = "[perimeter]\norganizations = [\"o-exampleorg1\"]\n\
    [modes]\ndefault = \"enforce\"\ninterrupting.mode = \"enforce\"\n";

/// A VPC with an open S3 endpoint, and a sweeper that enforces every control.
pub(crate) struct Rig {
    pub(crate) cloud: Cloud,
    pub(crate) handler: Handler,
    pub(crate) vpc: String,
    pub(crate) endpoint: String,
}

impl Rig {
    pub(crate) fn new() -> Self {
        let cloud = Cloud::new(7);
        let (vpc, endpoint) = cloud.edit(|world| {
            world.topics.insert(TOPIC.to_owned());
            let vpc = world.add_vpc("10.0.0.0/16");
            let mut open = NewEndpoint::gateway(&vpc, "s3");
            open.policy = Some(OPEN.to_owned());
            let endpoint = world.add_endpoint(open);
            (vpc, endpoint)
        });
        cloud.tables(|tables| *tables = Tables::new(7).with(LEDGER, Table::ledger()));
        let settings = Settings::parse(SETTINGS, &known()).unwrap();
        Self {
            handler: handler(&SWEEPER, &cloud, settings.into()),
            cloud,
            vpc,
            endpoint,
        }
    }

    /// A sweeper of the same deployment with other settings.
    pub(crate) fn handler_with(&self, settings: SettingsSource) -> Handler {
        handler(&SWEEPER, &self.cloud, settings)
    }

    /// Another function of the same deployment.
    pub(crate) fn handler_of(&self, function: &'static Function) -> Handler {
        self.handler_of_with(function, "")
    }

    /// Another function of the same deployment with these sections in the settings, too.
    pub(crate) fn handler_of_with(&self, function: &'static Function, sections: &str) -> Handler {
        let settings = Settings::parse(&format!("{SETTINGS}{sections}"), &known()).unwrap();
        handler(function, &self.cloud, settings.into())
    }

    /// Handles a batch in an invocation that has two minutes.
    pub(crate) async fn handle(&self, records: &[Value]) -> Value {
        let deadline = self.cloud.now() + std::time::Duration::from_secs(120);
        let payload = json!({ "Records": records });
        let (answer, _) = self.handler.handle(payload, "run-1".into(), Some(deadline)).await;
        answer.unwrap()
    }

    /// The operations of a service that were called.
    pub(crate) fn called(&self, action_prefix: &str) -> Vec<String> {
        let log = self.cloud.log();
        let actions = log.iter().map(|entry| entry.action());
        actions.filter(|action| action.starts_with(action_prefix)).collect()
    }
}

fn handler(function: &'static Function, cloud: &Cloud, settings: SettingsSource) -> Handler {
    let configuration = Configuration {
        settings,
        destinations: [(&REPORTS, TOPIC.to_owned())].into_iter().collect(),
        ledger: LEDGER.to_owned(),
        own_roles: vec![ROLE.to_owned()],
    };
    Handler::new(function, Ok(configuration), cloud.aws(ROLE))
}

/// An SQS message with an event in it.
pub(crate) fn message(id: &str, event: &Value) -> Value {
    json!({"messageId": id, "body": event.to_string(), "eventSource": "aws:sqs"})
}

/// Somebody changed an endpoint in an account.
pub(crate) fn modified(account: &str, endpoint: &str) -> Value {
    json!({
        "id": "11111111-2222-4333-8444-555555555555",
        "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.ec2",
        "account": account,
        "region": REGION,
        "detail": {
            "eventID": "aaaaaaaa-2222-4333-8444-555555555555",
            "eventSource": "ec2.amazonaws.com",
            "eventName": "ModifyVpcEndpoint",
            "awsRegion": REGION,
            "recipientAccountId": account,
            "userIdentity": {"type": "IAMUser", "arn": format!("arn:aws:iam::{account}:user/ada")},
            "requestParameters": {"ModifyVpcEndpointRequest": {"VpcEndpointId": endpoint}},
        },
    })
}

/// The schedule of the sweeper.
pub(crate) fn schedule() -> Value {
    json!({
        "id": "22222222-2222-4333-8444-000000000001",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT,
        "time": "2026-03-02T09:00:00Z",
        "region": REGION,
        "detail": {},
    })
}

/// What this thread logs from now on.
pub(crate) struct Log {
    lines: Arc<Mutex<Vec<String>>>,
    _guard: DefaultGuard,
}

impl Log {
    pub(crate) fn start() -> Self {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let written: Arc<Mutex<Vec<String>>> = Arc::clone(&lines);
        let layer = JsonLines(move |line: &str| written.lock().unwrap().push(line.to_owned()));
        let subscriber = tracing_subscriber::registry().with(LevelFilter::INFO).with(layer);
        Self {
            lines,
            _guard: tracing::subscriber::set_default(subscriber),
        }
    }

    /// Each line as it was written.
    pub(crate) fn text(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    pub(crate) fn lines(&self) -> Vec<Value> {
        let lines = self.text();
        lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The only line with this text.
    pub(crate) fn line(&self, text: &str) -> Value {
        let mut lines = self.lines();
        lines.retain(|line| line["message"] == text);
        let [line] = lines.try_into().unwrap();
        line
    }
}
