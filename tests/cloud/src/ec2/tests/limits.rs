//! Quotas, rates, delays and failures.

use super::*;

#[tokio::test(start_paused = true)]
async fn quotas_limit_interface_endpoints_per_vpc_and_gateways_per_region() {
    let setup = setup();
    setup.cloud.edit(|world| {
        for _ in 0..50 {
            let mut new = NewEndpoint::interface(&setup.vpc, "kms");
            new.private_dns = false;
            world.add_endpoint(new);
        }
        let other = world.add_vpc("10.9.0.0/16");
        for _ in 0..20 {
            world.add_endpoint(NewEndpoint::gateway(&other, "s3"));
        }
    });
    assert_eq!(error_of(setup.create(STS).send().await).0, "VpcEndpointLimitExceeded");
    let gateway = setup.ec2.create_vpc_endpoint().vpc_id(&setup.vpc).service_name(S3);
    assert_eq!(error_of(gateway.send().await).0, "VpcEndpointLimitExceeded");
}

#[tokio::test(start_paused = true)]
async fn full_subnet_refuses_endpoints() {
    let setup = setup();
    setup
        .cloud
        .edit(|world| world.edit_subnet(&setup.a, |subnet| subnet.addresses = 1));
    setup.create(STS).subnet_ids(&setup.a).send().await.unwrap();
    let second = setup.create(STS).subnet_ids(&setup.a).send().await;
    assert_eq!(error_of(second).0, "InsufficientFreeAddressesInSubnet");
    let subnets = setup.ec2.describe_subnets().subnet_ids(&setup.a).send().await.unwrap();
    assert_eq!(subnets.subnets()[0].available_ip_address_count(), Some(0));
}

#[tokio::test(start_paused = true)]
async fn write_becomes_visible_to_readers_at_different_times() {
    let setup = setup();
    let mut faults = Faults::none().with(Fault::Stale, 1.0);
    faults.stale_for = Duration::from_secs(60);
    setup.cloud.set_faults(faults);
    let created = setup.create(STS).send().await.unwrap().vpc_endpoint.unwrap();
    let id = created.vpc_endpoint_id().unwrap();
    let mut answers = std::collections::BTreeSet::new();
    for _ in 0..20 {
        answers.insert(setup.state_of(id).await.is_some());
    }
    setup.cloud.set_faults(Faults::none());
    later(60).await;
    assert!(setup.state_of(id).await.is_some());
    assert_eq!(answers.len(), 2);
    assert!(setup.cloud.injected()[&Fault::Stale] >= 1);
}

#[tokio::test(start_paused = true)]
async fn throttled_and_denied_calls_answer_as_ec2_does() {
    let setup = setup();
    setup.cloud.plan(
        "DescribeVpcs",
        [Fault::Throttled, Fault::ErrorBefore, Fault::BrokenBefore],
    );
    setup.ec2.describe_vpcs().send().await.unwrap();
    assert_eq!(setup.cloud.log().len(), 4);
    setup.cloud.set_faults(Faults::none().denying("ec2:DescribeSubnets"));
    assert_eq!(
        error_of(setup.ec2.describe_subnets().send().await).0,
        "UnauthorizedOperation"
    );
}

#[tokio::test(start_paused = true)]
async fn dropped_call_was_made_as_a_whole_or_not_at_all() {
    let mut seen = std::collections::BTreeSet::new();
    for wait in 0..150 {
        let setup = setup_of(7);
        let request = setup
            .ec2
            .create_security_group()
            .vpc_id(&setup.vpc)
            .group_name("g")
            .description("g");
        let wait = Duration::from_millis(wait);
        let _ = tokio::time::timeout(wait, request.send()).await;
        let made = setup.cloud.edit(|world| world.groups().any(|group| group.name == "g"));
        assert_eq!(made, setup.cloud.log().iter().any(|entry| entry.changed()));
        seen.insert(made);
    }
    assert_eq!(seen.len(), 2);
}

/// With EC2's limits on changes to endpoints, and a client that does not retry.
fn limited() -> (Setup, Client) {
    let setup = setup();
    setup.cloud.edit(World::limit_endpoint_changes);
    let config = aws_sdk_ec2::config::Builder::from(&setup.cloud.config(CALLER))
        .retry_config(RetryConfig::disabled())
        .build();
    (setup, Client::from_conf(config))
}

#[tokio::test(start_paused = true)]
async fn creations_of_endpoints_have_a_bucket_of_four_refilled_every_four_seconds() {
    let (setup, ec2) = limited();
    setup.cloud.set_faults(Faults {
        latency: Duration::ZERO..=Duration::ZERO,
        ..Faults::none()
    });
    let create = async || {
        let request = ec2.create_vpc_endpoint().vpc_id(&setup.vpc).service_name(STS);
        request.vpc_endpoint_type(VpcEndpointType::Interface).send().await
    };
    for _ in 0..4 {
        create().await.unwrap();
    }
    assert_eq!(error_of(create().await).0, "RequestLimitExceeded");
    let made = setup.cloud.edit(|world| world.endpoints().count());
    assert_eq!(made, 4);
    later(3).await;
    assert_eq!(error_of(create().await).0, "RequestLimitExceeded");
    later(1).await;
    create().await.unwrap();
    assert_eq!(error_of(create().await).0, "RequestLimitExceeded");
    // Deletions have a bucket of their own, and other Regions another one.
    let endpoint = setup.cloud.edit(|world| world.endpoints().next().unwrap().id.clone());
    ec2.delete_vpc_endpoints()
        .vpc_endpoint_ids(endpoint)
        .send()
        .await
        .unwrap();
    let status = setup.cloud.log().iter().filter(|entry| entry.code.is_some()).count();
    assert_eq!(status, 3);
}

#[tokio::test(start_paused = true)]
async fn endpoint_is_modified_once_at_a_time() {
    let (setup, ec2) = limited();
    let endpoint = setup
        .cloud
        .edit(|world| world.add_endpoint(NewEndpoint::gateway(&setup.vpc, "s3")));
    let reset = async || {
        let modify = ec2.modify_vpc_endpoint().vpc_endpoint_id(&endpoint);
        modify.reset_policy(true).send().await
    };
    reset().await.unwrap();
    let (code, message) = error_of(reset().await);
    assert_eq!(code, "OperationInProgress");
    assert_eq!(message, "VpcEndpoint modify operation in progress");
    later(8).await;
    reset().await.unwrap();
}
