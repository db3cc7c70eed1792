//! Endpoint services and connections as they are right before a change, and what their changes answer.

use aws_sdk_ec2::types::UnsuccessfulItem;
use postern_core::changes::ChangeOutcome;
use postern_core::model::endpoint::EndpointState;
use postern_core::model::endpoint_service::{Connection, EndpointService};
use postern_core::model::id::{EndpointId, EndpointServiceId};

use super::applier::{Applier, Step};
use super::refusal;
use crate::describe::{self, filter, parse};
use crate::error::CallError;

pub(super) const ACCEPT: &str = "ec2:AcceptVpcEndpointConnections";
pub(super) const REJECT: &str = "ec2:RejectVpcEndpointConnections";

impl Applier {
    /// The configuration of an endpoint service. None where it is gone.
    pub(super) async fn endpoint_service(
        &self,
        id: &EndpointServiceId,
    ) -> Result<Option<EndpointService>, ChangeOutcome> {
        let found = describe::configurations(&self.ec2, vec![filter("service-id", [id.as_str()])]).await;
        let found = found.map_err(refusal::outcome)?;
        let service = found.first().map(|found| parse::configuration(found, &self.account));
        let service = service.transpose().map_err(refusal::outcome)?;
        Ok(service.filter(|service| service.ends().is_none()))
    }

    /// A connection of an endpoint service. None where AWS does not list it.
    pub(super) async fn connection(
        &self,
        service: &EndpointServiceId,
        endpoint: &EndpointId,
    ) -> Result<Option<Connection>, ChangeOutcome> {
        let filters = vec![
            filter("service-id", [service.as_str()]),
            filter("vpc-endpoint-id", [endpoint.as_str()]),
        ];
        let found = describe::connections(&self.ec2, filters)
            .await
            .map_err(refusal::outcome)?;
        let found = found.first().map(|found| parse::connection(found, &self.region));
        Ok(found
            .transpose()
            .map_err(refusal::outcome)?
            .map(|(_, connection)| connection))
    }
}

/// AWS answers with success and names what it did not do.
fn successful(call: &'static str, unsuccessful: &[UnsuccessfulItem]) -> Result<(), CallError> {
    match unsuccessful.first() {
        None => Ok(()),
        Some(item) => {
            let error = item.error();
            let code = error.and_then(|error| error.code()).unwrap_or("Unknown");
            let message = error.and_then(|error| error.message()).unwrap_or_default();
            Err(CallError::refused(call, code, message))
        }
    }
}

pub(super) async fn accept(applier: &Applier, service: &EndpointServiceId, endpoint: &EndpointId) -> Step {
    let request = applier.ec2.accept_vpc_endpoint_connections();
    let request = request.service_id(service.as_str()).vpc_endpoint_ids(endpoint.as_str());
    let answer = request.send().await.map_err(|error| CallError::new(ACCEPT, error));
    let answer = answer.map_err(refusal::outcome)?;
    let Err(error) = successful(ACCEPT, answer.unsuccessful()) else {
        return Ok(None);
    };
    refused(applier, service, endpoint, error, Connection::accepted).await
}

pub(super) async fn reject(applier: &Applier, service: &EndpointServiceId, endpoint: &EndpointId) -> Step {
    let request = applier.ec2.reject_vpc_endpoint_connections();
    let request = request.service_id(service.as_str()).vpc_endpoint_ids(endpoint.as_str());
    let answer = request.send().await.map_err(|error| CallError::new(REJECT, error));
    let answer = answer.map_err(refusal::outcome)?;
    let Err(error) = successful(REJECT, answer.unsuccessful()) else {
        return Ok(None);
    };
    let rejected = |connection: &Connection| connection.state == EndpointState::Rejected;
    refused(applier, service, endpoint, error, rejected).await
}

/// After a request that EC2 did not carry out. The SDK may have sent it twice, and the first one took effect: then the
/// connection is as wanted. Where it is not, AWS may not show it yet, so that a later run determines the outcome.
async fn refused(
    applier: &Applier,
    service: &EndpointServiceId,
    endpoint: &EndpointId,
    error: CallError,
    wanted: impl Fn(&Connection) -> bool,
) -> Step {
    match applier.connection(service, endpoint).await? {
        Some(connection) if wanted(&connection) => Ok(None),
        Some(_) | None => Err(refusal::outcome(error.into_transient())),
    }
}
