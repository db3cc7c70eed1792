//! What AWS asks of a caller's policies for the calls that Postern makes: each resource that a call touches is one
//! check, with the condition keys that AWS fills in for it. Written from the service authorization reference,
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/>: the pages `list_amazonec2.html`,
//! `list_awselasticloadbalancingv2.html`, `list_amazonroute53.html`, `list_amazonsqs.html`, `list_amazonsns.html`, `list_amazondynamodb.html`,
//! `list_amazonroute53profiles.html`, `list_awskeymanagementservice.html` and `list_amazoncloudwatchlogs.html`.

use std::collections::BTreeMap;

use postern_core::changes::ChangeKind;
use postern_policy::Request;

use super::resolve::{ACCOUNT, REGION, Stack};

const MANAGED: (&str, &str) = ("postern:managed", "true");
/// The tags that Postern gives to what it creates.
const TAGS: [(&str, &str); 4] = [
    ("Name", "postern"),
    MANAGED,
    ("postern:control", "endpoint-missing"),
    ("postern:run", "run-1"),
];
/// The name of an AWS service's endpoint service.
pub(crate) const SERVICE: &str = "com.amazonaws.eu-central-1.sts";

/// One resource of one call. Keys that EC2 fills in for every call are there.
pub(crate) fn check(action: &str, resource: impl Into<String>, keys: &[(&str, &[&str])]) -> Request {
    let region = ("aws:RequestedRegion".to_owned(), vec![REGION.to_owned()]);
    let keys = keys.iter().map(|(key, values)| {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        ((*key).to_owned(), values)
    });
    Request {
        principal: format!("arn:aws:sts::{ACCOUNT}:assumed-role/role/session"),
        action: action.to_owned(),
        resource: resource.into(),
        context: keys.chain([region]).collect::<BTreeMap<_, _>>(),
        gateway: false,
    }
}

/// A call to a global service, which is in one Region for all.
pub(crate) fn global(action: &str, resource: &str) -> Request {
    let mut request = check(action, resource, &[]);
    let region = vec!["us-east-1".to_owned()];
    request.context.insert("aws:RequestedRegion".to_owned(), region);
    request
}

/// With the tags of the resource that is there, or with the tags that the request gives to a new one.
fn tagged(mut check: Request, key: &str, tags: &[(&str, &str)]) -> Request {
    let tags = tags
        .iter()
        .map(|(name, value)| (format!("aws:{key}/{name}"), vec![(*value).to_owned()]));
    check.context.extend(tags);
    check
}

fn ec2(resource: &str) -> String {
    format!("arn:aws:ec2:{REGION}:{ACCOUNT}:{resource}")
}

/// Tags in a call that creates something are authorized as this, too. Condition keys `ec2:CreateAction`, `aws:TagKeys`.
pub(crate) fn tags_on(resource: &str, create_action: &[&str], keys: &[&str]) -> Request {
    let keys: [(&str, &[&str]); 2] = [("ec2:CreateAction", create_action), ("aws:TagKeys", keys)];
    check("ec2:CreateTags", ec2(resource), &keys)
}

fn own_tags_on(resource: &str, create_action: &str) -> Request {
    tags_on(resource, &[create_action], &TAGS.map(|(key, _)| key))
}

/// `CreateSecurityGroup`: `vpc`, and `security-group` with the tags of the request.
pub(crate) fn new_group(tags: &[(&str, &str)]) -> Request {
    tagged(
        check("ec2:CreateSecurityGroup", ec2("security-group/*"), &[]),
        "RequestTag",
        tags,
    )
}

/// `CreateVpcEndpoint`: `vpc-endpoint` with the tags of the request, `ec2:VpceServiceName` and `ec2:VpceServiceOwner`.
pub(crate) fn new_endpoint(tags: &[(&str, &str)], service: &str, owner: &str) -> Request {
    let keys: [(&str, &[&str]); 2] = [("ec2:VpceServiceName", &[service]), ("ec2:VpceServiceOwner", &[owner])];
    tagged(
        check("ec2:CreateVpcEndpoint", ec2("vpc-endpoint/*"), &keys),
        "RequestTag",
        tags,
    )
}

/// A call on a resource with tags.
pub(crate) fn on(action: &str, resource: &str, tags: &[(&str, &str)]) -> Request {
    tagged(check(action, ec2(resource), &[]), "ResourceTag", tags)
}

/// `AssociateVPCWithHostedZone`: `hostedzone`, with `route53:VPCs`.
pub(crate) fn zone_for(region: &str) -> Request {
    let vpc = format!("VPCId=vpc-1,VPCRegion={region}");
    let keys: [(&str, &[&str]); 1] = [("route53:VPCs", &[&vpc])];
    check(
        "route53:AssociateVPCWithHostedZone",
        "arn:aws:route53:::hostedzone/Z1",
        &keys,
    )
}

pub(crate) const OWN_TAGS: &[(&str, &str)] = &TAGS;

/// What EC2 asks when something is read. Only `DescribeVpcAttribute` has a resource, which may belong to another account
/// that shares its VPC.
pub(crate) fn reading(action: &str) -> Request {
    match action {
        "ec2:DescribeVpcAttribute" => check(action, format!("arn:aws:ec2:{REGION}:444455556666:vpc/vpc-1"), &[]),
        "ec2:DescribeVpcEndpointServicePermissions" => of_service(action),
        "route53profiles:ListProfileAssociations" | "cloudwatch:GetMetricData" => check(action, "*", &[]),
        _ if action.starts_with("ec2:Describe") || action.starts_with("elasticloadbalancing:Describe") => {
            check(action, "*", &[])
        }
        "route53:ListHostedZonesByVPC" => global(action, "*"),
        "route53:ListResourceRecordSets" => global(action, "arn:aws:route53:::hostedzone/Z1"),
        _ => panic!("which resources and condition keys does {action} have?"),
    }
}

/// What AWS asks when a change is applied, readings aside.
pub(crate) fn applying(kind: ChangeKind) -> Vec<Request> {
    let modify = |resource: &str, tags: &[(&str, &str)]| on("ec2:ModifyVpcEndpoint", resource, tags);
    let endpoint = modify("vpc-endpoint/vpce-1", &[("env", "prod")]);
    match kind {
        ChangeKind::EnableVpcDns => vec![on("ec2:ModifyVpcAttribute", "vpc/vpc-1", &[])],
        ChangeKind::CreateManagedGroup => vec![
            on("ec2:CreateSecurityGroup", "vpc/vpc-1", &[]),
            new_group(&TAGS),
            own_tags_on("security-group/*", "CreateSecurityGroup"),
        ],
        ChangeKind::AuthorizeIngress => {
            vec![on("ec2:AuthorizeSecurityGroupIngress", "security-group/sg-1", &TAGS)]
        }
        ChangeKind::CreateEndpoint => vec![
            on("ec2:CreateVpcEndpoint", "vpc/vpc-1", &[]),
            on("ec2:CreateVpcEndpoint", "subnet/subnet-1", &[]),
            on("ec2:CreateVpcEndpoint", "route-table/rtb-1", &[]),
            on("ec2:CreateVpcEndpoint", "security-group/sg-1", &TAGS),
            new_endpoint(&TAGS, SERVICE, "amazon"),
            own_tags_on("vpc-endpoint/*", "CreateVpcEndpoint"),
            zone_for(REGION),
        ],
        ChangeKind::AddSubnet => vec![endpoint, modify("subnet/subnet-1", &[])],
        ChangeKind::AssociateRouteTable => vec![endpoint, modify("route-table/rtb-1", &[])],
        ChangeKind::AttachManagedGroup => vec![endpoint, modify("security-group/sg-1", &TAGS)],
        ChangeKind::EnablePrivateDns => vec![endpoint, zone_for(REGION)],
        ChangeKind::IsolateEndpoint => vec![
            endpoint,
            modify("security-group/sg-1", &TAGS),
            modify("security-group/sg-2", &[]),
        ],
        ChangeKind::QuarantineEndpoint | ChangeKind::ReplacePolicy => vec![endpoint],
        ChangeKind::AcceptConnection => vec![of_service("ec2:AcceptVpcEndpointConnections")],
        ChangeKind::RequireAcceptance => vec![of_service("ec2:ModifyVpcEndpointServiceConfiguration")],
        ChangeKind::RemoveServicePrincipals => vec![of_service("ec2:ModifyVpcEndpointServicePermissions")],
        ChangeKind::RejectConnection => vec![of_service("ec2:RejectVpcEndpointConnections")],
    }
}

/// A call about an endpoint service: `vpc-endpoint-service`, with the tags of the service.
fn of_service(action: &str) -> Request {
    on(action, "vpc-endpoint-service/vpce-svc-1", &[])
}

/// What AWS asks when a change is rolled back, readings aside.
pub(crate) fn undoing(kind: ChangeKind) -> Vec<Request> {
    let modify = |resource: &str| on("ec2:ModifyVpcEndpoint", resource, &[]);
    let endpoint = modify("vpc-endpoint/vpce-1");
    match kind {
        ChangeKind::EnableVpcDns => vec![on("ec2:ModifyVpcAttribute", "vpc/vpc-1", &[])],
        ChangeKind::CreateManagedGroup => vec![on("ec2:DeleteSecurityGroup", "security-group/sg-1", &TAGS)],
        ChangeKind::AuthorizeIngress => vec![on("ec2:RevokeSecurityGroupIngress", "security-group/sg-1", &TAGS)],
        ChangeKind::CreateEndpoint => vec![on("ec2:DeleteVpcEndpoints", "vpc-endpoint/vpce-1", &TAGS)],
        ChangeKind::AddSubnet => vec![endpoint, modify("subnet/subnet-1")],
        ChangeKind::AssociateRouteTable => vec![endpoint, modify("route-table/rtb-1")],
        ChangeKind::AttachManagedGroup | ChangeKind::IsolateEndpoint => vec![endpoint, modify("security-group/sg-1")],
        ChangeKind::EnablePrivateDns | ChangeKind::QuarantineEndpoint | ChangeKind::ReplacePolicy => vec![endpoint],
        ChangeKind::AcceptConnection => vec![of_service("ec2:RejectVpcEndpointConnections")],
        ChangeKind::RequireAcceptance => vec![of_service("ec2:ModifyVpcEndpointServiceConfiguration")],
        ChangeKind::RemoveServicePrincipals => vec![of_service("ec2:ModifyVpcEndpointServicePermissions")],
        ChangeKind::RejectConnection => vec![of_service("ec2:AcceptVpcEndpointConnections")],
    }
}

/// What the other services ask: queue, log, ledger, topics and their key. Lambda receives from the queue and writes the
/// log with the function's role; SNS calls KMS on behalf of the publisher.
pub(crate) fn working(stack: &Stack, prefix: &str, calls: &[&str], topics: &[String]) -> Vec<Request> {
    let queue = stack.arn(&format!("{prefix}Queue"));
    let stream = stack.arn(&format!("{prefix}Logs")).replace(":*", ":log-stream:1");
    let lambda = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
        .map(|action| check(action, &queue, &[]))
        .into_iter()
        .chain(["logs:CreateLogStream", "logs:PutLogEvents"].map(|action| check(action, &stream, &[])));
    let encrypted = ["kms:Decrypt", "kms:GenerateDataKey"].map(|action| check(action, stack.arn("TopicKey"), &[]));
    let made = calls.iter().flat_map(|call| match call.split_once(':') {
        Some(("dynamodb", _)) => vec![check(call, stack.arn("Ledger"), &[])],
        Some(("sns", _)) => topics.iter().map(|topic| check(call, topic, &[])).collect(),
        _ => panic!("which resources and condition keys does {call} have?"),
    });
    lambda.chain(encrypted).chain(made).collect()
}
