use super::*;

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
    let subnet = Change::AddSubnet(AddSubnet {
        endpoint: "vpce-1".into(),
        subnet: "subnet-2".into(),
        zone: "eu-central-1b".into(),
    });
    let table = Change::AssociateRouteTable(AssociateRouteTable {
        endpoint: "vpce-1".into(),
        route_table: "rtb-1".into(),
    });
    let cloud = Cloud::new().on("DescribeVpcEndpoints", &gateway(""));
    assert!(!failed_because(&apply(&cloud, &subnet).await).1);
    let cloud = Cloud::new().on("DescribeVpcEndpoints", &interface(""));
    assert!(!failed_because(&apply(&cloud, &table).await).1);
}

#[tokio::test]
async fn a_policy_that_changed_since_it_was_observed_is_left_alone() {
    let change = Change::ReplacePolicy(ReplacePolicy {
        endpoint: "vpce-1".into(),
        before: OPEN.to_owned(),
        after: CLOSED.to_owned(),
    });
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
async fn modify_call_has_the_parameters_of_the_change_only() {
    let wire: [&[(&str, &str)]; 7] = [
        &[("AddSubnetId.1", "subnet-2")],
        &[("AddRouteTableId.1", "rtb-1")],
        &[("AddSecurityGroupId.1", "sg-managed")],
        &[("PrivateDnsEnabled", "true")],
        &[("PolicyDocument", QUARANTINE_POLICY)],
        &[
            ("AddSecurityGroupId.1", "sg-managed"),
            ("RemoveSecurityGroupId.1", "sg-1"),
            ("RemoveSecurityGroupId.2", "sg-2"),
        ],
        &[("PolicyDocument", CLOSED)],
    ];
    let mut wire = wire.into_iter();
    for case in cases().iter().filter(|case| case.change.endpoint().is_some()) {
        let cloud = first_time(case);
        apply(&cloud, &case.change).await;
        let mut request = cloud.request("ModifyVpcEndpoint");
        for (key, value) in wire.next().unwrap() {
            assert_eq!(request.remove(*key).as_deref(), Some(*value));
        }
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
        let vpc = postern_core::model::id::VpcId::from("vpc-1");
        apply(&cloud, &Change::EnableVpcDns(EnableVpcDns { vpc, attribute })).await;
        let request = cloud.request("ModifyVpcAttribute");
        assert_eq!(request[&format!("{field}.Value")], "true");
        assert_eq!(request.keys().filter(|key| key.starts_with("Enable")).count(), 1);
    }
}

#[tokio::test]
async fn a_modification_waits_for_an_earlier_one_of_the_endpoint() {
    let change = Change::AddSubnet(AddSubnet {
        endpoint: "vpce-1".into(),
        subnet: "subnet-2".into(),
        zone: "eu-central-1b".into(),
    });
    let busy = |cloud: Cloud| {
        cloud.refuse(
            "ModifyVpcEndpoint",
            "OperationInProgress",
            "VpcEndpoint modify operation in progress",
        )
    };
    let cloud = Cloud::new().on("DescribeVpcEndpoints", &interface(""));
    let cloud = busy(busy(cloud)).on("ModifyVpcEndpoint", "<return>true</return>");
    let outcome = apply(&cloud, &change).await;
    assert_eq!(outcome, ChangeOutcome::Applied { created: None });
    let cloud = busy(busy(busy(busy(
        Cloud::new().on("DescribeVpcEndpoints", &interface("")),
    ))));
    let outcome = apply(&cloud, &change).await;
    let (cause, transient) = failed_because(&outcome);
    assert!(
        transient && cause.ends_with("EC2 still processes an earlier modification of the endpoint"),
        "{cause}"
    );
}

#[tokio::test]
async fn a_policy_that_ec2_does_not_take_yet_is_written_again() {
    let change = Change::ReplacePolicy(ReplacePolicy {
        endpoint: "vpce-1".into(),
        before: OPEN.to_owned(),
        after: CLOSED.to_owned(),
    });
    let open = interface(&format!("<policyDocument>{}</policyDocument>", escaped(OPEN)));
    for code in ["OperationInProgress", "IncorrectState"] {
        let cloud = Cloud::new()
            .always("DescribeVpcEndpoints", &open)
            .refuse("ModifyVpcEndpoint", code, "Not now")
            .on("ModifyVpcEndpoint", "<return>true</return>");
        let outcome = apply(&cloud, &change).await;
        assert_eq!(outcome, ChangeOutcome::Applied { created: None }, "{code}");
        assert_eq!(cloud.requests("ModifyVpcEndpoint").len(), 2);
    }
}

const CONFLICT: &str = "private-dns-enabled cannot be set because there is already a conflicting DNS domain for \
                        sts.eu-central-1.amazonaws.com in the VPC vpc-1";

fn conflicting(siblings: &str) -> Cloud {
    Cloud::new()
        .on("DescribeVpcEndpoints", &interface(""))
        .refuse("ModifyVpcEndpoint", "InvalidParameter", CONFLICT)
        .on("DescribeVpcEndpoints", &interface(""))
        .on("DescribeVpcEndpoints", siblings)
}

fn enabling_private_dns() -> Change {
    Change::EnablePrivateDns(EnablePrivateDns {
        endpoint: "vpce-1".into(),
    })
}

#[tokio::test]
async fn private_dns_name_of_a_deleted_endpoint_is_waited_for_and_that_of_a_hosted_zone_is_not() {
    let outcome = apply(&conflicting(&interface("")), &enabling_private_dns()).await;
    let (cause, transient) = failed_because(&outcome);
    assert!(
        !transient && cause.contains("aws route53 list-hosted-zones-by-vpc --vpc-id vpc-1"),
        "{cause}"
    );

    let deleted = interface("").replace("available", "deleted");
    let outcome = apply(&conflicting(&deleted), &enabling_private_dns()).await;
    let (cause, transient) = failed_because(&outcome);
    assert!(transient && cause.contains("some minutes"), "{cause}");
}

#[tokio::test]
async fn private_dns_name_is_waited_for_after_the_event_of_a_deletion() {
    let cloud = conflicting(&interface(""));
    let mut applier = applier(&cloud);
    applier.deleted_recently();
    let outcome = applier.apply(&enabling_private_dns(), "the-control").await;
    assert!(failed_because(&outcome).1, "{outcome:?}");
}

#[tokio::test]
async fn several_subnets_are_added_by_one_call_and_one_by_one_where_ec2_refuses_that() {
    let adding = |subnet: &str, zone: &str| AddSubnet {
        endpoint: "vpce-1".into(),
        subnet: subnet.into(),
        zone: zone.into(),
    };
    let (first, second) = (adding("subnet-2", "eu-central-1b"), adding("subnet-3", "eu-central-1c"));
    let cloud = Cloud::new()
        .on("DescribeVpcEndpoints", &interface(""))
        .on("ModifyVpcEndpoint", "<return>true</return>");
    let outcomes = applier(&cloud).add_subnets(&[&first, &second]).await;
    assert_eq!(outcomes, vec![ChangeOutcome::Applied { created: None }; 2]);
    let request = cloud.request("ModifyVpcEndpoint");
    assert_eq!(
        (&request["AddSubnetId.1"], &request["AddSubnetId.2"]),
        (&"subnet-2".to_owned(), &"subnet-3".to_owned())
    );

    let full = "The subnet does not have enough free addresses";
    let cloud = Cloud::new()
        .always("DescribeVpcEndpoints", &interface(""))
        .refuse("ModifyVpcEndpoint", "InsufficientFreeAddressesInSubnet", full)
        .on("ModifyVpcEndpoint", "<return>true</return>")
        .refuse("ModifyVpcEndpoint", "InsufficientFreeAddressesInSubnet", full);
    let outcomes = applier(&cloud).add_subnets(&[&first, &second]).await;
    assert_eq!(outcomes[0], ChangeOutcome::Applied { created: None });
    assert!(
        matches!(&outcomes[1], ChangeOutcome::Failed { transient: false, .. }),
        "{outcomes:?}"
    );
}
