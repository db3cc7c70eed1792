//! Quarantines an endpoint: its policy denies every request.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::effect::{EffectResult, effect_if, endpoint_altered, on_endpoint};
use super::kind::{KindOfChange, Prepares};
use super::replace_policy::RestorePolicy;
use super::simulate::with_endpoint;
use super::snippet::{Block, endpoint_block, policy};
use super::{Change, ChangeKind, Inverse, Safety};
use crate::model::cost::{MonthlyCost, Prices};
use crate::model::id::{EndpointId, Region, RunId, VpcId};
use crate::model::managed::GroupPurpose;
use crate::model::part::{Gap, Part};
use crate::model::policy_document::{QUARANTINE_POLICY, has_policy};
use crate::model::snapshot::VpcSnapshot;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct QuarantineEndpoint {
    pub endpoint: EndpointId,
    /// The policy of the endpoint before.
    pub before: String,
}

impl KindOfChange<VpcSnapshot> for QuarantineEndpoint {
    fn kind(&self) -> ChangeKind {
        ChangeKind::QuarantineEndpoint
    }

    /// AWS applies a policy to each request, so that open connections are of no use any more.
    fn safety(&self) -> Safety {
        Safety::Disconnecting
    }

    fn text(&self) -> String {
        format!("quarantine {} by a policy that denies every request", self.endpoint)
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
        matches!(earlier, Change::QuarantineEndpoint(earlier) if earlier.endpoint == self.endpoint)
    }

    fn prepares(&self) -> Prepares<'_> {
        Prepares::Nothing
    }

    fn managed_group(&self) -> Option<(&VpcId, GroupPurpose)> {
        None
    }

    fn requires(&self, earlier: &Change) -> bool {
        // That policy is the one before.
        matches!(earlier, Change::ReplacePolicy(earlier) if earlier.endpoint == self.endpoint)
    }

    fn simulate(&self, state: &mut VpcSnapshot) -> bool {
        with_endpoint(state, &self.endpoint, |endpoint| {
            let before = endpoint.policy.replace(QUARANTINE_POLICY.to_owned());
            before != endpoint.policy
        })
    }

    fn simulated_id(&self, _: &VpcSnapshot) -> Option<String> {
        None
    }

    fn inverse(&self, _: Option<&str>) -> Option<Inverse> {
        Some(Inverse::RestorePolicy(RestorePolicy {
            endpoint: self.endpoint.clone(),
            policy: self.before.clone(),
        }))
    }

    fn effect(&self, _: &RunId, state: &VpcSnapshot) -> EffectResult {
        on_endpoint(state, &self.endpoint, |endpoint| {
            effect_if(has_policy(endpoint, QUARANTINE_POLICY), || {
                format!("{} has another policy", self.endpoint)
            })
        })
    }

    fn names_its_run(&self) -> bool {
        false
    }

    fn altered_since(&self, _: Option<&str>, state: &VpcSnapshot) -> Result<Option<String>, Gap> {
        endpoint_altered(&self.endpoint, state, |endpoint| {
            (!has_policy(endpoint, QUARANTINE_POLICY)).then(|| "its policy was changed since".to_owned())
        })
    }

    fn snippet(&self, after: &VpcSnapshot) -> Vec<Block> {
        endpoint_block(&self.endpoint, after, ("policy", "PolicyDocument"), policy)
    }

    fn undoing_calls(&self) -> &'static [&'static str] {
        &["ModifyVpcEndpoint"]
    }
}
