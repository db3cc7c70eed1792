//! Default quotas of AWS that a change must not exceed. A quota may be raised in Service Quotas, where Postern does not
//! look: a change that would exceed the default is left to people, unless the VPC has more already.
//! [Amazon VPC quotas](https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html),
//! [AWS PrivateLink quotas](https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-limits-endpoints.html)

use std::collections::BTreeSet;

use ipnet::IpNet;

use super::Context;
use crate::model::endpoint::{Endpoint, EndpointKind};
use crate::model::part::Gap;
use crate::model::snapshot::{IngressSource, SecurityGroup};

const GROUPS_PER_INTERFACE: usize = 5;
/// Inbound rules, for IPv4 and for IPv6 each.
const RULES_PER_GROUP: usize = 60;
/// Interface and Gateway Load Balancer endpoints together.
const INTERFACE_ENDPOINTS_PER_VPC: usize = 50;

const RAISE: &str = "request a higher quota in Service Quotas and make the change yourself";

impl Context<'_> {
    /// Why the VPC gets no further interface endpoint. None where the default quota admits one.
    pub fn endpoint_quota(&self) -> Result<Option<String>, Gap> {
        let endpoints = self.snapshot.endpoints.as_ref().map_err(Gap::clone)?.values();
        let counts = |endpoint: &&Endpoint| {
            let kind = matches!(
                endpoint.kind,
                EndpointKind::Interface | EndpointKind::GatewayLoadBalancer
            );
            kind && !endpoint.dead()
        };
        let full = endpoints.filter(counts).count() == INTERFACE_ENDPOINTS_PER_VPC;
        Ok(full.then(|| {
            format!(
                "The VPC has {INTERFACE_ENDPOINTS_PER_VPC} interface endpoints, the default quota. Delete endpoints that \
                 nobody uses, or {RAISE}."
            )
        }))
    }

    /// Why an endpoint gets no further security group. None where the default quota admits one.
    pub fn group_quota(&self, endpoint: &Endpoint) -> Result<Option<String>, Gap> {
        let endpoints = self.snapshot.endpoints.as_ref().map_err(Gap::clone)?.values();
        let most = endpoints.map(|endpoint| endpoint.security_groups.len()).max();
        let full = endpoint.security_groups.len() >= GROUPS_PER_INTERFACE && most <= Some(GROUPS_PER_INTERFACE);
        Ok(full.then(|| {
            format!(
                "{} has {GROUPS_PER_INTERFACE} security groups, the default quota for a network interface. Admit the \
                 clients in one of these groups, replace one that is not needed, or {RAISE}.",
                endpoint.id
            )
        }))
    }
}

/// Whether the default quota admits rules for these networks in a group, besides its own.
pub(super) fn admits_rules<'n>(group: Option<&SecurityGroup>, more: impl Iterator<Item = &'n IpNet> + Clone) -> bool {
    [true, false].into_iter().all(|ipv4| {
        let own = group.iter().flat_map(|group| &group.ingress);
        let own = own.filter(|rule| match rule.source {
            IngressSource::Cidr(network) => network.addr().is_ipv4() == ipv4,
            // Such a rule counts for both.
            IngressSource::Group(_) | IngressSource::PrefixList(_) => true,
        });
        let own = own.count();
        let new = more.clone().filter(|network| network.addr().is_ipv4() == ipv4).count();
        new == 0 || own > RULES_PER_GROUP || own + new <= RULES_PER_GROUP
    })
}

/// Why a group gets no such rules.
pub(super) fn rule_quota<'n>(rules: impl Iterator<Item = &'n IpNet> + Clone) -> String {
    let networks: BTreeSet<_> = rules.clone().collect();
    format!(
        "The subnets that need access are {} separate networks, for which the ports of the service take {} inbound rules, and \
         the default quota of a security group is {RULES_PER_GROUP}. Admit them by fewer rules in a security group of the \
         endpoint, or {RAISE}.",
        networks.len(),
        rules.count()
    )
}
