//! An alert as a person would want to read it.

use postern_tests::alert::Alert;
use serde_json::Value;

use crate::paint::Paint;

/// Subject, triggering events, notices, findings and changes.
pub(crate) fn letter(alert: &Alert, paint: Paint) -> Vec<String> {
    let mut lines = vec![paint.bold(&format!("✉ {}", alert.subject))];
    for triggering_event in alert.list("triggering_events") {
        let actor = field(triggering_event, "/actor/identity");
        lines.push(format!("  because of {} by {actor}", field(triggering_event, "/event")));
    }
    for notice in alert.list("notices") {
        lines.push(format!("  {}", field(notice, "/text")));
        lines.push(format!(
            "  {} {}",
            paint.good("to release it:"),
            field(notice, "/command")
        ));
    }
    for finding in alert.list("findings") {
        lines.push(format!(
            "  {} {} on {}: {}",
            paint.mark(field(finding, "/outcome") == "repaired"),
            paint.bold(field(finding, "/control")),
            field(finding, "/resource/id"),
            field(finding, "/explanation")
        ));
    }
    let applied = alert
        .list("changes")
        .filter(|change| field(change, "/result") == "applied");
    let applied: Vec<_> = applied.collect();
    for change in &applied {
        lines.push(format!("  {} {}", paint.good("applied:"), field(change, "/text")));
    }
    let failed = alert
        .list("changes")
        .filter(|change| field(change, "/result") == "failed");
    for change in failed {
        let cause = field(change, "/reason");
        lines.push(format!(
            "  {} {}: {cause}",
            paint.bad("failed:"),
            field(change, "/text")
        ));
    }
    if let Some(undo) = applied
        .iter()
        .rev()
        .find_map(|change| change.pointer("/inverse/command"))
    {
        let command = undo.as_str().unwrap_or_default();
        lines.push(paint.dim(&format!(
            "  each with the command that undoes it, such as: {}",
            short(command)
        )));
    }
    lines
}

pub(crate) fn field<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn short(text: &str) -> String {
    const MOST: usize = 110;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{} …", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
