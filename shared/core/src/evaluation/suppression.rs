//! Which findings are accepted, and which are not remediated although their changes are known.

use jiff::Timestamp;

use super::assessment::{Assessment, Conclusion, Remediation};
use super::finding::{Exempt, Suppression};
use super::{Context, ControlContext, ScopeContext, TAG_EXEMPT};
use crate::changes::Change;
use crate::model::endpoint::Endpoint;
use crate::model::finding::{FindingKey, ResourceKind};
use crate::model::id::{AccountId, VpcId};
use crate::model::managed::managed_by;
use crate::model::part::Tags;
use crate::model::scope_snapshot::Snapshot;
use crate::model::snapshot::VpcSnapshot;
use crate::settings::{ExemptionSelector, Mode, Settings};

/// The exemption of a resource from a control: by the settings, or else by a tag where the settings allow it.
pub(super) fn exemption(key: &FindingKey, context: &ScopeContext<'_>) -> Option<Exempt> {
    let vpc = match context.snapshot {
        Snapshot::Vpc(vpc) => Some(&vpc.vpc.id),
        Snapshot::Service(_) => None,
    };
    let place = (vpc, context.snapshot.account());
    exemption_at(
        key,
        tags_of(key, context.snapshot),
        place,
        context.settings,
        context.now,
    )
}

/// The same by the tags of the resource, its VPC and its account.
fn exemption_at(
    key: &FindingKey,
    tags: Option<&Tags>,
    (vpc, account): (Option<&VpcId>, &AccountId),
    settings: &Settings,
    now: Timestamp,
) -> Option<Exempt> {
    let matching = settings.exemptions.iter().filter(|exemption| {
        exemption.control == key.control
            && exemption.expires > now
            && match &exemption.selector {
                ExemptionSelector::Resource(id) => *id == key.resource.id,
                ExemptionSelector::Tag { key, value } => tags.and_then(|t| t.get(key)) == Some(value),
                ExemptionSelector::Vpc(id) => vpc == Some(id),
                ExemptionSelector::Account(id) => account == id,
            }
    });
    // The one that ends last decides, in whatever order they are written.
    let from_settings = matching.max_by_key(|exemption| (exemption.expires, &exemption.reason));
    if let Some(exemption) = from_settings {
        return Some(Exempt {
            reason: exemption.reason.clone(),
            expires: Some(exemption.expires),
        });
    }
    let tag = tags?.get(TAG_EXEMPT)?;
    settings.exempt_by_tag.contains(&key.control).then(|| Exempt {
        reason: format!("tag {TAG_EXEMPT} = {tag}"),
        expires: None,
    })
}

impl Context<'_> {
    /// Whether an endpoint of the VPC is exempt from a control.
    pub(crate) fn exempt(&self, key: &FindingKey, endpoint: &Endpoint) -> bool {
        let place = (Some(&self.snapshot.vpc.id), &self.snapshot.account);
        exemption_at(key, Some(&endpoint.tags), place, self.settings, self.now).is_some()
    }
}

/// Why the changes of an assessment are not planned, in a control of this mode. None where nothing keeps them from it.
pub(super) fn suppression(assessment: &Assessment, mode: Mode, context: &ScopeContext<'_>) -> Option<Suppression> {
    let Assessment { key, conclusion } = assessment;
    let Conclusion::NonCompliant { remediation, .. } = conclusion else {
        return None;
    };
    let ScopeContext {
        snapshot,
        settings,
        history,
        now,
        ..
    } = context;
    if let Some(pause) = history.pause(key, *now) {
        return Some(Suppression::Paused(pause.clone()));
    }
    let Remediation::Automatic(changes) = remediation else {
        return None;
    };
    if let ControlContext::Vpc(vpc) = &context.controls {
        if let Some(managed_by) = managed_by_others(changes, vpc.snapshot) {
            return Some(Suppression::ManagedByOthers(managed_by));
        }
        if let Some(endpoint) = vpc.locked_out_by(changes) {
            return Some(Suppression::LocksOut(endpoint));
        }
    }
    if mode != Mode::Enforce {
        return None;
    }
    let exhausted = history.retries_exhausted(key, changes, &settings.limits, *now);
    exhausted.map(Suppression::RetriesExhausted).or_else(|| {
        let conflict = history.conflict(key, changes, snapshot, &settings.limits, *now);
        conflict.map(Suppression::Conflict)
    })
}

/// The tags of the resource of a finding. A connection has none that the owner of the service can set.
pub(super) fn tags_of<'a>(key: &FindingKey, snapshot: &'a Snapshot) -> Option<&'a Tags> {
    let id = key.resource.id.as_str();
    match (key.resource.kind, snapshot) {
        (ResourceKind::Vpc, Snapshot::Vpc(vpc)) => Some(&vpc.vpc.tags),
        (ResourceKind::Subnet, Snapshot::Vpc(vpc)) => vpc.subnets.as_ref().ok()?.get(&id.into()).map(|s| &s.tags),
        (ResourceKind::RouteTable, Snapshot::Vpc(vpc)) => {
            vpc.route_tables.as_ref().ok()?.get(&id.into()).map(|t| &t.tags)
        }
        (ResourceKind::Endpoint, Snapshot::Vpc(vpc)) => vpc.endpoints.as_ref().ok()?.get(&id.into()).map(|e| &e.tags),
        (ResourceKind::EndpointService, Snapshot::Service(snapshot)) => Some(&snapshot.service.tags),
        (ResourceKind::EndpointConnection, Snapshot::Service(_)) => None,
        (
            ResourceKind::Vpc | ResourceKind::Subnet | ResourceKind::RouteTable | ResourceKind::Endpoint,
            Snapshot::Service(_),
        )
        | (ResourceKind::EndpointService | ResourceKind::EndpointConnection, Snapshot::Vpc(_)) => None,
    }
}

/// Who else manages an endpoint that one of the changes modifies.
fn managed_by_others(changes: &[Change], snapshot: &VpcSnapshot) -> Option<String> {
    let endpoints = snapshot.endpoints.as_ref().ok()?;
    changes.iter().filter_map(Change::endpoint).find_map(|id| {
        let managed_by = managed_by(endpoints.get(id)?, snapshot)?;
        Some(format!("{id} {managed_by}"))
    })
}
