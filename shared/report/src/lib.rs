//! What a reconciliation tells people.

mod build;
mod console;
mod cut;
mod delta;
mod document;
mod message;
mod status;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use postern_core::changes::ChangeOutcome;
use postern_core::evaluation::Finding;
use postern_core::history::{ChangeId, ChangeRecord};
use postern_core::model::finding::FindingKey;
use postern_core::model::id::{AccountId, Region, RunId, VpcId};
use postern_core::plan::{Notice, Plan};
use postern_core::settings::Mode;
use postern_core::trigger::TriggeringEvent;

pub use self::delta::Delta;
pub use self::document::{
    ChangeCounts, FindingCounts, PlanSummary, Report, ReportedChange, ReportedFinding, ReportedInverse,
    ReportedRemediation, SchemaTag, Summary, Truncated, schema,
};
pub use self::message::{AttributeValue, MESSAGE_LIMIT, Message, SUBJECT_LIMIT};

/// Everything that happened to one VPC in one run.
#[derive(Clone, Debug)]
pub struct Reconciliation {
    pub run: RunId,
    pub function: String,
    pub account: AccountId,
    pub region: Region,
    pub vpc: VpcId,
    pub time: Timestamp,
    pub triggering_events: Vec<TriggeringEvent>,
    /// The controls that were evaluated, with their mode, whether or not they found anything.
    pub controls: BTreeMap<String, Mode>,
    /// As found before anything was changed.
    pub findings: Vec<Finding>,
    pub plan: Plan,
    /// One for each change of the plan, in its order.
    pub outcomes: Vec<ChangeOutcome>,
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
