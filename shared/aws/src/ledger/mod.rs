//! The ledger, a DynamoDB table: the changes that were made, the findings that were reported, leases and budgets.
//!
//! Every write may be sent twice, since an answer can be lost. A repeated write has the same result as one.

mod budget;
mod canaries;
mod error;
mod item;
mod lease;
mod pace;
mod read;
#[cfg(test)]
mod tests;
mod undelivered;
mod watch;
mod write;

use aws_sdk_dynamodb::Client;
use postern_core::history::ChangeRecord;

use crate::aws::Aws;

pub use canaries::Canaries;
pub use error::LedgerError;
pub use pace::TURNS_A_MINUTE;
pub use watch::EventWatch;

/// The IAM actions that the ledger requires.
pub const LEDGER_CALLS: &[&str] = &[QUERY, PUT, UPDATE];
/// The IAM action that ending a pause requires.
pub const LIFT_CALL: &str = "dynamodb:DeleteItem";

const QUERY: &str = "dynamodb:Query";
const PUT: &str = "dynamodb:PutItem";
const UPDATE: &str = "dynamodb:UpdateItem";

/// The index of the changes of an account and Region by time.
const HISTORY: &str = "history";

/// The ledger in one table.
#[derive(Clone, Debug)]
pub struct Ledger {
    client: Client,
    table: String,
}

impl Aws {
    pub fn ledger(&self, table: &str) -> Ledger {
        Ledger {
            client: self.dynamodb.clone(),
            table: table.to_owned(),
        }
    }
}

/// The change of a document that an item holds, in either form.
///
/// # Errors
/// If it is not such a document.
pub fn parse_change(document: &str) -> serde_json::Result<ChangeRecord> {
    serde_json::from_str::<item::ChangeDocument>(document).map(ChangeRecord::from)
}

impl Ledger {
    pub fn table(&self) -> &str {
        &self.table
    }
}
