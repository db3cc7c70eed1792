//! The items of the table: keys, attributes, and the documents in them.

use std::collections::HashMap;
use std::sync::Arc;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use postern_core::history::{ChangeId, UndeliveredMessage};
use postern_core::model::finding::FindingKey;
use postern_core::model::id::{AccountId, Region, RunId};
use postern_core::model::scope::Scope;
use postern_core::model::token::client_token;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{Ledger, LedgerError};

pub(super) type Item = HashMap<String, AttributeValue>;

/// The sort key of a VPC's lease.
pub(super) const LEASE: &str = "lease";

/// Repairs of the finding before the time no longer count for the tug of war.
#[derive(Serialize, Deserialize)]
pub(super) struct Resume {
    pub(super) key: FindingKey,
    pub(super) time: Timestamp,
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

/// An item that expires.
pub(super) fn item(
    scope: &Scope,
    sort: String,
    attribute: &str,
    document: &impl Serialize,
    expires: Timestamp,
) -> Result<Item, serde_json::Error> {
    let mut item = key(scope, sort);
    item.insert(attribute.to_owned(), text(serde_json::to_string(document)?));
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

pub(super) fn hold_key(key: &FindingKey) -> Result<String, serde_json::Error> {
    Ok(format!("hold/{}", hash(key)?))
}

pub(super) fn resume_key(key: &FindingKey) -> Result<String, serde_json::Error> {
    Ok(format!("resume/{}", hash(key)?))
}

pub(super) fn undelivered_key(message: &UndeliveredMessage) -> String {
    let hash = client_token([&message.time.to_string(), &message.subject, &message.body].map(String::as_str));
    format!("undelivered/{:?}/{hash}", message.sink).to_lowercase()
}

fn hash(key: &FindingKey) -> Result<String, serde_json::Error> {
    Ok(client_token([serde_json::to_string(key)?.as_str()]))
}

/// An attribute of an item in words that a number or a text has.
pub(super) fn attribute<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    match item.get(name)? {
        AttributeValue::S(value) | AttributeValue::N(value) => Some(value),
        _ => None,
    }
}

impl Ledger {
    /// The document in an attribute.
    pub(super) fn document<T: DeserializeOwned>(&self, item: &Item, name: &str) -> Result<T, LedgerError> {
        let Some(document) = attribute(item, name) else {
            return Err(self.unreadable(item, format!("it has no `{name}`")));
        };
        serde_json::from_str(document).map_err(|error| self.unreadable(item, error))
    }

    pub(super) fn unreadable(
        &self,
        item: &Item,
        cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> LedgerError {
        let part = |name| attribute(item, name).unwrap_or("?");
        LedgerError::Unreadable {
            item: format!("{} {}", part("pk"), part("sk")),
            table: self.table.clone(),
            source: Arc::from(cause.into()),
        }
    }

    /// A document that cannot be written.
    pub(super) fn unwritable(&self, scope: &Scope, what: &str, error: serde_json::Error) -> LedgerError {
        LedgerError::Unreadable {
            item: format!("{scope} {what}"),
            table: self.table.clone(),
            source: Arc::new(error),
        }
    }
}
