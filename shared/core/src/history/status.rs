//! The status of a finding in reports.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The status of a finding. Later ones need more attention.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FindingStatus {
    /// Non-compliant and accepted: by an exemption, or because its remediation is paused.
    Exempt,
    /// Exempt by the settings, and the exemption ends within a week.
    ExemptionEnds,
    /// Was open in the last report and no longer is.
    Resolved,
    /// Remediated and verified.
    Repaired,
    /// Would be remediated if its control were enforced.
    Audit,
    /// Remediated and not verified yet.
    Pending,
    /// Could not be decided.
    Indeterminate,
    /// Only a person can remediate it.
    Manual,
    /// Automatic remediation is suspended, since it was reverted again and again.
    Conflict,
    /// Would be remediated, but the plan exceeds a limit.
    Refused,
    /// Remediation was attempted and failed.
    Failed,
}

impl FindingStatus {
    pub const ALL: [Self; 11] = [
        Self::Exempt,
        Self::ExemptionEnds,
        Self::Resolved,
        Self::Repaired,
        Self::Audit,
        Self::Pending,
        Self::Indeterminate,
        Self::Manual,
        Self::Conflict,
        Self::Refused,
        Self::Failed,
    ];

    /// As in the keys of reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Exempt => "exempt",
            Self::ExemptionEnds => "exemption-ends",
            Self::Resolved => "resolved",
            Self::Repaired => "repaired",
            Self::Audit => "audit",
            Self::Pending => "pending",
            Self::Indeterminate => "indeterminate",
            Self::Manual => "manual",
            Self::Conflict => "conflict",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }

    /// Whether it is still to be dealt with.
    pub fn open(self) -> bool {
        !matches!(
            self,
            Self::Exempt | Self::ExemptionEnds | Self::Resolved | Self::Repaired
        )
    }
}
