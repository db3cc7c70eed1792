//! Network interfaces: those of clients and those of endpoints.

use super::{Answered, Call};
use crate::not_modelled;

const OF_ENDPOINT: &str = "vpc_endpoint";

struct Interface {
    id: String,
    vpc: String,
    subnet: String,
    kind: &'static str,
    groups: Vec<String>,
}

pub(super) fn describe(call: &mut Call<'_>) -> Answered {
    call.form.text("MaxResults");
    let values = call.form.list("Filter.1.Value");
    let wanted: Box<dyn Fn(&Interface) -> bool> = match call.form.required("Filter.1.Name") {
        "vpc-id" => Box::new(move |interface| values.contains(&interface.vpc)),
        "group-id" => {
            assert_eq!(call.form.text("Filter.2.Name"), Some("interface-type"));
            assert_eq!(call.form.text("Filter.2.Value.1"), Some(OF_ENDPOINT));
            Box::new(move |interface| {
                interface.kind == OF_ENDPOINT && interface.groups.iter().any(|group| values.contains(group))
            })
        }
        _ => not_modelled("network interfaces by another filter than their VPC or their group"),
    };
    let world = &*call.world;
    let clients = world.clients.iter().filter_map(|(id, subnet)| {
        Some(Interface {
            id: id.clone(),
            vpc: world.subnet(subnet)?.vpc.clone(),
            subnet: subnet.clone(),
            kind: "interface",
            groups: Vec::new(),
        })
    });
    let endpoints = world.endpoints().filter(|endpoint| endpoint.alive());
    let of_endpoints = endpoints.flat_map(|endpoint| {
        endpoint.subnets.iter().map(|subnet| Interface {
            id: format!("eni-of-{}", endpoint.id),
            vpc: endpoint.vpc.clone(),
            subnet: subnet.clone(),
            kind: OF_ENDPOINT,
            groups: endpoint.groups.clone(),
        })
    });
    let found: Vec<_> = clients.chain(of_endpoints).filter(wanted).collect();
    call.xml.set("networkInterfaceSet", found, |xml, interface| {
        xml.text("networkInterfaceId", &interface.id);
        xml.text("subnetId", &interface.subnet);
        xml.text("vpcId", &interface.vpc);
        xml.text("interfaceType", interface.kind);
        xml.set("groupSet", &interface.groups, |xml, group| xml.text("groupId", group));
    });
    Ok(())
}
