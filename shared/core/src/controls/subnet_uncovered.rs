//! subnet-uncovered: see [`CONTROL`].

use super::endpoint_missing::address_type_advice;
use crate::changes::{AddSubnet, Change, ChangeKind};
use crate::evaluation::network_acls::Usage;
use crate::evaluation::placement::Search;
use crate::evaluation::requirement::Required;
use crate::evaluation::service_ports::ServicePorts;
use crate::evaluation::{Assessment, Concern, Context, Control, Evaluate, Framework, Remediation, in_unknown_state};
use crate::model::endpoint::Endpoint;
use crate::model::finding::{FindingKey, ResourceKind, Severity};
use crate::model::managed::managed_by;
use crate::model::part::{Gap, Part};
use crate::model::snapshot::Subnet;

pub static CONTROL: Control = Control {
    name: "subnet-uncovered",
    summary: "A subnet that needs a service lies in a zone in which the service's interface endpoint has no network \
              interface, although the service supports the zone.",
    documentation: "\
Clients in the zone reach the endpoint through another zone: they pay for the traffic between zones, and lose the \
service when the other zone fails.

One network interface serves its whole zone: a second subnet of a zone is covered by the network interface in the \
first. The control does not apply to zones that the service does not support. A network interface with IPv4 addresses only \
does not cover a subnet that has IPv6 addresses only. The control does not apply in spokes of `[central]` to services \
that they use through a hub.

**Remediation** (automatic, additive). Adds one subnet of the zone to the endpoint: of the subnets that need the \
service, the one with the most free addresses whose network ACL lets everybody through who uses the endpoint today. \
Where there is none, the finding says what is missing. In a hub (`[central]`), the network ACL must be open, or that of a \
subnet that the endpoint has already. Of several endpoints to the service, the one with private DNS gets \
it. Subnets are never removed or exchanged.

Each zone of an interface endpoint is billed by the hour.",
    finds: "a zone without a network interface of the endpoint",
    remediation: "adds a subnet of the zone",
    concern: Concern::Reachability,
    severity: Severity::Medium,
    frameworks: &[
        (Framework::Nist80053, "SC-7"),
        (Framework::CisControls8, "12.2"),
    ],
    resource: ResourceKind::Subnet,
    needs: &[
        Part::Subnets,
        Part::RouteTables,
        Part::Endpoints,
        Part::Services,
        Part::NetworkAcls,
    ],
    changes: &[ChangeKind::AddSubnet],
    opt_in: false,
    writes_perimeter_policies: false,
    evaluate: Evaluate::Vpc(evaluate),
};

fn evaluate(context: &Context<'_>) -> Result<Vec<Assessment>, Gap> {
    let mut findings = Vec::new();
    let services = &context.required_interface()?.services;
    for required in services {
        let mut serving = context.serving(required.service)?;
        serving.sort_by_key(|e| (managed_by(e, context.snapshot).is_some(), !e.private_dns, &e.id));
        // Without an endpoint that a subnet reaches, endpoint-missing reports it.
        let mut subnets = required.subnets.iter();
        if !subnets.any(|subnet| serving.iter().any(|endpoint| subnet.reaches(endpoint.address_type))) {
            continue;
        }
        let doubtful = context.doubtful(required.service)?;
        for subnet in &required.subnets {
            findings.push(judge(context, required, subnet, (&serving, &doubtful))?);
        }
    }
    Ok(findings)
}

fn judge(
    context: &Context<'_>,
    required: &Required<'_>,
    subnet: &Subnet,
    (serving, doubtful): (&[&Endpoint], &[&Endpoint]),
) -> Result<Assessment, Gap> {
    let service = required.service;
    let key = FindingKey::new(CONTROL.name, ResourceKind::Subnet, &subnet.id).for_service(&service.name);
    let zone = &subnet.zone;
    let subnets = context.snapshot.subnets.as_ref().map_err(Gap::clone)?;
    let covers = |endpoint: &&&Endpoint| {
        let mut own = endpoint.subnets.iter().filter_map(|id| subnets.get(id));
        subnet.reaches(endpoint.address_type) && own.any(|own| own.zone == *zone)
    };
    if let Some(by) = serving.iter().find(covers) {
        return Ok(key.compliant(format!("Zone {zone} has a network interface of {}.", by.id)));
    }
    if let Some(central) = serving.iter().find_map(|e| context.served_centrally(e).transpose()) {
        return Ok(key.not_applicable(format!(
            "The settings have the VPC use {} through the endpoints of hubs (`[central]`). See endpoint-duplicated.",
            central?
        )));
    }
    if !service.zones.contains(zone) {
        return Ok(key.not_applicable(format!("{} does not support zone {zone}.", service.name)));
    }
    if let Some(by) = doubtful.iter().find(covers) {
        return Ok(in_unknown_state(key, by));
    }
    // Preferably one that Postern may change and that has private DNS.
    let chosen = serving.iter().find(|endpoint| subnet.reaches(endpoint.address_type));
    let Some(endpoint) = chosen else {
        let Some(endpoint) = serving.first() else {
            return Ok(key.not_applicable("No endpoint serves the VPC."));
        };
        let addresses = subnet.address_type().unwrap_or_default();
        let explanation = format!(
            "The clients of the subnet have {addresses} addresses only and do not reach {}, which serves {} with {} \
             addresses.",
            endpoint.id, service.name, endpoint.address_type
        );
        let advice = address_type_advice(context, endpoint, service)?;
        return Ok(key.non_compliant(explanation, Remediation::Manual(advice)));
    };
    let explanation = format!(
        "Zone {zone} has no network interface of {}, which serves {}.",
        endpoint.id, service.name
    );
    let search = Search {
        service,
        subnets: &required.subnets,
        addresses: endpoint.address_type,
        network_acls: context.network_acls()?,
        usage: Usage {
            // Clients may use any port where AWS documents none.
            ports: ServicePorts::of(&service.name).unwrap_or_else(ServicePorts::any),
            addresses: endpoint.dns_records,
            clients: context.clients(endpoint)?,
            by_spokes: context.hub().is_some(),
            present: endpoint.subnets.iter().cloned().collect(),
        },
    };
    let remediation = match search.placement().remove(zone) {
        Some(subnet) => Remediation::Automatic(vec![Change::AddSubnet(AddSubnet {
            endpoint: endpoint.id.clone(),
            subnet,
            zone: zone.clone(),
        })]),
        None => Remediation::Manual(search.advice(Some(zone))),
    };
    Ok(key.non_compliant(explanation, remediation))
}

#[cfg(test)]
mod tests;
