//! A spoke with its hub, stated in a few lines.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{REGION, VPC, World, bare, https, net, route};
use crate::model::hosted_zone::ZoneRecord;
use crate::model::part::Tags;
use crate::model::snapshot::Central;
use crate::model::snapshot::{RouteTarget, SubnetClass, Vpc, VpcSnapshot};
use crate::settings::{CentralEndpoints, VpcSelector};

pub(crate) const HUB: &str = "vpc-hub";

fn transit() -> RouteTarget {
    RouteTarget::Other("tgw-1".to_owned())
}

/// Central endpoints to these services, or to all that are required.
pub(crate) fn central(services: &[&str]) -> CentralEndpoints {
    CentralEndpoints {
        hubs: VpcSelector {
            ids: BTreeSet::from([HUB.into()]),
            ..VpcSelector::default()
        },
        spokes: VpcSelector::default(),
        services: services.iter().map(ToString::to_string).collect(),
    }
}

/// The hub at `10.9.0.0/16`, with `vpce-hub` to STS in a subnet with a route back to the spoke.
pub(crate) fn hub() -> World {
    let mut world = bare()
        .subnet("subnet-hub", "a", SubnetClass::Private)
        .edit_subnet("subnet-hub", |subnet| subnet.ipv4 = Some(net("10.9.0.0/24")))
        .edit_table("rtb-private", |table| {
            table.routes.push(route("10.0.0.0/16", transit()))
        })
        .group("sg-hub", &[https("10.0.0.0/16"), https("10.9.0.0/16")])
        .interface("vpce-hub", "sts", &["subnet-hub"])
        .edit_endpoint("vpce-hub", |endpoint| {
            endpoint.private_dns = false;
            endpoint.security_groups = BTreeSet::from(["sg-hub".into()]);
        });
    world.snapshot.vpc.id = HUB.into();
    world.snapshot.vpc.cidrs = BTreeSet::from([net("10.9.0.0/16")]);
    world.settings.central = Some(central(&[]));
    world
}

/// The hub with a spoke at these addresses, in both of which STS is required.
pub(crate) fn hub_with_spoke(cidr: &str) -> World {
    let mut world = hub().require(&["sts"]);
    let spoke = Vpc {
        id: "vpc-spoke".into(),
        owner: world.snapshot.account.clone(),
        cidrs: BTreeSet::from([net(cidr)]),
        tags: Tags::new(),
    };
    let central = world.snapshot.central.as_mut().unwrap();
    central.spokes.insert(spoke.id.clone(), spoke);
    world
}

/// A record for the name of a service.
pub(crate) fn leads(service: &str, target: &str) -> ZoneRecord {
    ZoneRecord {
        name: format!("{service}.{REGION}.amazonaws.com"),
        target: target.to_owned(),
    }
}

/// A VPC that needs STS in one subnet, and reaches that of its hub.
pub(crate) fn spoke() -> World {
    let name = format!("vpce-hub-0a1b.sts.{REGION}.vpce.amazonaws.com");
    let mut world = bare()
        .subnet("subnet-a", "a", SubnetClass::Private)
        .edit_table("rtb-private", |table| {
            table.routes.push(route("10.9.0.0/16", transit()))
        })
        .require(&["sts"])
        .hosted_zone("Z1", "sts")
        .records("Z1", vec![leads("sts", &name)])
        .hub(|hub| hub);
    world.settings.central = Some(central(&[]));
    assert_eq!(world.snapshot.vpc.id.as_str(), VPC);
    world
}

impl World {
    /// Gives the spoke a hub.
    pub(crate) fn hub(mut self, edit: impl FnOnce(World) -> World) -> Self {
        let snapshot: VpcSnapshot = edit(hub()).snapshot;
        self.snapshot.central = Ok(Central {
            hubs: [(snapshot.vpc.id.clone(), Arc::new(snapshot))].into(),
            ..Central::default()
        });
        self
    }

    pub(crate) fn records(mut self, zone: &str, records: Vec<ZoneRecord>) -> Self {
        let zones = self.snapshot.hosted_zones.as_mut().unwrap();
        zones.get_mut(zone).unwrap().records = Ok(records);
        self
    }
}
