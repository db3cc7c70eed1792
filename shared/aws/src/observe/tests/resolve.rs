use super::*;

async fn resolve(cloud: &Cloud, targets: &[Target]) -> BTreeMap<Target, Result<Resolution, ObserveError>> {
    let resolved = cloud.session().resolve(&region(), targets).await;
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
    let acl = "<networkAclSet><item><networkAclId>acl-1</networkAclId><vpcId>vpc-1</vpcId></item></networkAclSet>";
    let endpoint = "<vpcEndpointSet><item><vpcEndpointId>vpce-1</vpcEndpointId><vpcId>vpc-1</vpcId>\
        <state>deleted</state></item></vpcEndpointSet>";
    let subnet = format!("<subnetSet>{}</subnetSet>", subnet_item("subnet-1", "vpc-1"));
    let vpc = || Resolution::Scope(ScopedResource::Vpc("vpc-1".into()));
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
            Target::NetworkAcl("acl-1".into()),
            Cloud::new().on("DescribeNetworkAcls", acl),
            "network-acl-id",
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

const GROUP: &str = "<securityGroupInfo><item><groupId>sg-1</groupId><vpcId>vpc-1</vpcId></item></securityGroupInfo>";

#[tokio::test]
async fn group_resolves_to_its_vpc_and_to_those_of_endpoints_that_have_it() {
    let interface = |vpc: &str, group: &str| {
        format!("<item><vpcId>{vpc}</vpcId><groupSet><item><groupId>{group}</groupId></item></groupSet></item>")
    };
    let interfaces = [
        interface("vpc-2", "sg-1"),
        interface("vpc-3", "sg-1"),
        interface("vpc-2", "sg-1"),
    ]
    .concat();
    let cloud = Cloud::new().on("DescribeSecurityGroups", GROUP).on(
        "DescribeNetworkInterfaces",
        &format!("<networkInterfaceSet>{interfaces}</networkInterfaceSet>"),
    );
    let vpcs = ["vpc-1", "vpc-2", "vpc-3"].map(VpcId::from);
    assert_eq!(
        resolve_one(&cloud, Target::SecurityGroup("sg-1".into())).await,
        Resolution::Vpcs(vpcs.into())
    );
    for call in ["DescribeSecurityGroups", "DescribeNetworkInterfaces"] {
        let request = cloud.request(call);
        assert_eq!(
            (request["Filter.1.Name"].as_str(), request["Filter.1.Value.1"].as_str()),
            ("group-id", "sg-1")
        );
    }
    let request = cloud.request("DescribeNetworkInterfaces");
    assert_eq!(request["Filter.2.Name"], "interface-type");
    assert_eq!(request["Filter.2.Value.1"], "vpc_endpoint");
}

#[tokio::test]
async fn group_resolves_to_its_vpc_where_network_interfaces_may_not_be_listed() {
    let cloud = Cloud::new().on("DescribeSecurityGroups", GROUP).refuse(
        "DescribeNetworkInterfaces",
        "UnauthorizedOperation",
        "You are not authorized",
    );
    assert_eq!(
        resolve_one(&cloud, Target::SecurityGroup("sg-1".into())).await,
        Resolution::Vpcs([VpcId::from("vpc-1")].into())
    );
}

#[tokio::test]
async fn deleted_resource_is_named_in_the_message() {
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
    let cloud = Cloud::new()
        .on("DescribeSecurityGroups", "<securityGroupInfo/>")
        .on("DescribeNetworkInterfaces", "<networkInterfaceSet/>");
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
async fn connected_endpoint_of_another_account_means_to_look_nowhere() {
    let code = "InvalidVpcEndpointId.NotFound";
    let cloud = Cloud::new().refuse(
        "DescribeVpcEndpoints",
        code,
        "The Vpc Endpoint Id 'vpce-1' does not exist",
    );
    let resolved = resolve_one(&cloud, Target::ConnectedEndpoint("vpce-1".into())).await;
    assert!(matches!(resolved, Resolution::Gone(_)), "{resolved:?}");
}

#[tokio::test]
async fn id_that_ec2_takes_for_none_does_not_hold_back_the_others() {
    let found = "<vpcEndpointSet><item><vpcEndpointId>a</vpcEndpointId><vpcId>vpc-a</vpcId></item></vpcEndpointSet>";
    let (code, message) = ("InvalidVpcEndpointId.Malformed", "Invalid Id: 'b'");
    let cloud = Cloud::new()
        .refuse("DescribeVpcEndpoints", code, message)
        .on("DescribeVpcEndpoints", found)
        .refuse("DescribeVpcEndpoints", code, message);
    let targets = ["a", "b"].map(|id| Target::Endpoint(id.into()));
    let resolved = resolve(&cloud, &targets).await;
    let resolutions: Vec<_> = resolved.into_values().map(Result::unwrap).collect();
    let scope = Resolution::Scope(ScopedResource::Vpc("vpc-a".into()));
    assert_eq!(resolutions, [scope, Resolution::Region]);
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
            Resolution::Scope(ScopedResource::Vpc("vpc-a".into())),
            Resolution::Region,
            Resolution::Scope(ScopedResource::Vpc("vpc-c".into()))
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
    assert_eq!(error.target, "subnet-1 in eu-central-1");
    assert_eq!(
        *resolved[&table].as_ref().unwrap(),
        Resolution::Scope(ScopedResource::Vpc("vpc-1".into()))
    );
}
