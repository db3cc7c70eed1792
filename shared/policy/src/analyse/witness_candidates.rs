//! Witnesses that look like what AWS really sees: an action takes its resource. The search
//! does not ask for that, so that it misses nothing that AWS has not published.

use super::actions::{WELL_KNOWN, example};
use super::keys::{always_there, possible, sources};
use super::model::Model;
use super::model::tags;
use super::resources::ResourceFormat;
use super::search::Request;
use super::setting::Listing;
use super::witness;
use crate::arn::Arn;
use crate::bits::Bits;
use crate::federation;
use crate::service::{self, EXAMPLE_BUCKET, Format, Published};

/// How many other actions are tried.
const MOST_ACTIONS: usize = 64;

/// How many keys are tried to be left out.
const MOST_SIMPLER: usize = 32;

type Requests<'r> = Box<dyn Iterator<Item = Request> + 'r>;

/// Whether the evaluator allows a request.
pub(super) type Confirm<'c> = &'c dyn Fn(&Request) -> bool;

/// A request that is as good as the one found, and simpler or likelier where there is one.
pub(super) fn likeliest(model: &Model<'_>, found: &Request, confirm: Confirm<'_>) -> Request {
    let mut best = with_known_action(model, found.clone());
    // The fewest keys first, and of those that are left the usual values.
    let present = found
        .keys
        .iter()
        .enumerate()
        .filter(|(_, (_, values))| !values.is_empty());
    let present: Vec<usize> = present.map(|(place, _)| place).take(MOST_SIMPLER).collect();
    for place in present {
        if let Some(simple) = simpler(model, &best, place).into_iter().find(confirm) {
            best = simple;
        }
    }
    for others in [with_bucket, with_resource] {
        let mut good = others(model, &best).filter(|other| as_good(model, &best, other));
        let likely = good.find(confirm);
        drop(good);
        best = likely.unwrap_or(best);
    }
    best
}

/// The request with the best known action among those that nothing tells from its own.
pub(super) fn with_known_action(model: &Model<'_>, mut found: Request) -> Request {
    if let ResourceFormat::Known(format) = found.resource.format
        && !federation::is_call(&found.action)
        && let Some(known) = example(model, &found.action, format, found.owner.told)
    {
        found.action = known;
    }
    found
}

/// The request with one of its keys missing, or with the value that requests usually have.
fn simpler(model: &Model<'_>, found: &Request, place: usize) -> Vec<Request> {
    let Some((key, values)) = found
        .keys
        .get(place)
        .and_then(|(at, values)| Some((model.keys.get(*at)?, values)))
    else {
        return Vec::new();
    };
    let with = |values: Vec<String>| {
        let mut other = found.clone();
        if values.is_empty() {
            let id = |at: usize| model.keys.get(at).map_or("", |key| key.id);
            let with_it = other
                .keys
                .iter_mut()
                .filter(|(at, _)| sources::come_together(id(*at), key.id));
            with_it.for_each(|(_, own)| own.clear());
        }
        if let Some((_, own)) = other.keys.get_mut(place) {
            *own = values;
        }
        other
    };
    let usual = witness::usual_value(key.id).map(|value| vec![value.to_owned()]);
    let missing = (!always_there(model, key.id) && possible(model, key, &found.principal, &[])).then(Vec::new);
    let other = |new: &Vec<String>| new != values;
    let all = missing.into_iter().chain(usual).filter(other).map(with);
    all.filter(|other| tags::are_same(model, &found.keys, &other.keys))
        .collect()
}

/// Whether a request lies where the other does.
fn as_good(model: &Model<'_>, found: &Request, other: &Request) -> bool {
    let arn = &other.resource.arn;
    let hits = |listing: &Listing| listing.has(arn, model.interpretation.short_arns);
    let same = *arn == found.resource.arn
        || (hits(&model.setting.listed) == found.resource.listed && hits(&model.owned) == found.resource.owned);
    let principals = &model.setting.perimeter.principals;
    let listed = |name: &str| principals.iter().any(|known| known == name);
    same && has_keys(model, other)
        && tags::are_same(model, &found.keys, &other.keys)
        && listed(&other.principal.name) == listed(&found.principal.name)
        && federation::is_call(&other.action) == federation::is_call(&found.action)
}

/// Whether requests for its action can have all keys of a request.
fn has_keys(model: &Model<'_>, request: &Request) -> bool {
    if !model.has_keys_of_actions() {
        return true;
    }
    let action = match model.setting.service {
        Some(service) => service.action(&request.action.to_ascii_lowercase()),
        None => service::action(&request.action),
    };
    let lacks = action.map_or(Bits::NONE, |action| model.lacks(action));
    let mut present = request.keys.iter().filter(|(_, values)| !values.is_empty());
    present.all(|(at, _)| !lacks.has(*at))
}

/// An object in a bucket that can exist, where the name found begins with none.
fn with_bucket<'r>(_: &'r Model<'_>, found: &'r Request) -> Requests<'r> {
    let Some(arn) = Arn::parse(&found.resource.arn) else {
        return Box::new(std::iter::empty());
    };
    let bucket = arn.resource.split('/').next().unwrap_or_default();
    let end = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.';
    let bytes = bucket.as_bytes();
    let possible =
        (3..=63).contains(&bytes.len()) && bytes.iter().copied().all(inner) && end(bytes.first()) && end(bytes.last());
    if possible || arn.service != "s3" || !arn.region.is_empty() || !arn.account.is_empty() {
        return Box::new(std::iter::empty());
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
    Box::new(
        names
            .into_iter()
            .map(move |name| on(found, format!("arn:{}:s3:::{name}", arn.partition))),
    )
}

/// The first words of actions whose names say what they do, the most familiar first.
const VERBS: [&str; 14] = [
    "Get", "List", "Describe", "Put", "Send", "Invoke", "Create", "Start", "Update", "Delete", "Query", "Read",
    "Write", "Batch",
];

/// How well readers know an action: the less, the better.
fn familiarity(action: &str) -> usize {
    let known = WELL_KNOWN.iter().position(|known| *known == action);
    let (_, name) = action.split_once(':').unwrap_or_default();
    let verb = VERBS.iter().position(|verb| name.starts_with(verb));
    known.unwrap_or_else(|| WELL_KNOWN.len() + verb.unwrap_or(VERBS.len()))
}

/// An action that takes its resource, and as little of both changed as can be. The best known one where the action found
/// takes it already.
fn with_resource<'r>(model: &'r Model<'_>, found: &'r Request) -> Requests<'r> {
    let resource = &found.resource.arn;
    let Some(arn) = Arn::parse(resource).filter(|_| model.setting.unknown_prefix.is_none()) else {
        return Box::new(std::iter::empty());
    };
    let fits = match model.setting.service {
        Some(service) => service.takes(&found.action, resource),
        None => service::takes(&found.action, resource),
    };
    let own = familiarity(&found.action);
    if fits && own < WELL_KNOWN.len() {
        return Box::new(std::iter::empty());
    }
    let service = model.setting.service.or_else(|| service::of_prefix(arn.service));
    let taken = move |action: &&str| service.is_some_and(|known| known.takes(action, resource));
    let first = WELL_KNOWN.into_iter().filter(taken).map(str::to_owned);
    let taking = service.into_iter().flat_map(|known| known.actions_on(resource));
    let mut taking: Vec<String> = taking.map(Published::full_name).collect();
    taking.retain(|action| !WELL_KNOWN.contains(&action.as_str()));
    taking.sort_by_key(|action| familiarity(action));
    let tells = |action: &str| service::is_keyless(action) == Some(!found.owner.told);
    let prefix = |action: &str| action.split(':').next().unwrap_or_default().to_ascii_lowercase();
    let on_its_own = move |action: &str| {
        let arns = service::formats(action).into_iter();
        let action = action.to_owned();
        arns.filter_map(move |format| named(model, found, &arn, format))
            .map(move |arn| Request {
                action: action.clone(),
                ..on(found, arn)
            })
    };
    let kept = (own < WELL_KNOWN.len()).then(|| on_its_own(&found.action));
    let kept = kept.into_iter().flatten();
    let better = move |action: &String| tells(action) && (!fits || familiarity(action) < own);
    let instead = first.chain(taking).filter(better).take(MOST_ACTIONS);
    let instead = instead.map(|action| Request {
        action,
        ..found.clone()
    });
    if fits {
        return Box::new(instead);
    }
    let written = model.statements.iter().flat_map(|statement| &statement.action.values);
    let others = std::iter::once(found.action.as_str())
        .chain(written.map(|action| action.raw.as_str()))
        .chain(WELL_KNOWN);
    let others = others
        .filter(move |action| tells(action) && model.may_have(&prefix(action)))
        .take(MOST_ACTIONS);
    Box::new(kept.chain(instead).chain(others.flat_map(on_its_own)))
}

/// A resource of the owner in a documented format, on the same side of the question whose the resource is.
fn named(model: &Model<'_>, found: &Request, arn: &Arn<'_>, format: &Format) -> Option<String> {
    let account = match format.account {
        "*" => &*found.owner.account,
        "" if found.owner.told || arn.account.is_empty() => "",
        _ => return None,
    };
    let home = &model.setting.endpoint.region;
    let region = match format.region {
        "*" if home.is_empty() => "us-east-1",
        "*" => home,
        region => region,
    };
    let (service, name) = (format.service, &format.example);
    Some(format!("arn:{}:{service}:{region}:{account}:{name}", arn.partition))
}

/// The same request for another resource.
fn on(found: &Request, arn: String) -> Request {
    let mut other = found.clone();
    other.resource.arn = arn;
    other
}
