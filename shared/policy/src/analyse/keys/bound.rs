//! The values of keys whose ARNs are of something in the account of caller or owner: of the accounts that no pattern tells
//! apart, one stands for all, and the request has that of its caller or owner.

use std::collections::BTreeSet;

use super::super::budget::Budget;
use super::super::callers::Principal;
use super::super::model::Model;
use super::super::model::bound::Bound;
use super::super::owners::Owner;
use super::super::strings::candidates;
use super::{Choice, sources, value_types};
use crate::arn::Arn;
use crate::condition_keys::{Side, ValueType, account_of_arn};
use crate::glob::Pattern;

fn at<'m>(model: &'m Model<'_>, at: usize) -> Option<&'m Bound> {
    model.bound.iter().find(|bound| bound.at == at)
}

/// Whether caller and owner may have an ARN that nothing tells from these values.
pub(in super::super) fn agrees(
    model: &Model<'_>,
    place: usize,
    values: &[String],
    principal: &Principal,
    owner: &Owner,
) -> bool {
    let (Some(bound), Some(value)) = (at(model, place), values.first()) else {
        return true;
    };
    let (Some(arn), Some(account)) = (Arn::parse(value), account(bound.side, principal, owner)) else {
        return true;
    };
    let mut accounts = bound.accounts();
    accounts.all(|pattern| pattern.matches(arn.account) == pattern.matches(account))
}

fn account<'r>(side: Side, principal: &'r Principal, owner: &'r Owner) -> Option<&'r str> {
    match side {
        Side::Caller => Some(&principal.account),
        Side::Owner => owner.told.then_some(&*owner.account),
    }
}

/// The values of a key in a request of this caller for a resource of this owner.
pub(in super::super) fn settled(id: &str, values: &[String], principal: &Principal, owner: &Owner) -> Vec<String> {
    let account = account_of_arn(id).and_then(|of_arn| account(of_arn.side, principal, owner));
    let own = |value: &String| account.and_then(|account| of_account(value, account));
    values
        .iter()
        .map(|value| own(value).unwrap_or_else(|| value.clone()))
        .collect()
}

/// The same ARN in another account.
pub(super) fn of_account(arn: &str, account: &str) -> Option<String> {
    let Arn {
        partition,
        service,
        region,
        resource,
        ..
    } = Arn::parse(arn)?;
    Some(format!("arn:{partition}:{service}:{region}:{account}:{resource}"))
}

/// The values that the document tells apart, with those of a key that is not there, if the key of this place is bound.
pub(super) fn choices(
    model: &Model<'_>,
    place: usize,
    complete: &mut bool,
    budget: &mut Budget,
) -> Option<Vec<Choice>> {
    let bound = at(model, place)?;
    let key = model.keys.get(place)?;
    let patterns: Vec<Pattern> = bound.arns.iter().map(sources::of_any_account).collect();
    let arns = candidates(&patterns, &value_types::domain(ValueType::Arn), budget);
    let accounts = candidates(bound.accounts(), &value_types::domain(ValueType::Account), budget);
    *complete &= arns.complete && accounts.complete;
    let sig = model.sig_of(key, &[], None);
    let values = Vec::new();
    let mut all = vec![Choice { values, sig }];
    let mut distinct = BTreeSet::new();
    for account in &accounts.values {
        let class: Vec<bool> = bound.accounts().map(|pattern| pattern.matches(account)).collect();
        for arn in &arns.values {
            if !budget.spend(4 + class.len() + key.weight) {
                *complete = false;
                return Some(all);
            }
            let Some(arn) = of_account(arn, account) else { continue };
            let sig = model.sig_of(key, &[&arn], None);
            if distinct.insert((sig, class.clone())) {
                let values = vec![arn];
                all.push(Choice { values, sig });
            }
        }
    }
    Some(all)
}
