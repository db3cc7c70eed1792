//! Connection notifications of endpoint services.

use serde_json::{Value, json};

use crate::log::Entry;
use crate::world::{Effect, Endpoint, EndpointState, Resource};

/// What a topic publishes about a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// Of the endpoint service.
    pub service: String,
    /// `Accept`, `Connect`, `Delete` or `Reject`.
    pub event: &'static str,
    pub message: String,
}

impl Entry {
    /// The [notifications](https://docs.aws.amazon.com/vpc/latest/privatelink/create-notification-endpoint-service.html)
    /// that a call causes, if the services have a topic for them. AWS does not document the message: only the ids in it
    /// may be relied on.
    pub fn notifications(&self) -> Vec<Notification> {
        let notified = self.effects.iter().filter_map(notified);
        notified
            .map(|(endpoint, event)| self.notification(endpoint, event))
            .collect()
    }

    fn notification(&self, endpoint: &Endpoint, event: &'static str) -> Notification {
        let name = endpoint.service.as_deref().unwrap_or_default();
        let service = name.rsplit('.').next().unwrap_or_default();
        let id = &endpoint.id;
        let message = match self.number % 3 {
            0 => format!(
                "{event}: VPC endpoint {id} of account {}, service {name}.",
                endpoint.owner
            ),
            1 => json!({"event": event, "detail": {"endpoint": id, "service": [service]}}).to_string(),
            _ => json!({"eventName": event, "vpcEndpointId": id, "vpcEndpointServiceName": name}).to_string(),
        };
        Notification {
            service: service.to_owned(),
            event,
            message,
        }
    }
}

impl Notification {
    /// The notification as SNS sends it to a queue: in its envelope, or as it is where delivery is raw.
    pub fn body(&self, topic: &str, raw: bool) -> String {
        if raw {
            return self.message.clone();
        }
        let envelope: Value = json!({
            "Type": "Notification",
            "MessageId": "77777777-2222-4333-8444-000000000000",
            "TopicArn": topic,
            "Message": self.message,
            "Timestamp": "2026-03-02T09:00:00.000Z",
            "SignatureVersion": "1",
            "Signature": "EXAMPLE",
            "SigningCertURL": "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-0.pem",
            "UnsubscribeURL": "https://sns.eu-central-1.amazonaws.com/?Action=Unsubscribe",
        });
        envelope.to_string()
    }
}

/// The endpoint of a service of an account, and what happened to its connection.
fn notified(effect: &Effect) -> Option<(&Endpoint, &'static str)> {
    let Some(Resource::Endpoint(after)) = &effect.after else {
        return None;
    };
    let before = match &effect.before {
        Some(Resource::Endpoint(before)) => Some(before.state),
        _ => None,
    };
    let service = after.service.as_deref()?;
    if !service.starts_with("com.amazonaws.vpce.") || before == Some(after.state) {
        return None;
    }
    let event = match (before, after.state) {
        (None, _) => "Connect",
        (Some(EndpointState::PendingAcceptance | EndpointState::Rejected), EndpointState::Pending) => "Accept",
        (_, EndpointState::Rejected) => "Reject",
        (_, EndpointState::Deleting) => "Delete",
        _ => return None,
    };
    Some((after, event))
}
