//! What AWS publishes about its services: actions, formats of ARNs, condition keys.

use crate::endpoint_service;

mod exceptions;
mod reference;

pub(crate) use exceptions::{Keyless, is_keyless, keyless_actions, sometimes_tells};
pub(crate) use reference::covers;

use exceptions::{KEYLESS, on_own_account};
use reference::{Line, deepest, line, list, places, targets};

/// What an action acts on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Targets {
    /// Nothing that has a name: requests are about the caller's own account.
    Nothing,
    /// Resources of these formats.
    Formats(Places),
    /// Not known: AWS publishes neither the action nor what it acts on.
    Unknown,
}

/// An action of the service authorization reference.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Published {
    pub(crate) prefix: &'static str,
    pub(crate) name: &'static str,
    pub(crate) targets: Targets,
}

impl Published {
    pub(crate) fn is(&self, prefix: &str, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name) && self.prefix.eq_ignore_ascii_case(prefix)
    }
}

/// Formats by their places in [`Service::arns`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Places {
    /// How many formats the prefixes before have.
    first: usize,
    target: &'static str,
}

impl Places {
    pub(crate) fn iter(self) -> impl Iterator<Item = usize> {
        places(self.target).map(move |place| self.first + place)
    }

    pub(crate) fn contains(self, place: usize) -> bool {
        self.iter().any(|own| own == place)
    }
}

/// The services behind an endpoint.
#[derive(Clone)]
pub(crate) struct Service {
    lines: Vec<Line>,
}

/// What is behind the endpoint service of this name, full or short. Nothing when that is not known.
pub(crate) fn find(name: &str) -> Option<Service> {
    let name = endpoint_service::listed_name(name)?;
    let lines: Vec<Line> = match endpoint_service::find(&name) {
        Some(entry) => entry.prefixes().filter_map(line).collect(),
        // Most services have their prefix as their name, or as its first part.
        None => {
            let first = || name.split('.').next().and_then(line);
            line(&name).or_else(first).into_iter().collect()
        }
    };
    (!lines.is_empty()).then_some(Service { lines })
}

/// What has actions of this prefix, in lower case. Nothing when no service is known to have it.
pub(crate) fn of_prefix(prefix: &str) -> Option<Service> {
    line(prefix).map(|line| Service { lines: vec![line] })
}

/// An action by its name in any case. Nothing when AWS publishes none of this name.
pub(crate) fn action(name: &str) -> Option<Published> {
    let (prefix, name) = name.split_once(':')?;
    let known = of_prefix(&prefix.to_ascii_lowercase())?;
    known
        .published()
        .find(|published| published.name.eq_ignore_ascii_case(name))
}

/// Whether an action takes a resource. Not if one of them is not known.
pub(crate) fn takes(action: &str, arn: &str) -> bool {
    let Some((prefix, name)) = action.split_once(':') else {
        return false;
    };
    line(&prefix.to_ascii_lowercase()).is_some_and(|line| line.takes(name, arn))
}

/// The formats of ARNs that an action takes, the deepest first: objects before buckets.
pub(crate) fn formats(action: &str) -> Vec<&'static str> {
    let (prefix, name) = action.split_once(':').unwrap_or_default();
    let Some(line) = line(&prefix.to_ascii_lowercase()) else {
        return Vec::new();
    };
    let places = line.target(name).into_iter().flat_map(places);
    let mut formats: Vec<&str> = places.filter_map(|at| list(line.arns).nth(at)).collect();
    formats.reverse();
    formats
}

impl Service {
    /// The prefixes of its actions, in lower case.
    pub(crate) fn prefixes(&self) -> impl Iterator<Item = &'static str> {
        self.lines.iter().map(|line| line.prefix)
    }

    /// Each action, with what it acts on.
    pub(crate) fn published(&self) -> impl Iterator<Item = Published> {
        let lines = self.lines.iter().scan(0, |before, line| {
            let first = *before;
            *before += list(line.arns).count();
            Some((first, *line))
        });
        lines.flat_map(|(first, line)| {
            let pairs = list(line.actions).zip(targets(line.targets));
            let named = pairs.map(move |(name, target)| match name.strip_suffix('-') {
                Some(name) => (name, Targets::Nothing),
                None if on_own_account(line.prefix, name) => (name, Targets::Nothing),
                None if target.is_empty() => (name, Targets::Unknown),
                None => (name, Targets::Formats(Places { first, target })),
            });
            named.map(move |(name, targets)| Published {
                prefix: line.prefix,
                name,
                targets,
            })
        })
    }

    /// Formats of ARNs without `arn:` and the partition: `service:region:account:resource`, `*` for what varies.
    pub(crate) fn arns(&self) -> impl Iterator<Item = &'static str> {
        self.lines.iter().flat_map(|line| list(line.arns))
    }

    /// The place in [`Service::arns`] of the format that this resource has.
    pub(crate) fn format_of(&self, arn: &str) -> Option<usize> {
        deepest(self.arns(), arn)
    }

    /// Whether an action of the service takes a resource.
    pub(crate) fn takes(&self, action: &str, arn: &str) -> bool {
        let (prefix, name) = action.split_once(':').unwrap_or_default();
        let mut lines = self.lines.iter();
        lines.any(|line| line.prefix.eq_ignore_ascii_case(prefix) && line.takes(name, arn))
    }

    /// Prefix and name of each action that takes this resource.
    pub(crate) fn actions_on(self, arn: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
        let lines = self.lines.into_iter();
        lines.flat_map(move |line| line.actions_on(arn).map(move |name| (line.prefix, name)))
    }

    /// The names of its own condition keys. `*` or `<` begins what varies, and `[]` ends a key with several values.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &'static str> {
        self.lines.iter().flat_map(|line| list(line.keys))
    }

    /// Whether the key is the service's own and may have several values. Nothing when the service has no such key.
    pub(crate) fn key_has_several(&self, id: &str) -> Option<bool> {
        let same = |name: &str| match name.split_once(['*', '<']) {
            Some((start, _)) => id
                .get(..start.len())
                .is_some_and(|head| head.eq_ignore_ascii_case(start) && id.len() > start.len()),
            None => name.eq_ignore_ascii_case(id),
        };
        let mut keys = self.keys();
        keys.find(|name| same(name.strip_suffix("[]").unwrap_or(name)))
            .map(|name| name.ends_with("[]"))
    }

    pub(crate) fn keyless(&self) -> Keyless {
        let found = KEYLESS
            .iter()
            .find(|(prefix, _)| self.lines.iter().any(|line| line.prefix == *prefix));
        found.map_or(Keyless::None, |(_, keyless)| *keyless)
    }
}

#[cfg(test)]
mod tests;
