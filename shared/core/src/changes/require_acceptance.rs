//! Requires that the owner of an endpoint service accepts each connection.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::effect::{EffectResult, effect_if};
use super::kind::{KindOfChange, KindOfInverse, Prepares};
use super::snippet::{Block, Setting, service_block};
use super::{Change, ChangeKind, Inverse, Safety};
use crate::model::cost::{MonthlyCost, Prices};
use crate::model::endpoint_service::ServiceSnapshot;
use crate::model::id::{EndpointId, EndpointServiceId, Region, RunId, VpcId};
use crate::model::managed::GroupPurpose;
use crate::model::part::{Gap, Part};

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct RequireAcceptance {
    pub service: EndpointServiceId,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct WaiveAcceptance {
    pub service: EndpointServiceId,
}

impl KindOfChange<ServiceSnapshot> for RequireAcceptance {
    fn kind(&self) -> ChangeKind {
        ChangeKind::RequireAcceptance
    }

    /// Connections stay up. New consumers wait until they are accepted, trusted ones included.
    fn safety(&self) -> Safety {
        Safety::Restrictive
    }

    fn text(&self) -> String {
        format!("require acceptance of connections to {}", self.service)
    }

    fn endpoint(&self) -> Option<&EndpointId> {
        None
    }

    fn alters(&self) -> &'static [Part] {
        &[Part::Configuration]
    }

    fn monthly_cost(&self, _: &Prices, _: &Region) -> Option<MonthlyCost> {
        Some(MonthlyCost::ZERO)
    }

    fn repeats(&self, earlier: &Change) -> bool {
        matches!(earlier, Change::RequireAcceptance(earlier) if earlier == self)
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
        !std::mem::replace(&mut state.service.acceptance_required, true)
    }

    fn simulated_id(&self, _: &ServiceSnapshot) -> Option<String> {
        None
    }

    fn inverse(&self, _: Option<&str>) -> Option<Inverse> {
        Some(Inverse::WaiveAcceptance(WaiveAcceptance {
            service: self.service.clone(),
        }))
    }

    fn effect(&self, _: &RunId, state: &ServiceSnapshot) -> EffectResult {
        Ok(effect_if(state.service.acceptance_required, || {
            format!("{} requires no acceptance", self.service)
        }))
    }

    fn names_its_run(&self) -> bool {
        false
    }

    fn altered_since(&self, _: Option<&str>, _: &ServiceSnapshot) -> Result<Option<String>, Gap> {
        Ok(None)
    }

    fn snippet(&self, after: &ServiceSnapshot) -> Vec<Block> {
        vec![service_block(
            after,
            ("acceptance_required", "AcceptanceRequired"),
            Setting::On,
        )]
    }

    fn undoing_calls(&self) -> &'static [&'static str] {
        &["ModifyVpcEndpointServiceConfiguration"]
    }
}

impl KindOfInverse<ServiceSnapshot> for WaiveAcceptance {
    fn safety(&self) -> Safety {
        Safety::Additive
    }

    fn text(&self) -> String {
        format!("require no acceptance of connections to {}", self.service)
    }

    fn command(&self) -> String {
        format!(
            "aws ec2 modify-vpc-endpoint-service-configuration --service-id {} --no-acceptance-required",
            self.service
        )
    }

    fn simulate(&self, state: &mut ServiceSnapshot) {
        state.service.acceptance_required = false;
    }

    fn effect(&self, state: &ServiceSnapshot) -> EffectResult {
        Ok(effect_if(!state.service.acceptance_required, || {
            format!("{} requires acceptance", self.service)
        }))
    }
}
