//! Who may open a connection to an endpoint, and how to let in the subnets that need it.

use std::collections::BTreeSet;

use ipnet::{IpNet, Ipv4Net};

use crate::change::{Change, GroupRef};
use crate::control::Context;
use crate::snapshot::{Endpoint, Gap, IngressRule, IngressSource, Subnet};

/// What the security groups of an endpoint let in.
pub enum Admission {
    Admitted,
    /// These networks are not admitted.
    Blocked(BTreeSet<IpNet>),
    /// Who is admitted depends on what is not observed; the reason.
    Unclear(String),
}

impl<'a> Context<'a> {
    /// Every subnet of the VPC: where an endpoint holds the private DNS name, the clients of all of them are sent to it.
    pub fn all_subnets(&self) -> Result<Vec<&'a Subnet>, Gap> {
        Ok(self.snapshot.subnets.as_ref().map_err(Gap::clone)?.values().collect())
    }

    /// Whether the endpoint's groups admit TCP 443 from these subnets.
    pub fn admission(&self, endpoint: &Endpoint, subnets: &[&Subnet]) -> Result<Admission, Gap> {
        let groups = self.snapshot.security_groups.as_ref().map_err(Gap::clone)?;
        let mut rules = Vec::new();
        let mut unknown = Vec::new();
        for id in &endpoint.security_groups {
            match groups.get(id) {
                Some(group) => rules.extend(group.ingress.iter().filter(|rule| rule.admits_https())),
                None => unknown.push(id.as_str()),
            }
        }
        let blocked = blocked(&rules, subnets);
        if blocked.is_empty() {
            return Ok(Admission::Admitted);
        }
        let by_membership = rules.iter().filter_map(|rule| match &rule.source {
            IngressSource::Group(id) | IngressSource::PrefixList(id) => Some(id),
            IngressSource::Cidr(_) => None,
        });
        if let Some(source) = by_membership.min() {
            return Ok(Admission::Unclear(format!(
                "TCP 443 is admitted from {source}, and which clients that covers is not observed"
            )));
        }
        if !unknown.is_empty() {
            return Ok(Admission::Unclear(format!(
                "{} was not found in the VPC",
                unknown.join(", ")
            )));
        }
        Ok(Admission::Blocked(blocked))
    }

    /// The managed group and what makes it admit TCP 443 from these subnets.
    pub fn managed_group_for(&self, vpc_subnets: &[&Subnet]) -> Result<(GroupRef, Vec<Change>), Gap> {
        self.snapshot.security_groups.as_ref().map_err(Gap::clone)?;
        let vpc = &self.snapshot.vpc.id;
        let group = GroupRef::Managed(vpc.clone());
        let mut changes = Vec::new();
        let rules: Vec<_> = match self.snapshot.managed_group() {
            Some(managed) => managed.ingress.iter().filter(|rule| rule.admits_https()).collect(),
            None => {
                changes.push(Change::CreateManagedGroup { vpc: vpc.clone() });
                Vec::new()
            }
        };
        let blocked = blocked(&rules, vpc_subnets);
        if !blocked.is_empty() {
            changes.push(Change::AuthorizeIngress {
                group: group.clone(),
                cidrs: blocked,
            });
        }
        Ok((group, changes))
    }

    /// What lets these subnets in to an endpoint. Other people's groups are never edited for this.
    pub fn admit(&self, endpoint: &Endpoint, subnets: &[&Subnet]) -> Result<Vec<Change>, Gap> {
        let (group, mut changes) = self.managed_group_for(subnets)?;
        let attached = self
            .snapshot
            .managed_group()
            .is_some_and(|g| endpoint.security_groups.contains(&g.id));
        if !attached {
            changes.push(Change::AttachManagedGroup {
                endpoint: endpoint.id.clone(),
                group,
            });
        }
        Ok(changes)
    }
}

/// The IPv4 networks of the subnets that no rule admits, neighbours merged. The endpoints are IPv4 ones.
fn blocked(rules: &[&IngressRule], subnets: &[&Subnet]) -> BTreeSet<IpNet> {
    let admitted: Vec<Ipv4Net> = rules
        .iter()
        .filter_map(|rule| match rule.source {
            IngressSource::Cidr(IpNet::V4(net)) => Some(net),
            _ => None,
        })
        .collect();
    let admitted = Ipv4Net::aggregate(&admitted);
    let wanted: Vec<Ipv4Net> = subnets
        .iter()
        .filter_map(|subnet| match subnet.ipv4 {
            Some(IpNet::V4(net)) => Some(net),
            _ => None,
        })
        .filter(|net| !admitted.iter().any(|a| a.contains(net)))
        .collect();
    Ipv4Net::aggregate(&wanted).into_iter().map(IpNet::V4).collect()
}
