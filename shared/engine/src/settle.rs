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

#[cfg(test)]
mod tests {
    use postern_cloud::Fault;
    use postern_core::history::ChangeStatus;

    use super::*;
    use crate::testing::Rig;

    /// After a run that could not record that it closed the policy.
    async fn interrupted() -> Rig {
        let rig = Rig::new("");
        rig.cloud.plan("PutItem", [None, Some(Fault::Denied)]);
        rig.reconcile("run-1").await.unwrap_err();
        assert!(!rig.is_open());
        rig
    }

    #[tokio::test(start_paused = true)]
    async fn change_that_is_in_effect_is_recorded_as_applied() {
        let rig = interrupted().await;
        let context = rig.context("run-2");
        assert!(unfinished(&context, &rig.history().await));
        let mut evaluation = rig.evaluation(&context).await;
        assert!(settle(&context, &mut evaluation).await.unwrap());
        assert!(outcome_unknown(&context, &evaluation.history).is_none());
        let [record] = rig.records().await.try_into().unwrap();
        assert_eq!(record.status, ChangeStatus::Applied { created: None });
        assert_eq!(evaluation.history.records, [record]);
        assert!(!settle(&context, &mut evaluation).await.unwrap());
    }

    #[tokio::test(start_paused = true)]
    async fn change_that_aws_may_not_show_yet_stays_unknown_and_is_not_repeated() {
        let rig = interrupted().await;
        rig.open_again();
        let context = rig.context("run-2");
        let mut evaluation = rig.evaluation(&context).await;
        assert!(!settle(&context, &mut evaluation).await.unwrap());
        let unknown = outcome_unknown(&context, &evaluation.history);
        assert!(matches!(unknown, Some(ReconcileError::OutcomeUnknown(_))));
        let recent = recently_changed(&evaluation);
        assert!(matches!(recent, Some(ReconcileError::OutcomeUnknown(_))));
    }

    #[tokio::test(start_paused = true)]
    async fn change_is_not_repeated_within_the_minute_that_aws_may_need_to_show_it() {
        let rig = Rig::new("");
        rig.reconcile("run-1").await.unwrap();
        rig.open_again();
        let context = rig.context("run-2");
        let [record] = rig.records().await.try_into().unwrap();
        let recent = recently_changed(&rig.evaluation(&context).await).unwrap();
        assert_eq!(recent.retry_at(), Some(record.time + VISIBLE_AFTER));
        tokio::time::advance(VISIBLE_AFTER).await;
        assert!(recently_changed(&rig.evaluation(&context).await).is_none());
    }
}
