//! One endpoint service as it was observed, gaps included.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::address::AddressType;
use super::arn::Arn;
use super::endpoint::{EndpointKind, EndpointState};
use super::id::{AccountId, EndpointId, EndpointServiceId, Region, ServiceName, Zone};
use super::part::{Observed, Tags};
use super::scope::Scope;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceSnapshot {
    /// The account of the scope, with whose credentials AWS is called.
    pub account: AccountId,
    pub region: Region,
    pub service: EndpointService,
    /// Who may connect, by principal.
    pub permissions: Observed<BTreeMap<String, Permission>>,
    /// The endpoints of consumers in every state that AWS lists.
    pub connections: Observed<BTreeMap<EndpointId, Connection>>,
    /// The load balancers that the configuration names, by ARN.
    pub load_balancers: Observed<BTreeMap<String, LoadBalancer>>,
    /// By the ARN of the load balancer.
    pub target_health: Observed<BTreeMap<String, TargetHealth>>,
}

/// The configuration of an endpoint service:
/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ServiceConfiguration.html>.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointService {
    pub id: EndpointServiceId,
    /// Such as `com.amazonaws.vpce.eu-central-1.vpce-svc-0a1b2c3d`.
    pub name: ServiceName,
    pub owner: AccountId,
    pub state: ServiceState,
    pub kind: EndpointKind,
    /// Whether the owner has to accept each connection.
    pub acceptance_required: bool,
    pub zones: BTreeSet<Zone>,
    /// The ARNs of network load balancers or of gateway load balancers.
    pub load_balancers: BTreeSet<String>,
    /// The Regions from which consumers may connect; its own Region may be among them.
    pub regions: BTreeSet<Region>,
    pub private_dns: Option<PrivateDnsName>,
    /// The addresses that endpoints to it may have. None where AWS lists none.
    pub address_type: Option<AddressType>,
    pub payer: PayerResponsibility,
    pub tags: Tags,
}

/// Who pays for the endpoints of consumers: their owners, unless the owner of the service took it over
/// ([ModifyVpcEndpointServicePayerResponsibility](https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyVpcEndpointServicePayerResponsibility.html)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PayerResponsibility {
    EndpointOwner,
    ServiceOwner,
    Unknown,
}

/// The states of the wire, compared without case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ServiceState {
    Pending,
    Available,
    Deleting,
    Deleted,
    Failed,
    Unknown,
}

/// The name by which consumers reach the service in their VPCs. AWS uses it once the owner proved by a DNS record that the
/// domain is theirs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrivateDnsName {
    pub name: String,
    pub verification: Verification,
    /// The record that AWS looks for.
    pub record: Option<DnsRecord>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verification {
    Pending,
    Verified,
    Failed,
    Unknown,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnsRecord {
    /// `TXT`.
    pub kind: String,
    /// Relative to the domain of the private DNS name.
    pub name: String,
    pub value: String,
}

/// A principal that may connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permission {
    /// `*`, or the ARN of an account, role or user.
    pub principal: String,
    pub kind: PrincipalKind,
    /// `vpce-svc-perm-…`
    pub id: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PrincipalKind {
    All,
    Account,
    Role,
    User,
    OrganizationUnit,
    Service,
    Other,
}

/// An endpoint of a consumer that is connected, or asks to be. AWS names its owner, never the caller who created it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    pub endpoint: EndpointId,
    pub owner: AccountId,
    pub state: EndpointState,
    /// Where the endpoint is.
    pub region: Region,
    pub created: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadBalancer {
    pub arn: String,
    pub state: LoadBalancerState,
    pub zones: BTreeSet<Zone>,
    /// None where the load balancer is gone.
    pub deletion_protection: Option<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LoadBalancerState {
    Active,
    Provisioning,
    /// Works, and lacks resources to scale.
    Impaired,
    Failed,
    /// Deleted, although the service names it.
    Gone,
    Unknown,
}

/// The targets behind a load balancer, in all its target groups.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TargetHealth {
    pub registered: usize,
    pub healthy: usize,
}

impl ServiceSnapshot {
    pub fn scope(&self) -> Scope {
        Scope::endpoint_service(&self.account, &self.region, &self.service.id)
    }
}

impl EndpointService {
    /// Why nothing is required of it any more: it is deleted.
    pub fn ends(&self) -> Option<&'static str> {
        match self.state {
            ServiceState::Deleting | ServiceState::Deleted => Some("It is being deleted."),
            ServiceState::Pending | ServiceState::Available | ServiceState::Failed | ServiceState::Unknown => None,
        }
    }
}

impl LoadBalancer {
    /// The name in its ARN, such as `net/payments/50dc6c495c0c9188`.
    pub fn name(&self) -> &str {
        let resource = Arn::parse(&self.arn).map(|arn| arn.resource);
        let name = resource.and_then(|resource| resource.strip_prefix("loadbalancer/"));
        name.unwrap_or(&self.arn)
    }
}

impl ServiceState {
    pub fn parse(text: &str) -> Self {
        match text.to_ascii_lowercase().as_str() {
            "pending" => Self::Pending,
            "available" => Self::Available,
            "deleting" => Self::Deleting,
            "deleted" => Self::Deleted,
            "failed" => Self::Failed,
            _ => Self::Unknown,
        }
    }
}

impl Verification {
    pub fn parse(text: &str) -> Self {
        match text.to_ascii_lowercase().as_str() {
            "pendingverification" => Self::Pending,
            "verified" => Self::Verified,
            "failed" => Self::Failed,
            _ => Self::Unknown,
        }
    }
}

impl PrincipalKind {
    /// The kind of `*` or an ARN.
    pub fn of(principal: &str) -> Self {
        match Arn::parse(principal).map(|arn| arn.resource) {
            None if principal == "*" => Self::All,
            Some("root") => Self::Account,
            Some(resource) if resource.starts_with("role/") => Self::Role,
            Some(resource) if resource.starts_with("user/") => Self::User,
            Some(_) | None => Self::Other,
        }
    }

    pub fn parse(text: &str) -> Self {
        match text.to_ascii_lowercase().as_str() {
            "all" => Self::All,
            "account" => Self::Account,
            "role" => Self::Role,
            "user" => Self::User,
            "organizationunit" => Self::OrganizationUnit,
            "service" => Self::Service,
            _ => Self::Other,
        }
    }
}

impl Connection {
    /// Asks to be accepted.
    pub fn waits(&self) -> bool {
        self.state == EndpointState::PendingAcceptance
    }

    /// Was accepted, so that traffic flows or is about to.
    pub fn accepted(&self) -> bool {
        matches!(
            self.state,
            EndpointState::Pending | EndpointState::Available | EndpointState::Partial
        )
    }
}
