//! Lets networks of the VPC in to ports of services, mostly TCP 443, in the security group that Postern manages.

use std::collections::BTreeSet;

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::create_managed_group::ManagedGroup;
use super::effect::{EffectCheck, EffectResult, effect_if, in_effect, managed_group, not_in_effect};
use super::kind::{KindOfChange, KindOfInverse, Prepares};
use super::simulate::{managed_id, with_group};
use super::snippet::{Block, Setting};
use super::{Change, ChangeKind, Inverse, Safety};
use crate::model::cost::{MonthlyCost, Prices};
use crate::model::id::{EndpointId, Region, RunId, SecurityGroupId, VpcId};
use crate::model::managed::{GroupPurpose, MANAGED_GROUP_NAME};
use crate::model::part::{Gap, Part};
use crate::model::snapshot::{IngressRule, IngressSource, Protocol, SecurityGroup, VpcSnapshot};

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct AuthorizeIngress {
    pub group: ManagedGroup,
    /// The first and the last TCP port. TCP 443 where they are left out.
    #[serde(default = "https", skip_serializing_if = "is_https")]
    pub ports: (u16, u16),
    #[schemars(with = "BTreeSet<String>")]
    pub cidrs: BTreeSet<IpNet>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct RevokeIngress {
    pub group: SecurityGroupId,
    /// The first and the last TCP port. TCP 443 where they are left out.
    #[serde(default = "https", skip_serializing_if = "is_https")]
    pub ports: (u16, u16),
    pub cidrs: BTreeSet<String>,
}

/// TCP 443.
pub const HTTPS: (u16, u16) = (443, 443);

fn https() -> (u16, u16) {
    HTTPS
}

fn is_https(ports: &(u16, u16)) -> bool {
    *ports == HTTPS
}

/// As people write them: 443, 1024-1064.
pub fn port_range((first, last): (u16, u16)) -> String {
    if first == last {
        return first.to_string();
    }
    format!("{first}-{last}")
}

impl KindOfChange<VpcSnapshot> for AuthorizeIngress {
    fn kind(&self) -> ChangeKind {
        ChangeKind::AuthorizeIngress
    }

    fn safety(&self) -> Safety {
        Safety::Additive
    }

    fn text(&self) -> String {
        let cidrs: Vec<_> = self.cidrs.iter().map(ToString::to_string).collect();
        let ports = port_range(self.ports);
        format!("admit TCP {ports} from {} in {}", cidrs.join(", "), self.group)
    }

    fn endpoint(&self) -> Option<&EndpointId> {
        None
    }

    fn alters(&self) -> &'static [Part] {
        &[Part::SecurityGroups]
    }

    fn monthly_cost(&self, _: &Prices, _: &Region) -> Option<MonthlyCost> {
        Some(MonthlyCost::ZERO)
    }

    fn repeats(&self, earlier: &Change) -> bool {
        matches!(earlier, Change::AuthorizeIngress(earlier)
            if earlier.group == self.group && earlier.ports == self.ports && !earlier.cidrs.is_disjoint(&self.cidrs))
    }

    fn prepares(&self) -> Prepares<'_> {
        Prepares::ManagedGroup
    }

    fn managed_group(&self) -> Option<(&VpcId, GroupPurpose)> {
        Some((&self.group.vpc, GroupPurpose::Ingress))
    }

    fn requires(&self, earlier: &Change) -> bool {
        matches!(earlier, Change::CreateManagedGroup(_))
    }

    fn simulate(&self, state: &mut VpcSnapshot) -> bool {
        let Some(id) = managed_id(state) else {
            return false;
        };
        with_group(state, &id, |group| {
            let before = group.ingress.len();
            for cidr in &self.cidrs {
                let rule = rule_from(IngressSource::Cidr(*cidr), self.ports);
                if !group.ingress.contains(&rule) {
                    group.ingress.push(rule);
                }
            }
            group.ingress.len() > before
        })
    }

    fn simulated_id(&self, after: &VpcSnapshot) -> Option<String> {
        after.managed_group().map(|group| group.id.to_string())
    }

    fn inverse(&self, created: Option<&str>) -> Option<Inverse> {
        Some(Inverse::RevokeIngress(RevokeIngress {
            group: created?.into(),
            ports: self.ports,
            cidrs: self.cidrs.iter().map(ToString::to_string).collect(),
        }))
    }

    fn effect(&self, _: &RunId, state: &VpcSnapshot) -> EffectResult {
        let Some(group) = managed_group(state)? else {
            return Ok(not_in_effect(format!("{} does not exist", self.group)));
        };
        // A wider rule was made by somebody else.
        let missing = self
            .cidrs
            .iter()
            .find(|cidr| !exact_sources(group, self.ports).any(|source| source == *cidr));
        Ok(match missing {
            None => in_effect(Some(group.id.to_string())),
            Some(cidr) => EffectCheck::NotInEffect(format!("{} has no rule for {cidr}", group.id)),
        })
    }

    fn names_its_run(&self) -> bool {
        false
    }

    fn altered_since(&self, created: Option<&str>, state: &VpcSnapshot) -> Result<Option<String>, Gap> {
        let groups = state.security_groups.as_ref().map_err(Gap::clone)?;
        let Some(id) = created else { return Ok(None) };
        let group = groups.get(&id.into()).into_iter();
        let present: BTreeSet<_> = group.flat_map(|group| exact_sources(group, self.ports)).collect();
        let missing: Vec<_> = self
            .cidrs
            .iter()
            .filter(|cidr| !present.contains(cidr))
            .map(ToString::to_string)
            .collect();
        Ok((!missing.is_empty()).then(|| format!("{id} no longer has the rules for {}", missing.join(", "))))
    }

    fn snippet(&self, after: &VpcSnapshot) -> Vec<Block> {
        let group = after.managed_group().into_iter();
        group
            .flat_map(|group| {
                self.cidrs
                    .iter()
                    .map(|cidr| block(group.id.as_str(), &cidr.to_string(), self.ports))
            })
            .collect()
    }

    fn undoing_calls(&self) -> &'static [&'static str] {
        &["ModifySecurityGroupRules", "RevokeSecurityGroupIngress"]
    }
}

impl KindOfInverse<VpcSnapshot> for RevokeIngress {
    fn safety(&self) -> Safety {
        Safety::Restrictive
    }

    fn text(&self) -> String {
        format!("revoke the rules of {}", self.group)
    }

    fn command(&self) -> String {
        let ranges = |v6: bool, key: &str| {
            let list: Vec<_> = self
                .cidrs
                .iter()
                .filter(|cidr| cidr.contains(':') == v6)
                .map(|cidr| format!("{{{key}={cidr}}}"))
                .collect();
            list.join(",")
        };
        format!(
            "aws ec2 revoke-security-group-ingress --group-id {} --ip-permissions \
             'IpProtocol=tcp,FromPort={},ToPort={},IpRanges=[{}],Ipv6Ranges=[{}]'",
            self.group,
            self.ports.0,
            self.ports.1,
            ranges(false, "CidrIp"),
            ranges(true, "CidrIpv6"),
        )
    }

    fn simulate(&self, state: &mut VpcSnapshot) {
        with_group(state, &self.group, |group| {
            group.ingress.retain(|rule| {
                !matches!(&rule.source, IngressSource::Cidr(cidr) if self.cidrs.contains(&cidr.to_string()))
                    || *rule != rule_from(rule.source.clone(), self.ports)
            });
        });
    }

    fn effect(&self, state: &VpcSnapshot) -> EffectResult {
        let groups = state.security_groups.as_ref().map_err(Gap::clone)?;
        let left: Vec<_> = groups
            .get(&self.group)
            .into_iter()
            .flat_map(|group| exact_sources(group, self.ports))
            .map(ToString::to_string)
            .filter(|cidr| self.cidrs.contains(cidr))
            .collect();
        Ok(effect_if(left.is_empty(), || {
            format!("{} still admits {}", self.group, left.join(", "))
        }))
    }
}

fn rule_from(source: IngressSource, ports: (u16, u16)) -> IngressRule {
    IngressRule {
        protocol: Protocol::Tcp,
        ports: Some(ports),
        source,
    }
}

/// The networks of the rules that have exactly the form in which Postern makes them.
fn exact_sources(group: &SecurityGroup, ports: (u16, u16)) -> impl Iterator<Item = &IpNet> {
    group.ingress.iter().filter_map(move |rule| match &rule.source {
        IngressSource::Cidr(cidr) if *rule == rule_from(rule.source.clone(), ports) => Some(cidr),
        IngressSource::Cidr(_) | IngressSource::Group(_) | IngressSource::PrefixList(_) => None,
    })
}

fn block(group: &str, cidr: &str, ports: (u16, u16)) -> Block {
    let v6 = cidr.contains(':');
    let (about, name) = match ports {
        HTTPS => ("HTTPS".to_owned(), "https".to_owned()),
        ports => (
            format!("TCP {}", port_range(ports)),
            format!("tcp-{}", port_range(ports)),
        ),
    };
    let text = |text: &str| Setting::Text(text.to_owned());
    Block {
        about: format!("{about} from {cidr} to endpoints, in {group} ({MANAGED_GROUP_NAME})"),
        name: format!("{name}-from-{cidr}"),
        terraform: (
            "aws_vpc_security_group_ingress_rule",
            vec![
                ("security_group_id", text(group)),
                ("ip_protocol", text("tcp")),
                ("from_port", Setting::Number(ports.0)),
                ("to_port", Setting::Number(ports.1)),
                (if v6 { "cidr_ipv6" } else { "cidr_ipv4" }, text(cidr)),
            ],
        ),
        cloudformation: (
            "AWS::EC2::SecurityGroupIngress",
            vec![
                ("GroupId", text(group)),
                ("IpProtocol", text("tcp")),
                ("FromPort", Setting::Number(ports.0)),
                ("ToPort", Setting::Number(ports.1)),
                (if v6 { "CidrIpv6" } else { "CidrIp" }, text(cidr)),
            ],
        ),
    }
}
