//! Witnesses that look like what AWS really sees: a name and its keys agree, and an action goes with its resource.

use super::actions::WELL_KNOWN;
use super::callers::Caller;
use super::model::Model;
use super::resources::{EXAMPLE_BUCKET, filled};
use super::search::Request;
use crate::arn::Arn;
use crate::service::{self, Service};

/// How many actions and resources are tried to find a pair that belongs together.
const MOST_TRIED: usize = 24;

/// A request that is as good as the one found, and likelier where there is one.
pub(super) fn likely(model: &Model<'_>, found: &Request, allowed: &dyn Fn(&Request) -> bool) -> Request {
    let mut best = found.clone();
    for others in [with_user_name, with_bucket, of_one_service] {
        let good = |other: &Request| as_good(model, &best, other) && allowed(other);
        if let Some(other) = others(model, &best).into_iter().take(MOST_TRIED).find(good) {
            best = other;
        }
    }
    best
}

/// Whether the request tells another user name than the caller's, which no request does.
pub(super) fn contradicts(model: &Model<'_>, found: &Request) -> bool {
    let user = found.principal.name.rsplit('/').next();
    found.principal.caller == Caller::User && user_name(model, found).is_some_and(|name| Some(name) != user)
}

fn user_name<'f>(model: &Model<'_>, found: &'f Request) -> Option<&'f str> {
    found.keys.iter().find_map(|(at, values)| {
        let key = model.keys.get(*at)?;
        (key.id == "aws:username")
            .then(|| values.first())
            .flatten()
            .map(String::as_str)
    })
}

/// Whether a request lies where the other does.
fn as_good(model: &Model<'_>, found: &Request, other: &Request) -> bool {
    let hits = |patterns: &[crate::text::ArnPattern]| {
        let short = model.reading.short_arns;
        patterns
            .iter()
            .any(|pattern| pattern.matches(&other.resource.arn, short))
    };
    let principals = &model.perimeter.principals;
    hits(&model.listed) == found.resource.listed
        && hits(&model.owned) == found.resource.owned
        && principals.contains(&other.principal.name) == principals.contains(&found.principal.name)
}

/// With one name of the user: the one in the ARN, or else the one in the key.
fn with_user_name(model: &Model<'_>, found: &Request) -> Vec<Request> {
    let possible = |name: &str| {
        let fits = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-".contains(c);
        (1..=64).contains(&name.len()) && name.chars().all(fits)
    };
    let (true, Some(name), Some((path, own))) = (
        contradicts(model, found),
        user_name(model, found),
        found.principal.name.rsplit_once('/'),
    ) else {
        return Vec::new();
    };
    let mut by_arn = found.clone();
    for (at, values) in &mut by_arn.keys {
        if model.keys.get(*at).is_some_and(|key| key.id == "aws:username") {
            *values = vec![own.to_owned()];
        }
    }
    let mut all = vec![by_arn];
    if possible(name) {
        let mut by_key = found.clone();
        by_key.principal.name = format!("{path}/{name}");
        by_key.principal.arn = Some(by_key.principal.name.clone());
        all.push(by_key);
    }
    all
}

/// An object in a bucket that can exist, where the name found begins with none.
fn with_bucket(_: &Model<'_>, found: &Request) -> Vec<Request> {
    let Some(arn) = Arn::parse(&found.resource.arn) else {
        return Vec::new();
    };
    let bucket = arn.resource.split('/').next().unwrap_or_default();
    let end = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.';
    let bytes = bucket.as_bytes();
    let possible =
        (3..=63).contains(&bytes.len()) && bytes.iter().copied().all(inner) && end(bytes.first()) && end(bytes.last());
    if possible || arn.service != "s3" || !arn.region.is_empty() || !arn.account.is_empty() {
        return Vec::new();
    }
    let start = arn
        .resource
        .find(|c: char| !u8::try_from(c).is_ok_and(inner))
        .unwrap_or_default();
    let (bucket, key) = arn.resource.split_at_checked(start).unwrap_or_default();
    let names = [
        format!("{bucket}/{key}"),
        format!("{EXAMPLE_BUCKET}/{}", arn.resource),
        format!("{EXAMPLE_BUCKET}-{}", arn.resource.to_ascii_lowercase()),
        format!("{}-{EXAMPLE_BUCKET}", arn.resource.to_ascii_lowercase()),
    ];
    names.iter().map(|name| at(found, &arn, "s3", "", "", name)).collect()
}

/// An action and a resource of one service. They are so already where the endpoint's service is known.
fn of_one_service(model: &Model<'_>, found: &Request) -> Vec<Request> {
    let (Some(arn), None) = (Arn::parse(&found.resource.arn), &model.service) else {
        return Vec::new();
    };
    let prefix = found.action.split(':').next().unwrap_or_default();
    let service = service::of_prefix(&prefix.to_ascii_lowercase());
    let formats = || service.iter().flat_map(Service::arns).filter_map(format);
    if found.resource.of_aws || formats().any(|(service, ..)| service == arn.service) {
        return Vec::new();
    }
    let mut all: Vec<Request> = Vec::new();
    let home = if model.endpoint.region.is_empty() {
        "us-east-1"
    } else {
        &model.endpoint.region
    };
    for (service, region, account, name) in formats().collect::<Vec<_>>().into_iter().rev() {
        let region = if region.is_empty() { "" } else { home };
        let owner = match account {
            "*" => &found.owner.account,
            "" => "",
            _ => continue,
        };
        let name = filled(service, !owner.is_empty(), name);
        all.push(at(found, &arn, service, region, owner, &name));
    }
    let known = service::of_prefix(arn.service);
    let own = |name: &String| {
        let told = service::is_keyless(name) == Some(!found.owner.told);
        told && name.split(':').next() == Some(arn.service)
    };
    let usual = WELL_KNOWN.iter().map(|name| (*name).to_owned());
    let others = known.iter().flat_map(Service::actions);
    let others = others.map(|(prefix, name)| format!("{prefix}:{name}"));
    all.extend(
        usual
            .chain(others)
            .filter(own)
            .take(MOST_TRIED / 2)
            .map(|action| Request {
                action,
                ..found.clone()
            }),
    );
    all
}

/// The four parts of a documented format.
fn format(text: &'static str) -> Option<(&'static str, &'static str, &'static str, &'static str)> {
    let mut parts = text.splitn(4, ':');
    Some((parts.next()?, parts.next()?, parts.next()?, parts.next()?))
}

/// The same request for another resource.
fn at(found: &Request, arn: &Arn<'_>, service: &str, region: &str, account: &str, name: &str) -> Request {
    let mut other = found.clone();
    other.resource.arn = format!("arn:{}:{service}:{region}:{account}:{name}", arn.partition);
    other
}
