//! The events that start runs.
//!
//! [`read`] turns one event as EventBridge delivers it into a [`Trigger`], or gives the reason to ignore it. An event is a
//! hint and untrusted text: a missing id widens the target to the whole Region, and every id is checked before use.

mod actor;
mod body;
mod calls;
mod envelope;
#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod laws;
mod notification;
#[cfg(test)]
mod samples;
mod tool;

pub use self::calls::TAG_CALLS;
pub use self::tool::Tool;
pub use envelope::{Ignored, ParsedEvent, SCHEDULE, UnreadableError, read};
pub use notification::read_notification;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::id::{
    AccountId, EndpointId, EndpointServiceId, NetworkAclId, Region, RouteTableId, SecurityGroupId, SubnetId, VpcId,
};

/// The `errorCode` of a deletion that failed because another resource depends on the deleted one.
pub const DEPENDENCY_VIOLATION: &str = "Client.DependencyViolation";

/// What to reconcile because of an event. The event does not tell the state of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trigger {
    pub source: Source,
    pub account: AccountId,
    pub region: Region,
    /// Never empty. Several where the event names several resources.
    pub targets: Vec<Target>,
    pub triggering_event: TriggeringEvent,
}

/// Where a trigger comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A call that CloudTrail recorded.
    Call,
    Schedule,
    /// A [connection notification](https://docs.aws.amazon.com/vpc/latest/privatelink/create-notification-endpoint-service.html)
    /// of an endpoint service.
    Notification,
}

/// A resource in an account and Region that an event names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    Vpc(VpcId),
    Subnet(SubnetId),
    RouteTable(RouteTableId),
    /// `rtbassoc-…`
    RouteTableAssociation(String),
    SecurityGroup(SecurityGroupId),
    NetworkAcl(NetworkAclId),
    Endpoint(EndpointId),
    /// An endpoint whose connection the owner of a service accepted or rejected, of whichever account.
    ConnectedEndpoint(EndpointId),
    EndpointService(EndpointServiceId),
    /// The ARN of a load balancer, of the endpoint services behind which it is.
    LoadBalancer(String),
    /// Every scope of the Region.
    Region,
}

/// Who made which call when, for people to read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TriggeringEvent {
    /// The API call, such as `CreateSubnet`; `Scheduled Event` for the schedule; `Connection Notification`.
    pub event: String,
    /// The id of CloudTrail, EventBridge or SNS; the same in every copy of the event.
    pub event_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub time: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<Actor>,
    /// Set where the call failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

/// Why a call failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Failure {
    /// As recorded, such as `Client.DependencyViolation`.
    pub code: String,
    /// The id of the resource that could not be deleted.
    pub resource: String,
}

/// The caller of the API. Every text is free of control characters and at most 512 characters long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Actor {
    /// The ARN, or else the most specific name of the caller.
    pub identity: String,
    /// Such as `IAMUser`, `AssumedRole`, `Root`, `AWSService`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity_type: Option<String>,
    /// The tool that made the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_address: Option<String>,
    /// The AWS service that called on the actor's behalf.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invoked_by: Option<String>,
}
