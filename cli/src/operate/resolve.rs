//! From the id of a resource to its scope.

use postern_aws::observe::Resolution;
use postern_core::model::scope::Scope;
use postern_core::trigger::Target;

use super::{CommandError, OperatorContext};

/// The scope of a resource; None where the resource does not exist.
pub(super) async fn scope_of(context: &OperatorContext, target: Target) -> Result<Option<Scope>, CommandError> {
    let targets = std::slice::from_ref(&target);
    let mut resolved = context.session.resolve(context.region(), targets).await;
    match resolved.remove(&target).transpose()? {
        Some(Resolution::Scope(resource)) => Ok(Some(context.scope(resource))),
        Some(Resolution::Gone(_) | Resolution::Region | Resolution::Services(_) | Resolution::Vpcs(_)) | None => {
            Ok(None)
        }
    }
}
