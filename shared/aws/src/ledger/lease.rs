//! Leases: one run at a time may change a scope.

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use jiff::{SignedDuration, Timestamp};
use postern_core::model::id::RunId;
use postern_core::model::scope::Scope;

use super::item::{LEASE, attribute, key, number, text};
use super::{Ledger, LedgerError, UPDATE};
use crate::error::CallError;

/// For how long the item is kept after the lease ends, so that no run still knows a version when versions start again.
const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

impl Ledger {
    /// Takes or extends the lease of a scope. Gives the number of times that it was taken, this time included; None
    /// while another run has it.
    pub async fn acquire(
        &self,
        scope: &Scope,
        run: &RunId,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Option<u64>, LedgerError> {
        let expires = until.saturating_add(KEPT).unwrap_or(until);
        let answer = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(scope, LEASE)))
            .update_expression(
                "SET #run = :run, #until = :until, #expires = :expires, #version = if_not_exists(#version, :zero) + :one",
            )
            .condition_expression("attribute_not_exists(#run) OR #until < :now OR #run = :run")
            .expression_attribute_names("#run", "run")
            .expression_attribute_names("#until", "until")
            .expression_attribute_names("#expires", "expires")
            .expression_attribute_names("#version", "version")
            .expression_attribute_values(":run", text(run.as_str()))
            .expression_attribute_values(":until", number(until.as_millisecond()))
            .expression_attribute_values(":now", number(now.as_millisecond()))
            .expression_attribute_values(":expires", number(expires.as_second()))
            .expression_attribute_values(":zero", number(0))
            .expression_attribute_values(":one", number(1))
            .return_values(aws_sdk_dynamodb::types::ReturnValue::UpdatedNew)
            .send()
            .await;
        let failed = |error| LedgerError::call(format!("take the lease of {}", scope.resource), &self.table, error);
        match answer {
            Ok(answer) => {
                let version = answer
                    .attributes
                    .as_ref()
                    .and_then(|new| attribute(new, "version")?.parse().ok());
                let missing = || {
                    failed(CallError::unreadable(
                        UPDATE,
                        "the answer lacks the version of the lease",
                    ))
                };
                version.ok_or_else(missing).map(Some)
            }
            Err(error) if unmet(error.as_service_error()) => Ok(None),
            Err(error) => Err(failed(CallError::new(UPDATE, error))),
        }
    }

    /// Ends the lease, if this run has it.
    pub async fn release(&self, scope: &Scope, run: &RunId) -> Result<(), LedgerError> {
        let answer = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(scope, LEASE)))
            .update_expression("REMOVE #run, #until")
            .condition_expression("#run = :run")
            .expression_attribute_names("#run", "run")
            .expression_attribute_names("#until", "until")
            .expression_attribute_values(":run", text(run.as_str()))
            .send()
            .await;
        match answer {
            Ok(_) => Ok(()),
            Err(error) if unmet(error.as_service_error()) => Ok(()),
            Err(error) => {
                let aim = format!("end the lease of {}", scope.resource);
                Err(LedgerError::call(aim, &self.table, CallError::new(UPDATE, error)))
            }
        }
    }
}

fn unmet(error: Option<&UpdateItemError>) -> bool {
    error.is_some_and(UpdateItemError::is_conditional_check_failed_exception)
}
