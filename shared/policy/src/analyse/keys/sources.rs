//! The resource for which a service calls: its ARN, its account, and where the account is in an organisation belong
//! together.
//!
//! An ARN may have no account, such as those of buckets; the keys of the organisation come both or not at all:
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-sourcearn>
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-sourceorgpaths>

use std::collections::BTreeSet;

use super::super::budget::Budget;
use super::super::identities::below_organization;
use super::super::model::arns::arns;
use super::super::model::{Key, Model};
use super::super::owners::Owner;
use super::super::strings::candidates;
use super::{Choice, Compared, value_types};
use crate::arn::{Arn, is_account};
use crate::bits::Bits;
use crate::condition_keys::ValueType;
use crate::document::Values;
use crate::glob::{Pattern, Piece};
use crate::operators::Operator;

/// In the order of the values of a choice, which are empty for a missing key.
const ALL: [&str; 4] = [
    "aws:sourcearn",
    "aws:sourceaccount",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
];

/// The places in [`Model::keys`] of the keys that the document names, where these are more than one. The first stands for
/// all. Nothing where variables name them, or patterns that may go across the fields of an ARN: these are followed key by
/// key.
fn of(model: &Model<'_>) -> Vec<usize> {
    let keys = model.keys.iter().enumerate();
    let named: Vec<_> = keys.filter(|(_, key)| ALL.contains(&key.id)).collect();
    let across = |key: &Key<'_>| {
        let mut conditions = key.conditions.iter();
        let texts = conditions.all(|(_, condition)| {
            condition.operator == Operator::Null || matches!(&condition.values, Values::Texts(_))
        });
        !texts || (key.id == "aws:sourcearn" && arns(key, None).is_none())
    };
    if named.len() < 2 || named.iter().any(|(_, key)| key.linked || key.source || across(key)) {
        return Vec::new();
    }
    named.into_iter().map(|(at, _)| at).collect()
}

/// The same where the key of this place is the one that stands for all.
pub(super) fn first_of(model: &Model<'_>, at: usize) -> Option<Vec<usize>> {
    model.keys.get(at).filter(|key| ALL.contains(&key.id))?;
    Some(of(model)).filter(|keys| keys.first() == Some(&at))
}

/// Whether another key stands for the one of this place.
pub(in super::super) fn is_merged(model: &Model<'_>, at: usize) -> bool {
    of(model).iter().skip(1).any(|other| *other == at)
}

/// The values of all keys that the one of this place stands for, if it has these.
pub(super) fn expanded(model: &Model<'_>, at: usize, values: &[String]) -> Option<Vec<(usize, Vec<String>)>> {
    let keys = first_of(model, at)?;
    let told = |at: usize| {
        let value = told_by(model.keys.get(at)?.id, values);
        Some((at, value.map(str::to_owned).into_iter().collect()))
    };
    Some(keys.into_iter().filter_map(told).collect())
}

/// Whether a source may have these values where the resource has this owner: if its account is the owner's, it is where
/// that is.
pub(in super::super) fn agrees(model: &Model<'_>, at: usize, values: &[String], owner: &Owner) -> bool {
    let Some(keys) = first_of(model, at) else {
        return true;
    };
    let Some(account) = account_of(values) else {
        return true;
    };
    let ids = || keys.iter().filter_map(|at| model.keys.get(*at)).map(|key| key.id);
    let tells = ids().any(|id| come_together(id, id));
    if tells && !model.setting.may_be_in(account, told_by("aws:sourceorgid", values)) {
        return false;
    }
    if !owner.told || account != &*owner.account {
        return true;
    }
    let same = |id: &str, of_owner: Option<&str>| !ids().any(|own| own == id) || told_by(id, values) == of_owner;
    same("aws:sourceorgid", owner.organization.as_deref()) && same("aws:sourceorgpaths", owner.path.as_deref())
}

/// Whether requests have two keys together or neither.
pub(in super::super) fn come_together(one: &str, other: &str) -> bool {
    let organization = |id: &str| matches!(id, "aws:sourceorgid" | "aws:sourceorgpaths");
    organization(one) && organization(other)
}

/// The value of a key among those of a source.
fn told_by<'v>(id: &str, values: &'v [String]) -> Option<&'v str> {
    let at = ALL.iter().position(|known| *known == id)?;
    values.get(at).map(String::as_str).filter(|value| !value.is_empty())
}

/// The account of a source, where it is told.
fn account_of(values: &[String]) -> Option<&str> {
    let of_arn = || {
        told_by("aws:sourcearn", values)
            .and_then(Arn::parse)
            .map(|arn| arn.account)
    };
    told_by("aws:sourceaccount", values).or_else(|| of_arn().filter(|account| is_account(account)))
}

/// The same pattern of ARNs for any account.
pub(super) fn of_any_account(fields: &[Pattern; 6]) -> Pattern {
    let mut pieces = Vec::new();
    for (at, field) in fields.iter().enumerate() {
        if at > 0 {
            pieces.push(Piece::Char(':'));
        }
        let whole = field.pieces();
        match at {
            4 => pieces.push(Piece::Field),
            5 => pieces.extend(whole),
            _ => pieces.extend(
                whole
                    .into_iter()
                    .map(|piece| if piece == Piece::Any { Piece::Field } else { piece }),
            ),
        }
    }
    Pattern::new(pieces)
}

/// The sources that the document tells apart.
pub(super) fn choices(model: &Model<'_>, places: &[usize], complete: &mut bool, budget: &mut Budget) -> Vec<Choice> {
    let keys: Vec<&Key<'_>> = places.iter().filter_map(|at| model.keys.get(*at)).collect();
    let key = |id: &str| keys.iter().copied().find(|key| key.id == id);
    let of_arns = key("aws:sourcearn").map(|key| arns(key, None).unwrap_or_default());
    let accounts = accounts(
        model,
        key("aws:sourceaccount"),
        of_arns.as_deref().unwrap_or_default(),
        complete,
        budget,
    );
    let arns = match &of_arns {
        Some(patterns) => arns_of(patterns, &accounts, complete, budget),
        None => vec![String::new()],
    };
    let memberships = memberships(
        model,
        key("aws:sourceorgid"),
        key("aws:sourceorgpaths"),
        complete,
        budget,
    );
    let told = key("aws:sourceaccount")
        .map(|_| accounts.as_slice())
        .unwrap_or_default();
    let mut distinct = BTreeSet::new();
    let mut all = Vec::new();
    for arn in &arns {
        let own = Arn::parse(arn)
            .map(|arn| arn.account)
            .filter(|account| is_account(account));
        let fits = |account: &&String| account.is_empty() || own.is_none_or(|own| own == account.as_str());
        let none = String::new();
        for account in std::iter::once(&none).chain(told).filter(fits) {
            for [organization, path] in &memberships {
                if !budget.spend(4 + keys.iter().map(|key| key.weight).sum::<usize>()) {
                    *complete = false;
                    return all;
                }
                let values = [arn, account, organization, path].map(Clone::clone);
                let sigs = keys.iter().map(|key| {
                    let own = told_by(key.id, &values);
                    model.sig_of(key, own.as_slice(), None)
                });
                let sig = sigs.fold(Bits::ALL, |all, sig| all & sig);
                let known = account_of(&values).map(|account| [account.to_owned(), organization.clone(), path.clone()]);
                let missing = values.iter().all(String::is_empty);
                if distinct.insert((
                    sig,
                    missing,
                    known.filter(|_| !organization.is_empty() || memberships.len() > 1),
                )) {
                    let values = if missing { Vec::new() } else { values.to_vec() };
                    all.push(Choice { values, sig });
                }
            }
        }
    }
    // The fewest keys first.
    all.sort_by_key(|choice| choice.values.iter().filter(|value| !value.is_empty()).count());
    all
}

/// Two accounts of each kind that is told apart, so that one of them is not the resource's owner.
fn accounts(
    model: &Model<'_>,
    key: Option<&Key<'_>>,
    arns: &[[Pattern; 6]],
    complete: &mut bool,
    budget: &mut Budget,
) -> Vec<String> {
    let mut compared = Compared::default();
    for (_, condition) in key.into_iter().flat_map(|key| &key.conditions) {
        compared.add(condition, model.interpretation, None);
    }
    compared
        .patterns
        .extend(arns.iter().map(|[_, _, _, _, account, _]| account.clone()));
    let domain = value_types::domain(ValueType::Account);
    let mut all = compared.others;
    for letters in ["907852", "258709"] {
        let found = candidates(&compared.patterns, &super::Domain { letters, ..domain }, budget);
        *complete &= found.complete;
        all.extend(found.values);
    }
    let mut seen = BTreeSet::new();
    all.retain(|account| is_account(account) && seen.insert(account.clone()));
    all
}

/// ARNs of each kind that is told apart, of each of these accounts and of none. The first is a missing one.
fn arns_of(patterns: &[[Pattern; 6]], accounts: &[String], complete: &mut bool, budget: &mut Budget) -> Vec<String> {
    let found = candidates(
        &patterns.iter().map(of_any_account).collect::<Vec<_>>(),
        &value_types::domain(ValueType::Arn),
        budget,
    );
    *complete &= found.complete;
    let literal = patterns.iter().filter_map(|[_, _, _, _, account, _]| match account {
        Pattern::Exact(text) if !is_account(text) => Some(text.clone()),
        _ => None,
    });
    let owners: BTreeSet<String> = accounts.iter().cloned().chain(literal).chain([String::new()]).collect();
    let mut all = vec![String::new()];
    for arn in &found.values {
        let Some(arn) = Arn::parse(arn) else { continue };
        let Arn {
            partition,
            service,
            region,
            resource,
            ..
        } = arn;
        let of = |owner: &String| format!("arn:{partition}:{service}:{region}:{owner}:{resource}");
        all.extend(owners.iter().map(of));
    }
    all
}

/// Organisations with a path in them, the first of none.
fn memberships(
    model: &Model<'_>,
    id: Option<&Key<'_>>,
    path: Option<&Key<'_>>,
    complete: &mut bool,
    budget: &mut Budget,
) -> Vec<[String; 2]> {
    let mut all = vec![[String::new(), String::new()]];
    let patterns = |key: Option<&Key<'_>>| {
        let mut compared = Compared::default();
        for (_, condition) in key.into_iter().flat_map(|key| &key.conditions) {
            compared.add(condition, model.interpretation, None);
        }
        compared.patterns
    };
    if id.is_none() && path.is_none() {
        return all;
    }
    let of_paths = patterns(path);
    let mut organizations = patterns(id);
    for pattern in &of_paths {
        let pieces = pattern.pieces();
        let to_slash: Vec<Piece> = pieces
            .iter()
            .copied()
            .take_while(|piece| *piece != Piece::Char('/'))
            .collect();
        let to_star = to_slash.iter().position(|piece| *piece == Piece::Any);
        organizations.extend(
            to_star
                .and_then(|at| to_slash.get(..=at))
                .map(|start| Pattern::new(start.to_vec())),
        );
        organizations.push(Pattern::new(to_slash));
    }
    let mut found = candidates(&organizations, &value_types::domain(ValueType::Organization), budget);
    *complete &= found.complete;
    // A second one of each kind.
    let domain = value_types::domain(ValueType::Organization);
    let second = candidates(
        &organizations,
        &super::Domain {
            fillings: &["qqqqqqqqqqq", "qqq", "", "0000000000"],
            ..domain
        },
        budget,
    );
    found.values.extend(second.values);
    let mut seen = BTreeSet::new();
    for organization in found.values.iter().filter(|id| seen.insert((*id).clone())) {
        let (paths, all_paths) = below_organization(&of_paths, organization, budget);
        *complete &= all_paths;
        all.extend(paths.into_iter().map(|path| [organization.clone(), path]));
    }
    all
}
