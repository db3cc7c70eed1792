//! The compliant setting as code, for those who keep their VPCs in Terraform or CloudFormation.

use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Change;
use crate::model::endpoint::Endpoint;
use crate::model::endpoint_service::ServiceSnapshot;
use crate::model::id::EndpointId;
use crate::model::managed::GroupPurpose;
use crate::model::scope_snapshot::Snapshot;
use crate::model::snapshot::{SecurityGroup, VpcSnapshot};
use crate::model::text::printable_json;

/// Both say the same: what the resource has to say besides what it says anyway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Code {
    pub terraform: String,
    /// YAML, below `Resources`.
    pub cloudformation: String,
}

/// One resource.
pub(super) struct Block {
    /// What it is, for the comment above it. Blocks that say the same of themselves become one.
    pub(super) about: String,
    pub(super) name: String,
    /// The type of the resource and its settings.
    pub(super) terraform: (&'static str, Vec<(&'static str, Setting)>),
    pub(super) cloudformation: (&'static str, Vec<(&'static str, Setting)>),
}

#[derive(Clone)]
pub(super) enum Setting {
    Text(String),
    Number(u16),
    On,
    List(Vec<String>),
    /// A JSON document.
    Policy(String),
}

impl Code {
    /// Of what these changes would set in this scope. None where there is nothing to set.
    pub fn of(changes: &[Change], snapshot: &Snapshot) -> Option<Self> {
        let after = changes
            .iter()
            .fold(snapshot.clone(), |state, change| change.simulate(&state));
        let mut blocks: Vec<Block> = Vec::new();
        for block in changes.iter().flat_map(|change| change.snippet(&after)) {
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
            let purposes = [GroupPurpose::Ingress, GroupPurpose::Quarantine];
            purposes.into_iter().fold(text, |text, purpose| {
                match (group_for(snapshot, purpose), group_for(&after, purpose)) {
                    // What AWS will call it is not known.
                    (None, Some(group)) => {
                        text.replace(group.id.as_str(), &format!("<id of {}>", purpose.group_name()))
                    }
                    (Some(_) | None, Some(_) | None) => text,
                }
            })
        };
        (!blocks.is_empty()).then(|| Self {
            terraform: joined(Block::terraform),
            cloudformation: joined(Block::cloudformation),
        })
    }
}

fn group_for(snapshot: &Snapshot, purpose: GroupPurpose) -> Option<&SecurityGroup> {
    match snapshot {
        Snapshot::Vpc(vpc) => vpc.group_for(purpose),
        Snapshot::Service(_) => None,
    }
}

pub(super) fn subnets(endpoint: &Endpoint) -> Setting {
    Setting::List(endpoint.subnets.iter().map(ToString::to_string).collect())
}

pub(super) fn route_tables(endpoint: &Endpoint) -> Setting {
    Setting::List(endpoint.route_tables.iter().map(ToString::to_string).collect())
}

pub(super) fn groups(endpoint: &Endpoint) -> Setting {
    Setting::List(endpoint.security_groups.iter().map(ToString::to_string).collect())
}

pub(super) fn policy(endpoint: &Endpoint) -> Setting {
    Setting::Policy(endpoint.policy.clone().unwrap_or_default())
}

/// One setting of an endpoint that exists: its whole value, since configuration replaces values whole.
pub(super) fn endpoint_block(
    id: &EndpointId,
    after: &VpcSnapshot,
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

/// One setting of an endpoint service.
pub(super) fn service_block(
    after: &ServiceSnapshot,
    (terraform, cloudformation): (&'static str, &'static str),
    value: Setting,
) -> Block {
    let id = &after.service.id;
    Block {
        about: format!("{id}, besides what is there"),
        name: id.to_string(),
        terraform: ("aws_vpc_endpoint_service", vec![(terraform, value.clone())]),
        cloudformation: ("AWS::EC2::VPCEndpointService", vec![(cloudformation, value)]),
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
