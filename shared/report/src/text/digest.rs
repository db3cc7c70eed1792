//! Many reports of one account and Region as one text.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use postern_core::model::text::plural;

use super::page::{Page, foreign};
use super::phrases::{counted, happened, level, named};
use crate::cost::Cost;
use crate::published::{ChangeResult, Mode, Outcome, Report, ResourceKind, Severity};

const MOST_CONTROLS: usize = 12;
const MOST_SCOPES: usize = 10;

/// What people have to know of the reports of one account and Region.
pub(crate) fn digest(reports: &[&Report]) -> String {
    let mut page = Page::default();
    let Some(urgent) = most_urgent(reports).first().copied() else {
        return String::new();
    };
    page.wrapped("", &format!("{}: {}", level(urgent), summary(reports)));
    page.wrapped(
        "",
        &format!(
            "Account {}, {}, {}",
            foreign(&urgent.scope.account, 40),
            foreign(&urgent.scope.region, 40),
            urgent.time.strftime("%Y-%m-%d %H:%M UTC")
        ),
    );
    page.section(controls(reports));
    page.section(scopes(reports));
    page.section(changes(reports));
    let mut end = Page::default();
    end.wrapped("Next step: ", &format!("Start with {}:", named(&urgent.scope.resource)));
    end.verbatim(format!("  {}", urgent.console));
    page.section(end);
    let mut reference = Page::default();
    reference.wrapped(
        "",
        &format!(
            "Whole reports: topic Reports, {} messages, run {}",
            reports.len(),
            foreign(&urgent.run, 80)
        ),
    );
    page.section(reference);
    page.finish()
}

/// Such as `60 VPCs, 12 repairs failed, 48 need action`.
pub(crate) fn summary(reports: &[&Report]) -> String {
    let worst = reports.iter().map(|report| report.outcome).max();
    let said = outcomes(reports.iter().copied(), |_| true, worst);
    let reminder = reports.iter().all(|report| super::phrases::is_reminder(report));
    let reminder = if reminder { "reminder, " } else { "" };
    format!("{reminder}{}, {}", counted_scopes(reports), said.join(", "))
}

/// Such as `60 VPCs, 1 endpoint service`.
fn counted_scopes(reports: &[&Report]) -> String {
    let service = |report: &&&Report| report.scope.resource.kind == ResourceKind::EndpointService;
    let services = reports.iter().filter(service).count();
    let counts = [(reports.len() - services, "VPC"), (services, "endpoint service")];
    let counts = counts.into_iter().filter(|(count, _)| *count > 0);
    let counts: Vec<_> = counts
        .map(|(count, noun)| format!("{count} {noun}{}", plural(count)))
        .collect();
    counts.join(", ")
}

/// The outcomes of the findings, most urgent first. What is done with is left out as long as something needs a person.
fn outcomes<'a>(
    reports: impl Iterator<Item = &'a Report>,
    wanted: impl Fn(&str) -> bool,
    worst: Option<Outcome>,
) -> Vec<String> {
    let mut counts: BTreeMap<Reverse<Outcome>, usize> = BTreeMap::new();
    let findings = reports
        .flat_map(|report| &report.findings)
        .filter(|finding| wanted(&finding.control));
    for finding in findings {
        *counts.entry(Reverse(finding.outcome)).or_default() += 1;
    }
    let urgent = worst.is_some_and(|worst| worst >= Outcome::Manual);
    let shown = counts.iter().filter(|(outcome, _)| outcome.0.open() || !urgent);
    shown
        .filter_map(|(outcome, count)| counted(outcome.0, *count))
        .collect()
}

fn controls(reports: &[&Report]) -> Page {
    let mut controls: BTreeSet<(Reverse<Severity>, &str)> = BTreeSet::new();
    let findings = reports.iter().flat_map(|report| &report.findings);
    for finding in findings.filter(|finding| finding.outcome > Outcome::Exempt) {
        controls.insert((Reverse(finding.severity), &finding.control));
    }
    let mut page = Page::default();
    for (severity, control) in controls.iter().take(MOST_CONTROLS) {
        let said = outcomes(reports.iter().copied(), |name| name == *control, None).join(", ");
        let severity = severity.0.as_str().to_uppercase();
        page.wrapped_at_most(2, "", &format!("{severity} {}: {said}", foreign(control, 60)));
    }
    if let Some(more) = controls.len().checked_sub(MOST_CONTROLS).filter(|more| *more > 0) {
        page.wrapped("", &format!("... and {more} more control{}", plural(more)));
    }
    page
}

fn scopes(reports: &[&Report]) -> Page {
    let mut page = Page::default();
    let sorted = most_urgent(reports);
    let (shown, others) = sorted.split_at(sorted.len().min(MOST_SCOPES));
    for report in shown {
        let line = format!(
            "{}: {} {}",
            named(&report.scope.resource),
            level(report),
            happened(report, true).join(", ")
        );
        page.wrapped_at_most(1, "- ", &line);
    }
    if !others.is_empty() {
        page.wrapped("", &format!("Not listed here: {}", counted_scopes(others)));
    }
    page
}

fn changes(reports: &[&Report]) -> Page {
    let of = |mode: Mode, result: Option<ChangeResult>| {
        let changes = reports.iter().flat_map(|report| &report.changes);
        let wanted = changes.filter(move |change| change.mode == mode && result.is_none_or(|r| change.result == r));
        let wanted: Vec<_> = wanted.collect();
        (wanted.len(), Cost::of(wanted))
    };
    let (failed, _) = of(Mode::Enforce, Some(ChangeResult::Failed));
    let (applied, cost) = of(Mode::Enforce, Some(ChangeResult::Applied));
    let (proposed, proposed_cost) = of(Mode::Audit, None);
    let mut page = Page::default();
    if applied + failed > 0 {
        page.wrapped(
            "",
            &format!("Changes by Postern: {failed} failed, {applied} applied, {cost}"),
        );
    }
    if proposed > 0 {
        let proposed = format!("{proposed}, {proposed_cost}");
        page.wrapped(
            "",
            &format!("Changes that Postern proposes (audit mode, nothing was changed): {proposed}"),
        );
    }
    page
}

/// The reports that ask the most of people first.
fn most_urgent<'a>(reports: &[&'a Report]) -> Vec<&'a Report> {
    let mut sorted = reports.to_vec();
    sorted.sort_by_key(|report| (Reverse(report.severity), Reverse(report.outcome), &report.scope));
    sorted
}
