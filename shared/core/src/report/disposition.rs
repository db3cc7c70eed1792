//! One word for how a finding, and the whole report, ended.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Verification;
use crate::finding::{Finding, Remediation, Verdict};
use crate::plan::Outcome;
use crate::settings::Mode;

/// How it ended. Later ones ask more of people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Disposition {
    /// Non-compliant, and somebody answers for it.
    Exempt,
    /// Was open when it was told last, and is not any more.
    Resolved,
    /// Remediated, and a fresh look confirms it.
    Repaired,
    /// Would be remediated if its control were enforced.
    Audit,
    /// Remediated, but no fresh look has confirmed it yet.
    Pending,
    /// Could not be decided.
    Indeterminate,
    /// Only a person can remediate it.
    Manual,
    /// Somebody undoes its repair again and again, so it is left alone.
    Contested,
    /// Would be remediated, but the plan breaks a limit and nothing of it was applied.
    Refused,
    /// Was to be remediated, and is not.
    Failed,
}

impl Disposition {
    pub const ALL: [Self; 10] = [
        Self::Exempt,
        Self::Resolved,
        Self::Repaired,
        Self::Audit,
        Self::Pending,
        Self::Indeterminate,
        Self::Manual,
        Self::Contested,
        Self::Refused,
        Self::Failed,
    ];

    /// As in reports and in message attributes.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Exempt => "exempt",
            Self::Resolved => "resolved",
            Self::Repaired => "repaired",
            Self::Audit => "audit",
            Self::Pending => "pending",
            Self::Indeterminate => "indeterminate",
            Self::Manual => "manual",
            Self::Contested => "contested",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }

    /// Whether it is not over with this.
    pub fn open(self) -> bool {
        !matches!(self, Self::Exempt | Self::Resolved | Self::Repaired)
    }

    /// Of a non-compliant or indeterminate finding. `outcomes` are those of the changes that remedy it; `planned` where
    /// some of these are for this finding itself.
    pub(super) fn of_finding<'a>(
        finding: &Finding,
        planned: bool,
        outcomes: impl IntoIterator<Item = &'a Outcome>,
        verification: Option<&Verification>,
        refused: bool,
    ) -> Self {
        if finding.exempt.is_some() {
            return Self::Exempt;
        }
        if finding.verdict == Verdict::Indeterminate {
            return Self::Indeterminate;
        }
        if finding.contest.is_some() {
            return Self::Contested;
        }
        match finding.remediation {
            // Where changes are planned all the same, others of the plan do first what a person would have to do.
            Remediation::None | Remediation::Manual(_) if !planned => Self::Manual,
            _ => Self::of_changes(finding.mode, outcomes, verification, refused),
        }
    }

    /// Of everything: that of the findings, or else of the changes, which asks the most of people. None where nobody
    /// has to hear of it.
    pub(super) fn of_report(
        findings: impl IntoIterator<Item = Self>,
        changes: impl IntoIterator<Item = Self>,
    ) -> Option<Self> {
        let alerting = findings.into_iter().filter(|outcome| *outcome != Self::Exempt);
        alerting.max().or_else(|| changes.into_iter().max())
    }

    /// Of changes that belong together.
    pub(super) fn of_changes<'a>(
        mode: Mode,
        outcomes: impl IntoIterator<Item = &'a Outcome>,
        verification: Option<&Verification>,
        refused: bool,
    ) -> Self {
        if mode != Mode::Enforce {
            return Self::Audit;
        }
        if refused {
            return Self::Refused;
        }
        match verification {
            // Live state decides, whatever became of the changes.
            Some(Verification::Verified) => Self::Repaired,
            Some(Verification::Unremedied { .. }) => Self::Failed,
            Some(Verification::Pending { .. }) | None => {
                let undone = |outcome: &Outcome| matches!(outcome, Outcome::Skipped { .. } | Outcome::Failed { .. });
                if outcomes.into_iter().any(undone) {
                    Self::Failed
                } else {
                    Self::Pending
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{self, FindingKey, ResourceKind};

    fn non_compliant(remediation: Remediation, mode: Mode) -> Finding {
        Finding {
            mode,
            ..FindingKey::new("policy-open", ResourceKind::Endpoint, "vpce-1").non_compliant("Open.", remediation)
        }
    }

    #[test]
    fn each_combination_ends_in_one_word() {
        use Disposition::*;
        let applied = || Outcome::Applied { created: None };
        let not_needed = || Outcome::NotNeeded { reason: "r".into() };
        let skipped = || Outcome::Skipped { reason: "r".into() };
        let failed = || Outcome::Failed {
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
        let nothing = non_compliant(Remediation::None, Mode::Enforce);
        let undecided = FindingKey::new("policy-open", ResourceKind::Endpoint, "vpce-1").indeterminate("?", "Look.");
        let exempt = Finding {
            exempt: Some(finding::Exempt {
                reason: "r".into(),
                expires: None,
            }),
            ..enforce.clone()
        };

        let check = |name: &str, finding, outcomes: &[Outcome], verification: &Option<_>, refused, expected| {
            let actual =
                Disposition::of_finding(finding, !outcomes.is_empty(), outcomes, verification.as_ref(), refused);
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
        check("no remediation", &nothing, &[], &None, false, Manual);
        check("undecided", &undecided, &[], &None, true, Indeterminate);
        check("exempt", &exempt, &[], &None, true, Exempt);
    }

    #[test]
    fn a_report_ends_as_what_asks_most_of_people() {
        use Disposition::*;
        let check = |findings: &[Disposition], changes: &[Disposition], expected| {
            let actual = Disposition::of_report(findings.iter().copied(), changes.iter().copied());
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
        assert!(Disposition::ALL.is_sorted_by(|a, b| a < b));
        for disposition in Disposition::ALL {
            assert_eq!(serde_json::to_value(disposition).unwrap(), disposition.as_str());
        }
    }
}
