//! How kinds of change edit a snapshot.

use crate::model::id::{EndpointId, SecurityGroupId, SubnetId};
use crate::model::snapshot::{Endpoint, SecurityGroup, Snapshot};

pub(super) fn with_endpoint(state: &mut Snapshot, id: &EndpointId, edit: impl FnOnce(&mut Endpoint)) {
    if let Ok(endpoints) = &mut state.endpoints
        && let Some(endpoint) = endpoints.get_mut(id)
    {
        edit(endpoint);
    }
}

pub(super) fn with_group(state: &mut Snapshot, id: &SecurityGroupId, edit: impl FnOnce(&mut SecurityGroup)) {
    if let Ok(groups) = &mut state.security_groups
        && let Some(group) = groups.get_mut(id)
    {
        edit(group);
    }
}

pub(super) fn managed_id(state: &Snapshot) -> Option<SecurityGroupId> {
    state.managed_group().map(|group| group.id.clone())
}

/// Each network interface of an endpoint takes one address of its subnet.
pub(super) fn take_address(state: &mut Snapshot, subnet: &SubnetId) {
    edit_free_addresses(state, subnet, |free| free.saturating_sub(1));
}

pub(super) fn give_address_back(state: &mut Snapshot, subnet: &SubnetId) {
    edit_free_addresses(state, subnet, |free| free.saturating_add(1));
}

fn edit_free_addresses(state: &mut Snapshot, id: &SubnetId, edit: impl FnOnce(u32) -> u32) {
    if let Ok(subnets) = &mut state.subnets
        && let Some(subnet) = subnets.get_mut(id)
    {
        subnet.free_addresses = edit(subnet.free_addresses);
    }
}
