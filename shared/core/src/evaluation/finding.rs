//! What a control says of a resource.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::changes::Change;
use crate::history::RemediationConflict;
use crate::model::finding::{FindingKey, Severity, Verdict};
use crate::settings::Mode;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub key: FindingKey,
    pub verdict: Verdict,
    pub severity: Severity,
    /// The mode of the control for which it was found.
    pub mode: Mode,
    /// Set where somebody answers for a non-compliant finding.
    pub exempt: Option<Exempt>,
    /// Set where somebody undoes its repair again and again, so that it is left alone.
    pub conflict: Option<RemediationConflict>,
    /// One or two sentences for a network engineer: what is so, and why it matters.
    pub explanation: String,
    pub remediation: Remediation,
}

/// Why a finding is accepted, and until when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Exempt {
    pub reason: String,
    /// Exemptions by tag do not expire.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub expires: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remediation {
    /// Nothing to do.
    None,
    /// These changes, in this order, make the resource compliant.
    Automatic(Vec<Change>),
    /// What a person has to do.
    Manual(String),
}

impl Finding {
    /// Whether something has to be done about it that nobody answers for yet.
    pub fn open(&self) -> bool {
        self.verdict == Verdict::NonCompliant && self.exempt.is_none()
    }
}

impl FindingKey {
    pub fn compliant(self, explanation: impl Into<String>) -> Finding {
        self.finding(Verdict::Compliant, explanation, Remediation::None)
    }

    pub fn not_applicable(self, explanation: impl Into<String>) -> Finding {
        self.finding(Verdict::NotApplicable, explanation, Remediation::None)
    }

    pub fn indeterminate(self, explanation: impl Into<String>, advice: impl Into<String>) -> Finding {
        self.finding(Verdict::Indeterminate, explanation, Remediation::Manual(advice.into()))
    }

    pub fn non_compliant(self, explanation: impl Into<String>, remediation: Remediation) -> Finding {
        self.finding(Verdict::NonCompliant, explanation, remediation)
    }

    fn finding(self, verdict: Verdict, explanation: impl Into<String>, remediation: Remediation) -> Finding {
        Finding {
            key: self,
            verdict,
            severity: Severity::Low,
            mode: Mode::Audit,
            exempt: None,
            conflict: None,
            explanation: explanation.into(),
            remediation,
        }
    }
}
