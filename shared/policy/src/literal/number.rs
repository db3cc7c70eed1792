//! Decimal numbers of any size, compared exactly.

use std::cmp::Ordering;
use std::fmt;

/// Exponents beyond this are not read: no request has such a number.
const MOST_EXPONENT: i64 = 100_000;

/// Numbers with more digits before the point are written with an exponent.
const PLAIN_DIGITS: i64 = 40;

/// `0.DIGITS × 10^point`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Number {
    negative: bool,
    /// From 0 to 9, without zeros at either end. Empty for zero.
    digits: Vec<u8>,
    point: i64,
}

impl Number {
    /// Such as `10`, `-0.5` or `1.5e17`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = || whole.bytes().chain(fraction.bytes());
        if digits().next().is_none() || !digits().all(|b| b.is_ascii_digit()) || exponent.abs() > MOST_EXPONENT {
            return None;
        }
        let point = i64::try_from(whole.len()).ok()? + exponent;
        Some(Self::new(negative, digits().map(|b| b - b'0').collect(), point))
    }

    fn new(negative: bool, digits: Vec<u8>, point: i64) -> Self {
        let zeros = digits.iter().take_while(|digit| **digit == 0).count();
        let end = digits.iter().rposition(|digit| *digit != 0).map_or(0, |last| last + 1);
        match digits.get(zeros..end) {
            Some(kept) if !kept.is_empty() => Self {
                negative,
                digits: kept.to_vec(),
                point: point.saturating_sub(i64::try_from(zeros).unwrap_or(i64::MAX)),
            },
            _ => Self {
                negative: false,
                digits: Vec::new(),
                point: 0,
            },
        }
    }

    fn negated(&self) -> Self {
        Self {
            negative: !self.negative && !self.digits.is_empty(),
            ..self.clone()
        }
    }

    /// The place behind the last digit, counted from the point: 2 for `0.25`, 0 or less for a whole number.
    fn places(&self) -> i64 {
        i64::try_from(self.digits.len())
            .unwrap_or(i64::MAX)
            .saturating_sub(self.point)
    }

    /// The least whole number above a number that is not negative.
    fn next_whole(&self) -> Self {
        let wanted = usize::try_from(self.point.max(0)).unwrap_or_default();
        let mut digits: Vec<u8> = self
            .digits
            .iter()
            .copied()
            .chain(std::iter::repeat(0))
            .take(wanted)
            .collect();
        if self.point < 0 {
            digits.clear();
        }
        digits.insert(0, 0);
        for digit in digits.iter_mut().rev() {
            if *digit < 9 {
                *digit += 1;
                break;
            }
            *digit = 0;
        }
        let point = i64::try_from(digits.len()).unwrap_or(i64::MAX);
        Self::new(false, digits, point)
    }

    fn above(&self) -> Self {
        if self.negative {
            return Self::new(false, Vec::new(), 0);
        }
        if self.point > PLAIN_DIGITS {
            return Self {
                point: self.point + 1,
                ..self.clone()
            };
        }
        self.next_whole()
    }

    fn below(&self) -> Self {
        if !self.negative && !self.digits.is_empty() {
            return Self::new(false, Vec::new(), 0);
        }
        self.negated().above().negated()
    }

    /// A number between two, a whole one if there is one near the lesser.
    fn between(lesser: &Self, greater: &Self) -> Self {
        if lesser.negative && !greater.negative && !greater.digits.is_empty() {
            return Self::new(false, Vec::new(), 0);
        }
        if lesser.negative {
            return Self::between(&greater.negated(), &lesser.negated()).negated();
        }
        if lesser.point <= PLAIN_DIGITS {
            let whole = lesser.next_whole();
            if whole < *greater {
                return whole;
            }
        }
        // Half a unit of the last place that either has.
        let places = lesser.places().max(greater.places());
        let length = usize::try_from(lesser.point.saturating_add(places)).unwrap_or_default();
        let mut digits = lesser.digits.clone();
        if digits.is_empty() {
            return Self::new(false, vec![5], -places);
        }
        digits.resize(length.max(digits.len()), 0);
        digits.push(5);
        Self::new(false, digits, lesser.point)
    }
}

/// One number of each class that the limits tell apart.
pub(crate) fn around(limits: &[Number]) -> Vec<Number> {
    let mut sorted = limits.to_vec();
    sorted.sort();
    sorted.dedup();
    let mut all = Vec::new();
    all.extend(sorted.first().map(Number::below));
    for (index, limit) in sorted.iter().enumerate() {
        all.push(limit.clone());
        all.push(match sorted.get(index + 1) {
            Some(next) => Number::between(limit, next),
            None => limit.above(),
        });
    }
    all
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        let sign = |number: &Self| match (number.digits.is_empty(), number.negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        };
        let size = || {
            let order = self
                .point
                .cmp(&other.point)
                .then_with(|| self.digits.cmp(&other.digits));
            if self.negative { order.reverse() } else { order }
        };
        sign(self).cmp(&sign(other)).then_with(size)
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.negative {
            f.write_str("-")?;
        }
        let digit = |digit: &u8| char::from(b'0' + digit);
        let count = i64::try_from(self.digits.len()).unwrap_or(i64::MAX);
        let text: String = self.digits.iter().map(digit).collect();
        if self.digits.is_empty() {
            return f.write_str("0");
        }
        if !(-PLAIN_DIGITS..=PLAIN_DIGITS).contains(&self.point) {
            return write!(f, "{text}e{}", self.point - count);
        }
        let point = usize::try_from(self.point).unwrap_or_default();
        if self.point <= 0 {
            let zeros = usize::try_from(-self.point).unwrap_or_default();
            return write!(f, "0.{}{text}", "0".repeat(zeros));
        }
        match text.split_at_checked(point) {
            Some((whole, "")) => f.write_str(whole),
            Some((whole, fraction)) => write!(f, "{whole}.{fraction}"),
            None => write!(f, "{text}{}", "0".repeat(point - text.len())),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn number(text: &str) -> Number {
        Number::parse(text).unwrap()
    }

    #[test]
    fn numbers_compare_beyond_what_floating_point_tells_apart() {
        for (lesser, greater) in [
            ("9007199254740992", "9007199254740993"),
            ("99999999999999999", "1e17"),
            ("-1e17", "-99999999999999999"),
            ("-1", "0"),
            ("0", "1e-400"),
            ("0.1", "0.10000000000000000001"),
            ("1e308", "1e309"),
        ] {
            assert!(number(lesser) < number(greater), "{lesser} {greater}");
        }
        for (one, other) in [("1.50", "15e-1"), ("-0", "0"), ("1e2", "100"), ("+7", "007")] {
            assert_eq!(number(one), number(other));
        }
        for text in ["", "-", ".", "1e", "0x1", "1 ", "NaN", "1e999999999"] {
            assert_eq!(Number::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_number_lies_in_every_gap(texts in prop::collection::vec("-?(0|[1-9][0-9]{0,3})(\\.[0-9]{1,3})?(e-?[0-9]{1,2})?", 1..5)) {
            let mut limits: Vec<Number> = texts.iter().map(|text| number(text)).collect();
            let all = around(&limits);
            limits.sort();
            limits.dedup();
            prop_assert!(all.iter().any(|n| *n < limits[0]) && all.iter().any(|n| n > limits.last().unwrap()));
            for pair in limits.windows(2) {
                prop_assert!(all.iter().any(|n| pair[0] < *n && *n < pair[1]), "{:?}", all);
            }
            for found in &all {
                prop_assert_eq!(&number(&found.to_string()), found);
            }
        }
    }
}
