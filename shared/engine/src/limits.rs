//! Reserves from the limits that all runs of an account and Region share, and returns what was not used.

use postern_aws::chain;
use postern_core::changes::ChangeOutcome;
use postern_core::plan::{Canary, Plan, Reservation, reservations};
use tracing::warn;

use crate::context::RunContext;
use crate::error::ReconcileError;
use crate::lease::Lease;

/// Reserves what the plan needs. Where a limit does not allow it, the changes that count against it are withheld; nothing
/// stays reserved for a plan of which nothing is left.
pub(crate) async fn reserve(
    context: &RunContext<'_>,
    lease: &Lease,
    plan: &mut Plan,
    canary: Option<&Canary>,
) -> Result<Vec<Reservation>, ReconcileError> {
    let mut reserved: Vec<Reservation> = Vec::new();
    for reservation in reservations(plan, context.settings, canary, context.now()) {
        match context.ledger.reserve(&lease.scope, lease.version, &reservation).await {
            Ok(true) => reserved.push(reservation),
            Ok(false) => {
                plan.withhold_for(&reservation);
                if plan.enforced().next().is_none() {
                    give_back(context, lease, &reserved, |reservation| reservation.amount).await;
                    return Ok(Vec::new());
                }
            }
            Err(error) => {
                give_back(context, lease, &reserved, |reservation| reservation.amount).await;
                return Err(error.into());
            }
        }
    }
    Ok(reserved)
}

/// Returns what the plan did not need after all.
pub(crate) async fn return_unused(
    context: &RunContext<'_>,
    lease: &Lease,
    reserved: &[Reservation],
    plan: &Plan,
    outcomes: &[ChangeOutcome],
) {
    give_back(context, lease, reserved, |reservation| {
        reservation.unused(plan, outcomes)
    })
    .await;
}

async fn give_back(
    context: &RunContext<'_>,
    lease: &Lease,
    reserved: &[Reservation],
    unused: impl Fn(&Reservation) -> u64,
) {
    for reservation in reserved {
        let unused = unused(reservation);
        let returned = context
            .ledger
            .give_back(&lease.scope, lease.version, reservation, unused)
            .await;
        if let Err(error) = returned {
            warn!(
                limit = reservation.budget.key(),
                unused,
                error = chain(&error),
                "an unused reservation was not returned; it counts as used until its window ends"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::lease::LeaseTerms;
    use crate::testing::{Rig, applied};

    #[tokio::test(start_paused = true)]
    async fn plan_beyond_a_shared_limit_is_withheld_until_another_run_returns_what_it_did_not_use() {
        let rig = Rig::new("[limits]\nchanges_per_hour = 1\n");
        let (first, second) = (rig.context("run-1"), rig.context("run-2"));
        let terms = LeaseTerms::command();
        let lease = Lease::acquire(&first, &rig.scope(), terms).await.unwrap();
        let mut plan = rig.evaluation(&first).await.plan;
        let reserved = reserve(&first, &lease, &mut plan, None).await.unwrap();
        assert_eq!((reserved.len(), plan.enforced().count()), (1, 1));
        // What is used is not returned.
        return_unused(&first, &lease, &reserved, &plan, &[applied()]).await;

        tokio::time::advance(Duration::from_secs(200)).await;
        let later = Lease::acquire(&second, &rig.scope(), terms).await.unwrap();
        let mut other = rig.evaluation(&second).await.plan;
        let mut denied = other.clone();
        assert!(reserve(&second, &later, &mut denied, None).await.unwrap().is_empty());
        let withheld = denied.changes[0].withheld.clone().unwrap();
        assert!(withheld.contains("limits.changes_per_hour"), "{withheld}");

        let skipped = ChangeOutcome::Skipped {
            reason: "deleted".to_owned(),
        };
        return_unused(&first, &lease, &reserved, &plan, &[skipped]).await;
        assert_eq!(reserve(&second, &later, &mut other, None).await.unwrap().len(), 1);
        assert_eq!(other.enforced().count(), 1);
    }
}
