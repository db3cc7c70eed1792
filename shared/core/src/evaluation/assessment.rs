//! What a control concludes about one resource.

use crate::changes::Change;
use crate::model::finding::{FindingKey, Verdict};
use crate::model::part::Gap;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assessment {
    pub key: FindingKey,
    pub conclusion: Conclusion,
}

/// A verdict with what belongs to it. Explanations are one or two sentences for a network engineer: what was observed,
/// and why it matters. Advice is what a person has to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Conclusion {
    Compliant {
        explanation: String,
    },
    NotApplicable {
        explanation: String,
    },
    NonCompliant {
        explanation: String,
        remediation: Remediation,
    },
    /// What was observed does not decide it.
    Indeterminate {
        explanation: String,
        advice: String,
    },
    /// The control could not be evaluated for the whole scope, since a part that it needs was not observed.
    NotEvaluated(Gap),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remediation {
    /// These changes, in this order, make the resource compliant.
    Automatic(Vec<Change>),
    /// What a person has to do.
    Manual(String),
}

impl Conclusion {
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Compliant { .. } => Verdict::Compliant,
            Self::NotApplicable { .. } => Verdict::NotApplicable,
            Self::NonCompliant { .. } => Verdict::NonCompliant,
            Self::Indeterminate { .. } | Self::NotEvaluated(_) => Verdict::Indeterminate,
        }
    }

    /// The changes of an automatic remediation.
    pub fn changes(&self) -> Option<&[Change]> {
        match self {
            Self::NonCompliant {
                remediation: Remediation::Automatic(changes),
                ..
            } => Some(changes),
            Self::Compliant { .. }
            | Self::NotApplicable { .. }
            | Self::NonCompliant { .. }
            | Self::Indeterminate { .. }
            | Self::NotEvaluated(_) => None,
        }
    }
}

impl FindingKey {
    pub fn compliant(self, explanation: impl Into<String>) -> Assessment {
        self.concluded(Conclusion::Compliant {
            explanation: explanation.into(),
        })
    }

    pub fn not_applicable(self, explanation: impl Into<String>) -> Assessment {
        self.concluded(Conclusion::NotApplicable {
            explanation: explanation.into(),
        })
    }

    pub fn indeterminate(self, explanation: impl Into<String>, advice: impl Into<String>) -> Assessment {
        self.concluded(Conclusion::Indeterminate {
            explanation: explanation.into(),
            advice: advice.into(),
        })
    }

    pub fn non_compliant(self, explanation: impl Into<String>, remediation: Remediation) -> Assessment {
        self.concluded(Conclusion::NonCompliant {
            explanation: explanation.into(),
            remediation,
        })
    }

    pub(super) fn concluded(self, conclusion: Conclusion) -> Assessment {
        Assessment { key: self, conclusion }
    }
}
