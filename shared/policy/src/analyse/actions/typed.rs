//! Actions of a known service, each with the resources of its own types.

use std::collections::BTreeMap;

use super::super::budget::Budget;
use super::super::model::{Model, Supposition};
use super::{Action, ActionGroup, Candidate, Formats, groups as by_keys, well_known};
use crate::bits::Bits;
use crate::federation;
use crate::glob::{Pattern, Piece};
use crate::service::{Published, Service, Targets};

/// Whether only names that the document spells out are told apart.
fn exact(model: &Model<'_>, service: &Service) -> bool {
    let mut patterns = model.restricted.iter().flat_map(|(_, element)| &element.values);
    patterns.all(|action| match &action.pattern {
        Pattern::Exact(_) | Pattern::All => true,
        Pattern::Glob(pieces) => {
            service.prefixes().nth(1).is_none() && service.prefixes().any(|prefix| is_whole(pieces, prefix))
        }
    })
}

/// Whether the pattern is `prefix:*`.
fn is_whole(pieces: &[Piece], prefix: &str) -> bool {
    pieces.split_last().is_some_and(|(last, start)| {
        *last == Piece::Any && start.iter().copied().eq(prefix.chars().chain([':']).map(Piece::Char))
    })
}

/// Whether an action is one of those that tell the owner of a resource, or of those that do not.
fn wanted(model: &Model<'_>, action: &Published, told: bool) -> bool {
    action.tells_owner.may(told) && !(model.setting.bearers && federation::is_call(&action.lower))
}

/// The actions that the document tells apart, by the resources that they act on.
pub(super) fn groups(
    model: &Model<'_>,
    service: &'static Service,
    told: bool,
    complete: &mut bool,
    budget: &mut Budget,
) -> Vec<ActionGroup> {
    let own = |lower: &str| {
        let prefix = lower.split(':').next().unwrap_or_default();
        service.prefixes().any(|known| known == prefix)
    };
    let mut found = Found::new(service.formats.len());
    let named = model.restricted.iter().flat_map(|(_, element)| &element.values);
    let mut spelled_out: BTreeMap<&str, Candidate<'_>> = BTreeMap::new();
    for action in named {
        if let Pattern::Exact(lower) = &action.pattern
            && own(lower)
            && !service.leaves_out(lower)
        {
            let spelled = || Candidate::spelled(model, action);
            spelled_out.entry(lower).or_insert_with(spelled);
        }
    }
    // Stands for an action that no pattern names but `*` and `prefix:*`.
    let other = || model.action_sig(&format!("{}::", service.prefixes().next().unwrap_or_default()));
    let other = exact(model, service).then(other);
    let mut is_spelled = vec![false; service.actions.len()];
    for place in spelled_out.keys().filter_map(|lower| service.place(lower)) {
        is_spelled
            .get_mut(place)
            .into_iter()
            .for_each(|spelled| *spelled = true);
    }
    for (action, is_spelled) in service.actions.iter().zip(is_spelled) {
        let targets = &action.targets;
        if (*targets == Targets::Nothing && told) || !wanted(model, action, told) {
            continue;
        }
        let sig = match other {
            Some(other) if !is_spelled => other,
            _ => {
                if !budget.spend(model.action_weight) {
                    *complete = false;
                    break;
                }
                model.action_sig(&action.lower)
            }
        };
        found.add(sig, model.lacks(action), targets, Candidate::Published(action));
    }
    for (lower, name) in spelled_out {
        let hides = service.keyless.has(lower);
        if matches!(name, Candidate::Named(_))
            && model.supposition != Supposition::AsPublished
            && hides != told
            && !(model.setting.bearers && federation::is_call(lower))
        {
            found.add(model.action_sig(lower), Bits::NONE, &Targets::Unknown, name);
        }
    }
    found.groups()
}

/// Actions that the document does not tell apart.
struct Kind<'n> {
    sig: Bits,
    lacks: Bits,
    first: Candidate<'n>,
    /// Of the resources that they act on.
    formats: Bits,
    /// Whether some act on resources of no known format.
    unknown: bool,
}

impl Kind<'_> {
    fn action(&self) -> Action {
        Action {
            name: self.first.name(),
            sig: self.sig,
            lacks: self.lacks,
        }
    }
}

/// Actions by what they do not fail, with the formats of their resources.
struct Found<'n> {
    /// How many formats there are.
    formats: usize,
    kinds: Vec<Kind<'n>>,
    /// Of actions that name no resource.
    nowhere: Vec<Action>,
    places: BTreeMap<(Bits, Bits), usize>,
    /// The place of the kind that the last action was of.
    last: usize,
}

impl<'n> Found<'n> {
    fn new(formats: usize) -> Self {
        Self {
            formats,
            kinds: Vec::new(),
            nowhere: Vec::new(),
            places: BTreeMap::new(),
            last: 0,
        }
    }

    fn add(&mut self, sig: Bits, lacks: Bits, targets: &Targets, action: Candidate<'n>) {
        if *targets == Targets::Nothing {
            if self
                .nowhere
                .iter()
                .all(|known| (known.sig, known.lacks) != (sig, lacks))
            {
                let name = action.name();
                self.nowhere.push(Action { name, sig, lacks });
            }
            return;
        }
        let same = |kind: &Kind<'_>| (kind.sig, kind.lacks) == (sig, lacks);
        let at = match self.kinds.get(self.last).is_some_and(same) {
            true => self.last,
            false => *self.places.entry((sig, lacks)).or_insert(self.kinds.len()),
        };
        self.last = at;
        if at == self.kinds.len() {
            self.kinds.push(Kind {
                sig,
                lacks,
                first: action,
                formats: Bits::NONE,
                unknown: false,
            });
        }
        let Some(kind) = self.kinds.get_mut(at) else {
            return;
        };
        match targets {
            Targets::Nothing => {}
            Targets::Unknown => kind.unknown = true,
            Targets::Formats(formats) => kind.formats = kind.formats | *formats,
        }
    }

    /// Formats that the same kinds of actions act on are one group.
    fn groups(self) -> Vec<ActionGroup> {
        let mut columns: BTreeMap<Vec<usize>, Bits> = BTreeMap::new();
        for format in 0..self.formats {
            let acting = self.kinds.iter().enumerate();
            let acting = acting.filter(|(_, kind)| kind.unknown || kind.formats.has(format));
            let acting: Vec<usize> = acting.map(|(at, _)| at).collect();
            if !acting.is_empty() {
                columns.entry(acting).or_insert(Bits::NONE).insert(format);
            }
        }
        let action = |at: &usize| Some(self.kinds.get(*at)?.action());
        // What readers know comes first: objects before buckets.
        let columns = columns.into_iter().rev();
        let mut all: Vec<ActionGroup> = columns
            .flat_map(|(acting, formats)| by_keys(acting.iter().filter_map(action), Formats::Only(formats)))
            .collect();
        if !self.nowhere.is_empty() {
            all.extend(by_keys(self.nowhere.iter().cloned(), Formats::Nowhere));
        }
        let unknown = || self.kinds.iter().filter(|kind| kind.unknown);
        if unknown().next().is_some() {
            all.extend(by_keys(unknown().map(Kind::action), Formats::Unknown));
        }
        all
    }
}

/// The best known action that acts on a resource of a format, and that nothing tells from the one of this name.
pub(in super::super) fn example(model: &Model<'_>, name: &str, format: usize, told: bool) -> Option<String> {
    let service = model.setting.service?;
    let lower = name.to_ascii_lowercase();
    let sig = model.action_sig(&lower);
    let lacks = service.action(&lower).map_or(Bits::NONE, |action| model.lacks(action));
    let of_service = |action: &&Published| service.prefixes().any(|known| known == action.prefix);
    let well_known = well_known().iter().copied().filter(of_service);
    // Its formats are those of its own service.
    let well_known = well_known.filter_map(|action| service.action(&action.lower));
    let fits = |action: &&Published| {
        action.acts_on(format)
            && wanted(model, action, told)
            && model.action_sig(&action.lower) == sig
            && model.lacks(action).within(lacks)
    };
    let found = well_known.chain(&service.actions).find(fits)?;
    Some(found.full_name())
}
