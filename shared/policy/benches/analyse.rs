//! How long a verdict takes, from text to analysis.

#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark takes the time and prints what it finds"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use postern_policy::{Document, EndpointContext, Perimeter, analyse};

#[path = "../tests/documents/mod.rs"]
mod documents;

use documents::{Sample, endpoint, hostile, longest, perimeter, recorded};

fn decide(text: &str, perimeter: &Perimeter, endpoint: &EndpointContext) {
    if let Ok(document) = Document::parse(black_box(text)) {
        black_box(analyse(&document, perimeter, endpoint));
    }
}

fn measured(sample: &Sample) -> Duration {
    let (perimeter, endpoint) = (perimeter(), endpoint(&sample.service, sample.gateway));
    let start = Instant::now();
    decide(&sample.text, &perimeter, &endpoint);
    start.elapsed()
}

/// The policies that people published: the one in the middle, and the slowest.
fn public(criterion: &mut Criterion) {
    let samples = recorded("public");
    if samples.is_empty() {
        println!("no public policies here: none is measured");
        return;
    }
    let mut sorted: Vec<(Duration, &Sample)> = samples
        .iter()
        .filter_map(|sample| Some(((0..200).map(|_| measured(sample)).min()?, sample)))
        .collect();
    sorted.sort_by_key(|(took, _)| *took);
    for (name, at) in [("median", sorted.len() / 2), ("slowest", sorted.len() - 1)] {
        let Some((took, sample)) = sorted.get(at) else { continue };
        println!(
            "{name} of {} public policies: {}, at best {took:?}",
            sorted.len(),
            sample.name
        );
        let (perimeter, endpoint) = (perimeter(), endpoint(&sample.service, sample.gateway));
        criterion.bench_function(&format!("public/{name}"), |bencher| {
            bencher.iter(|| decide(&sample.text, &perimeter, &endpoint));
        });
    }
}

fn long(criterion: &mut Criterion) {
    let (perimeter, endpoint) = (perimeter(), endpoint("s3", false));
    let text = longest();
    criterion.bench_function("longest", |bencher| {
        bencher.iter(|| decide(&text, &perimeter, &endpoint))
    });
    for (name, text) in hostile() {
        criterion.bench_function(&format!("hostile/{name}"), |bencher| {
            bencher.iter(|| decide(&text, &perimeter, &endpoint));
        });
    }
}

/// How much memory the hostile documents take, together with what a service's data takes once. Linux tells.
fn memory(_: &mut Criterion) {
    let kibibytes = |name: &str| -> Option<u64> {
        let status = std::fs::read_to_string("/proc/self/status").ok()?;
        let line = status.lines().find(|line| line.starts_with(name))?;
        line.split_whitespace().nth(1)?.parse().ok()
    };
    let (perimeter, endpoint) = (perimeter(), endpoint("s3", false));
    let mut all = hostile();
    all.push(("longest", longest()));
    for (name, text) in all {
        // Sets the peak back to what is taken now.
        if std::fs::write("/proc/self/clear_refs", "5").is_err() {
            return;
        }
        let before = kibibytes("VmHWM:");
        decide(&text, &perimeter, &endpoint);
        if let (Some(before), Some(peak)) = (before, kibibytes("VmHWM:")) {
            println!(
                "memory of {name}: {:.1} MiB more",
                (peak.saturating_sub(before)) as f64 / 1024.0
            );
        }
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_secs(1));
    targets = memory, public, long
}
criterion_main!(benches);
