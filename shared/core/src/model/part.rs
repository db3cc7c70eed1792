//! The parts of a snapshot, of a VPC and of an endpoint service alike, and what is not known of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

pub type Tags = BTreeMap<String, String>;

/// The value of the tag `Name`, by which people name resources.
pub fn name(tags: &Tags) -> Option<String> {
    tags.get("Name").cloned()
}

/// A part of a snapshot, observed by calls of its own. Each control declares which it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    Dns,
    Subnets,
    RouteTables,
    Endpoints,
    SecurityGroups,
    Services,
    NetworkAcls,
    /// The private hosted zones that are associated with a VPC, observed only where one of them could decide.
    HostedZones,
    /// The hubs of a spoke, or the spokes of a hub.
    Central,
    /// What endpoints process, observed only where a control that needs it is on.
    Traffic,
    /// The configuration of an endpoint service. It is never a gap: there is no snapshot without it.
    Configuration,
    /// Who may connect to an endpoint service.
    Permissions,
    /// The endpoints of the consumers of an endpoint service.
    Connections,
    /// What is behind an endpoint service.
    LoadBalancers,
    TargetHealth,
}

impl Part {
    /// The parts of a VPC.
    pub const VPC: [Self; 10] = [
        Self::Dns,
        Self::Subnets,
        Self::RouteTables,
        Self::Endpoints,
        Self::SecurityGroups,
        Self::Services,
        Self::NetworkAcls,
        Self::HostedZones,
        Self::Central,
        Self::Traffic,
    ];

    /// The parts of an endpoint service.
    pub const ENDPOINT_SERVICE: [Self; 5] = [
        Self::Configuration,
        Self::Permissions,
        Self::Connections,
        Self::LoadBalancers,
        Self::TargetHealth,
    ];

    /// Whether most controls decide without it where it is a gap. Many organisations deny the calls for hosted zones and
    /// for metrics.
    pub fn dispensable(self) -> bool {
        matches!(self, Self::HostedZones | Self::Central | Self::Traffic)
    }

    /// The parts of every scope.
    pub fn all() -> BTreeSet<Self> {
        Self::VPC.into_iter().chain(Self::ENDPOINT_SERVICE).collect()
    }
}

/// Why a part of the snapshot is not known. A gap is never an empty list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    pub part: Part,
    /// What went wrong, with the call that failed.
    pub reason: String,
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

pub type Observed<T> = Result<T, Gap>;
