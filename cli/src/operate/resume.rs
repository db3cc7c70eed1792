//! `resume`: lets controls repair resources again.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use postern_core::history::{Action, ChangeRecord, Pause};
use postern_core::model::finding::FindingKey;
use postern_core::model::id::RunId;
use postern_core::model::scope::{Scope, ScopedResource};
use postern_core::settings::Settings;
use postern_core::trigger::Target;

use super::resolve::scope_of;
use super::{CommandError, OperatorContext, Resume, say};
use crate::output::Status;

/// The findings of a scope that are to be resumed.
enum Selected<'a> {
    Finding {
        control: &'a str,
        resource: &'a str,
    },
    /// Those that the changes of a run were for, and those that its rollback paused.
    Run {
        run: &'a RunId,
        causes: BTreeSet<FindingKey>,
    },
}

impl Selected<'_> {
    fn names(&self, key: &FindingKey) -> bool {
        match self {
            Self::Finding { control, resource } => key.control == *control && key.resource.id == *resource,
            Self::Run { causes, .. } => causes.contains(key),
        }
    }

    fn paused(&self, pause: &Pause) -> bool {
        let rolled_back = match self {
            Self::Finding { .. } => false,
            Self::Run { run, .. } => pause.reason.contains(&format!("--run {run}`")),
        };
        rolled_back || self.names(&pause.key)
    }
}

/// Ends pauses and remediation conflicts of a control's findings on a resource, or of those of a run.
///
/// # Errors
/// If the scope cannot be determined, or the ledger cannot be read or written.
pub async fn resume(
    context: &OperatorContext,
    settings: &Settings,
    arguments: &Resume,
    out: &mut dyn Write,
) -> Result<Status, CommandError> {
    let (account, region) = (&context.account, context.region());
    let mut resumed = false;
    match (&arguments.run, &arguments.control, &arguments.resource) {
        (Some(run), _, _) => {
            let records = context.ledger.history(account, region, None).await?;
            let mut scopes: BTreeMap<Scope, BTreeSet<FindingKey>> = BTreeMap::new();
            for record in records.into_iter().filter(|record| record.run == *run) {
                scopes.entry(record.scope).or_default().extend(record.causes);
            }
            if scopes.is_empty() {
                return Err(CommandError::NotOnRecord(
                    run.to_string(),
                    account.clone(),
                    region.clone(),
                ));
            }
            for (scope, causes) in scopes {
                let selected = Selected::Run { run, causes };
                resumed |= resume_in(context, settings, &scope, &selected, arguments, out).await?;
            }
            if !resumed {
                say(
                    out,
                    &format!("No finding of run {run} is paused or was repaired lately."),
                )?;
            }
        }
        (None, Some(control), Some(resource)) => {
            let scope = match target(resource) {
                Some(target) => scope_of(context, target).await?,
                None => None,
            };
            let Some(scope) = scope else {
                let line = format!(
                    "No VPC, subnet, route table, endpoint or endpoint service `{resource}` exists in {account} in {region}."
                );
                say(out, &line)?;
                return Ok(Status::Found);
            };
            let selected = Selected::Finding { control, resource };
            resumed = resume_in(context, settings, &scope, &selected, arguments, out).await?;
            if !resumed {
                let hours = settings.limits.window_hours;
                let line = format!(
                    "Remediation of {control} on {resource} is not paused, and there was no repair in the last {hours} hours."
                );
                say(out, &line)?;
            }
        }
        // Not a command line that the parser of arguments accepts.
        (None, _, _) => {}
    }
    if !resumed {
        return Ok(Status::Found);
    }
    let line = match arguments.changing.dry_run {
        true => "Nothing was changed: this was a dry run.",
        false => "The next event in the VPC, or the next sweep, evaluates the resource again.",
    };
    say(out, line)?;
    Ok(Status::Fine)
}

/// Gives whether there was something to resume.
async fn resume_in(
    context: &OperatorContext,
    settings: &Settings,
    scope: &Scope,
    selected: &Selected<'_>,
    arguments: &Resume,
    out: &mut dyn Write,
) -> Result<bool, CommandError> {
    let now = context.aws.now();
    let window = settings.limits.window();
    let history = context.ledger.past(scope, now.checked_sub(window).ok()).await?;
    let paused: Vec<_> = history
        .pauses
        .iter()
        .filter(|pause| selected.paused(pause) && pause.expires > now)
        .collect();
    let counts = |record: &&ChangeRecord| record.counts() && matches!(record.action, Action::Change(_));
    let repairs = history.records.iter().filter(counts).flat_map(|record| &record.causes);
    let repaired: BTreeSet<_> = repairs.filter(|key| selected.names(key)).collect();
    for pause in &paused {
        let line = format!(
            "Pause ended: {} ({}, until {:.0}).",
            pause.key, pause.reason, pause.expires
        );
        say(out, &line)?;
        if !arguments.changing.dry_run {
            context.ledger.lift(scope, &pause.key).await?;
        }
    }
    for key in &repaired {
        let line = format!("Earlier repairs no longer count towards `limits.attempts`: {key}.");
        say(out, &line)?;
        if !arguments.changing.dry_run {
            let expires = now.checked_add(window).unwrap_or(now);
            context.ledger.resume(scope, key, now, expires).await?;
        }
    }
    Ok(!paused.is_empty() || !repaired.is_empty())
}

fn target(id: &str) -> Option<Target> {
    match ScopedResource::parse(id) {
        Some(ScopedResource::Vpc(vpc)) => return Some(Target::Vpc(vpc)),
        Some(ScopedResource::EndpointService(service)) => return Some(Target::EndpointService(service)),
        None => {}
    }
    match id.split_once('-')?.0 {
        "subnet" => Some(Target::Subnet(id.into())),
        "rtb" => Some(Target::RouteTable(id.into())),
        "vpce" => Some(Target::Endpoint(id.into())),
        _ => None,
    }
}
