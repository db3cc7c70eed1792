//! Runs storms until `SOAK_SECONDS` (60) are over or `SOAK_STORMS` (no limit) were run, from the seed `SOAK_SEED` (0) on, and prints
//! what happened in them.
#![expect(clippy::print_stdout, reason = "a program for people")]

use std::env;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use postern_storm::{Size, Stop, run_storms};

/// One of so many storms goes over several VPCs.
const LARGE: u64 = 50;

fn main() -> ExitCode {
    let number = |name: &str, default| {
        env::var(name)
            .ok()
            .and_then(|text| text.parse().ok())
            .unwrap_or(default)
    };
    let first: u64 = number("SOAK_SEED", 0);
    let seeds = first..first.saturating_add(number("SOAK_STORMS", u64::MAX));
    let size = |seed: u64| match seed.is_multiple_of(LARGE) {
        true => Size::Large,
        false => Size::Small,
    };
    let begin = Instant::now();
    let summary = run_storms(
        seeds,
        size,
        Stop::At(begin + Duration::from_secs(number("SOAK_SECONDS", 60))),
    );
    let minutes = begin.elapsed().as_secs_f64() / 60.0;
    println!(
        "{} storms in {minutes:.1} minutes, {:.0} a minute",
        summary.storms,
        summary.storms as f64 / minutes
    );
    println!("{:?}", summary.figures);
    if summary.violations.is_empty() {
        return ExitCode::SUCCESS;
    }
    for violation in &summary.violations {
        println!("\n{}", violation.text);
    }
    let seeds: Vec<_> = summary.violations.iter().map(|violation| violation.seed).collect();
    println!("{} storms violated an invariant; their seeds: {seeds:?}", seeds.len());
    ExitCode::FAILURE
}
