//! The account, the Region and the ledger that a command works with.

use std::collections::BTreeSet;
use std::env;

use postern_aws::ledger::Ledger;
use postern_aws::{Aws, Session};
use postern_core::controls::CONTROLS;
use postern_core::evaluation::PolicyCache;
use postern_core::model::id::{AccountId, Region, RunId, VpcId};
use postern_core::model::part::Part;
use postern_core::model::scope::{Scope, ScopedResource};
use postern_core::model::scope_snapshot::Snapshot;
use postern_core::model::token::client_token;
use postern_core::settings::Settings;
use postern_core::trigger::{Actor, TriggeringEvent};
use postern_engine::RunContext;

use crate::access::AccessError;
use crate::output::note;

use super::{CommandError, TableArguments};

const TABLE: &str = "POSTERN_LEDGER_TABLE";

/// As the ledger names this program.
const ACTOR: &str = "postern";

/// What an operator's credentials and environment give.
#[derive(Debug)]
pub struct OperatorContext {
    pub(crate) aws: Aws,
    pub(crate) session: Session,
    pub(super) ledger: Ledger,
    policies: PolicyCache,
    pub(crate) account: AccountId,
    /// The ARN of the credentials.
    caller: String,
    region: Region,
    repeated: String,
}

impl OperatorContext {
    /// The account of the credentials and the Region of these clients.
    ///
    /// # Errors
    /// If no Region is set, or AWS does not answer to whom the credentials belong.
    pub async fn new(aws: Aws, table: &str) -> Result<Self, CommandError> {
        let region = aws.region().ok_or(AccessError::NoRegion)?;
        let caller = aws.caller().await.map_err(AccessError::from)?;
        let aws = aws.with_own_account(caller.account);
        let session = aws.own_session().await.map_err(AccessError::from)?;
        Ok(Self {
            caller: caller.arn,
            ledger: aws.ledger(table),
            policies: PolicyCache::default(),
            account: session.account().clone(),
            aws,
            session,
            region,
            repeated: String::new(),
        })
    }

    /// With the flags that another command needs to work on the same Region and ledger.
    pub(crate) fn repeating(self, flags: &[String]) -> Self {
        Self {
            repeated: flags.iter().map(|flag| format!(" {flag}")).collect(),
            ..self
        }
    }

    /// For commands of the AWS CLI: the Region, where a flag named it.
    pub(crate) fn region_flag(&self) -> String {
        match self.repeated.contains(" --region ") {
            true => format!(" --region {}", self.region),
            false => String::new(),
        }
    }

    /// Those flags, each with a space before it.
    pub(crate) fn repeated(&self) -> &str {
        &self.repeated
    }

    /// Of the changes, their lease and their ledger alike.
    pub(crate) fn region(&self) -> &Region {
        &self.region
    }

    pub(crate) fn scope(&self, resource: ScopedResource) -> Scope {
        Scope::of(&self.account, &self.region, resource)
    }

    /// The VPCs of the Region that the account itself owns.
    pub(crate) async fn own_vpcs(&self) -> Result<Vec<VpcId>, CommandError> {
        let (nothing, settings) = (BTreeSet::<Part>::new(), Settings::default());
        let snapshots = self.session.observe_vpcs(&self.region, &nothing, &settings).await?;
        let own = snapshots
            .into_iter()
            .filter(|snapshot| snapshot.vpc.owner == snapshot.account);
        Ok(own.map(|snapshot| snapshot.vpc.id).collect())
    }

    /// Observes everything of a scope. None where its resource does not exist.
    pub(super) async fn observe(&self, scope: &Scope) -> Result<Option<Snapshot>, CommandError> {
        // Without settings there is nothing to decide.
        let parts = Part::all().into_iter().filter(|part| !part.dispensable()).collect();
        let settings = Settings::default();
        let observed = self.session.observe(&scope.region, &scope.resource, &parts, &settings);
        Ok(observed.await?)
    }

    /// The run of one command such as `apply`, with an id of its own. Its changes are recorded with the caller.
    pub(crate) fn run<'a>(&'a self, command: &str, settings: &'a Settings) -> RunContext<'a> {
        let run = run_id(&self.aws);
        let by = TriggeringEvent {
            event: format!("{ACTOR} {command}"),
            event_id: run.to_string(),
            time: Some(self.aws.now()),
            actor: Some(Actor {
                identity: self.caller.clone(),
                identity_type: None,
                user_agent: None,
                source_address: None,
                invoked_by: None,
            }),
            failure: None,
        };
        RunContext {
            run,
            actor: ACTOR,
            command: Some(by),
            on_wait: Some(say_that_it_waits),
            controls: CONTROLS,
            settings,
            policies: &self.policies,
            aws: &self.aws,
            ledger: &self.ledger,
        }
    }
}

fn say_that_it_waits(scope: &Scope) {
    note(&format!(
        "waiting up to a minute for another run of Postern that holds the lease of {}",
        scope.resource
    ));
}

/// An id for the run of one command.
pub(crate) fn run_id(aws: &Aws) -> RunId {
    let now = aws.now().as_nanosecond().to_string();
    let token = client_token([now.as_str(), &std::process::id().to_string()]);
    RunId::from(format!("{ACTOR}-{token:.16}"))
}

/// The name of the table that the arguments or else the environment give.
pub(crate) fn table(arguments: &TableArguments) -> Result<String, CommandError> {
    let named = arguments.table.clone().or_else(|| env::var(TABLE).ok());
    named.filter(|table| !table.is_empty()).ok_or(CommandError::NoTable)
}
