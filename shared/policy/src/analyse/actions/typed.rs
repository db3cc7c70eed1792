//! Actions of a known service, each with the resources of its own types.

use std::collections::BTreeMap;

use super::super::bits::Bits;
use super::super::budget::Budget;
use super::super::model::Model;
use super::{Action, ActionGroup, Formats, WELL_KNOWN, known, lower_case, restricted, spelled};
use crate::federation;
use crate::glob::{Pattern, Piece};
use crate::service::{self, Service, Targets};

/// The statements that an action does not fail, by the action's name in lower case.
struct Sigs<'m, 'd> {
    model: &'m Model<'d>,
    restricted: Vec<(usize, &'d crate::document::Statement)>,
    weight: usize,
}

impl<'m, 'd> Sigs<'m, 'd> {
    fn new(model: &'m Model<'d>) -> Self {
        let restricted = restricted(model);
        let weight = restricted
            .iter()
            .map(|(_, statement)| 1 + statement.action.values.len())
            .sum();
        Self {
            model,
            restricted,
            weight,
        }
    }

    fn of(&self, lower: &str) -> Bits {
        let mut sig = Bits::ALL;
        for (place, statement) in &self.restricted {
            let mut patterns = statement.action.values.iter();
            let hit = patterns.any(|action| action.matches(lower, self.model.interpretation.star_colon_star));
            if hit == statement.action.not {
                sig.remove(*place);
            }
        }
        sig
    }

    /// Whether only names that the document spells out are told apart.
    fn exact(&self, service: &Service) -> bool {
        let mut patterns = self
            .restricted
            .iter()
            .flat_map(|(_, statement)| &statement.action.values);
        patterns.all(|action| match &action.pattern {
            Pattern::Exact(_) | Pattern::All => true,
            Pattern::Glob(pieces) => {
                service.prefixes().nth(1).is_none() && service.prefixes().any(|prefix| is_whole(pieces, prefix))
            }
        })
    }
}

/// Whether the pattern is `prefix:*`.
fn is_whole(pieces: &[Piece], prefix: &str) -> bool {
    pieces.split_last().is_some_and(|(last, start)| {
        *last == Piece::Any && start.iter().copied().eq(prefix.chars().chain([':']).map(Piece::Char))
    })
}

/// Whether an action is one of those that tell the owner of a resource, or of those that do not.
fn wanted(model: &Model<'_>, service: &Service, lower: &str, told: bool) -> bool {
    !(model.setting.bearers && federation::is_call(lower))
        && (service.keyless().has(lower) != told || (told && service::sometimes_tells(lower)))
}

/// The actions that the document tells apart, by the resources that they act on.
pub(super) fn groups(
    model: &Model<'_>,
    service: &Service,
    told: bool,
    complete: &mut bool,
    budget: &mut Budget,
) -> Vec<ActionGroup> {
    let sigs = Sigs::new(model);
    let own = |lower: &str| {
        let prefix = lower.split(':').next().unwrap_or_default();
        service.prefixes().any(|known| known == prefix)
    };
    let mut found = Found::new(model.setting.formats.len());
    let mut known_to_aws: Vec<String> = Vec::new();
    let exact = sigs.exact(service);
    let named = sigs
        .restricted
        .iter()
        .flat_map(|(_, statement)| &statement.action.values);
    let mut spelled_out: Vec<(&str, String)> = Vec::new();
    for action in named {
        if let Pattern::Exact(lower) = &action.pattern
            && own(lower)
            && spelled_out.iter().all(|(known, _)| known != lower)
        {
            spelled_out.push((lower, spelled(model, action).0.concat()));
        }
    }
    spelled_out.sort();
    let mut lower = String::new();
    let other = exact.then(|| sigs.of(&other(service)));
    for published in &model.setting.actions {
        let (name, targets) = (known(published), published.targets);
        lower_case(name, &mut lower);
        let spelled = spelled_out.binary_search_by(|(known, _)| (*known).cmp(&lower)).is_ok();
        if spelled {
            known_to_aws.push(lower.clone());
        }
        if (targets == Targets::Nothing && told) || !wanted(model, service, &lower, told) {
            continue;
        }
        let sig = match other {
            Some(other) if !spelled => other,
            _ => {
                if !budget.spend(1 + sigs.weight) {
                    *complete = false;
                    break;
                }
                sigs.of(&lower)
            }
        };
        found.add(sig, &targets, || name.concat());
    }
    for (lower, name) in &spelled_out {
        if known_to_aws.iter().all(|known| known != lower) && wanted(model, service, lower, told) {
            found.add(sigs.of(lower), &Targets::Unknown, || name.clone());
        }
    }
    found.groups()
}

/// Stands for an action of a service that no pattern names but `*` and `prefix:*`.
fn other(service: &Service) -> String {
    format!("{}::", service.prefixes().next().unwrap_or_default())
}

/// Actions by what they do not fail, with the formats of their resources.
struct Found {
    formats: usize,
    sigs: Vec<(Bits, String, Vec<bool>, bool)>,
    /// Of actions that name no resource.
    nowhere: Vec<Action>,
    places: BTreeMap<Bits, usize>,
}

impl Found {
    fn new(formats: usize) -> Self {
        Self {
            formats,
            sigs: Vec::new(),
            nowhere: Vec::new(),
            places: BTreeMap::new(),
        }
    }

    fn add(&mut self, sig: Bits, targets: &Targets, name: impl Fn() -> String) {
        if *targets == Targets::Nothing {
            if self.nowhere.iter().all(|known| known.sig != sig) {
                let name = name();
                self.nowhere.push(Action { name, sig });
            }
            return;
        }
        let at = *self.places.entry(sig).or_insert(self.sigs.len());
        if at == self.sigs.len() {
            self.sigs.push((sig, name(), vec![false; self.formats], false));
        }
        let Some((.., formats, unknown)) = self.sigs.get_mut(at) else {
            return;
        };
        match targets {
            Targets::Nothing => {}
            Targets::Unknown => {
                *unknown = true;
                formats.fill(true);
            }
            Targets::Formats(places) => {
                for place in places.iter() {
                    if let Some(format) = formats.get_mut(place) {
                        *format = true;
                    }
                }
            }
        }
    }

    /// Formats that the same kinds of actions act on are one group.
    fn groups(self) -> Vec<ActionGroup> {
        let mut columns: BTreeMap<Vec<usize>, Vec<usize>> = BTreeMap::new();
        for format in 0..self.formats {
            let acting = self.sigs.iter().enumerate();
            let acting = acting.filter(|(_, (.., formats, _))| formats.get(format) == Some(&true));
            let acting: Vec<usize> = acting.map(|(at, _)| at).collect();
            if !acting.is_empty() {
                columns.entry(acting).or_default().push(format);
            }
        }
        let action = |at: &usize| {
            let (sig, name, ..) = self.sigs.get(*at)?;
            Some(Action {
                name: name.clone(),
                sig: *sig,
            })
        };
        let mut groups: Vec<ActionGroup> = columns
            .into_iter()
            .map(|(acting, formats)| ActionGroup {
                actions: acting.iter().filter_map(action).collect(),
                formats: Formats::Only(formats),
            })
            .collect();
        // What readers know comes first: objects before buckets.
        groups.reverse();
        let unknown: Vec<usize> = self
            .sigs
            .iter()
            .enumerate()
            .filter(|(_, (.., unknown))| *unknown)
            .map(|(at, _)| at)
            .collect();
        if !self.nowhere.is_empty() {
            groups.push(ActionGroup {
                actions: self.nowhere.clone(),
                formats: Formats::Nowhere,
            });
        }
        if !unknown.is_empty() {
            groups.push(ActionGroup {
                actions: unknown.iter().filter_map(action).collect(),
                formats: Formats::Unknown,
            });
        }
        groups
    }
}

/// The best known action that acts on a resource of a format and is like the one found.
pub(in super::super) fn example(model: &Model<'_>, found: &Action, format: usize, told: bool) -> Option<String> {
    let service = model.setting.service.as_ref()?;
    let sigs = Sigs::new(model);
    let mut lower = String::new();
    let mut fits = |name: [&str; 3], targets: &Targets| {
        lower_case(name, &mut lower);
        let acts = match targets {
            Targets::Formats(formats) => formats.contains(format),
            Targets::Nothing | Targets::Unknown => false,
        };
        acts && wanted(model, service, &lower, told) && sigs.of(&lower) == found.sig
    };
    let all = &model.setting.actions;
    let well_known = WELL_KNOWN.iter().filter_map(|name| {
        let (prefix, own) = name.split_once(':')?;
        all.iter().find(|published| published.is(prefix, own))
    });
    let mut candidates = well_known.chain(all);
    let found = candidates.find(|published| fits(known(published), &published.targets))?;
    Some(known(found).concat())
}
