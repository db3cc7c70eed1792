//! The condition keys of a document.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::{KeyMeaning, Model};
use crate::condition_keys::ConditionKey;
use crate::document::Condition;
use crate::text::Text;

/// Steps that putting values in the place of the variables of a text takes.
pub(super) const RESOLVING: usize = 16;

/// A condition key of the document, whether or not some request may fit the statements that name it.
#[derive(Debug)]
pub(in super::super) struct Named<'d> {
    /// In lower case.
    pub(in super::super) id: &'d str,
    /// As in the document.
    pub(in super::super) name: &'d str,
    pub(in super::super) kind: KeyMeaning,
    /// Whether AWS has such a key.
    pub(super) known: bool,
}

/// A condition key that tells requests apart.
#[derive(Debug)]
pub(in super::super) struct Key<'d> {
    /// In lower case.
    pub(in super::super) id: &'d str,
    /// As in the document.
    pub(in super::super) name: &'d str,
    pub(in super::super) kind: KeyMeaning,
    /// The value that every request has, where it is the same in all.
    pub(in super::super) constant: Option<&'d str>,
    /// What AWS publishes of it. Nothing when AWS has no such key.
    pub(in super::super) fact: Option<ConditionKey>,
    /// The place of the statement, and its condition on this key.
    pub(in super::super) conditions: Vec<(usize, Cow<'d, Condition>)>,
    /// Whether a condition on it has a variable.
    pub(in super::super) linked: bool,
    /// How long it takes to compare a value with it, in steps of the budget.
    pub(in super::super) weight: usize,
    /// Whether a variable somewhere names this key.
    pub(in super::super) source: bool,
}

impl Key<'_> {
    /// Whether a condition on it has variables whose values it does not tell itself: the ARN of a user ends in its name.
    pub(in super::super) fn links(&self, condition: &Condition) -> bool {
        let user = |text: &Text| {
            let mut variables = text.variables();
            variables.all(|variable| variable.key == "aws:username" && variable.default.is_none())
        };
        condition.linked() && !(self.kind == KeyMeaning::PrincipalArn && condition.texts().iter().all(user))
    }

    /// The conditions with such variables.
    pub(in super::super) fn linked_conditions(&self) -> impl Iterator<Item = &Condition> {
        let conditions = self.conditions.iter().map(|(_, condition)| condition.as_ref());
        conditions.filter(|condition| self.links(condition))
    }
}

impl Model<'_> {
    /// Marks the keys that variables name.
    pub(super) fn mark_sources(&mut self) {
        let variables = self.linked_texts().flat_map(Text::variables);
        let ids: BTreeSet<String> = variables.map(|variable| variable.key.clone()).collect();
        for key in self.keys.iter_mut().filter(|key| ids.contains(key.id)) {
            key.source = true;
        }
    }

    /// Every text with a variable that some request is compared with.
    pub(in super::super) fn linked_texts(&self) -> impl Iterator<Item = &Text> {
        let compared = self
            .keys
            .iter()
            .flat_map(Key::linked_conditions)
            .flat_map(Condition::texts);
        let compared = compared.filter(|text| text.fixed().is_none());
        compared.chain(self.resources.iter().flat_map(|element| element.linked.iter().copied()))
    }
}

/// Steps that comparing a key with the values of a condition takes.
pub(super) fn weight(condition: &Condition) -> usize {
    let resolved = if condition.linked() { RESOLVING } else { 0 };
    1 + condition.len() + resolved * condition.texts().len()
}
