//! Writes down what is done and told.

use aws_sdk_dynamodb::operation::put_item::{PutItemError, PutItemOutput};
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use jiff::Timestamp;
use postern_core::history::{ChangeRecord, DeliveredFinding, Pause};
use postern_core::model::finding::FindingKey;
use postern_core::model::scope::Scope;

use super::item::{Item, Resume, area, change_key, hold_key, item, key, number, resume_key, text};
use super::{LIFT_CALL, Ledger, LedgerError, PUT};
use crate::error::CallError;

/// Of the document in one item, in bytes. DynamoDB takes 400 KB with everything.
const MAX_DOCUMENT: usize = 350 * 1024;

impl Ledger {
    /// Writes a change down before it is made.
    pub async fn intend(&self, record: &ChangeRecord, expires: Timestamp) -> Result<(), LedgerError> {
        let item = self.change(record, expires)?;
        let request = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item.clone()));
        let answer = request
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        let error = match answer {
            Ok(_) => return Ok(()),
            Err(error) => error,
        };
        match error.as_service_error() {
            // An attempt of this call came through whose answer got lost.
            Some(PutItemError::ConditionalCheckFailedException(there)) if there.item() == Some(&item) => Ok(()),
            Some(PutItemError::ConditionalCheckFailedException(_)) => Err(LedgerError::Exists {
                item: format!("{} {}", record.scope, change_key(&record.id)),
                table: self.table.clone(),
            }),
            _ => {
                let aim = format!("write down an intended change of {}", record.scope.resource);
                Err(LedgerError::call(aim, &self.table, CallError::new(PUT, error)))
            }
        }
    }

    /// Writes a change down again, with what became of it.
    pub async fn conclude(&self, record: &ChangeRecord, expires: Timestamp) -> Result<(), LedgerError> {
        let item = self.change(record, expires)?;
        let aim = format!("write down what became of change {}", record.id);
        self.put(&aim, item).await.map(drop)
    }

    /// Writes down what was told of a control's findings, in place of what was told before.
    pub async fn tell(
        &self,
        scope: &Scope,
        control: &str,
        delivered: &[DeliveredFinding],
        expires: Timestamp,
    ) -> Result<(), LedgerError> {
        let aim = format!("write down what was told of {}", scope.resource);
        let sort = |part: usize| match part {
            0 => format!("told/{control}"),
            part => format!("told/{control}/{part}"),
        };
        let mut items = Vec::new();
        let unwritable = |error| self.unwritable(scope, &sort(0), error);
        for (part, list) in parts(delivered).map_err(unwritable)?.into_iter().enumerate() {
            items.push(item(scope, sort(part), "told", &list, expires).map_err(unwritable)?);
        }
        let count = items.len();
        // The first tells how many count, so it comes last.
        for mut item in items.into_iter().rev() {
            item.insert("parts".to_owned(), number(count));
            self.put(&aim, item).await?;
        }
        Ok(())
    }

    /// Keeps a control from doing again what was taken back, until the hold expires.
    pub async fn pause(&self, scope: &Scope, pause: &Pause) -> Result<(), LedgerError> {
        let unwritable = |error| self.unwritable(scope, "hold", error);
        let sort = hold_key(&pause.key).map_err(unwritable)?;
        let item = item(scope, sort, "hold", pause, pause.expires).map_err(unwritable)?;
        self.put(&format!("hold a finding of {}", scope.resource), item)
            .await
            .map(drop)
    }

    /// Ends a hold. Takes `LIFT_CALL`.
    pub async fn lift(&self, scope: &Scope, key: &FindingKey) -> Result<(), LedgerError> {
        let sort = hold_key(key).map_err(|error| self.unwritable(scope, "hold", error))?;
        let request = self.client.delete_item().table_name(&self.table);
        match request.set_key(Some(self::key(scope, sort))).send().await {
            Ok(_) => Ok(()),
            Err(error) => {
                let aim = format!("lift the hold on a finding of {}", scope.resource);
                Err(LedgerError::call(aim, &self.table, CallError::new(LIFT_CALL, error)))
            }
        }
    }

    /// Lets repairs of a finding before the time no longer count for the tug of war.
    pub async fn resume(
        &self,
        scope: &Scope,
        key: &FindingKey,
        time: Timestamp,
        expires: Timestamp,
    ) -> Result<(), LedgerError> {
        let unwritable = |error| self.unwritable(scope, "resume", error);
        let sort = resume_key(key).map_err(unwritable)?;
        let key = key.clone();
        let item = item(scope, sort, "resume", &Resume { key, time }, expires).map_err(unwritable)?;
        self.put(&format!("resume a finding of {}", scope.resource), item)
            .await
            .map(drop)
    }

    fn change(&self, record: &ChangeRecord, expires: Timestamp) -> Result<Item, LedgerError> {
        let scope = &record.scope;
        let sort = change_key(&record.id);
        let unwritable = |error| self.unwritable(scope, &sort, error);
        let mut item = item(scope, sort.clone(), "record", record, expires).map_err(unwritable)?;
        item.insert("place".to_owned(), text(area(&scope.account, &scope.region)));
        Ok(item)
    }

    pub(super) async fn put(&self, aim: &str, item: Item) -> Result<PutItemOutput, LedgerError> {
        let request = self.client.put_item().table_name(&self.table);
        let answer = request.set_item(Some(item)).send().await;
        answer.map_err(|error| LedgerError::call(aim, &self.table, CallError::new(PUT, error)))
    }
}

/// What was told, in parts that an item can hold. At least one.
fn parts(delivered: &[DeliveredFinding]) -> Result<Vec<Vec<&DeliveredFinding>>, serde_json::Error> {
    let mut parts = Vec::new();
    let (mut part, mut bytes) = (Vec::new(), 0);
    for delivered in delivered {
        let more = serde_json::to_string(delivered)?.len();
        if bytes + more > MAX_DOCUMENT && !part.is_empty() {
            parts.push(std::mem::take(&mut part));
            bytes = 0;
        }
        // And a comma.
        bytes += more + 1;
        part.push(delivered);
    }
    parts.push(part);
    Ok(parts)
}
