//! From what happened to what is told.

use super::console;
use super::text::{printable, printable_copy};
use super::{
    ChangeCounts, Disposition, FindingCounts, PlanSummary, Reconciliation, Report, ReportedChange, ReportedFinding,
    ReportedInverse, ReportedRemediation, SchemaTag, Summary,
};
use crate::change::client_token;
use crate::finding::{Finding, Remediation, ResourceKind, Severity, Verdict};
use crate::plan::{Outcome, PlannedChange};
use crate::settings::Mode;

impl Report {
    /// None where nobody has to hear of it: nothing was planned, and what was found is compliant, not applicable or
    /// exempt.
    pub fn of(reconciliation: &Reconciliation) -> Option<Self> {
        let r = reconciliation;
        let mut findings: Vec<_> = r.findings.iter().filter_map(|f| finding(f, r)).collect();
        findings.sort_by(|a, b| rank(a).cmp(&rank(b)));
        let changes: Vec<_> = r
            .plan
            .changes
            .iter()
            .enumerate()
            .map(|(at, planned)| change(planned, outcome(r, at), r))
            .collect();

        let refused = r.plan.refused.is_some();
        let outcome = Disposition::of_report(
            findings.iter().map(|f| f.outcome),
            changes
                .iter()
                .map(|c| Disposition::of_changes(c.mode, [&c.outcome], None, refused)),
        )?;

        let mut report = Self {
            schema: SchemaTag::V1,
            outcome,
            severity: findings
                .iter()
                .filter(|f| f.outcome != Disposition::Exempt)
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
            idempotency_key: client_token([r.run.as_str(), r.account.as_str(), r.region.as_str(), r.vpc.as_str()]),
            occasions: r.occasions.clone(),
            summary: summary(r, &findings, &changes),
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
        };
        report.edit_texts(&mut |text| *text = printable(text));
        Some(report)
    }
}

fn finding(finding: &Finding, r: &Reconciliation) -> Option<ReportedFinding> {
    if !matches!(finding.verdict, Verdict::NonCompliant | Verdict::Indeterminate) {
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
    Some(ReportedFinding {
        control: key.control.clone(),
        severity: finding.severity,
        mode: finding.mode,
        verdict: finding.verdict,
        outcome: Disposition::of_finding(
            finding,
            !own.is_empty(),
            &outcomes,
            verification,
            r.plan.refused.is_some(),
        ),
        resource: key.resource.clone(),
        service: key.service.clone(),
        endpoint_kind: key.endpoint_kind,
        explanation: finding.explanation.clone(),
        exempt: finding.exempt.clone(),
        remediation: match &finding.remediation {
            Remediation::Manual(_) if !own.is_empty() => Some(ReportedRemediation::Automatic { changes: own }),
            Remediation::None => None,
            Remediation::Automatic(_) => Some(ReportedRemediation::Automatic { changes: own }),
            Remediation::Manual(advice) => Some(ReportedRemediation::Manual { advice: advice.clone() }),
        },
        verification: verification.cloned(),
        console: console::link(&r.region, key.resource.kind, &key.resource.id),
    })
}

fn change(planned: &PlannedChange, outcome: Outcome, r: &Reconciliation) -> ReportedChange {
    let inverse = match &outcome {
        Outcome::Applied { created } => planned.change.inverse(created.as_deref()),
        _ => None,
    };
    ReportedChange {
        text: planned.change.to_string(),
        mode: planned.mode,
        effect: planned.change.effect(),
        monthly_cost: planned.monthly_cost,
        change: printable_copy(&planned.change),
        causes: planned.causes.iter().cloned().collect(),
        inverse: inverse.and_then(|i| printable_copy(&i)).map(|change| ReportedInverse {
            command: format!("{change} --region {}", printable(r.region.as_str())),
            change,
        }),
        outcome,
    }
}

fn outcome(r: &Reconciliation, at: usize) -> Outcome {
    r.outcomes.get(at).cloned().unwrap_or_else(|| Outcome::Skipped {
        reason: "not reached".to_owned(),
    })
}

/// Most severe first, exempt ones last.
fn rank(finding: &ReportedFinding) -> impl Ord + use<'_> {
    (
        finding.outcome == Disposition::Exempt,
        std::cmp::Reverse(finding.severity),
        &finding.control,
        &finding.resource,
        &finding.service,
        finding.endpoint_kind,
    )
}

fn summary(r: &Reconciliation, findings: &[ReportedFinding], changes: &[ReportedChange]) -> Summary {
    let of = |verdict| r.findings.iter().filter(|f| f.verdict == verdict).count();
    let mut summary = Summary {
        compliant: of(Verdict::Compliant),
        not_applicable: of(Verdict::NotApplicable),
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
