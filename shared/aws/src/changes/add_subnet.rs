//! Adds a subnet to an interface endpoint.

use postern_core::changes::{AddSubnet, RemoveSubnet};
use postern_core::model::snapshot::EndpointKind;

use super::applier::{Applier, Step, failed, not_needed, skipped};
use super::endpoint_modification;

pub(super) const CALLS: &[&str] = endpoint_modification::CALLS;
pub(super) const UNDO_CALLS: &[&str] = CALLS;

pub(super) async fn apply(applier: &mut Applier, change: &AddSubnet) -> Step {
    let AddSubnet {
        endpoint: id,
        subnet,
        zone,
    } = change;
    let endpoint = applier.endpoint(id).await?;
    if endpoint.subnets.contains(subnet) {
        return Err(not_needed(format!("{id} is in {subnet}, which serves {zone}")));
    }
    if endpoint.kind == EndpointKind::Gateway {
        return Err(failed(format!("{id} is a gateway endpoint, which takes no subnets")));
    }
    applier
        .modify(id, |request| request.add_subnet_ids(subnet.as_str()))
        .await?;
    Ok(None)
}

pub(super) async fn undo(applier: &mut Applier, inverse: &RemoveSubnet) -> Step {
    let RemoveSubnet { endpoint: id, subnet } = inverse;
    let endpoint = applier.existing(id).await?;
    if !endpoint.subnets.contains(subnet) {
        return Err(not_needed(format!("{id} is not in {subnet}")));
    }
    if endpoint.subnets.len() == 1 {
        return Err(skipped(format!(
            "{subnet} is the only subnet of {id}; delete the endpoint instead"
        )));
    }
    applier
        .modify(id, |request| request.remove_subnet_ids(subnet.as_str()))
        .await?;
    Ok(None)
}
