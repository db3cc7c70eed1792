//! What the VPC needs, asked of EC2 without any of Postern's own code but the analyser of policies.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{Filter, SecurityGroup, VpcAttributeName, VpcEndpoint, VpcEndpointType};
use jiff::Timestamp;
use postern_core::controls::known;
use postern_core::settings::Settings;
use postern_policy::{Containment, Document, EndpointContext, Perimeter, analyse};

use crate::error::{Result, While};
use crate::seed::FaultyVpc;
use crate::settings;

/// Something that is so or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    pub what: &'static str,
    pub passed: bool,
    /// How it is now, in a few words.
    pub state: String,
}

/// Everything that is wrong with the VPC at first, in the same order each time.
pub async fn check_vpc(ec2: &Client, vpc: &FaultyVpc) -> Result<Vec<Check>> {
    let hostnames = ec2
        .describe_vpc_attribute()
        .vpc_id(&vpc.id)
        .attribute(VpcAttributeName::EnableDnsHostnames)
        .send()
        .await
        .while_doing("looking at the VPC's attributes")?;
    let hostnames = hostnames
        .enable_dns_hostnames
        .and_then(|value| value.value)
        .unwrap_or_default();
    let here = || Filter::builder().name("vpc-id").values(&vpc.id).build();
    let endpoints = ec2.describe_vpc_endpoints().filters(here()).send().await;
    let endpoints = endpoints
        .while_doing("looking at the endpoints")?
        .vpc_endpoints
        .unwrap_or_default();
    let groups = ec2.describe_security_groups().filters(here()).send().await;
    let groups = groups
        .while_doing("looking at the security groups")?
        .security_groups
        .unwrap_or_default();
    let endpoint = |service: &str| {
        let name = vpc.service(service);
        let live = |endpoint: &&VpcEndpoint| endpoint.state().is_none_or(|state| state.as_str() != "deleted");
        endpoints
            .iter()
            .filter(live)
            .find(|endpoint| endpoint.service_name() == Some(&name))
    };
    let controls = known();
    let settings = Settings::parse(settings::audit(), &controls).while_doing("reading the settings")?;
    let closed = |what, service, endpoint| closed(what, service, endpoint, &settings.perimeter, vpc);
    let (sts, secrets, s3) = (endpoint("sts"), endpoint("secretsmanager"), endpoint("s3"));
    Ok(vec![
        check("DNS hostnames are on", hostnames, if hostnames { "on" } else { "off" }),
        zones("STS: an address in each zone", sts, vpc),
        https("STS: admits HTTPS from the VPC", sts, &groups, vpc),
        closed("STS: closed to principals outside the perimeter", "sts", sts),
        zones("Secrets Manager: an address in each zone", secrets, vpc),
        https("Secrets Manager: admits HTTPS from the VPC", secrets, &groups, vpc),
        closed(
            "Secrets Manager: closed to principals outside the perimeter",
            "secretsmanager",
            secrets,
        ),
        routes("S3: a route from each private subnet", s3, vpc),
        closed("S3: closed to principals outside the perimeter", "s3", s3),
    ])
}

pub(crate) fn check(what: &'static str, passed: bool, state: impl Into<String>) -> Check {
    let state = state.into();
    Check { what, passed, state }
}

fn none(what: &'static str) -> Check {
    check(what, false, "no endpoint")
}

fn zones(what: &'static str, endpoint: Option<&VpcEndpoint>, vpc: &FaultyVpc) -> Check {
    let Some(endpoint) = endpoint else { return none(what) };
    let apps = BTreeMap::from([(&vpc.app_a, "a"), (&vpc.app_b, "b"), (&vpc.app_c, "c")]);
    let served = endpoint
        .subnet_ids()
        .iter()
        .filter_map(|subnet| apps.get(subnet).copied());
    let served: BTreeSet<_> = served.collect();
    let state = served
        .iter()
        .map(|letter| vpc.zone(letter))
        .collect::<Vec<_>>()
        .join(", ");
    check(what, served.len() == apps.len(), state)
}

fn https(what: &'static str, endpoint: Option<&VpcEndpoint>, groups: &[SecurityGroup], vpc: &FaultyVpc) -> Check {
    let Some(endpoint) = endpoint else { return none(what) };
    let attached: BTreeSet<_> = endpoint.groups().iter().filter_map(|group| group.group_id()).collect();
    let attached = groups
        .iter()
        .filter(|group| group.group_id().is_some_and(|id| attached.contains(id)));
    let rules = attached.flat_map(SecurityGroup::ip_permissions);
    let rules = rules.filter(|rule| rule.from_port() <= Some(443) && rule.to_port() >= Some(443));
    let admitted: BTreeSet<_> = rules
        .flat_map(|rule| rule.ip_ranges())
        .filter_map(|range| range.cidr_ip())
        .collect();
    let passed = vpc
        .app_cidrs()
        .iter()
        .all(|app| admitted.iter().any(|cidr| contains(cidr, app)));
    let state = match passed {
        true => "from its private subnets".to_owned(),
        false => format!("from {}", admitted.into_iter().collect::<Vec<_>>().join(", ")),
    };
    check(what, passed, state)
}

fn routes(what: &'static str, endpoint: Option<&VpcEndpoint>, vpc: &FaultyVpc) -> Check {
    let Some(endpoint) = endpoint else { return none(what) };
    let tables = [(&vpc.private_ab, "private-ab"), (&vpc.private_c, "private-c")];
    let on = tables
        .into_iter()
        .filter(|(table, _)| endpoint.route_table_ids().contains(table));
    let on: Vec<_> = on.map(|(_, name)| name).collect();
    check(what, on.len() == tables.len(), on.join(", "))
}

/// Whether the policy is proven to keep the perimeter, and to let anybody through at all.
fn closed(
    what: &'static str,
    service: &str,
    endpoint: Option<&VpcEndpoint>,
    perimeter: &Perimeter,
    vpc: &FaultyVpc,
) -> Check {
    let Some(endpoint) = endpoint else { return none(what) };
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let Ok(policy) = Document::parse(endpoint.policy_document().unwrap_or_default()) else {
        return check(what, false, "not understood");
    };
    let context = EndpointContext {
        service: service.to_owned(),
        gateway: endpoint.vpc_endpoint_type() == Some(&VpcEndpointType::Gateway),
        owner: text(endpoint.owner_id()),
        region: vpc.region.clone(),
        vpc: vpc.id.clone(),
        endpoint: text(endpoint.vpc_endpoint_id()),
        time: Timestamp::now().as_second(),
    };
    let analysis = analyse(&policy, perimeter, &context);
    let state = match (analysis.verdict, analysis.identity, analysis.resource) {
        (Containment::Closed, ..) => "proven",
        (Containment::LockedOut, ..) => "nobody gets through",
        (_, Some(_), Some(_)) => "principals outside get in, data gets out",
        (_, Some(_), None) => "principals outside get in",
        (_, None, Some(_)) => "data gets out",
        _ => "not decided",
    };
    check(what, analysis.verdict == Containment::Closed, state)
}

/// Whether one IPv4 network lies in another. What cannot be read contains nothing.
fn contains(outer: &str, inner: &str) -> bool {
    match (network(outer), network(inner)) {
        (Some((base, outer)), Some((address, inner))) => {
            let mask = u32::MAX.checked_shl(32 - outer).unwrap_or_default();
            outer <= inner && address & mask == base & mask
        }
        _ => false,
    }
}

fn network(cidr: &str) -> Option<(u32, u32)> {
    let (address, length) = cidr.split_once('/')?;
    let address: std::net::Ipv4Addr = address.parse().ok()?;
    Some((address.into(), length.parse().ok().filter(|length| *length <= 32)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_contain_their_parts_only() {
        for (outer, inner, expected) in [
            ("10.20.0.0/16", "10.20.12.0/24", true),
            ("10.20.10.0/23", "10.20.11.0/24", true),
            ("10.20.10.0/23", "10.20.12.0/24", false),
            ("10.20.12.0/25", "10.20.12.0/24", false),
            ("0.0.0.0/0", "10.20.12.0/24", true),
            ("10.99.0.0/16", "10.20.12.0/24", false),
            ("anything", "10.20.12.0/24", false),
        ] {
            assert_eq!(contains(outer, inner), expected, "{outer} {inner}");
        }
    }
}
