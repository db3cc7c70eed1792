//! The security group that Postern manages in a VPC.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{Filter, IpPermission, IpRange, Ipv6Range};
use ipnet::IpNet;
use postern_core::changes::{AuthorizeIngress, Change, ChangeOutcome, ManagedGroup};
use postern_core::model::id::{SecurityGroupId, VpcId};
use postern_core::model::managed::{MANAGED_GROUP_NAME, TAG_MANAGED};
use postern_core::model::snapshot::{IngressSource, SecurityGroup};

use super::{AUTHORIZE_INGRESS, Applier, CREATE_SECURITY_GROUP, Step, accepted, failed, not_needed, refusal, skipped};
use crate::describe::{self, filter, parse};
use crate::error::CallError;

/// How the description of each rule begins that Postern writes.
pub(super) const RULE_DESCRIPTION: &str = "HTTPS to VPC endpoints (";

impl Applier {
    pub(super) async fn create_managed_group(&mut self, vpc: &VpcId, control: &str) -> Step {
        if let Some(group) = self.find_managed(vpc).await? {
            return Err(met(&group));
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
                Some(group) => Err(met(&group)),
                None => Err(refusal::outcome(error.into_transient())),
            },
            Err(error) => Err(refusal::outcome(error)),
        }
    }

    pub(super) async fn authorize_ingress(
        &mut self,
        group: &ManagedGroup,
        cidrs: &BTreeSet<IpNet>,
        control: &str,
    ) -> Step {
        // One rule that exists fails the whole call: ask for those alone that are missing.
        let (id, missing) = self.missing(group, cidrs).await?;
        self.add(group, cidrs, &missing);
        match self.authorize(&id, &missing, control).await {
            Err(error) if error.is(&["InvalidPermission.Duplicate"]) && missing.len() > 1 => {
                let (id, missing) = self.missing(group, cidrs).await?;
                let answer = self.authorize(&id, &missing, control).await;
                answer.map_err(|error| self.refused(error))?;
                self.add(group, cidrs, &missing);
            }
            answer => answer.map_err(|error| self.refused(error))?,
        }
        Ok(Some(id.0))
    }

    /// Remembers what alone is added of these sources.
    fn add(&mut self, group: &ManagedGroup, cidrs: &BTreeSet<IpNet>, missing: &BTreeSet<IpNet>) {
        self.part = (missing != cidrs).then(|| {
            Change::AuthorizeIngress(AuthorizeIngress {
                group: group.clone(),
                cidrs: missing.clone(),
            })
        });
    }

    async fn authorize(&self, id: &SecurityGroupId, cidrs: &BTreeSet<IpNet>, control: &str) -> Result<(), CallError> {
        let why = format!("{RULE_DESCRIPTION}{control}, run {})", self.run);
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
    async fn missing(
        &mut self,
        group: &ManagedGroup,
        cidrs: &BTreeSet<IpNet>,
    ) -> Result<(SecurityGroupId, BTreeSet<IpNet>), ChangeOutcome> {
        let Some(found) = self.find_managed(&group.vpc).await? else {
            // New groups take a moment to show.
            return match self.managed.get(&group.vpc) {
                Some(id) => Ok((id.clone(), cidrs.clone())),
                None => Err(skipped(format!("{group} does not exist"))),
            };
        };
        let id = found.id.clone();
        let admitted = |cidr: &IpNet| {
            found.ingress.iter().any(|rule| {
                rule.admits_https() && matches!(&rule.source, IngressSource::Cidr(source) if source.contains(cidr))
            })
        };
        let missing: BTreeSet<_> = cidrs.iter().filter(|cidr| !admitted(cidr)).copied().collect();
        match missing.is_empty() {
            true => Err(not_needed(format!("{id} admits them"))),
            false => Ok((id, missing)),
        }
    }

    pub(super) async fn group(&mut self, group: &ManagedGroup) -> Result<SecurityGroupId, ChangeOutcome> {
        if let Some(known) = self.managed.get(&group.vpc) {
            return Ok(known.clone());
        }
        match self.find_managed(&group.vpc).await? {
            Some(found) => Ok(found.id),
            None => Err(skipped(format!("{group} does not exist in {}", group.vpc))),
        }
    }

    async fn find_managed(&mut self, vpc: &VpcId) -> Result<Option<SecurityGroup>, ChangeOutcome> {
        let here = vec![
            filter("vpc-id", [vpc.as_str()]),
            filter("group-name", [MANAGED_GROUP_NAME]),
        ];
        let Some(group) = self.look_up(here).await? else {
            return Ok(None);
        };
        if !ours(&group) {
            return Err(failed(format!(
                "{} in {vpc} is named {MANAGED_GROUP_NAME} but lacks the tag {TAG_MANAGED} = true; rename it, or tag it \
                 if Postern may manage it",
                group.id
            )));
        }
        self.managed.insert(vpc.clone(), group.id.clone());
        Ok(Some(group))
    }

    async fn look_up(&self, filters: Vec<Filter>) -> Result<Option<SecurityGroup>, ChangeOutcome> {
        let found = describe::security_groups(&self.ec2, filters)
            .await
            .map_err(refusal::outcome)?;
        let parsed = found.first().map(parse::security_group).transpose();
        Ok(parsed.map_err(refusal::outcome)?.map(|(_, group)| group))
    }
}

pub(super) fn ours(group: &SecurityGroup) -> bool {
    group.name == MANAGED_GROUP_NAME && group.tags.get(TAG_MANAGED).is_some_and(|value| value == "true")
}

fn met(group: &SecurityGroup) -> ChangeOutcome {
    not_needed(format!("{} is there", group.id))
}
