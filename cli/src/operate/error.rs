//! Why a command that calls AWS failed.

use std::io;
use std::path::PathBuf;

use jiff::Timestamp;
use postern_aws::CallError;
use postern_aws::ledger::LedgerError;
use postern_aws::observe::ObserveError;
use postern_core::model::id::{AccountId, Region};
use postern_core::model::part::Gap;
use postern_core::model::scope::ScopedResource;
use postern_engine::ReconcileError;

use crate::access::AccessError;
use crate::input::InputError;
use crate::settings::TrustError;

#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    #[error(
        "no ledger: name its table with `--table` or POSTERN_LEDGER_TABLE; the output LedgerTable of the stack has the name: \
         aws cloudformation describe-stacks --stack-name postern --query \"Stacks[0].Outputs[?OutputKey=='LedgerTable'].OutputValue\" \
         --output text"
    )]
    NoTable,
    #[error(transparent)]
    Access(#[from] AccessError),
    #[error(
        "the credentials are of account {1}; name with `--role` the role to assume in account {0}, or get credentials of it"
    )]
    NoRole(AccountId, AccountId),
    #[error("could not assume role {0}; its trust policy must admit your credentials")]
    Role(String, #[source] CallError),
    #[error("could not list the Regions of the account; name them with `--region`")]
    Regions(#[source] CallError),
    #[error("Region `{0}` is not enabled for account {1}; enable it, or leave it out")]
    RegionNotEnabled(Region, AccountId),
    #[error("there is no Region `{0}`")]
    UnknownRegion(Region),
    #[error(
        "the name of `{}` decides no format; end it with .txt, .json, .csv, .html, .ocsf.jsonl or .asff.jsonl, or name a \
         format with `--format`",
        .0.display()
    )]
    UnknownFormat(PathBuf),
    #[error("`{}` exists already; name another file, or overwrite this one with `--force`", .0.display())]
    FileExists(PathBuf),
    #[error("`{}` cannot be written", .path.display())]
    File {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error(
        "`{0}` has no finding about `{1}`: no such resource was found in the Regions that were read, or the control does not apply to it"
    )]
    NothingToExplain(String, String),
    #[error("interrupted")]
    Interrupted,
    #[error("interrupted; the next run determines whether the change that was sent to AWS took effect")]
    InterruptedChange,
    #[error(transparent)]
    Input(InputError),
    #[error("`{}` is not a plan of `postern plan --out`", .path.display())]
    NoPlan {
        path: PathBuf,
        #[source]
        source: serde_json::Error,
    },
    #[error("the plan is of account `{0}`, and the credentials are of account {1}")]
    OtherAccount(String, AccountId),
    #[error("the plan is of Region `{0}`, and `--region` names `{1}`; leave `--region` out")]
    OtherRegion(String, String),
    #[error(
        "the perimeter of the settings is empty, and `{0}` would write policies that lock everybody out; name whom you \
         trust under [perimeter]"
    )]
    EmptyPerimeter(&'static str),
    #[error(
        "standard input is not a terminal, so the changes cannot be confirmed; to apply them without a question, add `--yes`"
    )]
    NoConsent,
    #[error(transparent)]
    Settings(#[from] TrustError),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error(transparent)]
    Observe(#[from] ObserveError),
    #[error("`{0}` is not in the ledger of {1} in {2}; `postern history` lists the changes and runs on record")]
    NotOnRecord(String, AccountId, Region),
    #[error(
        "there is no change since {0:.0} in the ledger of {1} in {2}; `postern history` lists the changes on record"
    )]
    NothingSince(Timestamp, AccountId, Region),
    #[error("no stack runs Postern in account {0}, Region {1}; name the queue of its sweeper with `--queue`")]
    NoStack(AccountId, Region),
    #[error("the stack of this account and Region could not be read; name the queue of its sweeper with `--queue`")]
    Stack(#[source] CallError),
    #[error("the price of interface endpoints in {0} could not be looked up")]
    Price(Region, #[source] CallError),
    #[error(
        "`{0}` is not changed: its prices are not in sections `[prices]` and `[prices.regions]` of their own, or it is \
         refused; run `postern settings check {0}`, or add the prices yourself"
    )]
    SettingsLayout(String),
    #[error("the sweep could not be requested")]
    Sweep(#[source] CallError),
    #[error("{0}; try again in a minute")]
    LeaseBusy(Box<ReconcileError>),
    #[error("{0}; see `postern history`, then run the command again")]
    LeaseLost(Box<ReconcileError>),
    #[error("{0}; run the command again after {1:.0}")]
    TooEarly(Box<ReconcileError>, Timestamp),
    #[error(
        "EC2 limits the rate of calls, and the time of this command ended before its turn in {0}; `postern history` lists \
         what was done; run the command again"
    )]
    NoTimeLeft(ScopedResource),
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
    #[error("the result cannot be written")]
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
            ReconcileError::NoTimeLeft(resource) => Self::NoTimeLeft(resource),
            ReconcileError::RecentlyChanged { retry_at, .. } => Self::TooEarly(Box::new(error), retry_at),
            error => Self::Reconcile(Box::new(error)),
        }
    }
}
