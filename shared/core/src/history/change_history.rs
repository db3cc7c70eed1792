//! What the ledger holds of a VPC.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::record::NOT_DONE;
use super::{Action, ChangeRecord, ChangeStatus};
use crate::changes::{Change, EffectCheck, change_effect, inverse_effect};
use crate::history::FindingStatus;
use crate::model::cost::MonthlyCost;
use crate::model::finding::{FindingKey, Severity};
use crate::model::snapshot::Snapshot;

/// Everything that the ledger holds of a VPC.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangeHistory {
    /// Oldest first.
    pub records: Vec<ChangeRecord>,
    pub delivered: BTreeMap<FindingKey, DeliveredFinding>,
    pub pauses: Vec<Pause>,
    /// Repairs before these times no longer count for the tug of war.
    pub resumes: BTreeMap<FindingKey, Timestamp>,
    /// How often the lease of the VPC was taken.
    pub version: u64,
}

/// What was last told of a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveredFinding {
    pub key: FindingKey,
    pub outcome: FindingStatus,
    pub severity: Severity,
    /// The same as long as there is nothing new to tell.
    pub fingerprint: String,
    pub explanation: String,
    pub time: Timestamp,
    /// When it was first reported, if it is open. Older ledgers do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_since: Option<Timestamp>,
}

/// Keeps a control from doing again what people took back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    pub key: FindingKey,
    pub reason: String,
    pub expires: Timestamp,
}

/// How long AWS may take to show what was done. What is not seen of a younger change is not known to be undone.
const SHOWN_WITHIN: SignedDuration = SignedDuration::from_mins(5);

impl ChangeHistory {
    /// The records without a fate that this snapshot decides, with their fate. They are to be told of.
    ///
    /// What is in effect was done, unless another run did it later or shortly before; what is not in effect although AWS
    /// had the time to show it was not done. The others stay as they are.
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

    /// The monthly cost that was added within the window, and still is as far as the ledger knows.
    pub fn spent(&self, window: SignedDuration, now: Timestamp) -> MonthlyCost {
        let recent = self.records.iter().filter(|record| record.time > since(window, now));
        recent
            .filter(|record| matches!(record.action, Action::Change(_)))
            .filter(|record| record.counts() || !record.status.settled())
            .map(|record| record.monthly_cost)
            .sum()
    }

    /// What keeps the controls from doing again what people took back.
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
    let looked = match &record.action {
        Action::Change(change) => change_effect(change, &record.run, snapshot),
        Action::Undo(inverse) => inverse_effect(inverse, snapshot),
    };
    match looked.ok()? {
        EffectCheck::Done { created } => {
            // A later run, or one shortly before, of which AWS did not show yet what it did.
            let same = |other: &&ChangeRecord| {
                let near = record.time.duration_since(other.time) < SHOWN_WITHIN;
                near && other.action == record.action && matches!(other.status, ChangeStatus::Applied { .. })
            };
            Some(match others.find(same) {
                Some(other) if !says_who_did_it(&record.action) => not_done(&format!("{} did it", other.id)),
                _ => ChangeStatus::Applied { created },
            })
        }
        EffectCheck::NotDone(instead) => {
            let shown = now.duration_since(record.time) >= SHOWN_WITHIN;
            shown.then(|| not_done(&instead))
        }
    }
}

/// What is created carries the run in its tags.
fn says_who_did_it(action: &Action) -> bool {
    matches!(
        action,
        Action::Change(Change::CreateManagedGroup { .. } | Change::CreateEndpoint(_))
    )
}

fn not_done(instead: &str) -> ChangeStatus {
    ChangeStatus::Failed {
        cause: format!("{NOT_DONE}{instead}"),
    }
}
