//! Turns for calls that EC2 limits to a few in a minute, shared by all functions of an account and Region.
//!
//! EC2 has a token bucket for each call that changes endpoints: four tokens, and 0.3 more a second, for everybody in the
//! account and Region (Amazon EC2 Developer Guide, "Request throttling for the Amazon EC2 API"). The item of a call has
//! the time until which its turns are taken, so that all functions together stay below that rate and leave tokens for
//! other tools.

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::ReturnValue;
use jiff::{SignedDuration, Timestamp};
use postern_core::model::id::{AccountId, Region};

use super::item::{area, attribute, key, number};
use super::{Ledger, LedgerError, UPDATE};
use crate::error::CallError;

/// Between two calls: two thirds of EC2's rate.
const INTERVAL: SignedDuration = SignedDuration::from_secs(5);
/// The most calls of one kind that Postern makes in a minute, apart from the first ones.
pub const TURNS_A_MINUTE: i64 = 60 / INTERVAL.as_secs();
/// So many calls may follow each other at once: one fewer than EC2 has tokens.
const AT_ONCE: i32 = 3;
/// A turn is never farther away, whatever another clock wrote.
const FARTHEST: SignedDuration = SignedDuration::from_mins(30);
/// For how long the item is kept after the last turn.
const KEPT: SignedDuration = SignedDuration::from_hours(24);

impl Ledger {
    /// Takes the next turn for a call such as `ec2:ModifyVpcEndpoint`, and gives the time from which on it may be sent.
    pub async fn take_turn(
        &self,
        account: &AccountId,
        region: &Region,
        call: &str,
        now: Timestamp,
    ) -> Result<Timestamp, LedgerError> {
        let aim = format!("take a turn for {call}");
        let failed = |error| LedgerError::call(aim.clone(), &self.table, error);
        let item = key(area(account, region), format!("pace/{call}"));
        let request = self.client.update_item().table_name(&self.table);
        let request = request
            .set_key(Some(item))
            .expression_attribute_names("#until", "until")
            .expression_attribute_names("#expires", "expires")
            .expression_attribute_values(":expires", number((now + KEPT).as_second()));
        let free = request
            .clone()
            .update_expression("SET #until = :first, #expires = :expires")
            .condition_expression("attribute_not_exists(#until) OR #until <= :now OR #until > :farthest")
            .expression_attribute_values(":first", number((now + INTERVAL).as_millisecond()))
            .expression_attribute_values(":now", number(now.as_millisecond()))
            .expression_attribute_values(":farthest", number((now + FARTHEST).as_millisecond()))
            .send()
            .await;
        match free {
            Ok(_) => return Ok(now),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(_)) => {}
                _ => return Err(failed(CallError::new(UPDATE, error))),
            },
        }
        let next = request
            .update_expression("SET #until = #until + :interval, #expires = :expires")
            .expression_attribute_values(":interval", number(INTERVAL.as_millis()))
            .return_values(ReturnValue::UpdatedNew)
            .send()
            .await;
        let next = next.map_err(|error| failed(CallError::new(UPDATE, error)))?;
        let until = next
            .attributes
            .as_ref()
            .and_then(|new| attribute(new, "until")?.parse().ok());
        let until = until.and_then(|until| Timestamp::from_millisecond(until).ok());
        let missing = || failed(CallError::unreadable(UPDATE, "the answer lacks the time of the turn"));
        Ok(until.ok_or_else(missing)? - INTERVAL * AT_ONCE)
    }
}
