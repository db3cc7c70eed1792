//! From the SDK's types to those of the snapshot.
//!
//! A value that cannot be read is an error and becomes a gap: Postern never acts on a guess.

mod endpoint_service;
mod network_acl;

use std::collections::BTreeMap;

use aws_sdk_ec2::types;
use aws_smithy_types::DateTime;
use ipnet::IpNet;
use jiff::Timestamp;
use postern_core::model::address::AddressType;
use postern_core::model::catalogue::Service;
use postern_core::model::endpoint::{Endpoint, EndpointKind, EndpointState};
use postern_core::model::id::{AccountId, EndpointId, Region, RouteTableId, SecurityGroupId, SubnetId, VpcId};
use postern_core::model::part::Tags;
use postern_core::model::snapshot::{
    IngressRule, IngressSource, Protocol, Route, RouteTable, RouteTarget, SecurityGroup, Subnet, Vpc,
};

pub(crate) use self::endpoint_service::{configuration, connection, permission};
pub(crate) use self::network_acl::network_acl;
use crate::error::CallError;

/// Items by their ids.
pub(crate) fn all<S, K: Ord, T>(
    items: Vec<S>,
    parse: impl Fn(&S) -> Result<(K, T), CallError>,
) -> Result<BTreeMap<K, T>, CallError> {
    items.iter().map(parse).collect()
}

pub(crate) fn vpc(vpc: &types::Vpc) -> Result<Vpc, CallError> {
    let id = VpcId(required(super::VPCS, "VPC id", vpc.vpc_id())?);
    let ipv4 = vpc
        .cidr_block_association_set()
        .iter()
        .filter(|a| {
            let state = a.cidr_block_state().and_then(|state| state.state());
            associated(state.map(|s| s.as_str()))
        })
        .filter_map(|a| a.cidr_block());
    let ipv6 = vpc
        .ipv6_cidr_block_association_set()
        .iter()
        .filter(|a| {
            let state = a.ipv6_cidr_block_state().and_then(|state| state.state());
            associated(state.map(|s| s.as_str()))
        })
        .filter_map(|a| a.ipv6_cidr_block());
    let cidrs = vpc.cidr_block().into_iter().chain(ipv4).chain(ipv6);
    Ok(Vpc {
        owner: AccountId(required(super::VPCS, "owner", vpc.owner_id())?),
        cidrs: cidrs.map(|cidr| network(super::VPCS, cidr)).collect::<Result<_, _>>()?,
        tags: tags(vpc.tags()),
        id,
    })
}

pub(crate) fn subnet(subnet: &types::Subnet) -> Result<(SubnetId, Subnet), CallError> {
    let id = SubnetId(required(super::SUBNETS, "subnet id", subnet.subnet_id())?);
    let ipv6 = subnet
        .ipv6_cidr_block_association_set()
        .iter()
        .filter(|a| {
            let state = a.ipv6_cidr_block_state().and_then(|state| state.state());
            associated(state.map(|s| s.as_str()))
        })
        .filter_map(|a| a.ipv6_cidr_block());
    let parsed = Subnet {
        id: id.clone(),
        owner: AccountId(required(super::SUBNETS, "owner", subnet.owner_id())?),
        zone: required(super::SUBNETS, "zone", subnet.availability_zone())?.into(),
        ipv4: subnet
            .cidr_block()
            .filter(|cidr| !cidr.is_empty())
            .map(|cidr| network(super::SUBNETS, cidr))
            .transpose()?,
        ipv6: ipv6
            .map(|cidr| network(super::SUBNETS, cidr))
            .collect::<Result<_, _>>()?,
        free_addresses: u32::try_from(subnet.available_ip_address_count().unwrap_or_default()).unwrap_or_default(),
        outpost: subnet.outpost_arn().is_some(),
        tags: tags(subnet.tags()),
    };
    Ok((id, parsed))
}

pub(crate) fn route_table(table: &types::RouteTable) -> Result<(RouteTableId, RouteTable), CallError> {
    let id = RouteTableId(required(super::ROUTE_TABLES, "route table id", table.route_table_id())?);
    let current = || {
        table.associations().iter().filter(|a| {
            let state = a.association_state().and_then(|state| state.state());
            !matches!(
                state.map(|s| s.as_str()),
                Some("disassociating" | "disassociated" | "failed")
            )
        })
    };
    let parsed = RouteTable {
        id: id.clone(),
        main: current().any(|a| a.main() == Some(true)),
        subnets: current().filter_map(|a| a.subnet_id()).map(SubnetId::from).collect(),
        routes: table.routes().iter().map(route).collect::<Result<_, _>>()?,
        tags: tags(table.tags()),
    };
    Ok((id, parsed))
}

fn route(route: &types::Route) -> Result<Route, CallError> {
    let destination = route
        .destination_cidr_block()
        .or(route.destination_ipv6_cidr_block())
        .or(route.destination_prefix_list_id());
    let target = match route.gateway_id() {
        Some("local") => RouteTarget::Local,
        Some(id) if id.starts_with("igw-") => RouteTarget::InternetGateway(id.to_owned()),
        Some(id) if id.starts_with("vpce-") => RouteTarget::Endpoint(id.to_owned()),
        gateway => {
            let other = gateway
                .or(route.nat_gateway_id())
                .or(route.transit_gateway_id())
                .or(route.vpc_peering_connection_id())
                .or(route.egress_only_internet_gateway_id())
                .or(route.network_interface_id())
                .or(route.instance_id())
                .or(route.core_network_arn())
                .or(route.carrier_gateway_id())
                .or(route.local_gateway_id())
                .or(route.odb_network_arn());
            RouteTarget::Other(other.unwrap_or("unknown").to_owned())
        }
    };
    Ok(Route {
        destination: required(super::ROUTE_TABLES, "destination of a route", destination)?,
        target,
        active: route.state().is_none_or(|state| state.as_str() != "blackhole"),
    })
}

/// Endpoints are visible to the account alone that owns them.
pub(crate) fn endpoint(
    endpoint: &types::VpcEndpoint,
    account: &AccountId,
    region: &Region,
) -> Result<(EndpointId, Endpoint), CallError> {
    let id = EndpointId(required(super::ENDPOINTS, "endpoint id", endpoint.vpc_endpoint_id())?);
    let state = required(super::ENDPOINTS, "state", endpoint.state().map(|s| s.as_str()))?;
    let service_region = endpoint.service_region().filter(|other| *other != region.as_str());
    let (address_type, dns_records) = address_types(endpoint)?;
    let parsed = Endpoint {
        id: id.clone(),
        // The API's default type.
        kind: kind(endpoint.vpc_endpoint_type().map_or("Gateway", |kind| kind.as_str())),
        service: endpoint.service_name().filter(|name| !name.is_empty()).map(Into::into),
        target: endpoint
            .resource_configuration_arn()
            .or(endpoint.service_network_arn())
            .map(str::to_owned),
        service_region: service_region.map(Region::from),
        owner: endpoint.owner_id().map_or_else(|| account.clone(), AccountId::from),
        state: EndpointState::parse(&state),
        requester_managed: endpoint.requester_managed().unwrap_or_default(),
        subnets: endpoint.subnet_ids().iter().map(|id| id.as_str().into()).collect(),
        route_tables: endpoint.route_table_ids().iter().map(|id| id.as_str().into()).collect(),
        security_groups: endpoint
            .groups()
            .iter()
            .filter_map(|g| g.group_id())
            .map(Into::into)
            .collect(),
        address_type,
        dns_records,
        private_dns: endpoint.private_dns_enabled().unwrap_or_default(),
        // Amazon VPC API Reference, DnsOptions.
        private_dns_inbound_only: endpoint
            .dns_options()
            .and_then(|options| options.private_dns_only_for_inbound_resolver_endpoint())
            .unwrap_or_default(),
        policy: endpoint
            .policy_document()
            .filter(|policy| !policy.is_empty())
            .map(str::to_owned),
        created: endpoint.creation_timestamp().and_then(timestamp),
        tags: tags(endpoint.tags()),
    };
    Ok((id, parsed))
}

/// The addresses of an endpoint, and those to which its private DNS names resolve.
///
/// `service-defined` records are IPv4 ones for the private names. Without a word about the records they are as the
/// addresses; of both families, IPv4.
/// [Access an AWS service](https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html)
fn address_types(endpoint: &types::VpcEndpoint) -> Result<(AddressType, AddressType), CallError> {
    let read = |what: &str, text: &str| {
        AddressType::parse(text)
            .ok_or_else(|| CallError::unreadable(super::ENDPOINTS, format!("the {what} `{text}` is not known")))
    };
    let addresses = match endpoint.ip_address_type() {
        // The API's default type.
        None => AddressType::Ipv4,
        Some(addresses) => read("IP address type", addresses.as_str())?,
    };
    let options = endpoint.dns_options();
    let records = match options
        .and_then(|options| options.dns_record_ip_type())
        .map(|records| records.as_str())
    {
        Some(records) if !records.eq_ignore_ascii_case("service-defined") => read("DNS record type", records)?,
        Some(_) | None if addresses.ipv4() => AddressType::Ipv4,
        Some(_) | None => addresses,
    };
    Ok((addresses, records))
}

fn kind(text: &str) -> EndpointKind {
    match text.to_ascii_lowercase().as_str() {
        "interface" => EndpointKind::Interface,
        "gateway" => EndpointKind::Gateway,
        "gatewayloadbalancer" => EndpointKind::GatewayLoadBalancer,
        "resource" => EndpointKind::Resource,
        "servicenetwork" => EndpointKind::ServiceNetwork,
        "tunnel" => EndpointKind::Tunnel,
        _ => EndpointKind::Other,
    }
}

pub(crate) fn security_group(group: &types::SecurityGroup) -> Result<(SecurityGroupId, SecurityGroup), CallError> {
    let id = SecurityGroupId(required(super::SECURITY_GROUPS, "group id", group.group_id())?);
    let mut ingress = Vec::new();
    for permission in group.ip_permissions() {
        permission_rules(permission, &mut ingress)?;
    }
    let parsed = SecurityGroup {
        id: id.clone(),
        name: required(super::SECURITY_GROUPS, "group name", group.group_name())?,
        owner: AccountId(required(super::SECURITY_GROUPS, "owner", group.owner_id())?),
        ingress,
        tags: tags(group.tags()),
    };
    Ok((id, parsed))
}

fn permission_rules(permission: &types::IpPermission, rules: &mut Vec<IngressRule>) -> Result<(), CallError> {
    let protocol = match required(super::SECURITY_GROUPS, "protocol of a rule", permission.ip_protocol())?.as_str() {
        "-1" => Protocol::All,
        "tcp" | "6" => Protocol::Tcp,
        _ => Protocol::Other,
    };
    let port = |port: Option<i32>| port.and_then(|port| u16::try_from(port).ok());
    let ports = port(permission.from_port()).zip(port(permission.to_port()));
    let mut cidrs = Vec::new();
    cidrs.extend(permission.ip_ranges().iter().filter_map(|range| range.cidr_ip()));
    cidrs.extend(permission.ipv6_ranges().iter().filter_map(|range| range.cidr_ipv6()));
    let mut sources = Vec::new();
    for cidr in cidrs {
        sources.push(IngressSource::Cidr(network(super::SECURITY_GROUPS, cidr)?));
    }
    for pair in permission.user_id_group_pairs() {
        let group = required(
            super::SECURITY_GROUPS,
            "group of a rule",
            pair.group_id().or(pair.group_name()),
        )?;
        sources.push(IngressSource::Group(group));
    }
    for list in permission.prefix_list_ids() {
        let list = required(super::SECURITY_GROUPS, "prefix list of a rule", list.prefix_list_id())?;
        sources.push(IngressSource::PrefixList(list));
    }
    rules.extend(sources.into_iter().map(|source| IngressRule {
        protocol,
        ports,
        source,
    }));
    Ok(())
}

/// A service with several forms gets an entry for each.
pub(crate) fn services(services: &[types::ServiceDetail], region: &Region) -> Result<Vec<Service>, CallError> {
    let mut listed = Vec::new();
    for service in services {
        let other = service.service_region().filter(|other| *other != region.as_str());
        let name = required(super::SERVICES, "service name", service.service_name())?;
        let names = service
            .private_dns_names()
            .iter()
            .filter_map(|details| details.private_dns_name());
        let offers = |family: &str| {
            let types = service.supported_ip_address_types();
            types
                .iter()
                .any(|offered| offered.as_str().eq_ignore_ascii_case(family))
        };
        for form in service.service_type() {
            listed.push(Service {
                name: name.as_str().into(),
                kind: kind(form.service_type().map_or("", |form| form.as_str())),
                region: other.map(Region::from),
                zones: service
                    .availability_zones()
                    .iter()
                    .map(|zone| zone.as_str().into())
                    .collect(),
                policy_supported: service.vpc_endpoint_policy_supported().unwrap_or_default(),
                private_dns_names: names
                    .clone()
                    .chain(service.private_dns_name())
                    .map(str::to_owned)
                    .collect(),
                manages_endpoints: service.manages_vpc_endpoints().unwrap_or_default(),
                // Services that do not state address types offer IPv4.
                addresses: AddressType::of(offers("ipv4"), offers("ipv6")).unwrap_or_default(),
                provider: service.owner().filter(|owner| *owner != "amazon").map(AccountId::from),
            });
        }
    }
    Ok(listed)
}

/// Whether a CIDR block is in use.
fn associated(state: Option<&str>) -> bool {
    state.is_none_or(|state| state.eq_ignore_ascii_case("associated"))
}

fn tags(tags: &[types::Tag]) -> Tags {
    let pair = |tag: &types::Tag| Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned()));
    tags.iter().filter_map(pair).collect()
}

fn network(call: &'static str, cidr: &str) -> Result<IpNet, CallError> {
    cidr.parse::<IpNet>()
        .map(|network| network.trunc())
        .map_err(|_| CallError::unreadable(call, format!("the answer has `{cidr}` where a CIDR block must be")))
}

fn timestamp(time: &DateTime) -> Option<Timestamp> {
    Timestamp::from_second(time.secs()).ok()
}

fn required(call: &'static str, what: &str, value: Option<&str>) -> Result<String, CallError> {
    match value {
        Some(value) if !value.is_empty() => Ok(value.to_owned()),
        _ => Err(CallError::unreadable(call, format!("the answer lacks the {what}"))),
    }
}

/// The VPC of a resource.
pub(crate) fn vpc_of(call: &'static str, vpc: Option<&str>) -> Result<VpcId, CallError> {
    required(call, "VPC id", vpc).map(VpcId)
}
