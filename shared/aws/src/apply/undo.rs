//! Takes changes back, each only while what it changed is still as it left it.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{IpPermission, IpRange, Ipv6Range};
use ipnet::IpNet;
use postern_core::changes::{
    Change, ChangeKind, ChangeOutcome, DeleteEndpoint, DeleteSecurityGroup, DetachGroup, DisablePrivateDns,
    DisableVpcDns, DisassociateRouteTable, DnsAttribute, Inverse, NewEndpoint, RemoveSubnet, ReplacePolicy,
    RestorePolicy, RevokeIngress,
};
use postern_core::model::id::{EndpointId, RouteTableId, SecurityGroupId, SubnetId, VpcId};
use postern_core::model::managed::TAG_MANAGED;
use postern_core::model::policy_document::same_policy;
use postern_core::model::snapshot::{Endpoint, EndpointKind, EndpointState, SecurityGroup};

use super::group::{RULE_DESCRIPTION, ours};
use super::{Applier, MODIFY_ENDPOINT, MODIFY_VPC_ATTRIBUTE, Step, accepted, not_needed, refusal, skipped};
use crate::describe::{self, filter, parse};
use crate::error::CallError;

const DELETE_SECURITY_GROUP: &str = "ec2:DeleteSecurityGroup";
const REVOKE_INGRESS: &str = "ec2:RevokeSecurityGroupIngress";
const DELETE_ENDPOINTS: &str = "ec2:DeleteVpcEndpoints";

/// The IAM actions that taking a change back takes.
pub fn undo_calls(kind: ChangeKind) -> &'static [&'static str] {
    match kind {
        ChangeKind::EnableVpcDns => &[describe::VPC_ATTRIBUTE, MODIFY_VPC_ATTRIBUTE],
        ChangeKind::CreateManagedGroup => &[describe::SECURITY_GROUPS, DELETE_SECURITY_GROUP],
        ChangeKind::AuthorizeIngress => &[describe::SECURITY_GROUPS, REVOKE_INGRESS],
        ChangeKind::CreateEndpoint => &[describe::ENDPOINTS, DELETE_ENDPOINTS],
        ChangeKind::AddSubnet
        | ChangeKind::AssociateRouteTable
        | ChangeKind::AttachManagedGroup
        | ChangeKind::EnablePrivateDns
        | ChangeKind::ReplacePolicy => &[describe::ENDPOINTS, MODIFY_ENDPOINT],
    }
}

impl Applier {
    /// Takes a change back. With the change, what it created or set must still be as it left it, or the outcome tells
    /// what differs; without, it is enough that Postern created it. Not needed where nothing of the change is left.
    pub async fn undo(&mut self, inverse: &Inverse, change: Option<&Change>) -> ChangeOutcome {
        let step = match inverse {
            Inverse::DisableVpcDns(DisableVpcDns { vpc, attribute }) => self.disable_vpc_dns(vpc, *attribute).await,
            Inverse::DeleteSecurityGroup(DeleteSecurityGroup { group }) => self.delete_group(group, change).await,
            Inverse::RevokeIngress(RevokeIngress { group, cidrs }) => self.revoke_ingress(group, cidrs).await,
            Inverse::DeleteEndpoint(DeleteEndpoint { endpoint }) => self.delete_endpoint(endpoint, change).await,
            Inverse::RemoveSubnet(RemoveSubnet { endpoint, subnet }) => self.remove_subnet(endpoint, subnet).await,
            Inverse::DisassociateRouteTable(DisassociateRouteTable { endpoint, route_table }) => {
                self.disassociate_route_table(endpoint, route_table).await
            }
            Inverse::DetachGroup(DetachGroup { endpoint, group }) => self.detach_group(endpoint, group).await,
            Inverse::DisablePrivateDns(DisablePrivateDns { endpoint }) => self.disable_private_dns(endpoint).await,
            Inverse::RestorePolicy(RestorePolicy { endpoint, policy }) => {
                self.restore_policy(endpoint, policy, change).await
            }
        };
        match step {
            Ok(_) => ChangeOutcome::Applied { created: None },
            Err(ChangeOutcome::Failed { cause, transient }) => ChangeOutcome::Failed {
                cause: format!("could not {}: {cause}", inverse.text()),
                transient,
            },
            Err(other) => other,
        }
    }

    async fn disable_vpc_dns(&self, vpc: &VpcId, attribute: DnsAttribute) -> Step {
        let enabled = match describe::dns_attribute(&self.ec2, vpc, attribute).await {
            Err(error) if error.not_found() => return Err(not_needed(format!("{vpc} no longer exists"))),
            enabled => enabled.map_err(refusal::outcome)?,
        };
        if !enabled {
            return Err(not_needed(format!("{vpc} has {attribute} disabled")));
        }
        self.set_vpc_dns(vpc, attribute, false).await
    }

    async fn delete_group(&mut self, id: &SecurityGroupId, change: Option<&Change>) -> Step {
        let group = self.own_group(id).await?;
        if change.is_some() && !group.ingress.is_empty() {
            let rules = group.ingress.len();
            return Err(skipped(format!(
                "{id} has {rules} rules since; take back first what added them"
            )));
        }
        let answer = self.ec2.delete_security_group().group_id(id.as_str()).send().await;
        answer.map_err(|error| gone(CallError::new(DELETE_SECURITY_GROUP, error), id))?;
        self.managed.retain(|_, managed| managed != id);
        Ok(None)
    }

    async fn revoke_ingress(&self, id: &SecurityGroupId, cidrs: &BTreeSet<String>) -> Step {
        let found = self.group_by_id(id).await?;
        own(&parse::security_group(&found).map_err(refusal::outcome)?.1)?;
        // Rules are told apart by their description: who writes the same rule as Postern keeps it.
        let https = |rule: &&IpPermission| {
            rule.ip_protocol() == Some("tcp") && rule.from_port() == Some(443) && rule.to_port() == Some(443)
        };
        let mut revoked = IpPermission::builder().ip_protocol("tcp").from_port(443).to_port(443);
        let mut any = false;
        let ours = |cidr: Option<&str>, description: Option<&str>| {
            let network = cidr.and_then(|cidr| cidr.parse::<IpNet>().ok());
            let wanted = network.is_some_and(|network| cidrs.contains(&network.trunc().to_string()));
            match description.is_some_and(|text| text.starts_with(RULE_DESCRIPTION)) {
                _ if !wanted => Ok(false),
                true => Ok(true),
                false => Err(skipped(format!(
                    "the rule for {} in {id} was not written by Postern",
                    cidr.unwrap_or_default()
                ))),
            }
        };
        for rule in found.ip_permissions().iter().filter(https) {
            for range in rule.ip_ranges() {
                if ours(range.cidr_ip(), range.description())? {
                    any = true;
                    revoked = revoked.ip_ranges(IpRange::builder().set_cidr_ip(range.cidr_ip.clone()).build());
                }
            }
            for range in rule.ipv6_ranges() {
                if ours(range.cidr_ipv6(), range.description())? {
                    any = true;
                    revoked = revoked.ipv6_ranges(Ipv6Range::builder().set_cidr_ipv6(range.cidr_ipv6.clone()).build());
                }
            }
        }
        if !any {
            return Err(not_needed(format!("{id} does not have these rules")));
        }
        let request = self.ec2.revoke_security_group_ingress().group_id(id.as_str());
        let answer = request.ip_permissions(revoked.build()).send().await;
        answer
            .map_err(|error| CallError::new(REVOKE_INGRESS, error))
            .and_then(|answer| accepted(REVOKE_INGRESS, answer.r#return()))
            .map_err(|error| gone(error, id))?;
        Ok(None)
    }

    async fn delete_endpoint(&self, id: &EndpointId, change: Option<&Change>) -> Step {
        let endpoint = self.remaining(id).await?;
        if endpoint.tags.get(TAG_MANAGED).is_none_or(|value| value != "true") {
            return Err(skipped(format!("{id} lacks the tag {TAG_MANAGED} = true")));
        }
        if let Some(Change::CreateEndpoint(new)) = change
            && let Some(difference) = difference(new, &endpoint)
        {
            return Err(skipped(format!(
                "{difference} of {id} were changed since it was created"
            )));
        }
        let request = self.ec2.delete_vpc_endpoints().vpc_endpoint_ids(id.as_str());
        let answer = request.send().await;
        let answer = answer.map_err(|error| gone(CallError::new(DELETE_ENDPOINTS, error), id))?;
        match answer.unsuccessful().first().map(|item| item.error()) {
            None => Ok(None),
            Some(error) => {
                let code = error.and_then(|error| error.code()).unwrap_or("Unknown");
                let message = error.and_then(|error| error.message()).unwrap_or_default();
                Err(gone(CallError::refused(DELETE_ENDPOINTS, code, message), id))
            }
        }
    }

    async fn remove_subnet(&self, id: &EndpointId, subnet: &SubnetId) -> Step {
        let endpoint = self.remaining(id).await?;
        if !endpoint.subnets.contains(subnet) {
            return Err(not_needed(format!("{id} is not in {subnet}")));
        }
        if endpoint.subnets.len() == 1 {
            return Err(skipped(format!(
                "{id} is in no other subnet any more; delete it instead"
            )));
        }
        self.modify(id, |request| request.remove_subnet_ids(subnet.as_str()))
            .await?;
        Ok(None)
    }

    async fn disassociate_route_table(&self, id: &EndpointId, table: &RouteTableId) -> Step {
        if !self.remaining(id).await?.route_tables.contains(table) {
            return Err(not_needed(format!("{id} is not associated with {table}")));
        }
        self.modify(id, |request| request.remove_route_table_ids(table.as_str()))
            .await?;
        Ok(None)
    }

    async fn detach_group(&self, id: &EndpointId, group: &SecurityGroupId) -> Step {
        let endpoint = self.remaining(id).await?;
        if !endpoint.security_groups.contains(group) {
            return Err(not_needed(format!("{group} is not attached to {id}")));
        }
        if endpoint.security_groups.len() == 1 {
            return Err(skipped(format!(
                "{id} has no other security group any more; attach one first"
            )));
        }
        self.modify(id, |request| request.remove_security_group_ids(group.as_str()))
            .await?;
        Ok(None)
    }

    async fn disable_private_dns(&self, id: &EndpointId) -> Step {
        if !self.remaining(id).await?.private_dns {
            return Err(not_needed(format!("private DNS is disabled on {id}")));
        }
        self.modify(id, |request| request.private_dns_enabled(false)).await?;
        Ok(None)
    }

    async fn restore_policy(&self, id: &EndpointId, policy: &str, change: Option<&Change>) -> Step {
        let live = self.remaining(id).await?.policy.unwrap_or_default();
        if same_policy(&live, policy) {
            return Err(not_needed(format!("{id} has the earlier policy")));
        }
        match change {
            Some(Change::ReplacePolicy(ReplacePolicy { after, .. })) if same_policy(&live, after) => {}
            _ => {
                return Err(skipped(format!(
                    "the policy of {id} was changed since by somebody else"
                )));
            }
        }
        self.modify(id, |request| request.policy_document(policy)).await?;
        Ok(None)
    }

    /// An endpoint of which something can be taken back.
    async fn remaining(&self, id: &EndpointId) -> Result<Endpoint, ChangeOutcome> {
        let missing = || not_needed(format!("{id} no longer exists"));
        let found = match describe::endpoints_by_id(&self.ec2, [id]).await {
            Err(error) if error.not_found() => return Err(missing()),
            found => found.map_err(refusal::outcome)?,
        };
        let found = found.first().ok_or_else(missing)?;
        let (_, endpoint) = parse::endpoint(found, &self.account, &self.region).map_err(refusal::outcome)?;
        if matches!(endpoint.state, EndpointState::Deleting | EndpointState::Deleted) {
            return Err(missing());
        }
        match endpoint.managed_by(&self.account) {
            Some(managed_by) => Err(skipped(format!("{id} {managed_by}"))),
            None => Ok(endpoint),
        }
    }

    async fn own_group(&self, id: &SecurityGroupId) -> Result<SecurityGroup, ChangeOutcome> {
        let found = self.group_by_id(id).await?;
        let (_, group) = parse::security_group(&found).map_err(refusal::outcome)?;
        own(&group)?;
        Ok(group)
    }

    async fn group_by_id(&self, id: &SecurityGroupId) -> Result<aws_sdk_ec2::types::SecurityGroup, ChangeOutcome> {
        let named = vec![filter("group-id", [id.as_str()])];
        let found = describe::security_groups(&self.ec2, named).await;
        let first = found.map_err(refusal::outcome)?.into_iter().next();
        first.ok_or_else(|| not_needed(format!("{id} no longer exists")))
    }
}

/// Fails where Postern does not manage the group.
fn own(group: &SecurityGroup) -> Result<(), ChangeOutcome> {
    match ours(group) {
        true => Ok(()),
        false => Err(skipped(format!(
            "{} is not the security group that Postern manages",
            group.id
        ))),
    }
}

/// What is not as it was created.
fn difference(new: &NewEndpoint, live: &Endpoint) -> Option<&'static str> {
    let interface = new.endpoint_kind != EndpointKind::Gateway;
    let policy = new.policy.as_deref();
    [
        (
            new.subnets.values().cloned().collect::<BTreeSet<_>>() != live.subnets,
            "the subnets",
        ),
        (new.route_tables != live.route_tables, "the route tables"),
        (interface && live.security_groups.len() != 1, "the security groups"),
        (
            interface && new.private_dns != live.private_dns,
            "the private DNS names",
        ),
        (
            policy.is_some_and(|policy| !same_policy(policy, live.policy.as_deref().unwrap_or_default())),
            "the statements of the policy",
        ),
    ]
    .into_iter()
    .find_map(|(differs, what)| differs.then_some(what))
}

/// The outcome of a refusal, where what is no longer there need not be taken back.
fn gone(error: CallError, id: &dyn std::fmt::Display) -> ChangeOutcome {
    match error.not_found() {
        true => not_needed(format!("gone meanwhile from {id}: {}", error.message)),
        false => refusal::outcome(error),
    }
}
