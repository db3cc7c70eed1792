//! Which of several endpoints to one service is kept.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::evaluation::Context;
use crate::model::endpoint::Endpoint;
use crate::model::id::{EndpointId, Zone};
use crate::model::part::Gap;

/// The lower, the rather an endpoint is kept.
pub(crate) type Rank = (bool, Reverse<usize>, Option<Timestamp>, EndpointId);

impl<'a> Context<'a> {
    /// Of several endpoints to a service the one with private DNS is kept, then the one in most zones, then the older one.
    pub(crate) fn rank(&self, endpoint: &Endpoint) -> Result<Rank, Gap> {
        let zones = self.zones_of(endpoint)?.len();
        Ok((
            !endpoint.private_dns,
            Reverse(zones),
            endpoint.created,
            endpoint.id.clone(),
        ))
    }

    /// The zones in which an endpoint has a network interface.
    pub fn zones_of(&self, endpoint: &Endpoint) -> Result<BTreeSet<&'a Zone>, Gap> {
        let subnets = self.snapshot.subnets.as_ref().map_err(Gap::clone)?;
        let own = endpoint.subnets.iter().filter_map(|id| subnets.get(id));
        Ok(own.map(|subnet| &subnet.zone).collect())
    }
}
