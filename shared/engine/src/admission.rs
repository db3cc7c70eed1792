//! Determines which changes of a plan may be applied for the safety of the network, whatever the limits.

use jiff::SignedDuration;
use postern_aws::ledger::Canaries;
use postern_core::changes::Safety;
use postern_core::history::CanaryStatus;
use postern_core::model::scope::Scope;
use postern_core::plan::{Admission, Canary, Plan, PlannedChange, Spent};
use postern_core::settings::{Mode, Organization};

use crate::context::{RunContext, days};
use crate::error::ReconcileError;

/// What restrains a plan of a scope. AWS and the ledger are asked only where the plan has changes for which it matters.
///
/// # Errors
/// If AWS or the ledger cannot answer now.
pub(crate) async fn admission(
    context: &RunContext<'_>,
    scope: &Scope,
    plan: &Plan,
    spent: Spent,
) -> Result<Admission, ReconcileError> {
    let mut admission = Admission::after(spent);
    let enforced = || plan.changes.iter().filter(|planned| planned.mode == Mode::Enforce);
    let relies = |planned: &PlannedChange| planned.change.relies_on_perimeter();
    let restricts = |planned: &PlannedChange| planned.change.safety() == Safety::Restrictive;
    if !enforced().any(relies) {
        return Ok(admission);
    }
    let settings = context.settings;
    let organization = match settings.perimeter_names_organizations() {
        true => {
            let session = context.aws.account(&scope.account).await?;
            session.organization().await.map_err(ReconcileError::Organization)?
        }
        false => Organization::Unknown("not asked for".to_owned()),
    };
    admission.perimeter = settings.perimeter_excludes(&scope.account, &organization);
    if admission.perimeter.is_none() && settings.limits.canary_endpoints > 0 && enforced().any(restricts) {
        admission.canary = canary(context, scope).await?;
    }
    Ok(admission)
}

/// Which endpoints may be closed under the present perimeter. None: as many as the limits allow, since enough of them
/// are closed and verified.
async fn canary(context: &RunContext<'_>, scope: &Scope) -> Result<Option<Canary>, ReconcileError> {
    let (settings, ledger) = (context.settings, context.ledger);
    let (account, region) = (&scope.account, &scope.region);
    let perimeter = settings.perimeter_digest();
    let first = settings.limits.canary_endpoints;
    let known = ledger.canaries(account, region, &perimeter).await?;
    if known.verified {
        return Ok(None);
    }
    let (mut closed, mut verified) = (0, 0);
    let mut waits_for = None;
    for vpc in &known.vpcs {
        let history = ledger.past(&Scope::vpc(account, region, vpc), None).await?;
        for (record, status) in history.closed_under(&perimeter) {
            closed += 1;
            match status {
                CanaryStatus::Verified => verified += 1,
                CanaryStatus::Unverified | CanaryStatus::RolledBack => waits_for = Some((record.id.clone(), status)),
            }
        }
    }
    if verified >= first {
        let expires = context.expires(context.now());
        let recorded = ledger.verify_perimeter(account, region, &perimeter, context.now(), expires);
        recorded.await?;
        return Ok(None);
    }
    let what = match waits_for {
        Some((change, CanaryStatus::RolledBack)) => {
            format!(
                "change {change}, which was made first, was rolled back; correct `[perimeter]`, or raise that limit"
            )
        }
        Some((change, CanaryStatus::Verified | CanaryStatus::Unverified)) => {
            format!("change {change}, which was made first, is not verified yet")
        }
        None => "the others follow in later runs, once these are verified".to_owned(),
    };
    Ok(Some(Canary {
        reason: format!("the perimeter is new ({perimeter}) and limits.canary_endpoints is {first}: {what}"),
        endpoints: first.saturating_sub(closed),
        most: first + abandoned(context, &known, closed),
        perimeter,
    }))
}

/// How many endpoints crashed runs reserved and did not close.
fn abandoned(context: &RunContext<'_>, known: &Canaries, closed: usize) -> usize {
    let kept = SignedDuration::try_from(days(context.settings.ledger.retention_days)).unwrap_or(SignedDuration::MAX);
    match known.in_progress(kept, context.now()) {
        true => 0,
        false => usize::try_from(known.reserved)
            .unwrap_or(usize::MAX)
            .saturating_sub(closed),
    }
}

#[cfg(test)]
mod tests;
