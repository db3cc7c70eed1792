//! Why the ledger could not be kept, and what to do about it.

use std::error::Error;
use std::sync::Arc;

use crate::error::CallError;

#[derive(Clone, Debug, thiserror::Error)]
pub enum LedgerError {
    #[error("cannot {aim} in the ledger `{table}`; {advice}")]
    Call {
        /// Such as `read the past of vpc-1`.
        aim: String,
        table: String,
        /// What somebody has to do, or that nobody has to.
        advice: String,
        #[source]
        source: Box<CallError>,
    },
    #[error(
        "cannot understand the item `{item}` of the ledger `{table}`; if a newer version of Postern wrote it, use that \
         version"
    )]
    Unreadable {
        item: String,
        table: String,
        #[source]
        source: Arc<dyn Error + Send + Sync>,
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
            format!("let whoever runs this call {} on the table", source.call)
        } else if source.transient() {
            "it is tried again".to_owned()
        } else if source.is(&["ValidationException"]) {
            "the table must have the keys and the index of the one in infra/postern.yaml".to_owned()
        } else {
            "look into what AWS says".to_owned()
        };
        Self::Call {
            aim: aim.into(),
            table: table.to_owned(),
            advice,
            source: Box::new(source),
        }
    }

    /// Whether the same may succeed later.
    pub fn transient(&self) -> bool {
        matches!(self, Self::Call { source, .. } if source.transient())
    }
}
