//! A change of the plan, or of an earlier run, and what became of it.

use jiff::Timestamp;
use postern_core::model::cost::MonthlyCost;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::finding::FindingReference;
use super::words::{ChangeResult, Mode, SafetyClass};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// Its id in the ledger, for `postern rollback`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The run that made it, if that was an earlier one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// When an earlier run made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub time: Option<Timestamp>,
    pub text: String,
    /// In audit mode the change is only proposed.
    pub mode: Mode,
    pub safety_class: SafetyClass,
    /// What it adds to the bill each month, in US dollars, data processing aside. Null where the price is unknown.
    pub monthly_cost: Option<MonthlyCost>,
    pub result: ChangeResult,
    /// Why it was not needed, skipped or failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Set if it failed: whether another attempt may succeed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transient: Option<bool>,
    /// The id that AWS gave to the created resource, or the id of the managed security group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// The change for programs. Left out of truncated reports first, together with `causes` and `inverse`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<Details>,
    /// The findings that it remediates.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<FindingReference>,
    /// What reverts it, if it was applied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inverse: Option<Inverse>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Inverse {
    pub change: Details,
    /// The AWS command that reverts the change.
    pub command: String,
}

/// A kind of change and its parameters, such as `{"kind": "add-subnet", "endpoint": "vpce-…", "subnet": "subnet-…"}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(extend("required" = ["kind"]))]
pub struct Details(pub Map<String, Value>);
