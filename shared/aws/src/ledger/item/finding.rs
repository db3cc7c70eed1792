//! The documents about findings: what was delivered, what is paused, what was resumed.
//!
//! The aliases are the names of form 1.

use jiff::Timestamp;
use postern_core::history::{DeliveredFinding, FindingStatus, Pause};
use postern_core::model::finding::{FindingKey, Severity};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub(in crate::ledger) struct DeliveredDocument {
    #[serde(alias = "key")]
    finding: FindingKey,
    #[serde(alias = "outcome")]
    status: StatusDocument,
    severity: Severity,
    fingerprint: String,
    explanation: String,
    time: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    open_since: Option<Timestamp>,
}

#[derive(Serialize, Deserialize)]
pub(in crate::ledger) struct PauseDocument {
    #[serde(alias = "key")]
    finding: FindingKey,
    reason: String,
    expires: Timestamp,
}

/// Repairs of the finding before this time no longer count as parts of a remediation conflict.
#[derive(Serialize, Deserialize)]
pub(in crate::ledger) struct ResumeDocument {
    #[serde(alias = "key")]
    pub(in crate::ledger) finding: FindingKey,
    pub(in crate::ledger) time: Timestamp,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum StatusDocument {
    Exempt,
    ExemptionEnds,
    Resolved,
    Repaired,
    Audit,
    Pending,
    Indeterminate,
    Manual,
    Contested,
    Refused,
    Failed,
}

impl From<&DeliveredFinding> for DeliveredDocument {
    fn from(delivered: &DeliveredFinding) -> Self {
        let delivered = delivered.clone();
        Self {
            finding: delivered.key,
            status: match delivered.outcome {
                FindingStatus::Exempt => StatusDocument::Exempt,
                FindingStatus::ExemptionEnds => StatusDocument::ExemptionEnds,
                FindingStatus::Resolved => StatusDocument::Resolved,
                FindingStatus::Repaired => StatusDocument::Repaired,
                FindingStatus::Audit => StatusDocument::Audit,
                FindingStatus::Pending => StatusDocument::Pending,
                FindingStatus::Indeterminate => StatusDocument::Indeterminate,
                FindingStatus::Manual => StatusDocument::Manual,
                FindingStatus::Conflict => StatusDocument::Contested,
                FindingStatus::Refused => StatusDocument::Refused,
                FindingStatus::Failed => StatusDocument::Failed,
            },
            severity: delivered.severity,
            fingerprint: delivered.fingerprint,
            explanation: delivered.explanation,
            time: delivered.time,
            open_since: delivered.open_since,
        }
    }
}

impl From<DeliveredDocument> for DeliveredFinding {
    fn from(document: DeliveredDocument) -> Self {
        Self {
            key: document.finding,
            outcome: match document.status {
                StatusDocument::Exempt => FindingStatus::Exempt,
                StatusDocument::ExemptionEnds => FindingStatus::ExemptionEnds,
                StatusDocument::Resolved => FindingStatus::Resolved,
                StatusDocument::Repaired => FindingStatus::Repaired,
                StatusDocument::Audit => FindingStatus::Audit,
                StatusDocument::Pending => FindingStatus::Pending,
                StatusDocument::Indeterminate => FindingStatus::Indeterminate,
                StatusDocument::Manual => FindingStatus::Manual,
                StatusDocument::Contested => FindingStatus::Conflict,
                StatusDocument::Refused => FindingStatus::Refused,
                StatusDocument::Failed => FindingStatus::Failed,
            },
            severity: document.severity,
            fingerprint: document.fingerprint,
            explanation: document.explanation,
            time: document.time,
            open_since: document.open_since,
        }
    }
}

impl From<&Pause> for PauseDocument {
    fn from(pause: &Pause) -> Self {
        let Pause { key, reason, expires } = pause.clone();
        Self {
            finding: key,
            reason,
            expires,
        }
    }
}

impl From<PauseDocument> for Pause {
    fn from(document: PauseDocument) -> Self {
        Self {
            key: document.finding,
            reason: document.reason,
            expires: document.expires,
        }
    }
}
