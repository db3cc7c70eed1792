//! A VPC or an endpoint service of the page: its drawing, its tables, its findings and the repairs.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use postern_core::model::text::plural;

use super::drawing::{SpokeLink, drawing};
use super::escape::{escaped, marked};
use super::finding::findings;
use super::service::service;
use super::table::table;
use super::words::{reach, word};
use crate::audit::{AuditedScope, EndpointView, RecordedChange};
use crate::cost::Cost;
use crate::published::{Outcome, Report};
use crate::text::phrases::terms;

pub(super) fn vpc(page: &mut String, scope: &AuditedScope, spokes: &[SpokeLink<'_>], place: &str, number: usize) {
    let AuditedScope {
        report,
        topology,
        history,
    } = scope;
    let resource = &report.scope.resource;
    let name = resource.name.as_deref().unwrap_or_default();
    let _ = write!(
        page,
        "<section class=\"vpc\" data-vpc=\"{id}\" data-region=\"{place}\" data-name=\"{search}\" aria-labelledby=\"vpc-{number}\"><h2 \
         id=\"vpc-{number}\">{id}{name} <span class=\"soft\">{place}</span></h2>",
        id = escaped(&resource.id),
        search = escaped(&format!("{} {name} {place}", resource.id).to_lowercase()),
        name = if name.is_empty() {
            String::new()
        } else {
            format!(" “{}”", escaped(name))
        },
        place = escaped(place),
    );
    for gap in &topology.gaps {
        let _ = write!(page, "<p class=\"notice\">Not read: {}</p>", marked(gap));
    }
    if let Some(view) = &topology.service {
        service(page, view, &resource.id, number);
    }
    if let Some(drawing) = drawing(scope, spokes, number) {
        page.push_str(&drawing);
        endpoints(page, &topology.endpoints);
    }
    let central = topology.central.iter().map(|link| (resource.id.as_str(), link));
    let links: Vec<_> = central.chain(spokes.iter().copied()).collect();
    if !links.is_empty() {
        self::links(page, &links);
    }
    findings(page, scope, number);
    repairs(page, report, number);
    compliant(page, report);
    if !history.is_empty() {
        self::history(page, history);
    }
    page.push_str("</section>");
}

fn endpoints(page: &mut String, endpoints: &[EndpointView]) {
    let _ = write!(
        page,
        "<details><summary>{} endpoint{} as a table</summary>",
        endpoints.len(),
        plural(endpoints.len())
    );
    let rows = endpoints.iter().map(|endpoint| {
        let reach: Vec<_> = endpoint.subnets.iter().chain(&endpoint.route_tables).cloned().collect();
        [
            endpoint.id.clone(),
            endpoint.service.clone().unwrap_or_else(|| "none".to_owned()),
            endpoint.kind.word().to_owned(),
            word(endpoint.state),
            reach.join(", "),
            endpoint.security_groups.join(", "),
            if endpoint.private_dns { "on" } else { "off" }.to_owned(),
        ]
    });
    let head = [
        "Endpoint",
        "Service",
        "Type",
        "State",
        "Subnets or route tables",
        "Security groups",
        "Private DNS",
    ];
    table(page, "Endpoints of the VPC", &head, rows);
    page.push_str("</details>");
}

/// Between spokes and hubs.
fn links(page: &mut String, links: &[SpokeLink<'_>]) {
    let _ = write!(
        page,
        "<details><summary>{} central service{} as a table</summary>",
        links.len(),
        plural(links.len())
    );
    let rows = links.iter().map(|(spoke, link)| {
        let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "none".to_owned());
        [
            (*spoke).to_owned(),
            link.service.clone(),
            text(&link.hub),
            text(&link.endpoint),
            link.ways.join(", "),
            reach(link).to_owned(),
        ]
    });
    let head = ["Spoke", "Service", "Hub", "Endpoint", "Through", "State"];
    table(page, "Endpoints of hubs that spokes use", &head, rows);
    page.push_str("</details>");
}

fn repairs(page: &mut String, report: &Report, number: usize) {
    if report.changes.is_empty() {
        return;
    }
    let _ = write!(
        page,
        "<h3>{} repair{} that Postern proposes, {}</h3><ol>",
        report.changes.len(),
        plural(report.changes.len()),
        Cost::of(&report.changes),
    );
    for (at, change) in report.changes.iter().enumerate() {
        let _ = write!(
            page,
            "<li id=\"repair-{number}-{at}\">{} <i>({})</i></li>",
            marked(&change.text),
            escaped(&terms(change))
        );
    }
    page.push_str("</ol>");
}

fn history(page: &mut String, history: &[RecordedChange]) {
    let _ = write!(
        page,
        "<details><summary>{} change{} on record</summary>",
        history.len(),
        plural(history.len())
    );
    let rows = history.iter().map(|record| {
        let undone = record.undone_by.as_ref().map(|by| format!("; rolled back by {by}"));
        [
            record.time.strftime("%Y-%m-%d %H:%M UTC").to_string(),
            record.change.clone(),
            format!("{}{}", record.outcome, undone.unwrap_or_default()),
            record.function.clone(),
            record.id.clone(),
        ]
    });
    table(page, "Newest first", &["When", "Change", "Outcome", "By", "Id"], rows);
    page.push_str("</details>");
}

/// The resources that are compliant, by control: evidence that they were evaluated. Controls with the same resources share
/// a line.
fn compliant(page: &mut String, report: &Report) {
    let mut controls: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let compliant = report
        .findings
        .iter()
        .filter(|finding| finding.outcome == Outcome::Compliant);
    for finding in compliant {
        controls
            .entry(&finding.control)
            .or_default()
            .insert(&finding.resource.id);
    }
    if controls.is_empty() {
        return;
    }
    let mut lines: BTreeMap<BTreeSet<&str>, Vec<&str>> = BTreeMap::new();
    for (control, resources) in controls {
        lines.entry(resources).or_default().push(control);
    }
    page.push_str("<details><summary>Compliant resources</summary><dl>");
    for (resources, controls) in lines {
        let resources: Vec<_> = resources.into_iter().collect();
        let _ = write!(
            page,
            "<dt>{}</dt><dd><code>{}</code></dd>",
            escaped(&controls.join(", ")),
            escaped(&resources.join(", "))
        );
    }
    page.push_str("</dl></details>");
}
