//! The checks. Each function takes what was read and gives lines; only `all` and `gather` call AWS.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use postern_aws::{Aws, Caller, DeployedStack, SettingsLocation, SettingsReader, Trail, chain};
use postern_core::controls::known;
use postern_core::functions::{FUNCTIONS, Function};
use postern_core::model::id::{AccountId, Region};
use postern_core::settings::{Organization, Settings};
use serde_json::Value;

use super::super::CommandError;
use super::quotas::quotas;
use super::roles::role_lines;
use super::selections::selections;
use super::throttling::throttling;
use super::{Line, Read};
use crate::access::AccessError;
use crate::settings::warnings;

/// The version of this program, which the stack and its functions should have as well.
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Days after which prices are looked up again.
const PRICES_HOLD: i32 = 180;
pub(super) async fn all(
    aws: &Aws,
    named: &Read<Option<Settings>>,
    stack: Option<&str>,
) -> Result<Vec<Line>, CommandError> {
    let region = aws.region().ok_or(AccessError::NoRegion)?;
    let caller = aws.caller().await.map_err(AccessError::from)?;
    let mut lines = vec![Line::ok(format!(
        "account {}, Region {region}, as {}",
        caller.account, caller.arn
    ))];
    let name = match stack {
        Some(name) => Ok(Some(name.to_owned())),
        None => aws.owner().await.map_err(|error| chain(&error)),
    };
    let found = match name {
        Ok(Some(name)) => aws.stack(&name).await.map(Some).map_err(|error| chain(&error)),
        Ok(None) => Ok(None),
        Err(error) => Err(error),
    };
    lines.push(stack_line(&found));
    let outside = match (named, &found) {
        (Ok(None), Ok(Some(stack))) => outside(aws, stack).await,
        _ => None,
    };
    let settings = outside.as_ref().unwrap_or(named);
    lines.push(own_settings(settings, aws));
    let settings = settings.as_ref().ok().and_then(Option::as_ref);
    lines.extend(trails(&aws.trails().await.map_err(|error| chain(&error))));
    lines.extend(perimeter(settings, &caller.account, &organization(aws).await));
    lines.extend(price(settings, &region, aws.now().to_zoned(TimeZone::UTC).date()));
    if let Ok(Some(stack)) = &found {
        lines.extend(of_stack(aws, &caller, settings, stack).await);
    }
    lines.extend(selections(aws, &caller, &region, settings).await);
    lines.extend(quotas(aws, &caller).await);
    lines.extend(throttling(aws).await);
    Ok(lines)
}

async fn organization(aws: &Aws) -> Read<Organization> {
    let session = aws.own_session().await.map_err(|error| chain(&error))?;
    session.organization().await.map_err(|error| chain(&error))
}

/// What belongs to the stack.
async fn of_stack(aws: &Aws, caller: &Caller, settings: Option<&Settings>, stack: &DeployedStack) -> Vec<Line> {
    let mut lines = Vec::new();
    for (_, rule) in stack.of_type("AWS::Events::Rule") {
        // The physical id of a rule on the default bus is its name, or `default|NAME`.
        let rule = rule.rsplit('|').next().unwrap_or(rule);
        lines.extend(rule_line(
            rule,
            aws.rule_is_enabled(rule).await.map_err(|error| chain(&error)),
        ));
    }
    for (output, listener) in [
        ("AlertsTopicArn", "alerts, so that Postern changes nothing"),
        ("OperationsTopicArn", "alarms about Postern itself"),
    ] {
        if let Some(topic) = stack.outputs.get(output) {
            let confirmed = aws.confirmed_subscriptions(topic).await.map_err(|error| chain(&error));
            lines.push(topic_line(topic, listener, confirmed));
        }
    }
    for function in FUNCTIONS {
        let physical = stack.outputs.get(&format!("{}FunctionName", prefix(function)));
        if let Some(name) = physical {
            let answer = aws.self_check(name).await.map_err(|error| chain(&error));
            lines.extend(function_lines(name, &answer, settings));
        }
        lines.extend(role_lines(aws, caller, stack, function, &format!("{}Role", prefix(function))).await);
    }
    for (id, url) in stack.of_type("AWS::SQS::Queue").filter(|(id, _)| id.ends_with("Queue")) {
        let count = async { aws.dead_letters(url).await?.count().await };
        lines.push(dead_letters_line(id, url, count.await.map_err(|error| chain(&error))));
    }
    lines
}

/// `SubnetInspector` of `subnet-inspector`, as the template begins the names of a function's resources.
fn prefix(function: &Function) -> String {
    let words = function.name.split('-');
    words
        .flat_map(|word| {
            let (first, rest) = word.split_at(word.len().min(1));
            [first.to_uppercase(), rest.to_owned()]
        })
        .collect()
}

pub(super) fn stack_line(found: &Read<Option<DeployedStack>>) -> Line {
    let stack = match found {
        Err(error) => return Line::warning(format!("the stack could not be read: {error}")),
        Ok(None) => {
            return Line::problem("no stack runs Postern in this account and Region")
                .run("make build, then make deploy BUCKET=BUCKET");
        }
        Ok(Some(stack)) => stack,
    };
    let DeployedStack { name, status, .. } = stack;
    let version = stack.outputs.get("Version").map_or("unknown", String::as_str);
    if !status.ends_with("_COMPLETE") || status.contains("ROLLBACK") {
        return Line::problem(format!("stack `{name}` is in {status}"))
            .run(format!("aws cloudformation describe-stack-events --stack-name {name}"));
    }
    if version != VERSION {
        let what = format!("the template of stack `{name}` has version {version}, and this program {VERSION}");
        return Line::warning(what).run("make build, then make deploy, with the version that you want");
    }
    Line::ok(format!("stack `{name}` is in {status}, version {version}"))
}

pub(super) fn trails(trails: &Read<Vec<Trail>>) -> Vec<Line> {
    let trails = match trails {
        Ok(trails) => trails,
        Err(error) => return vec![Line::warning(format!("the trails could not be read: {error}"))],
    };
    let useful = |trail: &&Trail| trail.logging && trail.records_writes;
    if let Some(trail) = trails.iter().find(useful) {
        return vec![Line::ok(format!("trail {} records management events", trail.arn))];
    }
    let stopped = trails.iter().find(|trail| trail.records_writes);
    let none = "no trail records management events of this Region, so that no event starts a function";
    vec![match (stopped, trails.first()) {
        (Some(trail), _) => Line::problem(format!("{none}: {} is stopped", trail.arn))
            .run(format!("aws cloudtrail start-logging --name {}", trail.arn)),
        (None, Some(trail)) => Line::problem(format!("{none}: {} records other events", trail.arn))
            .run(format!("aws cloudtrail get-event-selectors --trail-name {}", trail.arn)),
        (None, None) => Line::problem(none).run(
            "aws cloudtrail create-trail --name management-events --s3-bucket-name BUCKET --is-multi-region-trail && aws \
             cloudtrail start-logging --name management-events",
        ),
    }]
}

pub(super) fn rule_line(rule: &str, enabled: Read<bool>) -> Option<Line> {
    match enabled {
        Ok(true) => None,
        Ok(false) => Some(
            Line::problem(format!("rule {rule} is disabled: its events start no function"))
                .run(format!("aws events enable-rule --name {rule}")),
        ),
        Err(error) => Some(Line::warning(format!("rule {rule} could not be read: {error}"))),
    }
}

pub(super) fn topic_line(topic: &str, listener: &str, confirmed: Read<u64>) -> Line {
    match confirmed {
        Ok(0) => Line::problem(format!(
            "topic {topic} has no confirmed subscription: nobody receives {listener}"
        ))
        .run(format!(
            "aws sns subscribe --topic-arn {topic} --protocol email --notification-endpoint ADDRESS"
        )),
        Ok(1) => Line::ok(format!("topic {topic} has 1 confirmed subscription")),
        Ok(count) => Line::ok(format!("topic {topic} has {count} confirmed subscriptions")),
        Err(error) => Line::warning(format!("topic {topic} could not be read: {error}")),
    }
}

/// What a function says of itself, with its own role.
pub(super) fn function_lines(name: &str, answer: &Read<Value>, settings: Option<&Settings>) -> Vec<Line> {
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => {
            return vec![
                Line::problem(format!("function {name} failed its self-check: {error}"))
                    .run(format!("aws logs tail /aws/lambda/{name} --since 1h")),
            ];
        }
    };
    let said = |member: &str| answer.get(member).and_then(Value::as_str).unwrap_or("unknown");
    let (version, used) = (said("version"), said("settings"));
    let mut lines = Vec::new();
    if version != VERSION {
        lines.push(
            Line::warning(format!(
                "function {name} has version {version}, and this program {VERSION}"
            ))
            .run("make build, then make deploy"),
        );
    }
    match settings {
        Some(settings) if settings.version != used => lines.push(
            Line::warning(format!(
                "function {name} uses settings {used}, and those here are {}",
                settings.version
            ))
            .run("postern settings show, here and with the ARN of the stack's parameter Settings"),
        ),
        _ => {}
    }
    if let Some(error) = answer.get("alerts").and_then(Value::as_str) {
        lines.push(Line::problem(format!("function {name} changes nothing: {error}")));
    }
    if lines.is_empty() {
        lines.push(Line::ok(format!(
            "function {name} runs version {version} with settings {used}"
        )));
    }
    lines
}

pub(super) fn dead_letters_line(id: &str, url: &str, count: Read<u64>) -> Line {
    match count {
        Ok(0) => Line::ok(format!("{id} has no dead letters")),
        Ok(count) => Line::problem(format!("{id} has {count} events that its function failed to process"))
            .run(format!("postern redrive {url}")),
        Err(error) => Line::warning(format!("the dead letters of {id} could not be counted: {error}")),
    }
}

/// The settings outside the packages. None where the stack has none.
async fn outside(aws: &Aws, stack: &DeployedStack) -> Option<Read<Option<Settings>>> {
    let arn = stack.parameters.get("Settings").filter(|arn| !arn.is_empty())?;
    let read = async {
        let location: SettingsLocation = arn.parse().map_err(|error| chain(&error))?;
        let text = SettingsReader::new(location).read(aws).await;
        let text = text.map_err(|error| format!("`{arn}` cannot be read: {}", chain(&error)))?;
        let settings = Settings::parse(&text, &known());
        settings.map_err(|error| format!("`{arn}` are refused:\n{error}"))
    };
    Some(read.await.map(Some))
}

/// As `postern settings check` sees the settings.
fn own_settings(settings: &Read<Option<Settings>>, aws: &Aws) -> Line {
    let settings = match settings {
        Ok(Some(settings)) => settings,
        Ok(None) => return Line::warning("no settings at hand: name those of the functions with `--settings`"),
        Err(error) => {
            return Line::problem(format!("the settings cannot be used: {error}")).run("postern settings check");
        }
    };
    let warnings = warnings(settings, aws.now());
    match warnings.len() {
        0 => Line::ok(format!("settings {} are valid, without warnings", settings.version)),
        count => Line::warning(format!(
            "settings {} are valid, with {count} warnings",
            settings.version
        ))
        .run("postern settings check"),
    }
}

/// Whether the perimeter contains the account in which Postern runs, as the functions determine it.
pub(super) fn perimeter(
    settings: Option<&Settings>,
    account: &AccountId,
    organization: &Read<Organization>,
) -> Option<Line> {
    let settings = settings?;
    Some(match organization {
        Ok(organization) => match settings.perimeter_excludes(account, organization) {
            None => Line::ok(format!("the perimeter contains account {account}")),
            Some(reason) => {
                Line::problem(reason).run("correct [perimeter] of the settings, then postern settings check")
            }
        },
        Err(error) => Line::warning(format!(
            "whether the perimeter contains account {account} could not be determined: {error}"
        )),
    })
}

/// Whether the price of an interface endpoint in the Region is known, and not old.
pub(super) fn price(settings: Option<&Settings>, region: &Region, today: Date) -> Option<Line> {
    let prices = &settings?.prices;
    let command = "postern prices --write";
    let Some(price) = prices.of(region).interface_endpoint_zone_hour else {
        return Some(
            Line::warning(format!(
                "the price of interface endpoints in {region} is unknown, so that Postern adds nothing paid"
            ))
            .run(command),
        );
    };
    let what = format!("interface endpoints in {region} cost {price} US dollars for a zone and hour");
    Some(match prices.as_of {
        Some(day) if day.until(today).is_ok_and(|age| age.get_days() > PRICES_HOLD) => {
            Line::warning(format!("{what}, as of {day}")).run(command)
        }
        Some(day) => Line::ok(format!("{what}, as of {day}")),
        None => Line::ok(what),
    })
}
