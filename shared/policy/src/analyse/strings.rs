//! Representatives of every class of strings that a set of patterns tells apart.
//!
//! The classes are closed under intersection: where two patterns overlap, the intersection is a pattern of its own, and
//! a string that fills the wildcards of a pattern with characters that no pattern names is accepted by exactly the
//! patterns that contain it. So one filled string for each pattern reaches every combination of accepting patterns.

use std::collections::BTreeSet;

use super::budget::Budget;
use crate::glob::{FRESH, Pattern, Piece, matches, meet};

const MOST_SHAPES: usize = 1_500;
const MOST_MEETS: usize = 48;
const MOST_FILLINGS: usize = 128;
const MOST_CHOICES: usize = 1_024;

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
}

pub(super) const WORD: Domain<'static> = Domain {
    base: &[Piece::Any],
    possible: &|_| true,
    feasible: &|_| true,
    fillings: &[],
    letters: "zxqjkvwy0123456789bcdfghlmnprstaeiouZXQJKVWYBCDFGHLMNPRSTAEIOU",
    avoid: &[],
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
                if pieces != [Piece::Any] && distinct.insert(pieces.clone()) {
                    globs.push(pieces);
                }
            }
        }
    }
    let (shapes, mut complete) = if globs.is_empty() {
        (vec![domain.base.to_vec()], true)
    } else {
        closure(domain.base, &globs, budget)
    };
    budget.spend(values.len() / 8);
    let known = Known::new(globs, seen.clone(), domain);
    for shape in &shapes {
        let filled = fill(shape, &known, domain, budget);
        complete &= filled.complete;
        for value in filled.values {
            if seen.insert(value.clone()) {
                values.push(value);
            }
        }
    }
    Candidates { values, complete }
}

/// The patterns that a string must not meet by chance.
struct Known<'d> {
    globs: Vec<Vec<Piece>>,
    exacts: BTreeSet<String>,
    avoid: &'d [&'d Pattern],
    /// How many `?` there are.
    question_marks: usize,
    /// Whether a star stops at colons.
    fields: bool,
}

impl<'d> Known<'d> {
    fn new(globs: Vec<Vec<Piece>>, exacts: BTreeSet<String>, domain: &Domain<'d>) -> Self {
        let pieces = || globs.iter().flatten();
        Self {
            question_marks: pieces().filter(|piece| **piece == Piece::One).count(),
            fields: pieces().any(|piece| *piece == Piece::Field),
            avoid: domain.avoid,
            globs,
            exacts,
        }
    }

    /// The ASCII characters that a pattern names, a bit for each.
    fn named(&self) -> u128 {
        let avoid = self.avoid.iter().flat_map(|pattern| pattern.pieces());
        let pieces = self.globs.iter().flatten().copied().chain(avoid);
        let chars = pieces.flat_map(|piece| match piece {
            Piece::Char(c) => [Some(c), None],
            Piece::Fold(c) => [Some(c), Some(c.to_ascii_uppercase())],
            _ => [None, None],
        });
        let ascii = chars.flatten().filter(char::is_ascii);
        ascii.fold(0, |named, c| named | 1 << u32::from(c))
    }

    fn cost(&self) -> usize {
        1 + self.avoid.len() + self.globs.iter().map(|glob| 2 + glob.len() / 16).sum::<usize>()
    }

    /// Whether the same patterns accept the text as accept the one with fresh characters.
    fn alike(&self, text: &str, fresh: &str) -> bool {
        !self.exacts.contains(text)
            && self
                .globs
                .iter()
                .all(|glob| matches(glob, text) == matches(glob, fresh))
            && self
                .avoid
                .iter()
                .all(|known| known.matches(text) == known.matches(fresh))
    }
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
            let Some(met) = meet(shape, glob, MOST_MEETS) else {
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

/// Strings of a shape that no pattern accepts but those that contain the shape.
fn fill(shape: &[Piece], known: &Known<'_>, domain: &Domain<'_>, budget: &mut Budget) -> Candidates {
    if shape.iter().any(|piece| matches!(piece, Piece::Fold(_))) {
        return folded(shape, known, domain, budget);
    }
    let stars = shape
        .iter()
        .filter(|piece| matches!(piece, Piece::Any | Piece::Field))
        .count();
    if stars == 0 && !shape.contains(&Piece::One) {
        let text: String = render(shape, &mut std::iter::empty(), ' ');
        let possible = (domain.possible)(&text);
        return Candidates {
            values: if possible { vec![text] } else { Vec::new() },
            complete: true,
        };
    }
    let repeated = |times: usize| FRESH.to_string().repeat(times);
    let mut lengths: Vec<String> = vec![repeated((known.question_marks + 1).clamp(4, 12))];
    if known.question_marks > 0 {
        lengths.extend((0..=known.question_marks.min(8)).map(repeated));
    }
    if known.fields {
        lengths.push(format!("{FRESH}:{FRESH}"));
    }
    let combinations = lengths
        .len()
        .checked_pow(u32::try_from(stars).unwrap_or(u32::MAX))
        .unwrap_or(usize::MAX);
    let mut complete = combinations <= MOST_FILLINGS && known.question_marks < 8;
    let mut values = Vec::new();
    for number in 0..combinations.min(MOST_FILLINGS) {
        if !budget.spend(8 + shape.len() / 2) {
            return Candidates {
                values,
                complete: false,
            };
        }
        let mut left = number;
        let mut chosen = (0..stars).filter_map(|_| {
            let pick = lengths.get(left % lengths.len());
            left /= lengths.len();
            pick.map(String::as_str)
        });
        let fresh = render(shape, &mut chosen, FRESH);
        match spell(shape, &fresh, known, domain, budget) {
            Spelled::As(value) => values.push(value),
            Spelled::Impossible => {}
            Spelled::Unknown => complete = false,
        }
    }
    Candidates { values, complete }
}

/// The same of a shape with letters in either case: a choice of cases that no pattern accepts but those that contain the
/// shape.
fn folded(shape: &[Piece], known: &Known<'_>, domain: &Domain<'_>, budget: &mut Budget) -> Candidates {
    let count = shape.iter().filter(|piece| matches!(piece, Piece::Fold(_))).count();
    let cased = |upper: &dyn Fn(usize) -> bool| {
        let mut at = 0;
        let piece = |piece: &Piece| match piece {
            Piece::Fold(c) => {
                at += 1;
                let mut large = c.to_uppercase();
                Piece::Char(if upper(at - 1) { large.next().unwrap_or(*c) } else { *c })
            }
            other => *other,
        };
        shape.iter().map(piece).collect::<Vec<Piece>>()
    };
    let contains =
        |glob: &Vec<Piece>| meet(shape, glob, MOST_MEETS).is_some_and(|met| met.iter().any(|one| one == shape));
    let near: Vec<&Vec<Piece>> = known.globs.iter().filter(|glob| !disjoint(shape, glob)).collect();
    budget.spend(known.globs.len() * (2 + shape.len() / 16) / 4 + 8 * near.len());
    let wanted: Vec<bool> = near.iter().map(|glob| contains(glob)).collect();
    let mut tries: Vec<Vec<Piece>> = vec![
        cased(&|_| false),
        cased(&|_| true),
        cased(&|at| at % 2 == 0),
        cased(&|at| at % 2 == 1),
    ];
    tries.extend((0..count.min(64)).map(|one| cased(&|at| at == one)));
    tries.extend((0..count.min(64)).map(|one| cased(&|at| at != one)));
    let mut possible_somehow = false;
    for text in tries {
        let filled = fill(&text, known, domain, budget);
        let fits = |value: &&String| {
            let accepted = near.iter().map(|glob| matches(glob, value));
            accepted.eq(wanted.iter().copied()) && !known.exacts.contains(*value)
        };
        possible_somehow |= !filled.values.is_empty();
        if let Some(value) = filled.values.iter().find(fits) {
            return Candidates {
                values: vec![value.clone()],
                complete: true,
            };
        }
        if !budget.spend(1 + near.len()) {
            break;
        }
    }
    // Where every choice is named by a pattern, there is no string of this class.
    let all = u32::try_from(count).ok().and_then(|count| 1_usize.checked_shl(count));
    Candidates {
        values: Vec::new(),
        complete: !possible_somehow || all.is_some_and(|all| all <= 4),
    }
}

fn render(shape: &[Piece], stars: &mut dyn Iterator<Item = &str>, one: char) -> String {
    let mut text = String::new();
    for piece in shape {
        match piece {
            Piece::Char(c) | Piece::Fold(c) => text.push(*c),
            Piece::One => text.push(one),
            Piece::Any | Piece::Field => text.push_str(stars.next().unwrap_or_default()),
        }
    }
    text
}

enum Spelled {
    As(String),
    Impossible,
    Unknown,
}

/// Real characters for the fresh ones, such that the same patterns accept the string.
fn spell(shape: &[Piece], fresh: &str, known: &Known<'_>, domain: &Domain<'_>, budget: &mut Budget) -> Spelled {
    if !fresh.contains(FRESH) {
        let possible = (domain.possible)(fresh);
        return if possible {
            Spelled::As(fresh.to_owned())
        } else {
            Spelled::Impossible
        };
    }
    if domain.fillings.is_empty() {
        return letters(fresh, known, domain, budget);
    }
    let stars = shape
        .iter()
        .filter(|piece| matches!(piece, Piece::Any | Piece::Field))
        .count();
    let choices = domain
        .fillings
        .len()
        .saturating_pow(u32::try_from(stars).unwrap_or(u32::MAX))
        .min(MOST_CHOICES);
    let mut possible_somehow = false;
    for number in 0..choices {
        for letter in domain
            .letters
            .chars()
            .take(if shape.contains(&Piece::One) { 6 } else { 1 })
        {
            if !budget.spend(2 + shape.len() / 2) {
                return Spelled::Unknown;
            }
            let mut left = number;
            let mut chosen = (0..stars).filter_map(|_| {
                let pick = domain.fillings.get(left % domain.fillings.len()).copied();
                left /= domain.fillings.len();
                pick
            });
            let text = render(shape, &mut chosen, letter);
            if (domain.possible)(&text) {
                possible_somehow = true;
                budget.spend(known.cost());
                if known.alike(&text, fresh) {
                    return Spelled::As(text);
                }
            }
        }
    }
    if possible_somehow || (stars > 0 && (domain.feasible)(shape)) {
        Spelled::Unknown
    } else {
        Spelled::Impossible
    }
}

/// The same with one letter, or a word, for all.
fn letters(fresh: &str, known: &Known<'_>, domain: &Domain<'_>, budget: &mut Budget) -> Spelled {
    let mut possible_somehow = false;
    let named = known.named();
    let unused = |c: &char| named >> u32::from(*c).min(127) & 1 == 0;
    let common = domain
        .letters
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .filter(unused)
        .take(2);
    for letter in common {
        let text = fresh.replace(FRESH, letter.encode_utf8(&mut [0; 4]));
        if (domain.possible)(&text) {
            possible_somehow = true;
            if !known.exacts.contains(&text) {
                return Spelled::As(text);
            }
        }
    }
    for word in ["zq", "x7", "qj", "q", "Z", "~", "_"] {
        if !budget.spend(known.cost()) {
            return Spelled::Unknown;
        }
        let text = fresh.replace(FRESH, word);
        if (domain.possible)(&text) {
            possible_somehow = true;
            if known.alike(&text, fresh) {
                return Spelled::As(text);
            }
        }
    }
    // Whether a text is possible does not depend on the letter, but on what is around it and on how long it is.
    if possible_somehow {
        Spelled::Unknown
    } else {
        Spelled::Impossible
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn vectors(patterns: &[Pattern], values: &[String]) -> BTreeSet<Vec<bool>> {
        let vector = |value: &String| patterns.iter().map(|pattern| pattern.matches(value)).collect();
        values.iter().map(vector).collect()
    }

    proptest! {
        #[test]
        fn every_combination_of_accepting_patterns_has_a_representative(
            texts in prop::collection::vec("[ab*?]{1,4}", 1..4), probe in "[abz]{0,5}"
        ) {
            let patterns: Vec<Pattern> = texts.iter().map(|text| Pattern::wild(text)).collect();
            let found = candidates(&patterns, &WORD, &mut Budget::new());
            if found.complete {
                let reached = vectors(&patterns, &found.values);
                let wanted: Vec<bool> = patterns.iter().map(|pattern| pattern.matches(&probe)).collect();
                prop_assert!(reached.contains(&wanted), "{:?} lacks {:?} of {probe:?}", found.values, wanted);
            }
        }
    }

    #[test]
    fn disjoint_patterns_have_one_representative_each_and_one_outside() {
        let patterns: Vec<_> = (0..60).map(|n| Pattern::wild(&format!("bucket-{n:02}/*"))).collect();
        let found = candidates(&patterns, &WORD, &mut Budget::new());
        assert!(found.complete);
        assert_eq!(found.values.len(), 61);
    }

    #[test]
    fn what_would_take_too_long_is_called_incomplete() {
        let patterns: Vec<_> = ('a'..='z').map(|c| Pattern::wild(&format!("*{c}*"))).collect();
        assert!(!candidates(&patterns, &WORD, &mut Budget::new()).complete);
    }
}
