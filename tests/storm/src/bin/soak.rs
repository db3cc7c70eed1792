//! Rides out storms for as long as one likes, and says what they were made of.
#![expect(clippy::print_stdout, reason = "a program for people")]

use std::env;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use postern_storm::{Figures, Size, on_all_cores, run_storm};

/// Of every so many storms one goes over several VPCs.
const LARGE: u64 = 50;

/// For `SOAK_SECONDS`, from the seed `SOAK_SEED` on.
fn main() -> ExitCode {
    let number = |name: &str, default| {
        env::var(name)
            .ok()
            .and_then(|text| text.parse().ok())
            .unwrap_or(default)
    };
    let end = Instant::now() + Duration::from_secs(number("SOAK_SECONDS", 60));
    let next = AtomicU64::new(number("SOAK_SEED", 0));
    let begin = Instant::now();
    let sum = Mutex::new((0_u64, Figures::default(), Vec::new()));
    on_all_cores(|| {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            let kind = if seed.is_multiple_of(LARGE) {
                Size::Large
            } else {
                Size::Small
            };
            let result = run_storm(seed, kind);
            let mut sum = sum.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            sum.0 += 1;
            match result {
                Ok(figures) => sum.1 = sum.1 + figures,
                Err(violation) => {
                    println!("{violation}\n");
                    sum.2.push(seed);
                }
            }
            if Instant::now() >= end {
                return;
            }
        }
    });
    let (storms, figures, failed) = sum.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    let minutes = begin.elapsed().as_secs_f64() / 60.0;
    println!(
        "{storms} storms in {minutes:.1} minutes, {:.0} a minute",
        storms as f64 / minutes
    );
    println!("{figures:?}");
    if failed.is_empty() {
        return ExitCode::SUCCESS;
    }
    println!("{} failed, with the seeds {failed:?}", failed.len());
    ExitCode::FAILURE
}
