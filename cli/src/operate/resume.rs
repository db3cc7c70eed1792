//! `resume`: lets a control repair a resource again.

use std::collections::BTreeSet;
use std::io::Write;

use postern_core::history::{Action, ChangeRecord};
use postern_core::model::finding::FindingKey;
use postern_core::settings::Settings;
use postern_core::trigger::Target;

use super::resolve::vpc_of;
use super::{CommandError, OperatorContext, Resume, say};
use crate::output::Status;

/// Ends pauses and the remediation conflict of a control's findings on a resource.
///
/// # Errors
/// If the VPC cannot be determined, or the ledger cannot be read or written.
pub async fn resume(
    context: &OperatorContext,
    settings: &Settings,
    arguments: &Resume,
    out: &mut dyn Write,
) -> Result<Status, CommandError> {
    let Resume { control, resource, .. } = arguments;
    let vpc = match target(resource) {
        Some(target) => vpc_of(context, target).await?,
        None => None,
    };
    let Some(vpc) = vpc else {
        let (account, region) = (&context.account, &context.region);
        let line = format!("No VPC, subnet, route table or endpoint `{resource}` exists in {account} in {region}.");
        say(out, &line)?;
        return Ok(Status::Found);
    };
    let scope = context.scope(&vpc);
    let now = context.aws.now();
    let window = settings.limits.window();
    let history = context.ledger.past(&scope, now.checked_sub(window).ok()).await?;
    let named = |key: &FindingKey| key.control == *control && key.resource.id == *resource;
    let paused: Vec<_> = history
        .pauses
        .iter()
        .filter(|pause| named(&pause.key) && pause.expires > now)
        .collect();
    let counts = |record: &&ChangeRecord| record.counts() && matches!(record.action, Action::Change(_));
    let repairs = history.records.iter().filter(counts).flat_map(|record| &record.causes);
    let repaired: BTreeSet<_> = repairs.filter(|key| named(key)).collect();
    if paused.is_empty() && repaired.is_empty() {
        let hours = settings.limits.window_hours;
        let line = format!(
            "Remediation of {control} on {resource} is not paused, and there was no repair in the last {hours} hours."
        );
        say(out, &line)?;
        return Ok(Status::Found);
    }
    for pause in paused {
        let line = format!(
            "Pause ended: {} ({}, until {:.0}).",
            pause.key, pause.reason, pause.expires
        );
        say(out, &line)?;
        if !arguments.changing.dry_run {
            context.ledger.lift(&scope, &pause.key).await?;
        }
    }
    for key in repaired {
        let line = format!("Earlier repairs no longer count towards `limits.attempts`: {key}.");
        say(out, &line)?;
        if !arguments.changing.dry_run {
            let expires = now.checked_add(window).unwrap_or(now);
            context.ledger.resume(&scope, key, now, expires).await?;
        }
    }
    let line = match arguments.changing.dry_run {
        true => "Nothing was changed: this was a dry run.",
        false => "The next event in the VPC, or the next sweep, evaluates the resource again.",
    };
    say(out, line)?;
    Ok(Status::Fine)
}

fn target(id: &str) -> Option<Target> {
    match id.split_once('-')?.0 {
        "vpc" => Some(Target::Vpc(id.into())),
        "subnet" => Some(Target::Subnet(id.into())),
        "rtb" => Some(Target::RouteTable(id.into())),
        "vpce" => Some(Target::Endpoint(id.into())),
        _ => None,
    }
}
