//! From a reconciliation to a published report.

mod changes;

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use postern_core::changes::ChangeOutcome;
use postern_core::evaluation::Finding;
use postern_core::history::{ChangeRecord, ChangeStatus, FindingStatus};
use postern_core::model::finding::{FindingKey, Resource, Verdict};
use postern_core::model::scope::Scope;
use postern_core::model::text::printable_copy;
use postern_core::model::token::client_token;
use postern_core::plan::{Notice, PlannedChange};
use postern_core::settings::Mode;

use crate::console;
use crate::exemption_end;
use crate::outcome;
use crate::published::{
    self, ChangeResult, Contents, FindingReference, Outcome, Report, SchemaTag, Severity, VerificationState,
};
use crate::reconciliation::{Reconciliation, Verification};

/// What of a reconciliation goes into a report.
pub(crate) struct Selection {
    pub(crate) contents: Contents,
    /// Their remediations name changes by their position in the plan.
    pub(crate) findings: Vec<published::Finding>,
    /// Positions in the plan.
    pub(crate) changes: Vec<usize>,
    pub(crate) earlier: Vec<ChangeRecord>,
    /// Open findings that an earlier report contained.
    pub(crate) unchanged: usize,
    pub(crate) notices: Vec<Notice>,
    pub(crate) idempotency_key: String,
}

impl Report {
    /// The whole scope: every evaluation and every planned change.
    pub fn of(r: &Reconciliation) -> Self {
        let scope = r.scope.to_string();
        let idempotency_key = client_token(["report", &scope, r.run.as_str(), &r.function]);
        let selection = Selection {
            contents: Contents::Complete,
            findings: r.findings.iter().map(|f| finding(f, r).published).collect(),
            changes: (0..r.plan.changes.len()).collect(),
            earlier: Vec::new(),
            unchanged: 0,
            notices: r.notices.clone(),
            idempotency_key,
        };
        assemble(r, selection)
    }
}

pub(crate) fn assemble(r: &Reconciliation, selection: Selection) -> Report {
    let Selection {
        contents,
        mut findings,
        changes: positions,
        earlier,
        unchanged,
        notices,
        idempotency_key,
    } = selection;
    let published_at: BTreeMap<usize, usize> = positions.iter().enumerate().map(|(new, at)| (*at, new)).collect();
    for finding in &mut findings {
        if let Some(published::Remediation::Automatic { changes }) = &mut finding.remediation {
            *changes = changes.iter().filter_map(|at| published_at.get(at).copied()).collect();
        }
    }
    findings.sort_by(|a, b| rank(a).cmp(&rank(b)));
    let planned = positions.iter().filter_map(|at| Some((*at, r.plan.changes.get(*at)?)));
    let mut changes: Vec<_> = planned.map(|(at, planned)| changes::planned(at, planned, r)).collect();
    let unexplained = unexplained(&positions, &earlier, &findings, r);
    changes.extend(earlier.iter().map(|record| changes::recorded(record, r)));
    let outcomes: Vec<_> = findings.iter().map(|finding| finding.outcome).collect();
    let audited = |planned: &&PlannedChange| planned.mode == Mode::Audit;
    let report = Report {
        schema: SchemaTag::V2,
        contents,
        outcome: outcome::of_report(&outcomes, &unexplained, !notices.is_empty()),
        severity: severity(&findings),
        scope: scope(r),
        console: console_of(&r.scope),
        time: r.time,
        function: r.function.clone(),
        run: r.run.to_string(),
        settings: r.settings.clone(),
        idempotency_key,
        triggering_events: r.triggering_events.iter().map(Into::into).collect(),
        summary: summary(r, &findings, &changes, unchanged),
        truncated: None,
        plan: published::Plan {
            monthly_cost: r.plan.monthly_cost(),
            audit_monthly_cost: r
                .plan
                .changes
                .iter()
                .filter(audited)
                .filter_map(|planned| planned.monthly_cost)
                .sum(),
            unpriced: r
                .plan
                .changes
                .iter()
                .filter(|planned| planned.monthly_cost.is_none())
                .count(),
            refused: r.plan.refused.clone(),
        },
        findings,
        changes,
        notices: notices.iter().map(notice).collect(),
    };
    printable_report(report)
}

/// Escapes every text, but for code: its lines stay lines, and what is foreign in it is escaped already.
fn printable_report(report: Report) -> Report {
    let Some(mut printable) = printable_copy(&report) else {
        return report;
    };
    for (printable, original) in printable.findings.iter_mut().zip(report.findings) {
        if let (Some(conflict), Some(original)) = (&mut printable.conflict, original.conflict) {
            conflict.code = original.code;
        }
    }
    printable
}

/// A finding as published.
pub(crate) struct Presented {
    pub(crate) published: published::Finding,
    /// None if it is compliant or not applicable.
    pub(crate) status: Option<FindingStatus>,
    /// The positions of the changes of the plan that are for it.
    pub(crate) own: Vec<usize>,
}

pub(crate) fn finding(finding: &Finding, r: &Reconciliation) -> Presented {
    let key = &finding.key;
    let planned = || r.plan.changes.iter().enumerate();
    let own: Vec<usize> = planned()
        .filter(|(_, planned)| planned.causes.contains(key))
        .map(|(at, _)| at)
        .collect();
    // A change that follows on others may interrupt, and be audited, where the finding itself is enforced.
    let modes = planned()
        .filter(|(at, _)| own.contains(at))
        .map(|(_, planned)| planned.mode);
    let mode = modes.min().map_or(finding.mode, |mode| mode.min(finding.mode));
    // A finding without a change of its own is remediated by those for other findings.
    let outcomes: Vec<_> = planned()
        .filter(|(at, planned)| planned.mode == mode && (own.is_empty() || own.contains(at)))
        .map(|(at, _)| outcome_at(r, at))
        .collect();
    let verification = r.verification.get(key);
    let withheld = planned().any(|(at, planned)| own.contains(&at) && planned.withheld.is_some());
    let refused = withheld || r.plan.refused.is_some();
    let status = outcome::of_finding(finding, mode, !own.is_empty(), &outcomes, verification, refused);
    let ending = exemption_end::of(finding, r.time).filter(|_| status == Some(FindingStatus::Exempt));
    let status = ending.as_ref().map_or(status, |_| Some(FindingStatus::ExemptionEnds));
    let automatic = !own.is_empty() || finding.changes().is_some();
    let manual = |advice: Cow<'_, str>| published::Remediation::Manual {
        advice: advice.into_owned(),
    };
    let published = published::Finding {
        mode: finding.mode.into(),
        outcome: match finding.verdict() {
            Verdict::NotApplicable => Outcome::NotApplicable,
            Verdict::Compliant | Verdict::NonCompliant | Verdict::Indeterminate => {
                status.map_or(Outcome::Compliant, Outcome::from)
            }
        },
        service: finding.service.clone(),
        exempt: finding.accepted().as_ref().map(Into::into),
        conflict: finding.conflict().map(Into::into),
        remediation: match automatic {
            true => Some(published::Remediation::Automatic { changes: own.clone() }),
            false => ending.map(Cow::from).or(finding.advice()).map(manual),
        },
        verification: verification.map(verification_of),
        ..bare_finding(
            key,
            finding.severity.into(),
            finding.verdict().into(),
            &finding.explanation(),
            r,
        )
    };
    Presented { published, status, own }
}

/// A finding about which nothing was done or planned.
pub(crate) fn bare_finding(
    key: &FindingKey,
    severity: Severity,
    verdict: published::Verdict,
    explanation: &str,
    r: &Reconciliation,
) -> published::Finding {
    published::Finding {
        control: key.control.clone(),
        severity,
        mode: r.controls.get(&key.control).copied().unwrap_or_default().into(),
        verdict,
        outcome: Outcome::Resolved,
        resource: resource(&key.resource, r),
        service: key.service.clone(),
        endpoint_kind: key.endpoint_kind.map(Into::into),
        explanation: explanation.to_owned(),
        open_since: None,
        exempt: None,
        conflict: None,
        remediation: None,
        verification: None,
        console: console::link(&r.scope, &key.resource),
    }
}

pub(crate) fn outcome_at(r: &Reconciliation, at: usize) -> ChangeOutcome {
    r.outcomes.get(at).cloned().unwrap_or_else(|| ChangeOutcome::Skipped {
        reason: "not reached".to_owned(),
    })
}

fn scope(r: &Reconciliation) -> published::Scope {
    let resource = Resource::from(&r.scope.resource);
    published::Scope {
        account: r.scope.account.to_string(),
        region: r.scope.region.to_string(),
        resource: published::Resource {
            kind: resource.kind.into(),
            id: resource.id,
            name: r.name.clone(),
        },
    }
}

fn console_of(scope: &Scope) -> String {
    console::link(scope, &Resource::from(&scope.resource))
}

fn resource(resource: &Resource, r: &Reconciliation) -> published::Resource {
    let same = r.findings.iter().filter(|finding| finding.key.resource == *resource);
    published::Resource {
        kind: resource.kind.into(),
        id: resource.id.clone(),
        name: same.filter_map(|finding| finding.name.clone()).min(),
    }
}

fn reference(key: &FindingKey, r: &Reconciliation) -> FindingReference {
    FindingReference {
        resource: resource(&key.resource, r),
        ..key.into()
    }
}

fn verification_of(verification: &Verification) -> published::Verification {
    let (state, reason) = match verification {
        Verification::Verified => (VerificationState::Verified, None),
        Verification::Pending { reason } => (VerificationState::Pending, Some(reason)),
        Verification::Unremedied { reason } => (VerificationState::StillNonCompliant, Some(reason)),
    };
    published::Verification {
        state,
        reason: reason.cloned(),
    }
}

fn notice(notice: &Notice) -> published::Notice {
    published::Notice {
        kind: notice.kind.into(),
        text: notice.text.clone(),
        command: notice.command.clone(),
        event_id: notice.event_id.clone(),
    }
}

/// The outcomes of changes that remediate no finding of the report.
fn unexplained(
    positions: &[usize],
    earlier: &[ChangeRecord],
    findings: &[published::Finding],
    r: &Reconciliation,
) -> Vec<Outcome> {
    let alerting = findings.iter().filter(|finding| finding.outcome > Outcome::Exempt);
    let reported: BTreeSet<_> = alerting.map(|f| (f.control.as_str(), f.resource.id.as_str())).collect();
    let explained = |causes: &BTreeSet<FindingKey>| {
        let mut causes = causes.iter();
        causes.any(|key| reported.contains(&(key.control.as_str(), key.resource.id.as_str())))
    };
    let planned = positions.iter().filter_map(|at| {
        let planned = r.plan.changes.get(*at).filter(|planned| !explained(&planned.causes))?;
        let refused = r.plan.refusal(planned).is_some();
        Some(outcome::of_changes(planned.mode, [&outcome_at(r, *at)], None, refused).into())
    });
    let earlier = earlier.iter().filter(|record| !explained(&record.causes));
    let earlier = earlier.map(|record| match record.status {
        ChangeStatus::Failed { .. } | ChangeStatus::NotApplied { .. } => Outcome::Failed,
        ChangeStatus::Intended
        | ChangeStatus::Uncertain { .. }
        | ChangeStatus::Applied { .. }
        | ChangeStatus::NotNeeded { .. }
        | ChangeStatus::Skipped { .. } => Outcome::Repaired,
    });
    planned.chain(earlier).collect()
}

fn severity(findings: &[published::Finding]) -> Severity {
    let alerting = findings.iter().filter(|finding| finding.outcome > Outcome::Exempt);
    alerting.map(|finding| finding.severity).max().unwrap_or(Severity::Low)
}

/// Most severe first, then exempt, not applicable and compliant ones.
fn rank(finding: &published::Finding) -> impl Ord + use<'_> {
    let quiet = match finding.outcome {
        Outcome::Compliant => 3,
        Outcome::NotApplicable => 2,
        Outcome::Exempt | Outcome::ExemptionEnds => 1,
        Outcome::Resolved
        | Outcome::Repaired
        | Outcome::Audit
        | Outcome::Pending
        | Outcome::Indeterminate
        | Outcome::Manual
        | Outcome::Conflict
        | Outcome::Refused
        | Outcome::Failed => 0,
    };
    (
        quiet,
        Reverse(finding.severity),
        &finding.control,
        &finding.resource,
        &finding.service,
        finding.endpoint_kind,
    )
}

fn summary(
    r: &Reconciliation,
    findings: &[published::Finding],
    changes: &[published::Change],
    unchanged: usize,
) -> published::Summary {
    let of = |verdict| r.findings.iter().filter(|f| f.verdict() == verdict).count();
    let mut summary = published::Summary {
        compliant: of(Verdict::Compliant),
        not_applicable: of(Verdict::NotApplicable),
        unchanged,
        findings: Outcome::ALL.iter().map(|outcome| (*outcome, 0)).collect(),
        changes: ChangeResult::ALL.iter().map(|result| (*result, 0)).collect(),
    };
    for finding in findings {
        *summary.findings.entry(finding.outcome).or_default() += 1;
    }
    for change in changes {
        *summary.changes.entry(change.result).or_default() += 1;
    }
    summary
}
