//! The payload of one invocation: an SQS batch of EventBridge events and connection notifications, or one bare event.

use std::collections::{BTreeSet, HashMap};

use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use postern_core::trigger::{self, ParsedEvent, Source, Trigger, UnreadableError};
use serde_json::{Value, json};

pub(crate) struct Batch {
    pub(crate) messages: Vec<Message>,
    /// Whether the invoker accepts that some messages failed and others did not: SQS does.
    partial: bool,
}

pub(crate) struct Message {
    /// The SQS message id; None for a bare event.
    pub(crate) id: Option<String>,
    /// How often it was received, this time included; 0 where that is not known.
    pub(crate) receives: u32,
    pub(crate) content: Result<ParsedEvent, MessageError>,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum MessageError {
    #[error("the message is not JSON")]
    NotJson(#[from] serde_json::Error),
    #[error(transparent)]
    Unreadable(#[from] UnreadableError),
}

impl Batch {
    pub(crate) fn read(payload: Value, own_roles: &[String]) -> Self {
        match sqs(&payload) {
            Some(event) => {
                let messages = event.records.into_iter().map(|record| Message {
                    receives: receives(&record.attributes),
                    content: parse(&record, own_roles),
                    id: record.message_id,
                });
                Self {
                    messages: messages.collect(),
                    partial: true,
                }
            }
            None => Self {
                messages: vec![Message {
                    id: None,
                    receives: 0,
                    content: read(&payload, own_roles),
                }],
                partial: false,
            },
        }
    }

    /// Whether an event of this source is in it.
    pub(crate) fn has(&self, source: Source) -> bool {
        self.triggers().any(|trigger| trigger.source == source)
    }

    fn triggers(&self) -> impl Iterator<Item = &Trigger> {
        let contents = self.messages.iter().map(|message| &message.content);
        contents.filter_map(|content| match content {
            Ok(ParsedEvent::Act(trigger)) => Some(trigger),
            Ok(ParsedEvent::Ignore(_)) | Err(_) => None,
        })
    }

    /// The answer with which exactly these messages are delivered again; None where the invocation has to fail as a whole.
    pub(crate) fn response(&self, failed: &BTreeSet<usize>) -> Option<Value> {
        if failed.is_empty() && !self.partial {
            return Some(json!({}));
        }
        let ids: Option<Vec<_>> = failed
            .iter()
            .map(|index| {
                let id = self.messages.get(*index)?.id.as_ref()?;
                Some(json!({"itemIdentifier": id}))
            })
            .collect();
        Some(json!({"batchItemFailures": ids?}))
    }
}

fn sqs(payload: &Value) -> Option<SqsEvent> {
    let records = payload.get("Records")?.as_array()?;
    let from_sqs = |record: &Value| record.get("eventSource").and_then(Value::as_str) == Some("aws:sqs");
    if !records.iter().all(from_sqs) {
        return None;
    }
    serde_json::from_value(payload.clone()).ok()
}

fn receives(attributes: &HashMap<String, String>) -> u32 {
    let count = attributes.get("ApproximateReceiveCount");
    count.and_then(|count| count.parse().ok()).unwrap_or_default()
}

fn parse(record: &SqsMessage, own_roles: &[String]) -> Result<ParsedEvent, MessageError> {
    let body = record.body.as_deref().unwrap_or_default();
    let document: Result<Value, _> = serde_json::from_str(body);
    if let Some(event) = document.as_ref().ok().and_then(event_from_topic) {
        return read(&event, own_roles);
    }
    let [queue, id] = [&record.event_source_arn, &record.message_id].map(|text| text.as_deref().unwrap_or_default());
    match trigger::read_notification(body, document.as_ref().ok(), queue, id) {
        Some(trigger) => Ok(ParsedEvent::Act(trigger)),
        None => read(&document?, own_roles),
    }
}

/// The event of EventBridge that a topic delivered in its own envelope.
fn event_from_topic(envelope: &Value) -> Option<Value> {
    envelope.get("TopicArn")?;
    let event: Value = serde_json::from_str(envelope.get("Message")?.as_str()?).ok()?;
    event.get("detail-type").is_some().then_some(event)
}

fn read(envelope: &Value, own_roles: &[String]) -> Result<ParsedEvent, MessageError> {
    let own_roles: Vec<_> = own_roles.iter().map(String::as_str).collect();
    Ok(trigger::read(envelope, &own_roles)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn create_subnet() -> Value {
        json!({
            "id": "11111111-2222-3333-4444-555555555555",
            "detail-type": "AWS API Call via CloudTrail",
            "source": "aws.ec2",
            "account": "111122223333",
            "region": "eu-central-1",
            "detail": {
                "eventID": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
                "eventSource": "ec2.amazonaws.com",
                "eventName": "CreateSubnet",
                "awsRegion": "eu-central-1",
                "requestParameters": {"vpcId": "vpc-0a1b2c3d4e5f60718"},
            },
        })
    }

    fn record(id: &str, body: &str) -> Value {
        json!({"messageId": id, "body": body, "eventSource": "aws:sqs"})
    }

    #[test]
    fn sqs_batch_is_read_message_by_message() {
        let payload = json!({"Records": [
            record("good", &create_subnet().to_string()),
            record("garbled", "{\"detail\":"),
            record("foreign", "{\"hello\":1}"),
        ]});
        let batch = Batch::read(payload, &[]);
        let read: Vec<_> = batch
            .messages
            .iter()
            .map(|m| (m.id.as_deref().unwrap(), m.content.is_ok()))
            .collect();
        assert_eq!(read, [("good", true), ("garbled", false), ("foreign", false)]);
        assert!(matches!(batch.messages[0].content, Ok(ParsedEvent::Act(_))));
    }

    #[test]
    fn connection_notification_is_neither_a_call_nor_the_schedule() {
        let notification = |body: &str| {
            let mut record = record("a", body);
            record["eventSourceARN"] = json!("arn:aws:sqs:eu-central-1:111122223333:queue");
            Batch::read(json!({"Records": [record]}), &[])
        };
        // As SNS delivers it raw, and in its envelope.
        let envelope = json!({"Type": "Notification", "TopicArn": "arn:t", "Message": "vpce-svc-1 from vpce-1"});
        for body in ["Connect vpce-1 to vpce-svc-1", "vpce-1 is gone", &envelope.to_string()] {
            let batch = notification(body);
            assert!(batch.has(Source::Notification), "{body}");
            assert!(!batch.has(Source::Call) && !batch.has(Source::Schedule), "{body}");
        }
        assert!(notification("hello").messages[0].content.is_err());
    }

    #[test]
    fn event_that_a_topic_delivers_is_read_and_a_record_of_cloudtrail_is_no_notification() {
        let deliver = |body: &Value| {
            let mut record = record("a", &body.to_string());
            record["eventSourceARN"] = json!("arn:aws:sqs:eu-central-1:111122223333:queue");
            Batch::read(json!({"Records": [record]}), &[])
        };
        let mut modified = create_subnet();
        modified["detail"]["eventName"] = json!("ModifyVpcEndpoint");
        modified["detail"]["requestParameters"] = json!({"ModifyVpcEndpointRequest": {"VpcEndpointId": "vpce-1"}});
        let envelope = json!({"Type": "Notification", "TopicArn": "arn:t", "Message": modified.to_string()});
        let batch = deliver(&envelope);
        assert!(batch.has(Source::Call) && !batch.has(Source::Notification));
        for record in [json!({"Records": [modified["detail"]]}), modified["detail"].clone()] {
            assert!(deliver(&record).messages[0].content.is_err(), "{record}");
        }
    }

    #[test]
    fn only_failed_messages_are_delivered_again() {
        let payload = json!({"Records": [record("a", "{}"), record("b", "{}")]});
        let batch = Batch::read(payload, &[]);
        assert_eq!(
            batch.response(&BTreeSet::from([1])),
            Some(json!({"batchItemFailures": [{"itemIdentifier": "b"}]}))
        );
        assert_eq!(batch.response(&BTreeSet::new()), Some(json!({"batchItemFailures": []})));
    }

    #[test]
    fn batch_whose_failed_message_has_no_id_fails_as_a_whole() {
        let batch = Batch::read(json!({"Records": [{"eventSource": "aws:sqs", "body": "{}"}]}), &[]);
        assert_eq!(batch.response(&BTreeSet::from([0])), None);
    }

    #[test]
    fn bare_event_succeeds_or_fails_as_a_whole() {
        let batch = Batch::read(create_subnet(), &[]);
        assert!(matches!(
            batch.messages.as_slice(),
            [Message {
                id: None,
                receives: 0,
                content: Ok(ParsedEvent::Act(_))
            }]
        ));
        assert_eq!(batch.response(&BTreeSet::new()), Some(json!({})));
        assert_eq!(batch.response(&BTreeSet::from([0])), None);
    }

    #[test]
    fn records_of_another_source_than_sqs_are_not_a_batch() {
        let batch = Batch::read(json!({"Records": [{"EventSource": "aws:sns", "Sns": {}}]}), &[]);
        assert!(matches!(
            batch.messages.as_slice(),
            [Message {
                id: None,
                receives: 0,
                content: Err(_)
            }]
        ));
    }
}
