//! What the product relies on, on the wire.

use crate::{ACCOUNT, Cloud, Fault, OTHER_ACCOUNT, REGION, Service};

const OWNER: &str = "arn:aws:iam::111122223333:role/owner";

/// An endpoint service and its load balancer.
fn cloud() -> (Cloud, String, String) {
    let cloud = Cloud::new(3);
    let (service, balancer) = cloud.edit(|world| {
        world.page = 1_000;
        let service = world.add_endpoint_service(ACCOUNT, &["a", "b"]);
        let balancer = world.endpoint_service(&service).unwrap().load_balancers[0].clone();
        (service, balancer)
    });
    (cloud, service, balancer)
}

/// The XML of an answer, or the code of an error.
fn call(cloud: &Cloud, operation: &str, parameters: &[(&str, &str)]) -> Result<String, String> {
    let answer = cloud.call(OWNER, operation, parameters);
    answer.map(|answer| answer.xml).map_err(|error| error.code)
}

#[tokio::test(start_paused = true)]
async fn load_balancer_is_described_with_zones_health_and_protection() {
    let (cloud, _, balancer) = cloud();
    let described = call(
        &cloud,
        "DescribeLoadBalancers",
        &[("LoadBalancerArns.member.1", &balancer)],
    )
    .unwrap();
    for part in [
        format!("<member><LoadBalancerArn>{balancer}</LoadBalancerArn>"),
        "<Type>network</Type>".to_owned(),
        "<State><Code>active</Code></State>".to_owned(),
        format!("<ZoneName>{REGION}a</ZoneName>"),
        format!("<ZoneName>{REGION}b</ZoneName>"),
    ] {
        assert!(described.contains(&part), "{part} in {described}");
    }
    let attributes = || {
        call(
            &cloud,
            "DescribeLoadBalancerAttributes",
            &[("LoadBalancerArn", &balancer)],
        )
        .unwrap()
    };
    let protection = |on: bool| format!("<member><Key>deletion_protection.enabled</Key><Value>{on}</Value></member>");
    assert!(attributes().contains(&protection(true)));
    let off = [
        ("LoadBalancerArn", balancer.as_str()),
        ("Attributes.member.1.Key", "deletion_protection.enabled"),
        ("Attributes.member.1.Value", "false"),
    ];
    call(&cloud, "ModifyLoadBalancerAttributes", &off).unwrap();
    assert!(attributes().contains(&protection(false)));
    let groups = call(&cloud, "DescribeTargetGroups", &[("LoadBalancerArn", &balancer)]).unwrap();
    let (_, rest) = groups.split_once("<TargetGroupArn>").unwrap();
    let (group, _) = rest.split_once('<').unwrap();
    let health = || call(&cloud, "DescribeTargetHealth", &[("TargetGroupArn", group)]).unwrap();
    assert_eq!(health().matches("<State>healthy</State>").count(), 2);
    let (_, rest) = health()
        .split_once("<Id>")
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .unwrap();
    let (target, _) = rest.split_once('<').unwrap();
    let gone = [("TargetGroupArn", group), ("Targets.member.1.Id", target)];
    call(&cloud, "DeregisterTargets", &gone).unwrap();
    assert_eq!(health().matches("<State>healthy</State>").count(), 1);
}

#[tokio::test(start_paused = true)]
async fn one_unknown_load_balancer_fails_the_whole_call() {
    let (cloud, _, balancer) = cloud();
    let foreign = cloud.edit(|world| world.add_load_balancer(OTHER_ACCOUNT, "network", &["a"]));
    for unknown in [
        foreign.as_str(),
        "arn:aws:elasticloadbalancing:eu-central-1:111122223333:loadbalancer/net/no/1",
    ] {
        let both = [
            ("LoadBalancerArns.member.1", balancer.as_str()),
            ("LoadBalancerArns.member.2", unknown),
        ];
        assert_eq!(
            call(&cloud, "DescribeLoadBalancers", &both).unwrap_err(),
            "LoadBalancerNotFound"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn lists_of_load_balancers_come_in_pages_with_markers() {
    let (cloud, ..) = cloud();
    cloud.edit(|world| {
        for _ in 0..4 {
            world.add_load_balancer(ACCOUNT, "gateway", &["a"]);
        }
        world.page = 3;
    });
    let first = call(&cloud, "DescribeLoadBalancers", &[]).unwrap();
    let (_, rest) = first.split_once("<NextMarker>").unwrap();
    let (marker, _) = rest.split_once('<').unwrap();
    let second = call(&cloud, "DescribeLoadBalancers", &[("Marker", marker)]).unwrap();
    assert!(!second.contains("NextMarker"));
    let counts = [first, second].map(|page| page.matches("<LoadBalancerArn>").count());
    assert_eq!(counts, [3, 2]);
}

#[tokio::test(start_paused = true)]
async fn load_balancer_is_not_deleted_while_protected_or_used_by_a_service() {
    let (cloud, service, balancer) = cloud();
    let delete = || call(&cloud, "DeleteLoadBalancer", &[("LoadBalancerArn", &balancer)]);
    assert_eq!(delete().unwrap_err(), "OperationNotPermitted");
    cloud.edit(|world| world.edit_load_balancer(&balancer, |balancer| balancer.deletion_protection = false));
    assert_eq!(delete().unwrap_err(), "ResourceInUse");
    let unused = [
        ("ServiceId", service.as_str()),
        ("RemoveNetworkLoadBalancerArn.1", &balancer),
    ];
    call(&cloud, "ModifyVpcEndpointServiceConfiguration", &unused).unwrap();
    delete().unwrap();
    delete().unwrap();
    let zones = cloud
        .call(OWNER, "DescribeVpcEndpointServiceConfigurations", &[])
        .unwrap()
        .xml;
    assert!(zones.contains("<availabilityZoneSet></availabilityZoneSet>"), "{zones}");
}

#[tokio::test(start_paused = true)]
async fn zones_of_a_service_are_those_of_its_load_balancers() {
    let (cloud, service, balancer) = cloud();
    let subnet = cloud.edit(|world| {
        let vpc = world.add_vpc("10.0.0.0/16");
        world.add_subnet(&vpc, "c", "10.0.0.0/24", None)
    });
    let entry = cloud
        .call(
            OWNER,
            "SetSubnets",
            &[("LoadBalancerArn", &balancer), ("Subnets.member.1", &subnet)],
        )
        .unwrap()
        .entry;
    let described = cloud
        .call(
            OWNER,
            "DescribeVpcEndpointServiceConfigurations",
            &[("ServiceId.1", &service)],
        )
        .unwrap();
    let zones = format!("<availabilityZoneSet><item>{REGION}c</item></availabilityZoneSet>");
    assert!(described.xml.contains(&zones), "{}", described.xml);
    let event = entry.event().unwrap();
    assert_eq!(event["source"], "aws.elasticloadbalancing");
    assert_eq!(event["detail"]["eventSource"], "elasticloadbalancing.amazonaws.com");
    let request = serde_json::json!({"loadBalancerArn": balancer, "subnets": [subnet]});
    assert_eq!(event["detail"]["requestParameters"], request);
}

#[tokio::test(start_paused = true)]
async fn refused_call_is_recorded_with_the_code_of_its_exception() {
    let (cloud, _, balancer) = cloud();
    call(&cloud, "DeleteLoadBalancer", &[("LoadBalancerArn", &balancer)]).unwrap_err();
    let event = cloud.log().last().unwrap().event().unwrap();
    assert_eq!(event["detail"]["errorCode"], "OperationNotPermittedException");
}

#[tokio::test(start_paused = true)]
async fn errors_are_those_of_the_query_protocol() {
    let (cloud, ..) = cloud();
    cloud.plan("DescribeTargetGroups", [Fault::Throttled, Fault::Denied]);
    for (fault, expected) in [(400, "<Code>Throttling</Code>"), (403, "<Code>AccessDenied</Code>")] {
        let body = b"Action=DescribeTargetGroups&Version=2015-12-01&LoadBalancerArn=x";
        let (status, answer) = cloud.serve(OWNER, Service::LoadBalancers, "", body).await.unwrap();
        let answer = String::from_utf8(answer).unwrap();
        assert_eq!(status, fault);
        assert!(answer.contains(expected), "{answer}");
    }
}
