//! Findings as OCSF 1.6 compliance findings, class 2003 (<https://schema.ocsf.io/1.6.0/classes/compliance_finding>).

use postern_core::model::token::client_token;
use serde_json::{Value, json};

use crate::frameworks::references;
use crate::published::{Finding, Outcome, Remediation, Report, Severity, Verdict};

const VERSION: &str = "1.6.0";
/// The class and its category.
const COMPLIANCE_FINDING: u32 = 2003;
const FINDINGS: u32 = 2;

/// One document for each finding of a report.
pub fn render(report: &Report) -> Vec<Value> {
    report
        .findings
        .iter()
        .map(|finding| document(report, finding))
        .collect()
}

fn document(report: &Report, finding: &Finding) -> Value {
    let (activity, activity_name) = activity(finding);
    let (severity, severity_name) = severity(finding.severity);
    let (status, status_name) = status(finding.outcome);
    let (compliance, compliance_name) = compliance(finding);
    let mut standards: Vec<_> = references(finding)
        .map(|reference| reference.framework.title())
        .collect();
    standards.dedup();
    let requirements: Vec<_> = references(finding).map(|reference| reference.id).collect();
    let mut document = json!({
        "activity_id": activity,
        "activity_name": activity_name,
        "category_uid": FINDINGS,
        "category_name": "Findings",
        "class_uid": COMPLIANCE_FINDING,
        "class_name": "Compliance Finding",
        "type_uid": COMPLIANCE_FINDING * 100 + activity,
        "severity_id": severity,
        "severity": severity_name,
        "status_id": status,
        "status": status_name,
        "status_detail": finding.outcome.as_str(),
        "time": report.time.as_millisecond(),
        "message": finding.explanation,
        "metadata": {
            "version": VERSION,
            "uid": uid(report, finding),
            "correlation_uid": report.run,
            "profiles": ["cloud"],
            "product": {"name": "Postern", "vendor_name": "Postern", "version": env!("CARGO_PKG_VERSION")},
        },
        "cloud": {
            "provider": "AWS",
            "region": report.scope.region,
            "account": {"uid": report.scope.account, "type": "AWS Account", "type_id": 10},
        },
        "compliance": {
            "control": finding.control,
            "standards": standards,
            "requirements": requirements,
            "status_id": compliance,
            "status": compliance_name,
        },
        "finding_info": {
            "uid": uid(report, finding),
            "title": format!("{} on {}", finding.control, finding.resource.id),
            "desc": finding.explanation,
            "src_url": finding.console,
        },
        "resources": [{
            "uid": finding.resource.id,
            "name": finding.resource.name.as_ref().unwrap_or(&finding.resource.id),
            "type": finding.resource.kind.as_str(),
            "region": report.scope.region,
        }],
    });
    if let (Some(Remediation::Manual { advice }), Some(members)) = (&finding.remediation, document.as_object_mut()) {
        members.insert("remediation".to_owned(), json!({"desc": advice}));
    }
    document
}

/// Equal in every report of the same finding.
fn uid(report: &Report, finding: &Finding) -> String {
    let scope = &report.scope;
    client_token([
        scope.account.as_str(),
        scope.region.as_str(),
        finding.control.as_str(),
        finding.resource.id.as_str(),
        finding.service.as_deref().unwrap_or_default(),
        finding.endpoint_kind.map_or("", |kind| kind.as_str()),
    ])
}

fn activity(finding: &Finding) -> (u32, &'static str) {
    if matches!(finding.outcome, Outcome::Resolved | Outcome::Repaired) {
        (3, "Close")
    } else if finding.open_since.is_some() {
        (2, "Update")
    } else {
        (1, "Create")
    }
}

fn severity(severity: Severity) -> (u32, &'static str) {
    match severity {
        Severity::Low => (2, "Low"),
        Severity::Medium => (3, "Medium"),
        Severity::High => (4, "High"),
        Severity::Critical => (5, "Critical"),
    }
}

fn status(outcome: Outcome) -> (u32, &'static str) {
    match outcome {
        Outcome::Exempt | Outcome::ExemptionEnds => (3, "Suppressed"),
        Outcome::NotApplicable | Outcome::Compliant | Outcome::Resolved | Outcome::Repaired => (4, "Resolved"),
        Outcome::Pending => (2, "In Progress"),
        Outcome::Audit
        | Outcome::Indeterminate
        | Outcome::Manual
        | Outcome::Conflict
        | Outcome::Refused
        | Outcome::Failed => (1, "New"),
    }
}

fn compliance(finding: &Finding) -> (u32, &'static str) {
    match (finding.verdict, finding.outcome) {
        (_, Outcome::Repaired) | (Verdict::Compliant, _) => (1, "Pass"),
        (Verdict::NonCompliant, _) => (3, "Fail"),
        (Verdict::Indeterminate, _) => (2, "Warning"),
        (Verdict::NotApplicable, _) => (99, "Other"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{golden, news, repaired};

    #[test]
    fn golden_ocsf() {
        let documents = Value::from(render(&Report::of(&repaired())));
        golden("ocsf.json", &(serde_json::to_string_pretty(&documents).unwrap() + "\n"));
    }

    #[test]
    fn every_finding_is_one_document_with_an_id_that_stays_the_same() {
        let (first, again) = (Report::of(&repaired()), news(&repaired()).unwrap());
        let ids = |report: &Report| -> Vec<_> {
            let documents = render(report);
            documents
                .iter()
                .map(|document| document["finding_info"]["uid"].clone())
                .collect()
        };
        assert_eq!(ids(&first).len(), first.findings.len());
        assert_eq!(ids(&first)[..again.findings.len()], ids(&again)[..]);
        let mut distinct = ids(&first);
        distinct.sort_by_key(Value::to_string);
        distinct.dedup();
        assert_eq!(distinct.len(), first.findings.len());
    }
}
