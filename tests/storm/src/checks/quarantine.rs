//! Invariants of endpoints in quarantine, and of services that are served centrally.

use std::sync::Arc;

use postern_cloud::world::{Endpoint, EndpointKind};
use postern_cloud::{ACCOUNT, Cloud, Resource};
use postern_core::changes::{Change, Safety};
use postern_core::controls::service_unapproved;
use postern_core::history::{Action, ChangeRecord, ChangeStatus};
use postern_core::model::managed::QUARANTINE_GROUP_NAME;
use postern_core::model::policy_document::QUARANTINE_POLICY;
use postern_core::model::scope::ScopedResource;
use postern_core::model::scope_snapshot::Snapshot;
use postern_core::settings::{Mode, Settings};

use super::Evidence;
use super::ledger::same_policy;
use crate::operators::roll_back;
use crate::setup::{OPERATOR, records};

/// By its policy, or by its only security group.
fn in_quarantine(cloud: &Cloud, endpoint: &Endpoint) -> bool {
    same_policy(&endpoint.policy, QUARANTINE_POLICY) || isolated(cloud, endpoint)
}

fn isolated(cloud: &Cloud, endpoint: &Endpoint) -> bool {
    let [group] = endpoint.groups.as_slice() else {
        return false;
    };
    cloud.edit(|world| {
        world
            .group(group)
            .is_some_and(|group| group.name == QUARANTINE_GROUP_NAME)
    })
}

/// Whether a call gave an endpoint the policy of quarantine.
pub(super) fn denies(before: &Endpoint, after: &Endpoint) -> bool {
    same_policy(&after.policy, QUARANTINE_POLICY) && !same_policy(&before.policy, QUARANTINE_POLICY)
}

/// Whether a call put an endpoint into quarantine.
fn quarantines(cloud: &Cloud, before: &Endpoint, after: &Endpoint) -> bool {
    in_quarantine(cloud, after) && !in_quarantine(cloud, before)
}

/// Only endpoints to services that nobody approved are quarantined, where the settings ask for that.
pub(super) fn only_unapproved_endpoints_were_quarantined(evidence: &Evidence<'_>) -> Result<(), String> {
    let settings = evidence.settings;
    let enforced = settings.modes.of(service_unapproved::CONTROL.name) == Mode::Enforce
        && settings.modes.interrupting == Mode::Enforce;
    for effect in evidence.effects().flat_map(|entry| &entry.effects) {
        let (Some(Resource::Endpoint(before)), Some(Resource::Endpoint(after))) = (&effect.before, &effect.after)
        else {
            continue;
        };
        let offered_by_us = evidence.cloud.edit(|world| {
            world
                .endpoint_service_of(after)
                .is_some_and(|service| service.owner == ACCOUNT)
        });
        if quarantines(evidence.cloud, before, after) && (!enforced || offered_by_us || approved(settings, after)) {
            return Err(format!("{} to {:?} was quarantined", after.id, after.service));
        }
    }
    Ok(())
}

fn approved(settings: &Settings, endpoint: &Endpoint) -> bool {
    let service = endpoint.service.as_deref().unwrap_or_default();
    let Some(approved) = settings
        .approved_services
        .as_ref()
        .filter(|approved| approved.quarantine)
    else {
        return true;
    };
    let mut required = settings
        .requirements
        .iter()
        .flat_map(|requirement| &requirement.services);
    let of_aws = !service.contains(".vpce.");
    (approved.aws && of_aws) || required.any(|short| of_aws && service.ends_with(&format!(".{short}")))
}

/// A rollback of a quarantine gives an endpoint back what it had before.
pub(super) fn rollbacks_restored_what_was_before(evidence: &Evidence<'_>) -> Result<(), String> {
    for entry in evidence.everything.iter().filter(|entry| *entry.caller == *OPERATOR) {
        for effect in &entry.effects {
            let (Some(Resource::Endpoint(before)), Some(Resource::Endpoint(after))) = (&effect.before, &effect.after)
            else {
                continue;
            };
            let cloud = evidence.cloud;
            if !in_quarantine(cloud, before) || in_quarantine(cloud, after) {
                continue;
            }
            let earlier = evidence.effects().filter(|earlier| earlier.number < entry.number);
            let quarantined = earlier.flat_map(|entry| &entry.effects).filter_map(|effect| {
                let (Some(Resource::Endpoint(from)), Some(Resource::Endpoint(to))) = (&effect.before, &effect.after)
                else {
                    return None;
                };
                (to.id == after.id && quarantines(cloud, from, to)).then_some(from)
            });
            // People may have changed the other one since.
            let restored = |from: &Arc<Endpoint>| match same_policy(&before.policy, QUARANTINE_POLICY) {
                true => same_policy(&from.policy, &after.policy),
                false => sorted(&from.groups) == sorted(&after.groups),
            };
            if !quarantined.last().is_some_and(restored) {
                return Err(format!(
                    "the rollback left {} with {:?} and {}",
                    after.id, after.groups, after.policy
                ));
            }
        }
    }
    Ok(())
}

/// Every endpoint that is in quarantine at the end leaves it by a rollback.
pub(crate) async fn every_quarantine_can_be_rolled_back(cloud: &Cloud, settings: &Settings) -> Result<(), String> {
    let records: Vec<ChangeRecord> = records(cloud).into_iter().flatten().collect();
    for record in &records {
        let (Action::Change(change), ChangeStatus::Applied { .. }) = (&record.action, &record.status) else {
            continue;
        };
        let Some(id) = change.endpoint().filter(|_| change.safety() == Safety::Disconnecting) else {
            continue;
        };
        let now = || cloud.edit(|world| world.endpoint(id.as_str()).cloned());
        let quarantined = || now().is_some_and(|endpoint| endpoint.alive() && in_quarantine(cloud, &endpoint));
        if !quarantined() {
            continue;
        }
        let said = roll_back(cloud, settings, record.id.clone()).await;
        let Some(after) = now().filter(|_| record.undone_by.is_none()) else {
            continue;
        };
        let mut restored = true;
        if let Change::QuarantineEndpoint(change) = change {
            restored = same_policy(&after.policy, &change.before);
        }
        if let Change::IsolateEndpoint(change) = change {
            let before: Vec<_> = change.before.iter().map(|group| group.0.clone()).collect();
            restored = sorted(&after.groups) == before;
        }
        if !restored {
            return Err(format!("{id} is still in quarantine after its rollback: {said}"));
        }
    }
    Ok(())
}

fn sorted(groups: &[String]) -> Vec<String> {
    let mut groups = groups.to_vec();
    groups.sort();
    groups
}

/// A spoke gets no endpoint of its own to a service that is served centrally.
pub(super) fn no_spoke_got_a_central_service_of_its_own(evidence: &Evidence<'_>) -> Result<(), String> {
    let Some(central) = &evidence.settings.central else {
        return Ok(());
    };
    for effect in evidence.effects().flat_map(|entry| &entry.effects) {
        let (None, Some(Resource::Endpoint(endpoint))) = (&effect.before, &effect.after) else {
            continue;
        };
        let service = endpoint.service.as_deref().unwrap_or_default();
        let named = |short: &String| service.ends_with(&format!(".{short}"));
        let centrally = central.services.is_empty() || central.services.iter().any(named);
        let scope = ScopedResource::Vpc(endpoint.vpc.as_str().into());
        let spoke = match evidence.scopes.get(&scope).map(|state| &state.snapshot) {
            Some(Snapshot::Vpc(vpc)) => central.is_spoke(&vpc.vpc),
            Some(Snapshot::Service(_)) | None => false,
        };
        if endpoint.kind == EndpointKind::Interface && spoke && centrally {
            return Err(format!(
                "{} to {service} was created in the spoke {}",
                endpoint.id, endpoint.vpc
            ));
        }
    }
    Ok(())
}
