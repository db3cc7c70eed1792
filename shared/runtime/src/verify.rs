//! What a fresh look says of the findings for which something was applied.

use std::collections::{BTreeMap, BTreeSet};

use postern_aws::chain;
use postern_core::changes::ChangeOutcome;
use postern_core::evaluation::{Control, Finding, evaluate};
use postern_core::history::ChangeHistory;
use postern_core::model::finding::{FindingKey, Verdict};
use postern_core::model::snapshot::{EndpointState, Snapshot};
use postern_core::plan::{Plan, PlannedChange};
use postern_core::settings::Mode;
use postern_report::Verification;

use crate::reconcile::Run;

impl Run<'_> {
    pub(crate) async fn verify(
        &self,
        snapshot: &Snapshot,
        past: &ChangeHistory,
        plan: &Plan,
        outcomes: &[ChangeOutcome],
    ) -> BTreeMap<FindingKey, Verification> {
        let touched = || {
            let pairs = plan.changes.iter().zip(outcomes);
            pairs.filter(|(planned, _)| planned.mode == Mode::Enforce && plan.refused.is_none())
        };
        if !touched().any(|(_, outcome)| matches!(outcome, ChangeOutcome::Applied { .. })) {
            return BTreeMap::new();
        }
        let keys: BTreeSet<_> = touched().flat_map(|(planned, _)| &planned.causes).collect();
        let controls: Vec<&Control> = self
            .function
            .controls
            .iter()
            .copied()
            .filter(|control| keys.iter().any(|key| key.control == control.name))
            .collect();
        let parts = controls.iter().flat_map(|control| control.needs).copied().collect();
        let scope = snapshot.scope();
        let fresh = match self.aws.account(&scope.account).await {
            Ok(session) => session
                .observe(&scope.region, &scope.resource, &parts)
                .await
                .map_err(|error| chain(&error)),
            Err(error) => Err(chain(&error)),
        };
        let fresh = match fresh {
            Ok(Some(fresh)) => fresh,
            Ok(None) => {
                return all(&keys, || Verification::Pending {
                    reason: "the VPC is gone meanwhile".to_owned(),
                });
            }
            Err(error) => {
                let reason = format!("the fresh look failed: {error}");
                return all(&keys, || Verification::Pending { reason: reason.clone() });
            }
        };
        let findings = evaluate(&controls, &fresh, &self.configuration.settings, past, self.aws.now());
        keys.iter()
            .map(|key| {
                let failed = touched().any(|(planned, outcome)| {
                    planned.causes.contains(key)
                        && matches!(outcome, ChangeOutcome::Failed { .. } | ChangeOutcome::Skipped { .. })
                });
                let settling = touched()
                    .filter(|(planned, _)| planned.causes.contains(key))
                    .find_map(|(planned, outcome)| settling(planned, outcome, &fresh));
                (
                    (*key).clone(),
                    judge(findings.iter().find(|f| f.key == **key), failed, settling),
                )
            })
            .collect()
    }
}

fn judge(fresh: Option<&Finding>, failed: bool, settling: Option<String>) -> Verification {
    let compliant = |finding: &&Finding| matches!(finding.verdict(), Verdict::Compliant | Verdict::NotApplicable);
    match (fresh.filter(|finding| !compliant(finding)), settling) {
        (None, None) => Verification::Verified,
        (None, Some(reason)) => Verification::Pending { reason },
        (Some(finding), _) if failed => Verification::Unremedied {
            reason: finding.explanation().into_owned(),
        },
        (Some(finding), _) => Verification::Pending {
            reason: format!(
                "AWS took the change, but a fresh look does not show it yet: {}",
                finding.explanation()
            ),
        },
    }
}

/// The endpoint of a change that AWS is still working on.
fn settling(planned: &PlannedChange, outcome: &ChangeOutcome, fresh: &Snapshot) -> Option<String> {
    let created = match outcome {
        ChangeOutcome::Applied { created: Some(id) } => Some(id.as_str().into()),
        _ => None,
    };
    let id = planned.change.endpoint().cloned().or(created)?;
    let endpoint = fresh.endpoints.as_ref().ok()?.get(&id)?;
    (endpoint.state == EndpointState::Pending).then(|| format!("{id} is still pending"))
}

fn all(keys: &BTreeSet<&FindingKey>, state: impl Fn() -> Verification) -> BTreeMap<FindingKey, Verification> {
    keys.iter().map(|key| ((*key).clone(), state())).collect()
}
