//! Which VPCs share the endpoints of which others.

use super::VpcSelector;
use crate::model::catalogue::Service;
use crate::model::snapshot::Vpc;

/// Central endpoints: services that VPCs use through the endpoints of other VPCs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CentralEndpoints {
    /// The VPCs whose endpoints serve others. It has a criterion.
    pub hubs: VpcSelector,
    /// The VPCs that use them, hubs aside.
    pub spokes: VpcSelector,
    /// The services that are served centrally, by short or full name. Empty: every service that is required in a spoke
    /// through an interface endpoint.
    pub services: Vec<String>,
}

impl CentralEndpoints {
    pub fn is_hub(&self, vpc: &Vpc) -> bool {
        self.hubs.matches(vpc)
    }

    pub fn is_spoke(&self, vpc: &Vpc) -> bool {
        !self.is_hub(vpc) && self.spokes.matches(vpc)
    }

    /// Whether spokes use the service through the endpoints of hubs.
    pub fn serves(&self, service: &Service) -> bool {
        let named = |name: &String| service.name.as_str() == name || service.short_name() == Some(name);
        self.services.is_empty() || self.services.iter().any(named)
    }
}
