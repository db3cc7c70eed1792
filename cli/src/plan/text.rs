//! A plan as a difference that a person reads.

use std::io::Write;

use postern_core::changes::{Change, ChangeOutcome, ReplacePolicy, Safety};
use postern_core::evaluation::{Exempt, Finding, Suppression};
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
pub(super) enum Detail<'a> {
    /// Only what is to be applied in full. This command shows the rest.
    Applied(&'a str),
    /// Also what is not applied, and what a person has to do.
    Everything,
}

/// What the changes that are to be applied are, which are not and why, and what is left to people.
pub(super) fn describe(
    planned: &ScopePlan,
    settings: &Settings,
    detail: Detail<'_>,
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
        1 => say(out, &format!("  1 change is to be applied, {}.", cost(&applied)))?,
        count => say(
            out,
            &format!("  {count} changes are to be applied, {}.", cost(&applied)),
        )?,
    }
    let people: Vec<_> = planned.findings.iter().filter(|finding| for_people(finding)).collect();
    match detail {
        Detail::Applied(shows) => summary(others.len(), people.len(), shows, out),
        Detail::Everything => {
            describe_others(planned, settings, &others, out)?;
            describe_findings(&people, out)?;
            describe_accepted(&planned.findings, out)
        }
    }
}

/// Whether a change would be applied now.
pub(super) fn is_applied(planned: &ScopePlan, change: &PlannedChange) -> bool {
    change.mode == Mode::Enforce && planned.plan.refusal(change).is_none()
}

/// What changes add to the bill, such as `$7.30 a month and 2 of unknown price`.
pub(super) fn cost(changes: &[&PlannedChange]) -> String {
    let known: MonthlyCost = changes.iter().filter_map(|change| change.monthly_cost).sum();
    match changes.iter().filter(|change| change.monthly_cost.is_none()).count() {
        0 => format!("{known} a month"),
        unknown if known == MonthlyCost::ZERO => format!("{unknown} of unknown price"),
        unknown => format!("{known} a month and {unknown} of unknown price"),
    }
}

fn summary(others: usize, people: usize, shows: &str, out: &mut dyn Write) -> Result<(), CommandError> {
    let others = match others {
        0 => None,
        1 => Some("1 more change is not applied".to_owned()),
        others => Some(format!("{others} more changes are not applied")),
    };
    let people = match people {
        0 => None,
        1 => Some("1 finding needs a person".to_owned()),
        people => Some(format!("{people} findings need a person")),
    };
    let parts: Vec<_> = others.into_iter().chain(people).collect();
    match parts.is_empty() {
        true => Ok(()),
        false => lines(
            "  ",
            "  ",
            &format!("{}: `{shows}` shows them.", parts.join(", and ")),
            out,
        ),
    }
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
            "Not applied: {count} change{}, {}, because {reason}:",
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

/// Findings that nobody has to remedy for now: they are exempt, or a rollback paused their remediation.
fn describe_accepted(findings: &[Finding], out: &mut dyn Write) -> Result<(), CommandError> {
    let accepted: Vec<_> = findings
        .iter()
        .filter_map(|finding| Some((finding, finding.accepted()?)))
        .collect();
    if accepted.is_empty() {
        return Ok(());
    }
    say(out, "  Left as they are:")?;
    for (finding, Exempt { reason, expires }) in accepted {
        let why = match finding.suppression {
            Some(Suppression::Paused(_)) => "paused",
            Some(_) | None => "exempt",
        };
        let until = expires.map(|time| format!(" until {time:.0}")).unwrap_or_default();
        lines("  * ", "    ", &format!("{}: {why}{until}: {reason}", finding.key), out)?;
    }
    Ok(())
}

fn describe_change(planned: &PlannedChange, out: &mut dyn Write) -> Result<(), CommandError> {
    let (sign, class) = match planned.change.safety() {
        Safety::Additive => ('+', "additive"),
        Safety::Interrupting => ('~', "interrupting"),
        Safety::Restrictive => ('-', "restrictive"),
        Safety::Disconnecting => ('-', "restrictive and interrupting"),
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
