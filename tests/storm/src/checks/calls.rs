//! Invariants of the calls during a storm.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use postern_cloud::world::{Endpoint, EndpointKind};
use postern_cloud::{ACCOUNT, Entry, Resource};
use postern_core::controls::credentials_unbound;
use postern_core::model::cost::MonthlyCost;
use postern_core::settings::Mode;
use postern_policy::{Binding, Containment, Document, EndpointContext, analyse, bind};

use super::Evidence;
use super::ledger::{labels, same_policy};
use super::quarantine::denies;
use crate::setup::OPERATOR;

/// Calls per VPC as `ARCHITECTURE.md` states them, retries included, further pages of lists excluded.
const MOST_CALLS: u64 = 150;
/// Items of the longest list in a storm.
const LONG_PAGE: usize = 1_000;
/// Within this time after an hour begins, a change may count for the hour before.
const BLUR: SignedDuration = SignedDuration::from_secs(180);

pub(super) fn nothing_was_created_twice(evidence: &Evidence<'_>) -> Result<(), String> {
    let mut made: BTreeMap<(String, Option<String>, String), Vec<&Endpoint>> = BTreeMap::new();
    let mut groups: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    for entry in evidence.effects() {
        for effect in &entry.effects {
            groups.retain(|_, id| !deleted(evidence, "DeleteSecurityGroup", id, entry));
            match (&effect.before, &effect.after) {
                (None, Some(Resource::Endpoint(endpoint))) => {
                    let key = (
                        endpoint.vpc.clone(),
                        endpoint.service.clone(),
                        format!("{:?}", endpoint.kind),
                    );
                    let earlier = made.entry(key).or_default();
                    if let Some(other) = earlier.iter().find(|other| alive(evidence, &other.id, entry)) {
                        return Err(format!("{} was created while {} existed", endpoint.id, other.id));
                    }
                    earlier.push(endpoint);
                }
                (None, Some(Resource::SecurityGroup(group))) => {
                    if let Some(other) = groups.insert((&group.vpc, &group.name), &group.id) {
                        return Err(format!("{} was created although {other} exists", group.id));
                    }
                }
                (_, Some(Resource::SecurityGroup(group))) => {
                    let twice = group
                        .rules
                        .iter()
                        .enumerate()
                        .any(|(at, rule)| group.rules.iter().skip(at + 1).any(|other| rule.same(other)));
                    if twice {
                        return Err(format!("{} has a rule twice", group.id));
                    }
                }
                _ => {}
            }
        }
    }
    Ok(())
}

/// Whether an endpoint still existed before a call.
fn alive(evidence: &Evidence<'_>, id: &str, before: &Entry) -> bool {
    // An endpoint that failed by itself did so soon after its creation.
    let failed = evidence
        .cloud
        .edit(|world| world.endpoint(id).is_some_and(|endpoint| !endpoint.alive()));
    !deleted(evidence, "DeleteVpcEndpoints", id, before) && !failed
}

fn deleted(evidence: &Evidence<'_>, operation: &str, id: &str, before: &Entry) -> bool {
    let earlier = evidence.everything.iter();
    earlier
        .take_while(|entry| entry.number < before.number)
        .any(|entry| entry.operation == operation && entry.effects.iter().any(|effect| effect.id == id))
}

pub(super) fn only_open_policies_were_replaced(evidence: &Evidence<'_>) -> Result<(), String> {
    for entry in evidence.effects() {
        for effect in &entry.effects {
            let (Some(Resource::Endpoint(before)), Some(Resource::Endpoint(after))) = (&effect.before, &effect.after)
            else {
                continue;
            };
            if same_policy(&before.policy, &after.policy) || denies(before, after) {
                continue;
            }
            let [before_it, after_it] = [before, after].map(|endpoint| verdict(evidence, endpoint, entry.at));
            let closes = matches!(
                (before_it, after_it),
                (
                    Some(Containment::Open),
                    Some(Containment::Closed | Containment::LockedOut)
                )
            );
            if !closes && !binds(evidence, before, after, entry.at) {
                return Err(format!(
                    "the policy of {} was replaced, {before_it:?} by {after_it:?}:\n{}\n{}",
                    after.id, before.policy, after.policy
                ));
            }
        }
    }
    Ok(())
}

fn verdict(evidence: &Evidence<'_>, endpoint: &Endpoint, at: Timestamp) -> Option<Containment> {
    let document = Document::parse(&endpoint.policy).ok()?;
    Some(analyse(&document, &evidence.settings.perimeter, &context(endpoint, at)).verdict)
}

/// Whether the change stops instance credentials of other VPCs, which one control does.
fn binds(evidence: &Evidence<'_>, before: &Endpoint, after: &Endpoint, at: Timestamp) -> bool {
    let passes = |endpoint: &Endpoint| {
        let document = Document::parse(&endpoint.policy).ok()?;
        match bind(&document, &evidence.settings.perimeter, &context(endpoint, at)) {
            Binding::Bound => Some(false),
            Binding::Unbound { .. } => Some(true),
            Binding::Undecided(_) => None,
        }
    };
    evidence.settings.modes.of(credentials_unbound::CONTROL.name) == Mode::Enforce
        && passes(before) == Some(true)
        && passes(after) == Some(false)
}

fn context(endpoint: &Endpoint, at: Timestamp) -> EndpointContext {
    let service = endpoint.service.as_deref().unwrap_or_default();
    EndpointContext {
        service: service.rsplit('.').next().unwrap_or_default().to_owned(),
        gateway: endpoint.kind == EndpointKind::Gateway,
        owner: endpoint.owner.clone(),
        region: endpoint.region.clone(),
        vpc: endpoint.vpc.clone(),
        endpoint: endpoint.id.clone(),
        time: at.as_second(),
    }
}

pub(super) fn only_own_resources_were_changed(evidence: &Evidence<'_>) -> Result<(), String> {
    for entry in evidence.effects() {
        for effect in &entry.effects {
            let foreign = match (effect.before.as_ref(), effect.after.as_ref()) {
                // What a consumer has is changed only by decisions of the service's owner.
                (Some(Resource::Endpoint(before)), Some(Resource::Endpoint(after)))
                    if entry.operation.ends_with("VpcEndpointConnections") =>
                {
                    let decided = Endpoint {
                        state: after.state,
                        ..Endpoint::clone(before)
                    };
                    let service = evidence
                        .cloud
                        .edit(|world| world.endpoint_service_of(before).map(|service| service.owner.clone()));
                    decided != **after || service.as_deref() != Some(ACCOUNT)
                }
                (Some(Resource::EndpointService(service)), Some(_)) => service.owner != ACCOUNT,
                (Some(Resource::Endpoint(endpoint)), _) => {
                    endpoint.owner != ACCOUNT
                        || endpoint.requester_managed
                        || endpoint.tags.contains_key("GuardDutyManaged")
                }
                (_, Some(Resource::Endpoint(endpoint))) => {
                    let owner = evidence
                        .cloud
                        .edit(|world| world.vpc(&endpoint.vpc).map(|vpc| vpc.owner.clone()));
                    owner.as_deref() != Some(ACCOUNT)
                }
                (_, Some(Resource::SecurityGroup(group))) => {
                    group.owner != ACCOUNT || !group.tags.contains_key("postern:managed")
                }
                (_, Some(Resource::Vpc(vpc))) => vpc.owner != ACCOUNT,
                // Postern deletes nothing and changes no other kind of resource.
                _ => true,
            };
            if foreign || effect.after.is_none() {
                return Err(format!("{} was changed by {}", effect.id, entry.operation));
            }
        }
    }
    Ok(())
}

pub(super) fn no_limit_was_exceeded(evidence: &Evidence<'_>) -> Result<(), String> {
    let limits = evidence.settings.limits;
    let mut hours: BTreeMap<i64, usize> = BTreeMap::new();
    let mut spent = MonthlyCost::ZERO;
    let mut by_vpc: BTreeMap<String, (usize, MonthlyCost)> = BTreeMap::new();
    let begin = evidence.everything.first().map(|entry| entry.at);
    for entry in evidence.effects() {
        let second = entry.at.as_second();
        let hour = second.div_euclid(3_600);
        let first = begin.is_some_and(|begin| begin.as_second().div_euclid(3_600) == hour);
        let changed = entry.effects.iter().any(|effect| !labels(effect).is_empty());
        if changed && (first || second.rem_euclid(3_600) > BLUR.as_secs()) {
            *hours.entry(hour).or_default() += 1;
        }
        for effect in &entry.effects {
            let (before, after) = (zones(&effect.before), zones(&effect.after));
            let cost = |zones| {
                let region = entry.region.as_str().into();
                let cost = evidence.settings.prices.interface_endpoint(&region, zones);
                cost.unwrap_or_default()
            };
            spent = spent + cost(after.saturating_sub(before));
        }
    }
    // What an operator rolls back is not added any more.
    for entry in evidence.everything.iter().filter(|entry| entry.changed()) {
        let by_postern = entry.caller.contains(":role/postern-");
        for effect in &entry.effects {
            // An endpoint that is being deleted keeps its subnets for a while.
            let kept = effect.after.clone().filter(|_| entry.operation != "DeleteVpcEndpoints");
            let (before, after) = (zones(&effect.before), zones(&kept));
            if let Some(Resource::Endpoint(endpoint)) = effect.after.as_ref().or(effect.before.as_ref())
                && (by_postern || *entry.caller == *OPERATOR)
            {
                let (now, most) = by_vpc.entry(endpoint.vpc.clone()).or_default();
                *now = (*now + after).saturating_sub(before);
                let region = entry.region.as_str().into();
                let cost = evidence.settings.prices.interface_endpoint(&region, *now);
                *most = (*most).max(cost.unwrap_or_default());
            }
        }
    }
    if let Some((_, count)) = hours.iter().find(|(_, count)| **count > limits.changes_per_hour) {
        return Err(format!(
            "{count} changes in an hour, {} allowed",
            limits.changes_per_hour
        ));
    }
    // A storm is shorter than the period of the limit.
    if spent > limits.monthly_cost_total {
        return Err(format!("{spent} added, {} allowed", limits.monthly_cost_total));
    }
    if let Some((vpc, (_, cost))) = by_vpc.iter().find(|(_, (_, most))| *most > limits.monthly_cost_per_vpc) {
        return Err(format!(
            "{cost} added to {vpc}, {} allowed",
            limits.monthly_cost_per_vpc
        ));
    }
    Ok(())
}

pub(super) fn no_invocation_exceeded_its_call_bound(evidence: &Evidence<'_>) -> Result<(), String> {
    let most = MOST_CALLS * u64::try_from(evidence.scopes.len().max(1)).unwrap_or(u64::MAX);
    let long_pages = evidence.cloud.edit(|world| world.page) >= LONG_PAGE;
    if long_pages && evidence.busiest > most {
        return Err(format!(
            "an invocation made {} calls, {most} are stated",
            evidence.busiest
        ));
    }
    Ok(())
}

pub(super) fn audit_mode_changed_nothing(evidence: &Evidence<'_>) -> Result<(), String> {
    if evidence.settings.modes.default == Mode::Enforce {
        return Ok(());
    }
    match evidence.mutating().next() {
        Some(entry) => Err(format!("{} was called in audit mode", entry.operation)),
        None => Ok(()),
    }
}

/// The zones of an interface endpoint, each of which costs.
fn zones(resource: &Option<Resource>) -> usize {
    match resource {
        Some(Resource::Endpoint(endpoint)) if endpoint.kind == EndpointKind::Interface => endpoint.subnets.len(),
        _ => 0,
    }
}
