//! An endpoint service as a drawing: who may connect and who is connected at the left, load balancers at the right.

use std::collections::BTreeMap;

use postern_core::model::endpoint::EndpointState;
use postern_core::model::endpoint_service::LoadBalancerState;
use postern_core::model::text::plural;

use super::svg::{begin, cut, group, head, line, rect, text, title};
use super::words::{acceptance, health, trust, word};
use crate::audit::{ConsumerTrust, LoadBalancerView, ServiceView};

/// In units of the drawing.
const SERVICE: usize = 400;
const BALANCERS: usize = 700;
const WIDTH: usize = 1_000;
const TOP: usize = 16;
const HEADING: usize = 26;
const ROW: usize = 42;
const BALANCER: usize = 80;
/// Rows of a list; the others are one row.
const MOST_ROWS: usize = 40;

/// Principals or connections that are alike.
struct Row {
    trust: ConsumerTrust,
    name: String,
    detail: String,
    arrow: Arrow,
    count: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Arrow {
    /// Connected: traffic may flow.
    Solid,
    /// May connect, or asks to.
    Dashed,
    /// A connection that has ended.
    None,
}

pub(super) fn drawing(service: &ServiceView, id: &str, number: usize) -> String {
    let lists = [
        ("May connect", "data-principals", principals(service)),
        ("Connections", "data-connections", connections(service)),
    ];
    let left: usize = lists.iter().map(|(_, _, rows)| HEADING + rows.len().max(1) * ROW).sum();
    let right = HEADING + service.load_balancers.len().max(1) * BALANCER;
    let height = TOP + left.max(right) + 8;
    let about = description(service);
    let mut svg = begin(number, (WIDTH, height), &format!("Drawing of {id}"), &about);
    draw_service(&mut svg, service, id, height);
    let mut y = TOP;
    for (heading, attribute, rows) in &lists {
        text(&mut svg, "soft", 8, y + 14, heading);
        y += HEADING;
        if rows.is_empty() {
            text(&mut svg, "", 8, y + 17, "nobody");
            y += ROW;
        }
        for row in rows {
            draw_row(&mut svg, attribute, row, y);
            y += ROW;
        }
    }
    text(&mut svg, "soft", BALANCERS, TOP + 14, "Load balancers");
    for (at, balancer) in service.load_balancers.iter().enumerate() {
        draw_balancer(&mut svg, balancer, TOP + HEADING + at * BALANCER);
    }
    if service.load_balancers.is_empty() {
        text(&mut svg, "", BALANCERS, TOP + HEADING + 17, "none");
    }
    svg.push_str("</svg></figure>");
    svg
}

fn description(service: &ServiceView) -> String {
    let untrusted = |trust: &ConsumerTrust| *trust == ConsumerTrust::Untrusted;
    let principals = service.principals.iter().map(|view| view.trust);
    let consumers = service.consumers.iter().map(|view| view.trust);
    format!(
        "{} principals may connect, {} of them not trusted. {} connections, {} of them of accounts that are not trusted. {} \
         load balancers. The tables below have the same.",
        service.principals.len(),
        principals.filter(untrusted).count(),
        service.consumers.len(),
        consumers.filter(untrusted).count(),
        service.load_balancers.len(),
    )
}

fn principals(service: &ServiceView) -> Vec<Row> {
    let mut rows: Vec<_> = service
        .principals
        .iter()
        .map(|view| Row {
            trust: view.trust,
            name: match view.principal.as_str() {
                "*" => "* (every AWS account)".to_owned(),
                arn => arn.to_owned(),
            },
            detail: trust(view.trust).to_owned(),
            arrow: Arrow::Dashed,
            count: 1,
        })
        .collect();
    rows.sort_by_key(|row| row.trust);
    folded(rows, "principals")
}

/// By account, Region and state.
fn connections(service: &ServiceView) -> Vec<Row> {
    let mut rows: BTreeMap<_, Row> = BTreeMap::new();
    for consumer in &service.consumers {
        let state = word(consumer.state);
        let key = (consumer.trust, &consumer.account, &consumer.region, state.clone());
        let row = rows.entry(key).or_insert_with(|| Row {
            trust: consumer.trust,
            name: format!("account {}", consumer.account),
            detail: format!("{state} in {}, {}", consumer.region, trust(consumer.trust)),
            arrow: arrow(consumer.state),
            count: 0,
        });
        row.count += 1;
    }
    let rows = rows.into_values().map(|mut row| {
        row.detail = format!("{} endpoint{} {}", row.count, plural(row.count), row.detail);
        row
    });
    folded(rows.collect(), "connections")
}

/// The first rows, and one for the others.
fn folded(mut rows: Vec<Row>, noun: &str) -> Vec<Row> {
    let others = rows.split_off(rows.len().min(MOST_ROWS));
    if let Some(first) = others.first() {
        let count = others.iter().map(|row| row.count).sum();
        rows.push(Row {
            trust: first.trust,
            name: format!("{count} more {noun}"),
            detail: "in the table below".to_owned(),
            arrow: first.arrow,
            count,
        });
    }
    rows
}

fn arrow(state: EndpointState) -> Arrow {
    match state {
        EndpointState::Available | EndpointState::Partial | EndpointState::Pending => Arrow::Solid,
        EndpointState::PendingAcceptance | EndpointState::Unknown => Arrow::Dashed,
        EndpointState::Deleting
        | EndpointState::Deleted
        | EndpointState::Rejected
        | EndpointState::Failed
        | EndpointState::Expired => Arrow::None,
    }
}

fn draw_row(svg: &mut String, attribute: &str, row: &Row, y: usize) {
    let (class, colour) = match row.trust {
        ConsumerTrust::Trusted => ("link", "soft"),
        ConsumerTrust::Undecided => ("link unclear", "soft"),
        ConsumerTrust::Untrusted => ("link untrusted", "alarm"),
    };
    group(svg, attribute, &row.count.to_string());
    title(svg, &format!("{}: {}", row.name, row.detail));
    text(svg, "", 8, y + 14, &cut(&row.name, 46));
    text(svg, colour, 8, y + 29, &cut(&row.detail, 58));
    let dashed = match row.arrow {
        Arrow::Solid => "",
        Arrow::Dashed => " dashed",
        Arrow::None => {
            svg.push_str("</g>");
            return;
        }
    };
    line(svg, &format!("{class}{dashed}"), 330, y + 10, SERVICE - 8, y + 10);
    head(svg, class, SERVICE, y + 10);
    svg.push_str("</g>");
}

fn draw_service(svg: &mut String, service: &ServiceView, id: &str, height: usize) {
    rect(svg, "subnet", SERVICE, 8, 230, height - 16);
    let regions = match service.regions.as_slice() {
        [] => String::new(),
        regions => format!("from {}", regions.join(", ")),
    };
    let name = match (&service.private_dns_name, service.verification) {
        (Some(name), Some(verification)) => format!("{name} ({})", word(verification)),
        (Some(name), None) => name.clone(),
        (None, _) => String::new(),
    };
    let lines = [
        ("", id.to_owned()),
        ("soft", word(service.state)),
        ("soft", acceptance(service).to_owned()),
        ("soft", regions),
        ("soft", name),
    ];
    let lines = lines.iter().filter(|(_, content)| !content.is_empty());
    for (row, (class, content)) in lines.enumerate() {
        text(svg, class, SERVICE + 12, 30 + row * 17, &cut(content, 34));
    }
}

fn draw_balancer(svg: &mut String, balancer: &LoadBalancerView, y: usize) {
    let works = match balancer.state {
        LoadBalancerState::Active | LoadBalancerState::Provisioning | LoadBalancerState::Impaired => true,
        LoadBalancerState::Failed | LoadBalancerState::Gone | LoadBalancerState::Unknown => false,
    };
    let serves = works && balancer.healthy_targets != Some(0);
    let (class, colour) = match serves {
        true => ("link", "soft"),
        false => ("link broken", "alarm"),
    };
    group(svg, "data-balancer", &balancer.arn);
    title(
        svg,
        &format!("{}: {}, {}", balancer.arn, word(balancer.state), health(balancer)),
    );
    line(svg, class, SERVICE + 230, y + 30, BALANCERS - 8, y + 30);
    head(svg, class, BALANCERS, y + 30);
    rect(svg, "subnet", BALANCERS, y, 290, BALANCER - 12);
    let name = balancer
        .arn
        .split_once("loadbalancer/")
        .map_or(balancer.arn.as_str(), |(_, name)| name);
    text(svg, "", BALANCERS + 10, y + 18, &cut(name, 42));
    let state = format!("{}, {}", word(balancer.state), health(balancer));
    text(svg, colour, BALANCERS + 10, y + 36, &cut(&state, 46));
    text(
        svg,
        "soft",
        BALANCERS + 10,
        y + 54,
        &cut(&balancer.zones.join(", "), 48),
    );
    svg.push_str("</g>");
}
