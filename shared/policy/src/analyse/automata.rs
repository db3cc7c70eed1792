//! The strings of names and ids, to be read letter by letter.

use super::path_shapes;
use super::strings::Automaton;
use crate::arn::is_name;

/// Lower-case letters and digits.
const WORD: &str = "zqxjkvwy0123456789bcdfghlmnprstaeiou";
const LETTERS: &str = "zqxjkvwy0123456789bcdfghlmnprstaeiouZXQJKVWYBCDFGHLMNPRSTAEIOU+=,.@_-";

/// Digits, of whatever length.
pub(super) const DIGITS: Automaton<'static> = Automaton {
    start: 0,
    step: &|_, c| c.is_ascii_digit().then_some(0),
    ends: &|_| true,
    alike: &["0123456789"],
};

/// Names of users and sessions.
pub(super) const NAME: Automaton<'static> = Automaton {
    start: 0,
    step: &|_, c| in_name(c).then_some(1),
    ends: &|state| state == 1,
    alike: &[LETTERS],
};

/// Ids of organisations. The state is how many letters were read.
pub(super) const ORGANIZATION: Automaton<'static> = Automaton {
    start: 0,
    step: &|read, c| {
        let fits = match read {
            0 => c == 'o',
            1 => c == '-',
            2..34 => c.is_ascii_lowercase() || c.is_ascii_digit(),
            _ => false,
        };
        fits.then_some(read + 1)
    },
    ends: &|read| read >= 12,
    alike: &[WORD, "-"],
};

/// Paths of accounts in organisations.
pub(super) const ORGANIZATION_PATH: Automaton<'static> = Automaton {
    start: path_shapes::START,
    step: &|states, c| Some(path_shapes::step(states, c)).filter(|states| *states != 0),
    ends: &path_shapes::ends,
    alike: &["zqxjkvwy0123456789bcdfghlmnpstaei", "o", "u", "r", "-", "/"],
};

/// Names of AWS services. The state says whether there was a full stop.
pub(super) const SERVICE_NAME: Automaton<'static> = Automaton {
    start: 0,
    step: &|state, c| match c {
        '.' => Some(1),
        c => (c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-').then_some(state),
    },
    ends: &|state| state == 1,
    alike: &["zqxjkvwy0123456789bcdfghlmnprstaeiou-", "."],
};

/// Ids of VPCs.
pub(super) const VPC: Automaton<'static> = Automaton {
    start: 0,
    step: &|read, c| {
        let fits = match b"vpc-".get(usize::try_from(read).unwrap_or(usize::MAX)) {
            Some(own) => char::from(*own) == c,
            None => matches!(c, '0'..='9' | 'a'..='f'),
        };
        fits.then_some((read + 1).min(5))
    },
    ends: &|read| read == 5,
    alike: &["f0e1d2c3b4a596877", "v", "p", "-"],
};

/// ARNs: the state is how many letters of `arn:` were read, then how many colons besides.
pub(super) const ARN: Automaton<'static> = Automaton {
    start: 0,
    step: &|state, c| match b"arn:".get(usize::try_from(state).unwrap_or(usize::MAX)) {
        Some(own) => (char::from(*own) == c).then_some(state + 1),
        None if c == ':' => Some((state + 1).min(8)),
        None => Some(state),
    },
    ends: &|state| state == 8,
    alike: &[LETTERS, ":", "/*?${}!\"#%&'()"],
};

/// Reads ARNs of principals with these steps and ends.
pub(super) fn principals<'a>(
    step: &'a dyn Fn(u64, char) -> Option<u64>,
    ends: &'a dyn Fn(u64) -> bool,
) -> Automaton<'a> {
    Automaton {
        start: 0,
        step,
        ends,
        alike: OF_PRINCIPALS,
    }
}

const OF_PRINCIPALS: &[&str] = &[LETTERS, "/", "!:;#$%&'()*<>?[]^`{|}~\"\\\u{7f}"];

/// What was read after `role/` or `user/`.
const NOTHING: u64 = 0;
const NAME_READ: u64 = 1;
const SLASH_READ: u64 = 2;
/// What can be a part of the path alone.
const NO_NAME_READ: u64 = 3;

/// The step of an automaton for ARNs of principals: a name behind so many first letters, or a path and a name. The state
/// counts the first letters, and then says what was read behind them.
pub(super) fn behind(first: usize, has_path: bool) -> impl Fn(u64, char) -> Option<u64> {
    let first = first as u64;
    move |state, c| {
        let Some(read) = state.checked_sub(first) else {
            return Some(state + 1);
        };
        let next = match (read, c) {
            (NOTHING, '/') => NO_NAME_READ,
            (_, '/') => SLASH_READ,
            (NOTHING | NAME_READ | SLASH_READ, c) if in_name(c) => NAME_READ,
            _ => NO_NAME_READ,
        };
        let fits = matches!(c, '!'..='\u{7f}') && (has_path || next == NAME_READ);
        fits.then_some(first + next)
    }
}

/// Whether the ARN of a principal may end here.
pub(super) fn is_named(first: usize) -> impl Fn(u64) -> bool {
    move |state| state == first as u64 + NAME_READ
}

fn in_name(c: char) -> bool {
    is_name(c.encode_utf8(&mut [0; 4]))
}
