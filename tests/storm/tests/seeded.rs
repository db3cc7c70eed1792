//! Thousands of storms, each from its seed.
#![expect(clippy::panic, reason = "a test fails by panicking")]

use std::sync::atomic::{AtomicU64, Ordering};
use std::{env, thread};

use postern_storm::{Kind, ride};

/// Rides out the storms of these seeds on all processors. `STORM_SEED` chooses a single one to see again.
fn all(kind: Kind, seeds: u64) {
    if let Some(seed) = env::var("STORM_SEED").ok().and_then(|seed| seed.parse().ok()) {
        if let Err(violation) = ride(seed, kind) {
            panic!("{violation}");
        }
        return;
    }
    let next = AtomicU64::new(0);
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let failures: Vec<String> = thread::scope(|scope| {
        let workers: Vec<_> = (0..workers)
            .map(|_| {
                scope.spawn(|| {
                    loop {
                        let seed = next.fetch_add(1, Ordering::Relaxed);
                        if seed >= seeds {
                            return None;
                        }
                        if let Err(violation) = ride(seed, kind) {
                            next.store(seeds, Ordering::Relaxed);
                            return Some(violation);
                        }
                    }
                })
            })
            .collect();
        workers
            .into_iter()
            .filter_map(|worker| worker.join().unwrap_or_else(|_| panic!("a storm panicked; see above")))
            .collect()
    });
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[test]
fn nothing_is_lost_or_done_twice_in_small_storms() {
    all(Kind::Small, 1_000);
}

#[test]
fn nothing_is_lost_or_done_twice_in_storms_over_several_vpcs() {
    all(Kind::Large, 40);
}
