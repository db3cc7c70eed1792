//! Reports as JSON.

use serde::Serialize;

use postern_core::model::text::shorten;
use serde_json::Value;

use crate::published::{Report, Truncated};

/// Texts are shortened to this many bytes if the report is too large: far above what a person writes or reads.
const LONGEST_TEXT: usize = 4_000;

/// The members whose texts are never shortened: a part of a policy or of a command is worse than none.
const WHOLE: [&str; 2] = ["change", "inverse"];

/// The whole report, indented.
#[expect(
    clippy::expect_used,
    reason = "a report has no keys but strings, and nothing in it fails to serialize"
)]
pub fn render(report: &Report) -> String {
    serde_json::to_string_pretty(report).expect("a report is JSON")
}

/// The report in at most so many bytes, as long as that is enough for its few fixed members: indented if that fits, else
/// without white space, else truncated.
pub fn render_within(report: &Report, limit: usize) -> String {
    let renderers: [fn(&Report) -> String; 2] = [render, compact];
    let mut whole = renderers.into_iter().map(|render| render(report));
    match whole.find(|body| body.len() <= limit) {
        Some(body) => body,
        None => compact(&truncate(report.clone(), limit)),
    }
}

/// What is left out first is missed least: code, details of changes from the last one on, then the least severe findings,
/// then changes, then triggering events, each from the last one on.
fn truncate(report: Report, limit: usize) -> Report {
    let (mut report, texts_shortened) = shorten_texts(report);
    for conflict in report
        .findings
        .iter_mut()
        .filter_map(|finding| finding.conflict.as_mut())
    {
        conflict.code = None;
    }
    let counts = (
        report.findings.len(),
        report.changes.len(),
        report.triggering_events.len(),
    );
    report.truncated = Some(Truncated {
        // None of these numbers gets larger, so the document does not grow any more.
        findings_left_out: counts.0,
        changes_left_out: counts.1,
        changes_without_details: counts.1,
        triggering_events_left_out: counts.2,
        texts_shortened,
        note: format!("The report was larger than {limit} bytes. The counts of `summary` are complete."),
    });

    let mut excess = compact(&report).len().saturating_sub(limit);
    let mut without_details = 0;
    for change in report.changes.iter_mut().rev() {
        if excess == 0 {
            break;
        }
        let before = compact(change).len();
        change.change = None;
        change.causes.clear();
        change.inverse = None;
        excess = excess.saturating_sub(before - compact(change).len());
        without_details += 1;
    }
    drop_last(&mut report.findings, &mut excess);
    drop_last(&mut report.changes, &mut excess);
    drop_last(&mut report.triggering_events, &mut excess);

    let changes_left_out = counts.1 - report.changes.len();
    if let Some(truncated) = &mut report.truncated {
        truncated.findings_left_out = counts.0 - report.findings.len();
        truncated.changes_left_out = changes_left_out;
        truncated.changes_without_details = without_details - changes_left_out;
        truncated.triggering_events_left_out = counts.2 - report.triggering_events.len();
    }
    report
}

/// The report with its long texts shortened, and how many these were.
fn shorten_texts(report: Report) -> (Report, usize) {
    let mut shortened = 0;
    let Ok(mut document) = serde_json::to_value(&report) else {
        return (report, 0);
    };
    shorten_within(&mut document, &mut shortened);
    match serde_json::from_value(document) {
        Ok(report) => (report, shortened),
        Err(_) => (report, 0),
    }
}

fn shorten_within(value: &mut Value, shortened: &mut usize) {
    match value {
        Value::String(text) => *shortened += usize::from(shorten(text, LONGEST_TEXT)),
        Value::Array(items) => items.iter_mut().for_each(|item| shorten_within(item, shortened)),
        Value::Object(members) => {
            for (_, member) in members.iter_mut().filter(|(name, _)| !WHOLE.contains(&name.as_str())) {
                shorten_within(member, shortened);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn drop_last<T: Serialize>(items: &mut Vec<T>, excess: &mut usize) {
    while *excess > 0
        && let Some(item) = items.pop()
    {
        // The first item has no comma before it.
        let comma = usize::from(!items.is_empty());
        *excess = excess.saturating_sub(compact(&item).len() + comma);
    }
}

#[expect(
    clippy::expect_used,
    reason = "a report has no keys but strings, and nothing in it fails to serialize"
)]
fn compact<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("a report is JSON")
}
