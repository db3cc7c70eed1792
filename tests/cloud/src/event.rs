//! CloudTrail events of calls, as EventBridge delivers them.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::log::{Entry, Service};

/// Calls whose events have the API's parameter names in a wrapper.
const WRAPPED: &[&str] = &[
    "AcceptVpcEndpointConnections",
    "CreateVpcEndpoint",
    "CreateVpcEndpointServiceConfiguration",
    "DeleteNatGateway",
    "DeleteVpcEndpointServiceConfigurations",
    "DeleteVpcEndpoints",
    "ModifyVpcEndpoint",
    "ModifyVpcEndpointServiceConfiguration",
    "ModifyVpcEndpointServicePayerResponsibility",
    "ModifyVpcEndpointServicePermissions",
    "RejectVpcEndpointConnections",
    "StartVpcEndpointServicePrivateDnsVerification",
];

impl Entry {
    /// The event of a mutating call to EC2 or to load balancers, failed ones included; `None` for other calls. A call has
    /// one event, however often it is delivered.
    pub fn event(&self) -> Option<Value> {
        let dry_run = self.code.as_deref() == Some("DryRunOperation");
        let (prefix, source) = match self.service {
            Service::Ec2 => ("ec2", "aws.ec2"),
            Service::LoadBalancers => ("elasticloadbalancing", "aws.elasticloadbalancing"),
            _ => return None,
        };
        if !(self.mutating || dry_run) {
            return None;
        }
        let account = self.account();
        let mut detail = json!({
            "eventVersion": "1.11",
            "userIdentity": self.identity(account),
            "eventTime": seconds(self.at),
            "eventSource": format!("{prefix}.amazonaws.com"),
            "eventName": self.operation,
            "awsRegion": self.region,
            "sourceIPAddress": "192.0.2.17",
            "userAgent": "aws-sdk-rust/1.3 os/linux lang/rust",
            "requestParameters": self.request(),
            "responseElements": self.response(),
            "requestID": self.uuid("55555555"),
            "eventID": self.uuid("99999999"),
            "readOnly": false,
            "eventType": "AwsApiCall",
            "managementEvent": true,
            "recipientAccountId": account,
            "eventCategory": "Management",
        });
        if let (Some(code), Some(detail)) = (&self.code, detail.as_object_mut()) {
            let code = match (self.service, code.as_str()) {
                (Service::LoadBalancers, code) => format!("{code}Exception"),
                (_, "InternalError") => format!("Server.{code}"),
                (_, code) => format!("Client.{code}"),
            };
            detail.insert("errorCode".to_owned(), code.into());
            detail.insert("errorMessage".to_owned(), self.message.clone().into());
        }
        Some(json!({
            "version": "0",
            "id": self.uuid("11111111"),
            "detail-type": "AWS API Call via CloudTrail",
            "source": source,
            "account": account,
            "time": seconds(self.at),
            "region": self.region,
            "resources": [],
            "detail": detail,
        }))
    }

    fn account(&self) -> &str {
        let account = self.caller.split(':').nth(4);
        account.filter(|account| !account.is_empty()).unwrap_or(crate::ACCOUNT)
    }

    fn identity(&self, account: &str) -> Value {
        let Some(role) = self.caller.split_once(":role/").map(|(_, role)| role) else {
            let user = self.caller.rsplit('/').next().unwrap_or_default();
            return json!({
                "type": "IAMUser",
                "principalId": "AIDAEXAMPLEEXAMPLE000",
                "arn": &*self.caller,
                "accountId": account,
                "userName": user,
            });
        };
        let name = role.rsplit('/').next().unwrap_or(role);
        json!({
            "type": "AssumedRole",
            "principalId": "AROAEXAMPLEEXAMPLE000:session",
            "arn": format!("arn:aws:sts::{account}:assumed-role/{name}/session"),
            "accountId": account,
            "sessionContext": {
                "sessionIssuer": {
                    "type": "Role",
                    "principalId": "AROAEXAMPLEEXAMPLE000",
                    "arn": &*self.caller,
                    "accountId": account,
                    "userName": name,
                },
                "attributes": {"creationDate": "2026-03-02T08:00:00Z", "mfaAuthenticated": "false"},
            },
        })
    }

    /// The same for one call of a cloud, in the form of a UUID.
    fn uuid(&self, prefix: &str) -> String {
        format!("{prefix}-2222-4333-8444-{:012x}", self.number)
    }

    /// Only the dialect of calls that were recorded is certain. The others come in either.
    fn wrapped(&self) -> bool {
        let operation = self.operation.as_str();
        let certain = !operation.contains("VpcEndpointService") && !operation.contains("VpcEndpointConnections");
        WRAPPED.contains(&operation) && (certain || !self.number.is_multiple_of(4))
    }

    fn request(&self) -> Value {
        let mut tree = Tree::default();
        for (name, value) in &self.parameters {
            if !matches!(name.as_str(), "Action" | "Version" | "DryRun") {
                tree.insert(&mut name.split('.'), value);
            }
        }
        if let "CreateTags" | "DeleteTags" = self.operation.as_str() {
            return self.tags();
        }
        if self.service == Service::LoadBalancers {
            return tree.members();
        }
        match self.wrapped() {
            true => json!({format!("{}Request", self.operation): tree.wrapped()}),
            false => tree.plain(),
        }
    }

    /// Their lists have names of their own.
    fn tags(&self) -> Value {
        let values = |prefix: &str, suffix: &str| -> Vec<String> {
            let pairs = self.parameters.iter();
            let pairs = pairs.filter(|(name, _)| name.starts_with(prefix) && name.ends_with(suffix));
            pairs.map(|(_, value)| value.clone()).collect()
        };
        let resources = values("ResourceId.", "").into_iter();
        let resources: Vec<_> = resources.map(|id| json!({ "resourceId": id })).collect();
        let keys = values("Tag.", ".Key").into_iter().zip(values("Tag.", ".Value"));
        let tags: Vec<_> = keys.map(|(key, value)| json!({"key": key, "value": value})).collect();
        json!({"resourcesSet": {"items": resources}, "tagSet": {"items": tags}})
    }

    fn response(&self) -> Value {
        let Some(xml) = self.response.as_ref().filter(|_| self.service == Service::Ec2) else {
            return Value::Null;
        };
        let start = xml.find("<requestId>").unwrap_or_default();
        let wrapped = self.wrapped();
        let mut rest = xml.get(start..).unwrap_or_default();
        let mut content = elements(&mut rest, wrapped);
        if let Value::Object(members) = &mut content {
            if wrapped {
                members.insert("xmlns".to_owned(), "http://ec2.amazonaws.com/doc/2016-11-15/".into());
            } else if let Some(done) = members.remove("return") {
                members.insert("_return".to_owned(), done);
            }
        }
        match wrapped {
            true => json!({format!("{}Response", self.operation): content}),
            false => content,
        }
    }
}

fn seconds(at: Timestamp) -> String {
    Timestamp::from_second(at.as_second()).unwrap_or(at).to_string()
}

/// The fields of a request as what they mean: `A.1.B` is the B of the first A.
#[derive(Debug)]
enum Tree {
    Leaf(String),
    Branch(Vec<(String, Tree)>),
}

impl Default for Tree {
    fn default() -> Self {
        Self::Branch(Vec::new())
    }
}

impl Tree {
    fn insert<'a>(&mut self, path: &mut impl Iterator<Item = &'a str>, value: &str) {
        let Some(step) = path.next() else {
            *self = Self::Leaf(value.to_owned());
            return;
        };
        if let Self::Branch(children) = self {
            let at = match children.iter().position(|(name, _)| name == step) {
                Some(at) => at,
                None => {
                    children.push((step.to_owned(), Self::default()));
                    children.len() - 1
                }
            };
            if let Some((_, child)) = children.get_mut(at) {
                child.insert(path, value);
            }
        }
    }

    fn is_list(&self) -> bool {
        matches!(self, Self::Branch(children) if children.first().is_some_and(|(name, _)| name == "1"))
    }

    /// camelCase, lists in `items`.
    fn plain(&self) -> Value {
        match self {
            Self::Leaf(text) => typed(text, false),
            Self::Branch(children) if self.is_list() => {
                json!({"items": children.iter().map(|(_, child)| child.plain()).collect::<Vec<_>>()})
            }
            Self::Branch(children) => {
                let member = |(name, child): &(String, Self)| match (name.as_str(), child) {
                    ("TagSpecification", child) => ("tagSpecificationSet".to_owned(), child.plain()),
                    // The one list without `items`.
                    ("Tag", Self::Branch(tags)) => {
                        ("tags".to_owned(), tags.iter().map(|(_, tag)| tag.plain()).collect())
                    }
                    (name, child) => (camel(name), child.plain()),
                };
                Value::Object(children.iter().map(member).collect())
            }
        }
    }

    /// Of the query protocol: camelCase, lists as they are.
    fn members(&self) -> Value {
        match self {
            Self::Leaf(text) => typed(text, false),
            Self::Branch(children) => match children.as_slice() {
                [(name, list @ Self::Branch(_))] if name == "member" => list.members(),
                _ if self.is_list() => children.iter().map(|(_, child)| child.members()).collect(),
                _ => {
                    let members = children.iter().map(|(name, child)| (camel(name), child.members()));
                    Value::Object(members.collect())
                }
            },
        }
    }

    /// The wire's names, the members of lists numbered by `tag`, one alone without a list.
    fn wrapped(&self) -> Value {
        match self {
            Self::Leaf(text) => typed(text, true),
            Self::Branch(children) if self.is_list() => {
                let numbered = |(n, (_, child)): (usize, &(String, Self))| match child.wrapped() {
                    Value::Object(mut members) => {
                        members.insert("tag".to_owned(), (n + 1).into());
                        Value::Object(members)
                    }
                    scalar => json!({"tag": n + 1, "content": scalar}),
                };
                single(children.iter().enumerate().map(numbered).collect())
            }
            Self::Branch(children) => {
                let members = children.iter().map(|(name, child)| (name.clone(), child.wrapped()));
                Value::Object(members.collect())
            }
        }
    }
}

fn single(mut values: Vec<Value>) -> Value {
    match values.len() {
        1 => values.remove(0),
        _ => Value::Array(values),
    }
}

fn camel(name: &str) -> String {
    let mut characters = name.chars();
    match characters.next() {
        Some(first) => first.to_lowercase().chain(characters).collect(),
        None => String::new(),
    }
}

/// The wrapped dialect takes all that looks like a number for one, the plain one keeps accounts.
fn typed(text: &str, wrapped: bool) -> Value {
    match text {
        "true" => true.into(),
        "false" => false.into(),
        _ => match text.parse::<u64>() {
            Ok(number) if wrapped || text.len() < 6 => number.into(),
            _ => text.into(),
        },
    }
}

/// The elements up to the next closing tag, of XML as the model writes it.
fn elements(rest: &mut &str, wrapped: bool) -> Value {
    let mut members: Vec<(String, Value)> = Vec::new();
    while let Some(open) = rest.strip_prefix('<').filter(|open| !open.starts_with('/')) {
        let Some((name, after)) = open.split_once('>') else {
            break;
        };
        *rest = after;
        let value = match rest.starts_with('<') && !rest.starts_with("</") {
            true => elements(rest, wrapped),
            false => {
                let (text, after) = rest.split_at(rest.find('<').unwrap_or(rest.len()));
                *rest = after;
                match text {
                    "" if !wrapped && name.ends_with("Set") => json!({}),
                    text => typed(&unescaped(text), wrapped),
                }
            }
        };
        *rest = rest.split_once('>').map_or("", |(_, after)| after);
        members.push((name.to_owned(), value));
    }
    if members.first().is_none_or(|(name, _)| name != "item") {
        return Value::Object(Map::from_iter(members));
    }
    let items: Vec<_> = members.into_iter().map(|(_, value)| value).collect();
    match wrapped {
        true => json!({"item": single(items)}),
        false => json!({"items": items}),
    }
}

fn unescaped(text: &str) -> String {
    let text = text.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">");
    text.replace("&amp;", "&")
}
