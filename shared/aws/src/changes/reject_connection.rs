//! Rejects a connection.

use postern_core::changes::{AcceptRejectedConnection, RejectConnection};
use postern_core::model::endpoint::EndpointState;

use super::applier::{Applier, Step, not_needed, skipped};
use super::endpoint_service::{ACCEPT, REJECT, accept, reject};
use crate::describe;

pub(super) const CALLS: &[&str] = &[describe::CONNECTIONS, REJECT];
pub(super) const UNDO_CALLS: &[&str] = &[describe::CONNECTIONS, ACCEPT];

/// A connection that was accepted since the plan saw it waiting is left alone: its rejection would drop traffic, which the
/// plan did not say.
pub(super) async fn apply(applier: &Applier, change: &RejectConnection) -> Step {
    let RejectConnection {
        service,
        endpoint,
        owner,
        accepted,
    } = change;
    match applier.connection(service, endpoint).await? {
        None => Err(skipped(format!("the connection of {endpoint} is gone"))),
        Some(connection) if connection.state == EndpointState::Rejected => {
            Err(not_needed(format!("{endpoint} is rejected")))
        }
        Some(connection) if connection.owner != *owner => {
            Err(skipped(format!("{endpoint} belongs to account {}", connection.owner)))
        }
        Some(connection) if (connection.accepted(), connection.waits()) == (*accepted, !accepted) => {
            reject(applier, service, endpoint).await
        }
        Some(_) => Err(skipped(format!(
            "the connection of {endpoint} changed since it was observed"
        ))),
    }
}

pub(super) async fn undo(applier: &Applier, inverse: &AcceptRejectedConnection) -> Step {
    let AcceptRejectedConnection { service, endpoint } = inverse;
    match applier.connection(service, endpoint).await? {
        Some(connection) if connection.state == EndpointState::Rejected => accept(applier, service, endpoint).await,
        Some(_) | None => Err(not_needed(format!("{endpoint} is not rejected"))),
    }
}
