//! endpoint-idle: see [`CONTROL`].

use crate::evaluation::saving::zones;
use crate::evaluation::{Assessment, Concern, Context, Control, Evaluate, Framework, Remediation};
use crate::model::cost::{HOURS_PER_MONTH, MonthlyCost};
use crate::model::endpoint::{Endpoint, EndpointKind, EndpointState};
use crate::model::finding::{FindingKey, ResourceKind, Severity};
use crate::model::managed::managed_by;
use crate::model::part::{Gap, Part};
use crate::model::snapshot::RouteTarget;
use crate::model::traffic::{GIGABYTE, Traffic};

pub static CONTROL: Control = Control {
    name: "endpoint-idle",
    summary: "An endpoint that is billed by the hour has processed no data for many days.",
    documentation: "\
Interface endpoints and Gateway Load Balancer endpoints are billed by zone and hour, whether somebody uses them or not. \
An endpoint is idle if it is older than `traffic.idle_days` of the settings (14) and CloudWatch counted no byte of it in \
that time: the metric `BytesProcessed` of the namespace \
[`AWS/PrivateLinkEndpoints`](https://docs.aws.amazon.com/vpc/latest/privatelink/privatelink-cloudwatch-metrics.html).

The control is off unless `[modes]` names it, because CloudWatch bills the question: each sweep and each audit asks for \
one metric of each such endpoint, at 0.01 US dollars for 1,000 metrics. Functions that events start do not evaluate the \
control. The role of the sweeper and that of `postern audit` need `cloudwatch:GetMetricData`; without it the control \
alone is not evaluated.

Of an endpoint that is used, the finding says how much it processes. For an endpoint to a service of AWS, in a VPC with \
a NAT gateway, it also compares the two: what the data would cost a month through the NAT gateway, and from how many \
gigabytes a month on the endpoint costs less. The hours of the NAT gateway are not counted, since it stays for other \
traffic. The prices are those of `[prices]`; `postern prices --write` looks them up.

The control does not apply to:

- endpoints to services that the settings require in the VPC or, for a hub (`[central]`), anywhere: Postern would create \
them again. The finding says what an idle one costs, so that the requirement can be reconsidered;
- endpoints that are younger than that, or of unknown age;
- endpoints of which AWS publishes no such metric: those to services in other Regions, and resource, service-network and \
tunnel endpoints;
- gateway endpoints, which are free of charge, and endpoints that AWS services or other accounts manage.

**Remediation** (manual). The finding says what the endpoint costs a month. Postern deletes no endpoint: some are for \
emergencies, or for a job that runs once a quarter.",
    finds: "an endpoint that nobody uses",
    remediation: "says what it costs",
    concern: Concern::Traffic,
    severity: Severity::Low,
    frameworks: &[
        (Framework::Nist80053, "CM-7"),
        (Framework::CisControls8, "4.8"),
    ],
    resource: ResourceKind::Endpoint,
    needs: &[
        Part::Subnets,
        Part::RouteTables,
        Part::Endpoints,
        Part::Services,
        Part::Traffic,
    ],
    changes: &[],
    opt_in: true,
    writes_perimeter_policies: false,
    evaluate: Evaluate::Vpc(evaluate),
};

fn evaluate(context: &Context<'_>) -> Result<Vec<Assessment>, Gap> {
    let snapshot = context.snapshot;
    let endpoints = snapshot.endpoints.as_ref().map_err(Gap::clone)?.values();
    let billed = |endpoint: &&Endpoint| {
        matches!(
            endpoint.kind,
            EndpointKind::Interface | EndpointKind::GatewayLoadBalancer
        ) && matches!(endpoint.state, EndpointState::Available | EndpointState::Partial)
    };
    snapshot.services.as_ref().map_err(Gap::clone)?;
    let judged = endpoints.filter(billed).filter(|e| managed_by(e, snapshot).is_none());
    judged.map(|endpoint| judge(context, endpoint)).collect()
}

fn judge(context: &Context<'_>, endpoint: &Endpoint) -> Result<Assessment, Gap> {
    let key = FindingKey::new(CONTROL.name, ResourceKind::Endpoint, &endpoint.id);
    let traffic = context.snapshot.traffic.as_ref().map_err(Gap::clone)?;
    let required = required(context, endpoint)?;
    let Some(bytes) = traffic.bytes.get(&endpoint.id).copied() else {
        return Ok(key.not_applicable("CloudWatch has no metrics of the endpoint."));
    };
    let days = context.settings.traffic.idle_days;
    if bytes > 0 {
        let since = traffic.since.strftime("%Y-%m-%d");
        let comparison = comparison(context, endpoint, traffic, bytes)?;
        return Ok(key.compliant(format!(
            "The endpoint processed {} since {since}.{comparison}",
            amount(bytes)
        )));
    }
    match endpoint.created {
        None => return Ok(key.not_applicable("The age of the endpoint is not known.")),
        Some(created) if created > traffic.since => {
            return Ok(key.not_applicable(format!("The endpoint is younger than {days} days.")));
        }
        Some(_) => {}
    }
    let idle = format!(
        "The endpoint has processed no data for {days} days. {}",
        context.saving(endpoint)
    );
    if required {
        return Ok(key.not_applicable(format!("The settings require the service. {idle}")));
    }
    Ok(key.non_compliant(idle, Remediation::Manual(advice(endpoint))))
}

/// Whether Postern would miss the endpoint, here or in the spokes of this hub.
fn required(context: &Context<'_>, endpoint: &Endpoint) -> Result<bool, Gap> {
    let Some(service) = context.service_of(endpoint)? else {
        return Ok(false);
    };
    let here = &context.required_interface()?.services;
    let for_spokes = context.hub().is_some_and(|central| central.serves(service))
        && context.requires_anywhere(service.name.as_str(), service.short_name());
    Ok(for_spokes || here.iter().any(|required| required.service.name == service.name))
}

fn advice(endpoint: &Endpoint) -> String {
    let (first, then) = match (endpoint.kind, endpoint.private_dns) {
        (EndpointKind::GatewayLoadBalancer, _) => ("remove the routes that lead to it, and ", ""),
        (_, true) => (
            "",
            " Private DNS ends with the endpoint: clients that use the normal DNS name of the service then resolve public \
             addresses.",
        ),
        (_, false) => ("", ""),
    };
    format!(
        "Ask the owner of the VPC whether the endpoint is still needed, for example in an emergency. If it is not, {first}run \
         `aws ec2 delete-vpc-endpoints --vpc-endpoint-ids {}`.{then} To keep the endpoint, add an exemption.",
        endpoint.id
    )
}

/// What the data costs here and through a NAT gateway, where the VPC has one and it leads to the service as well.
fn comparison(context: &Context<'_>, endpoint: &Endpoint, traffic: &Traffic, bytes: u64) -> Result<String, Gap> {
    let region = &context.snapshot.region;
    let public = context.service_of(endpoint)?.is_some_and(|service| service.amazon());
    if endpoint.kind != EndpointKind::Interface || !public || !has_nat_gateway(context)? {
        return Ok(String::new());
    }
    let prices = context.settings.prices.of(region);
    let (Some(hours), Some(gigabyte), Some(nat_gigabyte)) = (
        context
            .settings
            .prices
            .interface_endpoint(region, endpoint.subnets.len()),
        prices.interface_endpoint_gigabyte,
        prices.nat_gateway_gigabyte,
    ) else {
        return Ok(format!(
            " It cannot be compared with a NAT gateway: prices of {region} are not known (`postern prices --region {region} --write`)."
        ));
    };
    let measured = context.now.duration_since(traffic.since).as_secs_f64() / 3_600.0;
    let month = bytes as f64 / GIGABYTE * (HOURS_PER_MONTH as f64) / measured.max(1.0);
    let [here, there] = [gigabyte, nat_gigabyte].map(|price| MonthlyCost::from_dollars(price * month));
    let break_even = match nat_gigabyte - gigabyte {
        less if less > 0.0 => format!(
            "From {:.0} GB a month on the endpoint costs less.",
            (hours.dollars() / less).ceil()
        ),
        _ => "The NAT gateway costs less for any amount.".to_owned(),
    };
    Ok(format!(
        " At that rate it costs {} a month ({hours} for {} and {here} for data), and its data would cost {there} through \
         the NAT gateway of the VPC. {break_even}",
        hours + here,
        zones(endpoint.subnets.len()),
    ))
}

fn has_nat_gateway(context: &Context<'_>) -> Result<bool, Gap> {
    let tables = context.snapshot.route_tables.as_ref().map_err(Gap::clone)?;
    let mut routes = tables.values().flat_map(|table| &table.routes);
    Ok(routes.any(|route| route.active && matches!(&route.target, RouteTarget::Other(id) if id.starts_with("nat-"))))
}

/// In the largest unit of which there is one.
fn amount(bytes: u64) -> String {
    let units = [(GIGABYTE, "GB"), (GIGABYTE / 1_024.0, "MB"), (1_024.0, "KB")];
    let bytes = bytes as f64;
    let unit = units.into_iter().find(|(size, _)| bytes >= *size);
    unit.map_or_else(
        || format!("{bytes} bytes"),
        |(size, unit)| format!("{:.1} {unit}", bytes / size),
    )
}

#[cfg(test)]
mod tests;
