//! The items of the table: keys, attributes, and the JSON documents in them.
//!
//! Documents have two forms. Form 2 is written, and its items have `v` = 2. Items without `v` have form 1, which differs
//! in names only and is still read, so that an upgrade loses no history.

mod change;
mod finding;
mod message;

use std::collections::HashMap;
use std::sync::Arc;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use postern_core::history::{ChangeId, UndeliveredMessage};
use postern_core::model::finding::FindingKey;
use postern_core::model::id::{AccountId, Region, RunId};
use postern_core::model::scope::Scope;
use postern_core::model::token::client_token;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(super) use self::change::ChangeDocument;
pub(super) use self::finding::{DeliveredDocument, PauseDocument, ResumeDocument};
pub(super) use self::message::MessageDocument;
use super::LedgerError;

pub(super) type Item = HashMap<String, AttributeValue>;

/// The sort key of the lease of a scope.
pub(super) const LEASE: &str = "lease";

/// The attribute with the form of the document.
const FORM: &str = "v";

/// A kind of document, with the attributes that hold it.
pub(super) struct Document {
    /// In form 2.
    name: &'static str,
    /// In form 1.
    old_name: &'static str,
}

pub(super) const CHANGE: Document = Document {
    name: "change",
    old_name: "record",
};
pub(super) const DELIVERED: Document = Document {
    name: "delivered",
    old_name: "told",
};
pub(super) const PAUSE: Document = Document {
    name: "pause",
    old_name: "hold",
};
pub(super) const RESUME: Document = Document {
    name: "resume",
    old_name: "resume",
};

/// Since form 2.
pub(super) const MESSAGE: Document = Document {
    name: "message",
    old_name: "message",
};

impl Document {
    /// Whether the item has no document of this kind.
    pub(super) fn missing(&self, item: &Item) -> bool {
        !item.contains_key(self.name)
    }
}

pub(super) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(super) fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

pub(super) fn key(partition: impl ToString, sort: impl Into<String>) -> Item {
    HashMap::from([
        ("pk".to_owned(), text(partition.to_string())),
        ("sk".to_owned(), text(sort)),
    ])
}

/// An item with a document, which expires.
pub(super) fn item(
    scope: &Scope,
    sort: String,
    kind: &Document,
    document: &impl Serialize,
    expires: Timestamp,
) -> Result<Item, serde_json::Error> {
    let mut item = key(scope, sort);
    item.insert(FORM.to_owned(), number(2));
    item.insert(kind.name.to_owned(), text(serde_json::to_string(document)?));
    item.insert("expires".to_owned(), number(expires.as_second()));
    Ok(item)
}

/// The partition of an account and Region, in the table and in the index.
pub(super) fn area(account: &AccountId, region: &Region) -> String {
    format!("{account}/{region}")
}

pub(super) fn change_key(id: &ChangeId) -> String {
    format!("change/{id}")
}

/// Before the sort keys of all changes at this time and later, and after those of all earlier ones.
pub(super) fn changes_since(time: Timestamp) -> String {
    let id = ChangeId::new(time, &RunId::from(""), 0);
    let time = id.as_str().split('-').next().unwrap_or_default();
    format!("change/{time}")
}

pub(super) fn pause_key(key: &FindingKey) -> Result<String, serde_json::Error> {
    Ok(format!("hold/{}", hash(key)?))
}

pub(super) fn resume_key(key: &FindingKey) -> Result<String, serde_json::Error> {
    Ok(format!("resume/{}", hash(key)?))
}

pub(super) fn undelivered_key(message: &UndeliveredMessage) -> String {
    let sink = &message.sink;
    let hash = client_token([&message.time.to_string(), &message.subject, &message.body].map(String::as_str));
    format!("undelivered/{sink}/{hash}")
}

fn hash(key: &FindingKey) -> Result<String, serde_json::Error> {
    Ok(client_token([serde_json::to_string(key)?.as_str()]))
}

/// An attribute that is a number or a text, as text.
pub(super) fn attribute<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    match item.get(name)? {
        AttributeValue::S(value) | AttributeValue::N(value) => Some(value),
        _ => None,
    }
}

/// The document of an item of the table.
pub(super) fn document<T: DeserializeOwned>(table: &str, item: &Item, kind: &Document) -> Result<T, LedgerError> {
    let name = match attribute(item, FORM) {
        None => kind.old_name,
        Some("2") => kind.name,
        Some(other) => return Err(unreadable(table, item, format!("its form `{other}` is not known"))),
    };
    let Some(document) = attribute(item, name) else {
        return Err(unreadable(table, item, format!("it has no `{name}`")));
    };
    serde_json::from_str(document).map_err(|error| unreadable(table, item, error))
}

pub(super) fn unreadable(
    table: &str,
    item: &Item,
    cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> LedgerError {
    let part = |name| attribute(item, name).unwrap_or("?");
    LedgerError::Unreadable {
        item: format!("{} {}", part("pk"), part("sk")),
        table: table.to_owned(),
        source: Arc::from(cause.into()),
    }
}
