//! The last field of ARNs that a document can tell apart, format by format.

use std::collections::BTreeSet;

use super::super::budget::Budget;
use super::super::model::Model;
use super::super::strings::{Domain, WORD, candidates, disjoint};
use super::starts::Start;
use super::{Entry, last_field};
use crate::arn::{Arn, is_bucket, is_bucket_character};
use crate::bits::Bits;
use crate::glob::{Pattern, Piece, meet};
use crate::service::{EXAMPLE_BUCKET, Format, covers};

/// Names with the formats that they have. Nothing in the place of a format is a name of none.
pub(super) fn names(
    model: &Model<'_>,
    patterns: &[Entry<'_>],
    start: &Start,
    trusted: bool,
    complete: &mut bool,
    budget: &mut Budget,
) -> Vec<(Option<usize>, String)> {
    let agreeing = start.agreeing.iter().filter_map(|at| patterns.get(*at));
    let (mut wanted, mut others) = (Vec::new(), Vec::new());
    for entry in agreeing {
        let Some(last) = last_field(entry.pattern).filter(|last| **last != Pattern::All) else {
            continue;
        };
        if entry.own || trusted {
            wanted.push(((entry.statements, entry.listed, entry.owned), last));
        } else {
            others.push(last);
        }
    }
    let (wanted, alike) = different(wanted, &others, budget);
    let avoid: Vec<&Pattern> = others.into_iter().chain(alike).collect();
    let mut all = Vec::new();
    let siblings = siblings(model, start);
    for (at, format) in siblings
        .places
        .iter()
        .filter_map(|at| Some((*at, siblings.all.get(*at)?)))
    {
        if !budget.spend(2 + wanted.len()) {
            *complete = false;
            return all;
        }
        let possible = |name: &str| siblings.has(format, name) && !is_impossible(start, name);
        let example = &format.example;
        let near = |pattern: &&&Pattern| {
            may_meet(&format.pieces, pattern) && is_feasible(&siblings, start, format, &pattern.pieces())
        };
        let wanted: Vec<&Pattern> = wanted.iter().filter(near).copied().collect();
        let by_chance = |name: &str| avoid.iter().any(|known| known.matches(name));
        if possible(example) {
            all.push((Some(at), example.clone()));
        }
        if wanted.is_empty() && !by_chance(example) {
            continue;
        }
        let feasible = |shape: &[Piece]| is_feasible(&siblings, start, format, shape);
        let domain = Domain {
            base: &format.pieces,
            possible: &possible,
            feasible: &feasible,
            fillings: &[
                "example",
                EXAMPLE_BUCKET,
                "zq-example",
                "z/q-example",
                "z:q-example",
                "zqxj",
                "",
            ],
            avoid: &avoid,
            letters: "zqxjk0",
            automaton: WORD.automaton,
            read_first: false,
            by_words: false,
        };
        let found = candidates(wanted, &domain, budget);
        *complete &= found.complete;
        all.extend(found.values.into_iter().map(|name| (Some(at), name)));
    }
    if model.setting.service.is_none() || !all.iter().any(|(format, _)| format.is_some()) {
        let domain = Domain {
            possible: &|name| !name.is_empty() && !is_impossible(start, name),
            avoid: &avoid,
            ..WORD
        };
        let found = candidates(wanted, &domain, budget);
        *complete &= found.complete;
        all.extend(found.values.into_iter().map(|name| (None, name)));
    }
    all
}

/// Where a pattern stands: in elements of these statements, in the settings as trusted, and as owned by AWS.
type Membership = (Bits, bool, bool);

/// Of patterns longer than this it takes too long to find out what they have in common with formats.
const LONG: usize = 200;

/// Fewer patterns than this are all looked at.
const FEW: usize = 8;

/// The patterns without those that are like another one: they stand in the same elements and overlap with no pattern of
/// another. And those left out.
fn different<'p>(
    all: Vec<(Membership, &'p Pattern)>,
    others: &[&Pattern],
    budget: &mut Budget,
) -> (Vec<&'p Pattern>, Vec<&'p Pattern>) {
    if all.len() < FEW {
        return (all.into_iter().map(|(_, pattern)| pattern).collect(), Vec::new());
    }
    let pieces: Vec<Vec<Piece>> = all.iter().map(|(_, pattern)| pattern.pieces()).collect();
    let others: Vec<Vec<Piece>> = others.iter().map(|pattern| pattern.pieces()).collect();
    let (mut kept, mut alike) = (Vec::new(), Vec::new());
    let mut seen: BTreeSet<&Membership> = BTreeSet::new();
    for ((own, pattern), text) in all.iter().zip(&pieces) {
        let elsewhere = all
            .iter()
            .zip(&pieces)
            .filter(|((of, _), _)| of != own)
            .map(|(_, other)| other);
        budget.spend(all.len() / 8);
        let alone = elsewhere.chain(&others).all(|other| disjoint(text, other));
        if alone && !seen.insert(own) {
            alike.push(*pattern);
        } else {
            kept.push(*pattern);
        }
    }
    (kept, alike)
}

/// The formats that ARNs of one start can have, by their places, the deepest first.
struct Siblings {
    all: &'static [Format],
    places: Vec<usize>,
}

impl Siblings {
    /// Those that take some of the names of a format for themselves.
    fn deeper(&self, format: &Format) -> impl Iterator<Item = &'static Format> {
        let deeper = format.deeper;
        let there = self.places.iter().filter(move |at| deeper.has(**at));
        there.filter_map(|at| self.all.get(*at))
    }

    /// Whether a name has this format and no deeper one.
    fn has(&self, format: &Format, name: &str) -> bool {
        let taken = || self.deeper(format).any(|deeper| covers(deeper.name, name));
        !name.is_empty() && covers(format.name, name) && !taken()
    }
}

/// The documented formats of the service's ARNs with this start.
fn siblings(model: &Model<'_>, start: &Start) -> Siblings {
    let region = Arn::parse(&start.text).map(|arn| arn.region);
    let alike = |(_, format): &(usize, &Format)| {
        format.service == start.service
            && format.region.is_empty() != start.region
            && (format.account.is_empty() != start.account)
            && (matches!(format.account, "" | "*") != start.of_aws)
            && (matches!(format.region, "" | "*") || region == Some(format.region))
    };
    let all = model.setting.service.map_or(&[][..], |service| &service.formats);
    let places = all.iter().enumerate().filter(alike).map(|(at, _)| at).rev().collect();
    Siblings { all, places }
}

/// Whether some string of the shape has this format and no deeper one, and can exist.
fn is_feasible(siblings: &Siblings, start: &Start, format: &Format, shape: &[Piece]) -> bool {
    if shape.len() > LONG {
        return true;
    }
    let takes = |deeper: &Format| meet(shape, &deeper.pieces, 8).is_some_and(|met| met.iter().any(|one| one == shape));
    let buckets = start.service == "s3" && !start.region && !start.account;
    let whole = !format.name.contains('/');
    let of_bucket = |piece: &&Piece| whole || matches!(piece, Piece::Char(_));
    let mut bucket = shape
        .iter()
        .take_while(of_bucket)
        .take_while(|piece| **piece != Piece::Char('/'));
    let named = bucket.all(|piece| match piece {
        Piece::Char(c) => is_bucket_character(*c),
        _ => true,
    });
    (!buckets || named) && !siblings.deeper(format).any(takes)
}

/// Whether nothing can have the name: buckets have rules.
fn is_impossible(start: &Start, name: &str) -> bool {
    let bucket = name.split('/').next().unwrap_or_default();
    start.service == "s3" && !start.region && !start.account && !is_bucket(bucket)
}

/// Whether a format and a pattern stand for a name together. True where that takes long to find out.
fn may_meet(format: &[Piece], pattern: &Pattern) -> bool {
    let pieces = pattern.pieces();
    if pieces.len() > LONG {
        return true;
    }
    let literal = |piece: &&Piece| matches!(piece, Piece::Char(_));
    let starts = format.iter().take_while(literal).zip(pieces.iter().take_while(literal));
    starts.clone().all(|(one, other)| one == other) && meet(format, &pieces, 8).is_none_or(|met| !met.is_empty())
}
