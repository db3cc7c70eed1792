//! Records changes and deliveries.

use std::sync::Arc;

use aws_sdk_dynamodb::operation::put_item::{PutItemError, PutItemOutput};
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use jiff::Timestamp;
use postern_core::history::{ChangeRecord, DeliveredFinding, Pause};
use postern_core::model::finding::FindingKey;
use postern_core::model::scope::Scope;

use super::item::{
    CHANGE, ChangeDocument, DELIVERED, DeliveredDocument, Item, PAUSE, PauseDocument, RESUME, ResumeDocument, area,
    change_key, item, key, number, pause_key, resume_key, text,
};
use super::{LIFT_CALL, Ledger, LedgerError, PUT};
use crate::error::CallError;

/// The largest document of an item, in bytes. DynamoDB limits a whole item to 400 KB.
const MAX_DOCUMENT: usize = 350 * 1024;

impl Ledger {
    /// Records a change before it is made.
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
            // An attempt of this call was carried out, but its answer was lost.
            Some(PutItemError::ConditionalCheckFailedException(there)) if there.item() == Some(&item) => Ok(()),
            Some(PutItemError::ConditionalCheckFailedException(_)) => Err(LedgerError::Exists {
                item: format!("{} {}", record.scope, change_key(&record.id)),
                table: self.table.clone(),
            }),
            _ => {
                let aim = format!("record an intended change of {}", record.scope.resource);
                Err(LedgerError::call(aim, &self.table, CallError::new(PUT, error)))
            }
        }
    }

    /// Records the status of a change that was intended before.
    pub async fn conclude(&self, record: &ChangeRecord, expires: Timestamp) -> Result<(), LedgerError> {
        let item = self.change(record, expires)?;
        let aim = format!("record the status of change {}", record.id);
        self.put(&aim, item).await.map(drop)
    }

    /// Records the reported findings of a control, in place of those recorded before.
    pub async fn tell(
        &self,
        scope: &Scope,
        control: &str,
        delivered: &[DeliveredFinding],
        expires: Timestamp,
    ) -> Result<(), LedgerError> {
        let aim = format!("record the reported findings of {}", scope.resource);
        let sort = |part: usize| match part {
            0 => format!("told/{control}"),
            part => format!("told/{control}/{part}"),
        };
        let mut items = Vec::new();
        let unwritable = |error| self.unwritable(scope, &sort(0), error);
        for (part, list) in parts(delivered).map_err(unwritable)?.into_iter().enumerate() {
            items.push(item(scope, sort(part), &DELIVERED, &list, expires).map_err(unwritable)?);
        }
        let count = items.len();
        // The first item has the number of parts, so it is written last.
        for mut item in items.into_iter().rev() {
            item.insert("parts".to_owned(), number(count));
            self.put(&aim, item).await?;
        }
        Ok(())
    }

    /// Pauses the remediation of a finding that was rolled back, until the pause expires.
    pub async fn pause(&self, scope: &Scope, pause: &Pause) -> Result<(), LedgerError> {
        let unwritable = |error| self.unwritable(scope, "hold", error);
        let sort = pause_key(&pause.key).map_err(unwritable)?;
        let item = item(scope, sort, &PAUSE, &PauseDocument::from(pause), pause.expires).map_err(unwritable)?;
        self.put(
            &format!("pause the remediation of a finding of {}", scope.resource),
            item,
        )
        .await
        .map(drop)
    }

    /// Ends a pause. Requires `LIFT_CALL`.
    pub async fn lift(&self, scope: &Scope, key: &FindingKey) -> Result<(), LedgerError> {
        let sort = pause_key(key).map_err(|error| self.unwritable(scope, "hold", error))?;
        let request = self.client.delete_item().table_name(&self.table);
        match request.set_key(Some(self::key(scope, sort))).send().await {
            Ok(_) => Ok(()),
            Err(error) => {
                let aim = format!("end the pause of a finding of {}", scope.resource);
                Err(LedgerError::call(aim, &self.table, CallError::new(LIFT_CALL, error)))
            }
        }
    }

    /// Lets repairs of a finding before the time no longer count as parts of a remediation conflict.
    pub async fn resume(
        &self,
        scope: &Scope,
        key: &FindingKey,
        time: Timestamp,
        expires: Timestamp,
    ) -> Result<(), LedgerError> {
        let unwritable = |error| self.unwritable(scope, "resume", error);
        let sort = resume_key(key).map_err(unwritable)?;
        let resume = ResumeDocument {
            finding: key.clone(),
            time,
        };
        let item = item(scope, sort, &RESUME, &resume, expires).map_err(unwritable)?;
        self.put(
            &format!("resume the remediation of a finding of {}", scope.resource),
            item,
        )
        .await
        .map(drop)
    }

    fn change(&self, record: &ChangeRecord, expires: Timestamp) -> Result<Item, LedgerError> {
        let scope = &record.scope;
        let sort = change_key(&record.id);
        let unwritable = |error| self.unwritable(scope, &sort, error);
        let mut item =
            item(scope, sort.clone(), &CHANGE, &ChangeDocument::from(record), expires).map_err(unwritable)?;
        item.insert("place".to_owned(), text(area(&scope.account, &scope.region)));
        Ok(item)
    }

    pub(super) fn unwritable(&self, scope: &Scope, sort: &str, error: serde_json::Error) -> LedgerError {
        LedgerError::Unwritable {
            item: format!("{scope} {sort}"),
            table: self.table.clone(),
            source: Arc::new(error),
        }
    }

    pub(super) async fn put(&self, aim: &str, item: Item) -> Result<PutItemOutput, LedgerError> {
        let request = self.client.put_item().table_name(&self.table);
        let answer = request.set_item(Some(item)).send().await;
        answer.map_err(|error| LedgerError::call(aim, &self.table, CallError::new(PUT, error)))
    }
}

/// The reported findings in parts that fit into an item each. At least one part.
fn parts(delivered: &[DeliveredFinding]) -> Result<Vec<Vec<DeliveredDocument>>, serde_json::Error> {
    let mut parts = Vec::new();
    let (mut part, mut bytes) = (Vec::new(), 0);
    for delivered in delivered.iter().map(DeliveredDocument::from) {
        let more = serde_json::to_string(&delivered)?.len();
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
