//! Accepts a connection that waits.

use postern_core::changes::{AcceptConnection, RefuseAcceptedConnection};

use super::applier::{Applier, Step, not_needed, skipped};
use super::endpoint_service::{ACCEPT, REJECT, accept, reject};
use crate::describe;

pub(super) const CALLS: &[&str] = &[describe::CONNECTIONS, ACCEPT];
pub(super) const UNDO_CALLS: &[&str] = &[describe::CONNECTIONS, REJECT];

pub(super) async fn apply(applier: &Applier, change: &AcceptConnection) -> Step {
    let AcceptConnection {
        service,
        endpoint,
        owner,
    } = change;
    match applier.connection(service, endpoint).await? {
        None => Err(skipped(format!("the connection of {endpoint} is gone"))),
        Some(connection) if connection.accepted() => Err(not_needed(format!("{endpoint} is accepted"))),
        Some(connection) if connection.waits() && connection.owner == *owner => {
            accept(applier, service, endpoint).await
        }
        Some(_) => Err(skipped(format!("the connection of {endpoint} no longer waits"))),
    }
}

pub(super) async fn undo(applier: &Applier, inverse: &RefuseAcceptedConnection) -> Step {
    let RefuseAcceptedConnection { service, endpoint } = inverse;
    match applier.connection(service, endpoint).await? {
        Some(connection) if connection.accepted() => reject(applier, service, endpoint).await,
        Some(_) | None => Err(not_needed(format!("{endpoint} is not accepted"))),
    }
}
