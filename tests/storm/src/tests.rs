//! Thousands of storms. The variables that choose them are described in `lib.rs`.

use std::env;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::runner::{Stop, run_storms};
use crate::size::Size;

const STORMS: u64 = 2_000;
/// One of so many storms goes over several VPCs instead of one.
const LARGE: u64 = 250;
/// After so many days the same seeds come again.
const DAYS: u64 = 1_000;

fn number(name: &str) -> Option<u64> {
    env::var(name).ok().map(|text| text.parse().unwrap())
}

/// The seeds of this run: one, or `STORMS` from `STORM_FIRST` on, which is another number each day.
fn check(size: Size, share: u64) {
    let seeds = match number("STORM_SEED") {
        Some(seed) => seed..seed + 1,
        None => {
            let storms = number("STORMS").unwrap_or(STORMS);
            let day = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() / 86_400;
            let first = number("STORM_FIRST").unwrap_or(day % DAYS * STORMS);
            first..first + storms.div_ceil(share)
        }
    };
    let summary = run_storms(seeds.clone(), |_| size, Stop::FirstViolation);
    let violations: Vec<_> = summary.violations.into_iter().map(|violation| violation.text).collect();
    assert!(violations.is_empty(), "{}", violations.join("\n\n"));
    assert_eq!(summary.storms, seeds.end - seeds.start);
}

#[test]
fn invariants_hold_in_storms_over_one_vpc() {
    check(Size::Small, 1);
}

#[test]
fn invariants_hold_in_storms_over_several_vpcs() {
    check(Size::Large, LARGE);
}
