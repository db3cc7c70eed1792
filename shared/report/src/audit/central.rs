//! The services that a VPC uses through the endpoints of hubs.

use postern_core::controls::central_unreachable::{CentralLink, central_links};
use postern_core::model::part::Gap;
use postern_core::model::snapshot::VpcSnapshot;
use postern_core::settings::Settings;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::published::Verdict;

/// A service that the VPC uses, or is to use, through the endpoint of a hub.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CentralView {
    pub service: String,
    /// Missing where no hub has a usable endpoint.
    pub hub: Option<String>,
    pub endpoint: Option<String>,
    /// The peering connections, transit gateways and core networks between the VPC and the hub.
    pub ways: Vec<String>,
    /// Compliant where the VPC reaches the endpoint.
    pub verdict: Verdict,
}

impl CentralView {
    pub(super) fn of(snapshot: &VpcSnapshot, settings: &Settings) -> Result<Vec<Self>, Gap> {
        let links = central_links(snapshot, settings)?.into_iter();
        Ok(links.map(Self::from).collect())
    }
}

impl From<CentralLink> for CentralView {
    fn from(link: CentralLink) -> Self {
        let (hub, endpoint) = link.endpoint.unzip();
        Self {
            service: link.service.to_string(),
            hub: hub.map(|hub| hub.to_string()),
            endpoint: endpoint.map(|endpoint| endpoint.to_string()),
            ways: link.ways.into_iter().collect(),
            verdict: link.verdict.into(),
        }
    }
}
