//! What happens in a hub is looked at in its spokes.

use postern_cloud::World;
use postern_cloud::world::HubAndSpoke;
use postern_core::functions::{ENDPOINT_INSPECTOR, Function, SWEEPER};

use super::*;

const OWNER: &str = "arn:aws:iam::111122223333:role/owner";

struct Network {
    rig: Rig,
    of: HubAndSpoke,
    sections: String,
}

fn network() -> Network {
    let rig = Rig::new();
    let of = rig.cloud.edit(World::add_hub_and_spoke);
    let sections = format!(
        "[[requirements]]\nservices = [\"sts\"]\nvpcs.ids = [\"{}\"]\n[central]\nhubs.ids = [\"{}\"]\n",
        of.spoke, of.hub
    );
    Network { rig, of, sections }
}

impl Network {
    /// Somebody makes a call, and a function receives its event. Gives the VPCs of which something is reported about the way
    /// to the hub.
    async fn reported(&self, function: &'static Function, operation: &str, parameters: &[(&str, &str)]) -> Vec<String> {
        let called = self.rig.cloud.call(OWNER, operation, parameters).unwrap();
        let event = called.entry.event().unwrap();
        let before = self.rig.cloud.published().len();
        let handler = self.rig.handler_of_with(function, &self.sections);
        let payload = json!({"Records": [message("a", &event)]});
        let (answer, _) = handler.handle(payload, "run-1".into(), None).await;
        assert_eq!(answer.unwrap(), json!({"batchItemFailures": []}));
        let published = self.rig.cloud.published().split_off(before);
        let reports = published
            .iter()
            .map(|it| serde_json::from_str::<Value>(&it.message).unwrap());
        let findings = reports.flat_map(|report| report["findings"].as_array().cloned().unwrap_or_default());
        let of_way = findings.filter(|finding| finding["control"] == "central-unreachable");
        of_way
            .map(|finding| finding["resource"]["id"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Somebody changes the endpoint of the hub. Gives the answer of the function that receives the event.
    async fn changed(&self, run: &str) -> Value {
        let parameters = [("VpcEndpointId", self.of.endpoint.as_str()), ("ResetPolicy", "true")];
        let called = self.rig.cloud.call(OWNER, "ModifyVpcEndpoint", &parameters).unwrap();
        let event = called.entry.event().unwrap();
        let handler = self.rig.handler_of_with(&ENDPOINT_INSPECTOR, &self.sections);
        let payload = json!({"Records": [message("a", &event)]});
        handler.handle(payload, run.into(), None).await.0.unwrap()
    }
}

#[tokio::test(start_paused = true)]
async fn change_of_a_hub_is_reported_in_its_spokes_by_the_function_that_received_the_event() {
    let network = network();
    let HubAndSpoke {
        spoke, endpoint, table, ..
    } = &network.of;
    let locked = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"999999999999"},"Action":"*","Resource":"*"}]}"#;
    let parameters = [("VpcEndpointId", endpoint.as_str()), ("PolicyDocument", locked)];
    let reported = network
        .reported(&ENDPOINT_INSPECTOR, "ModifyVpcEndpoint", &parameters)
        .await;
    assert_eq!(reported, std::slice::from_ref(spoke));
    let parameters = [("VpcEndpointId", endpoint.as_str()), ("ResetPolicy", "true")];
    network
        .reported(&ENDPOINT_INSPECTOR, "ModifyVpcEndpoint", &parameters)
        .await;
    let parameters = [
        ("RouteTableId", table.as_str()),
        ("DestinationCidrBlock", "10.0.0.0/16"),
    ];
    let reported = network.reported(&SUBNET_INSPECTOR, "DeleteRoute", &parameters).await;
    assert_eq!(reported, std::slice::from_ref(spoke));
}

#[tokio::test(start_paused = true)]
async fn change_of_another_vpc_has_no_spoke_evaluated() {
    let network = network();
    network.rig.cloud.edit(|world| {
        world.edit_route_table(&network.of.table, |table| table.routes.clear());
    });
    let parameters = [
        ("VpcEndpointId", network.rig.endpoint.as_str()),
        ("ResetPolicy", "true"),
    ];
    let reported = network
        .reported(&ENDPOINT_INSPECTOR, "ModifyVpcEndpoint", &parameters)
        .await;
    assert_eq!(reported, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn spokes_that_cannot_be_observed_now_send_the_message_back() {
    let network = network();
    let before_spokes = [None; 2];
    let faults = before_spokes.into_iter().chain([Some(Fault::ErrorBefore); 10]);
    network.rig.cloud.plan("DescribeVpcs", faults);
    let answer = network.changed("run-1").await;
    assert_eq!(answer, json!({"batchItemFailures": [{"itemIdentifier": "a"}]}));
}

#[tokio::test(start_paused = true)]
async fn of_many_spokes_a_hundred_are_observed_after_an_event_in_their_hub() {
    let network = network();
    let log = Log::start();
    network.rig.cloud.edit(|world| {
        for _ in 0..150 {
            world.add_vpc("10.1.0.0/16");
        }
    });
    assert_eq!(network.changed("run-1").await, json!({"batchItemFailures": []}));
    let asked = network.rig.called("ec2:DescribeVpcAttribute").len();
    assert_eq!(asked, 2 + 2 * (100 + 1), "the hub twice");
    let line = log.line("the next sweep evaluates the other spokes of hubs that changed");
    assert_eq!(line["spokes"], 52);
}

#[tokio::test(start_paused = true)]
async fn sweep_that_first_finds_a_cut_way_to_a_hub_misses_no_event() {
    let network = network();
    let sweep = async |run: &str| {
        let handler = network.rig.handler_of_with(&SWEEPER, &network.sections);
        let payload = json!({"Records": [message("sweep", &schedule())]});
        let (answer, metrics) = handler.handle(payload, run.into(), None).await;
        answer.unwrap();
        metrics.document(Timestamp::UNIX_EPOCH)["EventsMissing"].clone()
    };
    sweep("run-1").await;
    tokio::time::sleep(Duration::from_secs(3_600)).await;
    network.rig.cloud.edit(|world| world.hosted_zones.clear());
    assert_eq!(sweep("run-2").await, 0);
    let found = network.rig.cloud.published();
    assert!(
        found
            .iter()
            .any(|it| it.message.contains("no private hosted zone for sts")),
        "{found:#?}"
    );
}
