//! Subnets.

use std::collections::BTreeMap;

use super::describe::{List, tag_set};
use super::{Answered, ApiError, Call};
use crate::world::{RouteTable, Subnet, World, addresses};
use crate::xml::Xml;

const LIST: List<Subnet> = List {
    ids: "SubnetId",
    visible: |call, subnet| {
        subnet.region == call.region && (call.ours(&subnet.owner) || subnet.shared_with.contains(call.account))
    },
    filter: |subnet, name| match name {
        "vpc-id" => Some(vec![subnet.vpc.clone()]),
        "subnet-id" => Some(vec![subnet.id.clone()]),
        "availability-zone" => Some(vec![subnet.zone.clone()]),
        _ => None,
    },
    tags: |subnet| &subnet.tags,
    largest: 1_000,
    missing: |call, id| ApiError::no_subnet(id, &mut call.world.rng),
};

pub(super) fn describe(call: &mut Call<'_>) -> Answered {
    let (subnets, token) = call.list(&LIST)?;
    let used = interfaces(call.world);
    call.xml.set("subnetSet", subnets, |xml, subnet| {
        write(xml, &subnet, used.get(&subnet.id).copied().unwrap_or_default());
    });
    call.end_of_page(token);
    Ok(())
}

fn write(xml: &mut Xml, subnet: &Subnet, used: u32) {
    xml.text("subnetId", &subnet.id);
    xml.text("state", "available");
    xml.text("vpcId", &subnet.vpc);
    xml.text("ownerId", &subnet.owner);
    if !subnet.cidr.is_empty() {
        xml.text("cidrBlock", &subnet.cidr);
    }
    xml.value("ipv6Native", subnet.cidr.is_empty());
    xml.set("ipv6CidrBlockAssociationSet", &subnet.ipv6, |xml, cidr| {
        xml.text("ipv6CidrBlock", cidr);
        xml.node("ipv6CidrBlockState", |xml| xml.text("state", "associated"));
    });
    xml.value("availableIpAddressCount", subnet.addresses.saturating_sub(used));
    xml.text("availabilityZone", &subnet.zone);
    xml.value("defaultForAz", false);
    tag_set(xml, &subnet.tags);
}

/// How many network interfaces of endpoints are in each subnet.
fn interfaces(world: &World) -> BTreeMap<String, u32> {
    let mut used = BTreeMap::new();
    for endpoint in world.endpoints().filter(|endpoint| endpoint.alive()) {
        for subnet in &endpoint.subnets {
            *used.entry(subnet.clone()).or_default() += 1;
        }
    }
    used
}

/// Addresses that are free for further endpoints.
pub(super) fn free(world: &World, subnet: &Subnet) -> u32 {
    let used = world
        .endpoints()
        .filter(|e| e.alive() && e.subnets.contains(&subnet.id))
        .count();
    subnet.addresses.saturating_sub(u32::try_from(used).unwrap_or(u32::MAX))
}

pub(super) fn create(call: &mut Call<'_>) -> Answered {
    let vpc = call.form.required("VpcId").to_owned();
    let cidr = call.form.required("CidrBlock").to_owned();
    let zone = call.form.text("AvailabilityZone").unwrap_or_default().to_owned();
    let tags = call.new_tags("subnet")?;
    call.own_vpc(&vpc)?;
    if addresses(&cidr) == 0 {
        return Err(ApiError::new(
            "InvalidSubnet.Range",
            format!("The CIDR '{cidr}' is invalid."),
        ));
    }
    if call
        .world
        .subnets()
        .any(|subnet| subnet.vpc == vpc && subnet.cidr == cidr)
    {
        return Err(ApiError::new(
            "InvalidSubnet.Conflict",
            format!("The CIDR '{cidr}' conflicts with another subnet"),
        ));
    }
    let letter = match zone.strip_prefix(call.region) {
        Some(letter) if matches!(letter, "a" | "b" | "c") => letter,
        None if zone.is_empty() => "a",
        _ => return Err(ApiError::parameter(format!("Invalid availability zone: [{zone}]"))),
    };
    let id = call.world.add_subnet(&vpc, letter, &cidr, None);
    call.world.edit_subnet(&id, |subnet| subnet.tags = tags);
    if let Some(subnet) = call.world.subnet(&id).cloned() {
        call.xml.node("subnet", |xml| write(xml, &subnet, 0));
    }
    Ok(())
}

pub(super) fn delete(call: &mut Call<'_>) -> Answered {
    let id = call.form.required("SubnetId").to_owned();
    let subnet = call.world.subnet(&id).cloned();
    let subnet = subnet.ok_or_else(|| ApiError::no_subnet(&id, &mut call.world.rng))?;
    if !call.ours(&subnet.owner) {
        return Err(ApiError::not_permitted(format!(
            "The subnet '{id}' belongs to another account"
        )));
    }
    if interfaces(call.world).contains_key(&id) {
        return Err(ApiError::still_used("subnet", &id));
    }
    let tables: Vec<_> = call
        .world
        .route_tables()
        .filter(|table| table.associations.iter().any(|a| a.subnet.as_ref() == Some(&id)))
        .map(|table| RouteTable::clone(table))
        .collect();
    for mut table in tables {
        table.associations.retain(|a| a.subnet.as_ref() != Some(&id));
        call.world.put(table);
    }
    call.world.remove::<Subnet>(&id);
    call.done()
}

impl Call<'_> {
    /// A subnet of a VPC in which the caller may put endpoints.
    pub(super) fn own_subnet(&mut self, id: &str, vpc: &str) -> Result<Subnet, ApiError> {
        let seen = self.world.read::<Subnet>(id).is_some();
        let Some(subnet) = self
            .world
            .subnet(id)
            .filter(|subnet| seen && subnet.region == self.region)
        else {
            return Err(ApiError::no_subnet(id, &mut self.world.rng));
        };
        if !self.ours(&subnet.owner) {
            let message = format!("The subnet '{id}' is shared with you: its owner alone may put endpoints into it");
            return Err(ApiError::not_permitted(message));
        }
        match subnet.vpc == vpc {
            true => Ok(Subnet::clone(subnet)),
            false => Err(ApiError::parameter(format!(
                "The subnet '{id}' is not in the VPC '{vpc}'"
            ))),
        }
    }
}
