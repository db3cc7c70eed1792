//! Endpoint services of an account as a sweep finds them: one in eight is open to everybody, and has a consumer whom
//! nobody approved.

use std::collections::{BTreeMap, BTreeSet};

use postern_core::controls::known;
use postern_core::model::address::AddressType;
use postern_core::model::endpoint::{EndpointKind, EndpointState};
use postern_core::model::endpoint_service::{
    Connection, EndpointService, LoadBalancer, LoadBalancerState, PayerResponsibility, Permission, PrincipalKind,
    ServiceSnapshot, ServiceState, TargetHealth,
};
use postern_core::model::part::Tags;
use postern_core::settings::Settings;

const ACCOUNT: &str = "111122223333";
const REGION: &str = "eu-central-1";
/// The accounts of the approved consumers are numbered from here.
const FIRST_CONSUMER: u64 = 222_200_000_000;

/// Approves the consumers of every service.
pub(crate) fn settings(consumers: usize) -> Settings {
    let accounts: Vec<_> = (0..consumers)
        .map(|number| format!("\"{}\"", consumer(number)))
        .collect();
    let text = format!(
        "[perimeter]\naccounts = [\"{ACCOUNT}\"]\n\n[[providers]]\naccounts = [{}]\n\n[modes]\ndefault = \"audit\"\n",
        accounts.join(", ")
    );
    Settings::parse(&text, &known()).expect("the settings are valid")
}

fn consumer(number: usize) -> String {
    (FIRST_CONSUMER + number as u64).to_string()
}

/// One of many, with so many connections.
pub(crate) fn service(number: usize, connections: usize) -> ServiceSnapshot {
    let public = number % 8 == 3;
    let id = format!("vpce-svc-{number:017x}");
    let arn = format!("arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:loadbalancer/net/service-{number}/1");
    let zones: BTreeSet<_> = ["a", "b", "c"]
        .map(|letter| format!("{REGION}{letter}").as_str().into())
        .into();
    let connected = (0..connections).map(|place| {
        let endpoint = format!("vpce-{number:08x}{place:09x}");
        let unapproved = public && place == 0;
        let connection = Connection {
            endpoint: endpoint.as_str().into(),
            owner: if unapproved {
                "999988887777".into()
            } else {
                consumer(place).as_str().into()
            },
            state: EndpointState::Available,
            region: REGION.into(),
            created: None,
        };
        (connection.endpoint.clone(), connection)
    });
    let principals = (0..connections).map(|place| format!("arn:aws:iam::{}:root", consumer(place)));
    let principals = principals.chain(public.then(|| "*".to_owned()));
    let permissions = principals.map(|principal| {
        let permission = Permission {
            kind: if principal == "*" {
                PrincipalKind::All
            } else {
                PrincipalKind::Account
            },
            id: None,
            principal: principal.clone(),
        };
        (principal, permission)
    });
    let balancer = LoadBalancer {
        arn: arn.clone(),
        state: LoadBalancerState::Active,
        zones: zones.clone(),
        deletion_protection: Some(true),
    };
    ServiceSnapshot {
        account: ACCOUNT.into(),
        region: REGION.into(),
        permissions: Ok(permissions.collect()),
        connections: Ok(connected.collect()),
        load_balancers: Ok(BTreeMap::from([(arn.clone(), balancer)])),
        target_health: Ok(BTreeMap::from([(
            arn.clone(),
            TargetHealth {
                healthy: 2,
                registered: 2,
            },
        )])),
        service: EndpointService {
            name: format!("com.amazonaws.vpce.{REGION}.{id}").as_str().into(),
            id: id.as_str().into(),
            owner: ACCOUNT.into(),
            state: ServiceState::Available,
            kind: EndpointKind::Interface,
            acceptance_required: !public,
            zones,
            load_balancers: BTreeSet::from([arn]),
            regions: BTreeSet::new(),
            private_dns: None,
            address_type: Some(AddressType::Ipv4),
            payer: PayerResponsibility::EndpointOwner,
            tags: Tags::new(),
        },
    }
}
