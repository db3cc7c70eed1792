//! Callers and owners of whom it is known beforehand that no request is allowed.

use std::collections::BTreeMap;

use super::super::budget::Budget;
use super::super::callers::{Caller, Session};
use super::super::model::Model;
use super::{ActionClass, Goal, Search};
use crate::bits::Bits;

/// All that a search depends on besides the statements that are left.
pub(super) type Lies<'s> = (Caller, Session, [bool; 3], &'s str, &'s str);

/// The statements that principals and owners left where nothing else could make a request of them.
#[derive(Default)]
pub(super) struct PruneCache<'s>(BTreeMap<Lies<'s>, Vec<Bits>>);

impl<'s> PruneCache<'s> {
    pub(super) fn add(&mut self, lies: Lies<'s>, bits: Bits) {
        self.0.entry(lies).or_default().push(bits);
    }

    /// Whether the search was in pruned with no fewer Allows and no more Denies.
    pub(super) fn has(&self, lies: Lies<'s>, bits: Bits, model: &Model<'_>, budget: &mut Budget) -> bool {
        let all = self.0.get(&lies).map_or(&[][..], Vec::as_slice);
        budget.spend(all.len() / 8);
        let (allows, denies) = (bits & model.allow, bits & model.deny);
        all.iter()
            .any(|pruned| allows.within(*pruned) && (*pruned & model.deny).within(denies))
    }
}

impl Search<'_, '_> {
    /// The Denies that no action, resource, key or instant of a class can make fail.
    pub(super) fn stays(&self, class: &ActionClass, goal: Goal) -> Bits {
        let model = self.model;
        let mut bits = (self.constant & model.deny).without(model.linked);
        for (place, element) in model.resources.iter().enumerate() {
            if element.not || !element.every {
                bits.remove(place);
            }
        }
        if let Goal::Lost { first, .. } = goal {
            (first..model.statements.len()).for_each(|new| bits.remove(new));
        }
        let actions = class
            .groups
            .iter()
            .flat_map(|group| &group.actions)
            .map(|action| action.sig);
        let choices = self.choices.iter().flatten().chain(&self.instants);
        actions
            .chain(choices.map(|choice| choice.sig))
            .fold(bits, |bits, sig| bits & sig)
    }
}

/// Whether the statements are left that the question is about.
pub(super) fn asks(goal: Goal, bits: Bits) -> bool {
    match goal {
        Goal::Lost { place, .. } => bits.has(place),
        Goal::Identity | Goal::Resource | Goal::Reach => true,
    }
}
