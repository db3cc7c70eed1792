//! The model or moto, asked through the EC2 client.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use aws_sdk_ec2::Client;
use aws_sdk_ec2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ec2::types::{
    AttributeBooleanValue, Filter, IpPermission, IpRange, ResourceType, Tag, TagSpecification, VpcAttributeName,
    VpcEndpointType,
};

use super::step::Step;
use crate::REGION;

/// One of the two, with the ids of what was made there.
pub(super) struct Side {
    ec2: Client,
    pub(super) ids: BTreeMap<&'static str, Vec<String>>,
}

/// The code of a refusal, or the id of what was made.
pub(super) type Came = Result<Option<String>, String>;

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
    pub(super) fn new(ec2: Client) -> Self {
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

    pub(super) async fn take(&mut self, step: &Step) -> Result<(), String> {
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
    pub(super) async fn view(&self) -> BTreeSet<String> {
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
