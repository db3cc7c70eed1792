//! Removing what Postern created from a subnet or a VPC, and noticing that it blocks their deletion.

use std::fmt;

use crate::changes::{AddSubnet, Change, DeleteEndpoint, DeleteSecurityGroup, Inverse, RemoveSubnet};
use crate::history::{Action, ChangeRecord};
use crate::model::endpoint::Endpoint;
use crate::model::finding::{Resource, ResourceKind};
use crate::model::id::{EndpointServiceId, SubnetId, VpcId};
use crate::model::managed::{GroupPurpose, is_managed, managed_by};
use crate::model::part::Gap;
use crate::model::scope::ScopedResource;
use crate::model::scope_snapshot::Snapshot;
use crate::model::snapshot::VpcSnapshot;
use crate::trigger::{Failure, TriggeringEvent};

/// Something besides findings that people should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    pub kind: NoticeKind,
    pub text: String,
    /// What to do about it.
    pub command: Option<String>,
    /// The CloudTrail id of the event that it is about.
    pub event_id: String,
    /// What could not be deleted.
    pub resource: Resource,
    /// Why, whoever called: another notice of the resource that gives the same reason is no news.
    pub reason: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeKind {
    /// A subnet or VPC could not be deleted, and resources that Postern created are in it.
    DeletionBlocked,
}

/// The resource from which everything that Postern created is to be removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReleaseTarget {
    Vpc(VpcId),
    Subnet(SubnetId),
    /// In an endpoint service Postern creates nothing.
    EndpointService(EndpointServiceId),
}

/// How it is removed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Release {
    /// In this order.
    pub inverses: Vec<Inverse>,
    /// What each of the inverses removes, in words.
    pub removed: Vec<String>,
    /// What stays, since Postern did not create it.
    pub remaining: Vec<String>,
    /// What Postern created and what stays, with the reason.
    pub in_use: Vec<String>,
}

impl ReleaseTarget {
    /// By the id of a VPC, a subnet or an endpoint service.
    pub fn parse(id: &str) -> Option<Self> {
        match ScopedResource::parse(id) {
            Some(ScopedResource::Vpc(vpc)) => Some(Self::Vpc(vpc)),
            Some(ScopedResource::EndpointService(service)) => Some(Self::EndpointService(service)),
            None => id.starts_with("subnet-").then(|| Self::Subnet(id.into())),
        }
    }
}

impl fmt::Display for ReleaseTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Vpc(vpc) => vpc.fmt(f),
            Self::Subnet(subnet) => subnet.fmt(f),
            Self::EndpointService(service) => service.fmt(f),
        }
    }
}

/// What has to be removed so that nothing that Postern created is left in the VPC or subnet.
///
/// # Errors
/// Where the endpoints or security groups were not observed.
pub fn release(target: &ReleaseTarget, snapshot: &Snapshot, records: &[ChangeRecord]) -> Result<Release, Gap> {
    let mut release = Release::default();
    let Snapshot::Vpc(snapshot) = snapshot else {
        return Ok(release);
    };
    let endpoints = snapshot.endpoints.as_ref().map_err(Gap::clone)?;
    for endpoint in endpoints.values().filter(|endpoint| !endpoint.dead()) {
        match target {
            ReleaseTarget::Vpc(_) => release.endpoint(endpoint, snapshot),
            ReleaseTarget::Subnet(subnet) if endpoint.subnets.contains(subnet) => {
                release.subnet(endpoint, subnet, snapshot, records);
            }
            ReleaseTarget::Subnet(_) | ReleaseTarget::EndpointService(_) => {}
        }
    }
    if let ReleaseTarget::Vpc(_) = target {
        snapshot.security_groups.as_ref().map_err(Gap::clone)?;
        for purpose in [GroupPurpose::Ingress, GroupPurpose::Quarantine] {
            release.group(snapshot, purpose, endpoints.values());
        }
    }
    Ok(release)
}

/// Notices about deletions that failed while resources that Postern created are in the VPC or subnet.
pub fn notices(triggering_events: &[TriggeringEvent], snapshot: &Snapshot, records: &[ChangeRecord]) -> Vec<Notice> {
    let blocked = triggering_events
        .iter()
        .filter_map(|triggering_event| Some((triggering_event, triggering_event.failure.as_ref()?)));
    let mut notices: Vec<_> = blocked
        .filter_map(|(triggering_event, failure)| notice(triggering_event, failure, snapshot, records))
        .collect();
    notices.sort_by(|a, b| (&a.text, &a.event_id).cmp(&(&b.text, &b.event_id)));
    notices.dedup_by(|a, b| a.text == b.text);
    notices
}

fn notice(
    triggering_event: &TriggeringEvent,
    failure: &Failure,
    snapshot: &Snapshot,
    records: &[ChangeRecord],
) -> Option<Notice> {
    let target = ReleaseTarget::parse(&failure.resource)?;
    let here = match (&target, snapshot) {
        (ReleaseTarget::Vpc(id), Snapshot::Vpc(vpc)) => *id == vpc.vpc.id,
        (ReleaseTarget::Subnet(id), Snapshot::Vpc(vpc)) => vpc.subnets.as_ref().ok()?.contains_key(id),
        (ReleaseTarget::EndpointService(_), _) | (_, Snapshot::Service(_)) => false,
    };
    let release = release(&target, snapshot, records).ok().filter(|_| here)?;
    if release.removed.is_empty() {
        return None;
    }
    let kind = match target {
        ReleaseTarget::Vpc(_) => ResourceKind::Vpc,
        ReleaseTarget::Subnet(_) => ResourceKind::Subnet,
        ReleaseTarget::EndpointService(_) => ResourceKind::EndpointService,
    };
    let who = triggering_event
        .actor
        .as_ref()
        .map(|actor| format!(" by {}", actor.identity));
    let others = match release.remaining.as_slice() {
        [] => String::new(),
        remaining => format!(
            " It also contains {}, which Postern did not create.",
            remaining.join(", ")
        ),
    };
    let in_use = match release.in_use.as_slice() {
        [] => String::new(),
        in_use => format!(" Postern keeps {}.", in_use.join(", ")),
    };
    let reason = format!(
        "{target} contains {}, which Postern created.{others}{in_use}",
        release.removed.join(", ")
    );
    Some(Notice {
        kind: NoticeKind::DeletionBlocked,
        text: format!(
            "{}{} failed ({}): {reason} To remove what Postern created, use the command.",
            triggering_event.event,
            who.unwrap_or_default(),
            failure.code,
        ),
        resource: Resource::new(kind, &failure.resource),
        reason,
        command: Some(format!("postern release {target}")),
        event_id: triggering_event.event_id.clone(),
    })
}

impl Release {
    fn remove(&mut self, inverse: Inverse, what: String) {
        self.inverses.push(inverse);
        self.removed.push(what);
    }

    fn endpoint(&mut self, endpoint: &Endpoint, snapshot: &VpcSnapshot) {
        if created_by_postern(endpoint, snapshot) {
            let endpoint_id = endpoint.id.clone();
            self.remove(
                Inverse::DeleteEndpoint(DeleteEndpoint { endpoint: endpoint_id }),
                named(endpoint),
            );
        } else {
            self.remaining.push(named(endpoint));
        }
    }

    fn subnet(&mut self, endpoint: &Endpoint, subnet: &SubnetId, snapshot: &VpcSnapshot, records: &[ChangeRecord]) {
        let remove = Inverse::RemoveSubnet(RemoveSubnet {
            endpoint: endpoint.id.clone(),
            subnet: subnet.clone(),
        });
        let others = endpoint.subnets.len() > 1;
        let placed = records.iter().filter(|record| record.counts()).any(|record| {
            matches!(&record.action, Action::Change(Change::AddSubnet(AddSubnet { endpoint: e, subnet: s, .. }))
                if *e == endpoint.id && s == subnet)
        });
        let in_subnet = || format!("{} in {subnet}", named(endpoint));
        if created_by_postern(endpoint, snapshot) && !others {
            self.endpoint(endpoint, snapshot);
        } else if created_by_postern(endpoint, snapshot)
            || (placed && others && managed_by(endpoint, snapshot).is_none())
        {
            self.remove(remove, in_subnet());
        } else {
            self.remaining.push(in_subnet());
        }
    }

    /// A managed group is removed last, unless an endpoint that stays uses it.
    fn group<'a>(
        &mut self,
        snapshot: &VpcSnapshot,
        purpose: GroupPurpose,
        endpoints: impl IntoIterator<Item = &'a Endpoint>,
    ) {
        let Some(group) = snapshot.group_for(purpose) else {
            return;
        };
        let mut users = endpoints.into_iter().filter(|endpoint| {
            !endpoint.dead() && endpoint.security_groups.contains(&group.id) && !created_by_postern(endpoint, snapshot)
        });
        let named = format!("{} ({})", group.id, group.name);
        match users.next() {
            Some(user) => self.in_use.push(format!("{named}, because {} uses it", user.id)),
            None => self.remove(
                Inverse::DeleteSecurityGroup(DeleteSecurityGroup {
                    group: group.id.clone(),
                }),
                named,
            ),
        }
    }
}

/// Created by Postern and not managed by others.
fn created_by_postern(endpoint: &Endpoint, snapshot: &VpcSnapshot) -> bool {
    is_managed(&endpoint.tags) && managed_by(endpoint, snapshot).is_none()
}

fn named(endpoint: &Endpoint) -> String {
    match &endpoint.service {
        Some(service) => format!("{} ({service})", endpoint.id),
        None => endpoint.id.to_string(),
    }
}
