//! Network ACLs: each VPC has its default one, with which all its subnets are associated.

use super::describe::{List, tag_set};
use super::{Answered, ApiError, Call};
use crate::world::{AclEntry, NetworkAcl};
use crate::xml::Xml;

const LIST: List<NetworkAcl> = List {
    ids: "NetworkAclId",
    visible: |call, acl| acl.region == call.region && call.ours(&acl.owner),
    filter: |acl, name| match name {
        "vpc-id" => Some(vec![acl.vpc.clone()]),
        "network-acl-id" => Some(vec![acl.id.clone()]),
        _ => None,
    },
    tags: |acl| &acl.tags,
    largest: 1_000,
    missing: |_, id| ApiError::no_network_acl(id),
};

pub(super) fn describe(call: &mut Call<'_>) -> Answered {
    let (acls, token) = call.list(&LIST)?;
    let world = &*call.world;
    call.xml.set("networkAclSet", acls, |xml, acl| {
        xml.text("networkAclId", &acl.id);
        xml.text("vpcId", &acl.vpc);
        xml.text("ownerId", &acl.owner);
        xml.value("default", true);
        xml.set("entrySet", &acl.entries, write);
        let subnets = world.subnets().filter(|subnet| subnet.vpc == acl.vpc);
        xml.set("associationSet", subnets, |xml, subnet| {
            xml.text("networkAclId", &acl.id);
            xml.text("subnetId", &subnet.id);
        });
        tag_set(xml, &acl.tags);
    });
    call.end_of_page(token);
    Ok(())
}

fn write(xml: &mut Xml, entry: &AclEntry) {
    xml.value("ruleNumber", entry.number);
    xml.text("protocol", &entry.protocol);
    xml.text("ruleAction", if entry.allow { "allow" } else { "deny" });
    xml.value("egress", entry.egress);
    let family = if entry.cidr.contains(':') {
        "ipv6CidrBlock"
    } else {
        "cidrBlock"
    };
    xml.text(family, &entry.cidr);
    if let Some((from, to)) = entry.ports {
        xml.node("portRange", |xml| {
            xml.value("from", from);
            xml.value("to", to);
        });
    }
}

pub(super) fn create_entry(call: &mut Call<'_>) -> Answered {
    let (mut acl, number, egress) = call.own_entry()?;
    let form = call.form;
    let ports = form.number("PortRange.From").zip(form.number("PortRange.To"));
    let entry = AclEntry {
        number,
        egress,
        protocol: form.required("Protocol").to_owned(),
        ports,
        cidr: form
            .text("CidrBlock")
            .or(form.text("Ipv6CidrBlock"))
            .unwrap_or_default()
            .to_owned(),
        allow: form.required("RuleAction") == "allow",
    };
    if acl
        .entries
        .iter()
        .any(|there| (there.number, there.egress) == (number, egress))
    {
        return Err(ApiError::new(
            "NetworkAclEntryAlreadyExists",
            format!("The network acl entry identified by {number} already exists."),
        ));
    }
    acl.entries.push(entry);
    acl.entries.sort_by_key(|entry| entry.number);
    call.world.put(acl);
    call.done()
}

pub(super) fn delete_entry(call: &mut Call<'_>) -> Answered {
    let (mut acl, number, egress) = call.own_entry()?;
    let before = acl.entries.len();
    acl.entries
        .retain(|there| (there.number, there.egress) != (number, egress));
    if acl.entries.len() == before {
        return Err(ApiError::new(
            "InvalidNetworkAclEntry.NotFound",
            format!("The network acl entry identified by {number} does not exist"),
        ));
    }
    call.world.put(acl);
    call.done()
}

impl Call<'_> {
    /// The network ACL, the number and the direction of the entry that a request names.
    fn own_entry(&mut self) -> Result<(NetworkAcl, i64, bool), ApiError> {
        let id = self.form.required("NetworkAclId").to_owned();
        let acl = self.world.network_acl(&id).filter(|acl| (LIST.visible)(self, acl));
        let acl = acl.cloned().ok_or_else(|| ApiError::no_network_acl(&id))?;
        let number = self.form.number("RuleNumber").unwrap_or_default();
        let egress = self.form.flag("Egress").unwrap_or_default();
        Ok((NetworkAcl::clone(&acl), number, egress))
    }
}
