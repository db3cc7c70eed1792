//! Removes principals that may connect to an endpoint service.

use std::collections::BTreeSet;

use postern_core::changes::{AddServicePrincipals, Change, ChangeOutcome, RemoveServicePrincipals};
use postern_core::model::id::EndpointServiceId;

use super::applier::{Applier, Step, accepted, not_needed, skipped};
use super::refusal;
use crate::describe;
use crate::error::CallError;

const MODIFY: &str = "ec2:ModifyVpcEndpointServicePermissions";

pub(super) const CALLS: &[&str] = &[describe::PERMISSIONS, MODIFY];
pub(super) const UNDO_CALLS: &[&str] = CALLS;

pub(super) async fn apply(applier: &mut Applier, change: &RemoveServicePrincipals) -> Step {
    let RemoveServicePrincipals { service, principals } = change;
    let Some(allowed) = allowed(applier, service).await? else {
        return Err(skipped(format!("{service} no longer exists")));
    };
    let left: BTreeSet<String> = principals.intersection(&allowed).cloned().collect();
    if left.is_empty() {
        return Err(not_needed(format!("{service} allows none of them")));
    }
    if left != *principals {
        applier.part = Some(Change::RemoveServicePrincipals(RemoveServicePrincipals {
            service: service.clone(),
            principals: left.clone(),
        }));
    }
    let request = applier.ec2.modify_vpc_endpoint_service_permissions();
    let request = request
        .service_id(service.as_str())
        .set_remove_allowed_principals(Some(left.into_iter().collect()));
    let answer = request.send().await.map_err(|error| CallError::new(MODIFY, error));
    done(answer.map(|answer| answer.return_value()))
}

pub(super) async fn undo(applier: &Applier, inverse: &AddServicePrincipals) -> Step {
    let AddServicePrincipals { service, principals } = inverse;
    let Some(allowed) = allowed(applier, service).await? else {
        return Err(not_needed(format!("{service} no longer exists")));
    };
    let lacking: Vec<String> = principals.difference(&allowed).cloned().collect();
    if lacking.is_empty() {
        return Err(not_needed(format!("{service} allows all of them")));
    }
    let request = applier.ec2.modify_vpc_endpoint_service_permissions();
    let request = request
        .service_id(service.as_str())
        .set_add_allowed_principals(Some(lacking));
    let answer = request.send().await.map_err(|error| CallError::new(MODIFY, error));
    done(answer.map(|answer| answer.return_value()))
}

fn done(answer: Result<Option<bool>, CallError>) -> Step {
    let done = answer.and_then(|answer| accepted(MODIFY, answer));
    done.map(|()| None).map_err(refusal::outcome)
}

/// None where the service is gone.
async fn allowed(applier: &Applier, service: &EndpointServiceId) -> Result<Option<BTreeSet<String>>, ChangeOutcome> {
    match describe::permissions(&applier.ec2, service).await {
        Err(error) if error.not_found() => Ok(None),
        Err(error) => Err(refusal::outcome(error)),
        Ok(found) => Ok(Some(
            found
                .iter()
                .filter_map(|permission| permission.principal())
                .map(str::to_owned)
                .collect(),
        )),
    }
}
