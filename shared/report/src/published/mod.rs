//! The report as programs receive it: the types of the document `postern.report/2`.
//!
//! They are apart from the types of the domain and of the ledger, so that neither can change what is published. Text
//! that Postern did not write itself has its control and format characters escaped as `\n` or `\u{202e}`.

mod change;
mod event;
mod finding;
mod schema;
mod words;

use std::collections::BTreeMap;

use jiff::Timestamp;
use postern_core::model::cost::MonthlyCost;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::change::{Change, Details, Inverse};
pub use self::event::{Actor, Failure, TriggeringEvent};
pub use self::finding::{Code, Conflict, Exemption, Finding, FindingReference, Remediation, Resource, Verification};
pub(crate) use self::schema::closed;
pub use self::schema::schema;
pub use self::words::{
    ChangeResult, Contents, EndpointKind, Mode, NoticeKind, Outcome, ResourceKind, SafetyClass, SchemaTag, Severity,
    Verdict, VerificationState,
};

/// What Postern found in one scope, what it did about it, and what it leaves to people.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "Postern report")]
pub struct Report {
    pub schema: SchemaTag,
    pub contents: Contents,
    /// The outcome that asks the most of people, among those of findings, changes and notices.
    pub outcome: Outcome,
    /// The highest severity of its findings. Compliant, not applicable and exempt ones do not count.
    pub severity: Severity,
    pub scope: Scope,
    /// The scope in the AWS console.
    pub console: String,
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub time: Timestamp,
    /// The Lambda function that ran.
    pub function: String,
    /// The id of the run: its log lines carry it.
    pub run: String,
    /// The version of the settings: the first twelve hexadecimal digits of the SHA-256 digest of their text. The log lines
    /// of the run carry it.
    pub settings: String,
    /// Equal in two reports that say the same news, so that a repeat can be dropped.
    pub idempotency_key: String,
    /// The calls and schedules because of which Postern evaluated the scope.
    pub triggering_events: Vec<TriggeringEvent>,
    pub summary: Summary,
    /// Set if the report was too large to be sent whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub truncated: Option<Truncated>,
    pub plan: Plan,
    /// Most severe first, then exempt ones, then not applicable and compliant ones.
    pub findings: Vec<Finding>,
    /// In the order of the plan, then the changes of earlier runs that no report has contained yet.
    pub changes: Vec<Change>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<Notice>,
}

/// Where the report is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Scope {
    /// Twelve digits.
    pub account: String,
    pub region: String,
    pub resource: Resource,
}

/// Counts of everything, whether or not the report is truncated.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// Evaluations that were compliant, in the report or not.
    pub compliant: usize,
    /// Evaluations that were not applicable, in the report or not.
    pub not_applicable: usize,
    /// Open findings that are as an earlier report said, and so not in this one.
    pub unchanged: usize,
    /// The findings of the report by outcome.
    pub findings: BTreeMap<Outcome, usize>,
    /// The changes of the report by result.
    pub changes: BTreeMap<ChangeResult, usize>,
}

/// What the plan costs, in US dollars a month, data processing aside.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Plan {
    /// What the changes of enforced controls add.
    pub monthly_cost: MonthlyCost,
    /// What the changes of controls in audit mode would add.
    pub audit_monthly_cost: MonthlyCost,
    /// Changes whose price is unknown. They are in neither sum.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unpriced: usize,
    /// Why no change of the plan was applied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// Something besides findings that people should know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Notice {
    pub kind: NoticeKind,
    pub text: String,
    /// The command that resolves it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// The triggering event that it is about.
    pub event_id: String,
}

/// What a truncated report lacks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Truncated {
    /// The least severe findings.
    pub findings_left_out: usize,
    /// The last changes.
    pub changes_left_out: usize,
    /// Changes of the report without `change`, `causes` and `inverse`.
    pub changes_without_details: usize,
    /// The last triggering events.
    pub triggering_events_left_out: usize,
    /// Texts of which the end is missing.
    pub texts_shortened: usize,
    pub note: String,
}
