//! Enables private DNS on an interface endpoint.

use postern_core::changes::{ChangeOutcome, DisablePrivateDns, EnablePrivateDns};
use postern_core::model::endpoint::EndpointState;
use postern_core::model::id::EndpointId;

use super::applier::{ASSOCIATE_ZONE, Applier, CONFLICT, Step, not_needed, skipped};
use super::{endpoint_modification, refusal};
use crate::describe::{self, filter};

pub(super) const CALLS: &[&str] = &[describe::ENDPOINTS, endpoint_modification::MODIFY, ASSOCIATE_ZONE];
pub(super) const UNDO_CALLS: &[&str] = endpoint_modification::CALLS;

pub(super) async fn apply(applier: &mut Applier, change: &EnablePrivateDns) -> Step {
    let id = &change.endpoint;
    if applier.endpoint(id).await?.private_dns {
        return Err(not_needed(format!("private DNS is enabled on {id}")));
    }
    let modified = applier.modify_unless_refused(id, |request| request.private_dns_enabled(true));
    match modified.await {
        Ok(()) => Ok(None),
        Err(error) if error.is(&["InvalidParameter"]) && error.message.contains(CONFLICT) => {
            let (vpc, dead) = dead_siblings(applier, id).await?;
            Err(applier.name_conflict(&error, &vpc, dead))
        }
        Err(error) => Err(applier.refused(error)),
    }
}

/// The VPC of an endpoint, and whether AWS still lists a dead endpoint of the same service there.
async fn dead_siblings(applier: &Applier, id: &EndpointId) -> Result<(String, bool), ChangeOutcome> {
    let found = describe::endpoints_by_id(&applier.ec2, [id]).await;
    let found = found.map_err(refusal::outcome)?;
    let own = found.first().and_then(|own| Some((own.vpc_id()?, own.service_name()?)));
    let Some((vpc, service)) = own else {
        return Err(skipped(format!("{id} no longer exists")));
    };
    let filters = vec![filter("vpc-id", [vpc]), filter("service-name", [service])];
    let siblings = describe::endpoints(&applier.ec2, filters).await;
    let siblings = siblings.map_err(refusal::outcome)?;
    let states = siblings.iter().filter_map(|sibling| sibling.state());
    let dead = states
        .map(|state| EndpointState::parse(state.as_str()))
        .any(|state| matches!(state, EndpointState::Deleting | EndpointState::Deleted));
    Ok((vpc.to_owned(), dead))
}

pub(super) async fn undo(applier: &mut Applier, inverse: &DisablePrivateDns) -> Step {
    let id = &inverse.endpoint;
    if !applier.existing(id).await?.private_dns {
        return Err(not_needed(format!("private DNS is disabled on {id}")));
    }
    applier.modify(id, |request| request.private_dns_enabled(false)).await?;
    Ok(None)
}
