//! ModifyVpcEndpoint and DeleteVpcEndpoints.

use crate::ec2::{Answered, ApiError, Call};
use crate::world::{DEFAULT_GATEWAY_POLICY, DEFAULT_POLICY, Endpoint, EndpointKind, EndpointState};

pub(in crate::ec2) fn modify(call: &mut Call<'_>) -> Answered {
    let id = call.form.required("VpcEndpointId").to_owned();
    let before = call.own_endpoint(&id)?;
    let mut after = before.clone();
    let form = call.form;
    if form.flag("ResetPolicy") == Some(true) {
        after.policy = match before.kind {
            EndpointKind::Gateway => DEFAULT_GATEWAY_POLICY.to_owned(),
            _ => DEFAULT_POLICY.to_owned(),
        };
    }
    if let Some(policy) = form.text("PolicyDocument") {
        after.policy = call.policy(policy)?;
    }
    change(
        &mut after.route_tables,
        form.list("AddRouteTableId"),
        &form.list("RemoveRouteTableId"),
    );
    change(
        &mut after.subnets,
        form.list("AddSubnetId"),
        &form.list("RemoveSubnetId"),
    );
    change(
        &mut after.groups,
        form.list("AddSecurityGroupId"),
        &form.list("RemoveSecurityGroupId"),
    );
    if let Some(private_dns) = form.flag("PrivateDnsEnabled") {
        after.private_dns = private_dns;
    }
    match before.state {
        EndpointState::Available => {}
        // A policy can be changed while the endpoint is pending.
        EndpointState::Pending | EndpointState::PendingAcceptance
            if (Endpoint {
                policy: after.policy.clone(),
                ..before.clone()
            }) == after => {}
        _ => return Err(wrong_state(&before)),
    }
    if after.kind != EndpointKind::Gateway && after.groups.is_empty() {
        return Err(ApiError::parameter("An endpoint must have at least one security group"));
    }
    call.check(&after, Some(&before))?;
    call.world.begin_modification(&id)?;
    // The state does not always show the modification.
    if after.subnets != before.subnets && call.world.rng.bool() {
        after.state = EndpointState::Pending;
        call.world.start_update(&id);
    }
    if after != before {
        call.world.put(after);
    }
    call.done()
}

fn wrong_state(endpoint: &Endpoint) -> ApiError {
    let state = crate::world::state_name(endpoint.state).to_lowercase();
    ApiError::new(
        "IncorrectState",
        format!("The VPC endpoint {} is in the {state} state", endpoint.id),
    )
}

/// EC2 accepts additions that exist and removals that do not.
fn change(list: &mut Vec<String>, add: Vec<String>, remove: &[String]) {
    list.retain(|id| !remove.contains(id));
    for id in add {
        if !list.contains(&id) {
            list.push(id);
        }
    }
}

pub(in crate::ec2) fn delete(call: &mut Call<'_>) -> Answered {
    let mut failed = Vec::new();
    for id in call.form.list("VpcEndpointId") {
        match call.own_endpoint(&id) {
            Ok(endpoint) if endpoint.state == EndpointState::Deleting => {}
            Ok(mut endpoint) => {
                endpoint.state = EndpointState::Deleting;
                call.world.put(endpoint);
                call.world.start_deletion(&id);
            }
            Err(error) => failed.push((id, error)),
        }
    }
    call.xml.unsuccessful(failed);
    Ok(())
}

impl Call<'_> {
    /// An endpoint that the caller may change.
    fn own_endpoint(&mut self, id: &str) -> Result<Endpoint, ApiError> {
        let seen = self.world.read::<Endpoint>(id).is_some();
        let found = self.world.endpoint(id).filter(|endpoint| {
            seen && endpoint.region == self.region
                && self.ours(&endpoint.owner)
                && endpoint.state != EndpointState::Deleted
        });
        let Some(endpoint) = found.cloned() else {
            return Err(ApiError::no_endpoint(id, &mut self.world.rng));
        };
        if endpoint.requester_managed {
            let message = format!("Operation is not allowed on requester-managed VPC endpoints: {id}");
            return Err(ApiError::not_permitted(message));
        }
        Ok(Endpoint::clone(&endpoint))
    }
}
