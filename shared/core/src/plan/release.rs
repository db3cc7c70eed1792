//! What of ours stands in the way of somebody who wants to be rid of a subnet or a VPC.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::changes::{AddSubnet, Change, DeleteEndpoint, DeleteSecurityGroup, Inverse, RemoveSubnet};
use crate::history::{Action, ChangeRecord};
use crate::model::id::{SubnetId, VpcId};
use crate::model::managed::{is_managed, managed_by};
use crate::model::snapshot::{Endpoint, Gap, Snapshot};
use crate::trigger::{Failure, TriggeringEvent};

/// Something besides findings that people should know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Notice {
    pub kind: NoticeKind,
    pub text: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// The event that it is about, among the occasions.
    pub event_id: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NoticeKind {
    /// A subnet or VPC could not be deleted while things of ours are in it.
    DeletionBlocked,
}

/// What is to be emptied of what is ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReleaseTarget {
    Vpc(VpcId),
    Subnet(SubnetId),
}

/// How a room is emptied of what is ours.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Release {
    /// In this order.
    pub inverses: Vec<Inverse>,
    /// What each of these removes, in words.
    pub ours: Vec<String>,
    /// What is there besides and stays, since it is not ours.
    pub foreign: Vec<String>,
}

impl ReleaseTarget {
    /// By the id of a VPC or a subnet.
    pub fn parse(id: &str) -> Option<Self> {
        if id.starts_with("vpc-") {
            return Some(Self::Vpc(id.into()));
        }
        id.starts_with("subnet-").then(|| Self::Subnet(id.into()))
    }
}

impl fmt::Display for ReleaseTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Vpc(vpc) => vpc.fmt(f),
            Self::Subnet(subnet) => subnet.fmt(f),
        }
    }
}

/// What has to be removed so that nothing of ours is left in the VPC or subnet.
///
/// # Errors
/// Where the endpoints or security groups were not observed.
pub fn release(room: &ReleaseTarget, snapshot: &Snapshot, records: &[ChangeRecord]) -> Result<Release, Gap> {
    let mut release = Release::default();
    let endpoints = snapshot.endpoints.as_ref().map_err(Gap::clone)?;
    for endpoint in endpoints.values().filter(|endpoint| !endpoint.dead()) {
        match room {
            ReleaseTarget::Vpc(_) => release.endpoint(endpoint, snapshot),
            ReleaseTarget::Subnet(subnet) if endpoint.subnets.contains(subnet) => {
                release.subnet(endpoint, subnet, snapshot, records);
            }
            ReleaseTarget::Subnet(_) => {}
        }
    }
    if let ReleaseTarget::Vpc(_) = room {
        snapshot.security_groups.as_ref().map_err(Gap::clone)?;
        release.group(snapshot, endpoints.values());
    }
    Ok(release)
}

/// What people have to know of the deletions that failed while something of ours stood in their way.
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
    let room = ReleaseTarget::parse(&failure.resource)?;
    let here = match &room {
        ReleaseTarget::Vpc(vpc) => *vpc == snapshot.vpc.id,
        ReleaseTarget::Subnet(subnet) => snapshot.subnets.as_ref().ok()?.contains_key(subnet),
    };
    let release = release(&room, snapshot, records).ok().filter(|_| here)?;
    if release.ours.is_empty() {
        return None;
    }
    let who = triggering_event
        .actor
        .as_ref()
        .map(|actor| format!(" by {}", actor.identity));
    let others = match release.foreign.as_slice() {
        [] => String::new(),
        foreign => format!(" Not of Postern, but in it too: {}.", foreign.join(", ")),
    };
    Some(Notice {
        kind: NoticeKind::DeletionBlocked,
        text: format!(
            "{}{} failed ({}): in {room} there is what Postern made: {}.{others} Postern does not remove it by itself.",
            triggering_event.event,
            who.unwrap_or_default(),
            failure.code,
            release.ours.join(", "),
        ),
        command: Some(format!("postern release {room}")),
        event_id: triggering_event.event_id.clone(),
    })
}

impl Release {
    fn remove(&mut self, inverse: Inverse, what: String) {
        self.inverses.push(inverse);
        self.ours.push(what);
    }

    fn endpoint(&mut self, endpoint: &Endpoint, snapshot: &Snapshot) {
        if ours(endpoint, snapshot) {
            let endpoint_id = endpoint.id.clone();
            self.remove(
                Inverse::DeleteEndpoint(DeleteEndpoint { endpoint: endpoint_id }),
                named(endpoint),
            );
        } else {
            self.foreign.push(named(endpoint));
        }
    }

    fn subnet(&mut self, endpoint: &Endpoint, subnet: &SubnetId, snapshot: &Snapshot, records: &[ChangeRecord]) {
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
        if ours(endpoint, snapshot) && !others {
            self.endpoint(endpoint, snapshot);
        } else if ours(endpoint, snapshot) || (placed && others && managed_by(endpoint, snapshot).is_none()) {
            self.remove(remove, in_subnet());
        } else {
            self.foreign.push(in_subnet());
        }
    }

    /// The managed group goes last, if nothing is left that uses it.
    fn group<'a>(&mut self, snapshot: &Snapshot, endpoints: impl IntoIterator<Item = &'a Endpoint>) {
        let Some(group) = snapshot.managed_group() else { return };
        let mut users = endpoints.into_iter().filter(|endpoint| {
            !endpoint.dead() && endpoint.security_groups.contains(&group.id) && !ours(endpoint, snapshot)
        });
        let named = format!("{} ({})", group.id, group.name);
        match users.next() {
            Some(user) => self.foreign.push(format!("{named}, which {} uses", user.id)),
            None => self.remove(
                Inverse::DeleteSecurityGroup(DeleteSecurityGroup {
                    group: group.id.clone(),
                }),
                named,
            ),
        }
    }
}

/// Made by Postern, and nobody else's since.
fn ours(endpoint: &Endpoint, snapshot: &Snapshot) -> bool {
    is_managed(&endpoint.tags) && managed_by(endpoint, snapshot).is_none()
}

fn named(endpoint: &Endpoint) -> String {
    match &endpoint.service {
        Some(service) => format!("{} ({service})", endpoint.id),
        None => endpoint.id.to_string(),
    }
}
