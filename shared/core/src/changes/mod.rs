//! Changes: the reversible effects that Postern can have on AWS.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

mod effect;
mod outcome;
mod simulate;
mod snippet;
#[cfg(test)]
mod snippet_tests;

pub use self::effect::{EffectCheck, change_effect, exact_sources, has_policy, inverse_effect, is_managed};
pub use self::outcome::ChangeOutcome;
pub use self::simulate::{simulate, simulate_inverse, simulated_id};
pub use self::snippet::Code;

use crate::model::cost::{MonthlyCost, Prices};
use crate::model::id::{EndpointId, Region, RouteTableId, SecurityGroupId, ServiceName, SubnetId, VpcId, Zone};
use crate::model::managed::MANAGED_GROUP_NAME;
use crate::model::snapshot::EndpointKind;

/// One reversible API effect.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Change {
    EnableVpcDns {
        vpc: VpcId,
        attribute: DnsAttribute,
    },
    CreateManagedGroup {
        vpc: VpcId,
    },
    AuthorizeIngress {
        group: ManagedGroup,
        #[schemars(with = "BTreeSet<String>")]
        cidrs: BTreeSet<IpNet>,
    },
    CreateEndpoint(NewEndpoint),
    AddSubnet {
        endpoint: EndpointId,
        subnet: SubnetId,
        zone: Zone,
    },
    AssociateRouteTable {
        endpoint: EndpointId,
        route_table: RouteTableId,
    },
    AttachManagedGroup {
        endpoint: EndpointId,
        group: ManagedGroup,
    },
    EnablePrivateDns {
        endpoint: EndpointId,
    },
    ReplacePolicy {
        endpoint: EndpointId,
        before: String,
        after: String,
    },
}

/// The variants of `Change` without their content, in the order in which a plan applies them:
/// what a later one may depend on first, additive before restrictive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeKind {
    EnableVpcDns,
    CreateManagedGroup,
    AuthorizeIngress,
    CreateEndpoint,
    AddSubnet,
    AssociateRouteTable,
    AttachManagedGroup,
    EnablePrivateDns,
    ReplacePolicy,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Opens or adds; nothing that worked stops working.
    Additive,
    /// Closes something that was open.
    Restrictive,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DnsAttribute {
    Support,
    Hostnames,
}

/// The security group that Postern manages in a VPC: a plan that creates it cannot know its id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct ManagedGroup {
    pub vpc: VpcId,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct NewEndpoint {
    pub vpc: VpcId,
    pub service: ServiceName,
    pub endpoint_kind: EndpointKind,
    /// One subnet per zone; empty for a gateway endpoint.
    pub subnets: BTreeMap<Zone, SubnetId>,
    /// Empty for an interface endpoint.
    pub route_tables: BTreeSet<RouteTableId>,
    /// None for a gateway endpoint.
    pub group: Option<ManagedGroup>,
    pub private_dns: bool,
    /// None where the service supports no policy.
    pub policy: Option<String>,
    /// The same for the same wish about the same state of the VPC, so that a repeated or concurrent
    /// request creates nothing twice.
    pub client_token: String,
}

/// What undoes a change, with the ids that only its application made known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Inverse {
    DisableVpcDns {
        vpc: VpcId,
        attribute: DnsAttribute,
    },
    DeleteSecurityGroup {
        group: SecurityGroupId,
    },
    RevokeIngress {
        group: SecurityGroupId,
        cidrs: BTreeSet<String>,
    },
    DeleteEndpoint {
        endpoint: EndpointId,
    },
    RemoveSubnet {
        endpoint: EndpointId,
        subnet: SubnetId,
    },
    DisassociateRouteTable {
        endpoint: EndpointId,
        route_table: RouteTableId,
    },
    DetachGroup {
        endpoint: EndpointId,
        group: SecurityGroupId,
    },
    DisablePrivateDns {
        endpoint: EndpointId,
    },
    RestorePolicy {
        endpoint: EndpointId,
        policy: String,
    },
}

impl Change {
    pub fn kind(&self) -> ChangeKind {
        match self {
            Self::EnableVpcDns { .. } => ChangeKind::EnableVpcDns,
            Self::CreateManagedGroup { .. } => ChangeKind::CreateManagedGroup,
            Self::AuthorizeIngress { .. } => ChangeKind::AuthorizeIngress,
            Self::CreateEndpoint(_) => ChangeKind::CreateEndpoint,
            Self::AddSubnet { .. } => ChangeKind::AddSubnet,
            Self::AssociateRouteTable { .. } => ChangeKind::AssociateRouteTable,
            Self::AttachManagedGroup { .. } => ChangeKind::AttachManagedGroup,
            Self::EnablePrivateDns { .. } => ChangeKind::EnablePrivateDns,
            Self::ReplacePolicy { .. } => ChangeKind::ReplacePolicy,
        }
    }

    pub fn effect(&self) -> Effect {
        match self {
            Self::ReplacePolicy { .. } => Effect::Restrictive,
            _ => Effect::Additive,
        }
    }

    /// The endpoint that the change modifies; None where it creates one or touches none.
    pub fn endpoint(&self) -> Option<&EndpointId> {
        match self {
            Self::AddSubnet { endpoint, .. }
            | Self::AssociateRouteTable { endpoint, .. }
            | Self::AttachManagedGroup { endpoint, .. }
            | Self::EnablePrivateDns { endpoint }
            | Self::ReplacePolicy { endpoint, .. } => Some(endpoint),
            Self::EnableVpcDns { .. }
            | Self::CreateManagedGroup { .. }
            | Self::AuthorizeIngress { .. }
            | Self::CreateEndpoint(_) => None,
        }
    }

    /// What the change adds to the bill each month, data processing aside.
    pub fn monthly_cost(&self, prices: &Prices, region: &Region) -> MonthlyCost {
        match self {
            Self::CreateEndpoint(new) => prices.interface_endpoint(region, new.subnets.len()),
            Self::AddSubnet { .. } => prices.interface_endpoint(region, 1),
            _ => MonthlyCost::ZERO,
        }
    }

    /// Whether it wants again what an earlier change did.
    pub fn repeats(&self, then: &Self) -> bool {
        match (self, then) {
            (
                Self::AuthorizeIngress { group, cidrs },
                Self::AuthorizeIngress {
                    group: other,
                    cidrs: then,
                },
            ) => group == other && !cidrs.is_disjoint(then),
            (Self::CreateEndpoint(now), Self::CreateEndpoint(then)) => {
                (&now.vpc, &now.service, now.endpoint_kind) == (&then.vpc, &then.service, then.endpoint_kind)
            }
            (Self::ReplacePolicy { endpoint, .. }, Self::ReplacePolicy { endpoint: then, .. }) => endpoint == then,
            _ => self == then,
        }
    }

    /// What undoes the change. `created` is the id that AWS gave to what the change created, and the id of the
    /// managed group for changes that refer to it; None while it is not known.
    pub fn inverse(&self, created: Option<&str>) -> Option<Inverse> {
        Some(match self {
            Self::EnableVpcDns { vpc, attribute } => Inverse::DisableVpcDns {
                vpc: vpc.clone(),
                attribute: *attribute,
            },
            Self::CreateManagedGroup { .. } => Inverse::DeleteSecurityGroup { group: created?.into() },
            Self::AuthorizeIngress { cidrs, .. } => Inverse::RevokeIngress {
                group: created?.into(),
                cidrs: cidrs.iter().map(ToString::to_string).collect(),
            },
            Self::CreateEndpoint(_) => Inverse::DeleteEndpoint {
                endpoint: created?.into(),
            },
            Self::AddSubnet { endpoint, subnet, .. } => Inverse::RemoveSubnet {
                endpoint: endpoint.clone(),
                subnet: subnet.clone(),
            },
            Self::AssociateRouteTable { endpoint, route_table } => Inverse::DisassociateRouteTable {
                endpoint: endpoint.clone(),
                route_table: route_table.clone(),
            },
            Self::AttachManagedGroup { endpoint, .. } => Inverse::DetachGroup {
                endpoint: endpoint.clone(),
                group: created?.into(),
            },
            Self::EnablePrivateDns { endpoint } => Inverse::DisablePrivateDns {
                endpoint: endpoint.clone(),
            },
            Self::ReplacePolicy { endpoint, before, .. } => Inverse::RestorePolicy {
                endpoint: endpoint.clone(),
                policy: before.clone(),
            },
        })
    }
}

impl Inverse {
    /// Such as `restore the policy of vpce-0a1b2c3d`.
    pub fn words(&self) -> String {
        match self {
            Self::DisableVpcDns { vpc, attribute } => format!("disable {attribute} on {vpc}"),
            Self::DeleteSecurityGroup { group } => format!("delete {group}"),
            Self::RevokeIngress { group, .. } => format!("revoke the rules of {group}"),
            Self::DeleteEndpoint { endpoint } => format!("delete {endpoint}"),
            Self::RemoveSubnet { endpoint, subnet } => format!("remove {subnet} from {endpoint}"),
            Self::DisassociateRouteTable { endpoint, route_table } => {
                format!("disassociate {route_table} from {endpoint}")
            }
            Self::DetachGroup { endpoint, group } => format!("detach {group} from {endpoint}"),
            Self::DisablePrivateDns { endpoint } => format!("disable private DNS on {endpoint}"),
            Self::RestorePolicy { endpoint, .. } => format!("restore the policy of {endpoint}"),
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EnableVpcDns { vpc, attribute } => write!(f, "enable {attribute} on {vpc}"),
            Self::CreateManagedGroup { vpc } => write!(f, "create security group {MANAGED_GROUP_NAME} in {vpc}"),
            Self::AuthorizeIngress { group, cidrs } => {
                let cidrs: Vec<_> = cidrs.iter().map(ToString::to_string).collect();
                write!(f, "admit TCP 443 from {} in {group}", cidrs.join(", "))
            }
            Self::CreateEndpoint(new) => {
                let kind = if new.endpoint_kind == EndpointKind::Gateway {
                    "gateway"
                } else {
                    "interface"
                };
                write!(f, "create {kind} endpoint to {} in {}", new.service, new.vpc)?;
                match (new.subnets.len(), new.route_tables.len()) {
                    (0, tables) => write!(f, " on {tables} route table{}", plural(tables)),
                    (zones, _) => write!(f, " with {zones} zone{}", plural(zones)),
                }
            }
            Self::AddSubnet { endpoint, subnet, zone } => write!(f, "add {subnet} ({zone}) to {endpoint}"),
            Self::AssociateRouteTable { endpoint, route_table } => {
                write!(f, "associate {route_table} with {endpoint}")
            }
            Self::AttachManagedGroup { endpoint, group } => write!(f, "attach {group} to {endpoint}"),
            Self::EnablePrivateDns { endpoint } => write!(f, "enable private DNS on {endpoint}"),
            Self::ReplacePolicy { endpoint, .. } => write!(f, "replace the policy of {endpoint}"),
        }
    }
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

impl fmt::Display for DnsAttribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Support => "DNS support",
            Self::Hostnames => "DNS hostnames",
        })
    }
}

impl fmt::Display for ManagedGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "security group {MANAGED_GROUP_NAME}")
    }
}

/// The AWS command that carries it out.
impl fmt::Display for Inverse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DisableVpcDns { vpc, attribute } => {
                let flag = match attribute {
                    DnsAttribute::Support => "--no-enable-dns-support",
                    DnsAttribute::Hostnames => "--no-enable-dns-hostnames",
                };
                write!(f, "aws ec2 modify-vpc-attribute --vpc-id {vpc} {flag}")
            }
            Self::DeleteSecurityGroup { group } => write!(f, "aws ec2 delete-security-group --group-id {group}"),
            Self::RevokeIngress { group, cidrs } => {
                let ranges = |v6: bool, key: &str| {
                    let list: Vec<_> = cidrs
                        .iter()
                        .filter(|c| c.contains(':') == v6)
                        .map(|c| format!("{{{key}={c}}}"))
                        .collect();
                    list.join(",")
                };
                write!(
                    f,
                    "aws ec2 revoke-security-group-ingress --group-id {group} --ip-permissions \
                     'IpProtocol=tcp,FromPort=443,ToPort=443,IpRanges=[{}],Ipv6Ranges=[{}]'",
                    ranges(false, "CidrIp"),
                    ranges(true, "CidrIpv6"),
                )
            }
            Self::DeleteEndpoint { endpoint } => {
                write!(f, "aws ec2 delete-vpc-endpoints --vpc-endpoint-ids {endpoint}")
            }
            Self::RemoveSubnet { endpoint, subnet } => modify(f, endpoint, &format!("--remove-subnet-ids {subnet}")),
            Self::DisassociateRouteTable { endpoint, route_table } => {
                modify(f, endpoint, &format!("--remove-route-table-ids {route_table}"))
            }
            Self::DetachGroup { endpoint, group } => {
                modify(f, endpoint, &format!("--remove-security-group-ids {group}"))
            }
            Self::DisablePrivateDns { endpoint } => modify(f, endpoint, "--no-private-dns-enabled"),
            Self::RestorePolicy { endpoint, policy } => modify(
                f,
                endpoint,
                &format!("--policy-document '{}'", policy.replace('\'', r"'\''")),
            ),
        }
    }
}

fn modify(f: &mut fmt::Formatter<'_>, endpoint: &EndpointId, arguments: &str) -> fmt::Result {
    write!(
        f,
        "aws ec2 modify-vpc-endpoint --vpc-endpoint-id {endpoint} {arguments}"
    )
}
