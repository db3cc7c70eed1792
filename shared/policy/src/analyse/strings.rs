//! Representatives of every class of strings that a set of patterns tells apart.
//!
//! The classes are closed under intersection: where two patterns overlap, the intersection is a pattern of its own, and
//! a string that fills the wildcards of a pattern with characters that no pattern names is accepted by exactly the
//! patterns that contain it. So one filled string for each pattern reaches every combination of accepting patterns.

use std::collections::BTreeSet;

use super::budget::Budget;
use crate::glob::{Pattern, Piece, matches, meet_in_steps};

mod fill;
mod joined;
mod walk;

pub(super) use walk::Automaton;

use fill::fill;
use joined::joined;

const MOST_SHAPES: usize = 1_500;
const MOST_MEETS: usize = 48;

/// Candidate strings of one variable.
#[derive(Debug, Default)]
pub(super) struct Candidates {
    pub(super) values: Vec<String>,
    /// Whether every class has a representative among them.
    pub(super) complete: bool,
}

/// What a string of the variable may look like besides the patterns of the document.
pub(super) struct Domain<'a> {
    /// Every string is one of this pattern.
    pub(super) base: &'a [Piece],
    /// Whether a string is possible at all.
    pub(super) possible: &'a dyn Fn(&str) -> bool,
    /// Whether some possible string has a shape. True when that is not known.
    pub(super) feasible: &'a dyn Fn(&[Piece]) -> bool,
    /// What may stand for a `*`, tried in this order; empty for words of one letter.
    pub(super) fillings: &'a [&'a str],
    /// What may stand for a `?`.
    pub(super) letters: &'a str,
    /// Patterns that fresh characters must not fall into by chance.
    pub(super) avoid: &'a [&'a Pattern],
    /// Takes every possible string.
    pub(super) automaton: Automaton<'a>,
    /// Whether patterns with question marks are read letter by letter at once, because filling them takes longer.
    pub(super) read_first: bool,
    /// Whether strings for patterns that look for words anywhere are put together from these words first. That makes one
    /// string for each class, which is too few where variables tell more of them apart.
    pub(super) by_words: bool,
}

pub(super) const WORD: Domain<'static> = Domain {
    base: &[Piece::Any],
    possible: &|_| true,
    feasible: &|_| true,
    fillings: &[],
    letters: "zxqjkvwy0123456789bcdfghlmnprstaeiouZXQJKVWYBCDFGHLMNPRSTAEIOU",
    avoid: &[],
    automaton: walk::EVERY,
    read_first: false,
    by_words: false,
};

/// One representative for each class that `patterns` tell apart within the domain.
pub(super) fn candidates<'p>(
    patterns: impl IntoIterator<Item = &'p Pattern>,
    domain: &Domain<'_>,
    budget: &mut Budget,
) -> Candidates {
    let mut globs: Vec<Vec<Piece>> = Vec::new();
    let mut values: Vec<String> = Vec::new();
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut distinct: BTreeSet<Vec<Piece>> = BTreeSet::new();
    for pattern in patterns {
        match pattern {
            Pattern::Exact(text) => {
                if matches(domain.base, text) && (domain.possible)(text) && seen.insert(text.clone()) {
                    values.push(text.clone());
                }
            }
            _ => {
                let pieces = pattern.pieces();
                if pieces != [Piece::Any] && !disjoint(domain.base, &pieces) && distinct.insert(pieces.clone()) {
                    globs.push(pieces);
                }
            }
        }
    }
    let texts = values.len();
    budget.spend(values.len() / 8);
    let known = Known::new(globs, seen.clone(), domain);
    let looks_for_words = domain.by_words && known.inner_stars > 1;
    if looks_for_words && let Some(found) = joined(&known, domain, budget) {
        values.extend(found);
        return Candidates { values, complete: true };
    }
    if domain.read_first && known.question_marks > 0 {
        let plain = fill(domain.base, &known, domain, budget).values;
        let with_plain: Vec<String> = values.iter().cloned().chain(plain).collect();
        if let Some(more) = missed(&with_plain, texts, &known, domain, budget) {
            let values = with_plain.into_iter().chain(more).collect();
            return Candidates { values, complete: true };
        }
    }
    let (shapes, mut complete) = if known.globs.is_empty() {
        (vec![domain.base.to_vec()], true)
    } else {
        closure(domain.base, &known.globs, budget)
    };
    for shape in &shapes {
        let filled = fill(shape, &known, domain, budget);
        complete &= filled.complete;
        for value in filled.values {
            if seen.insert(value.clone()) {
                values.push(value);
            }
        }
    }
    if !complete && let Some(more) = missed(&values, texts, &known, domain, budget) {
        values.extend(more);
        complete = true;
    }
    Candidates { values, complete }
}

/// More patterns than this are not read together.
const MOST_TOGETHER: usize = 12;

/// The representatives that are not among the values, of which the first are texts of patterns. Nothing when that takes
/// too long to find out.
fn missed(
    values: &[String],
    texts: usize,
    known: &Known<'_>,
    domain: &Domain<'_>,
    budget: &mut Budget,
) -> Option<Vec<String>> {
    let texts = values.get(..texts).unwrap_or_default();
    let exact = texts.iter().map(|text| text.chars().map(Piece::Char).collect());
    let avoided = known.avoid.iter().map(|pattern| pattern.pieces());
    let patterns: Vec<Vec<Piece>> = known.globs.iter().cloned().chain(exact).chain(avoided).collect();
    if patterns.len() > MOST_TOGETHER {
        return None;
    }
    let patterns: Vec<&[Piece]> = patterns.iter().map(Vec::as_slice).collect();
    let accepting = |text: &String| -> Vec<bool> { patterns.iter().map(|pattern| matches(pattern, text)).collect() };
    let mut seen: BTreeSet<Vec<bool>> = values.iter().map(accepting).collect();
    let mut more = walk::classes(&patterns, domain, budget)?;
    more.retain(|text| seen.insert(accepting(text)));
    Some(more)
}

/// The patterns that a string must not meet by chance.
struct Known<'d> {
    globs: Vec<Vec<Piece>>,
    exacts: BTreeSet<String>,
    avoid: &'d [&'d Pattern],
    /// How many `?` there are.
    question_marks: usize,
    /// How many stars there are besides one for each pattern.
    inner_stars: usize,
    /// Whether a star stops at colons.
    fields: bool,
    /// The ASCII characters that a pattern names, a bit for each.
    named: u128,
}

impl<'d> Known<'d> {
    fn new(globs: Vec<Vec<Piece>>, exacts: BTreeSet<String>, domain: &Domain<'d>) -> Self {
        let pieces = || globs.iter().flatten();
        let avoid = domain.avoid.iter().flat_map(|pattern| pattern.pieces());
        let chars = pieces().copied().chain(avoid).flat_map(|piece| match piece {
            Piece::Char(c) => [Some(c), None],
            Piece::Fold(c) => [Some(c), Some(c.to_ascii_uppercase())],
            _ => [None, None],
        });
        let ascii = chars.flatten().filter(char::is_ascii);
        Self {
            named: ascii.fold(0, |named, c| named | 1 << u32::from(c)),
            inner_stars: globs.iter().map(|glob| inner_stars(glob)).sum(),
            question_marks: pieces().filter(|piece| **piece == Piece::One).count(),
            fields: pieces().any(|piece| *piece == Piece::Field),
            avoid: domain.avoid,
            globs,
            exacts,
        }
    }

    fn cost(&self) -> usize {
        1 + self.avoid.len() + self.globs.iter().map(|glob| 2 + glob.len() / 16).sum::<usize>()
    }

    /// Which patterns accept a text.
    fn accepting(&self, text: &str) -> Vec<bool> {
        let globs = self.globs.iter().map(|glob| matches(glob, text));
        globs
            .chain(self.avoid.iter().map(|known| known.matches(text)))
            .collect()
    }

    /// Whether the same patterns accept the text as accept the one with fresh characters.
    fn alike(&self, text: &str, fresh: &str) -> bool {
        !self.exacts.contains(text) && self.accepting(text) == self.accepting(fresh)
    }
}

fn inner_stars(glob: &[Piece]) -> usize {
    let stars = glob.iter().filter(|piece| **piece == Piece::Any).count();
    stars.saturating_sub(1)
}

/// The patterns and all their intersections within the base.
fn closure(base: &[Piece], globs: &[Vec<Piece>], budget: &mut Budget) -> (Vec<Vec<Piece>>, bool) {
    let mut shapes = vec![base.to_vec()];
    let mut known: BTreeSet<Vec<Piece>> = shapes.iter().cloned().collect();
    let mut complete = true;
    // Texts in either case have nothing in common with each other.
    let (wild, fixed): (Vec<_>, Vec<_>) = globs.iter().partition(|glob| glob.iter().any(is_wild));
    let apart = fixed.iter().collect::<BTreeSet<_>>().len() == fixed.len();
    let mut wild_shapes = usize::MAX;
    for (at, glob) in wild.iter().chain(&fixed).enumerate() {
        if at == wild.len() && apart {
            wild_shapes = shapes.len();
        }
        let before = shapes.len().min(wild_shapes);
        for index in 0..before {
            let Some(shape) = shapes.get(index) else { break };
            if disjoint(shape, glob) {
                if !budget.spend(1 + shape.len().min(glob.len()) / 16) {
                    return (shapes, false);
                }
                continue;
            }
            if !budget.spend(8 + (shape.len() + glob.len()) / 2) {
                return (shapes, false);
            }
            let (met, steps) = meet_in_steps(shape, glob, MOST_MEETS);
            budget.spend(steps / 4);
            let Some(met) = met else {
                budget.spend(128 * MOST_MEETS);
                complete = false;
                continue;
            };
            budget.spend(met.iter().map(|new| 16 + new.len() / 4).sum());
            for new in met {
                if shapes.len() < MOST_SHAPES && known.insert(new.clone()) {
                    shapes.push(new);
                } else if shapes.len() >= MOST_SHAPES {
                    complete = false;
                }
            }
        }
    }
    (shapes, complete)
}

fn is_wild(piece: &Piece) -> bool {
    matches!(piece, Piece::One | Piece::Any | Piece::Field)
}

/// Whether the literal start or end of two patterns tells that no string is one of both.
pub(super) fn disjoint(one: &[Piece], other: &[Piece]) -> bool {
    let literal = |(a, b): &(&Piece, &Piece)| !is_wild(a) && !is_wild(b);
    let differ = |(a, b): (&Piece, &Piece)| a != b && a.both(*b).is_none();
    one.iter().zip(other).take_while(literal).any(differ)
        || one.iter().rev().zip(other.iter().rev()).take_while(literal).any(differ)
}

#[cfg(test)]
mod tests;
