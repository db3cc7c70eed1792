//! Sets of small numbers: of statements by their place in a document, of formats by their place in a service.

use std::ops::{BitAnd, BitOr};

const WORDS: usize = 6;

/// A set of numbers below 384: the longest document has room for no more statements, and no service has more formats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Bits([u64; WORDS]);

impl Bits {
    pub(crate) const NONE: Self = Self([0; WORDS]);
    pub(crate) const ALL: Self = Self([u64::MAX; WORDS]);

    #[inline]
    pub(crate) fn one(index: usize) -> Self {
        let mut bits = Self::NONE;
        bits.insert(index);
        bits
    }

    #[inline]
    pub(crate) fn insert(&mut self, index: usize) {
        if let Some(word) = self.0.get_mut(index / 64) {
            *word |= 1 << (index % 64);
        }
    }

    #[inline]
    pub(crate) fn remove(&mut self, index: usize) {
        if let Some(word) = self.0.get_mut(index / 64) {
            *word &= !(1 << (index % 64));
        }
    }

    #[inline]
    pub(crate) fn has(self, index: usize) -> bool {
        self.0.get(index / 64).is_some_and(|word| word >> (index % 64) & 1 == 1)
    }

    #[inline]
    pub(crate) fn is_empty(self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    #[inline]
    pub(crate) fn without(self, other: Self) -> Self {
        let mut bits = self;
        bits.0.iter_mut().zip(other.0).for_each(|(a, b)| *a &= !b);
        bits
    }

    #[inline]
    pub(crate) fn within(self, other: Self) -> bool {
        self.0.iter().zip(other.0).all(|(a, b)| a & !b == 0)
    }

    #[inline]
    pub(crate) fn iter(self) -> impl Iterator<Item = usize> {
        self.0.into_iter().enumerate().flat_map(|(at, mut word)| {
            std::iter::from_fn(move || {
                (word != 0).then(|| {
                    let bit = word.trailing_zeros() as usize;
                    word &= word - 1;
                    at * 64 + bit
                })
            })
        })
    }
}

impl FromIterator<usize> for Bits {
    fn from_iter<I: IntoIterator<Item = usize>>(all: I) -> Self {
        all.into_iter()
            .fold(Self::NONE, |bits, number| bits | Self::one(number))
    }
}

impl BitAnd for Bits {
    type Output = Self;

    #[inline]
    fn bitand(mut self, other: Self) -> Self {
        self.0.iter_mut().zip(other.0).for_each(|(a, b)| *a &= b);
        self
    }
}

impl BitOr for Bits {
    type Output = Self;

    #[inline]
    fn bitor(mut self, other: Self) -> Self {
        self.0.iter_mut().zip(other.0).for_each(|(a, b)| *a |= b);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_in_order() {
        let bits = Bits::one(3) | Bits::one(64) | Bits::one(383);
        assert_eq!(bits.iter().collect::<Vec<_>>(), [3, 64, 383]);
        assert!(bits.has(64) && !bits.has(65) && bits.within(Bits::ALL));
        assert!(bits.without(bits).is_empty());
    }
}
