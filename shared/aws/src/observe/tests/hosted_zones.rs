use super::*;

const LIST: &str = "GET /2013-04-01/hostedzonesbyvpc";
const SERVICES: &str = "<serviceDetailSet><item><serviceName>com.amazonaws.eu-central-1.sts</serviceName>\
    <owner>amazon</owner><serviceType><item><serviceType>Interface</serviceType></item></serviceType>\
    <privateDnsName>sts.eu-central-1.amazonaws.com</privateDnsName></item></serviceDetailSet>";
const DENIED: &str = "<ErrorResponse xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><Error><Type>Sender</Type>\
    <Code>AccessDenied</Code><Message>User is not authorized</Message></Error></ErrorResponse>";
const THROTTLED: &str = "<ErrorResponse xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><Error><Type>Sender</Type>\
    <Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>";

/// A VPC with an endpoint to STS.
fn cloud(private_dns: bool) -> Cloud {
    let endpoint = format!(
        "<vpcEndpointSet><item><vpcEndpointId>vpce-1</vpcEndpointId><vpcEndpointType>Interface</vpcEndpointType>\
         <vpcId>vpc-1</vpcId><serviceName>com.amazonaws.eu-central-1.sts</serviceName><state>available</state>\
         <privateDnsEnabled>{private_dns}</privateDnsEnabled></item></vpcEndpointSet>"
    );
    Cloud::new()
        .always("DescribeVpcs", VPC)
        .always("DescribeVpcEndpoints", &endpoint)
        .always("DescribeVpcEndpointServices", SERVICES)
}

fn page(zones: &str, next: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?>\n<ListHostedZonesByVPCResponse \
         xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><HostedZoneSummaries>{zones}</HostedZoneSummaries>\
         <MaxItems>100</MaxItems>{next}</ListHostedZonesByVPCResponse>"
    )
}

fn zone(id: &str, name: &str, owner: &str) -> String {
    format!(
        "<HostedZoneSummary><HostedZoneId>{id}</HostedZoneId><Name>{name}</Name><Owner>{owner}</Owner>\
         </HostedZoneSummary>"
    )
}

const WANTED: [Part; 5] = [
    Part::Subnets,
    Part::RouteTables,
    Part::Endpoints,
    Part::Services,
    Part::HostedZones,
];

async fn observed(cloud: Cloud) -> VpcSnapshot {
    let cloud = cloud
        .on("DescribeSubnets", "<subnetSet/>")
        .on("DescribeRouteTables", "<routeTableSet/>");
    look(&cloud, &WANTED).await.unwrap().unwrap()
}

#[tokio::test]
async fn zones_are_read_over_pages_where_they_decide_and_those_of_aws_services_left_out() {
    let own = zone(
        "Z1",
        "STS.eu-central-1.amazonaws.com.",
        "<OwningAccount>444455556666</OwningAccount>",
    );
    let of_service = zone(
        "Z2",
        "efs.eu-central-1.amazonaws.com.",
        "<OwningService>efs.amazonaws.com</OwningService>",
    );
    let other = zone("Z3", "example.com.", "<OwningAccount>111122223333</OwningAccount>");
    let cloud = cloud(false)
        .raw(
            LIST,
            200,
            &page(&[own, of_service].concat(), "<NextToken>a+b=</NextToken>"),
        )
        .raw(LIST, 200, &page(&other, ""));
    let zones = observed(cloud.clone()).await.hosted_zones.unwrap();
    let found: Vec<_> = zones
        .values()
        .map(|zone| (zone.id.as_str(), zone.name.as_str(), zone.owner.as_str()))
        .collect();
    let expected = [
        ("Z1", "sts.eu-central-1.amazonaws.com", "444455556666"),
        ("Z3", "example.com", "111122223333"),
    ];
    assert_eq!(found, expected);
    let requests = cloud.requests(LIST);
    let uri =
        "https://route53.amazonaws.com/2013-04-01/hostedzonesbyvpc?maxitems=100&vpcid=vpc-1&vpcregion=eu-central-1";
    assert_eq!(requests[0]["Uri"], uri);
    assert_eq!(requests[1]["Uri"], format!("{uri}&nexttoken=a%2Bb%3D"));
    assert!(
        requests[0]["Authorization"].contains("/us-east-1/route53/aws4_request"),
        "{requests:#?}"
    );
}

#[tokio::test]
async fn zones_that_do_not_decide_take_no_call() {
    let snapshot = observed(cloud(true)).await;
    assert_eq!(snapshot.hosted_zones.unwrap_err().part, Part::HostedZones);
}

#[tokio::test]
async fn zones_that_cannot_be_read_are_a_gap_and_are_not_asked_for_again_at_once() {
    for cloud in [cloud(false).raw(LIST, 403, DENIED), cloud(false).breaks(LIST)] {
        let cloud = cloud
            .always("DescribeSubnets", "<subnetSet/>")
            .always("DescribeRouteTables", "<routeTableSet/>");
        let (session, settings) = (cloud.session(), Settings::default());
        for _ in 0..2 {
            let seen = session
                .observe_vpcs(&region(), &parts(&WANTED), &settings)
                .await
                .unwrap();
            let reason = seen[0].hosted_zones.clone().unwrap_err().reason;
            assert!(reason.starts_with("route53:ListHostedZonesByVPC failed: "), "{reason}");
        }
        assert_eq!(cloud.requests(LIST).len(), 1);
    }
}

#[tokio::test]
async fn zones_are_asked_for_again_after_throttling() {
    let cloud = cloud(false)
        .always("DescribeSubnets", "<subnetSet/>")
        .always("DescribeRouteTables", "<routeTableSet/>")
        .raw(LIST, 400, THROTTLED)
        .raw(LIST, 200, "<html>proxy</html>")
        .raw(LIST, 200, &page("", ""));
    let (session, settings) = (cloud.session(), Settings::default());
    let mut results = Vec::new();
    for _ in 0..3 {
        let seen = session
            .observe_vpcs(&region(), &parts(&WANTED), &settings)
            .await
            .unwrap();
        results.push(seen[0].hosted_zones.is_ok());
    }
    assert_eq!(
        results,
        [false, false, false],
        "an answer that is no list is a refusal, too"
    );
    assert_eq!(cloud.requests(LIST).len(), 2);
}

const RECORDS: &str = "GET /2013-04-01/hostedzone/Z1/rrset";

fn records(truncated: bool) -> String {
    format!(
        "<?xml version=\"1.0\"?>\n<ListResourceRecordSetsResponse \
         xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><ResourceRecordSets>\
         <ResourceRecordSet><Name>sts.eu-central-1.amazonaws.com.</Name><Type>A</Type><AliasTarget>\
         <HostedZoneId>Z273ZU8SZ5RJPC</HostedZoneId>\
         <DNSName>VPCE-1-0a1b.sts.eu-central-1.vpce.amazonaws.com.</DNSName>\
         <EvaluateTargetHealth>false</EvaluateTargetHealth></AliasTarget></ResourceRecordSet>\
         <ResourceRecordSet><Name>sts.eu-central-1.amazonaws.com.</Name><Type>NS</Type><TTL>172800</TTL>\
         <ResourceRecords><ResourceRecord><Value>ns-0.awsdns-00.com.</Value></ResourceRecord></ResourceRecords>\
         </ResourceRecordSet><ResourceRecordSet><Name>\\052.sts.eu-central-1.amazonaws.com.</Name><Type>A</Type>\
         <TTL>60</TTL><ResourceRecords><ResourceRecord><Value>10.9.0.7</Value></ResourceRecord></ResourceRecords>\
         </ResourceRecordSet></ResourceRecordSets><IsTruncated>{truncated}</IsTruncated><MaxItems>300</MaxItems>\
         </ListResourceRecordSetsResponse>"
    )
}

/// `vpc-1` needs STS, and another VPC is its hub.
fn spoke() -> Settings {
    let hubs = VpcSelector {
        ids: BTreeSet::from(["vpc-hub".into()]),
        ..VpcSelector::default()
    };
    Settings {
        requirements: vec![Requirement {
            services: vec!["sts".to_owned()],
            kind: EndpointKind::Interface,
            fips: false,
            vpcs: VpcSelector::default(),
            subnets: SubnetSelector::default(),
        }],
        central: Some(CentralEndpoints {
            hubs,
            spokes: VpcSelector::default(),
            services: Vec::new(),
        }),
        ..Settings::default()
    }
}

/// Of the Region, with `vpc-hub`.
fn region_with_hub() -> Cloud {
    let hub = "<item><vpcId>vpc-hub</vpcId><ownerId>111122223333</ownerId><state>available</state>\
        <cidrBlock>10.9.0.0/16</cidrBlock></item></vpcSet>";
    let subnets = [
        ("subnet-1", "vpc-1", "10.0.0.0/24"),
        ("subnet-9", "vpc-hub", "10.9.0.0/24"),
    ];
    let subnets = subnets.map(|(id, vpc, cidr)| {
        subnet_item(id, vpc).replace("</item>", &format!("<cidrBlock>{cidr}</cidrBlock></item>"))
    });
    let endpoint = "<vpcEndpointSet><item><vpcEndpointId>vpce-1</vpcEndpointId>\
        <vpcEndpointType>Interface</vpcEndpointType><vpcId>vpc-hub</vpcId>\
        <serviceName>com.amazonaws.eu-central-1.sts</serviceName><state>available</state>\
        <privateDnsEnabled>false</privateDnsEnabled></item></vpcEndpointSet>";
    Cloud::new()
        .always("DescribeVpcs", &VPC.replace("</vpcSet>", hub))
        .always(
            "DescribeSubnets",
            &format!("<subnetSet>{}</subnetSet>", subnets.concat()),
        )
        .always("DescribeRouteTables", "<routeTableSet/>")
        .always("DescribeVpcEndpoints", endpoint)
        .always("DescribeSecurityGroups", "<securityGroupInfo/>")
        .always("DescribeVpcEndpointServices", SERVICES)
}

const OF_SPOKE: [Part; 7] = [
    Part::Subnets,
    Part::RouteTables,
    Part::Endpoints,
    Part::SecurityGroups,
    Part::Services,
    Part::HostedZones,
    Part::Central,
];

#[tokio::test]
async fn spoke_has_its_hub_and_the_records_of_the_zones_that_answer_for_its_services() {
    let own = "<OwningAccount>111122223333</OwningAccount>";
    let zones = [
        zone("Z1", "sts.eu-central-1.amazonaws.com.", own),
        zone("Z2", "example.com.", own),
    ];
    let cloud = region_with_hub()
        .raw(LIST, 200, &page(&zones.concat(), ""))
        .raw(RECORDS, 200, &records(false));
    let seen = cloud
        .session()
        .observe_vpcs(&region(), &parts(&OF_SPOKE), &spoke())
        .await
        .unwrap();
    let of = |id: &str| seen.iter().find(|snapshot| snapshot.vpc.id.as_str() == id).unwrap();
    let (vpc, hub) = (of("vpc-1"), of("vpc-hub"));
    let zones = vpc.hosted_zones.as_ref().unwrap();
    let found = zones["Z1"].records.as_ref().unwrap();
    let found: Vec<_> = found
        .iter()
        .map(|record| (record.name.as_str(), record.target.as_str()))
        .collect();
    let expected = [
        (
            "sts.eu-central-1.amazonaws.com",
            "vpce-1-0a1b.sts.eu-central-1.vpce.amazonaws.com",
        ),
        ("*.sts.eu-central-1.amazonaws.com", "10.9.0.7"),
    ];
    assert_eq!(found, expected);
    assert!(zones["Z2"].records.is_err());
    let hubs = &vpc.central.as_ref().unwrap().hubs;
    assert_eq!(hubs.keys().map(VpcId::as_str).collect::<Vec<_>>(), ["vpc-hub"]);
    assert_eq!(hubs[&"vpc-hub".into()].endpoints, hub.endpoints);
    let spokes = &hub.central.as_ref().unwrap().spokes;
    assert_eq!(spokes.keys().map(VpcId::as_str).collect::<Vec<_>>(), ["vpc-1"]);
    assert_eq!(
        cloud.requests("DescribeVpcs").len(),
        1,
        "a sweep has everything in hand"
    );
    let uri = "https://route53.amazonaws.com/2013-04-01/hostedzone/Z1/rrset?maxitems=300";
    assert_eq!(cloud.request(RECORDS)["Uri"], uri);
}

#[tokio::test]
async fn records_that_are_not_all_read_are_a_gap() {
    let zone_of = |account: &str| {
        let owner = format!("<OwningAccount>{account}</OwningAccount>");
        page(&zone("Z1", "sts.eu-central-1.amazonaws.com.", &owner), "")
    };
    let many = region_with_hub()
        .raw(LIST, 200, &zone_of("111122223333"))
        .raw(RECORDS, 200, &records(true));
    let denied = region_with_hub()
        .raw(LIST, 200, &zone_of("111122223333"))
        .raw(RECORDS, 403, DENIED);
    let foreign = region_with_hub().raw(LIST, 200, &zone_of("444455556666"));
    for (cloud, expected) in [
        (many, "it has more than 300 records"),
        (
            denied,
            "route53:ListResourceRecordSets failed: AccessDenied: User is not authorized",
        ),
        (foreign, "account 444455556666 owns it"),
    ] {
        let seen = cloud
            .session()
            .observe_vpcs(&region(), &parts(&OF_SPOKE), &spoke())
            .await
            .unwrap();
        let vpc = seen
            .iter()
            .find(|snapshot| snapshot.vpc.id.as_str() == "vpc-1")
            .unwrap();
        let zones = vpc.hosted_zones.as_ref().unwrap();
        assert_eq!(zones["Z1"].records.as_ref().unwrap_err().reason, expected);
    }
}

#[tokio::test]
async fn spoke_without_a_need_and_vpc_without_settings_take_no_call_more() {
    let cloud = region_with_hub();
    let session = cloud.session();
    let vpc = ScopedResource::Vpc("vpc-1".into());
    for settings in [
        Settings::default(),
        Settings {
            requirements: Vec::new(),
            ..spoke()
        },
    ] {
        let mut wanted = parts(&OF_SPOKE);
        wanted.remove(&Part::HostedZones);
        let seen = session.observe(&region(), &vpc, &wanted, &settings).await.unwrap();
        let Some(Snapshot::Vpc(snapshot)) = seen else {
            panic!("{seen:?}")
        };
        assert_eq!(snapshot.central.unwrap(), Central::default());
    }
    assert_eq!(cloud.requests("DescribeVpcs").len(), 2, "one for each");
}
