//! Findings of the page, by resource, with their proofs.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::escape::{escaped, marked};
use crate::audit::{AuditedScope, EndpointView, Proof};
use crate::published::{Finding, Outcome, Remediation, Resource};
use crate::text::phrases::{kind, status};

/// Compliant and not applicable resources are listed by control instead.
pub(super) fn is_shown(finding: &Finding) -> bool {
    finding.outcome.open() || matches!(finding.outcome, Outcome::Exempt | Outcome::ExemptionEnds)
}

/// Findings by resource. `number` is that of the scope in the page.
pub(super) fn findings(page: &mut String, scope: &AuditedScope, number: usize) {
    let mut groups: Vec<(&Resource, Vec<&Finding>)> = Vec::new();
    for finding in scope.report.findings.iter().filter(|finding| is_shown(finding)) {
        match groups.iter_mut().find(|(resource, _)| **resource == finding.resource) {
            Some((_, group)) => group.push(finding),
            None => groups.push((&finding.resource, vec![finding])),
        }
    }
    if groups.is_empty() {
        page.push_str("<p>No open findings.</p>");
    }
    let shared = shared_keys(scope);
    for (resource, group) in groups {
        let first = group.first().copied();
        let service = first.and_then(|finding| finding.service.as_deref());
        let common = service.filter(|_| group.iter().all(|finding| finding.service.as_deref() == service));
        let _ = write!(page, "<div class=\"resource\"><h3>{}", escaped(&heading(resource)));
        if let Some(service) = common {
            let _ = write!(page, " <i>{}</i>", escaped(service));
        }
        if let Some(first) = first {
            let _ = write!(page, " <a href=\"{}\">AWS console</a>", escaped(&first.console));
        }
        page.push_str("</h3>");
        for finding in group {
            let own = finding.service.as_deref().filter(|_| common.is_none());
            self::finding(page, finding, own, (scope, number), &shared);
        }
        page.push_str("</div>");
    }
    if !shared.is_empty() {
        let _ = write!(
            page,
            "<details class=\"proof\" id=\"keys-{number}\"><summary>Condition keys that all proofs have in common</summary>"
        );
        keys(page, shared);
        page.push_str("</details>");
    }
}

/// The condition keys that have the same values in all proofs of the scope. Empty for a single proof.
fn shared_keys(scope: &AuditedScope) -> BTreeMap<&str, &[String]> {
    let proofs: Vec<_> = scope
        .topology
        .endpoints
        .iter()
        .flat_map(EndpointView::requests)
        .collect();
    let Some((first, others)) = proofs.split_first().filter(|(_, others)| !others.is_empty()) else {
        return BTreeMap::new();
    };
    let keys = first
        .context
        .iter()
        .map(|(key, values)| (key.as_str(), values.as_slice()));
    let shared = keys.filter(|(key, values)| {
        let same = |proof: &&&Proof| proof.context.get(*key).is_some_and(|own| own == values);
        others.iter().filter(same).count() == others.len()
    });
    shared.collect()
}

fn keys<'a>(page: &mut String, keys: impl IntoIterator<Item = (&'a str, &'a [String])>) {
    page.push_str("<pre>");
    for (key, values) in keys {
        let _ = writeln!(page, "{} = {}", escaped(key), escaped(&values.join(", ")));
    }
    page.push_str("</pre>");
}

/// Such as `Route table rtb-0a1b2c3d “private”`.
fn heading(resource: &Resource) -> String {
    let kind = kind(resource);
    let (first, rest) = kind.split_at_checked(1).unwrap_or_default();
    let name = resource.name.as_ref().map(|name| format!(" “{name}”"));
    format!(
        "{}{rest} {}{}",
        first.to_uppercase(),
        resource.id,
        name.unwrap_or_default()
    )
}

fn state(outcome: Outcome) -> &'static str {
    match outcome {
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
    }
}

/// `service` is shown where the findings of the resource are about several.
fn finding(
    page: &mut String,
    finding: &Finding,
    service: Option<&str>,
    (scope, number): (&AuditedScope, usize),
    shared: &BTreeMap<&str, &[String]>,
) {
    let severity = finding.severity.as_str();
    let service = service.map(|service| format!(" <i>{}</i>", escaped(service)));
    let _ = write!(
        page,
        "<article data-severity=\"{severity}\" data-state=\"{state}\" data-control=\"{control}\"><h4><b>{severity}</b> \
         {control}{service} <i>{status}</i></h4><p>{explanation}</p>",
        state = state(finding.outcome),
        control = escaped(&finding.control),
        service = service.unwrap_or_default(),
        status = escaped(status(finding.outcome)),
        explanation = marked(&finding.explanation),
    );
    if finding.control == "policy-open"
        && let Some(endpoint) = scope.topology.endpoint(&finding.resource.id)
    {
        for proof in endpoint.requests() {
            self::proof(page, proof, shared, number);
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
            let _ = write!(page, "<p><b>To do:</b> {}</p>", marked(advice));
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
    page.push_str("</article>");
}

/// A request that the policy allows: one line, and the condition keys folded that other proofs of the scope do not share.
fn proof(page: &mut String, proof: &Proof, shared: &BTreeMap<&str, &[String]>, number: usize) {
    let code = |text: &str| format!("<code>{}</code>", escaped(text));
    let owner = proof.owner().map(|account| format!(" of account {}", code(account)));
    let _ = write!(
        page,
        "<details class=\"proof\"><summary>Proof: {} calls {} on {}{}</summary>",
        code(&proof.principal),
        code(&proof.action),
        code(&proof.resource),
        owner.unwrap_or_default(),
    );
    let own = proof
        .context
        .iter()
        .map(|(key, values)| (key.as_str(), values.as_slice()));
    keys(page, own.filter(|(key, _)| !shared.contains_key(key)));
    if !shared.is_empty() {
        let _ = write!(page, "<a href=\"#keys-{number}\">Keys of all proofs</a>");
    }
    page.push_str("</details>");
}
