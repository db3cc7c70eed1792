//! Makes the changes of a plan.

use std::collections::BTreeMap;

use postern_aws::chain;
use postern_core::changes::{ChangeKind, ChangeOutcome};
use postern_core::plan::{Plan, PlannedChange};
use postern_core::trigger::TriggeringEvent;

use super::Reconciler;
use crate::error::ReconcileError;
use crate::evaluation::Evaluation;
use crate::execution::{Execution, PlanProgress};
use crate::restraints::busy_subnets;
use crate::session::{Executed, Session};

impl Reconciler<'_> {
    /// Makes the changes of a plan, each unless one before it for the same finding was not made.
    pub(super) async fn execute(
        &mut self,
        evaluation: &Evaluation,
        session: &mut Session<'_>,
        events: &[TriggeringEvent],
    ) -> Execution {
        let plan = &evaluation.plan;
        let mut execution = Execution::default();
        let mut progress = PlanProgress::of(plan);
        let mut ahead: BTreeMap<usize, ChangeOutcome> = BTreeMap::new();
        for (position, planned) in plan.changes.iter().enumerate() {
            let together = subnets_of_one_endpoint(plan, position, &progress);
            if together.len() > 1 && !ahead.contains_key(&position) {
                ahead.extend(self.add_subnets(&together, session, events, &mut execution).await);
            }
            let outcome = match ahead.remove(&position).or_else(|| progress.not_made(planned)) {
                Some(outcome) => outcome,
                None => {
                    self.execute_one(position, planned, session, events, &mut execution)
                        .await
                }
            };
            progress.note(planned, &outcome);
            execution.outcomes.push(outcome);
        }
        execution
    }

    /// Adds subnets to one endpoint by one call. Gives the outcomes by their position in the plan.
    async fn add_subnets(
        &mut self,
        together: &[(usize, &PlannedChange)],
        session: &mut Session<'_>,
        events: &[TriggeringEvent],
        execution: &mut Execution,
    ) -> Vec<(usize, ChangeOutcome)> {
        let planned: Vec<_> = together.iter().map(|(_, planned)| *planned).collect();
        let positions = together.iter().map(|(position, _)| *position);
        match session.add_subnets(&planned, events).await {
            Ok(executed) => {
                let executed = positions.zip(executed);
                executed
                    .map(|(position, executed)| (position, self.note(position, executed, execution)))
                    .collect()
            }
            Err(error) => {
                let outcome = not_started(&error);
                execution.retry_because(error);
                positions.map(|position| (position, outcome.clone())).collect()
            }
        }
    }

    async fn execute_one(
        &mut self,
        position: usize,
        planned: &PlannedChange,
        session: &mut Session<'_>,
        events: &[TriggeringEvent],
        execution: &mut Execution,
    ) -> ChangeOutcome {
        match self.client_in_the_way(planned, session).await {
            Ok(None) => {}
            Ok(Some(reason)) => return ChangeOutcome::Skipped { reason },
            Err(error) => {
                let outcome = not_started(&error);
                execution.retry_because(error);
                return outcome;
            }
        }
        let executed = match session.apply(planned, events).await {
            Ok(executed) => executed,
            Err(error) => {
                let outcome = not_started(&error);
                execution.retry_because(error);
                return outcome;
            }
        };
        self.note(position, executed, execution)
    }

    /// Looks again right before a change that is made only because it meets no client. Says so if there is one now.
    async fn client_in_the_way(
        &self,
        planned: &PlannedChange,
        session: &Session<'_>,
    ) -> Result<Option<String>, ReconcileError> {
        let Some(affected) = planned.idle.as_ref().filter(|affected| !affected.is_empty()) else {
            return Ok(None);
        };
        let busy = busy_subnets(&self.context, &session.lease.scope).await?;
        let client = match &busy {
            Some(busy) => affected.iter().find(|subnet| busy.contains(subnet)),
            None => affected.first(),
        };
        Ok(client.map(|subnet| {
            format!("the change would interrupt clients in {subnet}; it waits for modes.interrupting and its window")
        }))
    }

    /// Counts a change that AWS was asked for, and keeps its record.
    fn note(&mut self, position: usize, executed: Executed, execution: &mut Execution) -> ChangeOutcome {
        let retry = match &executed.outcome {
            ChangeOutcome::Applied { .. } => {
                self.budget.spend_change();
                None
            }
            // AWS may have made it.
            ChangeOutcome::Failed { transient: true, .. } => {
                self.budget.spend_change();
                Some(ReconcileError::ChangeFailed(executed.record.id.clone()))
            }
            ChangeOutcome::Failed { transient: false, .. }
            | ChangeOutcome::NotNeeded { .. }
            | ChangeOutcome::Skipped { .. }
            | ChangeOutcome::Postponed { .. } => None,
        };
        if let Some(error) = retry.or(executed.unrecorded.map(ReconcileError::Ledger)) {
            execution.retry_because(error);
        }
        execution.records.insert(position, executed.record);
        executed.outcome
    }
}

fn not_started(error: &ReconcileError) -> ChangeOutcome {
    match error {
        ReconcileError::NoTimeLeft(_) => ChangeOutcome::Postponed {
            reason: "EC2 limits the rate of such changes, and no time was left for it; the next run makes it"
                .to_owned(),
        },
        error => ChangeOutcome::Failed {
            cause: format!("the change was not started: {}", chain(error)),
            transient: true,
        },
    }
}

/// The changes from this position on that add subnets to the same endpoint and are to be applied. EC2 makes one
/// modification of an endpoint at a time and limits their rate, so that one call adds them all.
fn subnets_of_one_endpoint<'a>(
    plan: &'a Plan,
    position: usize,
    progress: &PlanProgress<'_>,
) -> Vec<(usize, &'a PlannedChange)> {
    let all = || plan.changes.iter().enumerate().skip(position);
    let adds = |planned: &PlannedChange| {
        planned.change.kind() == ChangeKind::AddSubnet && progress.not_made(planned).is_none()
    };
    let Some((_, first)) = all().next().filter(|(_, first)| adds(first)) else {
        return Vec::new();
    };
    all()
        .filter(|(_, planned)| adds(planned) && planned.change.endpoint() == first.change.endpoint())
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use postern_core::changes::{AddSubnet, Change, EnablePrivateDns};
    use postern_core::model::finding::{FindingKey, ResourceKind};
    use postern_core::settings::Mode;

    use super::*;
    use crate::testing::applied;

    fn planned(change: Change, cause: &str) -> PlannedChange {
        PlannedChange {
            change,
            causes: BTreeSet::from([FindingKey::new("subnet-uncovered", ResourceKind::Subnet, cause)]),
            mode: Mode::Enforce,
            monthly_cost: None,
            idle: None,
            withheld: None,
        }
    }

    fn adds(endpoint: &str, subnet: &str) -> PlannedChange {
        let change = Change::AddSubnet(AddSubnet {
            endpoint: endpoint.into(),
            subnet: subnet.into(),
            zone: "eu-central-1a".into(),
        });
        planned(change, subnet)
    }

    fn together(plan: &Plan, position: usize) -> Vec<usize> {
        let found = subnets_of_one_endpoint(plan, position, &PlanProgress::of(plan));
        found.into_iter().map(|(position, _)| position).collect()
    }

    #[test]
    fn subnets_that_are_to_be_added_to_one_endpoint_are_added_together() {
        let named = planned(
            Change::EnablePrivateDns(EnablePrivateDns {
                endpoint: "vpce-1".into(),
            }),
            "vpce-1",
        );
        let audited = PlannedChange {
            mode: Mode::Audit,
            ..adds("vpce-1", "subnet-4")
        };
        let withheld = PlannedChange {
            withheld: Some("limits.changes_per_run = 2".to_owned()),
            ..adds("vpce-1", "subnet-5")
        };
        let plan = Plan {
            changes: vec![
                adds("vpce-1", "subnet-1"),
                adds("vpce-2", "subnet-1"),
                adds("vpce-1", "subnet-2"),
                named,
                audited,
                withheld,
            ],
            refused: None,
        };
        assert_eq!(together(&plan, 0), [0, 2]);
        assert_eq!(together(&plan, 1), [1]);
        assert_eq!(together(&plan, 2), [2], "those before were made");
        for other in [3, 4, 5, 6] {
            assert_eq!(together(&plan, other), [0; 0], "{other}");
        }
    }

    #[test]
    fn subnet_whose_finding_lost_an_earlier_change_is_not_added_with_the_others() {
        let plan = Plan {
            changes: vec![
                planned(
                    Change::EnablePrivateDns(EnablePrivateDns {
                        endpoint: "vpce-1".into(),
                    }),
                    "subnet-1",
                ),
                adds("vpce-1", "subnet-1"),
                adds("vpce-1", "subnet-2"),
            ],
            refused: None,
        };
        let failed = ChangeOutcome::Failed {
            cause: "denied".to_owned(),
            transient: false,
        };
        for (outcome, expected) in [(applied(), vec![1, 2]), (failed, Vec::new())] {
            let mut progress = PlanProgress::of(&plan);
            progress.note(&plan.changes[0], &outcome);
            let found = subnets_of_one_endpoint(&plan, 1, &progress);
            let found: Vec<_> = found.into_iter().map(|(position, _)| position).collect();
            assert_eq!(found, expected, "{outcome:?}");
        }
    }

    #[test]
    fn change_for_which_no_time_is_left_is_postponed_and_any_other_error_is_tried_again() {
        let scope = || postern_core::model::scope::ScopedResource::Vpc("vpc-1".into());
        assert!(matches!(
            not_started(&ReconcileError::NoTimeLeft(scope())),
            ChangeOutcome::Postponed { .. }
        ));
        let ChangeOutcome::Failed { cause, transient } = not_started(&ReconcileError::LeaseLost(scope())) else {
            panic!("it was not postponed")
        };
        assert!(
            transient && cause.starts_with("the change was not started: "),
            "{cause}"
        );
    }
}
