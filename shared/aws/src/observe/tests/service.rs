use postern_core::model::endpoint_service::{
    LoadBalancerState, PayerResponsibility, ServiceSnapshot, ServiceState, TargetHealth, Verification,
};

use super::*;

const BALANCER: &str = "arn:aws:elasticloadbalancing:eu-central-1:111122223333:loadbalancer/net/pay/0a1b";

fn configuration(id: &str) -> String {
    format!(
        "<item><serviceId>{id}</serviceId><serviceName>com.amazonaws.vpce.eu-central-1.{id}</serviceName>\
         <serviceType><item><serviceType>Interface</serviceType></item></serviceType>\
         <serviceState>available</serviceState><acceptanceRequired>true</acceptanceRequired>\
         <availabilityZoneSet><item>eu-central-1a</item><item>eu-central-1b</item></availabilityZoneSet>\
         <networkLoadBalancerArnSet><item>{BALANCER}</item></networkLoadBalancerArnSet>\
         <privateDnsName>pay.example.com</privateDnsName><privateDnsNameConfiguration>\
         <state>pendingVerification</state><type>TXT</type><value>vpce:x</value><name>_a</name>\
         </privateDnsNameConfiguration></item>"
    )
}

fn configurations(items: &str) -> String {
    format!("<serviceConfigurationSet>{items}</serviceConfigurationSet>")
}

fn balancers() -> String {
    format!(
        "<DescribeLoadBalancersResponse xmlns=\"http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/\">\
         <DescribeLoadBalancersResult><LoadBalancers><member><LoadBalancerArn>{BALANCER}</LoadBalancerArn>\
         <AvailabilityZones><member><SubnetId>subnet-1</SubnetId><ZoneName>eu-central-1a</ZoneName></member>\
         <member><SubnetId>subnet-2</SubnetId><ZoneName>eu-central-1b</ZoneName></member></AvailabilityZones>\
         <State><Code>active</Code></State></member></LoadBalancers></DescribeLoadBalancersResult>\
         </DescribeLoadBalancersResponse>"
    )
}

const ATTRIBUTES: &str = "<DescribeLoadBalancerAttributesResponse><DescribeLoadBalancerAttributesResult><Attributes>\
    <member><Key>access_logs.s3.enabled</Key><Value>true</Value></member>\
    <member><Key>deletion_protection.enabled</Key><Value>false</Value></member></Attributes>\
    </DescribeLoadBalancerAttributesResult></DescribeLoadBalancerAttributesResponse>";

fn groups(name: &str, marker: &str) -> String {
    format!(
        "<DescribeTargetGroupsResponse><DescribeTargetGroupsResult><TargetGroups><member><TargetGroupArn>{name}\
         </TargetGroupArn></member></TargetGroups>{marker}</DescribeTargetGroupsResult></DescribeTargetGroupsResponse>"
    )
}

fn health(states: &[&str]) -> String {
    let of = |state: &&str| format!("<member><TargetHealth><State>{state}</State></TargetHealth></member>");
    let members: String = states.iter().map(of).collect();
    format!(
        "<DescribeTargetHealthResponse><DescribeTargetHealthResult><TargetHealthDescriptions>{members}\
         </TargetHealthDescriptions></DescribeTargetHealthResult></DescribeTargetHealthResponse>"
    )
}

const GONE: &str = "<ErrorResponse><Error><Type>Sender</Type><Code>LoadBalancerNotFound</Code>\
    <Message>One or more load balancers not found</Message></Error></ErrorResponse>";

fn cloud(configured: &str) -> Cloud {
    Cloud::new().on("DescribeVpcEndpointServiceConfigurations", &configurations(configured))
}

async fn observed(cloud: &Cloud, wanted: &[Part]) -> Result<Option<ServiceSnapshot>, ObserveError> {
    let service = ScopedResource::EndpointService("vpce-svc-1".into());
    let settings = Settings::default();
    let session = cloud.session();
    let seen = session.observe(&region(), &service, &parts(wanted), &settings).await;
    cloud.done();
    seen.map(|seen| {
        seen.map(|snapshot| match snapshot {
            Snapshot::Service(service) => service,
            Snapshot::Vpc(vpc) => panic!("{} is no endpoint service", vpc.vpc.id),
        })
    })
}

#[tokio::test]
async fn configuration_is_read_with_the_record_that_verifies_its_name() {
    let seen = observed(&cloud(&configuration("vpce-svc-1")), &[])
        .await
        .unwrap()
        .unwrap();
    let service = &seen.service;
    assert_eq!(
        (service.owner.as_str(), service.state),
        ("111122223333", ServiceState::Available)
    );
    assert!(service.acceptance_required);
    assert_eq!(
        service.zones,
        ["eu-central-1a", "eu-central-1b"]
            .map(|zone| Zone(zone.to_owned()))
            .into()
    );
    let name = service.private_dns.as_ref().unwrap();
    let record = name.record.as_ref().unwrap();
    assert_eq!(
        (
            name.verification,
            record.kind.as_str(),
            record.name.as_str(),
            record.value.as_str()
        ),
        (Verification::Pending, "TXT", "_a", "vpce:x")
    );
    assert_eq!(
        (service.address_type, service.payer),
        (None, PayerResponsibility::EndpointOwner)
    );
    assert!(seen.permissions.is_err() && seen.connections.is_err() && seen.load_balancers.is_err());
}

#[tokio::test]
async fn configuration_tells_the_addresses_of_endpoints_and_who_pays_for_them() {
    let family = |name: &str| format!("<item>{name}</item>");
    for (families, payer, expected) in [
        (
            "ipv4",
            "",
            (Some(AddressType::Ipv4), PayerResponsibility::EndpointOwner),
        ),
        (
            "ipv6",
            "",
            (Some(AddressType::Ipv6), PayerResponsibility::EndpointOwner),
        ),
        (
            "ipv4 ipv6",
            "ServiceOwner",
            (Some(AddressType::Dualstack), PayerResponsibility::ServiceOwner),
        ),
        (
            "ipv4",
            "Somebody",
            (Some(AddressType::Ipv4), PayerResponsibility::Unknown),
        ),
    ] {
        let families: String = families.split(' ').map(family).collect();
        let payer = match payer {
            "" => String::new(),
            payer => format!("<payerResponsibility>{payer}</payerResponsibility>"),
        };
        let more = format!("<supportedIpAddressTypeSet>{families}</supportedIpAddressTypeSet>{payer}</item>");
        let item = configuration("vpce-svc-1").replace(
            "</privateDnsNameConfiguration></item>",
            &format!("</privateDnsNameConfiguration>{more}"),
        );
        let service = observed(&cloud(&item), &[]).await.unwrap().unwrap().service;
        assert_eq!((service.address_type, service.payer), expected);
    }
}

#[tokio::test]
async fn service_that_is_gone_or_deleted_is_none() {
    let deleted = configuration("vpce-svc-1").replace("available", "Deleted");
    for configured in ["", &deleted] {
        assert_eq!(observed(&cloud(configured), &[]).await.unwrap(), None);
    }
}

#[tokio::test]
async fn permissions_and_connections_are_read_over_pages_whatever_the_case_of_a_state() {
    let permission = |principal: &str| format!("<item><principal>{principal}</principal></item>");
    let connection = |id: &str, state: &str| {
        format!(
            "<item><serviceId>vpce-svc-1</serviceId><vpcEndpointId>{id}</vpcEndpointId>\
             <vpcEndpointOwner>444455556666</vpcEndpointOwner><vpcEndpointState>{state}</vpcEndpointState></item>"
        )
    };
    let page = |set: &str, items: &str, token: &str| format!("<{set}>{items}</{set}>{token}");
    let next = "<nextToken>more</nextToken>";
    let (allowed, connected) = ("allowedPrincipals", "vpcEndpointConnectionSet");
    let cloud = cloud(&configuration("vpce-svc-1"))
        .on(
            "DescribeVpcEndpointServicePermissions",
            &page(allowed, &permission("*"), next),
        )
        .on(
            "DescribeVpcEndpointServicePermissions",
            &page(allowed, &permission("arn:aws:iam::444455556666:root"), ""),
        )
        .on(
            "DescribeVpcEndpointConnections",
            &page(connected, &connection("vpce-1", "PendingAcceptance"), next),
        )
        .on(
            "DescribeVpcEndpointConnections",
            &page(connected, &connection("vpce-2", "available"), ""),
        );
    let seen = observed(&cloud, &[Part::Permissions, Part::Connections])
        .await
        .unwrap()
        .unwrap();
    let principals: Vec<_> = seen.permissions.as_ref().unwrap().keys().collect();
    assert_eq!(principals, ["*", "arn:aws:iam::444455556666:root"]);
    let connections = seen.connections.unwrap();
    let states: Vec<_> = connections.values().map(|connection| connection.state).collect();
    assert_eq!(states, [EndpointState::PendingAcceptance, EndpointState::Available]);
}

#[tokio::test]
async fn part_that_may_not_be_read_is_a_gap_and_one_that_is_throttled_an_error() {
    let denied = cloud(&configuration("vpce-svc-1")).refuse(
        "DescribeVpcEndpointServicePermissions",
        "UnauthorizedOperation",
        "You are not authorized",
    );
    let seen = observed(&denied, &[Part::Permissions]).await.unwrap().unwrap();
    assert_eq!(seen.permissions.unwrap_err().part, Part::Permissions);
    let throttled = cloud(&configuration("vpce-svc-1")).refuse(
        "DescribeVpcEndpointServicePermissions",
        "RequestLimitExceeded",
        "Request limit exceeded.",
    );
    let error = observed(&throttled, &[Part::Permissions]).await.unwrap_err();
    assert!(error.call_error().transient());
}

#[tokio::test]
async fn load_balancers_and_the_health_of_all_their_targets_are_read() {
    let cloud = cloud(&configuration("vpce-svc-1"))
        .raw("DescribeLoadBalancers", 200, &balancers())
        .raw("DescribeLoadBalancerAttributes", 200, ATTRIBUTES)
        .raw(
            "DescribeTargetGroups",
            200,
            &groups("tg-1", "<NextMarker>m</NextMarker>"),
        )
        .raw("DescribeTargetHealth", 200, &health(&["healthy", "unhealthy"]))
        .raw("DescribeTargetGroups", 200, &groups("tg-2", ""))
        .raw("DescribeTargetHealth", 200, &health(&["healthy"]));
    let seen = observed(&cloud, &[Part::LoadBalancers, Part::TargetHealth])
        .await
        .unwrap()
        .unwrap();
    let balancer = &seen.load_balancers.unwrap()[BALANCER];
    assert_eq!(
        (balancer.state, balancer.zones.len(), balancer.deletion_protection),
        (LoadBalancerState::Active, 2, Some(false))
    );
    let all = TargetHealth {
        registered: 3,
        healthy: 2,
    };
    assert_eq!(seen.target_health.unwrap()[BALANCER], all);
    assert_eq!(cloud.requests("DescribeTargetGroups")[1]["Marker"], "m");
}

#[tokio::test]
async fn load_balancer_that_is_deleted_is_gone_and_no_gap() {
    let cloud = cloud(&configuration("vpce-svc-1"))
        .raw("DescribeLoadBalancers", 400, GONE)
        .raw("DescribeLoadBalancerAttributes", 400, GONE);
    let seen = observed(&cloud, &[Part::LoadBalancers]).await.unwrap().unwrap();
    assert_eq!(seen.load_balancers.unwrap()[BALANCER].state, LoadBalancerState::Gone);
}
