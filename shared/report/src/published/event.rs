//! Who did what, and when.

use jiff::Timestamp;
use postern_core::trigger::{self, Tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A call or a schedule because of which Postern evaluated the scope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TriggeringEvent {
    /// The API call, such as `CreateSubnet`; `Scheduled Event` for the schedule.
    pub event: String,
    /// CloudTrail's id of the event.
    pub event_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub time: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<Actor>,
    /// Set if the call failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

/// The caller of the API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Actor {
    /// The ARN, or else the user name, principal id, service, account or address of the caller.
    pub identity: String,
    /// Such as `IAMUser`, `AssumedRole`, `Root`, `AWSService`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity_type: Option<String>,
    /// The tool that made the call, such as `Terraform`, if its user agent is a known one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_address: Option<String>,
    /// The AWS service that called on the actor's behalf.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invoked_by: Option<String>,
}

/// Why a call failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Failure {
    /// As CloudTrail records it, such as `Client.DependencyViolation`.
    pub code: String,
    /// The id of the resource that could not be deleted.
    pub resource: String,
}

impl From<&trigger::TriggeringEvent> for TriggeringEvent {
    fn from(event: &trigger::TriggeringEvent) -> Self {
        Self {
            event: event.event.clone(),
            event_id: event.event_id.clone(),
            time: event.time,
            actor: event.actor.as_ref().map(Actor::from),
            failure: event.failure.as_ref().map(|failure| Failure {
                code: failure.code.clone(),
                resource: failure.resource.clone(),
            }),
        }
    }
}

impl From<&trigger::Actor> for Actor {
    fn from(actor: &trigger::Actor) -> Self {
        Self {
            identity: actor.identity.clone(),
            identity_type: actor.identity_type.clone(),
            tool: Tool::of(actor).map(|tool| tool.to_string()),
            user_agent: actor.user_agent.clone(),
            source_address: actor.source_address.clone(),
            invoked_by: actor.invoked_by.clone(),
        }
    }
}
