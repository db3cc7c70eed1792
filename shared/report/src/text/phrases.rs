//! The words for findings, resources and outcomes in messages to people.

use crate::published::{Change, ChangeResult, Finding, Outcome, Report, Resource, ResourceKind, SafetyClass};
use crate::text::page::{argument, foreign};

/// Longest name of a resource that is shown, in characters. AWS allows 256.
const LONGEST_NAME: usize = 40;

/// Such as `vpce-0a1b2c3d "payments-s3"`.
pub(crate) fn named(resource: &Resource) -> String {
    let id = foreign(&resource.id, 64);
    match &resource.name {
        Some(name) => format!("{id} \"{}\"", foreign(&name.replace('"', "'"), LONGEST_NAME)),
        None => id,
    }
}

/// What a report is about, at the beginning of a line.
pub(crate) fn noun(report: &Report) -> &'static str {
    match report.scope.resource.kind {
        ResourceKind::EndpointService => "Endpoint service",
        ResourceKind::Vpc
        | ResourceKind::Subnet
        | ResourceKind::RouteTable
        | ResourceKind::Endpoint
        | ResourceKind::EndpointConnection => "VPC",
    }
}

/// The kind of a resource, before its id.
pub(crate) fn kind(resource: &Resource) -> &'static str {
    match resource.kind {
        ResourceKind::Vpc => "VPC",
        ResourceKind::Subnet => "subnet",
        ResourceKind::RouteTable => "route table",
        ResourceKind::Endpoint => "endpoint",
        ResourceKind::EndpointService => "endpoint service",
        ResourceKind::EndpointConnection => "connection of endpoint",
    }
}

/// Such as `endpoint vpce-0a1b2c3d "payments-s3" (com.amazonaws.eu-central-1.s3)`.
pub(crate) fn subject_of(finding: &Finding) -> String {
    let service = finding
        .service
        .as_deref()
        .map(|service| format!(" ({})", foreign(service, 80)));
    format!(
        "{} {}{}",
        kind(&finding.resource),
        named(&finding.resource),
        service.unwrap_or_default()
    )
}

/// The outcome of one finding, after its control.
pub(crate) fn status(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::NotApplicable => "not applicable",
        Outcome::Compliant => "compliant",
        Outcome::Exempt => "exempt",
        Outcome::ExemptionEnds => "exempt, and the exemption ends soon",
        Outcome::Resolved => "resolved",
        Outcome::Repaired => "repaired",
        Outcome::Audit => "repair proposed (audit mode)",
        Outcome::Pending => "repair in progress",
        Outcome::Indeterminate => "could not be evaluated",
        Outcome::Manual => "needs action",
        Outcome::Conflict => "remediation conflict, automatic remediation is suspended",
        Outcome::Refused => "repair refused, a limit would be exceeded",
        Outcome::Failed => "repair failed",
    }
}

/// So many findings of an outcome, such as `2 repairs failed`. None for outcomes that nobody is told of.
pub(crate) fn counted(outcome: Outcome, count: usize) -> Option<String> {
    let s = if count == 1 { "" } else { "s" };
    Some(match outcome {
        Outcome::NotApplicable | Outcome::Compliant | Outcome::Exempt => return None,
        Outcome::ExemptionEnds if count == 1 => "1 exemption ends soon".to_owned(),
        Outcome::ExemptionEnds => format!("{count} exemptions end soon"),
        Outcome::Resolved => format!("{count} resolved"),
        Outcome::Repaired => format!("{count} repaired"),
        Outcome::Audit => format!("{count} repair{s} proposed"),
        Outcome::Pending => format!("{count} repair{s} in progress"),
        Outcome::Indeterminate => format!("{count} not evaluated"),
        Outcome::Manual if count == 1 => "1 needs action".to_owned(),
        Outcome::Manual => format!("{count} need action"),
        Outcome::Conflict => format!("{count} remediation conflict{s}"),
        Outcome::Refused => format!("{count} repair{s} refused"),
        Outcome::Failed => format!("{count} repair{s} failed"),
    })
}

/// The same of one finding, such as `repair of policy-open failed`.
fn of_one(outcome: Outcome, control: &str) -> Option<String> {
    let control = foreign(control, 60);
    Some(match outcome {
        Outcome::NotApplicable | Outcome::Compliant | Outcome::Exempt => return None,
        Outcome::ExemptionEnds => format!("exemption from {control} ends soon"),
        Outcome::Resolved => format!("{control} resolved"),
        Outcome::Repaired => format!("{control} repaired"),
        Outcome::Audit => format!("repair of {control} proposed"),
        Outcome::Pending => format!("repair of {control} in progress"),
        Outcome::Indeterminate => format!("{control} not evaluated"),
        Outcome::Manual => format!("{control} needs action"),
        Outcome::Conflict => format!("remediation conflict over {control}"),
        Outcome::Refused => format!("repair of {control} refused"),
        Outcome::Failed => format!("repair of {control} failed"),
    })
}

/// What happened, most urgent first. What is done with is left out as long as something needs a person. `naming` says
/// whether the control of a single finding is named.
pub(crate) fn happened(report: &Report, naming: bool) -> Vec<String> {
    let urgent = report.outcome >= Outcome::Manual;
    let said = |outcome: &Outcome| {
        let count = report
            .summary
            .findings
            .get(outcome)
            .copied()
            .filter(|count| *count > 0)?;
        let mut found = report.findings.iter().filter(|finding| finding.outcome == *outcome);
        match found.next().filter(|_| naming && count == 1) {
            Some(finding) => of_one(*outcome, &finding.control),
            None => counted(*outcome, count),
        }
    };
    let findings = Outcome::ALL.iter().rev().filter(|outcome| outcome.open() || !urgent);
    let mut happened: Vec<String> = findings.filter_map(said).collect();
    let failed_findings = report
        .summary
        .findings
        .get(&Outcome::Failed)
        .copied()
        .unwrap_or_default();
    if report.outcome == Outcome::Failed && failed_findings == 0 {
        let failed = report
            .changes
            .iter()
            .filter(|change| change.result == ChangeResult::Failed)
            .count();
        happened.insert(
            0,
            format!("{failed} change{} failed", if failed == 1 { "" } else { "s" }),
        );
    }
    if !report.notices.is_empty() {
        happened.insert(0, "deletion blocked".to_owned());
    }
    if happened.is_empty() {
        happened.push(changed(report));
    }
    if is_reminder(report) {
        happened.insert(0, "reminder".to_owned());
    }
    happened
}

/// Of a report without findings: its changes are a rollback, or were made by a run that crashed before its report.
fn changed(report: &Report) -> String {
    let rolled_back = report
        .changes
        .iter()
        .all(|change| change.run.is_some() && change.change.is_none());
    let made = report.changes.iter().find_map(|change| change.time);
    match made {
        Some(_) if rolled_back => "changes rolled back".to_owned(),
        Some(time) => format!("delayed report of a change made at {}", time.strftime("%H:%M")),
        None => "changes made".to_owned(),
    }
}

/// Whether every finding that the report alerts to was reported before.
pub(crate) fn is_reminder(report: &Report) -> bool {
    let mut alerting = report
        .findings
        .iter()
        .filter(|finding| finding.outcome > Outcome::Exempt)
        .peekable();
    alerting.peek().is_some() && alerting.all(|finding| finding.open_since.is_some())
}

/// The first word of an alert: the highest severity of what is open, or else of what was repaired; `INFO` if there is
/// neither.
pub(crate) fn level(report: &Report) -> String {
    let of = |wanted: fn(Outcome) -> bool| {
        let findings = report.findings.iter().filter(|finding| wanted(finding.outcome));
        findings.map(|finding| finding.severity).max()
    };
    let severity = match of(Outcome::open) {
        None if report.outcome.open() => Some(report.severity),
        None => of(|outcome| outcome == Outcome::Repaired),
        open => open,
    };
    severity.map_or_else(|| "INFO".to_owned(), |severity| severity.as_str().to_uppercase())
}

/// Such as `additive, $8.76 a month`.
pub(crate) fn terms(change: &Change) -> String {
    let class = match change.safety_class {
        SafetyClass::Additive => "additive",
        SafetyClass::Interrupting => "interrupting",
        SafetyClass::Restrictive => "restrictive",
        SafetyClass::Disconnecting => "restrictive and interrupting",
    };
    match change.monthly_cost {
        Some(cost) => format!("{class}, {cost} a month"),
        None => format!("{class}, price unknown"),
    }
}

/// The command that resumes the remediation of a finding.
pub(crate) fn resume(finding: &Finding) -> String {
    format!(
        "postern resume {} {}",
        argument(&finding.control),
        argument(&finding.resource.id)
    )
}
