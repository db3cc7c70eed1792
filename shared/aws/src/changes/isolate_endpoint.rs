//! Replaces the security groups of an endpoint by the empty group.

use postern_core::changes::{IsolateEndpoint, RestoreGroups};
use postern_core::model::managed::{GroupPurpose, QUARANTINE_GROUP_NAME};

use super::applier::{Applier, Step, not_needed, skipped};
use super::endpoint_modification;
use crate::describe;

pub(super) const CALLS: &[&str] = &[
    describe::ENDPOINTS,
    describe::SECURITY_GROUPS,
    endpoint_modification::MODIFY,
];
pub(super) const UNDO_CALLS: &[&str] = endpoint_modification::CALLS;

pub(super) async fn apply(applier: &mut Applier, change: &IsolateEndpoint) -> Step {
    let IsolateEndpoint {
        endpoint: id,
        vpc,
        before,
    } = change;
    let live = applier.endpoint(id).await?.security_groups;
    let known = applier.known_group(vpc, GroupPurpose::Quarantine).cloned();
    let quarantine = match known {
        Some(known) => known,
        None => match applier.managed_group(vpc, GroupPurpose::Quarantine).await? {
            Some(group) if group.ingress.is_empty() => group.id,
            Some(group) => return Err(skipped(format!("{} has rules", group.id))),
            None => return Err(skipped(format!("{QUARANTINE_GROUP_NAME} does not exist in {vpc}"))),
        },
    };
    if live.iter().eq([&quarantine]) {
        return Err(not_needed(format!("{quarantine} is the only security group of {id}")));
    }
    if live != *before {
        return Err(skipped(format!(
            "the security groups of {id} were changed since they were observed"
        )));
    }
    applier
        .modify(id, |request| {
            let request = request.add_security_group_ids(quarantine.as_str());
            let others = before.iter().filter(|group| **group != quarantine);
            others.fold(request, |request, group| {
                request.remove_security_group_ids(group.as_str())
            })
        })
        .await?;
    Ok(Some(quarantine.0))
}

pub(super) async fn undo(applier: &mut Applier, inverse: &RestoreGroups) -> Step {
    let RestoreGroups {
        endpoint: id,
        groups,
        quarantine,
    } = inverse;
    let live = applier.existing(id).await?.security_groups;
    if live == *groups {
        return Err(not_needed(format!("{id} has the earlier security groups")));
    }
    if !live.iter().eq([quarantine]) {
        return Err(skipped(format!(
            "somebody else changed the security groups of {id} since"
        )));
    }
    applier
        .modify(id, |request| {
            let request = groups
                .iter()
                .fold(request, |request, group| request.add_security_group_ids(group.as_str()));
            match groups.contains(quarantine) {
                true => request,
                false => request.remove_security_group_ids(quarantine.as_str()),
            }
        })
        .await?;
    Ok(None)
}
