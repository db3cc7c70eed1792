//! Carries out a plan: under the VPC's lease, within the limits, each change on record before it is made.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use postern_aws::apply::Applier;
use postern_aws::chain;
use postern_core::changes::ChangeOutcome;
use postern_core::history::{Action, ChangeHistory, ChangeId, ChangeRecord, ChangeStatus};
use postern_core::model::finding::FindingKey;
use postern_core::model::scope::Scope;
use postern_core::plan::{Plan, PlannedChange, Reservation, reservations};
use postern_core::settings::Mode;
use postern_core::trigger::TriggeringEvent;
use tracing::{info, warn};

use crate::reconcile::{Cause, Judged, ReconcileError, Run};
use crate::tell::Done;

/// How long a run waits for another one that is at work on the same VPC.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often it asks meanwhile.
const PAUSE: Duration = Duration::from_secs(1);
/// What a lease outlasts the invocation by: longer than a call to AWS can take with all its attempts.
const MARGIN: Duration = Duration::from_secs(60);
/// The time that an invocation has where nobody says.
const TIME: Duration = Duration::from_secs(300);
/// No change is started on when less than this is left of the lease: what a call can take.
const LAST_CHANGE: Duration = Duration::from_secs(45);
/// So soon after a change AWS may not show it everywhere yet.
const SETTLE: Duration = Duration::from_secs(60);

/// The right to change a VPC. No other run has it at the same time.
pub(crate) struct Lease {
    scope: Scope,
    pub(crate) version: u64,
    /// Whether another run had it in between.
    pub(crate) waited: bool,
    until: Timestamp,
}

impl Run<'_> {
    /// Takes the lease of a VPC, and waits for it if need be.
    pub(crate) async fn acquire(&self, scope: &Scope) -> Result<Lease, Cause> {
        let begin = self.aws.now();
        let patience = (begin + PATIENCE).min(self.last_start.unwrap_or(Timestamp::MAX));
        let mut waited = false;
        loop {
            let now = self.aws.now();
            let until = self.deadline.unwrap_or(now + TIME) + MARGIN;
            let taken = self.ledger.acquire(scope, &self.id, until, now).await;
            if let Some(version) = taken.map_err(|error| chain(&error))? {
                return Ok(Lease {
                    scope: scope.clone(),
                    version,
                    waited,
                    until,
                });
            }
            if now >= patience {
                return Err(format!("another run is at work on {}", scope.resource));
            }
            waited = true;
            tokio::time::sleep(PAUSE).await;
        }
    }

    pub(crate) async fn release(&self, lease: Lease) {
        // Whom it cannot be given back to takes it when it ends.
        if let Err(error) = self.ledger.release(&lease.scope, &self.id).await {
            warn!(vpc = %lease.scope.resource, error = chain(&error), "the lease runs out by itself");
        }
    }

    /// Whether a change was made for one of the controls of this function.
    pub(crate) fn concerns(&self, record: &ChangeRecord) -> bool {
        let controls = self.function.controls;
        let own = |key: &FindingKey| controls.iter().any(|control| control.name == key.control);
        // What is removed so that something can be deleted may have no finding.
        record.causes.is_empty() || record.causes.iter().any(own)
    }

    /// Whether an earlier run did not come to say what became of a change, or to tell of it.
    pub(crate) fn unfinished(&self, past: &ChangeHistory) -> bool {
        past.records
            .iter()
            .any(|record| record.unfinished() && self.concerns(record))
    }

    /// Finds out what became of changes that earlier runs left open.
    pub(crate) async fn settle(&self, judged: &mut Judged) -> Result<bool, Cause> {
        let mut settled = judged.past.settle(&judged.snapshot, judged.time);
        settled.retain(|record| self.concerns(record));
        for record in &settled {
            info!(change = %record.id, status = ?record.status, "settled");
            self.record(record).await?;
        }
        let any = !settled.is_empty();
        for record in settled {
            if let Some(known) = judged.past.records.iter_mut().find(|known| known.id == record.id) {
                *known = record;
            }
        }
        Ok(any)
    }

    /// Takes from the limits that all functions share what the plan needs, or refuses the plan.
    pub(crate) async fn reserve(&self, lease: &Lease, plan: &mut Plan) -> Result<Vec<Reservation>, Cause> {
        let mut reserved: Vec<Reservation> = Vec::new();
        for reservation in reservations(plan, &self.configuration.settings.limits, self.aws.now()) {
            match self.ledger.reserve(&lease.scope, lease.version, &reservation).await {
                Ok(true) => reserved.push(reservation),
                Ok(false) => {
                    plan.refused = Some(reservation.refusal());
                    self.return_all(lease, &reserved).await;
                    return Ok(Vec::new());
                }
                Err(error) => {
                    self.return_all(lease, &reserved).await;
                    return Err(chain(&error));
                }
            }
        }
        Ok(reserved)
    }

    async fn return_all(&self, lease: &Lease, reserved: &[Reservation]) {
        for reservation in reserved {
            self.return_some(lease, reservation, reservation.amount).await;
        }
    }

    /// Gives back what the plan did not need after all.
    pub(crate) async fn give_back(
        &self,
        lease: &Lease,
        reserved: &[Reservation],
        plan: &Plan,
        outcomes: &[ChangeOutcome],
    ) {
        for reservation in reserved {
            self.return_some(lease, reservation, reservation.unused(plan, outcomes))
                .await;
        }
    }

    async fn return_some(&self, lease: &Lease, reservation: &Reservation, unused: u64) {
        let returned = self
            .ledger
            .give_back(&lease.scope, lease.version, reservation, unused)
            .await;
        if let Err(error) = returned {
            // It counts as used until its window is over: on the safe side.
            warn!(
                budget = reservation.budget.key(),
                unused,
                error = chain(&error),
                "not given back"
            );
        }
    }

    /// Writes down a change with what became of it.
    pub(crate) async fn record(&self, record: &ChangeRecord) -> Result<(), Cause> {
        let recorded = self.ledger.conclude(record, self.retained(record.time)).await;
        recorded.map_err(|error| chain(&error))
    }

    /// When the ledger may forget what it has from this time.
    pub(crate) fn retained(&self, time: Timestamp) -> Timestamp {
        time + Duration::from_secs(u64::from(self.configuration.settings.ledger.retention_days) * 86_400)
    }

    /// A change of the plan that is on record as just made: AWS may not show it yet, and it is not made twice.
    pub(crate) fn just_made(&self, judged: &Judged) -> Option<ReconcileError> {
        let recent = |record: &&ChangeRecord| {
            !record.status.settled() || (record.counts() && record.time + SETTLE > judged.time)
        };
        let recent: Vec<_> = judged.past.records.iter().filter(recent).collect();
        judged.plan.enforced().find_map(|planned| {
            let same =
                |record: &&&ChangeRecord| matches!(&record.action, Action::Change(made) if planned.change.repeats(made));
            let record = recent.iter().rev().find(same)?;
            Some(ReconcileError {
                cause: format!("an earlier run asked AWS to {}, which may not show yet", planned.change),
                again: record.status.settled().then_some(record.time + SETTLE),
            })
        })
    }

    /// Makes the changes of a plan. What is made is on record before and after.
    pub(crate) async fn apply(
        &mut self,
        judged: &Judged,
        lease: &Lease,
        triggering_events: &[TriggeringEvent],
    ) -> Result<Done, Cause> {
        let session = self.aws.account(&lease.scope.account).await;
        let session = session.map_err(|error| chain(&error))?;
        let mut applier = session.applier(&lease.scope.region, &self.id);
        let mut done = Done::default();
        let mut failed: BTreeSet<&FindingKey> = BTreeSet::new();
        for (position, planned) in judged.plan.changes.iter().enumerate() {
            let outcome = match (planned.mode, &judged.plan.refused) {
                (Mode::Enforce, None) if planned.causes.iter().any(|key| failed.contains(key)) => {
                    ChangeOutcome::Skipped {
                        reason: "an earlier change for the same finding was not applied".to_owned(),
                    }
                }
                (Mode::Enforce, None) => {
                    let record = self.intention(planned, position, lease, triggering_events);
                    let (outcome, record) = self.apply_one(&mut applier, planned, record, lease).await;
                    done.records.extend(record.map(|record| (position, record)));
                    outcome
                }
                _ => not_applied(planned, judged.plan.refused.as_deref()),
            };
            if matches!(outcome, ChangeOutcome::Failed { .. } | ChangeOutcome::Skipped { .. }) {
                failed.extend(&planned.causes);
            }
            done.outcomes.push(outcome);
        }
        Ok(done)
    }

    fn intention(
        &self,
        planned: &PlannedChange,
        position: usize,
        lease: &Lease,
        triggering_events: &[TriggeringEvent],
    ) -> ChangeRecord {
        let time = self.aws.now();
        ChangeRecord {
            id: ChangeId::new(time, &self.id, position),
            scope: lease.scope.clone(),
            run: self.id.clone(),
            function: self.function.name.to_owned(),
            time,
            action: Action::Change(planned.change.clone()),
            causes: planned.causes.clone(),
            triggering_events: triggering_events.to_vec(),
            monthly_cost: planned.monthly_cost,
            status: ChangeStatus::Intended,
            delivered: false,
            undoes: None,
            undone_by: None,
        }
    }

    /// The record is there if the ledger has it.
    async fn apply_one(
        &mut self,
        applier: &mut Applier,
        planned: &PlannedChange,
        mut record: ChangeRecord,
        lease: &Lease,
    ) -> (ChangeOutcome, Option<ChangeRecord>) {
        if record.time + LAST_CHANGE > lease.until {
            return (transient("the invocation's time is used up".to_owned()), None);
        }
        if let Err(error) = self.ledger.intend(&record, self.retained(record.time)).await {
            let cause = format!("nothing is changed without the ledger: {}", chain(&error));
            warn!(change = %planned.change, %cause, "not applied");
            return (transient(cause), None);
        }
        let control = planned.causes.first().map_or("", |key| key.control.as_str());
        let outcome = applier.apply(&planned.change, control).await;
        match &outcome {
            ChangeOutcome::Applied { .. } => {
                self.spent.changes += 1;
                info!(change = %planned.change, id = %record.id, "applied");
            }
            ChangeOutcome::Failed { cause, .. } => warn!(change = %planned.change, id = %record.id, %cause, "failed"),
            ChangeOutcome::NotNeeded { reason } | ChangeOutcome::Skipped { reason } => {
                info!(change = %planned.change, id = %record.id, %reason, "not applied");
            }
        }
        record.status = ChangeStatus::of(&outcome);
        if let Some(part) = applier.part() {
            record.action = Action::Change(part);
        }
        if let Err(cause) = self.record(&record).await {
            // It stays an intention, of which a later run finds out what became.
            warn!(change = %record.id, %cause, "what became of the change is not on record yet");
            self.unrecorded = Some(cause);
            record.status = ChangeStatus::Intended;
        }
        (outcome, Some(record))
    }
}

/// The outcome of a change of a plan that is not applied.
pub(crate) fn not_applied(planned: &PlannedChange, refused: Option<&str>) -> ChangeOutcome {
    let reason = match (planned.mode, refused) {
        (Mode::Enforce, Some(reason)) => reason,
        _ => "audit mode",
    };
    ChangeOutcome::Skipped {
        reason: reason.to_owned(),
    }
}

fn transient(cause: String) -> ChangeOutcome {
    ChangeOutcome::Failed { cause, transient: true }
}
