//! Keeps the ledger, a DynamoDB table: what was changed and told, and who may change what now.
//!
//! Every write may be sent twice, since an answer can get lost: each either says the same again or finds out that it
//! was done.

mod budget;
mod error;
mod item;
mod lease;
mod read;
#[cfg(test)]
mod tests;
mod undelivered;
mod write;

use aws_sdk_dynamodb::Client;

use crate::aws::Aws;

pub use error::LedgerError;

/// The IAM actions that keeping the ledger takes.
pub const LEDGER_CALLS: &[&str] = &[QUERY, PUT, UPDATE];
/// The IAM action that lifting a hold takes.
pub const LIFT_CALL: &str = "dynamodb:DeleteItem";

const QUERY: &str = "dynamodb:Query";
const PUT: &str = "dynamodb:PutItem";
const UPDATE: &str = "dynamodb:UpdateItem";

/// Has the changes of an account and Region by time.
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

impl Ledger {
    pub fn table(&self) -> &str {
        &self.table
    }
}
