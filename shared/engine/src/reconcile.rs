//! One scope: observe, evaluate, plan, apply, verify, report.

mod execute;

use std::collections::BTreeSet;
use std::time::Duration;

use postern_aws::chain;
use postern_core::history::ChangeHistory;
use postern_core::model::part::Part;
use postern_core::model::scope::Scope;
use postern_core::model::scope_snapshot::Snapshot;
use postern_core::plan::Restraints;
use postern_core::trigger::TriggeringEvent;
use tracing::{info, warn};

use crate::budget::Budget;
use crate::context::RunContext;
use crate::counts::Counts;
use crate::error::ReconcileError;
use crate::evaluation::Evaluation;
use crate::execution::Execution;
use crate::lease::LeaseTerms;
use crate::limits::{reserve, return_unused};
use crate::report::{Reporter, Request};
use crate::restraints::restrained;
use crate::session::Session;
use crate::settle::{outcome_unknown, recently_changed, settle, unfinished};
use crate::sinks::Destinations;

/// How long at least the ledger is searched for changes whose outcome is not known or that were not reported: longer than
/// a message can wait in a dead-letter queue.
pub(crate) const LONGEST_DELIVERY: Duration = Duration::from_secs(15 * 86_400);

/// Reconciles scopes, one after the other, within the budget of one run.
pub struct Reconciler<'a> {
    context: RunContext<'a>,
    /// What the controls of the run need to know.
    parts: BTreeSet<Part>,
    budget: Budget,
    counts: Counts,
    reporter: Reporter<'a>,
}

/// A scope to reconcile.
#[derive(Debug)]
pub enum WorkItem {
    Unobserved(Scope),
    /// Observed together with the rest of its Region. Its alert is delivered by [`Reconciler::finish`].
    Observed(Box<Snapshot>),
}

impl WorkItem {
    pub fn scope(&self) -> Scope {
        match self {
            Self::Unobserved(scope) => scope.clone(),
            Self::Observed(snapshot) => snapshot.scope(),
        }
    }
}

impl<'a> Reconciler<'a> {
    pub fn new(context: RunContext<'a>, destinations: &'a Destinations, budget: Budget) -> Self {
        let needs = context.controls.iter().flat_map(|control| control.needs);
        Self {
            parts: needs.copied().collect(),
            context,
            budget,
            counts: Counts::default(),
            reporter: Reporter::new(destinations),
        }
    }

    pub fn context(&self) -> &RunContext<'a> {
        &self.context
    }

    /// The parts of a snapshot that the controls of this run need.
    pub fn parts(&self) -> &BTreeSet<Part> {
        &self.parts
    }

    pub fn budget(&self) -> &Budget {
        &self.budget
    }

    /// What was found and done so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// How many findings of VPCs that were observed together no run before had reported.
    pub fn news(&self) -> usize {
        self.reporter.news()
    }

    /// Reconciles one scope because of these events.
    ///
    /// # Errors
    /// If it is to be reconciled again later. What was done until then is on record and reported where possible.
    pub async fn reconcile(&mut self, item: WorkItem, events: &[TriggeringEvent]) -> Result<(), ReconcileError> {
        let scope = item.scope();
        let request = Request {
            events,
            defer_alert: matches!(item, WorkItem::Observed(_)),
        };
        if !self.budget.allows_start(self.context.now()) {
            return Err(ReconcileError::NoTimeLeft(scope.resource));
        }
        let (snapshot, history) = match item {
            WorkItem::Observed(snapshot) => (Some(*snapshot), self.history(&scope).await),
            WorkItem::Unobserved(_) => {
                let (snapshot, history) = tokio::join!(self.observe(&scope), self.history(&scope));
                (snapshot?, history)
            }
        };
        let Some(snapshot) = snapshot else { return Ok(()) };
        if snapshot.owner() != snapshot.account() {
            info!(owner = %snapshot.owner(), "the {} is shared by another account and is not changed", scope.resource.noun());
            return Ok(());
        }
        match history {
            Ok(history) => self.with_ledger(&scope, snapshot, history, request).await,
            Err(error) => self.without_ledger(&scope, snapshot, error, request).await,
        }
    }

    /// Delivers the alerts of scopes that were observed together: many of one account and Region as one digest.
    ///
    /// # Errors
    /// If they could not be delivered. The ledger has them then.
    pub async fn finish(&mut self) -> Result<(), ReconcileError> {
        self.reporter.finish(&self.context).await
    }

    /// Changes nothing, and reports everything as new.
    async fn without_ledger(
        &mut self,
        scope: &Scope,
        snapshot: Snapshot,
        error: ReconcileError,
        request: Request<'_>,
    ) -> Result<(), ReconcileError> {
        let restraints = Restraints::after(self.budget.spent());
        let mut evaluation = Evaluation::of(&self.context, snapshot, ChangeHistory::default(), restraints);
        let enforces = evaluation.plan.enforced().next().is_some();
        evaluation.plan.refused = Some(format!(
            "no change is made while the ledger is unavailable: {}",
            chain(&error)
        ));
        let execution = Execution::none(&evaluation);
        self.report(scope, evaluation, &execution, request, false).await?;
        if enforces {
            return Err(error);
        }
        warn!(
            error = chain(&error),
            "reported without the ledger, so everything as new"
        );
        Ok(())
    }

    async fn with_ledger(
        &mut self,
        scope: &Scope,
        snapshot: Snapshot,
        history: ChangeHistory,
        request: Request<'_>,
    ) -> Result<(), ReconcileError> {
        let evaluation = self.evaluate(scope, snapshot, history).await?;
        if !evaluation.applies() && !unfinished(&self.context, &evaluation.history) {
            let execution = Execution::none(&evaluation);
            return self.report(scope, evaluation, &execution, request, true).await;
        }
        // No change is made unless an alert about it can be delivered.
        let heard = self.reporter.destinations().check(self.context.aws).await;
        heard.map_err(|source| ReconcileError::AlertsUnavailable {
            scope: scope.resource.clone(),
            source,
        })?;
        let context = self.context.clone();
        let mut session = Session::open(&context, scope, LeaseTerms::invocation(&self.budget)).await?;
        let repaired = self.repair(scope, evaluation, &mut session, request).await;
        if let Err(error) = session.close().await {
            warn!(error = chain(&error), "the lease was not given back and ends by itself");
        }
        repaired
    }

    async fn repair(
        &mut self,
        scope: &Scope,
        mut evaluation: Evaluation,
        session: &mut Session<'_>,
        request: Request<'_>,
    ) -> Result<(), ReconcileError> {
        let ChangeHistory { version, leased, .. } = evaluation.history;
        if session.lease.waited || leased || session.lease.version != version + 1 {
            // Another run may have changed the scope since it was observed.
            let history = self.history(scope).await?;
            let Some(snapshot) = self.observe(scope).await? else {
                return Ok(());
            };
            evaluation = self.evaluate(scope, snapshot, history).await?;
        }
        if settle(&self.context, &mut evaluation).await? {
            evaluation = self.evaluate(scope, evaluation.snapshot, evaluation.history).await?;
        }
        if let Some(error) = recently_changed(&evaluation) {
            return Err(error);
        }
        let unknown = outcome_unknown(&self.context, &evaluation.history);
        let canary = evaluation.canary.clone();
        let reserved = reserve(&self.context, &session.lease, &mut evaluation.plan, canary.as_ref()).await?;
        let mut execution = self.execute(&evaluation, session, request.events).await;
        let used = execution.asked();
        return_unused(&self.context, &session.lease, &reserved, &evaluation.plan, &used).await;
        let retry = execution.retry.take().or(unknown);
        self.report(scope, evaluation, &execution, request, true).await?;
        retry.map_or(Ok(()), Err)
    }

    /// Verifies what was done, and reports what is new.
    async fn report(
        &mut self,
        scope: &Scope,
        evaluation: Evaluation,
        execution: &Execution,
        request: Request<'_>,
        ledger: bool,
    ) -> Result<(), ReconcileError> {
        self.counts.add(&evaluation.findings, &execution.outcomes);
        let reporter = &mut self.reporter;
        reporter
            .report(&self.context, scope, evaluation, execution, request, ledger)
            .await
    }

    async fn observe(&self, scope: &Scope) -> Result<Option<Snapshot>, ReconcileError> {
        let snapshot = self.context.observe(scope, &self.parts).await?;
        if snapshot.is_none() {
            info!(
                "the {} does not exist any more, there is nothing to do",
                scope.resource.noun()
            );
        }
        Ok(snapshot)
    }

    async fn history(&self, scope: &Scope) -> Result<ChangeHistory, ReconcileError> {
        let window = Duration::from_secs(u64::from(self.context.settings.limits.window_hours) * 3_600);
        let since = self.context.now() - window.max(LONGEST_DELIVERY);
        Ok(self.context.ledger.past(scope, Some(since)).await?)
    }

    async fn evaluate(
        &self,
        scope: &Scope,
        snapshot: Snapshot,
        history: ChangeHistory,
    ) -> Result<Evaluation, ReconcileError> {
        let free = Restraints::after(self.budget.spent());
        let evaluation = Evaluation::of(&self.context, snapshot, history, free.clone());
        restrained(&self.context, scope, evaluation, free).await
    }
}

#[cfg(test)]
mod refused;
#[cfg(test)]
mod tests;
