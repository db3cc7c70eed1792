//! endpoint-missing: see [`CONTROL`].

use std::collections::{BTreeMap, BTreeSet};

use postern_policy::template;

use crate::change::{Change, ChangeKind, NewEndpoint, client_token};
use crate::control::{Context, Control};
use crate::finding::{Finding, FindingKey, Remediation, ResourceKind, Severity};
use crate::id::{SubnetId, Zone};
use crate::requirement::{Required, required};
use crate::snapshot::{Endpoint, EndpointKind, EndpointState, Gap, Part, Service, Subnet};

pub static CONTROL: Control = Control {
    name: "endpoint-missing",
    summary: "A required service has no usable endpoint in a VPC that has subnets which need it.",
    documentation: "\
Without an endpoint the VPC's workloads reach the service over a NAT gateway and public addresses, or not at all.

A usable endpoint is one of the required kind, to the service in the VPC's own Region, that is pending, waiting for \
acceptance or available. Endpoints in other VPCs whose names are shared through private hosted zones are not seen: \
exempt such VPCs.

**Remediation** (automatic, additive). Creates the endpoint. A gateway endpoint is associated with the route tables of \
the subnets that need it. An interface endpoint gets the subnet with the most free addresses of each zone that the \
service supports, the VPC's managed security group, and private DNS where the service has a private DNS name and no \
gateway form. Both get the perimeter policy where the service supports policies. Nothing is created while the VPC's DNS \
attributes would make private DNS fail (`vpc-dns-disabled` goes first), or when the perimeter trusts nobody.

An interface endpoint is billed per zone and hour, whether used or not.",
    severity: Severity::High,
    needs: &[
        Part::Dns,
        Part::Subnets,
        Part::RouteTables,
        Part::Endpoints,
        Part::SecurityGroups,
        Part::Services,
    ],
    changes: &[ChangeKind::CreateManagedGroup, ChangeKind::AuthorizeIngress, ChangeKind::CreateEndpoint],
    evaluate,
};

fn evaluate(context: &Context<'_>) -> Result<Vec<Finding>, Gap> {
    let vpc = &context.snapshot.vpc.id;
    let mut findings = Vec::new();
    for kind in [EndpointKind::Interface, EndpointKind::Gateway] {
        let key = |service: &str| {
            FindingKey::new(CONTROL.name, ResourceKind::Vpc, vpc)
                .for_service(service)
                .of_kind(kind)
        };
        let (services, unresolved) = required(context, kind)?;
        for required in &services {
            findings.push(judge(context, required, key(required.service.name.as_str()))?);
        }
        for service in unresolved {
            let key = key(service.name);
            findings.push(key.indeterminate("The required service is not in the Region's catalogue.", service.reason));
        }
    }
    Ok(findings)
}

fn judge(context: &Context<'_>, required: &Required<'_>, key: FindingKey) -> Result<Finding, Gap> {
    let service = required.service;
    if required.subnets.is_empty() {
        return Ok(key.not_applicable("No subnet of the VPC needs the service."));
    }
    if let Some(endpoint) = context.serving(service)?.first() {
        return Ok(key.compliant(format!("{} serves it.", endpoint.id)));
    }
    let others = context.snapshot.endpoints.as_ref().map_err(Gap::clone)?.values();
    let others: Vec<_> = others
        .filter(|e| e.service.as_ref() == Some(&service.name) && context.local(e))
        .collect();
    if let Some(odd) = others
        .iter()
        .find(|e| e.kind == service.kind && e.state == EndpointState::Unknown)
    {
        return Ok(key.indeterminate(
            format!("{} is in a state that is not known here.", odd.id),
            "Look at the endpoint's state in the console.",
        ));
    }
    let explanation = format!(
        "{} subnet{} of the VPC {} {} and no usable {} endpoint serves {}.",
        required.subnets.len(),
        if required.subnets.len() == 1 { "" } else { "s" },
        if required.subnets.len() == 1 { "needs" } else { "need" },
        service.name,
        service.kind.word(),
        if required.subnets.len() == 1 { "it" } else { "them" },
    );
    Ok(key.non_compliant(explanation, remedy(context, required, &others)?))
}

fn remedy(context: &Context<'_>, required: &Required<'_>, others: &[&Endpoint]) -> Result<Remediation, Gap> {
    let service = required.service;
    let snapshot = context.snapshot;
    if service.manages_endpoints {
        return Ok(Remediation::Manual(format!(
            "{} creates its endpoints itself: switch it on for this VPC in that service.",
            service.name
        )));
    }
    let policy = match policy(context, service) {
        Ok(policy) => policy,
        Err(reason) => return Ok(Remediation::Manual(reason)),
    };
    let mut new = NewEndpoint {
        vpc: snapshot.vpc.id.clone(),
        service: service.name.clone(),
        endpoint_kind: service.kind,
        subnets: BTreeMap::new(),
        route_tables: BTreeSet::new(),
        group: None,
        private_dns: context.wants_private_dns(service)?,
        policy,
        client_token: token(context, service, others),
    };
    if service.kind == EndpointKind::Gateway {
        new.route_tables = context.route_tables_of(&required.subnets)?.into_iter().collect();
        return Ok(Remediation::Automatic(vec![Change::CreateEndpoint(new)]));
    }
    let dns = snapshot.dns.as_ref().map_err(Gap::clone)?;
    if new.private_dns && !(dns.support && dns.hostnames) {
        return Ok(Remediation::Manual(
            "Enable DNS support and DNS hostnames of the VPC first (control vpc-dns-disabled): private DNS needs both."
                .to_owned(),
        ));
    }
    new.subnets = placement(service, &required.subnets);
    if new.subnets.is_empty() {
        return Ok(Remediation::Manual(no_place(service)));
    }
    let clients = if new.private_dns {
        context.all_subnets()?
    } else {
        required.subnets.clone()
    };
    let (group, mut changes) = context.managed_group_for(&clients)?;
    new.group = Some(group);
    changes.push(Change::CreateEndpoint(new));
    Ok(Remediation::Automatic(changes))
}

fn policy(context: &Context<'_>, service: &Service) -> Result<Option<String>, String> {
    if !service.policy_supported {
        return Ok(None);
    }
    let region = &context.snapshot.region;
    let name = service.short_name(region).unwrap_or(service.name.as_str());
    match template(name, region.as_str(), &context.settings.perimeter) {
        Ok(policy) => Ok(Some(policy)),
        Err(error) => Err(format!("Complete the perimeter in postern.toml: {error}.")),
    }
}

/// In each zone that the service supports, the subnet with the most free addresses.
pub(super) fn placement(service: &Service, subnets: &[&Subnet]) -> BTreeMap<Zone, SubnetId> {
    let mut best: BTreeMap<&Zone, &Subnet> = BTreeMap::new();
    for subnet in subnets.iter().filter(|subnet| can_host(service, subnet)) {
        let chosen = best.entry(&subnet.zone).or_insert(subnet);
        let better = (chosen.free_addresses, &subnet.id) < (subnet.free_addresses, &chosen.id);
        if better {
            *chosen = subnet;
        }
    }
    best.into_iter()
        .map(|(zone, subnet)| (zone.clone(), subnet.id.clone()))
        .collect()
}

fn can_host(service: &Service, subnet: &Subnet) -> bool {
    service.zones.contains(&subnet.zone)
        && service.ipv4
        && subnet.ipv4.is_some()
        && subnet.free_addresses > 0
        && !subnet.outpost
}

fn no_place(service: &Service) -> String {
    let zones: Vec<_> = service.zones.iter().map(Zone::as_str).collect();
    format!(
        "None of the subnets can hold the endpoint: add a subnet with IPv4 addresses to spare in one of the zones that \
         {} supports ({}).",
        service.name,
        zones.join(", ")
    )
}

/// The same for everybody who sees the same endpoints. What is dead is part of it: asked again with the token of an
/// endpoint that was deleted since, EC2 would answer with that endpoint.
fn token(context: &Context<'_>, service: &Service, others: &[&Endpoint]) -> String {
    let dead = others.iter().filter(|e| e.dead()).map(|e| e.id.as_str());
    let wish = [
        "endpoint",
        context.snapshot.vpc.id.as_str(),
        service.name.as_str(),
        service.kind.word(),
    ];
    client_token(wish.into_iter().chain(dead))
}
