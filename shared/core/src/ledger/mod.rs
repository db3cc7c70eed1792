//! What was done before, and what of it still counts: the ledger's content, and what is concluded from it.
//!
//! A change is written down before it is made and again with what became of it, so that a run that dies in between
//! leaves nothing that a later run cannot find out by looking.

mod code;
mod contest;
mod look;
mod past;
mod record;
mod release;
mod reserve;
#[cfg(test)]
mod tests;
mod tool;
mod undo;

use std::fmt;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::change::client_token;
use crate::id::{AccountId, Region, RunId, VpcId};
use crate::snapshot::Snapshot;

pub use self::code::Code;
pub use self::contest::{Contest, Futility};
pub use self::past::{Hold, Past, Told};
pub use self::record::{Action, ChangeRecord, Fate};
pub use self::release::{Release, Room, notices, release};
pub use self::reserve::{Budget, Reservation, reservations};
pub use self::tool::Tool;
pub use self::undo::{Difference, Rollback, Undo, UndoStep, reopened, rollback};

/// Where a change is made: one partition of the ledger.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct VpcPlace {
    pub account: AccountId,
    pub region: Region,
    pub vpc: VpcId,
}

impl VpcPlace {
    pub fn of(snapshot: &Snapshot) -> Self {
        Self {
            account: snapshot.account.clone(),
            region: snapshot.region.clone(),
            vpc: snapshot.vpc.id.clone(),
        }
    }
}

/// Such as `20261123T061530.123456Z-0a1b2c3d`: ids sort by the time of their change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct ChangeId(String);

impl ChangeId {
    /// The id of the change at this position of a run.
    pub fn new(time: Timestamp, run: &RunId, position: usize) -> Self {
        let hash = client_token([run.as_str(), &position.to_string()]);
        let time = time.to_zoned(TimeZone::UTC).strftime("%Y%m%dT%H%M%S.%6fZ");
        Self(format!("{time}-{hash:.8}"))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// When the change was intended. None of what is not such an id.
    pub fn time(&self) -> Option<Timestamp> {
        let (time, _) = self.0.split_once('-')?;
        let time = DateTime::strptime("%Y%m%dT%H%M%S.%fZ", time).ok()?;
        TimeZone::UTC.to_timestamp(time).ok()
    }
}

impl From<&str> for ChangeId {
    fn from(value: &str) -> Self {
        Self(value.to_owned())
    }
}

impl fmt::Display for ChangeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// As the ledger's key has it: `111122223333/eu-central-1/vpc-0a1b2c3d`.
impl fmt::Display for VpcPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.account, self.region, self.vpc)
    }
}
