//! Enables private DNS on an interface endpoint.

use postern_core::changes::{DisablePrivateDns, EnablePrivateDns};

use super::applier::{ASSOCIATE_ZONE, Applier, Step, not_needed};
use super::endpoint_modification;
use crate::describe;

pub(super) const CALLS: &[&str] = &[describe::ENDPOINTS, endpoint_modification::MODIFY, ASSOCIATE_ZONE];
pub(super) const UNDO_CALLS: &[&str] = endpoint_modification::CALLS;

pub(super) async fn apply(applier: &mut Applier, change: &EnablePrivateDns) -> Step {
    let id = &change.endpoint;
    if applier.endpoint(id).await?.private_dns {
        return Err(not_needed(format!("private DNS is enabled on {id}")));
    }
    applier.modify(id, |request| request.private_dns_enabled(true)).await?;
    Ok(None)
}

pub(super) async fn undo(applier: &mut Applier, inverse: &DisablePrivateDns) -> Step {
    let id = &inverse.endpoint;
    if !applier.existing(id).await?.private_dns {
        return Err(not_needed(format!("private DNS is disabled on {id}")));
    }
    applier.modify(id, |request| request.private_dns_enabled(false)).await?;
    Ok(None)
}
