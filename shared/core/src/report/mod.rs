//! What a reconciliation tells people.

mod build;
mod console;
mod cut;
mod disposition;
mod document;
mod message;
mod text;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::finding::{Finding, FindingKey};
use crate::id::{AccountId, Region, RunId, VpcId};
use crate::plan::{Outcome, Plan};
use crate::trigger::Occasion;

pub use self::disposition::Disposition;
pub use self::document::{
    ChangeCounts, FindingCounts, PlanSummary, Report, ReportedChange, ReportedFinding, ReportedInverse,
    ReportedRemediation, SchemaTag, Summary, Truncated, schema,
};
pub use self::message::{AttributeValue, MESSAGE_LIMIT, Message, SUBJECT_LIMIT};
pub(crate) use self::text::printable_json;

/// Everything that happened to one VPC in one run.
#[derive(Clone, Debug)]
pub struct Reconciliation {
    pub run: RunId,
    pub function: String,
    pub account: AccountId,
    pub region: Region,
    pub vpc: VpcId,
    pub time: Timestamp,
    pub occasions: Vec<Occasion>,
    /// As found before anything was changed.
    pub findings: Vec<Finding>,
    pub plan: Plan,
    /// One for each change of the plan, in its order.
    pub outcomes: Vec<Outcome>,
    /// Of the findings that were remediated: what a fresh look says.
    pub verification: BTreeMap<FindingKey, Verification>,
}

/// What a fresh look says of a finding that was remediated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Verification {
    Verified,
    /// AWS has accepted the changes but they are not in effect, or not visible, yet.
    Pending {
        reason: String,
    },
    /// Still non-compliant.
    Unremedied {
        reason: String,
    },
}
