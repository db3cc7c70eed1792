//! The account and Region that a command is about.

use std::env;

use postern_aws::ledger::Ledger;
use postern_aws::{Aws, Session};
use postern_core::model::id::{AccountId, Region, VpcId};
use postern_core::model::scope::Scope;

use super::{CommandError, TableArguments};

const TABLE: &str = "POSTERN_LEDGER_TABLE";

/// An account and Region with its ledger.
#[derive(Debug)]
pub struct Area {
    pub(super) aws: Aws,
    pub(super) session: Session,
    pub(super) ledger: Ledger,
    pub(super) account: AccountId,
    pub(super) region: Region,
}

impl Area {
    /// Of the credentials and the Region of these clients.
    ///
    /// # Errors
    /// If there is no Region, or AWS does not say whose the credentials are.
    pub async fn of(aws: Aws, table: &str) -> Result<Self, CommandError> {
        let region = aws.region().ok_or(CommandError::NoRegion)?;
        let session = aws.own_session().await.map_err(CommandError::NoAccount)?;
        Ok(Self {
            ledger: aws.ledger(table),
            account: session.account().clone(),
            aws,
            session,
            region,
        })
    }

    pub(super) fn scope(&self, vpc: &VpcId) -> Scope {
        Scope::vpc(&self.account, &self.region, vpc)
    }
}

/// The name of the table that the arguments or else the environment give.
pub(super) fn table(arguments: &TableArguments) -> Result<String, CommandError> {
    let named = arguments.table.clone().or_else(|| env::var(TABLE).ok());
    named.filter(|table| !table.is_empty()).ok_or(CommandError::NoTable)
}
