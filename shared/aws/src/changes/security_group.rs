//! The security groups that Postern manages in a VPC.

use postern_core::changes::{ChangeOutcome, ManagedGroup};
use postern_core::model::id::{SecurityGroupId, VpcId};
use postern_core::model::managed::{GroupPurpose, MANAGED_GROUP_NAME, QUARANTINE_GROUP_NAME, TAG_MANAGED, is_managed};
use postern_core::model::snapshot::SecurityGroup;

use super::applier::{Applier, failed, not_needed, skipped};
use super::refusal;
use crate::describe::{self, filter, parse};

impl Applier {
    /// The id of the managed group; skipped where there is none.
    pub(super) async fn managed_group_id(&mut self, group: &ManagedGroup) -> Result<SecurityGroupId, ChangeOutcome> {
        if let Some(known) = self.known_group(&group.vpc, GroupPurpose::Ingress) {
            return Ok(known.clone());
        }
        match self.managed_group(&group.vpc, GroupPurpose::Ingress).await? {
            Some(found) => Ok(found.id),
            None => Err(skipped(format!("{group} does not exist in {}", group.vpc))),
        }
    }

    /// The managed group that this run created or found.
    pub(super) fn known_group(&self, vpc: &VpcId, purpose: GroupPurpose) -> Option<&SecurityGroupId> {
        self.managed.get(&(vpc.clone(), purpose))
    }

    /// The managed group of the VPC as it is now. Fails where a group of that name lacks the tag.
    pub(super) async fn managed_group(
        &mut self,
        vpc: &VpcId,
        purpose: GroupPurpose,
    ) -> Result<Option<SecurityGroup>, ChangeOutcome> {
        let name = purpose.group_name();
        let filters = vec![filter("vpc-id", [vpc.as_str()]), filter("group-name", [name])];
        let found = describe::security_groups(&self.ec2, filters).await;
        let found = found.map_err(refusal::outcome)?;
        let Some(found) = found.first() else {
            return Ok(None);
        };
        let (_, group) = parse::security_group(found).map_err(refusal::outcome)?;
        if group.name != name || !is_managed(&group.tags) {
            return Err(failed(format!(
                "{} in {vpc} is named {name} but lacks the tag {TAG_MANAGED} = true; delete it, or tag it \
                 if Postern may manage it",
                group.id
            )));
        }
        self.managed.insert((vpc.clone(), purpose), group.id.clone());
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
        let own = [MANAGED_GROUP_NAME, QUARANTINE_GROUP_NAME].contains(&group.name.as_str());
        match own && is_managed(&group.tags) {
            true => Ok((found, group)),
            false => Err(skipped(format!("{id} is not a security group that Postern manages"))),
        }
    }
}
