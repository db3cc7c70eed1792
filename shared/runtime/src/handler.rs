//! One invocation: from a batch of messages to reconciled VPCs.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use lambda_runtime::Diagnostic;
use postern_aws::{Aws, chain};
use postern_core::functions::Function;
use postern_core::model::id::{AccountId, Region, RunId};
use postern_core::model::scope::Scope;
use postern_core::model::snapshot::{Part, Snapshot};
use postern_core::plan::Spent;
use serde_json::Value;
use tracing::{Instrument, error, info, info_span, warn};

use crate::batch::Batch;
use crate::configuration::{Configuration, ConfigurationError};
use crate::places::{Failures, Place, Source, places};
use crate::reconcile::{ReconcileError, Run};
use crate::telemetry::Metrics;

/// No VPC is started on when less than this is left of the invocation.
const LAST_START: Duration = Duration::from_secs(20);

/// What a function keeps while it is warm.
pub struct Handler {
    function: &'static Function,
    /// What its controls need to see.
    parts: BTreeSet<Part>,
    configuration: Result<Configuration, ConfigurationError>,
    aws: Aws,
}

impl Handler {
    pub fn new(
        function: &'static Function,
        configuration: Result<Configuration, ConfigurationError>,
        aws: Aws,
    ) -> Self {
        let own_account = configuration.as_ref().ok().and_then(Configuration::own_account);
        let aws = match own_account {
            Some(account) => aws.with_own_account(account),
            None => aws,
        };
        Self {
            function,
            parts: function
                .controls
                .iter()
                .flat_map(|control| control.needs)
                .copied()
                .collect(),
            configuration,
            aws,
        }
    }

    /// Handles one invocation: an SQS batch of events, or one event. Gives what Lambda is to be told.
    ///
    /// `deadline` is when the invocation ends, if that is known.
    pub async fn handle(
        &self,
        payload: Value,
        run: RunId,
        deadline: Option<Timestamp>,
    ) -> (Result<Value, Diagnostic>, Metrics) {
        let mut metrics = Metrics::start(self.function.name, self.aws.calls());
        let span = info_span!("run", run = %run, function = self.function.name);
        // Boxed: the futures of the SDK's clients nest deeper than the compiler likes to look.
        let answer = Box::pin(self.invoke(payload, run, deadline, &mut metrics))
            .instrument(span)
            .await;
        (answer, metrics)
    }

    async fn invoke(
        &self,
        payload: Value,
        id: RunId,
        deadline: Option<Timestamp>,
        metrics: &mut Metrics,
    ) -> Result<Value, Diagnostic> {
        let configuration = self.configuration.as_ref().map_err(|error| {
            error!(%error, "nothing is done");
            Diagnostic::from(error)
        })?;
        let batch = Batch::read(payload, &configuration.own_roles);
        let ledger = self.aws.ledger(&configuration.ledger);
        let run = Run {
            id,
            function: self.function,
            parts: &self.parts,
            configuration,
            aws: &self.aws,
            ledger: &ledger,
            spent: Spent::default(),
            deadline,
            last_start: deadline.map(|end| end - LAST_START),
            unrecorded: None,
        };
        let failures = work(run, &batch, metrics).await;
        metrics.finish(failures.messages.len(), &self.aws.calls());
        batch.response(&failures.messages).ok_or_else(|| Diagnostic {
            error_type: "Postern.Incomplete".to_owned(),
            error_message: failures.causes.join("; "),
        })
    }
}

async fn work(mut run: Run<'_>, batch: &Batch, metrics: &mut Metrics) -> Failures {
    let mut failures = Failures::default();
    let mut early = Vec::new();
    for ((account, region), scope) in places(run.aws, batch, &mut failures).await {
        for (look, source) in looks(&run, &account, &region, scope, &mut failures).await {
            let scope = look.scope();
            let result = match (run.has_time(run.aws.now()), look) {
                (false, _) => Err("the invocation's time is used up".to_owned().into()),
                (true, Look::Seen(snapshot)) => run.reconcile_seen(*snapshot, &source, metrics).await,
                (true, Look::At(scope)) => run.reconcile_vpc(&scope, &source, metrics).await,
            };
            match result {
                Err(ReconcileError { again: Some(at), .. }) if run.has_time(at) => early.push((at, scope, source)),
                result => failures.note(source, result),
            }
        }
    }
    // Messages that go back are away for many minutes: what can be waited for is, after everything else is done.
    for (at, scope, source) in early {
        let wait = at.duration_since(run.aws.now());
        info!(vpc = %scope.resource, seconds = wait.as_secs(), "waits until AWS shows what was just changed");
        tokio::time::sleep(wait.try_into().unwrap_or_default()).await;
        let result = match run.has_time(run.aws.now()) {
            true => run.reconcile_vpc(&scope, &source, metrics).await,
            false => Err("the invocation's time is used up".to_owned().into()),
        };
        failures.note(source, result);
    }
    failures
}

/// A VPC to reconcile: still to be observed, or seen with the rest of its Region.
enum Look {
    At(Scope),
    Seen(Box<Snapshot>),
}

impl Look {
    fn scope(&self) -> Scope {
        match self {
            Self::At(scope) => scope.clone(),
            Self::Seen(snapshot) => snapshot.scope(),
        }
    }
}

async fn looks(
    run: &Run<'_>,
    account: &AccountId,
    region: &Region,
    mut scope: Place,
    failures: &mut Failures,
) -> Vec<(Look, Source)> {
    let mut looks = Vec::new();
    if let Some(everywhere) = scope.everywhere {
        let observed = match run.aws.account(account).await {
            Ok(session) => session
                .observe_region(region, run.parts)
                .await
                .map_err(|error| chain(&error)),
            Err(error) => Err(chain(&error)),
        };
        match observed {
            Ok(snapshots) => {
                info!(region = %region, vpcs = snapshots.len(), "the whole Region is looked at");
                for snapshot in snapshots {
                    let mut source = everywhere.clone();
                    if let Some(named) = scope.vpcs.remove(&snapshot.vpc.id) {
                        source.merge(&named);
                    }
                    looks.push((Look::Seen(Box::new(snapshot)), source));
                }
            }
            Err(cause) => {
                warn!(%cause, "the Region cannot be looked at, the messages go back");
                failures.add(everywhere.messages, cause);
            }
        }
    }
    looks.extend(
        scope
            .vpcs
            .into_iter()
            .map(|(vpc, source)| (Look::At(Scope::vpc(account, region, &vpc)), source)),
    );
    looks
}
