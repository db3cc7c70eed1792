//! What endpoints of the model processed, through the clients.

use jiff::SignedDuration;
use postern_core::controls::endpoint_idle;
use postern_core::evaluation::{PolicyCache, evaluate};
use postern_core::history::ChangeHistory;
use postern_core::model::finding::Verdict;
use postern_core::model::id::VpcId;
use postern_core::model::scope::ScopedResource;
use postern_core::model::scope_snapshot::Snapshot;

use super::*;

const SETTINGS: &str = "[modes]\nendpoint-idle = \"audit\"\n";

/// An endpoint that is used and one that is not, both of them old, in a VPC each.
struct Endpoints {
    cloud: Cloud,
    vpcs: [String; 2],
    used: String,
    idle: String,
}

fn endpoints() -> Endpoints {
    let cloud = Cloud::new(7);
    let now = cloud.now();
    let (vpcs, [used, idle]) = cloud.edit(|world| {
        // Each result is a page.
        world.page = 1;
        let vpcs = ["10.0.0.0/16", "10.1.0.0/16"].map(|cidr| world.add_vpc(cidr));
        let endpoints = [0, 1].map(|n| {
            let endpoint = world.add_endpoint(NewEndpoint::interface(&vpcs[n], "sts"));
            world.edit_endpoint(&endpoint, |endpoint| {
                endpoint.created = now - SignedDuration::from_hours(60 * 24);
            });
            endpoint
        });
        let points = [(1, 40), (13 * 24, 2), (40 * 24, 1_000)];
        let points = points.map(|(hours, bytes)| (now - SignedDuration::from_hours(hours), bytes));
        world.traffic.insert(endpoints[0].clone(), points.into());
        (vpcs, endpoints)
    });
    Endpoints {
        cloud,
        vpcs,
        used,
        idle,
    }
}

impl Endpoints {
    /// Verdicts and explanations of a sweep, by endpoint.
    async fn swept(&self, settings: &str) -> BTreeMap<String, (Verdict, String)> {
        let settings = Settings::parse(settings, &postern_core::controls::known()).unwrap();
        let session = session(&self.cloud).await;
        let parts = endpoint_idle::CONTROL.needs.iter().copied().collect();
        let seen = session.observe_vpcs(&REGION.into(), &parts, &settings).await.unwrap();
        let mut swept = BTreeMap::new();
        for snapshot in seen {
            let (history, policies) = (ChangeHistory::default(), PolicyCache::default());
            let controls = [&endpoint_idle::CONTROL];
            let now = self.cloud.now();
            let findings = evaluate(&controls, &Snapshot::Vpc(snapshot), &settings, &history, now, &policies);
            swept.extend(findings.into_iter().map(|finding| {
                let verdict = (finding.verdict(), finding.explanation().into_owned());
                (finding.key.resource.id, verdict)
            }));
        }
        swept
    }

    fn asked(&self) -> usize {
        let log = self.cloud.log();
        log.iter().filter(|entry| entry.operation == "GetMetricData").count()
    }
}

#[tokio::test(start_paused = true)]
async fn used_endpoint_is_told_from_an_idle_one() {
    let endpoints = endpoints();
    let swept = endpoints.swept(SETTINGS).await;
    assert_eq!(swept[&endpoints.idle].0, Verdict::NonCompliant);
    let (verdict, explanation) = &swept[&endpoints.used];
    assert_eq!(*verdict, Verdict::Compliant);
    assert!(
        explanation.starts_with("The endpoint processed 42 bytes since"),
        "{explanation}"
    );
    assert_eq!(endpoints.asked(), 2, "one request, of two pages");
    let months = format!("{SETTINGS}[traffic]\nidle_days = 50\n");
    let (_, explanation) = &endpoints.swept(&months).await[&endpoints.used];
    assert!(
        explanation.starts_with("The endpoint processed 1.0 KB since"),
        "{explanation}"
    );
}

#[tokio::test(start_paused = true)]
async fn endpoint_becomes_idle_when_its_last_traffic_is_old_enough() {
    let endpoints = endpoints();
    tokio::time::advance(Duration::from_secs(14 * 86_400)).await;
    assert_eq!(endpoints.swept(SETTINGS).await[&endpoints.used].0, Verdict::Compliant);
    tokio::time::advance(Duration::from_secs(86_400)).await;
    assert_eq!(
        endpoints.swept(SETTINGS).await[&endpoints.used].0,
        Verdict::NonCompliant
    );
}

#[tokio::test(start_paused = true)]
async fn metrics_that_are_denied_or_throttled_leave_a_gap_for_every_vpc() {
    for fault in [Fault::Denied, Fault::Throttled, Fault::ErrorBefore, Fault::BrokenBefore] {
        let endpoints = endpoints();
        endpoints.cloud.plan("GetMetricData", [fault; 9]);
        let swept = endpoints.swept(SETTINGS).await;
        let found: BTreeSet<_> = swept.keys().cloned().collect();
        assert_eq!(found, endpoints.vpcs.clone().into(), "{fault:?}");
        for (verdict, explanation) in swept.values() {
            assert_eq!(*verdict, Verdict::Indeterminate);
            assert!(explanation.contains("cloudwatch:GetMetricData"), "{explanation}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn other_parts_are_observed_although_metrics_are_denied() {
    let endpoints = endpoints();
    endpoints.cloud.plan("GetMetricData", [Fault::Denied; 9]);
    let settings = Settings::parse(SETTINGS, &postern_core::controls::known()).unwrap();
    let vpc = ScopedResource::Vpc(VpcId::from(endpoints.vpcs[0].as_str()));
    let parts = parts().into_iter().chain([Part::Traffic]).collect();
    let observed = session(&endpoints.cloud).await;
    let observed = observed.observe(&REGION.into(), &vpc, &parts, &settings).await.unwrap();
    let Some(Snapshot::Vpc(snapshot)) = observed else {
        panic!("{observed:?}")
    };
    assert!(snapshot.traffic.is_err() && snapshot.endpoints.is_ok() && snapshot.dns.is_ok());
}

#[tokio::test(start_paused = true)]
async fn no_metric_is_asked_for_while_the_control_is_off() {
    let endpoints = endpoints();
    assert_eq!(endpoints.swept("").await, BTreeMap::new());
    assert_eq!(endpoints.asked(), 0);
}
