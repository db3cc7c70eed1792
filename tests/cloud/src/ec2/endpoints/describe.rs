//! What endpoints look like on the wire.

use crate::ec2::describe::{List, tag_set};
use crate::ec2::{Answered, ApiError, Call};
use crate::world::{Endpoint, World, kind_name, state_name};
use crate::xml::Xml;

const LIST: List<Endpoint> = List {
    ids: "VpcEndpointId",
    visible: |call, endpoint| endpoint.region == call.region && call.ours(&endpoint.owner),
    filter: |endpoint, name| match name {
        "vpc-id" => Some(vec![endpoint.vpc.clone()]),
        "vpc-endpoint-id" => Some(vec![endpoint.id.clone()]),
        "vpc-endpoint-type" => Some(vec![kind_name(endpoint.kind).to_owned()]),
        "service-name" => Some(endpoint.service.iter().cloned().collect()),
        _ => None,
    },
    tags: |endpoint| &endpoint.tags,
    largest: 1_000,
    missing: |call, id| ApiError::no_endpoint(id, &mut call.world.rng),
};

pub(in crate::ec2) fn describe(call: &mut Call<'_>) -> Answered {
    let (endpoints, token) = call.list(&LIST)?;
    let casing = call.world.rng.bool();
    let world = &*call.world;
    call.xml.set("vpcEndpointSet", endpoints, |xml, endpoint| {
        write(xml, &endpoint, world, casing);
    });
    call.end_of_page(token);
    Ok(())
}

/// EC2 writes states with and without a capital.
pub(super) fn write(xml: &mut Xml, endpoint: &Endpoint, world: &World, capital: bool) {
    let state = state_name(endpoint.state);
    xml.text("vpcEndpointId", &endpoint.id);
    xml.text("vpcEndpointType", kind_name(endpoint.kind));
    xml.text("vpcId", &endpoint.vpc);
    xml.text("ownerId", &endpoint.owner);
    if let Some(service) = &endpoint.service {
        xml.text("serviceName", service);
        let region = endpoint.service_region.as_ref().unwrap_or(&endpoint.region);
        xml.text("serviceRegion", region);
    }
    xml.node("state", |xml| {
        let (first, rest) = state.split_at(1);
        xml.raw(&if capital {
            first.to_owned()
        } else {
            first.to_lowercase()
        });
        xml.raw(rest);
    });
    xml.text("policyDocument", &endpoint.policy);
    xml.texts("routeTableIdSet", &endpoint.route_tables);
    xml.texts("subnetIdSet", &endpoint.subnets);
    xml.set("groupSet", &endpoint.groups, |xml, id| {
        xml.text("groupId", id);
        xml.text("groupName", world.group(id).map_or("", |group| group.name.as_str()));
    });
    xml.text("ipAddressType", &endpoint.address_type);
    xml.node("dnsOptions", |xml| xml.text("dnsRecordIpType", &endpoint.dns_records));
    xml.value("privateDnsEnabled", endpoint.private_dns);
    xml.value("requesterManaged", endpoint.requester_managed);
    xml.set("networkInterfaceIdSet", &endpoint.subnets, |xml, subnet| {
        xml.raw(&interface(&endpoint.id, subnet));
    });
    xml.set("dnsEntrySet", endpoint.subnets.iter().take(1), |xml, _| {
        xml.value("dnsName", format_args!("{}.vpce.amazonaws.com", endpoint.id));
        xml.text("hostedZoneId", "Z1HUB23UULQXV");
    });
    xml.value("creationTimestamp", endpoint.created);
    tag_set(xml, &endpoint.tags);
}

/// The id of an endpoint's network interface in a subnet.
fn interface(endpoint: &str, subnet: &str) -> String {
    let digits = |id: &str| {
        id.rsplit('-')
            .next()
            .and_then(|digits| u64::from_str_radix(digits, 16).ok())
    };
    let mixed = digits(endpoint).unwrap_or_default() ^ digits(subnet).unwrap_or_default().rotate_left(20);
    format!("eni-{:017x}", mixed >> 4)
}
