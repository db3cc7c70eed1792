//! No plan keeps clients from an endpoint by network ACLs: single packets before the plan and after it.

use std::net::IpAddr;

use ipnet::IpNet;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::changes::port_range;
use crate::evaluation::service_ports::ServicePorts;
use crate::model::endpoint::{Endpoint, EndpointKind};
use crate::model::network_acl::{AclEntry, NetworkAcl};
use crate::model::snapshot::{Subnet, VpcSnapshot};
use crate::testing::World;
use crate::testing::net;
use crate::testing::strategy::enforced_worlds;

const SUBNETS: usize = 5;

/// Entries that allow or deny parts of what clients and endpoints send.
fn entries() -> impl Strategy<Value = Vec<AclEntry>> {
    let networks = [
        "0.0.0.0/0",
        "::/0",
        "10.0.0.0/16",
        "10.0.1.0/24",
        "10.0.2.0/25",
        "10.0.2.128/25",
    ];
    let ports = [
        None,
        Some((443, 443)),
        Some((26, 8_000)),
        Some((1_024, 32_767)),
        Some((32_768, 49_151)),
        Some((61_000, 65_535)),
    ];
    let entry = (
        any::<bool>(),
        select(ports.to_vec()),
        select(networks.to_vec()),
        prop::bool::weighted(0.4),
    );
    let entry = entry.prop_map(|(egress, ports, network, allow)| AclEntry {
        number: 90,
        egress,
        tcp: true,
        ports,
        network: net(network),
        allow,
    });
    vec(entry, 0..3)
}

fn worlds() -> impl Strategy<Value = World> {
    (enforced_worlds(), vec(entries(), SUBNETS), any::<bool>()).prop_map(|(mut world, entries, shared)| {
        for (n, entries) in entries.iter().enumerate() {
            let id = format!("subnet-{n}");
            if world
                .snapshot
                .subnets
                .as_ref()
                .unwrap()
                .contains_key(&id.as_str().into())
            {
                let acl = if shared && n > 2 {
                    "acl-2".to_owned()
                } else {
                    format!("acl-{n}")
                };
                world = world.acl(&acl, &id, entries);
            }
        }
        world
    })
}

fn allows(acl: &NetworkAcl, egress: bool, address: IpAddr, port: u16) -> bool {
    let decides = |entry: &&AclEntry| {
        let ports = entry.ports.is_none_or(|(first, last)| (first..=last).contains(&port));
        entry.egress == egress && entry.tcp && ports && entry.network.contains(&address)
    };
    acl.entries.iter().find(decides).is_some_and(|entry| entry.allow)
}

fn acl_of<'a>(state: &'a VpcSnapshot, subnet: &Subnet) -> &'a NetworkAcl {
    let mut acls = state.network_acls.as_ref().unwrap().values();
    acls.find(|acl| acl.subnets.contains(&subnet.id)).unwrap()
}

/// The first and the last address of a network, and of each half.
fn addresses(network: &IpNet) -> Vec<IpAddr> {
    let halves = network.subnets(network.prefix_len() + 1).unwrap();
    halves.flat_map(|half| [half.network(), half.broadcast()]).collect()
}

#[derive(Clone, Copy, Debug)]
struct Packet {
    client: IpAddr,
    port: u16,
    answered_at: u16,
}

/// Whether a request and its answer pass, whichever address the network interface has.
fn pass(state: &VpcSnapshot, packet: Packet, client: &Subnet, host: &Subnet) -> bool {
    if client.id == host.id {
        return true;
    }
    let (near, far) = (acl_of(state, client), acl_of(state, host));
    let networks = host.ipv4.iter().chain(&host.ipv6);
    let same = networks.filter(|network| network.addr().is_ipv4() == packet.client.is_ipv4());
    same.flat_map(addresses).all(|address| {
        allows(near, true, address, packet.port)
            && allows(far, false, packet.client, packet.port)
            && allows(far, true, packet.client, packet.answered_at)
            && allows(near, false, address, packet.answered_at)
    })
}

/// Whether a network interface in a subnet can have an address of the family of a client.
fn hosts_family(host: &Subnet, packet: Packet) -> bool {
    let mut networks = host.ipv4.iter().chain(&host.ipv6);
    networks.any(|network| network.addr().is_ipv4() == packet.client.is_ipv4())
}

/// Whether the network ACL of a client lets it reach the service at a public address.
fn reaches_public(state: &VpcSnapshot, packet: Packet, client: &Subnet) -> bool {
    let public: IpAddr = match packet.client {
        IpAddr::V4(_) => [52, 1, 2, 3].into(),
        IpAddr::V6(_) => [0x2600, 0, 0, 0, 0, 0, 0, 1].into(),
    };
    let own = acl_of(state, client);
    // A client that gets no answers at the ports of Linux and Windows is none.
    let mut answers = [32_768, 49_152, 61_000, 65_535].into_iter();
    let client = answers.any(|port| allows(own, false, public, port));
    client && allows(own, true, public, packet.port) && allows(own, false, public, packet.answered_at)
}

fn packets(client: &Subnet, endpoint: &Endpoint) -> Vec<Packet> {
    let ports = endpoint
        .service
        .as_ref()
        .and_then(ServicePorts::of)
        .unwrap_or_else(ServicePorts::any);
    let family = |network: &&IpNet| match network {
        IpNet::V4(_) => endpoint.dns_records.ipv4(),
        IpNet::V6(_) => endpoint.dns_records.ipv6(),
    };
    let mut packets = Vec::new();
    for address in client
        .ipv4
        .iter()
        .chain(&client.ipv6)
        .filter(family)
        .flat_map(addresses)
    {
        for (first, last) in ports.ranges() {
            for port in [*first, *last] {
                for answered_at in [1_024, 2_000, 32_767, 32_768, 49_151, 49_152, 61_000, 65_535] {
                    packets.push(Packet {
                        client: address,
                        port,
                        answered_at,
                    });
                }
            }
        }
    }
    packets
}

fn hosts<'a>(state: &'a VpcSnapshot, endpoint: &Endpoint) -> Vec<&'a Subnet> {
    let subnets = state.subnets.as_ref().unwrap();
    endpoint.subnets.iter().filter_map(|id| subnets.get(id)).collect()
}

fn leads(endpoint: &&Endpoint) -> bool {
    endpoint.kind == EndpointKind::Interface && endpoint.holds_name() && endpoint.usable()
}

proptest! {
    #[test]
    fn packet_that_passes_before_a_plan_passes_after_it(world in worlds()) {
        let before = &world.snapshot;
        let mut after = before.clone();
        for planned in world.plan().enforced() {
            after = planned.change.make_in(&after);
        }
        for endpoint in after.endpoints.as_ref().unwrap().values().filter(leads) {
            let earlier = before.endpoints.as_ref().unwrap().get(&endpoint.id).filter(leads);
            let earlier_hosts = earlier.map(|earlier| hosts(before, earlier));
            let new = hosts(&after, endpoint).into_iter();
            let known = |host: &&Subnet| earlier.is_some_and(|earlier| earlier.subnets.contains(&host.id));
            for host in new.filter(|host| !known(host)) {
                for client in after.subnets.as_ref().unwrap().values() {
                    for packet in packets(client, endpoint) {
                        // AWS places no network interface without addresses of the endpoint's type.
                        if !hosts_family(host, packet) {
                            continue;
                        }
                        let passes = |host: &&Subnet| hosts_family(host, packet) && pass(before, packet, client, host);
                        let passed = match &earlier_hosts {
                            Some(hosts) => hosts.iter().any(passes),
                            None => reaches_public(before, packet, client),
                        };
                        prop_assert!(
                            !passed || pass(&after, packet, client, host),
                            "{packet:?} from {} to {} in {}, TCP {}",
                            client.id, endpoint.id, host.id, port_range((packet.port, packet.port))
                        );
                    }
                }
            }
        }
    }
}
