//! Measures what events cost: calls for one event, and a storm of events through a function's program. `make bench` runs
//! it.
#![expect(clippy::print_stdout, reason = "it prints what it measured")]

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

use fastrand::Rng;
use postern_cloud::world::Shape;
use postern_cloud::{ACCOUNT, Cloud, Entry, Faults, REGION, Service};
use postern_core::controls::known;
use postern_core::functions::{Function as Registered, SUBNET_INSPECTOR};
use postern_core::settings::Settings;
use postern_runtime::{Configuration, Handler, REPORTS};
use postern_storm::{LEDGER, Served, ledger, role, topic};
use postern_tests::error::{HarnessError, Result, While};
use postern_tests::function::sqs_batch;
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::processor::processor_time;

mod processor;

const FUNCTION: &Registered = &SUBNET_INSPECTOR;
const PEOPLE: &str = "arn:aws:iam::111122223333:role/platform-engineer";
const SERVICES: [&str; 2] = ["sts", "s3"];
const WORLDS: u64 = 200;
const VPCS: usize = 100;
/// Per VPC.
const EVENTS: usize = 10;
/// As in the template.
const BATCH: usize = 100;
/// As in the template, of one message.
const RECEIVES: usize = 5;
/// As in the template, of one message.
const VISIBILITY: Duration = Duration::from_secs(725);
/// As in the template, of one invocation.
const TIME: Duration = Duration::from_secs(120);
const SETTINGS: &str = r#"
[perimeter]
organizations = ["o-exampleorg1"]
accounts = ["111122223333"]

[[requirements]]
services = ["s3"]
type = "gateway"

[[requirements]]
services = ["sts"]

[prices]
interface_endpoint_zone_hour = 0.01

[modes]
default = "enforce"
interrupting.mode = "enforce"

[limits]
changes_per_run = 1000
changes_per_hour = 10000
monthly_cost_total = 10000.0
"#;

fn main() -> Result<()> {
    calls_per_event()?;
    paused()?.block_on(storm())?;
    let runtime = tokio::runtime::Runtime::new().while_doing("starting a runtime")?;
    runtime.block_on(memory())?;
    runtime.block_on(processor::rows())
}

fn paused() -> Result<Runtime> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    runtime.while_doing("starting a runtime")
}

fn configuration() -> Result<Configuration> {
    let controls = known();
    Ok(Configuration {
        settings: Settings::parse(SETTINGS, &controls)
            .while_doing("reading the settings")?
            .into(),
        destinations: [(&REPORTS, topic())].into_iter().collect(),
        ledger: LEDGER.to_owned(),
        own_roles: vec![role(FUNCTION)],
    })
}

/// A world of own VPCs as one finds them, and the topic and the table that Postern needs.
fn found(seed: u64, vpcs: usize) -> (Cloud, Vec<String>) {
    let cloud = Cloud::new(seed);
    let mut rng = Rng::with_seed(seed);
    let shape = Shape {
        vpcs: 1,
        services: SERVICES.map(str::to_owned).into(),
        policies: Vec::new(),
    };
    let vpcs = cloud.edit(|world| {
        world.topics.insert(topic());
        world.page = 1_000;
        let mut own = Vec::new();
        while own.len() < vpcs {
            let grown = world.populate(&shape, &mut rng).into_iter();
            own.extend(grown.filter(|id| world.vpc(id).is_some_and(|vpc| vpc.owner == ACCOUNT)));
        }
        world.quotas = postern_cloud::world::Quotas::default();
        world.quotas.gateway_endpoints = vpcs.max(world.quotas.gateway_endpoints);
        own
    });
    cloud.tables(|tables| *tables = ledger(seed));
    (cloud, vpcs)
}

/// Somebody makes a call; what CloudTrail tells of it.
fn act(cloud: &Cloud, operation: &str, parameters: &[(&str, &str)]) -> Result<Value> {
    let answer = cloud.call(PEOPLE, operation, parameters);
    let answer = answer.map_err(|refusal| HarnessError::new(format_args!("{operation}: {refusal:?}")))?;
    let event = answer.entry.event();
    event.ok_or_else(|| HarnessError::new(format_args!("{operation} has no event")))
}

fn create_subnet(cloud: &Cloud, vpc: &str, third: usize, letter: &str) -> Result<Value> {
    let (cidr, zone) = (format!("10.0.{third}.0/24"), format!("{REGION}{letter}"));
    let parameters = [
        ("VpcId", vpc),
        ("CidrBlock", cidr.as_str()),
        ("AvailabilityZone", zone.as_str()),
    ];
    act(cloud, "CreateSubnet", &parameters)
}

/// How often each service was asked.
type Calls = BTreeMap<Service, usize>;

#[derive(Default)]
struct Tally(BTreeMap<&'static str, Vec<Calls>>);

/// In worlds at random with one faulty VPC, by a warm function: when it hears of the VPC, when it hears of the same again,
/// and when something harmless happens to the VPC that it repaired.
fn calls_per_event() -> Result<()> {
    let mut tally = Tally::default();
    for seed in 0..WORLDS {
        paused()?.block_on(one_world(seed, &mut tally))?;
    }
    println!("Calls for one event, median (worst) of random VPCs:\n");
    println!("| Event | VPCs | All | EC2 | DynamoDB | SNS |\n| --- | ---: | ---: | ---: | ---: | ---: |");
    for (what, counts) in &tally.0 {
        let of = |count: fn(&Calls) -> usize| {
            let mut counts: Vec<_> = counts.iter().map(count).collect();
            counts.sort_unstable();
            let worst = counts.last().copied().unwrap_or_default();
            format!(
                "{} ({worst})",
                counts.get(counts.len() / 2).copied().unwrap_or_default()
            )
        };
        println!(
            "| {what} | {} | {} | {} | {} | {} |",
            counts.len(),
            of(|calls| calls.values().sum()),
            of(|calls| calls.get(&Service::Ec2).copied().unwrap_or_default()),
            of(|calls| calls.get(&Service::DynamoDb).copied().unwrap_or_default()),
            of(|calls| calls.get(&Service::Sns).copied().unwrap_or_default()),
        );
    }
    Ok(())
}

async fn one_world(seed: u64, tally: &mut Tally) -> Result<()> {
    let (cloud, vpcs) = found(seed, 2);
    let [first, vpc] = vpcs.as_slice() else {
        return Err(HarnessError::new("a world without VPCs"));
    };
    let handler = Handler::new(FUNCTION, Ok(configuration()?), cloud.aws(&role(FUNCTION)));
    // It is warm after another VPC's event.
    queue_events(&cloud, &handler, "warm", &create_subnet(&cloud, first, 64, "a")?).await?;
    let event = create_subnet(&cloud, vpc, 64, "a")?;
    let faulty = queue_events(&cloud, &handler, "faulty", &event).await?;
    if !faulty.iter().any(|entry| entry.changed()) {
        return Ok(());
    }
    let mut events_read = vec![("1. Faulty VPC", faulty)];
    events_read.push((
        "3. Duplicate",
        queue_events(&cloud, &handler, "duplicate", &event).await?,
    ));
    let harmless = [("VpcId", vpc.as_str()), ("EnableDnsSupport.Value", "true")];
    let event = act(&cloud, "ModifyVpcAttribute", &harmless)?;
    let compliant = queue_events(&cloud, &handler, "compliant", &event).await?;
    if !compliant
        .iter()
        .any(|entry| entry.mutating && entry.service == Service::Ec2)
    {
        events_read.push(("2. Compliant VPC", compliant));
    }
    for (what, entries) in events_read {
        let mut calls = Calls::new();
        for entry in entries {
            *calls.entry(entry.service).or_default() += 1;
        }
        tally.0.entry(what).or_default().push(calls);
    }
    Ok(())
}

/// What a function calls because of an event, long after all others.
async fn queue_events(
    cloud: &Cloud,
    handler: &Handler,
    run: &str,
    event: &Value,
) -> Result<Vec<std::sync::Arc<Entry>>> {
    tokio::time::sleep(Duration::from_secs(600)).await;
    let before = cloud.log().len();
    let (answer, _) = Box::pin(handler.handle(sqs_batch([event]), run.into(), None)).await;
    match answer {
        Ok(_) => Ok(cloud.log_since(before)),
        Err(problem) => Err(HarnessError::new(problem.error_message)),
    }
}

/// Many events over many faulty VPCs, in an order at random.
fn events() -> Result<(Cloud, Vec<Value>)> {
    let (cloud, vpcs) = found(1, VPCS);
    let mut rng = Rng::with_seed(1);
    let mut events = Vec::new();
    for n in 0..EVENTS {
        for vpc in &vpcs {
            let letter = rng.choice(["a", "b", "c"]).unwrap_or_default();
            events.push(create_subnet(&cloud, vpc, 64 + n, letter)?);
        }
    }
    rng.shuffle(&mut events);
    Ok((cloud, events))
}

/// The messages of a batch that come back.
fn came_back(batch: Vec<Value>, answer: &Value) -> impl Iterator<Item = Value> {
    let failed = answer.get("batchItemFailures").and_then(Value::as_array);
    let ids = failed
        .into_iter()
        .flatten()
        .filter_map(|failure| failure.get("itemIdentifier")?.as_str());
    let ids: Vec<_> = ids.map(str::to_owned).collect();
    let numbered = batch.into_iter().enumerate();
    numbered.filter_map(move |(number, event)| ids.contains(&format!("message-{number}")).then_some(event))
}

/// Through one warm function in this process, in paused time: what waits for AWS takes none.
async fn storm() -> Result<()> {
    let (cloud, mut waiting) = events()?;
    let before = cloud.log().len();
    let handler = Handler::new(FUNCTION, Ok(configuration()?), cloud.aws(&role(FUNCTION)));
    let (mut invocations, mut receives, mut reconciliations) = (0, 0, 0);
    let begin = processor_time(std::process::id())?;
    while !waiting.is_empty() && receives < RECEIVES {
        receives += 1;
        let mut next = Vec::new();
        while !waiting.is_empty() {
            let batch: Vec<_> = waiting.drain(..waiting.len().min(BATCH)).collect();
            invocations += 1;
            let run = format!("{invocations}").as_str().into();
            let deadline = Some(cloud.now() + TIME);
            let (answer, metrics) = Box::pin(handler.handle(sqs_batch(&batch), run, deadline)).await;
            let answer = answer.map_err(|problem| HarnessError::new(problem.error_message))?;
            reconciliations += metrics.reconciliations();
            next.extend(came_back(batch, &answer));
        }
        waiting = next;
        tokio::time::sleep(VISIBILITY).await;
    }
    let took = processor_time(std::process::id())? - begin;
    let calls = cloud.log_since(before);
    let of = |service| calls.iter().filter(|entry| entry.service == service).count();
    println!("\n{} events over {VPCS} VPCs, {BATCH} at a time:\n", EVENTS * VPCS);
    println!("| | |\n| --- | ---: |");
    println!("| Invocations | {invocations} |\n| Receives of a message, at most | {receives} |");
    println!(
        "| Events given up | {} |\n| Reconciliations | {reconciliations} |",
        waiting.len()
    );
    println!("| Changes | {} |", calls.iter().filter(|entry| entry.changed()).count());
    println!("| Reports | {} |", cloud.published().len());
    println!(
        "| Calls | {}: EC2 {}, DynamoDB {}, SNS {} |",
        calls.len(),
        of(Service::Ec2),
        of(Service::DynamoDb),
        of(Service::Sns)
    );
    println!("| Processor time, the model included | {took:.1} s |");
    Ok(())
}

/// Through the program of the function, as Lambda runs it, each message once. In audit mode: what waits for AWS would take
/// its time here.
async fn memory() -> Result<()> {
    let (cloud, mut waiting) = events()?;
    let mut faults = Faults::none();
    faults.latency = Duration::ZERO..=Duration::ZERO;
    cloud.set_faults(faults);
    let audit = SETTINGS.replace("\"enforce\"", "\"audit\"");
    let mut served = Served::start(FUNCTION, &audit, &cloud).await?;
    let begin = Instant::now();
    while !waiting.is_empty() {
        let batch: Vec<_> = waiting.drain(..waiting.len().min(BATCH)).collect();
        served.invoke(&batch).await?;
    }
    let process = served.process_id();
    println!(
        "| The same in audit mode, through the function's program and loopback | {:.1} s |",
        begin.elapsed().as_secs_f64()
    );
    println!("| Processor time of the function | {:.2} s |", processor_time(process)?);
    println!("| Peak memory of the function | {} |", peak(process)?);
    Ok(())
}

/// The most memory that a process had resident.
fn peak(process: u32) -> Result<String> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).while_doing("reading the memory in use")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes: Option<f64> = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
    let kilobytes = kilobytes.ok_or_else(|| HarnessError::new("the process has no VmHWM"))?;
    Ok(format!("{:.1} MiB", kilobytes / 1024.0))
}
