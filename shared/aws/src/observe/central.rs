//! The hubs of spokes, and the spokes of hubs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use postern_core::evaluation::central::depends_on_hubs;
use postern_core::model::id::{Region, VpcId};
use postern_core::model::part::Part;
use postern_core::model::snapshot::Central;
use postern_core::model::snapshot::{Vpc, VpcSnapshot};
use postern_core::settings::Settings;

use super::observe;
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
