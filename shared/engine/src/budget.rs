//! What one run may use up: the time of its invocation, and the changes that the settings allow it.

use std::time::Duration;

use jiff::Timestamp;
use postern_core::plan::Spent;

/// No scope is started when less than this is left of the invocation.
const TIME_FOR_A_SCOPE: Duration = Duration::from_secs(20);

/// The time and the changes of one run.
#[derive(Clone, Debug, Default)]
pub struct Budget {
    deadline: Option<Timestamp>,
    spent: Spent,
}

impl Budget {
    /// The budget of a run that ends at the deadline. None: nothing limits its time.
    pub fn until(deadline: Option<Timestamp>) -> Self {
        Self {
            deadline,
            spent: Spent::default(),
        }
    }

    /// When the invocation ends.
    pub(crate) fn deadline(&self) -> Option<Timestamp> {
        self.deadline
    }

    /// From when on no scope is started.
    pub(crate) fn last_start(&self) -> Option<Timestamp> {
        self.deadline.map(|deadline| deadline - TIME_FOR_A_SCOPE)
    }

    /// Whether a scope may still be started at this time.
    pub fn allows_start(&self, at: Timestamp) -> bool {
        self.last_start().is_none_or(|last| at < last)
    }

    /// The changes of the run so far, which count against `limits.changes_per_run`.
    pub(crate) fn spent(&self) -> Spent {
        self.spent
    }

    pub(crate) fn spend_change(&mut self) {
        self.spent.changes += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scope_is_not_started_in_the_last_seconds_of_an_invocation() {
        let deadline = Timestamp::UNIX_EPOCH + Duration::from_secs(120);
        let budget = Budget::until(Some(deadline));
        assert!(budget.allows_start(deadline - Duration::from_secs(21)));
        assert!(!budget.allows_start(deadline - Duration::from_secs(20)));
        assert!(Budget::until(None).allows_start(Timestamp::MAX));
    }

    #[test]
    fn changes_add_up_over_the_run() {
        let mut budget = Budget::default();
        budget.spend_change();
        budget.spend_change();
        assert_eq!(budget.spent().changes, 2);
    }
}
