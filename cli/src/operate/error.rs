//! Why a command that calls AWS could not run.

use std::io;

use postern_aws::CallError;
use postern_aws::ledger::LedgerError;
use postern_aws::observe::ObserveError;
use postern_core::model::id::{AccountId, Region};
use postern_core::model::scope::ScopedResource;
use postern_core::model::snapshot::Gap;

use crate::settings::TrustError;

#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    #[error(
        "no ledger: name its table with --table or POSTERN_LEDGER_TABLE; the stack tells it: aws cloudformation \
         describe-stacks --stack-name postern --query \"Stacks[0].Outputs[?OutputKey=='LedgerTable'].OutputValue\" \
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
    #[error("`{0}` is not in the ledger of {1} in {2}; `postern history` lists what is")]
    Unknown(String, AccountId, Region),
    #[error("a function is at work on {0}; try again in a minute")]
    Busy(ScopedResource),
    #[error(
        "another run took over {0}, since this one was too slow; see `postern history`, then run the command again"
    )]
    Lost(ScopedResource),
    #[error("cannot be decided: {0}")]
    Gap(Gap),
    #[error("the dead letters of `{queue}` could not all be read and moved; any that were moved are named above")]
    Redrive {
        queue: String,
        #[source]
        source: CallError,
    },
    #[error("the result cannot be written: {0}")]
    Output(#[from] io::Error),
}
