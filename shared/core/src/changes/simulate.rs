//! How kinds of change edit a snapshot.

use crate::model::endpoint::Endpoint;
use crate::model::endpoint_service::{Connection, ServiceSnapshot};
use crate::model::id::{EndpointId, SecurityGroupId, SubnetId};
use crate::model::snapshot::{SecurityGroup, VpcSnapshot};

/// Edits an endpoint, and gives what `edit` gives. Nothing where it is not there.
pub(super) fn with_endpoint<T: Default>(
    state: &mut VpcSnapshot,
    id: &EndpointId,
    edit: impl FnOnce(&mut Endpoint) -> T,
) -> T {
    let endpoints = state.endpoints.as_mut().ok();
    let endpoint = endpoints.and_then(|endpoints| endpoints.get_mut(id));
    endpoint.map(edit).unwrap_or_default()
}

/// Edits a security group, and gives what `edit` gives. Nothing where it is not there.
pub(super) fn with_group<T: Default>(
    state: &mut VpcSnapshot,
    id: &SecurityGroupId,
    edit: impl FnOnce(&mut SecurityGroup) -> T,
) -> T {
    let groups = state.security_groups.as_mut().ok();
    let group = groups.and_then(|groups| groups.get_mut(id));
    group.map(edit).unwrap_or_default()
}

/// Edits a connection, and gives what `edit` gives. Nothing where it is not there.
pub(super) fn with_connection<T: Default>(
    state: &mut ServiceSnapshot,
    id: &EndpointId,
    edit: impl FnOnce(&mut Connection) -> T,
) -> T {
    let connections = state.connections.as_mut().ok();
    let connection = connections.and_then(|connections| connections.get_mut(id));
    connection.map(edit).unwrap_or_default()
}

pub(super) fn managed_id(state: &VpcSnapshot) -> Option<SecurityGroupId> {
    state.managed_group().map(|group| group.id.clone())
}

/// Each network interface of an endpoint takes one address of its subnet.
pub(super) fn take_address(state: &mut VpcSnapshot, subnet: &SubnetId) {
    edit_free_addresses(state, subnet, |free| free.saturating_sub(1));
}

pub(super) fn give_address_back(state: &mut VpcSnapshot, subnet: &SubnetId) {
    edit_free_addresses(state, subnet, |free| free.saturating_add(1));
}

fn edit_free_addresses(state: &mut VpcSnapshot, id: &SubnetId, edit: impl FnOnce(u32) -> u32) {
    if let Ok(subnets) = &mut state.subnets
        && let Some(subnet) = subnets.get_mut(id)
    {
        subnet.free_addresses = edit(subnet.free_addresses);
    }
}
