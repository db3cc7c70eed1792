//! Why a scope is not reconciled.

use jiff::Timestamp;
use postern_aws::ledger::LedgerError;
use postern_aws::observe::ObserveError;
use postern_aws::{CallError, PublishError, SessionError, TopicError};
use postern_core::history::ChangeId;
use postern_core::model::part::Gap;
use postern_core::model::scope::ScopedResource;

/// A scope that is not reconciled, or only in part. It is to be reconciled again later.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ReconcileError {
    #[error("no time was left to reconcile {0}; it is reconciled when the message is delivered again")]
    NoTimeLeft(ScopedResource),
    #[error("another run holds the lease of {0}")]
    LeaseBusy(ScopedResource),
    #[error("another run took over the lease of {0} before this run was done")]
    LeaseLost(ScopedResource),
    /// Found out before anything was changed.
    #[error("no change is made in {scope} because no alert about it can be delivered")]
    AlertsUnavailable {
        scope: ScopedResource,
        #[source]
        source: TopicError,
    },
    /// The ledger has the message, and the next reconciliation of the scope delivers it.
    #[error("the report of {scope} was not delivered")]
    Undelivered {
        scope: ScopedResource,
        #[source]
        source: PublishError,
    },
    /// The ledger has the alerts, and the next reconciliation of each scope delivers its own.
    #[error("the alerts of this run were not delivered")]
    AlertsUndelivered(#[source] PublishError),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error(transparent)]
    Observation(#[from] ObserveError),
    #[error("whether change {0} took effect is not known yet")]
    OutcomeUnknown(ChangeId),
    /// AWS may not show the change yet, so the same change is not made again now.
    #[error("change {change} was made a moment ago and AWS may not show it yet")]
    RecentlyChanged { change: ChangeId, retry_at: Timestamp },
    /// The cause is in the log line and in the report of the change.
    #[error("change {0} failed for now and is tried again")]
    ChangeFailed(ChangeId),
    #[error("incomplete data: {0}")]
    Gap(Gap),
    #[error("could not determine the organisation of the account, with which the perimeter is compared")]
    Organization(#[source] CallError),
    /// The event is of an account that this deployment does not serve, or the account of the deployment is not known.
    #[error(transparent)]
    Account(#[from] SessionError),
}

impl ReconcileError {
    /// From when on another attempt can succeed, where that is known.
    pub fn retry_at(&self) -> Option<Timestamp> {
        match self {
            Self::RecentlyChanged { retry_at, .. } => Some(*retry_at),
            Self::NoTimeLeft(_)
            | Self::LeaseBusy(_)
            | Self::LeaseLost(_)
            | Self::AlertsUnavailable { .. }
            | Self::Undelivered { .. }
            | Self::AlertsUndelivered(_)
            | Self::Ledger(_)
            | Self::Observation(_)
            | Self::OutcomeUnknown(_)
            | Self::ChangeFailed(_)
            | Self::Gap(_)
            | Self::Organization(_)
            | Self::Account(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_recent_change_has_a_time_for_another_attempt() {
        let scope = ScopedResource::Vpc("vpc-1".into());
        let recent = ReconcileError::RecentlyChanged {
            change: "change-1".into(),
            retry_at: Timestamp::UNIX_EPOCH,
        };
        assert_eq!(recent.retry_at(), Some(Timestamp::UNIX_EPOCH));
        for error in [
            ReconcileError::NoTimeLeft(scope.clone()),
            ReconcileError::LeaseBusy(scope),
            ReconcileError::OutcomeUnknown("change-1".into()),
        ] {
            assert_eq!(error.retry_at(), None, "{error}");
        }
    }
}
