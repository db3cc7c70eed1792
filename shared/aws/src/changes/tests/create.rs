use super::*;

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
        assert!(matches!(outcome, ChangeOutcome::Applied { .. }), "{outcome:?}");
    }
    let cloud = Cloud::new().on(
        "DescribeVpcEndpoints",
        &interface("").replace("available", "hibernating"),
    );
    let outcome = apply(&cloud, &Change::CreateEndpoint(new_interface())).await;
    assert_eq!(
        skipped_because(&outcome),
        "vpce-1 is in a state that Postern does not know"
    );
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
        assert_eq!(outcome, ChangeOutcome::Applied { created });
        assert_eq!(
            tokens(&cloud),
            ["token-1".to_owned(), client_token(["token-1", "vpce-old"])]
        );
    }
}

/// The answer got lost, and the endpoint failed before the next attempt.
#[tokio::test]
async fn endpoint_that_this_run_created_is_recorded_even_if_it_failed() {
    let run = "<tagSet><item><key>postern:run</key><value>run-1</value></item></tagSet></vpcEndpoint>";
    let failed = created_as("vpce-failed", "failed").replace("</vpcEndpoint>", run);
    let cloud = Cloud::new()
        .on("DescribeVpcEndpoints", "<vpcEndpointSet/>")
        .on("CreateVpcEndpoint", &failed);
    let outcome = apply(&cloud, &Change::CreateEndpoint(new_gateway())).await;
    let created = Some("vpce-failed".to_owned());
    assert_eq!(outcome, ChangeOutcome::Applied { created });
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
async fn endpoint_of_a_concurrent_run_with_the_same_token_is_awaited() {
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
    assert!(matches!(outcome, ChangeOutcome::NotNeeded { .. }), "{outcome:?}");
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
    assert!(matches!(outcome, ChangeOutcome::Applied { .. }), "{outcome:?}");
    assert_eq!(tokens(&cloud)[1], client_token(["token-1", "vpce-1"]));
}

#[tokio::test]
async fn endpoint_that_another_run_requested_is_not_requested_again() {
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
    let session = cloud.session_with_attempts(2);
    let mut applier = session.applier(&"eu-central-1".into(), &"run-1".into());
    let outcome = applier
        .apply(&Change::CreateEndpoint(new_gateway()), "the-control")
        .await;
    assert!(matches!(outcome, ChangeOutcome::Applied { .. }), "{outcome:?}");
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
