use super::*;

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
        Change::CreateManagedGroup(CreateManagedGroup::for_ingress("vpc-1".into())),
        authorize(managed()),
        Change::CreateEndpoint(new_interface()),
        Change::AttachManagedGroup(AttachManagedGroup {
            endpoint: "vpce-1".into(),
            group: managed(),
        }),
    ];
    for change in changes {
        let cloud = Cloud::new().on("DescribeSecurityGroups", &theirs);
        let endpoints = match change {
            Change::AttachManagedGroup(_) => interface(""),
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
async fn group_of_the_quarantine_is_created_with_its_own_name() {
    let change = Change::CreateManagedGroup(CreateManagedGroup {
        vpc: "vpc-1".into(),
        purpose: GroupPurpose::Quarantine,
    });
    let cloud = Cloud::new()
        .on("DescribeSecurityGroups", "<securityGroupInfo/>")
        .on("CreateSecurityGroup", "<groupId>sg-new</groupId>");
    let outcome = apply(&cloud, &change).await;
    assert_eq!(
        outcome,
        ChangeOutcome::Applied {
            created: Some("sg-new".to_owned())
        }
    );
    assert_eq!(
        cloud.request("DescribeSecurityGroups")["Filter.2.Value.1"],
        QUARANTINE_GROUP_NAME
    );
    let request = cloud.request("CreateSecurityGroup");
    assert_eq!(request["GroupName"], QUARANTINE_GROUP_NAME);
    assert_eq!(tags(&request)["postern:managed"], "true");
}

#[tokio::test]
async fn endpoint_is_isolated_by_one_request_that_names_all_of_its_groups() {
    let cloud = Cloud::new()
        .on("DescribeVpcEndpoints", &interface(&attached(&["sg-1", "sg-2"])))
        .on("DescribeSecurityGroups", &quarantine_group(""))
        .on("ModifyVpcEndpoint", "<return>true</return>");
    apply(&cloud, &isolate()).await;
    let request = cloud.request("ModifyVpcEndpoint");
    let named = |name: &str| request.get(name).map(String::as_str);
    assert_eq!(named("AddSecurityGroupId.1"), Some("sg-managed"));
    assert_eq!(
        (named("RemoveSecurityGroupId.1"), named("RemoveSecurityGroupId.2")),
        (Some("sg-1"), Some("sg-2"))
    );
    assert_eq!(
        (named("AddSecurityGroupId.2"), named("RemoveSecurityGroupId.3")),
        (None, None)
    );
}

#[tokio::test]
async fn endpoint_is_not_isolated_by_a_group_with_rules_nor_after_somebody_changed_its_groups() {
    let isolated = async |groups: &[&str], rules: &str| {
        let cloud = Cloud::new()
            .on("DescribeVpcEndpoints", &interface(&attached(groups)))
            .on("DescribeSecurityGroups", &quarantine_group(rules));
        let outcome = apply(&cloud, &isolate()).await;
        skipped_because(&outcome).to_owned()
    };
    let rules = https_from(&["10.0.0.0/16"]);
    assert_eq!(isolated(&["sg-1", "sg-2"], &rules).await, "sg-managed has rules");
    let changed = "the security groups of vpce-1 were changed since they were observed";
    assert_eq!(isolated(&["sg-1"], "").await, changed);
    assert_eq!(isolated(&["sg-1", "sg-2", "sg-3"], "").await, changed);
}

#[tokio::test]
async fn groups_of_an_endpoint_are_not_restored_after_somebody_changed_them() {
    let cloud = Cloud::new().on("DescribeVpcEndpoints", &interface(&attached(&["sg-3"])));
    let inverse = isolate().inverse(Some("sg-managed")).unwrap();
    let outcome = applier(&cloud).undo(&inverse, Some(&isolate())).await;
    cloud.done();
    assert_eq!(
        skipped_because(&outcome),
        "somebody else changed the security groups of vpce-1 since"
    );
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
    let change = Change::CreateManagedGroup(CreateManagedGroup::for_ingress("vpc-1".into()));
    let cloud = duplicate(Cloud::new()).on("DescribeSecurityGroups", &group(""));
    let reason = "sg-managed exists".to_owned();
    assert_eq!(apply(&cloud, &change).await, ChangeOutcome::NotNeeded { reason });
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
        Change::CreateManagedGroup(CreateManagedGroup::for_ingress("vpc-1".into())),
        authorize(managed()),
        Change::CreateEndpoint(new_interface()),
    ] {
        let outcome = applier.apply(&change, "the-control").await;
        assert!(
            matches!(outcome, ChangeOutcome::Applied { .. }),
            "{change}: {outcome:?}"
        );
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
        .apply(
            &Change::CreateManagedGroup(CreateManagedGroup::for_ingress("vpc-1".into())),
            "the-control",
        )
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
    assert_eq!(outcome, ChangeOutcome::Applied { created });
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
async fn only_added_rules_are_rolled_back() {
    let answers = |there: &[&str]| {
        Cloud::new()
            .on("DescribeSecurityGroups", &group(&https_from(there)))
            .on("AuthorizeSecurityGroupIngress", "<return>true</return>")
    };
    let whole = authorize(managed());
    let cloud = answers(&["10.0.0.0/16"]);
    let mut some = applier(&cloud);
    some.apply(&whole, "ingress-blocked").await;
    let Some(Change::AuthorizeIngress(AuthorizeIngress { cidrs, .. })) = some.part() else {
        panic!("nothing is said of what was there already")
    };
    assert_eq!(
        cidrs.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["2001:db8:1::/56"]
    );
    let cloud = answers(&[]);
    let mut all = applier(&cloud);
    all.apply(&whole, "ingress-blocked").await;
    assert_eq!(all.part(), None);
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
        ChangeOutcome::Applied { .. }
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
        ChangeOutcome::Applied { .. }
    ));
    let second = &cloud.requests("AuthorizeSecurityGroupIngress")[1];
    assert!(!second.contains_key("IpPermissions.1.IpRanges.1.CidrIp"));

    let both = https_from(&["10.0.0.0/16", "2001:db8:1::/56"]);
    let cloud = raced().on("DescribeSecurityGroups", &group(&both));
    assert!(matches!(
        apply(&cloud, &authorize(managed())).await,
        ChangeOutcome::NotNeeded { .. }
    ));

    let one = https_from(&["10.0.0.0/16"]);
    let cloud = Cloud::new().on("DescribeSecurityGroups", &group(&one)).refuse(
        "AuthorizeSecurityGroupIngress",
        "InvalidPermission.Duplicate",
        duplicate,
    );
    assert!(matches!(
        apply(&cloud, &authorize(managed())).await,
        ChangeOutcome::NotNeeded { .. }
    ));
}
