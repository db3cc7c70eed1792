//! What a reconciliation tells people.

mod build;
mod console;
mod cut;
mod disposition;
mod document;
mod message;
mod news;
mod text;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::finding::{Finding, FindingKey};
use crate::id::{AccountId, Region, RunId, VpcId};
use crate::ledger::{ChangeId, ChangeRecord};
use crate::plan::{Outcome, Plan};
use crate::settings::Mode;
use crate::trigger::Occasion;

pub use self::disposition::Disposition;
pub use self::document::{
    ChangeCounts, FindingCounts, Notice, NoticeKind, PlanSummary, Report, ReportedChange, ReportedFinding,
    ReportedInverse, ReportedRemediation, SchemaTag, Summary, Truncated, schema,
};
pub use self::message::{AttributeValue, MESSAGE_LIMIT, Message, SUBJECT_LIMIT};
pub use self::news::News;
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
    /// The controls that were evaluated, with their mode, whether or not they found anything.
    pub controls: BTreeMap<String, Mode>,
    /// As found before anything was changed.
    pub findings: Vec<Finding>,
    pub plan: Plan,
    /// One for each change of the plan, in its order.
    pub outcomes: Vec<Outcome>,
    /// The ids in the ledger of those changes that were intended, by their position in the plan.
    pub ids: BTreeMap<usize, ChangeId>,
    /// The records of earlier runs, settled as far as could be.
    pub earlier: Vec<ChangeRecord>,
    pub notices: Vec<Notice>,
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
