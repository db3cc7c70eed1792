//! Events of an account that the deployment does not serve.

use crate::dynamodb::{Table, Tables};
use crate::{Cloud, REGION};
use postern_core::controls::known;
use postern_core::functions::SWEEPER;
use postern_core::settings::Settings;
use postern_runtime::{Configuration, Handler, REPORTS};
use postern_tests::envelope::Envelope;
use serde_json::{Value, json};

const ROLE: &str = "arn:aws:iam::111122223333:role/postern-sweeper";
const TOPIC: &str = "arn:aws:sns:eu-central-1:111122223333:postern";
const LEDGER: &str = "postern-ledger";

fn handler(cloud: &Cloud, own_roles: Vec<String>) -> Handler {
    cloud.edit(|world| {
        world.topics.insert(TOPIC.to_owned());
        world.add_vpc("10.0.0.0/16");
    });
    cloud.tables(|tables| *tables = Tables::new(7).with(LEDGER, Table::ledger()));
    let text = "[perimeter]\norganizations = [\"o-exampleorg1\"]\n[modes]\ndefault = \"enforce\"\n";
    let configuration = Configuration {
        settings: Settings::parse(text, &known()).unwrap().into(),
        destinations: [(&REPORTS, TOPIC.to_owned())].into_iter().collect(),
        ledger: LEDGER.to_owned(),
        own_roles,
    };
    Handler::new(&SWEEPER, Ok(configuration), cloud.aws(ROLE))
}

/// A message of each account.
fn batch(accounts: &[&str]) -> Value {
    let record = |account: &&str| {
        let mut event = Envelope::schedule(REGION).json().clone();
        event["account"] = json!(account);
        json!({ "messageId": format!("of-{account}"), "body": event.to_string(), "eventSource": "aws:sqs" })
    };
    json!({ "Records": accounts.iter().map(record).collect::<Vec<_>>() })
}

#[tokio::test(start_paused = true)]
async fn event_of_a_foreign_account_fails_without_any_call() {
    let cloud = Cloud::new(7);
    let handler = handler(&cloud, vec![ROLE.to_owned()]);
    let (answer, metrics) = handler.handle(batch(&["444455556666"]), "run-1".into(), None).await;
    assert_eq!(
        answer.unwrap(),
        json!({ "batchItemFailures": [{ "itemIdentifier": "of-444455556666" }] })
    );
    assert_eq!(metrics.calls(), 0);
    assert_eq!(cloud.log().len(), 0);
    let mut event = Envelope::schedule(REGION).json().clone();
    event["account"] = json!("444455556666");
    let (answer, _) = handler.handle(event, "run-2".into(), None).await;
    let cause = answer.unwrap_err().error_message;
    assert!(
        cause.starts_with("this deployment serves account `111122223333`; the event is of account `444455556666`"),
        "{cause}"
    );
}

#[tokio::test(start_paused = true)]
async fn event_of_the_own_account_is_handled_beside_one_of_a_foreign_account() {
    for own_roles in [vec![ROLE.to_owned()], Vec::new()] {
        let cloud = Cloud::new(7);
        let handler = handler(&cloud, own_roles);
        let batch = batch(&["444455556666", "111122223333"]);
        let (answer, _) = handler.handle(batch, "run-1".into(), None).await;
        assert_eq!(
            answer.unwrap(),
            json!({ "batchItemFailures": [{ "itemIdentifier": "of-444455556666" }] })
        );
        assert!(cloud.log().iter().any(|entry| entry.operation == "DescribeVpcs"));
    }
}
