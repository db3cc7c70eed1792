//! What somebody undoes while AWS may not show yet that it was done.

use std::time::Duration;

use crate::dynamodb::{Table, Tables};
use crate::world::NewEndpoint;
use crate::{Cloud, REGION};
use jiff::Timestamp;
use postern_core::controls::known;
use postern_core::functions::SWEEPER;
use postern_core::settings::Settings;
use postern_runtime::{Configuration, Handler, REPORTS};
use postern_tests::envelope::Envelope;
use serde_json::Value;

const OPEN: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}"#;
const TOPIC: &str = "arn:aws:sns:eu-central-1:111122223333:postern";
const LEDGER: &str = "postern-ledger";
/// So long AWS may take to show a change.
const SHOWN: Duration = Duration::from_secs(60);

struct Rig {
    cloud: Cloud,
    handler: Handler,
    endpoint: String,
}

impl Rig {
    /// With an endpoint that lets everybody in and was repaired just now.
    async fn repaired() -> Self {
        let cloud = Cloud::new(7);
        let endpoint = cloud.edit(|world| {
            world.topics.insert(TOPIC.to_owned());
            let vpc = world.add_vpc("10.0.0.0/16");
            let mut open = NewEndpoint::gateway(&vpc, "s3");
            open.policy = Some(OPEN.to_owned());
            world.add_endpoint(open)
        });
        cloud.tables(|tables| {
            *tables = Tables::new(7).with(LEDGER, Table::ledger());
        });
        let text = "[perimeter]\norganizations = [\"o-exampleorg1\"]\n[modes]\ndefault = \"enforce\"\ninterrupting.mode = \"enforce\"\n";
        let controls = known();
        let configuration = Configuration {
            settings: Settings::parse(text, &controls).unwrap().into(),
            destinations: [(&REPORTS, TOPIC.to_owned())].into_iter().collect(),
            ledger: LEDGER.to_owned(),
            own_roles: Vec::new(),
        };
        let aws = cloud.aws("arn:aws:iam::111122223333:role/postern-sweeper");
        let rig = Self {
            handler: Handler::new(&SWEEPER, Ok(configuration), aws),
            cloud,
            endpoint,
        };
        rig.invoke("first", Duration::from_secs(120)).await.unwrap();
        assert!(!rig.open());
        rig
    }

    /// Gives why the event has to come back, if it has to.
    async fn invoke(&self, run: &str, time: Duration) -> Result<Value, String> {
        let event = Envelope::schedule(REGION).json().clone();
        let deadline = self.cloud.now() + time;
        let (answer, _) = self.handler.handle(event, run.into(), Some(deadline)).await;
        answer.map_err(|diagnostic| diagnostic.error_message)
    }

    fn open_again(&self) {
        self.cloud.edit(|world| {
            world.edit_endpoint(&self.endpoint, |endpoint| OPEN.clone_into(&mut endpoint.policy));
        });
    }

    /// When the policy was replaced.
    fn repairs(&self) -> Vec<Timestamp> {
        let log = self.cloud.log();
        let repairs = log.iter().filter(|entry| entry.operation == "ModifyVpcEndpoint");
        repairs.map(|entry| entry.at).collect()
    }

    fn open(&self) -> bool {
        self.cloud
            .edit(|world| world.endpoint(&self.endpoint).unwrap().policy == OPEN)
    }
}

#[tokio::test(start_paused = true)]
async fn is_repaired_by_the_invocation_that_sees_it_once_aws_must_show_what_was_done() {
    let rig = Rig::repaired().await;
    rig.open_again();
    rig.invoke("second", Duration::from_secs(120)).await.unwrap();
    assert!(!rig.open());
    let [first, second] = rig.repairs().try_into().unwrap();
    assert!(second >= first + SHOWN, "{first} and {second}");
    assert_eq!(rig.cloud.published().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn goes_back_where_the_invocation_ends_before() {
    let rig = Rig::repaired().await;
    rig.open_again();
    let error = rig.invoke("second", Duration::from_secs(60)).await.unwrap_err();
    assert!(error.contains("AWS may not show it yet"), "{error}");
    assert!(rig.open());
    assert_eq!(rig.repairs().len(), 1);
}
