//! Resources by their ids, with eventually consistent reads.

use std::collections::BTreeMap;
use std::sync::Arc;

use fastrand::Rng;
use jiff::Timestamp;

/// Keeps the earlier state of each resource as long as a reader may still see it.
#[derive(Debug)]
pub(crate) struct Store<T>(BTreeMap<String, Slot<T>>);

#[derive(Debug)]
struct Slot<T> {
    current: Option<Arc<T>>,
    stale: Option<Stale<T>>,
}

#[derive(Debug)]
struct Stale<T> {
    was: Option<Arc<T>>,
    until: Timestamp,
}

impl<T> Default for Store<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T> Store<T> {
    /// The present state, which readers may not see yet.
    pub(crate) fn get(&self, id: &str) -> Option<&Arc<T>> {
        self.0.get(id)?.current.as_ref()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<T>> {
        self.0.values().filter_map(|slot| slot.current.as_ref())
    }

    /// Adds, replaces or removes, and returns the earlier state.
    pub(crate) fn put(&mut self, id: &str, item: Option<Arc<T>>, stale_until: Option<Timestamp>) -> Option<Arc<T>> {
        match self.0.get_mut(id) {
            Some(slot) => {
                let was = std::mem::replace(&mut slot.current, item);
                if let Some(until) = stale_until {
                    match &mut slot.stale {
                        // A reader may be several writes behind.
                        Some(stale) => stale.until = stale.until.max(until),
                        None => {
                            slot.stale = Some(Stale {
                                was: was.clone(),
                                until,
                            })
                        }
                    }
                }
                was
            }
            None => {
                let stale = stale_until.map(|until| Stale { was: None, until });
                self.0.insert(id.to_owned(), Slot { current: item, stale });
                None
            }
        }
    }

    /// What one reader sees of it.
    pub(crate) fn read(&mut self, id: &str, now: Timestamp, rng: &mut Rng) -> Option<Arc<T>> {
        self.0.get_mut(id)?.seen(now, rng).cloned()
    }

    /// What one reader sees of all after this id, in the order of ids.
    pub(crate) fn read_all<'a>(
        &'a mut self,
        after: &str,
        now: Timestamp,
        rng: &'a mut Rng,
    ) -> impl Iterator<Item = &'a Arc<T>> {
        let rest = self
            .0
            .range_mut::<str, _>((std::ops::Bound::Excluded(after), std::ops::Bound::Unbounded));
        rest.filter_map(move |(_, slot)| slot.seen(now, rng))
    }
}

impl<T> Slot<T> {
    /// While a write spreads, each read may return either state.
    fn seen(&mut self, now: Timestamp, rng: &mut Rng) -> Option<&Arc<T>> {
        if self.stale.as_ref().is_some_and(|stale| stale.until <= now) {
            self.stale = None;
        }
        match &self.stale {
            Some(stale) if rng.bool() => stale.was.as_ref(),
            _ => self.current.as_ref(),
        }
    }
}
