use std::collections::BTreeMap;

use postern_core::id::{ServiceName, Zone};
use postern_core::snapshot::{
    Endpoint, EndpointKind, EndpointState, IngressRule, IngressSource, Protocol, Route, RouteTable, RouteTarget,
    SecurityGroup, Subnet, SubnetClass, Tags, Vpc,
};
use postern_core::trigger::Target;

use super::*;
use crate::wire::{Cloud, Request};

const EVERYTHING: [Part; 6] = [
    Part::Dns,
    Part::Subnets,
    Part::RouteTables,
    Part::Endpoints,
    Part::SecurityGroups,
    Part::Services,
];

const VPC: &str = "<vpcSet><item><vpcId>vpc-1</vpcId><ownerId>111122223333</ownerId><state>available</state>\
    <cidrBlock>10.0.0.0/16</cidrBlock><cidrBlockAssociationSet>\
    <item><cidrBlock>10.0.0.0/16</cidrBlock><cidrBlockState><state>associated</state></cidrBlockState></item>\
    <item><cidrBlock>10.1.0.0/16</cidrBlock><cidrBlockState><state>associated</state></cidrBlockState></item>\
    <item><cidrBlock>10.2.0.0/16</cidrBlock><cidrBlockState><state>disassociated</state></cidrBlockState></item>\
    </cidrBlockAssociationSet><ipv6CidrBlockAssociationSet><item><ipv6CidrBlock>2001:db8:1::/56</ipv6CidrBlock>\
    <ipv6CidrBlockState><state>associated</state></ipv6CidrBlockState></item></ipv6CidrBlockAssociationSet>\
    <tagSet><item><key>env</key><value>prod</value></item></tagSet></item></vpcSet>";

const SUPPORT: &str = "<vpcId>vpc-1</vpcId><enableDnsSupport><value>true</value></enableDnsSupport>";
const HOSTNAMES: &str = "<vpcId>vpc-1</vpcId><enableDnsHostnames><value>false</value></enableDnsHostnames>";
const BOTH: &str = "<enableDnsSupport><value>true</value></enableDnsSupport>\
    <enableDnsHostnames><value>false</value></enableDnsHostnames>";

fn account() -> AccountId {
    "111122223333".into()
}

fn region() -> Region {
    "eu-central-1".into()
}

fn parts(parts: &[Part]) -> BTreeSet<Part> {
    parts.iter().copied().collect()
}

async fn look(cloud: &Cloud, parts: &[Part]) -> Result<Option<Snapshot>, ObserveError> {
    let parts = parts.iter().copied().collect();
    let seen = cloud
        .aws()
        .observe_vpc(&account(), &region(), &"vpc-1".into(), &parts)
        .await;
    cloud.done();
    seen
}

/// One part of a VPC for which EC2 answers this.
async fn look_at(part: Part, action: &str, content: &str) -> Snapshot {
    let cloud = Cloud::new().on("DescribeVpcs", VPC).on(action, content);
    look(&cloud, &[part]).await.unwrap().unwrap()
}

fn chain(error: &dyn std::error::Error) -> String {
    let cause = error.source().map(chain);
    cause.map_or(error.to_string(), |cause| format!("{error}: {cause}"))
}

fn empty_vpc() -> Cloud {
    Cloud::new()
        .on("DescribeVpcs", VPC)
        .on("DescribeVpcAttribute", BOTH)
        .on("DescribeVpcAttribute", BOTH)
        .on("DescribeSubnets", "<subnetSet/>")
        .on("DescribeRouteTables", "<routeTableSet/>")
        .on("DescribeVpcEndpoints", "<vpcEndpointSet/>")
        .on("DescribeSecurityGroups", "<securityGroupInfo/>")
        .on("DescribeVpcEndpointServices", "<serviceDetailSet/>")
}

#[tokio::test]
async fn a_whole_vpc_costs_eight_calls() {
    let cloud = empty_vpc();
    let snapshot = look(&cloud, &EVERYTHING).await.unwrap().unwrap();
    assert_eq!(cloud.actions().len(), 8);
    assert_eq!(snapshot.account, account());
    assert_eq!(snapshot.region, region());
    let cidrs = ["10.0.0.0/16", "10.1.0.0/16", "2001:db8:1::/56"];
    assert_eq!(
        snapshot.vpc,
        Vpc {
            id: "vpc-1".into(),
            owner: account(),
            cidrs: cidrs.iter().map(|cidr| cidr.parse().unwrap()).collect(),
            tags: Tags::from([("env".to_owned(), "prod".to_owned())]),
        }
    );
    assert_eq!(
        snapshot.dns,
        Ok(VpcDns {
            support: true,
            hostnames: false
        })
    );
    assert_eq!(snapshot.subnets, Ok(BTreeMap::new()));
    assert_eq!(snapshot.route_tables, Ok(BTreeMap::new()));
    assert_eq!(snapshot.endpoints, Ok(BTreeMap::new()));
    assert_eq!(snapshot.security_groups, Ok(BTreeMap::new()));
    assert!(snapshot.services.unwrap().services.is_empty());
}

#[tokio::test]
async fn every_list_is_asked_for_by_vpc_and_in_pages() {
    let cloud = empty_vpc();
    look(&cloud, &EVERYTHING).await.unwrap();
    for action in [
        "DescribeVpcs",
        "DescribeSubnets",
        "DescribeVpcEndpoints",
        "DescribeSecurityGroups",
    ] {
        let request = cloud.request(action);
        assert_eq!(request["Filter.1.Name"], "vpc-id");
        assert_eq!(request["Filter.1.Value.1"], "vpc-1");
        assert_eq!(request["MaxResults"], "1000", "{action}");
    }
    let tables = cloud.request("DescribeRouteTables");
    assert_eq!(tables["Filter.1.Value.1"], "vpc-1");
    assert_eq!(tables["MaxResults"], "100");
    let services = cloud.request("DescribeVpcEndpointServices");
    assert!(!services.contains_key("Filter.1.Name"));
    assert!(
        !services.contains_key("ServiceName.1"),
        "one bad name would fail the whole call"
    );
}

#[tokio::test]
async fn a_part_that_nobody_asked_for_is_a_gap_and_no_call() {
    let cloud = Cloud::new().on("DescribeVpcs", VPC);
    let snapshot = look(&cloud, &[]).await.unwrap().unwrap();
    assert_eq!(cloud.actions(), ["DescribeVpcs"]);
    assert_eq!(
        snapshot.subnets.unwrap_err().reason,
        "the subnets were not observed by this function"
    );
    assert_eq!(snapshot.dns.unwrap_err().part, Part::Dns);
    assert_eq!(snapshot.route_tables.unwrap_err().part, Part::RouteTables);
    assert_eq!(snapshot.endpoints.unwrap_err().part, Part::Endpoints);
    assert_eq!(snapshot.security_groups.unwrap_err().part, Part::SecurityGroups);
    assert_eq!(snapshot.services.unwrap_err().part, Part::Services);
}

#[tokio::test]
async fn each_part_takes_the_calls_that_it_declares() {
    let answers = |part| match part {
        Part::Dns => ("DescribeVpcAttribute", BOTH),
        Part::Subnets => ("DescribeSubnets", "<subnetSet/>"),
        Part::RouteTables => ("DescribeRouteTables", "<routeTableSet/>"),
        Part::Endpoints => ("DescribeVpcEndpoints", "<vpcEndpointSet/>"),
        Part::SecurityGroups => ("DescribeSecurityGroups", "<securityGroupInfo/>"),
        Part::Services => ("DescribeVpcEndpointServices", "<serviceDetailSet/>"),
    };
    for part in EVERYTHING {
        let (action, content) = answers(part);
        let cloud = Cloud::new().on("DescribeVpcs", VPC).always(action, content);
        look(&cloud, &[part]).await.unwrap();
        let declared: BTreeSet<String> = calls(part).iter().chain(VPC_CALLS).map(|c| (*c).to_owned()).collect();
        let made: BTreeSet<String> = cloud.actions().iter().map(|action| format!("ec2:{action}")).collect();
        assert_eq!(made, declared);
    }
}

#[tokio::test]
async fn a_vpc_that_is_gone_is_none() {
    let cloud = Cloud::new().on("DescribeVpcs", "<vpcSet/>");
    assert_eq!(look(&cloud, &[]).await.unwrap(), None);
    let cloud = Cloud::new().refuse(
        "DescribeVpcs",
        "InvalidVpcID.NotFound",
        "The vpc ID 'vpc-1' does not exist",
    );
    assert_eq!(look(&cloud, &[]).await.unwrap(), None);
}

#[tokio::test]
async fn a_vpc_that_is_gone_is_none_whatever_else_fails() {
    for code in ["InvalidVpcID.NotFound", "RequestLimitExceeded"] {
        let cloud = Cloud::new()
            .refuse("DescribeVpcAttribute", code, "The vpc ID 'vpc-1' does not exist")
            .on("DescribeVpcs", "<vpcSet/>");
        assert_eq!(look(&cloud, &[Part::Dns]).await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_vpc_whose_attributes_aws_does_not_know_yet_is_worth_another_look() {
    let cloud = Cloud::new()
        .on("DescribeVpcs", VPC)
        .refuse(
            "DescribeVpcAttribute",
            "InvalidVpcID.NotFound",
            "The vpc ID 'vpc-1' does not exist",
        )
        .refuse(
            "DescribeVpcAttribute",
            "InvalidVpcID.NotFound",
            "The vpc ID 'vpc-1' does not exist",
        );
    let error = cloud
        .aws()
        .observe_vpc(&account(), &region(), &"vpc-1".into(), &parts(&[Part::Dns]))
        .await
        .unwrap_err();
    assert!(error.transient());
}

#[tokio::test]
async fn access_denied_leaves_a_gap_in_its_part_alone() {
    let message = "You are not authorized to perform this operation. Encoded authorization failure message: 4Grt";
    let cloud = Cloud::new()
        .on("DescribeVpcs", VPC)
        .on("DescribeSubnets", "<subnetSet/>")
        .refuse("DescribeVpcEndpoints", "UnauthorizedOperation", message);
    let snapshot = look(&cloud, &[Part::Subnets, Part::Endpoints]).await.unwrap().unwrap();
    assert_eq!(snapshot.subnets, Ok(BTreeMap::new()));
    assert_eq!(
        snapshot.endpoints.unwrap_err(),
        Gap {
            part: Part::Endpoints,
            reason: "ec2:DescribeVpcEndpoints failed: UnauthorizedOperation: You are not authorized to perform this \
                     operation"
                .to_owned(),
        }
    );
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_leaves_a_gap() {
    let unreadable = [
        "<html>surprise",
        "<DescribeSubnetsResponse><subnetSet><item><subnetId>subnet-1</subnetId></item></subnetSet>\
         </DescribeSubnetsResponse>",
        "<DescribeSubnetsResponse><subnetSet><item><subnetId>subnet-1</subnetId><ownerId>111122223333</ownerId>\
         <availabilityZone>eu-central-1a</availabilityZone><cidrBlock>10.0.0.0/64</cidrBlock></item></subnetSet>\
         </DescribeSubnetsResponse>",
    ];
    for content in unreadable {
        let cloud = Cloud::new()
            .on("DescribeVpcs", VPC)
            .raw("DescribeSubnets", 200, content);
        let gap = look(&cloud, &[Part::Subnets])
            .await
            .unwrap()
            .unwrap()
            .subnets
            .unwrap_err();
        assert!(gap.reason.starts_with("ec2:DescribeSubnets failed: "), "{}", gap.reason);
        assert!(gap.reason.contains("the answer "), "{}", gap.reason);
    }
}

#[tokio::test]
async fn an_attribute_that_the_answer_lacks_is_not_taken_for_off() {
    let cloud = Cloud::new()
        .on("DescribeVpcs", VPC)
        .on("DescribeVpcAttribute", SUPPORT)
        .on("DescribeVpcAttribute", "<vpcId>vpc-1</vpcId>");
    let gap = look(&cloud, &[Part::Dns]).await.unwrap().unwrap().dns.unwrap_err();
    assert_eq!(
        gap.reason,
        "ec2:DescribeVpcAttribute failed: the answer for vpc-1 does not tell DNS hostnames"
    );
}

#[tokio::test]
async fn both_attributes_are_asked_for_and_kept_apart() {
    let cloud = Cloud::new()
        .on("DescribeVpcs", VPC)
        .on("DescribeVpcAttribute", SUPPORT)
        .on("DescribeVpcAttribute", HOSTNAMES);
    let snapshot = look(&cloud, &[Part::Dns]).await.unwrap().unwrap();
    assert_eq!(
        snapshot.dns,
        Ok(VpcDns {
            support: true,
            hostnames: false
        })
    );
    let asked: Vec<_> = cloud
        .requests("DescribeVpcAttribute")
        .iter()
        .map(|r| r["Attribute"].clone())
        .collect();
    assert_eq!(asked, ["enableDnsSupport", "enableDnsHostnames"]);
}

#[tokio::test]
async fn what_may_work_later_is_an_error_that_says_so() {
    let failures: [fn(Cloud) -> Cloud; 5] = [
        |cloud| cloud.refuse("DescribeSubnets", "RequestLimitExceeded", "Request limit exceeded."),
        |cloud| cloud.refuse("DescribeSubnets", "InternalError", "An internal error has occurred"),
        |cloud| cloud.raw("DescribeSubnets", 502, "<html>Bad Gateway</html>"),
        |cloud| cloud.breaks("DescribeSubnets"),
        |cloud| cloud.silence("DescribeSubnets"),
    ];
    for fail in failures {
        let cloud = fail(Cloud::new().on("DescribeVpcs", VPC));
        let error = look(&cloud, &[Part::Subnets]).await.unwrap_err();
        assert!(error.transient(), "{}", chain(&error));
        let text = chain(&error);
        assert!(
            text.starts_with("cannot look at vpc-1 in eu-central-1: ec2:DescribeSubnets failed: "),
            "{text}"
        );
    }
}

#[tokio::test]
async fn a_vpc_that_may_not_be_looked_at_is_an_error_for_good() {
    let cloud = Cloud::new().refuse("DescribeVpcs", "UnauthorizedOperation", "You are not authorized.");
    let error = look(&cloud, &[]).await.unwrap_err();
    assert!(!error.transient());
}

#[tokio::test]
async fn all_pages_are_read() {
    let page = |id: &str, next: &str| {
        format!(
            "<subnetSet><item><subnetId>{id}</subnetId><ownerId>111122223333</ownerId>\
             <availabilityZone>eu-central-1a</availabilityZone></item></subnetSet>{next}"
        )
    };
    let cloud = Cloud::new()
        .on("DescribeVpcs", VPC)
        .on("DescribeSubnets", &page("subnet-1", "<nextToken>two</nextToken>"))
        .on("DescribeSubnets", &page("subnet-2", "<nextToken>three</nextToken>"))
        .on("DescribeSubnets", &page("subnet-3", "<nextToken></nextToken>"));
    let snapshot = look(&cloud, &[Part::Subnets]).await.unwrap().unwrap();
    assert_eq!(snapshot.subnets.unwrap().len(), 3);
    let token = |request: &Request| request.get("NextToken").cloned();
    let tokens: Vec<_> = cloud.requests("DescribeSubnets").iter().map(token).collect();
    assert_eq!(tokens, [None, Some("two".to_owned()), Some("three".to_owned())]);
}

#[tokio::test]
async fn a_catalogue_of_several_pages_is_read_whole() {
    let page = |name: &str, next: &str| {
        format!(
            "<serviceDetailSet><item><serviceName>{name}</serviceName><serviceType><item>\
             <serviceType>Interface</serviceType></item></serviceType></item></serviceDetailSet>{next}"
        )
    };
    let cloud = Cloud::new()
        .on("DescribeVpcs", VPC)
        .on(
            "DescribeVpcEndpointServices",
            &page("one", "<nextToken>two</nextToken>"),
        )
        .on("DescribeVpcEndpointServices", &page("two", ""));
    let snapshot = look(&cloud, &[Part::Services]).await.unwrap().unwrap();
    assert_eq!(snapshot.services.unwrap().services.len(), 2);
    assert_eq!(cloud.requests("DescribeVpcEndpointServices")[1]["NextToken"], "two");
}

#[tokio::test]
async fn the_same_page_twice_is_a_gap_and_no_endless_loop() {
    let page = "<subnetSet/><nextToken>again</nextToken>";
    let cloud = Cloud::new()
        .on("DescribeVpcs", VPC)
        .on("DescribeSubnets", page)
        .on("DescribeSubnets", page);
    let gap = look(&cloud, &[Part::Subnets])
        .await
        .unwrap()
        .unwrap()
        .subnets
        .unwrap_err();
    assert_eq!(gap.reason, "ec2:DescribeSubnets failed: the same page came twice");
}

#[tokio::test]
async fn subnets_are_read_whole() {
    let content = "<subnetSet><item><subnetId>subnet-1</subnetId><ownerId>444455556666</ownerId>\
        <availabilityZone>eu-central-1a</availabilityZone><cidrBlock>10.0.1.0/24</cidrBlock>\
        <availableIpAddressCount>250</availableIpAddressCount>\
        <outpostArn>arn:aws:outposts:eu-central-1:111122223333:outpost/op-1</outpostArn>\
        <tagSet><item><key>tier</key><value>app</value></item><item><key>empty</key></item></tagSet></item>\
        <item><subnetId>subnet-2</subnetId><ownerId>111122223333</ownerId>\
        <availabilityZone>eu-central-1b</availabilityZone><ipv6Native>true</ipv6Native>\
        <ipv6CidrBlockAssociationSet><item><ipv6CidrBlock>2001:db8:1:2::/64</ipv6CidrBlock>\
        <ipv6CidrBlockState><state>associated</state></ipv6CidrBlockState></item>\
        <item><ipv6CidrBlock>2001:db8:1:3::/64</ipv6CidrBlock>\
        <ipv6CidrBlockState><state>disassociated</state></ipv6CidrBlockState></item>\
        </ipv6CidrBlockAssociationSet></item></subnetSet>";
    let subnets = look_at(Part::Subnets, "DescribeSubnets", content)
        .await
        .subnets
        .unwrap();
    assert_eq!(
        subnets[&"subnet-1".into()],
        Subnet {
            id: "subnet-1".into(),
            owner: "444455556666".into(),
            zone: "eu-central-1a".into(),
            ipv4: Some("10.0.1.0/24".parse().unwrap()),
            ipv6: BTreeSet::new(),
            free_addresses: 250,
            outpost: true,
            tags: [("tier", "app"), ("empty", "")]
                .map(|(k, v)| (k.to_owned(), v.to_owned()))
                .into(),
        }
    );
    let six = &subnets[&"subnet-2".into()];
    assert_eq!(six.ipv4, None);
    assert_eq!(six.ipv6, BTreeSet::from(["2001:db8:1:2::/64".parse().unwrap()]));
    assert_eq!((six.free_addresses, six.outpost), (0, false));
}

#[tokio::test]
async fn route_tables_are_read_whole() {
    let content = "<routeTableSet>\
        <item><routeTableId>rtb-main</routeTableId><vpcId>vpc-1</vpcId><routeSet>\
        <item><destinationCidrBlock>10.0.0.0/16</destinationCidrBlock><gatewayId>local</gatewayId><state>active</state></item>\
        <item><destinationCidrBlock>0.0.0.0/0</destinationCidrBlock><gatewayId>igw-1</gatewayId><state>active</state></item>\
        <item><destinationIpv6CidrBlock>::/0</destinationIpv6CidrBlock>\
        <egressOnlyInternetGatewayId>eigw-1</egressOnlyInternetGatewayId><state>active</state></item>\
        <item><destinationPrefixListId>pl-1</destinationPrefixListId><gatewayId>vpce-1</gatewayId><state>active</state></item>\
        </routeSet><associationSet><item><routeTableAssociationId>rtbassoc-1</routeTableAssociationId><main>true</main>\
        <associationState><state>associated</state></associationState></item></associationSet></item>\
        <item><routeTableId>rtb-2</routeTableId><vpcId>vpc-1</vpcId><routeSet>\
        <item><destinationCidrBlock>0.0.0.0/0</destinationCidrBlock><natGatewayId>nat-1</natGatewayId><state>blackhole</state></item>\
        <item><destinationCidrBlock>192.0.2.0/24</destinationCidrBlock><transitGatewayId>tgw-1</transitGatewayId><state>active</state></item>\
        </routeSet><associationSet>\
        <item><routeTableAssociationId>rtbassoc-2</routeTableAssociationId><subnetId>subnet-1</subnetId><main>false</main>\
        <associationState><state>associated</state></associationState></item>\
        <item><routeTableAssociationId>rtbassoc-3</routeTableAssociationId><subnetId>subnet-2</subnetId><main>false</main>\
        <associationState><state>disassociating</state></associationState></item>\
        <item><routeTableAssociationId>rtbassoc-4</routeTableAssociationId><gatewayId>igw-1</gatewayId><main>false</main>\
        <associationState><state>associated</state></associationState></item>\
        </associationSet><tagSet><item><key>a</key><value>b</value></item></tagSet></item></routeTableSet>";
    let snapshot = look_at(Part::RouteTables, "DescribeRouteTables", content).await;
    let tables = snapshot.route_tables.as_ref().unwrap();
    let route = |destination: &str, target, active| Route {
        destination: destination.to_owned(),
        target,
        active,
    };
    assert_eq!(
        tables[&"rtb-main".into()],
        RouteTable {
            id: "rtb-main".into(),
            main: true,
            subnets: BTreeSet::new(),
            routes: vec![
                route("10.0.0.0/16", RouteTarget::Local, true),
                route("0.0.0.0/0", RouteTarget::InternetGateway("igw-1".to_owned()), true),
                route("::/0", RouteTarget::Other("eigw-1".to_owned()), true),
                route("pl-1", RouteTarget::Endpoint("vpce-1".to_owned()), true),
            ],
            tags: Tags::new(),
        }
    );
    let second = &tables[&"rtb-2".into()];
    assert!(!second.main);
    assert_eq!(second.subnets, BTreeSet::from(["subnet-1".into()]));
    assert_eq!(
        second.routes,
        [
            route("0.0.0.0/0", RouteTarget::Other("nat-1".to_owned()), false),
            route("192.0.2.0/24", RouteTarget::Other("tgw-1".to_owned()), true),
        ]
    );
    assert_eq!(snapshot.class_of(&"subnet-1".into()), Ok(SubnetClass::Private));
    assert_eq!(snapshot.class_of(&"subnet-2".into()), Ok(SubnetClass::Public));
}

#[tokio::test]
async fn an_interface_endpoint_is_read_whole() {
    let content = "<vpcEndpointSet><item><vpcEndpointId>vpce-1</vpcEndpointId>\
        <vpcEndpointType>Interface</vpcEndpointType><vpcId>vpc-1</vpcId>\
        <serviceName>com.amazonaws.eu-central-1.sts</serviceName><state>available</state>\
        <policyDocument>{&quot;Version&quot;:&quot;2012-10-17&quot;}</policyDocument><routeTableIdSet/>\
        <subnetIdSet><item>subnet-1</item><item>subnet-2</item></subnetIdSet>\
        <groupSet><item><groupId>sg-1</groupId><groupName>web</groupName></item></groupSet>\
        <privateDnsEnabled>true</privateDnsEnabled><requesterManaged>true</requesterManaged>\
        <creationTimestamp>2026-03-04T05:06:07.123Z</creationTimestamp><ownerId>111122223333</ownerId>\
        <tagSet><item><key>GuardDutyManaged</key><value>true</value></item></tagSet></item></vpcEndpointSet>";
    let endpoints = look_at(Part::Endpoints, "DescribeVpcEndpoints", content)
        .await
        .endpoints
        .unwrap();
    assert_eq!(
        endpoints[&"vpce-1".into()],
        Endpoint {
            id: "vpce-1".into(),
            kind: EndpointKind::Interface,
            service: Some("com.amazonaws.eu-central-1.sts".into()),
            service_region: None,
            owner: account(),
            state: EndpointState::Available,
            requester_managed: true,
            subnets: ["subnet-1", "subnet-2"].map(Into::into).into(),
            route_tables: BTreeSet::new(),
            security_groups: BTreeSet::from(["sg-1".into()]),
            private_dns: true,
            policy: Some(r#"{"Version":"2012-10-17"}"#.to_owned()),
            created: Some("2026-03-04T05:06:07Z".parse().unwrap()),
            tags: Tags::from([("GuardDutyManaged".to_owned(), "true".to_owned())]),
        }
    );
}

fn endpoint_item(content: &str) -> String {
    format!("<vpcEndpointSet><item><vpcEndpointId>vpce-1</vpcEndpointId>{content}</item></vpcEndpointSet>")
}

async fn look_at_endpoint(content: &str) -> Endpoint {
    let snapshot = look_at(Part::Endpoints, "DescribeVpcEndpoints", &endpoint_item(content)).await;
    snapshot.endpoints.unwrap()[&"vpce-1".into()].clone()
}

#[tokio::test]
async fn states_are_read_in_any_case() {
    let states = [
        ("available", EndpointState::Available),
        ("Available", EndpointState::Available),
        ("pendingAcceptance", EndpointState::PendingAcceptance),
        ("PendingAcceptance", EndpointState::PendingAcceptance),
        ("pending", EndpointState::Pending),
        ("Partial", EndpointState::Partial),
        ("deleting", EndpointState::Deleting),
        ("deleted", EndpointState::Deleted),
        ("rejected", EndpointState::Rejected),
        ("failed", EndpointState::Failed),
        ("expired", EndpointState::Expired),
        ("hibernating", EndpointState::Unknown),
    ];
    for (text, state) in states {
        let endpoint = look_at_endpoint(&format!("<state>{text}</state>")).await;
        assert_eq!(endpoint.state, state, "{text}");
    }
}

#[tokio::test]
async fn endpoints_of_every_type_are_read_those_without_a_service_included() {
    let types = [
        ("Gateway", EndpointKind::Gateway),
        ("Interface", EndpointKind::Interface),
        ("GatewayLoadBalancer", EndpointKind::GatewayLoadBalancer),
        ("Resource", EndpointKind::Resource),
        ("ServiceNetwork", EndpointKind::ServiceNetwork),
        ("Tunnel", EndpointKind::Other),
        ("NotYetInvented", EndpointKind::Other),
    ];
    for (text, kind) in types {
        let content = format!("<vpcEndpointType>{text}</vpcEndpointType><state>available</state>");
        let endpoint = look_at_endpoint(&content).await;
        assert_eq!((endpoint.kind, endpoint.service), (kind, None), "{text}");
    }
}

#[tokio::test]
async fn the_region_of_a_service_is_told_only_where_it_is_another() {
    let at = |region: &str| format!("<state>available</state><serviceRegion>{region}</serviceRegion>");
    assert_eq!(look_at_endpoint(&at("eu-central-1")).await.service_region, None);
    assert_eq!(
        look_at_endpoint(&at("us-east-1")).await.service_region,
        Some("us-east-1".into())
    );
}

#[tokio::test]
async fn an_endpoint_without_a_state_is_a_gap() {
    let snapshot = look_at(Part::Endpoints, "DescribeVpcEndpoints", &endpoint_item("")).await;
    let gap = snapshot.endpoints.unwrap_err();
    assert_eq!(
        gap.reason,
        "ec2:DescribeVpcEndpoints failed: the answer lacks the state"
    );
}

#[tokio::test]
async fn security_group_rules_of_all_forms_are_read() {
    let content = "<securityGroupInfo><item><groupId>sg-1</groupId><groupName>web</groupName>\
        <ownerId>111122223333</ownerId><vpcId>vpc-1</vpcId><ipPermissions>\
        <item><ipProtocol>-1</ipProtocol><groups><item><userId>111122223333</userId><groupId>sg-1</groupId></item>\
        <item><userId>444455556666</userId><groupName>peer</groupName></item></groups><ipRanges/></item>\
        <item><ipProtocol>tcp</ipProtocol><fromPort>443</fromPort><toPort>443</toPort>\
        <ipRanges><item><cidrIp>10.0.0.0/16</cidrIp><description>vpc</description></item>\
        <item><cidrIp>192.0.2.7/32</cidrIp></item></ipRanges>\
        <ipv6Ranges><item><cidrIpv6>2001:db8::/32</cidrIpv6></item></ipv6Ranges>\
        <prefixListIds><item><prefixListId>pl-1</prefixListId></item></prefixListIds></item>\
        <item><ipProtocol>6</ipProtocol><fromPort>0</fromPort><toPort>65535</toPort>\
        <ipRanges><item><cidrIp>0.0.0.0/0</cidrIp></item></ipRanges></item>\
        <item><ipProtocol>tcp</ipProtocol><fromPort>-1</fromPort><toPort>-1</toPort>\
        <ipRanges><item><cidrIp>198.51.100.0/24</cidrIp></item></ipRanges></item>\
        <item><ipProtocol>icmp</ipProtocol><fromPort>8</fromPort><toPort>-1</toPort>\
        <ipRanges><item><cidrIp>0.0.0.0/0</cidrIp></item></ipRanges></item>\
        </ipPermissions><ipPermissionsEgress><item><ipProtocol>-1</ipProtocol>\
        <ipRanges><item><cidrIp>0.0.0.0/0</cidrIp></item></ipRanges></item></ipPermissionsEgress></item></securityGroupInfo>";
    let snapshot = look_at(Part::SecurityGroups, "DescribeSecurityGroups", content).await;
    let rule = |protocol, ports, source| IngressRule {
        protocol,
        ports,
        source,
    };
    let cidr = |cidr: &str| IngressSource::Cidr(cidr.parse().unwrap());
    let https = Some((443, 443));
    assert_eq!(
        snapshot.security_groups.unwrap()[&"sg-1".into()],
        SecurityGroup {
            id: "sg-1".into(),
            name: "web".to_owned(),
            owner: account(),
            ingress: vec![
                rule(Protocol::All, None, IngressSource::Group("sg-1".to_owned())),
                rule(Protocol::All, None, IngressSource::Group("peer".to_owned())),
                rule(Protocol::Tcp, https, cidr("10.0.0.0/16")),
                rule(Protocol::Tcp, https, cidr("192.0.2.7/32")),
                rule(Protocol::Tcp, https, cidr("2001:db8::/32")),
                rule(Protocol::Tcp, https, IngressSource::PrefixList("pl-1".to_owned())),
                rule(Protocol::Tcp, Some((0, 65535)), cidr("0.0.0.0/0")),
                rule(Protocol::Tcp, None, cidr("198.51.100.0/24")),
                rule(Protocol::Other, None, cidr("0.0.0.0/0")),
            ],
            tags: Tags::new(),
        }
    );
}

const SERVICES: &str = "<serviceNameSet><item>com.amazonaws.eu-central-1.s3</item></serviceNameSet><serviceDetailSet>\
    <item><serviceName>com.amazonaws.eu-central-1.s3</serviceName><owner>amazon</owner>\
    <serviceType><item><serviceType>Gateway</serviceType></item></serviceType>\
    <availabilityZoneSet><item>eu-central-1a</item></availabilityZoneSet>\
    <vpcEndpointPolicySupported>true</vpcEndpointPolicySupported></item>\
    <item><serviceName>com.amazonaws.eu-central-1.s3</serviceName><owner>amazon</owner>\
    <serviceType><item><serviceType>Interface</serviceType></item></serviceType>\
    <availabilityZoneSet><item>eu-central-1a</item><item>eu-central-1b</item></availabilityZoneSet>\
    <vpcEndpointPolicySupported>true</vpcEndpointPolicySupported><privateDnsName>*.s3.eu-central-1.amazonaws.com</privateDnsName>\
    <privateDnsNameSet><item><privateDnsName>*.s3.eu-central-1.amazonaws.com</privateDnsName></item>\
    <item><privateDnsName>s3.eu-central-1.amazonaws.com</privateDnsName></item></privateDnsNameSet>\
    <supportedIpAddressTypeSet><item>ipv4</item><item>ipv6</item></supportedIpAddressTypeSet></item>\
    <item><serviceName>com.amazonaws.vpce.eu-central-1.vpce-svc-1</serviceName><owner>444455556666</owner>\
    <serviceType><item><serviceType>Interface</serviceType></item></serviceType>\
    <managesVpcEndpoints>true</managesVpcEndpoints>\
    <supportedIpAddressTypeSet><item>ipv6</item></supportedIpAddressTypeSet></item>\
    <item><serviceName>com.amazonaws.us-east-1.sts</serviceName><owner>amazon</owner><serviceRegion>us-east-1</serviceRegion>\
    <serviceType><item><serviceType>Interface</serviceType></item></serviceType></item>\
    </serviceDetailSet>";

#[tokio::test]
async fn a_service_with_two_forms_has_two_entries_in_the_catalogue() {
    let catalogue = look_at(Part::Services, "DescribeVpcEndpointServices", SERVICES)
        .await
        .services
        .unwrap();
    let s3 = ServiceName::from("com.amazonaws.eu-central-1.s3");
    let gateway = catalogue.find(&s3, EndpointKind::Gateway).unwrap();
    assert_eq!(gateway.zones, BTreeSet::from([Zone::from("eu-central-1a")]));
    assert!(gateway.private_dns_names.is_empty() && gateway.ipv4 && gateway.amazon && gateway.policy_supported);
    let interface = catalogue.find(&s3, EndpointKind::Interface).unwrap();
    assert_eq!(interface.zones.len(), 2);
    assert_eq!(interface.private_dns_names.len(), 2);
    assert!(interface.ipv4 && !interface.manages_endpoints);
    let other = ServiceName::from("com.amazonaws.vpce.eu-central-1.vpce-svc-1");
    let other = catalogue.find(&other, EndpointKind::Interface).unwrap();
    assert!(!other.ipv4 && !other.amazon && !other.policy_supported && other.manages_endpoints);
}

#[tokio::test]
async fn services_of_other_regions_are_not_in_the_catalogue() {
    let catalogue = look_at(Part::Services, "DescribeVpcEndpointServices", SERVICES)
        .await
        .services
        .unwrap();
    assert_eq!(catalogue.services.len(), 3);
}

#[tokio::test]
async fn the_catalogue_is_asked_for_once_while_it_is_young() {
    let cloud = Cloud::new()
        .on("DescribeVpcEndpointServices", SERVICES)
        .on("DescribeVpcEndpointServices", "<serviceDetailSet/>");
    let aws = cloud.aws();
    let region = region();
    let ec2 = aws.ec2(&region);
    let at = |time: &str| aws.catalogues.get(&ec2, &region, time.parse().unwrap());
    let (first, second) = tokio::join!(at("2026-01-01T00:00:00Z"), at("2026-01-01T05:59:59Z"));
    assert_eq!(first.unwrap().services.len(), 3);
    assert_eq!(second.unwrap().services.len(), 3);
    assert_eq!(cloud.actions().len(), 1);
    assert_eq!(at("2026-01-01T06:00:00Z").await.unwrap().services.len(), 0);
    cloud.done();
}

#[tokio::test]
async fn a_catalogue_that_could_not_be_had_is_asked_for_again() {
    let cloud = Cloud::new()
        .refuse(
            "DescribeVpcEndpointServices",
            "RequestLimitExceeded",
            "Request limit exceeded.",
        )
        .on("DescribeVpcEndpointServices", SERVICES);
    let aws = cloud.aws();
    let ec2 = aws.ec2(&region());
    let now = "2026-01-01T00:00:00Z".parse().unwrap();
    assert!(aws.catalogues.get(&ec2, &region(), now).await.unwrap_err().transient());
    assert_eq!(
        aws.catalogues.get(&ec2, &region(), now).await.unwrap().services.len(),
        3
    );
}

fn vpc_item(id: &str, owner: &str) -> String {
    format!("<item><vpcId>{id}</vpcId><ownerId>{owner}</ownerId><cidrBlock>10.0.0.0/16</cidrBlock></item>")
}

fn subnet_item(id: &str, vpc: &str) -> String {
    format!(
        "<item><subnetId>{id}</subnetId><vpcId>{vpc}</vpcId><ownerId>111122223333</ownerId>\
         <availabilityZone>eu-central-1a</availabilityZone></item>"
    )
}

fn region_of_three() -> Cloud {
    let vpcs = [
        ("vpc-1", "111122223333"),
        ("vpc-2", "444455556666"),
        ("vpc-3", "111122223333"),
    ];
    let vpcs: String = vpcs.map(|(id, owner)| vpc_item(id, owner)).concat();
    let subnets = [("subnet-1", "vpc-1"), ("subnet-2", "vpc-2"), ("subnet-3", "vpc-1")];
    let subnets: String = subnets.map(|(id, vpc)| subnet_item(id, vpc)).concat();
    Cloud::new()
        .on("DescribeVpcs", &format!("<vpcSet>{vpcs}</vpcSet>"))
        .on("DescribeSubnets", &format!("<subnetSet>{subnets}</subnetSet>"))
}

async fn sweep(cloud: &Cloud, wanted: &[Part]) -> Result<Vec<Snapshot>, ObserveError> {
    let seen = cloud.aws().observe_region(&account(), &region(), &parts(wanted)).await;
    cloud.done();
    seen.map(|mut snapshots| {
        snapshots.sort_by(|a, b| a.vpc.id.cmp(&b.vpc.id));
        snapshots
    })
}

#[tokio::test]
async fn a_region_is_split_into_its_vpcs_those_of_other_owners_included() {
    let cloud = region_of_three();
    let snapshots = sweep(&cloud, &[Part::Subnets]).await.unwrap();
    assert_eq!(cloud.actions(), ["DescribeSubnets", "DescribeVpcs"]);
    assert!(!cloud.request("DescribeSubnets").contains_key("Filter.1.Name"));
    let seen: Vec<_> = snapshots
        .iter()
        .map(|s| {
            (
                s.vpc.id.as_str(),
                s.vpc.owner.as_str(),
                s.subnets.as_ref().unwrap().len(),
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("vpc-1", "111122223333", 2),
            ("vpc-2", "444455556666", 1),
            ("vpc-3", "111122223333", 0)
        ]
    );
}

#[tokio::test]
async fn a_sweep_asks_for_the_attributes_of_our_own_vpcs_only() {
    let cloud = region_of_three().always("DescribeVpcAttribute", BOTH);
    let snapshots = sweep(&cloud, &[Part::Subnets, Part::Dns]).await.unwrap();
    assert_eq!(cloud.requests("DescribeVpcAttribute").len(), 4);
    assert!(snapshots[0].dns.is_ok() && snapshots[2].dns.is_ok());
    assert_eq!(
        snapshots[1].dns.as_ref().unwrap_err().reason,
        "vpc-2 belongs to account 444455556666"
    );
}

#[tokio::test]
async fn attributes_that_cannot_be_read_are_a_gap_in_their_vpc_alone() {
    let vpcs = format!("<vpcSet>{}</vpcSet>", vpc_item("vpc-1", "111122223333"));
    let cloud = Cloud::new()
        .on("DescribeVpcs", &vpcs)
        .on("DescribeVpcAttribute", BOTH)
        .refuse(
            "DescribeVpcAttribute",
            "RequestLimitExceeded",
            "Request limit exceeded.",
        );
    let snapshots = sweep(&cloud, &[Part::Dns]).await.unwrap();
    assert_eq!(
        snapshots[0].dns.as_ref().unwrap_err().reason,
        "ec2:DescribeVpcAttribute failed: RequestLimitExceeded: Request limit exceeded"
    );
}

#[tokio::test]
async fn a_vpc_that_goes_away_during_a_sweep_is_left_out() {
    let vpcs = format!("<vpcSet>{}</vpcSet>", vpc_item("vpc-1", "111122223333"));
    let cloud = Cloud::new().on("DescribeVpcs", &vpcs).refuse(
        "DescribeVpcAttribute",
        "InvalidVpcID.NotFound",
        "The vpc ID 'vpc-1' does not exist",
    );
    assert_eq!(sweep(&cloud, &[Part::Dns]).await.unwrap(), []);
}

#[tokio::test]
async fn access_denied_leaves_a_gap_in_every_vpc_of_a_sweep() {
    let cloud = region_of_three().refuse(
        "DescribeVpcEndpoints",
        "UnauthorizedOperation",
        "You are not authorized.",
    );
    let snapshots = sweep(&cloud, &[Part::Subnets, Part::Endpoints]).await.unwrap();
    assert!(snapshots.iter().all(|s| s.endpoints.is_err() && s.subnets.is_ok()));
}

#[tokio::test]
async fn throttling_beyond_the_retries_fails_a_sweep_so_that_it_is_repeated() {
    let cloud = Cloud::new().on("DescribeVpcs", "<vpcSet/>").refuse(
        "DescribeVpcEndpoints",
        "RequestLimitExceeded",
        "Request limit exceeded.",
    );
    let error = sweep(&cloud, &[Part::Endpoints]).await.unwrap_err();
    assert!(error.transient());
    assert_eq!(error.place, "the VPCs of eu-central-1");
}

async fn resolve(cloud: &Cloud, targets: &[Target]) -> BTreeMap<Target, Result<Resolution, ObserveError>> {
    let resolved = cloud.aws().resolve(&region(), targets).await;
    cloud.done();
    resolved
}

async fn resolve_one(cloud: &Cloud, target: Target) -> Resolution {
    let mut resolved = resolve(cloud, std::slice::from_ref(&target)).await;
    let declared: BTreeSet<_> = resolve_calls(&target).iter().map(|call| (*call).to_owned()).collect();
    let made: BTreeSet<_> = cloud.actions().iter().map(|action| format!("ec2:{action}")).collect();
    assert_eq!(made, declared);
    resolved.remove(&target).unwrap().unwrap()
}

const TABLE: &str = "<routeTableSet><item><routeTableId>rtb-1</routeTableId><vpcId>vpc-1</vpcId><associationSet>\
    <item><routeTableAssociationId>rtbassoc-1</routeTableAssociationId><main>true</main></item>\
    <item><routeTableAssociationId>rtbassoc-2</routeTableAssociationId><subnetId>subnet-1</subnetId></item>\
    </associationSet></item></routeTableSet>";

#[tokio::test]
async fn every_kind_of_target_resolves_to_its_vpc() {
    let group = "<securityGroupInfo><item><groupId>sg-1</groupId><vpcId>vpc-1</vpcId></item></securityGroupInfo>";
    let endpoint = "<vpcEndpointSet><item><vpcEndpointId>vpce-1</vpcEndpointId><vpcId>vpc-1</vpcId>\
        <state>deleted</state></item></vpcEndpointSet>";
    let subnet = format!("<subnetSet>{}</subnetSet>", subnet_item("subnet-1", "vpc-1"));
    let vpc = || Resolution::Vpc("vpc-1".into());
    let table: [(Target, Cloud, &str); 5] = [
        (
            Target::Subnet("subnet-1".into()),
            Cloud::new().on("DescribeSubnets", &subnet),
            "subnet-id",
        ),
        (
            Target::RouteTable("rtb-1".into()),
            Cloud::new().on("DescribeRouteTables", TABLE),
            "route-table-id",
        ),
        (
            Target::RouteTableAssociation("rtbassoc-2".to_owned()),
            Cloud::new().on("DescribeRouteTables", TABLE),
            "association.route-table-association-id",
        ),
        (
            Target::SecurityGroup("sg-1".into()),
            Cloud::new().on("DescribeSecurityGroups", group),
            "group-id",
        ),
        (
            Target::Endpoint("vpce-1".into()),
            Cloud::new().on("DescribeVpcEndpoints", endpoint),
            "",
        ),
    ];
    for (target, cloud, filter) in table {
        assert_eq!(resolve_one(&cloud, target).await, vpc());
        let request = cloud.request(&cloud.actions()[0]);
        assert_eq!(request.get("Filter.1.Name").map_or("", String::as_str), filter);
    }
    assert_eq!(resolve_one(&Cloud::new(), Target::Vpc("vpc-1".into())).await, vpc());
    assert_eq!(resolve_one(&Cloud::new(), Target::Region).await, Resolution::Region);
}

#[tokio::test]
async fn what_is_gone_is_told_in_words() {
    let gone = |words: &str| Resolution::Gone(words.to_owned());
    let cloud = Cloud::new().on("DescribeSubnets", "<subnetSet/>");
    let target = Target::Subnet("subnet-1".into());
    assert_eq!(
        resolve_one(&cloud, target).await,
        gone("subnet subnet-1 no longer exists")
    );
    let cloud = Cloud::new().on("DescribeRouteTables", "<routeTableSet/>");
    let target = Target::RouteTable("rtb-1".into());
    assert_eq!(
        resolve_one(&cloud, target).await,
        gone("route table rtb-1 no longer exists")
    );
    let cloud = Cloud::new().on("DescribeSecurityGroups", "<securityGroupInfo/>");
    let target = Target::SecurityGroup("sg-1".into());
    assert_eq!(
        resolve_one(&cloud, target).await,
        gone("security group sg-1 no longer exists")
    );
}

#[tokio::test]
async fn an_association_that_is_gone_means_to_look_everywhere() {
    let cloud = Cloud::new().on("DescribeRouteTables", "<routeTableSet/>");
    let target = Target::RouteTableAssociation("rtbassoc-9".to_owned());
    assert_eq!(resolve_one(&cloud, target).await, Resolution::Region);
}

#[tokio::test]
async fn an_endpoint_that_is_gone_means_to_look_everywhere() {
    for code in ["InvalidVpcEndpointId.NotFound", "InvalidVpcEndpoint.NotFound"] {
        let cloud = Cloud::new().refuse(
            "DescribeVpcEndpoints",
            code,
            "The Vpc Endpoint Id 'vpce-1' does not exist",
        );
        assert_eq!(
            resolve_one(&cloud, Target::Endpoint("vpce-1".into())).await,
            Resolution::Region
        );
    }
}

#[tokio::test]
async fn one_endpoint_that_is_gone_does_not_hide_the_others() {
    let found = |id: &str| {
        format!(
            "<vpcEndpointSet><item><vpcEndpointId>{id}</vpcEndpointId><vpcId>vpc-{id}</vpcId></item></vpcEndpointSet>"
        )
    };
    let code = "InvalidVpcEndpointId.NotFound";
    let cloud = Cloud::new()
        .refuse("DescribeVpcEndpoints", code, "The Vpc Endpoint Id 'b' does not exist")
        .on("DescribeVpcEndpoints", &found("a"))
        .refuse("DescribeVpcEndpoints", code, "The Vpc Endpoint Id 'b' does not exist")
        .on("DescribeVpcEndpoints", &found("c"));
    let targets = ["a", "b", "c"].map(|id| Target::Endpoint(id.into()));
    let resolved = resolve(&cloud, &targets).await;
    let resolutions: Vec<_> = resolved.into_values().map(Result::unwrap).collect();
    assert_eq!(
        resolutions,
        [
            Resolution::Vpc("vpc-a".into()),
            Resolution::Region,
            Resolution::Vpc("vpc-c".into())
        ]
    );
}

#[tokio::test]
async fn a_batch_costs_one_call_for_each_kind() {
    let subnets = ["1", "2"]
        .map(|n| subnet_item(&format!("subnet-{n}"), "vpc-1"))
        .concat();
    let cloud = Cloud::new()
        .on("DescribeSubnets", &format!("<subnetSet>{subnets}</subnetSet>"))
        .on("DescribeRouteTables", TABLE);
    let targets = [
        Target::Subnet("subnet-2".into()),
        Target::Subnet("subnet-1".into()),
        Target::Subnet("subnet-2".into()),
        Target::RouteTable("rtb-1".into()),
    ];
    let resolved = resolve(&cloud, &targets).await;
    assert_eq!(resolved.len(), 3);
    let request = cloud.request("DescribeSubnets");
    assert_eq!(request["Filter.1.Value.1"], "subnet-1");
    assert_eq!(request["Filter.1.Value.2"], "subnet-2");
    assert!(!request.contains_key("Filter.1.Value.3"));
}

#[tokio::test]
async fn more_ids_than_a_filter_takes_are_asked_for_in_parts() {
    let cloud = Cloud::new().always("DescribeSubnets", "<subnetSet/>");
    let targets: Vec<_> = (0..201).map(|n| Target::Subnet(format!("subnet-{n}").into())).collect();
    assert_eq!(resolve(&cloud, &targets).await.len(), 201);
    assert_eq!(cloud.actions().len(), 2);
}

#[tokio::test]
async fn a_kind_that_fails_fails_its_targets_alone() {
    let cloud = Cloud::new()
        .refuse("DescribeSubnets", "RequestLimitExceeded", "Request limit exceeded.")
        .on("DescribeRouteTables", TABLE);
    let subnet = Target::Subnet("subnet-1".into());
    let table = Target::RouteTable("rtb-1".into());
    let resolved = resolve(&cloud, &[subnet.clone(), table.clone()]).await;
    let error = resolved[&subnet].as_ref().unwrap_err();
    assert!(error.transient());
    assert_eq!(error.place, "subnet-1 in eu-central-1");
    assert_eq!(*resolved[&table].as_ref().unwrap(), Resolution::Vpc("vpc-1".into()));
}
