//! Measures the functions as they are deployed: cold start, memory, calls, package size. `make bench` runs it.
#![expect(clippy::print_stdout, reason = "it prints what it measured")]

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use postern_core::functions::FUNCTIONS;
use postern_tests::envelope::Envelope;
use postern_tests::error::{HarnessError, Result, While};
use postern_tests::function::{Answer, Function, sqs_batch};
use postern_tests::http::Server;
use postern_tests::ledger::{TABLE, create_table};
use postern_tests::programs::program;
use postern_tests::proxy::Proxy;
use postern_tests::seed::FaultyVpc;
use postern_tests::settings;
use postern_tests::stack::{Moto, REGION, environment};
use postern_tests::topic::Topic;
use tokio::sync::mpsc;

const COLD_STARTS: usize = 41;
const EVENTS: usize = 100;
/// Links the same clients and does nothing.
const BASELINE: &str = "idle";

#[tokio::main]
async fn main() -> Result<()> {
    cold_starts().await?;
    one_warm_function().await?;
    packages()
}

/// From the start of the process to its first poll of the Runtime API, each program in turn so that all of them see
/// the same machine.
async fn cold_starts() -> Result<()> {
    let names: Vec<_> = [BASELINE]
        .into_iter()
        .chain(FUNCTIONS.iter().map(|function| function.name))
        .collect();
    let mut times = vec![Vec::new(); names.len()];
    for _ in 0..COLD_STARTS {
        for (name, times) in names.iter().zip(&mut times) {
            times.push(cold_start(name).await?);
        }
    }
    let medians: Vec<_> = times.into_iter().map(median).collect();
    let baseline = medians.first().copied().unwrap_or_default();
    println!("\n| First poll of the Runtime API, median of {COLD_STARTS} | Time | Ratio |\n| --- | ---: | ---: |");
    for (name, median) in names.iter().zip(medians) {
        let ratio = median.as_secs_f64() / baseline.as_secs_f64();
        println!(
            "| start of {name} | {:.2} ms | {ratio:.2} |",
            median.as_secs_f64() * 1e3
        );
    }
    Ok(())
}

async fn cold_start(name: &str) -> Result<Duration> {
    let (polled, mut poll) = mpsc::unbounded_channel();
    let server = Server::start(move |_| {
        let polled = polled.clone();
        async move {
            let _ = polled.send(Instant::now());
            std::future::pending().await
        }
    })
    .await?;
    let mut command = Command::new(program(name)?);
    command
        .env_clear()
        .envs(environment())
        .env("AWS_LAMBDA_RUNTIME_API", server.address().to_string())
        .env("AWS_LAMBDA_FUNCTION_NAME", name)
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .env("LAMBDA_TASK_ROOT", postern_tests::stack::root())
        .env("POSTERN_TOPIC_ARN", Topic::ARN)
        .env("POSTERN_LEDGER_TABLE", TABLE)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let started = Instant::now();
    let mut child = command.spawn().while_doing(format_args!("starting `{name}`"))?;
    let polled = tokio::time::timeout(Duration::from_secs(10), poll.recv()).await;
    let _ = child.kill();
    let _ = child.wait();
    match polled {
        Ok(Some(at)) => Ok(at.duration_since(started)),
        _ => Err(HarnessError::new(format_args!("`{name}` did not poll the Runtime API"))),
    }
}

/// What a function takes that has repaired a VPC and then hears of it again and again.
async fn one_warm_function() -> Result<()> {
    let moto = Moto::start().await?;
    let vpc = FaultyVpc::create(&moto.ec2(REGION).await, REGION).await?;
    create_table(&moto.sdk(REGION).await).await?;
    let (proxy, topic) = (Proxy::start(moto.address()).await?, Topic::start().await?);
    let (ec2, sns, others) = (proxy.url(), topic.url(), format!("http://{}", moto.address()));
    let variables = [
        ("AWS_ENDPOINT_URL_EC2", ec2.as_str()),
        ("AWS_ENDPOINT_URL_SNS", sns.as_str()),
        ("AWS_ENDPOINT_URL", others.as_str()),
        ("POSTERN_TOPIC_ARN", Topic::ARN),
        ("POSTERN_LEDGER_TABLE", TABLE),
        ("RUST_LOG", "info"),
    ];
    let event = sqs_batch([Envelope::create_subnet(&vpc).json()]);
    let enforce = settings::enforce();
    let mut calls = Vec::new();
    let mut function = Function::start("subnet-inspector", Some(&enforce), &variables).await?;
    invoke(&mut function, &event).await?;
    calls.push(("faulty VPC, cold", proxy.take().len()));
    invoke(&mut function, &event).await?;
    calls.push(("compliant VPC, warm", proxy.take().len()));
    let mut times = Vec::new();
    for _ in 0..EVENTS {
        let started = Instant::now();
        invoke(&mut function, &event).await?;
        times.push(started.elapsed());
    }
    let resident = resident(function.process_id())?;
    proxy.take();
    let mut fresh = Function::start("subnet-inspector", Some(&enforce), &variables).await?;
    invoke(&mut fresh, &event).await?;
    calls.push(("compliant VPC, cold", proxy.take().len()));
    println!("\n| Calls to EC2 for one CreateSubnet event | |\n| --- | ---: |");
    for (what, count) in calls {
        println!("| {what} | {count} |");
    }
    println!("\n| After {EVENTS} more events on the compliant VPC | |\n| --- | ---: |");
    println!("| resident | {resident} |");
    println!(
        "| median event, with the answers of moto | {:.1} ms |",
        median(times).as_secs_f64() * 1e3
    );
    Ok(())
}

async fn invoke(function: &mut Function, event: &serde_json::Value) -> Result<()> {
    match function.invoke(event).await? {
        Answer::Done(_) => Ok(()),
        Answer::Failed { kind, message } => Err(HarnessError::new(format_args!("{kind}: {message}"))),
    }
}

fn resident(process: u32) -> Result<String> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).while_doing("reading the memory in use")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes: f64 = line
        .and_then(|line| line.trim().trim_end_matches(" kB").parse().ok())
        .ok_or_else(|| HarnessError::new("the process has no VmRSS"))?;
    Ok(format!("{:.1} MiB", kilobytes / 1024.0))
}

fn packages() -> Result<()> {
    println!("\n| Package | Size |\n| --- | ---: |");
    for function in FUNCTIONS {
        let path = program(function.name)?.with_extension("zip");
        let size = fs::metadata(&path)
            .while_doing(format_args!("reading `{}`", path.display()))?
            .len();
        println!("| package of {} | {:.2} MB |", function.name, size as f64 / 1e6);
    }
    Ok(())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
