//! One scope: observe, evaluate, plan, apply, verify, report.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use postern_aws::chain;
use postern_core::changes::ChangeOutcome;
use postern_core::history::{Action, ChangeHistory, ChangeRecord, ChangeStatus, Sink, UndeliveredMessage};
use postern_core::model::finding::{FindingKey, Severity, Verdict};
use postern_core::model::scope::Scope;
use postern_core::model::snapshot::{Part, Snapshot, name};
use postern_core::plan::{PlannedChange, notices};
use postern_core::settings::Mode;
use postern_core::trigger::TriggeringEvent;
use postern_report::{Delta, Message, Reconciliation};
use tracing::{info, warn};

use crate::budget::Budget;
use crate::context::RunContext;
use crate::counts::Counts;
use crate::error::ReconcileError;
use crate::evaluation::Evaluation;
use crate::lease::LeaseTerms;
use crate::limits::{reserve, return_unused};
use crate::notify::{Topics, Undelivered, deliver};
use crate::session::{Session, record_again};
use crate::settle::{outcome_unknown, recently_changed, settle, unfinished};
use crate::verify::verify;

/// How long at least the ledger is searched for changes whose outcome is not known or that were not reported: longer than
/// a message can wait in a dead-letter queue.
const LONGEST_DELIVERY: Duration = Duration::from_secs(15 * 86_400);

/// Reconciles scopes, one after the other, within the budget of one run.
pub struct Reconciler<'a> {
    context: RunContext<'a>,
    /// What the controls of the run need to know.
    parts: BTreeSet<Part>,
    topics: &'a Topics,
    budget: Budget,
    counts: Counts,
}

/// A scope to reconcile.
#[derive(Debug)]
pub enum WorkItem {
    Unobserved(Scope),
    /// Observed together with the rest of its Region.
    Observed(Box<Snapshot>),
}

/// What was done in a scope.
#[derive(Default)]
struct Execution {
    /// One for each change of the plan, in its order.
    outcomes: Vec<ChangeOutcome>,
    /// What the ledger has of them, by their position in the plan.
    records: BTreeMap<usize, ChangeRecord>,
    /// Why something has to be tried again.
    retry: Option<ReconcileError>,
}

impl Execution {
    /// The first error is the one that the reconciliation ends with.
    fn retry_because(&mut self, error: ReconcileError) {
        match &self.retry {
            None => self.retry = Some(error),
            Some(_) => warn!(error = chain(&error), "more than one change is to be tried again"),
        }
    }
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
    pub fn new(context: RunContext<'a>, topics: &'a Topics, budget: Budget) -> Self {
        let needs = context.controls.iter().flat_map(|control| control.needs);
        Self {
            parts: needs.copied().collect(),
            context,
            topics,
            budget,
            counts: Counts::default(),
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

    /// Reconciles one scope because of these events.
    ///
    /// # Errors
    /// If it is to be reconciled again later. What was done until then is on record and reported where possible.
    pub async fn reconcile(&mut self, item: WorkItem, events: &[TriggeringEvent]) -> Result<(), ReconcileError> {
        let scope = item.scope();
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
        if snapshot.vpc.owner != snapshot.account {
            info!(owner = %snapshot.vpc.owner, "the VPC is shared by another account and is not changed");
            return Ok(());
        }
        match history {
            Ok(history) => self.with_ledger(&scope, snapshot, history, events).await,
            Err(error) => self.without_ledger(&scope, snapshot, error, events).await,
        }
    }

    /// Changes nothing, and reports everything as new.
    async fn without_ledger(
        &mut self,
        scope: &Scope,
        snapshot: Snapshot,
        error: ReconcileError,
        events: &[TriggeringEvent],
    ) -> Result<(), ReconcileError> {
        let mut evaluation = self.evaluate(snapshot, ChangeHistory::default());
        let enforces = evaluation.plan.enforced().next().is_some();
        evaluation.plan.refused = Some(format!(
            "no change is made while the ledger is unavailable: {}",
            chain(&error)
        ));
        let execution = not_executed(&evaluation);
        self.report(scope, evaluation, execution, events, false).await?;
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
        events: &[TriggeringEvent],
    ) -> Result<(), ReconcileError> {
        let evaluation = self.evaluate(snapshot, history);
        if !evaluation.applies() && !unfinished(&self.context, &evaluation.history) {
            let execution = not_executed(&evaluation);
            return self.report(scope, evaluation, execution, events, true).await;
        }
        // No change is made unless an alert about it can be delivered.
        let answers = self.context.aws.check_topic(self.topics.for_people()).await;
        answers.map_err(|source| ReconcileError::AlertsUnavailable {
            scope: scope.resource.clone(),
            source,
        })?;
        let context = self.context.clone();
        let mut session = Session::open(&context, scope, LeaseTerms::invocation(&self.budget)).await?;
        let repaired = self.repair(scope, evaluation, &mut session, events).await;
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
        events: &[TriggeringEvent],
    ) -> Result<(), ReconcileError> {
        if session.lease.waited || session.lease.version != evaluation.history.version + 1 {
            // Another run may have changed the scope since it was observed.
            let history = self.history(scope).await?;
            let Some(snapshot) = self.observe(scope).await? else {
                return Ok(());
            };
            evaluation = self.evaluate(snapshot, history);
        }
        if settle(&self.context, &mut evaluation).await? {
            evaluation = self.evaluate(evaluation.snapshot, evaluation.history);
        }
        if let Some(error) = recently_changed(&evaluation) {
            return Err(error);
        }
        let unknown = outcome_unknown(&self.context, &evaluation.history);
        let reserved = reserve(&self.context, &session.lease, &mut evaluation.plan).await?;
        let mut execution = self.execute(&evaluation, session, events).await;
        let outcomes = &execution.outcomes;
        return_unused(&self.context, &session.lease, &reserved, &evaluation.plan, outcomes).await;
        let retry = execution.retry.take().or(unknown);
        self.report(scope, evaluation, execution, events, true).await?;
        retry.map_or(Ok(()), Err)
    }

    /// Makes the changes of a plan, each unless one before it for the same finding was not made.
    async fn execute(
        &mut self,
        evaluation: &Evaluation,
        session: &mut Session<'_>,
        events: &[TriggeringEvent],
    ) -> Execution {
        let plan = &evaluation.plan;
        let mut execution = Execution::default();
        let mut failed: BTreeSet<&FindingKey> = BTreeSet::new();
        for (position, planned) in plan.changes.iter().enumerate() {
            let outcome = match (planned.mode, plan.refusal(planned)) {
                (Mode::Enforce, None) if planned.causes.iter().any(|key| failed.contains(key)) => {
                    ChangeOutcome::Skipped {
                        reason: "an earlier change for the same finding was not applied".to_owned(),
                    }
                }
                (Mode::Enforce, None) => {
                    self.execute_one(position, planned, session, events, &mut execution)
                        .await
                }
                (_, refused) => not_applied(planned, refused),
            };
            if matches!(outcome, ChangeOutcome::Failed { .. } | ChangeOutcome::Skipped { .. }) {
                failed.extend(&planned.causes);
            }
            execution.outcomes.push(outcome);
        }
        execution
    }

    async fn execute_one(
        &mut self,
        position: usize,
        planned: &PlannedChange,
        session: &mut Session<'_>,
        events: &[TriggeringEvent],
        execution: &mut Execution,
    ) -> ChangeOutcome {
        let executed = match session.apply(planned, events).await {
            Ok(executed) => executed,
            Err(error) => {
                let cause = format!("the change was not started: {}", chain(&error));
                execution.retry_because(error);
                return ChangeOutcome::Failed { cause, transient: true };
            }
        };
        let retry = match &executed.outcome {
            ChangeOutcome::Applied { .. } => {
                self.budget.spend_change();
                None
            }
            ChangeOutcome::Failed { transient: true, .. } => {
                Some(ReconcileError::ChangeFailed(executed.record.id.clone()))
            }
            ChangeOutcome::Failed { transient: false, .. }
            | ChangeOutcome::NotNeeded { .. }
            | ChangeOutcome::Skipped { .. } => None,
        };
        if let Some(error) = retry.or(executed.unrecorded.map(ReconcileError::Ledger)) {
            execution.retry_because(error);
        }
        execution.records.insert(position, executed.record);
        executed.outcome
    }

    /// Verifies what was done and reports what is new. Without a ledger everything is new, and nothing is remembered.
    async fn report(
        &mut self,
        scope: &Scope,
        mut evaluation: Evaluation,
        execution: Execution,
        events: &[TriggeringEvent],
        ledger: bool,
    ) -> Result<(), ReconcileError> {
        // Of a change that was partly in effect before, only the part that was made can be taken back.
        for (position, record) in &execution.records {
            let planned = evaluation.plan.changes.get_mut(*position);
            if let (Some(planned), Action::Change(made)) = (planned, &record.action) {
                planned.change = made.clone();
            }
        }
        let verification = verify(&self.context, &evaluation, &execution.outcomes).await;
        self.counts.add(&evaluation.findings, &execution.outcomes);
        log_findings(&evaluation);
        let history = evaluation.history;
        let modes = &self.context.settings.modes;
        let controls = self.context.controls.iter();
        let reconciliation = Reconciliation {
            run: self.context.run.clone(),
            function: self.context.actor.to_owned(),
            scope: scope.clone(),
            name: name(&evaluation.snapshot.vpc.tags),
            time: evaluation.time,
            triggering_events: events.to_vec(),
            controls: controls
                .map(|control| (control.name.to_owned(), modes.of(control.name)))
                .filter(|(_, mode)| *mode != Mode::Off)
                .collect(),
            notices: notices(events, &evaluation.snapshot, &history.records),
            findings: evaluation.findings,
            plan: evaluation.plan,
            outcomes: execution.outcomes,
            ids: execution
                .records
                .iter()
                .map(|(position, record)| (*position, record.id.clone()))
                .collect(),
            earlier: history
                .records
                .iter()
                .filter(|record| self.context.concerns(record))
                .cloned()
                .collect(),
            verification,
        };
        let delta = Delta::of(&reconciliation, &history, self.context.settings.alerts.repeat_after());
        let messages = messages(&delta, self.topics, reconciliation.time);
        if messages.is_empty() {
            info!("nothing new to report");
        }
        let delivered = deliver(
            &self.context,
            self.topics,
            scope,
            &history.undelivered,
            &messages,
            ledger,
        )
        .await;
        let undelivered = |source| ReconcileError::Undelivered {
            scope: scope.resource.clone(),
            source,
        };
        let delivered = match delivered {
            Ok(()) => Ok(()),
            Err(Undelivered::Kept(source)) => Err(undelivered(source)),
            Err(Undelivered::Lost(source)) => return Err(undelivered(source)),
        };
        if ledger {
            let records = history.records.into_iter().chain(execution.records.into_values());
            self.remember(scope, &delta, records, reconciliation.time).await?;
        }
        delivered
    }

    /// Records what was reported.
    async fn remember(
        &self,
        scope: &Scope,
        delta: &Delta,
        records: impl Iterator<Item = ChangeRecord>,
        time: Timestamp,
    ) -> Result<(), ReconcileError> {
        for (control, delivered) in &delta.delivered {
            let expires = self.context.expires(time);
            self.context.ledger.tell(scope, control, delivered, expires).await?;
        }
        // An intention is reported once its outcome is known.
        let reported =
            records.filter(|record| delta.records.contains(&record.id) && record.status != ChangeStatus::Intended);
        for record in reported {
            let record = ChangeRecord {
                delivered: true,
                ..record
            };
            record_again(&self.context, &record).await?;
        }
        Ok(())
    }

    async fn observe(&self, scope: &Scope) -> Result<Option<Snapshot>, ReconcileError> {
        let snapshot = self.context.observe(scope, &self.parts).await?;
        if snapshot.is_none() {
            info!("the VPC does not exist any more, there is nothing to do");
        }
        Ok(snapshot)
    }

    async fn history(&self, scope: &Scope) -> Result<ChangeHistory, ReconcileError> {
        let window = Duration::from_secs(u64::from(self.context.settings.limits.window_hours) * 3_600);
        let since = self.context.now() - window.max(LONGEST_DELIVERY);
        Ok(self.context.ledger.past(scope, Some(since)).await?)
    }

    fn evaluate(&self, snapshot: Snapshot, history: ChangeHistory) -> Evaluation {
        Evaluation::of(&self.context, snapshot, history, self.budget.spent())
    }
}

/// The outcomes of a plan of which nothing is executed.
fn not_executed(evaluation: &Evaluation) -> Execution {
    let plan = &evaluation.plan;
    let outcomes = plan.changes.iter();
    Execution {
        outcomes: outcomes
            .map(|planned| not_applied(planned, plan.refusal(planned)))
            .collect(),
        ..Execution::default()
    }
}

fn not_applied(planned: &PlannedChange, refused: Option<&str>) -> ChangeOutcome {
    let reason = match (planned.mode, refused) {
        (Mode::Enforce, Some(reason)) => reason,
        _ => "audit mode",
    };
    ChangeOutcome::Skipped {
        reason: reason.to_owned(),
    }
}

fn log_findings(evaluation: &Evaluation) {
    for finding in &evaluation.findings {
        let (control, resource) = (&finding.key.control, &finding.key.resource.id);
        let (severity, explanation) = (finding.severity.as_str(), finding.explanation());
        let explanation = explanation.as_ref();
        let (exempt, service) = (finding.accepted().is_some(), finding.service.as_deref());
        match (finding.verdict(), finding.severity) {
            (Verdict::NonCompliant, Severity::Critical) if !exempt => {
                warn!(
                    control,
                    resource, service, severity, explanation, exempt, "non-compliant"
                );
            }
            (Verdict::NonCompliant, _) => {
                info!(
                    control,
                    resource, service, severity, explanation, exempt, "non-compliant"
                );
            }
            (Verdict::Indeterminate, _) => {
                info!(control, resource, service, severity, explanation, "indeterminate");
            }
            (Verdict::Compliant | Verdict::NotApplicable, _) => {}
        }
    }
}

/// What is to be delivered. A deployment with one topic has no alerts of its own.
fn messages(delta: &Delta, topics: &Topics, time: Timestamp) -> Vec<UndeliveredMessage> {
    let message = |message: Message| UndeliveredMessage {
        sink: message.sink,
        time,
        subject: message.subject,
        body: message.body,
        attributes: message
            .attributes
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.data_type().to_owned(), value.text()))
            .collect(),
    };
    let messages = delta.messages().into_iter();
    let delivered = messages.filter(|message| message.sink == Sink::Reports || topics.alerts.is_some());
    delivered.map(message).collect()
}
