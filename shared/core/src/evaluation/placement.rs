//! In which subnets an endpoint gets network interfaces.

use std::collections::{BTreeMap, BTreeSet};

use super::network_acls::{Dropped, NetworkAcls, Usage, shown};
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
    pub service: &'a Service,
    /// The subnets that need the service.
    pub subnets: &'a [&'a Subnet],
    /// Those of the network interface.
    pub addresses: AddressType,
    pub network_acls: &'a NetworkAcls<'a>,
    pub usage: Usage<'a>,
}

impl Search<'_> {
    /// In each zone that the service supports, the subnet with the most free addresses among those that can have the network
    /// interface and whose network ACLs cut no client off.
    pub fn placement(&self) -> BTreeMap<Zone, SubnetId> {
        let mut placed = BTreeMap::new();
        let mut subnets: Vec<_> = self.subnets.to_vec();
        subnets.sort_by(|a, b| (b.free_addresses, &a.id).cmp(&(a.free_addresses, &b.id)));
        for subnet in subnets {
            if !placed.contains_key(&subnet.zone) && self.obstacle(subnet).is_none() {
                placed.insert(subnet.zone.clone(), subnet.id.clone());
            }
        }
        placed
    }

    fn obstacle(&self, subnet: &Subnet) -> Option<Obstacle> {
        if !self.service.zones.contains(&subnet.zone) {
            Some(Obstacle::Zone)
        } else if subnet.outpost {
            Some(Obstacle::Outpost)
        } else if !subnet.hosts(self.addresses) {
            Some(Obstacle::Addresses)
        } else if subnet.free_addresses == 0 {
            Some(Obstacle::Full)
        } else {
            let cut_off = self.network_acls.cut_off(&self.usage, subnet);
            cut_off.map(|_| Obstacle::NetworkAcl)
        }
    }

    /// How far the best of the subnets is from having the network interface.
    pub fn nearest(&self) -> impl Ord + use<> {
        self.subnets.iter().filter_map(|subnet| self.obstacle(subnet)).max()
    }

    /// What a person can do where no subnet can have the network interface: of one zone, or of any.
    pub fn advice(&self, zone: Option<&Zone>) -> String {
        let supported: Vec<_> = self.service.zones.iter().map(Zone::as_str).collect();
        let zones = match zone {
            Some(zone) => format!("zone {zone}"),
            None => format!("a zone that {} supports ({})", self.service.name, supported.join(", ")),
        };
        let subnets = self.subnets.iter().copied();
        let in_zone = subnets.filter(|subnet| zone.is_none_or(|zone| subnet.zone == *zone));
        let obstacles: Vec<_> = in_zone
            .filter_map(|subnet| self.obstacle(subnet).map(|obstacle| (obstacle, subnet)))
            .collect();
        let nearest = obstacles.iter().map(|(obstacle, _)| *obstacle).max();
        let of_nearest = obstacles.iter().filter(|(obstacle, _)| Some(*obstacle) == nearest);
        let concerned: Vec<&Subnet> = of_nearest.map(|(_, subnet)| *subnet).collect();
        let ids: BTreeSet<String> = concerned.iter().map(|subnet| subnet.id.to_string()).collect();
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
                let mut dropped = Dropped::default();
                for more in concerned
                    .iter()
                    .filter_map(|subnet| self.network_acls.cut_off(&self.usage, subnet))
                {
                    dropped.extend(more);
                }
                format!(
                    "Network ACLs would keep clients from a network interface in {ids}. Allow this traffic by entries with \
                     lower rule numbers than the entries that deny it: {}.",
                    dropped.words()
                )
            }
        }
    }
}
