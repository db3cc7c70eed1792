//! Limits over time that all runs share.

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use jiff::{SignedDuration, Timestamp};
use postern_core::id::{AccountId, Region};

use super::item::{Item, area, attribute, key, number};
use super::{Ledger, LedgerError, UPDATE};
use crate::error::CallError;

/// How often to ask anew where another share was held than thought.
const ATTEMPTS: usize = 3;
/// How much longer than its window a budget is remembered.
const KEPT: SignedDuration = SignedDuration::from_hours(24);

/// So much of something within a window of time in an account and Region. Windows begin at whole multiples of their
/// length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    partition: String,
    sort: String,
    most: u64,
    expires: Timestamp,
}

impl Budget {
    /// So many changes within the hour.
    pub fn changes(account: &AccountId, region: &Region, now: Timestamp, most: u64) -> Self {
        Self::new("changes", account, region, now, 1, most)
    }

    /// So many cents of added monthly cost within a window of so many hours.
    pub fn monthly_cost(account: &AccountId, region: &Region, now: Timestamp, hours: u32, most: u64) -> Self {
        Self::new("cost", account, region, now, hours, most)
    }

    fn new(kind: &str, account: &AccountId, region: &Region, now: Timestamp, hours: u32, most: u64) -> Self {
        let length = i64::from(hours.max(1)) * 3_600;
        let begin = now.as_second() - now.as_second().rem_euclid(length);
        let at = |second| Timestamp::from_second(second).unwrap_or(now);
        let end = at(begin.saturating_add(length));
        Self {
            partition: area(account, region),
            // With the length, so that another setting starts a count of its own.
            sort: format!("{kind}/{}/{hours}h", at(begin)),
            most,
            expires: end.saturating_add(KEPT).unwrap_or(end),
        }
    }
}

impl Ledger {
    /// Makes the holder's share of the budget this amount. False where no more than that is left of it: then the share
    /// stays what it was. A holder has one share, and may ask for it as often as it likes.
    pub async fn reserve(&self, budget: &Budget, holder: &str, amount: u64) -> Result<bool, LedgerError> {
        self.share(budget, holder, 0, amount).await
    }

    /// Makes the holder's share what it used of what it reserved.
    pub async fn give_back(&self, budget: &Budget, holder: &str, reserved: u64, used: u64) -> Result<(), LedgerError> {
        self.share(budget, holder, reserved, used).await.map(drop)
    }

    /// Each share is an attribute of its own, so that a request that is sent twice counts once.
    async fn share(&self, budget: &Budget, holder: &str, held: u64, wanted: u64) -> Result<bool, LedgerError> {
        let mut held = held;
        for _ in 0..ATTEMPTS {
            let more = wanted.saturating_sub(held);
            if held == wanted {
                return Ok(true);
            }
            if more > budget.most {
                return Ok(false);
            }
            let Some(there) = self.exchange(budget, holder, held, wanted).await? else {
                return Ok(true);
            };
            let found = attribute(&there, holder)
                .and_then(|share| share.parse().ok())
                .unwrap_or_default();
            if found == held {
                return Ok(false);
            }
            held = found;
        }
        let error = CallError::unreadable(UPDATE, "another run changes the same share again and again");
        Err(LedgerError::call(AIM, &self.table, error))
    }

    /// Replaces the share; gives the item as it is where the share is another or the budget is used up.
    async fn exchange(
        &self,
        budget: &Budget,
        holder: &str,
        held: u64,
        wanted: u64,
    ) -> Result<Option<Item>, LedgerError> {
        let mut request = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(&budget.partition, &budget.sort)))
            .expression_attribute_names("#used", "used")
            .expression_attribute_names("#share", holder)
            .expression_attribute_names("#expires", "expires")
            .expression_attribute_values(":expires", number(budget.expires.as_second()))
            .expression_attribute_values(":difference", number(wanted.abs_diff(held)))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let mut condition = if held == 0 {
            "attribute_not_exists(#share)".to_owned()
        } else {
            request = request.expression_attribute_values(":held", number(held));
            "#share = :held".to_owned()
        };
        let used = if wanted > held {
            let room = budget.most.saturating_sub(wanted - held);
            request = request
                .expression_attribute_values(":zero", number(0))
                .expression_attribute_values(":room", number(room));
            condition.push_str(" AND (attribute_not_exists(#used) OR #used <= :room)");
            "if_not_exists(#used, :zero) + :difference"
        } else {
            "#used - :difference"
        };
        let share = if wanted == 0 {
            " REMOVE #share"
        } else {
            request = request.expression_attribute_values(":wanted", number(wanted));
            ", #share = :wanted"
        };
        let answer = request
            .update_expression(format!("SET #expires = :expires, #used = {used}{share}"))
            .condition_expression(condition)
            .send()
            .await;
        let error = match answer {
            Ok(_) => return Ok(None),
            Err(error) => error,
        };
        match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(there)) => {
                Ok(Some(there.item().cloned().unwrap_or_default()))
            }
            _ => Err(LedgerError::call(AIM, &self.table, CallError::new(UPDATE, error))),
        }
    }
}

const AIM: &str = "reserve what limits allow";
