//! One VPC: observe, evaluate, plan, apply, verify, report.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use postern_aws::ledger::Ledger;
use postern_aws::{Aws, chain};
use postern_core::changes::ChangeOutcome;
use postern_core::evaluation::Finding;
use postern_core::functions::Function;
use postern_core::history::ChangeHistory;
use postern_core::model::id::RunId;
use postern_core::model::scope::Scope;
use postern_core::model::snapshot::{Part, Snapshot};
use postern_core::plan::{Plan, Spent, plan};
use tracing::info;

use crate::configuration::Configuration;
use crate::places::Source;
use crate::repair::{Lease, not_applied};
use crate::telemetry::Metrics;
use crate::tell::Done;

/// For how long at least a change is looked at of which it is not known what became, or that nobody was told of: longer
/// than a message can wait in a dead-letter queue.
const OPEN: Duration = Duration::from_secs(15 * 86_400);

/// What the VPCs of one invocation share.
pub(crate) struct Run<'a> {
    pub(crate) id: RunId,
    pub(crate) function: &'static Function,
    pub(crate) parts: &'a BTreeSet<Part>,
    pub(crate) configuration: &'a Configuration,
    pub(crate) aws: &'a Aws,
    pub(crate) ledger: &'a Ledger,
    pub(crate) spent: Spent,
    /// When the invocation ends.
    pub(crate) deadline: Option<Timestamp>,
    /// From when no VPC is started on.
    pub(crate) last_start: Option<Timestamp>,
    /// Why the fate of a change could not be written down.
    pub(crate) unrecorded: Option<Cause>,
}

/// Why the messages that meant a VPC have to come back.
pub(crate) type Cause = String;

/// A VPC is not reconciled.
#[derive(Debug)]
pub(crate) struct ReconcileError {
    pub(crate) cause: Cause,
    /// From when on another look is worth it, where that is known.
    pub(crate) again: Option<Timestamp>,
}

impl From<Cause> for ReconcileError {
    fn from(cause: Cause) -> Self {
        Self { cause, again: None }
    }
}

/// A VPC as seen at one time, what is on record of it, and what follows from both.
pub(crate) struct Judged {
    pub(crate) time: Timestamp,
    pub(crate) snapshot: Snapshot,
    pub(crate) past: ChangeHistory,
    pub(crate) findings: Vec<Finding>,
    pub(crate) plan: Plan,
    /// Whether there is a ledger to write to.
    pub(crate) ledger: bool,
}

impl Run<'_> {
    /// Whether a VPC may still be started on at this time.
    pub(crate) fn has_time(&self, at: Timestamp) -> bool {
        self.last_start.is_none_or(|last| at < last)
    }

    /// Looks at a VPC and reconciles it.
    pub(crate) async fn reconcile_vpc(
        &mut self,
        scope: &Scope,
        source: &Source,
        metrics: &mut Metrics,
    ) -> Result<(), ReconcileError> {
        let (seen, past) = tokio::join!(self.look(scope), self.past(scope));
        match seen? {
            Some(snapshot) => self.reconcile(scope, snapshot, past, source, metrics).await,
            None => Ok(()),
        }
    }

    /// Reconciles a VPC that was observed with the rest of its Region.
    pub(crate) async fn reconcile_seen(
        &mut self,
        snapshot: Snapshot,
        source: &Source,
        metrics: &mut Metrics,
    ) -> Result<(), ReconcileError> {
        let scope = snapshot.scope();
        let past = self.past(&scope).await;
        self.reconcile(&scope, snapshot, past, source, metrics).await
    }

    async fn reconcile(
        &mut self,
        scope: &Scope,
        snapshot: Snapshot,
        past: Result<ChangeHistory, Cause>,
        source: &Source,
        metrics: &mut Metrics,
    ) -> Result<(), ReconcileError> {
        if snapshot.vpc.owner != snapshot.account {
            info!(vpc = %scope.resource, owner = %snapshot.vpc.owner, "the VPC belongs to another account and is left alone");
            return Ok(());
        }
        let past = match past {
            Ok(past) => past,
            Err(cause) => {
                let mut judged = self.judge(snapshot, ChangeHistory::default());
                let enforces = judged.plan.enforced().next().is_some();
                judged.plan.refused = Some(format!("nothing is changed without the ledger: {cause}"));
                judged.ledger = false;
                let done = nothing_done(&judged.plan);
                self.tell(scope, judged, done, source, metrics).await?;
                return if enforces { Err(cause.into()) } else { Ok(()) };
            }
        };
        let judged = self.judge(snapshot, past);
        let applies = judged.plan.refused.is_none() && judged.plan.enforced().next().is_some();
        if !applies && !self.unfinished(&judged.past) {
            let done = nothing_done(&judged.plan);
            return Ok(self.tell(scope, judged, done, source, metrics).await?);
        }
        // What nobody can be told of is not done.
        let answers = self.aws.check_topic(&self.configuration.topic).await;
        answers.map_err(|error| format!("nothing is changed while alerts cannot be sent: {}", chain(&error)))?;
        let lease = self.acquire(scope).await?;
        let repaired = self.repair(scope, judged, &lease, source, metrics).await;
        self.release(lease).await;
        repaired
    }

    async fn repair(
        &mut self,
        scope: &Scope,
        mut judged: Judged,
        lease: &Lease,
        source: &Source,
        metrics: &mut Metrics,
    ) -> Result<(), ReconcileError> {
        if lease.waited || lease.version != judged.past.version + 1 {
            // Another run may have changed the VPC since it was looked at.
            let past = self.past(scope).await?;
            let Some(snapshot) = self.look(scope).await? else {
                return Ok(());
            };
            judged = self.judge(snapshot, past);
        }
        if self.settle(&mut judged).await? {
            judged = self.judge(judged.snapshot, judged.past);
        }
        if let Some(setback) = self.just_made(&judged) {
            return Err(setback);
        }
        let open = judged
            .past
            .records
            .iter()
            .find(|record| self.concerns(record) && !record.status.settled());
        let open = open.map(|record| format!("it is not known yet what became of {}", record.id));
        let reserved = self.reserve(lease, &mut judged.plan).await?;
        let done = self.apply(&judged, lease, &source.triggering_events).await?;
        self.give_back(lease, &reserved, &judged.plan, &done.outcomes).await;
        let again = done.outcomes.iter().find_map(|outcome| match outcome {
            ChangeOutcome::Failed { cause, transient: true } => Some(cause.clone()),
            _ => None,
        });
        self.tell(scope, judged, done, source, metrics).await?;
        again
            .or(open)
            .or(self.unrecorded.take())
            .map_or(Ok(()), |cause| Err(cause.into()))
    }

    async fn look(&self, scope: &Scope) -> Result<Option<Snapshot>, Cause> {
        let session = self.aws.account(&scope.account).await;
        let session = session.map_err(|error| chain(&error))?;
        let seen = session.observe(&scope.region, &scope.resource, self.parts).await;
        let seen = seen.map_err(|error| chain(&error))?;
        if seen.is_none() {
            info!(vpc = %scope.resource, "the VPC is gone, nothing is left to look at");
        }
        Ok(seen)
    }

    async fn past(&self, scope: &Scope) -> Result<ChangeHistory, Cause> {
        let window = Duration::from_secs(u64::from(self.configuration.settings.limits.window_hours) * 3_600);
        let since = self.aws.now() - window.max(OPEN);
        let past = self.ledger.past(scope, Some(since)).await;
        past.map_err(|error| chain(&error))
    }

    fn judge(&self, snapshot: Snapshot, past: ChangeHistory) -> Judged {
        let time = self.aws.now();
        let settings = &self.configuration.settings;
        let (findings, plan) = plan(self.function.controls, &snapshot, settings, &past, self.spent, time);
        Judged {
            time,
            snapshot,
            past,
            findings,
            plan,
            ledger: true,
        }
    }
}

fn nothing_done(plan: &Plan) -> Done {
    let refused = plan.refused.as_deref();
    Done {
        outcomes: plan
            .changes
            .iter()
            .map(|planned| not_applied(planned, refused))
            .collect(),
        ..Done::default()
    }
}
