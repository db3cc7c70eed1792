//! Network ACLs of subnets.

use std::collections::BTreeSet;

use ipnet::IpNet;

use super::address::AddressType;
use super::id::{NetworkAclId, SubnetId};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkAcl {
    pub id: NetworkAclId,
    /// Each subnet has one network ACL.
    pub subnets: BTreeSet<SubnetId>,
    /// In the order in which EC2 evaluates them: the first that matches decides. What none matches is denied.
    pub entries: Vec<AclEntry>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AclEntry {
    /// The entries for all the rest have 32767 and, for IPv6, 32768.
    pub number: u32,
    pub egress: bool,
    /// Whether it concerns TCP: its protocol is TCP or all of them.
    pub tcp: bool,
    /// First and last port; None means all ports.
    pub ports: Option<(u16, u16)>,
    /// Where the traffic comes from, or goes to.
    pub network: IpNet,
    pub allow: bool,
}

/// What a network ACL does with traffic, the worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Passage {
    Allowed,
    /// To some ports, at least, the traffic of a part of the network is denied.
    PartlyDenied,
    /// To some ports, at least, all traffic is denied.
    Denied,
}

impl NetworkAcl {
    /// Whether it lets all TCP traffic of IPv4, or else of IPv6, through in both directions by its first entries, as the
    /// ACL does that EC2 makes.
    pub fn open(&self, ipv4: bool) -> bool {
        [false, true].into_iter().all(|egress| {
            let of_family = |entry: &&AclEntry| entry.network.addr().is_ipv4() == ipv4;
            let mut entries = self.entries.iter().filter(|entry| entry.egress == egress && entry.tcp);
            let first = entries.find(of_family);
            first.is_some_and(|first| first.allow && first.ports.is_none() && first.network.prefix_len() == 0)
        })
    }

    /// Whether an entry allows TCP traffic of these addresses to one of these ports, first and last, whatever other entries
    /// deny.
    pub fn allows_some(&self, egress: bool, addresses: AddressType, (first, last): (u16, u16)) -> bool {
        self.entries.iter().any(|entry| {
            let family = match entry.network {
                IpNet::V4(_) => addresses.ipv4(),
                IpNet::V6(_) => addresses.ipv6(),
            };
            family && entry.allow && entry.egress == egress && entry.meets_tcp(first, last)
        })
    }

    /// Whether TCP traffic to these ports, first and last, passes from a network, or to it.
    pub fn passage(&self, egress: bool, network: IpNet, (first, last): (u16, u16)) -> Passage {
        let entries = self.entries.iter().filter(|entry| {
            let overlap = entry.network.contains(&network) || network.contains(&entry.network);
            overlap && entry.egress == egress && entry.meets_tcp(first, last)
        });
        let Some(leading) = entries.clone().next() else {
            return Passage::Denied;
        };
        if leading.network.contains(&network) && leading.covers(first) && leading.covers(last) {
            return if leading.allow {
                Passage::Allowed
            } else {
                Passage::Denied
            };
        }
        // Between these ports no entry begins or ends.
        let edges = entries
            .clone()
            .filter_map(|entry| entry.ports)
            .flat_map(|(from, to)| [from, to.saturating_add(1)]);
        let edges = edges.filter(|port| (first..=last).contains(port));
        let ports: BTreeSet<u16> = [first].into_iter().chain(edges).collect();
        let decisions = ports
            .into_iter()
            .map(|port| decision(entries.clone().filter(|entry| entry.covers(port)), network));
        decisions.max().unwrap_or(Passage::Denied)
    }
}

fn decision<'a>(entries: impl Iterator<Item = &'a AclEntry>, network: IpNet) -> Passage {
    let (mut allowed, mut denied) = (false, false);
    let mut undecided = vec![network];
    for entry in entries {
        let before = undecided.len();
        let rest = |part: &IpNet| without(*part, entry.network);
        let after: Vec<_> = undecided.iter().flat_map(rest).collect();
        if after.len() != before || after != undecided {
            match entry.allow {
                true => allowed = true,
                false => denied = true,
            }
        }
        undecided = after;
    }
    denied |= !undecided.is_empty();
    match (denied, allowed) {
        (false, _) => Passage::Allowed,
        (true, true) => Passage::PartlyDenied,
        (true, false) => Passage::Denied,
    }
}

/// What is left of a network without another one.
fn without(network: IpNet, gone: IpNet) -> Vec<IpNet> {
    if gone.contains(&network) {
        return Vec::new();
    }
    if !network.contains(&gone) {
        return vec![network];
    }
    let mut left = Vec::new();
    let mut whole = network;
    while whole != gone {
        let Ok(halves) = whole.subnets(whole.prefix_len() + 1) else {
            break;
        };
        let before = whole;
        for half in halves {
            match half.contains(&gone) {
                true => whole = half,
                false => left.push(half),
            }
        }
        if whole == before {
            break;
        }
    }
    left
}

impl AclEntry {
    fn meets_tcp(&self, first: u16, last: u16) -> bool {
        self.tcp && self.ports.is_none_or(|(from, to)| from <= last && first <= to)
    }

    fn covers(&self, port: u16) -> bool {
        self.meets_tcp(port, port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(number: u32, allow: bool, network: &str, ports: Option<(u16, u16)>) -> AclEntry {
        AclEntry {
            number,
            egress: false,
            tcp: true,
            ports,
            network: network.parse().unwrap(),
            allow,
        }
    }

    fn passage(entries: &[AclEntry], network: &str, ports: (u16, u16)) -> Passage {
        let acl = NetworkAcl {
            id: "acl-1".into(),
            subnets: BTreeSet::new(),
            entries: entries.to_vec(),
        };
        acl.passage(false, network.parse().unwrap(), ports)
    }

    const HTTPS: (u16, u16) = (443, 443);

    #[test]
    fn first_matching_entry_decides_and_the_rest_is_denied() {
        let allow = entry(100, true, "0.0.0.0/0", None);
        let deny = entry(90, false, "10.0.0.0/16", Some(HTTPS));
        let decided = |entries: &[AclEntry]| passage(entries, "10.0.0.0/24", HTTPS);
        assert_eq!(decided(&[]), Passage::Denied);
        assert_eq!(decided(std::slice::from_ref(&allow)), Passage::Allowed);
        assert_eq!(decided(&[deny.clone(), allow.clone()]), Passage::Denied);
        assert_eq!(decided(&[allow.clone(), deny]), Passage::Allowed);
        assert_eq!(
            passage(&[allow], "2001:db8::/64", HTTPS),
            Passage::Denied,
            "another family"
        );
    }

    #[test]
    fn entries_of_other_directions_and_protocols_do_not_count() {
        let allow = entry(100, true, "0.0.0.0/0", None);
        let outbound = AclEntry {
            egress: true,
            ..allow.clone()
        };
        let other = AclEntry { tcp: false, ..allow };
        assert_eq!(passage(&[outbound, other], "10.0.0.0/24", HTTPS), Passage::Denied);
    }

    #[test]
    fn every_port_of_the_range_must_pass() {
        let some = entry(100, true, "0.0.0.0/0", Some((32_768, 50_000)));
        let rest = entry(110, true, "0.0.0.0/0", Some((50_001, 65_535)));
        let decided = |entries: &[AclEntry]| passage(entries, "10.0.0.0/24", (32_768, 60_999));
        assert_eq!(decided(std::slice::from_ref(&some)), Passage::Denied);
        assert_eq!(decided(&[some, rest]), Passage::Allowed);
        let hole = entry(90, false, "0.0.0.0/0", Some((40_000, 40_000)));
        let all = entry(100, true, "0.0.0.0/0", None);
        assert_eq!(decided(&[hole, all.clone()]), Passage::Denied);
        let below = entry(90, false, "0.0.0.0/0", Some((0, 32_767)));
        let above = entry(91, false, "0.0.0.0/0", Some((61_000, 65_535)));
        assert_eq!(decided(&[below, above, all]), Passage::Allowed);
        let last = entry(100, true, "0.0.0.0/0", Some((65_535, 65_535)));
        assert_eq!(passage(&[last], "10.0.0.0/24", (65_535, 65_535)), Passage::Allowed);
    }

    #[test]
    fn open_acl_allows_everything_of_a_family_in_both_directions() {
        let both = |network: &str, number, allow| {
            [false, true].map(|egress| AclEntry {
                egress,
                ..entry(number, allow, network, None)
            })
        };
        let acl = |entries: Vec<AclEntry>| NetworkAcl {
            id: "acl-1".into(),
            subnets: BTreeSet::new(),
            entries,
        };
        let open = acl([both("0.0.0.0/0", 100, true), both("0.0.0.0/0", 32_767, false)].concat());
        assert_eq!([open.open(true), open.open(false)], [true, false]);
        let dual = acl([both("0.0.0.0/0", 100, true), both("::/0", 101, true)].concat());
        assert_eq!([dual.open(true), dual.open(false)], [true, true]);
        let https = entry(90, true, "0.0.0.0/0", Some(HTTPS));
        let denied = entry(90, false, "10.0.0.0/8", None);
        for first in [https, denied] {
            let entries = [vec![first], both("0.0.0.0/0", 100, true).to_vec()].concat();
            assert!(!acl(entries).open(true));
        }
        assert!(
            !acl(both("0.0.0.0/0", 100, true)[..1].to_vec()).open(true),
            "one direction"
        );
        assert!(!acl(Vec::new()).open(true));
    }

    #[test]
    fn part_of_the_network_is_distinguished() {
        let all = entry(100, true, "0.0.0.0/0", None);
        let part = entry(90, false, "10.0.0.0/25", None);
        let decided = |entries: &[AclEntry]| passage(entries, "10.0.0.0/24", HTTPS);
        assert_eq!(decided(&[part.clone(), all.clone()]), Passage::PartlyDenied);
        let one_address = entry(90, false, "10.0.0.7/32", None);
        assert_eq!(decided(&[one_address, all]), Passage::PartlyDenied);
        let half = entry(100, true, "10.0.0.0/25", None);
        assert_eq!(decided(std::slice::from_ref(&half)), Passage::PartlyDenied);
        let other_half = entry(110, true, "10.0.0.128/25", None);
        assert_eq!(decided(&[half.clone(), other_half.clone()]), Passage::Allowed);
        assert_eq!(
            decided(&[half.clone(), part, other_half]),
            Passage::Allowed,
            "denied after it was allowed"
        );
        let beside = entry(90, false, "10.0.1.0/24", None);
        assert_eq!(decided(&[beside, half]), Passage::PartlyDenied);
    }
}
