//! Replaces the policy of an endpoint.

use postern_core::changes::{Change, ReplacePolicy, RestorePolicy};
use postern_core::model::id::EndpointId;
use postern_core::model::policy_document::{QUARANTINE_POLICY, same_policy};

use super::applier::{Applier, Step, failed, not_needed, skipped};
use super::{endpoint_modification, refusal};

pub(super) const CALLS: &[&str] = endpoint_modification::CALLS;
pub(super) const UNDO_CALLS: &[&str] = CALLS;

/// How often the policy is written while AWS does not answer.
const WRITES: usize = 3;

pub(super) async fn apply(applier: &mut Applier, change: &ReplacePolicy) -> Step {
    let ReplacePolicy {
        endpoint,
        before,
        after,
    } = change;
    write(applier, endpoint, before, after).await
}

/// Writes a policy in the place of the one before. The SDK does not repeat this request: somebody may have written another
/// policy in between, so each attempt reads the policy before it writes.
pub(super) async fn write(applier: &mut Applier, id: &EndpointId, before: &str, after: &str) -> Step {
    // The outcome of a request that may have been carried out although it failed.
    let mut lost = None;
    let mut last = failed("the policy was not written");
    for _ in 1..=WRITES {
        let live = applier.endpoint(id).await?.policy.unwrap_or_default();
        if same_policy(&live, after) {
            return match lost {
                Some(_) => Ok(None),
                None => Err(not_needed(format!("{id} has the wanted policy"))),
            };
        }
        if !same_policy(&live, before) {
            return Err(
                lost.unwrap_or_else(|| skipped(format!("the policy of {id} was changed since it was observed")))
            );
        }
        let Err(error) = applier.modify_once(id, |request| request.policy_document(after)).await else {
            return Ok(None);
        };
        if !error.transient() && !refusal::passes(&error) {
            return Err(applier.refused(error));
        }
        let transient = error.transient();
        last = refusal::outcome(error);
        if transient {
            lost = Some(last.clone());
        }
        if !applier.waits().await {
            break;
        }
    }
    Err(last)
}

pub(super) async fn undo(applier: &mut Applier, inverse: &RestorePolicy, change: Option<&Change>) -> Step {
    let RestorePolicy { endpoint: id, policy } = inverse;
    let live = applier.existing(id).await?.policy.unwrap_or_default();
    if same_policy(&live, policy) {
        return Err(not_needed(format!("{id} has the earlier policy")));
    }
    let replaced = matches!(change, Some(Change::ReplacePolicy(change)) if same_policy(&live, &change.after));
    let quarantined = matches!(change, Some(Change::QuarantineEndpoint(_))) && same_policy(&live, QUARANTINE_POLICY);
    if !(replaced || quarantined) {
        return Err(skipped(format!("somebody else changed the policy of {id} since")));
    }
    applier.modify(id, |request| request.policy_document(policy)).await?;
    Ok(None)
}
