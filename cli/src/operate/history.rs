//! `history`: the changes on record.

use std::io::Write;

use postern_core::history::ChangeRecord;
use postern_report::audit::{described, outcome};
use serde_json::Value;

use super::{CommandError, History, OperatorContext, say};
use crate::arguments::Format;
use crate::output::Status;

/// Lists the changes of an account and Region, newest last.
///
/// # Errors
/// If the ledger cannot be read or the list cannot be written.
pub async fn history(
    context: &OperatorContext,
    arguments: &History,
    out: &mut dyn Write,
) -> Result<Status, CommandError> {
    let since = arguments.since.map(|since| since.time(context.aws.now()));
    let records = context
        .ledger
        .history(&context.account, context.region(), since)
        .await?;
    let mut any = false;
    for record in &records {
        let json = serde_json::to_value(record).unwrap_or_default();
        let named = arguments.resource.as_ref().is_none_or(|id| names(&json, id));
        let made_for = |control: &String| record.causes.iter().any(|key| key.control == *control);
        if !named || !arguments.control.as_ref().is_none_or(made_for) {
            continue;
        }
        match arguments.format {
            Format::Json => writeln!(out, "{json}")?,
            Format::Text => {
                if any {
                    writeln!(out)?;
                }
                text(record, out)?;
            }
        }
        any = true;
    }
    if !any && arguments.format == Format::Text {
        let (account, region) = (&context.account, context.region());
        let line = match records.is_empty() {
            true => format!("No change of {account} in {region} is on record."),
            false => format!("No change of {account} in {region} on record matches the filters."),
        };
        say(out, &line)?;
    }
    Ok(Status::Fine)
}

/// Whether an id is anywhere in a record.
fn names(value: &Value, id: &str) -> bool {
    match value {
        Value::String(text) => text == id,
        Value::Array(items) => items.iter().any(|item| names(item, id)),
        Value::Object(members) => members.values().any(|member| names(member, id)),
        _ => false,
    }
}

fn text(record: &ChangeRecord, out: &mut dyn Write) -> Result<(), CommandError> {
    say(out, &format!("{}  {}", record.id, described(record)))?;
    let mut line = |name: &str, text: String| say(out, &format!("  {name:<8} {text}"));
    line("when", format!("{:.0}, in {}", record.time, record.scope.resource))?;
    for key in &record.causes {
        line("for", key.to_string())?;
    }
    for triggering_event in &record.triggering_events {
        let actor = triggering_event
            .actor
            .as_ref()
            .map(|actor| format!(" by {}", actor.identity));
        let time = triggering_event.time.map(|time| format!(" at {time:.0}"));
        let (actor, time) = (actor.unwrap_or_default(), time.unwrap_or_default());
        line("because", format!("{}{actor}{time}", triggering_event.event))?;
    }
    line("by", format!("{}, run {}", record.function, record.run))?;
    if record.monthly_cost.cents() > 0 {
        line("cost", format!("{} a month", record.monthly_cost))?;
    }
    line("outcome", outcome(&record.status))?;
    match &record.undone_by {
        Some(by) => line("undone", format!("by {by}")),
        None => Ok(()),
    }
}
