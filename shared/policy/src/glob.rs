//! Patterns with `*` and `?`: matching one string, and the intersection of two patterns.

/// One piece of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Piece {
    Char(char),
    /// A letter in either case. It is written here in lower case.
    Fold(char),
    /// `?`: exactly one character.
    One,
    /// `*`: any characters.
    Any,
    /// `*` in one of the first five fields of an ARN: any characters but a colon.
    Field,
}

/// Stands for "some character that no pattern of the document names" while candidate strings are made.
pub(crate) const FRESH: char = '\u{f0000}';

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Pattern {
    All,
    Exact(String),
    Glob(Vec<Piece>),
}

impl Pattern {
    pub(crate) fn new(pieces: Vec<Piece>) -> Self {
        if pieces == [Piece::Any] {
            return Self::All;
        }
        let literal = |piece: &Piece| match piece {
            Piece::Char(c) => Some(*c),
            _ => None,
        };
        if pieces.iter().all(|piece| literal(piece).is_some()) {
            Self::Exact(pieces.iter().filter_map(literal).collect())
        } else {
            Self::Glob(pieces)
        }
    }

    /// `*` and `?` in the text are wildcards.
    pub(crate) fn wild(text: &str) -> Self {
        if text == "*" {
            Self::All
        } else if text.bytes().any(|b| matches!(b, b'*' | b'?')) {
            let mut pieces = Vec::with_capacity(text.len());
            pieces.extend(wild_pieces(text));
            Self::Glob(pieces)
        } else {
            Self::Exact(text.to_owned())
        }
    }

    pub(crate) fn matches(&self, text: &str) -> bool {
        match self {
            Self::All => true,
            Self::Exact(exact) => exact == text,
            Self::Glob(pieces) => {
                let first = |c: char| pieces.first() != Some(&Piece::Char(c));
                // Most patterns differ from a text in how they begin.
                let starts = !matches!(pieces.first(), Some(Piece::Char(_))) || !text.starts_with(first);
                starts && matches(pieces, text)
            }
        }
    }

    /// What follows the first field of a text and its colon, if the field is one of the strings of this pattern.
    pub(crate) fn after_field<'t>(&self, text: &'t str) -> Option<&'t str> {
        if let Self::Exact(exact) = self {
            // A few bytes are compared sooner than a function is called that compares many.
            let mut bytes = text.bytes();
            let same = exact.bytes().chain([b':']).all(|byte| bytes.next() == Some(byte));
            return text.get(exact.len() + 1..).filter(|_| same);
        }
        let (field, rest) = text.split_once(':')?;
        self.matches(field).then_some(rest)
    }

    pub(crate) fn pieces(&self) -> Vec<Piece> {
        match self {
            Self::All => vec![Piece::Any],
            Self::Exact(text) => text.chars().map(Piece::Char).collect(),
            Self::Glob(pieces) => pieces.clone(),
        }
    }
}

impl Piece {
    /// Whether this one piece stands for the character.
    fn takes(self, c: char) -> bool {
        match self {
            Self::Char(own) => own == c,
            Self::Fold(own) => lower(c) == own,
            Self::One => true,
            Self::Any | Self::Field => false,
        }
    }

    /// What two pieces of one character both stand for.
    pub(crate) fn both(self, other: Self) -> Option<Self> {
        match (self, other) {
            (Self::One, one) | (one, Self::One) => Some(one),
            (Self::Char(c), with) | (with, Self::Char(c)) => with.takes(c).then_some(Self::Char(c)),
            _ => (self == other).then_some(self),
        }
    }
}

/// The letter in lower case, where that is one letter.
pub(crate) fn lower(c: char) -> char {
    let mut all = c.to_lowercase();
    match (all.next(), all.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

/// Pieces for the text in either case.
pub(crate) fn folded_pieces(text: &str) -> Vec<Piece> {
    let piece = |c: char| {
        let small = lower(c);
        if small.to_uppercase().eq([small]) {
            Piece::Char(c)
        } else {
            Piece::Fold(small)
        }
    };
    text.chars().map(piece).collect()
}

pub(crate) fn wild_pieces(text: &str) -> impl Iterator<Item = Piece> {
    text.chars().map(|c| match c {
        '*' => Piece::Any,
        '?' => Piece::One,
        other => Piece::Char(other),
    })
}

/// Whether the text is one of the strings that the pattern stands for.
pub(crate) fn matches(pattern: &[Piece], text: &str) -> bool {
    let (mut pattern, mut text) = (pattern, text);
    // The last star passed, and the text from which it may still take one more character.
    let mut retry: Option<(&[Piece], &str, bool)> = None;
    loop {
        match pattern.split_first() {
            Some((Piece::Any, [])) => return true,
            Some((star @ (Piece::Any | Piece::Field), rest)) => {
                retry = Some((rest, text, *star == Piece::Field));
                pattern = rest;
                continue;
            }
            Some((piece, rest)) => {
                let mut chars = text.chars();
                if chars.next().is_some_and(|c| piece.takes(c)) {
                    pattern = rest;
                    text = chars.as_str();
                    continue;
                }
            }
            None if text.is_empty() => return true,
            None => {}
        }
        let Some((rest, from, field)) = retry else {
            return false;
        };
        let mut chars = from.chars();
        match chars.next() {
            None => return false,
            Some(':') if field => return false,
            Some(_) => {}
        }
        pattern = rest;
        text = chars.as_str();
        // What the next piece does not take, the star does.
        if let Some(Piece::Char(c)) = rest.first().filter(|_| !field) {
            let Some(next) = text.find(*c).and_then(|at| text.get(at..)) else {
                return false;
            };
            text = next;
        }
        retry = Some((rest, text, field));
    }
}

/// Patterns that together stand for exactly the strings that both patterns stand for, or nothing when they are more
/// than `most`.
pub(crate) fn meet(a: &[Piece], b: &[Piece], most: usize) -> Option<Vec<Vec<Piece>>> {
    meet_in_steps(a, b, most).0
}

/// The same, with a measure of how long it took.
pub(crate) fn meet_in_steps(a: &[Piece], b: &[Piece], most: usize) -> (Option<Vec<Vec<Piece>>>, usize) {
    if a.len() + b.len() > MOST_PIECES {
        return (None, 0);
    }
    let steps = 64 * most + 8 * (a.len() + b.len());
    let mut search = Meet {
        found: Vec::new(),
        hashes: Vec::new(),
        made: Vec::new(),
        compared: 0,
        steps,
        most,
    };
    let room = search.walk(a, b);
    let took = steps.saturating_sub(search.steps) + search.compared / 2;
    (room.then_some(search.found), took)
}

/// Patterns longer than this together are not followed, since every piece takes a level of the stack.
const MOST_PIECES: usize = 1_200;

struct Meet {
    found: Vec<Vec<Piece>>,
    /// Of the patterns found, so that few are compared piece by piece.
    hashes: Vec<u64>,
    /// How many pieces went into hashes.
    compared: usize,
    made: Vec<Piece>,
    steps: usize,
    most: usize,
}

impl Meet {
    /// False when there was not enough room.
    fn walk(&mut self, a: &[Piece], b: &[Piece]) -> bool {
        if self.steps == 0 {
            return false;
        }
        self.steps -= 1;
        if let ([Piece::Any], rest) | (rest, [Piece::Any]) = (a, b) {
            return self.finish(rest);
        }
        let star = |piece: &Piece| matches!(piece, Piece::Any | Piece::Field);
        match (a.split_first(), b.split_first()) {
            (None, None) => self.keep(),
            (None, Some((piece, rest))) | (Some((piece, rest)), None) => {
                if star(piece) && rest.iter().all(star) {
                    self.keep()
                } else {
                    true
                }
            }
            (Some((x, a_rest)), Some((y, b_rest))) => match (star(x), star(y)) {
                (true, true) => {
                    let both = if *x == Piece::Field || *y == Piece::Field {
                        Piece::Field
                    } else {
                        Piece::Any
                    };
                    self.with(both, |s| s.walk(a_rest, b) && (b_rest.is_empty() || s.walk(a, b_rest)))
                }
                (true, false) => self.absorb(*x, a, a_rest, *y, b, b_rest),
                (false, true) => self.absorb(*y, b, b_rest, *x, a, a_rest),
                (false, false) => match x.both(*y) {
                    Some(both) => self.with(both, |s| s.walk(a_rest, b_rest)),
                    None => true,
                },
            },
        }
    }

    /// A star of one pattern meets a character of the other: it ends here, or takes that character.
    fn absorb(
        &mut self,
        star: Piece,
        with: &[Piece],
        after: &[Piece],
        c: Piece,
        other: &[Piece],
        rest: &[Piece],
    ) -> bool {
        if !self.walk(after, other) {
            return false;
        }
        if star == Piece::Field && c == Piece::Char(':') {
            return true;
        }
        self.with(c, |s| s.walk(with, rest))
    }

    fn with(&mut self, piece: Piece, then: impl FnOnce(&mut Self) -> bool) -> bool {
        let repeated = matches!(piece, Piece::Any | Piece::Field) && self.made.last() == Some(&piece);
        if !repeated {
            self.made.push(piece);
        }
        let room = then(self);
        if !repeated {
            self.made.pop();
        }
        room
    }

    /// The rest of one pattern where the other takes anything.
    fn finish(&mut self, rest: &[Piece]) -> bool {
        let before = self.made.len();
        let rest = match (self.made.last(), rest.split_first()) {
            (Some(Piece::Any), Some((Piece::Any, after))) => after,
            _ => rest,
        };
        self.made.extend_from_slice(rest);
        let room = self.keep();
        self.made.truncate(before);
        room
    }

    fn keep(&mut self) -> bool {
        let hash = hash(&self.made);
        self.compared += self.made.len();
        let mut known = self.hashes.iter().zip(&self.found);
        if !known.any(|(other, found)| *other == hash && *found == self.made) {
            self.hashes.push(hash);
            self.found.push(self.made.clone());
        }
        self.found.len() <= self.most
    }
}

/// FNV-1a, piece by piece.
fn hash(pieces: &[Piece]) -> u64 {
    let code = |piece: &Piece| match piece {
        Piece::Char(c) => u64::from(*c),
        Piece::Fold(c) => u64::from(*c) | 1 << 32,
        Piece::One => 1 << 33,
        Piece::Any => 1 << 34,
        Piece::Field => 1 << 35,
    };
    let mix = |hash: u64, piece| (hash ^ code(piece)).wrapping_mul(0x0100_0000_01b3);
    pieces.iter().fold(0xcbf2_9ce4_8422_2325, mix)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pieces(text: &str) -> Vec<Piece> {
        wild_pieces(text).collect()
    }

    #[test]
    fn stars_and_question_marks_match_as_in_iam() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a*c", "abcb", false),
            ("a?c", "ac", false),
            ("a?c", "aéc", true),
            ("*ab*ab", "abab", true),
            ("*ab*ab", "ab", false),
            ("", "", true),
            ("", "x", false),
        ] {
            assert_eq!(Pattern::wild(pattern).matches(text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn star_inside_an_arn_field_stops_at_the_colon() {
        let pattern = [Piece::Field, Piece::Char(':'), Piece::Any];
        assert!(matches(&pattern, "a:b:c"));
        let one_field = [Piece::Char('a'), Piece::Field, Piece::Char('z')];
        assert!(matches(&one_field, "abz") && !matches(&one_field, "a:z"));
    }

    proptest! {
        #[test]
        fn the_intersection_stands_for_the_strings_of_both(
            a in "[ab*?:]{0,6}", b in "[ab*?:]{0,6}", text in "[ab:]{0,6}"
        ) {
            if let Some(both) = meet(&pieces(&a), &pieces(&b), 400) {
                let expected = Pattern::wild(&a).matches(&text) && Pattern::wild(&b).matches(&text);
                let found = both.iter().any(|pattern| matches(pattern, &text));
                prop_assert_eq!(found, expected, "{:?}", both);
            }
        }

        #[test]
        fn matching_agrees_with_the_definition(pattern in "[ab*?]{0,6}", text in "[ab]{0,7}") {
            fn slow(pattern: &[Piece], text: &[char]) -> bool {
                match pattern.split_first() {
                    None => text.is_empty(),
                    Some((Piece::Any | Piece::Field, rest)) => (0..=text.len()).any(|n| slow(rest, &text[n..])),
                    Some((Piece::One, rest)) => !text.is_empty() && slow(rest, &text[1..]),
                    Some((piece, rest)) => text.first().is_some_and(|c| piece.takes(*c)) && slow(rest, &text[1..]),
                }
            }
            let chars: Vec<char> = text.chars().collect();
            prop_assert_eq!(Pattern::wild(&pattern).matches(&text), slow(&pieces(&pattern), &chars));
        }
    }
}
