//! SNS: `Publish` and `GetTopicAttributes`.

use std::collections::BTreeMap;
use std::sync::Arc;

use fastrand::Rng;
use jiff::Timestamp;

use crate::api_error::ApiError;
use crate::form::Form;
use crate::not_modelled;
use crate::world::World;
use crate::xml::Xml;

/// Bytes of a message with its attributes, at most.
const LARGEST: usize = 262_144;

/// A message that a topic accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    pub id: String,
    pub at: Timestamp,
    pub caller: Arc<str>,
    pub topic: String,
    pub subject: Option<String>,
    pub message: String,
    /// Data type and value, by name.
    pub attributes: BTreeMap<String, (String, String)>,
}

pub(crate) fn answer(
    world: &mut World,
    published: &mut Vec<Published>,
    caller: &Arc<str>,
    operation: &str,
    form: &Form,
    now: Timestamp,
) -> Result<String, ApiError> {
    let topic = form.required("TopicArn").to_owned();
    let mut xml = Xml::default();
    let exists = world.topics.contains(&topic);
    let found = || match exists {
        true => Ok(()),
        false => Err(ApiError::new("NotFound", "Topic does not exist")),
    };
    match operation {
        "GetTopicAttributes" => {
            form.all_read(operation);
            found()?;
            let confirmed = world.confirmed_subscriptions.to_string();
            let attributes = [
                ("TopicArn", topic.as_str()),
                ("SubscriptionsConfirmed", &confirmed),
                ("SubscriptionsPending", "0"),
                ("SubscriptionsDeleted", "0"),
            ];
            xml.node("Attributes", |xml| {
                for (key, value) in attributes {
                    xml.node("entry", |xml| {
                        xml.text("key", key);
                        xml.text("value", value);
                    });
                }
            });
        }
        "Publish" => {
            let message = read(&mut world.rng, caller, topic, form, now);
            form.all_read(operation);
            check(&message)?;
            found()?;
            xml.text("MessageId", &message.id);
            published.push(message);
        }
        _ => not_modelled(format_args!("sns:{operation}")),
    }
    let content = xml.finish();
    Ok(format!(
        "<{operation}Response xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><{operation}Result>{content}\
         </{operation}Result><ResponseMetadata><RequestId>00000000-0000-0000-0000-000000000000</RequestId>\
         </ResponseMetadata></{operation}Response>"
    ))
}

fn read(rng: &mut Rng, caller: &Arc<str>, topic: String, form: &Form, now: Timestamp) -> Published {
    let attributes = form.structures("MessageAttributes.entry").into_iter().map(|prefix| {
        let field = |name: &str| form.required(&format!("{prefix}.{name}")).to_owned();
        (field("Name"), (field("Value.DataType"), field("Value.StringValue")))
    });
    Published {
        id: format!("{:08x}-0000-4000-8000-{:012x}", rng.u32(..), rng.u64(..) >> 16),
        at: now,
        caller: Arc::clone(caller),
        topic,
        subject: form.text("Subject").map(str::to_owned),
        message: form.required("Message").to_owned(),
        attributes: attributes.collect(),
    }
}

fn check(published: &Published) -> Result<(), ApiError> {
    let invalid = |what: &str| Err(ApiError::new("InvalidParameter", format!("Invalid parameter: {what}")));
    if let Some(subject) = &published.subject {
        let printable = subject.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        if subject.is_empty() || subject.len() >= 100 || !printable || subject.starts_with(' ') {
            return invalid("Subject");
        }
    }
    if published.message.is_empty() {
        return invalid("Empty message");
    }
    let attributes = published.attributes.iter();
    let sizes = attributes.map(|(name, (kind, value))| name.len() + kind.len() + value.len());
    if sizes.sum::<usize>() + published.message.len() > LARGEST {
        return invalid("Message too long");
    }
    for (name, (kind, value)) in &published.attributes {
        let known = matches!(kind.split('.').next(), Some("String" | "Number"));
        let list = serde_json::from_str::<Vec<serde_json::Value>>(value).is_ok();
        if !known || value.is_empty() || (kind == "String.Array" && !list) {
            return invalid(&format!("Message attribute {name}"));
        }
    }
    Ok(())
}

/// HTTP status and body of an error.
pub(crate) fn error(error: &ApiError) -> (u16, Vec<u8>) {
    let status = match error.code.as_str() {
        "NotFound" => 404,
        "AuthorizationError" => 403,
        "InternalError" => 500,
        _ => 400,
    };
    let kind = if status == 500 { "Receiver" } else { "Sender" };
    let mut xml = Xml::default();
    xml.node("ErrorResponse", |xml| {
        xml.node("Error", |xml| {
            xml.text("Type", kind);
            xml.text("Code", &error.code);
            xml.text("Message", &error.message);
        });
        xml.text("RequestId", "00000000-0000-0000-0000-000000000000");
    });
    (status, xml.finish().into_bytes())
}
