//! Enables private DNS on an interface endpoint.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::command::modify_endpoint;
use super::effect::{EffectResult, effect_if, endpoint_altered, on_endpoint, undone_on};
use super::kind::{KindOfChange, KindOfInverse, Prepares};
use super::simulate::with_endpoint;
use super::snippet::{Block, Setting, endpoint_block};
use super::{Change, ChangeKind, Inverse, Safety};
use crate::model::cost::{MonthlyCost, Prices};
use crate::model::id::{EndpointId, Region, RunId, VpcId};
use crate::model::managed::GroupPurpose;
use crate::model::part::{Gap, Part};
use crate::model::snapshot::VpcSnapshot;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct EnablePrivateDns {
    pub endpoint: EndpointId,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct DisablePrivateDns {
    pub endpoint: EndpointId,
}

impl KindOfChange<VpcSnapshot> for EnablePrivateDns {
    fn kind(&self) -> ChangeKind {
        ChangeKind::EnablePrivateDns
    }

    /// All clients of the VPC are sent from the public addresses of the service to the endpoint.
    fn safety(&self) -> Safety {
        Safety::Interrupting
    }

    fn text(&self) -> String {
        format!("enable private DNS on {}", self.endpoint)
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
        matches!(earlier, Change::EnablePrivateDns(earlier) if earlier == self)
    }

    fn prepares(&self) -> Prepares<'_> {
        Prepares::Nothing
    }

    fn managed_group(&self) -> Option<(&VpcId, GroupPurpose)> {
        None
    }

    fn requires(&self, earlier: &Change) -> bool {
        match earlier.prepares() {
            Prepares::VpcDns | Prepares::ManagedGroup => true,
            Prepares::Ingress(endpoint) => *endpoint == self.endpoint,
            Prepares::QuarantineGroup | Prepares::Nothing => false,
        }
    }

    fn simulate(&self, state: &mut VpcSnapshot) -> bool {
        with_endpoint(state, &self.endpoint, |endpoint| {
            !std::mem::replace(&mut endpoint.private_dns, true)
        })
    }

    fn simulated_id(&self, _: &VpcSnapshot) -> Option<String> {
        None
    }

    fn inverse(&self, _: Option<&str>) -> Option<Inverse> {
        Some(Inverse::DisablePrivateDns(DisablePrivateDns {
            endpoint: self.endpoint.clone(),
        }))
    }

    fn effect(&self, _: &RunId, state: &VpcSnapshot) -> EffectResult {
        on_endpoint(state, &self.endpoint, |endpoint| {
            effect_if(endpoint.private_dns, || {
                format!("private DNS is disabled on {}", self.endpoint)
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
            ("private_dns_enabled", "PrivateDnsEnabled"),
            |_| Setting::On,
        )
    }

    fn undoing_calls(&self) -> &'static [&'static str] {
        &["ModifyVpcEndpoint"]
    }
}

impl KindOfInverse<VpcSnapshot> for DisablePrivateDns {
    /// All clients of the VPC are sent to the public addresses of the service again.
    fn safety(&self) -> Safety {
        Safety::Interrupting
    }

    fn text(&self) -> String {
        format!("disable private DNS on {}", self.endpoint)
    }

    fn command(&self) -> String {
        modify_endpoint(&self.endpoint, "--no-private-dns-enabled")
    }

    fn simulate(&self, state: &mut VpcSnapshot) {
        with_endpoint(state, &self.endpoint, |endpoint| endpoint.private_dns = false);
    }

    fn effect(&self, state: &VpcSnapshot) -> EffectResult {
        undone_on(
            state,
            &self.endpoint,
            |endpoint| endpoint.private_dns,
            || format!("private DNS is still enabled on {}", self.endpoint),
        )
    }
}
