//! Creates resources without a call, as if they had existed for long.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    AMAZON_DHCP_OPTIONS, AclEntry, Association, Endpoint, EndpointKind, EndpointService, EndpointState, HostedZone,
    LoadBalancer, NetworkAcl, Route, RouteTable, Rule, SecurityGroup, Source, Subnet, Tags, Target, TargetGroup, Vpc,
    World,
};
use crate::{ACCOUNT, REGION};

/// The default policy of interface endpoints.
pub(crate) const DEFAULT_POLICY: &str = r#"{
  "Statement": [
    {
      "Action": "*",
      "Effect": "Allow",
      "Principal": "*",
      "Resource": "*"
    }
  ]
}"#;
/// The default policy of gateway endpoints.
pub(crate) const DEFAULT_GATEWAY_POLICY: &str =
    r#"{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}"#;

/// Where the default route of a route table leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DefaultRoute {
    InternetGateway,
    Nat,
    Nowhere,
}

/// An endpoint to create, with common values.
#[derive(Clone, Debug)]
pub struct NewEndpoint {
    pub vpc: String,
    /// Short, such as `sts`, or a whole name.
    pub service: String,
    /// For a service of another Region.
    pub service_region: Option<String>,
    pub kind: EndpointKind,
    pub subnets: Vec<String>,
    pub route_tables: Vec<String>,
    pub groups: Vec<String>,
    pub private_dns: bool,
    /// None: the default policy.
    pub policy: Option<String>,
    pub tags: Tags,
    pub requester_managed: bool,
    pub state: EndpointState,
}

impl NewEndpoint {
    pub fn interface(vpc: &str, service: &str) -> Self {
        Self {
            vpc: vpc.to_owned(),
            service: service.to_owned(),
            service_region: None,
            kind: EndpointKind::Interface,
            subnets: Vec::new(),
            route_tables: Vec::new(),
            groups: Vec::new(),
            private_dns: true,
            policy: None,
            tags: Tags::new(),
            requester_managed: false,
            state: EndpointState::Available,
        }
    }

    pub fn gateway(vpc: &str, service: &str) -> Self {
        Self {
            kind: EndpointKind::Gateway,
            private_dns: false,
            ..Self::interface(vpc, service)
        }
    }
}

/// A rule that admits TCP from this port to this port.
pub fn rule(cidr: &str, from: u16, to: u16) -> Rule {
    Rule {
        id: String::new(),
        protocol: "tcp".to_owned(),
        ports: Some((from.into(), to.into())),
        source: Source::Cidr(cidr.to_owned()),
        description: None,
    }
}

impl World {
    /// With its main route table and its default security group. DNS support is on, DNS hostnames are off.
    pub fn add_vpc(&mut self, cidr: &str) -> String {
        self.add_vpc_of(ACCOUNT, REGION, cidr)
    }

    /// It allows everything, as EC2 makes it.
    fn add_default_acl(&mut self, vpc: &str, owner: &str, region: &str) {
        let rules = [(100, "0.0.0.0/0", true), (101, "::/0", true)];
        let rest = [(32_767, "0.0.0.0/0", false), (32_768, "::/0", false)];
        let entries = rules.into_iter().chain(rest).flat_map(|(number, cidr, allow)| {
            [false, true].map(|egress| AclEntry {
                number,
                egress,
                protocol: "-1".to_owned(),
                ports: None,
                cidr: cidr.to_owned(),
                allow,
            })
        });
        self.put(NetworkAcl {
            id: vpc.replacen("vpc-", "acl-", 1),
            vpc: vpc.to_owned(),
            owner: owner.to_owned(),
            region: region.to_owned(),
            entries: entries.collect(),
            tags: Tags::new(),
        });
    }

    pub fn add_vpc_of(&mut self, owner: &str, region: &str, cidr: &str) -> String {
        let id = self.id("vpc");
        self.put(Vpc {
            id: id.clone(),
            owner: owner.to_owned(),
            region: region.to_owned(),
            cidrs: vec![cidr.to_owned()],
            dhcp_options: AMAZON_DHCP_OPTIONS.to_owned(),
            dns_support: true,
            dns_hostnames: false,
            tags: Tags::new(),
        });
        self.add_default_acl(&id, owner, region);
        let main = self.add_route_table(&id, DefaultRoute::Nowhere);
        let association = self.id("rtbassoc");
        self.edit_route_table(&main, |table| {
            table.associations.push(Association {
                id: association,
                subnet: None,
            });
        });
        let group = self.add_group(&id, "default", Vec::new());
        let own = Rule {
            id: self.id("sgr"),
            protocol: "-1".to_owned(),
            ports: None,
            source: Source::Group(group.clone()),
            description: None,
        };
        self.edit_group(&group, |group| {
            "default VPC security group".clone_into(&mut group.description);
            group.rules.push(own);
        });
        id
    }

    pub fn add_route_table(&mut self, vpc: &str, way: DefaultRoute) -> String {
        let id = self.id("rtb");
        let (owner, region) = self.home(vpc);
        let locals = self.vpc(vpc).map(|vpc| vpc.cidrs.clone()).unwrap_or_default();
        let mut routes: Vec<_> = locals
            .into_iter()
            .map(|cidr| Route {
                destination: cidr,
                target: "local".to_owned(),
                blackhole: false,
            })
            .collect();
        let gateway = match way {
            DefaultRoute::InternetGateway => Some("igw"),
            DefaultRoute::Nat => Some("nat"),
            DefaultRoute::Nowhere => None,
        };
        if let Some(prefix) = gateway {
            routes.push(Route {
                destination: "0.0.0.0/0".to_owned(),
                target: self.id(prefix),
                blackhole: false,
            });
        }
        self.put(RouteTable {
            id: id.clone(),
            vpc: vpc.to_owned(),
            owner,
            region,
            associations: Vec::new(),
            routes,
            tags: Tags::new(),
        });
        id
    }

    /// In the zone of this letter, on this route table or else on the main one.
    pub fn add_subnet(&mut self, vpc: &str, letter: &str, cidr: &str, table: Option<&str>) -> String {
        let id = self.id("subnet");
        let (owner, region) = self.home(vpc);
        self.put(Subnet {
            id: id.clone(),
            vpc: vpc.to_owned(),
            owner,
            zone: format!("{region}{letter}"),
            region,
            cidr: cidr.to_owned(),
            ipv6: None,
            addresses: addresses(cidr),
            shared_with: BTreeSet::new(),
            tags: Tags::new(),
        });
        if let Some(table) = table {
            let association = self.id("rtbassoc");
            let subnet = id.clone();
            self.edit_route_table(table, |table| {
                table.associations.push(Association {
                    id: association,
                    subnet: Some(subnet),
                });
            });
        }
        id
    }

    pub fn add_group(&mut self, vpc: &str, name: &str, rules: Vec<Rule>) -> String {
        let id = self.id("sg");
        let (owner, region) = self.home(vpc);
        let rules = rules.into_iter().map(|rule| Rule {
            id: self.id("sgr"),
            ..rule
        });
        let rules = rules.collect();
        self.put(SecurityGroup {
            id: id.clone(),
            vpc: vpc.to_owned(),
            owner,
            region,
            name: name.to_owned(),
            description: name.to_owned(),
            rules,
            tags: Tags::new(),
        });
        id
    }

    pub fn add_endpoint(&mut self, new: NewEndpoint) -> String {
        let id = self.id("vpce");
        let (owner, region) = self.home(&new.vpc);
        let service = match new.service.starts_with("com.") || new.service.starts_with("aws.") {
            true => new.service,
            false => format!("com.amazonaws.{region}.{}", new.service),
        };
        let default = match new.kind {
            EndpointKind::Gateway => DEFAULT_GATEWAY_POLICY,
            _ => DEFAULT_POLICY,
        };
        let groups = match new.kind == EndpointKind::Interface && new.groups.is_empty() {
            true => self.default_group(&new.vpc).into_iter().collect(),
            false => new.groups,
        };
        self.put(Endpoint {
            id: id.clone(),
            vpc: new.vpc,
            owner,
            region,
            kind: new.kind,
            service: Some(service),
            service_region: new.service_region,
            state: new.state,
            requester_managed: new.requester_managed,
            subnets: new.subnets,
            route_tables: new.route_tables,
            groups,
            address_type: "ipv4".to_owned(),
            dns_records: "ipv4".to_owned(),
            private_dns: new.private_dns,
            policy: new.policy.unwrap_or_else(|| default.to_owned()),
            created: self.now,
            tags: new.tags,
        });
        id
    }

    /// A load balancer with healthy targets in the zones of these letters, protected against deletion. `network` or
    /// `gateway`. Gives its ARN.
    pub fn add_load_balancer(&mut self, owner: &str, kind: &str, letters: &[&str]) -> String {
        let number = self.rng.u64(..) >> 4;
        let arn = |rest: String| format!("arn:aws:elasticloadbalancing:{REGION}:{owner}:{rest}");
        let path = if kind == "gateway" { "gwy" } else { "net" };
        let id = arn(format!("loadbalancer/{path}/offer/{number:016x}"));
        let zones: BTreeSet<_> = letters.iter().map(|letter| format!("{REGION}{letter}")).collect();
        let targets = zones.iter().map(|zone| Target {
            id: self.id("i"),
            zone: zone.clone(),
            health: "healthy".to_owned(),
        });
        let targets = targets.collect();
        self.put(LoadBalancer {
            id: id.clone(),
            owner: owner.to_owned(),
            region: REGION.to_owned(),
            kind: kind.to_owned(),
            zones,
            state: "active".to_owned(),
            deletion_protection: true,
            target_groups: vec![TargetGroup {
                arn: arn(format!("targetgroup/offer/{number:016x}")),
                targets,
            }],
        });
        id
    }

    /// Adds a private hosted zone of this name, associated with a VPC.
    pub fn add_hosted_zone(&mut self, name: &str, vpc: &str) -> String {
        let id = format!("Z{:016X}", self.rng.u64(..));
        let zone = HostedZone {
            id: id.clone(),
            name: name.to_owned(),
            owner: ACCOUNT.to_owned(),
            vpcs: BTreeSet::from([vpc.to_owned()]),
            aliases: BTreeMap::new(),
        };
        self.hosted_zones.insert(id.clone(), zone);
        id
    }

    /// An endpoint service of this account behind a network load balancer in the zones of these letters, with acceptance
    /// required and no allowed principals.
    pub fn add_endpoint_service(&mut self, owner: &str, letters: &[&str]) -> String {
        let balancer = self.add_load_balancer(owner, "network", letters);
        self.add_endpoint_service_of(owner, vec![balancer])
    }

    /// An endpoint service behind these load balancers.
    pub(crate) fn add_endpoint_service_of(&mut self, owner: &str, load_balancers: Vec<String>) -> String {
        let id = self.id("vpce-svc");
        let gateway = load_balancers.iter().any(|arn| arn.contains(":loadbalancer/gwy/"));
        self.put(EndpointService {
            name: format!("com.amazonaws.vpce.{REGION}.{id}"),
            owner: owner.to_owned(),
            region: REGION.to_owned(),
            kind: match gateway {
                true => EndpointKind::GatewayLoadBalancer,
                false => EndpointKind::Interface,
            },
            acceptance_required: true,
            principals: BTreeMap::new(),
            private_dns_name: None,
            load_balancers,
            supported_regions: BTreeSet::new(),
            address_types: BTreeSet::from(["ipv4".to_owned()]),
            owner_pays: false,
            tags: Tags::new(),
            id: id.clone(),
        });
        id
    }

    pub(crate) fn default_group(&self, vpc: &str) -> Option<String> {
        let mut groups = self.groups();
        let default = groups.find(|group| group.vpc == vpc && group.name == "default");
        default.map(|group| group.id.clone())
    }

    /// Account and Region of a VPC.
    fn home(&self, vpc: &str) -> (String, String) {
        match self.vpc(vpc) {
            Some(vpc) => (vpc.owner.clone(), vpc.region.clone()),
            None => (ACCOUNT.to_owned(), REGION.to_owned()),
        }
    }
}

/// The addresses of a network without those that AWS reserves.
pub(crate) fn addresses(cidr: &str) -> u32 {
    let bits = cidr.rsplit_once('/').and_then(|(_, bits)| bits.parse::<u32>().ok());
    let host = 32_u32.saturating_sub(bits.unwrap_or(32)).min(16);
    (1_u32 << host).saturating_sub(5)
}
