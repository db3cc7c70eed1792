//! Connections of consumers' endpoints to endpoint services, as the services' owners see them.

use super::{Answered, ApiError, Call};
use crate::world::{Endpoint, EndpointState, state_name};

pub(super) fn describe(call: &mut Call<'_>) -> Answered {
    let (size, after) = call.page(1_000, false)?;
    let seen = call
        .world
        .read_all::<Endpoint>(&after, |endpoint| endpoint.state != EndpointState::Deleted);
    let connected = seen.into_iter().filter_map(|endpoint| {
        let service = call.world.endpoint_service_of(&endpoint)?;
        let ours = service.region == call.region && call.ours(&service.owner);
        ours.then(|| (endpoint, service.id.clone()))
    });
    let connected: Vec<_> = connected.collect();
    let passes = call.passing();
    let mut page: Vec<_> = connected
        .into_iter()
        .filter(|(endpoint, service)| {
            passes(&|name| match name {
                "service-id" => Some(vec![service.clone()]),
                "vpc-endpoint-id" => Some(vec![endpoint.id.clone()]),
                "vpc-endpoint-owner" => Some(vec![endpoint.owner.clone()]),
                "vpc-endpoint-region" => Some(vec![endpoint.region.clone()]),
                "vpc-endpoint-state" => Some(vec![documented(endpoint.state)]),
                _ => None,
            })
        })
        .collect();
    let more = page.len() > size;
    page.truncate(size);
    let last = page.last().map_or(after, |(endpoint, _)| endpoint.id.clone());
    let states: Vec<_> = page
        .iter()
        .map(|(endpoint, _)| call.wire_state(endpoint.state))
        .collect();
    let items = page.iter().zip(states);
    call.xml.set(
        "vpcEndpointConnectionSet",
        items,
        |xml, ((endpoint, service), state)| {
            xml.text("serviceId", service);
            xml.text("vpcEndpointId", &endpoint.id);
            xml.text("vpcEndpointOwner", &endpoint.owner);
            xml.text("vpcEndpointState", &state);
            xml.text("vpcEndpointRegion", &endpoint.region);
            xml.text("ipAddressType", "ipv4");
            xml.value("creationTimestamp", endpoint.created);
            xml.node("tagSet", |_| {});
        },
    );
    let token = more.then(|| call.token(&last));
    call.end_of_page(token);
    Ok(())
}

/// A state as in the documentation of filters.
fn documented(state: EndpointState) -> String {
    let name = state_name(state);
    let (first, rest) = name.split_at(1);
    first.to_lowercase() + rest
}

/// [Pending requests can be accepted](https://docs.aws.amazon.com/vpc/latest/privatelink/configure-endpoint-service.html#accept-reject-connection-requests).
pub(super) fn accept(call: &mut Call<'_>) -> Answered {
    let again = !call.world.rejected_is_final;
    decide(call, |state| match state {
        EndpointState::PendingAcceptance => Some(EndpointState::Pending),
        EndpointState::Rejected if again => Some(EndpointState::Pending),
        _ => None,
    })
}

/// [Connections can be rejected after they are available](https://docs.aws.amazon.com/vpc/latest/privatelink/configure-endpoint-service.html#accept-reject-connection-requests).
pub(super) fn reject(call: &mut Call<'_>) -> Answered {
    decide(call, |state| match state {
        EndpointState::PendingAcceptance | EndpointState::Pending | EndpointState::Available => {
            Some(EndpointState::Rejected)
        }
        _ => None,
    })
}

/// Changes the states of connections. Those that cannot be changed are listed as unsuccessful.
fn decide(call: &mut Call<'_>, next: impl Fn(EndpointState) -> Option<EndpointState>) -> Answered {
    let service = call.own_endpoint_service()?;
    let mut failed = Vec::new();
    for id in call.form.list("VpcEndpointId") {
        let found = call.world.endpoint(&id).filter(|endpoint| {
            endpoint.state != EndpointState::Deleted && endpoint.service.as_ref() == Some(&service.name)
        });
        let Some(mut endpoint) = found.map(|endpoint| Endpoint::clone(endpoint)) else {
            let error = ApiError::no_endpoint(&id, &mut call.world.rng);
            failed.push((id, error));
            continue;
        };
        let Some(state) = next(endpoint.state) else {
            let message = format!("The endpoint {id} is in the state {}", documented(endpoint.state));
            failed.push((id, ApiError::new("InvalidState", message)));
            continue;
        };
        endpoint.state = state;
        match state {
            EndpointState::Pending => call.world.start_pending(&id, endpoint.kind),
            _ => call.world.stay(&id),
        }
        call.world.put(endpoint);
    }
    call.xml.unsuccessful(failed);
    Ok(())
}

impl Call<'_> {
    /// A state as EC2 writes it: seldom with another case than the documentation has.
    fn wire_state(&mut self, state: EndpointState) -> String {
        match self.world.rng.u8(..20) {
            0 => state_name(state).to_owned(),
            1 => state_name(state).to_lowercase(),
            _ => documented(state),
        }
    }
}
