//! The compliant setting as code, for those who keep their VPCs in Terraform or CloudFormation.

use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::changes::{Change, DnsAttribute, simulate, simulated_id};
use crate::model::id::EndpointId;
use crate::model::managed::MANAGED_GROUP_NAME;
use crate::model::snapshot::{Endpoint, EndpointKind, Snapshot};
use crate::model::text::printable_json;

/// Both say the same: what the resource has to say besides what it says anyway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Code {
    pub terraform: String,
    /// YAML, below `Resources`.
    pub cloudformation: String,
}

/// One resource.
struct Block {
    /// What it is, for the comment above it.
    about: String,
    name: String,
    terraform: (&'static str, Vec<(&'static str, Setting)>),
    cloudformation: (&'static str, Vec<(&'static str, Setting)>),
}

enum Setting {
    Text(String),
    Number(u16),
    On,
    List(Vec<String>),
    /// A JSON document.
    Policy(String),
}

impl Code {
    /// Of what these changes would set in this VPC. None where there is nothing to set.
    pub fn of(changes: &[Change], snapshot: &Snapshot) -> Option<Self> {
        let after = changes
            .iter()
            .fold(snapshot.clone(), |state, change| simulate(&state, change));
        let mut blocks: Vec<Block> = Vec::new();
        for block in changes.iter().flat_map(|change| blocks_of(change, &after)) {
            match blocks.iter_mut().find(|other| other.about == block.about) {
                Some(other) => {
                    other.terraform.1.extend(block.terraform.1);
                    other.cloudformation.1.extend(block.cloudformation.1);
                }
                None => blocks.push(block),
            }
        }
        let joined = |text: fn(&Block) -> String| {
            let text = blocks.iter().map(text).collect::<Vec<_>>().join("\n");
            match (snapshot.managed_group(), after.managed_group()) {
                // What AWS will call it is not known.
                (None, Some(group)) => text.replace(group.id.as_str(), &format!("<id of {MANAGED_GROUP_NAME}>")),
                _ => text,
            }
        };
        (!blocks.is_empty()).then(|| Self {
            terraform: joined(Block::terraform),
            cloudformation: joined(Block::cloudformation),
        })
    }
}

fn blocks_of(change: &Change, after: &Snapshot) -> Vec<Block> {
    match change {
        Change::EnableVpcDns { vpc, attribute } => {
            let (terraform, cloudformation) = match attribute {
                DnsAttribute::Support => ("enable_dns_support", "EnableDnsSupport"),
                DnsAttribute::Hostnames => ("enable_dns_hostnames", "EnableDnsHostnames"),
            };
            vec![Block {
                about: format!("{vpc}, besides what is there"),
                name: vpc.to_string(),
                terraform: ("aws_vpc", vec![(terraform, Setting::On)]),
                cloudformation: ("AWS::EC2::VPC", vec![(cloudformation, Setting::On)]),
            }]
        }
        // The group is Postern's own: there is nothing for others to set.
        Change::CreateManagedGroup { .. } => Vec::new(),
        Change::AuthorizeIngress { cidrs, .. } => {
            let group = after.managed_group().into_iter();
            let rules = group.flat_map(|group| cidrs.iter().map(|cidr| ingress(group.id.as_str(), &cidr.to_string())));
            rules.collect()
        }
        Change::CreateEndpoint(new) => {
            let created = simulated_id(change, after).map(EndpointId);
            let created = created.and_then(|id| after.endpoints.as_ref().ok()?.get(&id));
            let word = new.endpoint_kind.word();
            created.map_or_else(Vec::new, |endpoint| {
                vec![whole(
                    endpoint,
                    format!("The {word} endpoint to {} in {}", new.service, new.vpc),
                    after,
                )]
            })
        }
        Change::AddSubnet { endpoint, .. } => setting(endpoint, after, ("subnet_ids", "SubnetIds"), subnets),
        Change::AssociateRouteTable { endpoint, .. } => {
            setting(endpoint, after, ("route_table_ids", "RouteTableIds"), route_tables)
        }
        Change::AttachManagedGroup { endpoint, .. } => {
            setting(endpoint, after, ("security_group_ids", "SecurityGroupIds"), groups)
        }
        Change::EnablePrivateDns { endpoint } => {
            setting(endpoint, after, ("private_dns_enabled", "PrivateDnsEnabled"), |_| {
                Setting::On
            })
        }
        Change::ReplacePolicy { endpoint, .. } => setting(endpoint, after, ("policy", "PolicyDocument"), policy),
    }
}

fn subnets(endpoint: &Endpoint) -> Setting {
    Setting::List(endpoint.subnets.iter().map(ToString::to_string).collect())
}

fn route_tables(endpoint: &Endpoint) -> Setting {
    Setting::List(endpoint.route_tables.iter().map(ToString::to_string).collect())
}

fn groups(endpoint: &Endpoint) -> Setting {
    Setting::List(endpoint.security_groups.iter().map(ToString::to_string).collect())
}

fn policy(endpoint: &Endpoint) -> Setting {
    Setting::Policy(endpoint.policy.clone().unwrap_or_default())
}

/// One setting of an endpoint that is there: its whole value, since code replaces values whole.
fn setting(
    id: &EndpointId,
    after: &Snapshot,
    (terraform, cloudformation): (&'static str, &'static str),
    value: impl Fn(&Endpoint) -> Setting,
) -> Vec<Block> {
    let endpoint = after.endpoints.as_ref().ok().and_then(|endpoints| endpoints.get(id));
    endpoint.map_or_else(Vec::new, |endpoint| {
        vec![Block {
            about: format!("{id}, besides what is there"),
            name: id.to_string(),
            terraform: ("aws_vpc_endpoint", vec![(terraform, value(endpoint))]),
            cloudformation: ("AWS::EC2::VPCEndpoint", vec![(cloudformation, value(endpoint))]),
        }]
    })
}

fn whole(endpoint: &Endpoint, about: String, after: &Snapshot) -> Block {
    let service = endpoint.service.as_ref().map(ToString::to_string).unwrap_or_default();
    let vpc = after.vpc.id.to_string();
    let gateway = endpoint.kind == EndpointKind::Gateway;
    let kind = if gateway { "Gateway" } else { "Interface" };
    let mut terraform = vec![
        ("vpc_id", Setting::Text(vpc.clone())),
        ("service_name", Setting::Text(service.clone())),
        ("vpc_endpoint_type", Setting::Text(kind.to_owned())),
    ];
    let mut cloudformation = vec![
        ("VpcId", Setting::Text(vpc)),
        ("ServiceName", Setting::Text(service.clone())),
        ("VpcEndpointType", Setting::Text(kind.to_owned())),
    ];
    if gateway {
        terraform.push(("route_table_ids", route_tables(endpoint)));
        cloudformation.push(("RouteTableIds", route_tables(endpoint)));
    } else {
        terraform.push(("subnet_ids", subnets(endpoint)));
        cloudformation.push(("SubnetIds", subnets(endpoint)));
        terraform.push(("security_group_ids", groups(endpoint)));
        cloudformation.push(("SecurityGroupIds", groups(endpoint)));
    }
    if endpoint.private_dns {
        terraform.push(("private_dns_enabled", Setting::On));
        cloudformation.push(("PrivateDnsEnabled", Setting::On));
    }
    if endpoint.policy.is_some() {
        terraform.push(("policy", policy(endpoint)));
        cloudformation.push(("PolicyDocument", policy(endpoint)));
    }
    let short = service
        .rsplit_once(after.region.as_str())
        .map_or(service.as_str(), |(_, short)| short);
    Block {
        about,
        name: short.trim_start_matches('.').to_owned(),
        terraform: ("aws_vpc_endpoint", terraform),
        cloudformation: ("AWS::EC2::VPCEndpoint", cloudformation),
    }
}

fn ingress(group: &str, cidr: &str) -> Block {
    let v6 = cidr.contains(':');
    let text = |text: &str| Setting::Text(text.to_owned());
    Block {
        about: format!("HTTPS from {cidr} to endpoints, in {group} ({MANAGED_GROUP_NAME})"),
        name: format!("https-from-{cidr}"),
        terraform: (
            "aws_vpc_security_group_ingress_rule",
            vec![
                ("security_group_id", text(group)),
                ("ip_protocol", text("tcp")),
                ("from_port", Setting::Number(443)),
                ("to_port", Setting::Number(443)),
                (if v6 { "cidr_ipv6" } else { "cidr_ipv4" }, text(cidr)),
            ],
        ),
        cloudformation: (
            "AWS::EC2::SecurityGroupIngress",
            vec![
                ("GroupId", text(group)),
                ("IpProtocol", text("tcp")),
                ("FromPort", Setting::Number(443)),
                ("ToPort", Setting::Number(443)),
                (if v6 { "CidrIpv6" } else { "CidrIp" }, text(cidr)),
            ],
        ),
    }
}

impl Block {
    fn terraform(&self) -> String {
        let (kind, settings) = &self.terraform;
        let name = self.name.replace(|c: char| !c.is_ascii_alphanumeric(), "_");
        let mut code = format!("# {}\nresource \"{kind}\" \"{name}\" {{\n", self.about);
        for (key, value) in settings {
            // Writing to a string cannot fail.
            let _ = match value {
                Setting::Text(text) => writeln!(code, "  {key} = {}", template(&quoted(text))),
                Setting::Number(number) => writeln!(code, "  {key} = {number}"),
                Setting::On => writeln!(code, "  {key} = true"),
                Setting::List(items) => {
                    let items: Vec<_> = items.iter().map(|item| template(&quoted(item))).collect();
                    writeln!(code, "  {key} = [{}]", items.join(", "))
                }
                Setting::Policy(document) => {
                    writeln!(
                        code,
                        "  {key} = <<-POLICY\n{}  POLICY",
                        template(&indented(document, 4))
                    )
                }
            };
        }
        code.push_str("}\n");
        code
    }

    fn cloudformation(&self) -> String {
        let (kind, settings) = &self.cloudformation;
        let name = self.name.replace(|c: char| !c.is_ascii_alphanumeric(), "");
        let mut code = format!("# {}\n{name}:\n  Type: {kind}\n  Properties:\n", self.about);
        for (key, value) in settings {
            let _ = match value {
                Setting::Text(text) => writeln!(code, "    {key}: {}", quoted(text)),
                Setting::Number(number) => writeln!(code, "    {key}: {number}"),
                Setting::On => writeln!(code, "    {key}: true"),
                Setting::List(items) => {
                    let items: Vec<_> = items.iter().map(|item| quoted(item)).collect();
                    writeln!(code, "    {key}: [{}]", items.join(", "))
                }
                Setting::Policy(document) => write!(code, "    {key}:\n{}", indented(document, 6)),
            };
        }
        code
    }
}

/// As a string of JSON, which is one of YAML and, but for templates, of Terraform as well.
fn quoted(text: &str) -> String {
    printable_json(&Value::from(text).to_string())
}

/// Nothing in it is Terraform's to fill in.
fn template(text: &str) -> String {
    text.replace("${", "$${").replace("%{", "%%{")
}

/// A JSON document, member by member, each line so far to the right.
fn indented(document: &str, spaces: usize) -> String {
    let pretty = serde_json::from_str::<Value>(document).and_then(|value| serde_json::to_string_pretty(&value));
    let pretty = pretty.unwrap_or_else(|_| document.to_owned());
    let lines = pretty
        .lines()
        .map(|line| format!("{:spaces$}{}\n", "", printable_json(line)));
    lines.collect()
}
