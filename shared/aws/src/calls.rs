//! Counts the requests that were sent to AWS.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_ec2::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_ec2::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_ec2::error::BoxError;
use aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint;
use aws_smithy_runtime_api::client::orchestrator::Metadata;

/// How many requests were sent, by operation. Each attempt of a call counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calls(BTreeMap<String, u64>);

/// An interceptor of the SDK's clients, so that every request is counted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counter(Arc<Mutex<Calls>>);

impl Calls {
    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }

    /// Operations, such as `DescribeVpcs`, with the number of their requests.
    pub fn by_operation(&self) -> impl Iterator<Item = (&str, u64)> {
        self.0.iter().map(|(operation, count)| (operation.as_str(), *count))
    }

    /// The requests that were sent after the earlier count.
    pub fn since(&self, earlier: &Self) -> Self {
        let rest = self.0.iter().filter_map(|(operation, count)| {
            let before = earlier.0.get(operation).copied().unwrap_or_default();
            let more = count.saturating_sub(before);
            (more > 0).then(|| (operation.clone(), more))
        });
        Self(rest.collect())
    }

    pub(crate) fn add(&mut self, more: &Self) {
        for (operation, count) in &more.0 {
            *self.0.entry(operation.clone()).or_default() += count;
        }
    }
}

impl Counter {
    pub(crate) fn calls(&self) -> Calls {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[dyn_dispatch_hint]
impl Intercept for Counter {
    fn name(&self) -> &'static str {
        "Counter"
    }

    fn read_before_transmit(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let operation = config.load::<Metadata>().map_or("unknown", |metadata| metadata.name());
        let mut calls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *calls.0.entry(operation.to_owned()).or_default() += 1;
        Ok(())
    }
}
