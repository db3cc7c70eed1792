use std::collections::{BTreeMap, BTreeSet};

use postern_core::change::{DnsAttribute, MANAGED_GROUP_NAME, ManagedGroup, NewEndpoint, client_token};
use postern_core::snapshot::EndpointKind;

use super::*;
use crate::wire::{Cloud, Request};

const OPEN: &str = r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}"#;
const CLOSED: &str = r#"{"Version":"2012-10-17","Statement":[]}"#;

fn applier(cloud: &Cloud) -> Applier {
    let mut applier = cloud
        .aws()
        .applier(&"111122223333".into(), &"eu-central-1".into(), &"run-1".into());
    applier.settle = Duration::ZERO;
    applier
}

async fn apply(cloud: &Cloud, change: &Change) -> Outcome {
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
    Change::AuthorizeIngress {
        group,
        cidrs: cidrs.iter().map(|cidr| cidr.parse().unwrap()).collect(),
    }
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

fn cases() -> Vec<Case> {
    let done = || "<return>true</return>".to_owned();
    let look = |answer: String| vec![("DescribeVpcEndpoints", answer)];
    vec![
        Case {
            change: Change::EnableVpcDns {
                vpc: "vpc-1".into(),
                attribute: DnsAttribute::Hostnames,
            },
            looks: vec![(
                "DescribeVpcAttribute",
                "<enableDnsHostnames><value>false</value></enableDnsHostnames>".to_owned(),
            )],
            act: ("ModifyVpcAttribute", done()),
            already: "<enableDnsHostnames><value>true</value></enableDnsHostnames>".to_owned(),
            created: None,
        },
        Case {
            change: Change::CreateManagedGroup { vpc: "vpc-1".into() },
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
            change: Change::AddSubnet {
                endpoint: "vpce-1".into(),
                subnet: "subnet-2".into(),
                zone: "eu-central-1b".into(),
            },
            looks: look(interface("<subnetIdSet><item>subnet-1</item></subnetIdSet>")),
            act: ("ModifyVpcEndpoint", done()),
            already: interface("<subnetIdSet><item>subnet-1</item><item>subnet-2</item></subnetIdSet>"),
            created: None,
        },
        Case {
            change: Change::AssociateRouteTable {
                endpoint: "vpce-1".into(),
                route_table: "rtb-1".into(),
            },
            looks: look(gateway("")),
            act: ("ModifyVpcEndpoint", done()),
            already: gateway("<routeTableIdSet><item>rtb-1</item></routeTableIdSet>"),
            created: None,
        },
        Case {
            change: Change::AttachManagedGroup {
                endpoint: "vpce-1".into(),
                group: managed(),
            },
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
            change: Change::EnablePrivateDns {
                endpoint: "vpce-1".into(),
            },
            looks: look(interface("<privateDnsEnabled>false</privateDnsEnabled>")),
            act: ("ModifyVpcEndpoint", done()),
            already: interface("<privateDnsEnabled>true</privateDnsEnabled>"),
            created: None,
        },
        Case {
            change: Change::ReplacePolicy {
                endpoint: "vpce-1".into(),
                before: OPEN.to_owned(),
                after: CLOSED.to_owned(),
            },
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

#[tokio::test]
async fn every_change_is_applied_with_the_calls_that_it_declares() {
    let mut kinds = BTreeSet::new();
    for case in cases() {
        let cloud = first_time(&case);
        let created = case.created.map(str::to_owned);
        assert_eq!(
            apply(&cloud, &case.change).await,
            Outcome::Applied { created },
            "{}",
            case.change
        );
        let declared: BTreeSet<_> = calls(case.change.kind()).iter().copied().collect();
        for action in cloud.actions() {
            let action = format!("ec2:{action}");
            assert!(declared.contains(action.as_str()), "{}: {action}", case.change);
        }
        kinds.insert(case.change.kind());
    }
    assert_eq!(kinds.len(), 9);
}

#[tokio::test]
async fn every_change_applied_again_is_not_needed_and_changes_nothing() {
    for case in cases() {
        let mut cloud = Cloud::new();
        let (last, before) = match case.change {
            Change::CreateEndpoint(_) => (&case.looks[0], &case.looks[..0]),
            _ => case.looks.split_last().unwrap(),
        };
        for (action, answer) in before {
            cloud = cloud.on(action, answer);
        }
        cloud = cloud.on(last.0, &case.already);
        let outcome = apply(&cloud, &case.change).await;
        assert!(
            matches!(outcome, Outcome::NotNeeded { .. }),
            "{}: {outcome:?}",
            case.change
        );
    }
}

#[tokio::test]
async fn every_change_that_fails_at_any_call_says_what_and_whether_to_try_again() {
    let refusals = [
        ("RequestLimitExceeded", true),
        ("InternalError", true),
        ("UnauthorizedOperation", false),
    ];
    for case in cases() {
        let calls: Vec<_> = case.looks.iter().chain([&case.act]).collect();
        for position in 0..calls.len() {
            for (code, worth) in refusals {
                let failing = calls[position].0;
                let cloud = Cloud::new().refuse(failing, code, "No.");
                // The order of looks is nobody's business: those that are asked for are answered.
                let cloud = calls
                    .iter()
                    .filter(|(action, _)| *action != failing)
                    .fold(cloud, |cloud, (action, answer)| cloud.always(action, answer));
                let outcome = apply(&cloud, &case.change).await;
                let Outcome::Failed { cause, transient } = outcome else {
                    panic!("{} failing at {failing}: {outcome:?}", case.change);
                };
                assert_eq!(transient, worth, "{cause}");
                let start = format!("could not {}: ec2:{failing} failed: {code}: No; ", case.change);
                assert!(cause.starts_with(&start), "{cause}");
                if position + 1 < calls.len() {
                    assert!(
                        cloud.requests(case.act.0).is_empty(),
                        "{} after {failing} failed",
                        case.change
                    );
                }
            }
        }
    }
}

#[tokio::test]
async fn a_connection_that_breaks_is_worth_another_attempt() {
    for case in cases() {
        let looked = case
            .looks
            .iter()
            .fold(Cloud::new(), |cloud, (action, answer)| cloud.on(action, answer));
        let outcome = apply(&looked.breaks(case.act.0), &case.change).await;
        let Outcome::Failed { cause, transient: true } = outcome else {
            panic!("{}: {outcome:?}", case.change);
        };
        assert!(cause.contains("connection reset by peer"), "{cause}");
    }
}

#[tokio::test]
async fn success_with_return_false_is_a_failure() {
    for case in cases() {
        if !matches!(case.act.0, "ModifyVpcEndpoint" | "AuthorizeSecurityGroupIngress") {
            continue;
        }
        let looked = case
            .looks
            .iter()
            .fold(Cloud::new(), |cloud, (action, answer)| cloud.on(action, answer));
        let outcome = apply(&looked.on(case.act.0, "<return>false</return>"), &case.change).await;
        assert!(
            matches!(outcome, Outcome::Failed { transient: false, .. }),
            "{}: {outcome:?}",
            case.change
        );
    }
}

fn skipped_because(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Skipped { reason } => reason,
        other => panic!("not skipped: {other:?}"),
    }
}

fn failed_because(outcome: &Outcome) -> (&str, bool) {
    match outcome {
        Outcome::Failed { cause, transient } => (cause, *transient),
        other => panic!("not failed: {other:?}"),
    }
}

#[tokio::test]
async fn an_endpoint_that_is_gone_is_skipped() {
    for case in cases().iter().filter(|case| case.change.endpoint().is_some()) {
        for code in ["InvalidVpcEndpointId.NotFound", "InvalidVpcEndpoint.NotFound"] {
            let cloud = Cloud::new().refuse("DescribeVpcEndpoints", code, "The Vpc Endpoint Id does not exist");
            assert_eq!(
                skipped_because(&apply(&cloud, &case.change).await),
                "vpce-1 no longer exists"
            );
        }
        let cloud = Cloud::new().on("DescribeVpcEndpoints", "<vpcEndpointSet/>");
        assert_eq!(
            skipped_because(&apply(&cloud, &case.change).await),
            "vpce-1 no longer exists"
        );
    }
}

#[tokio::test]
async fn an_endpoint_that_is_not_ours_to_touch_is_skipped() {
    let table = [
        (
            "<state>available</state>",
            "<state>Deleting</state>",
            "vpce-1 is in state `Deleting`",
        ),
        (
            "<state>available</state>",
            "<state>available</state><requesterManaged>true</requesterManaged>",
            "vpce-1 is managed by the AWS service that requested it",
        ),
        (
            "<ownerId>111122223333</ownerId>",
            "<ownerId>444455556666</ownerId>",
            "vpce-1 belongs to account 444455556666",
        ),
        (
            "<state>available</state>",
            "<state>available</state><tagSet><item><key>GuardDutyManaged</key><value>true</value></item></tagSet>",
            "vpce-1 is managed by Amazon GuardDuty",
        ),
    ];
    for case in cases().iter().filter(|case| case.change.endpoint().is_some()) {
        for (now, then, reason) in table {
            let cloud = Cloud::new().on("DescribeVpcEndpoints", &interface("").replace(now, then));
            assert_eq!(skipped_because(&apply(&cloud, &case.change).await), reason);
        }
    }
}

#[tokio::test]
async fn an_endpoint_of_the_wrong_type_is_not_modified() {
    let subnet = Change::AddSubnet {
        endpoint: "vpce-1".into(),
        subnet: "subnet-2".into(),
        zone: "eu-central-1b".into(),
    };
    let table = Change::AssociateRouteTable {
        endpoint: "vpce-1".into(),
        route_table: "rtb-1".into(),
    };
    let cloud = Cloud::new().on("DescribeVpcEndpoints", &gateway(""));
    assert!(!failed_because(&apply(&cloud, &subnet).await).1);
    let cloud = Cloud::new().on("DescribeVpcEndpoints", &interface(""));
    assert!(!failed_because(&apply(&cloud, &table).await).1);
}

#[tokio::test]
async fn a_policy_that_changed_since_it_was_observed_is_left_alone() {
    let change = Change::ReplacePolicy {
        endpoint: "vpce-1".into(),
        before: OPEN.to_owned(),
        after: CLOSED.to_owned(),
    };
    for live in [r#"{"Statement":[{"Effect":"Deny"}]}"#, "not JSON"] {
        let live = interface(&format!("<policyDocument>{}</policyDocument>", escaped(live)));
        let cloud = Cloud::new().on("DescribeVpcEndpoints", &live);
        assert_eq!(
            skipped_because(&apply(&cloud, &change).await),
            "the policy of vpce-1 was changed since it was observed"
        );
    }
}

#[tokio::test]
async fn modify_sends_what_the_change_says_and_nothing_else() {
    let wire = [
        ("AddSubnetId.1", "subnet-2"),
        ("AddRouteTableId.1", "rtb-1"),
        ("AddSecurityGroupId.1", "sg-managed"),
        ("PrivateDnsEnabled", "true"),
        ("PolicyDocument", CLOSED),
    ];
    let mut wire = wire.into_iter();
    for case in cases().iter().filter(|case| case.change.endpoint().is_some()) {
        let cloud = first_time(case);
        apply(&cloud, &case.change).await;
        let mut request = cloud.request("ModifyVpcEndpoint");
        let (key, value) = wire.next().unwrap();
        assert_eq!(request.remove(key).as_deref(), Some(value));
        assert_eq!(request.remove("VpcEndpointId").as_deref(), Some("vpce-1"));
        let rest: Vec<_> = request.keys().map(String::as_str).collect();
        assert_eq!(rest, ["Action", "Version"]);
    }
    assert_eq!(wire.next(), None);
}

#[tokio::test]
async fn each_dns_attribute_is_enabled_by_itself() {
    for (attribute, field) in [
        (DnsAttribute::Support, "EnableDnsSupport"),
        (DnsAttribute::Hostnames, "EnableDnsHostnames"),
    ] {
        let off = "<enableDnsSupport><value>false</value></enableDnsSupport>\
            <enableDnsHostnames><value>false</value></enableDnsHostnames>";
        let cloud = Cloud::new()
            .on("DescribeVpcAttribute", off)
            .on("ModifyVpcAttribute", "<return>true</return>");
        let vpc = VpcId::from("vpc-1");
        apply(&cloud, &Change::EnableVpcDns { vpc, attribute }).await;
        let request = cloud.request("ModifyVpcAttribute");
        assert_eq!(request[&format!("{field}.Value")], "true");
        assert_eq!(request.keys().filter(|key| key.starts_with("Enable")).count(), 1);
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

#[tokio::test]
async fn an_interface_endpoint_is_created_with_everything_in_one_call() {
    let cases = cases();
    let cloud = first_time(&cases[3]);
    apply(&cloud, &cases[3].change).await;
    let request = cloud.request("CreateVpcEndpoint");
    for (key, value) in [
        ("VpcEndpointType", "Interface"),
        ("VpcId", "vpc-1"),
        ("ServiceName", "com.amazonaws.eu-central-1.sts"),
        ("ClientToken", "token-1"),
        ("IpAddressType", "ipv4"),
        ("PrivateDnsEnabled", "true"),
        ("PolicyDocument", CLOSED),
        ("SubnetId.1", "subnet-1"),
        ("SubnetId.2", "subnet-2"),
        ("SecurityGroupId.1", "sg-managed"),
        ("TagSpecification.1.ResourceType", "vpc-endpoint"),
    ] {
        assert_eq!(request.get(key).map(String::as_str), Some(value), "{key}");
    }
    assert!(!request.contains_key("RouteTableId.1"));
    assert_eq!(
        tags(&request),
        BTreeMap::from([
            ("Name", "postern-sts"),
            ("postern:managed", "true"),
            ("postern:control", "the-control"),
            ("postern:run", "run-1"),
        ])
    );
    let look = cloud.request("DescribeVpcEndpoints");
    assert_eq!(
        (look["Filter.1.Name"].as_str(), look["Filter.1.Value.1"].as_str()),
        ("vpc-id", "vpc-1")
    );
    assert_eq!(look["Filter.2.Name"], "service-name");
    assert_eq!(look["Filter.2.Value.1"], "com.amazonaws.eu-central-1.sts");
}

#[tokio::test]
async fn a_gateway_endpoint_is_created_with_route_tables_and_nothing_of_an_interface_endpoint() {
    let cases = cases();
    let cloud = first_time(&cases[4]);
    apply(&cloud, &cases[4].change).await;
    let request = cloud.request("CreateVpcEndpoint");
    assert_eq!(request["VpcEndpointType"], "Gateway");
    assert_eq!(
        (request["RouteTableId.1"].as_str(), request["RouteTableId.2"].as_str()),
        ("rtb-1", "rtb-2")
    );
    for absent in [
        "SubnetId.1",
        "SecurityGroupId.1",
        "PrivateDnsEnabled",
        "IpAddressType",
        "PolicyDocument",
    ] {
        assert!(!request.contains_key(absent), "{absent}");
    }
}

#[tokio::test]
async fn an_endpoint_that_does_not_count_does_not_keep_another_from_being_created() {
    let others = [
        interface("").replace("available", "deleted"),
        interface("<serviceRegion>us-east-1</serviceRegion>"),
        gateway(""),
    ];
    for other in others {
        let cloud = Cloud::new()
            .on("DescribeVpcEndpoints", &other)
            .on("DescribeSecurityGroups", &group(""))
            .on("CreateVpcEndpoint", &created("pending"));
        let outcome = apply(&cloud, &Change::CreateEndpoint(new_interface())).await;
        assert!(matches!(outcome, Outcome::Applied { .. }), "{outcome:?}");
    }
    let cloud = Cloud::new().on(
        "DescribeVpcEndpoints",
        &interface("").replace("available", "hibernating"),
    );
    let outcome = apply(&cloud, &Change::CreateEndpoint(new_interface())).await;
    assert_eq!(skipped_because(&outcome), "vpce-1 is in a state that is not known here");
}

fn tokens(cloud: &Cloud) -> Vec<String> {
    let requests = cloud.requests("CreateVpcEndpoint");
    requests.iter().map(|request| request["ClientToken"].clone()).collect()
}

#[tokio::test]
async fn a_token_that_brings_back_a_dead_endpoint_is_replaced() {
    for state in ["deleting", "Deleted", "failed", "rejected", "expired"] {
        let cloud = Cloud::new()
            .on("DescribeVpcEndpoints", "<vpcEndpointSet/>")
            .on("CreateVpcEndpoint", &created_as("vpce-old", state))
            .on("CreateVpcEndpoint", &created("available"));
        let outcome = apply(&cloud, &Change::CreateEndpoint(new_gateway())).await;
        let created = Some("vpce-new".to_owned());
        assert_eq!(outcome, Outcome::Applied { created });
        assert_eq!(
            tokens(&cloud),
            ["token-1".to_owned(), client_token(["token-1", "vpce-old"])]
        );
    }
}

#[tokio::test]
async fn the_third_dead_endpoint_ends_the_attempt() {
    let cloud = Cloud::new().on("DescribeVpcEndpoints", "<vpcEndpointSet/>");
    let dead = ["vpce-a", "vpce-b", "vpce-c"].map(|id| created_as(id, "deleted"));
    let cloud = dead
        .iter()
        .fold(cloud, |cloud, dead| cloud.on("CreateVpcEndpoint", dead));
    let outcome = apply(&cloud, &Change::CreateEndpoint(new_gateway())).await;
    assert!(failed_because(&outcome).1);
    assert_eq!(tokens(&cloud).iter().collect::<BTreeSet<_>>().len(), 3);
}

#[tokio::test]
async fn what_a_concurrent_run_created_with_the_same_token_is_waited_for() {
    let cloud = Cloud::new()
        .on("DescribeVpcEndpoints", "<vpcEndpointSet/>")
        .refuse(
            "CreateVpcEndpoint",
            "IdempotentParameterMismatch",
            "The token was used with other parameters",
        )
        .on("DescribeVpcEndpoints", "<vpcEndpointSet/>")
        .on("DescribeVpcEndpoints", &gateway(""));
    let outcome = apply(&cloud, &Change::CreateEndpoint(new_gateway())).await;
    assert!(matches!(outcome, Outcome::NotNeeded { .. }), "{outcome:?}");
    assert_eq!(cloud.requests("CreateVpcEndpoint").len(), 1);
}

#[tokio::test]
async fn a_token_that_an_endpoint_used_up_which_is_gone_is_replaced() {
    let cloud = Cloud::new()
        .always("DescribeVpcEndpoints", &gateway("").replace("available", "deleted"))
        .refuse(
            "CreateVpcEndpoint",
            "IdempotentParameterMismatch",
            "The token was used with other parameters",
        )
        .on("CreateVpcEndpoint", &created("available"));
    let outcome = apply(&cloud, &Change::CreateEndpoint(new_gateway())).await;
    assert!(matches!(outcome, Outcome::Applied { .. }), "{outcome:?}");
    assert_eq!(tokens(&cloud)[1], client_token(["token-1", "vpce-1"]));
}

#[tokio::test]
async fn what_another_run_asked_for_and_does_not_show_yet_is_not_asked_for_twice() {
    let cloud = Cloud::new().always("DescribeVpcEndpoints", "<vpcEndpointSet/>").refuse(
        "CreateVpcEndpoint",
        "IdempotentParameterMismatch",
        "The token was used with other parameters",
    );
    let outcome = apply(&cloud, &Change::CreateEndpoint(new_gateway())).await;
    assert!(failed_because(&outcome).1, "{outcome:?}");
    assert_eq!(cloud.requests("CreateVpcEndpoint").len(), 1);
}

#[tokio::test]
async fn a_repeated_request_carries_the_same_token() {
    let cloud = Cloud::new()
        .on("DescribeVpcEndpoints", "<vpcEndpointSet/>")
        .refuse("CreateVpcEndpoint", "InternalError", "An internal error has occurred")
        .on("CreateVpcEndpoint", &created("available"));
    let aws = cloud.aws_with_attempts(2);
    let mut applier = aws.applier(&"111122223333".into(), &"eu-central-1".into(), &"run-1".into());
    let outcome = applier
        .apply(&Change::CreateEndpoint(new_gateway()), "the-control")
        .await;
    assert!(matches!(outcome, Outcome::Applied { .. }), "{outcome:?}");
    assert_eq!(tokens(&cloud), ["token-1", "token-1"]);
}

#[tokio::test]
async fn only_interface_and_gateway_endpoints_are_created() {
    let new = NewEndpoint {
        endpoint_kind: EndpointKind::GatewayLoadBalancer,
        ..new_interface()
    };
    let outcome = apply(&Cloud::new(), &Change::CreateEndpoint(new)).await;
    assert!(!failed_because(&outcome).1);
}

#[tokio::test]
async fn an_answer_without_the_endpoint_is_a_failure() {
    let cloud = Cloud::new()
        .on("DescribeVpcEndpoints", "<vpcEndpointSet/>")
        .on("CreateVpcEndpoint", "");
    let outcome = apply(&cloud, &Change::CreateEndpoint(new_gateway())).await;
    assert!(!failed_because(&outcome).1);
}

#[tokio::test]
async fn the_managed_group_is_created_with_its_name_and_tags() {
    let cases = cases();
    let cloud = first_time(&cases[1]);
    apply(&cloud, &cases[1].change).await;
    let look = cloud.request("DescribeSecurityGroups");
    assert_eq!(
        (look["Filter.1.Name"].as_str(), look["Filter.1.Value.1"].as_str()),
        ("vpc-id", "vpc-1")
    );
    assert_eq!(look["Filter.2.Name"], "group-name");
    assert_eq!(look["Filter.2.Value.1"], MANAGED_GROUP_NAME);
    let request = cloud.request("CreateSecurityGroup");
    assert_eq!(request["GroupName"], MANAGED_GROUP_NAME);
    assert_eq!(request["VpcId"], "vpc-1");
    assert_eq!(request["TagSpecification.1.ResourceType"], "security-group");
    assert_eq!(tags(&request)["postern:managed"], "true");
    assert_eq!(tags(&request)["postern:run"], "run-1");
}

#[tokio::test]
async fn a_group_with_our_name_but_without_our_tag_is_left_alone() {
    let theirs = group("").replace("<value>true</value>", "<value>no</value>");
    let changes = [
        Change::CreateManagedGroup { vpc: "vpc-1".into() },
        authorize(managed()),
        Change::CreateEndpoint(new_interface()),
        Change::AttachManagedGroup {
            endpoint: "vpce-1".into(),
            group: managed(),
        },
    ];
    for change in changes {
        let cloud = Cloud::new().on("DescribeSecurityGroups", &theirs);
        let endpoints = match change {
            Change::AttachManagedGroup { .. } => interface(""),
            _ => "<vpcEndpointSet/>".to_owned(),
        };
        let outcome = apply(&cloud.always("DescribeVpcEndpoints", &endpoints), &change).await;
        let (cause, transient) = failed_because(&outcome);
        assert!(
            cause.contains("sg-managed in vpc-1 is named postern-endpoint-ingress but lacks the tag"),
            "{cause}"
        );
        assert!(!transient);
    }
}

#[tokio::test]
async fn a_group_that_a_concurrent_run_created_first_is_not_needed() {
    let duplicate = |cloud: Cloud| {
        let cloud = cloud.on("DescribeSecurityGroups", "<securityGroupInfo/>");
        cloud.refuse(
            "CreateSecurityGroup",
            "InvalidGroup.Duplicate",
            "The security group already exists",
        )
    };
    let change = Change::CreateManagedGroup { vpc: "vpc-1".into() };
    let cloud = duplicate(Cloud::new()).on("DescribeSecurityGroups", &group(""));
    let reason = "sg-managed is there".to_owned();
    assert_eq!(apply(&cloud, &change).await, Outcome::NotNeeded { reason });
    let cloud = duplicate(Cloud::new()).on("DescribeSecurityGroups", "<securityGroupInfo/>");
    assert!(failed_because(&apply(&cloud, &change).await).1);
}

#[tokio::test]
async fn a_group_that_aws_does_not_show_yet_is_used_all_the_same() {
    let cloud = Cloud::new()
        .always("DescribeSecurityGroups", "<securityGroupInfo/>")
        .on("CreateSecurityGroup", "<groupId>sg-managed</groupId>")
        .on("AuthorizeSecurityGroupIngress", "<return>true</return>")
        .on("DescribeVpcEndpoints", "<vpcEndpointSet/>")
        .on("CreateVpcEndpoint", &created("pending"));
    let mut applier = applier(&cloud);
    for change in [
        Change::CreateManagedGroup { vpc: "vpc-1".into() },
        authorize(managed()),
        Change::CreateEndpoint(new_interface()),
    ] {
        let outcome = applier.apply(&change, "the-control").await;
        assert!(matches!(outcome, Outcome::Applied { .. }), "{change}: {outcome:?}");
    }
    assert_eq!(cloud.request("AuthorizeSecurityGroupIngress")["GroupId"], "sg-managed");
    assert_eq!(cloud.request("CreateVpcEndpoint")["SecurityGroupId.1"], "sg-managed");
}

#[tokio::test]
async fn a_group_of_this_run_that_aws_does_not_find_yet_is_worth_another_attempt() {
    let cloud = Cloud::new()
        .always("DescribeSecurityGroups", "<securityGroupInfo/>")
        .on("CreateSecurityGroup", "<groupId>sg-managed</groupId>")
        .refuse(
            "AuthorizeSecurityGroupIngress",
            "InvalidGroup.NotFound",
            "The security group does not exist",
        );
    let mut applier = applier(&cloud);
    applier
        .apply(&Change::CreateManagedGroup { vpc: "vpc-1".into() }, "the-control")
        .await;
    let outcome = applier.apply(&authorize(managed()), "the-control").await;
    assert!(failed_because(&outcome).1);
}

#[tokio::test]
async fn changes_that_need_a_managed_group_are_skipped_where_there_is_none() {
    let changes = [authorize(managed()), Change::CreateEndpoint(new_interface())];
    for change in changes {
        let cloud = Cloud::new()
            .on("DescribeSecurityGroups", "<securityGroupInfo/>")
            .always("DescribeVpcEndpoints", "<vpcEndpointSet/>");
        skipped_because(&apply(&cloud, &change).await);
    }
}

#[tokio::test]
async fn ingress_is_authorized_for_the_sources_that_are_missing_alone() {
    let cloud = Cloud::new()
        .on("DescribeSecurityGroups", &group(&https_from(&["10.0.0.0/16"])))
        .on("AuthorizeSecurityGroupIngress", "<return>true</return>");
    let outcome = apply(&cloud, &authorize(managed())).await;
    let created = Some("sg-managed".to_owned());
    assert_eq!(outcome, Outcome::Applied { created });
    let request = cloud.request("AuthorizeSecurityGroupIngress");
    for (key, value) in [
        ("GroupId", "sg-managed"),
        ("IpPermissions.1.IpProtocol", "tcp"),
        ("IpPermissions.1.FromPort", "443"),
        ("IpPermissions.1.ToPort", "443"),
        ("IpPermissions.1.Ipv6Ranges.1.CidrIpv6", "2001:db8:1::/56"),
    ] {
        assert_eq!(request.get(key).map(String::as_str), Some(value), "{key}");
    }
    assert!(
        !request
            .keys()
            .any(|key| key.contains("IpRanges") || key.starts_with("IpPermissions.2"))
    );
}

#[tokio::test]
async fn both_families_of_addresses_are_authorized() {
    let cloud = Cloud::new()
        .on("DescribeSecurityGroups", &group(""))
        .on("AuthorizeSecurityGroupIngress", "<return>true</return>");
    apply(&cloud, &authorize(managed())).await;
    let request = cloud.request("AuthorizeSecurityGroupIngress");
    assert_eq!(request["IpPermissions.1.IpRanges.1.CidrIp"], "10.0.0.0/16");
    assert_eq!(request["IpPermissions.1.Ipv6Ranges.1.CidrIpv6"], "2001:db8:1::/56");
}

#[tokio::test]
async fn rules_that_do_not_admit_https_do_not_count() {
    let ssh = https_from(&["10.0.0.0/16", "2001:db8:1::/56"]).replace("443", "22");
    let cloud = Cloud::new()
        .on("DescribeSecurityGroups", &group(&ssh))
        .on("AuthorizeSecurityGroupIngress", "<return>true</return>");
    assert!(matches!(
        apply(&cloud, &authorize(managed())).await,
        Outcome::Applied { .. }
    ));
}

#[tokio::test]
async fn other_peoples_groups_are_not_edited() {
    for theirs in [
        group("").replace("<value>true</value>", "<value>no</value>"),
        group("").replace(MANAGED_GROUP_NAME, "web"),
    ] {
        let cloud = Cloud::new().on("DescribeSecurityGroups", &theirs);
        let outcome = apply(&cloud, &authorize(managed())).await;
        let (cause, transient) = failed_because(&outcome);
        assert!(cause.contains("lacks the tag postern:managed") && !transient, "{cause}");
        assert_eq!(cloud.requests("AuthorizeSecurityGroupIngress").len(), 0);
    }
}

#[tokio::test]
async fn a_rule_that_came_in_between_does_not_keep_the_others_out() {
    let duplicate = "the specified rule already exists";
    let raced = || {
        Cloud::new().on("DescribeSecurityGroups", &group("")).refuse(
            "AuthorizeSecurityGroupIngress",
            "InvalidPermission.Duplicate",
            duplicate,
        )
    };
    let cloud = raced()
        .on("DescribeSecurityGroups", &group(&https_from(&["10.0.0.0/16"])))
        .on("AuthorizeSecurityGroupIngress", "<return>true</return>");
    assert!(matches!(
        apply(&cloud, &authorize(managed())).await,
        Outcome::Applied { .. }
    ));
    let second = &cloud.requests("AuthorizeSecurityGroupIngress")[1];
    assert!(!second.contains_key("IpPermissions.1.IpRanges.1.CidrIp"));

    let both = https_from(&["10.0.0.0/16", "2001:db8:1::/56"]);
    let cloud = raced().on("DescribeSecurityGroups", &group(&both));
    assert!(matches!(
        apply(&cloud, &authorize(managed())).await,
        Outcome::NotNeeded { .. }
    ));

    let one = https_from(&["10.0.0.0/16"]);
    let cloud = Cloud::new().on("DescribeSecurityGroups", &group(&one)).refuse(
        "AuthorizeSecurityGroupIngress",
        "InvalidPermission.Duplicate",
        duplicate,
    );
    assert!(matches!(
        apply(&cloud, &authorize(managed())).await,
        Outcome::NotNeeded { .. }
    ));
}

#[tokio::test]
async fn refusals_are_told_apart_by_code_and_words() {
    #[derive(Debug, PartialEq)]
    enum Is {
        Transient,
        Permanent,
        NotNeeded,
        Skipped,
    }
    let table = [
        (
            "InvalidParameter",
            "private-dns-enabled cannot be set because there is already a conflicting DNS domain for \
             sts.eu-central-1.amazonaws.com in the VPC vpc-1",
            Is::Transient,
            "some minutes",
        ),
        (
            "InvalidParameter",
            "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true",
            Is::Transient,
            "DNS attributes",
        ),
        (
            "InvalidParameter",
            "The VPC endpoint service com.amazonaws.eu-central-1.sts does not support the availability zone of the \
             subnet: subnet-1",
            Is::Permanent,
            "not offered in that zone",
        ),
        (
            "InvalidParameter",
            "Subnet IDs are only supported for Interface and GatewayLoadBalancer type VPC Endpoints",
            Is::Permanent,
            "takes no subnets",
        ),
        (
            "InvalidParameter",
            "Something new",
            Is::Permanent,
            "look into what AWS says",
        ),
        ("DuplicateSubnetsInSameZone", "Two subnets", Is::NotNeeded, "zone"),
        (
            "RouteAlreadyExists",
            "route table rtb-1 already has a route",
            Is::Permanent,
            "decide",
        ),
        (
            "InsufficientFreeAddressesInSubnet",
            "No addresses",
            Is::Permanent,
            "free addresses",
        ),
        (
            "VpcEndpointLimitExceeded",
            "The maximum is reached",
            Is::Permanent,
            "higher quota",
        ),
        (
            "RulesPerSecurityGroupLimitExceeded",
            "The maximum is reached",
            Is::Permanent,
            "higher quota",
        ),
        (
            "SomethingElseLimitExceeded",
            "The maximum is reached",
            Is::Permanent,
            "higher quota",
        ),
        (
            "InvalidServiceName",
            "The service does not exist",
            Is::Permanent,
            "correct the requirement",
        ),
        ("IncorrectState", "The endpoint is pending", Is::Transient, "busy"),
        ("OperationNotPermitted", "Not yours", Is::Permanent, "another account"),
        (
            "UnauthorizedOperation",
            "You are not authorized",
            Is::Permanent,
            "let the function's role call ec2:ModifyVpcEndpoint",
        ),
        (
            "RequestLimitExceeded",
            "Request limit exceeded",
            Is::Transient,
            "tried again",
        ),
        ("Unavailable", "Try later", Is::Transient, "tried again"),
        (
            "InvalidSubnetID.NotFound",
            "The subnet does not exist",
            Is::Skipped,
            "The subnet does not exist",
        ),
        (
            "InvalidSubnetId.NotFound",
            "The subnet does not exist",
            Is::Skipped,
            "The subnet does not exist",
        ),
        (
            "InvalidVpcEndpointId.NotFound",
            "The endpoint does not exist",
            Is::Skipped,
            "gone meanwhile",
        ),
        (
            "InvalidVpcEndpoint.NotFound",
            "The endpoint does not exist",
            Is::Skipped,
            "gone meanwhile",
        ),
    ];
    let change = Change::AddSubnet {
        endpoint: "vpce-1".into(),
        subnet: "subnet-2".into(),
        zone: "eu-central-1b".into(),
    };
    for (code, message, expected, words) in table {
        let cloud = Cloud::new()
            .on("DescribeVpcEndpoints", &interface(""))
            .refuse("ModifyVpcEndpoint", code, message);
        let (is, text) = match apply(&cloud, &change).await {
            Outcome::Failed { cause, transient: true } => (Is::Transient, cause),
            Outcome::Failed { cause, .. } => (Is::Permanent, cause),
            Outcome::NotNeeded { reason } => (Is::NotNeeded, reason),
            Outcome::Skipped { reason } => (Is::Skipped, reason),
            Outcome::Applied { .. } => panic!("{code} was taken for success"),
        };
        assert_eq!(is, expected, "{code}: {message}");
        assert!(text.contains(words), "{code}: {text}");
    }
}
