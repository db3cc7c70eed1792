//! From the id of a resource to its VPC.

use postern_aws::observe::Resolution;
use postern_core::model::id::VpcId;
use postern_core::trigger::Target;

use super::{CommandError, OperatorContext};

/// The VPC of a resource; None where the resource does not exist.
pub(super) async fn vpc_of(context: &OperatorContext, target: Target) -> Result<Option<VpcId>, CommandError> {
    let targets = std::slice::from_ref(&target);
    let mut resolved = context.session.resolve(&context.region, targets).await;
    match resolved.remove(&target).transpose()? {
        Some(Resolution::Vpc(vpc)) => Ok(Some(vpc)),
        Some(Resolution::Gone(_) | Resolution::Region) | None => Ok(None),
    }
}
