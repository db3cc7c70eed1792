//! DynamoDB, as far as the ledger uses it.

use jiff::Timestamp;

use crate::unmodelled;

/// All tables of an account.
#[derive(Debug)]
pub struct Tables {}

impl Tables {
    pub fn new(_seed: u64) -> Self {
        Self {}
    }
}

/// Answers one request: HTTP status and body. `target` is the header `x-amz-target`.
pub fn answer(_tables: &mut Tables, target: &str, _body: &[u8], _now: Timestamp) -> (u16, Vec<u8>) {
    unmodelled(target)
}
