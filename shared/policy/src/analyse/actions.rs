//! The actions that a document can tell apart.

use std::collections::BTreeSet;

use super::bits::Bits;
use super::budget::Budget;
use super::model::Model;
use super::strings::{Domain, WORD, candidates};
use crate::document::{ActionPattern, Statement};
use crate::federation;
use crate::glob::{Pattern, Piece};
use crate::service::{Keyless, Service};

#[derive(Clone, Debug)]
pub(super) struct Action {
    pub(super) name: String,
    /// Statements that do not fail on this action.
    pub(super) sig: Bits,
}

/// Actions that readers know, so that witnesses name them where they can.
const WELL_KNOWN: [&str; 12] = [
    "s3:GetObject",
    "s3:PutObject",
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
        None => anything(&named, complete, budget),
    };
    let wanted = |lower: &str| {
        let service = model.service.as_ref();
        !federation::is_call(lower) && service.is_none_or(|service| keyless(service, lower) != told)
    };
    let names = names.into_iter().filter(|name| wanted(&name.to_ascii_lowercase()));
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
    let names = model
        .service
        .iter()
        .flat_map(|service| service.actions_without_resource());
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

fn keyless(service: &Service, action: &str) -> bool {
    match service.keyless() {
        Keyless::None => false,
        Keyless::All => true,
        Keyless::Some(list) => list.iter().any(|name| name.eq_ignore_ascii_case(action)),
    }
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
                    names.push(action.raw.clone());
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
            !exact.contains(lower.as_str()) && !federation::is_call(name) && keyless(service, &lower) != told
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

/// Actions of a service that is not known.
fn anything(named: &[&ActionPattern], complete: &mut bool, budget: &mut Budget) -> Vec<String> {
    let patterns: Vec<Pattern> = named.iter().map(|action| action.pattern.clone()).collect();
    let base = [Piece::Field, Piece::Char(':'), Piece::Field];
    let possible = |name: &str| {
        name.split_once(':').is_some_and(|(prefix, action)| {
            let word = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
            word(prefix) && word(action)
        })
    };
    let domain = Domain {
        base: &base,
        possible: &possible,
        ..WORD
    };
    let found = candidates(&patterns, &domain, budget);
    *complete &= found.complete;
    let spelled = |lower: String| {
        named
            .iter()
            .find(|action| action.raw.eq_ignore_ascii_case(&lower))
            .map_or(lower, |a| a.raw.clone())
    };
    found.values.into_iter().map(spelled).collect()
}
