//! Changes of earlier runs whose outcome is not on record, or that AWS may not show yet.

use std::time::Duration;

use postern_core::history::{Action, ChangeHistory, ChangeRecord};
use tracing::info;

use crate::context::RunContext;
use crate::error::ReconcileError;
use crate::evaluation::Evaluation;
use crate::session::record_again;

/// So long after a change AWS may not show it everywhere.
const VISIBLE_AFTER: Duration = Duration::from_secs(60);

/// Whether an earlier run did not get to recording the outcome of a change, or to reporting it.
pub(crate) fn unfinished(context: &RunContext<'_>, history: &ChangeHistory) -> bool {
    let mut records = history.records.iter();
    records.any(|record| record.unfinished() && context.concerns(record))
}

/// Determines from the snapshot which unfinished changes took effect, and records it. Gives whether there were any.
pub(crate) async fn settle(context: &RunContext<'_>, evaluation: &mut Evaluation) -> Result<bool, ReconcileError> {
    let mut settled = evaluation.history.settle(&evaluation.snapshot, evaluation.time);
    settled.retain(|record| context.concerns(record));
    for record in &settled {
        info!(change_id = %record.id, status = ?record.status, "the outcome of an earlier change is known now");
        record_again(context, record).await?;
    }
    let any = !settled.is_empty();
    for record in settled {
        let mut known = evaluation.history.records.iter_mut();
        if let Some(known) = known.find(|known| known.id == record.id) {
            *known = record;
        }
    }
    Ok(any)
}

/// The first change of which it is still not known whether it took effect.
pub(crate) fn outcome_unknown(context: &RunContext<'_>, history: &ChangeHistory) -> Option<ReconcileError> {
    let mut records = history.records.iter();
    let open = records.find(|record| context.concerns(record) && !record.status.settled())?;
    Some(ReconcileError::OutcomeUnknown(open.id.clone()))
}

/// An earlier change that the plan would repeat, although AWS may only not show it yet.
pub(crate) fn recently_changed(evaluation: &Evaluation) -> Option<ReconcileError> {
    let visible_at = |record: &ChangeRecord| record.time + VISIBLE_AFTER;
    let recent: Vec<_> = evaluation
        .history
        .records
        .iter()
        .filter(|record| !record.status.settled() || (record.counts() && visible_at(record) > evaluation.time))
        .collect();
    evaluation.plan.enforced().find_map(|planned| {
        let same =
            |record: &&&ChangeRecord| matches!(&record.action, Action::Change(made) if planned.change.repeats(made));
        let record = recent.iter().rev().find(same)?;
        Some(match record.status.settled() {
            true => ReconcileError::RecentlyChanged {
                change: record.id.clone(),
                retry_at: visible_at(record),
            },
            false => ReconcileError::OutcomeUnknown(record.id.clone()),
        })
    })
}
