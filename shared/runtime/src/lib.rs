//! What every Postern function does with an invocation: read the events, find out where to look, reconcile each VPC
//! once, and tell people.

mod batch;
mod configuration;
mod handler;
mod places;
mod reconcile;
mod repair;
mod telemetry;
mod tell;
mod verify;

use std::time::SystemTime;

use jiff::Timestamp;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use postern_aws::Aws;
use postern_core::functions::Function;
use serde_json::Value;

pub use crate::configuration::{Configuration, ConfigurationError};
pub use crate::handler::Handler;
pub use crate::telemetry::Metrics;

/// Runs a function until Lambda stops it.
pub async fn run(function: &'static Function) -> Result<(), Error> {
    telemetry::init();
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

/// When the invocation ends. None where that is past at its start: local Runtime APIs tell one that means nothing.
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
    fn a_deadline_that_means_nothing_limits_nothing() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        assert_eq!(
            deadline(SystemTime::UNIX_EPOCH + Duration::from_millis(600_000), now),
            None
        );
        let ahead = deadline(now + Duration::from_secs(120), now);
        assert_eq!(ahead, Timestamp::from_second(1_000_120).ok());
    }
}
