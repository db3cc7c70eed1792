//! An endpoint service of the page: what is behind it, who may use it and who does.

use std::fmt::Write as _;

use super::escape::escaped;
use super::service_drawing::drawing;
use super::table::table;
use super::words::{acceptance, addresses, health, payer, trust, word};
use crate::audit::ServiceView;

pub(super) fn service(page: &mut String, service: &ServiceView, id: &str, number: usize) {
    let _ = write!(
        page,
        "<p>{} is offered in {}{}; {}{}.</p>",
        escaped(&service.service_name),
        escaped(&listed(&service.zones)),
        addresses(service),
        acceptance(service),
        payer(service),
    );
    page.push_str(&drawing(service, id, number));
    page.push_str("<details><summary>The drawing as tables</summary>");
    table(
        page,
        "May connect",
        &["Principal", "Trust"],
        service
            .principals
            .iter()
            .map(|view| [view.principal.clone(), trust(view.trust).to_owned()]),
    );
    table(
        page,
        "Connections",
        &["Endpoint", "Account", "Region", "State", "Trust"],
        service.consumers.iter().map(|consumer| {
            [
                consumer.endpoint.clone(),
                consumer.account.clone(),
                consumer.region.clone(),
                word(consumer.state),
                trust(consumer.trust).to_owned(),
            ]
        }),
    );
    table(
        page,
        "Load balancers",
        &["Load balancer", "State", "Zones", "Targets"],
        service.load_balancers.iter().map(|balancer| {
            [
                balancer.arn.clone(),
                word(balancer.state),
                listed(&balancer.zones),
                health(balancer),
            ]
        }),
    );
    page.push_str("</details>");
}

fn listed(items: &[String]) -> String {
    match items {
        [] => "none".to_owned(),
        items => items.join(", "),
    }
}
