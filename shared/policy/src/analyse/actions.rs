//! The actions that a document can tell apart.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::OnceLock;

use super::budget::Budget;
use super::model::{Model, Supposition};
use super::resources::ResourceFormat;
use super::strings::{Domain, WORD, candidates};
use crate::bits::Bits;
use crate::document::ActionPattern;
use crate::evaluate::LISTS_BUCKETS;
use crate::federation;
use crate::glob::{Pattern, Piece};
use crate::service::{self, Published, Service, Targets};

mod typed;

pub(super) use typed::example;

#[derive(Clone, Debug)]
pub(super) struct Action {
    pub(super) name: String,
    /// Statements that do not fail on this action.
    pub(super) sig: Bits,
    /// Places of the keys in [`Model::keys`] that its requests never have.
    pub(super) lacks: Bits,
}

/// Actions that lack the same keys, and the resources that they act on.
#[derive(Clone, Debug)]
pub(super) struct ActionGroup {
    pub(super) actions: Vec<Action>,
    pub(super) formats: Formats,
    /// The keys that they lack.
    pub(super) lacks: Bits,
}

/// Groups of actions that act on the same resources: one at least, those that lack the fewest keys first.
fn groups(actions: impl Iterator<Item = Action>, formats: Formats) -> Vec<ActionGroup> {
    let mut all: Vec<ActionGroup> = Vec::new();
    for action in actions {
        match all.iter_mut().find(|group| group.lacks == action.lacks) {
            Some(group) => group.actions.push(action),
            None => all.push(ActionGroup {
                formats,
                lacks: action.lacks,
                actions: vec![action],
            }),
        }
    }
    all.sort_by_key(|group| group.lacks.iter().count());
    if all.is_empty() {
        all.push(ActionGroup {
            actions: Vec::new(),
            formats,
            lacks: Bits::NONE,
        });
    }
    all
}

/// Formats of ARNs, by their places in [`Service::formats`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Formats {
    /// Every resource, of a known format or not.
    Any,
    /// No resource.
    Nowhere,
    /// No resource, but policies may name every bucket.
    EveryBucket,
    Only(Bits),
    /// Resources of no known format.
    Unknown,
}

impl Formats {
    /// Whether a resource of this format is one of them.
    pub(super) fn has(self, format: ResourceFormat) -> bool {
        match (self, format) {
            (Self::Nowhere, format) => format == ResourceFormat::Nowhere,
            (Self::EveryBucket, format) => format == ResourceFormat::EveryBucket,
            (_, ResourceFormat::Nowhere | ResourceFormat::EveryBucket) => false,
            (Self::Any, _) | (Self::Unknown, ResourceFormat::Unknown) => true,
            (Self::Only(all), ResourceFormat::Known(format)) => all.has(format),
            (Self::Only(_), ResourceFormat::Unknown) | (Self::Unknown, ResourceFormat::Known(_)) => false,
        }
    }
}

/// Actions that readers know, so that witnesses name them where they can.
pub(super) const WELL_KNOWN: [&str; 13] = [
    "s3:GetObject",
    "s3:PutObject",
    "s3:ListBucket",
    "sqs:SendMessage",
    "kms:Decrypt",
    "secretsmanager:GetSecretValue",
    "dynamodb:GetItem",
    "sts:AssumeRole",
    "ec2:DescribeInstances",
    "sns:Publish",
    "ssm:GetParameter",
    "logs:PutLogEvents",
    "lambda:InvokeFunction",
];

/// The same as AWS publishes them.
fn well_known() -> &'static [&'static Published] {
    static ALL: OnceLock<Vec<&'static Published>> = OnceLock::new();
    ALL.get_or_init(|| WELL_KNOWN.into_iter().filter_map(service::action).collect())
}

/// An action that may be tried.
#[derive(Clone, Copy)]
enum Candidate<'n> {
    Published(&'static Published),
    /// As the document writes it, or made up.
    Named(&'n str),
}

impl<'n> Candidate<'n> {
    /// An action that the document names, as AWS spells it where that is known.
    fn spelled(model: &Model<'_>, action: &'n ActionPattern) -> Self {
        let published = match model.setting.service {
            Some(service) => service.action(&action.raw.to_ascii_lowercase()),
            None => service::action(&action.raw),
        };
        published.map_or(Self::Named(&action.raw), Self::Published)
    }

    fn lower(self) -> Cow<'n, str> {
        match self {
            Self::Published(action) => Cow::Borrowed(&action.lower),
            Self::Named(name) => Cow::Owned(name.to_ascii_lowercase()),
        }
    }

    fn name(self) -> String {
        match self {
            Self::Published(action) => action.full_name(),
            Self::Named(name) => name.to_owned(),
        }
    }

    /// Places of the keys of the document that its requests never have.
    fn lacks(self, model: &Model<'_>) -> Bits {
        match self {
            Self::Published(action) => model.lacks(action),
            Self::Named(_) => Bits::NONE,
        }
    }

    /// Whether it names no resource.
    fn names_nothing(self) -> bool {
        matches!(self, Self::Published(action) if action.targets == Targets::Nothing)
    }
}

/// The actions whose requests need no signature: those that may have one, or those that never do.
pub(super) fn federated_actions(
    model: &Model<'_>,
    may_be_signed: bool,
    complete: &mut bool,
    budget: &mut Budget,
) -> Vec<ActionGroup> {
    let candidate = |name| service::action(name).map_or(Candidate::Named(name), Candidate::Published);
    let names = federation::calls(model.setting.service).into_iter();
    let names = names.filter(|name| federation::may_be_signed(name) == may_be_signed);
    groups(
        distinct(model, names.map(candidate), &|_| true, complete, budget).into_iter(),
        Formats::Any,
    )
}

/// The other actions on resources whose requests carry `aws:ResourceAccount` and its like, or those whose requests do not.
pub(super) fn actions(model: &Model<'_>, told: bool, complete: &mut bool, budget: &mut Budget) -> Vec<ActionGroup> {
    match model.setting.service {
        Some(service) => typed::groups(model, service, told, complete, budget),
        None => {
            let named: Vec<&ActionPattern> = model
                .restricted
                .iter()
                .flat_map(|(_, element)| &element.values)
                .collect();
            let (names, made_up) = anything(model, &named, told, complete, budget);
            // Of a service that is not known nothing is known but its name.
            let own = model.setting.unknown_prefix.as_deref().filter(|_| told);
            let own = own.map(|prefix| format!("{prefix}:AnyAction"));
            // An action that is not known may be either.
            let wanted = |name: &str| {
                !federation::is_call(name)
                    && (service::is_keyless(name).is_none_or(|keyless| keyless != told)
                        || (told && service::sometimes_tells(name)))
            };
            let mut all = Vec::new();
            for nothing in [false, true] {
                // One that names nothing is about the caller's own account, unless it does not tell.
                if nothing && told {
                    continue;
                }
                let own = own.as_deref().into_iter().map(Candidate::Named);
                let names = names.iter().filter(|name| name.names_nothing() == nothing);
                let made_up = made_up.iter().filter(|_| !nothing).map(|name| Candidate::Named(name));
                let names = own.chain(names.copied()).chain(made_up);
                let actions = distinct(model, names, &wanted, complete, budget);
                if !actions.is_empty() {
                    let formats = if nothing { Formats::Nowhere } else { Formats::Any };
                    all.extend(groups(actions.into_iter(), formats));
                }
            }
            all
        }
    }
}

/// Actions whose requests name no resource.
pub(super) fn actions_without_resource(
    model: &Model<'_>,
    complete: &mut bool,
    budget: &mut Budget,
) -> Vec<ActionGroup> {
    let named = || model.restricted.iter().flat_map(|(_, element)| &element.values);
    let services = match model.setting.service {
        Some(service) => vec![service],
        None => services(named().map(|action| action.raw.as_str()).chain(["sts:*"])),
    };
    let actions = services
        .iter()
        .flat_map(|service| &service.actions)
        .map(Candidate::Published);
    let nameless = actions.filter(|action| action.names_nothing());
    let (lists, nameless): (Vec<_>, Vec<_>) = nameless.partition(|action| action.lower() == LISTS_BUCKETS);
    let wanted = |name: &str| !federation::is_call(name);
    let mut of = |actions: Vec<Candidate<'static>>, formats| {
        let actions = distinct(model, actions.into_iter(), &wanted, complete, budget);
        groups(actions.into_iter(), formats)
    };
    let mut all = of(nameless, Formats::Nowhere);
    if !lists.is_empty() {
        all.extend(of(lists, Formats::EveryBucket));
    }
    all
}

/// One action of each kind that the statements tell apart, of those that are wanted by their name in lower case.
fn distinct<'n>(
    model: &Model<'_>,
    candidates: impl Iterator<Item = Candidate<'n>>,
    wanted: &dyn Fn(&str) -> bool,
    complete: &mut bool,
    budget: &mut Budget,
) -> Vec<Action> {
    let mut seen = BTreeSet::new();
    let mut all = Vec::new();
    for candidate in candidates {
        let lower = candidate.lower();
        if !wanted(&lower) {
            continue;
        }
        if !budget.spend(model.action_weight) {
            *complete = false;
            break;
        }
        let sig = model.action_sig(&lower);
        let lacks = candidate.lacks(model);
        if seen.insert((sig, lacks)) {
            let name = candidate.name();
            all.push(Action { name, sig, lacks });
        }
        // Without a statement or key that tells actions apart, one stands for all.
        if model.restricted.is_empty() && !model.has_keys_of_actions() {
            break;
        }
    }
    all
}

/// Actions of a service that is not known: those that the document names, then those that exist. And made-up ones.
fn anything<'n>(
    model: &Model<'_>,
    named: &[&'n ActionPattern],
    told: bool,
    complete: &mut bool,
    budget: &mut Budget,
) -> (Vec<Candidate<'n>>, Vec<String>) {
    let word = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let possible = |name: &str| {
        name.split_once(':')
            .is_some_and(|(prefix, action)| word(prefix) && word(action))
    };
    let exact = |action: &&ActionPattern| {
        let missing = || model.supposition == Supposition::AsPublished && is_missing(action);
        matches!(action.pattern, Pattern::Exact(_)) && possible(&action.raw) && !missing()
    };
    let mut names: Vec<Candidate<'n>> = named
        .iter()
        .copied()
        .filter(exact)
        .map(|action| Candidate::spelled(model, action))
        .collect();
    if told {
        names.extend(well_known().iter().copied().map(Candidate::Published));
        let globs = named.iter().filter(|action| matches!(action.pattern, Pattern::Glob(_)));
        for service in services(globs.map(|action| action.raw.as_str())) {
            names.extend(service.actions.iter().map(Candidate::Published));
        }
    } else {
        names.extend(service::keyless_actions().map(Candidate::Published));
    }
    let patterns = named.iter().map(|action| &action.pattern);
    let base = [Piece::Field, Piece::Char(':'), Piece::Field];
    let domain = Domain {
        base: &base,
        possible: &possible,
        ..WORD
    };
    let found = candidates(patterns, &domain, budget);
    *complete &= found.complete;
    let known: BTreeSet<Cow<'_, str>> = names.iter().map(|name| name.lower()).collect();
    let made_up = found.values.into_iter().filter(|value| !known.contains(value.as_str()));
    (names, made_up.collect())
}

/// Whether AWS publishes the actions of a service, and none that the pattern stands for.
pub(super) fn is_missing(action: &ActionPattern) -> bool {
    let prefix = action.raw.split(':').next().unwrap_or_default();
    let service = service::of_prefix(&prefix.to_ascii_lowercase());
    service.is_some_and(|service| {
        let mut actions = service.actions.iter();
        !actions.any(|known| action.matches(&known.lower, true))
    })
}

/// The known services that these patterns of actions name.
fn services<'a>(patterns: impl Iterator<Item = &'a str>) -> Vec<&'static Service> {
    let prefixes: BTreeSet<String> = patterns
        .filter_map(|pattern| Some(pattern.split_once(':')?.0.to_ascii_lowercase()))
        .collect();
    prefixes
        .iter()
        .filter_map(|prefix| service::of_prefix(prefix))
        .collect()
}
