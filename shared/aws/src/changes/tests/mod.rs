mod changes;
mod connections;
mod create;
mod group;
mod modify;
mod refusals;
mod undo;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use postern_core::changes::{
    AddSubnet, AssociateRouteTable, AttachManagedGroup, AuthorizeIngress, CreateManagedGroup, DnsAttribute,
    EnablePrivateDns, EnableVpcDns, HTTPS, IsolateEndpoint, ManagedGroup, NewEndpoint, QuarantineEndpoint,
    ReplacePolicy,
};
use postern_core::model::address::AddressType;
use postern_core::model::endpoint::EndpointKind;
use postern_core::model::managed::{GroupPurpose, MANAGED_GROUP_NAME, QUARANTINE_GROUP_NAME};
use postern_core::model::policy_document::QUARANTINE_POLICY;
use postern_core::model::token::client_token;

use super::*;
use crate::wire::{Cloud, Request};

const OPEN: &str = r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}"#;
const CLOSED: &str = r#"{"Version":"2012-10-17","Statement":[]}"#;

fn applier(cloud: &Cloud) -> Applier {
    let mut applier = cloud.session().applier(&"eu-central-1".into(), &"run-1".into());
    applier.settle = Duration::ZERO;
    applier
}

async fn apply(cloud: &Cloud, change: &Change) -> ChangeOutcome {
    let outcome = applier(cloud).apply(change, "the-control").await;
    cloud.done();
    outcome
}

fn escaped(text: &str) -> String {
    text.replace('"', "&quot;")
}

fn endpoint(content: &str) -> String {
    format!(
        "<item><vpcEndpointId>vpce-1</vpcEndpointId><vpcId>vpc-1</vpcId><ownerId>111122223333</ownerId>\
         <serviceName>com.amazonaws.eu-central-1.sts</serviceName>{content}</item>"
    )
}

fn interface(content: &str) -> String {
    format!(
        "<vpcEndpointSet>{}</vpcEndpointSet>",
        endpoint(&format!(
            "<vpcEndpointType>Interface</vpcEndpointType><state>available</state>{content}"
        ))
    )
}

fn gateway(content: &str) -> String {
    interface(content).replace("Interface", "Gateway")
}

fn group(rules: &str) -> String {
    format!(
        "<securityGroupInfo><item><groupId>sg-managed</groupId><groupName>{MANAGED_GROUP_NAME}</groupName>\
         <ownerId>111122223333</ownerId><vpcId>vpc-1</vpcId><ipPermissions>{rules}</ipPermissions>\
         <tagSet><item><key>postern:managed</key><value>true</value></item></tagSet></item></securityGroupInfo>"
    )
}

fn quarantine_group(rules: &str) -> String {
    group(rules).replace(MANAGED_GROUP_NAME, QUARANTINE_GROUP_NAME)
}

fn attached(groups: &[&str]) -> String {
    let items: String = groups
        .iter()
        .map(|id| format!("<item><groupId>{id}</groupId></item>"))
        .collect();
    format!("<groupSet>{items}</groupSet>")
}

fn isolate() -> Change {
    Change::IsolateEndpoint(IsolateEndpoint {
        endpoint: "vpce-1".into(),
        vpc: "vpc-1".into(),
        before: ["sg-1".into(), "sg-2".into()].into(),
    })
}

fn https_from(cidrs: &[&str]) -> String {
    let range = |cidr: &&str| match cidr.contains(':') {
        true => format!("<ipv6Ranges><item><cidrIpv6>{cidr}</cidrIpv6></item></ipv6Ranges>"),
        false => format!("<ipRanges><item><cidrIp>{cidr}</cidrIp></item></ipRanges>"),
    };
    let rule = |cidr: &&str| {
        let range = range(cidr);
        format!("<item><ipProtocol>tcp</ipProtocol><fromPort>443</fromPort><toPort>443</toPort>{range}</item>")
    };
    cidrs.iter().map(rule).collect()
}

fn created(state: &str) -> String {
    created_as("vpce-new", state)
}

fn created_as(id: &str, state: &str) -> String {
    format!("<vpcEndpoint><vpcEndpointId>{id}</vpcEndpointId><state>{state}</state></vpcEndpoint>")
}

fn managed() -> ManagedGroup {
    ManagedGroup { vpc: "vpc-1".into() }
}

fn authorize(group: ManagedGroup) -> Change {
    let cidrs = ["10.0.0.0/16", "2001:db8:1::/56"];
    Change::AuthorizeIngress(AuthorizeIngress {
        group,
        ports: HTTPS,
        cidrs: cidrs.iter().map(|cidr| cidr.parse().unwrap()).collect(),
    })
}

fn new_interface() -> NewEndpoint {
    NewEndpoint {
        vpc: "vpc-1".into(),
        service: "com.amazonaws.eu-central-1.sts".into(),
        endpoint_kind: EndpointKind::Interface,
        subnets: BTreeMap::from([
            ("eu-central-1a".into(), "subnet-1".into()),
            ("eu-central-1b".into(), "subnet-2".into()),
        ]),
        route_tables: BTreeSet::new(),
        group: Some(managed()),
        address_type: AddressType::Ipv4,
        private_dns: true,
        policy: Some(CLOSED.to_owned()),
        client_token: "token-1".to_owned(),
    }
}

fn new_gateway() -> NewEndpoint {
    NewEndpoint {
        service: "com.amazonaws.eu-central-1.s3".into(),
        endpoint_kind: EndpointKind::Gateway,
        subnets: BTreeMap::new(),
        route_tables: BTreeSet::from(["rtb-1".into(), "rtb-2".into()]),
        group: None,
        address_type: AddressType::Ipv4,
        private_dns: false,
        policy: None,
        ..new_interface()
    }
}

/// A change, and what AWS answers when it is applied for the first time and again.
struct Case {
    change: Change,
    /// The looks that come before, and their answers where the change is needed.
    looks: Vec<(&'static str, String)>,
    act: (&'static str, String),
    /// The answer to the last look where the change was applied before.
    already: String,
    created: Option<&'static str>,
}

impl Case {
    /// How often the change is asked for while AWS answers with this code.
    fn writes(&self, code: &str) -> usize {
        match &self.change {
            Change::QuarantineEndpoint(_) | Change::ReplacePolicy(_) => 3,
            _ => requests(self.act.0, code),
        }
    }
}

/// How often AWS is asked for a change of an endpoint that it refuses with this code.
fn requests(operation: &str, code: &str) -> usize {
    let limited = matches!(operation, "CreateVpcEndpoint" | "ModifyVpcEndpoint");
    if limited && code == "RequestLimitExceeded" {
        4
    } else {
        1
    }
}

fn cases() -> Vec<Case> {
    let done = || "<return>true</return>".to_owned();
    let look = |answer: String| vec![("DescribeVpcEndpoints", answer)];
    vec![
        Case {
            change: Change::EnableVpcDns(EnableVpcDns {
                vpc: "vpc-1".into(),
                attribute: DnsAttribute::Hostnames,
            }),
            looks: vec![(
                "DescribeVpcAttribute",
                "<enableDnsHostnames><value>false</value></enableDnsHostnames>".to_owned(),
            )],
            act: ("ModifyVpcAttribute", done()),
            already: "<enableDnsHostnames><value>true</value></enableDnsHostnames>".to_owned(),
            created: None,
        },
        Case {
            change: Change::CreateManagedGroup(CreateManagedGroup::for_ingress("vpc-1".into())),
            looks: vec![("DescribeSecurityGroups", "<securityGroupInfo/>".to_owned())],
            act: ("CreateSecurityGroup", "<groupId>sg-managed</groupId>".to_owned()),
            already: group(""),
            created: Some("sg-managed"),
        },
        Case {
            change: authorize(managed()),
            looks: vec![("DescribeSecurityGroups", group(&https_from(&["192.0.2.0/24"])))],
            act: ("AuthorizeSecurityGroupIngress", done()),
            already: group(&https_from(&["10.0.0.0/8", "2001:db8:1::/56"])),
            created: Some("sg-managed"),
        },
        Case {
            change: Change::CreateEndpoint(new_interface()),
            looks: vec![
                ("DescribeVpcEndpoints", "<vpcEndpointSet/>".to_owned()),
                ("DescribeSecurityGroups", group("")),
            ],
            act: ("CreateVpcEndpoint", created("pending")),
            already: interface(""),
            created: Some("vpce-new"),
        },
        Case {
            change: Change::CreateEndpoint(new_gateway()),
            looks: look("<vpcEndpointSet/>".to_owned()),
            act: ("CreateVpcEndpoint", created("available")),
            already: gateway(""),
            created: Some("vpce-new"),
        },
        Case {
            change: Change::AddSubnet(AddSubnet {
                endpoint: "vpce-1".into(),
                subnet: "subnet-2".into(),
                zone: "eu-central-1b".into(),
            }),
            looks: look(interface("<subnetIdSet><item>subnet-1</item></subnetIdSet>")),
            act: ("ModifyVpcEndpoint", done()),
            already: interface("<subnetIdSet><item>subnet-1</item><item>subnet-2</item></subnetIdSet>"),
            created: None,
        },
        Case {
            change: Change::AssociateRouteTable(AssociateRouteTable {
                endpoint: "vpce-1".into(),
                route_table: "rtb-1".into(),
            }),
            looks: look(gateway("")),
            act: ("ModifyVpcEndpoint", done()),
            already: gateway("<routeTableIdSet><item>rtb-1</item></routeTableIdSet>"),
            created: None,
        },
        Case {
            change: Change::AttachManagedGroup(AttachManagedGroup {
                endpoint: "vpce-1".into(),
                group: managed(),
            }),
            looks: vec![
                ("DescribeSecurityGroups", group("")),
                (
                    "DescribeVpcEndpoints",
                    interface("<groupSet><item><groupId>sg-1</groupId></item></groupSet>"),
                ),
            ],
            act: ("ModifyVpcEndpoint", done()),
            already: interface("<groupSet><item><groupId>sg-managed</groupId></item></groupSet>"),
            created: Some("sg-managed"),
        },
        Case {
            change: Change::EnablePrivateDns(EnablePrivateDns {
                endpoint: "vpce-1".into(),
            }),
            looks: look(interface("<privateDnsEnabled>false</privateDnsEnabled>")),
            act: ("ModifyVpcEndpoint", done()),
            already: interface("<privateDnsEnabled>true</privateDnsEnabled>"),
            created: None,
        },
        Case {
            change: Change::QuarantineEndpoint(QuarantineEndpoint {
                endpoint: "vpce-1".into(),
                before: OPEN.to_owned(),
            }),
            looks: look(interface(&format!(
                "<policyDocument>{}</policyDocument>",
                escaped(OPEN)
            ))),
            act: ("ModifyVpcEndpoint", done()),
            already: interface(&format!(
                "<policyDocument>{}</policyDocument>",
                escaped(QUARANTINE_POLICY)
            )),
            created: None,
        },
        Case {
            change: isolate(),
            looks: vec![
                ("DescribeSecurityGroups", quarantine_group("")),
                ("DescribeVpcEndpoints", interface(&attached(&["sg-1", "sg-2"]))),
            ],
            act: ("ModifyVpcEndpoint", done()),
            already: interface(&attached(&["sg-managed"])),
            created: Some("sg-managed"),
        },
        Case {
            change: Change::ReplacePolicy(ReplacePolicy {
                endpoint: "vpce-1".into(),
                before: OPEN.to_owned(),
                after: CLOSED.to_owned(),
            }),
            looks: look(interface(&format!(
                "<policyDocument>{}</policyDocument>",
                escaped(r#"{ "Statement": [{"Action":"*","Effect":"Allow","Resource":"*","Principal":"*"}] }"#)
            ))),
            act: ("ModifyVpcEndpoint", done()),
            already: interface(&format!(
                "<policyDocument>{}</policyDocument>",
                escaped(r#"{"Statement":[],"Version":"2012-10-17"}"#)
            )),
            created: None,
        },
    ]
}

fn first_time(case: &Case) -> Cloud {
    let looked = case
        .looks
        .iter()
        .fold(Cloud::new(), |cloud, (action, answer)| cloud.on(action, answer));
    looked.on(case.act.0, &case.act.1)
}

fn skipped_because(outcome: &ChangeOutcome) -> &str {
    match outcome {
        ChangeOutcome::Skipped { reason } => reason,
        other => panic!("not skipped: {other:?}"),
    }
}

fn failed_because(outcome: &ChangeOutcome) -> (&str, bool) {
    match outcome {
        ChangeOutcome::Failed { cause, transient } => (cause, *transient),
        other => panic!("not failed: {other:?}"),
    }
}

fn tags(request: &Request) -> BTreeMap<&str, &str> {
    (1..)
        .map_while(|n| {
            let key = request.get(&format!("TagSpecification.1.Tag.{n}.Key"))?;
            Some((
                key.as_str(),
                request[&format!("TagSpecification.1.Tag.{n}.Value")].as_str(),
            ))
        })
        .collect()
}
