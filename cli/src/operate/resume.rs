//! `resume`: a control repairs a resource again.

use std::collections::BTreeSet;
use std::io::Write;

use postern_aws::observe::Resolution;
use postern_core::history::{Action, ChangeRecord};
use postern_core::model::finding::FindingKey;
use postern_core::model::id::VpcId;
use postern_core::settings::Settings;
use postern_core::trigger::Target;

use super::{Area, CommandError, Resume, say};
use crate::output::Status;

/// Ends holds and the tug of war over the findings of a control on a resource.
///
/// # Errors
/// If the VPC cannot be found, or the ledger cannot be read or written.
pub async fn resume(
    area: &Area,
    settings: &Settings,
    arguments: &Resume,
    out: &mut dyn Write,
) -> Result<Status, CommandError> {
    let Resume { control, resource, .. } = arguments;
    let vpc = match target(resource) {
        Some(target) => vpc_of(area, target).await?,
        None => None,
    };
    let Some(vpc) = vpc else {
        say(
            out,
            &format!("There is no VPC, subnet, route table or endpoint {resource} here."),
        )?;
        return Ok(Status::Found);
    };
    let scope = area.scope(&vpc);
    let now = area.aws.now();
    let window = settings.limits.window();
    let past = area.ledger.past(&scope, now.checked_sub(window).ok()).await?;
    let meant = |key: &FindingKey| key.control == *control && key.resource.id == *resource;
    let held: Vec<_> = past
        .pauses
        .iter()
        .filter(|pause| meant(&pause.key) && pause.expires > now)
        .collect();
    let repaired = |record: &&ChangeRecord| record.counts() && matches!(record.action, Action::Change(_));
    let repairs = past.records.iter().filter(repaired).flat_map(|record| &record.causes);
    let repaired: BTreeSet<_> = repairs.filter(|key| meant(key)).collect();
    if held.is_empty() && repaired.is_empty() {
        let hours = settings.limits.window_hours;
        say(
            out,
            &format!("Nothing holds {control} on {resource}, and it was not repaired in the last {hours} hours."),
        )?;
        return Ok(Status::Found);
    }
    for pause in held {
        say(
            out,
            &format!(
                "No longer exempt: {} ({}, until {:.0}).",
                pause.key, pause.reason, pause.expires
            ),
        )?;
        if !arguments.changing.dry_run {
            area.ledger.lift(&scope, &pause.key).await?;
        }
    }
    for key in repaired {
        say(out, &format!("Earlier repairs no longer count: {key}."))?;
        if !arguments.changing.dry_run {
            let expires = now.checked_add(window).unwrap_or(now);
            area.ledger.resume(&scope, key, now, expires).await?;
        }
    }
    say(
        out,
        match arguments.changing.dry_run {
            true => "Nothing was changed: this was a dry run.",
            false => "The next event in the VPC, or the next sweep, looks at it again.",
        },
    )?;
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

/// Where something is; None where it is not.
pub(super) async fn vpc_of(area: &Area, target: Target) -> Result<Option<VpcId>, CommandError> {
    let mut resolved = area.session.resolve(&area.region, std::slice::from_ref(&target)).await;
    match resolved.remove(&target).transpose()? {
        Some(Resolution::Vpc(vpc)) => Ok(Some(vpc)),
        _ => Ok(None),
    }
}
