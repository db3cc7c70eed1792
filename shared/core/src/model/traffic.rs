//! What endpoints process, as CloudWatch counts it.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::id::EndpointId;

/// Bytes of a gigabyte as AWS bills it, which is 2^30
/// ([Amazon S3 pricing](https://aws.amazon.com/s3/pricing/)).
pub const GIGABYTE: f64 = 1_073_741_824.0;

const DAY: i64 = 86_400;

/// What the endpoints of a VPC processed, in both directions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traffic {
    /// Since when bytes were counted.
    pub since: Timestamp,
    /// Zero for an endpoint of which CloudWatch has no data. Endpoints without metrics are absent.
    pub bytes: BTreeMap<EndpointId, u64>,
}

impl Traffic {
    /// From when on bytes are counted for so many days: the beginning of a day in UTC, since CloudWatch answers with sums
    /// of days.
    pub fn since(now: Timestamp, days: u16) -> Timestamp {
        let back = now.as_second().rem_euclid(DAY) + i64::from(days) * DAY;
        let whole = Timestamp::from_second(now.as_second()).unwrap_or(now);
        whole.checked_sub(SignedDuration::from_secs(back)).unwrap_or(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_counted_from_the_beginning_of_a_day() {
        let since = |now: &str, days| Traffic::since(now.parse().unwrap(), days).to_string();
        assert_eq!(since("2026-11-23T12:34:56.789Z", 14), "2026-11-09T00:00:00Z");
        assert_eq!(since("2026-11-23T00:00:00Z", 1), "2026-11-22T00:00:00Z");
    }
}
