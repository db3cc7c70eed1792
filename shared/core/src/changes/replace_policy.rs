//! Replaces the policy of an endpoint.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::command::modify_endpoint;
use super::effect::{EffectResult, effect_if, endpoint_altered, on_endpoint, undone_on};
use super::kind::{KindOfChange, KindOfInverse, Prepares};
use super::simulate::with_endpoint;
use super::snippet::{Block, endpoint_block, policy};
use super::{Change, ChangeKind, Inverse, Safety};
use crate::model::cost::{MonthlyCost, Prices};
use crate::model::id::{EndpointId, Region, RunId, VpcId};
use crate::model::managed::GroupPurpose;
use crate::model::part::{Gap, Part};
use crate::model::policy_document::has_policy;
use crate::model::snapshot::VpcSnapshot;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct ReplacePolicy {
    pub endpoint: EndpointId,
    pub before: String,
    pub after: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct RestorePolicy {
    pub endpoint: EndpointId,
    pub policy: String,
}

impl KindOfChange<VpcSnapshot> for ReplacePolicy {
    fn kind(&self) -> ChangeKind {
        ChangeKind::ReplacePolicy
    }

    fn safety(&self) -> Safety {
        Safety::Restrictive
    }

    fn text(&self) -> String {
        format!("replace the policy of {}", self.endpoint)
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
        matches!(earlier, Change::ReplacePolicy(earlier) if earlier.endpoint == self.endpoint)
    }

    fn prepares(&self) -> Prepares<'_> {
        Prepares::Nothing
    }

    fn managed_group(&self) -> Option<(&VpcId, GroupPurpose)> {
        None
    }

    fn requires(&self, earlier: &Change) -> bool {
        // Its text was derived from the text of the earlier one.
        matches!(earlier, Change::ReplacePolicy(earlier) if earlier.endpoint == self.endpoint)
    }

    fn simulate(&self, state: &mut VpcSnapshot) -> bool {
        with_endpoint(state, &self.endpoint, |endpoint| {
            let before = endpoint.policy.replace(self.after.clone());
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
            effect_if(has_policy(endpoint, &self.after), || {
                format!("{} has another policy", self.endpoint)
            })
        })
    }

    fn names_its_run(&self) -> bool {
        false
    }

    fn altered_since(&self, _: Option<&str>, state: &VpcSnapshot) -> Result<Option<String>, Gap> {
        endpoint_altered(&self.endpoint, state, |endpoint| {
            (!has_policy(endpoint, &self.after)).then(|| "its policy was changed since".to_owned())
        })
    }

    fn snippet(&self, after: &VpcSnapshot) -> Vec<Block> {
        endpoint_block(&self.endpoint, after, ("policy", "PolicyDocument"), policy)
    }

    fn undoing_calls(&self) -> &'static [&'static str] {
        &["ModifyVpcEndpoint"]
    }
}

impl KindOfInverse<VpcSnapshot> for RestorePolicy {
    /// What the earlier policy denied and the present one allows is denied again.
    fn safety(&self) -> Safety {
        Safety::Restrictive
    }

    fn text(&self) -> String {
        format!("restore the policy of {}", self.endpoint)
    }

    fn command(&self) -> String {
        let policy = self.policy.replace('\'', r"'\''");
        modify_endpoint(&self.endpoint, &format!("--policy-document '{policy}'"))
    }

    fn simulate(&self, state: &mut VpcSnapshot) {
        with_endpoint(state, &self.endpoint, |endpoint| {
            endpoint.policy = Some(self.policy.clone());
        });
    }

    fn effect(&self, state: &VpcSnapshot) -> EffectResult {
        undone_on(
            state,
            &self.endpoint,
            |endpoint| !has_policy(endpoint, &self.policy),
            || format!("{} has another policy", self.endpoint),
        )
    }
}
