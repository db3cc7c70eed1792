//! Adds a subnet, and with it a zone, to an interface endpoint.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::command::modify_endpoint;
use super::effect::{EffectResult, effect_if, endpoint_altered, on_endpoint, undone_on};
use super::kind::{KindOfChange, KindOfInverse, Prepares};
use super::simulate::{give_address_back, take_address, with_endpoint};
use super::snippet::{Block, endpoint_block, subnets};
use super::{Change, ChangeKind, Inverse, Safety};
use crate::model::cost::{MonthlyCost, Prices};
use crate::model::id::{EndpointId, Region, RunId, SubnetId, VpcId, Zone};
use crate::model::managed::GroupPurpose;
use crate::model::part::{Gap, Part};
use crate::model::snapshot::VpcSnapshot;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct AddSubnet {
    pub endpoint: EndpointId,
    pub subnet: SubnetId,
    pub zone: Zone,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct RemoveSubnet {
    pub endpoint: EndpointId,
    pub subnet: SubnetId,
}

impl KindOfChange<VpcSnapshot> for AddSubnet {
    fn kind(&self) -> ChangeKind {
        ChangeKind::AddSubnet
    }

    fn safety(&self) -> Safety {
        Safety::Additive
    }

    fn text(&self) -> String {
        format!("add {} ({}) to {}", self.subnet, self.zone, self.endpoint)
    }

    fn endpoint(&self) -> Option<&EndpointId> {
        Some(&self.endpoint)
    }

    fn alters(&self) -> &'static [Part] {
        // The network interface takes an address of the subnet.
        &[Part::Subnets, Part::Endpoints]
    }

    fn monthly_cost(&self, prices: &Prices, region: &Region) -> Option<MonthlyCost> {
        prices.interface_endpoint(region, 1)
    }

    fn repeats(&self, earlier: &Change) -> bool {
        matches!(earlier, Change::AddSubnet(earlier) if earlier == self)
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
        let added = with_endpoint(state, &self.endpoint, |endpoint| {
            endpoint.subnets.insert(self.subnet.clone())
        });
        if added {
            take_address(state, &self.subnet);
        }
        added
    }

    fn simulated_id(&self, _: &VpcSnapshot) -> Option<String> {
        None
    }

    fn inverse(&self, _: Option<&str>) -> Option<Inverse> {
        Some(Inverse::RemoveSubnet(RemoveSubnet {
            endpoint: self.endpoint.clone(),
            subnet: self.subnet.clone(),
        }))
    }

    fn effect(&self, _: &RunId, state: &VpcSnapshot) -> EffectResult {
        on_endpoint(state, &self.endpoint, |endpoint| {
            effect_if(endpoint.subnets.contains(&self.subnet), || {
                format!("{} is not in {}", self.endpoint, self.subnet)
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
        endpoint_block(&self.endpoint, after, ("subnet_ids", "SubnetIds"), subnets)
    }

    fn undoing_calls(&self) -> &'static [&'static str] {
        &["ModifyVpcEndpoint"]
    }
}

impl KindOfInverse<VpcSnapshot> for RemoveSubnet {
    /// Connections through the network interface in the subnet drop.
    fn safety(&self) -> Safety {
        Safety::Interrupting
    }

    fn text(&self) -> String {
        format!("remove {} from {}", self.subnet, self.endpoint)
    }

    fn command(&self) -> String {
        modify_endpoint(&self.endpoint, &format!("--remove-subnet-ids {}", self.subnet))
    }

    fn simulate(&self, state: &mut VpcSnapshot) {
        let removed = with_endpoint(state, &self.endpoint, |endpoint| endpoint.subnets.remove(&self.subnet));
        if removed {
            give_address_back(state, &self.subnet);
        }
    }

    fn effect(&self, state: &VpcSnapshot) -> EffectResult {
        undone_on(
            state,
            &self.endpoint,
            |endpoint| endpoint.subnets.contains(&self.subnet),
            || format!("{} is still in {}", self.endpoint, self.subnet),
        )
    }
}
