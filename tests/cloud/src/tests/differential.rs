//! The model and moto, asked the same by the same client, as far as both claim to know.
//!
//! What moto does otherwise than AWS's documentation says is left out of the comparison, and only that:
//! - `ClientToken` is ignored: none is sent. (API reference, CreateVpcEndpoint: "Unique, case-sensitive identifier that
//!   you provide to ensure the idempotency of the request.")
//! - `DryRun` changes things: none is asked for. (API reference: "Checks whether you have the required permissions for
//!   the action, without actually making the request".)
//! - New endpoints are available at once, deleted ones stay listed: states are not compared, the model's endpoints are
//!   made available by hand, deleted ones are left out. (API reference, VpcEndpoint: the valid states.)
//! - `PrivateDnsEnabled` and `ResetPolicy` are ignored when an endpoint is modified, and a private name may be held
//!   twice: endpoints are made without. (API reference, ModifyVpcEndpoint.)
//! - Unknown services, subnets, groups and a second subnet in a zone are accepted: none is asked for. (API reference,
//!   CreateVpcEndpoint: "One subnet per Availability Zone".)
//! - An interface endpoint without groups shows none: each is given one. (API reference, CreateVpcEndpoint: "If this
//!   parameter is not specified, we use the default security group for the VPC.")
//! - The filter `vpc-endpoint-id` and DescribeVpcEndpointConnections fail: not asked.
//! - The route of a gateway endpoint is not shown in its route tables: such routes are not compared. (User guide,
//!   Gateway endpoints: "we automatically add a route that points traffic destined for the service to the endpoint".)
//! - New VPCs' default group and main route table are there in both but are not compared further.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::time::Duration;

use crate::world::EndpointState;
use crate::{Cloud, Faults, REGION};
use aws_sdk_ec2::Client;
use aws_sdk_ec2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ec2::types::{
    AttributeBooleanValue, Filter, IpPermission, IpRange, ResourceType, Tag, TagSpecification, VpcAttributeName,
    VpcEndpointType,
};
use fastrand::Rng;
use postern_tests::stack::Moto;

const ROUNDS: usize = 60;

/// One call, with the things that it names by the order in which they were made.
#[derive(Clone, Debug)]
enum Step {
    Vpc(u8),
    Subnet { vpc: usize, letter: &'static str, net: u8 },
    Table { vpc: usize },
    Associate { table: usize, subnet: usize },
    Group { vpc: usize, name: u8 },
    Authorize { group: usize, net: u8 },
    Revoke { group: usize, net: u8 },
    Hostnames { vpc: usize, on: bool },
    Gateway { table: usize },
    Interface { subnet: usize, group: usize },
    AddTable { endpoint: usize, table: usize },
    RemoveSubnet { endpoint: usize },
    Policy { endpoint: usize, deny: bool },
    Tag { subnet: usize, value: u8 },
    DeleteEndpoint { endpoint: usize },
    DeleteUnknownGroup,
    DescribeUnknownVpc,
}

fn random(rng: &mut Rng) -> Step {
    let (a, b) = (rng.usize(..4), rng.usize(..6));
    match rng.u8(..22) {
        0 => Step::Vpc(rng.u8(..)),
        1..=3 => Step::Subnet {
            vpc: a,
            letter: rng.choice(["a", "b", "c"]).unwrap(),
            net: rng.u8(..12),
        },
        4 | 5 => Step::Table { vpc: a },
        6 | 7 => Step::Associate { table: a, subnet: b },
        8 | 9 => Step::Group {
            vpc: a,
            name: rng.u8(..3),
        },
        10 | 11 => Step::Authorize {
            group: a,
            net: rng.u8(..4),
        },
        12 => Step::Revoke {
            group: a,
            net: rng.u8(..4),
        },
        13 => Step::Hostnames { vpc: a, on: rng.bool() },
        14 => Step::Gateway { table: a },
        15 => Step::Interface { subnet: b, group: a },
        16 => Step::AddTable { endpoint: b, table: a },
        17 => Step::RemoveSubnet { endpoint: b },
        18 => Step::Policy {
            endpoint: b,
            deny: rng.bool(),
        },
        19 => Step::Tag {
            subnet: b,
            value: rng.u8(..),
        },
        20 => Step::DeleteEndpoint { endpoint: b },
        _ if rng.bool() => Step::DeleteUnknownGroup,
        _ => Step::DescribeUnknownVpc,
    }
}

/// One of the two, with the ids of what was made there.
struct Side {
    ec2: Client,
    ids: BTreeMap<&'static str, Vec<String>>,
}

/// What an endpoint was made of, so that no step asks for what moto alone accepts.
#[derive(Clone, Debug)]
struct Made {
    vpc: usize,
    gateway: bool,
    tables: BTreeSet<usize>,
    deleted: bool,
}

/// Where everything lies, the same on both sides.
#[derive(Debug, Default)]
struct Map {
    subnets: Vec<usize>,
    tables: Vec<usize>,
    groups: Vec<usize>,
    endpoints: Vec<Made>,
}

impl Map {
    /// Whether both should know what to do with a step.
    fn allows(&self, step: &Step, vpcs: usize) -> bool {
        let taken = |table: usize| {
            let mut gateways = self.endpoints.iter().filter(|made| made.gateway && !made.deleted);
            gateways.any(|made| made.tables.contains(&table))
        };
        let alive = |endpoint: usize| self.endpoints.get(endpoint).filter(|made| !made.deleted);
        match step {
            Step::Vpc(_) => vpcs < 4,
            Step::Subnet { vpc, .. } | Step::Table { vpc } | Step::Group { vpc, .. } | Step::Hostnames { vpc, .. } => {
                *vpc < vpcs
            }
            Step::Associate { table, subnet } => self
                .tables
                .get(*table)
                .is_some_and(|vpc| self.subnets.get(*subnet) == Some(vpc)),
            Step::Authorize { group, .. } | Step::Revoke { group, .. } => *group < self.groups.len(),
            Step::Gateway { table } => *table < self.tables.len() && !taken(*table),
            Step::Interface { subnet, group } => self
                .subnets
                .get(*subnet)
                .is_some_and(|vpc| self.groups.get(*group) == Some(vpc)),
            Step::AddTable { endpoint, table } => alive(*endpoint)
                .is_some_and(|made| made.gateway && !taken(*table) && self.tables.get(*table) == Some(&made.vpc)),
            Step::RemoveSubnet { endpoint } => alive(*endpoint).is_some_and(|made| !made.gateway),
            Step::Policy { endpoint, .. } | Step::DeleteEndpoint { endpoint } => alive(*endpoint).is_some(),
            Step::Tag { subnet, .. } => *subnet < self.subnets.len(),
            Step::DeleteUnknownGroup | Step::DescribeUnknownVpc => true,
        }
    }

    fn note(&mut self, step: &Step) {
        match step {
            Step::Subnet { vpc, .. } => self.subnets.push(*vpc),
            Step::Table { vpc } => self.tables.push(*vpc),
            Step::Group { vpc, .. } => self.groups.push(*vpc),
            Step::Gateway { table } => self.endpoints.extend(self.tables.get(*table).map(|vpc| Made {
                vpc: *vpc,
                gateway: true,
                tables: BTreeSet::from([*table]),
                deleted: false,
            })),
            Step::Interface { subnet, .. } => self.endpoints.extend(self.subnets.get(*subnet).map(|vpc| Made {
                vpc: *vpc,
                gateway: false,
                tables: BTreeSet::new(),
                deleted: false,
            })),
            Step::AddTable { endpoint, table } => {
                if let Some(made) = self.endpoints.get_mut(*endpoint) {
                    made.tables.insert(*table);
                }
            }
            Step::DeleteEndpoint { endpoint } => {
                if let Some(made) = self.endpoints.get_mut(*endpoint) {
                    made.deleted = true;
                }
            }
            _ => {}
        }
    }
}

/// The code of a refusal, or the id of what was made.
type Came = Result<Option<String>, String>;

fn came<T, E: ProvideErrorMetadata + Debug, R: Debug>(
    answer: Result<T, SdkError<E, R>>,
    id: impl FnOnce(T) -> Option<String>,
) -> Came {
    match answer {
        Ok(answer) => Ok(id(answer)),
        Err(error) => Err(error
            .as_service_error()
            .and_then(|e| e.code())
            .unwrap_or("nothing")
            .to_owned()),
    }
}

impl Side {
    fn new(ec2: Client) -> Self {
        Self {
            ec2,
            ids: BTreeMap::new(),
        }
    }

    fn id(&self, kind: &'static str, at: usize) -> String {
        let found = self.ids.get(kind).and_then(|ids| ids.get(at));
        found.cloned().unwrap_or_default()
    }

    /// The order in which a thing was made, as its name on both sides.
    fn name(&self, id: &str) -> String {
        let mut all = self.ids.iter();
        let found = all.find_map(|(kind, ids)| Some(format!("{kind} {}", ids.iter().position(|known| known == id)?)));
        found.unwrap_or_else(|| "other".to_owned())
    }

    async fn take(&mut self, step: &Step) -> Result<(), String> {
        let (kind, came) = self.call(step).await;
        if let Some(id) = came? {
            self.ids.entry(kind).or_default().push(id);
        }
        Ok(())
    }

    async fn call(&self, step: &Step) -> (&'static str, Came) {
        let ec2 = &self.ec2;
        let modify = |endpoint: usize| ec2.modify_vpc_endpoint().vpc_endpoint_id(self.id("endpoint", endpoint));
        match step {
            Step::Vpc(n) => {
                let answer = ec2.create_vpc().cidr_block(format!("10.{n}.0.0/16")).send().await;
                ("vpc", came(answer, |it| it.vpc?.vpc_id))
            }
            Step::Subnet { vpc, letter, net } => {
                let vpc = self.id("vpc", *vpc);
                let found = ec2.describe_vpcs().vpc_ids(&vpc).send().await.unwrap();
                let prefix = found
                    .vpcs()
                    .first()
                    .and_then(|vpc| vpc.cidr_block())
                    .unwrap()
                    .replace(".0.0/16", "");
                let request = ec2
                    .create_subnet()
                    .vpc_id(vpc)
                    .availability_zone(format!("{REGION}{letter}"));
                let answer = request.cidr_block(format!("{prefix}.{net}.0/24")).send().await;
                ("subnet", came(answer, |it| it.subnet?.subnet_id))
            }
            Step::Table { vpc } => {
                let answer = ec2.create_route_table().vpc_id(self.id("vpc", *vpc)).send().await;
                ("table", came(answer, |it| it.route_table?.route_table_id))
            }
            Step::Associate { table, subnet } => {
                let request = ec2.associate_route_table().route_table_id(self.id("table", *table));
                let answer = request.subnet_id(self.id("subnet", *subnet)).send().await;
                ("association", came(answer, |it| it.association_id))
            }
            Step::Group { vpc, name } => {
                let request = ec2
                    .create_security_group()
                    .vpc_id(self.id("vpc", *vpc))
                    .description("of a test");
                let answer = request.group_name(format!("group-{name}")).send().await;
                ("group", came(answer, |it| it.group_id))
            }
            Step::Authorize { group, net } => {
                let request = ec2
                    .authorize_security_group_ingress()
                    .group_id(self.id("group", *group));
                ("", came(request.ip_permissions(https(*net)).send().await, |_| None))
            }
            Step::Revoke { group, net } => {
                let request = ec2.revoke_security_group_ingress().group_id(self.id("group", *group));
                ("", came(request.ip_permissions(https(*net)).send().await, |_| None))
            }
            Step::Hostnames { vpc, on } => {
                let value = AttributeBooleanValue::builder().value(*on).build();
                let request = ec2.modify_vpc_attribute().vpc_id(self.id("vpc", *vpc));
                ("", came(request.enable_dns_hostnames(value).send().await, |_| None))
            }
            Step::Gateway { table } => {
                let table = self.id("table", *table);
                let request = ec2.create_vpc_endpoint().vpc_id(self.vpc_of_table(&table).await);
                let request = request
                    .service_name(format!("com.amazonaws.{REGION}.s3"))
                    .route_table_ids(table);
                let request = request
                    .vpc_endpoint_type(VpcEndpointType::Gateway)
                    .tag_specifications(named("s3"));
                (
                    "endpoint",
                    came(request.send().await, |it| it.vpc_endpoint?.vpc_endpoint_id),
                )
            }
            Step::Interface { subnet, group } => {
                let subnet = self.id("subnet", *subnet);
                let found = ec2.describe_subnets().subnet_ids(&subnet).send().await.unwrap();
                let vpc = found
                    .subnets()
                    .first()
                    .and_then(|subnet| subnet.vpc_id())
                    .unwrap()
                    .to_owned();
                let request = ec2.create_vpc_endpoint().vpc_id(vpc).subnet_ids(subnet);
                let request = request.service_name(format!("com.amazonaws.{REGION}.sts"));
                let request = request
                    .vpc_endpoint_type(VpcEndpointType::Interface)
                    .tag_specifications(named("sts"));
                let request = request
                    .security_group_ids(self.id("group", *group))
                    .private_dns_enabled(false);
                (
                    "endpoint",
                    came(request.send().await, |it| it.vpc_endpoint?.vpc_endpoint_id),
                )
            }
            Step::AddTable { endpoint, table } => {
                let request = modify(*endpoint).add_route_table_ids(self.id("table", *table));
                ("", came(request.send().await, |_| None))
            }
            Step::RemoveSubnet { endpoint } => {
                let found = ec2
                    .describe_vpc_endpoints()
                    .vpc_endpoint_ids(self.id("endpoint", *endpoint))
                    .send()
                    .await;
                let found = found.unwrap().vpc_endpoints.unwrap_or_default();
                let subnets = found
                    .into_iter()
                    .flat_map(|endpoint| endpoint.subnet_ids.unwrap_or_default())
                    .collect();
                (
                    "",
                    came(
                        modify(*endpoint).set_remove_subnet_ids(Some(subnets)).send().await,
                        |_| None,
                    ),
                )
            }
            Step::Policy { endpoint, deny } => {
                let effect = if *deny { "Deny" } else { "Allow" };
                let policy =
                    format!(r#"{{"Statement":[{{"Effect":"{effect}","Principal":"*","Action":"*","Resource":"*"}}]}}"#);
                (
                    "",
                    came(modify(*endpoint).policy_document(policy).send().await, |_| None),
                )
            }
            Step::Tag { subnet, value } => {
                let tag = Tag::builder().key("k").value(value.to_string()).build();
                let request = ec2.create_tags().resources(self.id("subnet", *subnet)).tags(tag);
                ("", came(request.send().await, |_| None))
            }
            Step::DeleteEndpoint { endpoint } => {
                let request = ec2
                    .delete_vpc_endpoints()
                    .vpc_endpoint_ids(self.id("endpoint", *endpoint));
                ("", came(request.send().await, |_| None))
            }
            Step::DeleteUnknownGroup => {
                let request = ec2.delete_security_group().group_id("sg-0123456789abcdef0");
                // Both spellings exist.
                let came = came(request.send().await, |_| None);
                (
                    "",
                    came.map_err(|code| code.replace("InvalidSecurityGroupID", "InvalidGroup")),
                )
            }
            Step::DescribeUnknownVpc => {
                let request = ec2.describe_vpcs().vpc_ids("vpc-0123456789abcdef0");
                ("", came(request.send().await, |_| None))
            }
        }
    }

    async fn vpc_of_table(&self, table: &str) -> String {
        let found = self
            .ec2
            .describe_route_tables()
            .route_table_ids(table)
            .send()
            .await
            .unwrap();
        found
            .route_tables()
            .first()
            .and_then(|table| table.vpc_id())
            .unwrap()
            .to_owned()
    }

    /// All that can be seen, in words that are the same on both sides.
    async fn view(&self) -> BTreeSet<String> {
        let mut view = BTreeSet::new();
        for vpc in self.ids.get("vpc").into_iter().flatten() {
            let name = self.name(vpc);
            let here = || Filter::builder().name("vpc-id").values(vpc).build();
            for attribute in [VpcAttributeName::EnableDnsHostnames, VpcAttributeName::EnableDnsSupport] {
                let answer = self
                    .ec2
                    .describe_vpc_attribute()
                    .vpc_id(vpc)
                    .attribute(attribute)
                    .send()
                    .await
                    .unwrap();
                let value = answer.enable_dns_hostnames.or(answer.enable_dns_support);
                view.insert(format!("{name} has a DNS attribute {value:?}"));
            }
            let subnets = self.ec2.describe_subnets().filters(here()).send().await.unwrap();
            for it in subnets.subnets() {
                view.insert(format!(
                    "{} in {name} {:?} {:?} {:?}",
                    self.name(it.subnet_id().unwrap()),
                    it.cidr_block(),
                    it.availability_zone(),
                    tags(it.tags())
                ));
            }
            let tables = self.ec2.describe_route_tables().filters(here()).send().await.unwrap();
            for it in tables.route_tables() {
                let main = it.associations().iter().any(|a| a.main() == Some(true));
                let subnets = it.associations().iter().filter_map(|a| Some(self.name(a.subnet_id()?)));
                let routes = it
                    .routes()
                    .iter()
                    .filter_map(|r| Some((r.destination_cidr_block()?, r.gateway_id())));
                view.insert(format!(
                    "{} in {name}, main: {main}, {:?} {:?}",
                    self.name(it.route_table_id().unwrap()),
                    subnets.collect::<BTreeSet<_>>(),
                    routes.collect::<BTreeSet<_>>()
                ));
            }
            let groups = self
                .ec2
                .describe_security_groups()
                .filters(here())
                .send()
                .await
                .unwrap();
            for it in groups
                .security_groups()
                .iter()
                .filter(|it| it.group_name() != Some("default"))
            {
                let ranges = it.ip_permissions().iter().flat_map(|p| {
                    let range = |range: &IpRange| (p.from_port(), p.to_port(), range.cidr_ip().map(str::to_owned));
                    p.ip_ranges().iter().map(range).collect::<Vec<_>>()
                });
                view.insert(format!(
                    "{} in {name} {:?} {:?}",
                    self.name(it.group_id().unwrap()),
                    it.group_name(),
                    ranges.collect::<BTreeSet<_>>()
                ));
            }
            let endpoints = self.ec2.describe_vpc_endpoints().filters(here()).send().await.unwrap();
            for it in endpoints.vpc_endpoints() {
                let state = it
                    .state()
                    .map(|state| state.as_str().to_lowercase())
                    .unwrap_or_default();
                if state.starts_with("delet") {
                    continue;
                }
                let names = |ids: &[String]| ids.iter().map(|id| self.name(id)).collect::<BTreeSet<_>>();
                let groups = it
                    .groups()
                    .iter()
                    .filter_map(|group| Some(self.name(group.group_id()?)));
                let policy: serde_json::Value = serde_json::from_str(it.policy_document().unwrap()).unwrap();
                view.insert(format!(
                    "{} in {name} {:?} {:?} {:?} {:?} {:?} {:?} {}",
                    self.name(it.vpc_endpoint_id().unwrap()),
                    it.vpc_endpoint_type(),
                    it.service_name(),
                    names(it.subnet_ids()),
                    names(it.route_table_ids()),
                    groups.collect::<BTreeSet<_>>(),
                    tags(it.tags()),
                    policy["Statement"][0]["Effect"]
                ));
            }
        }
        view
    }
}

fn https(net: u8) -> IpPermission {
    let range = IpRange::builder().cidr_ip(format!("192.0.2.{net}/32")).build();
    let tcp = IpPermission::builder().ip_protocol("tcp").from_port(443).to_port(443);
    tcp.ip_ranges(range).build()
}

fn named(name: &str) -> TagSpecification {
    let tag = Tag::builder().key("Name").value(name).build();
    TagSpecification::builder()
        .resource_type(ResourceType::VpcEndpoint)
        .tags(tag)
        .build()
}

fn tags(tags: &[Tag]) -> BTreeSet<(Option<&str>, Option<&str>)> {
    tags.iter().map(|tag| (tag.key(), tag.value())).collect()
}

#[tokio::test]
async fn the_model_and_moto_show_the_same_wherever_both_follow_the_documentation() {
    let moto = Moto::start().await.unwrap();
    for seed in 0..3 {
        let mut rng = Rng::with_seed(seed);
        let cloud = Cloud::new(seed);
        let mut faults = Faults::none();
        faults.latency = Duration::ZERO..=Duration::ZERO;
        cloud.set_faults(faults);
        cloud.edit(|world| world.page = 1_000);
        let mut model = Side::new(Client::new(&cloud.config("arn:aws:iam::111122223333:role/tester")));
        let mut moto = Side::new(moto.ec2(REGION).await);
        let mut map = Map::default();
        let mut taken = 0;
        while taken < ROUNDS {
            let step = random(&mut rng);
            let vpcs = model.ids.get("vpc").map_or(0, Vec::len);
            if !map.allows(&step, vpcs) {
                continue;
            }
            taken += 1;
            let (ours, theirs) = (model.take(&step).await, moto.take(&step).await);
            assert_eq!(ours, theirs, "seed {seed}, {step:?}: model and moto");
            if ours.is_ok() {
                map.note(&step);
            }
            cloud.edit(|world| {
                let pending = world.endpoints().filter(|it| it.state == EndpointState::Pending);
                let pending: Vec<_> = pending.map(|it| it.id.clone()).collect();
                for id in pending {
                    world.edit_endpoint(&id, |it| it.state = EndpointState::Available);
                }
            });
        }
        let (ours, theirs) = (model.view().await, moto.view().await);
        let ours_alone: Vec<_> = ours.difference(&theirs).collect();
        let theirs_alone: Vec<_> = theirs.difference(&ours).collect();
        assert!(
            ours_alone.is_empty() && theirs_alone.is_empty(),
            "seed {seed}: the model alone shows {ours_alone:#?}, moto alone {theirs_alone:#?}"
        );
        assert!(ours.len() > 10, "seed {seed}: {ours:#?}");
    }
}
