//! What became of a finding, and of everything that a report is about.

use postern_core::changes::ChangeOutcome;
use postern_core::evaluation::Finding;
use postern_core::history::FindingStatus;
use postern_core::model::finding::Verdict;
use postern_core::settings::Mode;

use crate::published::Outcome;
use crate::reconciliation::Verification;

/// Of a finding; None if it is compliant or not applicable. `outcomes` are those of the changes that remediate it, and
/// `mode` is theirs; `planned` says whether some of these are for this finding itself.
pub(crate) fn of_finding<'a>(
    finding: &Finding,
    mode: Mode,
    planned: bool,
    outcomes: impl IntoIterator<Item = &'a ChangeOutcome>,
    verification: Option<&Verification>,
    refused: bool,
) -> Option<FindingStatus> {
    match finding.verdict() {
        Verdict::Compliant | Verdict::NotApplicable => return None,
        Verdict::NonCompliant | Verdict::Indeterminate => {}
    }
    if finding.accepted().is_some() {
        return Some(FindingStatus::Exempt);
    }
    if finding.verdict() == Verdict::Indeterminate {
        return Some(FindingStatus::Indeterminate);
    }
    if finding.conflict().is_some() {
        return Some(FindingStatus::Conflict);
    }
    // Changes that are planned all the same do first what a person would have to do.
    Some(if planned || finding.changes().is_some() {
        of_changes(mode, outcomes, verification, refused)
    } else {
        FindingStatus::Manual
    })
}

/// Of changes that belong together.
pub(crate) fn of_changes<'a>(
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

/// Of a whole report: the outcome that asks the most of people.
///
/// `unexplained` are the outcomes of changes that remediate no finding of the report. Their successes count only if
/// there is no finding that people have to know; their failures always count.
pub(crate) fn of_report(findings: &[Outcome], unexplained: &[Outcome], noticed: bool) -> Outcome {
    let worst = findings.iter().copied().max().unwrap_or(Outcome::Compliant);
    let silent = worst <= Outcome::Exempt;
    let changes = unexplained
        .iter()
        .copied()
        .filter(|outcome| silent || *outcome == Outcome::Failed);
    let noticed = noticed.then_some(Outcome::Manual);
    changes.chain(noticed).fold(worst, Outcome::max)
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
    fn each_combination_has_one_status() {
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
            let actual = of_finding(
                finding,
                finding.mode,
                !outcomes.is_empty(),
                outcomes,
                verification.as_ref(),
                refused,
            );
            assert_eq!(actual, Some(expected), "{name}");
        };
        let postponed = || ChangeOutcome::Postponed { reason: "r".into() };
        check("postponed", &enforce, &[postponed()], &None, false, Pending);
        check(
            "postponed after a failure",
            &enforce,
            &[failed(), postponed()],
            &None,
            false,
            Failed,
        );
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
    fn a_report_has_the_outcome_that_asks_the_most_of_people() {
        use Outcome::*;
        let check = |findings: &[Outcome], unexplained: &[Outcome], expected| {
            let actual = of_report(findings, unexplained, false);
            assert_eq!(actual, expected, "{findings:?} {unexplained:?}");
        };
        check(&[], &[], Compliant);
        check(&[Compliant, NotApplicable], &[], Compliant);
        check(&[Exempt, Compliant], &[], Exempt);
        check(&[Exempt, Repaired], &[Pending], Repaired);
        check(&[Repaired, Audit], &[Pending, Audit], Audit);
        check(&[Repaired, Pending, Audit], &[], Pending);
        check(&[Indeterminate, Repaired], &[], Indeterminate);
        check(&[Manual, Pending, Indeterminate], &[], Manual);
        check(&[Manual, Refused], &[Refused], Refused);
        check(&[Failed, Refused, Manual], &[], Failed);
        check(&[Exempt], &[Pending, Failed], Failed);
        check(&[], &[Repaired], Repaired);
    }

    #[test]
    fn repairs_never_hide_a_failure_or_a_notice() {
        assert_eq!(
            of_report(&[Outcome::Repaired; 2], &[Outcome::Failed], false),
            Outcome::Failed
        );
        assert_eq!(of_report(&[Outcome::Repaired; 2], &[], true), Outcome::Manual);
    }
}
