//! What clients lose by network ACLs once they are led to another network interface of an endpoint.

use std::collections::{BTreeMap, BTreeSet};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::{LAMBDA, LINUX, Leg, NetworkAcls, Side, WINDOWS, leg, same_family, shown, traffic};
use crate::evaluation::service_ports::ServicePorts;
use crate::model::address::AddressType;
use crate::model::id::SubnetId;
use crate::model::network_acl::{NetworkAcl, Passage};
use crate::model::snapshot::Subnet;

/// Who is led to an endpoint.
pub struct Usage<'a> {
    pub ports: ServicePorts,
    /// Those to which the names of the endpoint resolve.
    pub addresses: AddressType,
    pub clients: Vec<&'a Subnet>,
    /// Whether other VPCs use it centrally.
    pub by_spokes: bool,
    /// The subnets in which it has network interfaces, and to which its clients are led already.
    pub present: Vec<SubnetId>,
}

/// Traffic of clients that passes today and would be dropped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lost {
    dropped: BTreeMap<Entry, BTreeSet<Ports>>,
    /// Subnets for which AWS lists no network ACL.
    unlisted: BTreeSet<SubnetId>,
    /// Network ACLs, with their subnets, of which nobody knows whether they let other VPCs through.
    unknown_to_spokes: BTreeSet<String>,
}

/// First and last.
type Ports = (u16, u16);

/// What a network ACL drops, whatever the ports.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    /// The network ACL and its subnet.
    at: String,
    peer: IpNet,
    egress: bool,
    answers: bool,
    partly: bool,
}

/// Requests of clients to a network interface, or the answers to them.
#[derive(Clone, Copy)]
struct Traffic<'a> {
    client: Side<'a>,
    host: Side<'a>,
    answers: bool,
    /// Between these, no entry of the network ACLs concerned begins or ends.
    ports: Ports,
}

impl<'a> Traffic<'a> {
    /// Where it is dropped, or a part of it.
    fn drops(self) -> Vec<Leg<'a>> {
        let Self { client, host, .. } = self;
        let legs = match self.answers {
            false => [
                leg(client, host, true, self.ports),
                leg(host, client, false, self.ports),
            ],
            true => [
                leg(host, client, true, self.ports),
                leg(client, host, false, self.ports),
            ],
        };
        legs.into_iter().filter(|leg| leg.passage > Passage::Allowed).collect()
    }
}

/// Whether all that is dropped at the second is dropped at the first as well. What is dropped of a network in part is the
/// same only by the same network ACL.
fn covers(first: &[Leg<'_>], second: &[Leg<'_>]) -> bool {
    let same =
        |a: &Leg<'_>, b: &Leg<'_>| (&a.acl.id, a.egress, a.peer, a.passage) == (&b.acl.id, b.egress, b.peer, b.passage);
    first.iter().any(|leg| leg.passage == Passage::Denied)
        || second.iter().all(|leg| first.iter().any(|other| same(leg, other)))
}

impl<'a> NetworkAcls<'a> {
    /// What they would drop of the traffic that works now, once clients are led to a network interface in this subnet. None
    /// where they would drop nothing of it.
    ///
    /// What every network interface of the endpoint drops today is not lost by another one. Neither is what the network ACL
    /// of a client that is led to a new endpoint lets through nowhere.
    pub fn cut_off(&self, usage: &Usage<'a>, host: &'a Subnet) -> Option<Lost> {
        if self.open.to(usage.addresses) {
            return None;
        }
        let mut lost = Lost::default();
        for client in usage.clients.iter().filter(|client| client.id != host.id) {
            self.lost_by(client, usage, host, &mut lost);
        }
        if usage.by_spokes && !self.known_to_spokes(usage, host) {
            let acl = self.acls.get(&host.id).map(|own| own.acl.id.as_str());
            lost.unknown_to_spokes
                .insert(format!("{} of {}", acl.unwrap_or("the network ACL"), host.id));
        }
        (lost != Lost::default()).then_some(lost)
    }

    fn lost_by(&self, client: &'a Subnet, usage: &Usage<'a>, host: &'a Subnet, lost: &mut Lost) {
        let [Some(near), Some(far)] = [client, host].map(|subnet| self.acls.get(&subnet.id)) else {
            let subnets = [client, host].into_iter();
            let unlisted = subnets.filter(|subnet| !self.acls.contains_key(&subnet.id));
            lost.unlisted.extend(unlisted.map(|subnet| subnet.id.clone()));
            return;
        };
        if near.open.to(usage.addresses) && far.open.to(usage.addresses) {
            return;
        }
        let present = self.subnets(&usage.present);
        if present.is_empty() && self.silent(usage, near.acl) {
            return;
        }
        let present_acls = present.iter().filter_map(|subnet| self.acls.get(&subnet.id));
        let acls: Vec<&NetworkAcl> = [near.acl, far.acl]
            .into_iter()
            .chain(present_acls.map(|acl| acl.acl))
            .collect();
        let requests = usage.ports.ranges().iter().map(|range| (false, *range));
        for (answers, range) in requests.chain([(true, LAMBDA)]) {
            for ports in split(range, &acls) {
                for (from, to) in same_family(client, host, usage.addresses) {
                    let flow = Traffic {
                        client: (client, near.acl, from),
                        host: (host, far.acl, to),
                        answers,
                        ports,
                    };
                    let drops = flow.drops();
                    if drops.is_empty() {
                        continue;
                    }
                    let known = match present.as_slice() {
                        [] => everywhere(usage.addresses)
                            .all(|network| near.acl.passage(!answers, network, ports) == Passage::Denied),
                        present => present.iter().all(|other| self.dropped_at(other, flow, &drops)),
                    };
                    if !known {
                        lost.add(&drops, answers, ports);
                    }
                }
            }
        }
    }

    /// Whether a network interface in this subnet does the same to the traffic.
    fn dropped_at(&self, other: &'a Subnet, traffic: Traffic<'a>, drops: &[Leg<'_>]) -> bool {
        let (client, near, from) = traffic.client;
        let Some(far) = self.acls.get(&other.id).filter(|_| other.id != client.id) else {
            return false;
        };
        let networks = other.networks(if from.addr().is_ipv4() {
            AddressType::Ipv4
        } else {
            AddressType::Ipv6
        });
        // The network interface has an address of one of them.
        networks.into_iter().all(|to| {
            let there = Traffic {
                client: (client, near, from),
                host: (other, far.acl, to),
                ..traffic
            };
            covers(&there.drops(), drops)
        })
    }

    /// Whether the network ACL of a subnet does to other VPCs what that of a present network interface does, or lets
    /// everything through.
    fn known_to_spokes(&self, usage: &Usage<'_>, host: &Subnet) -> bool {
        let mut present = usage.present.iter().filter_map(|id| self.acls.get(id));
        let own = self.acls.get(&host.id);
        own.is_some_and(|own| own.open.to(usage.addresses) || present.any(|other| other.acl.id == own.acl.id))
    }

    /// Whether the network ACL of a client lets out no request to the service, or lets in no answer, whatever the addresses.
    fn silent(&self, usage: &Usage<'_>, own: &NetworkAcl) -> bool {
        let allowed = |egress, range| own.allows_some(egress, usage.addresses, range);
        // Lower ports are those of what listens in the subnet, such as databases.
        let answers = (LINUX.0, WINDOWS.1);
        !usage.ports.ranges().iter().any(|range| allowed(true, *range)) || !allowed(false, answers)
    }
}

/// All addresses of these families.
fn everywhere(addresses: AddressType) -> impl Iterator<Item = IpNet> {
    let ipv4 = addresses.ipv4().then(|| Ipv4Net::default().into());
    let ipv6 = addresses.ipv6().then(|| Ipv6Net::default().into());
    ipv4.into_iter().chain(ipv6)
}

/// Ports in pieces between which no entry begins or ends.
fn split((first, last): Ports, acls: &[&NetworkAcl]) -> Vec<Ports> {
    let entries = acls.iter().flat_map(|acl| &acl.entries);
    let edges = entries.filter_map(|entry| entry.ports).flat_map(|(from, to)| {
        let after = to.checked_add(1);
        [Some(from), after].into_iter().flatten()
    });
    let starts: BTreeSet<u16> = edges
        .filter(|port| (first..=last).contains(port))
        .chain([first])
        .collect();
    let ends = starts.iter().skip(1).map(|start| start - 1).chain([last]);
    starts.iter().copied().zip(ends).collect()
}

impl Lost {
    pub fn extend(&mut self, more: Self) {
        for (entry, ports) in more.dropped {
            self.dropped.entry(entry).or_default().extend(ports);
        }
        self.unlisted.extend(more.unlisted);
        self.unknown_to_spokes.extend(more.unknown_to_spokes);
    }

    fn add(&mut self, drops: &[Leg<'_>], answers: bool, ports: Ports) {
        for leg in drops {
            let entry = Entry {
                at: leg.place(),
                peer: leg.peer,
                egress: leg.egress,
                answers,
                partly: leg.passage == Passage::PartlyDenied,
            };
            self.dropped.entry(entry).or_default().insert(ports);
        }
    }

    /// What a person can do so that clients are not kept from something: an endpoint, or a network interface.
    pub fn advice(&self, something: &str) -> String {
        let mut sentences = Vec::new();
        if !self.dropped.is_empty() {
            let entries = self.dropped.iter().flat_map(|(entry, ports)| {
                let merged = merged(ports).into_iter();
                merged.map(|ports| entry.words(ports))
            });
            sentences.push(format!(
                "Network ACLs would keep clients from {something}. First allow this traffic by entries with lower rule \
                 numbers than the entries that deny it: {}.",
                shown(&entries.collect())
            ));
        }
        if !self.unlisted.is_empty() {
            let unlisted: BTreeSet<_> = self.unlisted.iter().map(ToString::to_string).collect();
            sentences.push(format!(
                "AWS lists no network ACL for {}. If a subnet is new, the next sweep decides.",
                shown(&unlisted)
            ));
        }
        if !self.unknown_to_spokes.is_empty() {
            sentences.push(format!(
                "Other VPCs use the endpoint centrally. Check that network ACL {} lets their networks through, and then add \
                 the subnet yourself.",
                shown(&self.unknown_to_spokes)
            ));
        }
        sentences.join(" ")
    }
}

impl Entry {
    fn words(&self, ports: Ports) -> String {
        let what = match (self.answers, self.partly) {
            (false, false) => "",
            (false, true) => "part of ",
            (true, false) => "answers, ",
            (true, true) => "part of the answers, ",
        };
        format!("{what}{}", traffic(ports, self.egress, self.peer, &self.at))
    }
}

/// Pieces that follow each other, as one.
fn merged(pieces: &BTreeSet<Ports>) -> Vec<Ports> {
    let mut merged: Vec<Ports> = Vec::new();
    for (first, last) in pieces {
        match merged.last_mut() {
            Some(before) if before.1.checked_add(1) == Some(*first) => before.1 = *last,
            _ => merged.push((*first, *last)),
        }
    }
    merged
}

#[cfg(test)]
mod tests;
