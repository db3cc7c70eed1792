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
