//! Resources that depend on each other.

use super::*;

#[tokio::test(start_paused = true)]
async fn gateway_endpoint_adds_one_route_per_service_to_a_route_table() {
    let setup = setup();
    let request = || {
        let request = setup.ec2.create_vpc_endpoint().vpc_id(&setup.vpc).service_name(S3);
        request.route_table_ids(&setup.table).send()
    };
    let first = request().await.unwrap().vpc_endpoint.unwrap();
    assert_eq!(error_of(request().await).0, "RouteAlreadyExists");
    let tables = setup
        .ec2
        .describe_route_tables()
        .route_table_ids(&setup.table)
        .send()
        .await
        .unwrap();
    let route = tables.route_tables()[0]
        .routes()
        .iter()
        .find(|r| r.destination_prefix_list_id().is_some());
    assert_eq!(route.unwrap().gateway_id(), first.vpc_endpoint_id());
}

#[tokio::test(start_paused = true)]
async fn group_names_and_rules_are_unique() {
    let setup = setup();
    let create = || {
        let request = setup.ec2.create_security_group().vpc_id(&setup.vpc).group_name("g");
        let tag = Tag::builder().key("k").value("v").build();
        let tags = TagSpecification::builder()
            .resource_type(ResourceType::SecurityGroup)
            .tags(tag)
            .build();
        request.description("HTTPS").tag_specifications(tags).send()
    };
    let id = create().await.unwrap().group_id.unwrap();
    assert_eq!(error_of(create().await).0, "InvalidGroup.Duplicate");
    let permission = |cidrs: &[&str]| {
        let ranges = cidrs
            .iter()
            .map(|cidr| IpRange::builder().cidr_ip(*cidr).build())
            .collect();
        let tcp = IpPermission::builder().ip_protocol("tcp").from_port(443).to_port(443);
        tcp.set_ip_ranges(Some(ranges)).build()
    };
    let authorize = |cidrs: &[&str]| {
        let request = setup.ec2.authorize_security_group_ingress().group_id(&id);
        request.ip_permissions(permission(cidrs)).send()
    };
    authorize(&["10.0.0.0/16"]).await.unwrap();
    // One that exists fails the whole call.
    let both = authorize(&["10.0.0.0/16", "10.1.0.0/16"]).await;
    assert_eq!(error_of(both).0, "InvalidPermission.Duplicate");
    assert_eq!(setup.cloud.edit(|world| world.group(&id).unwrap().rules.len()), 1);
    setup.cloud.edit(|world| world.quotas.rules = 1);
    assert_eq!(
        error_of(authorize(&["10.1.0.0/16"]).await).0,
        "RulesPerSecurityGroupLimitExceeded"
    );
    let revoke = setup.ec2.revoke_security_group_ingress().group_id(&id);
    revoke
        .ip_permissions(permission(&["10.0.0.0/16"]))
        .send()
        .await
        .unwrap();
    let found = setup
        .ec2
        .describe_security_groups()
        .filters(filter("tag:k", "v"))
        .send()
        .await
        .unwrap();
    assert_eq!(found.security_groups().len(), 1);
    assert!(found.security_groups()[0].ip_permissions().is_empty());
}

#[tokio::test(start_paused = true)]
async fn resources_used_by_endpoints_cannot_be_deleted() {
    let setup = setup();
    let (group, endpoint) = setup.cloud.edit(|world| {
        let group = world.add_group(&setup.vpc, "g", vec![rule("10.0.0.0/16", 443, 443)]);
        let mut new = NewEndpoint::interface(&setup.vpc, "sts");
        new.groups = vec![group.clone()];
        new.subnets = vec![setup.b.clone()];
        (group, world.add_endpoint(new))
    });
    let subnet = || setup.ec2.delete_subnet().subnet_id(&setup.b).send();
    assert_eq!(error_of(subnet().await).0, "DependencyViolation");
    assert_eq!(
        error_of(setup.ec2.delete_vpc().vpc_id(&setup.vpc).send().await).0,
        "DependencyViolation"
    );
    let group = || setup.ec2.delete_security_group().group_id(&group).send();
    assert_eq!(error_of(group().await).0, "DependencyViolation");
    setup
        .ec2
        .delete_vpc_endpoints()
        .vpc_endpoint_ids(&endpoint)
        .send()
        .await
        .unwrap();
    assert_eq!(error_of(subnet().await).0, "DependencyViolation");
    later(600).await;
    subnet().await.unwrap();
    group().await.unwrap();
}
