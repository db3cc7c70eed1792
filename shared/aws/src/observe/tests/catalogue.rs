use super::*;

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
    let s3 = "com.amazonaws.eu-central-1.s3";
    let gateway = catalogue.find(s3, EndpointKind::Gateway).unwrap();
    assert_eq!(gateway.zones, BTreeSet::from([Zone::from("eu-central-1a")]));
    assert!(
        gateway.private_dns_names.is_empty()
            && gateway.addresses == AddressType::Ipv4
            && gateway.amazon()
            && gateway.policy_supported
    );
    let interface = catalogue.find(s3, EndpointKind::Interface).unwrap();
    assert_eq!(interface.zones.len(), 2);
    assert_eq!(interface.private_dns_names.len(), 2);
    assert!(interface.addresses == AddressType::Dualstack && !interface.manages_endpoints);
    let other = "com.amazonaws.vpce.eu-central-1.vpce-svc-1";
    let other = catalogue.find(other, EndpointKind::Interface).unwrap();
    assert!(
        other.addresses == AddressType::Ipv6 && !other.amazon() && !other.policy_supported && other.manages_endpoints
    );
}

#[tokio::test]
async fn services_of_other_regions_are_not_in_the_catalogue() {
    let catalogue = look_at(Part::Services, "DescribeVpcEndpointServices", SERVICES)
        .await
        .services
        .unwrap();
    assert_eq!(catalogue.services().len(), 3);
}

#[tokio::test]
async fn the_catalogue_is_asked_for_once_while_it_is_young() {
    let cloud = Cloud::new()
        .on("DescribeVpcEndpointServices", SERVICES)
        .on("DescribeVpcEndpointServices", "<serviceDetailSet/>");
    let session = cloud.session();
    let region = region();
    let ec2 = session.ec2(&region);
    let at = |time: &str| session.catalogues().get(&ec2, &region, time.parse().unwrap());
    let (first, second) = tokio::join!(at("2026-01-01T00:00:00Z"), at("2026-01-01T05:59:59Z"));
    assert_eq!(first.unwrap().services().len(), 3);
    assert_eq!(second.unwrap().services().len(), 3);
    assert_eq!(cloud.actions().len(), 1);
    assert_eq!(at("2026-01-01T06:00:00Z").await.unwrap().services().len(), 0);
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
    let session = cloud.session();
    let ec2 = session.ec2(&region());
    let now = "2026-01-01T00:00:00Z".parse().unwrap();
    assert!(
        session
            .catalogues()
            .get(&ec2, &region(), now)
            .await
            .unwrap_err()
            .transient()
    );
    assert_eq!(
        session
            .catalogues()
            .get(&ec2, &region(), now)
            .await
            .unwrap()
            .services()
            .len(),
        3
    );
}

#[tokio::test]
async fn services_that_the_listing_omits_are_described_by_name_once() {
    let endpoint = |id: &str, service: &str, more: &str| {
        format!(
            "<item><vpcEndpointId>{id}</vpcEndpointId><vpcId>vpc-1</vpcId><vpcEndpointType>Interface</vpcEndpointType>\
             <state>available</state><serviceName>{service}</serviceName>{more}</item>"
        )
    };
    let abroad = "<serviceRegion>us-east-1</serviceRegion>";
    let endpoints = [
        endpoint("vpce-1", "com.amazonaws.eu-central-1.s3", ""),
        endpoint("vpce-2", "com.amazonaws.eu-central-1.omitted", ""),
        endpoint("vpce-3", "com.amazonaws.eu-central-1.unknown", ""),
        endpoint("vpce-4", "com.amazonaws.us-east-1.sts", abroad),
    ];
    let detail = |name: &str, region: &str| {
        format!(
            "<serviceDetailSet><item><serviceName>{name}</serviceName><owner>amazon</owner><serviceRegion>{region}</serviceRegion>\
             <serviceType><item><serviceType>Interface</serviceType></item></serviceType>\
             <vpcEndpointPolicySupported>true</vpcEndpointPolicySupported></item></serviceDetailSet>"
        )
    };
    let action = "DescribeVpcEndpointServices";
    // In the order of names: the listing, then those of the endpoints and of the settings.
    let cloud = Cloud::new()
        .always("DescribeVpcs", VPC)
        .always(
            "DescribeVpcEndpoints",
            &format!("<vpcEndpointSet>{}</vpcEndpointSet>", endpoints.concat()),
        )
        .on(action, SERVICES)
        .on(action, &detail("com.amazonaws.eu-central-1.omitted", "eu-central-1"))
        .refuse(
            action,
            "InvalidServiceName",
            "The Vpc Endpoint Service 'com.amazonaws.eu-central-1.unknown' does not exist",
        )
        .on(action, &detail("com.amazonaws.iam", "eu-central-1"))
        .on(action, &detail("com.amazonaws.us-east-1.sts", "us-east-1"));
    let session = cloud.session();
    let requirement = Requirement {
        services: vec![
            "com.amazonaws.iam".to_owned(),
            "com.amazonaws.eu-central-1.s3".to_owned(),
        ],
        kind: EndpointKind::Interface,
        fips: false,
        vpcs: VpcSelector::default(),
        subnets: SubnetSelector::default(),
    };
    let settings = Settings {
        requirements: vec![requirement],
        ..Settings::default()
    };
    let wanted = parts(&[Part::Endpoints, Part::Services]);
    let vpc = ScopedResource::Vpc("vpc-1".into());
    for _ in 0..2 {
        let observed = session.observe(&region(), &vpc, &wanted, &settings).await.unwrap();
        let Some(Snapshot::Vpc(snapshot)) = observed else {
            panic!("{observed:?}")
        };
        let (catalogue, endpoints) = (snapshot.services.unwrap(), snapshot.endpoints.unwrap());
        let of = |id: &str| &endpoints[&id.into()];
        assert!(catalogue.of_endpoint(of("vpce-2")).unwrap().policy_supported);
        assert!(catalogue.of_endpoint(of("vpce-3")).is_none());
        let lost: Vec<_> = endpoints.values().filter(|e| catalogue.lost_service_of(e)).collect();
        assert_eq!(lost, [of("vpce-3")], "AWS says that the service does not exist");
        let sts = catalogue.of_endpoint(of("vpce-4")).unwrap();
        assert_eq!(sts.region.as_ref().map(Region::as_str), Some("us-east-1"));
        let sts = sts.name.as_str();
        assert!(
            catalogue.find(sts, EndpointKind::Interface).is_none(),
            "it is no service of this Region"
        );
        assert!(catalogue.find("com.amazonaws.iam", EndpointKind::Interface).is_some());
    }
    let swept = session
        .observe_vpcs(&region(), &wanted, &settings)
        .await
        .unwrap()
        .remove(0);
    assert_eq!(swept.services.unwrap().services().len(), 6);
    let requests = cloud.requests(action);
    let named: Vec<_> = requests
        .iter()
        .map(|request| {
            (
                request.get("ServiceName.1").cloned(),
                request.get("ServiceRegion.1").cloned(),
            )
        })
        .collect();
    let name = |name: &str| Some(name.to_owned());
    assert_eq!(
        named,
        [
            (None, None),
            (name("com.amazonaws.eu-central-1.omitted"), None),
            (name("com.amazonaws.eu-central-1.unknown"), None),
            (name("com.amazonaws.iam"), None),
            (name("com.amazonaws.us-east-1.sts"), name("us-east-1")),
        ]
    );
}
