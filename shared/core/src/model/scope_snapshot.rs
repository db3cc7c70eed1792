//! A scope as it was observed, whatever its resource is.

use super::endpoint_service::ServiceSnapshot;
use super::finding::Resource;
use super::id::{AccountId, Region};
use super::part::Tags;
use super::scope::Scope;
use super::snapshot::VpcSnapshot;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Snapshot {
    Vpc(VpcSnapshot),
    Service(ServiceSnapshot),
}

impl Snapshot {
    pub fn scope(&self) -> Scope {
        match self {
            Self::Vpc(snapshot) => snapshot.scope(),
            Self::Service(snapshot) => snapshot.scope(),
        }
    }

    /// The account of the scope, with whose credentials AWS is called.
    pub fn account(&self) -> &AccountId {
        match self {
            Self::Vpc(snapshot) => &snapshot.account,
            Self::Service(snapshot) => &snapshot.account,
        }
    }

    pub fn region(&self) -> &Region {
        match self {
            Self::Vpc(snapshot) => &snapshot.region,
            Self::Service(snapshot) => &snapshot.region,
        }
    }

    /// The account that owns the resource of the scope. Only it can change the resource.
    pub fn owner(&self) -> &AccountId {
        match self {
            Self::Vpc(snapshot) => &snapshot.vpc.owner,
            Self::Service(snapshot) => &snapshot.service.owner,
        }
    }

    /// The resource of the scope, for findings about all of it.
    pub fn resource(&self) -> Resource {
        Resource::from(&self.scope().resource)
    }

    /// The tags of the resource of the scope.
    pub fn tags(&self) -> &Tags {
        match self {
            Self::Vpc(snapshot) => &snapshot.vpc.tags,
            Self::Service(snapshot) => &snapshot.service.tags,
        }
    }
}

impl From<VpcSnapshot> for Snapshot {
    fn from(snapshot: VpcSnapshot) -> Self {
        Self::Vpc(snapshot)
    }
}

impl From<ServiceSnapshot> for Snapshot {
    fn from(snapshot: ServiceSnapshot) -> Self {
        Self::Service(snapshot)
    }
}
