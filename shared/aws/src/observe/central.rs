//! The hubs of spokes, and the spokes of hubs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use postern_core::evaluation::central::depends_on_hubs;
use postern_core::model::id::{Region, VpcId};
use postern_core::model::part::Part;
use postern_core::model::snapshot::Central;
use postern_core::model::snapshot::{Vpc, VpcSnapshot};
use postern_core::settings::Settings;

use super::{ObserveError, observe};
use crate::describe::{self, parse};
use crate::error::CallError;
use crate::session::Session;

/// What is observed of a hub.
const OF_HUB: [Part; 4] = [Part::Subnets, Part::RouteTables, Part::Endpoints, Part::SecurityGroups];

/// The IAM actions that observing hubs and spokes requires.
pub(super) const CALLS: &[&str] = &[
    describe::VPCS,
    describe::SUBNETS,
    describe::ROUTE_TABLES,
    describe::ENDPOINTS,
    describe::SECURITY_GROUPS,
];

/// The hubs of the VPC, if it is a spoke that depends on them, and its spokes, if it is a hub. Neither takes a call where
/// the settings have no central endpoints.
pub(super) async fn central(
    session: &Session,
    region: &Region,
    snapshot: &VpcSnapshot,
    settings: &Settings,
) -> Result<Central, CallError> {
    let mut found = Central::default();
    let Some(central) = &settings.central else {
        return Ok(found);
    };
    let (hub, spoke) = (central.is_hub(&snapshot.vpc), depends_on_hubs(snapshot, settings));
    if !hub && !spoke {
        return Ok(found);
    }
    let vpcs = describe::vpcs(&session.ec2(region), Vec::new()).await?;
    let vpcs = vpcs.iter().map(parse::vpc).collect::<Result<Vec<_>, _>>()?;
    let own = vpcs.into_iter().filter(|vpc| vpc.owner == snapshot.account);
    if hub {
        found.spokes = spokes(own, settings);
        return Ok(found);
    }
    for vpc in own.filter(|vpc| central.is_hub(vpc)) {
        let parts = BTreeSet::from(OF_HUB);
        let observed = Box::pin(observe(session, region, &vpc.id, &parts, settings)).await?;
        found.hubs.extend(observed.map(|hub| (vpc.id, Arc::new(hub))));
    }
    Ok(found)
}

/// Of the spokes of hubs so many are observed at most, since each takes calls of its own for its DNS attributes.
const MOST_SPOKES: usize = 100;

/// The hubs among some VPCs, and the VPCs that use their endpoints.
#[derive(Debug, Default)]
pub struct Spokes {
    pub hubs: BTreeSet<VpcId>,
    /// Those that need an endpoint of a hub, the VPCs that were asked about aside.
    pub snapshots: Vec<VpcSnapshot>,
    /// How many more spokes there are.
    pub left_out: usize,
}

impl Session {
    /// Observes these parts of the spokes of the hubs that are among these VPCs. One call where none of them is a hub, no
    /// call where the settings have no central endpoints.
    pub async fn observe_spokes(
        &self,
        region: &Region,
        vpcs: &BTreeSet<VpcId>,
        parts: &BTreeSet<Part>,
        settings: &Settings,
    ) -> Result<Spokes, ObserveError> {
        Box::pin(spokes_of(self, region, vpcs, parts, settings))
            .await
            .map_err(|source| ObserveError {
                target: format!("the spokes of hubs in {region}"),
                source,
            })
    }
}

async fn spokes_of(
    session: &Session,
    region: &Region,
    asked: &BTreeSet<VpcId>,
    parts: &BTreeSet<Part>,
    settings: &Settings,
) -> Result<Spokes, CallError> {
    let Some(central) = &settings.central else {
        return Ok(Spokes::default());
    };
    let vpcs = describe::vpcs(&session.ec2(region), Vec::new()).await?;
    let vpcs = vpcs.iter().map(parse::vpc).collect::<Result<Vec<_>, _>>()?;
    let own = || vpcs.iter().filter(|vpc| vpc.owner == *session.account());
    let all_hubs: BTreeSet<_> = own()
        .filter(|vpc| central.is_hub(vpc))
        .map(|vpc| vpc.id.clone())
        .collect();
    let hubs = &all_hubs & asked;
    if hubs.is_empty() {
        return Ok(Spokes::default());
    }
    let mut spokes: BTreeSet<_> = own()
        .filter(|vpc| central.is_spoke(vpc))
        .map(|vpc| vpc.id.clone())
        .collect();
    spokes.retain(|vpc| !asked.contains(vpc));
    let found = spokes.len();
    let observed: BTreeSet<_> = spokes.into_iter().take(MOST_SPOKES).collect();
    let left_out = found - observed.len();
    let together = &observed | &all_hubs;
    let mut snapshots = session.sweep(region, parts, settings, Some(&together)).await?;
    snapshots.retain(|snapshot| {
        let uses_hubs = snapshot.central.as_ref().is_ok_and(|central| !central.hubs.is_empty());
        observed.contains(&snapshot.vpc.id) && uses_hubs
    });
    Ok(Spokes {
        hubs,
        snapshots,
        left_out,
    })
}

/// The same for VPCs that were observed together, without a call.
pub(super) fn among(snapshots: &mut [VpcSnapshot], settings: &Settings) {
    let Some(central) = &settings.central else { return };
    let own = |snapshot: &&VpcSnapshot| snapshot.vpc.owner == snapshot.account;
    let hubs: BTreeMap<_, _> = snapshots
        .iter()
        .filter(own)
        .filter(|snapshot| central.is_hub(&snapshot.vpc))
        .map(|hub| (hub.vpc.id.clone(), Arc::new(hub.clone())))
        .collect();
    let spokes = spokes(
        snapshots.iter().filter(own).map(|snapshot| snapshot.vpc.clone()),
        settings,
    );
    for snapshot in snapshots {
        let mut found = Central::default();
        if central.is_hub(&snapshot.vpc) {
            found.spokes.clone_from(&spokes);
        } else if depends_on_hubs(snapshot, settings) {
            found.hubs.clone_from(&hubs);
        }
        snapshot.central = Ok(found);
    }
}

fn spokes(vpcs: impl Iterator<Item = Vpc>, settings: &Settings) -> BTreeMap<VpcId, Vpc> {
    let is_spoke = |vpc: &Vpc| settings.central.as_ref().is_some_and(|central| central.is_spoke(vpc));
    vpcs.filter(is_spoke).map(|vpc| (vpc.id.clone(), vpc)).collect()
}
