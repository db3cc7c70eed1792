//! The plan of one scope, shown to a person first and applied after their consent.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use postern_aws::ledger::LedgerError;
use postern_core::changes::{Change, ChangeOutcome};
use postern_core::evaluation::Finding;
use postern_core::history::ChangeHistory;
use postern_core::model::finding::FindingKey;
use postern_core::model::part::Part;
use postern_core::model::scope::Scope;
use postern_core::model::scope_snapshot::Snapshot;
use postern_core::plan::{Plan, PlannedChange, Restraints};
use postern_core::settings::Mode;
use postern_report::Verification;

use crate::context::RunContext;
use crate::error::ReconcileError;
use crate::evaluation::Evaluation;
use crate::execution::PlanProgress;
use crate::lease::LeaseTerms;
use crate::limits::{reserve, return_unused};
use crate::restraints::known_restraints;
use crate::session::Session;
use crate::settle::{recently_changed, settle};
use crate::verify::verify;

/// A scope with the plan for it.
#[derive(Debug)]
pub struct ScopePlan {
    pub snapshot: Snapshot,
    pub findings: Vec<Finding>,
    pub plan: Plan,
    history: ChangeHistory,
}

/// What became of a plan that was agreed to.
#[derive(Debug)]
pub enum Application {
    /// The scope is not as it was when the plan was shown, and nothing was changed. What the plan is now.
    Stale(Plan),
    /// The resource of the scope does not exist any more.
    Gone,
    Done {
        /// One for each change of the plan, in its order.
        outcomes: Vec<ChangeOutcome>,
        /// What a second observation says of the findings that the changes were for.
        verification: BTreeMap<FindingKey, Verification>,
        /// Why the lease was not given back. It ends by itself.
        lease_kept: Option<LedgerError>,
    },
}

/// Observes a scope and plans. `ledger` says whether its history counts, and with it pauses and conflicts.
///
/// # Errors
/// If the scope or the ledger cannot be read.
pub async fn plan_scope(
    context: &RunContext<'_>,
    scope: &Scope,
    ledger: bool,
) -> Result<Option<ScopePlan>, ReconcileError> {
    let history = match ledger {
        true => history(context, scope).await?,
        false => ChangeHistory::default(),
    };
    let Some(snapshot) = context.observe(scope, &parts()).await? else {
        return Ok(None);
    };
    Ok(Some(plan_observed(context, snapshot, history, ledger).await?))
}

/// The plan for the same observation under the settings of this context.
///
/// # Errors
/// If the ledger cannot be read.
pub async fn replan(context: &RunContext<'_>, planned: &ScopePlan, ledger: bool) -> Result<ScopePlan, ReconcileError> {
    plan_observed(context, planned.snapshot.clone(), planned.history.clone(), ledger).await
}

async fn plan_observed(
    context: &RunContext<'_>,
    snapshot: Snapshot,
    history: ChangeHistory,
    ledger: bool,
) -> Result<ScopePlan, ReconcileError> {
    let scope = snapshot.scope();
    let free = Restraints::default();
    let evaluation = Evaluation::of(context, snapshot, history, free.clone());
    let Evaluation {
        snapshot,
        findings,
        plan,
        history,
        ..
    } = match ledger {
        true => known_restraints(context, &scope, evaluation, free).await?,
        false => evaluation,
    };
    Ok(ScopePlan {
        snapshot,
        findings,
        plan,
        history,
    })
}

/// The changes of a plan that would be applied now, in their order.
pub fn agreed(plan: &Plan) -> Vec<&Change> {
    match plan.refused {
        Some(_) => Vec::new(),
        None => plan.enforced().map(|planned| &planned.change).collect(),
    }
}

/// Applies exactly these changes, under the lease of the scope and on record, if they still are what the plan would apply.
/// `on_change` is called after each. Once `stopped` says so, no further change is started.
///
/// # Errors
/// If the scope or the ledger cannot be read, or another run holds the lease. What was done until then is on record.
pub async fn apply_agreed(
    context: &RunContext<'_>,
    scope: &Scope,
    changes: &[Change],
    on_change: &mut dyn FnMut(&PlannedChange, &ChangeOutcome),
    stopped: &dyn Fn() -> bool,
) -> Result<Application, ReconcileError> {
    let mut session = Session::open(context, scope, LeaseTerms::command()).await?;
    let applied = apply(context, scope, changes, &mut session, on_change, stopped).await;
    let kept = session.close().await.err();
    Ok(match applied? {
        Application::Done {
            outcomes, verification, ..
        } => Application::Done {
            outcomes,
            verification,
            lease_kept: kept,
        },
        other @ (Application::Stale(_) | Application::Gone) => other,
    })
}

async fn apply(
    context: &RunContext<'_>,
    scope: &Scope,
    changes: &[Change],
    session: &mut Session<'_>,
    on_change: &mut dyn FnMut(&PlannedChange, &ChangeOutcome),
    stopped: &dyn Fn() -> bool,
) -> Result<Application, ReconcileError> {
    let history = history(context, scope).await?;
    let Some(snapshot) = context.observe(scope, &parts()).await? else {
        return Ok(Application::Gone);
    };
    let free = Restraints::default();
    let mut evaluation = Evaluation::of(context, snapshot, history, free.clone());
    if settle(context, &mut evaluation).await? {
        evaluation = Evaluation::of(context, evaluation.snapshot, evaluation.history, free.clone());
    }
    evaluation = known_restraints(context, scope, evaluation, free).await?;
    if let Some(error) = recently_changed(&evaluation) {
        return Err(error);
    }
    if !agreed(&evaluation.plan).into_iter().eq(changes) {
        return Ok(Application::Stale(evaluation.plan));
    }
    let canary = evaluation.canary.clone();
    let reserved = reserve(context, &session.lease, &mut evaluation.plan, canary.as_ref()).await?;
    let outcomes = execute(&evaluation.plan, session, on_change, stopped).await;
    if let Ok(outcomes) = &outcomes {
        return_unused(context, &session.lease, &reserved, &evaluation.plan, outcomes).await;
    }
    let outcomes = outcomes?;
    Ok(Application::Done {
        verification: verify(context, &evaluation, &outcomes).await,
        outcomes,
        lease_kept: None,
    })
}

/// Makes the changes, each unless one before it for the same finding was not made.
async fn execute(
    plan: &Plan,
    session: &mut Session<'_>,
    on_change: &mut dyn FnMut(&PlannedChange, &ChangeOutcome),
    stopped: &dyn Fn() -> bool,
) -> Result<Vec<ChangeOutcome>, ReconcileError> {
    let mut outcomes = Vec::new();
    let mut progress = PlanProgress::of(plan);
    for planned in &plan.changes {
        let outcome = match progress.not_made(planned) {
            Some(outcome) => outcome,
            None if stopped() => ChangeOutcome::Skipped {
                reason: "interrupted".to_owned(),
            },
            None => session.apply(planned, &[]).await?.outcome,
        };
        progress.note(planned, &outcome);
        if planned.mode == Mode::Enforce {
            on_change(planned, &outcome);
        }
        outcomes.push(outcome);
    }
    Ok(outcomes)
}

fn parts() -> BTreeSet<Part> {
    Part::all()
}

async fn history(context: &RunContext<'_>, scope: &Scope) -> Result<ChangeHistory, ReconcileError> {
    let window = Duration::from_secs(u64::from(context.settings.limits.window_hours) * 3_600);
    let since = context.now() - window.max(crate::reconcile::LONGEST_DELIVERY);
    Ok(context.ledger.past(scope, Some(since)).await?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Rig;

    async fn planned(rig: &Rig) -> Vec<Change> {
        let context = rig.context("postern-1");
        let planned = plan_scope(&context, &rig.scope(), true).await.unwrap().unwrap();
        agreed(&planned.plan).into_iter().cloned().collect()
    }

    #[tokio::test(start_paused = true)]
    async fn agreed_plan_is_applied_on_record_and_verified() {
        let rig = Rig::new("");
        let changes = planned(&rig).await;
        assert!(!changes.is_empty() && rig.is_open(), "planning changes nothing");
        let mut lines = Vec::new();
        let context = rig.context("postern-1");
        let mut on_change = |planned: &PlannedChange, _: &ChangeOutcome| lines.push(planned.change.clone());
        let applied = apply_agreed(&context, &rig.scope(), &changes, &mut on_change, &|| false)
            .await
            .unwrap();
        let Application::Done {
            outcomes, verification, ..
        } = applied
        else {
            panic!("{applied:?}")
        };
        assert_eq!(lines, changes);
        assert!(
            outcomes
                .iter()
                .all(|outcome| matches!(outcome, ChangeOutcome::Applied { .. })),
            "{outcomes:?}"
        );
        assert!(!verification.is_empty());
        assert!(
            verification
                .values()
                .all(|verified| *verified == Verification::Verified),
            "{verification:?}"
        );
        assert!(!rig.is_open());
        assert_eq!(rig.records().await.len(), changes.len());
        assert!(planned(&rig).await.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn interrupted_application_starts_no_further_change_and_gives_the_lease_back() {
        let rig = Rig::new("");
        let changes = planned(&rig).await;
        let context = rig.context("postern-1");
        let applied = apply_agreed(&context, &rig.scope(), &changes, &mut |_, _| {}, &|| true)
            .await
            .unwrap();
        let Application::Done { outcomes, .. } = applied else {
            panic!("{applied:?}")
        };
        assert!(
            outcomes
                .iter()
                .all(|outcome| matches!(outcome, ChangeOutcome::Skipped { .. }))
        );
        assert!(rig.is_open());
        // Nobody has to wait for the lease.
        rig.reconcile("run-1").await.unwrap();
        assert!(!rig.is_open());
    }

    #[tokio::test(start_paused = true)]
    async fn plan_that_no_longer_holds_is_not_applied() {
        let rig = Rig::new("");
        let changes = planned(&rig).await;
        rig.reconcile("run-1").await.unwrap();
        tokio::time::advance(Duration::from_secs(600)).await;
        let since = rig.cloud.log_since(0).len();
        let context = rig.context("postern-1");
        let applied = apply_agreed(&context, &rig.scope(), &changes, &mut |_, _| {}, &|| false)
            .await
            .unwrap();
        assert!(matches!(applied, Application::Stale(_)), "{applied:?}");
        let ec2 =
            |entry: &&std::sync::Arc<postern_cloud::Entry>| entry.mutating && entry.operation.ends_with("Endpoint");
        assert_eq!(rig.cloud.log_since(since).iter().filter(ec2).count(), 0);
    }
}
