//! Accepts a connection that waits.

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
use crate::model::endpoint_service::{Connection, ServiceSnapshot};
use crate::model::id::{AccountId, EndpointId, EndpointServiceId, Region, RunId, VpcId};
use crate::model::managed::GroupPurpose;
use crate::model::part::{Gap, Part};

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct AcceptConnection {
    pub service: EndpointServiceId,
    /// Of the consumer.
    pub endpoint: EndpointId,
    pub owner: AccountId,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct RefuseAcceptedConnection {
    pub service: EndpointServiceId,
    pub endpoint: EndpointId,
}

impl KindOfChange<ServiceSnapshot> for AcceptConnection {
    fn kind(&self) -> ChangeKind {
        ChangeKind::AcceptConnection
    }

    fn safety(&self) -> Safety {
        Safety::Additive
    }

    fn text(&self) -> String {
        format!(
            "accept the connection of {} of account {} to {}",
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
        matches!(earlier, Change::AcceptConnection(earlier) if earlier.endpoint == self.endpoint)
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
            let waits = connection.waits();
            if waits {
                connection.state = EndpointState::Available;
            }
            waits
        })
    }

    fn simulated_id(&self, _: &ServiceSnapshot) -> Option<String> {
        None
    }

    fn inverse(&self, _: Option<&str>) -> Option<Inverse> {
        Some(Inverse::RefuseAcceptedConnection(RefuseAcceptedConnection {
            service: self.service.clone(),
            endpoint: self.endpoint.clone(),
        }))
    }

    fn effect(&self, _: &RunId, state: &ServiceSnapshot) -> EffectResult {
        on_connection(state, &self.endpoint, |connection| {
            effect_if(connection.accepted(), || format!("{} is not accepted", self.endpoint))
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
        &["RejectVpcEndpointConnections"]
    }
}

impl KindOfInverse<ServiceSnapshot> for RefuseAcceptedConnection {
    fn safety(&self) -> Safety {
        Safety::Disconnecting
    }

    fn text(&self) -> String {
        format!(
            "reject the connection of {} to {}, which was accepted",
            self.endpoint, self.service
        )
    }

    fn command(&self) -> String {
        connections("reject", &self.service, &self.endpoint)
    }

    fn simulate(&self, state: &mut ServiceSnapshot) {
        with_connection(state, &self.endpoint, |connection| {
            connection.state = EndpointState::Rejected
        });
    }

    fn effect(&self, state: &ServiceSnapshot) -> EffectResult {
        let connected = connection(state, &self.endpoint)?.is_some_and(Connection::accepted);
        Ok(effect_if(!connected, || format!("{} is accepted", self.endpoint)))
    }
}
