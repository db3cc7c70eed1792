//! VPCs.

use super::describe::{List, tag_set};
use super::{Answered, ApiError, Call};
use crate::world::{NetworkAcl, RouteTable, SecurityGroup, Vpc, addresses};
use crate::xml::Xml;

const LIST: List<Vpc> = List {
    ids: "VpcId",
    visible: |call, vpc| {
        vpc.region == call.region
            && (call.ours(&vpc.owner)
                || call
                    .world
                    .subnets()
                    .any(|subnet| subnet.vpc == vpc.id && subnet.shared_with.contains(call.account)))
    },
    filter: |vpc, name| match name {
        "vpc-id" => Some(vec![vpc.id.clone()]),
        "owner-id" => Some(vec![vpc.owner.clone()]),
        _ => None,
    },
    tags: |vpc| &vpc.tags,
    largest: 1_000,
    missing: |_, id| ApiError::no_vpc(id),
};

pub(super) fn describe(call: &mut Call<'_>) -> Answered {
    let (vpcs, token) = call.list(&LIST)?;
    call.xml.set("vpcSet", vpcs, |xml, vpc| write(xml, &vpc));
    call.end_of_page(token);
    Ok(())
}

fn write(xml: &mut Xml, vpc: &Vpc) {
    xml.text("vpcId", &vpc.id);
    xml.text("ownerId", &vpc.owner);
    xml.text("state", "available");
    xml.text("dhcpOptionsId", &vpc.dhcp_options);
    xml.text("cidrBlock", vpc.cidrs.first().map_or("", String::as_str));
    xml.set("cidrBlockAssociationSet", &vpc.cidrs, |xml, cidr| {
        xml.text("cidrBlock", cidr);
        xml.text("associationId", &association(&vpc.id, cidr));
        xml.node("cidrBlockState", |xml| xml.text("state", "associated"));
    });
    xml.text("instanceTenancy", "default");
    xml.value("isDefault", false);
    tag_set(xml, &vpc.tags);
}

pub(super) fn create(call: &mut Call<'_>) -> Answered {
    let cidr = call.form.required("CidrBlock").to_owned();
    let tags = call.new_tags("vpc")?;
    if addresses(&cidr) == 0 {
        return Err(ApiError::new(
            "InvalidVpc.Range",
            format!("The CIDR '{cidr}' is invalid."),
        ));
    }
    let (account, region) = (call.account.to_owned(), call.region.to_owned());
    let id = call.world.add_vpc_of(&account, &region, &cidr);
    call.world.edit_vpc(&id, |vpc| vpc.tags = tags);
    if let Some(vpc) = call.world.vpc(&id).cloned() {
        call.xml.node("vpc", |xml| write(xml, &vpc));
    }
    Ok(())
}

pub(super) fn delete(call: &mut Call<'_>) -> Answered {
    let id = call.form.required("VpcId").to_owned();
    call.own_vpc(&id)?;
    let world = &mut *call.world;
    let used = world.subnets().any(|subnet| subnet.vpc == id)
        || world.endpoints().any(|endpoint| endpoint.vpc == id && endpoint.alive())
        || world.groups().any(|group| group.vpc == id && group.name != "default")
        || world.route_tables().any(|table| table.vpc == id && !is_main(table));
    if used {
        return Err(ApiError::still_used("vpc", &id));
    }
    let tables: Vec<_> = world
        .route_tables()
        .filter(|t| t.vpc == id)
        .map(|t| t.id.clone())
        .collect();
    let groups: Vec<_> = world.groups().filter(|g| g.vpc == id).map(|g| g.id.clone()).collect();
    for table in tables {
        world.remove::<RouteTable>(&table);
    }
    for group in groups {
        world.remove::<SecurityGroup>(&group);
    }
    let acls: Vec<_> = world
        .network_acls()
        .filter(|a| a.vpc == id)
        .map(|a| a.id.clone())
        .collect();
    for acl in acls {
        world.remove::<NetworkAcl>(&acl);
    }
    world.remove::<Vpc>(&id);
    call.done()
}

pub(super) fn describe_attribute(call: &mut Call<'_>) -> Answered {
    let id = call.form.required("VpcId").to_owned();
    let attribute = call.form.required("Attribute").to_owned();
    let vpc = call.world.read::<Vpc>(&id).filter(|vpc| (LIST.visible)(call, vpc));
    let vpc = vpc.ok_or_else(|| ApiError::no_vpc(&id))?;
    let value = match attribute.as_str() {
        "enableDnsSupport" => vpc.dns_support,
        "enableDnsHostnames" => vpc.dns_hostnames,
        other => return Err(ApiError::parameter(format!("Invalid attribute '{other}'"))),
    };
    call.xml.text("vpcId", &id);
    call.xml.node(&attribute, |xml| xml.value("value", value));
    Ok(())
}

pub(super) fn modify_attribute(call: &mut Call<'_>) -> Answered {
    let id = call.form.required("VpcId").to_owned();
    let support = call.form.flag("EnableDnsSupport.Value");
    let hostnames = call.form.flag("EnableDnsHostnames.Value");
    call.own_vpc(&id)?;
    match (support, hostnames) {
        (Some(_), Some(_)) => {
            return Err(ApiError::new(
                "InvalidParameterCombination",
                "Only one attribute can be modified at a time",
            ));
        }
        (None, None) => return Err(ApiError::missing("attribute")),
        (Some(on), None) => call.world.edit_vpc(&id, |vpc| vpc.dns_support = on),
        (None, Some(on)) => call.world.edit_vpc(&id, |vpc| vpc.dns_hostnames = on),
    }
    call.done()
}

pub(super) fn describe_dhcp_options(call: &mut Call<'_>) -> Answered {
    let id = call.form.required("DhcpOptionsId.1").to_owned();
    let servers = call
        .world
        .dhcp_options
        .get(&id)
        .cloned()
        .ok_or_else(|| no_dhcp_options(&id))?;
    call.xml.set("dhcpOptionsSet", [servers], |xml, servers| {
        xml.text("dhcpOptionsId", &id);
        xml.set("dhcpConfigurationSet", [servers], |xml, servers| {
            xml.text("key", "domain-name-servers");
            xml.set("valueSet", servers, |xml, server| xml.text("value", &server));
        });
    });
    Ok(())
}

pub(super) fn associate_dhcp_options(call: &mut Call<'_>) -> Answered {
    let (vpc, id) = (
        call.form.required("VpcId").to_owned(),
        call.form.required("DhcpOptionsId").to_owned(),
    );
    call.own_vpc(&vpc)?;
    if id != "default" && !call.world.dhcp_options.contains_key(&id) {
        return Err(no_dhcp_options(&id));
    }
    call.world.edit_vpc(&vpc, |vpc| vpc.dhcp_options = id);
    call.done()
}

fn no_dhcp_options(id: &str) -> ApiError {
    ApiError::new(
        "InvalidDhcpOptionID.NotFound",
        format!("The dhcpOption ID '{id}' does not exist"),
    )
}

pub(super) fn disassociate_cidr(call: &mut Call<'_>) -> Answered {
    let id = call.form.required("AssociationId").to_owned();
    let of = |vpc: &Vpc| {
        vpc.cidrs
            .iter()
            .skip(1)
            .position(|cidr| association(&vpc.id, cidr) == id)
    };
    let found = call.world.vpcs().find_map(|vpc| Some((vpc.id.clone(), of(vpc)? + 1)));
    let (vpc, at) = found.ok_or_else(|| ApiError::parameter(format!("The association '{id}' does not exist")))?;
    call.own_vpc(&vpc)?;
    call.world.edit_vpc(&vpc, |vpc| drop(vpc.cidrs.remove(at)));
    call.xml.text("vpcId", &vpc);
    Ok(())
}

/// The id of the association of a CIDR block with a VPC.
fn association(vpc: &str, cidr: &str) -> String {
    format!(
        "vpc-cidr-assoc-{}-{}",
        vpc.trim_start_matches("vpc-"),
        cidr.replace(['.', '/', ':'], "-")
    )
}

pub(super) fn is_main(table: &RouteTable) -> bool {
    table
        .associations
        .iter()
        .any(|association| association.subnet.is_none())
}

impl Call<'_> {
    /// A VPC that the caller may change.
    pub(super) fn own_vpc(&mut self, id: &str) -> Result<(), ApiError> {
        let Some(vpc) = self.world.vpc(id).filter(|vpc| vpc.region == self.region) else {
            return Err(ApiError::no_vpc(id));
        };
        if !self.ours(&vpc.owner) {
            let message = format!("The vpc '{id}' belongs to another account");
            return Err(ApiError::not_permitted(message));
        }
        // The write may not be visible yet.
        self.world.read::<Vpc>(id).map(drop).ok_or_else(|| ApiError::no_vpc(id))
    }
}
