//! Observes a scope again after changes, and compares it with the findings that the changes were for.

use std::collections::{BTreeMap, BTreeSet};

use postern_aws::chain;
use postern_core::changes::ChangeOutcome;
use postern_core::evaluation::{Control, Finding, evaluate};
use postern_core::model::endpoint::EndpointState;
use postern_core::model::finding::{FindingKey, Verdict};
use postern_core::model::scope_snapshot::Snapshot;
use postern_core::plan::PlannedChange;
use postern_core::settings::Mode;
use postern_report::Verification;

use crate::context::RunContext;
use crate::evaluation::Evaluation;

/// Verifies each finding for which a change was applied. Empty where none was.
///
/// `outcomes` has one entry for each change of the plan, in its order.
pub(crate) async fn verify(
    context: &RunContext<'_>,
    evaluation: &Evaluation,
    outcomes: &[ChangeOutcome],
) -> BTreeMap<FindingKey, Verification> {
    let plan = &evaluation.plan;
    let made = || {
        let pairs = plan.changes.iter().zip(outcomes);
        pairs.filter(|(planned, _)| planned.mode == Mode::Enforce && plan.refusal(planned).is_none())
    };
    if !made().any(|(_, outcome)| matches!(outcome, ChangeOutcome::Applied { .. })) {
        return BTreeMap::new();
    }
    let keys: BTreeSet<_> = made().flat_map(|(planned, _)| &planned.causes).collect();
    let controls: Vec<&Control> = context
        .controls
        .iter()
        .copied()
        .filter(|control| keys.iter().any(|key| key.control == control.name))
        .collect();
    let parts = controls.iter().flat_map(|control| control.needs).copied().collect();
    let pending = |reason: &str| {
        let pending = |key: &&FindingKey| {
            let reason = reason.to_owned();
            ((*key).clone(), Verification::Pending { reason })
        };
        keys.iter().map(pending).collect()
    };
    let scope = evaluation.snapshot.scope();
    let observed = match context.observe(&scope, &parts).await {
        Ok(Some(observed)) => observed,
        Ok(None) => return pending(&format!("the {} was deleted in the meantime", scope.resource.noun())),
        Err(error) => return pending(&format!("the repair could not be verified: {}", chain(&error))),
    };
    let findings = evaluate(
        &controls,
        &observed,
        context.settings,
        &evaluation.history,
        context.now(),
        context.policies,
    );
    let verification = |key: &&FindingKey| {
        let own = || made().filter(|(planned, _)| planned.causes.contains(key));
        let failed =
            own().any(|(_, outcome)| matches!(outcome, ChangeOutcome::Failed { .. } | ChangeOutcome::Skipped { .. }));
        let postponed = own().find_map(|(_, outcome)| match outcome {
            ChangeOutcome::Postponed { reason } => Some(reason.clone()),
            _ => None,
        });
        let pending = own().find_map(|(planned, outcome)| still_pending(planned, outcome, &observed));
        let finding = findings.iter().find(|finding| finding.key == **key);
        ((*key).clone(), of_finding(finding, failed, pending, postponed))
    };
    keys.iter().map(verification).collect()
}

/// `finding` is as observed now, None where there is none any more; `failed` where a change for it was not made;
/// `pending` where AWS is not done with a change for it; `postponed` where the next run makes one.
fn of_finding(
    finding: Option<&Finding>,
    failed: bool,
    pending: Option<String>,
    postponed: Option<String>,
) -> Verification {
    let open = finding.filter(|finding| match finding.verdict() {
        Verdict::Compliant | Verdict::NotApplicable => false,
        Verdict::NonCompliant | Verdict::Indeterminate => true,
    });
    match (open, pending, postponed) {
        (None, None, _) => Verification::Verified,
        (None, Some(reason), _) => Verification::Pending { reason },
        (Some(finding), ..) if failed => Verification::Unremedied {
            reason: finding.explanation().into_owned(),
        },
        (Some(_), _, Some(reason)) => Verification::Pending { reason },
        (Some(finding), _, None) => Verification::Pending {
            reason: format!(
                "AWS accepted the change but does not show it yet: {}",
                finding.explanation()
            ),
        },
    }
}

/// Says so if AWS is not done with the endpoint of a change.
fn still_pending(planned: &PlannedChange, outcome: &ChangeOutcome, observed: &Snapshot) -> Option<String> {
    let created = match outcome {
        ChangeOutcome::Applied { created: Some(id) } => Some(id.as_str().into()),
        _ => None,
    };
    let id = planned.change.endpoint().cloned().or(created)?;
    let observed = match observed {
        Snapshot::Vpc(vpc) => vpc,
        Snapshot::Service(_) => return None,
    };
    let endpoint = observed.endpoints.as_ref().ok()?.get(&id)?;
    (endpoint.state == EndpointState::Pending).then(|| format!("{id} is still pending"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{compliant, finding, non_compliant};

    #[test]
    fn finding_that_is_gone_is_verified_unless_aws_is_not_done() {
        let closed = finding("vpce-1", compliant());
        for closed in [None, Some(&closed)] {
            assert_eq!(of_finding(closed, false, None, None), Verification::Verified);
            let reason = "vpce-1 is still pending".to_owned();
            assert_eq!(
                of_finding(closed, false, Some(reason.clone()), None),
                Verification::Pending { reason }
            );
        }
    }

    #[test]
    fn finding_that_waits_for_the_next_run_is_pending_unless_a_change_for_it_failed() {
        let reason = "its change waits".to_owned();
        let open = finding("vpce-1", non_compliant());
        let of = |failed| of_finding(Some(&open), failed, None, Some(reason.clone()));
        assert_eq!(of(false), Verification::Pending { reason: reason.clone() });
        assert!(matches!(of(true), Verification::Unremedied { .. }));
        assert_eq!(
            of_finding(None, false, None, Some(reason.clone())),
            Verification::Verified
        );
    }

    #[test]
    fn finding_that_is_still_open_is_unremedied_only_if_a_change_for_it_failed() {
        let open = finding("vpce-1", non_compliant());
        let reason = "Open.".to_owned();
        assert_eq!(
            of_finding(Some(&open), true, None, None),
            Verification::Unremedied { reason }
        );
        let Verification::Pending { reason } = of_finding(Some(&open), false, None, None) else {
            panic!("AWS may only not show the change yet")
        };
        assert!(reason.ends_with(": Open."), "{reason}");
    }
}
