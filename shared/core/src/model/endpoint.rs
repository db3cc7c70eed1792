//! One endpoint as it was observed.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::address::AddressType;
use super::id::{AccountId, EndpointId, Region, RouteTableId, SecurityGroupId, ServiceName, SubnetId};
use super::part::Tags;

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum EndpointKind {
    Interface,
    Gateway,
    GatewayLoadBalancer,
    Resource,
    ServiceNetwork,
    Tunnel,
    /// A type that AWS added later.
    Other,
}

/// The states of the wire, compared without case.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum EndpointState {
    PendingAcceptance,
    Pending,
    Available,
    Partial,
    Deleting,
    Deleted,
    Rejected,
    Failed,
    Expired,
    Unknown,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    pub id: EndpointId,
    pub kind: EndpointKind,
    /// Resource and service-network endpoints have none.
    pub service: Option<ServiceName>,
    /// The ARN of the resource configuration or service network to which it leads.
    pub target: Option<String>,
    /// Set where the service lies in another Region than the endpoint.
    pub service_region: Option<Region>,
    pub owner: AccountId,
    pub state: EndpointState,
    pub requester_managed: bool,
    pub subnets: BTreeSet<SubnetId>,
    pub route_tables: BTreeSet<RouteTableId>,
    pub security_groups: BTreeSet<SecurityGroupId>,
    /// The addresses of its network interfaces; for a gateway endpoint, those of the service to which it adds routes.
    pub address_type: AddressType,
    /// The addresses to which its private DNS names resolve.
    pub dns_records: AddressType,
    pub private_dns: bool,
    /// Private DNS is for inbound resolver endpoints only, so for clients outside of AWS. Those of the VPC use the gateway
    /// endpoint of the service.
    pub private_dns_inbound_only: bool,
    /// The policy document as AWS returns it.
    pub policy: Option<String>,
    pub created: Option<Timestamp>,
    pub tags: Tags,
}

impl EndpointKind {
    /// The kind in a sentence.
    pub fn word(self) -> &'static str {
        match self {
            Self::Interface => "interface",
            Self::Gateway => "gateway",
            Self::GatewayLoadBalancer => "Gateway Load Balancer",
            Self::Resource => "resource",
            Self::ServiceNetwork => "service-network",
            Self::Tunnel => "tunnel",
            Self::Other => "other",
        }
    }
}

impl EndpointState {
    pub fn parse(text: &str) -> Self {
        match text.to_ascii_lowercase().as_str() {
            "pendingacceptance" => Self::PendingAcceptance,
            "pending" => Self::Pending,
            "available" => Self::Available,
            "partial" => Self::Partial,
            "deleting" => Self::Deleting,
            "deleted" => Self::Deleted,
            "rejected" => Self::Rejected,
            "failed" => Self::Failed,
            "expired" => Self::Expired,
            _ => Self::Unknown,
        }
    }
}

impl Endpoint {
    /// Who else manages it, by the endpoint itself, worded to follow its id: `belongs to account 444455556666`.
    pub fn managed_by(&self, account: &AccountId) -> Option<String> {
        if self.requester_managed {
            return Some("is managed by the AWS service that requested it".to_owned());
        }
        if self.owner != *account {
            return Some(format!("belongs to account {}", self.owner));
        }
        let guard_duty = self.tags.contains_key("GuardDutyManaged");
        guard_duty.then(|| "is managed by Amazon GuardDuty".to_owned())
    }

    /// On its way out, or never came to life.
    pub fn dead(&self) -> bool {
        matches!(
            self.state,
            EndpointState::Deleting
                | EndpointState::Deleted
                | EndpointState::Rejected
                | EndpointState::Failed
                | EndpointState::Expired
        )
    }

    /// Whether the private DNS name of its service leads the clients of the VPC to it.
    pub fn holds_name(&self) -> bool {
        self.private_dns && !self.private_dns_inbound_only
    }

    /// Serves its VPC now, or is about to.
    pub fn usable(&self) -> bool {
        matches!(
            self.state,
            EndpointState::Pending
                | EndpointState::PendingAcceptance
                | EndpointState::Available
                | EndpointState::Partial
        )
    }
}
