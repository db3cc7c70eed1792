//! Reserves from the limits that all runs of an account and Region share, and returns what was not used.

use postern_aws::chain;
use postern_core::changes::ChangeOutcome;
use postern_core::plan::{Plan, Reservation, reservations};
use tracing::warn;

use crate::context::RunContext;
use crate::error::ReconcileError;
use crate::lease::Lease;

/// Reserves what the plan needs. Where a limit does not allow it, the plan is refused and nothing stays reserved.
pub(crate) async fn reserve(
    context: &RunContext<'_>,
    lease: &Lease,
    plan: &mut Plan,
) -> Result<Vec<Reservation>, ReconcileError> {
    let mut reserved: Vec<Reservation> = Vec::new();
    for reservation in reservations(plan, &context.settings.limits, context.now()) {
        match context.ledger.reserve(&lease.scope, lease.version, &reservation).await {
            Ok(true) => reserved.push(reservation),
            Ok(false) => {
                plan.refused = Some(reservation.refusal());
                give_back(context, lease, &reserved, |reservation| reservation.amount).await;
                return Ok(Vec::new());
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
