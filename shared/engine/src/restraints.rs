//! Determines which changes of a plan may not be applied for the safety of the network, whatever the limits.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use postern_aws::ledger::Canaries;
use postern_core::history::{Action, CanaryStatus, ChangeId};
use postern_core::model::id::SubnetId;
use postern_core::model::scope::{Scope, ScopedResource};
use postern_core::model::scope_snapshot::Snapshot;
use postern_core::plan::{Canary, Plan, PlannedChange, Restraints};
use postern_core::settings::{Mode, Organization};

use crate::context::{RunContext, days};
use crate::error::ReconcileError;
use crate::evaluation::Evaluation;

/// Evaluates a scope again where something restrains its plan, or allows it more. `free` is with what it was evaluated.
///
/// # Errors
/// If AWS or the ledger cannot answer now.
pub(crate) async fn restrained(
    context: &RunContext<'_>,
    scope: &Scope,
    evaluation: Evaluation,
    mut free: Restraints,
) -> Result<Evaluation, ReconcileError> {
    let mut evaluation = evaluation;
    free.idle = idle_subnets(context, scope, &evaluation).await?;
    if !free.idle.is_empty() {
        let Evaluation { snapshot, history, .. } = evaluation;
        evaluation = Evaluation::of(context, snapshot, history, free.clone());
    }
    known_restraints(context, scope, evaluation, free).await
}

/// The same without looking for clients, for plans that are applied later.
///
/// # Errors
/// If AWS or the ledger cannot answer now.
pub(crate) async fn known_restraints(
    context: &RunContext<'_>,
    scope: &Scope,
    evaluation: Evaluation,
    free: Restraints,
) -> Result<Evaluation, ReconcileError> {
    let restraints = restraints(context, scope, &evaluation.plan, free.clone()).await?;
    if restraints == free {
        return Ok(evaluation);
    }
    let Evaluation { snapshot, history, .. } = evaluation;
    Ok(Evaluation::of(context, snapshot, history, restraints))
}

/// What restrains a plan of a scope. AWS and the ledger are asked only where the plan has changes for which it matters.
///
/// # Errors
/// If AWS or the ledger cannot answer now.
async fn restraints(
    context: &RunContext<'_>,
    scope: &Scope,
    plan: &Plan,
    free: Restraints,
) -> Result<Restraints, ReconcileError> {
    let mut restraints = free;
    let enforced = || plan.changes.iter().filter(|planned| planned.mode == Mode::Enforce);
    let relies = |planned: &PlannedChange| planned.change.relies_on_perimeter();
    let restricts = |planned: &PlannedChange| planned.change.closes().is_some();
    if !enforced().any(relies) {
        return Ok(restraints);
    }
    let settings = context.settings;
    let organization = match settings.perimeter_names_organizations() {
        true => {
            let session = context.aws.account(&scope.account).await?;
            session.organization().await.map_err(ReconcileError::Organization)?
        }
        false => Organization::Unknown("not asked for".to_owned()),
    };
    restraints.perimeter = settings.perimeter_excludes(&scope.account, &organization);
    if restraints.perimeter.is_none() && settings.limits.canary_endpoints > 0 && enforced().any(restricts) {
        let restricted = enforced().filter_map(|planned| planned.change.closes()).collect();
        restraints.canary = canary(context, scope, &restricted).await?;
    }
    Ok(restraints)
}

/// The subnets of the scope in which there are no clients, where the plan has interrupting changes that are made only if
/// they meet none. Empty where there are no such changes, or AWS does not tell.
///
/// # Errors
/// If AWS cannot answer now.
async fn idle_subnets(
    context: &RunContext<'_>,
    scope: &Scope,
    evaluation: &Evaluation,
) -> Result<BTreeSet<SubnetId>, ReconcileError> {
    let modes = &context.settings.modes;
    let at_any_time = modes.interrupting == Mode::Enforce && modes.outside_window(evaluation.time).is_none();
    let enforced = |planned: &PlannedChange| planned.causes.iter().any(|key| modes.of(&key.control) == Mode::Enforce);
    let mut changes = evaluation.plan.changes.iter();
    let interrupts = changes.any(|planned| planned.change.safety().interrupts() && enforced(planned));
    let subnets = match &evaluation.snapshot {
        Snapshot::Vpc(vpc) => &vpc.subnets,
        Snapshot::Service(_) => return Ok(BTreeSet::new()),
    };
    let (false, true, Ok(subnets)) = (at_any_time, interrupts, subnets) else {
        return Ok(BTreeSet::new());
    };
    let busy = busy_subnets(context, scope).await?;
    let idle = busy.map(|busy| subnets.keys().filter(|id| !busy.contains(id)).cloned().collect());
    Ok(idle.unwrap_or_default())
}

/// The subnets with clients. None where AWS does not tell; it tells of no endpoint service, whose clients are in the VPCs
/// of others.
pub(crate) async fn busy_subnets(
    context: &RunContext<'_>,
    scope: &Scope,
) -> Result<Option<BTreeSet<SubnetId>>, ReconcileError> {
    let vpc = match &scope.resource {
        ScopedResource::Vpc(vpc) => vpc,
        ScopedResource::EndpointService(_) => return Ok(None),
    };
    let session = context.aws.account(&scope.account).await?;
    Ok(session.subnets_with_clients(&scope.region, vpc).await?)
}

/// Which endpoints may be closed under the present perimeter. None: as many as the limits allow, since enough of them
/// are closed and verified. An endpoint that was closed first, and is open again, may be closed again: `restricted` are the
/// endpoints and endpoint services that the plan closes.
async fn canary(
    context: &RunContext<'_>,
    scope: &Scope,
    restricted: &BTreeSet<&str>,
) -> Result<Option<Canary>, ReconcileError> {
    let (settings, ledger) = (context.settings, context.ledger);
    let (account, region) = (&scope.account, &scope.region);
    let perimeter = settings.perimeter_digest();
    let first = settings.limits.canary_endpoints;
    let known = ledger.canaries(account, region, &perimeter).await?;
    if known.verified {
        return Ok(None);
    }
    let (mut closed, mut verified, mut again) = (0, 0, 0);
    let mut waits_for: Option<(ChangeId, CanaryStatus)> = None;
    for resource in &known.scopes {
        let scope = Scope::of(account, region, resource.clone());
        let history = ledger.past(&scope, None).await?;
        for (record, status) in history.closed_under(&perimeter) {
            closed += 1;
            if let Action::Change(change) = &record.action
                && change.closes().is_some_and(|closed| restricted.contains(closed))
            {
                again += 1;
            }
            if status == CanaryStatus::Verified {
                verified += 1;
            } else if waits_for.as_ref().is_none_or(|(_, worst)| status > *worst) {
                waits_for = Some((record.id.clone(), status));
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
        Some((change, CanaryStatus::Failed)) => {
            format!("change {change}, which was made first, did not remediate its finding; see its report")
        }
        Some((change, CanaryStatus::Verified | CanaryStatus::Unverified)) => {
            format!(
                "no delivered report shows yet that change {change}, which was made first, remediated its finding; the next \
                 run of a function delivers one, or `postern sweep` starts one now"
            )
        }
        None => {
            "later runs close the other endpoints, after a run has verified that the first ones are closed".to_owned()
        }
    };
    Ok(Some(Canary {
        reason: format!("the perimeter is new ({perimeter}) and limits.canary_endpoints is {first}: {what}"),
        endpoints: first.saturating_sub(closed) + again,
        most: first + again + abandoned(context, scope, &known, closed),
        perimeter,
    }))
}

/// How many endpoints earlier runs reserved and did not close. One run at a time has the lease of this scope, so that other
/// scopes alone may have a run in progress.
fn abandoned(context: &RunContext<'_>, scope: &Scope, known: &Canaries, closed: usize) -> usize {
    let others = known.scopes.iter().any(|other| *other != scope.resource);
    let kept = SignedDuration::try_from(days(context.settings.ledger.retention_days)).unwrap_or(SignedDuration::MAX);
    match others && known.in_progress(kept, context.now()) {
        true => 0,
        false => usize::try_from(known.reserved)
            .unwrap_or(usize::MAX)
            .saturating_sub(closed),
    }
}

#[cfg(test)]
mod tests;
