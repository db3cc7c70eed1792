//! The part of DynamoDB that the ledger needs: tables of items, in the bytes of the JSON protocol.
//!
//! What the model does not know it refuses, in words that begin with `the model does not know`.

mod evaluate;
mod lexer;
mod operations;
mod parser;
mod query;
mod table;
#[cfg(test)]
mod tests;
mod value;

use std::collections::BTreeMap;

use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};

pub use table::Table;
pub use value::{Item, Value};

/// The tables of an account and Region.
#[derive(Debug)]
pub struct Tables {
    tables: BTreeMap<String, Table>,
    rng: Rng,
    short_pages: bool,
    lag: SignedDuration,
}

/// Why a request was not carried out.
#[derive(Debug)]
struct ApiError {
    code: &'static str,
    message: String,
    /// The item that did not meet a condition, where it was asked for.
    item: Option<Item>,
}

impl Tables {
    pub fn new(seed: u64) -> Self {
        Self {
            tables: BTreeMap::new(),
            rng: Rng::with_seed(seed),
            short_pages: false,
            lag: SignedDuration::ZERO,
        }
    }

    pub fn with(mut self, name: &str, table: Table) -> Self {
        self.tables.insert(name.to_owned(), table);
        self
    }

    /// Pages of a few items, as the seed has it, instead of a megabyte.
    pub fn short_pages(mut self) -> Self {
        self.short_pages = true;
        self
    }

    /// How long after a write the index, and reads that are not consistent, may miss it.
    pub fn lag(mut self, lag: SignedDuration) -> Self {
        self.lag = lag;
        self
    }

    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables.get(name)
    }

    pub fn table_mut(&mut self, name: &str) -> Option<&mut Table> {
        self.tables.get_mut(name)
    }
}

/// The HTTP status and body that answer a request. `target` is its `X-Amz-Target`.
pub fn answer(tables: &mut Tables, target: &str, body: &[u8], now: Timestamp) -> (u16, Vec<u8>) {
    let operation = target.strip_prefix("DynamoDB_20120810.").unwrap_or_default();
    let done = match operation {
        "GetItem" => operations::get(tables, body, now),
        "PutItem" => operations::put(tables, body, now),
        "UpdateItem" => operations::update(tables, body, now),
        "DeleteItem" => operations::delete(tables, body, now),
        "Query" => query::query(tables, body, now),
        _ => Err(ApiError::new(
            "UnknownOperationException",
            format!("the model does not know the operation `{target}`"),
        )),
    };
    match done {
        Ok(answer) => (200, answer.to_string().into_bytes()),
        Err(error) => (400, error.write().to_string().into_bytes()),
    }
}

impl ApiError {
    fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            item: None,
        }
    }

    fn invalid(message: &str) -> Self {
        Self::new("ValidationException", message)
    }

    fn serialization(message: &str) -> Self {
        Self::new("SerializationException", message)
    }

    fn unknown(what: &str) -> Self {
        Self::invalid(&format!("the model does not know {what}"))
    }

    fn syntax(kind: &str, near: &str) -> Self {
        Self::invalid(&format!("Invalid {kind}: Syntax error; near: \"{near}\""))
    }

    fn unmet(item: Option<Item>) -> Self {
        Self {
            item,
            ..Self::new("ConditionalCheckFailedException", "The conditional request failed")
        }
    }

    fn write(&self) -> Json {
        let namespace = match self.code {
            "ValidationException" | "SerializationException" | "UnknownOperationException" => {
                "com.amazon.coral.validate"
            }
            _ => "com.amazonaws.dynamodb.v20120810",
        };
        let mut answer = json!({ "__type": format!("{namespace}#{}", self.code), "message": self.message });
        if let (Some(item), Some(members)) = (&self.item, answer.as_object_mut()) {
            members.insert("Item".to_owned(), value::write_item(item));
        }
        answer
    }
}

/// Between zero and the bound, in milliseconds.
fn random_duration(rng: &mut Rng, bound: SignedDuration) -> SignedDuration {
    let most = i64::try_from(bound.as_millis()).unwrap_or_default().max(0);
    SignedDuration::from_millis(rng.i64(0..=most))
}
