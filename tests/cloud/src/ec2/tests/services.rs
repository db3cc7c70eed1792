//! Endpoint services, from both sides.

use std::collections::BTreeSet;

use super::*;
use crate::REGION;

const CONSUMER: &str = "arn:aws:iam::444455556666:role/consumer";

/// An endpoint service of this account, and a VPC of another one.
struct Offer {
    setup: Setup,
    service: String,
    name: String,
    theirs: Client,
    their_vpc: String,
}

fn offer() -> Offer {
    let setup = setup();
    let (service, name, their_vpc) = setup.cloud.edit(|world| {
        world.page = 1_000;
        let service = world.add_endpoint_service(ACCOUNT, &["a", "b"]);
        let name = world.endpoint_service(&service).unwrap().name.clone();
        (service, name, world.add_vpc_of(OTHER_ACCOUNT, REGION, "10.8.0.0/16"))
    });
    let theirs = Client::new(&setup.cloud.config(CONSUMER));
    Offer {
        setup,
        service,
        name,
        theirs,
        their_vpc,
    }
}

impl Offer {
    async fn allow(&self, principal: &str) {
        let request = self.setup.ec2.modify_vpc_endpoint_service_permissions();
        let request = request.service_id(&self.service).add_allowed_principals(principal);
        request.send().await.unwrap();
    }

    async fn require_acceptance(&self, required: bool) {
        let request = self.setup.ec2.modify_vpc_endpoint_service_configuration();
        let request = request.service_id(&self.service).acceptance_required(required);
        request.send().await.unwrap();
    }

    /// Gives the id, or the code of the error.
    async fn connect(&self) -> Result<String, String> {
        let request = self.theirs.create_vpc_endpoint().vpc_id(&self.their_vpc);
        let request = request
            .service_name(&self.name)
            .vpc_endpoint_type(VpcEndpointType::Interface);
        match request.send().await {
            Ok(answer) => Ok(answer.vpc_endpoint.unwrap().vpc_endpoint_id.unwrap()),
            error => Err(error_of(error).0),
        }
    }

    fn state(&self, endpoint: &str) -> EndpointState {
        self.setup.cloud.edit(|world| world.endpoint(endpoint).unwrap().state)
    }

    /// The codes of what was not accepted.
    async fn accept(&self, endpoint: &str) -> Vec<String> {
        let request = self
            .setup
            .ec2
            .accept_vpc_endpoint_connections()
            .service_id(&self.service);
        let answer = request.vpc_endpoint_ids(endpoint).send().await.unwrap();
        codes(answer.unsuccessful())
    }

    async fn reject(&self, endpoint: &str) -> Vec<String> {
        let request = self
            .setup
            .ec2
            .reject_vpc_endpoint_connections()
            .service_id(&self.service);
        let answer = request.vpc_endpoint_ids(endpoint).send().await.unwrap();
        codes(answer.unsuccessful())
    }

    /// The states of connections that a filter leaves, without case.
    async fn connections(&self, name: &str, value: &str) -> Vec<String> {
        let request = self.setup.ec2.describe_vpc_endpoint_connections();
        let answer = request.filters(filter(name, value)).send().await.unwrap();
        let connections = answer.vpc_endpoint_connections().iter();
        connections
            .map(|connection| {
                assert_eq!(connection.service_id(), Some(self.service.as_str()));
                assert_eq!(connection.vpc_endpoint_owner(), Some(OTHER_ACCOUNT));
                connection.vpc_endpoint_state().unwrap().as_str().to_lowercase()
            })
            .collect()
    }
}

fn codes(unsuccessful: &[aws_sdk_ec2::types::UnsuccessfulItem]) -> Vec<String> {
    let codes = unsuccessful.iter().map(|item| item.error().unwrap().code().unwrap());
    codes.map(str::to_owned).collect()
}

#[tokio::test(start_paused = true)]
async fn consumer_connects_only_while_a_principal_admits_it() {
    for principal in ["*", "arn:aws:iam::444455556666:root", CONSUMER] {
        let offer = offer();
        assert_eq!(offer.connect().await.unwrap_err(), "InvalidServiceName");
        offer.allow("arn:aws:iam::444455556666:role/other").await;
        assert_eq!(offer.connect().await.unwrap_err(), "InvalidServiceName");
        offer.allow(principal).await;
        offer.connect().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn connection_waits_for_acceptance_where_it_is_required() {
    let offer = offer();
    offer.allow("*").await;
    let waiting = offer.connect().await.unwrap();
    later(200).await;
    assert_eq!(offer.state(&waiting), EndpointState::PendingAcceptance);
    assert!(offer.accept(&waiting).await.is_empty());
    assert_eq!(offer.accept(&waiting).await, ["InvalidState"]);
    later(200).await;
    assert_eq!(offer.state(&waiting), EndpointState::Available);
    offer.require_acceptance(false).await;
    let at_once = offer.connect().await.unwrap();
    later(200).await;
    assert_eq!(offer.state(&at_once), EndpointState::Available);
}

#[tokio::test(start_paused = true)]
async fn rejected_connection_stays_rejected_until_it_is_accepted() {
    let offer = offer();
    offer.allow("*").await;
    offer.require_acceptance(false).await;
    let endpoint = offer.connect().await.unwrap();
    // While it is pending: it must not become available afterwards.
    assert!(offer.reject(&endpoint).await.is_empty());
    later(200).await;
    assert_eq!(offer.state(&endpoint), EndpointState::Rejected);
    assert_eq!(offer.reject(&endpoint).await, ["InvalidState"]);
    offer.setup.cloud.edit(|world| world.rejected_is_final = true);
    assert_eq!(offer.accept(&endpoint).await, ["InvalidState"]);
    offer.setup.cloud.edit(|world| world.rejected_is_final = false);
    assert!(offer.accept(&endpoint).await.is_empty());
    later(200).await;
    assert_eq!(offer.state(&endpoint), EndpointState::Available);
}

#[tokio::test(start_paused = true)]
async fn removed_principal_keeps_its_connections() {
    let offer = offer();
    offer.allow("*").await;
    offer.require_acceptance(false).await;
    let endpoint = offer.connect().await.unwrap();
    later(200).await;
    let request = offer.setup.ec2.modify_vpc_endpoint_service_permissions();
    let request = request.service_id(&offer.service).remove_allowed_principals("*");
    request.send().await.unwrap();
    assert_eq!(offer.state(&endpoint), EndpointState::Available);
    assert_eq!(offer.connect().await.unwrap_err(), "InvalidServiceName");
}

#[tokio::test(start_paused = true)]
async fn connections_are_listed_by_filter_with_states_of_any_case() {
    let offer = offer();
    offer.allow("*").await;
    let endpoint = offer.connect().await.unwrap();
    for (name, value) in [
        ("service-id", offer.service.as_str()),
        ("vpc-endpoint-id", &endpoint),
        ("vpc-endpoint-owner", OTHER_ACCOUNT),
        ("vpc-endpoint-region", REGION),
        ("vpc-endpoint-state", "pendingAcceptance"),
    ] {
        assert_eq!(offer.connections(name, value).await, ["pendingacceptance"], "{name}");
        assert!(offer.connections(name, "other").await.is_empty(), "{name}");
    }
    let mut spellings = BTreeSet::new();
    for _ in 0..200 {
        let answer = offer
            .setup
            .ec2
            .describe_vpc_endpoint_connections()
            .send()
            .await
            .unwrap();
        let connection = &answer.vpc_endpoint_connections()[0];
        spellings.insert(connection.vpc_endpoint_state().unwrap().as_str().to_owned());
    }
    assert_eq!(spellings.len(), 3, "{spellings:?}");
}

#[tokio::test(start_paused = true)]
async fn lists_of_a_service_come_in_pages() {
    let offer = offer();
    for role in ["a", "b", "c"] {
        offer.allow(&format!("arn:aws:iam::444455556666:role/{role}")).await;
    }
    offer.allow("arn:aws:iam::444455556666:root").await;
    let mut endpoints = BTreeSet::new();
    for _ in 0..3 {
        endpoints.insert(offer.connect().await.unwrap());
    }
    offer.setup.cloud.edit(|world| world.page = 2);
    let (mut found, mut types, mut token) = (BTreeSet::new(), Vec::new(), None::<String>);
    loop {
        let request = offer.setup.ec2.describe_vpc_endpoint_connections();
        let answer = request.set_next_token(token).send().await.unwrap();
        let connections = answer.vpc_endpoint_connections().iter();
        found.extend(connections.map(|connection| connection.vpc_endpoint_id().unwrap().to_owned()));
        token = answer.next_token;
        if token.is_none() {
            break;
        }
    }
    loop {
        let request = offer.setup.ec2.describe_vpc_endpoint_service_permissions();
        let request = request.service_id(&offer.service).set_next_token(token);
        let answer = request.send().await.unwrap();
        let principals = answer.allowed_principals().iter();
        types.extend(principals.map(|principal| principal.principal_type().unwrap().as_str().to_owned()));
        token = answer.next_token;
        if token.is_none() {
            break;
        }
    }
    types.sort();
    assert_eq!(found, endpoints);
    assert_eq!(types, ["Account", "Role", "Role", "Role"]);
}

#[tokio::test(start_paused = true)]
async fn service_with_connections_keeps_its_load_balancers_and_cannot_be_deleted() {
    let offer = offer();
    offer.allow("*").await;
    let endpoint = offer.connect().await.unwrap();
    let delete = || async {
        let request = offer.setup.ec2.delete_vpc_endpoint_service_configurations();
        codes(request.service_ids(&offer.service).send().await.unwrap().unsuccessful())
    };
    let balancer = offer.setup.cloud.edit(|world| {
        let service = world.endpoint_service(&offer.service).unwrap();
        service.load_balancers[0].clone()
    });
    let remove = || {
        let request = offer.setup.ec2.modify_vpc_endpoint_service_configuration();
        let request = request.service_id(&offer.service);
        request.remove_network_load_balancer_arns(&balancer).send()
    };
    assert_eq!(delete().await, ["ExistingVpcEndpointConnections"]);
    assert_eq!(error_of(remove().await).0, "ExistingVpcEndpointConnections");
    offer.reject(&endpoint).await;
    remove().await.unwrap();
    assert!(delete().await.is_empty());
    assert!(delete().await[0].ends_with(".NotFound"));
}

#[tokio::test(start_paused = true)]
async fn configuration_of_a_service_is_described_completely() {
    let offer = offer();
    let other = offer
        .setup
        .cloud
        .edit(|world| world.add_load_balancer(ACCOUNT, "network", &["c"]));
    let request = offer.setup.ec2.modify_vpc_endpoint_service_configuration();
    let request = request
        .service_id(&offer.service)
        .private_dns_name("api.example.com")
        .add_network_load_balancer_arns(&other)
        .add_supported_ip_address_types("ipv6")
        .add_supported_regions("eu-west-1");
    request.send().await.unwrap();
    let request = offer.setup.ec2.describe_vpc_endpoint_service_configurations();
    let answer = request.service_ids(&offer.service).send().await.unwrap();
    let service = &answer.service_configurations()[0];
    assert_eq!(
        service.availability_zones(),
        ["a", "b", "c"].map(|zone| format!("{REGION}{zone}"))
    );
    assert_eq!(service.network_load_balancer_arns().len(), 2);
    assert!(service.gateway_load_balancer_arns().is_empty());
    assert_eq!(service.private_dns_name(), Some("api.example.com"));
    let record = service.private_dns_name_configuration().unwrap();
    assert_eq!(record.state().unwrap().as_str(), "pendingVerification");
    assert_eq!(record.r#type(), Some("TXT"));
    assert_eq!(service.supported_ip_address_types().len(), 2);
    let regions: Vec<_> = service
        .supported_regions()
        .iter()
        .map(|region| region.region())
        .collect();
    assert_eq!(regions, [Some(REGION), Some("eu-west-1")]);
    assert_eq!(service.payer_responsibility(), None);
}

#[tokio::test(start_paused = true)]
async fn private_dns_name_is_verified_by_its_txt_record() {
    let offer = offer();
    let request = offer.setup.ec2.modify_vpc_endpoint_service_configuration();
    let request = request.service_id(&offer.service).private_dns_name("api.example.com");
    request.send().await.unwrap();
    let verify = || async {
        let request = offer.setup.ec2.start_vpc_endpoint_service_private_dns_verification();
        request.service_id(&offer.service).send().await.unwrap();
        later(700).await;
        offer.setup.cloud.edit(|world| {
            let service = world.endpoint_service(&offer.service).unwrap();
            service.private_dns_name.clone().unwrap()
        })
    };
    let failed = verify().await;
    assert_eq!(failed.state, "failed");
    offer.setup.cloud.edit(|world| {
        let name = format!("{}.api.example.com", failed.record_name);
        world.txt_records.insert(name, failed.record_value.clone());
    });
    assert_eq!(verify().await.state, "verified");
}

#[tokio::test(start_paused = true)]
async fn consumers_of_supported_regions_connect_across_regions() {
    let offer = offer();
    offer.allow("*").await;
    let vpc = offer
        .setup
        .cloud
        .edit(|world| world.add_vpc_of(OTHER_ACCOUNT, "eu-west-1", "10.9.0.0/16"));
    let config = offer.setup.cloud.config(CONSUMER);
    let config = config
        .into_builder()
        .region(aws_config::Region::new("eu-west-1"))
        .build();
    let theirs = Client::new(&config);
    let connect = || {
        let request = theirs.create_vpc_endpoint().vpc_id(&vpc).service_name(&offer.name);
        let request = request
            .service_region(REGION)
            .vpc_endpoint_type(VpcEndpointType::Interface);
        request.send()
    };
    assert_eq!(error_of(connect().await).0, "InvalidServiceName");
    let request = offer.setup.ec2.modify_vpc_endpoint_service_configuration();
    let request = request.service_id(&offer.service).add_supported_regions("eu-west-1");
    request.send().await.unwrap();
    connect().await.unwrap();
    assert_eq!(
        offer.connections("vpc-endpoint-region", "eu-west-1").await,
        ["pendingacceptance"]
    );
}

#[tokio::test(start_paused = true)]
async fn calls_about_a_service_are_recorded_in_either_dialect_and_notify_its_topic() {
    let offer = offer();
    offer.allow("*").await;
    let (mut wrapped, mut plain) = (0, 0);
    let mut notified = Vec::new();
    for _ in 0..8 {
        let endpoint = offer.connect().await.unwrap();
        offer.reject(&endpoint).await;
        let log = offer.setup.cloud.log();
        let [connected, rejected] = &log[log.len() - 2..] else {
            panic!("{} calls", log.len());
        };
        let request = rejected.event().unwrap()["detail"]["requestParameters"].clone();
        match request.get("RejectVpcEndpointConnectionsRequest") {
            Some(request) => {
                wrapped += 1;
                assert_eq!(request["ServiceId"], *offer.service);
                assert_eq!(request["VpcEndpointId"]["content"], *endpoint);
            }
            None => {
                plain += 1;
                assert_eq!(request["serviceId"], *offer.service);
                assert_eq!(request["vpcEndpointId"]["items"][0], *endpoint);
            }
        }
        assert_eq!(connected.event().unwrap()["account"], OTHER_ACCOUNT);
        for entry in [connected, rejected] {
            for notification in entry.notifications() {
                assert_eq!(notification.service, offer.service);
                assert!(notification.message.contains(&endpoint), "{}", notification.message);
                assert!(
                    notification.message.contains(&offer.service),
                    "{}",
                    notification.message
                );
                let envelope: serde_json::Value =
                    serde_json::from_str(&notification.body("arn:aws:sns:eu-central-1:111122223333:t", false)).unwrap();
                assert_eq!(envelope["Message"], *notification.body("", true));
                notified.push(notification.event);
            }
        }
    }
    assert!(wrapped > 0 && plain > 0, "{wrapped} wrapped, {plain} plain");
    assert_eq!(notified, ["Connect", "Reject"].repeat(8));
}
