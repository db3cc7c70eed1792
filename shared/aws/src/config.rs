//! Retries, timeouts and time of the SDK's clients.

use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_config::meta::region::ProvideRegion;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_ec2::config::retry::RetryPartition;
use jiff::Timestamp;
use postern_core::model::id::Region;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);
/// For all attempts of a call and the waits between them.
const OPERATION_TIMEOUT: Duration = Duration::from_secs(30);
const ATTEMPTS: u32 = 4;

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

/// The Region of the environment or of the profile. An empty variable names none, as for the AWS CLI
/// (<https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-envvars.html>). Instances are not asked.
pub async fn environment_region() -> Option<Region> {
    let variables = ["AWS_REGION", "AWS_DEFAULT_REGION"].into_iter();
    let mut named = variables.filter_map(|name| std::env::var(name).ok().filter(|region| !region.is_empty()));
    if let Some(region) = named.next() {
        return Some(Region::from(region));
    }
    let region = ProfileFileRegionProvider::new().region().await?;
    Some(region.as_ref())
        .filter(|region| !region.is_empty())
        .map(Region::from)
}

/// Without a partition of their own, all clients of a process for one service and Region share one retry quota.
pub(crate) fn own_quota() -> RetryPartition {
    RetryPartition::custom("postern").build()
}

/// The time of the configuration's clock.
pub(crate) fn now(config: &SdkConfig) -> Timestamp {
    let now = config.time_source().map_or_else(SystemTime::now, |source| source.now());
    Timestamp::try_from(now).unwrap_or(Timestamp::MAX)
}
