//! Which endpoints were closed first under a new perimeter.
//!
//! The item of a perimeter is a counter like those of the other budgets: each share names the resource of the scope
//! for which a run reserved it. Once the first endpoints are verified, the item says so, and nothing is reserved any more.

use jiff::{SignedDuration, Timestamp};
use postern_core::model::id::{AccountId, Region};
use postern_core::model::scope::ScopedResource;
use postern_core::plan::Budget;

use super::item::{Item, area, attribute, key, number, text};
use super::{Ledger, LedgerError, QUERY, UPDATE};
use crate::error::CallError;

/// Since when the perimeter counts as verified, in seconds.
const VERIFIED: &str = "verified";

/// What is on record of the first endpoints that were closed under a perimeter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Canaries {
    /// Enough of them are verified.
    pub verified: bool,
    /// How many endpoints runs have reserved. A run that crashed may have reserved more than it closed.
    pub reserved: u64,
    /// The resources of the scopes for which they did.
    pub scopes: Vec<ScopedResource>,
    /// Until when the item is kept, from which its last reservation follows.
    pub expires: Option<Timestamp>,
}

impl Ledger {
    /// Reads the record of a perimeter. The read is consistent.
    pub async fn canaries(
        &self,
        account: &AccountId,
        region: &Region,
        perimeter: &str,
    ) -> Result<Canaries, LedgerError> {
        let query = self.client.query().table_name(&self.table).consistent_read(true);
        let answer = query
            .key_condition_expression("pk = :partition AND sk = :key")
            .expression_attribute_values(":partition", text(area(account, region)))
            .expression_attribute_values(":key", text(sort(perimeter)))
            .send()
            .await;
        let answer = answer.map_err(|error| self.failed("read", CallError::new(QUERY, error)))?;
        Ok(answer.items().first().map(read).unwrap_or_default())
    }

    /// Records that enough endpoints were closed and verified under the perimeter.
    pub async fn verify_perimeter(
        &self,
        account: &AccountId,
        region: &Region,
        perimeter: &str,
        now: Timestamp,
        expires: Timestamp,
    ) -> Result<(), LedgerError> {
        let request = self.client.update_item().table_name(&self.table);
        let answer = request
            .set_key(Some(key(area(account, region), sort(perimeter))))
            .update_expression("SET #verified = :now, #expires = :expires")
            .expression_attribute_names("#verified", VERIFIED)
            .expression_attribute_names("#expires", "expires")
            .expression_attribute_values(":now", number(now.as_second()))
            .expression_attribute_values(":expires", number(expires.as_second()))
            .send()
            .await;
        answer
            .map(drop)
            .map_err(|error| self.failed("record", CallError::new(UPDATE, error)))
    }

    fn failed(&self, verb: &str, error: CallError) -> LedgerError {
        LedgerError::call(
            format!("{verb} which endpoints were closed first under the perimeter"),
            &self.table,
            error,
        )
    }
}

fn sort(perimeter: &str) -> String {
    let budget = Budget::Canaries {
        perimeter: perimeter.to_owned(),
    };
    budget.key()
}

fn read(item: &Item) -> Canaries {
    let count = |name: &str| attribute(item, name).and_then(|value| value.parse::<i64>().ok());
    let shares = item.keys().filter_map(|name| name.split_once('/'));
    let mut scopes: Vec<_> = shares.filter_map(|(id, _)| ScopedResource::parse(id)).collect();
    scopes.sort();
    scopes.dedup();
    Canaries {
        verified: count(VERIFIED).is_some(),
        reserved: count("used")
            .and_then(|used| u64::try_from(used).ok())
            .unwrap_or_default(),
        scopes,
        expires: count("expires").and_then(|seconds| Timestamp::from_second(seconds).ok()),
    }
}

impl Canaries {
    /// Whether a run may still be about to use what it reserved. `kept` is how long the item is kept after a reservation.
    pub fn in_progress(&self, kept: SignedDuration, now: Timestamp) -> bool {
        let reserved_at = self.expires.and_then(|expires| expires.checked_sub(kept).ok());
        reserved_at.is_some_and(|at| now.duration_since(at) < LONGEST_RUN)
    }
}

/// Longer than an invocation and its lease.
const LONGEST_RUN: SignedDuration = SignedDuration::from_mins(20);
