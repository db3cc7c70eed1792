//! What single values have to look like.

use std::ops::RangeInclusive;

use ipnet::IpNet;
use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use toml::de::DeValue;

use super::reader::{Node, advice, quoted};
use super::sets::{self, SETS, ServiceSet};
use crate::model::arn::{Arn, is_account, is_region};
use crate::model::cost::MonthlyCost;
use crate::model::id::{EndpointServiceId, Region, ServiceName, VpcId};
use crate::model::part::Tags;

pub(super) fn organization(node: &Node<'_>) -> Option<String> {
    node.text("an organisation id such as o-exampleorg1", is_organization)
}

/// Ends with a slash: without it, units whose ids only begin alike would be trusted too.
pub(super) fn organization_path(node: &Node<'_>) -> Option<String> {
    let what = "an organisation path such as o-exampleorg1/r-ab12/ou-ab12-11111111/, with the slash at its end";
    node.text(what, |text| {
        let mut parts = text.split('/');
        parts.next().is_some_and(is_organization)
            && parts.next().is_some_and(|root| is_id(root, "r-", 4..=32))
            && parts.next_back() == Some("")
            && parts.all(|unit| {
                unit.strip_prefix("ou-")
                    .and_then(|unit| unit.split_once('-'))
                    .is_some_and(|(root, id)| is_id(root, "", 4..=32) && is_id(id, "", 8..=32))
            })
    })
}

/// Of a perimeter.
pub(super) fn digest(node: &Node<'_>) -> Option<String> {
    node.text("the digest of a perimeter, of twelve hexadecimal digits", |text| {
        text.len() == 12 && text.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'))
    })
}

pub(super) fn account(node: &Node<'_>) -> Option<String> {
    node.text("an account id of twelve digits", is_account)
}

/// An ARN that `aws:PrincipalArn` can hold, so of a role rather than of its sessions.
pub(super) fn principal(node: &Node<'_>) -> Option<String> {
    node.checked(|text| {
        let named = |arn: &Arn<'_>, kind| arn.resource.strip_prefix(kind).is_some_and(|name| !name.is_empty());
        match arn(text) {
            Some(_) if text.contains(['*', '?']) => Some("has a wildcard; name single principals"),
            Some(arn) if arn.service == "sts" && named(&arn, "assumed-role/") => Some("is a session; name its role"),
            Some(arn) if arn.region.is_empty() && is_account(arn.account) => match arn.service {
                "iam" if arn.resource == "root" || named(&arn, "role/") || named(&arn, "user/") => None,
                "sts" if named(&arn, "federated-user/") => None,
                _ => Some("is not the ARN of a role, user, root user or federated user"),
            },
            _ => Some("is not the ARN of a principal such as arn:aws:iam::111122223333:role/app"),
        }
    })
}

/// Wildcards are for Regions and names. An ARN that takes in everybody's resources would be no perimeter, and variables
/// are filled in by whoever calls.
pub(super) fn resource(node: &Node<'_>) -> Option<String> {
    node.checked(|text| match arn(text) {
        _ if text.contains('$') => Some("has a variable; write out what it stands for"),
        None => Some("is not an ARN such as arn:aws:s3:::corp-data/*"),
        Some(arn) if !arn.region.chars().all(|c| is_lower(c) || "-*?".contains(c)) => {
            Some("is not an ARN: its fourth part is no Region")
        }
        Some(arn) if is_account(arn.account) => None,
        Some(arn) if !matches!(arn.account, "" | "aws") => Some("is not of one account; write its twelve digits"),
        Some(arn) if !arn.resource.contains(|c: char| c.is_ascii_alphanumeric()) => {
            Some("takes in the resources of everybody; add a name")
        }
        Some(_) => None,
    })
}

pub(super) fn cidr(node: &Node<'_>) -> Option<IpNet> {
    let text = node.string()?;
    let Ok(net) = text.parse::<IpNet>() else {
        return node.reject(format!("{} is not a CIDR such as 10.0.0.0/8", quoted(text)));
    };
    if net.trunc() != net {
        return node.reject(format!("{} has host bits; write `{}`", quoted(text), net.trunc()));
    }
    Some(net)
}

/// A short name such as `ecr.api`, or a full service name.
pub(super) fn service(node: &Node<'_>) -> Option<String> {
    node.text("the name of a service such as ecr.api", |text| {
        text.starts_with(is_lower) && text.chars().all(|c| is_lower(c) || "._-".contains(c))
    })
}

/// A service, or the ARN of a resource configuration or service network.
pub(super) fn approved_service(node: &Node<'_>) -> Option<String> {
    node.text("the name of a service such as ecr.api, or an ARN", |text| {
        text.starts_with(is_lower) && text.chars().all(|c| is_lower(c) || "._-:/".contains(c))
    })
}

/// A set of services, by its name.
pub(super) fn service_set(node: &Node<'_>) -> Option<&'static ServiceSet> {
    let name = node.string()?;
    let set = sets::find(name);
    if set.is_none() {
        let known: Vec<_> = SETS.iter().map(|set| set.name).collect();
        return node.reject(format!("unknown set {}; {}", quoted(name), advice(name, &known)));
    }
    set
}

pub(super) fn vpc(node: &Node<'_>) -> Option<VpcId> {
    node.text("a VPC id such as vpc-0123456789abcdef0", |text| {
        is_resource_id(text, &["vpc-"])
    })
    .map(VpcId)
}

pub(super) fn endpoint_service(node: &Node<'_>) -> Option<EndpointServiceId> {
    node.text(
        "the id of an endpoint service such as vpce-svc-0123456789abcdef0",
        |text| is_resource_id(text, &["vpce-svc-"]),
    )
    .map(EndpointServiceId)
}

pub(super) fn endpoint_service_name(node: &Node<'_>) -> Option<ServiceName> {
    let what = "the name of an endpoint service such as com.amazonaws.vpce.eu-central-1.vpce-svc-0123456789abcdef0";
    node.text(what, |text| {
        let name = text
            .strip_prefix("cn.")
            .unwrap_or(text)
            .strip_prefix("com.amazonaws.vpce.");
        name.and_then(|name| name.split_once('.'))
            .is_some_and(|(region, id)| is_region(region) && is_resource_id(id, &["vpce-svc-"]))
    })
    .map(ServiceName)
}

pub(super) fn region(node: &Node<'_>) -> Option<Region> {
    node.text("a Region such as eu-central-1", is_region).map(Region)
}

/// Paths of organisational units besides organisations.
pub(super) fn organization_or_path(node: &Node<'_>) -> Option<String> {
    match node.value() {
        DeValue::String(text) if text.contains('/') => organization_path(node),
        _ => organization(node),
    }
}

/// A resource that findings may be about.
pub(super) fn resource_id(node: &Node<'_>) -> Option<String> {
    node.text(
        "the id of a VPC, subnet, route table, endpoint or endpoint service",
        |text| is_resource_id(text, &["vpc-", "subnet-", "rtb-", "vpce-svc-", "vpce-"]),
    )
}

pub(super) fn tags(node: &Node<'_>) -> Option<Tags> {
    node.map(|entry| {
        if !is_tag_key(entry.key()) {
            return entry.reject_key("a tag key has 1 to 128 characters");
        }
        Some((entry.key().to_owned(), tag_value(entry)?))
    })
}

pub(super) fn tag_key(node: &Node<'_>) -> Option<String> {
    node.text("a tag key of 1 to 128 characters", is_tag_key)
}

pub(super) fn tag_value(node: &Node<'_>) -> Option<String> {
    node.text("a tag value of at most 256 characters", |text| {
        text.chars().count() <= 256
    })
}

pub(super) fn reason(node: &Node<'_>) -> Option<String> {
    node.text("a reason", |text| !text.trim().is_empty())
}

pub(super) fn owner(node: &Node<'_>) -> Option<String> {
    node.text("an owner", |text| !text.trim().is_empty())
}

pub(super) fn control(node: &Node<'_>, controls: &[&str]) -> Option<String> {
    let text = node.string()?;
    if controls.contains(&text) {
        return Some(text.to_owned());
    }
    node.reject(format!("unknown control {}; {}", quoted(text), advice(text, controls)))
}

/// A date holds until its end in UTC.
pub(super) fn expiry(node: &Node<'_>) -> Option<Timestamp> {
    let DeValue::Datetime(at) = node.value() else {
        return node.expected("a date without quotes, such as 2027-01-31");
    };
    let text = at.to_string();
    let instant = match (at.date, at.time, at.offset) {
        (Some(_), None, None) => text
            .parse::<Date>()
            .and_then(Date::tomorrow)
            .and_then(|day| TimeZone::UTC.to_timestamp(day.at(0, 0, 0, 0))),
        (Some(_), Some(_), Some(_)) => text.parse(),
        (Some(_), Some(_), None) => return node.reject(format!("`{text}` is in no time zone; add Z for UTC")),
        _ => return node.reject(format!("`{text}` is on no day; write a date such as 2027-01-31")),
    };
    instant
        .ok()
        .or_else(|| node.reject(format!("`{text}` is further away than can be counted")))
}

/// Hours and minutes.
pub(super) fn time(node: &Node<'_>) -> Option<Time> {
    let text = node.text("a time of day such as 02:30", |text| {
        text.len() == 5 && Time::strptime("%H:%M", text).is_ok()
    })?;
    Time::strptime("%H:%M", text).ok()
}

pub(super) fn time_zone(node: &Node<'_>) -> Option<TimeZone> {
    let text = node.text("the name of a time zone such as Europe/Berlin or UTC", |text| {
        text.bytes().all(|b| b.is_ascii_alphanumeric() || b"/_+-".contains(&b)) && TimeZone::get(text).is_ok()
    })?;
    TimeZone::get(&text).ok()
}

pub(super) fn count(node: &Node<'_>) -> Option<usize> {
    let DeValue::Integer(number) = node.value() else {
        return node.expected("a whole number");
    };
    usize::from_str_radix(number.as_str(), number.radix()).ok().or_else(|| {
        node.reject(format!(
            "{} is not a count of zero or more",
            quoted(&number.to_string())
        ))
    })
}

pub(super) fn within(node: &Node<'_>, range: RangeInclusive<u16>) -> Option<u16> {
    let number = count(node)?;
    let fits = u16::try_from(number).ok().filter(|number| range.contains(number));
    fits.or_else(|| {
        node.reject(format!(
            "`{number}` is not between {} and {}",
            range.start(),
            range.end()
        ))
    })
}

pub(super) fn day(node: &Node<'_>) -> Option<Date> {
    let DeValue::Datetime(at) = node.value() else {
        return node.expected("a date without quotes, such as 2027-01-31");
    };
    match (at.date, at.time) {
        (Some(_), None) => at.to_string().parse().ok(),
        _ => node.reject(format!("`{at}` is no day; write a date such as 2027-01-31")),
    }
}

/// US dollars.
pub(super) fn dollars(node: &Node<'_>) -> Option<f64> {
    let (text, number) = match node.value() {
        DeValue::Integer(integer) => {
            let number = i64::from_str_radix(integer.as_str(), integer.radix());
            (integer.to_string(), number.ok().map(|n| n as f64))
        }
        DeValue::Float(float) => (float.to_string(), float.as_str().parse().ok()),
        _ => return node.expected("a number of dollars"),
    };
    number
        .filter(|n: &f64| n.is_finite() && *n >= 0.0)
        .or_else(|| node.reject(format!("{} is not an amount of dollars of zero or more", quoted(&text))))
}

pub(super) fn monthly_cost(node: &Node<'_>) -> Option<MonthlyCost> {
    dollars(node).map(MonthlyCost::from_dollars)
}

/// A Region as a key.
pub(super) fn region_key(entry: &Node<'_>) -> Option<Region> {
    if !is_region(entry.key()) {
        return entry.reject_key("is not a Region such as eu-central-1");
    }
    Some(entry.key().into())
}

/// The fields of an ARN, where the text is fit to be one in a policy.
fn arn(text: &str) -> Option<Arn<'_>> {
    let arn = Arn::parse(text)?;
    let partition = arn.partition.strip_prefix("aws")?;
    let fit = text.chars().all(|c| c.is_ascii_graphic())
        && (partition.is_empty() || partition.starts_with('-'))
        && partition.chars().all(|c| c.is_ascii_lowercase() || c == '-')
        && !arn.service.is_empty()
        && arn.service.chars().all(|c| is_lower(c) || c == '-')
        && !arn.resource.is_empty();
    fit.then_some(arn)
}

fn is_organization(text: &str) -> bool {
    is_id(text, "o-", 10..=32)
}

fn is_id(text: &str, prefix: &str, length: RangeInclusive<usize>) -> bool {
    text.strip_prefix(prefix)
        .is_some_and(|id| length.contains(&id.len()) && id.chars().all(is_lower))
}

fn is_resource_id(text: &str, prefixes: &[&str]) -> bool {
    let hex = |id: &str| !id.is_empty() && id.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'));
    prefixes.iter().any(|prefix| text.strip_prefix(prefix).is_some_and(hex))
}

fn is_tag_key(text: &str) -> bool {
    (1..=128).contains(&text.chars().count())
}

fn is_lower(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit()
}
