//! What Postern manages, and what others manage.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::endpoint::Endpoint;
use super::part::Tags;
use super::snapshot::{SecurityGroup, VpcSnapshot};

/// The name of the security group that Postern manages in a VPC. There is at most one with this name and `TAG_MANAGED`.
pub const MANAGED_GROUP_NAME: &str = "postern-endpoint-ingress";
/// The name of the empty security group that endpoints in quarantine have instead of their own. As above.
pub const QUARANTINE_GROUP_NAME: &str = "postern-endpoint-quarantine";
/// On everything that Postern creates.
pub const TAG_MANAGED: &str = "postern:managed";
/// The control for which it was created.
pub const TAG_CONTROL: &str = "postern:control";
/// The run that created it.
pub const TAG_RUN: &str = "postern:run";

/// What a security group is for that Postern creates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum GroupPurpose {
    /// It admits clients to endpoints.
    #[default]
    Ingress,
    /// It has no rules, so that it admits nobody.
    Quarantine,
}

impl GroupPurpose {
    pub fn group_name(self) -> &'static str {
        match self {
            Self::Ingress => MANAGED_GROUP_NAME,
            Self::Quarantine => QUARANTINE_GROUP_NAME,
        }
    }
}

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
        self.group_for(GroupPurpose::Ingress)
    }

    /// The security group that Postern created in this VPC for a purpose.
    pub fn group_for(&self, purpose: GroupPurpose) -> Option<&SecurityGroup> {
        let mut groups = self.security_groups.as_ref().ok()?.values();
        groups.find(|group| group.name == purpose.group_name() && is_managed(&group.tags))
    }
}
