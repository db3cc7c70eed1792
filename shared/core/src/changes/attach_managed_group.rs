//! Attaches the security group that Postern manages to an interface endpoint.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::command::modify_endpoint;
use super::create_managed_group::ManagedGroup;
use super::effect::{EffectResult, endpoint_altered, in_effect, managed_group, not_in_effect, on_endpoint, undone_on};
use super::kind::{KindOfChange, KindOfInverse, Prepares};
use super::simulate::{managed_id, with_endpoint};
use super::snippet::{Block, endpoint_block, groups};
use super::{Change, ChangeKind, Inverse, Safety};
use crate::model::cost::{MonthlyCost, Prices};
use crate::model::id::{EndpointId, Region, RunId, SecurityGroupId, VpcId};
use crate::model::managed::GroupPurpose;
use crate::model::part::{Gap, Part};
use crate::model::snapshot::VpcSnapshot;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct AttachManagedGroup {
    pub endpoint: EndpointId,
    pub group: ManagedGroup,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct DetachGroup {
    pub endpoint: EndpointId,
    pub group: SecurityGroupId,
}

impl KindOfChange<VpcSnapshot> for AttachManagedGroup {
    fn kind(&self) -> ChangeKind {
        ChangeKind::AttachManagedGroup
    }

    fn safety(&self) -> Safety {
        Safety::Additive
    }

    fn text(&self) -> String {
        format!("attach {} to {}", self.group, self.endpoint)
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
        matches!(earlier, Change::AttachManagedGroup(earlier) if earlier == self)
    }

    fn prepares(&self) -> Prepares<'_> {
        Prepares::Ingress(&self.endpoint)
    }

    fn managed_group(&self) -> Option<(&VpcId, GroupPurpose)> {
        Some((&self.group.vpc, GroupPurpose::Ingress))
    }

    fn requires(&self, earlier: &Change) -> bool {
        matches!(earlier.prepares(), Prepares::ManagedGroup)
    }

    fn simulate(&self, state: &mut VpcSnapshot) -> bool {
        let Some(group) = managed_id(state) else {
            return false;
        };
        with_endpoint(state, &self.endpoint, |endpoint| endpoint.security_groups.insert(group))
    }

    fn simulated_id(&self, after: &VpcSnapshot) -> Option<String> {
        after.managed_group().map(|group| group.id.to_string())
    }

    fn inverse(&self, created: Option<&str>) -> Option<Inverse> {
        Some(Inverse::DetachGroup(DetachGroup {
            endpoint: self.endpoint.clone(),
            group: created?.into(),
        }))
    }

    fn effect(&self, _: &RunId, state: &VpcSnapshot) -> EffectResult {
        let Some(group) = managed_group(state)? else {
            return Ok(not_in_effect(format!("{} does not exist", self.group)));
        };
        on_endpoint(state, &self.endpoint, |endpoint| {
            if endpoint.security_groups.contains(&group.id) {
                in_effect(Some(group.id.to_string()))
            } else {
                not_in_effect(format!("{} is not attached to {}", group.id, self.endpoint))
            }
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
            ("security_group_ids", "SecurityGroupIds"),
            groups,
        )
    }

    fn undoing_calls(&self) -> &'static [&'static str] {
        &["ModifyVpcEndpoint"]
    }
}

impl KindOfInverse<VpcSnapshot> for DetachGroup {
    fn safety(&self) -> Safety {
        Safety::Restrictive
    }

    fn text(&self) -> String {
        format!("detach {} from {}", self.group, self.endpoint)
    }

    fn command(&self) -> String {
        modify_endpoint(&self.endpoint, &format!("--remove-security-group-ids {}", self.group))
    }

    fn simulate(&self, state: &mut VpcSnapshot) {
        with_endpoint(state, &self.endpoint, |endpoint| {
            endpoint.security_groups.remove(&self.group);
        });
    }

    fn effect(&self, state: &VpcSnapshot) -> EffectResult {
        undone_on(
            state,
            &self.endpoint,
            |endpoint| endpoint.security_groups.contains(&self.group),
            || format!("{} is still attached to {}", self.group, self.endpoint),
        )
    }
}
