//! From what happened to what is told.

use std::collections::BTreeMap;

use super::delta::{Delta, Telling};
use super::{
    ChangeCounts, FindingCounts, PlanSummary, Reconciliation, Report, ReportedChange, ReportedFinding, ReportedInverse,
    ReportedRemediation, SchemaTag, Summary,
};
use super::{console, status};
use postern_core::changes::{ChangeOutcome, Inverse};
use postern_core::evaluation::Finding;
use postern_core::history::{Action, ChangeHistory, ChangeRecord, ChangeStatus, FindingStatus};
use postern_core::model::finding::{ResourceKind, Severity, Verdict};
use postern_core::model::text::{printable, printable_copy};
use postern_core::plan::PlannedChange;
use postern_core::settings::Mode;

impl Report {
    /// Everything, as if nothing had been told before. None where nobody has to hear of it: nothing was planned, and what
    /// was found is compliant, not applicable or exempt.
    pub fn of(reconciliation: &Reconciliation) -> Option<Self> {
        Delta::of(reconciliation, &ChangeHistory::default()).report
    }

    /// Of what is to be told. None where nobody has to hear of it.
    pub(super) fn assemble(r: &Reconciliation, telling: Telling) -> Option<Self> {
        let Telling {
            mut findings,
            changes: positions,
            earlier,
            unchanged,
            idempotency_key,
        } = telling;
        let places: BTreeMap<usize, usize> = positions.iter().enumerate().map(|(new, at)| (*at, new)).collect();
        for finding in &mut findings {
            if let Some(ReportedRemediation::Automatic { changes }) = &mut finding.remediation {
                *changes = changes.iter().filter_map(|at| places.get(at).copied()).collect();
            }
        }
        findings.sort_by(|a, b| rank(a).cmp(&rank(b)));
        let planned = positions.iter().filter_map(|at| Some((*at, r.plan.changes.get(*at)?)));
        let mut changes: Vec<_> = planned.map(|(at, planned)| change(at, planned, r)).collect();
        let refused = r.plan.refused.is_some();
        let ends = changes
            .iter()
            .map(|c| status::of_changes(c.mode, [&c.outcome], None, refused));
        let ends = ends.chain(earlier.iter().map(|record| match record.status {
            ChangeStatus::Failed { .. } | ChangeStatus::NotApplied { .. } => FindingStatus::Failed,
            _ => FindingStatus::Repaired,
        }));
        let noticed = (!r.notices.is_empty()).then_some(FindingStatus::Manual);
        let outcome = status::of_report(findings.iter().map(|f| f.outcome), ends);
        let outcome = outcome.max(noticed)?;
        changes.extend(earlier.iter().map(|record| past_change(record, r)));

        let mut report = Self {
            schema: SchemaTag::V1,
            outcome,
            severity: findings
                .iter()
                .filter(|f| f.outcome != FindingStatus::Exempt)
                .map(|f| f.severity)
                .max()
                .unwrap_or(Severity::Low),
            account: r.account.clone(),
            region: r.region.clone(),
            vpc: r.vpc.clone(),
            console: console::link(&r.region, ResourceKind::Vpc, r.vpc.as_str()),
            time: r.time,
            function: r.function.clone(),
            run: r.run.clone(),
            idempotency_key,
            triggering_events: r.triggering_events.clone(),
            summary: summary(r, &findings, &changes, unchanged),
            truncated: None,
            plan: PlanSummary {
                monthly_cost: r.plan.monthly_cost(),
                audit_monthly_cost: r
                    .plan
                    .changes
                    .iter()
                    .filter(|planned| planned.mode == Mode::Audit)
                    .map(|planned| planned.monthly_cost)
                    .sum(),
                refused: r.plan.refused.clone(),
            },
            findings,
            changes,
            notices: r.notices.clone(),
        };
        report.edit_texts(&mut |text| *text = printable(text));
        Some(report)
    }
}

/// A non-compliant or indeterminate finding, with the positions of the changes of the plan that are for it.
pub(super) fn finding(finding: &Finding, r: &Reconciliation) -> Option<(ReportedFinding, Vec<usize>)> {
    if !matches!(finding.verdict(), Verdict::NonCompliant | Verdict::Indeterminate) {
        return None;
    }
    let key = &finding.key;
    let planned = || r.plan.changes.iter().enumerate();
    let own: Vec<usize> = planned()
        .filter(|(_, planned)| planned.causes.contains(key))
        .map(|(at, _)| at)
        .collect();
    // What has no change of its own was to be remedied by those for other findings.
    let outcomes: Vec<_> = planned()
        .filter(|(at, planned)| planned.mode == finding.mode && (own.is_empty() || own.contains(at)))
        .map(|(at, _)| outcome(r, at))
        .collect();
    let verification = r.verification.get(key);
    let reported = ReportedFinding {
        control: key.control.clone(),
        severity: finding.severity,
        mode: finding.mode,
        verdict: finding.verdict(),
        outcome: status::of_finding(
            finding,
            !own.is_empty(),
            &outcomes,
            verification,
            r.plan.refused.is_some(),
        ),
        resource: key.resource.clone(),
        service: key.service.clone(),
        endpoint_kind: key.endpoint_kind,
        explanation: finding.explanation().into_owned(),
        exempt: finding.accepted(),
        conflict: finding.conflict().cloned(),
        remediation: match finding.advice() {
            Some(advice) if own.is_empty() => Some(ReportedRemediation::Manual {
                advice: advice.into_owned(),
            }),
            None if own.is_empty() && finding.changes().is_none() => None,
            Some(_) | None => Some(ReportedRemediation::Automatic { changes: own.clone() }),
        },
        verification: verification.cloned(),
        console: console::link(&r.region, key.resource.kind, &key.resource.id),
    };
    Some((reported, own))
}

fn change(at: usize, planned: &PlannedChange, r: &Reconciliation) -> ReportedChange {
    let outcome = outcome(r, at);
    let inverse = match &outcome {
        ChangeOutcome::Applied { created } => planned.change.inverse(created.as_deref()),
        _ => None,
    };
    ReportedChange {
        id: r.ids.get(&at).cloned(),
        run: None,
        text: planned.change.to_string(),
        mode: planned.mode,
        effect: planned.change.safety(),
        monthly_cost: planned.monthly_cost,
        change: printable_copy(&planned.change),
        causes: planned.causes.iter().cloned().collect(),
        inverse: inverse.and_then(|inverse| reported_inverse(&inverse, r)),
        outcome,
    }
}

/// A change of an earlier run that did not come to tell of it.
fn past_change(record: &ChangeRecord, r: &Reconciliation) -> ReportedChange {
    let (text, effect, change) = match &record.action {
        Action::Change(change) => (change.to_string(), change.safety(), printable_copy(change)),
        Action::Undo(inverse) => (format!("take back: {}", inverse.command()), inverse.safety(), None),
    };
    ReportedChange {
        id: Some(record.id.clone()),
        run: Some(record.run.clone()),
        text,
        mode: Mode::Enforce,
        effect,
        monthly_cost: record.monthly_cost,
        outcome: match &record.status {
            ChangeStatus::Applied { created } => ChangeOutcome::Applied {
                created: created.clone(),
            },
            ChangeStatus::NotNeeded { reason } => ChangeOutcome::NotNeeded { reason: reason.clone() },
            ChangeStatus::Skipped { reason } => ChangeOutcome::Skipped { reason: reason.clone() },
            ChangeStatus::NotApplied { reason } => ChangeOutcome::Failed {
                cause: format!("not applied: {reason}"),
                transient: false,
            },
            ChangeStatus::Failed { cause } | ChangeStatus::Uncertain { cause } => ChangeOutcome::Failed {
                cause: cause.clone(),
                transient: !record.status.settled(),
            },
            ChangeStatus::Intended => ChangeOutcome::Failed {
                cause: "the run ended before it could say what became of it".to_owned(),
                transient: true,
            },
        },
        change,
        causes: record.causes.iter().cloned().collect(),
        inverse: record.inverse().and_then(|inverse| reported_inverse(&inverse, r)),
    }
}

fn reported_inverse(inverse: &Inverse, r: &Reconciliation) -> Option<ReportedInverse> {
    printable_copy(inverse).map(|change| ReportedInverse {
        command: format!("{} --region {}", change.command(), printable(r.region.as_str())),
        change,
    })
}

pub(super) fn outcome(r: &Reconciliation, at: usize) -> ChangeOutcome {
    r.outcomes.get(at).cloned().unwrap_or_else(|| ChangeOutcome::Skipped {
        reason: "not reached".to_owned(),
    })
}

/// Most severe first, exempt ones last.
fn rank(finding: &ReportedFinding) -> impl Ord + use<'_> {
    (
        finding.outcome == FindingStatus::Exempt,
        std::cmp::Reverse(finding.severity),
        &finding.control,
        &finding.resource,
        &finding.service,
        finding.endpoint_kind,
    )
}

fn summary(r: &Reconciliation, findings: &[ReportedFinding], changes: &[ReportedChange], unchanged: usize) -> Summary {
    let of = |verdict| r.findings.iter().filter(|f| f.verdict() == verdict).count();
    let mut summary = Summary {
        compliant: of(Verdict::Compliant),
        not_applicable: of(Verdict::NotApplicable),
        unchanged,
        findings: FindingCounts::default(),
        changes: ChangeCounts::default(),
    };
    for finding in findings {
        *summary.findings.slot(finding.outcome) += 1;
    }
    for change in changes {
        *summary.changes.slot(&change.outcome) += 1;
    }
    summary
}
