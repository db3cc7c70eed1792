//! Services that call for a principal, one after the other: `aws:CalledVia` with its first and its last.

use std::collections::BTreeSet;

use super::super::budget::Budget;
use super::super::model::Model;
use super::super::strings::candidates;
use super::{Choice, Compared, value_types};
use crate::condition_keys::ValueType;

const ALL: &str = "aws:calledvia";
const FIRST: &str = "aws:calledviafirst";
const LAST: &str = "aws:calledvialast";

/// So many names are put into chains.
const MOST_NAMES: usize = 7;

/// The places of the keys of a chain in [`Model::keys`], where the document names more than one of them. The first stands
/// for all. Nothing where variables name them, since these are followed key by key.
pub(super) fn of(model: &Model<'_>) -> Vec<usize> {
    let keys = model.keys.iter().enumerate();
    let named: Vec<_> = keys.filter(|(_, key)| [ALL, FIRST, LAST].contains(&key.id)).collect();
    if named.len() < 2 || named.iter().any(|(_, key)| key.linked || key.source) {
        return Vec::new();
    }
    named.into_iter().map(|(at, _)| at).collect()
}

/// Whether another key stands for the one of this place.
pub(super) fn is_merged(model: &Model<'_>, at: usize) -> bool {
    of(model).iter().skip(1).any(|other| *other == at)
}

/// The chains that the document tells apart.
pub(super) fn choices(model: &Model<'_>, keys: &[usize], complete: &mut bool, budget: &mut Budget) -> Vec<Choice> {
    let keys: Vec<_> = keys.iter().filter_map(|at| model.keys.get(*at)).collect();
    let mut compared = Compared::default();
    for (_, condition) in keys.iter().flat_map(|key| &key.conditions) {
        compared.add(condition, model.interpretation, None);
    }
    let found = candidates(&compared.patterns, &value_types::domain(ValueType::ServiceName), budget);
    let mut names = found.values;
    names.retain(|name| ValueType::ServiceName.fits(name));
    *complete &= found.complete && names.len() <= MOST_NAMES;
    names.truncate(MOST_NAMES);
    let mut chains: Vec<Vec<&String>> = vec![Vec::new()];
    for length in 1..=3 {
        let longer = chains.iter().filter(|chain| chain.len() == length - 1);
        let longer = longer.flat_map(|chain| {
            let others = names.iter().filter(|name| !chain.contains(name));
            others.map(|name| chain.iter().copied().chain([name]).collect())
        });
        let longer: Vec<Vec<&String>> = longer.collect();
        chains.extend(longer);
    }
    let mut distinct = BTreeSet::new();
    let mut all = Vec::new();
    for chain in chains {
        if !budget.spend(2 + keys.iter().map(|key| key.weight * chain.len().max(1)).sum::<usize>()) {
            *complete = false;
            break;
        }
        let values: Vec<String> = chain.into_iter().cloned().collect();
        let sigs = keys.iter().map(|key| {
            let own = told(key.id, &values);
            let texts: Vec<&str> = own.iter().map(String::as_str).collect();
            model.sig_of(key, &texts, None)
        });
        let sig = sigs.fold(crate::bits::Bits::ALL, |all, sig| all & sig);
        if distinct.insert((sig, values.is_empty())) {
            all.push(Choice { values, sig });
        }
    }
    all
}

/// The values of all keys that the one of this place stands for, if it has these.
pub(super) fn expanded(model: &Model<'_>, at: usize, values: &[String]) -> Vec<(usize, Vec<String>)> {
    let keys = of(model);
    if keys.first() != Some(&at) {
        return vec![(at, values.to_vec())];
    }
    let told = |at: usize| model.keys.get(at).map(|key| (at, told(key.id, values)));
    keys.into_iter().filter_map(told).collect()
}

/// What a key tells of a chain.
fn told(id: &str, chain: &[String]) -> Vec<String> {
    match id {
        FIRST => chain.first().into_iter().cloned().collect(),
        LAST => chain.last().into_iter().cloned().collect(),
        _ => chain.to_vec(),
    }
}
