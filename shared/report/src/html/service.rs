//! An endpoint service of the page: what is behind it, who may use it and who does.

use std::fmt::Write as _;

use super::escape::escaped;
use super::table::table;
use crate::audit::ServiceView;

pub(super) fn service(page: &mut String, service: &ServiceView) {
    let acceptance = match service.acceptance_required {
        true => "its owner accepts each connection",
        false => "connections are accepted without asking its owner",
    };
    let _ = write!(
        page,
        "<p>{} is offered in {}; {acceptance}. May connect: {}.</p>",
        escaped(&service.service_name),
        escaped(&listed(&service.zones)),
        escaped(&listed(&service.principals)),
    );
    table(
        page,
        "Load balancers",
        &["Load balancer", "State", "Zones", "Healthy targets"],
        service.load_balancers.iter().map(|balancer| {
            let health = balancer.healthy_targets.zip(balancer.registered_targets);
            [
                balancer.arn.clone(),
                word(balancer.state),
                listed(&balancer.zones),
                health.map_or_else(
                    || "not read".to_owned(),
                    |(healthy, registered)| format!("{healthy} of {registered}"),
                ),
            ]
        }),
    );
    table(
        page,
        "Consumers",
        &["Endpoint", "Account", "Region", "State"],
        service.consumers.iter().map(|consumer| {
            [
                consumer.endpoint.clone(),
                consumer.account.clone(),
                consumer.region.clone(),
                word(consumer.state),
            ]
        }),
    );
}

fn listed(items: &[String]) -> String {
    match items {
        [] => "none".to_owned(),
        items => items.join(", "),
    }
}

/// As in the document.
fn word(state: impl serde::Serialize) -> String {
    let value = serde_json::to_value(state).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}
