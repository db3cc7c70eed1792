//! Random worlds with many defects.

use fastrand::Rng;

use super::{
    AMAZON_DHCP_OPTIONS, DefaultRoute, EndpointKind, EndpointState, NewEndpoint, OWN_DHCP_OPTIONS, Rule, Tags, World,
    rule,
};
use crate::{ACCOUNT, OTHER_ACCOUNT, REGION};

/// The size of a random world.
#[derive(Clone, Debug)]
pub struct Shape {
    /// VPCs, at most; at least one.
    pub vpcs: usize,
    /// Short names of the services of endpoints.
    pub services: Vec<String>,
    /// Policies of endpoints besides the default.
    pub policies: Vec<String>,
}

impl Default for Shape {
    fn default() -> Self {
        Self {
            vpcs: 3,
            services: ["sts", "secretsmanager", "s3", "kms"].map(str::to_owned).into(),
            policies: Vec::new(),
        }
    }
}

impl World {
    /// Adds VPCs at random, with subnets of all classes, route tables, groups and endpoints, some of other owners. Gives
    /// their ids. Some worlds are short of quotas.
    pub fn populate(&mut self, shape: &Shape, rng: &mut Rng) -> Vec<String> {
        match rng.u8(..24) {
            0 => self.quotas.interface_endpoints = rng.usize(1..5),
            1 => self.quotas.gateway_endpoints = rng.usize(1..3),
            2 => self.quotas.rules = rng.usize(1..3),
            3 => self.quotas.groups = rng.usize(2..8),
            _ => {}
        }
        let count = rng.usize(1..=shape.vpcs.max(1));
        let vpcs: Vec<_> = (0..count).map(|n| self.random_vpc(n, shape, rng)).collect();
        let subnets: Vec<_> = self.subnets().map(|subnet| subnet.id.clone()).collect();
        for subnet in subnets.into_iter().filter(|_| rng.bool()) {
            let interface = self.id("eni");
            self.clients.insert(interface, subnet);
        }
        if let Some(vpc) = rng.choice(&vpcs).filter(|_| rng.u8(..6) == 0) {
            self.add_endpoint_to_other_account(vpc, rng);
        }
        vpcs
    }

    /// An endpoint to a service that another account offers, which may not have accepted it yet.
    pub fn add_endpoint_to_other_account(&mut self, vpc: &str, rng: &mut Rng) {
        let endpoint_service = self.add_endpoint_service(OTHER_ACCOUNT, &["a", "b"]);
        self.edit_endpoint_service(&endpoint_service, |endpoint_service| {
            endpoint_service
                .principals
                .insert("vpce-svc-perm-0".to_owned(), "*".to_owned());
        });
        let Some(endpoint_service) = self.endpoint_service(&endpoint_service).cloned() else {
            return;
        };
        let mut new = NewEndpoint::interface(vpc, &endpoint_service.name);
        new.private_dns = false;
        new.state = match rng.bool() {
            true => EndpointState::Available,
            false => EndpointState::PendingAcceptance,
        };
        self.add_endpoint(new);
    }

    fn random_vpc(&mut self, n: usize, shape: &Shape, rng: &mut Rng) -> String {
        let shared = rng.u8(..12) == 0;
        let owner = if shared { OTHER_ACCOUNT } else { ACCOUNT };
        let vpc = self.add_vpc_of(owner, REGION, &format!("10.{n}.0.0/16"));
        let (support, hostnames) = (rng.u8(..8) > 0, rng.u8(..3) > 0);
        let options = match rng.u8(..8) {
            0 => OWN_DHCP_OPTIONS,
            _ => AMAZON_DHCP_OPTIONS,
        };
        self.edit_vpc(&vpc, |vpc| {
            vpc.dns_support = support;
            vpc.dhcp_options = options.to_owned();
            vpc.dns_hostnames = hostnames;
            vpc.tags.insert("env".to_owned(), "prod".to_owned());
        });
        let tables: Vec<_> = (0..rng.usize(1..4))
            .map(|_| {
                let way = rng.choice([
                    DefaultRoute::Nat,
                    DefaultRoute::Nat,
                    DefaultRoute::Nowhere,
                    DefaultRoute::InternetGateway,
                ]);
                self.add_route_table(&vpc, way.unwrap_or(DefaultRoute::Nat))
            })
            .collect();
        let subnets: Vec<_> = (0..rng.usize(1..6))
            .map(|subnet| self.random_subnet(&vpc, n, subnet, &tables, shared, rng))
            .collect();
        for (count, service) in shape.services.iter().enumerate() {
            if rng.u8(..5) < 2 {
                self.random_endpoint(&vpc, service, count, &subnets, &tables, shape, rng);
            }
        }
        vpc
    }

    fn random_subnet(
        &mut self,
        vpc: &str,
        n: usize,
        subnet: usize,
        tables: &[String],
        shared: bool,
        rng: &mut Rng,
    ) -> String {
        let letter = rng.choice(["a", "b", "c"]).unwrap_or_default();
        let table = rng.choice(tables).filter(|_| rng.u8(..6) > 0);
        let id = self.add_subnet(vpc, letter, &format!("10.{n}.{subnet}.0/24"), table.map(String::as_str));
        let full = rng.u8(..30) == 0;
        let ipv6 = (rng.u8(..6) == 0).then(|| format!("2001:db8:{n}:{subnet}::/64"));
        let native = ipv6.is_some() && rng.u8(..3) == 0;
        self.edit_subnet(&id, |subnet| {
            if shared {
                subnet.shared_with.insert(ACCOUNT.to_owned());
            }
            subnet.ipv6 = ipv6;
            if native {
                subnet.cidr.clear();
            }
            if full {
                subnet.addresses = 0;
            }
        });
        id
    }

    #[expect(clippy::too_many_arguments, reason = "all of one VPC, in one place only")]
    fn random_endpoint(
        &mut self,
        vpc: &str,
        service: &str,
        n: usize,
        subnets: &[String],
        tables: &[String],
        shape: &Shape,
        rng: &mut Rng,
    ) {
        let gateway = matches!(service, "s3" | "dynamodb");
        let mut new = match gateway {
            true => NewEndpoint::gateway(vpc, service),
            false => NewEndpoint::interface(vpc, service),
        };
        if gateway {
            new.route_tables = tables.iter().filter(|_| rng.bool()).cloned().collect();
        } else {
            new.subnets = self.one_per_zone(subnets, rng);
            let rules = random_rules(n, rng);
            new.groups = vec![self.add_group(vpc, &format!("legacy-{service}"), rules)];
            let attributes = self.vpc(vpc).is_some_and(|vpc| vpc.dns_support && vpc.dns_hostnames);
            new.private_dns = attributes && rng.u8(..4) > 0;
        }
        if rng.bool() {
            new.policy = rng.choice(&shape.policies).cloned();
        }
        match rng.u8(..20) {
            0 => new.requester_managed = true,
            1 => new.tags = Tags::from([("GuardDutyManaged".to_owned(), "true".to_owned())]),
            2 => {
                new.state = EndpointState::Failed;
                new.private_dns = false;
            }
            _ => {}
        }
        if new.kind == EndpointKind::Interface && new.subnets.is_empty() {
            new.private_dns = false;
        }
        self.add_endpoint(new);
    }

    fn one_per_zone(&self, subnets: &[String], rng: &mut Rng) -> Vec<String> {
        let mut zones = std::collections::BTreeSet::new();
        let mut chosen = Vec::new();
        for id in subnets {
            let Some(subnet) = self.subnet(id) else { continue };
            if rng.bool() && subnet.hosts("ipv4") && zones.insert(subnet.zone.clone()) {
                chosen.push(id.clone());
            }
        }
        chosen
    }
}

fn random_rules(n: usize, rng: &mut Rng) -> Vec<Rule> {
    match rng.u8(..5) {
        0 => Vec::new(),
        1 => vec![rule("0.0.0.0/0", 443, 443)],
        2 => vec![rule("10.0.0.0/8", 0, 65_535)],
        3 => vec![rule(&format!("192.168.{n}.0/24"), 443, 443)],
        _ => vec![rule("10.0.0.0/8", 443, 443), rule("10.0.0.0/8", 22, 22)],
    }
}
