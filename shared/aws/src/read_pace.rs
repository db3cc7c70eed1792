//! The pace of calls that a sweep makes for each resource.
//!
//! EC2 has a bucket of 100 tokens for each call that reads, and 20 more a second, for everybody in the account and Region
//! ([Request throttling for the Amazon EC2 API](https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html)).
//! A session stays below that, as for calls that change endpoints, so that other tools find tokens. Calls that list whole
//! pages are too few to need it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use postern_core::model::id::Region;

/// Between two calls: two thirds of EC2's rate.
const INTERVAL: SignedDuration = SignedDuration::from_millis(75);
/// So many calls may follow each other at once: three quarters of EC2's tokens.
const AT_ONCE: i32 = 75;

/// Until when the turns of each call are taken.
#[derive(Debug, Default)]
pub(crate) struct ReadPace(Mutex<BTreeMap<(Region, &'static str), Timestamp>>);

impl ReadPace {
    /// Takes the next turn for a call, and gives the time from which on it may be sent.
    pub(crate) fn take(&self, region: &Region, call: &'static str, now: Timestamp) -> Timestamp {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let until = turns.entry((region.clone(), call)).or_insert(now);
        *until = (*until).max(now) + INTERVAL;
        (*until - INTERVAL * AT_ONCE).max(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALL: &str = "ec2:DescribeVpcAttribute";

    /// How long the last of so many calls waits.
    fn last(pace: &ReadPace, calls: usize, now: Timestamp) -> SignedDuration {
        let turns = (0..calls).map(|_| pace.take(&"eu-central-1".into(), CALL, now));
        turns.last().unwrap().duration_since(now)
    }

    #[test]
    fn calls_wait_once_three_quarters_of_the_tokens_are_used() {
        let (pace, now) = (ReadPace::default(), Timestamp::UNIX_EPOCH);
        assert_eq!(last(&pace, 75, now), SignedDuration::ZERO);
        assert_eq!(last(&pace, 1, now), INTERVAL);
        assert_eq!(last(&pace, 19, now), INTERVAL * 20);
    }

    #[test]
    fn tokens_come_back_and_calls_and_regions_have_their_own() {
        let (pace, now) = (ReadPace::default(), Timestamp::UNIX_EPOCH);
        last(&pace, 100, now);
        let later = now + INTERVAL * 100;
        assert_eq!(last(&pace, 75, later), SignedDuration::ZERO);
        assert_eq!(pace.take(&"eu-west-1".into(), CALL, later), later);
        assert_eq!(pace.take(&"eu-central-1".into(), "ec2:DescribeSubnets", later), later);
    }
}
