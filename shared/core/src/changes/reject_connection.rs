//! Rejects a connection. Of one that was accepted it drops the traffic.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::command::connections;
use super::effect::{EffectResult, connection, effect_if, on_connection};
use super::kind::{KindOfChange, KindOfInverse, Prepares};
use super::simulate::with_connection;
use super::snippet::Block;
use super::{Change, ChangeKind, Inverse, Safety};
use crate::model::cost::{MonthlyCost, Prices};
use crate::model::endpoint::EndpointState;
use crate::model::endpoint_service::ServiceSnapshot;
use crate::model::id::{AccountId, EndpointId, EndpointServiceId, Region, RunId, VpcId};
use crate::model::managed::GroupPurpose;
use crate::model::part::{Gap, Part};

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct RejectConnection {
    pub service: EndpointServiceId,
    /// Of the consumer.
    pub endpoint: EndpointId,
    pub owner: AccountId,
    /// Whether it was accepted when the change was planned, so that traffic may flow.
    pub accepted: bool,
}

/// Only for a connection that was accepted before. AWS lets no rejected connection wait again, and to accept one that only
/// waited would let somebody in whom nobody had let in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct AcceptRejectedConnection {
    pub service: EndpointServiceId,
    pub endpoint: EndpointId,
}

impl KindOfChange<ServiceSnapshot> for RejectConnection {
    fn kind(&self) -> ChangeKind {
        ChangeKind::RejectConnection
    }

    fn safety(&self) -> Safety {
        match self.accepted {
            true => Safety::Disconnecting,
            false => Safety::Restrictive,
        }
    }

    fn text(&self) -> String {
        let accepted = if self.accepted { "accepted " } else { "" };
        format!(
            "reject the {accepted}connection of {} of account {} to {}",
            self.endpoint, self.owner, self.service
        )
    }

    fn endpoint(&self) -> Option<&EndpointId> {
        None
    }

    fn alters(&self) -> &'static [Part] {
        &[Part::Connections]
    }

    fn monthly_cost(&self, _: &Prices, _: &Region) -> Option<MonthlyCost> {
        Some(MonthlyCost::ZERO)
    }

    fn repeats(&self, earlier: &Change) -> bool {
        matches!(earlier, Change::RejectConnection(earlier) if earlier.endpoint == self.endpoint)
    }

    fn prepares(&self) -> Prepares<'_> {
        Prepares::Nothing
    }

    fn managed_group(&self) -> Option<(&VpcId, GroupPurpose)> {
        None
    }

    fn requires(&self, _: &Change) -> bool {
        false
    }

    fn simulate(&self, state: &mut ServiceSnapshot) -> bool {
        with_connection(state, &self.endpoint, |connection| {
            let open = connection.waits() || connection.accepted();
            if open {
                connection.state = EndpointState::Rejected;
            }
            open
        })
    }

    fn simulated_id(&self, _: &ServiceSnapshot) -> Option<String> {
        None
    }

    fn inverse(&self, _: Option<&str>) -> Option<Inverse> {
        self.accepted.then(|| {
            Inverse::AcceptRejectedConnection(AcceptRejectedConnection {
                service: self.service.clone(),
                endpoint: self.endpoint.clone(),
            })
        })
    }

    fn effect(&self, _: &RunId, state: &ServiceSnapshot) -> EffectResult {
        on_connection(state, &self.endpoint, |connection| {
            effect_if(connection.state == EndpointState::Rejected, || {
                format!("{} is not rejected", self.endpoint)
            })
        })
    }

    fn names_its_run(&self) -> bool {
        false
    }

    fn altered_since(&self, _: Option<&str>, _: &ServiceSnapshot) -> Result<Option<String>, Gap> {
        Ok(None)
    }

    fn snippet(&self, _: &ServiceSnapshot) -> Vec<Block> {
        Vec::new()
    }

    fn undoing_calls(&self) -> &'static [&'static str] {
        &["AcceptVpcEndpointConnections"]
    }
}

impl KindOfInverse<ServiceSnapshot> for AcceptRejectedConnection {
    fn safety(&self) -> Safety {
        Safety::Additive
    }

    fn text(&self) -> String {
        format!(
            "accept the connection of {} to {}, which was rejected",
            self.endpoint, self.service
        )
    }

    fn command(&self) -> String {
        connections("accept", &self.service, &self.endpoint)
    }

    fn simulate(&self, state: &mut ServiceSnapshot) {
        with_connection(state, &self.endpoint, |connection| {
            if connection.state == EndpointState::Rejected {
                connection.state = EndpointState::Available;
            }
        });
    }

    fn effect(&self, state: &ServiceSnapshot) -> EffectResult {
        let rejected = connection(state, &self.endpoint)?.is_some_and(|found| found.state == EndpointState::Rejected);
        Ok(effect_if(!rejected, || format!("{} is rejected", self.endpoint)))
    }
}
