//! Adds a subnet to an interface endpoint.

use postern_core::changes::{AddSubnet, ChangeOutcome, RemoveSubnet};
use postern_core::model::endpoint::EndpointKind;

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

/// Adds subnets to one endpoint by one call. None where EC2 refuses the call for a reason that may concern one of them
/// alone.
pub(super) async fn apply_together(applier: &mut Applier, changes: &[&AddSubnet]) -> Option<Vec<ChangeOutcome>> {
    let id = &changes.first()?.endpoint;
    let all = |outcome: ChangeOutcome| Some(changes.iter().map(|_| outcome.clone()).collect());
    let endpoint = match applier.endpoint(id).await {
        Ok(endpoint) if endpoint.kind != EndpointKind::Gateway => endpoint,
        Ok(_) => return None,
        Err(outcome) => return all(outcome),
    };
    let there = |change: &AddSubnet| endpoint.subnets.contains(&change.subnet);
    let new: Vec<_> = changes.iter().filter(|change| !there(change)).collect();
    if new.is_empty() {
        return None;
    }
    let ids: Vec<_> = new.iter().map(|change| change.subnet.to_string()).collect();
    let modified = applier.modify_unless_refused(id, |request| request.set_add_subnet_ids(Some(ids.clone())));
    let outcome = match modified.await {
        Ok(()) => ChangeOutcome::Applied { created: None },
        Err(error) if error.transient() || error.denied() => applier.refused(error),
        Err(_) if new.len() > 1 => return None,
        Err(error) => applier.refused(error),
    };
    let of = |change: &&AddSubnet| match there(change) {
        true => not_needed(format!("{id} is in {}, which serves {}", change.subnet, change.zone)),
        false => outcome.clone(),
    };
    Some(changes.iter().map(of).collect())
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
