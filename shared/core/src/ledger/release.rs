//! What of ours stands in the way of somebody who wants to be rid of a subnet or a VPC.

use std::fmt;

use super::look;
use super::{Action, ChangeRecord};
use crate::change::{Change, Inverse};
use crate::control::keeper;
use crate::id::{SubnetId, VpcId};
use crate::report::{Notice, NoticeKind};
use crate::snapshot::{Endpoint, Gap, Snapshot};
use crate::trigger::{Failure, Occasion};

/// What is to be emptied of what is ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Room {
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

impl Room {
    /// By the id of a VPC or a subnet.
    pub fn parse(id: &str) -> Option<Self> {
        if id.starts_with("vpc-") {
            return Some(Self::Vpc(id.into()));
        }
        id.starts_with("subnet-").then(|| Self::Subnet(id.into()))
    }
}

impl fmt::Display for Room {
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
pub fn release(room: &Room, snapshot: &Snapshot, records: &[ChangeRecord]) -> Result<Release, Gap> {
    let mut release = Release::default();
    let endpoints = snapshot.endpoints.as_ref().map_err(Gap::clone)?;
    for endpoint in endpoints.values().filter(|endpoint| !endpoint.dead()) {
        match room {
            Room::Vpc(_) => release.endpoint(endpoint, snapshot),
            Room::Subnet(subnet) if endpoint.subnets.contains(subnet) => {
                release.subnet(endpoint, subnet, snapshot, records);
            }
            Room::Subnet(_) => {}
        }
    }
    if let Room::Vpc(_) = room {
        snapshot.security_groups.as_ref().map_err(Gap::clone)?;
        release.group(snapshot, endpoints.values());
    }
    Ok(release)
}

/// What people have to know of the deletions that failed while something of ours stood in their way.
pub fn notices(occasions: &[Occasion], snapshot: &Snapshot, records: &[ChangeRecord]) -> Vec<Notice> {
    let blocked = occasions
        .iter()
        .filter_map(|occasion| Some((occasion, occasion.failure.as_ref()?)));
    let mut notices: Vec<_> = blocked
        .filter_map(|(occasion, failure)| notice(occasion, failure, snapshot, records))
        .collect();
    notices.sort_by(|a, b| (&a.text, &a.event_id).cmp(&(&b.text, &b.event_id)));
    notices.dedup_by(|a, b| a.text == b.text);
    notices
}

fn notice(occasion: &Occasion, failure: &Failure, snapshot: &Snapshot, records: &[ChangeRecord]) -> Option<Notice> {
    let room = Room::parse(&failure.resource)?;
    let here = match &room {
        Room::Vpc(vpc) => *vpc == snapshot.vpc.id,
        Room::Subnet(subnet) => snapshot.subnets.as_ref().ok()?.contains_key(subnet),
    };
    let release = release(&room, snapshot, records).ok().filter(|_| here)?;
    if release.ours.is_empty() {
        return None;
    }
    let who = occasion.actor.as_ref().map(|actor| format!(" by {}", actor.identity));
    let others = match release.foreign.as_slice() {
        [] => String::new(),
        foreign => format!(" Not of Postern, but in it too: {}.", foreign.join(", ")),
    };
    Some(Notice {
        kind: NoticeKind::DeletionBlocked,
        text: format!(
            "{}{} failed ({}): in {room} there is what Postern made: {}.{others} Postern does not remove it by itself.",
            occasion.event,
            who.unwrap_or_default(),
            failure.code,
            release.ours.join(", "),
        ),
        command: Some(format!("postern release {room}")),
        event_id: occasion.event_id.clone(),
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
            self.remove(Inverse::DeleteEndpoint { endpoint: endpoint_id }, named(endpoint));
        } else {
            self.foreign.push(named(endpoint));
        }
    }

    fn subnet(&mut self, endpoint: &Endpoint, subnet: &SubnetId, snapshot: &Snapshot, records: &[ChangeRecord]) {
        let remove = Inverse::RemoveSubnet {
            endpoint: endpoint.id.clone(),
            subnet: subnet.clone(),
        };
        let others = endpoint.subnets.len() > 1;
        let placed = records.iter().filter(|record| record.counts()).any(|record| {
            matches!(&record.action, Action::Change(Change::AddSubnet { endpoint: e, subnet: s, .. })
                if *e == endpoint.id && s == subnet)
        });
        let in_subnet = || format!("{} in {subnet}", named(endpoint));
        if ours(endpoint, snapshot) && !others {
            self.endpoint(endpoint, snapshot);
        } else if ours(endpoint, snapshot) || (placed && others && keeper(endpoint, snapshot).is_none()) {
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
                Inverse::DeleteSecurityGroup {
                    group: group.id.clone(),
                },
                named,
            ),
        }
    }
}

/// Made by Postern, and nobody else's since.
fn ours(endpoint: &Endpoint, snapshot: &Snapshot) -> bool {
    look::managed(&endpoint.tags) && keeper(endpoint, snapshot).is_none()
}

fn named(endpoint: &Endpoint) -> String {
    match &endpoint.service {
        Some(service) => format!("{} ({service})", endpoint.id),
        None => endpoint.id.to_string(),
    }
}
