//! SNS, as far as reports use it.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::cloud::State;
use crate::ec2::Refusal;
use crate::form::Form;
use crate::unmodelled;
use crate::xml::Xml;

/// With its attributes.
const LARGEST: usize = 262_144;

/// A message that a topic took.
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
    state: &mut State,
    caller: &Arc<str>,
    operation: &str,
    form: &Form,
    now: Timestamp,
) -> Result<String, Refusal> {
    let topic = form.required("TopicArn").to_owned();
    let mut xml = Xml::default();
    let known = state.world.topics.contains(&topic);
    let here = |known: bool| match known {
        true => Ok(()),
        false => Err(Refusal::new("NotFound", "Topic does not exist")),
    };
    match operation {
        "GetTopicAttributes" => {
            form.all_read(operation);
            here(known)?;
            xml.node("Attributes", |xml| {
                xml.node("entry", |xml| {
                    xml.text("key", "TopicArn");
                    xml.text("value", &topic);
                });
            });
        }
        "Publish" => {
            let published = read(state, caller, topic, form, now);
            form.all_read(operation);
            check(&published)?;
            here(known)?;
            xml.text("MessageId", &published.id);
            state.published.push(published);
        }
        _ => unmodelled(format_args!("sns:{operation}")),
    }
    let content = xml.finish();
    Ok(format!(
        "<{operation}Response xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><{operation}Result>{content}\
         </{operation}Result><ResponseMetadata><RequestId>00000000-0000-0000-0000-000000000000</RequestId>\
         </ResponseMetadata></{operation}Response>"
    ))
}

fn read(state: &mut State, caller: &Arc<str>, topic: String, form: &Form, now: Timestamp) -> Published {
    let attributes = form.structures("MessageAttributes.entry").into_iter().map(|prefix| {
        let field = |name: &str| form.required(&format!("{prefix}.{name}")).to_owned();
        (field("Name"), (field("Value.DataType"), field("Value.StringValue")))
    });
    Published {
        id: format!(
            "{:08x}-0000-4000-8000-{:012x}",
            state.rng.u32(..),
            state.rng.u64(..) >> 16
        ),
        at: now,
        caller: Arc::clone(caller),
        topic,
        subject: form.text("Subject").map(str::to_owned),
        message: form.required("Message").to_owned(),
        attributes: attributes.collect(),
    }
}

fn check(published: &Published) -> Result<(), Refusal> {
    let invalid = |what: &str| Err(Refusal::new("InvalidParameter", format!("Invalid parameter: {what}")));
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

/// HTTP status and body of a refusal.
pub(crate) fn refusal(refusal: &Refusal) -> (u16, Vec<u8>) {
    let status = match refusal.code.as_str() {
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
            xml.text("Code", &refusal.code);
            xml.text("Message", &refusal.message);
        });
        xml.text("RequestId", "00000000-0000-0000-0000-000000000000");
    });
    (status, xml.finish().into_bytes())
}
