//! Everything that the ledger has about a scope.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::{Action, ChangeRecord, ChangeStatus, UndeliveredMessage};
use crate::changes::EffectCheck;
use crate::history::FindingStatus;
use crate::model::cost::MonthlyCost;
use crate::model::finding::{FindingKey, Severity};
use crate::model::scope_snapshot::Snapshot;

/// Everything that the ledger has about a scope.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangeHistory {
    /// Oldest first.
    pub records: Vec<ChangeRecord>,
    pub delivered: BTreeMap<FindingKey, DeliveredFinding>,
    pub pauses: Vec<Pause>,
    /// Oldest first.
    pub undelivered: Vec<UndeliveredMessage>,
    /// Remediations before these times no longer count as attempts.
    pub resumes: BTreeMap<FindingKey, Timestamp>,
    /// How often the lease of the scope was taken.
    pub version: u64,
    /// Whether a run held the lease of the scope when this was read. It may have changed the scope since.
    pub leased: bool,
}

/// What was last reported of a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveredFinding {
    pub key: FindingKey,
    pub outcome: FindingStatus,
    pub severity: Severity,
    /// Changes when there is something new to report.
    pub fingerprint: String,
    pub explanation: String,
    pub time: Timestamp,
    /// When it was first reported, if it is open. Older ledgers do not say.
    pub open_since: Option<Timestamp>,
}

/// Suspends the remediation of a finding after a person rolled it back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    pub key: FindingKey,
    pub reason: String,
    pub expires: Timestamp,
}

/// How long AWS may take to show a change. A younger change that does not show may still have been made.
const SHOWN_WITHIN: SignedDuration = SignedDuration::from_mins(5);

impl ChangeHistory {
    /// The unsettled records whose status this snapshot decides, with that status. They are to be reported.
    ///
    /// A change that is in effect was applied, unless another run applied it later or shortly before. A change that is
    /// not in effect, although AWS had the time to show it, was not applied. All others stay unsettled.
    pub fn settle(&self, snapshot: &Snapshot, now: Timestamp) -> Vec<ChangeRecord> {
        let unsettled = self
            .records
            .iter()
            .enumerate()
            .filter(|(_, record)| !record.status.settled());
        unsettled
            .filter_map(|(at, record)| {
                let others = self.records.iter().enumerate().filter(|(other, _)| *other != at);
                let others = others.map(|(_, other)| other);
                let status = status(record, others, snapshot, now)?;
                Some(ChangeRecord {
                    status,
                    delivered: false,
                    ..record.clone()
                })
            })
            .collect()
    }

    /// The monthly cost that was added within the window and not removed since, as far as the ledger knows.
    pub fn spent(&self, window: SignedDuration, now: Timestamp) -> MonthlyCost {
        let recent = self.records.iter().filter(|record| record.time > since(window, now));
        recent
            .filter(|record| matches!(record.action, Action::Change(_)))
            .filter(|record| record.counts() || !record.status.settled())
            .map(|record| record.monthly_cost)
            .sum()
    }

    /// The pause of the remediation of a finding; of several, the one that ends last.
    pub fn pause(&self, key: &FindingKey, now: Timestamp) -> Option<&Pause> {
        let pauses = self
            .pauses
            .iter()
            .filter(|pause| pause.key == *key && pause.expires > now);
        pauses.max_by_key(|pause| pause.expires)
    }
}

pub(super) fn since(window: SignedDuration, now: Timestamp) -> Timestamp {
    now.checked_sub(window).unwrap_or(Timestamp::MIN)
}

fn status<'a>(
    record: &ChangeRecord,
    mut others: impl Iterator<Item = &'a ChangeRecord>,
    snapshot: &Snapshot,
    now: Timestamp,
) -> Option<ChangeStatus> {
    let effect = match &record.action {
        Action::Change(change) => change.effect(&record.run, snapshot),
        Action::Undo(inverse) => inverse.effect(snapshot),
    };
    match effect.ok()? {
        EffectCheck::InEffect { created } => {
            // Made by a later run, or by one shortly before whose change AWS did not show yet.
            let same = |other: &&ChangeRecord| {
                let near = record.time.duration_since(other.time) < SHOWN_WITHIN;
                near && other.action == record.action && matches!(other.status, ChangeStatus::Applied { .. })
            };
            Some(match others.find(same) {
                Some(other) if !names_its_run(&record.action) => ChangeStatus::NotApplied {
                    reason: format!("change {} made it", other.id),
                },
                _ => ChangeStatus::Applied { created },
            })
        }
        EffectCheck::NotInEffect(reason) => {
            let shown = now.duration_since(record.time) >= SHOWN_WITHIN;
            shown.then_some(ChangeStatus::NotApplied { reason })
        }
    }
}

fn names_its_run(action: &Action) -> bool {
    match action {
        Action::Change(change) => change.names_its_run(),
        Action::Undo(_) => false,
    }
}
