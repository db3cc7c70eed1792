//! What the ledger holds of a VPC.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ChangeRecord, Tool};
use crate::finding::{FindingKey, Severity};
use crate::report::Disposition;
use crate::trigger::Occasion;

/// Everything that the ledger holds of a VPC.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Past {
    /// Oldest first.
    pub records: Vec<ChangeRecord>,
    pub told: BTreeMap<FindingKey, Told>,
    pub holds: Vec<Hold>,
    /// Repairs before these times no longer count for the tug of war.
    pub resumes: BTreeMap<FindingKey, Timestamp>,
    /// How often the lease of the VPC was taken.
    pub version: u64,
}

/// What was last told of a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    pub key: FindingKey,
    pub outcome: Disposition,
    pub severity: Severity,
    /// The same as long as there is nothing new to tell.
    pub fingerprint: String,
    pub explanation: String,
    pub time: Timestamp,
}

/// Keeps a control from doing again what people took back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    pub key: FindingKey,
    pub reason: String,
    pub expires: Timestamp,
}

/// A tug of war: somebody undoes again and again what Postern repairs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Contest {
    /// How often it was repaired within the window.
    pub times: usize,
    /// The first of these repairs.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub since: Timestamp,
    /// Who did what that undid it last, where an event told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undone_by: Option<Occasion>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool: Option<Tool>,
}

impl Past {
    /// Whether something is left that an earlier run did not come to finish.
    pub fn unfinished(&self) -> bool {
        self.records.iter().any(|record| !record.fate.settled() || !record.told)
    }
}
