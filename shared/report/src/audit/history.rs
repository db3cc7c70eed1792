//! What Postern changed in a scope before the audit.

use jiff::Timestamp;
use postern_core::history::{Action, ChangeRecord, ChangeStatus};
use postern_core::model::text::printable;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A change that is on record in the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RecordedChange {
    /// As for `postern rollback`.
    pub id: String,
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub time: Timestamp,
    /// Such as `add subnet-1 (eu-central-1a) to vpce-1`.
    pub change: String,
    /// The function that made it; `postern` for the command line.
    pub function: String,
    /// Such as `applied`.
    pub outcome: String,
    /// The id of the change that undid it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undone_by: Option<String>,
}

impl RecordedChange {
    pub fn of(record: &ChangeRecord) -> Self {
        Self {
            id: record.id.to_string(),
            time: record.time,
            change: printable(&described(record)),
            function: record.function.clone(),
            outcome: printable(&outcome(&record.status)),
            undone_by: record.undone_by.as_ref().map(ToString::to_string),
        }
    }
}

/// The change in words, such as `create security group … in vpc-1`.
pub fn described(record: &ChangeRecord) -> String {
    match (&record.action, &record.undoes) {
        (Action::Change(change), _) => change.to_string(),
        (Action::Undo(inverse), Some(undone)) => format!("{} (rolls back {undone})", inverse.text()),
        (Action::Undo(inverse), None) => inverse.text(),
    }
}

/// What became of the change.
pub fn outcome(status: &ChangeStatus) -> String {
    match status {
        ChangeStatus::Intended => {
            "not known yet: its run is in progress or was interrupted; the next run determines it".to_owned()
        }
        ChangeStatus::Uncertain { cause } => format!("not known yet; the next run determines it: {cause}"),
        ChangeStatus::Applied { created: Some(id) } => format!("applied: {id}"),
        ChangeStatus::Applied { created: None } => "applied".to_owned(),
        ChangeStatus::NotNeeded { reason } => format!("not needed: {reason}"),
        ChangeStatus::Skipped { reason } => format!("skipped: {reason}"),
        ChangeStatus::NotApplied { reason } => format!("not applied: {reason}"),
        ChangeStatus::Failed { cause } => format!("failed: {cause}"),
    }
}
