//! An audit as text for a terminal or a pipe: summary first, then findings by resource, at 80 columns.

use std::collections::BTreeSet;

use postern_core::model::text::plural;

use crate::audit::{Audit, AuditSummary, AuditedScope, PerimeterSource};
use crate::published::{Finding, Outcome, Remediation, Report, Resource, Severity};
use crate::text::page::{Page, WIDTH};
use crate::text::phrases::{named, noun, status, subject_of, terms};

/// Whether severities have colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    Never,
    Ansi,
}

/// Compliant and exempt resources are counted; open findings are shown.
pub fn render(audit: &Audit, colour: Colour) -> String {
    let mut text = heading(audit).finish();
    let scopes: Vec<_> = audit
        .worst_first()
        .into_iter()
        .filter(|scope| scope.report.findings.iter().any(|finding| finding.outcome.open()))
        .collect();
    for scope in &scopes {
        text.push('\n');
        text.push_str(&rule(audit, &scope.report));
        let mut page = findings(scope);
        page.section(repairs(&scope.report, |_| true));
        text.push_str(&page.finish());
    }
    if scopes.is_empty() {
        text.push_str("\nNo open findings.\n");
    }
    match colour {
        Colour::Never => text,
        Colour::Ansi => coloured(&text),
    }
}

/// Every finding in full, compliant ones included, without the summary.
pub fn explain(audit: &Audit, colour: Colour) -> String {
    let mut text = String::new();
    for scope in &audit.scopes {
        text.push_str(&rule(audit, &scope.report));
        for finding in &scope.report.findings {
            let mut page = Page::default();
            page.wrapped("", &format!("{}: {}", subject_of(finding), status(finding.outcome)));
            page.extend(one(finding, scope, None));
            text.push_str(&page.finish());
        }
        let used = |at: &usize| {
            scope.report.findings.iter().any(|finding| match &finding.remediation {
                Some(Remediation::Automatic { changes }) => changes.contains(at),
                Some(Remediation::Manual { .. }) | None => false,
            })
        };
        text.push_str(&repairs(&scope.report, used).finish());
    }
    match colour {
        Colour::Never => text,
        Colour::Ansi => coloured(&text),
    }
}

fn heading(audit: &Audit) -> Page {
    let mut page = Page::default();
    let summary = &audit.summary;
    let regions = audit.accounts.iter().flat_map(|account| &account.regions);
    let read: BTreeSet<_> = regions
        .filter(|region| region.gap.is_none())
        .map(|region| &region.region)
        .collect();
    let read = read.len();
    page.wrapped(
        "",
        &format!(
            "Audit of {}: {} open finding{} in {} VPC{} with {} endpoint{}, {read} Region{}, {}",
            audit.subject(),
            summary.total(),
            plural(summary.total()),
            summary.vpcs,
            plural(summary.vpcs),
            summary.endpoints,
            plural(summary.endpoints),
            plural(read),
            audit.time.strftime("%Y-%m-%d %H:%M UTC"),
        ),
    );
    page.wrapped("Perimeter: ", &perimeter(audit));
    page.section(table(audit));
    let mut left_out = Page::default();
    if let Some(text) = audit.left_out() {
        left_out.wrapped("", &text);
    }
    page.section(left_out);
    let mut cost = Page::default();
    if let Some(text) = summary.cost().sentences() {
        cost.wrapped("", &text);
    }
    page.section(cost);
    page.section(gaps(audit));
    page
}

/// The principals that the audit trusts, in words.
pub(crate) fn perimeter(audit: &Audit) -> String {
    let perimeter = &audit.perimeter;
    let mut trusted: Vec<String> = Vec::new();
    for (word, list) in [
        ("organisation", &perimeter.organizations),
        ("organisation path", &perimeter.organization_paths),
        ("account", &perimeter.accounts),
        ("principal", &perimeter.principals),
    ] {
        match list.as_slice() {
            [] => {}
            [one] => trusted.push(format!("{word} {one}")),
            more if more.len() <= 3 => trusted.push(format!("{word}s {}", more.join(", "))),
            more => trusted.push(format!("{} {word}s", more.len())),
        }
    }
    let trusted = match trusted.is_empty() {
        true => "nobody".to_owned(),
        false => trusted.join(", "),
    };
    match perimeter.source {
        PerimeterSource::Settings | PerimeterSource::Organization | PerimeterSource::Account => {
            format!("{trusted}. {}", perimeter.note)
        }
    }
}

/// One line for each Region that has VPCs, and one for all where there are several.
fn table(audit: &Audit) -> Page {
    let places = audit.by_place();
    let mut page = Page::default();
    let Some(widest) = places.keys().map(String::len).max() else {
        return page;
    };
    // The widest that still fits is an account with the longest name of a Region.
    let width = widest.max(15) + 1;
    page.verbatim(format!(
        "{:<width$}{:>5}{:>10}{:>9}{:>5}{:>7}{:>4}{:>7}",
        "Region", "VPCs", "Endpoints", "Critical", "High", "Medium", "Low", "Exempt"
    ));
    let several = places.len() > 1;
    for (place, scopes) in places {
        page.verbatim(row(&place, width, &AuditSummary::of(scopes)));
    }
    if several {
        page.verbatim(row("all", width, &audit.summary));
    }
    page
}

fn row(name: &str, width: usize, summary: &AuditSummary) -> String {
    let count = |severity| summary.open.get(&severity).copied().unwrap_or_default();
    format!(
        "{name:<width$}{:>5}{:>10}{:>9}{:>5}{:>7}{:>4}{:>7}",
        summary.vpcs,
        summary.endpoints,
        count(Severity::Critical),
        count(Severity::High),
        count(Severity::Medium),
        count(Severity::Low),
        summary.exempt,
    )
}

fn gaps(audit: &Audit) -> Page {
    let mut page = Page::default();
    for (place, reason) in audit.gaps() {
        page.wrapped(&format!("Not read: {place}: "), &reason);
    }
    page
}

/// The heading of a VPC, over the whole line.
fn rule(audit: &Audit, report: &Report) -> String {
    let name = format!(
        "== {} {} in {} ",
        noun(report),
        named(&report.scope.resource),
        audit.place(report)
    );
    let rest = WIDTH.saturating_sub(name.chars().count());
    format!("{name}{}\n", "=".repeat(rest))
}

/// Open findings, grouped by resource, the resource with the most severe finding first.
fn findings(scope: &AuditedScope) -> Page {
    let mut groups: Vec<(&Resource, Vec<&Finding>)> = Vec::new();
    for finding in scope.report.findings.iter().filter(|finding| finding.outcome.open()) {
        match groups.iter_mut().find(|(resource, _)| **resource == finding.resource) {
            Some((_, group)) => group.push(finding),
            None => groups.push((&finding.resource, vec![finding])),
        }
    }
    let mut page = Page::default();
    for (_, group) in groups {
        let mut section = Page::default();
        if let Some(first) = group.first() {
            section.wrapped("", &subject(first, &group));
        }
        let alike = |finding: &Finding| {
            let same = |other: &&&Finding| unread(other) && other.explanation == finding.explanation;
            match unread(finding) {
                true => group.iter().filter(same).copied().collect(),
                false => Vec::new(),
            }
        };
        let mut before = None;
        for finding in &group {
            let alike = alike(finding);
            match alike.first() {
                Some(first) if alike.len() > 1 => {
                    if std::ptr::eq(*first, *finding) {
                        section.extend(together(&alike));
                    }
                    before = None;
                }
                _ => {
                    section.extend(one(finding, scope, before));
                    before = Some(finding);
                }
            }
        }
        page.section(section);
    }
    page
}

fn unread(finding: &Finding) -> bool {
    finding.outcome == Outcome::Indeterminate
}

/// Findings that could not be evaluated for one reason, such as a call that AWS denies.
fn together(findings: &[&Finding]) -> Page {
    let mut page = Page::default();
    let severity = findings.iter().map(|finding| finding.severity).max();
    let severity = severity.map_or("", |severity| severity.as_str()).to_uppercase();
    let controls: BTreeSet<_> = findings.iter().map(|finding| finding.control.as_str()).collect();
    let controls: Vec<_> = controls.into_iter().collect();
    page.verbatim(format!(
        "  {severity:<9} {} findings of {} control{}: could not be evaluated",
        findings.len(),
        controls.len(),
        plural(controls.len())
    ));
    page.wrapped("      Controls: ", &controls.join(", "));
    if let Some(first) = findings.first() {
        page.wrapped("    - ", &first.explanation);
    }
    let advice: BTreeSet<_> = findings
        .iter()
        .filter_map(|finding| match &finding.remediation {
            Some(Remediation::Manual { advice }) => Some(advice),
            Some(Remediation::Automatic { .. }) | None => None,
        })
        .collect();
    for advice in advice {
        page.wrapped("      To do: ", advice);
    }
    page
}

/// The resource of a group, with its service where all findings are about the same one.
fn subject(first: &Finding, group: &[&Finding]) -> String {
    let same = group.iter().all(|finding| finding.service == first.service);
    match same {
        true => subject_of(first),
        false => subject_of(&Finding {
            service: None,
            ..first.clone()
        }),
    }
}

/// A finding. What it has in common with the one before is not repeated.
fn one(finding: &Finding, scope: &AuditedScope, before: Option<&Finding>) -> Page {
    let mut page = Page::default();
    let severity = finding.severity.as_str().to_uppercase();
    let state = match finding.outcome {
        Outcome::Indeterminate => ": could not be evaluated",
        Outcome::Conflict => ": remediation conflict",
        Outcome::NotApplicable
        | Outcome::Compliant
        | Outcome::Exempt
        | Outcome::ExemptionEnds
        | Outcome::Resolved
        | Outcome::Repaired
        | Outcome::Audit
        | Outcome::Pending
        | Outcome::Manual
        | Outcome::Refused
        | Outcome::Failed => "",
    };
    let heading = |finding: &Finding| (finding.severity, finding.control.clone(), finding.outcome);
    if before.map(heading) != Some(heading(finding)) {
        page.verbatim(format!("  {severity:<9} {}{state}", finding.control));
    }
    page.wrapped("    - ", &finding.explanation);
    let endpoint = scope.topology.endpoint(&finding.resource.id);
    if let (Some(endpoint), "policy-open") = (endpoint, finding.control.as_str()) {
        for proof in endpoint.requests() {
            page.wrapped("      Proof: ", &proof.sentence());
        }
    }
    match &finding.remediation {
        Some(Remediation::Manual { advice }) => page.wrapped("      To do: ", advice),
        Some(Remediation::Automatic { changes }) if changes.is_empty() => {
            page.wrapped("      ", "The repairs of other findings remedy this one as well.");
        }
        Some(Remediation::Automatic { changes }) => {
            let numbers: Vec<_> = changes.iter().map(|at| (at + 1).to_string()).collect();
            page.wrapped("      Repair: ", &numbers.join(", "));
        }
        None => {}
    }
    page
}

/// The changes that the findings refer to by number.
fn repairs(report: &Report, wanted: impl Fn(&usize) -> bool) -> Page {
    let mut page = Page::default();
    let changes = report.changes.iter().enumerate();
    let changes: Vec<_> = changes.filter(|(at, _)| wanted(at)).collect();
    if changes.is_empty() {
        return page;
    }
    page.verbatim("Repairs that Postern proposes:");
    for (at, change) in changes {
        page.wrapped(
            &format!("  {:>2}. ", at + 1),
            &format!("{} ({})", change.text, terms(change)),
        );
    }
    page
}

fn coloured(text: &str) -> String {
    let mut coloured = String::with_capacity(text.len() + 1024);
    for line in text.lines() {
        let code = match line.split_whitespace().next() {
            _ if line.starts_with("== ") => Some("1"),
            Some("CRITICAL") if line.starts_with("  C") => Some("1;31"),
            Some("HIGH") if line.starts_with("  H") => Some("31"),
            Some("MEDIUM") if line.starts_with("  M") => Some("33"),
            Some("LOW") if line.starts_with("  L") => Some("36"),
            _ => None,
        };
        match code {
            Some(code) => coloured.push_str(&format!("\u{1b}[{code}m{line}\u{1b}[0m\n")),
            None => {
                coloured.push_str(line);
                coloured.push('\n');
            }
        }
    }
    coloured
}
