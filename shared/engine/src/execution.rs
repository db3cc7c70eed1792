//! What was done about the plan of a scope.

use std::collections::{BTreeMap, BTreeSet};

use postern_aws::chain;
use postern_core::changes::ChangeOutcome;
use postern_core::history::ChangeRecord;
use postern_core::model::finding::FindingKey;
use postern_core::plan::{Plan, PlannedChange};
use postern_core::settings::Mode;
use tracing::warn;

use crate::error::ReconcileError;
use crate::evaluation::Evaluation;

/// What was done in a scope.
#[derive(Default)]
pub(crate) struct Execution {
    /// One for each change of the plan, in its order.
    pub(crate) outcomes: Vec<ChangeOutcome>,
    /// What the ledger has of them, by their position in the plan.
    pub(crate) records: BTreeMap<usize, ChangeRecord>,
    /// Why something has to be tried again.
    pub(crate) retry: Option<ReconcileError>,
}

impl Execution {
    /// The first error is the one that the reconciliation ends with.
    pub(crate) fn retry_because(&mut self, error: ReconcileError) {
        match &self.retry {
            None => self.retry = Some(error),
            Some(_) => warn!(error = chain(&error), "more than one change is to be tried again"),
        }
    }

    /// The outcomes, in which a change that AWS was not asked for counts as skipped.
    pub(crate) fn asked(&self) -> Vec<ChangeOutcome> {
        let outcomes = self.outcomes.iter().enumerate();
        let asked = outcomes.map(|(position, outcome)| match outcome {
            ChangeOutcome::Failed { cause, .. } if !self.records.contains_key(&position) => {
                ChangeOutcome::Skipped { reason: cause.clone() }
            }
            ChangeOutcome::Applied { .. }
            | ChangeOutcome::NotNeeded { .. }
            | ChangeOutcome::Skipped { .. }
            | ChangeOutcome::Postponed { .. }
            | ChangeOutcome::Failed { .. } => outcome.clone(),
        });
        asked.collect()
    }

    /// The outcomes of a plan of which nothing is executed.
    pub(crate) fn none(evaluation: &Evaluation) -> Self {
        let plan = &evaluation.plan;
        let outcomes = plan.changes.iter();
        Self {
            outcomes: outcomes
                .map(|planned| not_applied(planned, plan.refusal(planned)))
                .collect(),
            ..Self::default()
        }
    }
}

/// Goes through a plan, change by change.
pub(crate) struct PlanProgress<'p> {
    plan: &'p Plan,
    /// Findings for which a change was not applied.
    failed: BTreeSet<&'p FindingKey>,
    /// Findings for which a change was put off to the next run.
    postponed: BTreeSet<&'p FindingKey>,
}

impl<'p> PlanProgress<'p> {
    pub(crate) fn of(plan: &'p Plan) -> Self {
        Self {
            plan,
            failed: BTreeSet::new(),
            postponed: BTreeSet::new(),
        }
    }

    /// Why a change is not made: its mode, a refusal, or an earlier change for the same finding that was not applied. None
    /// where it is to be made.
    pub(crate) fn not_made(&self, planned: &PlannedChange) -> Option<ChangeOutcome> {
        match (planned.mode, self.plan.refusal(planned)) {
            (Mode::Enforce, None) if planned.causes.iter().any(|key| self.failed.contains(key)) => {
                Some(ChangeOutcome::Skipped {
                    reason: "an earlier change for the same finding was not applied".to_owned(),
                })
            }
            (Mode::Enforce, None) if planned.causes.iter().any(|key| self.postponed.contains(key)) => {
                Some(ChangeOutcome::Postponed {
                    reason: "an earlier change for the same finding is made by the next run".to_owned(),
                })
            }
            (Mode::Enforce, None) => None,
            (_, refused) => Some(not_applied(planned, refused)),
        }
    }

    pub(crate) fn note(&mut self, planned: &'p PlannedChange, outcome: &ChangeOutcome) {
        match outcome {
            ChangeOutcome::Applied { .. } | ChangeOutcome::NotNeeded { .. } => {}
            ChangeOutcome::Failed { .. } | ChangeOutcome::Skipped { .. } => self.failed.extend(&planned.causes),
            ChangeOutcome::Postponed { .. } => self.postponed.extend(&planned.causes),
        }
    }
}

/// The outcome of a change that is not made: because its plan was refused, or because its control only audits.
pub(crate) fn not_applied(planned: &PlannedChange, refused: Option<&str>) -> ChangeOutcome {
    let reason = match (planned.mode, refused) {
        (Mode::Enforce, Some(reason)) => reason,
        _ => "audit mode",
    };
    ChangeOutcome::Skipped {
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Rig;

    #[tokio::test(start_paused = true)]
    async fn change_that_is_not_made_says_whether_its_plan_was_refused_or_its_control_audits() {
        let rig = Rig::new("");
        let mut evaluation = rig.evaluation(&rig.context("run-1")).await;
        let reason = |evaluation: &Evaluation| match Execution::none(evaluation).outcomes.as_slice() {
            [ChangeOutcome::Skipped { reason }] => reason.clone(),
            outcomes => panic!("{outcomes:?}"),
        };
        evaluation.plan.refused = Some("a limit".to_owned());
        assert_eq!(reason(&evaluation), "a limit");
        evaluation.plan.changes[0].mode = Mode::Audit;
        assert_eq!(reason(&evaluation), "audit mode");
    }

    #[tokio::test(start_paused = true)]
    async fn dependent_change_is_postponed_with_its_prerequisite_and_skipped_if_that_failed() {
        let rig = Rig::new("");
        let plan = rig.evaluation(&rig.context("run-1")).await.plan;
        let planned = &plan.changes[0];
        let next = |outcome: ChangeOutcome| {
            let mut progress = PlanProgress::of(&plan);
            progress.note(planned, &outcome);
            progress.not_made(planned)
        };
        let reason = String::new();
        assert_eq!(next(ChangeOutcome::Applied { created: None }), None);
        let postponed = next(ChangeOutcome::Postponed { reason: reason.clone() });
        assert!(
            matches!(postponed, Some(ChangeOutcome::Postponed { .. })),
            "{postponed:?}"
        );
        let skipped = next(ChangeOutcome::Skipped { reason });
        assert!(matches!(skipped, Some(ChangeOutcome::Skipped { .. })), "{skipped:?}");
    }

    #[test]
    fn change_that_aws_was_not_asked_for_uses_nothing_of_a_limit() {
        let failed = ChangeOutcome::Failed {
            cause: "no time was left".to_owned(),
            transient: true,
        };
        let execution = Execution {
            outcomes: vec![failed],
            ..Execution::default()
        };
        assert!(matches!(execution.asked().as_slice(), [ChangeOutcome::Skipped { .. }]));
    }

    #[test]
    fn first_error_is_the_one_that_the_reconciliation_ends_with() {
        let mut execution = Execution::default();
        for change in ["change-1", "change-2"] {
            execution.retry_because(ReconcileError::ChangeFailed(change.into()));
        }
        assert!(matches!(execution.retry, Some(ReconcileError::ChangeFailed(change)) if change == "change-1".into()));
    }
}
