//! The security group that Postern manages in a VPC.

use postern_core::changes::{ChangeOutcome, ManagedGroup};
use postern_core::model::id::{SecurityGroupId, VpcId};
use postern_core::model::managed::{MANAGED_GROUP_NAME, TAG_MANAGED};
use postern_core::model::snapshot::SecurityGroup;

use super::applier::{Applier, failed, not_needed, skipped};
use super::refusal;
use crate::describe::{self, filter, parse};

impl Applier {
    /// The id of the managed group; skipped where there is none.
    pub(super) async fn managed_group_id(&mut self, group: &ManagedGroup) -> Result<SecurityGroupId, ChangeOutcome> {
        if let Some(known) = self.managed.get(&group.vpc) {
            return Ok(known.clone());
        }
        match self.managed_group(&group.vpc).await? {
            Some(found) => Ok(found.id),
            None => Err(skipped(format!("{group} does not exist in {}", group.vpc))),
        }
    }

    /// The managed group of the VPC as it is now. Fails where a group of that name lacks the tag.
    pub(super) async fn managed_group(&mut self, vpc: &VpcId) -> Result<Option<SecurityGroup>, ChangeOutcome> {
        let filters = vec![
            filter("vpc-id", [vpc.as_str()]),
            filter("group-name", [MANAGED_GROUP_NAME]),
        ];
        let found = describe::security_groups(&self.ec2, filters).await;
        let found = found.map_err(refusal::outcome)?;
        let Some(found) = found.first() else {
            return Ok(None);
        };
        let (_, group) = parse::security_group(found).map_err(refusal::outcome)?;
        if !is_managed(&group) {
            return Err(failed(format!(
                "{} in {vpc} is named {MANAGED_GROUP_NAME} but lacks the tag {TAG_MANAGED} = true; rename it, or tag it \
                 if Postern may manage it",
                group.id
            )));
        }
        self.managed.insert(vpc.clone(), group.id.clone());
        Ok(Some(group))
    }

    /// A group of which something is undone; not needed where it is gone, skipped where Postern does not manage it.
    pub(super) async fn managed_group_by_id(
        &self,
        id: &SecurityGroupId,
    ) -> Result<(aws_sdk_ec2::types::SecurityGroup, SecurityGroup), ChangeOutcome> {
        let found = describe::security_groups(&self.ec2, vec![filter("group-id", [id.as_str()])]).await;
        let first = found.map_err(refusal::outcome)?.into_iter().next();
        let found = first.ok_or_else(|| not_needed(format!("{id} no longer exists")))?;
        let (_, group) = parse::security_group(&found).map_err(refusal::outcome)?;
        match is_managed(&group) {
            true => Ok((found, group)),
            false => Err(skipped(format!("{id} is not the security group that Postern manages"))),
        }
    }
}

fn is_managed(group: &SecurityGroup) -> bool {
    group.name == MANAGED_GROUP_NAME && group.tags.get(TAG_MANAGED).is_some_and(|value| value == "true")
}
