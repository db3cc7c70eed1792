//! The right to change one scope, and the protocol of every change: intention on record, call to AWS, outcome on record.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::SignedDuration;
use postern_aws::changes::{Applier, limited_call};
use postern_aws::ledger::LedgerError;
use postern_core::changes::{AddSubnet, Change, ChangeOutcome};
use postern_core::history::{Action, ChangeId, ChangeRecord, ChangeStatus, Pause};
use postern_core::model::cost::MonthlyCost;
use postern_core::model::finding::FindingKey;
use postern_core::model::scope::Scope;
use postern_core::plan::PlannedChange;
use postern_core::trigger::TriggeringEvent;
use tokio::time::sleep;
use tracing::{Instrument, info, info_span, warn};

use crate::context::RunContext;
use crate::error::ReconcileError;
use crate::lease::{Lease, LeaseTerms};

/// For so long AWS may hold the private DNS name of an endpoint that was deleted.
const NAME_HELD: SignedDuration = SignedDuration::from_mins(10);

/// Changes one scope under its lease. If the process dies, the ledger has what was intended, and the next run determines
/// from AWS which of it took effect.
pub struct Session<'a> {
    pub(crate) context: &'a RunContext<'a>,
    pub(crate) lease: Lease,
    pub(crate) applier: Applier,
    /// Whether the next turn for a call that EC2 limits comes after the end of the run.
    out_of_turns: bool,
    /// How many changes of this session are on record.
    recorded: usize,
    pub(crate) paused: BTreeMap<FindingKey, Pause>,
}

/// A change that AWS was asked for.
pub(crate) struct Executed {
    pub(crate) outcome: ChangeOutcome,
    /// As the ledger has it.
    pub(crate) record: ChangeRecord,
    /// Why the ledger does not have the outcome. It still has the intention.
    pub(crate) unrecorded: Option<LedgerError>,
}

impl<'a> Session<'a> {
    /// Takes the lease of the scope.
    ///
    /// # Errors
    /// [`ReconcileError::LeaseBusy`] where another run keeps it, or if the ledger is not available.
    pub async fn open(context: &'a RunContext<'a>, scope: &Scope, terms: LeaseTerms) -> Result<Self, ReconcileError> {
        let account = context.aws.account(&scope.account).await?;
        let lease = Lease::acquire(context, scope, terms).await?;
        Ok(Self {
            applier: account.applier(&scope.region, &context.run),
            context,
            lease,
            out_of_turns: false,
            recorded: 0,
            paused: BTreeMap::new(),
        })
    }

    /// Gives the lease back. A lease that cannot be given back ends by itself.
    ///
    /// # Errors
    /// If the ledger is not available.
    pub async fn close(self) -> Result<(), LedgerError> {
        self.lease.release(self.context).await
    }

    /// Makes one change of a plan.
    ///
    /// # Errors
    /// If nothing was done: no time is left, or the intention could not be recorded.
    pub(crate) async fn apply(
        &mut self,
        planned: &PlannedChange,
        triggering_events: &[TriggeringEvent],
    ) -> Result<Executed, ReconcileError> {
        self.prepare(limited_call(&planned.change), triggering_events).await?;
        let record = self.intention_of(planned, triggering_events);
        let span = info_span!("change", change_id = %record.id);
        async {
            let mut record = self.begin(record).await?;
            let control = planned.causes.first().map_or("", |key| key.control.as_str());
            let outcome = self.applier.apply(&planned.change, control).await;
            match &outcome {
                ChangeOutcome::Applied { .. } => info!(change = %planned.change, "change applied"),
                ChangeOutcome::Failed { cause, .. } => warn!(change = %planned.change, %cause, "change failed"),
                ChangeOutcome::NotNeeded { reason } => info!(change = %planned.change, %reason, "change not needed"),
                ChangeOutcome::Skipped { reason } | ChangeOutcome::Postponed { reason } => {
                    info!(change = %planned.change, %reason, "change skipped");
                }
            }
            if let Some(part) = self.applier.part() {
                record.action = Action::Change(part);
            }
            Ok(self.conclude(record, outcome).await)
        }
        .instrument(span)
        .await
    }

    /// Adds several subnets to one endpoint by one call. Gives one result for each of the changes, in their order.
    ///
    /// # Errors
    /// If nothing was done: no time is left, or not every intention could be recorded.
    pub(crate) async fn add_subnets(
        &mut self,
        planned: &[&PlannedChange],
        triggering_events: &[TriggeringEvent],
    ) -> Result<Vec<Executed>, ReconcileError> {
        let added = |planned: &&PlannedChange| {
            let Change::AddSubnet(change) = &planned.change else {
                return None;
            };
            Some(change.clone())
        };
        let changes: Vec<AddSubnet> = planned.iter().filter_map(added).collect();
        self.prepare(
            planned.first().and_then(|first| limited_call(&first.change)),
            triggering_events,
        )
        .await?;
        let mut records = Vec::new();
        for planned in planned {
            let record = self.intention_of(planned, triggering_events);
            records.push(self.begin(record).await?);
        }
        let outcomes = self.applier.add_subnets(&changes.iter().collect::<Vec<_>>()).await;
        let mut executed = Vec::new();
        for (record, outcome) in records.into_iter().zip(outcomes) {
            info!(change_id = %record.id, action = ?record.action, outcome = ?outcome, "subnet of an endpoint");
            executed.push(self.conclude(record, outcome).await);
        }
        Ok(executed)
    }

    /// Makes sure that one more call fits into the lease, and waits for its turn where EC2 limits the rate of the call.
    ///
    /// # Errors
    /// If no time is left for it.
    pub(crate) async fn prepare(
        &mut self,
        limited: Option<&'static str>,
        triggering_events: &[TriggeringEvent],
    ) -> Result<(), ReconcileError> {
        self.lease.extend(self.context).await?;
        let context = self.context;
        if let Some(call) = limited {
            let no_time = || ReconcileError::NoTimeLeft(self.lease.scope.resource.clone());
            if self.out_of_turns {
                return Err(no_time());
            }
            let (account, region) = (&self.lease.scope.account, &self.lease.scope.region);
            let turn = context.ledger.take_turn(account, region, call, context.now()).await?;
            if self.lease.waits_until().is_some_and(|end| turn > end) {
                let error = no_time();
                // Later turns are no earlier.
                self.out_of_turns = true;
                return Err(error);
            }
            let wait = turn.duration_since(context.now());
            sleep(Duration::try_from(wait).unwrap_or_default()).await;
            self.lease.extend(context).await?;
        }
        self.applier.ends_at(self.lease.waits_until());
        let now = context.now();
        let deletion = |event: &TriggeringEvent| {
            event.event == "DeleteVpcEndpoints" && event.time.is_none_or(|time| now.duration_since(time) < NAME_HELD)
        };
        if triggering_events.iter().any(deletion) {
            self.applier.deleted_recently();
        }
        Ok(())
    }

    fn intention_of(&mut self, planned: &PlannedChange, triggering_events: &[TriggeringEvent]) -> ChangeRecord {
        let mut record = self.intention(Action::Change(planned.change.clone()));
        record.causes.clone_from(&planned.causes);
        record.triggering_events.extend_from_slice(triggering_events);
        record.perimeter = Some(self.context.settings.perimeter_digest());
        record.monthly_cost = planned.monthly_cost.unwrap_or_default();
        record
    }

    /// A record of what is about to be done.
    pub(crate) fn intention(&mut self, action: Action) -> ChangeRecord {
        let (context, time) = (self.context, self.context.now());
        let position = self.recorded;
        self.recorded += 1;
        ChangeRecord {
            id: ChangeId::new(time, &context.run, position),
            scope: self.lease.scope.clone(),
            run: context.run.clone(),
            function: context.actor.to_owned(),
            time,
            action,
            causes: BTreeSet::new(),
            triggering_events: context.command.iter().cloned().collect(),
            monthly_cost: MonthlyCost::ZERO,
            status: ChangeStatus::Intended,
            delivered: false,
            undoes: None,
            perimeter: None,
            undone_by: None,
        }
    }

    /// Records an intention. Only after this may AWS be asked.
    pub(crate) async fn begin(&self, record: ChangeRecord) -> Result<ChangeRecord, LedgerError> {
        let expires = self.context.expires(record.time);
        self.context.ledger.intend(&record, expires).await?;
        Ok(record)
    }

    /// Records the outcome of a change.
    pub(crate) async fn conclude(&self, mut record: ChangeRecord, outcome: ChangeOutcome) -> Executed {
        record.status = ChangeStatus::of(&outcome);
        let unrecorded = record_again(self.context, &record).await.err();
        if unrecorded.is_some() {
            record.status = ChangeStatus::Intended;
        }
        Executed {
            outcome,
            record,
            unrecorded,
        }
    }
}

/// Records a change anew, in place of what the ledger had of it.
pub(crate) async fn record_again(context: &RunContext<'_>, record: &ChangeRecord) -> Result<(), LedgerError> {
    context.ledger.conclude(record, context.expires(record.time)).await
}

#[cfg(test)]
mod tests {
    use postern_cloud::Fault;

    use super::*;
    use crate::testing::{Rig, event};

    async fn planned(rig: &Rig, context: &RunContext<'_>) -> PlannedChange {
        rig.evaluation(context).await.plan.changes.swap_remove(0)
    }

    #[tokio::test(start_paused = true)]
    async fn applied_change_is_on_record_with_its_cause_and_event() {
        let rig = Rig::new("");
        let context = rig.context("run-1");
        let planned = planned(&rig, &context).await;
        let mut session = Session::open(&context, &rig.scope(), LeaseTerms::command())
            .await
            .unwrap();
        let executed = session.apply(&planned, &[event()]).await.unwrap();
        assert!(!rig.is_open());
        let [record] = rig.records().await.try_into().unwrap();
        assert_eq!(record, executed.record);
        assert_eq!(record.status, ChangeStatus::Applied { created: None });
        assert_eq!(
            (&record.causes, record.triggering_events),
            (&planned.causes, vec![event()])
        );
        session.close().await.unwrap();
        // The lease is free at once.
        let other = rig.context("run-2");
        let before = rig.cloud.now();
        Session::open(&other, &rig.scope(), LeaseTerms::command())
            .await
            .unwrap();
        assert!(rig.cloud.now().duration_since(before).as_secs() < 2);
    }

    #[tokio::test(start_paused = true)]
    async fn change_whose_intention_cannot_be_recorded_is_not_made() {
        let rig = Rig::new("");
        let context = rig.context("run-1");
        let planned = planned(&rig, &context).await;
        let mut session = Session::open(&context, &rig.scope(), LeaseTerms::command())
            .await
            .unwrap();
        rig.cloud.plan("PutItem", [Fault::Denied]);
        let error = session.apply(&planned, &[]).await.err().unwrap();
        assert!(matches!(error, ReconcileError::Ledger(_)), "{error}");
        assert!(rig.is_open());
        assert_eq!(rig.calls("ModifyVpcEndpoint"), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn change_whose_outcome_cannot_be_recorded_stays_an_intention() {
        let rig = Rig::new("");
        let context = rig.context("run-1");
        let planned = planned(&rig, &context).await;
        let mut session = Session::open(&context, &rig.scope(), LeaseTerms::command())
            .await
            .unwrap();
        rig.cloud.plan("PutItem", [None, Some(Fault::Denied)]);
        let executed = session.apply(&planned, &[]).await.unwrap();
        assert!(!rig.is_open());
        assert!(executed.unrecorded.is_some());
        assert_eq!(executed.record.status, ChangeStatus::Intended);
        assert_eq!(rig.records().await, [executed.record]);
    }
}
