//! One word for how a finding, and the whole report, ended.

use super::Verification;
use postern_core::changes::ChangeOutcome;
use postern_core::evaluation::Finding;
use postern_core::history::FindingStatus;
use postern_core::model::finding::Verdict;
use postern_core::settings::Mode;

/// Of a non-compliant or indeterminate finding. `outcomes` are those of the changes that remedy it; `planned` where
/// some of these are for this finding itself.
pub(super) fn of_finding<'a>(
    finding: &Finding,
    planned: bool,
    outcomes: impl IntoIterator<Item = &'a ChangeOutcome>,
    verification: Option<&Verification>,
    refused: bool,
) -> FindingStatus {
    if finding.accepted().is_some() {
        return FindingStatus::Exempt;
    }
    if finding.verdict() == Verdict::Indeterminate {
        return FindingStatus::Indeterminate;
    }
    if finding.conflict().is_some() {
        return FindingStatus::Contested;
    }
    // Where changes are planned all the same, others of the plan do first what a person would have to do.
    if planned || finding.changes().is_some() {
        of_changes(finding.mode, outcomes, verification, refused)
    } else {
        FindingStatus::Manual
    }
}

/// Of everything: that of the findings, or else of the changes, which asks the most of people. None where nobody
/// has to hear of it.
pub(super) fn of_report(
    findings: impl IntoIterator<Item = FindingStatus>,
    changes: impl IntoIterator<Item = FindingStatus>,
) -> Option<FindingStatus> {
    let alerting = findings.into_iter().filter(|outcome| *outcome != FindingStatus::Exempt);
    alerting.max().or_else(|| changes.into_iter().max())
}

/// Of changes that belong together.
pub(super) fn of_changes<'a>(
    mode: Mode,
    outcomes: impl IntoIterator<Item = &'a ChangeOutcome>,
    verification: Option<&Verification>,
    refused: bool,
) -> FindingStatus {
    if mode != Mode::Enforce {
        return FindingStatus::Audit;
    }
    if refused {
        return FindingStatus::Refused;
    }
    match verification {
        // Live state decides, whatever became of the changes.
        Some(Verification::Verified) => FindingStatus::Repaired,
        Some(Verification::Unremedied { .. }) => FindingStatus::Failed,
        Some(Verification::Pending { .. }) | None => {
            let undone = |outcome: &ChangeOutcome| {
                matches!(outcome, ChangeOutcome::Skipped { .. } | ChangeOutcome::Failed { .. })
            };
            if outcomes.into_iter().any(undone) {
                FindingStatus::Failed
            } else {
                FindingStatus::Pending
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use postern_core::evaluation;
    use postern_core::evaluation::{Conclusion, Remediation};
    use postern_core::model::finding::{FindingKey, ResourceKind, Severity};

    fn non_compliant(remediation: Remediation, mode: Mode) -> Finding {
        concluded(
            Conclusion::NonCompliant {
                explanation: "Open.".into(),
                remediation,
            },
            mode,
        )
    }

    fn concluded(conclusion: Conclusion, mode: Mode) -> Finding {
        Finding {
            key: FindingKey::new("policy-open", ResourceKind::Endpoint, "vpce-1"),
            name: None,
            service: None,
            severity: Severity::Critical,
            mode,
            conclusion,
            exempt: None,
            suppression: None,
        }
    }

    #[test]
    fn each_combination_ends_in_one_word() {
        use FindingStatus::*;
        let applied = || ChangeOutcome::Applied { created: None };
        let not_needed = || ChangeOutcome::NotNeeded { reason: "r".into() };
        let skipped = || ChangeOutcome::Skipped { reason: "r".into() };
        let failed = || ChangeOutcome::Failed {
            cause: "c".into(),
            transient: true,
        };
        let verified = Some(Verification::Verified);
        let pending = Some(Verification::Pending { reason: "r".into() });
        let unremedied = Some(Verification::Unremedied { reason: "r".into() });

        let enforce = non_compliant(Remediation::Automatic(vec![]), Mode::Enforce);
        let audit = non_compliant(Remediation::Automatic(vec![]), Mode::Audit);
        let manual = non_compliant(Remediation::Manual("Do it.".into()), Mode::Enforce);
        let manual_in_audit = non_compliant(Remediation::Manual("Do it.".into()), Mode::Audit);
        let undecided = Conclusion::Indeterminate {
            explanation: "?".into(),
            advice: "Look.".into(),
        };
        let undecided = concluded(undecided, Mode::Enforce);
        let exempt = Finding {
            exempt: Some(evaluation::Exempt {
                reason: "r".into(),
                expires: None,
            }),
            ..enforce.clone()
        };

        let check = |name: &str, finding, outcomes: &[ChangeOutcome], verification: &Option<_>, refused, expected| {
            let actual = of_finding(finding, !outcomes.is_empty(), outcomes, verification.as_ref(), refused);
            assert_eq!(actual, expected, "{name}");
        };
        check("verified", &enforce, &[applied()], &verified, false, Repaired);
        check("done by others", &enforce, &[not_needed()], &verified, false, Repaired);
        check("failed, yet so", &enforce, &[failed()], &verified, false, Repaired);
        check("pending", &enforce, &[applied()], &pending, false, Pending);
        check("no second look", &enforce, &[applied()], &None, false, Pending);
        check("half done", &enforce, &[applied(), failed()], &pending, false, Failed);
        check("did not help", &enforce, &[applied()], &unremedied, false, Failed);
        check("failed", &enforce, &[failed()], &None, false, Failed);
        check("skipped", &enforce, &[skipped()], &None, false, Failed);
        check("skipped, gone", &enforce, &[skipped()], &verified, false, Repaired);
        check("refused", &enforce, &[skipped()], &None, true, Refused);
        check("audit", &audit, &[skipped()], &None, false, Audit);
        check("audit, others refused", &audit, &[skipped()], &None, true, Audit);
        check("manual", &manual, &[], &None, false, Manual);
        check("manual in audit mode", &manual_in_audit, &[], &None, false, Manual);
        check("manual, others refused", &manual, &[], &None, true, Manual);
        check("manual at first", &manual, &[applied()], &verified, false, Repaired);
        check("undecided", &undecided, &[], &None, true, Indeterminate);
        check("exempt", &exempt, &[], &None, true, Exempt);
    }

    #[test]
    fn a_report_ends_as_what_asks_most_of_people() {
        use FindingStatus::*;
        let check = |findings: &[FindingStatus], changes: &[FindingStatus], expected| {
            let actual = of_report(findings.iter().copied(), changes.iter().copied());
            assert_eq!(actual, expected, "{findings:?} {changes:?}");
        };
        check(&[], &[], None);
        check(&[Exempt, Exempt], &[], None);
        check(&[Exempt, Repaired], &[Pending], Some(Repaired));
        check(&[Repaired, Audit], &[Pending, Audit], Some(Audit));
        check(&[Repaired, Pending, Audit], &[], Some(Pending));
        check(&[Indeterminate, Repaired], &[], Some(Indeterminate));
        check(&[Manual, Pending, Indeterminate], &[], Some(Manual));
        check(&[Manual, Refused], &[Refused], Some(Refused));
        check(&[Failed, Refused, Manual], &[], Some(Failed));
        check(&[Exempt], &[Pending, Failed], Some(Failed));
    }

    #[test]
    fn all_are_listed_in_order_and_named_as_they_serialize() {
        assert!(FindingStatus::ALL.is_sorted_by(|a, b| a < b));
        for disposition in FindingStatus::ALL {
            assert_eq!(serde_json::to_value(disposition).unwrap(), disposition.as_str());
        }
    }
}
