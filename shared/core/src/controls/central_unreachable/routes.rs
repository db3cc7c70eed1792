//! The routes between a spoke and the endpoint of a hub.

use std::collections::{BTreeMap, BTreeSet};

use ipnet::IpNet;

use super::{HubEndpoint, Obstacles, joined};
use crate::evaluation::Context;
use crate::evaluation::central::{Way, way};
use crate::evaluation::requirement::Required;
use crate::model::endpoint::Endpoint;
use crate::model::part::Gap;
use crate::model::snapshot::{Subnet, VpcSnapshot};

/// What leads to the endpoint's subnets and back.
pub(super) fn routes(
    context: &Context<'_>,
    required: &Required<'_>,
    at: HubEndpoint<'_>,
    obstacles: &mut Obstacles,
) -> Result<BTreeSet<String>, Gap> {
    let HubEndpoint { hub, endpoint } = at;
    let in_hub = hub.subnets.as_ref().map_err(Gap::clone)?;
    let in_hub: Vec<_> = endpoint.subnets.iter().filter_map(|id| in_hub.get(id)).collect();
    let mut there = Ways::default();
    let mut back = Ways::default();
    for subnet in &required.subnets {
        for of_hub in &in_hub {
            let Some((near, far)) = networks(subnet, of_hub, endpoint) else {
                there
                    .none
                    .entry(subnet.id.to_string())
                    .or_default()
                    .insert(format!("{} addresses", endpoint.address_type));
                continue;
            };
            there.add(context.snapshot, subnet, &far)?;
            back.add(hub, of_hub, &near)?;
        }
    }
    let peerings = |ways: &Ways| -> BTreeSet<String> {
        ways.through
            .iter()
            .filter(|way| way.starts_with("pcx-"))
            .cloned()
            .collect()
    };
    let hub_id = &hub.vpc.id;
    for (table, networks) in &there.none {
        obstacles.miss(
            format!("{table} has no route to {} of {hub_id}", joined(networks)),
            route_step(table, networks),
        );
    }
    for (table, networks) in &back.none {
        obstacles.miss(
            format!("{table} of {hub_id} has no route back to {}", joined(networks)),
            route_step(table, networks),
        );
    }
    let unclear = there.unclear.iter().chain(&back.unclear);
    obstacles
        .unclear
        .extend(unclear.map(|(table, by)| format!("the way of {table} by {by} is not examined")));
    if there.none.is_empty() && back.none.is_empty() && peerings(&there) != peerings(&back) {
        obstacles.miss(
            format!(
                "the routes there lead through {}, those back through {}",
                joined(&there.through),
                joined(&back.through)
            ),
            "Let both lead through the same peering connection.",
        );
    }
    Ok(&there.through | &back.through)
}

/// Where the route tables of one side send traffic to networks of the other.
#[derive(Default)]
struct Ways {
    through: BTreeSet<String>,
    /// Networks without a route, by route table.
    none: BTreeMap<String, BTreeSet<String>>,
    /// Route tables, each with what its route leads through or by.
    unclear: BTreeSet<(String, String)>,
}

impl Ways {
    fn add(&mut self, vpc: &VpcSnapshot, subnet: &Subnet, to: &IpNet) -> Result<(), Gap> {
        let Some(table) = vpc.route_table_of(&subnet.id)? else {
            return Ok(());
        };
        match way(table, to) {
            Way::Through(id) => {
                self.through.insert(id.to_owned());
            }
            Way::Unclear(by) => {
                self.unclear.insert((table.id.to_string(), by.to_owned()));
            }
            Way::None => {
                self.none
                    .entry(table.id.to_string())
                    .or_default()
                    .insert(to.to_string());
            }
        }
        Ok(())
    }
}

/// The networks by which clients of a subnet and a network interface of an endpoint in another one reach each other.
fn networks(subnet: &Subnet, of_hub: &Subnet, endpoint: &Endpoint) -> Option<(IpNet, IpNet)> {
    let far = || of_hub.networks(endpoint.address_type);
    let same = |near: IpNet| {
        far()
            .find(|far| far.addr().is_ipv4() == near.addr().is_ipv4())
            .map(|far| (near, far))
    };
    subnet.networks(endpoint.address_type).find_map(same)
}

fn route_step(table: &str, networks: &BTreeSet<String>) -> String {
    format!(
        "Add routes by your transit gateway, peering connection or core network, such as `aws ec2 create-route \
         --route-table-id {table} --destination-cidr-block {} --transit-gateway-id TGW`.",
        networks.first().map_or("", String::as_str)
    )
}
