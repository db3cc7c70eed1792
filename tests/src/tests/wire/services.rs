//! Endpoint services: the function's program between events, connection notifications and the model of AWS.

use postern_cloud::world::{EndpointState, NewEndpoint};
use postern_cloud::{ACCOUNT, Cloud, Entry, OTHER_ACCOUNT, REGION};
use postern_core::functions::SERVICE_INSPECTOR;
use postern_storm::{Served, ledger, role, topic};
use serde_json::Value;

/// The account of approved consumers.
const APPROVED: &str = "222233334444";
const OWNER: &str = "arn:aws:iam::111122223333:role/owner";

/// A service of this account, one approved consumer and one that is not.
struct Offer {
    cloud: Cloud,
    service: String,
    approved: String,
    stranger: String,
}

fn settings(mode: &str) -> String {
    format!(
        "[perimeter]\naccounts = [\"{ACCOUNT}\"]\n\n[[providers]]\naccounts = [\"{APPROVED}\"]\n\n\
         [modes]\ndefault = \"{mode}\"\ninterrupting.mode = \"{mode}\"\n\n[limits]\ncanary_endpoints = 0\n"
    )
}

impl Offer {
    /// Open to everybody, without acceptance, and both are connected.
    fn public() -> Self {
        let cloud = Cloud::new(11);
        cloud.tables(|tables| *tables = ledger(11));
        let (service, [approved, stranger]) = cloud.edit(|world| {
            world.topics.insert(topic());
            world.page = 1_000;
            let service = world.add_endpoint_service(ACCOUNT, &["a", "b"]);
            world.edit_endpoint_service(&service, |service| {
                service.acceptance_required = false;
                service.principals.insert("vpce-svc-perm-1".to_owned(), "*".to_owned());
                let approved = format!("arn:aws:iam::{APPROVED}:root");
                service.principals.insert("vpce-svc-perm-2".to_owned(), approved);
            });
            let name = world.endpoint_service(&service).unwrap().name.clone();
            let connections = [APPROVED, OTHER_ACCOUNT].map(|account| {
                let vpc = world.add_vpc_of(account, REGION, "10.9.0.0/16");
                let mut new = NewEndpoint::interface(&vpc, &name);
                new.private_dns = false;
                world.add_endpoint(new)
            });
            (service, connections)
        });
        Self {
            cloud,
            service,
            approved,
            stranger,
        }
    }

    fn state(&self, endpoint: &str) -> EndpointState {
        self.cloud.edit(|world| world.endpoint(endpoint).unwrap().state)
    }

    fn principals(&self) -> Vec<String> {
        self.cloud.edit(|world| {
            let service = world.endpoint_service(&self.service).unwrap();
            service.principals.values().cloned().collect()
        })
    }

    /// The event of a call that its owner makes.
    fn event(&self, operation: &str, parameters: &[(&str, &str)]) -> Value {
        let mut all = vec![("ServiceId", self.service.as_str())];
        all.extend(parameters);
        let called = self.cloud.call(OWNER, operation, &all).unwrap();
        called.entry.event().unwrap()
    }

    /// The calls of the function that may have changed something at EC2.
    fn mutations(&self) -> Vec<String> {
        let of_function = |entry: &Entry| *entry.caller == *role(&SERVICE_INSPECTOR);
        let log = self.cloud.log();
        let calls = log.iter().filter(|entry| of_function(entry) && entry.mutating);
        let ec2 = calls.filter(|entry| entry.action().starts_with("ec2:"));
        ec2.map(|entry| entry.operation.clone()).collect()
    }
}

#[tokio::test]
async fn public_service_is_closed_and_only_the_connection_that_is_not_approved_is_rejected() {
    let offer = Offer::public();
    let mut function = Served::start(&SERVICE_INSPECTOR, &settings("enforce"), &offer.cloud)
        .await
        .unwrap();
    let event = offer.event(
        "ModifyVpcEndpointServicePermissions",
        &[("AddAllowedPrincipals.1", "arn:aws:iam::444455556666:root")],
    );
    function.invoke([&event]).await.unwrap();
    assert_eq!(
        offer.principals(),
        [format!("arn:aws:iam::{APPROVED}:root")],
        "{}",
        function.log()
    );
    let acceptance = offer
        .cloud
        .edit(|world| world.endpoint_service(&offer.service).unwrap().acceptance_required);
    assert!(acceptance);
    assert_eq!(offer.state(&offer.stranger), EndpointState::Rejected);
    assert_eq!(offer.state(&offer.approved), EndpointState::Available);
    let published = offer.cloud.published();
    let report: Value = serde_json::from_str(&published.last().unwrap().message).unwrap();
    assert_eq!(report["scope"]["resource"]["id"], *offer.service);
    // The same event again changes nothing.
    let before = offer.mutations();
    function.invoke([&event]).await.unwrap();
    assert_eq!(offer.mutations(), before);
}

#[tokio::test]
async fn audit_mode_reports_a_public_service_and_makes_no_mutating_call() {
    let offer = Offer::public();
    let mut function = Served::start(&SERVICE_INSPECTOR, &settings("audit"), &offer.cloud)
        .await
        .unwrap();
    let event = offer.event(
        "ModifyVpcEndpointServiceConfiguration",
        &[("AcceptanceRequired", "false")],
    );
    function.invoke([&event]).await.unwrap();
    assert_eq!(offer.mutations(), [""; 0]);
    let published = offer.cloud.published();
    let said = &published.last().unwrap().message;
    for control in ["service-public", "service-auto-accepts", "connection-untrusted"] {
        assert!(said.contains(control), "{control} in {said}");
    }
}

#[tokio::test]
async fn notification_of_a_connection_starts_the_evaluation_of_its_service_raw_and_in_the_envelope_of_sns() {
    for raw in [true, false] {
        let offer = Offer::public();
        let mut function = Served::start(&SERVICE_INSPECTOR, &settings("enforce"), &offer.cloud)
            .await
            .unwrap();
        let vpc = offer
            .cloud
            .edit(|world| world.endpoint(&offer.stranger).unwrap().vpc.clone());
        let name = offer
            .cloud
            .edit(|world| world.endpoint_service(&offer.service).unwrap().name.clone());
        let consumer = format!("arn:aws:iam::{OTHER_ACCOUNT}:role/consumer");
        let parameters = [
            ("VpcId", vpc.as_str()),
            ("ServiceName", &name),
            ("VpcEndpointType", "Interface"),
        ];
        let connected = offer.cloud.call(&consumer, "CreateVpcEndpoint", &parameters).unwrap();
        // CloudTrail records it in the consumer's account only.
        assert_eq!(connected.entry.event().unwrap()["account"], OTHER_ACCOUNT);
        let notifications = connected.entry.notifications();
        let bodies = notifications
            .iter()
            .map(|it| it.body("arn:aws:sns:eu-central-1:111122223333:t", raw));
        function.invoke(bodies).await.unwrap();
        let endpoint = &connected.entry.effects[0].id;
        assert_eq!(offer.state(endpoint), EndpointState::Rejected, "{}", function.log());
    }
}
