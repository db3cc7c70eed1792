//! The time of the cloud: tokio's, from a fixed start.

use std::time::{Duration, SystemTime};

use aws_smithy_async::time::TimeSource;
use jiff::Timestamp;
use tokio::time::Instant;

/// 2026-03-02T09:00:00Z, a Monday.
const BEGIN: i64 = 1_772_442_000;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock(Instant);

impl Clock {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    /// Since the start.
    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }

    pub(crate) fn now(self) -> Timestamp {
        let begin = Timestamp::from_second(BEGIN).unwrap_or(Timestamp::UNIX_EPOCH);
        begin.checked_add(self.elapsed()).unwrap_or(begin)
    }
}

impl TimeSource for Clock {
    fn now(&self) -> SystemTime {
        Self::now(*self).into()
    }
}
