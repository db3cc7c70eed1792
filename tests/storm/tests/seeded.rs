//! Thousands of storms, each from its seed.
#![expect(clippy::panic, reason = "a test fails by panicking")]

use std::env;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use postern_storm::{Size, on_all_cores, run_storm};

/// Rides out the storms of these seeds on all processors. `STORM_SEED` chooses a single one to see again.
fn all(kind: Size, seeds: u64) {
    if let Some(seed) = env::var("STORM_SEED").ok().and_then(|seed| seed.parse().ok()) {
        if let Err(violation) = run_storm(seed, kind) {
            panic!("{violation}");
        }
        return;
    }
    let next = AtomicU64::new(0);
    let failures = Mutex::new(Vec::new());
    on_all_cores(|| {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds {
                return;
            }
            if let Err(violation) = run_storm(seed, kind) {
                next.store(seeds, Ordering::Relaxed);
                failures.lock().unwrap_or_else(PoisonError::into_inner).push(violation);
            }
        }
    });
    let failures = failures.into_inner().unwrap_or_else(PoisonError::into_inner);
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[test]
fn nothing_is_lost_or_done_twice_in_ten_thousand_storms() {
    all(Size::Small, 10_000);
}

#[test]
fn nothing_is_lost_or_done_twice_in_storms_over_several_vpcs() {
    all(Size::Large, 40);
}
