//! Connection notifications of endpoint services, from SNS through a queue.
//!
//! AWS does not document what is in them:
//! <https://docs.aws.amazon.com/vpc/latest/privatelink/create-notification-endpoint-service.html>. So the ids of endpoint
//! services are looked for anywhere in the text, and say no more than where to look.

use serde_json::Value;

use super::calls::{names_endpoint, services_in};
use super::envelope::{required, time};
use super::{Source, Target, Trigger, TriggeringEvent};
use crate::model::arn::{Arn, is_account, is_region};
use crate::model::id::{AccountId, Region};

/// How triggering events name a notification.
const NOTIFICATION: &str = "Connection Notification";

/// Reads a message as a connection notification, in the envelope of SNS or as it is (raw delivery).
///
/// `document` is the body as JSON, if it is JSON. `queue` is the ARN of the queue that the message came through, in whose account and Region the endpoint services are.
/// `message_id` identifies the message where there is no envelope. None for what is no notification, such as an event of
/// EventBridge or a record of CloudTrail.
pub fn read_notification(body: &str, document: Option<&Value>, queue: &str, message_id: &str) -> Option<Trigger> {
    let of_others = |name| document.is_some_and(|document| document.get(name).is_some());
    if ["detail-type", "Records", "eventSource"].into_iter().any(of_others) {
        return None;
    }
    let envelope = document.filter(|document| document.get("TopicArn").is_some());
    let text = match envelope {
        Some(envelope) => envelope.get("Message")?.as_str()?,
        None => body,
    };
    let services = services_in(text).into_iter();
    let targets: Vec<_> = services.map(|id| Target::EndpointService(id.into())).collect();
    let queue = Arn::parse(queue)?;
    (is_account(queue.account) && is_region(queue.region)).then_some(())?;
    Some(Trigger {
        source: Source::Notification,
        account: AccountId::from(queue.account),
        region: Region::from(queue.region),
        targets: match targets.is_empty() {
            // Whichever service the endpoint is connected to.
            true if names_endpoint(text) => vec![Target::Region],
            true => return None,
            false => targets,
        },
        triggering_event: TriggeringEvent {
            event: NOTIFICATION.to_owned(),
            event_id: envelope
                .and_then(|envelope| required(envelope, "MessageId", "a text").ok())
                .unwrap_or_else(|| message_id.to_owned()),
            time: time(envelope.and_then(|envelope| envelope.get("Timestamp"))),
            actor: None,
            failure: None,
        },
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const QUEUE: &str = "arn:aws:sqs:eu-central-1:111122223333:postern-service-inspector";

    fn read(body: &str) -> Option<Trigger> {
        read_from(QUEUE, body)
    }

    fn read_from(queue: &str, body: &str) -> Option<Trigger> {
        read_notification(body, serde_json::from_str(body).ok().as_ref(), queue, "m-1")
    }

    fn service(id: &str) -> Target {
        Target::EndpointService(id.into())
    }

    #[test]
    fn services_are_found_anywhere_in_a_raw_notification() {
        for body in [
            "Connect: vpce-0a1 to com.amazonaws.vpce.eu-central-1.vpce-svc-0b2.".to_owned(),
            json!({"event": "Reject", "detail": [{"x": "vpce-svc-0b2"}, "vpce-0a1"]}).to_string(),
            json!({"url": "https://vpce-svc-0b2.eu-central-1.vpce.amazonaws.com/"}).to_string(),
        ] {
            let trigger = read(&body).unwrap();
            assert_eq!(trigger.targets, [service("vpce-svc-0b2")], "{body}");
            assert_eq!(trigger.source, Source::Notification);
            assert_eq!(trigger.account.as_str(), "111122223333");
            assert_eq!(trigger.region.as_str(), "eu-central-1");
            assert_eq!(trigger.triggering_event.event_id, "m-1");
            assert_eq!(trigger.triggering_event.actor, None);
        }
    }

    #[test]
    fn notification_in_the_envelope_of_sns_has_its_id_and_time() {
        let body = json!({
            "Type": "Notification",
            "MessageId": "77777777-2222-4333-8444-000000000000",
            "TopicArn": "arn:aws:sns:eu-central-1:111122223333:connections-vpce-svc-0ff",
            "Message": "{\"service\":\"vpce-svc-0b2\",\"other\":\"vpce-svc-0c3\"}",
            "Timestamp": "2026-03-02T09:00:00.000Z",
        });
        let trigger = read(&body.to_string()).unwrap();
        // The topic's own name is not part of the message.
        assert_eq!(trigger.targets, [service("vpce-svc-0b2"), service("vpce-svc-0c3")]);
        let event = trigger.triggering_event;
        assert_eq!(event.event, "Connection Notification");
        assert_eq!(event.event_id, "77777777-2222-4333-8444-000000000000");
        assert_eq!(event.time, "2026-03-02T09:00:00Z".parse().ok());
    }

    #[test]
    fn notification_that_names_only_an_endpoint_concerns_every_service() {
        assert_eq!(read("vpce-0a1 was deleted").unwrap().targets, [Target::Region]);
    }

    #[test]
    fn other_messages_are_no_notifications() {
        let event = json!({"detail-type": "AWS API Call via CloudTrail", "source": "aws.ec2", "id": "vpce-svc-0b2"});
        for body in [
            event.to_string().as_str(),
            "",
            "{}",
            "hello",
            "xvpce-svc-0b2",
            "vpce-svc-",
        ] {
            assert_eq!(read(body), None, "{body}");
        }
        for queue in ["", "arn:aws:sqs:eu-central-1:me:q", "arn:aws:sqs::111122223333:q"] {
            assert_eq!(read_from(queue, "vpce-svc-0b2"), None, "{queue}");
        }
    }
}
