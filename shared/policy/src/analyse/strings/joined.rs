//! Strings of names that patterns tell apart, made of the texts of the patterns. Of patterns that look for words anywhere
//! in a name, this finds one for each combination where the intersections of the patterns are too many to be listed.

use super::super::budget::Budget;
use super::{Domain, Known, MOST_MEETS, disjoint};
use crate::glob::{Piece, matches, meet};

/// Combinations of more patterns are too many.
const MOST_JOINED: usize = 8;

/// What stands between the texts of two patterns, so that they do not make one that fits a third.
const BETWEEN: [&str; 4] = ["-", "", "zq", "x7"];

/// One string for each combination of patterns that some string can fit. Nothing where a combination is left for which none
/// could be made and which could not be shown to be impossible.
pub(super) fn joined(known: &Known<'_>, domain: &Domain<'_>, budget: &mut Budget) -> Option<Vec<String>> {
    let globs = &known.globs;
    let (last, start) = domain.base.split_last()?;
    let start: String = start
        .iter()
        .map(|piece| match piece {
            Piece::Char(c) => Some(*c),
            _ => None,
        })
        .collect::<Option<_>>()?;
    if *last != Piece::Any || !(2..=MOST_JOINED).contains(&globs.len()) || !known.avoid.is_empty() {
        return None;
    }
    let texts: Vec<Texts> = globs
        .iter()
        .map(|glob| Texts::of(glob, &start))
        .collect::<Option<_>>()?;
    // Whatever fits one pattern fits the other, too; or nothing fits both.
    let covers = |one: &Vec<Piece>, by: &Vec<Piece>| meet(one, by, MOST_MEETS).is_some_and(|met| met.contains(one));
    let pairs = || {
        globs
            .iter()
            .enumerate()
            .flat_map(|one| globs.iter().enumerate().map(move |other| (one, other)))
    };
    let bit = |at: usize| 1_u32 << at;
    let (mut implied, mut apart) = (Vec::new(), Vec::new());
    for ((at, one), (of, other)) in pairs().filter(|((at, _), (of, _))| at != of) {
        budget.spend(8 + (one.len() + other.len()) / 2);
        if disjoint(one, other) {
            apart.push(bit(at) | bit(of));
        } else if covers(one, other) {
            implied.push((bit(at), bit(of)));
        }
    }
    let mut all = Vec::new();
    for chosen in 0..bit(globs.len()) {
        let has = |bits: u32| chosen & bits == bits;
        if apart.iter().any(|both| has(*both)) || implied.iter().any(|(one, other)| has(*one) && !has(*other)) {
            continue;
        }
        let texts = texts
            .iter()
            .enumerate()
            .filter(|(at, _)| has(bit(*at)))
            .map(|(_, texts)| texts);
        let texts: Vec<&Texts> = texts.collect();
        let fits = |text: &String| {
            let mut accepting = globs.iter().enumerate();
            (domain.possible)(text)
                && !known.exacts.contains(text)
                && accepting.all(|(at, glob)| matches(glob, text) == has(bit(at)))
        };
        let tried = BETWEEN.len() + domain.fillings.len();
        if !budget.spend(tried.min(4) * known.cost()) {
            return None;
        }
        all.push(
            names(&texts, domain)
                .map(|name| [start.as_str(), &name].concat())
                .find(fits)?,
        );
    }
    Some(all)
}

/// The texts between the stars of a pattern, from where the start of all strings ends.
struct Texts {
    /// Where the pattern says how the name begins.
    first: String,
    middle: Vec<String>,
    /// Where it says how the name ends.
    last: String,
}

impl Texts {
    fn of(glob: &[Piece], start: &str) -> Option<Self> {
        let behind = (0..=glob.len()).filter(|at| matches(glob.get(..*at).unwrap_or_default(), start));
        let star = |at: usize| glob.get(at) == Some(&Piece::Any);
        let floats = |at: &usize| star(*at) || at.checked_sub(1).is_some_and(star);
        let behind: Vec<usize> = behind.collect();
        let floating = behind.iter().copied().find(floats);
        let rest = glob.get(floating.or_else(|| behind.first().copied())?..)?;
        let parts = rest.split(|piece| matches!(piece, Piece::Any | Piece::Field));
        let mut middle: Vec<String> = parts.map(|part| part.iter().map(letter).collect()).collect();
        let first = if floating.is_none() && !middle.is_empty() {
            middle.remove(0)
        } else {
            String::new()
        };
        let ends = !matches!(glob.last(), Some(Piece::Any | Piece::Field));
        let last = if ends {
            middle.pop().unwrap_or_default()
        } else {
            String::new()
        };
        middle.retain(|part| !part.is_empty());
        Some(Self { first, middle, last })
    }
}

fn letter(piece: &Piece) -> char {
    match piece {
        Piece::Char(c) | Piece::Fold(c) => *c,
        Piece::One | Piece::Any | Piece::Field => 'z',
    }
}

/// Names that may fit all of these patterns.
fn names<'t>(texts: &'t [&Texts], domain: &Domain<'t>) -> impl Iterator<Item = String> + 't {
    let longest = |of: fn(&Texts) -> &String| {
        let all = texts.iter().map(|texts| of(texts));
        all.max_by_key(|text| text.len()).cloned().unwrap_or_default()
    };
    let (first, last) = (longest(|texts| &texts.first), longest(|texts| &texts.last));
    let middle = texts.iter().flat_map(|texts| &texts.middle).cloned();
    let parts: Vec<String> = std::iter::once(first).chain(middle).chain([last]).collect();
    let joined = BETWEEN.into_iter().map(move |between| {
        let some = parts.iter().filter(|part| !part.is_empty());
        some.map(String::as_str).collect::<Vec<_>>().join(between)
    });
    let padded = joined.clone().map(|name| name + "zq");
    let fillings = domain
        .fillings
        .iter()
        .filter(|_| texts.is_empty())
        .map(|text| (*text).to_owned());
    fillings.chain(joined).chain(padded)
}
