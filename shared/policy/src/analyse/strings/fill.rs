//! Strings of a shape.

use super::super::budget::Budget;
use super::{Candidates, Domain, Known, MOST_MEETS, disjoint};
use crate::glob::{FRESH, Piece, matches, meet};

const MOST_FILLINGS: usize = 343;
const MOST_CHOICES: usize = 1_024;
/// So many lengths of what stands for a star are tried besides a long one.
const MOST_LENGTHS: usize = 14;

/// Strings of a shape that no pattern accepts but those that contain the shape.
pub(super) fn fill(shape: &[Piece], known: &Known<'_>, domain: &Domain<'_>, budget: &mut Budget) -> Candidates {
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
        lengths.extend((0..=known.question_marks.min(MOST_LENGTHS)).map(repeated));
    }
    if known.fields {
        lengths.push(format!("{FRESH}:{FRESH}"));
    }
    let combinations = lengths
        .len()
        .checked_pow(u32::try_from(stars).unwrap_or(u32::MAX))
        .unwrap_or(usize::MAX);
    let mut complete = combinations <= MOST_FILLINGS && (stars == 0 || known.question_marks <= MOST_LENGTHS);
    let mut values = Vec::new();
    let mut words = Words::new(shape, stars, domain);
    for number in 0..combinations.min(MOST_FILLINGS) {
        if !budget.spend(8 + shape.len() / 2) {
            return Candidates {
                values,
                complete: false,
            };
        }
        let mut left = number;
        let picks = (0..stars).filter_map(|_| {
            let pick = left % lengths.len();
            left /= lengths.len();
            lengths.get(pick).map(|length| (pick, length.as_str()))
        });
        let picks: Vec<(usize, &str)> = picks.collect();
        let fresh = render(shape, &mut picks.iter().map(|(_, length)| *length), FRESH);
        let exact = of_lengths(shape, &picks);
        match spell(&fresh, &exact, &mut words, known, domain, budget) {
            Spelled::As(value) => values.push(value),
            Spelled::Impossible => {}
            Spelled::Unknown => complete = false,
        }
    }
    Candidates { values, complete }
}

/// The shape with so many characters in the place of each star. The first length stands for all that are longer, and one
/// with a colon for all that have one.
fn of_lengths(shape: &[Piece], picks: &[(usize, &str)]) -> Vec<Piece> {
    let mut picks = picks.iter();
    let mut exact = Vec::with_capacity(shape.len());
    for piece in shape {
        match piece {
            Piece::Any | Piece::Field => match picks.next() {
                Some((pick, length)) if *pick > 0 && !length.contains(':') => {
                    exact.extend(length.chars().map(|_| Piece::One));
                }
                _ => exact.push(*piece),
            },
            piece => exact.push(*piece),
        }
    }
    exact
}

/// The possible strings of a shape with words of the domain for its stars, made as they are needed.
struct Words<'w> {
    shape: &'w [Piece],
    stars: usize,
    /// How many there are to make, and how many were tried.
    choices: usize,
    tried: usize,
    /// With the patterns that accept them.
    made: Vec<(Vec<bool>, String)>,
}

impl<'w> Words<'w> {
    fn new(shape: &'w [Piece], stars: usize, domain: &Domain<'_>) -> Self {
        let words = domain.fillings.len();
        let choices = words.saturating_pow(u32::try_from(stars).unwrap_or(u32::MAX));
        Self {
            shape,
            stars,
            choices: choices.min(MOST_CHOICES) * letters_of(shape),
            tried: 0,
            made: Vec::new(),
        }
    }

    /// One that these patterns accept. Nothing when there is none, or when that takes too long.
    fn alike(
        &mut self,
        wanted: &[bool],
        known: &Known<'_>,
        domain: &Domain<'_>,
        budget: &mut Budget,
    ) -> Option<String> {
        if let Some((_, text)) = self.made.iter().find(|(accepted, _)| accepted == wanted) {
            return Some(text.clone());
        }
        let letters = letters_of(self.shape);
        while self.tried < self.choices && budget.spend(2 + self.shape.len() / 2) {
            let letter = domain.letters.chars().nth(self.tried % letters).unwrap_or_default();
            let mut left = self.tried / letters;
            self.tried += 1;
            let mut chosen = (0..self.stars).filter_map(|_| {
                let pick = domain.fillings.get(left % domain.fillings.len()).copied();
                left /= domain.fillings.len();
                pick
            });
            let text = render(self.shape, &mut chosen, letter);
            if (domain.possible)(&text) && !known.exacts.contains(&text) {
                budget.spend(known.cost());
                let accepted = known.accepting(&text);
                if self.made.iter().all(|(other, _)| *other != accepted) {
                    self.made.push((accepted.clone(), text.clone()));
                }
                if accepted == wanted {
                    return Some(text);
                }
            }
        }
        None
    }
}

/// How many letters are tried for the `?` of a shape.
fn letters_of(shape: &[Piece]) -> usize {
    if shape.contains(&Piece::One) { 6 } else { 1 }
}

/// The same of a shape with letters in either case: a choice of cases that no pattern accepts but those that contain the
/// shape.
fn folded(shape: &[Piece], known: &Known<'_>, domain: &Domain<'_>, budget: &mut Budget) -> Candidates {
    let count = shape.iter().filter(|piece| matches!(piece, Piece::Fold(_))).count();
    let singles = count.min(64);
    let is_upper = |attempt: usize, at: usize| match attempt {
        0 => false,
        1 => true,
        2 | 3 => at % 2 == attempt - 2,
        _ if attempt < 4 + singles => at == attempt - 4,
        _ => at != attempt - 4 - singles,
    };
    let cased = |attempt: usize| {
        let mut at = 0;
        let piece = |piece: &Piece| match piece {
            Piece::Fold(c) => {
                at += 1;
                let mut large = c.to_uppercase();
                let large = large.next().filter(|_| is_upper(attempt, at - 1));
                Piece::Char(large.unwrap_or(*c))
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
    let mut possible_somehow = false;
    for attempt in 0..4 + 2 * singles {
        let filled = fill(&cased(attempt), known, domain, budget);
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
        if !budget.spend(4 + near.len() + shape.len() / 4) {
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
fn spell(
    fresh: &str,
    exact: &[Piece],
    words: &mut Words<'_>,
    known: &Known<'_>,
    domain: &Domain<'_>,
    budget: &mut Budget,
) -> Spelled {
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
    budget.spend(known.cost() + exact.len());
    if !(domain.feasible)(exact) {
        return Spelled::Impossible;
    }
    let wanted = known.accepting(fresh);
    if let Some(text) = words.alike(&wanted, known, domain, budget) {
        return Spelled::As(text);
    }
    // Words of the length that the patterns ask for.
    let mut possible_somehow = false;
    for letter in domain.letters.chars().take(6) {
        if !budget.spend(2 + exact.len() / 2) {
            return Spelled::Unknown;
        }
        let text = fresh.replace(FRESH, letter.encode_utf8(&mut [0; 4]));
        if (domain.possible)(&text) && !known.exacts.contains(&text) {
            possible_somehow = true;
            budget.spend(known.cost());
            if known.accepting(&text) == wanted {
                return Spelled::As(text);
            }
        }
    }
    if !possible_somehow && words.stars == 0 && words.made.is_empty() {
        Spelled::Impossible
    } else {
        Spelled::Unknown
    }
}

/// The same with one letter, or a word, for all.
fn letters(fresh: &str, known: &Known<'_>, domain: &Domain<'_>, budget: &mut Budget) -> Spelled {
    let mut possible_somehow = false;
    let unused = |c: &char| known.named >> u32::from(*c).min(127) & 1 == 0;
    let common = domain
        .letters
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .filter(unused)
        .take(2);
    budget.spend(1 + fresh.len() / 4);
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
