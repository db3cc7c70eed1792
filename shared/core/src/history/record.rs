//! One change in the ledger.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Serialize;

use super::ChangeId;
use crate::changes::{Change, ChangeOutcome, Inverse};
use crate::model::cost::MonthlyCost;
use crate::model::finding::FindingKey;
use crate::model::id::RunId;
use crate::model::scope::Scope;
use crate::trigger::TriggeringEvent;

/// A change that was made or intended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChangeRecord {
    pub id: ChangeId,
    pub scope: Scope,
    pub run: RunId,
    /// The function that ran; `postern` for the command line.
    pub function: String,
    /// When it was intended.
    pub time: Timestamp,
    pub action: Action,
    /// The findings that it remedies. Of an undo: those that the undone change remedied.
    pub causes: BTreeSet<FindingKey>,
    /// The events that started the run.
    pub triggering_events: Vec<TriggeringEvent>,
    /// The digest of the perimeter under which it was planned. None for undos, and in records of older versions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub perimeter: Option<String>,
    /// What it adds to the bill each month.
    pub monthly_cost: MonthlyCost,
    pub status: ChangeStatus,
    /// Whether a report with this status was delivered.
    pub delivered: bool,
    /// The change that this one undoes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undoes: Option<ChangeId>,
    /// The change that undid this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undone_by: Option<ChangeId>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    Change(Change),
    Undo(Inverse),
}

/// The status of a recorded change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum ChangeStatus {
    /// Recorded before the request. Its run crashed, or is still running.
    Intended,
    /// The request may have taken effect, although AWS did not confirm it.
    Uncertain {
        cause: String,
    },
    Applied {
        /// The id that AWS gave to what the change created, or of the managed group that it referred to.
        #[serde(skip_serializing_if = "Option::is_none")]
        created: Option<String>,
    },
    /// The live state was already as wanted.
    NotNeeded {
        reason: String,
    },
    Skipped {
        reason: String,
    },
    /// A later run determined from AWS that its run did not make the change: the run ended before, or another made it.
    NotApplied {
        reason: String,
    },
    /// AWS refused it.
    Failed {
        cause: String,
    },
}

impl ChangeStatus {
    /// A request with a transient failure may have taken effect: the answer can get lost.
    pub fn of(outcome: &ChangeOutcome) -> Self {
        match outcome.clone() {
            ChangeOutcome::Applied { created } => Self::Applied { created },
            ChangeOutcome::NotNeeded { reason } => Self::NotNeeded { reason },
            ChangeOutcome::Skipped { reason } | ChangeOutcome::Postponed { reason } => Self::Skipped { reason },
            ChangeOutcome::Failed { cause, transient: true } => Self::Uncertain { cause },
            ChangeOutcome::Failed {
                cause,
                transient: false,
            } => Self::Failed { cause },
        }
    }

    /// Whether the result of the change is known.
    pub fn settled(&self) -> bool {
        !matches!(self, Self::Intended | Self::Uncertain { .. })
    }
}

impl ChangeRecord {
    /// Whether it is not settled, or not reported.
    pub fn unfinished(&self) -> bool {
        !self.status.settled() || !self.delivered
    }

    /// What undoes it; None where nothing was changed, or the id of what was created is not known.
    pub fn inverse(&self) -> Option<Inverse> {
        let (Action::Change(change), ChangeStatus::Applied { created }) = (&self.action, &self.status) else {
            return None;
        };
        change.inverse(created.as_deref())
    }

    /// Whether the change is in effect as far as the ledger knows: applied, and not undone by Postern.
    pub fn counts(&self) -> bool {
        matches!(self.status, ChangeStatus::Applied { .. }) && self.undone_by.is_none()
    }
}
