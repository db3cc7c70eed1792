//! Runs many storms on all cores.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use crate::figures::Figures;
use crate::size::Size;
use crate::storm::run_storm;

/// Bytes of a thread's stack. The futures of the SDK's clients take more than the usual two megabytes.
const STACK: usize = 16 * 1024 * 1024;

/// The results of many storms.
#[derive(Debug, Default)]
pub struct Summary {
    pub storms: u64,
    /// Of the storms without a violation.
    pub figures: Figures,
    pub violations: Vec<Violation>,
}

/// An invariant that did not hold.
#[derive(Debug)]
pub struct Violation {
    pub seed: u64,
    pub text: String,
}

/// When to stop before the seeds are used up.
#[derive(Clone, Copy, Debug)]
pub enum Stop {
    FirstViolation,
    /// No storm is started after this time.
    At(Instant),
}

/// Runs the storm of each seed, with the size that `size` gives it.
///
/// # Panics
/// If no thread can be started, or a storm panics.
pub fn run_storms(seeds: Range<u64>, size: impl Fn(u64) -> Size + Sync, stop: Stop) -> Summary {
    let next = AtomicU64::new(seeds.start);
    let summary = Mutex::new(Summary::default());
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            let late = matches!(stop, Stop::At(end) if Instant::now() >= end);
            if seed >= seeds.end || late {
                return;
            }
            let result = run_storm(seed, size(seed));
            let mut summary = summary.lock().unwrap_or_else(PoisonError::into_inner);
            summary.storms += 1;
            match result {
                Ok(figures) => summary.figures = summary.figures + figures,
                Err(text) => {
                    if matches!(stop, Stop::FirstViolation) {
                        next.store(seeds.end, Ordering::Relaxed);
                    }
                    summary.violations.push(Violation { seed, text });
                }
            }
        }
    };
    let workers = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..workers {
            let worker = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work);
            #[expect(clippy::expect_used, reason = "without threads there are no tests")]
            worker.expect("a thread can be started");
        }
    });
    summary.into_inner().unwrap_or_else(PoisonError::into_inner)
}
