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
    assert!(gateway.private_dns_names.is_empty() && gateway.ipv4 && gateway.amazon && gateway.policy_supported);
    let interface = catalogue.find(s3, EndpointKind::Interface).unwrap();
    assert_eq!(interface.zones.len(), 2);
    assert_eq!(interface.private_dns_names.len(), 2);
    assert!(interface.ipv4 && !interface.manages_endpoints);
    let other = "com.amazonaws.vpce.eu-central-1.vpce-svc-1";
    let other = catalogue.find(other, EndpointKind::Interface).unwrap();
    assert!(!other.ipv4 && !other.amazon && !other.policy_supported && other.manages_endpoints);
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
