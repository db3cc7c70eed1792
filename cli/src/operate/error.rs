//! Why a command that calls AWS failed.

use std::io;

use postern_aws::CallError;
use postern_aws::ledger::LedgerError;
use postern_aws::observe::ObserveError;
use postern_core::model::id::{AccountId, Region};
use postern_core::model::snapshot::Gap;
use postern_engine::ReconcileError;

use crate::settings::TrustError;

#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    #[error(
        "no ledger: name its table with `--table` or POSTERN_LEDGER_TABLE; the output LedgerTable of the stack has the name: \
         aws cloudformation describe-stacks --stack-name postern --query \"Stacks[0].Outputs[?OutputKey=='LedgerTable'].OutputValue\" \
         --output text"
    )]
    NoTable,
    #[error("no AWS Region: set AWS_REGION, or a region in the profile")]
    NoRegion,
    #[error("no AWS account: set credentials as for the AWS CLI")]
    NoAccount(#[source] CallError),
    #[error(transparent)]
    Settings(#[from] TrustError),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error(transparent)]
    Observe(#[from] ObserveError),
    #[error("`{0}` is not in the ledger of {1} in {2}; `postern history` lists the changes and runs on record")]
    NotOnRecord(String, AccountId, Region),
    #[error("{0}; try again in a minute")]
    LeaseBusy(Box<ReconcileError>),
    #[error("{0}; see `postern history`, then run the command again")]
    LeaseLost(Box<ReconcileError>),
    #[error(transparent)]
    Reconcile(Box<ReconcileError>),
    #[error("incomplete data: {0}")]
    Gap(Gap),
    #[error(
        "not all dead-letter messages of `{queue}` could be read and moved; those that were moved are listed above"
    )]
    Redrive {
        queue: String,
        #[source]
        source: CallError,
    },
    #[error("the result cannot be written: {0}")]
    Output(#[from] io::Error),
}

impl From<ReconcileError> for CommandError {
    fn from(error: ReconcileError) -> Self {
        match error {
            ReconcileError::LeaseBusy(_) => Self::LeaseBusy(Box::new(error)),
            ReconcileError::LeaseLost(_) => Self::LeaseLost(Box::new(error)),
            ReconcileError::Ledger(error) => Self::Ledger(error),
            ReconcileError::Observation(error) => Self::Observe(error),
            ReconcileError::Gap(gap) => Self::Gap(gap),
            error => Self::Reconcile(Box::new(error)),
        }
    }
}
