//! Central endpoints: who uses which, and the way to them.

use ipnet::IpNet;

use super::requirement::{Required, is_required_by};
use crate::evaluation::{Context, ask};
use crate::model::catalogue::Service;
use crate::model::endpoint::{Endpoint, EndpointKind};
use crate::model::hosted_zone::{HostedZone, ZoneRecord};
use crate::model::id::ServiceName;
use crate::model::part::Gap;
use crate::model::snapshot::{RouteTable, RouteTarget, Vpc, VpcSnapshot};
use crate::settings::{CentralEndpoints, Settings};

impl<'a> Context<'a> {
    /// The settings for central endpoints, where other VPCs use the endpoints of this one.
    pub fn hub(&self) -> Option<&'a CentralEndpoints> {
        let central = self.settings.central.as_ref()?;
        central.is_hub(&self.snapshot.vpc).then_some(central)
    }

    /// The settings for central endpoints, where this VPC uses those of others.
    pub fn spoke(&self) -> Option<&'a CentralEndpoints> {
        let central = self.settings.central.as_ref()?;
        central.is_spoke(&self.snapshot.vpc).then_some(central)
    }

    /// Whether the VPC is to use an interface service through the endpoints of hubs.
    pub fn uses_centrally(&self, service: &Service) -> bool {
        let interface = service.kind == EndpointKind::Interface;
        interface && self.spoke().is_some_and(|central| central.serves(service))
    }

    /// The service of an endpoint of this VPC that the settings have it use through the endpoints of hubs.
    pub fn served_centrally(&self, endpoint: &Endpoint) -> Result<Option<&'a ServiceName>, Gap> {
        if self.spoke().is_none() || !self.local(endpoint) {
            return Ok(None);
        }
        let mut required = self.required_interface()?.services.iter();
        let own = required.find(|required| {
            Some(&required.service.name) == endpoint.service.as_ref()
                && !required.subnets.is_empty()
                && self.uses_centrally(required.service)
        });
        Ok(own.map(|required| &required.service.name))
    }

    /// The services that the VPC needs, is to use centrally and has no endpoint of its own for that names lead to.
    pub fn central_requirements(&self) -> Result<Vec<&Required<'a>>, Gap> {
        let mut central = Vec::new();
        for required in &self.required_interface()?.services {
            let local = self.serving(required.service)?.into_iter().any(Endpoint::holds_name);
            if !required.subnets.is_empty() && !local && self.uses_centrally(required.service) {
                central.push(required);
            }
        }
        Ok(central)
    }

    /// The spokes in which a service is required that they use through this hub, as far as they are known.
    pub fn spokes_of(&self, service: &Service) -> Vec<&'a Vpc> {
        let (Some(central), Ok(known)) = (self.hub(), self.snapshot.central.as_ref()) else {
            return Vec::new();
        };
        let requires = |vpc: &&Vpc| {
            let mut requirements = self.settings.requirements.iter();
            requirements.any(|requirement| {
                requirement.kind == EndpointKind::Interface
                    && is_required_by(requirement, service.name.as_str(), service.short_name())
                    && requirement.vpcs.matches(vpc)
            })
        };
        let spokes = known.spokes.values().filter(|_| central.serves(service));
        spokes.filter(requires).collect()
    }
}

/// Whether the VPC is a spoke that needs an endpoint of a hub.
pub fn depends_on_hubs(snapshot: &VpcSnapshot, settings: &Settings) -> bool {
    ask(snapshot, settings, |context| {
        context
            .central_requirements()
            .is_ok_and(|required| !required.is_empty())
    })
}

/// Where a route table sends traffic to a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way<'a> {
    /// Nowhere, or to the internet.
    None,
    /// Through a peering connection, a transit gateway or a core network of Cloud WAN.
    Through(&'a str),
    /// Through something else, or by a prefix list, whose networks are not observed.
    Unclear(&'a str),
}

/// The most specific active route to all of the network decides.
pub fn way<'a>(table: &'a RouteTable, to: &IpNet) -> Way<'a> {
    let active = || table.routes.iter().filter(|route| route.active);
    let covering = active().filter_map(|route| {
        let destination: IpNet = route.destination.parse().ok()?;
        destination.contains(to).then_some((destination.prefix_len(), route))
    });
    let best = covering.max_by_key(|(length, _)| *length);
    let by_list = active().find(|route| route.destination.starts_with("pl-") && between_vpcs(&route.target).is_some());
    match (best, by_list) {
        (Some((_, route)), _) if between_vpcs(&route.target).is_some() => {
            between_vpcs(&route.target).map_or(Way::None, Way::Through)
        }
        (_, Some(route)) => Way::Unclear(&route.destination),
        (Some((_, route)), None) => match &route.target {
            RouteTarget::InternetGateway(_) => Way::None,
            RouteTarget::Other(id) if ["nat-", "eigw-", "igw-"].iter().any(|prefix| id.starts_with(prefix)) => {
                Way::None
            }
            // A firewall, a virtual private gateway, an appliance.
            RouteTarget::Endpoint(id) | RouteTarget::Other(id) => Way::Unclear(id),
            RouteTarget::Local => Way::None,
        },
        (None, None) => Way::None,
    }
}

fn between_vpcs(target: &RouteTarget) -> Option<&str> {
    match target {
        RouteTarget::Other(id) => {
            let known = id.starts_with("tgw-") || id.starts_with("pcx-") || id.contains(":core-network/");
            known.then_some(id.as_str())
        }
        RouteTarget::Local | RouteTarget::InternetGateway(_) | RouteTarget::Endpoint(_) => None,
    }
}

/// The zone that answers for a name, such as `*.s3.eu-central-1.amazonaws.com`: of several the most specific.
pub fn zone_for<'z>(zones: impl Iterator<Item = &'z HostedZone>, name: &str) -> Option<&'z HostedZone> {
    let host = name.trim_start_matches("*.");
    let answering = zones.filter(|zone| {
        let rest = host.strip_suffix(zone.name.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    });
    answering.max_by_key(|zone| zone.name.len())
}

/// The record that answers for a name: its own, or the wildcard of the names around it.
pub fn record_for<'z>(records: &'z [ZoneRecord], name: &str) -> Option<&'z ZoneRecord> {
    let wildcard = name.split_once('.').map(|(_, rest)| format!("*.{rest}"));
    let of = |name: &str| records.iter().find(|record| record.name == name);
    of(name).or_else(|| of(&wildcard?))
}
