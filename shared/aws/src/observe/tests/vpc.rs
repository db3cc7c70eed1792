use postern_core::model::managed::MANAGED_GROUP_NAME;

use super::*;

#[tokio::test]
async fn a_whole_vpc_costs_nine_calls() {
    let cloud = empty_vpc();
    let snapshot = look(&cloud, &Part::VPC).await.unwrap().unwrap();
    assert_eq!(cloud.actions().len(), 9);
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
    assert!(snapshot.services.unwrap().services().is_empty());
}

#[tokio::test]
async fn every_list_is_asked_for_by_vpc_and_in_pages() {
    let cloud = empty_vpc();
    look(&cloud, &Part::VPC).await.unwrap();
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
async fn part_that_is_not_requested_is_a_gap_and_costs_no_call() {
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
    let answers = [
        (Part::Dns, "DescribeVpcAttribute", BOTH),
        (Part::Subnets, "DescribeSubnets", "<subnetSet/>"),
        (Part::RouteTables, "DescribeRouteTables", "<routeTableSet/>"),
        (Part::Endpoints, "DescribeVpcEndpoints", "<vpcEndpointSet/>"),
        (Part::SecurityGroups, "DescribeSecurityGroups", "<securityGroupInfo/>"),
        (Part::Services, "DescribeVpcEndpointServices", "<serviceDetailSet/>"),
        (Part::NetworkAcls, "DescribeNetworkAcls", "<networkAclSet/>"),
    ];
    let observed_always: Vec<_> = Part::VPC.into_iter().filter(|part| !part.dispensable()).collect();
    assert_eq!(answers.map(|(part, ..)| part).to_vec(), observed_always);
    for (part, action, content) in answers {
        let cloud = Cloud::new().on("DescribeVpcs", VPC).always(action, content);
        look(&cloud, &[part]).await.unwrap();
        let declared = calls(part).iter().chain(VPC_CALLS);
        // That is asked for only where it decides.
        let declared = declared.filter(|call| **call != "ec2:DescribeDhcpOptions");
        let declared: BTreeSet<String> = declared.map(|call| (*call).to_owned()).collect();
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
        .session()
        .observe(
            &region(),
            &ScopedResource::Vpc("vpc-1".into()),
            &parts(&[Part::Dns]),
            &Settings::default(),
        )
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
async fn transient_failure_is_an_error_that_says_so() {
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
            text.starts_with("could not observe vpc-1 in eu-central-1: ec2:DescribeSubnets failed: "),
            "{text}"
        );
    }
}

#[tokio::test]
async fn denied_vpc_is_a_permanent_error() {
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
    assert_eq!(snapshot.services.unwrap().services().len(), 2);
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
async fn groups_of_other_vpcs_are_found_by_the_endpoints_that_have_them() {
    let endpoints = "<vpcEndpointSet><item><vpcEndpointId>vpce-1</vpcEndpointId><vpcId>vpc-1</vpcId>\
        <vpcEndpointType>Interface</vpcEndpointType><state>available</state>\
        <groupSet><item><groupId>sg-1</groupId></item><item><groupId>sg-2</groupId></item>\
        <item><groupId>sg-3</groupId></item></groupSet></item></vpcEndpointSet>";
    let group = |id: &str, vpc: &str, name: &str| {
        format!(
            "<item><groupId>{id}</groupId><groupName>{name}</groupName><vpcId>{vpc}</vpcId>\
             <ownerId>111122223333</ownerId></item>"
        )
    };
    let set = |items: &[String]| format!("<securityGroupInfo>{}</securityGroupInfo>", items.concat());
    let own = group("sg-1", "vpc-1", "web");
    let foreign = [
        group("sg-2", "vpc-2", "shared"),
        group("sg-3", "vpc-2", MANAGED_GROUP_NAME),
    ];
    let cloud = Cloud::new()
        .on("DescribeVpcs", VPC)
        .on("DescribeVpcEndpoints", endpoints)
        .on("DescribeSecurityGroups", &set(std::slice::from_ref(&own)))
        .on("DescribeSecurityGroups", &set(&foreign));
    let wanted = [Part::Endpoints, Part::SecurityGroups];
    let snapshot = look(&cloud, &wanted).await.unwrap().unwrap();
    let ids = |snapshot: &VpcSnapshot| -> Vec<String> {
        let groups = snapshot.security_groups.as_ref().unwrap();
        groups.keys().map(|id| id.0.clone()).collect()
    };
    assert_eq!(ids(&snapshot), ["sg-1", "sg-2"]);
    let second = &cloud.requests("DescribeSecurityGroups")[1];
    assert_eq!(
        ["Name", "Value.1", "Value.2"].map(|name| second[&format!("Filter.1.{name}")].as_str()),
        ["group-id", "sg-2", "sg-3"]
    );

    let cloud = Cloud::new()
        .on("DescribeVpcs", VPC)
        .on("DescribeVpcEndpoints", endpoints)
        .on("DescribeSecurityGroups", &set(&[own, foreign.concat()]));
    let snapshots = cloud
        .session()
        .observe_vpcs(&region(), &parts(&wanted), &Settings::default())
        .await
        .unwrap();
    assert_eq!(ids(&snapshots[0]), ["sg-1", "sg-2"]);
}
