//! What evaluating and planning costs: processor time on one core, and memory. Each row is measured in a process of its
//! own, so that its peak memory is its own.

#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::expect_used,
    reason = "a benchmark starts processes, takes their time, prints what it finds and stops if it cannot"
)]

use std::fs;
use std::hint::black_box;
use std::process::{Command, ExitCode};

use postern_core::controls::CONTROLS;
use postern_core::functions::{Function, POLICY_INSPECTOR, SUBNET_INSPECTOR};
use postern_core::model::scope_snapshot::Snapshot;
use postern_core::model::snapshot::VpcSnapshot;
use postern_core::settings::Settings;

use crate::vpcs::{Fleet, Run};

mod services;
mod vpcs;

/// Evaluations that are measured together, since the kernel counts in milliseconds.
const COLD: usize = 20;
const WARM: usize = 400;

fn main() -> ExitCode {
    let row = std::env::args().nth(1).filter(|argument| argument != "--bench");
    match row {
        Some(row) => measure(&row),
        None => all(),
    }
}

/// The rows, each in a process of its own.
fn all() -> ExitCode {
    println!(
        "\n| Evaluate and plan, on one core | Processor time | Peak memory | Findings | Planned changes | Target |"
    );
    println!("| --- | ---: | ---: | ---: | ---: | ---: |");
    for row in ["100", "1000", "10000", "services", "subnet", "policies"] {
        let program = std::env::current_exe().and_then(|program| Command::new(program).arg(row).status());
        if !program.is_ok_and(|status| status.success()) {
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn measure(row: &str) -> ExitCode {
    match row {
        "subnet" => one_event(
            "CreateSubnet event, VPC without endpoints",
            &SUBNET_INSPECTOR,
            Fleet::faulty,
            "3 ms",
        ),
        "services" => served(),
        "policies" => one_event(
            "policy event, 5 default policies",
            &POLICY_INSPECTOR,
            Fleet::default_policies,
            "2 ms",
        ),
        count => match count.parse() {
            Ok(count) => many(count),
            Err(_) => return ExitCode::FAILURE,
        },
    }
    ExitCode::SUCCESS
}

/// Evaluates and plans VPCs of 10 endpoints, observed together as a sweep does.
fn many(count: usize) {
    let fleet = Fleet::new();
    let vpcs: Vec<_> = (0..count).map(|number| Snapshot::Vpc(fleet.vpc(number))).collect();
    let target = match count {
        1_000 => "1 s, 256 MiB",
        _ => "linear",
    };
    all_of(&format!("{count} VPCs of 10 endpoints"), &fleet.settings, &vpcs, target);
}

/// Evaluates and plans 1,000 endpoint services with 50 connections each.
fn served() {
    let settings = services::settings(50);
    let services: Vec<_> = (0..1_000)
        .map(|number| Snapshot::Service(services::service(number, 50)))
        .collect();
    all_of(
        "1000 endpoint services of 50 connections",
        &settings,
        &services,
        "0.2 s",
    );
}

fn all_of(what: &str, settings: &Settings, scopes: &[Snapshot], target: &str) {
    let (mut findings, mut changes) = (0, 0);
    let begin = processor_time();
    let run = Run::new(settings);
    for scope in scopes {
        let (found, plan) = run.plan(CONTROLS, scope);
        findings += found.iter().filter(|finding| finding.open()).count();
        changes += plan.changes.len();
        black_box((found, plan));
    }
    let took = processor_time() - begin;
    println!(
        "| {what}, every control | {:.3} s | {} MiB | {findings} | {changes} | {target} |",
        took as f64 / 1e9,
        peak_memory()
    );
}

/// One VPC with the default controls: by a function that is cold, and again by one that knows the policies.
fn one_event(event: &str, function: &Function, vpc: fn(&Fleet) -> VpcSnapshot, target: &str) {
    let fleet = Fleet::with_default_controls();
    let vpc = Snapshot::Vpc(vpc(&fleet));
    let controls = function.controls();
    let (mut findings, mut changes) = (0, 0);
    let mut measure = |runs: &[&Run<'_>]| {
        let begin = processor_time();
        for run in runs {
            let (found, plan) = run.plan(&controls, &vpc);
            findings = found.iter().filter(|finding| finding.open()).count();
            changes = plan.changes.len();
            black_box((found, plan));
        }
        (processor_time() - begin) as f64 / 1e6 / runs.len() as f64
    };
    let runs: Vec<_> = (0..COLD).map(|_| Run::new(&fleet.settings)).collect();
    let cold = measure(&runs.iter().collect::<Vec<_>>());
    let warm = measure(&runs.iter().cycle().take(WARM).collect::<Vec<_>>());
    for (state, took) in [("cold", cold), ("warm", warm)] {
        println!(
            "| {event}, {state} | {took:.2} ms | {} MiB | {findings} | {changes} | {target} |",
            peak_memory()
        );
    }
}

/// What this thread, the only one, has computed, in nanoseconds.
/// <https://docs.kernel.org/scheduler/sched-stats.html#proc-pid-schedstat>
fn processor_time() -> u64 {
    let text = fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    text.split(' ')
        .next()
        .and_then(|first| first.parse().ok())
        .unwrap_or_default()
}

/// In MiB.
fn peak_memory() -> u64 {
    let text = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes: Option<u64> = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
    kilobytes.unwrap_or_default() / 1024
}
