//! Changes as published.

use postern_core::changes::{ChangeOutcome, Inverse};
use postern_core::history::{Action, ChangeRecord, ChangeStatus};
use postern_core::model::text::{printable, printable_copy};
use postern_core::plan::PlannedChange;
use serde::Serialize;

use super::{outcome_at, reference};
use crate::published::{self, Details};
use crate::reconciliation::Reconciliation;

pub(super) fn planned(at: usize, planned: &PlannedChange, r: &Reconciliation) -> published::Change {
    let outcome = outcome_at(r, at);
    let inverse = match &outcome {
        ChangeOutcome::Applied { created } => planned.change.inverse(created.as_deref()),
        ChangeOutcome::NotNeeded { .. }
        | ChangeOutcome::Skipped { .. }
        | ChangeOutcome::Postponed { .. }
        | ChangeOutcome::Failed { .. } => None,
    };
    published::Change {
        id: r.ids.get(&at).map(ToString::to_string),
        run: None,
        time: None,
        text: planned.change.to_string(),
        mode: planned.mode.into(),
        safety_class: planned.change.safety().into(),
        monthly_cost: planned.monthly_cost,
        change: details(&planned.change),
        causes: planned.causes.iter().map(|key| reference(key, r)).collect(),
        inverse: inverse.and_then(|inverse| published_inverse(&inverse, r)),
        ..result(&outcome)
    }
}

/// A change of an earlier run that no report contained yet.
pub(super) fn recorded(record: &ChangeRecord, r: &Reconciliation) -> published::Change {
    let (text, safety, change) = match &record.action {
        Action::Change(change) => (change.to_string(), change.safety(), details(change)),
        Action::Undo(inverse) => (format!("roll back: {}", inverse.text()), inverse.safety(), None),
    };
    let outcome = match &record.status {
        ChangeStatus::Applied { created } => ChangeOutcome::Applied {
            created: created.clone(),
        },
        ChangeStatus::NotNeeded { reason } => ChangeOutcome::NotNeeded { reason: reason.clone() },
        ChangeStatus::Skipped { reason } => ChangeOutcome::Skipped { reason: reason.clone() },
        ChangeStatus::Failed { cause } | ChangeStatus::Uncertain { cause } => ChangeOutcome::Failed {
            cause: cause.clone(),
            transient: !record.status.settled(),
        },
        ChangeStatus::NotApplied { reason } => ChangeOutcome::Failed {
            cause: format!("not applied: {reason}"),
            transient: false,
        },
        ChangeStatus::Intended => ChangeOutcome::Failed {
            cause: "the run ended before it recorded the result".to_owned(),
            transient: true,
        },
    };
    published::Change {
        id: Some(record.id.to_string()),
        run: Some(record.run.to_string()),
        time: Some(record.time),
        text,
        mode: published::Mode::Enforce,
        safety_class: safety.into(),
        monthly_cost: Some(record.monthly_cost),
        change,
        causes: record.causes.iter().map(|key| reference(key, r)).collect(),
        inverse: record.inverse().and_then(|inverse| published_inverse(&inverse, r)),
        ..result(&outcome)
    }
}

/// A change of which only its result is set.
fn result(outcome: &ChangeOutcome) -> published::Change {
    let (created, reason, transient) = match outcome {
        ChangeOutcome::Applied { created } => (created.clone(), None, None),
        ChangeOutcome::NotNeeded { reason }
        | ChangeOutcome::Skipped { reason }
        | ChangeOutcome::Postponed { reason } => (None, Some(reason.clone()), None),
        ChangeOutcome::Failed { cause, transient } => (None, Some(cause.clone()), Some(*transient)),
    };
    published::Change {
        id: None,
        run: None,
        time: None,
        text: String::new(),
        mode: published::Mode::Audit,
        safety_class: published::SafetyClass::Additive,
        monthly_cost: Default::default(),
        result: outcome.into(),
        reason,
        transient,
        created,
        change: None,
        causes: Vec::new(),
        inverse: None,
    }
}

fn published_inverse(inverse: &Inverse, r: &Reconciliation) -> Option<published::Inverse> {
    let printed = printable_copy(inverse)?;
    Some(published::Inverse {
        change: details(inverse)?,
        command: format!("{} --region {}", printed.command(), printable(r.scope.region.as_str())),
    })
}

fn details(change: &impl Serialize) -> Option<Details> {
    match serde_json::to_value(change).ok()? {
        serde_json::Value::Object(members) => Some(Details(members)),
        _ => None,
    }
}
