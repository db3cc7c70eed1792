//! An audit as one page for people: no request to anywhere, no code but its own, everything escaped.

mod drawing;
mod escape;
mod finding;
mod legend;
mod service;
mod service_drawing;
mod svg;
mod table;
mod vpc;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use self::drawing::SpokeLink;
use self::escape::{csp_hash, escaped, marked};
use self::finding::is_shown;
use self::legend::legend;
use self::vpc::vpc;
use crate::audit::{Audit, AuditSummary};
use crate::published::Severity;
use crate::terminal::perimeter;

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
    let spokes = spokes(audit);
    legend(&mut page, audit, !spokes.is_empty());
    for (number, scope) in audit.worst_first().into_iter().enumerate() {
        let own = spokes.get(scope.report.scope.resource.id.as_str());
        let own = own.map(Vec::as_slice).unwrap_or_default();
        vpc(&mut page, scope, own, &audit.place(&scope.report), number);
    }
    page.push_str("</div>");
    frameworks(&mut page, audit);
    page.push_str("</main><footer><p class=\"soft\">Made by Postern ");
    let _ = writeln!(
        page,
        "{}. The page makes no request and contains no code but its own.</p></footer><script>{SCRIPT}</script></body></html>",
        escaped(&audit.version)
    );
    page
}

/// Who uses the endpoints of each hub.
fn spokes(audit: &Audit) -> BTreeMap<&str, Vec<SpokeLink<'_>>> {
    let mut spokes: BTreeMap<&str, Vec<SpokeLink<'_>>> = BTreeMap::new();
    for scope in &audit.scopes {
        for link in &scope.topology.central {
            if let Some(hub) = &link.hub {
                let spoke = scope.report.scope.resource.id.as_str();
                spokes.entry(hub).or_default().push((spoke, link));
            }
        }
    }
    spokes
}

fn head(page: &mut String, audit: &Audit) {
    let _ = write!(
        page,
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src {}; script-src {}; base-uri \
         'none'; form-action 'none'\"><meta name=\"referrer\" content=\"no-referrer\"><meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\"><title>Postern audit of {}</title><style>{STYLE}</style></head>\
         <body><a class=\"skip\" href=\"#findings\">Skip to the findings</a><header><h1>VPC endpoints of {}</h1>\
         <p class=\"soft\">Audit of {}. Perimeter: {}</p></header><main>",
        csp_hash(STYLE),
        csp_hash(SCRIPT),
        escaped(&audit.subject()),
        escaped(&audit.subject()),
        audit.time.strftime("%Y-%m-%d %H:%M UTC"),
        marked(&perimeter(audit)),
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
        (summary.services, "endpoint services"),
    ] {
        if count == 0 && word == "endpoint services" {
            continue;
        }
        let _ = write!(page, "<li><b>{count}</b>{word}</li>");
    }
    page.push_str("</ul>");
    for text in audit.left_out().into_iter().chain(summary.cost().sentences()) {
        let _ = write!(page, "<p>{}</p>", marked(&text));
    }
    page.push_str("<div class=\"tables\"><table><caption class=\"soft\">Open findings by Region</caption><thead><tr><th scope=\"col\">Region</th>");
    for word in ["VPCs", "Endpoints", "Critical", "High", "Medium", "Low"] {
        let _ = write!(page, "<th scope=\"col\" class=\"n\">{word}</th>");
    }
    page.push_str("</tr></thead><tbody>");
    for (place, scopes) in audit.by_place() {
        let counts = AuditSummary::of(scopes);
        row(page, &place, &[counts.vpcs, counts.endpoints], &counts.open);
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

/// What auditors ask for, framework by framework.
fn frameworks(page: &mut String, audit: &Audit) {
    if audit.frameworks.is_empty() {
        return;
    }
    let caption = match audit.least_severity {
        Some(_) => "Findings of every severity by requirement",
        None => "Findings by requirement",
    };
    let _ = write!(
        page,
        "<section aria-labelledby=\"frameworks\"><h2 id=\"frameworks\">Frameworks</h2><details><summary>{} requirements of \
         frameworks as a table</summary><div class=\"scroll\"><table><caption class=\"soft\">{caption}</caption><thead><tr><th scope=\"col\">Requirement</th>",
        audit.frameworks.len()
    );
    for word in ["Open", "Exempt", "Compliant"] {
        let _ = write!(page, "<th scope=\"col\" class=\"n\">{word}</th>");
    }
    page.push_str("</tr></thead><tbody>");
    for requirement in &audit.frameworks {
        let _ = write!(
            page,
            "<tr><th scope=\"row\" title=\"{}\">{} {}</th>",
            escaped(&requirement.title),
            escaped(&requirement.framework),
            escaped(&requirement.id)
        );
        for count in [requirement.open, requirement.exempt, requirement.compliant] {
            let _ = write!(page, "<td class=\"n\">{count}</td>");
        }
        page.push_str("</tr>");
    }
    page.push_str("</tbody></table></div></details></section>");
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
    for (place, reason) in audit.gaps() {
        let (place, reason) = (escaped(&place), marked(&reason));
        let _ = write!(page, "<p class=\"notice\">Not read: {place}: {reason}</p>");
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
    let places: BTreeSet<String> = audit.reports().map(|report| audit.place(report)).collect();
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
        &places
            .iter()
            .map(|word| (word.as_str(), word.as_str()))
            .collect::<Vec<_>>(),
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
