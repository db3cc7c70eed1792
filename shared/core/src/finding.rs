//! What a control says of a resource.

use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::change::Change;
use crate::ledger::Contest;
use crate::settings::Mode;
use crate::snapshot::EndpointKind;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    Compliant,
    NonCompliant,
    NotApplicable,
    /// A needed part of the snapshot is not known, or what is known cannot be decided.
    Indeterminate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    Low,
    Medium,
    High,
    Critical,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ResourceKind {
    Vpc,
    Subnet,
    RouteTable,
    Endpoint,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Resource {
    pub kind: ResourceKind,
    pub id: String,
}

/// What a finding is about. Two findings with the same key are the same finding at two times.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct FindingKey {
    pub control: String,
    pub resource: Resource,
    /// The endpoint service in question, where the resource alone does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The form of the service in question, where it may have two.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint_kind: Option<EndpointKind>,
}

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
    pub contest: Option<Contest>,
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

impl Severity {
    /// As in reports and in message attributes.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl Finding {
    /// Whether something has to be done about it that nobody answers for yet.
    pub fn open(&self) -> bool {
        self.verdict == Verdict::NonCompliant && self.exempt.is_none()
    }
}

impl Resource {
    pub fn new(kind: ResourceKind, id: impl fmt::Display) -> Self {
        Self {
            kind,
            id: id.to_string(),
        }
    }
}

impl FindingKey {
    pub fn new(control: &str, kind: ResourceKind, id: impl fmt::Display) -> Self {
        Self {
            control: control.to_owned(),
            resource: Resource::new(kind, id),
            service: None,
            endpoint_kind: None,
        }
    }

    pub fn for_service(mut self, service: impl fmt::Display) -> Self {
        self.service = Some(service.to_string());
        self
    }

    pub fn of_kind(mut self, kind: EndpointKind) -> Self {
        self.endpoint_kind = Some(kind);
        self
    }

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
            contest: None,
            explanation: explanation.into(),
            remediation,
        }
    }
}

impl fmt::Display for FindingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}", self.control, self.resource.id)?;
        match (&self.service, self.endpoint_kind) {
            (Some(service), Some(kind)) => write!(f, " ({service}, {})", kind.word()),
            (Some(service), None) => write!(f, " ({service})"),
            (None, _) => Ok(()),
        }
    }
}
