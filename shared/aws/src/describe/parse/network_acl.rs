//! Network ACLs.

use aws_sdk_ec2::types;
use postern_core::model::id::{NetworkAclId, SubnetId};
use postern_core::model::network_acl::{AclEntry, NetworkAcl};

use super::{network, required};
use crate::describe::NETWORK_ACLS;
use crate::error::CallError;

pub(crate) fn network_acl(acl: &types::NetworkAcl) -> Result<(NetworkAclId, NetworkAcl), CallError> {
    let id = NetworkAclId(required(NETWORK_ACLS, "network ACL id", acl.network_acl_id())?);
    let mut entries = acl.entries().iter().map(entry).collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(|entry| entry.number);
    let subnets = acl.associations().iter().filter_map(|a| a.subnet_id());
    let parsed = NetworkAcl {
        id: id.clone(),
        subnets: subnets.map(SubnetId::from).collect(),
        entries,
    };
    Ok((id, parsed))
}

/// An entry for all protocols concerns all ports.
/// [NetworkAclEntry](https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_NetworkAclEntry.html)
fn entry(entry: &types::NetworkAclEntry) -> Result<AclEntry, CallError> {
    let protocol = required(NETWORK_ACLS, "protocol of an entry", entry.protocol())?;
    let all = protocol == "-1";
    let cidr = entry.cidr_block().or(entry.ipv6_cidr_block());
    let action = entry.rule_action().map(|action| action.as_str());
    let port = |port: Option<i32>| port.and_then(|port| u16::try_from(port).ok());
    let range = entry.port_range().filter(|_| !all);
    let number = entry.rule_number().and_then(|number| u32::try_from(number).ok());
    let lacking = |what: &str| CallError::unreadable(NETWORK_ACLS, format!("the answer lacks the {what} of an entry"));
    Ok(AclEntry {
        number: number.ok_or_else(|| lacking("number"))?,
        egress: entry.egress().ok_or_else(|| lacking("direction"))?,
        tcp: all || matches!(protocol.as_str(), "6" | "tcp"),
        ports: range.and_then(|range| port(range.from()).zip(port(range.to()))),
        network: network(NETWORK_ACLS, &required(NETWORK_ACLS, "network of an entry", cidr)?)?,
        allow: match required(NETWORK_ACLS, "action of an entry", action)?.as_str() {
            "allow" => true,
            "deny" => false,
            other => {
                return Err(CallError::unreadable(
                    NETWORK_ACLS,
                    format!("the action `{other}` is not known"),
                ));
            }
        },
    })
}
