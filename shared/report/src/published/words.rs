//! The fixed words of a report, and what in the domain each stands for.

use postern_core::changes::{ChangeOutcome, Safety};
use postern_core::history::FindingStatus;
use postern_core::model::{endpoint, finding as domain};
use postern_core::{plan, settings};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Enums whose variants are published as these words.
macro_rules! words {
    ($($(#[$doc:meta])* $name:ident {
        $($(#[$about:meta])* $variant:ident = $word:literal,)+
    })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
        pub enum $name {
            $($(#[$about])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// Every word, in ascending order.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// As in reports and message attributes.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }
    )+};
}

words! {
    /// The version of the document.
    SchemaTag {
        V2 = "postern.report/2",
    }
    /// What a report contains.
    Contents {
        /// The whole scope: every evaluation, compliant ones included.
        Complete = "complete",
        /// What no earlier report has said, and reminders.
        New = "new",
    }
    /// How severe a finding is if nobody acts.
    Severity {
        Low = "low",
        Medium = "medium",
        High = "high",
        Critical = "critical",
    }
    Verdict {
        Compliant = "compliant",
        NonCompliant = "non-compliant",
        NotApplicable = "not-applicable",
        /// Data that the control needs is missing, or the data is there and the question cannot be decided.
        Indeterminate = "indeterminate",
    }
    Mode {
        /// Findings are reported with the changes that would remediate them; no change is made.
        Audit = "audit",
        /// Findings are remediated.
        Enforce = "enforce",
    }
    /// What became of a finding. Later ones ask more of people.
    Outcome {
        NotApplicable = "not-applicable",
        Compliant = "compliant",
        /// Non-compliant, and accepted by an exemption.
        Exempt = "exempt",
        /// Accepted by an exemption that ends within a week.
        ExemptionEnds = "exemption-ends",
        /// Open in an earlier report, and not any more.
        Resolved = "resolved",
        /// Remediated, and confirmed by a second observation.
        Repaired = "repaired",
        /// In audit mode: the remediation is only proposed.
        Audit = "audit",
        /// Remediated, and not confirmed by a second observation yet.
        Pending = "pending",
        /// Could not be evaluated.
        Indeterminate = "indeterminate",
        /// Only a person can remediate it.
        Manual = "manual",
        /// Its remediation was reverted repeatedly, so automatic remediation is suspended.
        Conflict = "conflict",
        /// Its remediation would exceed a limit, so no change was applied.
        Refused = "refused",
        /// Its remediation failed.
        Failed = "failed",
    }
    ResourceKind {
        Vpc = "vpc",
        Subnet = "subnet",
        RouteTable = "route-table",
        Endpoint = "endpoint",
        EndpointService = "endpoint-service",
        EndpointConnection = "endpoint-connection",
    }
    EndpointKind {
        Interface = "interface",
        Gateway = "gateway",
        GatewayLoadBalancer = "gateway-load-balancer",
        Resource = "resource",
        ServiceNetwork = "service-network",
        Tunnel = "tunnel",
        Other = "other",
    }
    /// What a change can do to traffic.
    SafetyClass {
        /// Opens or adds. Nothing that works stops working.
        Additive = "additive",
        /// Drops live connections, or changes the path of traffic that flows.
        Interrupting = "interrupting",
        /// Closes access that was open.
        Restrictive = "restrictive",
        /// Closes access that was open and drops its live connections.
        Disconnecting = "disconnecting",
    }
    /// What became of a change.
    ChangeResult {
        Applied = "applied",
        /// The resource was already as wanted.
        NotNeeded = "not-needed",
        /// Not attempted, for the reason given.
        Skipped = "skipped",
        /// Not attempted yet; the next run makes it.
        Postponed = "postponed",
        Failed = "failed",
    }
    /// What a second observation said of a remediated finding.
    VerificationState {
        Verified = "verified",
        /// The change is not in effect, or not visible, yet.
        Pending = "pending",
        StillNonCompliant = "still-non-compliant",
    }
    NoticeKind {
        /// A subnet or VPC could not be deleted because it contains resources that Postern created.
        DeletionBlocked = "deletion-blocked",
    }
}

impl Outcome {
    /// Whether the finding still has to be dealt with.
    pub fn open(self) -> bool {
        self > Self::Repaired
    }
}

impl From<domain::Severity> for Severity {
    fn from(severity: domain::Severity) -> Self {
        match severity {
            domain::Severity::Low => Self::Low,
            domain::Severity::Medium => Self::Medium,
            domain::Severity::High => Self::High,
            domain::Severity::Critical => Self::Critical,
        }
    }
}

impl From<domain::Verdict> for Verdict {
    fn from(verdict: domain::Verdict) -> Self {
        match verdict {
            domain::Verdict::Compliant => Self::Compliant,
            domain::Verdict::NonCompliant => Self::NonCompliant,
            domain::Verdict::NotApplicable => Self::NotApplicable,
            domain::Verdict::Indeterminate => Self::Indeterminate,
        }
    }
}

impl From<settings::Mode> for Mode {
    fn from(mode: settings::Mode) -> Self {
        match mode {
            // A control that is off has no findings.
            settings::Mode::Off | settings::Mode::Audit => Self::Audit,
            settings::Mode::Enforce => Self::Enforce,
        }
    }
}

impl From<FindingStatus> for Outcome {
    fn from(status: FindingStatus) -> Self {
        match status {
            FindingStatus::Exempt => Self::Exempt,
            FindingStatus::ExemptionEnds => Self::ExemptionEnds,
            FindingStatus::Resolved => Self::Resolved,
            FindingStatus::Repaired => Self::Repaired,
            FindingStatus::Audit => Self::Audit,
            FindingStatus::Pending => Self::Pending,
            FindingStatus::Indeterminate => Self::Indeterminate,
            FindingStatus::Manual => Self::Manual,
            FindingStatus::Conflict => Self::Conflict,
            FindingStatus::Refused => Self::Refused,
            FindingStatus::Failed => Self::Failed,
        }
    }
}

impl From<domain::ResourceKind> for ResourceKind {
    fn from(kind: domain::ResourceKind) -> Self {
        match kind {
            domain::ResourceKind::Vpc => Self::Vpc,
            domain::ResourceKind::Subnet => Self::Subnet,
            domain::ResourceKind::RouteTable => Self::RouteTable,
            domain::ResourceKind::Endpoint => Self::Endpoint,
            domain::ResourceKind::EndpointService => Self::EndpointService,
            domain::ResourceKind::EndpointConnection => Self::EndpointConnection,
        }
    }
}

impl From<endpoint::EndpointKind> for EndpointKind {
    fn from(kind: endpoint::EndpointKind) -> Self {
        match kind {
            endpoint::EndpointKind::Interface => Self::Interface,
            endpoint::EndpointKind::Gateway => Self::Gateway,
            endpoint::EndpointKind::GatewayLoadBalancer => Self::GatewayLoadBalancer,
            endpoint::EndpointKind::Resource => Self::Resource,
            endpoint::EndpointKind::ServiceNetwork => Self::ServiceNetwork,
            endpoint::EndpointKind::Tunnel => Self::Tunnel,
            endpoint::EndpointKind::Other => Self::Other,
        }
    }
}

impl From<Safety> for SafetyClass {
    fn from(safety: Safety) -> Self {
        match safety {
            Safety::Additive => Self::Additive,
            Safety::Interrupting => Self::Interrupting,
            Safety::Restrictive => Self::Restrictive,
            Safety::Disconnecting => Self::Disconnecting,
        }
    }
}

impl From<&ChangeOutcome> for ChangeResult {
    fn from(outcome: &ChangeOutcome) -> Self {
        match outcome {
            ChangeOutcome::Applied { .. } => Self::Applied,
            ChangeOutcome::NotNeeded { .. } => Self::NotNeeded,
            ChangeOutcome::Skipped { .. } => Self::Skipped,
            ChangeOutcome::Postponed { .. } => Self::Postponed,
            ChangeOutcome::Failed { .. } => Self::Failed,
        }
    }
}

impl From<plan::NoticeKind> for NoticeKind {
    fn from(kind: plan::NoticeKind) -> Self {
        match kind {
            plan::NoticeKind::DeletionBlocked => Self::DeletionBlocked,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_ascend_and_serialize_as_they_are_named() {
        assert!(Outcome::ALL.is_sorted_by(|a, b| a < b));
        for outcome in Outcome::ALL {
            assert_eq!(serde_json::to_value(outcome).unwrap(), outcome.as_str());
        }
    }

    #[test]
    fn an_outcome_is_as_open_and_as_urgent_as_the_status_that_it_stands_for() {
        for (one, other) in FindingStatus::ALL.iter().zip(FindingStatus::ALL.iter().skip(1)) {
            assert_eq!(Outcome::from(*one).open(), one.open());
            assert_eq!(one < other, Outcome::from(*one) < Outcome::from(*other));
        }
    }
}
