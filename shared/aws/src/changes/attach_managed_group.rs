//! Attaches the managed security group to an endpoint.

use postern_core::changes::{AttachManagedGroup, DetachGroup};

use super::applier::{Applier, Step, not_needed, skipped};
use super::endpoint_modification;
use crate::describe;

pub(super) const CALLS: &[&str] = &[
    describe::ENDPOINTS,
    describe::SECURITY_GROUPS,
    endpoint_modification::MODIFY,
];
pub(super) const UNDO_CALLS: &[&str] = endpoint_modification::CALLS;

pub(super) async fn apply(applier: &mut Applier, change: &AttachManagedGroup) -> Step {
    let AttachManagedGroup { endpoint: id, group } = change;
    let endpoint = applier.endpoint(id).await?;
    let group = applier.managed_group_id(group).await?;
    if endpoint.security_groups.contains(&group) {
        return Err(not_needed(format!("{group} is attached to {id}")));
    }
    applier
        .modify(id, |request| request.add_security_group_ids(group.as_str()))
        .await?;
    Ok(Some(group.0))
}

pub(super) async fn undo(applier: &mut Applier, inverse: &DetachGroup) -> Step {
    let DetachGroup { endpoint: id, group } = inverse;
    let endpoint = applier.existing(id).await?;
    if !endpoint.security_groups.contains(group) {
        return Err(not_needed(format!("{group} is not attached to {id}")));
    }
    if endpoint.security_groups.len() == 1 {
        return Err(skipped(format!(
            "{group} is the only security group of {id}; attach another one first"
        )));
    }
    applier
        .modify(id, |request| request.remove_security_group_ids(group.as_str()))
        .await?;
    Ok(None)
}
