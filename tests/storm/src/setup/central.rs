//! Hubs, whose endpoints serve the other VPCs, and endpoints to services that nobody approved.

use fastrand::Rng;
use postern_cloud::world::{DefaultRoute, NewEndpoint, Route, rule};
use postern_cloud::{ACCOUNT, REGION, World};

/// The tag of hubs.
pub(crate) const HUB: (&str, &str) = ("role", "hub");
/// The addresses of the hub.
pub(crate) const HUB_CIDR: &str = "10.100.0.0/16";
/// The addresses of all VPCs.
pub(crate) const ALL_VPCS: &str = "10.0.0.0/8";
/// It connects the VPCs.
pub(crate) const TRANSIT_GATEWAY: &str = "tgw-0123456789abcdef0";
/// A service of AWS that no requirement names.
pub(crate) const UNAPPROVED: &str = "ssm";

/// Adds a hub with endpoints to these services, hosted zones and routes, a few of which are missing. Gives the section of
/// the settings.
pub(super) fn add_hub(world: &mut World, services: &[&str], policies: &[String], rng: &mut Rng) -> String {
    let spokes: Vec<_> = world
        .vpcs()
        .filter(|vpc| vpc.owner == ACCOUNT)
        .map(|vpc| vpc.id.clone())
        .collect();
    let tables: Vec<_> = world
        .route_tables()
        .filter(|table| table.owner == ACCOUNT)
        .map(|table| table.id.clone())
        .collect();
    let hub = world.add_vpc(HUB_CIDR);
    world.edit_vpc(&hub, |vpc| {
        vpc.dns_hostnames = true;
        vpc.tags.insert(HUB.0.to_owned(), HUB.1.to_owned());
        // As all VPCs of a storm, see the exemptions.
        vpc.tags.insert("env".to_owned(), "prod".to_owned());
    });
    let table = world.add_route_table(&hub, DefaultRoute::Nowhere);
    add_route(world, &table, ALL_VPCS, rng);
    for table in &tables {
        add_route(world, table, HUB_CIDR, rng);
    }
    let subnets = [("a", "10.100.0.0/24"), ("b", "10.100.1.0/24")];
    let subnets = subnets.map(|(letter, cidr)| world.add_subnet(&hub, letter, cidr, Some(&table)));
    let sources = if rng.u8(..6) == 0 { "10.0.0.0/24" } else { ALL_VPCS };
    let group = world.add_group(&hub, "central", vec![rule(sources, 443, 443)]);
    for service in services {
        let mut new = NewEndpoint::interface(&hub, service);
        new.private_dns = rng.u8(..8) == 0;
        new.subnets = subnets.to_vec();
        new.groups = vec![group.clone()];
        new.policy = rng.choice(policies).filter(|_| rng.bool()).cloned();
        let endpoint = world.add_endpoint(new);
        let name = format!("{service}.{REGION}.amazonaws.com");
        let Some(first) = spokes.first() else { continue };
        let zone = world.add_hosted_zone(&name, first);
        if let Some(zone) = world.hosted_zones.get_mut(&zone) {
            zone.vpcs = spokes.iter().filter(|_| rng.u8(..8) > 0).cloned().collect();
            let target = format!("{endpoint}-0a1b2c3d.{service}.{REGION}.vpce.amazonaws.com");
            zone.aliases.insert(name, target);
        }
    }
    if let Some(spoke) = rng.choice(&spokes).filter(|_| rng.u8(..4) == 0) {
        world
            .dns_profiles
            .insert(spoke.clone(), "rp-0123456789abcdef".to_owned());
    }
    let hubs = match rng.bool() {
        true => format!("ids = [\"{hub}\"]"),
        false => format!("tags = {{ {} = \"{}\" }}", HUB.0, HUB.1),
    };
    let spokes = rng.choice(["", "", "spokes.tags = { env = \"prod\" }\n"]);
    let centrally = match services.first().filter(|_| rng.u8(..3) == 0) {
        Some(service) => format!("services = [\"{service}\"]\n"),
        None => String::new(),
    };
    format!(
        "[central]\nhubs = {{ {hubs} }}\n{}{centrally}\n",
        spokes.unwrap_or_default()
    )
}

/// Most route tables have the route.
fn add_route(world: &mut World, table: &str, destination: &str, rng: &mut Rng) {
    if rng.u8(..8) == 0 {
        return;
    }
    world.edit_route_table(table, |table| {
        table.routes.push(Route {
            destination: destination.to_owned(),
            target: TRANSIT_GATEWAY.to_owned(),
            blackhole: false,
        });
    });
}

/// Adds endpoints to a service that is not approved to some VPCs. Gives the section of the settings, in which endpoints
/// like them are mostly to be quarantined.
pub(super) fn add_unapproved(world: &mut World, policies: &[String], rng: &mut Rng) -> String {
    let vpcs: Vec<_> = world.vpcs().map(|vpc| vpc.id.clone()).collect();
    for vpc in vpcs {
        if rng.u8(..3) == 0 {
            continue;
        }
        let mut new = NewEndpoint::interface(&vpc, UNAPPROVED);
        new.private_dns = false;
        new.policy = rng.choice(policies).filter(|_| rng.bool()).cloned();
        world.add_endpoint(new);
        if rng.bool() {
            world.add_endpoint_to_other_account(&vpc, rng);
        }
    }
    format!(
        "[approved_services]\naws = {}\nquarantine = {}\n\n",
        rng.u8(..6) == 0,
        rng.u8(..6) > 0
    )
}
