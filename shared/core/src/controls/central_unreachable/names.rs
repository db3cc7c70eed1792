//! The DNS names of a service in a spoke.

use std::net::IpAddr;

use super::{HubEndpoint, Obstacles};
use crate::evaluation::Context;
use crate::evaluation::central::{record_for, zone_for};
use crate::model::catalogue::Service;
use crate::model::endpoint::Endpoint;
use crate::model::hosted_zone::ZoneRecord;
use crate::model::part::Gap;
use crate::model::snapshot::VpcSnapshot;

/// The endpoint to which the DNS names of the service lead in the VPC.
pub(super) fn names<'a>(
    context: &Context<'a>,
    service: &Service,
    of_service: &[HubEndpoint<'a>],
    obstacles: &mut Obstacles,
) -> Result<Option<HubEndpoint<'a>>, Gap> {
    let VpcSnapshot { region, vpc, .. } = context.snapshot;
    let dns = context.snapshot.dns.as_ref().map_err(Gap::clone)?;
    for (on, attribute, are) in [(dns.support, "support", "is"), (dns.hostnames, "hostnames", "are")] {
        if !on {
            // https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/hosted-zone-private-considerations.html
            obstacles.miss(
                format!("DNS {attribute} of the VPC {are} disabled, and private hosted zones need that"),
                format!(
                    "Run `aws ec2 modify-vpc-attribute --vpc-id {} --enable-dns-{attribute}`.",
                    vpc.id
                ),
            );
        }
    }
    let zones = context.snapshot.hosted_zones.as_ref().map_err(Gap::clone)?;
    let names: Vec<_> = service
        .private_dns_names
        .iter()
        .map(|name| name.to_ascii_lowercase())
        .collect();
    let held: Vec<_> = names
        .iter()
        .filter_map(|name| Some((name, zone_for(zones.values(), name)?)))
        .collect();
    if let (Some(shortest), true) = (names.iter().min_by_key(|name| name.len()), held.is_empty()) {
        let host = shortest.trim_start_matches("*.");
        match &context.snapshot.dns_profile {
            Ok(None) => obstacles.miss(
                format!("no private hosted zone for {host} is associated with the VPC"),
                format!(
                    "Associate the zone, here ZONE: `aws route53 associate-vpc-with-hosted-zone --hosted-zone-id ZONE \
                     --vpc VPCRegion={region},VPCId={}`.",
                    vpc.id
                ),
            ),
            Ok(Some(profile)) => obstacles.unclear.push(format!(
                "whether Route 53 Profile {profile} of the VPC brings a hosted zone for {host} is not examined"
            )),
            Err(gap) => obstacles.unclear.push(format!(
                "no private hosted zone for {host} is associated with the VPC itself, and whether a Route 53 Profile \
                 brings one is not known ({gap})"
            )),
        }
    }
    let mut found = None;
    for (name, zone) in held {
        let records = match &zone.records {
            Ok(records) => records,
            Err(gap) => {
                obstacles
                    .unclear
                    .push(format!("the records of hosted zone {} are not known ({gap})", zone.id));
                continue;
            }
        };
        let step = |to: &str| {
            format!(
                "Let an alias record for `{name}` in hosted zone {} lead to {to}.",
                zone.id
            )
        };
        let usable = of_service.iter().find(|at| at.endpoint.usable());
        let right = usable.map_or_else(|| "the endpoint".to_owned(), |at| at.endpoint.id.to_string());
        let Some(record) = record_for(records, name) else {
            obstacles.miss(
                format!("hosted zone {} has no record for `{name}`", zone.id),
                step(&right),
            );
            continue;
        };
        match of_service.iter().find(|at| leads_to(record, at.endpoint)) {
            Some(at) if at.endpoint.usable() => found = Some(*at),
            Some(at) => obstacles.miss(
                format!(
                    "the record for `{name}` leads to {}, which is not usable",
                    at.endpoint.id
                ),
                step(&right),
            ),
            None if record.target.parse::<IpAddr>().is_ok() => obstacles.unclear.push(format!(
                "the record for `{name}` has IP addresses, which Postern does not compare with those of the endpoint"
            )),
            None => obstacles.miss(
                format!(
                    "the record for `{name}` leads to {}, which is no endpoint of a hub to the service",
                    record.target
                ),
                step(&right),
            ),
        }
    }
    Ok(found)
}

/// The DNS names of an endpoint begin with its id, with `*.` before it where the names of the service have a wildcard
/// ([endpoint DNS names](https://docs.aws.amazon.com/vpc/latest/privatelink/privatelink-access-aws-services.html)).
fn leads_to(record: &ZoneRecord, endpoint: &Endpoint) -> bool {
    record.target.split('.').any(|label| {
        let rest = label.strip_prefix(endpoint.id.as_str());
        rest.is_some_and(|rest| rest.starts_with('-'))
    })
}
