//! One VPC as it was observed, gaps included.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::sync::Arc;

use ipnet::IpNet;

use super::address::AddressType;
use super::catalogue::Catalogue;
use super::endpoint::Endpoint;
use super::hosted_zone::HostedZone;
use super::id::{AccountId, EndpointId, NetworkAclId, Region, RouteTableId, SecurityGroupId, SubnetId, VpcId, Zone};
use super::network_acl::NetworkAcl;
use super::part::{Gap, Observed, Tags};
use super::scope::Scope;
use super::traffic::Traffic;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VpcSnapshot {
    /// The account of the scope, with whose credentials AWS is called.
    pub account: AccountId,
    pub region: Region,
    pub vpc: Vpc,
    pub dns: Observed<VpcDns>,
    /// The DNS servers that the DHCP options of the VPC name to its clients: addresses, or [`AMAZON_DNS`]. Observed where a
    /// DNS attribute that endpoints need is disabled; a gap belongs to the DNS attributes.
    pub dns_servers: Observed<BTreeSet<String>>,
    pub subnets: Observed<BTreeMap<SubnetId, Subnet>>,
    pub route_tables: Observed<BTreeMap<RouteTableId, RouteTable>>,
    /// Endpoints in every state, deleted ones that AWS still lists included.
    pub endpoints: Observed<BTreeMap<EndpointId, Endpoint>>,
    /// Every security group of the VPC.
    pub security_groups: Observed<BTreeMap<SecurityGroupId, SecurityGroup>>,
    /// The Region's service catalogue.
    pub services: Observed<Arc<Catalogue>>,
    pub network_acls: Observed<BTreeMap<NetworkAclId, NetworkAcl>>,
    /// By id.
    pub hosted_zones: Observed<BTreeMap<String, HostedZone>>,
    /// The id of the Route 53 Profile that is associated with the VPC and may bring hosted zones of its own. Observed where
    /// no hosted zone answers for a name that a spoke needs; a gap belongs to the hosted zones.
    pub dns_profile: Observed<Option<String>>,
    pub central: Observed<Central>,
    pub traffic: Observed<Traffic>,
}

/// The other VPCs of the account and Region with which a VPC shares endpoints. Empty where it is neither hub nor spoke, and
/// where nothing depends on them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Central {
    /// The hubs of a spoke, with subnets, route tables, endpoints and security groups.
    pub hubs: BTreeMap<VpcId, Arc<VpcSnapshot>>,
    /// The spokes of a hub.
    pub spokes: BTreeMap<VpcId, Vpc>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vpc {
    pub id: VpcId,
    pub owner: AccountId,
    pub cidrs: BTreeSet<IpNet>,
    pub tags: Tags,
}

/// The name of Amazon's DNS server in DHCP options
/// ([DHCP option sets](https://docs.aws.amazon.com/vpc/latest/userguide/DHCPOptionSetConcepts.html)).
pub const AMAZON_DNS: &str = "AmazonProvidedDNS";

/// The addresses of Amazon's DNS server in every VPC
/// ([Amazon DNS](https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html)).
const AMAZON_DNS_ADDRESSES: [&str; 2] = ["169.254.169.253", "fd00:ec2::253"];

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

impl Vpc {
    /// Whether a DNS server that DHCP options name is Amazon's: by name, at its own addresses, or two addresses after the
    /// first one of the VPC's network, where there can be nothing else.
    pub fn is_amazon_dns(&self, server: &str) -> bool {
        let second = |server: Ipv4Addr| {
            let mut networks = self.cidrs.iter();
            networks.any(|cidr| matches!(cidr, IpNet::V4(cidr) if u32::from(cidr.network()) + 2 == u32::from(server)))
        };
        server == AMAZON_DNS || AMAZON_DNS_ADDRESSES.contains(&server) || server.parse().is_ok_and(second)
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

impl IngressRule {
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
