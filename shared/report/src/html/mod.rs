//! An audit as one page for people: no request to anywhere, no code but its own, everything escaped.

mod drawing;
mod escape;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use postern_core::model::text::plural;

use self::drawing::drawing;
use self::escape::{csp_hash, escaped};
use crate::audit::{Audit, AuditSummary, AuditedScope, EndpointView, Proof};
use crate::published::{Finding, Outcome, Remediation, Report, Resource, Severity};
use crate::terminal::perimeter;
use crate::text::phrases::{status, subject_of, terms};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// The whole page.
pub fn render(audit: &Audit) -> String {
    let mut page = String::with_capacity(64 * 1024);
    head(&mut page, audit);
    summary(&mut page, audit);
    gaps(&mut page, audit);
    filter(&mut page, audit);
    page.push_str("<div id=\"findings\">");
    for (number, scope) in audit.worst_first().into_iter().enumerate() {
        vpc(&mut page, scope, number);
    }
    page.push_str("</div></main><footer><p class=\"soft\">Made by Postern ");
    let _ = writeln!(
        page,
        "{}. The page makes no request and contains no code but its own.</p></footer><script>{SCRIPT}</script></body></html>",
        escaped(&audit.version)
    );
    page
}

fn head(page: &mut String, audit: &Audit) {
    let _ = write!(
        page,
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src {}; script-src {}; base-uri \
         'none'; form-action 'none'\"><meta name=\"referrer\" content=\"no-referrer\"><meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\"><title>Postern audit of {}</title><style>{STYLE}</style></head>\
         <body><a class=\"skip\" href=\"#findings\">Skip to the findings</a><header><h1>VPC endpoints of account {}</h1>\
         <p class=\"soft\">Audit of {}. Perimeter: {}</p></header><main>",
        csp_hash(STYLE),
        csp_hash(SCRIPT),
        escaped(&audit.account),
        escaped(&audit.account),
        audit.time.strftime("%Y-%m-%d %H:%M UTC"),
        escaped(&perimeter(audit)),
    );
}

fn summary(page: &mut String, audit: &Audit) {
    let summary = &audit.summary;
    page.push_str("<section aria-labelledby=\"summary\"><h2 id=\"summary\">Summary</h2><ul class=\"cards\">");
    for severity in Severity::ALL.iter().rev() {
        let count = summary.open.get(severity).copied().unwrap_or_default();
        let word = severity.as_str();
        let _ = write!(page, "<li class=\"{word}\"><b>{count}</b>{word}</li>");
    }
    for (count, word) in [
        (summary.not_evaluated, "not evaluated"),
        (summary.exempt, "exempt"),
        (summary.compliant, "compliant"),
        (summary.endpoints, "endpoints"),
        (summary.vpcs, "VPCs"),
    ] {
        let _ = write!(page, "<li><b>{count}</b>{word}</li>");
    }
    page.push_str("</ul>");
    if summary.monthly_cost.cents() > 0 {
        let _ = write!(
            page,
            "<p>The proposed repairs would add {} a month, data processing aside.</p>",
            summary.monthly_cost
        );
    }
    let mut regions: BTreeMap<&str, Vec<&AuditedScope>> = BTreeMap::new();
    for scope in &audit.scopes {
        regions.entry(&scope.report.scope.region).or_default().push(scope);
    }
    page.push_str("<div class=\"tables\"><table><caption class=\"soft\">Open findings by Region</caption><thead><tr><th scope=\"col\">Region</th>");
    for word in ["VPCs", "Endpoints", "Critical", "High", "Medium", "Low"] {
        let _ = write!(page, "<th scope=\"col\" class=\"n\">{word}</th>");
    }
    page.push_str("</tr></thead><tbody>");
    for (region, scopes) in regions {
        let counts = AuditSummary::of(scopes);
        row(page, region, &[counts.vpcs, counts.endpoints], &counts.open);
    }
    page.push_str("</tbody></table><table><caption class=\"soft\">Open findings by control</caption><thead><tr><th scope=\"col\">Control</th>");
    for word in ["Critical", "High", "Medium", "Low"] {
        let _ = write!(page, "<th scope=\"col\" class=\"n\">{word}</th>");
    }
    page.push_str("</tr></thead><tbody>");
    let mut controls: BTreeMap<&str, BTreeMap<Severity, usize>> = BTreeMap::new();
    for finding in audit.open() {
        let counts = controls.entry(&finding.control).or_default();
        *counts.entry(finding.severity).or_default() += 1;
    }
    for (control, counts) in &controls {
        row(page, control, &[], counts);
    }
    page.push_str("</tbody></table></div></section>");
}

fn row(page: &mut String, name: &str, counts: &[usize], open: &BTreeMap<Severity, usize>) {
    let _ = write!(page, "<tr><th scope=\"row\">{}</th>", escaped(name));
    let severities = Severity::ALL.iter().rev();
    let open = severities.map(|severity| open.get(severity).copied().unwrap_or_default());
    for count in counts.iter().copied().chain(open) {
        let _ = write!(page, "<td class=\"n\">{count}</td>");
    }
    page.push_str("</tr>");
}

fn gaps(page: &mut String, audit: &Audit) {
    for region in &audit.regions {
        if let Some(gap) = &region.gap {
            let _ = write!(
                page,
                "<p class=\"notice\">{} was not read: {}</p>",
                escaped(&region.region),
                escaped(gap)
            );
        }
        if region.shared_vpcs > 0 {
            let _ = write!(
                page,
                "<p class=\"notice\">{}: {} shared VPC{} of other accounts {} not audited.</p>",
                escaped(&region.region),
                region.shared_vpcs,
                plural(region.shared_vpcs),
                if region.shared_vpcs == 1 { "was" } else { "were" },
            );
        }
    }
}

/// Hidden until the script that makes it work runs.
fn filter(page: &mut String, audit: &Audit) {
    let shown = || {
        audit
            .reports()
            .flat_map(|report| report.findings.iter().filter(|f| is_shown(f)))
    };
    let controls: BTreeSet<&str> = shown().map(|finding| finding.control.as_str()).collect();
    let regions: BTreeSet<&str> = audit.reports().map(|report| report.scope.region.as_str()).collect();
    page.push_str(
        "<h2>Findings</h2><form id=\"filter\" class=\"filter\" role=\"search\" hidden><label>Search<input type=\"search\" \
         name=\"q\" placeholder=\"id, name, service, principal …\"></label>",
    );
    select(
        page,
        "Severity",
        "severity",
        &[
            ("critical", "critical"),
            ("high", "high and above"),
            ("medium", "medium and above"),
        ],
    );
    select(
        page,
        "Region",
        "region",
        &regions.iter().map(|word| (*word, *word)).collect::<Vec<_>>(),
    );
    select(
        page,
        "Control",
        "control",
        &controls.iter().map(|word| (*word, *word)).collect::<Vec<_>>(),
    );
    select(
        page,
        "State",
        "state",
        &[
            ("open", "open"),
            ("indeterminate", "not evaluated"),
            ("exempt", "exempt"),
        ],
    );
    page.push_str("<button type=\"reset\">Show all</button><output id=\"shown\" aria-live=\"polite\"></output></form>");
}

fn select(page: &mut String, label: &str, name: &str, options: &[(&str, &str)]) {
    let _ = write!(
        page,
        "<label>{label}<select name=\"{name}\"><option value=\"\">all</option>"
    );
    for (value, word) in options {
        let _ = write!(page, "<option value=\"{}\">{}</option>", escaped(value), escaped(word));
    }
    page.push_str("</select></label>");
}

/// Compliant and not applicable resources are listed by control instead.
fn is_shown(finding: &Finding) -> bool {
    finding.outcome.open() || finding.outcome == Outcome::Exempt
}

fn vpc(page: &mut String, scope: &AuditedScope, number: usize) {
    let AuditedScope { report, topology } = scope;
    let resource = &report.scope.resource;
    let name = resource.name.as_deref().unwrap_or_default();
    let _ = write!(
        page,
        "<section class=\"vpc\" data-vpc=\"{id}\" data-name=\"{search}\" aria-labelledby=\"vpc-{number}\"><h2 \
         id=\"vpc-{number}\">{id}{name} <span class=\"soft\">{region}</span></h2>",
        id = escaped(&resource.id),
        search = escaped(&format!("{} {}", resource.id, name).to_lowercase()),
        name = if name.is_empty() {
            String::new()
        } else {
            format!(" “{}”", escaped(name))
        },
        region = escaped(&report.scope.region),
    );
    for gap in &topology.gaps {
        let _ = write!(page, "<p class=\"notice\">Not read: {}</p>", escaped(gap));
    }
    if let Some(drawing) = drawing(scope, number) {
        page.push_str(&drawing);
        endpoints(page, &topology.endpoints);
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
            self::finding(page, finding, scope, number);
        }
        page.push_str("</div>");
    }
    repairs(page, report, number);
    compliant(page, report);
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
        let state = serde_json::to_value(endpoint.state).unwrap_or_default();
        let _ = write!(
            page,
            "<tr><th scope=\"row\"><code>{}</code></th><td>{}</td><td>{}</td><td>{}</td><td><code>{}</code></td><td>{}</td></tr>",
            escaped(&endpoint.id),
            escaped(endpoint.service.as_deref().unwrap_or("none")),
            endpoint.kind.word(),
            escaped(state.as_str().unwrap_or_default()),
            escaped(&reach.join(", ")),
            if endpoint.private_dns { "on" } else { "off" },
        );
    }
    page.push_str("</tbody></table></div></details>");
}

fn finding(page: &mut String, finding: &Finding, scope: &AuditedScope, number: usize) {
    let severity = finding.severity.as_str();
    let state = match finding.outcome {
        Outcome::Exempt => "exempt",
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
         data-control=\"{control}\" data-region=\"{region}\"><h4><span class=\"badge {severity}\">{severity}</span>{control} \
         <span class=\"soft\">{status}</span></h4><p>{explanation}</p>",
        control = escaped(&finding.control),
        region = escaped(&scope.report.scope.region),
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
    let cost = [report.plan.monthly_cost, report.plan.audit_monthly_cost];
    let cost = cost.into_iter().sum::<postern_core::model::cost::MonthlyCost>();
    let _ = write!(
        page,
        "<h3>{} repair{} that Postern proposes, {cost} a month</h3><ol>",
        report.changes.len(),
        plural(report.changes.len())
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
