//! The actions that a document can tell apart.

use std::collections::BTreeSet;

use super::bits::Bits;
use super::budget::Budget;
use super::model::Model;
use super::resources::ResourceFormat;
use super::strings::{Domain, WORD, candidates};
use crate::document::{ActionPattern, Statement};
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
}

/// Actions, and the resources that they act on.
#[derive(Clone, Debug)]
pub(super) struct ActionGroup {
    pub(super) actions: Vec<Action>,
    pub(super) formats: Formats,
}

/// Formats of ARNs, by their places in [`Model::formats`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Formats {
    /// Every resource, of a known format or not.
    Any,
    /// No resource.
    Nowhere,
    /// In order.
    Only(Vec<usize>),
    /// Resources of no known format.
    Unknown,
}

impl Formats {
    /// Whether a resource of this format is one of them.
    pub(super) fn has(&self, format: ResourceFormat) -> bool {
        match (self, format) {
            (Self::Nowhere, format) => format == ResourceFormat::Nowhere,
            (_, ResourceFormat::Nowhere) => false,
            (Self::Any, _) | (Self::Unknown, ResourceFormat::Unknown) => true,
            (Self::Only(all), ResourceFormat::Known(format)) => all.binary_search(&format).is_ok(),
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

/// Whether the element is a plain `*`.
fn every(statement: &Statement) -> bool {
    !statement.action.not
        && statement
            .action
            .values
            .iter()
            .any(|action| action.pattern == Pattern::All)
}

/// A name in parts, which are put together where it is kept.
type Name<'n> = [&'n str; 3];

fn known<'n>(action: &Published) -> Name<'n> {
    [action.prefix, ":", action.name]
}

fn lower_case(name: Name<'_>, lower: &mut String) {
    lower.clear();
    lower.extend(name);
    lower.make_ascii_lowercase();
}

/// The actions whose requests need no signature.
pub(super) fn federated_actions(model: &Model<'_>, complete: &mut bool, budget: &mut Budget) -> Vec<Action> {
    let names = federation::calls(model.setting.endpoint)
        .into_iter()
        .map(|name| [name, "", ""]);
    distinct(model, &restricted(model), names, &|_| true, complete, budget)
}

/// The statements that some actions do not fit, and their places.
fn restricted<'d>(model: &Model<'d>) -> Vec<(usize, &'d Statement)> {
    let all = model.statements.iter().enumerate();
    all.filter(|(_, statement)| !every(statement)).collect()
}

/// The other actions on resources whose requests carry `aws:ResourceAccount` and its like, or those whose requests do not.
pub(super) fn actions(model: &Model<'_>, told: bool, complete: &mut bool, budget: &mut Budget) -> Vec<ActionGroup> {
    match &model.setting.service {
        Some(service) => typed::groups(model, service, told, complete, budget),
        None => {
            let restricted = restricted(model);
            let named: Vec<&ActionPattern> = restricted
                .iter()
                .flat_map(|(_, statement)| &statement.action.values)
                .collect();
            let (names, made_up) = anything(model, &named, told, complete, budget);
            // Of a service that is not known nothing is known but its name.
            let own = model.setting.unknown_prefix.as_deref().filter(|_| told);
            let own = own.map(|prefix| [prefix, ":", "AnyAction"]);
            // An action that is not known may be either.
            let wanted = |name: &str| {
                !federation::is_call(name)
                    && (service::is_keyless(name).is_none_or(|keyless| keyless != told)
                        || (told && service::sometimes_tells(name)))
            };
            let mut groups = Vec::new();
            for nothing in [false, true] {
                // One that names nothing is about the caller's own account, unless it does not tell.
                if nothing && told {
                    continue;
                }
                let names = names.iter().filter(|(_, names_nothing)| *names_nothing == nothing);
                let made_up = made_up.iter().filter(|_| !nothing).map(|name| [name.as_str(), "", ""]);
                let names = own.into_iter().chain(names.map(|(name, _)| *name)).chain(made_up);
                let actions = distinct(model, &restricted, names, &wanted, complete, budget);
                if !actions.is_empty() {
                    let formats = if nothing { Formats::Nowhere } else { Formats::Any };
                    groups.push(ActionGroup { actions, formats });
                }
            }
            groups
        }
    }
}

/// Actions whose requests name no resource.
pub(super) fn actions_without_resource(model: &Model<'_>, complete: &mut bool, budget: &mut Budget) -> Vec<Action> {
    let restricted = restricted(model);
    let named = || restricted.iter().flat_map(|(_, statement)| &statement.action.values);
    let any = match &model.setting.service {
        Some(_) => Vec::new(),
        None => services(named().map(|action| action.raw.as_str()).chain(["sts:*"])),
    };
    let of_any = any.iter().flat_map(Service::published);
    let actions = model.setting.actions.iter().copied().chain(of_any);
    let nameless = actions.filter(|action| action.targets == Targets::Nothing);
    let names = nameless.map(|action| known(&action));
    distinct(
        model,
        &restricted,
        names,
        &|name| !federation::is_call(name),
        complete,
        budget,
    )
}

/// One action of each kind that the statements tell apart, of those that are wanted by their name in lower case.
fn distinct<'n>(
    model: &Model<'_>,
    restricted: &[(usize, &Statement)],
    names: impl Iterator<Item = Name<'n>>,
    wanted: &dyn Fn(&str) -> bool,
    complete: &mut bool,
    budget: &mut Budget,
) -> Vec<Action> {
    let weight: usize = restricted
        .iter()
        .map(|(_, statement)| 1 + statement.action.values.len())
        .sum();
    let mut seen = BTreeSet::new();
    let mut all = Vec::new();
    let mut lower = String::new();
    for name in names {
        lower_case(name, &mut lower);
        if !wanted(&lower) {
            continue;
        }
        if !budget.spend(1 + weight) {
            *complete = false;
            break;
        }
        let mut sig = Bits::ALL;
        for (place, statement) in restricted {
            let mut patterns = statement.action.values.iter();
            let hit = patterns.any(|action| action.matches(&lower, model.interpretation.star_colon_star));
            if hit == statement.action.not {
                sig.remove(*place);
            }
        }
        if seen.insert(sig) {
            let name = name.concat();
            all.push(Action { name, sig });
        }
    }
    all
}

/// An action that the document names, as AWS spells it where that is known, and whether it names no resource.
fn spelled<'n>(model: &Model<'_>, action: &'n ActionPattern) -> (Name<'n>, bool) {
    let published = match &model.setting.service {
        Some(_) => action.raw.split_once(':').and_then(|(prefix, name)| {
            let mut all = model.setting.actions.iter();
            all.find(|published| published.is(prefix, name)).copied()
        }),
        None => service::action(&action.raw),
    };
    published.map_or(([&action.raw, "", ""], false), with_nothing)
}

/// An action, and whether it names no resource.
fn with_nothing<'n>(action: Published) -> (Name<'n>, bool) {
    (known(&action), action.targets == Targets::Nothing)
}

/// Actions of a service that is not known, and whether they name no resource: those that the document names, then those
/// that exist. And made-up ones.
fn anything<'n>(
    model: &Model<'_>,
    named: &[&'n ActionPattern],
    told: bool,
    complete: &mut bool,
    budget: &mut Budget,
) -> (Vec<(Name<'n>, bool)>, Vec<String>) {
    let word = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let possible = |name: &str| {
        name.split_once(':')
            .is_some_and(|(prefix, action)| word(prefix) && word(action))
    };
    let exact = |action: &&&ActionPattern| matches!(action.pattern, Pattern::Exact(_)) && possible(&action.raw);
    let mut names: Vec<(Name<'n>, bool)> = named
        .iter()
        .filter(exact)
        .map(|action| spelled(model, action))
        .collect();
    if told {
        names.extend(WELL_KNOWN.into_iter().filter_map(service::action).map(with_nothing));
        let globs = named.iter().filter(|action| matches!(action.pattern, Pattern::Glob(_)));
        for service in services(globs.map(|action| action.raw.as_str())) {
            names.extend(service.published().map(with_nothing));
        }
    } else {
        names.extend(service::keyless_actions().map(with_nothing));
    }
    let patterns: Vec<Pattern> = named.iter().map(|action| action.pattern.clone()).collect();
    let base = [Piece::Field, Piece::Char(':'), Piece::Field];
    let domain = Domain {
        base: &base,
        possible: &possible,
        ..WORD
    };
    let found = candidates(&patterns, &domain, budget);
    *complete &= found.complete;
    let mut made_up: BTreeSet<&str> = found.values.iter().map(String::as_str).collect();
    let mut lower = String::new();
    for (name, _) in &names {
        lower_case(*name, &mut lower);
        made_up.remove(lower.as_str());
    }
    let values = found.values.iter().filter(|value| made_up.contains(value.as_str()));
    let made_up = values.cloned().collect();
    (names, made_up)
}

/// The known services that these patterns of actions name.
fn services<'a>(patterns: impl Iterator<Item = &'a str>) -> Vec<Service> {
    let prefixes: BTreeSet<String> = patterns
        .filter_map(|pattern| Some(pattern.split_once(':')?.0.to_ascii_lowercase()))
        .collect();
    prefixes
        .iter()
        .filter_map(|prefix| service::of_prefix(prefix))
        .collect()
}
