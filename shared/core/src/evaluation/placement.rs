//! In which subnets an endpoint gets network interfaces.

use std::cell::OnceCell;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::network_acls::{Lost, NetworkAcls, Usage, shown};
use crate::model::address::AddressType;
use crate::model::catalogue::Service;
use crate::model::id::{SubnetId, Zone};
use crate::model::snapshot::Subnet;

/// Why a subnet gets no network interface, the obstacle that is hardest to remove first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Obstacle {
    Zone,
    Outpost,
    Addresses,
    Full,
    NetworkAcl,
}

/// A search for subnets.
pub struct Search<'a> {
    service: &'a Service,
    /// Those of the network interface.
    pub addresses: AddressType,
    network_acls: &'a NetworkAcls<'a>,
    usage: Usage<'a>,
    candidates: Vec<Candidate<'a>>,
}

/// A subnet that needs the service.
struct Candidate<'a> {
    subnet: &'a Subnet,
    /// Found out once, since network ACLs take a look at every client.
    obstacle: OnceCell<Option<(Obstacle, Option<Lost>)>>,
}

impl<'a> Search<'a> {
    /// A search among these subnets, which need the service.
    pub fn new(
        service: &'a Service,
        subnets: impl IntoIterator<Item = &'a Subnet>,
        addresses: AddressType,
        network_acls: &'a NetworkAcls<'a>,
        usage: Usage<'a>,
    ) -> Self {
        let candidate = |subnet| Candidate {
            subnet,
            obstacle: OnceCell::new(),
        };
        let mut candidates: Vec<_> = subnets.into_iter().map(candidate).collect();
        candidates.sort_by_key(|candidate| (Reverse(candidate.subnet.free_addresses), &candidate.subnet.id));
        Self {
            service,
            addresses,
            network_acls,
            usage,
            candidates,
        }
    }

    pub fn subnets(&self) -> impl Iterator<Item = &'a Subnet> + Clone {
        self.candidates.iter().map(|candidate| candidate.subnet)
    }

    /// In each zone that the service supports, the subnet with the most free addresses among those that can have the network
    /// interface and whose network ACLs cut no client off.
    pub fn placement(&self) -> BTreeMap<Zone, SubnetId> {
        let mut placed = BTreeMap::new();
        for candidate in &self.candidates {
            let subnet = candidate.subnet;
            if !placed.contains_key(&subnet.zone) && self.obstacle(candidate).is_none() {
                placed.insert(subnet.zone.clone(), subnet.id.clone());
            }
        }
        placed
    }

    fn obstacle<'c>(&self, candidate: &'c Candidate<'a>) -> Option<(Obstacle, Option<&'c Lost>)> {
        let subnet = candidate.subnet;
        let found = candidate.obstacle.get_or_init(|| {
            if !self.service.zones.contains(&subnet.zone) {
                Some((Obstacle::Zone, None))
            } else if subnet.outpost {
                Some((Obstacle::Outpost, None))
            } else if !subnet.hosts(self.addresses) {
                Some((Obstacle::Addresses, None))
            } else if subnet.free_addresses == 0 {
                Some((Obstacle::Full, None))
            } else {
                let lost = self.network_acls.cut_off(&self.usage, subnet)?;
                Some((Obstacle::NetworkAcl, Some(lost)))
            }
        });
        found.as_ref().map(|(obstacle, lost)| (*obstacle, lost.as_ref()))
    }

    /// How far the best of the subnets is from having the network interface.
    pub fn nearest(&self) -> impl Ord + use<> {
        let obstacles = self.candidates.iter().filter_map(|candidate| self.obstacle(candidate));
        obstacles.map(|(obstacle, _)| obstacle).max()
    }

    /// What a person can do where no subnet can have the network interface: of one zone, or of any.
    pub fn advice(&self, zone: Option<&Zone>) -> String {
        let supported: Vec<_> = self.service.zones.iter().map(Zone::as_str).collect();
        let zones = match zone {
            Some(zone) => format!("zone {zone}"),
            None => format!("a zone that {} supports ({})", self.service.name, supported.join(", ")),
        };
        let candidates = self.candidates.iter();
        let obstacles: Vec<_> = candidates
            .filter_map(|candidate| Some((candidate.subnet, self.obstacle(candidate)?)))
            .collect();
        let nearest = obstacles.iter().map(|(_, (obstacle, _))| *obstacle).max();
        let concerned = obstacles.iter().filter(|(_, (obstacle, _))| Some(*obstacle) == nearest);
        let ids: BTreeSet<String> = concerned.clone().map(|(subnet, _)| subnet.id.to_string()).collect();
        let (ids, addresses) = (shown(&ids), self.addresses);
        let only = if addresses == AddressType::Ipv6 { " only" } else { "" };
        match nearest {
            None | Some(Obstacle::Zone) => format!(
                "No subnet that needs the service lies in {zones}. Add a subnet with {addresses} addresses{only} there."
            ),
            Some(Obstacle::Outpost) => format!(
                "AWS places no network interface of an endpoint in a subnet of an Outpost ({ids}). Add a subnet with \
                 {addresses} addresses{only} in {zones}."
            ),
            Some(Obstacle::Addresses) => format!(
                "The network interface needs a subnet with {addresses} addresses{only}, which no subnet that needs the \
                 service has in {zones}. Add one."
            ),
            Some(Obstacle::Full) => format!(
                "No address is left for the network interface in {ids}. Free an address there, or add a subnet with \
                 {addresses} addresses{only} in {zones}."
            ),
            Some(Obstacle::NetworkAcl) => {
                let mut lost = Lost::default();
                for more in concerned.filter_map(|(_, (_, lost))| *lost) {
                    lost.extend(more.clone());
                }
                lost.advice(&format!("a network interface in {ids}"))
            }
        }
    }
}
