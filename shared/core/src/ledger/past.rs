//! What the ledger holds of a VPC.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::look::{self, Look};
use super::record::NOT_DONE;
use super::{Action, ChangeRecord, Fate};
use crate::change::Change;
use crate::cost::MonthlyCost;
use crate::finding::{FindingKey, Severity};
use crate::report::Disposition;
use crate::snapshot::Snapshot;

/// Everything that the ledger holds of a VPC.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Past {
    /// Oldest first.
    pub records: Vec<ChangeRecord>,
    pub told: BTreeMap<FindingKey, Told>,
    pub holds: Vec<Hold>,
    /// Repairs before these times no longer count for the tug of war.
    pub resumes: BTreeMap<FindingKey, Timestamp>,
    /// How often the lease of the VPC was taken.
    pub version: u64,
}

/// What was last told of a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    pub key: FindingKey,
    pub outcome: Disposition,
    pub severity: Severity,
    /// The same as long as there is nothing new to tell.
    pub fingerprint: String,
    pub explanation: String,
    pub time: Timestamp,
}

/// Keeps a control from doing again what people took back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    pub key: FindingKey,
    pub reason: String,
    pub expires: Timestamp,
}

/// How long AWS may take to show what was done. What is not seen of a younger change is not known to be undone.
const SHOWN_WITHIN: SignedDuration = SignedDuration::from_mins(5);

impl Past {
    /// The records without a fate that this snapshot decides, with their fate. They are to be told of.
    ///
    /// What is in effect was done, unless another run did it later or shortly before; what is not in effect although AWS
    /// had the time to show it was not done. The others stay as they are.
    pub fn settle(&self, snapshot: &Snapshot, now: Timestamp) -> Vec<ChangeRecord> {
        let unsettled = self
            .records
            .iter()
            .enumerate()
            .filter(|(_, record)| !record.fate.settled());
        unsettled
            .filter_map(|(at, record)| {
                let others = self.records.iter().enumerate().filter(|(other, _)| *other != at);
                let others = others.map(|(_, other)| other);
                let fate = fate(record, others, snapshot, now)?;
                Some(ChangeRecord {
                    fate,
                    told: false,
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
            .filter(|record| record.counts() || !record.fate.settled())
            .map(|record| record.monthly_cost)
            .sum()
    }

    /// What keeps the controls from doing again what people took back.
    pub fn hold(&self, key: &FindingKey, now: Timestamp) -> Option<&Hold> {
        let holds = self.holds.iter().filter(|hold| hold.key == *key && hold.expires > now);
        holds.max_by_key(|hold| hold.expires)
    }
}

pub(super) fn since(window: SignedDuration, now: Timestamp) -> Timestamp {
    now.checked_sub(window).unwrap_or(Timestamp::MIN)
}

fn fate<'a>(
    record: &ChangeRecord,
    mut others: impl Iterator<Item = &'a ChangeRecord>,
    snapshot: &Snapshot,
    now: Timestamp,
) -> Option<Fate> {
    let looked = match &record.action {
        Action::Change(change) => look::change(change, &record.run, snapshot),
        Action::Undo(inverse) => look::inverse(inverse, snapshot),
    };
    match looked.ok()? {
        Look::Done { created } => {
            // A later run, or one shortly before, of which AWS did not show yet what it did.
            let same = |other: &&ChangeRecord| {
                let near = record.time.duration_since(other.time) < SHOWN_WITHIN;
                near && other.action == record.action && matches!(other.fate, Fate::Applied { .. })
            };
            Some(match others.find(same) {
                Some(other) if !says_who_did_it(&record.action) => not_done(&format!("{} did it", other.id)),
                _ => Fate::Applied { created },
            })
        }
        Look::NotDone(instead) => {
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

fn not_done(instead: &str) -> Fate {
    Fate::Failed {
        cause: format!("{NOT_DONE}{instead}"),
    }
}
