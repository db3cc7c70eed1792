//! Whether every class of strings has a representative.

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

proptest! {
    #[test]
    fn every_combination_of_patterns_that_look_for_words_has_a_representative(
        texts in prop::collection::vec("[*]?[ab]{1,2}[*][ab?]{1,2}[*]?", 2..6), probe in "[abz]{0,7}"
    ) {
        let patterns: Vec<Pattern> = texts.iter().map(|text| Pattern::wild(&format!("x/{text}"))).collect();
        let base = [Piece::Char('x'), Piece::Char('/'), Piece::Any];
        let domain = Domain { base: &base, fillings: &["q", ""], by_words: true, ..WORD };
        let found = candidates(&patterns, &domain, &mut Budget::new());
        if found.complete {
            let reached = vectors(&patterns, &found.values);
            let probe = format!("x/{probe}");
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
fn patterns_beyond_the_limit_are_reported_as_incomplete() {
    let patterns: Vec<_> = ('a'..='z').map(|c| Pattern::wild(&format!("*{c}*"))).collect();
    assert!(!candidates(&patterns, &WORD, &mut Budget::new()).complete);
}
