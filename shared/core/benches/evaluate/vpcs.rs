//! VPCs of an account as a sweep finds them: most as they should be, others with the faults that people make.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use postern_core::controls::known;
use postern_core::evaluation::{Control, Finding, PolicyCache};
use postern_core::history::ChangeHistory;
use postern_core::model::address::AddressType;
use postern_core::model::catalogue::{Catalogue, Service};
use postern_core::model::endpoint::{Endpoint, EndpointKind, EndpointState};
use postern_core::model::id::{EndpointId, SubnetId, Zone};
use postern_core::model::network_acl::{AclEntry, NetworkAcl};
use postern_core::model::part::Tags;
use postern_core::model::scope_snapshot::Snapshot;
use postern_core::model::snapshot::Central;
use postern_core::model::snapshot::{
    AMAZON_DNS, IngressRule, IngressSource, Protocol, Route, RouteTable, RouteTarget, SecurityGroup, Subnet, Vpc,
    VpcDns, VpcSnapshot,
};
use postern_core::model::traffic::Traffic;
use postern_core::plan::{Plan, Restraints, plan};
use postern_core::settings::Settings;

const ACCOUNT: &str = "111122223333";
const REGION: &str = "eu-central-1";
const LETTERS: [&str; 3] = ["a", "b", "c"];
const INTERFACE: [&str; 10] = [
    "sts",
    "ec2",
    "ecr.api",
    "ecr.dkr",
    "logs",
    "monitoring",
    "secretsmanager",
    "kms",
    "ssm",
    "ssmmessages",
];
const GATEWAY: [&str; 2] = ["s3", "dynamodb"];

/// The control that is off unless it is named.
const OPT_IN: &str = "credentials-unbound = \"audit\"\n";

const SETTINGS: &str = r#"
[perimeter]
organizations = ["o-exampleorg1"]
accounts = ["111122223333", "444455556666"]

[[requirements]]
services = ["sts", "ec2", "ecr.api", "ecr.dkr", "logs", "monitoring", "secretsmanager", "kms", "ssm", "ssmmessages"]

[[requirements]]
services = ["s3", "dynamodb"]
type = "gateway"

[modes]
default = "audit"
"#;

/// As AWS attaches it to an endpoint for which nobody wrote one.
const DEFAULT_POLICY: &str =
    r#"{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}"#;

/// What all VPCs have in common.
pub(crate) struct Fleet {
    pub(crate) settings: Settings,
    catalogue: Arc<Catalogue>,
    /// The policy of the perimeter by service, bound to no VPC.
    closed: BTreeMap<&'static str, String>,
}

impl Fleet {
    /// With every control.
    pub(crate) fn new() -> Self {
        Self::with(&format!("{SETTINGS}{OPT_IN}"))
    }

    pub(crate) fn with_default_controls() -> Self {
        Self::with(SETTINGS)
    }

    fn with(settings: &str) -> Self {
        let settings = Settings::parse(settings, &known()).expect("the settings are valid");
        let services = INTERFACE.into_iter().chain(GATEWAY);
        let closed = services.map(|service| {
            let policy = postern_policy::template(service, REGION, &settings.perimeter);
            (service, policy.expect("the perimeter trusts somebody"))
        });
        Self {
            closed: closed.collect(),
            catalogue: Arc::new(Catalogue::new(services_of_the_region())),
            settings,
        }
    }

    /// One of many, with 10 endpoints. Half of them are as they should be but for two services without an endpoint.
    pub(crate) fn vpc(&self, number: usize) -> VpcSnapshot {
        let mut vpc = self.empty(number);
        let fault = number % 8;
        for service in INTERFACE.into_iter().take(8) {
            let private_dns = fault != 5;
            let zones = if fault == 6 { 2 } else { 3 };
            let policy = match (fault, service) {
                (4, _) | (_, "logs") => DEFAULT_POLICY.to_owned(),
                (7, "kms") => of_one_vpc(&vpc),
                _ => self.closed.get(service).cloned().unwrap_or_default(),
            };
            interface(&mut vpc, service, zones, private_dns, policy);
        }
        for service in GATEWAY {
            let policy = match service {
                "s3" => of_one_bucket(number),
                _ => self.closed.get(service).cloned().unwrap_or_default(),
            };
            gateway(&mut vpc, service, policy);
        }
        vpc
    }

    /// A VPC with subnets and nothing else, in which private DNS cannot work.
    pub(crate) fn faulty(&self) -> VpcSnapshot {
        let mut vpc = self.empty(0);
        vpc.dns = Ok(VpcDns {
            support: false,
            hostnames: false,
        });
        gateway(&mut vpc, "s3", DEFAULT_POLICY.to_owned());
        let endpoints = vpc.endpoints.iter_mut().flat_map(BTreeMap::values_mut);
        endpoints.for_each(|endpoint| endpoint.route_tables.clear());
        vpc
    }

    /// A VPC with 5 endpoints that nobody gave a policy.
    pub(crate) fn default_policies(&self) -> VpcSnapshot {
        let mut vpc = self.empty(0);
        for service in INTERFACE.into_iter().take(4) {
            interface(&mut vpc, service, 3, true, DEFAULT_POLICY.to_owned());
        }
        gateway(&mut vpc, "s3", DEFAULT_POLICY.to_owned());
        vpc
    }

    fn empty(&self, number: usize) -> VpcSnapshot {
        let net = |third: usize| format!("10.{}.{third}.0/24", number % 256).parse().ok();
        let mut subnets = BTreeMap::new();
        let mut tables = Vec::new();
        for (at, tier) in ["public", "private", "data"].into_iter().enumerate() {
            let mut table = RouteTable {
                id: format!("rtb-{number:08x}{at}").as_str().into(),
                main: at == 2,
                subnets: BTreeSet::new(),
                routes: routes(number, at),
                tags: named(tier),
            };
            for (zone, letter) in LETTERS.into_iter().enumerate() {
                let id = SubnetId(format!("subnet-{number:08x}{at}{letter}"));
                table.subnets.insert(id.clone());
                let subnet = Subnet {
                    id: id.clone(),
                    owner: ACCOUNT.into(),
                    zone: zone_of(letter),
                    ipv4: net(at * 3 + zone),
                    ipv6: BTreeSet::new(),
                    free_addresses: 200,
                    outpost: false,
                    tags: named(tier),
                };
                subnets.insert(id, subnet);
            }
            tables.push((table.id.clone(), table));
        }
        let acl = acl(number, subnets.keys().cloned().collect());
        VpcSnapshot {
            account: ACCOUNT.into(),
            region: REGION.into(),
            vpc: Vpc {
                id: format!("vpc-{number:08x}").as_str().into(),
                owner: ACCOUNT.into(),
                cidrs: format!("10.{}.0.0/16", number % 256).parse().into_iter().collect(),
                tags: named("workloads"),
            },
            dns_servers: Ok([AMAZON_DNS.to_owned()].into()),
            dns: Ok(VpcDns {
                support: true,
                hostnames: true,
            }),
            subnets: Ok(subnets),
            route_tables: Ok(tables.into_iter().collect()),
            endpoints: Ok(BTreeMap::new()),
            security_groups: Ok(groups(number)),
            services: Ok(Arc::clone(&self.catalogue)),
            network_acls: Ok(BTreeMap::from([(acl.id.clone(), acl)])),
            hosted_zones: Ok(BTreeMap::new()),
            dns_profile: Ok(None),
            central: Ok(Central::default()),
            traffic: Ok(Traffic {
                since: Timestamp::UNIX_EPOCH,
                bytes: BTreeMap::new(),
            }),
        }
    }
}

/// One run of a function.
pub(crate) struct Run<'a> {
    settings: &'a Settings,
    history: ChangeHistory,
    now: Timestamp,
    policies: PolicyCache,
}

impl<'a> Run<'a> {
    pub(crate) fn new(settings: &'a Settings) -> Self {
        Self {
            settings,
            history: ChangeHistory::default(),
            now: Timestamp::UNIX_EPOCH,
            policies: PolicyCache::default(),
        }
    }

    pub(crate) fn plan(&self, controls: &[&'static Control], scope: &Snapshot) -> (Vec<Finding>, Plan) {
        plan(
            controls,
            scope,
            self.settings,
            &self.history,
            &Restraints::default(),
            self.now,
            &self.policies,
        )
    }
}

fn zone_of(letter: &str) -> Zone {
    Zone(format!("{REGION}{letter}"))
}

fn named(name: &str) -> Tags {
    Tags::from([
        ("Name".to_owned(), name.to_owned()),
        ("team".to_owned(), "platform".to_owned()),
        ("cost-centre".to_owned(), "4711".to_owned()),
    ])
}

/// Of the tiers public, private and data.
fn routes(number: usize, tier: usize) -> Vec<Route> {
    let to = |destination: &str, target| Route {
        destination: destination.to_owned(),
        target,
        active: true,
    };
    let mut routes = vec![to(&format!("10.{}.0.0/16", number % 256), RouteTarget::Local)];
    match tier {
        0 => routes.push(to("0.0.0.0/0", RouteTarget::InternetGateway("igw-1".to_owned()))),
        1 => routes.push(to("0.0.0.0/0", RouteTarget::Other("nat-1".to_owned()))),
        _ => {}
    }
    routes
}

/// One for endpoints, which admits the VPC, and some of the workloads.
fn groups(number: usize) -> BTreeMap<postern_core::model::id::SecurityGroupId, SecurityGroup> {
    let groups = (0..8).map(|at| {
        let admits = match at {
            0 => format!("10.{}.0.0/16", number % 256),
            _ => format!("10.{}.{at}.0/24", number % 256),
        };
        let rule = IngressRule {
            protocol: Protocol::Tcp,
            ports: Some((443, 443)),
            source: IngressSource::Cidr(admits.parse().expect("the network is valid")),
        };
        let group = SecurityGroup {
            id: format!("sg-{number:08x}{at}").as_str().into(),
            name: format!("group-{at}"),
            owner: ACCOUNT.into(),
            ingress: vec![rule],
            tags: named("group"),
        };
        (group.id.clone(), group)
    });
    groups.collect()
}

/// The default network ACL of a VPC.
fn acl(number: usize, subnets: BTreeSet<SubnetId>) -> NetworkAcl {
    let rules = [(100, true), (32_767, false)].into_iter();
    let entries = rules.flat_map(|(number, allow)| {
        [false, true].map(|egress| AclEntry {
            number,
            egress,
            tcp: true,
            ports: None,
            network: "0.0.0.0/0".parse().expect("the network is valid"),
            allow,
        })
    });
    NetworkAcl {
        id: format!("acl-{number:08x}").as_str().into(),
        subnets,
        entries: entries.collect(),
    }
}

fn endpoint(vpc: &VpcSnapshot, service: &str, kind: EndpointKind, policy: String) -> Endpoint {
    let short = service.replace('.', "-");
    Endpoint {
        id: EndpointId(format!(
            "vpce-{}-{short}",
            vpc.vpc.id.as_str().trim_start_matches("vpc-")
        )),
        kind,
        service: Some(format!("com.amazonaws.{REGION}.{service}").as_str().into()),
        service_region: None,
        owner: ACCOUNT.into(),
        state: EndpointState::Available,
        requester_managed: false,
        subnets: BTreeSet::new(),
        route_tables: BTreeSet::new(),
        security_groups: BTreeSet::new(),
        target: None,
        address_type: AddressType::Ipv4,
        dns_records: AddressType::Ipv4,
        private_dns_inbound_only: false,
        private_dns: false,
        policy: Some(policy),
        created: None,
        tags: named(service),
    }
}

fn interface(vpc: &mut VpcSnapshot, service: &str, zones: usize, private_dns: bool, policy: String) {
    let mut endpoint = endpoint(vpc, service, EndpointKind::Interface, policy);
    endpoint.private_dns = private_dns;
    let subnets = vpc.subnets.iter().flat_map(BTreeMap::keys);
    endpoint.subnets = subnets.skip(3).take(zones).cloned().collect();
    let groups = vpc.security_groups.iter().flat_map(BTreeMap::keys);
    endpoint.security_groups = groups.take(1).cloned().collect();
    let endpoints = vpc.endpoints.as_mut().expect("it was observed");
    endpoints.insert(endpoint.id.clone(), endpoint);
}

fn gateway(vpc: &mut VpcSnapshot, service: &str, policy: String) {
    let mut endpoint = endpoint(vpc, service, EndpointKind::Gateway, policy);
    let tables = vpc.route_tables.iter().flat_map(BTreeMap::keys);
    endpoint.route_tables = tables.cloned().collect();
    let endpoints = vpc.endpoints.as_mut().expect("it was observed");
    endpoints.insert(endpoint.id.clone(), endpoint);
}

/// What a team wrote for its VPC.
fn of_one_vpc(vpc: &VpcSnapshot) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":{{"StringEquals":{{"aws:PrincipalOrgID":"o-exampleorg1","aws:ResourceOrgID":"o-exampleorg1","aws:SourceVpc":"{}"}}}}}}]}}"#,
        vpc.vpc.id
    )
}

/// What a team wrote for its bucket; 40 teams share the VPCs.
fn of_one_bucket(number: usize) -> String {
    let team = number % 40;
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":"*","Action":["s3:GetObject","s3:PutObject"],"Resource":"arn:aws:s3:::corp-data-{team}/*","Condition":{{"StringEquals":{{"aws:PrincipalOrgID":"o-exampleorg1","aws:ResourceOrgID":"o-exampleorg1"}}}}}}]}}"#
    )
}

/// About as many as a large Region has.
fn services_of_the_region() -> Vec<Service> {
    let listed = include_str!("../../../policy/data/privatelink-services.txt").lines();
    let listed = listed.filter(|line| !line.starts_with('#') && !line.is_empty());
    let interface = listed.map(|line| service(line.replace("{region}", REGION), EndpointKind::Interface));
    let gateway = GATEWAY.map(|name| service(format!("com.amazonaws.{REGION}.{name}"), EndpointKind::Gateway));
    gateway.into_iter().chain(interface).collect()
}

fn service(name: String, kind: EndpointKind) -> Service {
    let short = name.rsplit('.').next().unwrap_or_default();
    let private = matches!(kind, EndpointKind::Interface).then(|| format!("{short}.{REGION}.amazonaws.com"));
    Service {
        kind,
        zones: LETTERS.map(zone_of).into(),
        policy_supported: true,
        private_dns_names: private.into_iter().collect(),
        manages_endpoints: false,
        region: None,
        addresses: AddressType::Ipv4,
        provider: None,
        name: name.as_str().into(),
    }
}
