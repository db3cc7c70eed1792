//! The end of a storm.

use postern_core::evaluation::Finding;
use postern_core::history::{DeliveredFinding, FindingStatus};
use postern_core::model::finding::Verdict;
use postern_core::model::managed::TAG_MANAGED;
use postern_core::settings::Mode;

use super::Evidence;

/// Nothing that is wrong is left unsaid, and nothing that is said last is not so.
pub(super) fn every_open_finding_was_reported(evidence: &Evidence<'_>) -> Result<(), String> {
    for vpc in evidence.vpcs.values() {
        let wrong = vpc.findings.iter().filter(|finding| match finding.verdict() {
            Verdict::NonCompliant => finding.accepted().is_none(),
            Verdict::Indeterminate => true,
            Verdict::Compliant | Verdict::NotApplicable => false,
        });
        for finding in wrong {
            let delivered = vpc
                .history
                .delivered
                .get(&finding.key)
                .map(|delivered| delivered.outcome);
            if !delivered.is_some_and(|delivered| explains(delivered, finding)) {
                return Err(format!("{delivered:?} was told of {}: {finding:?}", finding.key));
            }
        }
    }
    Ok(())
}

/// Whether people know with this why a finding is still there.
fn explains(delivered: FindingStatus, finding: &Finding) -> bool {
    match (finding.verdict(), finding.mode) {
        (Verdict::Indeterminate, _) => delivered == FindingStatus::Indeterminate,
        (_, Mode::Enforce) => matches!(
            delivered,
            FindingStatus::Manual | FindingStatus::Contested | FindingStatus::Refused | FindingStatus::Failed
        ),
        _ => matches!(delivered, FindingStatus::Manual | FindingStatus::Audit),
    }
}

/// No control finds fault with an endpoint that Postern made and nobody else touched.
pub(super) fn no_finding_on_what_postern_created(evidence: &Evidence<'_>) -> Result<(), String> {
    for vpc in evidence.vpcs.values() {
        let Ok(endpoints) = &vpc.snapshot.endpoints else {
            continue;
        };
        let ours = endpoints
            .values()
            .filter(|endpoint| endpoint.usable() && endpoint.tags.contains_key(TAG_MANAGED));
        for endpoint in ours {
            let touched = evidence.everything.iter().any(|entry| {
                !entry.caller.contains(":role/postern-")
                    && entry.effects.iter().any(|effect| effect.id == endpoint.id.0)
            });
            let found = vpc.findings.iter().find(|finding| {
                finding.key.resource.id == endpoint.id.0 && finding.mode == Mode::Enforce && finding.changes().is_some()
            });
            // What a limit or AWS keeps from being repaired was not made wrong.
            let kept = |delivered: &DeliveredFinding| {
                matches!(delivered.outcome, FindingStatus::Refused | FindingStatus::Failed)
            };
            if let (false, Some(finding)) = (touched, found)
                && !vpc.history.delivered.get(&finding.key).is_some_and(kept)
            {
                return Err(format!("Postern made {} wrong: {}", endpoint.id, finding.explanation()));
            }
        }
    }
    Ok(())
}
