//! A plan as a difference that a person reads.

use std::io::Write;

use postern_core::changes::{Change, ChangeOutcome, ReplacePolicy, Safety};
use postern_core::evaluation::Finding;
use postern_core::model::cost::MonthlyCost;
use postern_core::model::finding::Verdict;
use postern_core::model::part::name;
use postern_core::model::scope::{Scope, ScopedResource};
use postern_core::model::text::plural;
use postern_core::plan::PlannedChange;
use postern_core::settings::{Mode, Settings};
use postern_engine::ScopePlan;

use crate::difference::difference;
use crate::operate::{CommandError, say};
use crate::output::wrapped;

/// How much of a plan is described.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Detail {
    /// Only what is to be applied in full.
    Applied,
    /// Also what is not applied, and what a person has to do.
    Everything,
}

/// What the changes that are to be applied are, which are not and why, and what is left to people.
pub(super) fn describe(
    planned: &ScopePlan,
    settings: &Settings,
    detail: Detail,
    out: &mut dyn Write,
) -> Result<(), CommandError> {
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
    let (applied, others): (Vec<_>, Vec<_>) = plan.changes.iter().partition(|change| is_applied(planned, change));
    for change in &applied {
        describe_change(change, out)?;
    }
    match applied.len() {
        0 => say(out, "  No change is to be applied.")?,
        1 => say(
            out,
            &format!("  1 change is to be applied, {} a month.", cost(&applied)),
        )?,
        count => say(
            out,
            &format!("  {count} changes are to be applied, {} a month.", cost(&applied)),
        )?,
    }
    let people: Vec<_> = planned.findings.iter().filter(|finding| for_people(finding)).collect();
    match detail {
        Detail::Applied => summary(&resource, others.len(), people.len(), out),
        Detail::Everything => {
            describe_others(planned, settings, &others, out)?;
            describe_findings(&people, out)
        }
    }
}

/// Whether a change would be applied now.
pub(super) fn is_applied(planned: &ScopePlan, change: &PlannedChange) -> bool {
    change.mode == Mode::Enforce && planned.plan.refusal(change).is_none()
}

/// What changes add to the bill each month, as far as their prices are known.
pub(super) fn cost(changes: &[&PlannedChange]) -> MonthlyCost {
    changes.iter().filter_map(|change| change.monthly_cost).sum()
}

fn summary(resource: &ScopedResource, others: usize, people: usize, out: &mut dyn Write) -> Result<(), CommandError> {
    if others + people == 0 {
        return Ok(());
    }
    let text = format!(
        "{others} more change{} not applied, and {people} finding{} a person: `postern plan {resource}` shows them.",
        if others == 1 { " is" } else { "s are" },
        if people == 1 { " needs" } else { "s need" },
    );
    lines("  ", "  ", &text, out)
}

/// The changes that are not applied, by the reason.
fn describe_others(
    planned: &ScopePlan,
    settings: &Settings,
    others: &[&PlannedChange],
    out: &mut dyn Write,
) -> Result<(), CommandError> {
    let mut groups: Vec<(String, Vec<&PlannedChange>)> = Vec::new();
    for change in others {
        let reason = reason(planned, settings, change);
        match groups.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, group)) => group.push(change),
            None => groups.push((reason, vec![change])),
        }
    }
    for (reason, group) in groups {
        let count = group.len();
        let heading = format!(
            "Not applied: {count} change{}, {} a month, because {reason}:",
            plural(count),
            cost(&group)
        );
        lines("  ", "  ", &heading, out)?;
        for change in group {
            describe_change(change, out)?;
        }
    }
    Ok(())
}

/// Why a change is not applied.
fn reason(planned: &ScopePlan, settings: &Settings, change: &PlannedChange) -> String {
    if let (Mode::Enforce, Some(reason)) = (change.mode, planned.plan.refusal(change)) {
        return reason.to_owned();
    }
    let enforced = |control: &str| settings.modes.of(control) == Mode::Enforce;
    match change.causes.iter().all(|key| enforced(&key.control)) {
        true => "the settings only audit interrupting changes".to_owned(),
        false => "the settings only audit their controls".to_owned(),
    }
}

/// Whether a finding remains until a person does something.
fn for_people(finding: &Finding) -> bool {
    let found = match finding.verdict() {
        Verdict::NonCompliant => finding.open(),
        Verdict::Indeterminate => true,
        Verdict::Compliant | Verdict::NotApplicable => false,
    };
    found && finding.advice().is_some()
}

fn describe_findings(findings: &[&Finding], out: &mut dyn Write) -> Result<(), CommandError> {
    if findings.is_empty() {
        return Ok(());
    }
    say(out, "  For a person to remedy:")?;
    for finding in findings {
        let severity = finding.severity.as_str().to_uppercase();
        lines("  * ", "    ", &format!("{severity} {}", finding.key), out)?;
        lines("      ", "      ", &finding.explanation(), out)?;
        if let Some(advice) = finding.advice() {
            lines("      To do: ", "      ", &advice, out)?;
        }
    }
    Ok(())
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
    let text = format!("{} ({class}, {cost})", planned.change);
    lines(&format!("  {sign} "), "    ", &text, out)?;
    for key in &planned.causes {
        say(out, &format!("      for {key}"))?;
    }
    if let Change::ReplacePolicy(ReplacePolicy {
        endpoint,
        before,
        after,
    }) = &planned.change
    {
        for line in difference(endpoint.as_str(), "fixed", before, after).lines() {
            say(out, &format!("      {line}"))?;
        }
    }
    Ok(())
}

fn lines(first: &str, next: &str, text: &str, out: &mut dyn Write) -> Result<(), CommandError> {
    wrapped(first, next, text).iter().try_for_each(|line| say(out, line))
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
