//! The DNS servers of clients, by DHCP options. The operation of the SDK's client would make the functions larger, so that
//! this is a request of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;

use postern_core::controls::vpc_dns_disabled::dns_servers_decide;
use postern_core::model::id::Region;
use postern_core::model::part::{Observed, Part};
use postern_core::model::snapshot::VpcSnapshot;
use postern_core::settings::Settings;

use super::gap;
use crate::error::CallError;
use crate::request::{Request, Service, encoded};
use crate::session::Session;

pub(super) const DHCP_OPTIONS: &str = "ec2:DescribeDhcpOptions";

/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeDhcpOptions.html>
const SERVICE: Service = Service {
    id: "EC2",
    host: "ec2",
    signing_name: "ec2",
};
const VERSION: &str = "2016-11-15";

/// The id of DHCP options in a VPC that has none
/// ([AssociateDhcpOptions](https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AssociateDhcpOptions.html)).
const NONE: &str = "default";

/// The DHCP options of a VPC, where it has some.
pub(super) fn options_of(vpc: &aws_sdk_ec2::types::Vpc) -> Option<String> {
    let id = vpc.dhcp_options_id().filter(|id| *id != NONE);
    id.map(str::to_owned)
}

/// Observes the DNS servers of those VPCs about which they decide, by one call for each set of DHCP options.
pub(super) async fn observe<'a>(
    session: &Session,
    region: &Region,
    snapshots: impl IntoIterator<Item = (&'a mut VpcSnapshot, Option<String>)>,
    settings: &Settings,
) -> Result<(), CallError> {
    let mut known: BTreeMap<String, Observed<BTreeSet<String>>> = BTreeMap::new();
    let decided = snapshots.into_iter();
    for (snapshot, options) in decided.filter(|(snapshot, _)| dns_servers_decide(snapshot, settings)) {
        snapshot.dns_servers = match options {
            None => Ok(BTreeSet::new()),
            Some(id) => match known.get(&id) {
                Some(servers) => servers.clone(),
                None => {
                    let servers = match servers(session, region, &id).await {
                        Err(error) if error.transient() => return Err(error),
                        found => found.map_err(|error| gap(Part::Dns, &error)),
                    };
                    known.insert(id, servers.clone());
                    servers
                }
            },
        };
    }
    Ok(())
}

async fn servers(session: &Session, region: &Region, id: &str) -> Result<BTreeSet<String>, CallError> {
    let known = || session.dns_servers().lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(servers) = known().get(id).cloned() {
        return Ok(servers);
    }
    let fields = [
        ("Action", "DescribeDhcpOptions"),
        ("Version", VERSION),
        ("DhcpOptionsId.1", id),
    ];
    let pairs: Vec<_> = fields
        .map(|(name, value)| format!("{name}={}", encoded(value, "")))
        .into();
    let request = Request {
        call: DHCP_OPTIONS,
        service: SERVICE,
        region: Some(region.to_string()),
        method: "POST",
        uri: "/".to_owned(),
        headers: vec![("content-type", "application/x-www-form-urlencoded".to_owned())],
        body: pairs.join("&"),
    };
    match session.send(request).await {
        // Replaced in the meantime.
        Err(error) if error.not_found() => Err(error.into_transient()),
        answer => {
            let servers = named(&answer?.body);
            known().insert(id.to_owned(), servers.clone());
            Ok(servers)
        }
    }
}

/// The values of the option `domain-name-servers`.
fn named(body: &str) -> BTreeSet<String> {
    let option = body.split_once("<key>domain-name-servers</key>");
    let values = option.and_then(|(_, rest)| rest.split_once("</valueSet>"));
    let values = values.map_or("", |(values, _)| values).split("<value>").skip(1);
    values
        .filter_map(|value| value.split_once("</value>"))
        .map(|(value, _)| value.trim().to_owned())
        .collect()
}
