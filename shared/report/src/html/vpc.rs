//! A VPC of the page: its drawing, its findings with their proofs, and the repairs.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use postern_core::model::text::plural;

use super::drawing::{SpokeLink, drawing};
use super::escape::escaped;
use super::service::service;
use super::table::table;
use super::words::{reach, word};
use crate::audit::{AuditedScope, EndpointView, Proof, RecordedChange};
use crate::cost::Cost;
use crate::published::{Finding, Outcome, Remediation, Report, Resource};
use crate::text::phrases::{status, subject_of, terms};

/// Compliant and not applicable resources are listed by control instead.
pub(super) fn is_shown(finding: &Finding) -> bool {
    finding.outcome.open() || matches!(finding.outcome, Outcome::Exempt | Outcome::ExemptionEnds)
}

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
        "<section class=\"vpc\" data-vpc=\"{id}\" data-name=\"{search}\" aria-labelledby=\"vpc-{number}\"><h2 \
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
        let _ = write!(page, "<p class=\"notice\">Not read: {}</p>", escaped(gap));
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
    let mut groups: Vec<(&Resource, Vec<&Finding>)> = Vec::new();
    for finding in report.findings.iter().filter(|finding| is_shown(finding)) {
        match groups.iter_mut().find(|(resource, _)| **resource == finding.resource) {
            Some((_, group)) => group.push(finding),
            None => groups.push((&finding.resource, vec![finding])),
        }
    }
    if groups.is_empty() {
        page.push_str("<p>No open findings.</p>");
    }
    for (resource, group) in groups {
        let _ = write!(page, "<div class=\"resource\"><h3>{}</h3>", escaped(&heading(resource)));
        for finding in group {
            self::finding(page, finding, scope, (place, number));
        }
        page.push_str("</div>");
    }
    repairs(page, report, number);
    compliant(page, report);
    if !history.is_empty() {
        self::history(page, history);
    }
    page.push_str("</section>");
}

fn heading(resource: &Resource) -> String {
    match &resource.name {
        Some(name) => format!("{} {} “{name}”", resource.kind.as_str(), resource.id),
        None => format!("{} {}", resource.kind.as_str(), resource.id),
    }
}

fn endpoints(page: &mut String, endpoints: &[EndpointView]) {
    let _ = write!(
        page,
        "<details><summary>{} endpoint{} as a table</summary><div class=\"scroll\"><table><thead><tr><th \
         scope=\"col\">Endpoint</th><th scope=\"col\">Service</th><th scope=\"col\">Type</th><th scope=\"col\">State</th><th \
         scope=\"col\">Subnets or route tables</th><th scope=\"col\">Private DNS</th></tr></thead><tbody>",
        endpoints.len(),
        plural(endpoints.len())
    );
    for endpoint in endpoints {
        let reach: Vec<_> = endpoint.subnets.iter().chain(&endpoint.route_tables).cloned().collect();
        let _ = write!(
            page,
            "<tr><th scope=\"row\"><code>{}</code></th><td>{}</td><td>{}</td><td>{}</td><td><code>{}</code></td><td>{}</td></tr>",
            escaped(&endpoint.id),
            escaped(endpoint.service.as_deref().unwrap_or("none")),
            endpoint.kind.word(),
            escaped(&word(endpoint.state)),
            escaped(&reach.join(", ")),
            if endpoint.private_dns { "on" } else { "off" },
        );
    }
    page.push_str("</tbody></table></div></details>");
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

fn finding(page: &mut String, finding: &Finding, scope: &AuditedScope, (place, number): (&str, usize)) {
    let severity = finding.severity.as_str();
    let state = match finding.outcome {
        Outcome::Exempt | Outcome::ExemptionEnds => "exempt",
        Outcome::Indeterminate => "indeterminate",
        Outcome::NotApplicable
        | Outcome::Compliant
        | Outcome::Resolved
        | Outcome::Repaired
        | Outcome::Audit
        | Outcome::Pending
        | Outcome::Manual
        | Outcome::Conflict
        | Outcome::Refused
        | Outcome::Failed => "open",
    };
    let _ = write!(
        page,
        "<article class=\"finding {severity} {state}\" data-severity=\"{severity}\" data-state=\"{state}\" \
         data-control=\"{control}\" data-region=\"{place}\"><h4><span class=\"badge {severity}\">{severity}</span>{control} \
         <span class=\"soft\">{status}</span></h4><p>{explanation}</p>",
        control = escaped(&finding.control),
        place = escaped(place),
        status = escaped(status(finding.outcome)),
        explanation = escaped(&finding.explanation),
    );
    if finding.control == "policy-open"
        && let Some(endpoint) = scope.topology.endpoint(&finding.resource.id)
    {
        for proof in &endpoint.proofs {
            self::proof(page, proof);
        }
    }
    if let Some(exempt) = &finding.exempt {
        let until = exempt
            .expires
            .map(|time| time.strftime(" until %Y-%m-%d %H:%M UTC").to_string());
        let _ = write!(
            page,
            "<p>Accepted{}: {}</p>",
            until.unwrap_or_default(),
            escaped(&exempt.reason)
        );
    }
    match &finding.remediation {
        Some(Remediation::Manual { advice }) => {
            let _ = write!(page, "<p><b>To do:</b> {}</p>", escaped(advice));
        }
        Some(Remediation::Automatic { changes }) if changes.is_empty() => {
            page.push_str("<p><b>Repair:</b> the repairs of other findings remedy this one as well.</p>");
        }
        Some(Remediation::Automatic { changes }) => {
            let links = changes
                .iter()
                .map(|at| format!("<a href=\"#repair-{number}-{at}\">{}</a>", at + 1));
            let links: Vec<_> = links.collect();
            let _ = write!(page, "<p><b>Repair:</b> {}</p>", links.join(", "));
        }
        None => {}
    }
    let _ = write!(
        page,
        "<p class=\"soft\">{} · <a href=\"{}\" rel=\"noreferrer noopener\">open in the AWS console</a></p></article>",
        escaped(&subject_of(finding)),
        escaped(&finding.console)
    );
}

fn proof(page: &mut String, proof: &Proof) {
    page.push_str("<dl class=\"proof\" aria-label=\"A request that the policy allows\">");
    for (name, value) in [
        ("principal", &proof.principal),
        ("action", &proof.action),
        ("resource", &proof.resource),
    ] {
        let _ = write!(page, "<dt>{name}</dt><dd><code>{}</code></dd>", escaped(value));
    }
    page.push_str("</dl>");
    if proof.context.is_empty() {
        return;
    }
    page.push_str("<details><summary>Condition keys of the request</summary><dl class=\"proof\">");
    for (key, values) in &proof.context {
        let _ = write!(
            page,
            "<dt><code>{}</code></dt><dd><code>{}</code></dd>",
            escaped(key),
            escaped(&values.join(", "))
        );
    }
    page.push_str("</dl></details>");
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
            "<li id=\"repair-{number}-{at}\">{} <span class=\"soft\">({})</span></li>",
            escaped(&change.text),
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

/// The resources that are compliant, by control: evidence that they were evaluated.
fn compliant(page: &mut String, report: &Report) {
    let mut controls: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for finding in report
        .findings
        .iter()
        .filter(|finding| finding.outcome == Outcome::Compliant)
    {
        controls
            .entry(&finding.control)
            .or_default()
            .insert(&finding.resource.id);
    }
    if controls.is_empty() {
        return;
    }
    page.push_str("<details><summary>Compliant resources</summary><dl>");
    for (control, resources) in controls {
        let resources: Vec<_> = resources.into_iter().collect();
        let _ = write!(
            page,
            "<dt>{}</dt><dd><code>{}</code></dd>",
            escaped(control),
            escaped(&resources.join(", "))
        );
    }
    page.push_str("</dl></details>");
}
