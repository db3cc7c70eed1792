//! One VPC as it was observed, gaps included. Parts and gaps are those of every scope.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use ipnet::IpNet;
use jiff::Timestamp;

use crate::model::address::AddressType;
use crate::model::id::{
    AccountId, EndpointId, Region, RouteTableId, SecurityGroupId, ServiceName, SubnetId, VpcId, Zone,
};
use crate::model::scope::Scope;

pub type Tags = BTreeMap<String, String>;

/// The value of the tag `Name`, by which people name resources.
pub fn name(tags: &Tags) -> Option<String> {
    tags.get("Name").cloned()
}

/// A part of a snapshot, observed by calls of its own. Each control declares which it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    Dns,
    Subnets,
    RouteTables,
    Endpoints,
    SecurityGroups,
    Services,
    /// The configuration of an endpoint service. It is never a gap: there is no snapshot without it.
    Configuration,
    /// Who may connect to an endpoint service.
    Permissions,
    /// The endpoints of the consumers of an endpoint service.
    Connections,
    /// What is behind an endpoint service.
    LoadBalancers,
    TargetHealth,
}

impl Part {
    /// The parts of a VPC.
    pub const VPC: [Self; 6] = [
        Self::Dns,
        Self::Subnets,
        Self::RouteTables,
        Self::Endpoints,
        Self::SecurityGroups,
        Self::Services,
    ];

    /// The parts of an endpoint service.
    pub const ENDPOINT_SERVICE: [Self; 5] = [
        Self::Configuration,
        Self::Permissions,
        Self::Connections,
        Self::LoadBalancers,
        Self::TargetHealth,
    ];

    /// The parts of every scope.
    pub fn all() -> BTreeSet<Self> {
        Self::VPC.into_iter().chain(Self::ENDPOINT_SERVICE).collect()
    }
}

/// Why a part of the snapshot is not known. A gap is never an empty list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    pub part: Part,
    /// What went wrong, with the call that failed.
    pub reason: String,
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

pub type Observed<T> = Result<T, Gap>;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VpcSnapshot {
    /// The account of the scope, with whose credentials AWS is called.
    pub account: AccountId,
    pub region: Region,
    pub vpc: Vpc,
    pub dns: Observed<VpcDns>,
    pub subnets: Observed<BTreeMap<SubnetId, Subnet>>,
    pub route_tables: Observed<BTreeMap<RouteTableId, RouteTable>>,
    /// Endpoints in every state, deleted ones that AWS still lists included.
    pub endpoints: Observed<BTreeMap<EndpointId, Endpoint>>,
    /// Every security group of the VPC.
    pub security_groups: Observed<BTreeMap<SecurityGroupId, SecurityGroup>>,
    /// The Region's service catalogue.
    pub services: Observed<Arc<Catalogue>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vpc {
    pub id: VpcId,
    pub owner: AccountId,
    pub cidrs: BTreeSet<IpNet>,
    pub tags: Tags,
}

/// The two attributes of the VPC on which private DNS depends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VpcDns {
    pub support: bool,
    pub hostnames: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subnet {
    pub id: SubnetId,
    pub owner: AccountId,
    pub zone: Zone,
    /// None in an IPv6-only subnet.
    pub ipv4: Option<IpNet>,
    pub ipv6: BTreeSet<IpNet>,
    pub free_addresses: u32,
    pub outpost: bool,
    pub tags: Tags,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteTable {
    pub id: RouteTableId,
    /// Serves the subnets that have no explicit association.
    pub main: bool,
    pub subnets: BTreeSet<SubnetId>,
    pub routes: Vec<Route>,
    pub tags: Tags,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// A CIDR or a prefix list.
    pub destination: String,
    pub target: RouteTarget,
    /// A blackhole route leads nowhere.
    pub active: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RouteTarget {
    Local,
    InternetGateway(String),
    /// A gateway or gateway-load-balancer endpoint.
    Endpoint(String),
    /// NAT, transit gateway, peering and whatever else leads out of the VPC.
    Other(String),
}

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum SubnetClass {
    /// A route leads to an internet gateway.
    Public,
    /// A route leads out of the VPC, but none to an internet gateway.
    Private,
    /// No route leads out of the VPC.
    Isolated,
}

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum EndpointKind {
    Interface,
    Gateway,
    GatewayLoadBalancer,
    Resource,
    ServiceNetwork,
    Tunnel,
    /// A type that AWS added later.
    Other,
}

/// The states of the wire, compared without case.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum EndpointState {
    PendingAcceptance,
    Pending,
    Available,
    Partial,
    Deleting,
    Deleted,
    Rejected,
    Failed,
    Expired,
    Unknown,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    pub id: EndpointId,
    pub kind: EndpointKind,
    /// Resource and service-network endpoints have none.
    pub service: Option<ServiceName>,
    /// The ARN of the resource configuration or service network to which it leads.
    pub target: Option<String>,
    /// Set where the service lies in another Region than the endpoint.
    pub service_region: Option<Region>,
    pub owner: AccountId,
    pub state: EndpointState,
    pub requester_managed: bool,
    pub subnets: BTreeSet<SubnetId>,
    pub route_tables: BTreeSet<RouteTableId>,
    pub security_groups: BTreeSet<SecurityGroupId>,
    /// The addresses of its network interfaces; for a gateway endpoint, those of the service to which it adds routes.
    pub address_type: AddressType,
    /// The addresses to which its private DNS names resolve.
    pub dns_records: AddressType,
    pub private_dns: bool,
    /// Private DNS is for inbound resolver endpoints only, so for clients outside of AWS. Those of the VPC use the gateway
    /// endpoint of the service.
    pub private_dns_inbound_only: bool,
    /// The policy document as AWS returns it.
    pub policy: Option<String>,
    pub created: Option<Timestamp>,
    pub tags: Tags,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecurityGroup {
    pub id: SecurityGroupId,
    pub name: String,
    pub owner: AccountId,
    pub ingress: Vec<IngressRule>,
    pub tags: Tags,
}

/// One permission of a security group, one source each.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct IngressRule {
    pub protocol: Protocol,
    /// First and last port; None means all ports.
    pub ports: Option<(u16, u16)>,
    pub source: IngressSource,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protocol {
    All,
    Tcp,
    Other,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum IngressSource {
    Cidr(IpNet),
    /// Members of another security group.
    Group(String),
    PrefixList(String),
}

/// The services that can be reached through endpoints in a Region.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalogue {
    /// In the order of names, kinds and Regions.
    services: Vec<Service>,
    /// Where in `services` those of AWS in this Region are, by short name.
    by_short_name: BTreeMap<String, Vec<usize>>,
    /// Services of which AWS says, asked by name, that they do not exist; with the Region, if it is another one.
    pub(crate) unknown: BTreeSet<(ServiceName, Option<Region>)>,
}

/// One entry of the catalogue. Services with a gateway and an interface form have two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    pub name: ServiceName,
    pub kind: EndpointKind,
    /// Where it lies, if in another Region than the catalogue's.
    pub region: Option<Region>,
    pub zones: BTreeSet<Zone>,
    pub policy_supported: bool,
    pub private_dns_names: BTreeSet<String>,
    /// The service creates and deletes its endpoints itself.
    pub manages_endpoints: bool,
    /// The addresses that its endpoints may have.
    pub addresses: AddressType,
    /// The account that offers it; none for the services of AWS.
    pub provider: Option<AccountId>,
}

impl EndpointKind {
    /// The kind in a sentence.
    pub fn word(self) -> &'static str {
        match self {
            Self::Interface => "interface",
            Self::Gateway => "gateway",
            Self::GatewayLoadBalancer => "Gateway Load Balancer",
            Self::Resource => "resource",
            Self::ServiceNetwork => "service-network",
            Self::Tunnel => "tunnel",
            Self::Other => "other",
        }
    }
}

impl EndpointState {
    pub fn parse(text: &str) -> Self {
        match text.to_ascii_lowercase().as_str() {
            "pendingacceptance" => Self::PendingAcceptance,
            "pending" => Self::Pending,
            "available" => Self::Available,
            "partial" => Self::Partial,
            "deleting" => Self::Deleting,
            "deleted" => Self::Deleted,
            "rejected" => Self::Rejected,
            "failed" => Self::Failed,
            "expired" => Self::Expired,
            _ => Self::Unknown,
        }
    }
}

impl Subnet {
    /// None in a subnet without any addresses, which EC2 does not make.
    pub fn address_type(&self) -> Option<AddressType> {
        AddressType::of(self.ipv4.is_some(), !self.ipv6.is_empty())
    }

    /// Whether AWS places network interfaces with these addresses in it: IPv6 ones only where it has no IPv4 addresses.
    /// [Create an interface endpoint](https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html)
    pub fn hosts(&self, addresses: AddressType) -> bool {
        match addresses {
            AddressType::Ipv4 => self.ipv4.is_some(),
            AddressType::Ipv6 | AddressType::Dualstack => self.address_type() == Some(addresses),
        }
    }

    /// Whether its clients can reach something with these addresses.
    pub fn reaches(&self, addresses: AddressType) -> bool {
        self.address_type().is_some_and(|own| own.meets(addresses))
    }

    /// Its networks of these families.
    pub fn networks(&self, addresses: AddressType) -> impl Iterator<Item = IpNet> {
        let ipv4 = self.ipv4.filter(|_| addresses.ipv4());
        ipv4.into_iter()
            .chain(self.ipv6.iter().copied().filter(move |_| addresses.ipv6()))
    }
}

impl Endpoint {
    /// Who else manages it, by the endpoint itself, worded to follow its id: `belongs to account 444455556666`.
    pub fn managed_by(&self, account: &AccountId) -> Option<String> {
        if self.requester_managed {
            return Some("is managed by the AWS service that requested it".to_owned());
        }
        if self.owner != *account {
            return Some(format!("belongs to account {}", self.owner));
        }
        let guard_duty = self.tags.contains_key("GuardDutyManaged");
        guard_duty.then(|| "is managed by Amazon GuardDuty".to_owned())
    }

    /// On its way out, or never came to life.
    pub fn dead(&self) -> bool {
        matches!(
            self.state,
            EndpointState::Deleting
                | EndpointState::Deleted
                | EndpointState::Rejected
                | EndpointState::Failed
                | EndpointState::Expired
        )
    }

    /// Serves its VPC now, or is about to.
    pub fn usable(&self) -> bool {
        matches!(
            self.state,
            EndpointState::Pending
                | EndpointState::PendingAcceptance
                | EndpointState::Available
                | EndpointState::Partial
        )
    }
}

impl IngressRule {
    pub fn admits_https(&self) -> bool {
        self.admits_tcp(443, 443)
    }

    /// Whether it admits a TCP port from the first to the last.
    pub fn meets_tcp(&self, first: u16, last: u16) -> bool {
        match self.protocol {
            Protocol::All => true,
            Protocol::Tcp => self.ports.is_none_or(|(from, to)| from <= last && first <= to),
            Protocol::Other => false,
        }
    }

    /// Whether it admits every TCP port from the first to the last.
    pub fn admits_tcp(&self, first: u16, last: u16) -> bool {
        match self.protocol {
            Protocol::All => true,
            Protocol::Tcp => self.ports.is_none_or(|(from, to)| from <= first && last <= to),
            Protocol::Other => false,
        }
    }
}

impl Catalogue {
    pub fn new(mut services: Vec<Service>) -> Self {
        services.sort_by(|a, b| (&a.name, a.kind, &a.region).cmp(&(&b.name, b.kind, &b.region)));
        services.dedup_by(|a, b| (&a.name, a.kind, &a.region) == (&b.name, b.kind, &b.region));
        let mut by_short_name: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (at, service) in services
            .iter()
            .enumerate()
            .filter(|(_, s)| s.amazon() && s.region.is_none())
        {
            if let Some(short) = service.short_name() {
                by_short_name.entry(short.to_owned()).or_default().push(at);
            }
        }
        Self {
            services,
            by_short_name,
            unknown: BTreeSet::new(),
        }
    }

    /// With what AWS answered about services that were asked for by name: these exist, and of those it knows nothing.
    #[must_use]
    pub fn with(&self, found: Vec<Service>, unknown: impl IntoIterator<Item = (ServiceName, Option<Region>)>) -> Self {
        let mut with = Self::new([self.services.clone(), found].concat());
        with.unknown = self.unknown.iter().cloned().chain(unknown).collect();
        with
    }

    /// In the order of names, kinds and Regions.
    pub fn services(&self) -> &[Service] {
        &self.services
    }

    /// The entry of a service of this Region in one of its forms.
    pub fn find(&self, name: &str, kind: EndpointKind) -> Option<&Service> {
        self.find_in(name, kind, None)
    }

    /// The entry of the service of an endpoint.
    pub fn of_endpoint(&self, endpoint: &Endpoint) -> Option<&Service> {
        let service = endpoint.service.as_ref()?;
        self.find_in(service.as_str(), endpoint.kind, endpoint.service_region.as_ref())
    }

    /// Whether AWS says that the service of the endpoint does not exist.
    pub fn lost_service_of(&self, endpoint: &Endpoint) -> bool {
        let service = endpoint.service.clone();
        service.is_some_and(|service| self.unknown.contains(&(service, endpoint.service_region.clone())))
    }

    fn find_in(&self, name: &str, kind: EndpointKind, region: Option<&Region>) -> Option<&Service> {
        let place = |s: &Service| (s.name.as_str(), s.kind, s.region.as_ref()).cmp(&(name, kind, region));
        let at = self.services.binary_search_by(place).ok()?;
        self.services.get(at)
    }

    /// The entries of the services of AWS with this short name, of one kind, in the order of their names.
    pub fn of_short_name(&self, short: &str, kind: EndpointKind) -> impl Iterator<Item = &Service> {
        let places = self.by_short_name.get(short).into_iter().flatten();
        places
            .filter_map(|at| self.services.get(*at))
            .filter(move |service| service.kind == kind)
    }
}

impl Service {
    /// Whether AWS offers it, rather than another account.
    pub fn amazon(&self) -> bool {
        self.provider.is_none()
    }

    /// Whether its endpoints may have these addresses.
    pub fn offers(&self, addresses: AddressType) -> bool {
        self.addresses == addresses || self.addresses == AddressType::Dualstack
    }

    /// The name without provider and Region, such as `ecr.api` of `com.amazonaws.eu-central-1.ecr.api` and `iam` of
    /// `com.amazonaws.iam`. Nothing for services of other providers.
    pub fn short_name(&self) -> Option<&str> {
        postern_policy::short_name(self.name.as_str())
    }
}

impl VpcSnapshot {
    pub fn scope(&self) -> Scope {
        Scope::vpc(&self.account, &self.region, &self.vpc.id)
    }

    /// The route table that decides for a subnet: its own, or the VPC's main one.
    pub fn route_table_of(&self, subnet: &SubnetId) -> Result<Option<&RouteTable>, Gap> {
        let tables = self.route_tables.as_ref().map_err(Gap::clone)?;
        Ok(tables
            .values()
            .find(|t| t.subnets.contains(subnet))
            .or_else(|| tables.values().find(|t| t.main)))
    }

    pub fn class_of(&self, subnet: &SubnetId) -> Result<SubnetClass, Gap> {
        let Some(table) = self.route_table_of(subnet)? else {
            return Ok(SubnetClass::Isolated);
        };
        let mut class = SubnetClass::Isolated;
        for route in table.routes.iter().filter(|r| r.active) {
            match route.target {
                RouteTarget::InternetGateway(_) => return Ok(SubnetClass::Public),
                RouteTarget::Other(_) => class = SubnetClass::Private,
                // Through a Gateway Load Balancer endpoint, such as that of a firewall.
                RouteTarget::Endpoint(_) if self.leads_out(route) => class = SubnetClass::Private,
                RouteTarget::Local | RouteTarget::Endpoint(_) => {}
            }
        }
        Ok(class)
    }

    /// Whether the destination is outside the VPC. The routes of gateway endpoints have a prefix list as destination.
    fn leads_out(&self, route: &Route) -> bool {
        let destination = route.destination.parse::<IpNet>();
        destination.is_ok_and(|destination| !self.vpc.cidrs.iter().any(|cidr| cidr.contains(&destination)))
    }
}
