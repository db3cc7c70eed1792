//! Which services a VPC has to reach privately, and from which of its subnets.

use std::collections::BTreeMap;

use crate::control::Context;
use crate::id::{RouteTableId, ServiceName};
use crate::snapshot::{Endpoint, EndpointKind, EndpointState, Gap, Service, Subnet};

/// A service that the settings require in this VPC.
pub struct Required<'a> {
    pub service: &'a Service,
    /// The subnets that need it; empty where none of the VPC matches.
    pub subnets: Vec<&'a Subnet>,
}

/// A required service that the Region's catalogue does not settle.
pub struct Unresolved<'a> {
    pub name: &'a str,
    pub reason: String,
}

/// The required services of one kind, merged over all requirements and sorted by name.
pub fn required<'a>(
    context: &Context<'a>,
    kind: EndpointKind,
) -> Result<(Vec<Required<'a>>, Vec<Unresolved<'a>>), Gap> {
    let mut services: BTreeMap<&ServiceName, Required<'a>> = BTreeMap::new();
    let mut unresolved = BTreeMap::new();
    let catalogue = context.snapshot.services.as_ref().map_err(Gap::clone)?;
    for requirement in &context.settings.requirements {
        if requirement.kind != kind || !requirement.vpcs.matches(&context.snapshot.vpc) {
            continue;
        }
        let subnets = matching_subnets(context, requirement)?;
        for name in &requirement.services {
            match resolve(name, kind, &catalogue.services, context) {
                Ok(service) => {
                    let entry = services.entry(&service.name).or_insert_with(|| Required {
                        service,
                        subnets: Vec::new(),
                    });
                    entry
                        .subnets
                        .extend(subnets.iter().filter(|s| s.owner == context.snapshot.account));
                }
                Err(reason) => {
                    unresolved.insert(name.as_str(), reason);
                }
            }
        }
    }
    let mut services: Vec<_> = services.into_values().collect();
    for required in &mut services {
        required.subnets.sort_by_key(|subnet| &subnet.id);
        required.subnets.dedup_by_key(|subnet| &subnet.id);
    }
    Ok((
        services,
        unresolved
            .into_iter()
            .map(|(name, reason)| Unresolved { name, reason })
            .collect(),
    ))
}

fn matching_subnets<'a>(
    context: &Context<'a>,
    requirement: &crate::settings::Requirement,
) -> Result<Vec<&'a Subnet>, Gap> {
    let snapshot = context.snapshot;
    let mut matching = Vec::new();
    for subnet in snapshot.subnets.as_ref().map_err(Gap::clone)?.values() {
        if requirement
            .subnets
            .matches(snapshot.class_of(&subnet.id)?, &subnet.tags)
        {
            matching.push(subnet);
        }
    }
    Ok(matching)
}

/// Names are looked up in the catalogue, never built: not every service follows `com.amazonaws.<region>.<name>`.
fn resolve<'a>(
    name: &str,
    kind: EndpointKind,
    services: &'a [Service],
    context: &Context<'_>,
) -> Result<&'a Service, String> {
    let region = &context.snapshot.region;
    let of_kind = || services.iter().filter(move |service| service.kind == kind);
    if let Some(service) = of_kind().find(|service| service.name.as_str() == name) {
        return Ok(service);
    }
    let short: Vec<_> = of_kind()
        .filter(|s| s.amazon && s.short_name(region) == Some(name))
        .collect();
    match short.as_slice() {
        [service] => Ok(service),
        [] => Err(format!(
            "{region} offers no {} service `{name}`; correct the name in postern.toml or limit the requirement to VPCs \
             of Regions that have it",
            kind.word()
        )),
        several => {
            let mut names: Vec<_> = several.iter().map(|service| service.name.as_str()).collect();
            names.sort();
            Err(format!(
                "`{name}` may mean {}; write the full name in postern.toml",
                names.join(" or ")
            ))
        }
    }
}

impl<'a> Context<'a> {
    /// The usable endpoints of a service in this VPC. Endpoints to other Regions do not count.
    pub fn serving(&self, service: &Service) -> Result<Vec<&'a Endpoint>, Gap> {
        self.endpoints_to(service, Endpoint::usable)
    }

    /// The endpoints of a service of which it is not known whether they serve this VPC.
    pub fn doubtful(&self, service: &Service) -> Result<Vec<&'a Endpoint>, Gap> {
        self.endpoints_to(service, |e| e.state == EndpointState::Unknown)
    }

    fn endpoints_to(&self, service: &Service, chosen: fn(&Endpoint) -> bool) -> Result<Vec<&'a Endpoint>, Gap> {
        let endpoints = self.snapshot.endpoints.as_ref().map_err(Gap::clone)?;
        Ok(endpoints
            .values()
            .filter(|e| e.kind == service.kind && e.service.as_ref() == Some(&service.name))
            .filter(|e| chosen(e) && self.local(e))
            .collect())
    }

    pub fn local(&self, endpoint: &Endpoint) -> bool {
        endpoint
            .service_region
            .as_ref()
            .is_none_or(|region| *region == self.snapshot.region)
    }

    /// The catalogue's entry for the service of an endpoint.
    pub fn service_of(&self, endpoint: &Endpoint) -> Result<Option<&'a Service>, Gap> {
        let catalogue = self.snapshot.services.as_ref().map_err(Gap::clone)?;
        Ok(endpoint
            .service
            .as_ref()
            .and_then(|name| catalogue.find(name, endpoint.kind)))
    }

    /// Whether the interface endpoint of a service is to hold the service's normal DNS name. Where the service has a
    /// gateway form as well, that name belongs to the gateway's clients.
    pub fn wants_private_dns(&self, service: &Service) -> Result<bool, Gap> {
        let catalogue = self.snapshot.services.as_ref().map_err(Gap::clone)?;
        Ok(service.amazon
            && service.kind == EndpointKind::Interface
            && !service.private_dns_names.is_empty()
            && catalogue.find(&service.name, EndpointKind::Gateway).is_none())
    }

    /// The route tables that decide for these subnets.
    pub fn route_tables_of(&self, subnets: &[&Subnet]) -> Result<Vec<RouteTableId>, Gap> {
        let mut tables = Vec::new();
        for subnet in subnets {
            tables.extend(self.snapshot.route_table_of(&subnet.id)?.map(|table| table.id.clone()));
        }
        tables.sort();
        tables.dedup();
        Ok(tables)
    }
}
