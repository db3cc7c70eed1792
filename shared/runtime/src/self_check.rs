//! What a function checks without an event: whether its settings can be used and its alerts reach somebody.
//!
//! A schedule asks for it every few minutes, so that refused settings and a topic without a subscriber are noticed before
//! somebody's change needs them.

use postern_aws::{Aws, TopicError, chain};
use postern_core::settings::Settings;
use postern_engine::Destinations;
use serde_json::{Value, json};
use tracing::error;

/// The member of the payload that asks for it, and its value.
const REQUEST: (&str, &str) = ("postern", "self-check");

pub(crate) fn is_requested(payload: &Value) -> bool {
    let (member, value) = REQUEST;
    payload.get(member).and_then(Value::as_str) == Some(value)
}

/// What `postern doctor` reads.
pub(crate) fn answer(settings: &Settings, unheard: Option<&TopicError>) -> Value {
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "settings": settings.version,
        "alerts": unheard.map(|error| chain(error)),
    })
}

/// Whether somebody receives the alerts.
pub(crate) async fn alerts_are_heard(aws: &Aws, destinations: &Destinations) -> Result<(), TopicError> {
    let heard = destinations.check(aws).await;
    if let Err(error) = &heard {
        error!(error = chain(error), "no change is made until alerts can be delivered");
    }
    heard
}
