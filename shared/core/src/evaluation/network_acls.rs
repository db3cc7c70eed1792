//! What network ACLs do with the traffic between endpoints and their clients.

mod lost;

use std::collections::{BTreeMap, BTreeSet};

use ipnet::IpNet;

pub use self::lost::{Lost, Usage};

use super::Context;
use super::service_ports::ServicePorts;
use crate::changes::port_range;
use crate::model::address::AddressType;
use crate::model::id::SubnetId;
use crate::model::network_acl::{NetworkAcl, Passage};
use crate::model::part::Gap;
use crate::model::snapshot::{Subnet, VpcSnapshot};

/// The TCP ports from which clients open connections, and to which answers go, first and last.
/// [Ephemeral ports](https://docs.aws.amazon.com/vpc/latest/userguide/nacl-ephemeral-ports.html)
type Ephemeral = (u16, u16);

/// `net.ipv4.ip_local_port_range` of Linux, if nobody changed it.
pub const LINUX: Ephemeral = (32_768, 60_999);
/// Windows Server 2008 and later.
pub const WINDOWS: Ephemeral = (49_152, 65_535);
/// Lambda functions and NAT gateways.
pub const LAMBDA: Ephemeral = (1_024, 65_535);

/// The subnets of a VPC, and the network ACL of each.
pub struct NetworkAcls<'a> {
    subnets: &'a BTreeMap<SubnetId, Subnet>,
    acls: BTreeMap<&'a SubnetId, Acl<'a>>,
    /// To what the ACLs of all subnets are open.
    open: Open,
}

#[derive(Clone, Copy)]
struct Acl<'a> {
    acl: &'a NetworkAcl,
    open: Open,
}

/// The address families of which all TCP traffic passes.
#[derive(Clone, Copy)]
struct Open {
    ipv4: bool,
    ipv6: bool,
}

impl Open {
    /// Whether all of these addresses are among them.
    fn to(self, addresses: AddressType) -> bool {
        (self.ipv4 || !addresses.ipv4()) && (self.ipv6 || !addresses.ipv6())
    }
}

impl<'a> Context<'a> {
    pub fn network_acls(&self) -> Result<&NetworkAcls<'a>, Gap> {
        let known = self.network_acls.get_or_init(|| NetworkAcls::of(self.snapshot));
        known.as_ref().map_err(Gap::clone)
    }
}

impl<'a> NetworkAcls<'a> {
    fn of(snapshot: &'a VpcSnapshot) -> Result<Self, Gap> {
        let subnets = snapshot.subnets.as_ref().map_err(Gap::clone)?;
        let acls = snapshot.network_acls.as_ref().map_err(Gap::clone)?.values();
        let acls: BTreeMap<_, _> = acls
            .flat_map(|acl| {
                let open = Open {
                    ipv4: acl.open(true),
                    ipv6: acl.open(false),
                };
                acl.subnets.iter().map(move |subnet| (subnet, Acl { acl, open }))
            })
            .collect();
        let all = |open: fn(&Acl<'_>) -> bool| subnets.keys().all(|subnet| acls.get(subnet).is_some_and(open));
        let open = Open {
            ipv4: all(|acl| acl.open.ipv4),
            ipv6: all(|acl| acl.open.ipv6),
        };
        Ok(Self { subnets, acls, open })
    }

    /// The subnets with these ids.
    pub fn subnets<'i>(&self, ids: impl IntoIterator<Item = &'i SubnetId>) -> Vec<&'a Subnet> {
        ids.into_iter().filter_map(|id| self.subnets.get(id)).collect()
    }

    /// What they drop between clients in one subnet and a network interface of an endpoint in another. Traffic within a subnet
    /// passes no network ACL. Err where AWS lists no network ACL for a subnet, its id.
    pub fn between<'s>(
        &self,
        ports: &ServicePorts,
        addresses: AddressType,
        client: &'s Subnet,
        host: &'s Subnet,
    ) -> Result<Dropped, &'s SubnetId> {
        let mut dropped = Dropped::default();
        if client.id == host.id {
            return Ok(dropped);
        }
        let near = self.acls.get(&client.id).ok_or(&client.id)?;
        let far = self.acls.get(&host.id).ok_or(&host.id)?;
        if near.open.to(addresses) && far.open.to(addresses) {
            return Ok(dropped);
        }
        for (from, to) in same_family(client, host, addresses) {
            dropped.add(ports, (client, near.acl, from), (host, far.acl, to));
        }
        Ok(dropped)
    }
}

/// The networks of a client with those of a host, of these families.
fn same_family(client: &Subnet, host: &Subnet, addresses: AddressType) -> Vec<(IpNet, IpNet)> {
    let mut pairs = Vec::new();
    for from in client.networks(addresses) {
        for to in host.networks(addresses) {
            if from.addr().is_ipv4() == to.addr().is_ipv4() {
                pairs.push((from, to));
            }
        }
    }
    pairs
}

/// A subnet with its network ACL and its addresses of one family.
type Side<'a> = (&'a Subnet, &'a NetworkAcl, IpNet);

/// What network ACLs drop, each once, in words.
#[derive(Debug, Default)]
pub struct Dropped {
    pub certain: BTreeSet<String>,
    /// Depends on the clients.
    pub unclear: BTreeSet<String>,
    /// Answers to Lambda functions are dropped.
    pub lambda: bool,
}

impl Dropped {
    pub fn extend(&mut self, more: Self) {
        self.certain.extend(more.certain);
        self.unclear.extend(more.unclear);
        self.lambda |= more.lambda;
    }

    fn add(&mut self, ports: &ServicePorts, client: Side<'_>, endpoint: Side<'_>) {
        let requests = |range| worst([leg(client, endpoint, true, range), leg(endpoint, client, false, range)]);
        let answers = |range| worst([leg(endpoint, client, true, range), leg(client, endpoint, false, range)]);
        let best = ports.ranges().iter().map(|range| requests(*range));
        let best = best.min_by_key(|leg| leg.passage);
        match best.as_ref().map_or(Passage::Allowed, |leg| leg.passage) {
            Passage::Allowed => {}
            Passage::PartlyDenied => self.unclear.extend(best.map(|leg| leg.words("part of"))),
            Passage::Denied => self.certain.extend(best.map(|leg| leg.words(""))),
        }
        if answers(LAMBDA).passage == Passage::Allowed {
            return;
        }
        let (linux, windows) = (answers(LINUX), answers(WINDOWS));
        match (linux.passage, windows.passage) {
            (Passage::Allowed, Passage::Allowed) => self.lambda = true,
            (Passage::Denied, Passage::Denied) => {
                self.certain.insert(linux.words("answers,"));
            }
            (Passage::Denied, _) => {
                self.unclear.insert(linux.words("answers to Linux,"));
            }
            (_, Passage::Denied) => {
                self.unclear.insert(windows.words("answers to Windows,"));
            }
            (Passage::Allowed, Passage::PartlyDenied) => {
                self.unclear.insert(windows.words("part of the answers to Windows,"));
            }
            (Passage::PartlyDenied, _) => {
                self.unclear.insert(linux.words("part of the answers,"));
            }
        }
    }
}

/// Traffic between two subnets, where it passes the network ACL of one of them.
struct Leg<'a> {
    passage: Passage,
    acl: &'a NetworkAcl,
    subnet: &'a Subnet,
    egress: bool,
    peer: IpNet,
    ports: (u16, u16),
}

fn leg<'a>((subnet, acl, _): Side<'a>, (_, _, peer): Side<'a>, egress: bool, ports: (u16, u16)) -> Leg<'a> {
    Leg {
        passage: acl.passage(egress, peer, ports),
        acl,
        subnet,
        egress,
        peer,
        ports,
    }
}

/// The first where both are as bad.
fn worst<'a>([first, second]: [Leg<'a>; 2]) -> Leg<'a> {
    if second.passage > first.passage { second } else { first }
}

impl Leg<'_> {
    fn words(&self, what: &str) -> String {
        let blank = if what.is_empty() { "" } else { " " };
        format!(
            "{what}{blank}{}",
            traffic(self.ports, self.egress, self.peer, &self.place())
        )
    }

    /// The network ACL and its subnet.
    fn place(&self) -> String {
        format!("{} of {}", self.acl.id, self.subnet.id)
    }
}

/// TCP traffic that a network ACL of a subnet drops, in words.
fn traffic(ports: (u16, u16), egress: bool, peer: IpNet, place: &str) -> String {
    let way = if egress { "outbound to" } else { "inbound from" };
    format!("TCP {} {way} {peer} ({place})", port_range(ports))
}

/// A few of them: a VPC has many pairs of subnets.
pub fn shown(texts: &BTreeSet<String>) -> String {
    const MOST: usize = 4;
    let first: Vec<_> = texts.iter().take(MOST).map(String::as_str).collect();
    match texts.len() > MOST {
        true => format!("{}; and {} more", first.join("; "), texts.len() - MOST),
        false => first.join("; "),
    }
}
