//! A hub and a spoke in the model, through the clients.

use postern_core::controls::central_unreachable;
use postern_core::evaluation::{PolicyCache, evaluate};
use postern_core::history::ChangeHistory;
use postern_core::model::finding::Verdict;
use postern_core::model::id::VpcId;
use postern_core::model::scope::ScopedResource;
use postern_core::model::scope_snapshot::Snapshot;

use super::*;
use crate::World;
use crate::world::HubAndSpoke;

/// The clients of the spoke, what the settings say, and the zone that holds the name of STS.
struct Network {
    cloud: Cloud,
    spoke: String,
    zone: String,
    settings: Settings,
}

fn network() -> Network {
    let cloud = Cloud::new(7);
    let HubAndSpoke { hub, spoke, zone, .. } = cloud.edit(World::add_hub_and_spoke);
    let settings = format!(
        "[perimeter]\naccounts = [\"{ACCOUNT}\"]\n[[requirements]]\nservices = [\"sts\"]\n[central]\nhubs.ids = \
         [\"{hub}\"]\n"
    );
    Network {
        cloud,
        spoke,
        zone,
        settings: Settings::parse(&settings, &postern_core::controls::known()).unwrap(),
    }
}

impl Network {
    /// What the control concludes of the spoke, observed after an event and by a sweep.
    async fn verdicts(&self) -> [(Verdict, String); 2] {
        let session = session(&self.cloud).await;
        let parts = central_unreachable::CONTROL
            .needs
            .iter()
            .copied()
            .chain([Part::SecurityGroups])
            .collect();
        let vpc = ScopedResource::Vpc(VpcId::from(self.spoke.as_str()));
        let alone = session
            .observe(&REGION.into(), &vpc, &parts, &self.settings)
            .await
            .unwrap()
            .unwrap();
        let swept = session
            .observe_vpcs(&REGION.into(), &parts, &self.settings)
            .await
            .unwrap();
        let swept = swept
            .into_iter()
            .find(|snapshot| snapshot.vpc.id.as_str() == self.spoke)
            .unwrap();
        [alone, Snapshot::Vpc(swept)].map(|snapshot| {
            let (history, policies) = (ChangeHistory::default(), PolicyCache::default());
            let controls = [&central_unreachable::CONTROL];
            let now = self.cloud.now();
            let findings = evaluate(&controls, &snapshot, &self.settings, &history, now, &policies);
            let [finding] = findings.try_into().unwrap();
            let finding: postern_core::evaluation::Finding = finding;
            (finding.verdict(), finding.explanation().into_owned())
        })
    }

    async fn lacks(&self, what: &str) {
        for (verdict, explanation) in self.verdicts().await {
            assert_eq!(verdict, Verdict::NonCompliant, "{explanation}");
            assert!(explanation.contains(what), "{explanation}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn spoke_reaches_its_hub_until_a_part_of_the_way_is_taken_away() {
    let network = network();
    for (verdict, explanation) in network.verdicts().await {
        assert_eq!(verdict, Verdict::Compliant, "{explanation}");
    }
    network.cloud.edit(|world| {
        let tables: Vec<_> = world.route_tables().map(|table| table.id.clone()).collect();
        for table in tables {
            world.edit_route_table(&table, |table| table.routes.retain(|route| route.target == "local"));
        }
    });
    network.lacks("has no route to 10.9.1.0/24").await;
    network.cloud.edit(|world| {
        if let Some(zone) = world.hosted_zones.get_mut(&network.zone) {
            zone.aliases.clear();
        }
    });
    network
        .lacks("has no record for `sts.eu-central-1.amazonaws.com`")
        .await;
    network.cloud.edit(|world| world.hosted_zones.clear());
    network
        .lacks("no private hosted zone for sts.eu-central-1.amazonaws.com")
        .await;
}

#[tokio::test(start_paused = true)]
async fn way_to_a_hub_is_undecided_where_a_profile_may_bring_the_zone() {
    let network = network();
    network.cloud.edit(|world| world.hosted_zones.clear());
    network
        .lacks("no private hosted zone for sts.eu-central-1.amazonaws.com")
        .await;
    network.cloud.plan("ListProfileAssociations", [Fault::Denied; 2]);
    for (verdict, explanation) in network.verdicts().await {
        assert_eq!(verdict, Verdict::Indeterminate, "{explanation}");
        assert!(
            explanation.contains("route53profiles:ListProfileAssociations failed"),
            "{explanation}"
        );
    }
    network
        .cloud
        .edit(|world| world.dns_profiles.insert(network.spoke.clone(), "rp-1".to_owned()));
    for (verdict, explanation) in network.verdicts().await {
        assert_eq!(verdict, Verdict::Indeterminate, "{explanation}");
        assert!(explanation.contains("Route 53 Profile rp-1"), "{explanation}");
    }
}

#[tokio::test(start_paused = true)]
async fn private_dns_conflicts_with_a_hosted_zone_for_ever() {
    let network = network();
    let endpoint = network.cloud.edit(|world| {
        let subnet = world
            .subnets()
            .find(|subnet| subnet.vpc == network.spoke)
            .map(|subnet| subnet.id.clone());
        let mut new = NewEndpoint::interface(&network.spoke, "sts");
        (new.private_dns, new.subnets) = (false, subnet.into_iter().collect());
        world.add_endpoint(new)
    });
    let enable = || {
        let parameters = [("VpcEndpointId", endpoint.as_str()), ("PrivateDnsEnabled", "true")];
        network.cloud.call(ADA, "ModifyVpcEndpoint", &parameters)
    };
    let error = enable().unwrap_err();
    assert!(error.message.contains("conflicting DNS domain"), "{error:?}");
    network.cloud.edit(|world| world.hosted_zones.clear());
    enable().unwrap();
}
