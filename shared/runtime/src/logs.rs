//! Logs: one flat JSON object a line on standard output.
//!
//! The fields of all spans around an event stand beside those of the event, so that one query for a scope, a message, an
//! event or a change finds every line about it.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Write};

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

/// Logs to standard output. `RUST_LOG` chooses the level, as in `warn,postern_engine=info`.
pub(crate) fn init() {
    let filter = std::env::var("RUST_LOG")
        .ok()
        .and_then(|levels| levels.parse().ok())
        .unwrap_or_else(|| Targets::new().with_default(LevelFilter::INFO));
    tracing_subscriber::registry()
        .with(filter)
        .with(JsonLines(write))
        .init();
}

fn write(line: &str) {
    // The log is the only place to complain, and writing to it is what failed.
    let _ = writeln!(io::stdout(), "{line}");
}

/// Gives every event as a line, without its end.
pub(crate) struct JsonLines<W>(pub(crate) W);

/// The fields of a span or an event, by name.
#[derive(Default)]
struct Fields(BTreeMap<&'static str, Value>);

impl<S, W> Layer<S> for JsonLines<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: Fn(&str) + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let mut line = Map::new();
        line.insert("timestamp".to_owned(), json!(Timestamp::now()));
        line.insert("level".to_owned(), json!(event.metadata().level().as_str()));
        if let Some(message) = fields.0.remove("message") {
            line.insert("message".to_owned(), message);
        }
        for span in context
            .event_scope(event)
            .into_iter()
            .flat_map(|scope| scope.from_root())
        {
            if let Some(Fields(fields)) = span.extensions().get() {
                // An inner span says it more precisely.
                line.extend(fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
            }
        }
        line.extend(fields.0.into_iter().map(|(name, value)| (name.to_owned(), value)));
        (self.0)(&Value::Object(line).to_string());
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), json!(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.insert(field.name(), json!(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.insert(field.name(), json!(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name(), json!(value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name(), json!(format!("{value:?}")));
    }
}

#[cfg(test)]
mod tests {
    use tracing::{info, info_span, warn};

    use crate::testing::Log;

    #[test]
    fn line_has_the_fields_of_all_spans_around_it() {
        let log = Log::start();
        let run = info_span!("run", run = "run-1", event_ids = tracing::field::Empty);
        run.in_scope(|| {
            run.record("event_ids", "event-1");
            let change = info_span!("change", change_id = "change-1", attempt = 2);
            change.in_scope(|| warn!(cause = %"denied", "change failed"));
            info!("next");
        });
        let [failed, next] = log.lines().try_into().unwrap();
        assert!(failed["timestamp"].as_str().unwrap().ends_with('Z'));
        for (name, value) in [
            ("level", "WARN"),
            ("message", "change failed"),
            ("run", "run-1"),
            ("event_ids", "event-1"),
            ("change_id", "change-1"),
            ("cause", "denied"),
        ] {
            assert_eq!(failed[name], value, "{failed}");
        }
        assert_eq!(failed["attempt"], 2);
        assert_eq!((next["level"].as_str(), next.get("change_id")), (Some("INFO"), None));
    }

    #[test]
    fn field_that_an_event_and_its_span_share_is_in_the_line_once() {
        let log = Log::start();
        info_span!("outer", scope = "whole").in_scope(|| info!(scope = "part", "evaluated"));
        let [line] = log.text().try_into().unwrap();
        assert_eq!(line.matches("\"scope\"").count(), 1, "{line}");
        assert!(line.contains("\"scope\":\"part\""), "{line}");
    }

    #[test]
    fn line_break_in_a_value_stays_within_the_line() {
        let log = Log::start();
        info!(error = "one\ntwo", "failed");
        let [line] = log.text().try_into().unwrap();
        assert!(!line.contains('\n'), "{line}");
        assert_eq!(log.line("failed")["error"], "one\ntwo");
    }
}
