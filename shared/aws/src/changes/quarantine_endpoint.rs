//! Quarantines an endpoint.

use postern_core::changes::QuarantineEndpoint;
use postern_core::model::policy_document::QUARANTINE_POLICY;

use super::applier::{Applier, Step};
use super::replace_policy;

pub(super) const CALLS: &[&str] = replace_policy::CALLS;
/// The policy from before is put back as any other.
pub(super) const UNDO_CALLS: &[&str] = replace_policy::UNDO_CALLS;

pub(super) async fn apply(applier: &mut Applier, change: &QuarantineEndpoint) -> Step {
    replace_policy::write(applier, &change.endpoint, &change.before, QUARANTINE_POLICY).await
}
