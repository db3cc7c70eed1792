//! Counts of a storm.

use std::ops::Add;

/// Counts of what happened in storms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    pub calls: usize,
    /// The most calls that one invocation made.
    pub busiest: u64,
    pub faults: u64,
    pub invocations: usize,
    /// Invocations that crashed.
    pub crashed: usize,
    pub changes: usize,
    /// Changes that operators rolled back.
    pub rolled_back: usize,
    pub reports: usize,
    pub alerts: usize,
}

impl Add for Figures {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            calls: self.calls + other.calls,
            busiest: self.busiest.max(other.busiest),
            faults: self.faults + other.faults,
            invocations: self.invocations + other.invocations,
            crashed: self.crashed + other.crashed,
            changes: self.changes + other.changes,
            rolled_back: self.rolled_back + other.rolled_back,
            reports: self.reports + other.reports,
            alerts: self.alerts + other.alerts,
        }
    }
}
