//! Security groups of other VPCs.
//!
//! A group may be associated with several VPCs
//! ([AssociateSecurityGroupVpc](https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AssociateSecurityGroupVpc.html)),
//! but EC2 lists it under its own VPC only. So an endpoint may have groups that the list of its VPC lacks.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::Client;
use postern_core::model::endpoint::Endpoint;
use postern_core::model::id::{EndpointId, SecurityGroupId};
use postern_core::model::managed::{MANAGED_GROUP_NAME, QUARANTINE_GROUP_NAME};
use postern_core::model::snapshot::SecurityGroup;

use crate::describe::{self, filter, parse};
use crate::error::CallError;

/// The groups of the endpoints that are not known. A group that EC2 does not show, or may not be asked for, stays
/// unknown.
pub(super) async fn foreign(
    ec2: &Client,
    endpoints: &BTreeMap<EndpointId, Endpoint>,
    known: &BTreeMap<SecurityGroupId, SecurityGroup>,
) -> Result<BTreeMap<SecurityGroupId, SecurityGroup>, CallError> {
    let unknown = unknown_groups(endpoints, known);
    if unknown.is_empty() {
        return Ok(BTreeMap::new());
    }
    let ids = filter("group-id", unknown.iter().map(SecurityGroupId::as_str));
    let mut found = match describe::security_groups(ec2, vec![ids]).await {
        Ok(found) => parse::all(found, parse::security_group)?,
        Err(error) if error.transient() => return Err(error),
        Err(_) => BTreeMap::new(),
    };
    found.retain(|_, group| may_be_foreign(group));
    Ok(found)
}

pub(super) fn unknown_groups(
    endpoints: &BTreeMap<EndpointId, Endpoint>,
    known: &BTreeMap<SecurityGroupId, SecurityGroup>,
) -> BTreeSet<SecurityGroupId> {
    let attached = endpoints.values().flat_map(|endpoint| &endpoint.security_groups);
    attached.filter(|id| !known.contains_key(*id)).cloned().collect()
}

/// The managed groups of another VPC must not be taken for those of this VPC.
pub(super) fn may_be_foreign(group: &SecurityGroup) -> bool {
    ![MANAGED_GROUP_NAME, QUARANTINE_GROUP_NAME].contains(&group.name.as_str())
}
