//! The handle of one model cloud.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_ec2::config::{Credentials, SharedCredentialsProvider};
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_async::time::SharedTimeSource;
use jiff::Timestamp;
use postern_aws::Aws;

use crate::api_error::ApiError;
use crate::connector::Connector;
use crate::dynamodb::Tables;
use crate::faults::{Fault, Faults};
use crate::form::Form;
use crate::log::{Entry, Service};
use crate::sns::Published;
use crate::state::Shared;
use crate::world::{World, WriteFaults};
use crate::{REGION, load_balancers};

/// One AWS; clones are handles of the same. Futures of its clients may be dropped at any moment: calls are made as a
/// whole or not at all.
#[derive(Clone)]
pub struct Cloud(Arc<Shared>);

/// The result of `Cloud::call`.
#[derive(Clone, Debug)]
pub struct Answer {
    pub xml: String,
    pub entry: Arc<Entry>,
}

impl Cloud {
    /// Without faults, with the usual services, otherwise empty. It seeds this thread's `fastrand` too, from which the
    /// SDK takes its back-offs, so that a run on one thread is the same each time.
    pub fn new(seed: u64) -> Self {
        fastrand::seed(seed);
        Self(Arc::new(Shared::new(seed)))
    }

    pub fn seed(&self) -> u64 {
        self.0.seed
    }

    /// The cloud's time, from 2026-03-02T09:00:00Z on.
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// The clients of a caller, such as the ARN of a function's role.
    pub fn aws(&self, caller: &str) -> Aws {
        Aws::new(self.config(caller))
    }

    /// The configuration of a caller's clients, with the retries and timeouts of production.
    pub fn config(&self, caller: &str) -> SdkConfig {
        let credentials = Credentials::new("AKIAEXAMPLE", "secret", None, None, "model-cloud");
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(aws_config::Region::new(REGION))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(Connector::new(Arc::clone(&self.0), caller))
            .retry_config(postern_aws::retries())
            .timeout_config(postern_aws::timeouts())
            // Bodies are not streamed.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .sleep_impl(TokioSleep::new())
            .time_source(SharedTimeSource::new(self.0.clock))
            .build()
    }

    /// Reads or changes the world without a call. Nothing is logged.
    pub fn edit<R>(&self, edit: impl FnOnce(&mut World) -> R) -> R {
        let now = self.now();
        let mut state = self.0.state();
        state.world.advance_to(now);
        state.world.write_faults = WriteFaults::default();
        let result = edit(&mut state.world);
        state.world.take_journal();
        result
    }

    /// Makes one call to EC2 or to load balancers at once and without faults. It is logged like all others.
    ///
    /// # Errors
    /// If AWS refuses it.
    pub fn call(&self, caller: &str, operation: &str, parameters: &[(&str, &str)]) -> Result<Answer, ApiError> {
        let fields = parameters
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let form = Form::new(fields);
        let service = match load_balancers::knows(operation) {
            true => Service::LoadBalancers,
            false => Service::Ec2,
        };
        let mut state = self.0.state();
        let result = state.world(service, &Arc::from(caller), REGION, operation, form, None);
        let entry = state.log.last().cloned();
        match (result, entry) {
            (Err(error), _) => Err(error),
            (Ok(xml), Some(entry)) => Ok(Answer { xml, entry }),
            (Ok(_), None) => crate::not_modelled("a call that is not logged"),
        }
    }

    /// Replaces the faults.
    pub fn set_faults(&self, faults: Faults) {
        self.0.state().faults = faults;
    }

    /// Sets the faults of the next calls of an operation such as `CreateVpcEndpoint`; `None` is a call without a fault.
    pub fn plan(&self, operation: &str, faults: impl IntoIterator<Item = impl Into<Option<Fault>>>) {
        let mut state = self.0.state();
        let planned = state.planned.entry(operation.to_owned()).or_default();
        planned.extend(faults.into_iter().map(Into::into));
    }

    /// The injected faults so far, with their counts.
    pub fn injected(&self) -> BTreeMap<Fault, u64> {
        self.0.state().world.injected.clone()
    }

    /// Every call that arrived, in order.
    pub fn log(&self) -> Vec<Arc<Entry>> {
        self.log_since(0)
    }

    /// The calls after the first so many.
    pub fn log_since(&self, count: usize) -> Vec<Arc<Entry>> {
        self.0.state().log.get(count..).unwrap_or_default().to_vec()
    }

    /// What was published to topics, in order.
    pub fn published(&self) -> Vec<Published> {
        self.0.state().published.clone()
    }

    /// Reads or changes the tables.
    pub fn tables<R>(&self, look: impl FnOnce(&mut Tables) -> R) -> R {
        look(&mut self.0.state().tables)
    }

    /// Answers a request to `REGION` that came over a network, with HTTP status and body. `target` is its `X-Amz-Target`,
    /// if any, and its path and query to Route 53. None: the connection breaks.
    pub async fn serve(&self, caller: &str, service: Service, target: &str, body: &[u8]) -> Option<(u16, Vec<u8>)> {
        Connector::new(Arc::clone(&self.0), caller)
            .serve(service, target, body)
            .await
    }
}

impl fmt::Debug for Cloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for Cloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}
