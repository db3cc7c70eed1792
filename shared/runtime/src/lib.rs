//! What every Postern function does with an invocation: read the events, find out where to look, reconcile each VPC
//! once, and tell people.

mod alerts;
mod batch;
mod configuration;
mod handler;
mod places;
mod reconcile;
mod telemetry;

use lambda_runtime::{Error, LambdaEvent, service_fn};
use postern_core::function::Function;
use serde_json::Value;

use crate::handler::Handler;

/// Runs a function until Lambda stops it.
pub async fn run(function: &'static Function) -> Result<(), Error> {
    telemetry::init();
    let handler = Handler::new(function).await;
    let handler = &handler;
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| async move {
        handler.handle(event.payload, &event.context).await
    }))
    .await
}

/// An error with all its causes, for logs and reports.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}
