//! What AWS publishes about its services: actions, formats of ARNs, condition keys.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use crate::bits::Bits;
use crate::endpoint_service;

pub(crate) mod aws_owned;
mod carried;
mod exceptions;
mod formats;
mod reference;

pub(crate) use exceptions::{Keyless, is_keyless, keyless_actions, sometimes_tells};
pub(crate) use formats::{EXAMPLE_BUCKET, Format, covers};

use carried::Carried;
use exceptions::{keyless, on_own_account};
use reference::{Line, by_action, line, list, places};

/// What an action acts on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Targets {
    /// Nothing that has a name: requests are about the caller's own account.
    Nothing,
    /// Resources of these formats, by their places in [`Service::formats`].
    Formats(Bits),
    /// Not known: AWS publishes neither the action nor what it acts on.
    Unknown,
}

/// An action of the service authorization reference.
#[derive(Debug)]
pub(crate) struct Published {
    pub(crate) prefix: &'static str,
    pub(crate) name: &'static str,
    /// With its prefix, in lower case.
    pub(crate) lower: Box<str>,
    pub(crate) targets: Targets,
    /// Whether requests for it carry `aws:ResourceAccount` and its like.
    pub(crate) tells_owner: Tells,
    /// Places of the condition keys that its requests can have, among those of the service with its prefix.
    keys: Bits,
}

/// Which requests for an action tell who owns the resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tells {
    Always,
    Sometimes,
    Never,
}

impl Tells {
    /// Whether some requests do, or some do not.
    pub(crate) fn may(self, tell: bool) -> bool {
        self != if tell { Self::Never } else { Self::Always }
    }
}

impl Published {
    /// With its prefix, as AWS writes it.
    pub(crate) fn full_name(&self) -> String {
        [self.prefix, ":", self.name].concat()
    }

    /// Whether its requests can have a key that has these places in the service with its prefix.
    pub(crate) fn carries(&self, key: Bits) -> bool {
        key == Bits::ALL || !(self.keys & key).is_empty()
    }

    /// Lets it act on resources of AWS's of a format, if it acts on the same in accounts or is one of those that take them.
    fn take(&mut self, format: usize, in_accounts: Bits, takers: &[&str]) {
        let taker = takers.contains(&&*self.full_name());
        if let Targets::Formats(formats) = &mut self.targets
            && (taker || !(*formats & in_accounts).is_empty())
        {
            formats.insert(format);
        }
    }

    /// Whether it acts on resources of a format.
    pub(crate) fn acts_on(&self, format: usize) -> bool {
        matches!(self.targets, Targets::Formats(formats) if formats.has(format))
    }
}

/// A condition key of a service.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key {
    /// `*` stands for what varies.
    pub(crate) name: &'static str,
    /// The type of its values, as the reference calls it: empty for text.
    pub(crate) values: &'static str,
    /// Whether a request may have several values of it.
    pub(crate) several: bool,
    /// Whether AWS publishes the key for the service and for no action of it.
    of_no_action: bool,
}

impl Key {
    /// See `data/generate.py`.
    fn read(text: &'static str) -> Self {
        let (text, of_no_action) = without(text, "?");
        let (text, several) = without(text, "[]");
        let (name, values) = text.split_once('=').unwrap_or((text, ""));
        Self {
            name,
            values,
            several,
            of_no_action,
        }
    }

    /// Whether this is the key of a name in lower case.
    fn is(&self, id: &str) -> bool {
        match self.name.split_once('*') {
            Some((start, _)) => id
                .get(..start.len())
                .is_some_and(|head| head.eq_ignore_ascii_case(start) && id.len() > start.len()),
            None => self.name.eq_ignore_ascii_case(id),
        }
    }
}

/// The text without this end, and whether it had it.
fn without(text: &'static str, end: &str) -> (&'static str, bool) {
    text.strip_suffix(end).map_or((text, false), |text| (text, true))
}

/// The services behind an endpoint. What is read of one is kept: there are no more of them than AWS has.
#[derive(Debug)]
pub(crate) struct Service {
    prefixes: Vec<&'static str>,
    /// Those that come through the endpoint, in the order of the reference.
    pub(crate) actions: Vec<Published>,
    /// The other actions of its prefixes, in lower case: they come through other endpoints.
    left_out: BTreeSet<Box<str>>,
    /// Places of the actions, in the order of their names in lower case.
    by_name: Vec<usize>,
    pub(crate) formats: Vec<Format>,
    /// Its condition keys, and those of tags that it has.
    pub(crate) keys: Vec<Key>,
    pub(crate) keyless: Keyless,
}

/// What is behind the endpoint service of this name, full or short. Nothing when that is not known.
pub(crate) fn find(name: &str) -> Option<&'static Service> {
    let name = endpoint_service::listed_name(name)?;
    match endpoint_service::find(&name) {
        Some(entry) => kept(entry.prefixes, carried::endpoint(&name)),
        // Most services have their prefix as their name, or as its first part.
        None => of_prefix(&name).or_else(|| of_prefix(name.split('.').next()?)),
    }
}

/// What has actions of this prefix, in lower case. Nothing when no service is known to have it.
pub(crate) fn of_prefix(prefix: &str) -> Option<&'static Service> {
    line(prefix).and_then(|line| kept(line.prefix, None))
}

/// The service with these prefixes, which are separated by commas, as far as an endpoint carries it.
fn kept(prefixes: &'static str, endpoint: Option<&'static str>) -> Option<&'static Service> {
    type Kept = BTreeMap<(&'static str, Option<&'static str>), &'static Service>;
    static KEPT: Mutex<Kept> = Mutex::new(BTreeMap::new());
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(service) = kept.get(&(prefixes, endpoint)) {
        return Some(service);
    }
    let lines: Vec<Line> = list(prefixes).filter_map(line).collect();
    let service: &Service = Box::leak(Box::new(Service::new(&lines, endpoint)?));
    kept.insert((prefixes, endpoint), service);
    Some(service)
}

/// An action by its name in any case. Nothing when AWS publishes none of this name.
pub(crate) fn action(name: &str) -> Option<&'static Published> {
    let lower = name.to_ascii_lowercase();
    let (prefix, _) = lower.split_once(':')?;
    of_prefix(prefix)?.action(&lower)
}

/// Whether requests for an action can have a key that AWS publishes by action, both by their names in lower case. Nothing
/// when AWS publishes no such action.
pub(crate) fn carries(action: &str, key: &str) -> Option<bool> {
    let service = of_prefix(action.split(':').next()?)?;
    let action = service.action(action)?;
    Some(action.carries(service.key_places(key)))
}

/// Whether an action takes a resource. Not if one of them is not known.
pub(crate) fn takes(action: &str, arn: &str) -> bool {
    let lower = action.to_ascii_lowercase();
    let prefix = lower.split(':').next().unwrap_or_default();
    of_prefix(prefix).is_some_and(|service| service.takes(&lower, arn))
}

/// The formats of ARNs that an action takes, the deepest first: objects before buckets.
pub(crate) fn formats(action: &str) -> Vec<&'static Format> {
    let lower = action.to_ascii_lowercase();
    let prefix = lower.split(':').next().unwrap_or_default();
    let Some(service) = of_prefix(prefix) else {
        return Vec::new();
    };
    let acts = |place: usize| service.action(&lower).is_some_and(|action| action.acts_on(place));
    let all = service.formats.iter().enumerate().rev();
    all.filter(|(place, _)| acts(*place))
        .map(|(_, format)| format)
        .collect()
}

impl Service {
    fn new(lines: &[Line], endpoint: Option<&str>) -> Option<Self> {
        if lines.is_empty() {
            return None;
        }
        let keyless = lines
            .iter()
            .map(|line| keyless(line.prefix))
            .find(|keyless| *keyless != Keyless::None);
        let keyless = keyless.unwrap_or(Keyless::None);
        let (mut actions, mut formats) = (Vec::new(), Vec::new());
        let mut left_out = BTreeSet::new();
        for line in lines {
            let carried = endpoint.map(|endpoint| Carried::by(endpoint, line.prefix));
            let before = formats.len();
            formats.extend(list(line.arns));
            let key_sets: Vec<Bits> = list(line.key_sets).map(|set| places(set).collect()).collect();
            let of_actions = by_action(line.targets).zip(by_action(line.sets));
            actions.extend(list(line.actions).zip(of_actions).filter_map(|(name, (target, set))| {
                let published = name.strip_suffix('-');
                let (name, targets) = match published {
                    Some(name) => (name, Targets::Nothing),
                    None if on_own_account(line.prefix, name) => (name, Targets::Nothing),
                    None if target.is_empty() => (name, Targets::Unknown),
                    None => (
                        name,
                        Targets::Formats(places(target).map(|place| before + place).collect()),
                    ),
                };
                let lower = [line.prefix, ":", name].concat().to_ascii_lowercase();
                if carried.as_ref().is_some_and(|carried| !carried.has(name)) {
                    left_out.insert(lower.into());
                    return None;
                }
                let tells_owner = match keyless.has(&lower) {
                    true if sometimes_tells(&lower) => Tells::Sometimes,
                    true => Tells::Never,
                    false => Tells::Always,
                };
                Some(Published {
                    prefix: line.prefix,
                    name,
                    lower: lower.into(),
                    targets,
                    tells_owner,
                    keys: places(set)
                        .next()
                        .and_then(|at| key_sets.get(at).copied())
                        .unwrap_or(Bits::NONE),
                })
            }));
        }
        let mut formats = formats::formats(&formats);
        for (text, takers) in lines.iter().flat_map(|line| aws_owned::formats(line.prefix)) {
            for (place, in_accounts) in formats::of_aws(&mut formats, text) {
                actions
                    .iter_mut()
                    .for_each(|action: &mut Published| action.take(place, in_accounts, takers));
            }
        }
        let mut by_name: Vec<(&str, usize)> = actions
            .iter()
            .enumerate()
            .map(|(at, action)| (&*action.lower, at))
            .collect();
        by_name.sort_unstable();
        Some(Self {
            prefixes: lines.iter().map(|line| line.prefix).collect(),
            left_out,
            by_name: by_name.into_iter().map(|(_, at)| at).collect(),
            formats: formats::with_deeper(formats),
            keys: lines.iter().flat_map(|line| list(line.keys)).map(Key::read).collect(),
            actions,
            keyless,
        })
    }

    /// The prefixes of its actions, in lower case.
    pub(crate) fn prefixes(&self) -> impl Iterator<Item = &'static str> {
        self.prefixes.iter().copied()
    }

    /// The formats of the resources that some of its actions act on.
    pub(crate) fn acted_on(&self) -> impl Iterator<Item = &Format> {
        let acted_on = |place: usize| {
            let mut actions = self.actions.iter().map(|action| action.targets);
            actions.any(|targets| match targets {
                Targets::Nothing => false,
                Targets::Formats(formats) => formats.has(place),
                Targets::Unknown => true,
            })
        };
        let formats = self.formats.iter().enumerate();
        formats
            .filter(move |(place, _)| acted_on(*place))
            .map(|(_, format)| format)
    }

    /// Whether an action of its prefixes, by its name in lower case, comes through other endpoints and not through this one.
    pub(crate) fn leaves_out(&self, lower: &str) -> bool {
        self.left_out.contains(lower)
    }

    /// The place of an action among those of the service, by its name in lower case.
    pub(crate) fn place(&self, lower: &str) -> Option<usize> {
        let name = |place: &usize| self.actions.get(*place).map_or("", |action| &action.lower);
        let found = self.by_name.binary_search_by(|place| name(place).cmp(lower));
        self.by_name.get(found.ok()?).copied()
    }

    /// An action by its name in lower case.
    pub(crate) fn action(&self, lower: &str) -> Option<&Published> {
        self.actions.get(self.place(lower)?)
    }

    /// The place of the format that this resource has.
    pub(crate) fn format_of(&self, arn: &str) -> Option<usize> {
        formats::deepest(&self.formats, arn)
    }

    /// Whether an action of the service takes a resource.
    pub(crate) fn takes(&self, action: &str, arn: &str) -> bool {
        let known = self.action(&action.to_ascii_lowercase());
        known.is_some_and(|known| self.format_of(arn).is_some_and(|format| known.acts_on(format)))
    }

    /// The actions that take this resource.
    pub(crate) fn actions_on(&self, arn: &str) -> impl Iterator<Item = &Published> {
        let format = self.format_of(arn);
        let takes = move |action: &&Published| format.is_some_and(|format| action.acts_on(format));
        self.actions.iter().filter(takes)
    }

    /// Places of the condition keys of this name in lower case. Every place for a key that AWS publishes for no action.
    pub(crate) fn key_places(&self, id: &str) -> Bits {
        let same = self.keys.iter().enumerate().filter(|(_, key)| key.is(id));
        same.fold(Bits::NONE, |places, (place, key)| {
            places | if key.of_no_action { Bits::ALL } else { Bits::one(place) }
        })
    }

    /// The condition key of this name in lower case that its requests can have. Nothing when it has no such key.
    pub(crate) fn key(&self, id: &str) -> Option<Key> {
        self.keys.iter().copied().find(|key| key.is(id))
    }
}

#[cfg(test)]
mod tests;
