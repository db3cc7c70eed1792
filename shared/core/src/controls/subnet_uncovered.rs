//! subnet-uncovered: see [`CONTROL`].

use std::collections::BTreeSet;

use super::endpoint_missing::placement;
use crate::change::{Change, ChangeKind};
use crate::control::{Context, Control, keeper};
use crate::finding::{Finding, FindingKey, Remediation, ResourceKind, Severity};
use crate::id::Zone;
use crate::requirement::{Required, required};
use crate::snapshot::{Endpoint, EndpointKind, Gap, Part, Subnet};

pub static CONTROL: Control = Control {
    name: "subnet-uncovered",
    summary: "A subnet that needs a service lies in a zone in which the service's interface endpoint has no network \
              interface, although the service supports the zone.",
    documentation: "\
Clients in the zone still reach the endpoint through another zone: they pay for the traffic between zones, and lose the \
service when the other zone fails.

One network interface serves its whole zone: a second subnet of a zone is covered by the first one's. Zones that the \
service does not support are not applicable.

**Remediation** (automatic, additive). Adds one subnet of the zone to the endpoint: among the subnets that need the \
service, the one with the most free addresses. Of several endpoints to the service, the one that holds the private DNS \
name gets it. Subnets are never removed or exchanged.

Each zone of an interface endpoint is billed by the hour.",
    severity: Severity::Medium,
    needs: &[Part::Subnets, Part::RouteTables, Part::Endpoints, Part::Services],
    changes: &[ChangeKind::AddSubnet],
    evaluate,
};

fn evaluate(context: &Context<'_>) -> Result<Vec<Finding>, Gap> {
    let mut findings = Vec::new();
    let (services, _) = required(context, EndpointKind::Interface)?;
    for required in &services {
        let serving = context.serving(required.service)?;
        // Without an endpoint the finding is endpoint-missing's.
        let Some(chosen) = choose(&serving, context) else {
            continue;
        };
        let covered = zones_of(&serving, context)?;
        for subnet in &required.subnets {
            findings.push(judge(required, subnet, chosen, &covered));
        }
    }
    Ok(findings)
}

fn judge(required: &Required<'_>, subnet: &Subnet, endpoint: &Endpoint, covered: &BTreeSet<&Zone>) -> Finding {
    let service = required.service;
    let key = FindingKey::new(CONTROL.name, ResourceKind::Subnet, &subnet.id).for_service(&service.name);
    let zone = &subnet.zone;
    if covered.contains(zone) {
        return key.compliant(format!("Zone {zone} has a network interface of the endpoint."));
    }
    if !service.zones.contains(zone) {
        return key.not_applicable(format!("{} does not support zone {zone}.", service.name));
    }
    let explanation = format!(
        "Zone {zone} has no network interface of {}, which serves {}.",
        endpoint.id, service.name
    );
    let remediation = match placement(service, &required.subnets).remove(zone) {
        Some(subnet) => Remediation::Automatic(vec![Change::AddSubnet {
            endpoint: endpoint.id.clone(),
            subnet,
            zone: zone.clone(),
        }]),
        None => Remediation::Manual(format!(
            "No subnet of zone {zone} can hold the network interface: free an IPv4 address in one of them."
        )),
    };
    key.non_compliant(explanation, remediation)
}

/// The endpoint that gets the subnet: one that Postern may touch, and that holds the private DNS name.
fn choose<'a>(serving: &[&'a Endpoint], context: &Context<'_>) -> Option<&'a Endpoint> {
    serving
        .iter()
        .copied()
        .min_by_key(|e| (keeper(e, context.snapshot).is_some(), !e.private_dns, &e.id))
}

fn zones_of<'a>(endpoints: &[&Endpoint], context: &Context<'a>) -> Result<BTreeSet<&'a Zone>, Gap> {
    let subnets = context.snapshot.subnets.as_ref().map_err(Gap::clone)?;
    Ok(endpoints
        .iter()
        .flat_map(|e| &e.subnets)
        .filter_map(|id| subnets.get(id))
        .map(|subnet| &subnet.zone)
        .collect())
}
