//! Whether the path of an account in an organisation can have a shape.

use std::sync::LazyLock;

use crate::glob::Piece;

/// States of an automaton that reads `o-…/r-…/` and organisational units below, as sets of bits.
const UNIT: u32 = ROOT + 7;
const ROOT: u32 = 36;
const STATES: u32 = UNIT + 17;

/// Before the first letter.
pub(super) const START: u64 = 1;

/// One letter of each kind that the automaton tells apart.
const LETTERS: [char; 6] = ['o', 'u', 'r', 'a', '-', '/'];

/// Whether some path has the shape.
pub(super) fn feasible(shape: &[Piece]) -> bool {
    let mut states = START;
    for piece in shape {
        states = match piece {
            Piece::Char(c) | Piece::Fold(c) => step(states, *c),
            Piece::One => any(states),
            Piece::Any | Piece::Field => {
                let mut reached = states;
                loop {
                    let more = reached | any(reached);
                    if more == reached {
                        break reached;
                    }
                    reached = more;
                }
            }
        };
    }
    ends(states)
}

/// Whether a path may end in one of these states.
pub(super) fn ends(states: u64) -> bool {
    states >> UNIT & 1 == 1
}

fn any(states: u64) -> u64 {
    (0..LETTERS.len()).fold(0, |all, kind| all | steps(states, kind))
}

/// The states after a letter.
pub(super) fn step(states: u64, c: char) -> u64 {
    let kind = |letter: &char| match c {
        'o' | 'u' | 'r' | '-' | '/' => *letter == c,
        c if c.is_ascii_lowercase() || c.is_ascii_digit() => *letter == 'a',
        _ => false,
    };
    LETTERS.iter().position(kind).map_or(0, |kind| steps(states, kind))
}

/// The states after a letter of this kind.
fn steps(mut states: u64, kind: usize) -> u64 {
    static AFTER: LazyLock<Vec<Vec<u64>>> = LazyLock::new(|| {
        let after = |letter: &char| {
            (0..STATES)
                .map(|state| after(state, *letter).map_or(0, |next| 1 << next))
                .collect()
        };
        LETTERS.iter().map(after).collect()
    });
    let Some(after) = AFTER.get(kind) else { return 0 };
    let mut reached = 0;
    while states != 0 {
        reached |= after.get(states.trailing_zeros() as usize).copied().unwrap_or_default();
        states &= states - 1;
    }
    reached
}

fn after(state: u32, c: char) -> Option<u32> {
    let word = c.is_ascii_lowercase() || c.is_ascii_digit();
    let literal = |expected: char| (c == expected).then_some(state + 1);
    // Reads at least so many letters, from the state on, and then what stands behind them.
    let run = |start: u32, least: u32, behind: char, next: u32| {
        if word {
            Some((state + 1).min(start + least))
        } else {
            (c == behind && state == start + least).then_some(next)
        }
    };
    match state {
        0 => literal('o'),
        1 => literal('-'),
        2..34 if word => Some(state + 1),
        12..=34 => (c == '/').then_some(ROOT),
        ROOT => literal('r'),
        37 => literal('-'),
        38..=42 => run(38, 4, '/', UNIT),
        UNIT => literal('o'),
        44 => literal('u'),
        45 => literal('-'),
        46..=50 => run(46, 4, '-', 51),
        51..=59 => run(51, 8, '/', UNIT),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arn::is_organization_path;
    use crate::glob::Pattern;

    fn fits(text: &str) -> bool {
        feasible(&Pattern::wild(text).pieces())
    }

    #[test]
    fn plain_shapes_are_feasible_when_they_are_paths() {
        for text in [
            "o-exampleorg1/r-ab12/",
            "o-exampleorg1/r-ab12/ou-ab12-11111111/",
            "o-exampleorg1/r-ab12/ou-ab12-11111111/ou-ab12-22222222/",
            "o-exampleorg1/r-ab12",
            "o-exampleorg1/r-ab1/",
            "o-example/r-ab12/",
            "o-exampleorg1/ou-ab12-11111111/",
            "o-exampleorg1/r-ab12/ou-ab1-11111111/",
            "o-exampleorg1/r-ab12/ou-ab12-1111111/",
            "o-exampleorg1/r-ab12/r-ab12/",
            "",
        ] {
            assert_eq!(fits(text), is_organization_path(text), "{text}");
        }
    }

    #[test]
    fn star_has_to_leave_a_path() {
        assert!(fits("o-*/r-ab12/ou-ab12-11111111/*") && fits("*/ou-ab12-11111111/*") && fits("o-?xampleorg1*"));
        assert!(!fits("o-exampleorg1/r-*/r-ab12/*") && !fits("*/ou-ab1-*") && !fits("*/ou-????-1234567/*"));
        assert!(!fits("O-*") && !fits("o-*-*-*-*/r-"));
    }
}
