//! Rolling changes back: each only if nobody altered since what it changed.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::changes::{Change, EffectCheck, Inverse};
use crate::evaluation::{Control, Finding, PolicyCache, evaluate};
use crate::history::{Action, ChangeHistory, ChangeId, ChangeRecord, ChangeStatus};
use crate::model::finding::FindingKey;
use crate::model::part::Gap;
use crate::model::scope_snapshot::Snapshot;
use crate::settings::Settings;

/// How changes are rolled back, in this order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rollback {
    pub steps: Vec<UndoStep>,
    /// Why it stops after these steps. Changes before this one are not examined.
    pub stopped: Option<Difference>,
}

/// How one change is undone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UndoStep {
    pub change: ChangeId,
    pub causes: BTreeSet<FindingKey>,
    pub undo: Undo,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Undo {
    Apply(Inverse),
    NotNeeded { reason: String },
}

/// Why a change cannot be undone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    pub change: ChangeId,
    pub text: String,
}

/// Plans to roll these changes back, the last one first.
pub fn rollback(records: &[ChangeRecord], snapshot: &Snapshot) -> Rollback {
    let mut records: Vec<_> = records.iter().collect();
    records.sort_by(|a, b| b.id.cmp(&a.id));
    let mut state = snapshot.clone();
    let mut rollback = Rollback::default();
    for record in records {
        match undo(record, &state) {
            Ok(undo) => {
                if let Undo::Apply(inverse) = &undo {
                    state = inverse.simulate(&state);
                }
                rollback.steps.push(UndoStep {
                    change: record.id.clone(),
                    causes: record.causes.clone(),
                    undo,
                });
            }
            Err(text) => {
                rollback.stopped = Some(Difference {
                    change: record.id.clone(),
                    text,
                });
                break;
            }
        }
    }
    rollback
}

/// The findings that these inverses would open: a control would remediate them at once.
pub fn reopened(
    inverses: &[Inverse],
    controls: &[&Control],
    snapshot: &Snapshot,
    settings: &Settings,
    now: Timestamp,
) -> BTreeSet<FindingKey> {
    let after = inverses
        .iter()
        .fold(snapshot.clone(), |state, inverse| inverse.simulate(&state));
    let policies = PolicyCache::default();
    let open = |snapshot: &Snapshot| -> BTreeSet<FindingKey> {
        let findings = evaluate(controls, snapshot, settings, &ChangeHistory::default(), now, &policies);
        let remediated = |finding: &Finding| finding.changes().is_some();
        findings.into_iter().filter(remediated).map(|f| f.key).collect()
    };
    &open(&after) - &open(snapshot)
}

fn undo(record: &ChangeRecord, state: &Snapshot) -> Result<Undo, String> {
    let not_needed = |reason: String| Ok(Undo::NotNeeded { reason });
    let Action::Change(change) = &record.action else {
        return not_needed("it is itself a rollback".to_owned());
    };
    if let Some(by) = &record.undone_by {
        return not_needed(format!("{by} rolled it back"));
    }
    let created = match &record.status {
        ChangeStatus::Applied { created } => created,
        ChangeStatus::Intended | ChangeStatus::Uncertain { .. } => {
            return Err(
                "it is not known yet whether it was applied; the next run of a function determines it".to_owned(),
            );
        }
        ChangeStatus::NotNeeded { .. }
        | ChangeStatus::Skipped { .. }
        | ChangeStatus::NotApplied { .. }
        | ChangeStatus::Failed { .. } => return not_needed("it was not applied".to_owned()),
    };
    let Some(inverse) = record.inverse() else {
        if matches!(change, Change::RejectConnection(_)) {
            let reason = "the connection waited before, and AWS lets no rejected connection wait again";
            return not_needed(reason.to_owned());
        }
        return Err("the id of what AWS created for it is not known".to_owned());
    };
    let unseen = |gap: Gap| format!("could not be observed: {gap}");
    if let EffectCheck::InEffect { .. } = inverse.effect(state).map_err(unseen)? {
        return not_needed("it was reverted already".to_owned());
    }
    match change.altered_since(created.as_deref(), state).map_err(unseen)? {
        None => Ok(Undo::Apply(inverse)),
        Some(differs) => Err(differs),
    }
}
