//! Invariants of the final state.

use postern_core::changes::Safety;
use postern_core::evaluation::{Conclusion, Finding, Remediation};
use postern_core::history::{DeliveredFinding, FindingStatus};
use postern_core::model::finding::Verdict;
use postern_core::model::managed::TAG_MANAGED;
use postern_core::model::scope_snapshot::Snapshot;
use postern_core::model::snapshot::VpcSnapshot;
use postern_core::settings::{Mode, Settings};

use super::Evidence;

/// The last report of each open finding says why it is open.
pub(super) fn every_open_finding_was_reported(evidence: &Evidence<'_>) -> Result<(), String> {
    for scope in evidence.scopes.values() {
        let wrong = scope.findings.iter().filter(|finding| match finding.verdict() {
            Verdict::NonCompliant => finding.accepted().is_none(),
            Verdict::Indeterminate => true,
            Verdict::Compliant | Verdict::NotApplicable => false,
        });
        for finding in wrong {
            let delivered = scope
                .history
                .delivered
                .get(&finding.key)
                .map(|delivered| delivered.outcome);
            if !delivered.is_some_and(|delivered| explains(delivered, finding, evidence.settings)) {
                return Err(format!("{delivered:?} was reported of {}: {finding:?}", finding.key));
            }
        }
    }
    Ok(())
}

/// Whether this status explains why a finding is open.
fn explains(delivered: FindingStatus, finding: &Finding, settings: &Settings) -> bool {
    match (finding.verdict(), finding.mode) {
        (Verdict::Indeterminate, _) => delivered == FindingStatus::Indeterminate,
        // It waits for a change for another finding, and its own change after that interrupts.
        (_, Mode::Enforce) if delivered == FindingStatus::Audit => {
            settings.modes.interrupting != Mode::Enforce && !interrupts(finding)
        }
        (_, Mode::Enforce) => matches!(
            delivered,
            FindingStatus::Manual | FindingStatus::Conflict | FindingStatus::Refused | FindingStatus::Failed
        ),
        // An interrupting change that met no client was tried although its class is audited.
        _ => {
            let enforced = matches!(
                delivered,
                FindingStatus::Conflict | FindingStatus::Refused | FindingStatus::Failed
            );
            matches!(delivered, FindingStatus::Manual | FindingStatus::Audit) || (enforced && interrupts(finding))
        }
    }
}

fn interrupts(finding: &Finding) -> bool {
    match &finding.conclusion {
        Conclusion::NonCompliant {
            remediation: Remediation::Automatic(changes),
            ..
        } => changes.iter().any(|change| change.safety() == Safety::Interrupting),
        _ => false,
    }
}

/// No control has a finding on an endpoint that Postern created and nobody else changed.
pub(super) fn no_finding_on_what_postern_created(evidence: &Evidence<'_>) -> Result<(), String> {
    for scope in evidence.scopes.values() {
        let Snapshot::Vpc(VpcSnapshot {
            endpoints: Ok(endpoints),
            ..
        }) = &scope.snapshot
        else {
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
            let found = scope.findings.iter().find(|finding| {
                finding.key.resource.id == endpoint.id.0 && finding.mode == Mode::Enforce && finding.changes().is_some()
            });
            // A repair that a limit or AWS refused is no fault of the creation.
            let kept = |delivered: &DeliveredFinding| {
                matches!(delivered.outcome, FindingStatus::Refused | FindingStatus::Failed)
            };
            if let (false, Some(finding)) = (touched, found)
                && !scope.history.delivered.get(&finding.key).is_some_and(kept)
            {
                return Err(format!(
                    "Postern created {} with a defect: {}",
                    endpoint.id,
                    finding.explanation()
                ));
            }
        }
    }
    Ok(())
}
