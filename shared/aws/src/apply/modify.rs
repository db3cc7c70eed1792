//! Changes to the VPC and to endpoints that exist.

use aws_sdk_ec2::config::retry::RetryConfig;
use aws_sdk_ec2::operation::modify_vpc_endpoint::builders::ModifyVpcEndpointFluentBuilder;
use aws_sdk_ec2::types::AttributeBooleanValue;
use postern_core::changes::{DnsAttribute, ManagedGroup};
use postern_core::model::id::{EndpointId, RouteTableId, SubnetId, VpcId, Zone};
use postern_core::model::policy_document::same_policy;
use postern_core::model::snapshot::{Endpoint, EndpointKind};

use super::{Applier, MODIFY_ENDPOINT, MODIFY_VPC_ATTRIBUTE, Step, accepted, failed, not_needed, refusal, skipped};
use crate::describe::{self, parse};
use crate::error::CallError;

/// How often a policy is written while AWS does not answer.
const WRITES: usize = 3;

impl Applier {
    pub(super) async fn enable_vpc_dns(&self, vpc: &VpcId, attribute: DnsAttribute) -> Step {
        let enabled = describe::dns_attribute(&self.ec2, vpc, attribute).await;
        if enabled.map_err(refusal::outcome)? {
            return Err(not_needed(format!("{vpc} has {attribute} enabled")));
        }
        self.set_vpc_dns(vpc, attribute, true).await
    }

    pub(super) async fn set_vpc_dns(&self, vpc: &VpcId, attribute: DnsAttribute, enabled: bool) -> Step {
        let value = AttributeBooleanValue::builder().value(enabled).build();
        let request = self.ec2.modify_vpc_attribute().vpc_id(vpc.as_str());
        let request = match attribute {
            DnsAttribute::Support => request.enable_dns_support(value),
            DnsAttribute::Hostnames => request.enable_dns_hostnames(value),
        };
        match request.send().await {
            Ok(_) => Ok(None),
            Err(error) => Err(refusal::outcome(CallError::new(MODIFY_VPC_ATTRIBUTE, error))),
        }
    }

    pub(super) async fn add_subnet(&self, id: &EndpointId, subnet: &SubnetId, zone: &Zone) -> Step {
        let endpoint = self.endpoint(id).await?;
        if endpoint.subnets.contains(subnet) {
            return Err(not_needed(format!("{id} is in {subnet}, which serves {zone}")));
        }
        if endpoint.kind == EndpointKind::Gateway {
            return Err(failed(format!("{id} is a gateway endpoint, which takes no subnets")));
        }
        self.modify(id, |request| request.add_subnet_ids(subnet.as_str()))
            .await?;
        Ok(None)
    }

    pub(super) async fn associate_route_table(&self, id: &EndpointId, table: &RouteTableId) -> Step {
        let endpoint = self.endpoint(id).await?;
        if endpoint.route_tables.contains(table) {
            return Err(not_needed(format!("{id} is associated with {table}")));
        }
        if endpoint.kind != EndpointKind::Gateway {
            return Err(failed(format!(
                "{id} is not a gateway endpoint and takes no route tables"
            )));
        }
        self.modify(id, |request| request.add_route_table_ids(table.as_str()))
            .await?;
        Ok(None)
    }

    pub(super) async fn attach_managed_group(&mut self, id: &EndpointId, group: &ManagedGroup) -> Step {
        let endpoint = self.endpoint(id).await?;
        let group = self.group(group).await?;
        if endpoint.security_groups.contains(&group) {
            return Err(not_needed(format!("{group} is attached to {id}")));
        }
        self.modify(id, |request| request.add_security_group_ids(group.as_str()))
            .await?;
        Ok(Some(group.0))
    }

    pub(super) async fn enable_private_dns(&self, id: &EndpointId) -> Step {
        if self.endpoint(id).await?.private_dns {
            return Err(not_needed(format!("private DNS is enabled on {id}")));
        }
        self.modify(id, |request| request.private_dns_enabled(true)).await?;
        Ok(None)
    }

    /// The SDK does not repeat this request: somebody may have written another policy in between, so each attempt looks
    /// before it writes.
    pub(super) async fn replace_policy(&self, id: &EndpointId, before: &str, after: &str) -> Step {
        let once = || aws_sdk_ec2::config::Builder::new().retry_config(RetryConfig::disabled());
        let mut lost = None;
        for attempt in 1..=WRITES {
            let live = self.endpoint(id).await?.policy.unwrap_or_default();
            if same_policy(&live, after) {
                return match lost {
                    Some(_) => Ok(None),
                    None => Err(not_needed(format!("{id} has the wanted policy"))),
                };
            }
            if !same_policy(&live, before) {
                return Err(
                    lost.unwrap_or_else(|| skipped(format!("the policy of {id} was changed since it was observed")))
                );
            }
            let request = self
                .ec2
                .modify_vpc_endpoint()
                .vpc_endpoint_id(id.as_str())
                .policy_document(after);
            let answer = request.customize().config_override(once()).send().await;
            let answer = answer.map_err(|error| CallError::new(MODIFY_ENDPOINT, error));
            let Err(error) = answer.and_then(|answer| accepted(MODIFY_ENDPOINT, answer.r#return())) else {
                return Ok(None);
            };
            if !error.transient() {
                return Err(self.refused(error));
            }
            lost = Some(refusal::outcome(error));
            if attempt < WRITES {
                tokio::time::sleep(self.settle).await;
            }
        }
        Err(lost.unwrap_or_else(|| failed("it was not tried")))
    }

    /// The endpoint as it is now, if it is there to be modified by us.
    async fn endpoint(&self, id: &EndpointId) -> Result<Endpoint, super::ChangeOutcome> {
        let found = describe::endpoints_by_id(&self.ec2, [id]).await;
        let gone = || skipped(format!("{id} no longer exists"));
        let found = match found {
            Err(error) if error.not_found() => return Err(gone()),
            found => found.map_err(refusal::outcome)?,
        };
        let found = found.first().ok_or_else(gone)?;
        let (_, endpoint) = parse::endpoint(found, &self.account, &self.region).map_err(refusal::outcome)?;
        if !endpoint.usable() {
            let state = found.state().map_or("unknown", |state| state.as_str());
            return Err(skipped(format!("{id} is in state `{state}`")));
        }
        match endpoint.managed_by(&self.account) {
            Some(managed_by) => Err(skipped(format!("{id} {managed_by}"))),
            None => Ok(endpoint),
        }
    }

    pub(super) async fn modify(
        &self,
        id: &EndpointId,
        set: impl FnOnce(ModifyVpcEndpointFluentBuilder) -> ModifyVpcEndpointFluentBuilder,
    ) -> Result<(), super::ChangeOutcome> {
        let request = set(self.ec2.modify_vpc_endpoint().vpc_endpoint_id(id.as_str()));
        let answer = request
            .send()
            .await
            .map_err(|error| CallError::new(MODIFY_ENDPOINT, error));
        answer
            .and_then(|answer| accepted(MODIFY_ENDPOINT, answer.r#return()))
            .map_err(|error| self.refused(error))
    }
}
