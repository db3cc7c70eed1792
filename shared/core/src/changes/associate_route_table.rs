//! Associates a route table with a gateway endpoint.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::command::modify_endpoint;
use super::effect::{EffectResult, effect_if, endpoint_altered, on_endpoint, undone_on};
use super::kind::{KindOfChange, KindOfInverse, Prepares};
use super::simulate::with_endpoint;
use super::snippet::{Block, endpoint_block, route_tables};
use super::{Change, ChangeKind, Inverse, Safety};
use crate::model::cost::{MonthlyCost, Prices};
use crate::model::id::{EndpointId, Region, RouteTableId, RunId, VpcId};
use crate::model::managed::GroupPurpose;
use crate::model::part::{Gap, Part};
use crate::model::snapshot::VpcSnapshot;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct AssociateRouteTable {
    pub endpoint: EndpointId,
    pub route_table: RouteTableId,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct DisassociateRouteTable {
    pub endpoint: EndpointId,
    pub route_table: RouteTableId,
}

impl KindOfChange<VpcSnapshot> for AssociateRouteTable {
    fn kind(&self) -> ChangeKind {
        ChangeKind::AssociateRouteTable
    }

    /// Connections of the table's subnets to the service drop, and their source addresses change.
    fn safety(&self) -> Safety {
        Safety::Interrupting
    }

    fn text(&self) -> String {
        format!("associate {} with {}", self.route_table, self.endpoint)
    }

    fn endpoint(&self) -> Option<&EndpointId> {
        Some(&self.endpoint)
    }

    fn alters(&self) -> &'static [Part] {
        &[Part::Endpoints]
    }

    fn monthly_cost(&self, _: &Prices, _: &Region) -> Option<MonthlyCost> {
        Some(MonthlyCost::ZERO)
    }

    fn repeats(&self, earlier: &Change) -> bool {
        matches!(earlier, Change::AssociateRouteTable(earlier) if earlier == self)
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

    fn simulate(&self, state: &mut VpcSnapshot) -> bool {
        with_endpoint(state, &self.endpoint, |endpoint| {
            endpoint.route_tables.insert(self.route_table.clone())
        })
    }

    fn simulated_id(&self, _: &VpcSnapshot) -> Option<String> {
        None
    }

    fn inverse(&self, _: Option<&str>) -> Option<Inverse> {
        Some(Inverse::DisassociateRouteTable(DisassociateRouteTable {
            endpoint: self.endpoint.clone(),
            route_table: self.route_table.clone(),
        }))
    }

    fn effect(&self, _: &RunId, state: &VpcSnapshot) -> EffectResult {
        on_endpoint(state, &self.endpoint, |endpoint| {
            effect_if(endpoint.route_tables.contains(&self.route_table), || {
                format!("{} is not associated with {}", self.endpoint, self.route_table)
            })
        })
    }

    fn names_its_run(&self) -> bool {
        false
    }

    fn altered_since(&self, _: Option<&str>, state: &VpcSnapshot) -> Result<Option<String>, Gap> {
        endpoint_altered(&self.endpoint, state, |_| None)
    }

    fn snippet(&self, after: &VpcSnapshot) -> Vec<Block> {
        endpoint_block(
            &self.endpoint,
            after,
            ("route_table_ids", "RouteTableIds"),
            route_tables,
        )
    }

    fn undoing_calls(&self) -> &'static [&'static str] {
        &["ModifyVpcEndpoint"]
    }
}

impl KindOfInverse<VpcSnapshot> for DisassociateRouteTable {
    /// Connections of the table's subnets to the service drop.
    fn safety(&self) -> Safety {
        Safety::Interrupting
    }

    fn text(&self) -> String {
        format!("disassociate {} from {}", self.route_table, self.endpoint)
    }

    fn command(&self) -> String {
        modify_endpoint(
            &self.endpoint,
            &format!("--remove-route-table-ids {}", self.route_table),
        )
    }

    fn simulate(&self, state: &mut VpcSnapshot) {
        with_endpoint(state, &self.endpoint, |endpoint| {
            endpoint.route_tables.remove(&self.route_table);
        });
    }

    fn effect(&self, state: &VpcSnapshot) -> EffectResult {
        undone_on(
            state,
            &self.endpoint,
            |endpoint| endpoint.route_tables.contains(&self.route_table),
            || format!("{} is still associated with {}", self.endpoint, self.route_table),
        )
    }
}
