//! What is saved without an endpoint.

use crate::evaluation::Context;
use crate::model::endpoint::{Endpoint, EndpointKind};

impl Context<'_> {
    /// What the hours of an endpoint cost, in a sentence for a person who may delete it. The data that it processes comes
    /// on top.
    pub fn saving(&self, endpoint: &Endpoint) -> String {
        let region = &self.snapshot.region;
        let zones = zones(endpoint.subnets.len());
        let cost = self.settings.prices.interface_endpoint(region, endpoint.subnets.len());
        match cost.filter(|_| endpoint.kind == EndpointKind::Interface) {
            Some(cost) => format!("Without it you save {cost} a month ({zones})."),
            None if endpoint.kind == EndpointKind::Interface => {
                format!(
                    "It is billed by the hour in {zones}; the price of {region} is not known (`postern prices --region {region} --write`)."
                )
            }
            None => format!(
                "It is billed by the hour in {zones}; Postern has no price of {} endpoints.",
                endpoint.kind.word()
            ),
        }
    }
}

/// So many zones, in words.
pub fn zones(count: usize) -> String {
    match count {
        1 => "1 zone".to_owned(),
        _ => format!("{count} zones"),
    }
}
