//! Errors of the ledger, with advice.

use std::error::Error;
use std::sync::Arc;

use crate::error::CallError;

#[derive(Clone, Debug, thiserror::Error)]
pub enum LedgerError {
    #[error("could not {aim} in the ledger `{table}`; {advice}")]
    Call {
        /// Such as `read the history of vpc-1`.
        aim: String,
        table: String,
        /// What a person has to do, if anything.
        advice: String,
        #[source]
        source: Box<CallError>,
    },
    #[error(
        "could not read the item `{item}` of the ledger `{table}`; if a newer version of Postern wrote it, use that \
         version"
    )]
    Unreadable {
        item: String,
        table: String,
        #[source]
        source: Arc<dyn Error + Send + Sync>,
    },
    #[error("could not serialize the item `{item}` of the ledger `{table}`")]
    Unwritable {
        item: String,
        table: String,
        #[source]
        source: Arc<serde_json::Error>,
    },
    #[error("the ledger `{table}` has another `{item}` already")]
    Exists { item: String, table: String },
}

impl LedgerError {
    pub(super) fn call(aim: impl Into<String>, table: &str, source: CallError) -> Self {
        let advice = if source.is(&["ResourceNotFoundException"]) {
            "there is no such table or index: set POSTERN_LEDGER_TABLE to the name that the stack gave its table, in the \
             Region of the stack"
                .to_owned()
        } else if source.denied() {
            format!("allow the caller {} on the table", source.call)
        } else if source.transient() {
            "DynamoDB cannot answer now, and another attempt may succeed".to_owned()
        } else if source.is(&["ValidationException"]) {
            "give the table the keys and the index that infra/postern.yaml has".to_owned()
        } else {
            "correct what the error names".to_owned()
        };
        Self::Call {
            aim: aim.into(),
            table: table.to_owned(),
            advice,
            source: Box::new(source),
        }
    }

    /// Whether another attempt may succeed.
    pub fn transient(&self) -> bool {
        matches!(self, Self::Call { source, .. } if source.transient())
    }
}
