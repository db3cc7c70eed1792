//! The actions that a document can tell apart.

use std::collections::BTreeSet;

use super::bits::Bits;
use super::budget::Budget;
use super::model::Model;
use super::strings::{Domain, WORD, candidates};
use crate::document::{ActionPattern, Statement};
use crate::federation;
use crate::glob::{Pattern, Piece};
use crate::service::{self, Keyless, Service};

#[derive(Clone, Debug)]
pub(super) struct Action {
    pub(super) name: String,
    /// Statements that do not fail on this action.
    pub(super) sig: Bits,
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

/// The actions that bring the token of an identity provider in place of a signature.
pub(super) fn federated_actions(model: &Model<'_>, complete: &mut bool, budget: &mut Budget) -> Vec<Action> {
    let restricted: Vec<_> = model
        .statements
        .iter()
        .enumerate()
        .filter(|(_, statement)| !every(statement))
        .collect();
    let names = federation::ACTIONS.map(str::to_owned).into_iter();
    distinct(model, &restricted, names, complete, budget)
}

/// The other actions whose requests carry `aws:ResourceAccount` and its like, or those whose requests do not.
pub(super) fn actions(model: &Model<'_>, told: bool, complete: &mut bool, budget: &mut Budget) -> Vec<Action> {
    let restricted: Vec<_> = model
        .statements
        .iter()
        .enumerate()
        .filter(|(_, statement)| !every(statement))
        .collect();
    let named: Vec<&ActionPattern> = restricted
        .iter()
        .flat_map(|(_, statement)| &statement.action.values)
        .collect();
    let names: Vec<String> = match &model.service {
        Some(service) => of_service(service, &named, told),
        None => anything(&named, told, complete, budget),
    };
    let wanted = |name: &String| {
        !federation::is_call(name)
            && match &model.service {
                Some(service) => service.keyless().has(name) != told,
                // An action that is not known may be either.
                None => service::is_keyless(name).is_none_or(|keyless| keyless != told),
            }
    };
    let names = names.into_iter().filter(wanted);
    distinct(model, &restricted, names, complete, budget)
}

/// Actions whose requests name no resource.
pub(super) fn actions_without_resource(model: &Model<'_>, complete: &mut bool, budget: &mut Budget) -> Vec<Action> {
    let restricted: Vec<_> = model
        .statements
        .iter()
        .enumerate()
        .filter(|(_, statement)| !every(statement))
        .collect();
    let most = if restricted.is_empty() { 1 } else { usize::MAX };
    let named = || restricted.iter().flat_map(|(_, statement)| &statement.action.values);
    let any = match &model.service {
        Some(_) => Vec::new(),
        None => services(named().map(|action| action.raw.as_str()).chain(["sts:*"])),
    };
    let names = model
        .service
        .iter()
        .chain(&any)
        .flat_map(Service::actions_without_resource);
    let names = names.take(most).map(|(prefix, name)| format!("{prefix}:{name}"));
    distinct(model, &restricted, names, complete, budget)
}

/// One action of each kind that the statements tell apart.
fn distinct(
    model: &Model<'_>,
    restricted: &[(usize, &Statement)],
    names: impl Iterator<Item = String>,
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
        lower.clone_from(&name);
        lower.make_ascii_lowercase();
        if !budget.spend(1 + weight) {
            *complete = false;
            break;
        }
        let mut sig = Bits::ALL;
        for (place, statement) in restricted {
            let mut patterns = statement.action.values.iter();
            let hit = patterns.any(|action| action.matches(&lower, model.reading.star_colon_star));
            if hit == statement.action.not {
                sig.remove(*place);
            }
        }
        if seen.insert(sig) {
            all.push(Action { name, sig });
        }
    }
    all
}

fn of_service(service: &Service, named: &[&ActionPattern], told: bool) -> Vec<String> {
    let own = |lower: &str| {
        let prefix = lower.split(':').next().unwrap_or_default();
        service.prefixes().any(|known| known == prefix)
    };
    let mut names: Vec<String> = Vec::new();
    let mut globs = false;
    let mut exact: BTreeSet<&str> = BTreeSet::new();
    for action in named {
        match &action.pattern {
            Pattern::Exact(lower) => {
                if own(lower) && exact.insert(lower) {
                    names.push(spelled(action));
                }
            }
            Pattern::All => {}
            Pattern::Glob(pieces) => {
                globs |=
                    !service.prefixes().any(|prefix| is_whole(pieces, prefix)) || service.prefixes().nth(1).is_some();
            }
        }
    }
    if let (false, Keyless::Some(list)) = (told, service.keyless()) {
        names.extend(list.iter().map(|name| (*name).to_owned()));
        return names;
    }
    let well_known = WELL_KNOWN
        .iter()
        .map(|name| (*name).to_owned())
        .filter(|name| own(&name.to_ascii_lowercase()));
    let others = service.actions().map(|(prefix, name)| format!("{prefix}:{name}"));
    let unnamed = well_known.chain(others);
    if globs {
        names.extend(unnamed);
    } else {
        let other = |name: &String| {
            let lower = name.to_ascii_lowercase();
            !exact.contains(lower.as_str()) && !federation::is_call(name) && service.keyless().has(name) != told
        };
        names.extend(unnamed.filter(other).take(1));
    }
    names
}

/// Whether the pattern is `prefix:*`.
fn is_whole(pieces: &[Piece], prefix: &str) -> bool {
    pieces.split_last().is_some_and(|(last, start)| {
        *last == Piece::Any && start.iter().copied().eq(prefix.chars().chain([':']).map(Piece::Char))
    })
}

/// An action that the document names, as AWS spells it where that is known.
fn spelled(action: &ActionPattern) -> String {
    service::spelled(&action.raw).unwrap_or_else(|| action.raw.clone())
}

/// Actions of a service that is not known: those that the document names, then those that exist, then made-up ones.
fn anything(named: &[&ActionPattern], told: bool, complete: &mut bool, budget: &mut Budget) -> Vec<String> {
    let word = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let possible = |name: &str| {
        name.split_once(':')
            .is_some_and(|(prefix, action)| word(prefix) && word(action))
    };
    let exact = |action: &&&ActionPattern| matches!(action.pattern, Pattern::Exact(_)) && possible(&action.raw);
    let mut names: Vec<String> = named.iter().filter(exact).map(|action| spelled(action)).collect();
    if told {
        names.extend(WELL_KNOWN.map(str::to_owned));
        let globs = named.iter().filter(|action| matches!(action.pattern, Pattern::Glob(_)));
        for service in services(globs.map(|action| action.raw.as_str())) {
            names.extend(service.actions().map(|(prefix, name)| format!("{prefix}:{name}")));
        }
    } else {
        names.extend(service::keyless_actions());
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
    let listed: BTreeSet<String> = names.iter().map(|name| name.to_ascii_lowercase()).collect();
    names.extend(found.values.into_iter().filter(|lower| !listed.contains(lower)));
    names
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
