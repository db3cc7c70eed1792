//! A hub, whose endpoint serves another VPC.

use super::{DefaultRoute, NewEndpoint, Route, World, rule};
use crate::REGION;

/// A VPC that uses the endpoint of another one, with everything that it needs for that.
#[derive(Clone, Debug)]
pub struct HubAndSpoke {
    pub hub: String,
    pub spoke: String,
    /// To STS, in the hub, without private DNS.
    pub endpoint: String,
    /// Its security group.
    pub group: String,
    /// The hosted zone of the name of STS, associated with the spoke.
    pub zone: String,
    /// The route table of the hub's subnet.
    pub table: String,
}

impl World {
    pub fn add_hub_and_spoke(&mut self) -> HubAndSpoke {
        let sides = [
            ("10.9.0.0/16", "10.9.1.0/24", "10.0.0.0/16"),
            ("10.0.0.0/16", "10.0.1.0/24", "10.9.0.0/16"),
        ];
        let [(hub, table, in_hub), (spoke, _, _)] = sides.map(|(cidr, subnet, other)| {
            let vpc = self.add_vpc(cidr);
            self.edit_vpc(&vpc, |vpc| vpc.dns_hostnames = true);
            let table = self.add_route_table(&vpc, DefaultRoute::Nowhere);
            self.edit_route_table(&table, |table| {
                table.routes.push(Route {
                    destination: other.to_owned(),
                    target: "tgw-0123456789abcdef0".to_owned(),
                    blackhole: false,
                });
            });
            let subnet = self.add_subnet(&vpc, "a", subnet, Some(&table));
            (vpc, table, subnet)
        });
        let group = self.add_group(&hub, "endpoints", vec![rule("10.0.0.0/8", 443, 443)]);
        let mut new = NewEndpoint::interface(&hub, "sts");
        (new.private_dns, new.groups, new.subnets) = (false, vec![group.clone()], vec![in_hub]);
        let endpoint = self.add_endpoint(new);
        let name = format!("sts.{REGION}.amazonaws.com");
        let zone = self.add_hosted_zone(&name, &spoke);
        let target = format!("{endpoint}-0a1b2c3d.sts.{REGION}.vpce.amazonaws.com");
        if let Some(zone) = self.hosted_zones.get_mut(&zone) {
            zone.aliases.insert(name, target);
        }
        HubAndSpoke {
            hub,
            spoke,
            endpoint,
            group,
            zone,
            table,
        }
    }
}
