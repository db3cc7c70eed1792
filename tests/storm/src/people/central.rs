//! What people do to hubs and to the way to them, and endpoints to services that nobody approved.

use fastrand::Rng;
use postern_cloud::{ACCOUNT, REGION, World};

use super::{Call, PEOPLE, by};
use crate::setup::central::{ALL_VPCS, HUB, HUB_CIDR, TRANSIT_GATEWAY, UNAPPROVED};

/// A call about the way from a spoke to its hub. None where there is no hub, and where something happens without a call:
/// CloudTrail records the calls to Route 53 in another Region.
pub(super) fn choose(world: &mut World, rng: &mut Rng) -> Option<Call> {
    let call = |operation, parameters| by(PEOPLE.to_owned(), operation, parameters);
    let hub = world
        .vpcs()
        .find(|vpc| vpc.tags.get(HUB.0).is_some_and(|value| value == HUB.1))?
        .id
        .clone();
    let endpoints: Vec<_> = world
        .endpoints()
        .filter(|endpoint| endpoint.vpc == hub)
        .cloned()
        .collect();
    let endpoint = rng.choice(&endpoints).filter(|endpoint| endpoint.alive());
    match (rng.u8(..9), endpoint) {
        (0, _) => {
            let spokes: Vec<_> = world
                .vpcs()
                .filter(|vpc| vpc.owner == ACCOUNT && vpc.id != hub)
                .collect();
            let spoke = rng.choice(&spokes)?.id.clone();
            let zone = rng.choice(world.hosted_zones.values_mut())?;
            if !zone.vpcs.remove(&spoke) {
                zone.vpcs.insert(spoke);
            }
            None
        }
        (1, _) => {
            let zone = rng.choice(world.hosted_zones.values_mut())?;
            let name = zone.name.clone();
            let target = match rng.choice(&endpoints).filter(|_| rng.bool()) {
                Some(endpoint) => format!("{}-0a1b2c3d.{}", endpoint.id, zone.name),
                None => "elsewhere.example.com".to_owned(),
            };
            zone.aliases.insert(name, target);
            None
        }
        (2..=4, _) => {
            let tables: Vec<_> = world.route_tables().filter(|table| table.owner == ACCOUNT).collect();
            let table = rng.choice(&tables)?;
            let destination = if table.vpc == hub { ALL_VPCS } else { HUB_CIDR };
            let mut parameters = vec![
                ("RouteTableId", table.id.clone()),
                ("DestinationCidrBlock", destination.to_owned()),
            ];
            if table.routes.iter().any(|route| route.destination == destination) {
                return call("DeleteRoute", parameters);
            }
            parameters.push(("TransitGatewayId", TRANSIT_GATEWAY.to_owned()));
            call("CreateRoute", parameters)
        }
        (5, Some(endpoint)) => call("DeleteVpcEndpoints", vec![("VpcEndpointId.1", endpoint.id.clone())]),
        (6, Some(endpoint)) => {
            let policy = format!(
                r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::{}:root"}},"Action":"*","Resource":"*"}}]}}"#,
                rng.choice(["999999999999", ACCOUNT])?
            );
            let parameters = vec![("VpcEndpointId", endpoint.id.clone()), ("PolicyDocument", policy)];
            call("ModifyVpcEndpoint", parameters)
        }
        _ => {
            let subnets: Vec<_> = world.subnets().filter(|subnet| subnet.vpc == hub).collect();
            let service = endpoints.first()?.service.clone()?;
            let parameters = vec![
                ("VpcId", hub.clone()),
                ("ServiceName", service),
                ("VpcEndpointType", "Interface".to_owned()),
                ("PrivateDnsEnabled", "false".to_owned()),
                ("SubnetId.1", rng.choice(&subnets)?.id.clone()),
            ];
            call("CreateVpcEndpoint", parameters)
        }
    }
}

/// Somebody makes an endpoint to a service that is not approved.
pub(super) fn unapproved(world: &World, rng: &mut Rng) -> Option<Call> {
    let vpcs: Vec<_> = world.vpcs().filter(|vpc| vpc.owner == ACCOUNT).collect();
    let parameters = vec![
        ("VpcId", rng.choice(&vpcs)?.id.clone()),
        ("ServiceName", format!("com.amazonaws.{REGION}.{UNAPPROVED}")),
        ("VpcEndpointType", "Interface".to_owned()),
        ("PrivateDnsEnabled", "false".to_owned()),
    ];
    by(PEOPLE.to_owned(), "CreateVpcEndpoint", parameters)
}
