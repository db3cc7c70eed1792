//! What every Postern function does with an invocation of AWS Lambda: read the events, determine which scopes they name,
//! and reconcile each scope once.

mod batch;
mod configuration;
mod error;
mod event_watch;
mod handler;
mod logs;
mod self_check;
mod settings;
mod targets;
mod telemetry;
#[cfg(test)]
mod testing;

use std::time::SystemTime;

use jiff::Timestamp;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use postern_aws::Aws;
use postern_core::functions::Function;
use serde_json::Value;

pub use crate::configuration::Configuration;
pub use crate::error::ConfigurationError;
pub use crate::handler::Handler;
pub use crate::settings::SettingsSource;
pub use crate::telemetry::Metrics;
pub use postern_engine::{ALERTS, Destinations, REPORTS};

/// Runs a function until Lambda stops it.
pub async fn run(function: &'static Function) -> Result<(), Error> {
    logs::init();
    let handler = Handler::new(function, Configuration::load(), Aws::from_environment().await);
    let handler = &handler;
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| async move {
        let run = event.context.request_id.as_str().into();
        let deadline = deadline(event.context.deadline(), SystemTime::now());
        let (answer, metrics) = handler.handle(event.payload, run, deadline).await;
        metrics.emit();
        answer
    }))
    .await
}

/// When the invocation ends. None where the deadline has passed when the invocation starts: local Runtime APIs give one
/// that means nothing.
fn deadline(delivered: SystemTime, now: SystemTime) -> Option<Timestamp> {
    if delivered <= now {
        return None;
    }
    Timestamp::try_from(delivered).ok()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn deadline_that_has_passed_at_the_start_is_ignored() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        assert_eq!(
            deadline(SystemTime::UNIX_EPOCH + Duration::from_millis(600_000), now),
            None
        );
        let ahead = deadline(now + Duration::from_secs(120), now);
        assert_eq!(ahead, Timestamp::from_second(1_000_120).ok());
    }
}
