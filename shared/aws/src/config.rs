//! Retries, timeouts and time of the SDK's clients.

use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::{self, ProfileFileRegionProvider};
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_sdk_ec2::config::retry::RetryPartition;
use aws_types::os_shim_internal::{Env, Fs};
use jiff::Timestamp;

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

/// The profile that `AWS_PROFILE` names, if neither the config file nor the credentials file has it. The SDK would go on to
/// the metadata of the instance.
pub async fn missing_profile() -> Option<String> {
    let named = std::env::var("AWS_PROFILE").ok().filter(|name| !name.is_empty())?;
    let profiles = profile::load(&Fs::real(), &Env::real(), &EnvConfigFiles::default(), None).await;
    let known = profiles.ok()?.profiles().any(|profile| profile == named);
    (!known).then_some(named)
}

/// The Region of the environment or of the profile, or else this one. Instances are not asked.
pub(crate) fn region_or(default: &'static str) -> RegionProviderChain {
    RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new())
        .or_else(ProfileFileRegionProvider::new())
        .or_else(default)
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
