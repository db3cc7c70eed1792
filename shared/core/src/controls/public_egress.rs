//! public-egress: see [`CONTROL`].

use std::collections::BTreeMap;

use crate::evaluation::requirement::Requirements;
use crate::evaluation::{Assessment, Concern, Context, Control, Evaluate, Framework, Remediation};
use crate::model::cost::MonthlyCost;
use crate::model::endpoint::{Endpoint, EndpointKind};
use crate::model::finding::{FindingKey, ResourceKind, Severity};
use crate::model::id::ServiceName;
use crate::model::part::{Gap, Part};
use crate::model::snapshot::{RouteTable, RouteTarget, Subnet};

pub static CONTROL: Control = Control {
    name: "public-egress",
    summary: "Clients that use the normal DNS name of a required service reach it through a NAT or internet gateway, \
              although the VPC has an endpoint to it.",
    documentation: "\
An interface endpoint without private DNS serves only the clients that use its own DNS name. For a service that also \
has a gateway type (S3, DynamoDB), private DNS stays off: its normal name is for the clients of the gateway endpoint. \
Where the route table of a subnet has no route to a gateway endpoint, the traffic of the others leaves the VPC, and a \
NAT gateway bills each gigabyte.

What other controls report is not reported again: a service without an endpoint (`endpoint-missing`), private DNS that \
should be on (`private-dns-disabled`), a route table that the settings want on a gateway endpoint \
(`gateway-route-missing`).

**Remediation** (manual). A gateway endpoint is free of charge; the requirement that has Postern create it is in the \
finding, with what the NAT gateway bills: the price of `[prices]`, which `postern prices --write` looks up.",
    finds: "traffic to a required service that leaves the VPC",
    remediation: "shows the path and what it costs",
    concern: Concern::Reachability,
    severity: Severity::Medium,
    frameworks: &[
        (Framework::Nist80053, "AC-4"),
        (Framework::Nist80053, "SC-7"),
        (Framework::PciDss4, "1.3.2"),
        (Framework::CisControls8, "12.2"),
        (Framework::DataPerimeter, "network-of-resources"),
    ],
    resource: ResourceKind::Subnet,
    needs: &[Part::Subnets, Part::RouteTables, Part::Endpoints, Part::Services],
    changes: &[],
    opt_in: false,
    writes_perimeter_policies: false,
    evaluate: Evaluate::Vpc(evaluate),
};

fn evaluate(context: &Context<'_>) -> Result<Vec<Assessment>, Gap> {
    let (interface, gateway) = (context.required_interface()?, context.required_gateway()?);
    // A service that is required in both forms has one finding for each subnet.
    let mut subnets: BTreeMap<&ServiceName, BTreeMap<&str, &Subnet>> = BTreeMap::new();
    for required in interface.services.iter().chain(&gateway.services) {
        let of_service = subnets.entry(&required.service.name).or_default();
        of_service.extend(required.subnets.iter().map(|subnet| (subnet.id.as_str(), *subnet)));
    }
    let catalogue = context.snapshot.services.as_ref().map_err(Gap::clone)?;
    let mut findings = Vec::new();
    for (service, subnets) in subnets {
        let serving = |kind: EndpointKind| match catalogue.find(service.as_str(), kind) {
            Some(service) => context.serving(service),
            None => Ok(Vec::new()),
        };
        let served = (serving(EndpointKind::Interface)?, serving(EndpointKind::Gateway)?);
        for subnet in subnets.values() {
            findings.extend(judge(context, service, subnet, gateway, &served)?);
        }
    }
    Ok(findings)
}

fn judge(
    context: &Context<'_>,
    service: &ServiceName,
    subnet: &Subnet,
    gateway: &Requirements<'_>,
    (interfaces, gateways): &(Vec<&Endpoint>, Vec<&Endpoint>),
) -> Result<Option<Assessment>, Gap> {
    let key = FindingKey::new(CONTROL.name, ResourceKind::Subnet, &subnet.id).for_service(service);
    let snapshot = context.snapshot;
    let catalogue = snapshot.services.as_ref().map_err(Gap::clone)?;
    let Some(table) = snapshot.route_table_of(&subnet.id)? else {
        return Ok(None);
    };
    if let Some(endpoint) = gateways
        .iter()
        .find(|endpoint| endpoint.route_tables.contains(&table.id))
    {
        return Ok(Some(key.compliant(format!("{} routes to {}.", table.id, endpoint.id))));
    }
    let by_name = interfaces.iter().find(|e| e.holds_name());
    if let Some(endpoint) = by_name {
        return Ok(Some(
            key.compliant(format!("The name of the service leads to {}.", endpoint.id)),
        ));
    }
    // Reported by endpoint-missing.
    let Some(endpoint) = interfaces.first() else {
        return Ok(None);
    };
    let other = |control: &str| Ok(Some(key.clone().not_applicable(format!("See {control}."))));
    if gateway
        .services
        .iter()
        .any(|required| required.service.name == *service)
    {
        return match gateways.is_empty() {
            true => other("endpoint-missing"),
            false => other("gateway-route-missing"),
        };
    }
    if let Some(service) = context.service_of(endpoint)?
        && context.wants_private_dns(service)?
    {
        return other("private-dns-disabled");
    }
    if catalogue.find(service.as_str(), EndpointKind::Gateway).is_none() {
        return Ok(Some(
            key.not_applicable("The normal name of the service is left alone on purpose."),
        ));
    }
    let Some((destination, way)) = egress(table) else {
        return Ok(Some(
            key.not_applicable("The subnet has no route to a NAT or internet gateway."),
        ));
    };
    let explanation = format!(
        "Clients that use the normal DNS name of {service} reach it through {way} (route {destination} in {}), not through \
         {}, which has no private DNS.{}",
        table.id,
        endpoint.id,
        cost(context, way)
    );
    let advice = format!(
        "Add a gateway endpoint, which is free of charge, on {}: require `{service}` with `type = \"gateway\"` in the \
         settings, or create it.",
        table.id
    );
    Ok(Some(key.non_compliant(explanation, Remediation::Manual(advice))))
}

/// The route by which traffic to public addresses leaves, and the gateway to which it leads.
fn egress(table: &RouteTable) -> Option<(&str, &str)> {
    let mut ways = table.routes.iter().filter(|route| route.active).filter_map(|route| {
        let target = match &route.target {
            RouteTarget::InternetGateway(id) => id,
            RouteTarget::Other(id) if id.starts_with("nat-") || id.starts_with("eigw-") => id,
            RouteTarget::Local | RouteTarget::Endpoint(_) | RouteTarget::Other(_) => return None,
        };
        Some((route.destination.as_str(), target.as_str()))
    });
    let first = ways.next()?;
    Some(ways.fold(first, Ord::min))
}

fn cost(context: &Context<'_>, way: &str) -> String {
    if !way.starts_with("nat-") {
        return String::new();
    }
    let region = &context.snapshot.region;
    match context.settings.prices.of(region).nat_gateway_gigabyte {
        Some(price) => format!(
            " The NAT gateway bills each gigabyte: 1,000 of them a month cost {} at ${price}.",
            MonthlyCost::from_dollars(price * 1_000.0)
        ),
        None => format!(
            " The NAT gateway bills each gigabyte; the price of {region} is not known (`postern prices --region {region} --write`)."
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::finding::Verdict;
    use crate::model::snapshot::SubnetClass;
    use crate::settings::ExemptionSelector;
    use crate::testing::{World, advice, assert_needs, bare, compliant};

    /// An interface endpoint to S3 for a private and an isolated subnet, and no gateway endpoint.
    fn on_premises() -> World {
        bare()
            .subnet("subnet-a", "a", SubnetClass::Private)
            .subnet("subnet-db", "a", SubnetClass::Isolated)
            .require(&["s3"])
            .interface("vpce-s3", "s3", &["subnet-a"])
            .edit_endpoint("vpce-s3", |e| e.private_dns = false)
    }

    #[test]
    fn private_names_and_gateway_routes_are_compliant() {
        assert_eq!(compliant().verdict(&CONTROL, "subnet-a sts"), Verdict::Compliant);
        assert_eq!(compliant().verdict(&CONTROL, "subnet-a s3"), Verdict::Compliant);
        let world = on_premises().gateway("vpce-gateway", "s3", &["rtb-private"]);
        assert_eq!(world.verdict(&CONTROL, "subnet-a"), Verdict::Compliant);
    }

    #[test]
    fn traffic_that_leaves_by_a_nat_gateway_is_reported_with_path_and_price() {
        let finding = on_premises().judge(&CONTROL, "subnet-a");
        assert_eq!(
            finding.explanation(),
            "Clients that use the normal DNS name of com.amazonaws.eu-central-1.s3 reach it through nat-1 (route 0.0.0.0/0 in \
             rtb-private), not through vpce-s3, which has no private DNS. The NAT gateway bills each gigabyte: 1,000 of \
             them a month cost $50.00 at $0.05."
        );
        let mut unknown = on_premises();
        unknown.settings.prices.elsewhere.nat_gateway_gigabyte = None;
        let explanation = unknown.judge(&CONTROL, "subnet-a").explanation().into_owned();
        assert!(
            explanation
                .ends_with("the price of eu-central-1 is not known (`postern prices --region eu-central-1 --write`)."),
            "{explanation}"
        );
        assert!(
            advice(&finding).contains("free of charge, on rtb-private"),
            "{finding:#?}"
        );
    }

    #[test]
    fn subnet_without_a_way_out_is_not_applicable() {
        assert_eq!(on_premises().verdict(&CONTROL, "subnet-db"), Verdict::NotApplicable);
        let dead = on_premises().edit_table("rtb-private", |t| t.routes.iter_mut().for_each(|r| r.active = false));
        assert_eq!(dead.verdict(&CONTROL, "subnet-a"), Verdict::NotApplicable);
    }

    #[test]
    fn defect_of_another_control_is_not_reported_again() {
        let missing = on_premises().without("vpce-s3");
        assert_eq!(missing.findings(&CONTROL), [], "endpoint-missing");
        for (world, control) in [
            (on_premises().require_gateway(&["s3"]), "endpoint-missing"),
            (
                on_premises()
                    .require_gateway(&["s3"])
                    .gateway("vpce-gateway", "s3", &[]),
                "gateway-route-missing",
            ),
        ] {
            let finding = world.judge(&CONTROL, "subnet-a");
            assert_eq!(finding.verdict(), Verdict::NotApplicable);
            assert_eq!(finding.explanation(), format!("See {control}."));
        }
        let off = compliant().edit_endpoint("vpce-sts", |e| e.private_dns = false);
        assert_eq!(
            off.judge(&CONTROL, "subnet-a sts").explanation(),
            "See private-dns-disabled."
        );
    }

    #[test]
    fn service_without_a_gateway_type_is_not_applicable() {
        let world = compliant()
            .edit_service("sts", EndpointKind::Interface, |s| s.private_dns_names.clear())
            .edit_endpoint("vpce-sts", |e| e.private_dns = false);
        assert_eq!(world.verdict(&CONTROL, "subnet-a sts"), Verdict::NotApplicable);
    }

    #[test]
    fn exempt_subnet_is_accepted() {
        let selector = ExemptionSelector::Resource("subnet-a".to_owned());
        let world = on_premises().exempt(&CONTROL, selector, "2027-01-01T00:00:00Z");
        assert!(world.judge(&CONTROL, "subnet-a").accepted().is_some());
    }

    #[test]
    fn control_reads_exactly_the_parts_that_it_declares() {
        assert_needs(&CONTROL, &[on_premises()]);
    }
}
