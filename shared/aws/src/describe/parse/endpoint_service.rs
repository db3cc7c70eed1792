//! Endpoint services with their permissions and connections.

use aws_sdk_ec2::types;
use postern_core::model::address::AddressType;
use postern_core::model::endpoint::{EndpointKind, EndpointState};
use postern_core::model::endpoint_service::{
    Connection, DnsRecord, EndpointService, PayerResponsibility, Permission, PrincipalKind, PrivateDnsName,
    ServiceState, Verification,
};
use postern_core::model::id::{AccountId, EndpointId, EndpointServiceId, Region, ServiceName, Zone};

use super::super::{CONFIGURATIONS, CONNECTIONS, PERMISSIONS};
use super::{kind, required, tags, timestamp};
use crate::error::CallError;

/// AWS shows the configuration of a service to its owner alone, which is `account`.
pub(crate) fn configuration(
    configuration: &types::ServiceConfiguration,
    account: &AccountId,
) -> Result<EndpointService, CallError> {
    let service_type = configuration
        .service_type()
        .first()
        .and_then(|kind| kind.service_type());
    let balancers = configuration.network_load_balancer_arns().iter();
    let regions = configuration.supported_regions().iter();
    Ok(EndpointService {
        id: EndpointServiceId(required(CONFIGURATIONS, "service id", configuration.service_id())?),
        name: ServiceName(required(CONFIGURATIONS, "service name", configuration.service_name())?),
        owner: account.clone(),
        state: ServiceState::parse(&required(
            CONFIGURATIONS,
            "state",
            configuration.service_state().map(types::ServiceState::as_str),
        )?),
        kind: service_type.map_or(EndpointKind::Other, |service_type| kind(service_type.as_str())),
        acceptance_required: configuration
            .acceptance_required()
            .ok_or_else(|| CallError::unreadable(CONFIGURATIONS, "the answer lacks whether acceptance is required"))?,
        zones: configuration
            .availability_zones()
            .iter()
            .map(|zone| Zone(zone.clone()))
            .collect(),
        load_balancers: balancers
            .chain(configuration.gateway_load_balancer_arns())
            .cloned()
            .collect(),
        regions: regions.filter_map(|region| region.region()).map(Region::from).collect(),
        private_dns: private_dns(configuration),
        address_type: address_type(configuration),
        payer: match configuration.payer_responsibility() {
            None => PayerResponsibility::EndpointOwner,
            Some(types::PayerResponsibility::ServiceOwner) => PayerResponsibility::ServiceOwner,
            Some(_) => PayerResponsibility::Unknown,
        },
        tags: tags(configuration.tags()),
    })
}

fn address_type(configuration: &types::ServiceConfiguration) -> Option<AddressType> {
    let has = |family| configuration.supported_ip_address_types().contains(&family);
    AddressType::of(
        has(types::ServiceConnectivityType::Ipv4),
        has(types::ServiceConnectivityType::Ipv6),
    )
}

fn private_dns(configuration: &types::ServiceConfiguration) -> Option<PrivateDnsName> {
    let name = configuration.private_dns_name().filter(|name| !name.is_empty())?;
    let verification = configuration.private_dns_name_configuration();
    let state = verification.and_then(|verification| verification.state());
    let record = verification.and_then(|verification| {
        Some(DnsRecord {
            kind: verification.r#type()?.to_owned(),
            name: verification.name()?.to_owned(),
            value: verification.value()?.to_owned(),
        })
    });
    Some(PrivateDnsName {
        name: name.to_owned(),
        verification: state.map_or(Verification::Unknown, |state| Verification::parse(state.as_str())),
        record,
    })
}

pub(crate) fn permission(principal: &types::AllowedPrincipal) -> Result<(String, Permission), CallError> {
    let name = required(PERMISSIONS, "principal", principal.principal())?;
    let kind = principal.principal_type().map_or("", |kind| kind.as_str());
    let permission = Permission {
        principal: name.clone(),
        kind: PrincipalKind::parse(kind),
        id: principal.service_permission_id().map(str::to_owned),
    };
    Ok((name, permission))
}

/// `region` is that of the service, which AWS leaves out where the endpoint is in the same.
pub(crate) fn connection(
    connection: &types::VpcEndpointConnection,
    region: &Region,
) -> Result<(EndpointServiceId, Connection), CallError> {
    let service = EndpointServiceId(required(CONNECTIONS, "service id", connection.service_id())?);
    let state = connection.vpc_endpoint_state().map(types::State::as_str);
    let parsed = Connection {
        endpoint: EndpointId(required(CONNECTIONS, "endpoint id", connection.vpc_endpoint_id())?),
        owner: AccountId(required(
            CONNECTIONS,
            "owner of an endpoint",
            connection.vpc_endpoint_owner(),
        )?),
        state: EndpointState::parse(&required(CONNECTIONS, "state of an endpoint", state)?),
        region: connection
            .vpc_endpoint_region()
            .map_or_else(|| region.clone(), Region::from),
        created: connection.creation_timestamp().and_then(timestamp),
    };
    Ok((service, parsed))
}
