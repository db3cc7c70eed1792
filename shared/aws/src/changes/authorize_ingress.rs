//! Admits ports of services from CIDR blocks in the managed security group.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::builders::IpPermissionBuilder;
use aws_sdk_ec2::types::{IpPermission, IpRange, Ipv6Range};
use ipnet::IpNet;
use postern_core::changes::{AuthorizeIngress, Change, ChangeOutcome, HTTPS, RevokeIngress, port_range};
use postern_core::model::id::SecurityGroupId;
use postern_core::model::managed::GroupPurpose;
use postern_core::model::snapshot::IngressSource;

use super::applier::{Applier, Step, accepted, not_needed, skipped};
use super::refusal;
use crate::describe;
use crate::error::CallError;

const AUTHORIZE_INGRESS: &str = "ec2:AuthorizeSecurityGroupIngress";
const REVOKE_INGRESS: &str = "ec2:RevokeSecurityGroupIngress";

pub(super) const CALLS: &[&str] = &[describe::SECURITY_GROUPS, AUTHORIZE_INGRESS];
pub(super) const UNDO_CALLS: &[&str] = &[describe::SECURITY_GROUPS, REVOKE_INGRESS];

/// The beginning of the description of every rule that Postern writes.
fn rule_description(ports: (u16, u16)) -> String {
    match ports {
        HTTPS => "HTTPS to VPC endpoints (".to_owned(),
        ports => format!("TCP {} to VPC endpoints (", port_range(ports)),
    }
}

pub(super) async fn apply(applier: &mut Applier, change: &AuthorizeIngress, control: &str) -> Step {
    // One rule that exists fails the whole call: only the missing ones are asked for.
    let (id, missing) = missing(applier, change).await?;
    applier.part = part(change, &missing);
    match authorize(applier, &id, change.ports, &missing, control).await {
        Err(error) if error.is(&["InvalidPermission.Duplicate"]) && missing.len() > 1 => {
            let (id, missing) = self::missing(applier, change).await?;
            let answer = authorize(applier, &id, change.ports, &missing, control).await;
            answer.map_err(|error| applier.refused(error))?;
            applier.part = part(change, &missing);
        }
        answer => answer.map_err(|error| applier.refused(error))?,
    }
    Ok(Some(id.0))
}

/// The rules that are added, where others of the change exist already.
fn part(change: &AuthorizeIngress, missing: &BTreeSet<IpNet>) -> Option<Change> {
    (*missing != change.cidrs).then(|| {
        Change::AuthorizeIngress(AuthorizeIngress {
            group: change.group.clone(),
            ports: change.ports,
            cidrs: missing.clone(),
        })
    })
}

async fn authorize(
    applier: &Applier,
    id: &SecurityGroupId,
    ports: (u16, u16),
    cidrs: &BTreeSet<IpNet>,
    control: &str,
) -> Result<(), CallError> {
    let description = format!("{}{control}, run {})", rule_description(ports), applier.run);
    let ipv4 = |cidr: &IpNet| {
        let range = IpRange::builder().cidr_ip(cidr.to_string());
        range.description(&description).build()
    };
    let ipv6 = |cidr: &IpNet| {
        let range = Ipv6Range::builder().cidr_ipv6(cidr.to_string());
        range.description(&description).build()
    };
    let mut permission = permission(ports);
    for cidr in cidrs {
        permission = match cidr {
            IpNet::V4(_) => permission.ip_ranges(ipv4(cidr)),
            IpNet::V6(_) => permission.ipv6_ranges(ipv6(cidr)),
        };
    }
    let request = applier.ec2.authorize_security_group_ingress().group_id(id.as_str());
    let answer = request.ip_permissions(permission.build()).send().await;
    let answer = answer.map_err(|error| CallError::new(AUTHORIZE_INGRESS, error))?;
    accepted(AUTHORIZE_INGRESS, answer.r#return())
}

/// The CIDR blocks that the group does not admit yet; not needed where it admits all.
async fn missing(
    applier: &mut Applier,
    change: &AuthorizeIngress,
) -> Result<(SecurityGroupId, BTreeSet<IpNet>), ChangeOutcome> {
    let AuthorizeIngress {
        group,
        ports: (first, last),
        cidrs,
    } = change;
    let Some(found) = applier.managed_group(&group.vpc, GroupPurpose::Ingress).await? else {
        // AWS may not show a new group yet.
        return match applier.known_group(&group.vpc, GroupPurpose::Ingress) {
            Some(id) => Ok((id.clone(), cidrs.clone())),
            None => Err(skipped(format!("{group} does not exist"))),
        };
    };
    let id = found.id.clone();
    let admitted = |cidr: &IpNet| {
        found.ingress.iter().any(|rule| {
            rule.admits_tcp(*first, *last)
                && matches!(&rule.source, IngressSource::Cidr(source) if source.contains(cidr))
        })
    };
    let missing: BTreeSet<_> = cidrs.iter().filter(|cidr| !admitted(cidr)).copied().collect();
    match missing.is_empty() {
        true => Err(not_needed(format!("{id} admits them"))),
        false => Ok((id, missing)),
    }
}

pub(super) async fn undo(applier: &Applier, inverse: &RevokeIngress) -> Step {
    let RevokeIngress {
        group: id,
        ports,
        cidrs,
    } = inverse;
    let (found, _) = applier.managed_group_by_id(id).await?;
    let of_ports = |rule: &&IpPermission| {
        let (first, last) = (rule.from_port(), rule.to_port());
        rule.ip_protocol() == Some("tcp") && first == Some(ports.0.into()) && last == Some(ports.1.into())
    };
    // The description tells Postern's rules from others: the same rule, written by somebody else, stays.
    let written_by_postern = |cidr: Option<&str>, description: Option<&str>| {
        let network = cidr.and_then(|cidr| cidr.parse::<IpNet>().ok());
        let wanted = network.is_some_and(|network| cidrs.contains(&network.trunc().to_string()));
        match description.is_some_and(|text| text.starts_with(&rule_description(*ports))) {
            _ if !wanted => Ok(false),
            true => Ok(true),
            false => Err(skipped(format!(
                "the rule for {} in {id} was not written by Postern",
                cidr.unwrap_or_default()
            ))),
        }
    };
    let mut revoked = permission(*ports);
    let mut any = false;
    for rule in found.ip_permissions().iter().filter(of_ports) {
        for range in rule.ip_ranges() {
            if written_by_postern(range.cidr_ip(), range.description())? {
                any = true;
                revoked = revoked.ip_ranges(IpRange::builder().set_cidr_ip(range.cidr_ip.clone()).build());
            }
        }
        for range in rule.ipv6_ranges() {
            if written_by_postern(range.cidr_ipv6(), range.description())? {
                any = true;
                revoked = revoked.ipv6_ranges(Ipv6Range::builder().set_cidr_ipv6(range.cidr_ipv6.clone()).build());
            }
        }
    }
    if !any {
        return Err(not_needed(format!("{id} does not have these rules")));
    }
    let request = applier.ec2.revoke_security_group_ingress().group_id(id.as_str());
    let answer = request.ip_permissions(revoked.build()).send().await;
    answer
        .map_err(|error| CallError::new(REVOKE_INGRESS, error))
        .and_then(|answer| accepted(REVOKE_INGRESS, answer.r#return()))
        .map_err(|error| refusal::outcome_of_undo(error, id))?;
    Ok(None)
}

fn permission((first, last): (u16, u16)) -> IpPermissionBuilder {
    let permission = IpPermission::builder().ip_protocol("tcp");
    permission.from_port(first.into()).to_port(last.into())
}
