//! Processor time of the functions' programs, as they are deployed, on a model of AWS: nothing of what the model computes
//! is counted.

use std::fs;

use fastrand::Rng;
use postern_cloud::world::{DefaultRoute, NewEndpoint, World, rule};
use postern_cloud::{Cloud, Faults, REGION};
use postern_core::functions::{Function as Registered, POLICY_INSPECTOR, SUBNET_INSPECTOR, SWEEPER};
use postern_storm::{Served, ledger, topic};
use postern_tests::error::{Result, While};
use serde_json::{Value, json};

use crate::{act, create_subnet};

/// Events that are measured, after the one that reports what is new.
const EVENTS: usize = 100;
const SWEEPS: usize = 10;
const VPCS: usize = 41;
const ZONES: [&str; 3] = ["a", "b", "c"];
const INTERFACE: [&str; 10] = [
    "sts",
    "ec2",
    "ecr.api",
    "ecr.dkr",
    "logs",
    "monitoring",
    "secretsmanager",
    "kms",
    "ssm",
    "ssmmessages",
];
/// The services that `postern.toml` requires, in audit mode.
const DEFAULT_SETTINGS: &str = r#"
[perimeter]
organizations = ["o-exampleorg1"]

[[requirements]]
services = ["sts", "ec2", "ecr.api", "ecr.dkr", "logs", "monitoring", "secretsmanager", "kms", "ssm", "ssmmessages"]

[[requirements]]
services = ["s3", "dynamodb"]
type = "gateway"
"#;
const ONE_REQUIREMENT: &str = r#"
[perimeter]
organizations = ["o-exampleorg1"]

[[requirements]]
services = ["sts"]
"#;

/// The rows of the table.
pub(crate) async fn rows() -> Result<()> {
    println!("\n| Work | Processor time | Calls | Target |\n| --- | ---: | ---: | ---: |");
    let (cloud, vpc) = one_vpc();
    let event = create_subnet(&cloud, &vpc, 64, "a")?;
    one_event(
        "one CreateSubnet event, VPC without endpoints",
        "3 ms",
        &SUBNET_INSPECTOR,
        DEFAULT_SETTINGS,
        &cloud,
        &event,
    )
    .await?;
    let (cloud, vpc) = one_vpc();
    let event = create_subnet(&cloud, &vpc, 64, "a")?;
    one_event(
        "one event on a VPC with one requirement",
        "2 ms",
        &SUBNET_INSPECTOR,
        ONE_REQUIREMENT,
        &cloud,
        &event,
    )
    .await?;
    let (cloud, event) = default_policies()?;
    one_event(
        "one policy event, 5 endpoints with default policies",
        "2 ms",
        &POLICY_INSPECTOR,
        DEFAULT_SETTINGS,
        &cloud,
        &event,
    )
    .await?;
    quiet_sweep().await
}

/// A VPC with a private subnet in each zone and no endpoint, whose DNS hostnames are disabled.
fn one_vpc() -> (Cloud, String) {
    let cloud = cloud();
    let vpc = cloud.edit(|world| vpc_with_subnets(world, 0).0);
    (cloud, vpc)
}

fn default_policies() -> Result<(Cloud, Value)> {
    let (cloud, vpc) = one_vpc();
    cloud.edit(|world| {
        for service in INTERFACE.into_iter().take(4) {
            world.add_endpoint(NewEndpoint {
                private_dns: false,
                ..NewEndpoint::interface(&vpc, service)
            });
        }
    });
    let service = format!("com.amazonaws.{REGION}.s3");
    let event = act(
        &cloud,
        "CreateVpcEndpoint",
        &[("VpcId", &vpc), ("ServiceName", &service)],
    )?;
    Ok((cloud, event))
}

fn cloud() -> Cloud {
    let cloud = Cloud::new(1);
    cloud.edit(|world| {
        world.topics.insert(topic());
        world.page = 1_000;
        world.quotas = postern_cloud::world::Quotas::default();
        world.quotas.gateway_endpoints = 2 * VPCS;
    });
    cloud.tables(|tables| *tables = ledger(1));
    let mut faults = Faults::none();
    faults.latency = std::time::Duration::ZERO..=std::time::Duration::ZERO;
    cloud.set_faults(faults);
    cloud
}

/// A VPC with a private subnet in each zone, and their route table.
fn vpc_with_subnets(world: &mut World, number: usize) -> (String, Vec<String>, String) {
    let vpc = world.add_vpc(&format!("10.{number}.0.0/16"));
    let table = world.add_route_table(&vpc, DefaultRoute::Nat);
    let subnets = ZONES
        .into_iter()
        .enumerate()
        .map(|(third, letter)| world.add_subnet(&vpc, letter, &format!("10.{number}.{third}.0/24"), Some(&table)));
    let subnets = subnets.collect();
    (vpc, subnets, table)
}

/// Each VPC has five endpoints, some of them with the faults that people make.
fn many_vpcs(world: &mut World) {
    let mut rng = Rng::with_seed(1);
    for number in 0..VPCS {
        let (vpc, subnets, table) = vpc_with_subnets(world, number);
        world.edit_vpc(&vpc, |vpc| vpc.dns_hostnames = number % 4 > 0);
        let group = world.add_group(&vpc, "endpoints", vec![rule(&format!("10.{number}.0.0/16"), 443, 443)]);
        for service in INTERFACE.into_iter().take(4) {
            world.add_endpoint(NewEndpoint {
                subnets: subnets.iter().take(rng.usize(1..=3)).cloned().collect(),
                groups: vec![group.clone()],
                private_dns: number % 4 > 0 && rng.u8(..4) > 0,
                ..NewEndpoint::interface(&vpc, service)
            });
        }
        world.add_endpoint(NewEndpoint {
            route_tables: vec![table],
            ..NewEndpoint::gateway(&vpc, "s3")
        });
    }
}

/// By a warm function that has reported everything.
async fn one_event(
    what: &str,
    target: &str,
    function: &Registered,
    settings: &str,
    cloud: &Cloud,
    event: &Value,
) -> Result<()> {
    let mut served = Served::start(function, settings, cloud).await?;
    for _ in 0..3 {
        served.invoke([event]).await?;
    }
    let (calls, before) = (cloud.log().len(), processor_time(served.process_id())?);
    for _ in 0..EVENTS {
        served.invoke([event]).await?;
    }
    let took = processor_time(served.process_id())? - before;
    let calls = (cloud.log().len() - calls) / EVENTS;
    println!("| {what} | {:.2} ms | {calls} | {target} |", took / EVENTS as f64 * 1e3);
    Ok(())
}

/// By a warm function that has reported everything, in an account in which nothing has changed.
async fn quiet_sweep() -> Result<()> {
    let cloud = cloud();
    cloud.edit(many_vpcs);
    let event: Value = json!({
        "version": "0",
        "id": "22222222-2222-4333-8444-000000000001",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": postern_cloud::ACCOUNT,
        "time": "2026-03-02T09:00:00Z",
        "region": REGION,
        "resources": [],
        "detail": {},
    });
    let mut served = Served::start(&SWEEPER, DEFAULT_SETTINGS, &cloud).await?;
    for _ in 0..2 {
        served.invoke([&event]).await?;
    }
    let (calls, before) = (cloud.log().len(), processor_time(served.process_id())?);
    for _ in 0..SWEEPS {
        served.invoke([&event]).await?;
    }
    let took = processor_time(served.process_id())? - before;
    let calls = (cloud.log().len() - calls) / SWEEPS;
    println!(
        "| quiet sweep, {VPCS} VPCs, {} endpoints | {:.3} s | {calls} | 0.15 s, 128 calls |",
        VPCS * 5,
        took / SWEEPS as f64
    );
    Ok(())
}

/// What all threads of a process have computed, in seconds.
/// <https://docs.kernel.org/scheduler/sched-stats.html#proc-pid-schedstat>
pub(crate) fn processor_time(process: u32) -> Result<f64> {
    let mut nanoseconds = 0.0;
    let threads = fs::read_dir(format!("/proc/{process}/task")).while_doing("listing the threads of a process")?;
    for thread in threads {
        let path = thread.while_doing("listing the threads of a process")?.path();
        let text = fs::read_to_string(path.join("schedstat")).while_doing("reading the time of a thread")?;
        let first = text.split(' ').next().and_then(|first| first.parse::<f64>().ok());
        nanoseconds += first.unwrap_or_default();
    }
    Ok(nanoseconds / 1e9)
}
