//! What Postern manages, and what others manage.

use super::endpoint::Endpoint;
use super::part::Tags;
use super::snapshot::{SecurityGroup, VpcSnapshot};

/// The name of the security group that Postern manages in a VPC. There is at most one with this name and `TAG_MANAGED`.
pub const MANAGED_GROUP_NAME: &str = "postern-endpoint-ingress";
/// On everything that Postern creates.
pub const TAG_MANAGED: &str = "postern:managed";
/// The control for which it was created.
pub const TAG_CONTROL: &str = "postern:control";
/// The run that created it.
pub const TAG_RUN: &str = "postern:run";

/// Whether Postern created what carries these tags.
pub fn is_managed(tags: &Tags) -> bool {
    tags.get(TAG_MANAGED).is_some_and(|value| value == "true")
}

/// Who else manages an endpoint, so that Postern must not change it: worded to follow its id.
pub fn managed_by(endpoint: &Endpoint, snapshot: &VpcSnapshot) -> Option<String> {
    if let Some(managed_by) = endpoint.managed_by(&snapshot.account) {
        return Some(managed_by);
    }
    let service = snapshot.services.as_ref().ok()?.of_endpoint(endpoint)?;
    service
        .manages_endpoints
        .then(|| format!("is managed by the service {}", service.name))
}

impl VpcSnapshot {
    /// The security group that Postern manages in this VPC.
    pub fn managed_group(&self) -> Option<&SecurityGroup> {
        let mut groups = self.security_groups.as_ref().ok()?.values();
        groups.find(|group| group.name == MANAGED_GROUP_NAME && is_managed(&group.tags))
    }
}
