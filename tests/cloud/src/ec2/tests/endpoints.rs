//! Endpoints: creation, states, policies, private names.

use super::*;

#[tokio::test(start_paused = true)]
async fn endpoint_needs_only_a_vpc_and_gets_defaults() {
    let setup = setup();
    let request = setup.ec2.create_vpc_endpoint().vpc_id(&setup.vpc).service_name(S3);
    let gateway = request.send().await.unwrap().vpc_endpoint.unwrap();
    assert_eq!(gateway.vpc_endpoint_type().unwrap().as_str(), "Gateway");
    assert!(gateway.policy_document().unwrap().contains("2008-10-17"));
    let interface = setup.create(STS).send().await.unwrap().vpc_endpoint.unwrap();
    let group = setup.cloud.edit(|world| world.default_group(&setup.vpc)).unwrap();
    assert_eq!(interface.groups()[0].group_id(), Some(group.as_str()));
    assert!(interface.policy_document().unwrap().contains("\"Allow\""));
    assert_eq!(interface.private_dns_enabled(), Some(false));
}

#[tokio::test(start_paused = true)]
async fn client_token_returns_the_same_endpoint_for_the_same_request_only() {
    let setup = setup();
    let request = || setup.create(STS).subnet_ids(&setup.a).client_token("token-1");
    let first = request().send().await.unwrap().vpc_endpoint.unwrap();
    let again = request().send().await.unwrap().vpc_endpoint.unwrap();
    assert_eq!(first.vpc_endpoint_id(), again.vpc_endpoint_id());
    let (code, _) = error_of(request().subnet_ids(&setup.b).send().await);
    assert_eq!(code, "IdempotentParameterMismatch");
    assert_eq!(setup.cloud.edit(|world| world.endpoints().count()), 1);
    // A token outlives what it made.
    let id = first.vpc_endpoint_id().unwrap();
    setup
        .ec2
        .delete_vpc_endpoints()
        .vpc_endpoint_ids(id)
        .send()
        .await
        .unwrap();
    later(600).await;
    let gone = request().send().await.unwrap().vpc_endpoint.unwrap();
    assert_eq!(gone.vpc_endpoint_id(), Some(id));
    assert_eq!(gone.state().unwrap().as_str().to_lowercase(), "deleted");
    let long = request().client_token("x".repeat(65)).send().await;
    assert_eq!(error_of(long).0, "InvalidParameter");
}

#[tokio::test(start_paused = true)]
async fn client_token_keeps_a_creation_that_the_sdk_retries_from_creating_twice() {
    let setup = setup();
    setup.cloud.plan(
        "CreateVpcEndpoint",
        [Fault::ErrorAfter, Fault::BrokenAfter, Fault::SilentAfter],
    );
    let answer = setup.create(STS).client_token("t").send().await.unwrap();
    let endpoints = setup.cloud.edit(|world| world.endpoints().cloned().collect::<Vec<_>>());
    assert_eq!(endpoints.len(), 1);
    assert_eq!(
        answer.vpc_endpoint.unwrap().vpc_endpoint_id(),
        Some(endpoints[0].id.as_str())
    );
    let calls = setup.cloud.log();
    assert_eq!(calls.len(), 4);
    assert_eq!(calls.iter().filter(|call| call.changed()).count(), 1);
    assert_eq!(calls[2].fault, Some(Fault::SilentAfter));
}

#[tokio::test(start_paused = true)]
async fn endpoint_passes_through_its_states_with_time() {
    let setup = setup();
    let created = setup
        .create(STS)
        .subnet_ids(&setup.a)
        .send()
        .await
        .unwrap()
        .vpc_endpoint
        .unwrap();
    let id = created.vpc_endpoint_id().unwrap();
    assert_eq!(setup.state_of(id).await.as_deref(), Some("pending"));
    later(200).await;
    assert_eq!(setup.state_of(id).await.as_deref(), Some("available"));
    setup
        .ec2
        .delete_vpc_endpoints()
        .vpc_endpoint_ids(id)
        .send()
        .await
        .unwrap();
    assert_eq!(setup.state_of(id).await.as_deref(), Some("deleting"));
    later(600).await;
    assert_eq!(setup.state_of(id).await, None);
}

#[tokio::test(start_paused = true)]
async fn states_are_spelled_with_and_without_a_capital() {
    let setup = setup();
    setup
        .cloud
        .edit(|world| world.add_endpoint(NewEndpoint::interface(&setup.vpc, "sts")));
    let mut spellings = std::collections::BTreeSet::new();
    for _ in 0..40 {
        let answer = setup.ec2.describe_vpc_endpoints().send().await.unwrap();
        spellings.extend(
            answer
                .vpc_endpoints()
                .iter()
                .map(|e| e.state().unwrap().as_str().to_owned()),
        );
    }
    assert!(spellings.into_iter().eq(["Available", "available"]));
}

#[tokio::test(start_paused = true)]
async fn endpoint_has_one_subnet_per_zone() {
    let setup = setup();
    let both = setup.create(STS).subnet_ids(&setup.a).subnet_ids(&setup.a2);
    assert_eq!(error_of(both.send().await).0, "DuplicateSubnetsInSameZone");
    let id = setup.cloud.edit(|world| {
        let mut new = NewEndpoint::interface(&setup.vpc, "sts");
        new.subnets = vec![setup.a.clone()];
        world.add_endpoint(new)
    });
    let modify = || setup.ec2.modify_vpc_endpoint().vpc_endpoint_id(&id);
    let second = modify().add_subnet_ids(&setup.a2).send().await;
    assert_eq!(error_of(second).0, "DuplicateSubnetsInSameZone");
    modify().add_subnet_ids(&setup.b).send().await.unwrap();
    assert_eq!(setup.cloud.edit(|world| world.endpoint(&id).unwrap().subnets.len()), 2);
}

#[tokio::test(start_paused = true)]
async fn pending_endpoint_accepts_only_a_policy() {
    let setup = setup();
    let created = setup
        .create(STS)
        .subnet_ids(&setup.a)
        .send()
        .await
        .unwrap()
        .vpc_endpoint
        .unwrap();
    let id = created.vpc_endpoint_id().unwrap();
    let modify = || setup.ec2.modify_vpc_endpoint().vpc_endpoint_id(id);
    let add = || modify().add_subnet_ids(&setup.b).send();
    assert_eq!(error_of(add().await).0, "IncorrectState");
    modify().policy_document(OPEN).send().await.unwrap();
    later(200).await;
    add().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn service_refuses_subnets_in_unsupported_zones() {
    let setup = setup();
    let request = setup
        .create("com.amazonaws.eu-central-1.appstream.api")
        .subnet_ids(&setup.b);
    let (code, message) = error_of(request.send().await);
    assert_eq!(code, "InvalidParameter");
    let words = "The VPC endpoint service com.amazonaws.eu-central-1.appstream.api does not support the availability \
                 zone of the subnet: subnet-";
    assert!(message.starts_with(words), "{message}");
}

#[tokio::test(start_paused = true)]
async fn gateway_endpoint_refuses_subnets() {
    let setup = setup();
    let request = setup.ec2.create_vpc_endpoint().vpc_id(&setup.vpc).service_name(S3);
    let (code, message) = error_of(request.subnet_ids(&setup.a).send().await);
    assert_eq!(code, "InvalidParameter");
    let words = "Subnet IDs are only supported for Interface and GatewayLoadBalancer type VPC Endpoints";
    assert_eq!(message, words);
}

#[tokio::test(start_paused = true)]
async fn private_name_conflicts_within_a_vpc_and_for_minutes_after_a_delete() {
    let setup = setup();
    let request = || setup.create(STS).private_dns_enabled(true);
    let first = request()
        .subnet_ids(&setup.a)
        .send()
        .await
        .unwrap()
        .vpc_endpoint
        .unwrap();
    let words = format!(
        "private-dns-enabled cannot be set because there is already a conflicting DNS domain for \
         sts.eu-central-1.amazonaws.com in the VPC {}",
        setup.vpc
    );
    let taken = ("InvalidParameter".to_owned(), words);
    assert_eq!(error_of(request().send().await), taken);
    let id = first.vpc_endpoint_id().unwrap();
    setup
        .ec2
        .delete_vpc_endpoints()
        .vpc_endpoint_ids(id)
        .send()
        .await
        .unwrap();
    while setup
        .cloud
        .edit(|world| world.endpoint(id).is_some_and(|e| e.state != EndpointState::Deleted))
    {
        later(1).await;
    }
    assert_eq!(error_of(request().send().await), taken);
    later(300).await;
    request().send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn private_dns_needs_both_attributes_of_the_vpc() {
    let setup = setup();
    let off = AttributeBooleanValue::builder().value(false).build();
    let modify = setup.ec2.modify_vpc_attribute().vpc_id(&setup.vpc);
    modify.enable_dns_hostnames(off).send().await.unwrap();
    let (code, message) = error_of(setup.create(STS).private_dns_enabled(true).send().await);
    assert_eq!(code, "InvalidParameter");
    assert!(message.contains("enableDnsSupport"), "{message}");
    setup.create(STS).send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn private_name_of_s3_needs_a_gateway_endpoint() {
    let setup = setup();
    let request = || setup.create(S3).private_dns_enabled(true).send();
    assert_eq!(error_of(request().await).0, "InvalidParameter");
    setup
        .cloud
        .edit(|world| world.add_endpoint(NewEndpoint::gateway(&setup.vpc, "s3")));
    request().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn policy_is_normalised_and_limited_in_length() {
    let setup = setup();
    let id = setup
        .cloud
        .edit(|world| world.add_endpoint(NewEndpoint::interface(&setup.vpc, "sts")));
    let modify = |policy: &str| {
        let request = setup.ec2.modify_vpc_endpoint().vpc_endpoint_id(&id);
        request.policy_document(policy).send()
    };
    modify(OPEN).await.unwrap();
    let kept = setup.cloud.edit(|world| world.endpoint(&id).unwrap().policy.clone());
    assert_ne!(kept, OPEN);
    let parsed = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    assert_eq!(parsed(&kept), parsed(OPEN));
    let long = OPEN.replace('{', &format!("{{{}", " ".repeat(20_480)));
    assert_eq!(error_of(modify(&long).await).0, "InvalidPolicyDocument");
    assert_eq!(error_of(modify("{}").await).0, "InvalidPolicyDocument");
}

#[tokio::test(start_paused = true)]
async fn reset_policy_is_the_open_default() {
    let setup = setup();
    let id = setup.cloud.edit(|world| {
        let closed = OPEN.replace("Allow", "Deny");
        let mut new = NewEndpoint::gateway(&setup.vpc, "s3");
        new.policy = Some(closed);
        world.add_endpoint(new)
    });
    let request = setup.ec2.modify_vpc_endpoint().vpc_endpoint_id(&id);
    request.reset_policy(true).send().await.unwrap();
    assert!(
        setup
            .cloud
            .edit(|world| world.endpoint(&id).unwrap().policy.contains("2008-10-17"))
    );
}

#[tokio::test(start_paused = true)]
async fn requester_managed_endpoint_cannot_be_changed() {
    let setup = setup();
    let id = setup.cloud.edit(|world| {
        let mut new = NewEndpoint::interface(&setup.vpc, "sts");
        new.requester_managed = true;
        world.add_endpoint(new)
    });
    let modify = setup
        .ec2
        .modify_vpc_endpoint()
        .vpc_endpoint_id(&id)
        .policy_document(OPEN);
    assert_eq!(error_of(modify.send().await).0, "OperationNotPermitted");
    let answer = setup
        .ec2
        .delete_vpc_endpoints()
        .vpc_endpoint_ids(&id)
        .send()
        .await
        .unwrap();
    assert_eq!(
        answer.unsuccessful()[0].error().unwrap().code(),
        Some("OperationNotPermitted")
    );
}

#[tokio::test(start_paused = true)]
async fn dry_run_changes_nothing() {
    let setup = setup();
    assert_eq!(
        error_of(setup.create(STS).dry_run(true).send().await).0,
        "DryRunOperation"
    );
    let entry = setup.cloud.log().remove(0);
    assert!(!entry.mutating && !entry.changed());
    assert_eq!(entry.event().unwrap()["detail"]["errorCode"], "Client.DryRunOperation");
}

#[tokio::test(start_paused = true)]
async fn delete_of_several_endpoints_lists_those_not_deleted() {
    let setup = setup();
    let id = setup
        .cloud
        .edit(|world| world.add_endpoint(NewEndpoint::interface(&setup.vpc, "sts")));
    let request = setup
        .ec2
        .delete_vpc_endpoints()
        .vpc_endpoint_ids(&id)
        .vpc_endpoint_ids("vpce-0");
    let answer = request.send().await.unwrap();
    assert_eq!(answer.unsuccessful().len(), 1);
    assert_eq!(answer.unsuccessful()[0].resource_id(), Some("vpce-0"));
}
