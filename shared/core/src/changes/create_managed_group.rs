//! Creates a security group that Postern manages in a VPC.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::effect::{EffectResult, created_by, effect_if, group_for, in_effect, not_in_effect};
use super::kind::{KindOfChange, KindOfInverse, Prepares};
use super::snippet::Block;
use super::{Change, ChangeKind, Inverse, Safety};
use crate::model::cost::{MonthlyCost, Prices};
use crate::model::id::{EndpointId, Region, RunId, SecurityGroupId, VpcId};
use crate::model::managed::{GroupPurpose, MANAGED_GROUP_NAME, TAG_MANAGED, is_managed};
use crate::model::part::{Gap, Part, Tags};
use crate::model::snapshot::{SecurityGroup, VpcSnapshot};

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct CreateManagedGroup {
    pub vpc: VpcId,
    #[serde(default, skip_serializing_if = "is_ingress")]
    pub purpose: GroupPurpose,
}

impl CreateManagedGroup {
    /// Creates the group that admits clients.
    pub fn for_ingress(vpc: VpcId) -> Self {
        Self {
            vpc,
            purpose: GroupPurpose::Ingress,
        }
    }

    fn group<'a>(&self, state: &'a VpcSnapshot) -> Option<&'a SecurityGroup> {
        state.group_for(self.purpose)
    }
}

fn is_ingress(purpose: &GroupPurpose) -> bool {
    *purpose == GroupPurpose::Ingress
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct DeleteSecurityGroup {
    pub group: SecurityGroupId,
}

/// The security group that Postern manages in a VPC: a plan that creates it cannot know its id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct ManagedGroup {
    pub vpc: VpcId,
}

impl fmt::Display for ManagedGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "security group {MANAGED_GROUP_NAME}")
    }
}

impl KindOfChange<VpcSnapshot> for CreateManagedGroup {
    fn kind(&self) -> ChangeKind {
        ChangeKind::CreateManagedGroup
    }

    fn safety(&self) -> Safety {
        Safety::Additive
    }

    fn text(&self) -> String {
        format!("create security group {} in {}", self.purpose.group_name(), self.vpc)
    }

    fn endpoint(&self) -> Option<&EndpointId> {
        None
    }

    fn alters(&self) -> &'static [Part] {
        &[Part::SecurityGroups]
    }

    fn monthly_cost(&self, _: &Prices, _: &Region) -> Option<MonthlyCost> {
        Some(MonthlyCost::ZERO)
    }

    fn repeats(&self, earlier: &Change) -> bool {
        matches!(earlier, Change::CreateManagedGroup(earlier) if earlier == self)
    }

    fn prepares(&self) -> Prepares<'_> {
        match self.purpose {
            GroupPurpose::Ingress => Prepares::ManagedGroup,
            GroupPurpose::Quarantine => Prepares::QuarantineGroup,
        }
    }

    fn managed_group(&self) -> Option<(&VpcId, GroupPurpose)> {
        Some((&self.vpc, self.purpose))
    }

    fn requires(&self, _: &Change) -> bool {
        false
    }

    fn simulate(&self, state: &mut VpcSnapshot) -> bool {
        if self.group(state).is_some() {
            return false;
        }
        let id = SecurityGroupId(match self.purpose {
            GroupPurpose::Ingress => format!("sg-managed-{}", state.vpc.id),
            GroupPurpose::Quarantine => format!("sg-quarantine-{}", state.vpc.id),
        });
        let group = SecurityGroup {
            id: id.clone(),
            name: self.purpose.group_name().to_owned(),
            owner: state.account.clone(),
            ingress: Vec::new(),
            tags: Tags::from([(TAG_MANAGED.to_owned(), "true".to_owned())]),
        };
        let Ok(groups) = &mut state.security_groups else {
            return false;
        };
        groups.insert(id, group);
        true
    }

    fn simulated_id(&self, after: &VpcSnapshot) -> Option<String> {
        self.group(after).map(|group| group.id.to_string())
    }

    fn inverse(&self, created: Option<&str>) -> Option<Inverse> {
        Some(Inverse::DeleteSecurityGroup(DeleteSecurityGroup {
            group: created?.into(),
        }))
    }

    fn effect(&self, run: &RunId, state: &VpcSnapshot) -> EffectResult {
        Ok(match group_for(state, self.purpose)? {
            Some(group) if created_by(&group.tags, run) => in_effect(Some(group.id.to_string())),
            Some(group) => not_in_effect(format!("another run created {}", group.id)),
            None => not_in_effect(format!(
                "{} has no security group {}",
                self.vpc,
                self.purpose.group_name()
            )),
        })
    }

    fn names_its_run(&self) -> bool {
        true
    }

    fn altered_since(&self, created: Option<&str>, state: &VpcSnapshot) -> Result<Option<String>, Gap> {
        let groups = state.security_groups.as_ref().map_err(Gap::clone)?;
        let endpoints = state.endpoints.as_ref().map_err(Gap::clone)?;
        let Some(group) = created.and_then(|id| groups.get(&id.into())) else {
            return Ok(None);
        };
        let id = &group.id;
        if !is_managed(&group.tags) {
            return Ok(Some(format!("{id} no longer has the tag {TAG_MANAGED}")));
        }
        let user = endpoints
            .values()
            .find(|endpoint| !endpoint.dead() && endpoint.security_groups.contains(id));
        Ok(match user {
            Some(user) => Some(format!("{id} is attached to {}", user.id)),
            None if !group.ingress.is_empty() => Some(format!("rules were added to {id} since")),
            None => None,
        })
    }

    /// The group is Postern's own: there is nothing for others to configure.
    fn snippet(&self, _: &VpcSnapshot) -> Vec<Block> {
        Vec::new()
    }

    fn undoing_calls(&self) -> &'static [&'static str] {
        &["DeleteSecurityGroup"]
    }
}

impl KindOfInverse<VpcSnapshot> for DeleteSecurityGroup {
    fn safety(&self) -> Safety {
        Safety::Restrictive
    }

    fn text(&self) -> String {
        format!("delete {}", self.group)
    }

    fn command(&self) -> String {
        format!("aws ec2 delete-security-group --group-id {}", self.group)
    }

    fn simulate(&self, state: &mut VpcSnapshot) {
        if let Ok(groups) = &mut state.security_groups {
            groups.remove(&self.group);
        }
    }

    fn effect(&self, state: &VpcSnapshot) -> EffectResult {
        let groups = state.security_groups.as_ref().map_err(Gap::clone)?;
        Ok(effect_if(!groups.contains_key(&self.group), || {
            format!("{} still exists", self.group)
        }))
    }
}
