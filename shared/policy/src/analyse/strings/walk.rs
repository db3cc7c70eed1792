//! The classes of strings that patterns tell apart, found by reading all patterns and the strings of a domain letter by
//! letter at the same time. It misses no class, and takes longer than to fill the wildcards of the patterns.

use std::collections::{BTreeMap, BTreeSet};

use super::super::budget::Budget;
use super::Domain;
use crate::glob::{Piece, lower};

/// More states than this are not visited.
const MOST_STATES: usize = 4_000;

/// Reads the strings of a domain letter by letter.
#[derive(Clone, Copy)]
pub(in super::super) struct Automaton<'a> {
    pub(in super::super) start: u64,
    /// The state after a letter. Nothing where no string of the domain goes on like this.
    pub(in super::super) step: &'a dyn Fn(u64, char) -> Option<u64>,
    /// Whether a string of the domain may end here.
    pub(in super::super) ends: &'a dyn Fn(u64) -> bool,
    /// Letters that no step tells apart, in one text each.
    pub(in super::super) alike: &'a [&'a str],
}

/// Takes every string.
pub(super) const EVERY: Automaton<'static> = Automaton {
    start: 0,
    step: &|state, _| Some(state),
    ends: &|_| true,
    alike: &["zxqjkvwy0123456789bcdfghlmnprstaeiouZXQJKVWYBCDFGHLMNPRSTAEIOU-_.~"],
};

/// A pattern of which every piece has a bit.
struct Glob<'p> {
    pieces: &'p [Piece],
    stars: u128,
    /// Those of the stars that stop at colons.
    fields: u128,
}

impl<'p> Glob<'p> {
    /// Nothing for a pattern that is too long.
    fn new(pieces: &'p [Piece]) -> Option<Self> {
        let bits = |of: &[Piece]| {
            let places = pieces.iter().enumerate().filter(|(_, piece)| of.contains(piece));
            places.fold(0, |bits, (at, _)| bits | 1 << at)
        };
        (pieces.len() < 128).then(|| Self {
            pieces,
            stars: bits(&[Piece::Any, Piece::Field]),
            fields: bits(&[Piece::Field]),
        })
    }

    /// The same places, and those behind stars that stand for nothing.
    fn closed(&self, mut at: u128) -> u128 {
        loop {
            let more = at | (at & self.stars) << 1;
            if more == at {
                return at;
            }
            at = more;
        }
    }

    fn step(&self, at: u128, c: char) -> u128 {
        let takes = |piece: &Piece| match piece {
            Piece::Char(own) => *own == c,
            Piece::Fold(own) => *own == lower(c),
            Piece::One => true,
            Piece::Any | Piece::Field => false,
        };
        let places = self.places(at);
        let after = places.filter(|(_, piece)| takes(piece));
        let after = after.fold(0, |after, (place, _)| after | 1 << (place + 1));
        let staying = if c == ':' {
            self.stars & !self.fields
        } else {
            self.stars
        };
        self.closed(after | at & staying)
    }

    fn places(&self, mut at: u128) -> impl Iterator<Item = (usize, Piece)> {
        std::iter::from_fn(move || {
            let place = at.trailing_zeros() as usize;
            at &= at.checked_sub(1)?;
            self.pieces.get(place).map(|piece| (place, *piece))
        })
    }

    /// The only letter that may follow, if the pattern says which.
    fn only(&self, at: u128) -> Option<char> {
        match self.pieces.get(at.trailing_zeros() as usize) {
            Some(Piece::Char(c)) if at.is_power_of_two() => Some(*c),
            _ => None,
        }
    }

    fn ends(&self, at: u128) -> bool {
        at >> self.pieces.len() & 1 == 1
    }
}

/// Where the domain and the patterns are after some letters.
type State = (u64, Vec<u128>);

/// One string of each class that the patterns tell apart among the strings of a domain, the shortest. Nothing when that
/// takes too long.
pub(super) fn classes(patterns: &[&[Piece]], domain: &Domain<'_>, budget: &mut Budget) -> Option<Vec<String>> {
    let automaton = &domain.automaton;
    let base = Glob::new(domain.base)?;
    let globs: Vec<Glob<'_>> = patterns.iter().map(|pieces| Glob::new(pieces)).collect::<Option<_>>()?;
    let all = || std::iter::once(&base).chain(&globs);
    let start: State = (automaton.start, all().map(|glob| glob.closed(1)).collect());
    let mut known: BTreeMap<State, usize> = BTreeMap::from([(start.clone(), 0)]);
    // Each with the place of the one before it and the letter between them.
    let mut states: Vec<(State, usize, Option<char>)> = vec![(start, 0, None)];
    let mut seen: BTreeSet<Vec<bool>> = BTreeSet::new();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(((own, sets), ..)) = states.get(at).cloned() {
        let mut ends = all().zip(&sets).map(|(glob, set)| glob.ends(*set));
        if ends.next() == Some(true) && (automaton.ends)(own) && seen.insert(ends.collect()) {
            let text = spelled(&states, at);
            if !(domain.possible)(&text) {
                return None;
            }
            found.push(text);
        }
        let letters = match sets.first().and_then(|set| base.only(*set)) {
            Some(letter) => BTreeSet::from([letter]),
            None => letters(all().zip(&sets), domain),
        };
        for letter in letters {
            let Some(next) = (automaton.step)(own, letter) else {
                continue;
            };
            let next: State = (
                next,
                all().zip(&sets).map(|(glob, set)| glob.step(*set, letter)).collect(),
            );
            if !budget.spend(4 + 2 * sets.len()) {
                return None;
            }
            // Without a way to the end of the base there is no string.
            if next.1.first() == Some(&0) || known.contains_key(&next) {
                continue;
            }
            if states.len() >= MOST_STATES {
                return None;
            }
            known.insert(next.clone(), states.len());
            states.push((next, at, Some(letter)));
        }
        at += 1;
    }
    Some(found)
}

/// The letters with which the patterns go on, and one of those that none of them names of each kind.
fn letters<'g>(globs: impl Iterator<Item = (&'g Glob<'g>, &'g u128)>, domain: &Domain<'_>) -> BTreeSet<char> {
    let mut named = BTreeSet::new();
    for (glob, set) in globs {
        for (_, piece) in glob.places(*set) {
            match piece {
                Piece::Char(c) => drop(named.insert(c)),
                Piece::Fold(c) => named.extend(c.to_uppercase().chain([c])),
                Piece::Field => drop(named.insert(':')),
                Piece::One | Piece::Any => {}
            }
        }
    }
    let other = |alike: &&str| {
        let own = domain.letters.chars().filter(|letter| alike.contains(*letter));
        own.chain(alike.chars()).find(|letter| !named.contains(letter))
    };
    let others: Vec<char> = domain.automaton.alike.iter().filter_map(other).collect();
    named.extend(others);
    named
}

/// The letters on the way to a state.
fn spelled(states: &[(State, usize, Option<char>)], mut at: usize) -> String {
    let mut letters = Vec::new();
    while let Some((_, before, Some(letter))) = states.get(at) {
        letters.push(*letter);
        at = *before;
    }
    letters.into_iter().rev().collect()
}
