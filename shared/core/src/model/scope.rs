//! Where Postern looks and acts.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::id::{AccountId, Region, VpcId};
use super::snapshot::Snapshot;

/// Where a change is made: one partition of the ledger.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Scope {
    pub account: AccountId,
    pub region: Region,
    pub vpc: VpcId,
}

impl Scope {
    pub fn of(snapshot: &Snapshot) -> Self {
        Self {
            account: snapshot.account.clone(),
            region: snapshot.region.clone(),
            vpc: snapshot.vpc.id.clone(),
        }
    }
}

/// As the ledger's key has it: `111122223333/eu-central-1/vpc-0a1b2c3d`.
impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.account, self.region, self.vpc)
    }
}
