//! What one reconciliation covers.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::id::{AccountId, EndpointServiceId, Region, VpcId};

/// What one reconciliation is about: a resource of an account in a Region. Leases, ledger partitions and reports are
/// per scope.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Scope {
    pub account: AccountId,
    pub region: Region,
    #[serde(flatten)]
    pub resource: ScopedResource,
}

/// The resource with everything in it that is observed, evaluated and changed together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScopedResource {
    Vpc(VpcId),
    EndpointService(EndpointServiceId),
}

impl Scope {
    pub fn vpc(account: &AccountId, region: &Region, vpc: &VpcId) -> Self {
        Self::of(account, region, ScopedResource::Vpc(vpc.clone()))
    }

    pub fn endpoint_service(account: &AccountId, region: &Region, service: &EndpointServiceId) -> Self {
        Self::of(account, region, ScopedResource::EndpointService(service.clone()))
    }

    pub fn of(account: &AccountId, region: &Region, resource: ScopedResource) -> Self {
        Self {
            account: account.clone(),
            region: region.clone(),
            resource,
        }
    }
}

impl ScopedResource {
    /// By the id of a VPC or an endpoint service.
    pub fn parse(id: &str) -> Option<Self> {
        if id.starts_with("vpce-svc-") {
            return Some(Self::EndpointService(id.into()));
        }
        id.starts_with("vpc-").then(|| Self::Vpc(id.into()))
    }

    /// What it is, as in `the VPC was deleted`.
    pub fn noun(&self) -> &'static str {
        match self {
            Self::Vpc(_) => "VPC",
            Self::EndpointService(_) => "endpoint service",
        }
    }
}

/// As the ledger's key has it: `111122223333/eu-central-1/vpc-0a1b2c3d`.
impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.account, self.region, self.resource)
    }
}

/// The id of the resource.
impl fmt::Display for ScopedResource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Vpc(vpc) => vpc.fmt(f),
            Self::EndpointService(service) => service.fmt(f),
        }
    }
}
