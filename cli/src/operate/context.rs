//! The account, the Region and the ledger that a command works with.

use std::env;

use postern_aws::ledger::Ledger;
use postern_aws::{Aws, Session};
use postern_core::controls::CONTROLS;
use postern_core::model::id::{AccountId, Region, RunId, VpcId};
use postern_core::model::scope::Scope;
use postern_core::model::snapshot::{Part, Snapshot};
use postern_core::model::token::client_token;
use postern_core::settings::Settings;
use postern_engine::RunContext;

use super::{CommandError, TableArguments};

const TABLE: &str = "POSTERN_LEDGER_TABLE";

/// As the ledger names this program.
const ACTOR: &str = "postern";

/// What an operator's credentials and environment give.
#[derive(Debug)]
pub struct OperatorContext {
    pub(super) aws: Aws,
    pub(super) session: Session,
    pub(super) ledger: Ledger,
    pub(super) account: AccountId,
    pub(super) region: Region,
}

impl OperatorContext {
    /// The account of the credentials and the Region of these clients.
    ///
    /// # Errors
    /// If no Region is set, or AWS does not answer to whom the credentials belong.
    pub async fn new(aws: Aws, table: &str) -> Result<Self, CommandError> {
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

    /// Observes everything of a scope. None where its resource does not exist.
    pub(super) async fn observe(&self, scope: &Scope) -> Result<Option<Snapshot>, CommandError> {
        let parts = Part::ALL.into_iter().collect();
        Ok(self.session.observe(&scope.region, &scope.resource, &parts).await?)
    }

    /// The run of one command, with an id of its own.
    pub(super) fn run<'a>(&'a self, settings: &'a Settings) -> RunContext<'a> {
        let now = self.aws.now().as_nanosecond().to_string();
        let token = client_token([now.as_str(), &std::process::id().to_string()]);
        RunContext {
            run: RunId::from(format!("{ACTOR}-{token:.16}")),
            actor: ACTOR,
            controls: CONTROLS,
            settings,
            aws: &self.aws,
            ledger: &self.ledger,
        }
    }
}

/// The name of the table that the arguments or else the environment give.
pub(super) fn table(arguments: &TableArguments) -> Result<String, CommandError> {
    let named = arguments.table.clone().or_else(|| env::var(TABLE).ok());
    named.filter(|table| !table.is_empty()).ok_or(CommandError::NoTable)
}
