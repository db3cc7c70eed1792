//! Isolates an endpoint that takes no policy: an empty security group replaces its own.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::command::modify_endpoint;
use super::effect::{EffectResult, endpoint_altered, group_for, in_effect, not_in_effect, on_endpoint, undone_on};
use super::kind::{KindOfChange, KindOfInverse, Prepares};
use super::simulate::with_endpoint;
use super::snippet::{Block, endpoint_block, groups};
use super::{Change, ChangeKind, Inverse, Safety};
use crate::model::cost::{MonthlyCost, Prices};
use crate::model::id::{EndpointId, Region, RunId, SecurityGroupId, VpcId};
use crate::model::managed::{GroupPurpose, QUARANTINE_GROUP_NAME};
use crate::model::part::{Gap, Part};
use crate::model::snapshot::VpcSnapshot;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct IsolateEndpoint {
    pub endpoint: EndpointId,
    pub vpc: VpcId,
    /// The security groups of the endpoint before.
    pub before: BTreeSet<SecurityGroupId>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct RestoreGroups {
    pub endpoint: EndpointId,
    pub groups: BTreeSet<SecurityGroupId>,
    /// The empty group, which is detached.
    pub quarantine: SecurityGroupId,
}

impl IsolateEndpoint {
    fn in_effect_in(groups: &BTreeSet<SecurityGroupId>, quarantine: &SecurityGroupId) -> bool {
        groups.iter().eq([quarantine])
    }
}

impl KindOfChange<VpcSnapshot> for IsolateEndpoint {
    fn kind(&self) -> ChangeKind {
        ChangeKind::IsolateEndpoint
    }

    /// Connections that EC2 tracks go on until they time out
    /// ([connection tracking](https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/security-group-connection-tracking.html)).
    /// All others end.
    fn safety(&self) -> Safety {
        Safety::Disconnecting
    }

    fn text(&self) -> String {
        format!(
            "quarantine {}: replace its security groups ({}) by {QUARANTINE_GROUP_NAME}, which admits nobody",
            self.endpoint,
            listed(&self.before, ", ")
        )
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
        matches!(earlier, Change::IsolateEndpoint(earlier) if earlier.endpoint == self.endpoint)
    }

    fn prepares(&self) -> Prepares<'_> {
        Prepares::Nothing
    }

    fn managed_group(&self) -> Option<(&VpcId, GroupPurpose)> {
        Some((&self.vpc, GroupPurpose::Quarantine))
    }

    fn requires(&self, earlier: &Change) -> bool {
        matches!(earlier.prepares(), Prepares::QuarantineGroup)
    }

    fn simulate(&self, state: &mut VpcSnapshot) -> bool {
        let Some(group) = state.group_for(GroupPurpose::Quarantine).map(|group| group.id.clone()) else {
            return false;
        };
        with_endpoint(state, &self.endpoint, |endpoint| {
            let isolated = Self::in_effect_in(&endpoint.security_groups, &group);
            endpoint.security_groups = BTreeSet::from([group]);
            !isolated
        })
    }

    fn simulated_id(&self, after: &VpcSnapshot) -> Option<String> {
        after
            .group_for(GroupPurpose::Quarantine)
            .map(|group| group.id.to_string())
    }

    fn inverse(&self, created: Option<&str>) -> Option<Inverse> {
        Some(Inverse::RestoreGroups(RestoreGroups {
            endpoint: self.endpoint.clone(),
            groups: self.before.clone(),
            quarantine: created?.into(),
        }))
    }

    fn effect(&self, _: &RunId, state: &VpcSnapshot) -> EffectResult {
        let Some(group) = group_for(state, GroupPurpose::Quarantine)? else {
            return Ok(not_in_effect(format!("{QUARANTINE_GROUP_NAME} does not exist")));
        };
        on_endpoint(state, &self.endpoint, |endpoint| {
            match Self::in_effect_in(&endpoint.security_groups, &group.id) {
                true => in_effect(Some(group.id.to_string())),
                false => not_in_effect(format!("{} has other security groups", self.endpoint)),
            }
        })
    }

    fn names_its_run(&self) -> bool {
        false
    }

    fn altered_since(&self, created: Option<&str>, state: &VpcSnapshot) -> Result<Option<String>, Gap> {
        endpoint_altered(&self.endpoint, state, |endpoint| {
            let isolated = created.is_some_and(|id| Self::in_effect_in(&endpoint.security_groups, &id.into()));
            (!isolated).then(|| "its security groups were changed since".to_owned())
        })
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

impl KindOfInverse<VpcSnapshot> for RestoreGroups {
    fn safety(&self) -> Safety {
        Safety::Additive
    }

    fn text(&self) -> String {
        format!(
            "restore the security groups of {} ({})",
            self.endpoint,
            listed(&self.groups, ", ")
        )
    }

    fn command(&self) -> String {
        let groups = listed(&self.groups, " ");
        modify_endpoint(
            &self.endpoint,
            &format!(
                "--add-security-group-ids {groups} --remove-security-group-ids {}",
                self.quarantine
            ),
        )
    }

    fn simulate(&self, state: &mut VpcSnapshot) {
        with_endpoint(state, &self.endpoint, |endpoint| {
            endpoint.security_groups.clone_from(&self.groups);
        });
    }

    fn effect(&self, state: &VpcSnapshot) -> EffectResult {
        undone_on(
            state,
            &self.endpoint,
            |endpoint| endpoint.security_groups != self.groups,
            || format!("{} has other security groups", self.endpoint),
        )
    }
}

fn listed(groups: &BTreeSet<SecurityGroupId>, between: &str) -> String {
    let groups: Vec<_> = groups.iter().map(SecurityGroupId::as_str).collect();
    groups.join(between)
}
