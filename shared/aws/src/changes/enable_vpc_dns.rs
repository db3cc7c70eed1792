//! Enables a DNS attribute of a VPC.

use aws_sdk_ec2::types::AttributeBooleanValue;
use postern_core::changes::{DisableVpcDns, DnsAttribute, EnableVpcDns};
use postern_core::model::id::VpcId;

use super::applier::{Applier, Step, not_needed};
use super::refusal;
use crate::describe;
use crate::error::CallError;

const MODIFY_VPC_ATTRIBUTE: &str = "ec2:ModifyVpcAttribute";

pub(super) const CALLS: &[&str] = &[describe::VPC_ATTRIBUTE, MODIFY_VPC_ATTRIBUTE];
pub(super) const UNDO_CALLS: &[&str] = CALLS;

pub(super) async fn apply(applier: &Applier, change: &EnableVpcDns) -> Step {
    let EnableVpcDns { vpc, attribute } = change;
    let enabled = describe::dns_attribute(&applier.ec2, vpc, *attribute).await;
    if enabled.map_err(refusal::outcome)? {
        return Err(not_needed(format!("{vpc} has {attribute} enabled")));
    }
    set(applier, vpc, *attribute, true).await
}

pub(super) async fn undo(applier: &Applier, inverse: &DisableVpcDns) -> Step {
    let DisableVpcDns { vpc, attribute } = inverse;
    let enabled = match describe::dns_attribute(&applier.ec2, vpc, *attribute).await {
        Err(error) if error.not_found() => return Err(not_needed(format!("{vpc} no longer exists"))),
        enabled => enabled.map_err(refusal::outcome)?,
    };
    if !enabled {
        return Err(not_needed(format!("{vpc} has {attribute} disabled")));
    }
    set(applier, vpc, *attribute, false).await
}

async fn set(applier: &Applier, vpc: &VpcId, attribute: DnsAttribute, enabled: bool) -> Step {
    let value = AttributeBooleanValue::builder().value(enabled).build();
    let request = applier.ec2.modify_vpc_attribute().vpc_id(vpc.as_str());
    let request = match attribute {
        DnsAttribute::Support => request.enable_dns_support(value),
        DnsAttribute::Hostnames => request.enable_dns_hostnames(value),
    };
    match request.send().await {
        Ok(_) => Ok(None),
        Err(error) => Err(refusal::outcome(CallError::new(MODIFY_VPC_ATTRIBUTE, error))),
    }
}
