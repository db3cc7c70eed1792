//! Budgets: limits over time that all runs share.

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use postern_core::model::scope::Scope;
use postern_core::plan::Reservation;

use super::item::{Item, area, attribute, key, number};
use super::{Ledger, LedgerError, UPDATE};
use crate::error::CallError;

/// How often a share is written, where it differs from the expected one.
const ATTEMPTS: usize = 3;

impl Ledger {
    /// Reserves an amount of a budget under the lease with this version; false where the budget has less left. A lease
    /// has one share of a budget: a repeated request replaces it.
    pub async fn reserve(&self, scope: &Scope, lease: u64, reservation: &Reservation) -> Result<bool, LedgerError> {
        self.share(scope, lease, reservation, 0, reservation.amount).await
    }

    /// Returns the unused part of a reservation.
    pub async fn give_back(
        &self,
        scope: &Scope,
        lease: u64,
        reservation: &Reservation,
        unused: u64,
    ) -> Result<(), LedgerError> {
        let used = reservation.amount.saturating_sub(unused);
        self.share(scope, lease, reservation, reservation.amount, used)
            .await
            .map(drop)
    }

    /// Each share is an attribute, so that a request that is sent twice counts once.
    async fn share(
        &self,
        scope: &Scope,
        lease: u64,
        reservation: &Reservation,
        held: u64,
        wanted: u64,
    ) -> Result<bool, LedgerError> {
        let name = format!("{}/{lease}", scope.resource);
        let (mut held, at_most) = (held, held.max(wanted));
        for _ in 0..ATTEMPTS {
            if held == wanted {
                return Ok(true);
            }
            if wanted.saturating_sub(held) > reservation.most {
                return Ok(false);
            }
            let Some(there) = self.exchange(scope, &name, reservation, held, wanted).await? else {
                return Ok(true);
            };
            let share = attribute(&there, &name).and_then(|share| share.parse().ok());
            let found = share.unwrap_or_default();
            if found == held {
                return Ok(false);
            }
            // The share was reduced already, or its item expired.
            if at_most > wanted && found <= wanted {
                return Ok(true);
            }
            held = found;
        }
        let error = CallError::unreadable(UPDATE, "another run keeps changing the same share");
        Err(LedgerError::call(AIM, &self.table, error))
    }

    /// Replaces the share. Gives the present item where the share differs or the budget is used up.
    async fn exchange(
        &self,
        scope: &Scope,
        share: &str,
        reservation: &Reservation,
        held: u64,
        wanted: u64,
    ) -> Result<Option<Item>, LedgerError> {
        let partition = area(&scope.account, &scope.region);
        let mut request = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(partition, reservation.budget.key())))
            .expression_attribute_names("#used", "used")
            .expression_attribute_names("#share", share)
            .expression_attribute_names("#expires", "expires")
            .expression_attribute_values(":expires", number(reservation.expires.as_second()))
            .expression_attribute_values(":difference", number(wanted.abs_diff(held)))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let mut condition = if held == 0 {
            "attribute_not_exists(#share)".to_owned()
        } else {
            request = request.expression_attribute_values(":held", number(held));
            "#share = :held".to_owned()
        };
        let used = if wanted > held {
            let room = reservation.most.saturating_sub(wanted - held);
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

const AIM: &str = "reserve a part of a budget";
