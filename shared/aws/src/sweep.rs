//! Asks for a sweep without waiting for its schedule.

use aws_sdk_sqs::Client;
use jiff::Timestamp;
use postern_core::model::id::{AccountId, Region};
use serde_json::json;

use crate::aws::Aws;
use crate::error::CallError;

const SEND: &str = "sqs:SendMessage";

impl Aws {
    /// Puts an event like that of the schedule into the sweeper's queue. Gives the id of the SQS message.
    pub async fn ask_for_sweep(&self, queue: &str, account: &AccountId, region: &Region) -> Result<String, CallError> {
        let now = self.now();
        let seconds = Timestamp::from_second(now.as_second()).unwrap_or(now);
        let event = json!({
            "id": format!("manual-{}", now.as_nanosecond()),
            "time": seconds.to_string(),
            "source": "aws.events",
            "detail-type": "Scheduled Event",
            "account": account.as_str(),
            "region": region.to_string(),
            "detail": {},
        });
        let send = Client::new(&self.config).send_message().queue_url(queue);
        let sent = send.message_body(event.to_string()).send().await;
        let sent = sent.map_err(|error| CallError::new(SEND, error))?;
        Ok(sent.message_id.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use postern_core::trigger::{ParsedEvent, Target, read};
    use serde_json::{Value, json};

    use crate::wire::Cloud;

    #[tokio::test]
    async fn sweep_is_asked_for_by_an_event_that_the_sweeper_reads_as_its_schedule() {
        let cloud = Cloud::new().json("SendMessage", &json!({"MessageId": "m-1"}));
        let queue = "https://sqs.eu-central-1.amazonaws.com/111122223333/sweeper";
        let account = "111122223333".into();
        let id = cloud.aws().ask_for_sweep(queue, &account, &"eu-central-1".into()).await;
        assert_eq!(id.unwrap(), "m-1");
        let sent = cloud.body("SendMessage");
        assert_eq!(sent["QueueUrl"], queue);
        let event: Value = serde_json::from_str(sent["MessageBody"].as_str().unwrap()).unwrap();
        let ParsedEvent::Act(trigger) = read(&event, &[]).unwrap() else {
            panic!("{event}");
        };
        assert_eq!((trigger.account, trigger.region), (account, "eu-central-1".into()));
        assert!(trigger.targets.contains(&Target::Region), "{:?}", trigger.targets);
    }
}
