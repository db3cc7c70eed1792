//! The calls of storms to all services, put to the statements of whoever made them: with the resources that each call
//! names, and the condition keys that the service authorization reference lists for them (see `authorization.rs`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use postern_cloud::world::{Resource, Tags};
use postern_cloud::{Entry, Service};
use postern_core::functions::FUNCTIONS;
use postern_policy::Request;
use postern_storm::{LEDGER, OPERATOR, Size, calls_of_storm, role};
use serde_json::Value;

use super::authorization::{check, global, new_endpoint, new_group, on, reading, tags_on, zone_for};
use super::resolve::{REGION, Stack};
use super::roles::{allows, operator, statements};

/// Enough that every kind of change occurs.
const STORMS: u64 = 25;

/// The tags of resources, as the log shows them.
type Known = BTreeMap<String, Tags>;

fn tags_of(resource: &Resource) -> Option<&Tags> {
    match resource {
        Resource::SecurityGroup(group) => Some(&group.tags),
        Resource::Endpoint(endpoint) => Some(&endpoint.tags),
        Resource::EndpointService(service) => Some(&service.tags),
        Resource::Vpc(_)
        | Resource::Subnet(_)
        | Resource::RouteTable(_)
        | Resource::NetworkAcl(_)
        | Resource::LoadBalancer(_) => None,
    }
}

fn learn(known: &mut Known, entry: &Entry) {
    for effect in &entry.effects {
        let seen = effect.after.as_ref().or(effect.before.as_ref());
        if let Some(tags) = seen.and_then(tags_of) {
            known.insert(effect.id.clone(), tags.clone());
        }
    }
}

/// The values of a list such as `SubnetId.1`, `SubnetId.2`.
fn list<'a>(entry: &'a Entry, name: &str) -> Vec<&'a str> {
    let parameters = entry.parameters.iter();
    let numbered = |key: &str| key.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'));
    parameters
        .filter(|(key, _)| numbered(key))
        .map(|(_, value)| value.as_str())
        .collect()
}

/// The tags that a call gives to what it creates.
fn new_tags(entry: &Entry) -> Vec<(&str, &str)> {
    let tag = |n: usize, part: &str| entry.parameter(&format!("TagSpecification.1.Tag.{n}.{part}"));
    (1..).map_while(|n| Some((tag(n, "Key")?, tag(n, "Value")?))).collect()
}

fn on_known(entry: &Entry, kind: &str, id: &str, known: &Known) -> Request {
    let tags = known.get(id).into_iter().flatten();
    let tags: Vec<_> = tags.map(|(key, value)| (key.as_str(), value.as_str())).collect();
    on(&entry.action(), &format!("{kind}/{id}"), &tags)
}

/// What AWS asks of the caller of a call.
fn asked(stack: &Stack, entry: &Entry, known: &Known) -> Vec<Request> {
    match entry.service {
        Service::Ec2 => asked_by_ec2(entry, known),
        Service::LoadBalancers | Service::Route53 | Service::Route53Profiles | Service::CloudWatch => {
            vec![reading(&entry.action())]
        }
        Service::Organizations => vec![global(&entry.action(), "*")],
        Service::DynamoDb => {
            let body: Value = serde_json::from_str(entry.parameter("Body").unwrap()).unwrap();
            assert_eq!(body["TableName"], LEDGER);
            let index = body["IndexName"].as_str().map(|index| format!("/index/{index}"));
            let resource = stack.arn("Ledger") + &index.unwrap_or_default();
            vec![check(&entry.action(), resource, &[])]
        }
        Service::Sns => {
            let topic = entry.parameter("TopicArn").unwrap();
            let deployed = match topic.ends_with("-alerts") {
                true => stack.arn("AlertsTopic"),
                false => stack.arn("ReportsTopic"),
            };
            vec![check(&entry.action(), deployed, &[])]
        }
        // Nobody has to be allowed to ask who they are, and settings are read by a policy of their own.
        Service::Sts | Service::Ssm => {
            assert_eq!(entry.operation, "GetCallerIdentity");
            Vec::new()
        }
    }
}

fn asked_by_ec2(entry: &Entry, known: &Known) -> Vec<Request> {
    let of_list = |name: &str, kind: &str| -> Vec<Request> {
        let ids = list(entry, name).into_iter();
        ids.map(|id| on_known(entry, kind, id, known)).collect()
    };
    let of = |name: &str, kind: &str| {
        let id = entry
            .parameter(name)
            .unwrap_or_else(|| panic!("{entry:?} has no {name}"));
        on_known(entry, kind, id, known)
    };
    let private_dns = entry.parameter("PrivateDnsEnabled") == Some("true");
    let zone = || private_dns.then(|| zone_for(REGION));
    let tag_keys = || -> Vec<&str> { new_tags(entry).into_iter().map(|(key, _)| key).collect() };
    match entry.operation.as_str() {
        "CreateVpcEndpoint" => {
            let service = entry.parameter("ServiceName").unwrap();
            let mut asked = vec![
                of("VpcId", "vpc"),
                new_endpoint(&new_tags(entry), service, "amazon"),
                tags_on("vpc-endpoint/*", &["CreateVpcEndpoint"], &tag_keys()),
            ];
            asked.extend(of_list("SubnetId", "subnet"));
            asked.extend(of_list("RouteTableId", "route-table"));
            asked.extend(of_list("SecurityGroupId", "security-group"));
            asked.extend(zone());
            asked
        }
        "ModifyVpcEndpoint" => {
            let mut asked = vec![of("VpcEndpointId", "vpc-endpoint")];
            for (name, kind) in [
                ("AddSubnetId", "subnet"),
                ("RemoveSubnetId", "subnet"),
                ("AddRouteTableId", "route-table"),
                ("RemoveRouteTableId", "route-table"),
                ("AddSecurityGroupId", "security-group"),
                ("RemoveSecurityGroupId", "security-group"),
            ] {
                asked.extend(of_list(name, kind));
            }
            asked.extend(zone());
            asked
        }
        "ModifyVpcAttribute" => vec![of("VpcId", "vpc")],
        "CreateSecurityGroup" => vec![
            of("VpcId", "vpc"),
            new_group(&new_tags(entry)),
            tags_on("security-group/*", &["CreateSecurityGroup"], &tag_keys()),
        ],
        "AuthorizeSecurityGroupIngress" | "RevokeSecurityGroupIngress" | "DeleteSecurityGroup" => {
            vec![of("GroupId", "security-group")]
        }
        "DeleteVpcEndpoints" => of_list("VpcEndpointId", "vpc-endpoint"),
        "AcceptVpcEndpointConnections"
        | "DescribeVpcEndpointServicePermissions"
        | "ModifyVpcEndpointServiceConfiguration"
        | "ModifyVpcEndpointServicePermissions"
        | "RejectVpcEndpointConnections" => vec![of("ServiceId", "vpc-endpoint-service")],
        _ => vec![reading(&entry.action())],
    }
}

/// The statements of a caller of the storms. None for people who are not of Postern.
fn of_caller(stack: &Stack, caller: &str) -> Option<Vec<Value>> {
    if caller == OPERATOR {
        return Some(operator(stack));
    }
    let function = FUNCTIONS.iter().find(|function| caller == role(function))?;
    Some(statements(stack, function))
}

/// Whether the caller is a function or an operator, and not one of the people who change networks.
fn of_postern(caller: &str) -> bool {
    caller == OPERATOR || FUNCTIONS.iter().any(|function| caller == role(function))
}

/// The calls of Postern that succeeded, by caller.
fn calls(stack: &Stack) -> BTreeMap<String, Vec<Request>> {
    let mut calls: BTreeMap<String, Vec<Request>> = BTreeMap::new();
    for seed in 1..=STORMS {
        let log: Vec<Arc<Entry>> = calls_of_storm(seed, Size::Small).unwrap();
        let mut known = Known::new();
        for entry in &log {
            let here = entry.region == REGION || matches!(entry.service, Service::Organizations | Service::Route53);
            if entry.code.is_none() && here && of_postern(&entry.caller) {
                calls
                    .entry(entry.caller.to_string())
                    .or_default()
                    .extend(asked(stack, entry, &known));
            }
            learn(&mut known, entry);
        }
    }
    calls
}

/// What a service does with the role of a function, or on behalf of it: no call of the function.
const ON_BEHALF: [&str; 3] = ["kms:", "logs:", "sqs:"];

/// Calls about the ways to hubs, which few storms have. The spoke of the deployed chain makes the first with its
/// function's role, and the second is put to the roles with the other calls that read.
const NOT_IN_STORMS: [&str; 2] = [
    "route53:ListResourceRecordSets",
    "route53profiles:ListProfileAssociations",
];

#[test]
fn roles_allow_every_call_of_storms_and_each_action_of_a_statement_is_one_of_them() {
    let stack = Stack::new(&[("QuarantineByGroups", "true")]);
    let mut made: BTreeSet<String> = BTreeSet::new();
    for (caller, requests) in calls(&stack) {
        let Some(statements) = of_caller(&stack, &caller) else {
            continue;
        };
        let mut seen = BTreeSet::new();
        for request in requests {
            if seen.insert(format!("{request:?}")) {
                assert!(allows(&statements, &request), "{caller} is not allowed {request:#?}");
            }
            if caller != OPERATOR {
                made.insert(request.action);
            }
        }
    }
    let statements = FUNCTIONS.iter().flat_map(|function| statements(&stack, function));
    let allowed: BTreeSet<String> = statements
        .flat_map(|statement| super::template::texts(&statement["Action"]))
        .filter(|action| !ON_BEHALF.iter().any(|service| action.starts_with(service)))
        .collect();
    let never = allowed
        .difference(&made)
        .filter(|action| !NOT_IN_STORMS.contains(&action.as_str()));
    let never: Vec<_> = never.collect();
    assert!(never.is_empty(), "no storm made a call of {never:?}");
}
