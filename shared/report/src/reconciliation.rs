//! What a reconciliation found and did: the input of every report.

use std::collections::BTreeMap;

use jiff::Timestamp;
use postern_core::changes::ChangeOutcome;
use postern_core::evaluation::Finding;
use postern_core::history::{ChangeId, ChangeRecord};
use postern_core::model::finding::FindingKey;
use postern_core::model::id::RunId;
use postern_core::model::scope::Scope;
use postern_core::plan::{Notice, Plan};
use postern_core::settings::Mode;
use postern_core::trigger::TriggeringEvent;

/// Everything that happened to one scope in one run.
#[derive(Clone, Debug)]
pub struct Reconciliation {
    pub run: RunId,
    pub function: String,
    /// The version of the settings.
    pub settings: String,
    pub scope: Scope,
    /// The `Name` tag of the scope's resource.
    pub name: Option<String>,
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
    /// What a second observation says of the findings that were remediated.
    pub verification: BTreeMap<FindingKey, Verification>,
}

/// What a second observation says of a finding that was remediated.
#[derive(Clone, Debug, PartialEq, Eq)]
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
