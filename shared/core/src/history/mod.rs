//! The content of the ledger: what was changed, what was reported, and what follows from it.
//!
//! A change is recorded before it is made, and again with its status after. If a run crashes in between, the next run
//! determines from AWS which of its changes took effect.

mod change_history;
mod conflict;
mod perimeter;
mod record;
mod status;
#[cfg(test)]
mod tests;
mod undelivered;

use std::fmt;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::id::RunId;
use crate::model::token::client_token;

pub use self::change_history::{ChangeHistory, DeliveredFinding, Pause};
pub use self::conflict::{RemediationConflict, RetriesExhausted};
pub use self::perimeter::CanaryStatus;
pub use self::record::{Action, ChangeRecord, ChangeStatus};
pub use self::status::FindingStatus;
pub use self::undelivered::UndeliveredMessage;

/// The id of a change, such as `20261123T061530.123456Z-0a1b2c3d`. Ids sort by the time of their change.
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

    /// When the change was intended. None for a text of another form.
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
