//! What auditors ask for, and how far it is met.

use std::collections::{BTreeMap, BTreeSet};

use postern_core::controls::find;
use postern_core::evaluation::{Framework, Reference};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::published::{Finding, Outcome};

/// A requirement of a framework, with the findings of the controls that check it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RequirementSummary {
    /// Such as `NIST SP 800-53 Rev. 5`.
    pub framework: String,
    /// As the framework writes it: `AC-4`.
    pub id: String,
    pub title: String,
    /// The controls that check it.
    pub controls: BTreeSet<String>,
    /// Open findings, those that could not be evaluated included.
    pub open: usize,
    pub exempt: usize,
    pub compliant: usize,
}

/// The requirements that the control of a finding checks, without those on another service.
pub(crate) fn references(finding: &Finding) -> impl Iterator<Item = &'static Reference> {
    let references = find(&finding.control)
        .into_iter()
        .flat_map(|control| control.references());
    references.filter(|reference| reference.concerns(finding.service.as_deref()))
}

/// The requirements in words: `PCI DSS v4.0.1 1.3.2`.
pub(crate) fn labels(finding: &Finding) -> Vec<String> {
    references(finding)
        .map(|reference| format!("{} {}", reference.framework.title(), reference.id))
        .collect()
}

/// How far these findings meet the requirements that their controls check, in the order of frameworks.
pub(crate) fn summarize<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Vec<RequirementSummary> {
    let mut summaries: BTreeMap<(Framework, &str), RequirementSummary> = BTreeMap::new();
    for finding in findings {
        for reference in references(finding) {
            let summary = summaries
                .entry((reference.framework, reference.id))
                .or_insert_with(|| RequirementSummary {
                    framework: reference.framework.title().to_owned(),
                    id: reference.id.to_owned(),
                    title: reference.title.to_owned(),
                    controls: BTreeSet::new(),
                    open: 0,
                    exempt: 0,
                    compliant: 0,
                });
            summary.controls.insert(finding.control.clone());
            match finding.outcome {
                Outcome::NotApplicable => {}
                Outcome::Exempt | Outcome::ExemptionEnds => summary.exempt += 1,
                outcome if outcome.open() => summary.open += 1,
                Outcome::Compliant
                | Outcome::Resolved
                | Outcome::Repaired
                | Outcome::Audit
                | Outcome::Pending
                | Outcome::Indeterminate
                | Outcome::Manual
                | Outcome::Conflict
                | Outcome::Refused
                | Outcome::Failed => summary.compliant += 1,
            }
        }
    }
    summaries.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::published::Report;
    use crate::tests::repaired;

    #[test]
    fn each_requirement_counts_the_findings_of_its_controls() {
        let report = Report::of(&repaired());
        let summaries = summarize(&report.findings);
        let boundary = summaries.iter().find(|summary| summary.id == "SC-7").unwrap();
        assert!(!boundary.controls.is_empty());
        let of_controls = report
            .findings
            .iter()
            .filter(|finding| boundary.controls.contains(&finding.control));
        let counted = of_controls
            .filter(|finding| finding.outcome != Outcome::NotApplicable)
            .count();
        assert_eq!(boundary.open + boundary.exempt + boundary.compliant, counted);
        assert!(summaries.is_sorted_by_key(|summary| {
            let title = |framework: &&Framework| framework.title() == summary.framework;
            Framework::ALL.iter().find(title).copied()
        }));
    }

    /// The first finding of a report, as one of another control and service.
    fn of(control: &str, service: &str) -> Finding {
        Finding {
            control: control.to_owned(),
            service: Some(format!("com.amazonaws.eu-central-1.{service}")),
            ..Report::of(&repaired()).findings.remove(0)
        }
    }

    #[test]
    fn unknown_control_has_no_requirements() {
        assert_eq!(labels(&of("no-such-control", "s3")), Vec::<String>::new());
        assert!(labels(&of("policy-open", "s3")).contains(&"NIST SP 800-53 Rev. 5 AC-4".to_owned()));
    }

    #[test]
    fn missing_endpoint_counts_for_the_requirement_on_its_service_alone() {
        let findings = ["dynamodb", "ecr.dkr"].map(|service| of("endpoint-missing", service));
        let labels = findings.each_ref().map(|finding| labels(finding).join("; "));
        assert!(
            !labels[0].contains("EC2.") && labels[0].contains("SC-7"),
            "{}",
            labels[0]
        );
        assert!(
            labels[1].starts_with("AWS Security Hub CSPM EC2.56; AWS Config"),
            "{}",
            labels[1]
        );
        let summaries = summarize(&findings);
        let total = |id: &str| {
            let own = summaries.iter().filter(|summary| summary.id == id);
            own.map(|summary| summary.open + summary.exempt + summary.compliant)
                .sum::<usize>()
        };
        assert_eq!((total("EC2.56"), total("EC2.10"), total("SC-7")), (1, 0, 2));
    }
}
