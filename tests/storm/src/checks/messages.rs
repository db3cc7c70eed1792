//! Invariants of the messages on both topics.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Evidence;
use crate::setup::topic;
use postern_runtime::{ALERTS, Destinations};

pub(super) fn idempotency_keys_identify_reports(evidence: &Evidence<'_>) -> Result<(), String> {
    let mut known: BTreeMap<String, Value> = BTreeMap::new();
    for published in evidence.published(&topic()) {
        let report: Value = serde_json::from_str(&published.message).map_err(|error| error.to_string())?;
        let key = report
            .get("idempotency_key")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if key.is_empty() {
            return Err(format!("a report without an idempotency key: {}", published.message));
        }
        // Reports with the same key must have the same findings.
        let said = report.get("findings").cloned().unwrap_or_default();
        if let Some(other) = known.insert(key.to_owned(), said.clone())
            && other != said
        {
            return Err(format!("two reports with the key {key} differ:\n{other}\n{said}"));
        }
    }
    Ok(())
}

/// People read of everything that programs read of: the alert of a report, or of a later one about the same scope, was
/// delivered.
pub(super) fn every_report_has_an_alert(evidence: &Evidence<'_>, destinations: &Destinations) -> Result<(), String> {
    let Some(alert_topic) = destinations.of(&ALERTS) else {
        return Ok(());
    };
    let alerts = evidence.published(alert_topic);
    let mut without: BTreeMap<String, String> = BTreeMap::new();
    for published in evidence.published(&topic()) {
        let report: Value = serde_json::from_str(&published.message).map_err(|error| error.to_string())?;
        let scope = report.get("scope").map(Value::to_string).unwrap_or_default();
        let run = report.get("run").and_then(Value::as_str).unwrap_or_default();
        let named = format!("run {run}");
        if alerts.iter().any(|alert| alert.message.contains(&named)) {
            without.remove(&scope);
        } else {
            without.insert(scope, run.to_owned());
        }
    }
    match without.first_key_value() {
        Some((scope, run)) => Err(format!("no alert of run {run} or a later one about {scope}")),
        None => Ok(()),
    }
}

/// What the ledger holds as reported of an open finding, or as a notice, was reported.
pub(super) fn every_delivered_finding_was_published(evidence: &Evidence<'_>) -> Result<(), String> {
    let reports: Result<Vec<Value>, _> = evidence
        .published(&topic())
        .iter()
        .map(|published| serde_json::from_str(&published.message))
        .collect();
    let reports = reports.map_err(|error| error.to_string())?;
    let listed = |name: &str| {
        let lists = reports.iter().filter_map(|report| report.get(name)?.as_array());
        lists.flatten().collect::<Vec<&Value>>()
    };
    let (published, notices) = (listed("findings"), listed("notices"));
    let delivered = evidence
        .scopes
        .values()
        .flat_map(|scope| scope.history.delivered.values());
    for delivered in delivered.filter(|delivered| delivered.outcome.open()) {
        let key = &delivered.key;
        // What the ledger holds may be cut.
        let explanation = delivered.explanation.split('…').next().unwrap_or_default();
        let says_it = |finding: &&Value| {
            let text = |pointer: &str| finding.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
            text("/control") == key.control
                && text("/resource/id") == key.resource.id
                && text("/explanation").starts_with(explanation)
        };
        // A notice is kept under its kind, and its text names the resource.
        let gives_it = |notice: &&Value| {
            let text = |name: &str| notice.get(name).and_then(Value::as_str).unwrap_or_default();
            text("kind") == key.control && text("text").contains(&key.resource.id)
        };
        if !published.iter().any(says_it) && !notices.iter().any(gives_it) {
            return Err(format!("no report on the topic says {delivered:?}"));
        }
    }
    Ok(())
}
