//! What a run found and did, in numbers.

use postern_core::changes::ChangeOutcome;
use postern_core::evaluation::Finding;
use postern_core::model::finding::Verdict;

/// Counts over all scopes of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub reconciliations: usize,
    /// Exempt findings do not count here.
    pub non_compliant: usize,
    pub indeterminate: usize,
    pub exempt: usize,
    pub applied: usize,
    pub not_needed: usize,
    pub skipped: usize,
    pub failed: usize,
}

impl Counts {
    /// Counts one reconciled scope.
    pub(crate) fn add(&mut self, findings: &[Finding], outcomes: &[ChangeOutcome]) {
        self.reconciliations += 1;
        for finding in findings {
            match finding.verdict() {
                Verdict::NonCompliant if finding.accepted().is_some() => self.exempt += 1,
                Verdict::NonCompliant => self.non_compliant += 1,
                Verdict::Indeterminate => self.indeterminate += 1,
                Verdict::Compliant | Verdict::NotApplicable => {}
            }
        }
        for outcome in outcomes {
            match outcome {
                ChangeOutcome::Applied { .. } => self.applied += 1,
                ChangeOutcome::NotNeeded { .. } => self.not_needed += 1,
                ChangeOutcome::Skipped { .. } | ChangeOutcome::Postponed { .. } => self.skipped += 1,
                ChangeOutcome::Failed { .. } => self.failed += 1,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use postern_core::evaluation::{Conclusion, Exempt};

    use super::*;
    use crate::testing::{compliant, finding, non_compliant};

    #[test]
    fn findings_and_changes_are_counted_by_how_they_ended() {
        let exempt = Finding {
            exempt: Some(Exempt {
                reason: "Accepted.".to_owned(),
                expires: None,
            }),
            ..finding("vpce-2", non_compliant())
        };
        let unknown = Conclusion::Indeterminate {
            explanation: "Unknown.".to_owned(),
            advice: "Look.".to_owned(),
        };
        let findings = [
            finding("vpce-1", non_compliant()),
            exempt,
            finding("vpce-3", compliant()),
            finding("vpce-4", unknown),
        ];
        let outcomes = [
            ChangeOutcome::Applied { created: None },
            ChangeOutcome::Skipped { reason: String::new() },
        ];
        let mut counts = Counts::default();
        counts.add(&findings, &outcomes);
        counts.add(&[], &[]);
        assert_eq!(
            counts,
            Counts {
                reconciliations: 2,
                non_compliant: 1,
                indeterminate: 1,
                exempt: 1,
                applied: 1,
                skipped: 1,
                ..Counts::default()
            }
        );
    }
}
