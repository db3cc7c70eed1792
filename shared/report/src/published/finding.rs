//! A finding: one control's evaluation of one resource.

use jiff::Timestamp;
use postern_core::evaluation;
use postern_core::history::RemediationConflict;
use postern_core::model::finding::FindingKey;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::event::TriggeringEvent;
use super::words::{EndpointKind, Mode, Outcome, ResourceKind, Severity, Verdict, VerificationState};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    pub control: String,
    pub severity: Severity,
    pub mode: Mode,
    pub verdict: Verdict,
    pub outcome: Outcome,
    pub resource: Resource,
    /// The endpoint service in question.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The type of endpoint in question, if the service offers several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint_kind: Option<EndpointKind>,
    pub explanation: String,
    /// Set in a reminder: when the finding was first reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub open_since: Option<Timestamp>,
    /// The exemption that accepts it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exempt: Option<Exemption>,
    /// Set if its remediation was reverted repeatedly.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conflict: Option<Conflict>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remediation: Option<Remediation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verification: Option<Verification>,
    /// The resource in the AWS console.
    pub console: String,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Resource {
    pub kind: ResourceKind,
    pub id: String,
    /// The value of its tag `Name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// What identifies a finding: two findings with the same reference are the same finding at two times.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FindingReference {
    pub control: String,
    pub resource: Resource,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint_kind: Option<EndpointKind>,
}

/// Why a finding is accepted, and until when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Exemption {
    pub reason: String,
    /// Exemptions by tag do not expire.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub expires: Option<Timestamp>,
}

/// Why automatic remediation is suspended, and what ends the conflict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Conflict {
    /// How often it was remediated within the window.
    pub times: usize,
    /// The first of these remediations.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub since: Timestamp,
    /// The call that reverted the last one, if an event says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reverted_by: Option<TriggeringEvent>,
    /// The tool that reverted it, such as `Terraform`, by the user agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    /// The compliant configuration. Left out of truncated reports first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
}

/// A configuration in two languages. Both say the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Code {
    pub terraform: String,
    /// YAML, below `Resources`.
    pub cloudformation: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Remediation {
    Automatic {
        /// Positions in `changes`, from 0. Empty if changes for other findings remediate this one as well.
        changes: Vec<usize>,
    },
    /// What a person has to do.
    Manual { advice: String },
}

/// What a second observation said after the remediation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Verification {
    pub state: VerificationState,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl From<&FindingKey> for FindingReference {
    fn from(key: &FindingKey) -> Self {
        Self {
            control: key.control.clone(),
            resource: Resource {
                kind: key.resource.kind.into(),
                id: key.resource.id.clone(),
                name: None,
            },
            service: key.service.clone(),
            endpoint_kind: key.endpoint_kind.map(EndpointKind::from),
        }
    }
}

impl From<&evaluation::Exempt> for Exemption {
    fn from(exempt: &evaluation::Exempt) -> Self {
        Self {
            reason: exempt.reason.clone(),
            expires: exempt.expires,
        }
    }
}

impl From<&RemediationConflict> for Conflict {
    fn from(conflict: &RemediationConflict) -> Self {
        Self {
            times: conflict.times,
            since: conflict.since,
            reverted_by: conflict.undone_by.as_ref().map(TriggeringEvent::from),
            tool: conflict.tool.map(|tool| tool.to_string()),
            code: conflict.code.as_ref().map(|code| Code {
                terraform: code.terraform.clone(),
                cloudformation: code.cloudformation.clone(),
            }),
        }
    }
}
