//! Endpoint services by their names: which actions are behind them, and on which ports they listen.

use std::borrow::Cow;
use std::sync::LazyLock;

use crate::arn::is_region;

/// See the head of the file.
const TABLE: &str = include_str!("../data/endpoint-services.txt");

/// What the name of an endpoint service that somebody else than AWS offers begins with, after its Region.
const OF_ANOTHER_PROVIDER: &str = "vpce-svc-";

/// What global names begin with. Names of a Region begin with many things, and then the Region.
const GLOBAL: [&str; 2] = ["aws.api.global.", "com.amazonaws."];

/// The name of one of AWS's endpoint services without provider and Region: `ecr.api` of
/// `com.amazonaws.eu-central-1.ecr.api`, `iam` of `com.amazonaws.iam`, `qbusiness` of `aws.api.us-east-1.qbusiness`. A
/// short name stays as it is. Nothing for the services of other providers, such as
/// `com.amazonaws.vpce.eu-central-1.vpce-svc-0123456789abcdef0`.
#[must_use]
pub fn short_name(name: &str) -> Option<&str> {
    let mut rest = name;
    let of_region = loop {
        match rest.split_once('.') {
            Some((label, after)) if is_region(label) => break Some(after),
            Some((_, after)) => rest = after,
            None => break None,
        }
    };
    let global = || GLOBAL.iter().find_map(|start| name.strip_prefix(start));
    let short = of_region.or_else(global).unwrap_or(name);
    // Two services in China have the ending of their domain in the name.
    let short = match name.starts_with("cn.") {
        true => short.strip_suffix(".cn").unwrap_or(short),
        false => short,
    };
    (!short.starts_with(OF_ANOTHER_PROVIDER)).then_some(short)
}

/// The short name without its FIPS marker, by which the table lists a service. FIPS endpoints have the same actions,
/// resources and ports as the others.
pub(crate) fn listed_name(name: &str) -> Option<Cow<'_, str>> {
    let short = short_name(name)?;
    let marked = |label: &str| label == "fips" || label.ends_with("-fips");
    if !short.split('.').any(marked) {
        return Some(short.into());
    }
    let labels = short.split('.').filter(|label| *label != "fips");
    let labels: Vec<&str> = labels
        .map(|label| label.strip_suffix("-fips").unwrap_or(label))
        .collect();
    Some(labels.join(".").into())
}

/// Whether AWS documents an endpoint service of this full or short name.
#[must_use]
pub fn is_documented(name: &str) -> bool {
    listed_name(name).is_some_and(|name| find(&name).is_some())
}

/// What the table has of a service.
#[derive(Clone, Copy)]
pub(crate) struct Entry {
    /// The prefixes of the service's actions, separated by commas. None where AWS documents no actions of it.
    pub(crate) prefixes: &'static str,
    ports: &'static str,
}

/// The entry of a name as [`listed_name`] gives it. Nothing for services that are not listed.
pub(crate) fn find(listed_name: &str) -> Option<Entry> {
    static ENTRIES: LazyLock<Vec<(&str, Entry)>> = LazyLock::new(|| {
        let entry = |line: &'static str| {
            let mut fields = line.split('|');
            let name = fields.next()?;
            let (prefixes, ports) = (fields.next()?, fields.next()?);
            Some((name, Entry { prefixes, ports }))
        };
        TABLE
            .lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(entry)
            .collect()
    });
    let at = ENTRIES.binary_search_by_key(&listed_name, |(name, _)| name).ok()?;
    ENTRIES.get(at).map(|(_, entry)| *entry)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Transport {
    Tcp,
    Udp,
}

/// Ports of one protocol, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PortRange {
    pub transport: Transport,
    pub from: u16,
    pub to: u16,
}

/// The ports on which an endpoint service listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ports {
    /// In ascending order, never empty. Clients need one of them or several, depending on what they do.
    Known(Vec<PortRange>),
    /// AWS does not document them, or the service is not one of those that AWS documents.
    Unknown,
}

/// The ports of an endpoint service, by its full or short name.
#[must_use]
pub fn ports(name: &str) -> Ports {
    let entry = listed_name(name).and_then(|name| find(&name));
    let ranges = entry.and_then(|entry| entry.ports.split(',').map(range).collect::<Option<Vec<_>>>());
    ranges.map_or(Ports::Unknown, Ports::Known)
}

/// A port or range of ports, such as `443`, `1024-1064` or `udp/4195`.
fn range(text: &str) -> Option<PortRange> {
    let (transport, ports) = match text.strip_prefix("udp/") {
        Some(ports) => (Transport::Udp, ports),
        None => (Transport::Tcp, text),
    };
    let (from, to) = ports.split_once('-').unwrap_or((ports, ports));
    Some(PortRange {
        transport,
        from: from.parse().ok()?,
        to: to.parse().ok()?,
    })
}

#[cfg(test)]
mod tests;
