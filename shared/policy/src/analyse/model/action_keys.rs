//! Which actions have the condition keys that a document names.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::Model;
use crate::bits::Bits;
use crate::service::{self, Published};

/// Keys that AWS publishes for some actions only.
#[derive(Default)]
pub(super) struct ActionKeys<'d> {
    /// Their places in [`Model::keys`], with their names in lower case.
    keys: Vec<(usize, &'d str)>,
    /// Whether only keys of other services count.
    of_others: bool,
    /// The same with their places in a service, by the prefix of its actions.
    places: RefCell<BTreeMap<&'static str, Vec<(usize, Bits)>>>,
}

impl<'d> ActionKeys<'d> {
    pub(super) fn new(keys: impl Iterator<Item = (usize, &'d str)>, of_others: bool) -> Self {
        Self {
            keys: keys.collect(),
            of_others,
            places: RefCell::default(),
        }
    }

    fn lacks(&self, action: &Published) -> Bits {
        let mut all = self.places.borrow_mut();
        let places = all.entry(action.prefix).or_insert_with(|| {
            let service = service::of_prefix(action.prefix);
            let places = |id: &str| match service {
                Some(service) if self.of_others && service.key(id).is_some() => Bits::ALL,
                service => service.map_or(Bits::NONE, |service| service.key_places(id)),
            };
            self.keys.iter().map(|(at, id)| (*at, places(id))).collect()
        });
        let lacking = places.iter().filter(|(_, key)| !action.carries(*key));
        lacking.map(|(at, _)| *at).collect()
    }
}

impl Model<'_> {
    /// Whether the document names keys that some actions lack.
    pub(in super::super) fn has_keys_of_actions(&self) -> bool {
        !self.by_action.keys.is_empty()
    }

    /// Places of the keys of the document that no request for the action has.
    pub(in super::super) fn lacks(&self, action: &Published) -> Bits {
        match self.has_keys_of_actions() {
            true => self.by_action.lacks(action),
            false => Bits::NONE,
        }
    }
}
