//! The SDK's clients, and how many calls they made.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_ec2::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_ec2::config::retry::RetryPartition;
use aws_sdk_ec2::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_ec2::error::BoxError;
use aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint;
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use jiff::Timestamp;
use postern_core::model::id::Region;

use crate::observe::Catalogues;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);
/// With all attempts and the waits between them.
const OPERATION_TIMEOUT: Duration = Duration::from_secs(30);
const ATTEMPTS: u32 = 4;

/// The way to AWS with one set of credentials, kept while a function is warm.
#[derive(Debug)]
pub struct Aws {
    pub(crate) config: SdkConfig,
    ec2: Mutex<BTreeMap<Region, aws_sdk_ec2::Client>>,
    pub(crate) sns: aws_sdk_sns::Client,
    pub(crate) dynamodb: aws_sdk_dynamodb::Client,
    pub(crate) counter: Counter,
    pub(crate) catalogues: Catalogues,
}

/// How many requests were sent, attempts of the same call counted each, by operation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calls(BTreeMap<String, u64>);

/// Counts as an interceptor, so that no call can escape it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counter(Arc<Mutex<Calls>>);

impl Aws {
    /// With the credentials, the Region and the endpoints that the environment names.
    pub async fn from_environment() -> Self {
        let config = aws_config::defaults(BehaviorVersion::v2026_01_12())
            .retry_config(retries())
            .timeout_config(timeouts())
            .load()
            .await;
        Self::new(config)
    }

    /// With a configuration taken as it is. Its retries have a quota of their own, however many there are in a process.
    pub fn new(config: SdkConfig) -> Self {
        let counter = Counter::default();
        let sns = aws_sdk_sns::config::Builder::from(&config)
            .interceptor(counter.clone())
            .retry_partition(own_quota())
            .build();
        let dynamodb = aws_sdk_dynamodb::config::Builder::from(&config)
            .interceptor(counter.clone())
            .retry_partition(own_quota())
            .build();
        Self {
            ec2: Mutex::default(),
            sns: aws_sdk_sns::Client::from_conf(sns),
            dynamodb: aws_sdk_dynamodb::Client::from_conf(dynamodb),
            counter,
            catalogues: Catalogues::default(),
            config,
        }
    }

    /// The time by which the clients go.
    pub fn now(&self) -> Timestamp {
        let now = self
            .config
            .time_source()
            .map_or_else(SystemTime::now, |source| source.now());
        Timestamp::try_from(now).unwrap_or(Timestamp::MAX)
    }

    /// The requests sent so far. A run's own are those `since` its begin.
    pub fn calls(&self) -> Calls {
        self.counter.calls()
    }

    pub(crate) fn ec2(&self, region: &Region) -> aws_sdk_ec2::Client {
        lock(&self.ec2)
            .entry(region.clone())
            .or_insert_with(|| {
                let config = aws_sdk_ec2::config::Builder::from(&self.config)
                    .region(aws_config::Region::new(region.as_str().to_owned()))
                    .interceptor(self.counter.clone())
                    .retry_partition(own_quota())
                    .build();
                aws_sdk_ec2::Client::from_conf(config)
            })
            .clone()
    }
}

pub fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(ATTEMPTS)
}

pub fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .operation_timeout(OPERATION_TIMEOUT)
        .build()
}

/// Without it, all clients of a process for one service and Region share one.
fn own_quota() -> RetryPartition {
    RetryPartition::custom("postern").build()
}

impl Calls {
    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }

    /// Such as `DescribeVpcs` and how often it was sent.
    pub fn by_operation(&self) -> impl Iterator<Item = (&str, u64)> {
        self.0.iter().map(|(operation, count)| (operation.as_str(), *count))
    }

    /// What came on top of an earlier reading.
    pub fn since(&self, earlier: &Self) -> Self {
        let rest = self.0.iter().filter_map(|(operation, count)| {
            let before = earlier.0.get(operation).copied().unwrap_or_default();
            let more = count.saturating_sub(before);
            (more > 0).then(|| (operation.clone(), more))
        });
        Self(rest.collect())
    }
}

impl Counter {
    pub(crate) fn calls(&self) -> Calls {
        lock(&self.0).clone()
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
        *lock(&self.0).0.entry(operation.to_owned()).or_default() += 1;
        Ok(())
    }
}

/// Nothing behind these locks can be left half done by a panic.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::wire::Cloud;

    #[tokio::test]
    async fn every_attempt_is_counted_by_operation_and_regions_together() {
        let cloud = Cloud::new()
            .refuse("DescribeVpcs", "RequestLimitExceeded", "Request limit exceeded.")
            .refuse("DescribeVpcs", "InternalError", "An internal error has occurred")
            .always("DescribeVpcs", "<vpcSet/>")
            .always("DescribeSubnets", "<subnetSet/>");
        let aws = cloud.aws_with_attempts(3);
        aws.ec2(&"eu-central-1".into()).describe_vpcs().send().await.unwrap();
        let before = aws.calls();
        assert_eq!(before.by_operation().collect::<Vec<_>>(), [("DescribeVpcs", 3)]);
        aws.ec2(&"eu-west-1".into()).describe_vpcs().send().await.unwrap();
        aws.ec2(&"eu-west-1".into()).describe_subnets().send().await.unwrap();
        let run = aws.calls().since(&before);
        assert_eq!(
            run.by_operation().collect::<Vec<_>>(),
            [("DescribeSubnets", 1), ("DescribeVpcs", 1)]
        );
        assert_eq!((run.total(), aws.calls().total()), (2, 5));
    }

    #[tokio::test]
    async fn the_calls_of_all_services_are_counted() {
        let topic = "<GetTopicAttributesResponse><GetTopicAttributesResult/></GetTopicAttributesResponse>";
        let cloud = Cloud::new()
            .raw("GetTopicAttributes", 200, topic)
            .json("GetItem", &json!({}));
        let aws = cloud.aws();
        aws.check_topic("arn:aws:sns:eu-central-1:111122223333:postern")
            .await
            .unwrap();
        let item = aws.dynamodb.get_item().table_name("postern-ledger");
        let key = aws_sdk_dynamodb::types::AttributeValue::S("change".to_owned());
        item.key("pk", key).send().await.unwrap();
        assert_eq!(
            aws.calls().by_operation().collect::<Vec<_>>(),
            [("GetItem", 1), ("GetTopicAttributes", 1)]
        );
    }
}
