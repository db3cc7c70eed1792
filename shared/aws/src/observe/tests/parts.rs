use super::*;

#[tokio::test]
async fn subnets_are_read_whole() {
    let content = "<subnetSet><item><subnetId>subnet-1</subnetId><ownerId>444455556666</ownerId>\
        <availabilityZone>eu-central-1a</availabilityZone><cidrBlock>10.0.1.0/24</cidrBlock>\
        <availableIpAddressCount>250</availableIpAddressCount>\
        <outpostArn>arn:aws:outposts:eu-central-1:111122223333:outpost/op-1</outpostArn>\
        <tagSet><item><key>tier</key><value>app</value></item><item><key>empty</key></item></tagSet></item>\
        <item><subnetId>subnet-2</subnetId><ownerId>111122223333</ownerId>\
        <availabilityZone>eu-central-1b</availabilityZone><ipv6Native>true</ipv6Native>\
        <ipv6CidrBlockAssociationSet><item><ipv6CidrBlock>2001:db8:1:2::/64</ipv6CidrBlock>\
        <ipv6CidrBlockState><state>associated</state></ipv6CidrBlockState></item>\
        <item><ipv6CidrBlock>2001:db8:1:3::/64</ipv6CidrBlock>\
        <ipv6CidrBlockState><state>disassociated</state></ipv6CidrBlockState></item>\
        </ipv6CidrBlockAssociationSet></item></subnetSet>";
    let subnets = look_at(Part::Subnets, "DescribeSubnets", content)
        .await
        .subnets
        .unwrap();
    assert_eq!(
        subnets[&"subnet-1".into()],
        Subnet {
            id: "subnet-1".into(),
            owner: "444455556666".into(),
            zone: "eu-central-1a".into(),
            ipv4: Some("10.0.1.0/24".parse().unwrap()),
            ipv6: BTreeSet::new(),
            free_addresses: 250,
            outpost: true,
            tags: [("tier", "app"), ("empty", "")]
                .map(|(k, v)| (k.to_owned(), v.to_owned()))
                .into(),
        }
    );
    let six = &subnets[&"subnet-2".into()];
    assert_eq!(six.ipv4, None);
    assert_eq!(six.ipv6, BTreeSet::from(["2001:db8:1:2::/64".parse().unwrap()]));
    assert_eq!((six.free_addresses, six.outpost), (0, false));
}

#[tokio::test]
async fn route_tables_are_read_whole() {
    let content = "<routeTableSet>\
        <item><routeTableId>rtb-main</routeTableId><vpcId>vpc-1</vpcId><routeSet>\
        <item><destinationCidrBlock>10.0.0.0/16</destinationCidrBlock><gatewayId>local</gatewayId><state>active</state></item>\
        <item><destinationCidrBlock>0.0.0.0/0</destinationCidrBlock><gatewayId>igw-1</gatewayId><state>active</state></item>\
        <item><destinationIpv6CidrBlock>::/0</destinationIpv6CidrBlock>\
        <egressOnlyInternetGatewayId>eigw-1</egressOnlyInternetGatewayId><state>active</state></item>\
        <item><destinationPrefixListId>pl-1</destinationPrefixListId><gatewayId>vpce-1</gatewayId><state>active</state></item>\
        </routeSet><associationSet><item><routeTableAssociationId>rtbassoc-1</routeTableAssociationId><main>true</main>\
        <associationState><state>associated</state></associationState></item></associationSet></item>\
        <item><routeTableId>rtb-2</routeTableId><vpcId>vpc-1</vpcId><routeSet>\
        <item><destinationCidrBlock>0.0.0.0/0</destinationCidrBlock><natGatewayId>nat-1</natGatewayId><state>blackhole</state></item>\
        <item><destinationCidrBlock>192.0.2.0/24</destinationCidrBlock><transitGatewayId>tgw-1</transitGatewayId><state>active</state></item>\
        </routeSet><associationSet>\
        <item><routeTableAssociationId>rtbassoc-2</routeTableAssociationId><subnetId>subnet-1</subnetId><main>false</main>\
        <associationState><state>associated</state></associationState></item>\
        <item><routeTableAssociationId>rtbassoc-3</routeTableAssociationId><subnetId>subnet-2</subnetId><main>false</main>\
        <associationState><state>disassociating</state></associationState></item>\
        <item><routeTableAssociationId>rtbassoc-4</routeTableAssociationId><gatewayId>igw-1</gatewayId><main>false</main>\
        <associationState><state>associated</state></associationState></item>\
        </associationSet><tagSet><item><key>a</key><value>b</value></item></tagSet></item></routeTableSet>";
    let snapshot = look_at(Part::RouteTables, "DescribeRouteTables", content).await;
    let tables = snapshot.route_tables.as_ref().unwrap();
    let route = |destination: &str, target, active| Route {
        destination: destination.to_owned(),
        target,
        active,
    };
    assert_eq!(
        tables[&"rtb-main".into()],
        RouteTable {
            id: "rtb-main".into(),
            main: true,
            subnets: BTreeSet::new(),
            routes: vec![
                route("10.0.0.0/16", RouteTarget::Local, true),
                route("0.0.0.0/0", RouteTarget::InternetGateway("igw-1".to_owned()), true),
                route("::/0", RouteTarget::Other("eigw-1".to_owned()), true),
                route("pl-1", RouteTarget::Endpoint("vpce-1".to_owned()), true),
            ],
            tags: Tags::new(),
        }
    );
    let second = &tables[&"rtb-2".into()];
    assert!(!second.main);
    assert_eq!(second.subnets, BTreeSet::from(["subnet-1".into()]));
    assert_eq!(
        second.routes,
        [
            route("0.0.0.0/0", RouteTarget::Other("nat-1".to_owned()), false),
            route("192.0.2.0/24", RouteTarget::Other("tgw-1".to_owned()), true),
        ]
    );
    assert_eq!(snapshot.class_of(&"subnet-1".into()), Ok(SubnetClass::Private));
    assert_eq!(snapshot.class_of(&"subnet-2".into()), Ok(SubnetClass::Public));
}

#[tokio::test]
async fn an_interface_endpoint_is_read_whole() {
    let content = "<vpcEndpointSet><item><vpcEndpointId>vpce-1</vpcEndpointId>\
        <vpcEndpointType>Interface</vpcEndpointType><vpcId>vpc-1</vpcId>\
        <serviceName>com.amazonaws.eu-central-1.sts</serviceName><state>available</state>\
        <policyDocument>{&quot;Version&quot;:&quot;2012-10-17&quot;}</policyDocument><routeTableIdSet/>\
        <subnetIdSet><item>subnet-1</item><item>subnet-2</item></subnetIdSet>\
        <groupSet><item><groupId>sg-1</groupId><groupName>web</groupName></item></groupSet>\
        <privateDnsEnabled>true</privateDnsEnabled><requesterManaged>true</requesterManaged>\
        <creationTimestamp>2026-03-04T05:06:07.123Z</creationTimestamp><ownerId>111122223333</ownerId>\
        <tagSet><item><key>GuardDutyManaged</key><value>true</value></item></tagSet></item></vpcEndpointSet>";
    let endpoints = look_at(Part::Endpoints, "DescribeVpcEndpoints", content)
        .await
        .endpoints
        .unwrap();
    assert_eq!(
        endpoints[&"vpce-1".into()],
        Endpoint {
            id: "vpce-1".into(),
            kind: EndpointKind::Interface,
            service: Some("com.amazonaws.eu-central-1.sts".into()),
            target: None,
            service_region: None,
            owner: account(),
            state: EndpointState::Available,
            requester_managed: true,
            subnets: ["subnet-1", "subnet-2"].map(Into::into).into(),
            route_tables: BTreeSet::new(),
            security_groups: BTreeSet::from(["sg-1".into()]),
            address_type: AddressType::Ipv4,
            dns_records: AddressType::Ipv4,
            private_dns: true,
            private_dns_inbound_only: false,
            policy: Some(r#"{"Version":"2012-10-17"}"#.to_owned()),
            created: Some("2026-03-04T05:06:07Z".parse().unwrap()),
            tags: Tags::from([("GuardDutyManaged".to_owned(), "true".to_owned())]),
        }
    );
}

#[tokio::test]
async fn address_type_and_dns_record_type_of_endpoints_are_read_separately() {
    let read = async |kind: &str, addresses: &str, records: &str| {
        let endpoint = look_at_endpoint(&format!(
            "<state>available</state><vpcEndpointType>{kind}</vpcEndpointType>{addresses}{records}"
        ))
        .await;
        (endpoint.address_type, endpoint.dns_records)
    };
    let addresses = |text: &str| format!("<ipAddressType>{text}</ipAddressType>");
    let records = |text: &str| format!("<dnsOptions><dnsRecordIpType>{text}</dnsRecordIpType></dnsOptions>");
    let (ipv4, ipv6, both) = (AddressType::Ipv4, AddressType::Ipv6, AddressType::Dualstack);
    for (kind, of, dns, expected) in [
        ("Interface", "", "", (ipv4, ipv4)),
        ("Interface", "ipv4", "ipv4", (ipv4, ipv4)),
        ("Interface", "ipv6", "", (ipv6, ipv6)),
        ("Interface", "dualstack", "dualstack", (both, both)),
        ("Interface", "dualstack", "ipv6", (both, ipv6)),
        ("Interface", "dualstack", "service-defined", (both, ipv4)),
        ("Gateway", "dualstack", "service-defined", (both, ipv4)),
    ] {
        let tag = |text: &str, make: &dyn Fn(&str) -> String| if text.is_empty() { String::new() } else { make(text) };
        let found = read(kind, &tag(of, &addresses), &tag(dns, &records)).await;
        assert_eq!(found, expected, "{kind} {of} {dns}");
    }
}

#[tokio::test]
async fn address_type_that_is_not_known_is_a_gap() {
    let content = "<state>available</state><ipAddressType>ipv8</ipAddressType>";
    let content = endpoint_item(content);
    let snapshot = look_at(Part::Endpoints, "DescribeVpcEndpoints", &content).await;
    assert!(snapshot.endpoints.unwrap_err().reason.contains("`ipv8`"));
}

#[tokio::test]
async fn private_dns_for_inbound_resolvers_only_is_distinguished() {
    let content = "<state>available</state><vpcEndpointType>Interface</vpcEndpointType>";
    let options = "<dnsOptions><privateDnsOnlyForInboundResolverEndpoint>true</privateDnsOnlyForInboundResolverEndpoint></dnsOptions>";
    assert!(!look_at_endpoint(content).await.private_dns_inbound_only);
    assert!(
        look_at_endpoint(&format!("{content}{options}"))
            .await
            .private_dns_inbound_only
    );
}

fn endpoint_item(content: &str) -> String {
    format!("<vpcEndpointSet><item><vpcEndpointId>vpce-1</vpcEndpointId>{content}</item></vpcEndpointSet>")
}

async fn look_at_endpoint(content: &str) -> Endpoint {
    let snapshot = look_at(Part::Endpoints, "DescribeVpcEndpoints", &endpoint_item(content)).await;
    snapshot.endpoints.unwrap()[&"vpce-1".into()].clone()
}

#[tokio::test]
async fn states_are_read_in_any_case() {
    let states = [
        ("available", EndpointState::Available),
        ("Available", EndpointState::Available),
        ("pendingAcceptance", EndpointState::PendingAcceptance),
        ("PendingAcceptance", EndpointState::PendingAcceptance),
        ("pending", EndpointState::Pending),
        ("Partial", EndpointState::Partial),
        ("deleting", EndpointState::Deleting),
        ("deleted", EndpointState::Deleted),
        ("rejected", EndpointState::Rejected),
        ("failed", EndpointState::Failed),
        ("expired", EndpointState::Expired),
        ("hibernating", EndpointState::Unknown),
    ];
    for (text, state) in states {
        let endpoint = look_at_endpoint(&format!("<state>{text}</state>")).await;
        assert_eq!(endpoint.state, state, "{text}");
    }
}

#[tokio::test]
async fn endpoints_of_every_type_are_read_those_without_a_service_included() {
    let types = [
        ("Gateway", EndpointKind::Gateway),
        ("Interface", EndpointKind::Interface),
        ("GatewayLoadBalancer", EndpointKind::GatewayLoadBalancer),
        ("Resource", EndpointKind::Resource),
        ("ServiceNetwork", EndpointKind::ServiceNetwork),
        ("Tunnel", EndpointKind::Tunnel),
        ("NotYetInvented", EndpointKind::Other),
    ];
    for (text, kind) in types {
        let content = format!("<vpcEndpointType>{text}</vpcEndpointType><state>available</state>");
        let endpoint = look_at_endpoint(&content).await;
        assert_eq!((endpoint.kind, endpoint.service), (kind, None), "{text}");
    }
}

#[tokio::test]
async fn region_of_a_service_is_set_only_where_it_differs() {
    let at = |region: &str| format!("<state>available</state><serviceRegion>{region}</serviceRegion>");
    assert_eq!(look_at_endpoint(&at("eu-central-1")).await.service_region, None);
    assert_eq!(
        look_at_endpoint(&at("us-east-1")).await.service_region,
        Some("us-east-1".into())
    );
}

#[tokio::test]
async fn an_endpoint_without_a_state_is_a_gap() {
    let snapshot = look_at(Part::Endpoints, "DescribeVpcEndpoints", &endpoint_item("")).await;
    let gap = snapshot.endpoints.unwrap_err();
    assert_eq!(
        gap.reason,
        "ec2:DescribeVpcEndpoints failed: the answer lacks the state"
    );
}

#[tokio::test]
async fn security_group_rules_of_all_forms_are_read() {
    let content = "<securityGroupInfo><item><groupId>sg-1</groupId><groupName>web</groupName>\
        <ownerId>111122223333</ownerId><vpcId>vpc-1</vpcId><ipPermissions>\
        <item><ipProtocol>-1</ipProtocol><groups><item><userId>111122223333</userId><groupId>sg-1</groupId></item>\
        <item><userId>444455556666</userId><groupName>peer</groupName></item></groups><ipRanges/></item>\
        <item><ipProtocol>tcp</ipProtocol><fromPort>443</fromPort><toPort>443</toPort>\
        <ipRanges><item><cidrIp>10.0.0.0/16</cidrIp><description>vpc</description></item>\
        <item><cidrIp>192.0.2.7/32</cidrIp></item></ipRanges>\
        <ipv6Ranges><item><cidrIpv6>2001:db8::/32</cidrIpv6></item></ipv6Ranges>\
        <prefixListIds><item><prefixListId>pl-1</prefixListId></item></prefixListIds></item>\
        <item><ipProtocol>6</ipProtocol><fromPort>0</fromPort><toPort>65535</toPort>\
        <ipRanges><item><cidrIp>0.0.0.0/0</cidrIp></item></ipRanges></item>\
        <item><ipProtocol>tcp</ipProtocol><fromPort>-1</fromPort><toPort>-1</toPort>\
        <ipRanges><item><cidrIp>198.51.100.0/24</cidrIp></item></ipRanges></item>\
        <item><ipProtocol>icmp</ipProtocol><fromPort>8</fromPort><toPort>-1</toPort>\
        <ipRanges><item><cidrIp>0.0.0.0/0</cidrIp></item></ipRanges></item>\
        </ipPermissions><ipPermissionsEgress><item><ipProtocol>-1</ipProtocol>\
        <ipRanges><item><cidrIp>0.0.0.0/0</cidrIp></item></ipRanges></item></ipPermissionsEgress></item></securityGroupInfo>";
    let snapshot = look_at(Part::SecurityGroups, "DescribeSecurityGroups", content).await;
    let rule = |protocol, ports, source| IngressRule {
        protocol,
        ports,
        source,
    };
    let cidr = |cidr: &str| IngressSource::Cidr(cidr.parse().unwrap());
    let https = Some((443, 443));
    assert_eq!(
        snapshot.security_groups.unwrap()[&"sg-1".into()],
        SecurityGroup {
            id: "sg-1".into(),
            name: "web".to_owned(),
            owner: account(),
            ingress: vec![
                rule(Protocol::All, None, IngressSource::Group("sg-1".to_owned())),
                rule(Protocol::All, None, IngressSource::Group("peer".to_owned())),
                rule(Protocol::Tcp, https, cidr("10.0.0.0/16")),
                rule(Protocol::Tcp, https, cidr("192.0.2.7/32")),
                rule(Protocol::Tcp, https, cidr("2001:db8::/32")),
                rule(Protocol::Tcp, https, IngressSource::PrefixList("pl-1".to_owned())),
                rule(Protocol::Tcp, Some((0, 65535)), cidr("0.0.0.0/0")),
                rule(Protocol::Tcp, None, cidr("198.51.100.0/24")),
                rule(Protocol::Other, None, cidr("0.0.0.0/0")),
            ],
            tags: Tags::new(),
        }
    );
}

#[tokio::test]
async fn a_default_route_to_a_gateway_load_balancer_endpoint_leads_out_of_the_vpc() {
    let table = |destination: &str| {
        format!(
            "<routeTableSet><item><routeTableId>rtb-1</routeTableId><vpcId>vpc-1</vpcId><routeSet>\
             <item>{destination}<gatewayId>vpce-1</gatewayId><state>active</state></item></routeSet>\
             <associationSet><item><routeTableAssociationId>rtbassoc-1</routeTableAssociationId>\
             <subnetId>subnet-1</subnetId><main>false</main></item></associationSet></item></routeTableSet>"
        )
    };
    let routes = [
        (
            "<destinationCidrBlock>0.0.0.0/0</destinationCidrBlock>",
            SubnetClass::Private,
        ),
        (
            "<destinationIpv6CidrBlock>::/0</destinationIpv6CidrBlock>",
            SubnetClass::Private,
        ),
        (
            "<destinationCidrBlock>192.0.2.0/24</destinationCidrBlock>",
            SubnetClass::Private,
        ),
        (
            "<destinationCidrBlock>10.0.1.0/24</destinationCidrBlock>",
            SubnetClass::Isolated,
        ),
        (
            "<destinationPrefixListId>pl-1</destinationPrefixListId>",
            SubnetClass::Isolated,
        ),
    ];
    for (destination, class) in routes {
        let snapshot = look_at(Part::RouteTables, "DescribeRouteTables", &table(destination)).await;
        assert_eq!(snapshot.class_of(&"subnet-1".into()), Ok(class), "{destination}");
    }
}

#[tokio::test]
async fn network_acls_are_read_in_the_order_of_their_entries() {
    let content = "<networkAclSet><item><networkAclId>acl-1</networkAclId><vpcId>vpc-1</vpcId><default>true</default><entrySet>\
        <item><ruleNumber>32767</ruleNumber><protocol>-1</protocol><ruleAction>deny</ruleAction><egress>true</egress>\
        <cidrBlock>0.0.0.0/0</cidrBlock><portRange><from>0</from><to>0</to></portRange></item>\
        <item><ruleNumber>101</ruleNumber><protocol>17</protocol><ruleAction>allow</ruleAction><egress>false</egress>\
        <ipv6CidrBlock>::/0</ipv6CidrBlock></item>\
        <item><ruleNumber>100</ruleNumber><protocol>6</protocol><ruleAction>allow</ruleAction><egress>false</egress>\
        <cidrBlock>10.0.0.0/16</cidrBlock><portRange><from>443</from><to>443</to></portRange></item></entrySet>\
        <associationSet><item><networkAclAssociationId>aclassoc-1</networkAclAssociationId>\
        <networkAclId>acl-1</networkAclId><subnetId>subnet-1</subnetId></item></associationSet></item></networkAclSet>";
    let snapshot = look_at(Part::NetworkAcls, "DescribeNetworkAcls", content).await;
    let acls = snapshot.network_acls.unwrap();
    let acl = &acls[&"acl-1".into()];
    let read: Vec<_> = acl
        .entries
        .iter()
        .map(|entry| (entry.number, entry.egress, entry.tcp, entry.ports, entry.allow))
        .collect();
    assert_eq!(
        read,
        [
            (100, false, true, Some((443, 443)), true),
            (101, false, false, None, true),
            (32_767, true, true, None, false),
        ]
    );
    assert_eq!(acl.entries[0].network, "10.0.0.0/16".parse().unwrap());
    assert_eq!(acl.entries[1].network, "::/0".parse().unwrap());
    assert_eq!(acl.subnets, ["subnet-1".into()].into());
}

#[tokio::test]
async fn network_acl_entry_with_an_unknown_action_makes_a_gap() {
    let content = "<networkAclSet><item><networkAclId>acl-1</networkAclId><vpcId>vpc-1</vpcId><entrySet>\
        <item><ruleNumber>100</ruleNumber><protocol>6</protocol><ruleAction>log</ruleAction><egress>false</egress>\
        <cidrBlock>10.0.0.0/16</cidrBlock></item></entrySet></item></networkAclSet>";
    let snapshot = look_at(Part::NetworkAcls, "DescribeNetworkAcls", content).await;
    let gap = snapshot.network_acls.unwrap_err();
    assert!(gap.reason.contains("`log`"), "{gap}");
}
