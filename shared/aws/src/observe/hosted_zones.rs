//! The private hosted zones of a VPC, read by requests of their own: a client of the SDK for Route 53 would make the functions
//! larger.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use postern_core::evaluation::hosted_zones::hosted_zones_decide;
use postern_core::model::hosted_zone::HostedZone;
use postern_core::model::id::AccountId;
use postern_core::model::part::{Gap, Observed, Part};
use postern_core::model::snapshot::VpcSnapshot;
use postern_core::settings::Settings;

use super::gap;
use crate::error::CallError;
use crate::request::{Request, Service, element, encoded};
use crate::session::Session;
use crate::xml::records;

/// <https://docs.aws.amazon.com/Route53/latest/APIReference/API_ListHostedZonesByVPC.html>
pub(super) const ZONES_OF_VPC: &str = "route53:ListHostedZonesByVPC";

const SERVICE: Service = Service {
    id: "Route 53",
    host: "route53",
    signing_name: "route53",
};

/// For how long a refusal holds for all VPCs: of a call that a policy denies, and of Route 53 that cannot be reached, as
/// from a subnet without a route to the internet.
const KEPT: SignedDuration = SignedDuration::from_mins(5);

/// The private hosted zones of a VPC that is observed otherwise. A gap where they decide nothing, and where they cannot be
/// read for whatever reason.
pub(super) async fn hosted_zones(
    session: &Session,
    snapshot: &VpcSnapshot,
    settings: &Settings,
) -> Observed<BTreeMap<String, HostedZone>> {
    if snapshot.vpc.owner != snapshot.account || !hosted_zones_decide(snapshot, settings) {
        let reason = "no decision depends on the private hosted zones of the VPC".to_owned();
        return Err(Gap {
            part: Part::HostedZones,
            reason,
        });
    }
    // One call after the other: Route 53 admits five a second for all of the account.
    let mut refused = session.refused_hosted_zones().lock().await;
    let now = session.now();
    if let Some((at, gap)) = refused.as_ref()
        && now.duration_since(*at) < KEPT
    {
        return Err(gap.clone());
    }
    match list(session, snapshot).await {
        Ok(zones) => Ok(zones),
        Err(error) => {
            let gap = gap(Part::HostedZones, &error);
            let throttled = error.transient() && error.code.is_some();
            *refused = (!throttled).then(|| (now, gap.clone()));
            Err(gap)
        }
    }
}

async fn list(session: &Session, snapshot: &VpcSnapshot) -> Result<BTreeMap<String, HostedZone>, CallError> {
    let (vpc, region) = (&snapshot.vpc.id, &snapshot.region);
    let mut zones = BTreeMap::new();
    let mut next = String::new();
    loop {
        let mut uri = format!("/2013-04-01/hostedzonesbyvpc?maxitems=100&vpcid={vpc}&vpcregion={region}");
        if !next.is_empty() {
            uri += &format!("&nexttoken={}", encoded(&next, ""));
        }
        let request = Request {
            call: ZONES_OF_VPC,
            service: SERVICE,
            region: Some(region.to_string()),
            method: "GET",
            uri,
            headers: Vec::new(),
            body: String::new(),
        };
        let page = session.send(request).await?.body;
        if element(&page, "MaxItems").is_none() {
            return Err(CallError::unreadable(
                ZONES_OF_VPC,
                "the answer is no list of hosted zones",
            ));
        }
        let found = records(&page, "HostedZoneSummaries", &["HostedZoneId", "Name", "OwningAccount"]);
        zones.extend(found.into_iter().filter_map(zone));
        match element(&page, "NextToken").filter(|token| !token.is_empty()) {
            None => return Ok(zones),
            Some(token) if token == next => {
                return Err(CallError::unreadable(ZONES_OF_VPC, "the same page came twice"));
            }
            Some(token) => next = token.to_owned(),
        }
    }
}

/// None for a zone of an AWS service.
fn zone(mut summary: BTreeMap<String, String>) -> Option<(String, HostedZone)> {
    let zone = HostedZone {
        id: summary.remove("HostedZoneId")?,
        name: summary.remove("Name")?.trim_end_matches('.').to_ascii_lowercase(),
        owner: AccountId::from(summary.remove("OwningAccount")?),
    };
    Some((zone.id.clone(), zone))
}
