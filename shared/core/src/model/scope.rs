//! What one reconciliation covers.

use std::fmt;

use serde::Serialize;

use super::id::{AccountId, Region, VpcId};

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
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScopedResource {
    Vpc(VpcId),
}

impl Scope {
    pub fn vpc(account: &AccountId, region: &Region, vpc: &VpcId) -> Self {
        Self {
            account: account.clone(),
            region: region.clone(),
            resource: ScopedResource::Vpc(vpc.clone()),
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
        }
    }
}
