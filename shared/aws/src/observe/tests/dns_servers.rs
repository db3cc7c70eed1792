use super::*;

const OPTIONS: &str = "<dhcpOptionsSet><item><dhcpOptionsId>dopt-1</dhcpOptionsId><dhcpConfigurationSet>\
    <item><key>domain-name</key><valueSet><item><value>corp.example.com</value></item></valueSet></item>\
    <item><key>domain-name-servers</key><valueSet><item><value>10.1.2.3</value></item>\
    <item><value>AmazonProvidedDNS</value></item></valueSet></item>\
    <item><key>ntp-servers</key><valueSet><item><value>10.9.9.9</value></item></valueSet></item>\
    </dhcpConfigurationSet></item></dhcpOptionsSet>";

const PARTS: [Part; 6] = [
    Part::Dns,
    Part::Subnets,
    Part::RouteTables,
    Part::Endpoints,
    Part::SecurityGroups,
    Part::Services,
];

/// DNS hostnames are disabled, and an endpoint needs them.
fn needing(options: &str) -> Cloud {
    needing_with(Cloud::new(), options)
}

/// The same after what the cloud answers already.
fn needing_with(cloud: Cloud, options: &str) -> Cloud {
    let vpc = VPC.replace(
        "<state>available</state><cidrBlock>",
        &format!("<state>available</state><dhcpOptionsId>{options}</dhcpOptionsId><cidrBlock>"),
    );
    let endpoint = "<vpcEndpointSet><item><vpcEndpointId>vpce-1</vpcEndpointId><vpcId>vpc-1</vpcId>\
        <vpcEndpointType>Interface</vpcEndpointType><state>available</state><ownerId>111122223333</ownerId>\
        <serviceName>com.amazonaws.eu-central-1.sts</serviceName><privateDnsEnabled>true</privateDnsEnabled>\
        </item></vpcEndpointSet>";
    cloud
        .on("DescribeVpcs", &vpc)
        .on("DescribeVpcAttribute", SUPPORT)
        .on("DescribeVpcAttribute", HOSTNAMES)
        .on("DescribeSubnets", "<subnetSet/>")
        .on("DescribeRouteTables", "<routeTableSet/>")
        .on("DescribeVpcEndpoints", endpoint)
        .on("DescribeSecurityGroups", "<securityGroupInfo/>")
        .always("DescribeVpcEndpointServices", "<serviceDetailSet/>")
}

async fn servers(cloud: &Cloud) -> Result<Observed<BTreeSet<String>>, ObserveError> {
    look(cloud, &PARTS).await.map(|seen| seen.unwrap().dns_servers)
}

#[tokio::test]
async fn dns_servers_are_read_from_the_dhcp_options_of_the_vpc() {
    let cloud = needing("dopt-1").on("DescribeDhcpOptions", OPTIONS);
    let found = servers(&cloud).await.unwrap().unwrap();
    assert_eq!(found, ["10.1.2.3", "AmazonProvidedDNS"].map(str::to_owned).into());
    assert_eq!(cloud.request("DescribeDhcpOptions")["DhcpOptionsId.1"], "dopt-1");
    let without = OPTIONS.replace("domain-name-servers", "domain-name-suffix");
    let cloud = needing("dopt-1").on("DescribeDhcpOptions", &without);
    assert_eq!(servers(&cloud).await.unwrap(), Ok(BTreeSet::new()));
}

#[tokio::test]
async fn vpc_without_dhcp_options_has_no_dns_servers() {
    let cloud = needing("default");
    assert_eq!(servers(&cloud).await.unwrap(), Ok(BTreeSet::new()));
}

#[tokio::test]
async fn denied_dhcp_options_are_a_gap_and_deleted_ones_are_asked_for_again() {
    let cloud = needing("dopt-1").refuse("DescribeDhcpOptions", "UnauthorizedOperation", "You are not authorized");
    let gap = servers(&cloud).await.unwrap().unwrap_err();
    assert_eq!(gap.part, Part::Dns);
    assert!(gap.reason.contains("ec2:DescribeDhcpOptions"), "{}", gap.reason);
    let code = "InvalidDhcpOptionID.NotFound";
    let cloud = needing("dopt-1").refuse("DescribeDhcpOptions", code, "The dhcpOption ID 'dopt-1' does not exist");
    assert!(servers(&cloud).await.unwrap_err().transient());
}

#[tokio::test]
async fn dhcp_options_are_not_asked_for_while_no_attribute_is_missing() {
    let cloud = Cloud::new()
        .on("DescribeVpcs", VPC)
        .always("DescribeVpcAttribute", BOTH);
    let seen = look(&cloud, &[Part::Dns]).await.unwrap().unwrap();
    assert!(seen.dns_servers.is_err());
}

#[tokio::test]
async fn dhcp_options_are_asked_for_once_in_a_session() {
    let cloud = needing_with(Cloud::new(), "dopt-1").on("DescribeDhcpOptions", OPTIONS);
    let cloud = needing_with(cloud, "dopt-1");
    let session = cloud.session();
    let vpc = ScopedResource::Vpc("vpc-1".into());
    let observe = async || {
        let seen = session
            .observe(&region(), &vpc, &PARTS.into(), &Settings::default())
            .await;
        match seen.unwrap().unwrap() {
            Snapshot::Vpc(vpc) => vpc.dns_servers.unwrap(),
            Snapshot::Service(service) => panic!("{} is no VPC", service.service.id),
        }
    };
    let (first, second) = (observe().await, observe().await);
    assert_eq!(first, ["10.1.2.3", "AmazonProvidedDNS"].map(str::to_owned).into());
    assert_eq!(second, first);
    cloud.done();
}
