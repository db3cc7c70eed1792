//! Network interfaces: those of clients and those of endpoints.

use super::{Answered, Call};
use crate::not_modelled;

pub(super) fn describe(call: &mut Call<'_>) -> Answered {
    call.form.text("MaxResults");
    if call.form.required("Filter.1.Name") != "vpc-id" {
        not_modelled("network interfaces by another filter than their VPC");
    }
    let vpc = call.form.required("Filter.1.Value.1").to_owned();
    let world = &*call.world;
    let here = |subnet: &String| world.subnet(subnet).is_some_and(|subnet| subnet.vpc == vpc);
    let clients = world.clients.iter().filter(|(_, subnet)| here(subnet));
    let mut found: Vec<_> = clients
        .map(|(id, subnet)| (id.clone(), subnet.clone(), "interface"))
        .collect();
    for endpoint in world
        .endpoints()
        .filter(|endpoint| endpoint.vpc == vpc && endpoint.alive())
    {
        let own = endpoint.subnets.iter();
        found.extend(own.map(|subnet| (format!("eni-of-{}", endpoint.id), subnet.clone(), "vpc_endpoint")));
    }
    call.xml.set("networkInterfaceSet", found, |xml, (id, subnet, kind)| {
        xml.text("networkInterfaceId", &id);
        xml.text("subnetId", &subnet);
        xml.text("vpcId", &vpc);
        xml.text("interfaceType", kind);
    });
    Ok(())
}
