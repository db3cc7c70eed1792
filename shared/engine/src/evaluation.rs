//! A scope as observed at one time, and what follows from it.

use jiff::Timestamp;
use postern_core::evaluation::Finding;
use postern_core::history::ChangeHistory;
use postern_core::model::scope_snapshot::Snapshot;
use postern_core::plan::{Canary, Plan, Restraints, plan};

use crate::context::RunContext;

/// A snapshot with the history of its scope, the findings in it and the plan for them.
pub(crate) struct Evaluation {
    pub(crate) time: Timestamp,
    pub(crate) snapshot: Snapshot,
    pub(crate) history: ChangeHistory,
    pub(crate) findings: Vec<Finding>,
    pub(crate) plan: Plan,
    /// Set while the perimeter is new: what the plan closes is reserved then.
    pub(crate) canary: Option<Canary>,
}

impl Evaluation {
    pub(crate) fn of(
        context: &RunContext<'_>,
        snapshot: Snapshot,
        history: ChangeHistory,
        restraints: Restraints,
    ) -> Self {
        let time = context.now();
        let (findings, plan) = plan(
            context.controls,
            &snapshot,
            context.settings,
            &history,
            &restraints,
            time,
            context.policies,
        );
        Self {
            time,
            snapshot,
            history,
            findings,
            plan,
            canary: restraints.canary,
        }
    }

    /// Whether the plan has changes to be made now.
    pub(crate) fn applies(&self) -> bool {
        self.plan.refused.is_none() && self.plan.enforced().next().is_some()
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Rig;

    #[tokio::test(start_paused = true)]
    async fn plan_is_applied_only_if_it_enforces_something_and_is_not_refused() {
        let rig = Rig::new("");
        let context = rig.context("run-1");
        let mut evaluation = rig.evaluation(&context).await;
        assert!(evaluation.applies());
        evaluation.plan.refused = Some("a limit".to_owned());
        assert!(!evaluation.applies());
        let audit = Rig::new("policy-open = \"audit\"\ncredentials-unbound = \"audit\"\n");
        assert!(!audit.evaluation(&audit.context("run-1")).await.applies());
    }
}
