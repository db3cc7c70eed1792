//! The private hosted zones of a VPC, read by requests of their own: a client of the SDK for Route 53 would make the functions
//! larger.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use postern_core::evaluation::central::zone_for;
use postern_core::evaluation::hosted_zones::{central_names, hosted_zones_decide};
use postern_core::model::hosted_zone::{HostedZone, ZoneRecord};
use postern_core::model::id::AccountId;
use postern_core::model::part::{Gap, Observed, Part};
use postern_core::model::snapshot::VpcSnapshot;
use postern_core::settings::Settings;
use serde_json::Value;

use super::gap;
use crate::error::CallError;
use crate::request::{Request, Service, element, encoded};
use crate::session::Session;
use crate::xml::records;

/// <https://docs.aws.amazon.com/Route53/latest/APIReference/API_ListHostedZonesByVPC.html>
pub(super) const ZONES_OF_VPC: &str = "route53:ListHostedZonesByVPC";
/// <https://docs.aws.amazon.com/Route53/latest/APIReference/API_ListResourceRecordSets.html>
pub(super) const RECORDS: &str = "route53:ListResourceRecordSets";

/// <https://docs.aws.amazon.com/Route53/latest/APIReference/API_route53profiles_ListProfileAssociations.html>
pub(super) const PROFILES: &str = "route53profiles:ListProfileAssociations";

const PROFILES_SERVICE: Service = Service {
    id: "Route53Profiles",
    host: "route53profiles",
    signing_name: "route53profiles",
};

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
        Ok(mut zones) => {
            for id in zones_with_records(snapshot, settings, &zones) {
                if let Some(zone) = zones.get_mut(&id) {
                    zone.records = records_of(session, snapshot, zone).await;
                }
            }
            Ok(zones)
        }
        Err(error) => {
            let gap = gap(Part::HostedZones, &error);
            let throttled = error.transient() && error.code.is_some();
            *refused = (!throttled).then(|| (now, gap.clone()));
            Err(gap)
        }
    }
}

/// The Route 53 Profile of a VPC whose hosted zones were observed. A VPC has at most one. Asked for where a spoke needs a name
/// for which no zone answers; any failure is a gap.
pub(super) async fn dns_profile(
    session: &Session,
    snapshot: &VpcSnapshot,
    settings: &Settings,
) -> Observed<Option<String>> {
    let unknown = |reason: &str| {
        Err(Gap {
            part: Part::HostedZones,
            reason: reason.to_owned(),
        })
    };
    let Ok(zones) = &snapshot.hosted_zones else {
        return unknown("the private hosted zones are not known");
    };
    let names = central_names(snapshot, settings);
    if names.iter().all(|name| zone_for(zones.values(), name).is_some()) {
        return unknown("no decision depends on the Route 53 Profile of the VPC");
    }
    let uri = format!("/profileassociations?resourceId={}", snapshot.vpc.id);
    let request = Request {
        service: PROFILES_SERVICE,
        ..request(PROFILES, snapshot, uri)
    };
    let answer = session
        .send(request)
        .await
        .map_err(|error| gap(Part::HostedZones, &error))?
        .json();
    let Some(associations) = answer.get("ProfileAssociations").and_then(Value::as_array) else {
        return unknown("route53profiles:ListProfileAssociations gave no list of associations");
    };
    let profiles = associations
        .iter()
        .filter_map(|association| association.get("ProfileId")?.as_str());
    Ok(profiles.map(str::to_owned).next())
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
        let page = session.send(request(ZONES_OF_VPC, snapshot, uri)).await?.body;
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

/// The zones that answer for names which a spoke looks up.
fn zones_with_records(
    snapshot: &VpcSnapshot,
    settings: &Settings,
    zones: &BTreeMap<String, HostedZone>,
) -> BTreeSet<String> {
    let names = central_names(snapshot, settings);
    let answering = names.iter().filter_map(|name| zone_for(zones.values(), name));
    answering.map(|zone| zone.id.clone()).collect()
}

/// The records of a zone, of which one page is read: a zone of the name of a service has few.
async fn records_of(session: &Session, snapshot: &VpcSnapshot, zone: &HostedZone) -> Observed<Vec<ZoneRecord>> {
    let unknown = |reason: String| {
        Err(Gap {
            part: Part::HostedZones,
            reason,
        })
    };
    if zone.owner != snapshot.account {
        return unknown(format!("account {} owns it", zone.owner));
    }
    let uri = format!("/2013-04-01/hostedzone/{}/rrset?maxitems=300", encoded(&zone.id, ""));
    match session.send(request(RECORDS, snapshot, uri)).await {
        Err(error) => Err(gap(Part::HostedZones, &error)),
        Ok(answer) => match element(&answer.body, "IsTruncated") {
            Some("false") => {
                let sets = records(
                    &answer.body,
                    "ResourceRecordSets",
                    &["Name", "Type", "DNSName", "Value"],
                );
                Ok(sets.into_iter().filter_map(record).collect())
            }
            Some(_) => unknown("it has more than 300 records".to_owned()),
            None => unknown(format!("{RECORDS} gave no list of records")),
        },
    }
}

fn request(call: &'static str, snapshot: &VpcSnapshot, uri: String) -> Request {
    Request {
        call,
        service: SERVICE,
        region: Some(snapshot.region.to_string()),
        method: "GET",
        uri,
        headers: Vec::new(),
        body: String::new(),
    }
}

/// None for a record of another type. Of several values the last one stands for all.
fn record(mut set: BTreeMap<String, String>) -> Option<ZoneRecord> {
    let kind = set.remove("Type")?;
    let target = set.remove("DNSName").or_else(|| set.remove("Value"))?;
    matches!(kind.as_str(), "A" | "AAAA" | "CNAME").then_some(ZoneRecord {
        name: plain(&set.remove("Name")?),
        target: plain(&target),
    })
}

/// A name without the dot at the end, in lower case. Route 53 writes `*` as `\\052`
/// ([DNS domain name format](https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DomainNameFormat.html)).
fn plain(name: &str) -> String {
    name.trim_end_matches('.').replace("\\052", "*").to_ascii_lowercase()
}

/// None for a zone of an AWS service.
fn zone(mut summary: BTreeMap<String, String>) -> Option<(String, HostedZone)> {
    let zone = HostedZone {
        id: summary.remove("HostedZoneId")?,
        name: plain(&summary.remove("Name")?),
        owner: AccountId::from(summary.remove("OwningAccount")?),
        records: Err(Gap {
            part: Part::HostedZones,
            reason: "no decision depends on its records".to_owned(),
        }),
    };
    Some((zone.id.clone(), zone))
}
