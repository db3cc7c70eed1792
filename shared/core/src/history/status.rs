//! How a finding ended.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How it ended. Later ones ask more of people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FindingStatus {
    /// Non-compliant, and somebody answers for it.
    Exempt,
    /// Was open when it was told last, and is not any more.
    Resolved,
    /// Remediated, and a fresh look confirms it.
    Repaired,
    /// Would be remediated if its control were enforced.
    Audit,
    /// Remediated, but no fresh look has confirmed it yet.
    Pending,
    /// Could not be decided.
    Indeterminate,
    /// Only a person can remediate it.
    Manual,
    /// Somebody undoes its repair again and again, so it is left alone.
    Contested,
    /// Would be remediated, but the plan breaks a limit and nothing of it was applied.
    Refused,
    /// Was to be remediated, and is not.
    Failed,
}

impl FindingStatus {
    pub const ALL: [Self; 10] = [
        Self::Exempt,
        Self::Resolved,
        Self::Repaired,
        Self::Audit,
        Self::Pending,
        Self::Indeterminate,
        Self::Manual,
        Self::Contested,
        Self::Refused,
        Self::Failed,
    ];

    /// As in reports and in message attributes.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Exempt => "exempt",
            Self::Resolved => "resolved",
            Self::Repaired => "repaired",
            Self::Audit => "audit",
            Self::Pending => "pending",
            Self::Indeterminate => "indeterminate",
            Self::Manual => "manual",
            Self::Contested => "contested",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }

    /// Whether it is not over with this.
    pub fn open(self) -> bool {
        !matches!(self, Self::Exempt | Self::Resolved | Self::Repaired)
    }
}
