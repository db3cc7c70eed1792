//! A plan as a difference that a person reads.

use std::io::Write;

use postern_core::changes::{Change, ChangeOutcome, ReplacePolicy, Safety};
use postern_core::model::cost::MonthlyCost;
use postern_core::model::part::name;
use postern_core::model::scope::{Scope, ScopedResource};
use postern_core::plan::PlannedChange;
use postern_core::settings::Mode;
use postern_engine::ScopePlan;

use crate::difference::difference;
use crate::operate::{CommandError, say};

/// What the changes that are to be applied are, and which are not and why.
pub(super) fn describe(planned: &ScopePlan, out: &mut dyn Write) -> Result<(), CommandError> {
    let ScopePlan { snapshot, plan, .. } = planned;
    let name = name(snapshot.tags())
        .map(|name| format!(" \"{name}\""))
        .unwrap_or_default();
    let Scope {
        account,
        region,
        resource,
    } = snapshot.scope();
    let noun = match &resource {
        ScopedResource::Vpc(_) => "VPC",
        ScopedResource::EndpointService(_) => "Endpoint service",
    };
    say(out, &format!("{noun} {resource}{name} in {region}, account {account}"))?;
    let applied = |change: &&PlannedChange| change.mode == Mode::Enforce && plan.refusal(change).is_none();
    let (applied, others): (Vec<_>, Vec<_>) = plan.changes.iter().partition(applied);
    for change in &applied {
        describe_change(change, out)?;
    }
    let cost: MonthlyCost = applied.iter().filter_map(|change| change.monthly_cost).sum();
    match applied.len() {
        0 => say(out, "  No change is to be applied.")?,
        1 => say(out, &format!("  1 change is to be applied, {cost} a month."))?,
        count => say(out, &format!("  {count} changes are to be applied, {cost} a month."))?,
    }
    if !others.is_empty() {
        say(out, "  Not applied:")?;
    }
    for change in others {
        let reason = match (change.mode, plan.refusal(change)) {
            (Mode::Enforce, Some(reason)) => reason.to_owned(),
            (_, _) => only_audited(change),
        };
        say(out, &format!("    {}: {reason}", change.change))?;
    }
    Ok(())
}

/// Which setting keeps a change from being applied, and what applies it all the same.
fn only_audited(change: &PlannedChange) -> String {
    let control = change.causes.first().map_or("", |key| key.control.as_str());
    match change.change.safety() {
        Safety::Interrupting | Safety::Disconnecting => format!(
            "the mode of `{control}` or of interrupting changes is `audit`; to apply the change, add `--control {control} \
             --interrupting`"
        ),
        Safety::Additive | Safety::Restrictive => {
            format!("the mode of `{control}` is `audit`; to apply the change, add `--control {control}`")
        }
    }
}

fn describe_change(planned: &PlannedChange, out: &mut dyn Write) -> Result<(), CommandError> {
    let (sign, class) = match planned.change.safety() {
        Safety::Additive => ('+', "additive"),
        Safety::Interrupting => ('~', "interrupting"),
        Safety::Restrictive => ('-', "restrictive"),
        Safety::Disconnecting => ('-', "restrictive, drops connections"),
    };
    let cost = match planned.monthly_cost {
        Some(cost) => format!("{cost} a month"),
        None => "price unknown".to_owned(),
    };
    let line = format!("  {sign} {} ({class}, {cost})", planned.change);
    say(out, &line)?;
    for key in &planned.causes {
        say(out, &format!("      for {key}"))?;
    }
    if let Change::ReplacePolicy(ReplacePolicy {
        endpoint,
        before,
        after,
    }) = &planned.change
    {
        for line in difference(endpoint.as_str(), before, after).lines() {
            say(out, &format!("      {line}"))?;
        }
    }
    Ok(())
}

/// What became of one change.
pub(super) fn outcome(planned: &PlannedChange, outcome: &ChangeOutcome) -> String {
    let change = &planned.change;
    match outcome {
        ChangeOutcome::Applied { created: Some(id) } => format!("Done: {change}: {id}."),
        ChangeOutcome::Applied { created: None } => format!("Done: {change}."),
        ChangeOutcome::NotNeeded { reason } => format!("Not needed: {change}: {reason}."),
        ChangeOutcome::Skipped { reason } | ChangeOutcome::Postponed { reason } => {
            format!("Skipped: {change}: {reason}.")
        }
        ChangeOutcome::Failed { cause, .. } => format!("Failed: {change}: {cause}."),
    }
}
