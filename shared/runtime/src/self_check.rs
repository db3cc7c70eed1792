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

#[cfg(test)]
mod tests {
    use postern_core::controls::known;
    use postern_engine::REPORTS;

    use super::*;
    use crate::testing::{Rig, TOPIC, schedule};

    #[test]
    fn only_its_own_payload_asks_for_it() {
        assert!(is_requested(&json!({ "postern": "self-check" })));
        for payload in [
            json!({ "postern": "sweep" }),
            json!({ "postern": true }),
            json!("self-check"),
            schedule(),
        ] {
            assert!(!is_requested(&payload), "{payload}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn answer_names_version_and_settings_and_why_nobody_receives_alerts() {
        let rig = Rig::new();
        let aws = rig.cloud.aws("arn:aws:iam::111122223333:role/postern-sweeper");
        let settings = Settings::parse("", &known()).unwrap();
        let destinations: Destinations = [(&REPORTS, TOPIC.to_owned())].into_iter().collect();
        let heard = alerts_are_heard(&aws, &destinations).await;
        let answered = answer(&settings, heard.err().as_ref());
        assert_eq!(
            answered,
            json!({ "version": env!("CARGO_PKG_VERSION"), "settings": settings.version, "alerts": null })
        );
        rig.cloud.edit(|world| world.confirmed_subscriptions = 0);
        let unheard = alerts_are_heard(&aws, &destinations).await.unwrap_err();
        let alerts = answer(&settings, Some(&unheard))["alerts"].clone();
        assert!(alerts.as_str().is_some_and(|alerts| alerts.contains(TOPIC)), "{alerts}");
    }
}
