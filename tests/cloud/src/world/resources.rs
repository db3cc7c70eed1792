//! The kinds of resources. Tests may change every field.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
pub use postern_core::model::endpoint::{EndpointKind, EndpointState};

pub type Tags = BTreeMap<String, String>;

/// A resource was created, changed or deleted.
#[derive(Clone, Debug)]
pub struct Effect {
    pub id: String,
    pub before: Option<Resource>,
    pub after: Option<Resource>,
}

#[derive(Clone, Debug)]
pub enum Resource {
    Vpc(Arc<Vpc>),
    Subnet(Arc<Subnet>),
    RouteTable(Arc<RouteTable>),
    SecurityGroup(Arc<SecurityGroup>),
    NetworkAcl(Arc<NetworkAcl>),
    Endpoint(Arc<Endpoint>),
    EndpointService(Arc<EndpointService>),
    LoadBalancer(Arc<LoadBalancer>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vpc {
    pub id: String,
    pub owner: String,
    pub region: String,
    /// The first is the one that the VPC was created with.
    pub cidrs: Vec<String>,
    /// The id of its DHCP options; `default` where it has none.
    pub dhcp_options: String,
    pub dns_support: bool,
    pub dns_hostnames: bool,
    pub tags: Tags,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subnet {
    pub id: String,
    pub vpc: String,
    pub owner: String,
    pub region: String,
    pub zone: String,
    /// IPv4; empty in a subnet with IPv6 addresses only.
    pub cidr: String,
    pub ipv6: Option<String>,
    /// Free addresses, endpoints not counted.
    pub addresses: u32,
    /// The accounts that may use it besides its owner.
    pub shared_with: BTreeSet<String>,
    pub tags: Tags,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteTable {
    pub id: String,
    pub vpc: String,
    pub owner: String,
    pub region: String,
    pub associations: Vec<Association>,
    /// Without the routes of gateway endpoints.
    pub routes: Vec<Route>,
    pub tags: Tags,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Association {
    pub id: String,
    /// None: the VPC's main table.
    pub subnet: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    pub destination: String,
    /// `local`, or the id of a gateway.
    pub target: String,
    pub blackhole: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecurityGroup {
    pub id: String,
    pub vpc: String,
    pub owner: String,
    pub region: String,
    pub name: String,
    pub description: String,
    /// Of ingress.
    pub rules: Vec<Rule>,
    pub tags: Tags,
}

/// The default network ACL of a VPC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkAcl {
    pub id: String,
    pub vpc: String,
    pub owner: String,
    pub region: String,
    /// By number.
    pub entries: Vec<AclEntry>,
    pub tags: Tags,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AclEntry {
    pub number: i64,
    pub egress: bool,
    /// A number; `-1` for all.
    pub protocol: String,
    pub ports: Option<(i64, i64)>,
    /// IPv4 or IPv6.
    pub cidr: String,
    pub allow: bool,
}

/// One rule with one source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    pub id: String,
    /// `tcp`, `udp`, `-1` for all.
    pub protocol: String,
    pub ports: Option<(i64, i64)>,
    pub source: Source,
    pub description: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// IPv4 or IPv6.
    Cidr(String),
    Group(String),
    PrefixList(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    pub id: String,
    pub vpc: String,
    pub owner: String,
    pub region: String,
    pub kind: EndpointKind,
    pub service: Option<String>,
    /// For a service of another Region.
    pub service_region: Option<String>,
    pub state: EndpointState,
    pub requester_managed: bool,
    /// One network interface in each.
    pub subnets: Vec<String>,
    pub route_tables: Vec<String>,
    pub groups: Vec<String>,
    /// As in the API.
    pub address_type: String,
    pub dns_records: String,
    pub private_dns: bool,
    pub policy: String,
    pub created: Timestamp,
    pub tags: Tags,
}

/// An endpoint service of an account. It is offered in the zones of its load balancers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointService {
    pub id: String,
    /// Such as `com.amazonaws.vpce.eu-central-1.vpce-svc-…`.
    pub name: String,
    pub owner: String,
    pub region: String,
    /// Interface, or gateway load balancer.
    pub kind: EndpointKind,
    pub acceptance_required: bool,
    /// Permission ids and who is allowed.
    pub principals: BTreeMap<String, String>,
    pub private_dns_name: Option<PrivateDnsName>,
    /// ARNs, all network or all gateway load balancers.
    pub load_balancers: Vec<String>,
    /// From which consumers may connect, besides its own Region.
    pub supported_regions: BTreeSet<String>,
    /// Of `ipv4` and `ipv6`.
    pub address_types: BTreeSet<String>,
    /// Whether its owner pays for the endpoints of consumers.
    pub owner_pays: bool,
    pub tags: Tags,
}

/// The private DNS name of an endpoint service, and the TXT record that proves who owns the domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrivateDnsName {
    pub name: String,
    /// `pendingVerification`, `verified` or `failed`.
    pub state: String,
    /// Such as `_6e86v84tqgqubxbwii1m`, below the domain.
    pub record_name: String,
    /// Such as `vpce:l6p0ERxlTt45jevFwOCp`.
    pub record_value: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadBalancer {
    /// Its ARN.
    pub id: String,
    pub owner: String,
    pub region: String,
    /// `network` or `gateway`.
    pub kind: String,
    pub zones: BTreeSet<String>,
    /// `active`, `provisioning`, `active_impaired` or `failed`.
    pub state: String,
    pub deletion_protection: bool,
    pub target_groups: Vec<TargetGroup>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetGroup {
    pub arn: String,
    pub targets: Vec<Target>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub id: String,
    pub zone: String,
    /// `initial`, `healthy`, `unhealthy`, `unused`, `draining` or `unavailable`.
    pub health: String,
}

/// A private hosted zone of Route 53.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostedZone {
    pub id: String,
    /// Without the dot at the end.
    pub name: String,
    pub owner: String,
    /// The VPCs with which it is associated.
    pub vpcs: BTreeSet<String>,
    /// The names to which aliases lead, by the names of their records, all without the dot at the end.
    pub aliases: BTreeMap<String, String>,
}

/// An entry of the service catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    pub name: String,
    pub region: String,
    pub kind: EndpointKind,
    pub zones: BTreeSet<String>,
    pub policy_supported: bool,
    pub private_dns_names: BTreeSet<String>,
    pub manages_endpoints: bool,
    /// Such as `ipv4`.
    pub address_types: Vec<String>,
    /// `amazon`, or an account.
    pub owner: String,
    pub acceptance_required: bool,
    /// Of a service that an account offers.
    pub id: Option<String>,
    /// Whether it is described by name only.
    pub unlisted: bool,
}

impl Rule {
    /// Whether both admit the same. AWS refuses such duplicates, whatever their descriptions.
    pub fn same(&self, other: &Self) -> bool {
        (&self.protocol, &self.ports, &self.source) == (&other.protocol, &other.ports, &other.source)
    }
}

impl Endpoint {
    /// Whether it still has its network interfaces, routes and names.
    pub fn alive(&self) -> bool {
        !matches!(
            self.state,
            EndpointState::Deleted | EndpointState::Failed | EndpointState::Rejected | EndpointState::Expired
        )
    }

    /// The route of a gateway endpoint leads to it.
    pub fn prefix_list(&self) -> Option<String> {
        let service = self.service.as_deref().filter(|_| self.kind == EndpointKind::Gateway)?;
        Some(prefix_list(service))
    }
}

impl Subnet {
    /// Whether AWS places network interfaces with these addresses in it.
    pub(crate) fn hosts(&self, address_type: &str) -> bool {
        match address_type {
            "ipv4" => !self.cidr.is_empty(),
            "ipv6" => self.cidr.is_empty() && self.ipv6.is_some(),
            _ => !self.cidr.is_empty() && self.ipv6.is_some(),
        }
    }
}

impl Listing {
    /// Whether endpoints to it may have these addresses.
    pub(crate) fn offers(&self, address_type: &str) -> bool {
        let families: &[&str] = match address_type {
            "dualstack" => &["ipv4", "ipv6"],
            "ipv6" => &["ipv6"],
            _ => &["ipv4"],
        };
        families
            .iter()
            .all(|family| self.address_types.iter().any(|offered| offered == family))
    }
}

impl EndpointService {
    /// Whether a caller of an account sees it and may connect.
    pub(crate) fn admits(&self, account: &str, caller: &str) -> bool {
        let root = format!("arn:aws:iam::{account}:root");
        self.owner == account
            || self
                .principals
                .values()
                .any(|allowed| allowed == "*" || *allowed == root || allowed == caller)
    }

    /// Whether an endpoint of this Region may lead to it.
    pub(crate) fn serves(&self, region: &str) -> bool {
        self.region == region || self.supported_regions.contains(region)
    }
}

/// The id of the prefix list of a gateway service.
pub fn prefix_list(service: &str) -> String {
    let sum = service.bytes().fold(0x811c_9dc5_u32, |sum, byte| {
        (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    format!("pl-{sum:08x}")
}

/// The API's name of a type.
pub(crate) fn kind_name(kind: EndpointKind) -> &'static str {
    match kind {
        EndpointKind::Interface => "Interface",
        EndpointKind::Gateway => "Gateway",
        EndpointKind::GatewayLoadBalancer => "GatewayLoadBalancer",
        EndpointKind::Resource => "Resource",
        EndpointKind::ServiceNetwork => "ServiceNetwork",
        EndpointKind::Tunnel => "Tunnel",
        EndpointKind::Other => "Dream",
    }
}

/// A state as in the documentation.
pub(crate) fn state_name(state: EndpointState) -> &'static str {
    match state {
        EndpointState::PendingAcceptance => "PendingAcceptance",
        EndpointState::Pending => "Pending",
        EndpointState::Available => "Available",
        EndpointState::Partial => "Partial",
        EndpointState::Deleting => "Deleting",
        EndpointState::Deleted => "Deleted",
        EndpointState::Rejected => "Rejected",
        EndpointState::Failed => "Failed",
        EndpointState::Expired => "Expired",
        EndpointState::Unknown => "Dreaming",
    }
}
