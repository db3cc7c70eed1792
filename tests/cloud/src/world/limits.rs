//! EC2's limits on how fast endpoints are changed. A world starts without them.

use std::time::Duration;

use jiff::Timestamp;

use super::World;
use crate::api_error::ApiError;

/// The calls with a bucket each, per account and Region.
const LIMITED: [&str; 3] = ["CreateVpcEndpoint", "DeleteVpcEndpoints", "ModifyVpcEndpoint"];

/// A token bucket. A call takes one token.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RequestRate {
    pub capacity: f64,
    /// Tokens a second.
    pub refill: f64,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Bucket {
    tokens: f64,
    filled: Timestamp,
}

impl RequestRate {
    /// Amazon EC2 Developer Guide, "Request throttling for the Amazon EC2 API".
    pub const ENDPOINTS: Self = Self {
        capacity: 4.0,
        refill: 0.3,
    };
}

impl World {
    /// From now on EC2 limits the rate of changes to endpoints, and makes one modification of an endpoint at a time.
    pub fn limit_endpoint_changes(&mut self) {
        self.endpoint_rate = Some(RequestRate::ENDPOINTS);
        self.one_modification_at_a_time = true;
    }

    /// Takes a token for a call.
    pub(crate) fn take_token(&mut self, account: &str, region: &str, operation: &str) -> Result<(), ApiError> {
        let Some(rate) = self.endpoint_rate.filter(|_| LIMITED.contains(&operation)) else {
            return Ok(());
        };
        let now = self.now;
        let key = (account.to_owned(), region.to_owned(), operation.to_owned());
        let bucket = self.buckets.entry(key).or_insert(Bucket {
            tokens: rate.capacity,
            filled: now,
        });
        let gained = now.duration_since(bucket.filled).as_secs_f64() * rate.refill;
        bucket.tokens = (bucket.tokens + gained).min(rate.capacity);
        bucket.filled = now;
        if bucket.tokens < 1.0 {
            return Err(ApiError::new("RequestLimitExceeded", "Request limit exceeded."));
        }
        bucket.tokens -= 1.0;
        Ok(())
    }

    /// Refuses a modification while an earlier one of the endpoint is in progress.
    pub(crate) fn begin_modification(&mut self, endpoint: &str) -> Result<(), ApiError> {
        if !self.one_modification_at_a_time {
            return Ok(());
        }
        if self.modified.get(endpoint).is_some_and(|until| *until > self.now) {
            return Err(ApiError::new(
                "OperationInProgress",
                "VpcEndpoint modify operation in progress",
            ));
        }
        let wait = Duration::from_millis(self.rng.u64(200..8_000));
        let until = self.now.checked_add(wait).unwrap_or(self.now);
        self.modified.insert(endpoint.to_owned(), until);
        Ok(())
    }
}
