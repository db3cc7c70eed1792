//! Logs: one flat JSON object a line on standard output.
//!
//! The fields of all spans around an event stand beside those of the event, so that one query for a scope, a message, an
//! event or a change finds every line about it.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

/// Logs to standard output. `RUST_LOG` chooses the level.
pub(crate) fn init() {
    let filter = EnvFilter::builder()
        .with_default_directive(LevelFilter::INFO.into())
        .from_env_lossy();
    tracing_subscriber::registry()
        .with(filter)
        .with(JsonLines(std::io::stdout))
        .init();
}

/// Writes events as lines.
pub(crate) struct JsonLines<W>(pub(crate) W);

/// The fields of a span or an event, by name.
#[derive(Default)]
struct Fields(BTreeMap<&'static str, Value>);

impl<S, W> Layer<S> for JsonLines<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + 'static,
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
        let mut text = Value::Object(line).to_string();
        text.push('\n');
        // The log is the only place to complain, and writing to it is what failed.
        let _ = std::io::Write::write_all(&mut self.0.make_writer_for(event.metadata()), text.as_bytes());
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
