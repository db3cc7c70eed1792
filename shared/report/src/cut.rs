//! Making a report fit a message.

use serde::Serialize;

use super::{Report, Truncated};
use postern_core::model::text::shorten;

/// Texts are shortened to this many bytes where the report is too large: far above what a person writes or reads.
const LONGEST_TEXT: usize = 4_000;

/// The report as JSON of at most so many bytes, as long as that is enough for its few fixed members.
///
/// Indented if that fits, since people get it by e-mail; without any space if only that fits; else cut.
pub(super) fn fit(report: &Report, limit: usize) -> String {
    let indented = serde_json::to_string_pretty(report).ok().into_iter();
    let mut whole = indented.chain(std::iter::once_with(|| json(report)));
    match whole.find(|body| body.len() <= limit) {
        Some(body) => body,
        None => json(&cut(report.clone(), limit)),
    }
}

/// What is left out first is missed least: code, details of changes from the last one on, then the least severe findings,
/// then changes, then occasions, each from the last one on.
fn cut(mut report: Report, limit: usize) -> Report {
    let mut texts_shortened = 0;
    report.edit_texts(&mut |text| texts_shortened += usize::from(shorten(text, LONGEST_TEXT)));

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
        // None of these gets larger than this, so the document does not grow any more.
        findings_left_out: counts.0,
        changes_left_out: counts.1,
        changes_without_details: counts.1,
        occasions_left_out: counts.2,
        texts_shortened,
        note: format!("Too large to be sent whole (at most {limit} bytes). What `summary` counts is complete."),
    });

    let mut excess = json(&report).len().saturating_sub(limit);
    let mut without_details = 0;
    for change in report.changes.iter_mut().rev() {
        if excess == 0 {
            break;
        }
        let before = json(change).len();
        change.change = None;
        change.causes.clear();
        change.inverse = None;
        excess = excess.saturating_sub(before - json(change).len());
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
        truncated.occasions_left_out = counts.2 - report.triggering_events.len();
    }
    report
}

fn drop_last<T: Serialize>(items: &mut Vec<T>, excess: &mut usize) {
    while *excess > 0
        && let Some(item) = items.pop()
    {
        // The comma before the first one does not exist, so it counts for nothing.
        let comma = usize::from(!items.is_empty());
        *excess = excess.saturating_sub(json(&item).len() + comma);
    }
}

#[expect(
    clippy::expect_used,
    reason = "a report has no keys but strings, and nothing in it fails to serialize"
)]
fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("a report is JSON")
}
