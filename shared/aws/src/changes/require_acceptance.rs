//! Requires acceptance of the connections to an endpoint service.

use postern_core::changes::{RequireAcceptance, WaiveAcceptance};
use postern_core::model::id::EndpointServiceId;

use super::applier::{Applier, Step, accepted, not_needed, skipped};
use super::refusal;
use crate::describe;
use crate::error::CallError;

const MODIFY: &str = "ec2:ModifyVpcEndpointServiceConfiguration";

pub(super) const CALLS: &[&str] = &[describe::CONFIGURATIONS, MODIFY];
pub(super) const UNDO_CALLS: &[&str] = CALLS;

pub(super) async fn apply(applier: &Applier, change: &RequireAcceptance) -> Step {
    let id = &change.service;
    match applier.endpoint_service(id).await? {
        None => Err(skipped(format!("{id} no longer exists"))),
        Some(service) if service.acceptance_required => Err(not_needed(format!("{id} requires acceptance"))),
        Some(_) => set(applier, id, true).await,
    }
}

pub(super) async fn undo(applier: &Applier, inverse: &WaiveAcceptance) -> Step {
    let id = &inverse.service;
    match applier.endpoint_service(id).await? {
        None => Err(not_needed(format!("{id} no longer exists"))),
        Some(service) if !service.acceptance_required => Err(not_needed(format!("{id} requires no acceptance"))),
        Some(_) => set(applier, id, false).await,
    }
}

async fn set(applier: &Applier, id: &EndpointServiceId, required: bool) -> Step {
    let request = applier.ec2.modify_vpc_endpoint_service_configuration();
    let answer = request
        .service_id(id.as_str())
        .acceptance_required(required)
        .send()
        .await;
    let answer = answer.map_err(|error| CallError::new(MODIFY, error));
    let done = answer.and_then(|answer| accepted(MODIFY, answer.r#return()));
    done.map(|()| None).map_err(refusal::outcome)
}
