//! Conditions and resources with variables: every value that a variable may have is tried, then they are like any other.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::rc::Rc;

use super::super::budget::Budget;
use super::super::callers::{Caller, Session};
use super::super::keys::{Choice, Suggested, choices, possible};
use super::super::model::KeyMeaning;
use super::super::model::{Key, Model};
use super::super::resources::{nowheres, resources};
use super::{Parts, Place, Request, Search, key_at, solve};
use crate::bits::Bits;
use crate::glob::{Pattern, Piece, folded_pieces};
use crate::operators::Family;
use crate::text::{ArnPattern, Form, Part, Text};

const MOST_COMBINATIONS: usize = 4_000;

/// Values of variables, in the order in which the document names them.
pub(super) type Values = Vec<Option<String>>;

/// All that the search below a choice of values depends on.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Case {
    bits: Bits,
    caller: Caller,
    session: Session,
    class: Rc<str>,
    flags: [bool; 3],
    account: Rc<str>,
    resources: Values,
    keys: Values,
    picked: Vec<Bits>,
}

impl<'m, 'd> Search<'m, 'd> {
    pub(super) fn follow<T>(
        &mut self,
        place: &Place<'_>,
        bits: Bits,
        followed: &mut BTreeSet<Case>,
        budget: &mut Budget,
        judge: &mut dyn FnMut(&Request) -> Option<T>,
    ) -> Option<T> {
        let model = self.model;
        let sources: Vec<usize> = self
            .free
            .iter()
            .copied()
            .filter(|at| key_at(model, *at).is_some_and(|key| key.source))
            .collect();
        let mut options: Vec<Vec<Vec<String>>> = Vec::new();
        for at in &sources {
            if !budget.spend(model.resolving) {
                return None;
            }
            let Some(key) = key_at(model, *at) else { continue };
            let more = suggestions(model, place, key, &self.shapes, budget);
            let found = choices(model, key, None, &more, &mut self.complete, budget);
            options.push(
                found
                    .into_iter()
                    .map(|choice| choice.values)
                    .filter(|values| possible(model, key, place.principal, values))
                    .collect(),
            );
        }
        let combinations = options
            .iter()
            .fold(1_usize, |count, option| count.saturating_mul(option.len()));
        self.complete &= combinations <= MOST_COMBINATIONS;
        for number in 0..combinations.min(MOST_COMBINATIONS) {
            if !budget.spend(16 + model.resolving) {
                return None;
            }
            let mut left = number;
            let picked: Vec<(usize, &Vec<String>)> = sources
                .iter()
                .zip(&options)
                .filter_map(|(at, option)| {
                    let pick = option.get(left % option.len().max(1))?;
                    left /= option.len().max(1);
                    Some((*at, pick))
                })
                .collect();
            let found = self.with(place, bits, &picked, followed, budget, judge);
            if found.is_some() {
                return found;
            }
        }
        None
    }

    fn with<T>(
        &mut self,
        place: &Place<'_>,
        bits: Bits,
        picked: &[(usize, &Vec<String>)],
        followed: &mut BTreeSet<Case>,
        budget: &mut Budget,
        judge: &mut dyn FnMut(&Request) -> Option<T>,
    ) -> Option<T> {
        let model = self.model;
        let value_of = |(at, key): (usize, &'m Key<'d>)| match place.value(key.kind) {
            Some(value) => value,
            None if key.kind == KeyMeaning::Constant => key.constant,
            None => match picked.iter().find(|(picked, _)| *picked == at)?.1.as_slice() {
                [one] => Some(one.as_str()),
                _ => None,
            },
        };
        let sources = model.keys.iter().enumerate().filter(|(_, key)| key.source);
        let told: Vec<(&str, Option<&str>)> = sources.map(|source| (source.1.id, value_of(source))).collect();
        let lookup = |id: &str| -> Option<String> {
            let value = match told.iter().find(|(known, _)| *known == id) {
                Some((_, value)) => *value,
                // No other key's value tells anything apart.
                None => place.value(model.kind(id)).flatten(),
            };
            value.map(str::to_owned)
        };
        let mut bits = bits & model.linked_sig(|kind| place.value(kind), &lookup);
        for key in model
            .keys
            .iter()
            .filter(|key| key.linked && key.kind == KeyMeaning::Constant)
        {
            bits = bits & model.sig_of(key, key.constant.as_slice(), Some(&lookup));
        }
        if (bits & model.allow).is_empty() {
            return None;
        }
        let values = |texts: &mut dyn Iterator<Item = &Text>| -> Values {
            texts
                .flat_map(Text::variables)
                .map(|variable| lookup(&variable.key))
                .collect()
        };
        let picks: Vec<(usize, Choice)> = picked
            .iter()
            .filter_map(|(at, values)| {
                let key = key_at(model, *at)?;
                let texts: Vec<&str> = values.iter().map(String::as_str).collect();
                let sig = model.sig_of(key, &texts, Some(&lookup));
                Some((
                    *at,
                    Choice {
                        values: (*values).clone(),
                        sig,
                    },
                ))
            })
            .collect();
        let free = self
            .free
            .iter()
            .filter_map(|at| key_at(model, *at))
            .filter(|key| key.linked);
        let case = Case {
            bits,
            caller: place.principal.caller,
            session: place.principal.session,
            class: Rc::clone(&place.principal.class),
            flags: place.flags(),
            account: Rc::clone(&place.owner.account),
            resources: values(
                &mut model
                    .resources
                    .iter()
                    .flat_map(|element| element.linked.iter().copied()),
            ),
            keys: values(&mut free.flat_map(|key| key.conditions.iter().flat_map(|(_, condition)| condition.texts()))),
            picked: picks.iter().map(|(_, choice)| choice.sig).collect(),
        };
        let trusted = self.trusts(place.goal);
        let key = (Rc::clone(&case.account), trusted, case.resources.clone());
        if !followed.insert(case) {
            return None;
        }
        if !place.class.alone && !self.resolved.contains_key(&key) {
            let found = resources(
                model,
                &self.known,
                &place.owner.account,
                trusted,
                Some(&lookup),
                &mut self.complete,
                budget,
            );
            self.resolved.insert(key.clone(), found);
        }
        let mut own: Vec<Cow<'_, [Choice]>> = Vec::new();
        for (at, fixed) in self.free.iter().zip(&self.choices) {
            let Some(key) = key_at(model, *at) else { continue };
            if let Some((_, choice)) = picks.iter().find(|(source, _)| source == at) {
                own.push(Cow::Borrowed(std::slice::from_ref(choice)));
            } else if key.linked {
                let suggested = Suggested::default();
                let found = choices(model, key, Some(&lookup), &suggested, &mut self.complete, budget);
                own.push(Cow::Owned(found));
            } else {
                own.push(Cow::Borrowed(fixed.as_slice()));
            }
        }
        let none;
        let found = if place.class.alone {
            none = nowheres(model, &self.known, Some(&lookup));
            none.as_slice()
        } else {
            self.resolved.get(&key)?
        };
        let dims: Vec<&[Choice]> = own.iter().map(AsRef::as_ref).collect();
        let parts = Parts {
            resources: found,
            free: &self.free,
            dims: &dims,
            instants: &self.instants,
        };
        solve(model, place, bits, &parts, &mut self.complete, budget, judge)
    }
}

/// Values and patterns that make texts with this key as a variable fit what they are compared with. `shapes` are the
/// texts of resources.
fn suggestions(
    model: &Model<'_>,
    place: &Place<'_>,
    source: &Key<'_>,
    shapes: &[String],
    budget: &mut Budget,
) -> Suggested {
    let id = source.id;
    let mut all = Suggested::default();
    let told = |key: &str| {
        let kind = model.kind(key);
        let value = place.value(kind).unwrap_or_else(|| model.constant(key).flatten());
        value.map(str::to_owned)
    };
    // What it is compared with itself, where that is told.
    let compared = source.conditions.iter().flat_map(|(_, condition)| condition.texts());
    let lone = compared.filter_map(|text| match text.parts() {
        [Part::Variable(variable)] => told(&variable.key),
        _ => None,
    });
    all.values.extend(lone);
    for key in model.keys.iter().filter(|key| key.linked) {
        let texts = || key.conditions.iter().flat_map(|(_, condition)| condition.texts());
        let fixed: Vec<&Text> = texts().filter(|text| text.fixed().is_some()).collect();
        let own = told(key.id);
        let targets: Vec<String> = own
            .into_iter()
            .chain(fixed.iter().map(|text| text.raw.clone()))
            .collect();
        for (_, condition) in &key.conditions {
            let names = |text: &&Text| text.variables().any(|variable| variable.key == id);
            let folded = matches!(condition.operator.family(), Family::Text { ignore_case: true, .. });
            for text in condition.texts().iter().filter(names) {
                budget.spend(1 + targets.len());
                let mut values = Vec::new();
                fitting(text, id, &targets, &mut values);
                if folded {
                    all.patterns
                        .extend(values.iter().map(|value| Pattern::new(folded_pieces(value))));
                }
                all.values.extend(values);
                let patterns = fixed.iter().filter_map(|text| match text.fixed() {
                    Some(Form::Text(pattern @ Pattern::Glob(_))) => Some(pattern.clone()),
                    _ => None,
                });
                all.patterns.extend(patterns);
            }
        }
    }
    let names = |text: &&Text| text.variables().any(|variable| variable.key == id);
    for text in model.linked_texts().filter(names) {
        budget.spend(8 + 2 * shapes.len());
        fitting(text, id, shapes, &mut all.values);
    }
    let defaults = model
        .linked_texts()
        .flat_map(Text::variables)
        .filter(|variable| variable.key == id);
    all.values
        .extend(defaults.filter_map(|variable| variable.default.clone()));
    all
}

/// More patterns of resources are not tried on variables.
const MOST_SHAPES: usize = 64;

/// The patterns of resources as texts, each wildcard as one letter. None where no text has a variable.
pub(super) fn shapes(model: &Model<'_>) -> Vec<String> {
    if model.linked.is_empty() {
        return Vec::new();
    }
    let letter = |piece: Piece| match piece {
        Piece::Char(c) => c,
        _ => 'z',
    };
    let text = |pattern: &ArnPattern| pattern.pieces().into_iter().map(letter).collect();
    model.patterns().take(MOST_SHAPES).map(text).collect()
}

/// The values of the variable with which the text stands for one of the targets.
fn fitting(text: &Text, id: &str, targets: &[String], all: &mut Vec<String>) {
    let parts = text.parts();
    let Some(at) = parts
        .iter()
        .position(|part| matches!(part, Part::Variable(v) if v.key == id))
    else {
        return;
    };
    let literal = |part: &Part| match part {
        Part::Piece(Piece::Char(c)) => Some(*c),
        _ => None,
    };
    let (before, after) = parts.split_at(at);
    let start: Vec<char> = before.iter().rev().map_while(literal).collect();
    let whole = start.len() == before.len();
    let start: String = start.iter().rev().collect();
    let end: String = after.iter().skip(1).map_while(literal).collect();
    for target in targets {
        // After a wildcard the start may be anywhere.
        let rest = match whole {
            true => target.strip_prefix(&start),
            false => target
                .rsplit_once(&start)
                .map(|(_, rest)| rest)
                .filter(|_| !start.is_empty()),
        };
        let Some(rest) = rest else {
            continue;
        };
        let value = if end.is_empty() {
            Some(rest)
        } else {
            rest.split_once(&end).map(|(value, _)| value)
        };
        if let Some(value) = value.filter(|value| !value.is_empty() && value.len() <= 256) {
            let value = value.to_owned();
            if !all.contains(&value) && all.len() < 64 {
                all.push(value);
            }
        }
    }
}
