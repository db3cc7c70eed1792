//! Whether a change is in effect, by what was observed.

use crate::model::endpoint::Endpoint;
use crate::model::endpoint_service::{Connection, ServiceSnapshot};
use crate::model::id::{EndpointId, RunId};
use crate::model::managed::{GroupPurpose, TAG_RUN, is_managed, managed_by};
use crate::model::part::{Gap, Observed, Tags};
use crate::model::scope_snapshot::Snapshot;
use crate::model::snapshot::{SecurityGroup, VpcSnapshot};

/// Whether a change is in effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EffectCheck {
    InEffect {
        /// The id of what was created, or of the managed group that the change refers to.
        created: Option<String>,
    },
    /// With what was observed instead.
    NotInEffect(String),
}

pub(super) type EffectResult = Result<EffectCheck, Gap>;

pub(super) fn in_effect(created: Option<String>) -> EffectCheck {
    EffectCheck::InEffect { created }
}

pub(super) fn not_in_effect(instead: impl Into<String>) -> EffectCheck {
    EffectCheck::NotInEffect(instead.into())
}

pub(super) fn effect_if(condition: bool, instead: impl FnOnce() -> String) -> EffectCheck {
    if condition {
        in_effect(None)
    } else {
        not_in_effect(instead())
    }
}

/// What is observed instead of the effect of a change that cannot be made in this scope.
pub(super) fn other_scope(snapshot: &Snapshot) -> EffectCheck {
    EffectCheck::NotInEffect(format!("{} is no scope of such a change", snapshot.resource().id))
}

pub(super) fn managed_group(state: &VpcSnapshot) -> Observed<Option<&SecurityGroup>> {
    group_for(state, GroupPurpose::Ingress)
}

pub(super) fn group_for(state: &VpcSnapshot, purpose: GroupPurpose) -> Observed<Option<&SecurityGroup>> {
    state.security_groups.as_ref().map_err(Gap::clone)?;
    Ok(state.group_for(purpose))
}

/// The effect on an endpoint, which has to be alive.
pub(super) fn on_endpoint(
    state: &VpcSnapshot,
    id: &EndpointId,
    check: impl FnOnce(&Endpoint) -> EffectCheck,
) -> EffectResult {
    Ok(match live_endpoint(state, id)? {
        Some(endpoint) => check(endpoint),
        None => not_in_effect(format!("{id} is gone")),
    })
}

/// The effect of an inverse: `left` says whether something of the change is still there. Of a dead endpoint nothing is.
pub(super) fn undone_on(
    state: &VpcSnapshot,
    id: &EndpointId,
    left: impl FnOnce(&Endpoint) -> bool,
    instead: impl FnOnce() -> String,
) -> EffectResult {
    let left = live_endpoint(state, id)?.is_some_and(left);
    Ok(effect_if(!left, instead))
}

fn live_endpoint<'a>(state: &'a VpcSnapshot, id: &EndpointId) -> Observed<Option<&'a Endpoint>> {
    let endpoints = state.endpoints.as_ref().map_err(Gap::clone)?;
    Ok(endpoints.get(id).filter(|endpoint| !endpoint.dead()))
}

/// A connection that AWS lists.
pub(super) fn connection<'a>(state: &'a ServiceSnapshot, id: &EndpointId) -> Observed<Option<&'a Connection>> {
    Ok(state.connections.as_ref().map_err(Gap::clone)?.get(id))
}

/// The effect on a connection, which AWS has to list.
pub(super) fn on_connection(
    state: &ServiceSnapshot,
    id: &EndpointId,
    check: impl FnOnce(&Connection) -> EffectCheck,
) -> EffectResult {
    Ok(match connection(state, id)? {
        Some(connection) => check(connection),
        None => not_in_effect(format!("the connection of {id} is gone")),
    })
}

/// Whether a run of Postern created what carries these tags.
pub(super) fn created_by(tags: &Tags, run: &RunId) -> bool {
    is_managed(tags) && tags.get(TAG_RUN).is_some_and(|value| value == run.as_str())
}

/// Who manages an endpoint now, or else how it differs from what a change left. None where it is gone: then nothing
/// is left to undo.
pub(super) fn endpoint_altered(
    id: &EndpointId,
    state: &VpcSnapshot,
    differs: impl FnOnce(&Endpoint) -> Option<String>,
) -> Result<Option<String>, Gap> {
    let endpoints = state.endpoints.as_ref().map_err(Gap::clone)?;
    let Some(endpoint) = endpoints.get(id) else {
        return Ok(None);
    };
    let differs = managed_by(endpoint, state).or_else(|| differs(endpoint));
    Ok(differs.map(|differs| format!("{id}: {differs}")))
}
