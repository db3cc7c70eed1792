//! What Postern manages, and what others do.

use super::snapshot::{Endpoint, Snapshot};

/// The security group that Postern manages in a VPC: at most one, found by this name and `TAG_MANAGED`.
pub const MANAGED_GROUP_NAME: &str = "postern-endpoint-ingress";
/// On everything that Postern creates.
pub const TAG_MANAGED: &str = "postern:managed";
/// The control for which it was created.
pub const TAG_CONTROL: &str = "postern:control";
/// The run that created it.
pub const TAG_RUN: &str = "postern:run";

/// Who else manages an endpoint, so that Postern must not touch it.
pub fn managed_by(endpoint: &Endpoint, snapshot: &Snapshot) -> Option<String> {
    if let Some(managed_by) = endpoint.managed_by(&snapshot.account) {
        return Some(managed_by);
    }
    let service = snapshot
        .services
        .as_ref()
        .ok()?
        .find(endpoint.service.as_ref()?, endpoint.kind)?;
    service
        .manages_endpoints
        .then(|| format!("is managed by the service {}", service.name))
}
