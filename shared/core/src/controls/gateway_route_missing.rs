//! gateway-route-missing: see [`CONTROL`].

use std::collections::BTreeSet;

use crate::change::{Change, ChangeKind};
use crate::control::{Context, Control, keeper};
use crate::finding::{Finding, FindingKey, Remediation, ResourceKind, Severity};
use crate::requirement::required;
use crate::snapshot::{EndpointKind, Gap, Part};

pub static CONTROL: Control = Control {
    name: "gateway-route-missing",
    summary: "The route table of a subnet that needs a service is not associated with the service's gateway endpoint.",
    documentation: "\
A gateway endpoint serves only the subnets of the route tables that it is associated with. The others reach the service \
over a NAT gateway, at a price per gigabyte, or not at all. A subnet without a route table of its own uses the VPC's \
main one.

**Remediation** (automatic, additive). Associates the route table with the endpoint. Gateway endpoints cost nothing.",
    severity: Severity::Medium,
    needs: &[Part::Subnets, Part::RouteTables, Part::Endpoints, Part::Services],
    changes: &[ChangeKind::AssociateRouteTable],
    evaluate,
};

fn evaluate(context: &Context<'_>) -> Result<Vec<Finding>, Gap> {
    let mut findings = Vec::new();
    let (services, _) = required(context, EndpointKind::Gateway)?;
    for required in &services {
        let serving = context.serving(required.service)?;
        let service = &required.service.name;
        // Without an endpoint the finding is endpoint-missing's.
        let Some(chosen) = serving
            .iter()
            .min_by_key(|e| (keeper(e, context.snapshot).is_some(), &e.id))
        else {
            continue;
        };
        let associated: BTreeSet<_> = serving.iter().flat_map(|e| &e.route_tables).collect();
        for table in context.route_tables_of(&required.subnets)? {
            let key = FindingKey::new(CONTROL.name, ResourceKind::RouteTable, &table).for_service(service);
            findings.push(if associated.contains(&table) {
                key.compliant("The route table leads to the gateway endpoint.")
            } else {
                key.non_compliant(
                    format!(
                        "{table} has no route to {}, so its subnets do not reach {service} privately.",
                        chosen.id
                    ),
                    Remediation::Automatic(vec![Change::AssociateRouteTable {
                        endpoint: chosen.id.clone(),
                        route_table: table,
                    }]),
                )
            });
        }
    }
    Ok(findings)
}
