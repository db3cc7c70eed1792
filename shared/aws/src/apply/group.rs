//! The security group that Postern manages in a VPC.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{IpPermission, IpRange, Ipv6Range};
use ipnet::IpNet;
use postern_core::change::{GroupRef, MANAGED_GROUP_NAME, TAG_MANAGED};
use postern_core::id::{SecurityGroupId, VpcId};
use postern_core::plan::Outcome;
use postern_core::snapshot::{IngressSource, SecurityGroup};

use super::{AUTHORIZE_INGRESS, Applier, CREATE_SECURITY_GROUP, Step, accepted, failed, not_needed, refusal, skipped};
use crate::error::CallError;
use crate::observe::{describe, parse};
use crate::paging::filter;

impl Applier {
    pub(super) async fn create_managed_group(&mut self, vpc: &VpcId, control: &str) -> Step {
        if let Some(group) = self.find_managed(vpc).await? {
            return Err(self.met(vpc, group.id));
        }
        let request = self
            .ec2
            .create_security_group()
            .group_name(MANAGED_GROUP_NAME)
            .description("HTTPS to VPC endpoints, managed by Postern")
            .vpc_id(vpc.as_str())
            .tag_specifications(self.tags("security-group", MANAGED_GROUP_NAME, control));
        let answer = request.send().await;
        match answer.map_err(|error| CallError::new(CREATE_SECURITY_GROUP, error)) {
            Ok(answer) => {
                let id = answer
                    .group_id
                    .ok_or_else(|| CallError::unreadable(CREATE_SECURITY_GROUP, "the answer lacks the group id"))
                    .map_err(refusal::outcome)?;
                self.managed.insert(vpc.clone(), id.as_str().into());
                Ok(Some(id))
            }
            // Somebody was faster, most likely a run at the same time.
            Err(error) if error.is(&["InvalidGroup.Duplicate"]) => match self.find_managed(vpc).await? {
                Some(group) => Err(self.met(vpc, group.id)),
                None => Err(refusal::outcome(error.into_transient())),
            },
            Err(error) => Err(refusal::outcome(error)),
        }
    }

    pub(super) async fn authorize_ingress(&self, group: &GroupRef, cidrs: &BTreeSet<IpNet>, control: &str) -> Step {
        let (id, created) = self.group(group).await?;
        // One rule that exists fails the whole call: ask for those alone that are missing.
        let missing = self.missing(&id, cidrs).await?;
        match self.authorize(&id, &missing, control).await {
            Ok(()) => Ok(created),
            Err(error) if error.is(&["InvalidPermission.Duplicate"]) && missing.len() > 1 => {
                let missing = self.missing(&id, cidrs).await?;
                self.authorize(&id, &missing, control).await.map_err(refusal::outcome)?;
                Ok(created)
            }
            Err(error) => Err(refusal::outcome(error)),
        }
    }

    async fn authorize(&self, id: &SecurityGroupId, cidrs: &BTreeSet<IpNet>, control: &str) -> Result<(), CallError> {
        let why = format!("HTTPS to VPC endpoints ({control}, run {})", self.run);
        let mut permission = IpPermission::builder().ip_protocol("tcp").from_port(443).to_port(443);
        for cidr in cidrs {
            permission = match cidr {
                IpNet::V4(cidr) => {
                    permission.ip_ranges(IpRange::builder().cidr_ip(cidr.to_string()).description(&why).build())
                }
                IpNet::V6(cidr) => permission.ipv6_ranges(
                    Ipv6Range::builder()
                        .cidr_ipv6(cidr.to_string())
                        .description(&why)
                        .build(),
                ),
            };
        }
        let request = self.ec2.authorize_security_group_ingress().group_id(id.as_str());
        let answer = request.ip_permissions(permission.build()).send().await;
        let answer = answer.map_err(|error| CallError::new(AUTHORIZE_INGRESS, error))?;
        accepted(AUTHORIZE_INGRESS, answer.r#return())
    }

    /// Which of these sources the group does not admit yet; not needed where it admits all.
    async fn missing(&self, id: &SecurityGroupId, cidrs: &BTreeSet<IpNet>) -> Result<BTreeSet<IpNet>, Outcome> {
        let found = self.look_up(vec![filter("group-id", [id.as_str()])]).await?;
        let Some(group) = found.into_iter().next() else {
            // New groups take a moment to show.
            return match self.managed.values().any(|known| known == id) {
                true => Ok(cidrs.clone()),
                false => Err(skipped(format!("{id} no longer exists"))),
            };
        };
        if !ours(&group) {
            return Err(skipped(format!(
                "{id} is not managed by Postern, and other groups are not edited"
            )));
        }
        let admitted = |cidr: &IpNet| {
            group.ingress.iter().any(|rule| {
                rule.admits_https() && matches!(&rule.source, IngressSource::Cidr(source) if source.contains(cidr))
            })
        };
        let missing: BTreeSet<_> = cidrs.iter().filter(|cidr| !admitted(cidr)).copied().collect();
        match missing.is_empty() {
            true => Err(not_needed(format!("{id} admits them"))),
            false => Ok(missing),
        }
    }

    /// The id of a group, and the same as what there is to remember where the plan did not know it.
    pub(super) async fn group(&self, group: &GroupRef) -> Result<(SecurityGroupId, Option<String>), Outcome> {
        let vpc = match group {
            GroupRef::Existing(id) => return Ok((id.clone(), None)),
            GroupRef::Managed(vpc) => vpc,
        };
        let id = match self.managed.get(vpc) {
            Some(known) => known.clone(),
            None => match self.find_managed(vpc).await? {
                Some(group) => group.id,
                None => return Err(skipped(format!("{vpc} has no security group {MANAGED_GROUP_NAME}"))),
            },
        };
        Ok((id.clone(), Some(id.0)))
    }

    async fn find_managed(&self, vpc: &VpcId) -> Result<Option<SecurityGroup>, Outcome> {
        let here = vec![
            filter("vpc-id", [vpc.as_str()]),
            filter("group-name", [MANAGED_GROUP_NAME]),
        ];
        match self.look_up(here).await?.into_iter().next() {
            Some(group) if !ours(&group) => Err(failed(format!(
                "{} in {vpc} is named {MANAGED_GROUP_NAME} but lacks the tag {TAG_MANAGED} = true; rename it, or tag it \
                 if Postern may manage it",
                group.id
            ))),
            found => Ok(found),
        }
    }

    async fn look_up(&self, filters: Vec<aws_sdk_ec2::types::Filter>) -> Result<Vec<SecurityGroup>, Outcome> {
        let found = describe::security_groups(&self.ec2, filters)
            .await
            .map_err(refusal::outcome)?;
        let parsed = found
            .iter()
            .map(|group| parse::security_group(group).map(|(_, group)| group));
        parsed.collect::<Result<_, _>>().map_err(refusal::outcome)
    }

    fn met(&mut self, vpc: &VpcId, id: SecurityGroupId) -> Outcome {
        let outcome = not_needed(format!("{id} is there"));
        self.managed.insert(vpc.clone(), id);
        outcome
    }
}

fn ours(group: &SecurityGroup) -> bool {
    group.name == MANAGED_GROUP_NAME && group.tags.get(TAG_MANAGED).is_some_and(|value| value == "true")
}
