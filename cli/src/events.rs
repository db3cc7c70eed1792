//! `events replay`: what recorded events would make each function do. No call is made.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, Subcommand};
use postern_core::functions::{FUNCTIONS, Function};
use postern_core::model::text::printable;
use postern_core::trigger::{ParsedEvent, SCHEDULE, TAG_CALLS, Target, Trigger, read};
use serde_json::{Value, json};

use crate::input;
use crate::output::{Status, complain, fail, warn};
use crate::values::account;

const REPLAY: &str = "\
Examples:
  postern events replay 111122223333_CloudTrail_eu-central-1_20261129T0000Z.json
  aws cloudtrail lookup-events --output json | postern events replay -

The file has CloudTrail records (`{\"Records\": […]}`, as CloudTrail writes them to S3, decompressed), the answer of \
`aws cloudtrail lookup-events`, or events as EventBridge delivers them, one for each line or in a list.

Exit status:
  0  every event was read
  1  at least one cannot be read; the functions would return it to their queue
  2  the file cannot be read";

#[derive(Clone, Debug, Subcommand)]
pub enum Events {
    Replay(Replay),
}

/// Show what recorded CloudTrail events would make each function evaluate; makes no call
#[derive(Clone, Debug, Args)]
#[command(after_help = REPLAY)]
pub struct Replay {
    /// CloudTrail records or EventBridge events, as JSON; - is standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Role of a function of Postern, whose own calls are ignored; can be repeated
    #[arg(long = "own-role", value_name = "ARN")]
    pub own_roles: Vec<String>,
    /// Account that the deployment serves, which ignores events of others [default: every account]
    #[arg(long, value_name = "ACCOUNT", value_parser = account)]
    pub account: Option<String>,
}

pub(crate) fn run_events(events: &Events, out: &mut dyn Write) -> io::Result<Status> {
    let Events::Replay(arguments) = events;
    let text = match input::text(&arguments.file) {
        Ok(text) => text,
        Err(error) => {
            fail(&error);
            return Ok(Status::Failed);
        }
    };
    let events = match documents(&text) {
        Ok(events) => events,
        Err(error) => {
            complain(&format!("`{}` is not JSON: {error}", arguments.file.display()));
            return Ok(Status::Failed);
        }
    };
    replay(&events, arguments, out)
}

fn replay(events: &[Value], arguments: &Replay, out: &mut dyn Write) -> io::Result<Status> {
    let own_roles: Vec<&str> = arguments.own_roles.iter().map(String::as_str).collect();
    let mut starts: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut ignored, mut unreadable) = (0, 0);
    let mut accounts = BTreeSet::new();
    for event in events {
        match read(event, &own_roles) {
            Ok(ParsedEvent::Act(trigger))
                if arguments
                    .account
                    .as_ref()
                    .is_some_and(|own| *own != *trigger.account.as_str()) =>
            {
                ignored += 1;
                describe(&trigger, out)?;
                writeln!(
                    out,
                    "  ignored: a deployment in another account does not serve account {}",
                    trigger.account
                )?;
            }
            Ok(ParsedEvent::Act(trigger)) => {
                accounts.insert(trigger.account.clone());
                describe(&trigger, out)?;
                let started: Vec<_> = started(&trigger).collect();
                for function in &started {
                    *starts.entry(function.name).or_default() += 1;
                    let controls = function.controls();
                    let controls: Vec<_> = controls.iter().map(|control| control.name).collect();
                    writeln!(out, "  {} evaluates {}", function.name, controls.join(", "))?;
                }
                if started.is_empty() {
                    writeln!(out, "  starts no function: no rule matches the call")?;
                }
            }
            Ok(ParsedEvent::Ignore(reason)) => {
                ignored += 1;
                writeln!(
                    out,
                    "{}\n  ignored: {}",
                    printable(&heading(event)),
                    printable(&reason.to_string())
                )?;
            }
            Err(error) => {
                unreadable += 1;
                writeln!(
                    out,
                    "{}\n  cannot be read: {}",
                    printable(&heading(event)),
                    printable(&error.to_string())
                )?;
            }
        }
    }
    let starts: Vec<_> = starts.iter().map(|(name, count)| format!("{name} {count}")).collect();
    let starts = if starts.is_empty() {
        "none".to_owned()
    } else {
        starts.join(", ")
    };
    writeln!(
        out,
        "{} events; {ignored} ignored, {unreadable} cannot be read. Started: {starts}.",
        events.len()
    )?;
    if accounts.len() > 1 {
        warn(
            "the events are of several accounts, and a deployment serves one; name it with `--account` to ignore the events \
             of the others",
        );
    }
    Ok(if unreadable > 0 { Status::Found } else { Status::Fine })
}

fn describe(trigger: &Trigger, out: &mut dyn Write) -> io::Result<()> {
    let event = &trigger.triggering_event;
    let time = event.time.map_or(String::new(), |time| format!("{time:.0}  "));
    let actor = event
        .actor
        .as_ref()
        .map_or(String::new(), |actor| format!(" by {}", actor.identity));
    writeln!(out, "{}", printable(&format!("{time}{}{actor}", event.event)))?;
    let targets: Vec<_> = trigger.targets.iter().map(target).collect();
    let line = format!(
        "  {} of account {} in {}",
        targets.join(", "),
        trigger.account,
        trigger.region
    );
    writeln!(out, "{}", printable(&line))
}

/// The functions whose rules match the event.
fn started(trigger: &Trigger) -> impl Iterator<Item = &'static Function> {
    let event = &trigger.triggering_event;
    let failed = event.failure.is_some();
    let matching = move |function: &&&'static Function| match failed {
        true => function.failed_events.contains(&event.event.as_str()),
        false if TAG_CALLS.contains(&event.event.as_str()) => {
            let mut targets = trigger.targets.iter();
            targets.any(|target| function.watches_tags_of(target_id(target)))
        }
        false if function.load_balancer_events.contains(&event.event.as_str()) => trigger.targets.iter().any(balances),
        false if event.event == SCHEDULE => function.events.is_empty(),
        false => function.events.contains(&event.event.as_str()),
    };
    FUNCTIONS.iter().filter(matching).copied()
}

/// Whether a load balancer may be that of an endpoint service: of the types network and gateway, and no classic one.
fn balances(target: &Target) -> bool {
    let id = target_id(target);
    [":loadbalancer/net/", ":loadbalancer/gwy/"]
        .iter()
        .any(|kind| id.contains(kind))
}

/// The id that an event names; nothing where it names none.
fn target_id(target: &Target) -> &str {
    match target {
        Target::Vpc(id) => id.as_str(),
        Target::Subnet(id) => id.as_str(),
        Target::RouteTable(id) => id.as_str(),
        Target::RouteTableAssociation(id) => id.as_str(),
        Target::SecurityGroup(id) => id.as_str(),
        Target::NetworkAcl(id) => id.as_str(),
        Target::Endpoint(id) | Target::ConnectedEndpoint(id) => id.as_str(),
        Target::EndpointService(id) => id.as_str(),
        Target::LoadBalancer(arn) => arn.as_str(),
        Target::Region => "",
    }
}

fn target(target: &Target) -> String {
    match target {
        Target::Vpc(id) => id.to_string(),
        Target::Subnet(id) => format!("the VPC of {id}"),
        Target::RouteTable(id) => format!("the VPC of {id}"),
        Target::RouteTableAssociation(id) => format!("the VPC of {id}"),
        Target::SecurityGroup(id) => format!("the VPCs of endpoints with {id}"),
        Target::NetworkAcl(id) => format!("the VPC of {id}"),
        Target::Endpoint(id) => format!("the VPC of {id}"),
        Target::ConnectedEndpoint(id) => format!("the VPC of {id}, if it is one of this account"),
        Target::EndpointService(id) => id.to_string(),
        Target::LoadBalancer(arn) => format!("the endpoint services behind {arn}"),
        Target::Region => "everything".to_owned(),
    }
}

fn heading(event: &Value) -> String {
    let text = |path: &str| {
        event
            .pointer(path)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let call = [text("/detail/eventName"), text("/detail-type")];
    let call = call.into_iter().find(|text| !text.is_empty());
    format!("{}  {}", text("/time"), call.unwrap_or_else(|| "an event".to_owned()))
}

/// The events of a file, as EventBridge delivers them.
fn documents(text: &str) -> Result<Vec<Value>, serde_json::Error> {
    let whole: Result<Value, _> = serde_json::from_str(text);
    let found = match whole {
        Ok(value) => unpacked(value),
        // One document for each line.
        Err(error) => {
            let lines = text.lines().filter(|line| !line.trim().is_empty());
            let values: Result<Vec<Value>, _> = lines.map(serde_json::from_str).collect();
            values.map_err(|_| error)?.into_iter().flat_map(unpacked).collect()
        }
    };
    Ok(found.into_iter().map(delivered).collect())
}

fn unpacked(value: Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items,
        Value::Object(mut members) => {
            if let Some(Value::Array(records)) = members.remove("Records") {
                return records;
            }
            if let Some(Value::Array(events)) = members.remove("Events") {
                return events.into_iter().filter_map(|event| looked_up(&event)).collect();
            }
            vec![Value::Object(members)]
        }
        other => vec![other],
    }
}

/// The record in an event of `lookup-events`, which has it as text.
fn looked_up(event: &Value) -> Option<Value> {
    serde_json::from_str(event.get("CloudTrailEvent")?.as_str()?).ok()
}

/// A CloudTrail record in the envelope in which EventBridge delivers it; anything else as it is.
fn delivered(value: Value) -> Value {
    let Some(source) = value.get("eventSource").and_then(Value::as_str) else {
        return value;
    };
    let source = source.strip_suffix(".amazonaws.com").unwrap_or(source);
    let text = |name: &str| value.get(name).cloned().unwrap_or(Value::Null);
    let account = match text("recipientAccountId") {
        Value::Null => value.pointer("/userIdentity/accountId").cloned().unwrap_or_default(),
        account => account,
    };
    json!({
        "version": "0",
        "id": text("eventID"),
        "detail-type": "AWS API Call via CloudTrail",
        "source": format!("aws.{source}"),
        "account": account,
        "time": text("eventTime"),
        "region": text("awsRegion"),
        "resources": [],
        "detail": value,
    })
}
