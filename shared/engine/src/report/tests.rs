use std::time::Duration;

use postern_cloud::Fault;
use postern_cloud::world::NewEndpoint;
use postern_core::history::ChangeHistory;

use crate::budget::Budget;
use crate::error::ReconcileError;
use crate::reconcile::{Reconciler, WorkItem};
use crate::testing::{ALERT_TOPIC, REPORT_TOPIC, Rig, event};

/// A deployment with two topics and so many VPCs, each with an open endpoint.
fn rig(vpcs: usize) -> Rig {
    let mut rig = Rig::new("");
    rig.with_alerts();
    rig.cloud.edit(|world| {
        for number in 1..vpcs {
            let vpc = world.add_vpc(&format!("10.{number}.0.0/16"));
            let mut open = NewEndpoint::gateway(&vpc, "s3");
            open.policy = Some(crate::testing::OPEN.to_owned());
            world.add_endpoint(open);
        }
    });
    rig
}

/// Reconciles all VPCs of the Region, and gives how the alerts ended.
async fn sweep(rig: &Rig, run: &str) -> Result<(), ReconcileError> {
    let deadline = rig.cloud.now() + Duration::from_secs(300);
    let mut reconciler = Reconciler::new(rig.context(run), &rig.destinations, Budget::until(Some(deadline)));
    let scope = rig.scope();
    let session = rig.aws.account(&scope.account).await.unwrap();
    let parts = reconciler.parts().clone();
    let observed = session.observe_region(&scope.region, &parts, &rig.settings);
    let (snapshots, errors) = observed.await;
    assert!(errors.is_empty(), "{errors:?}");
    for snapshot in snapshots {
        let item = WorkItem::Observed(Box::new(snapshot));
        Box::pin(reconciler.reconcile(item, &[event()])).await.unwrap();
    }
    reconciler.finish().await
}

fn count(rig: &Rig, topic: &str) -> usize {
    rig.published().iter().filter(|published| *published == topic).count()
}

#[tokio::test(start_paused = true)]
async fn sweep_of_many_vpcs_sends_people_one_digest_and_programs_each_report() {
    let rig = rig(60);
    sweep(&rig, "run-1").await.unwrap();
    assert_eq!((count(&rig, ALERT_TOPIC), count(&rig, REPORT_TOPIC)), (1, 60));
    assert_eq!(rig.history().await.undelivered, []);
    // The ten VPCs that the limit of changes in a run withheld are repaired.
    sweep(&rig, "run-2").await.unwrap();
    assert_eq!((count(&rig, ALERT_TOPIC), count(&rig, REPORT_TOPIC)), (2, 70));
    sweep(&rig, "run-3").await.unwrap();
    assert_eq!(rig.published().len(), 72, "nothing is new");
}

#[tokio::test(start_paused = true)]
async fn digest_that_is_not_delivered_comes_as_single_alerts_from_the_next_run() {
    let rig = rig(6);
    // The reports are delivered, the digest is not.
    rig.cloud
        .plan("Publish", [None, None, None, None, None, None, Some(Fault::Denied)]);
    let error = sweep(&rig, "run-1").await.unwrap_err();
    assert!(matches!(error, ReconcileError::AlertsUndelivered(_)), "{error}");
    assert_eq!((count(&rig, ALERT_TOPIC), count(&rig, REPORT_TOPIC)), (0, 6));
    let ChangeHistory { undelivered, .. } = rig.history().await;
    assert_eq!(undelivered.len(), 1);
    sweep(&rig, "run-2").await.unwrap();
    assert_eq!((count(&rig, ALERT_TOPIC), count(&rig, REPORT_TOPIC)), (6, 6));
    assert_eq!(rig.history().await.undelivered, []);
}

#[tokio::test(start_paused = true)]
async fn alert_of_an_event_is_delivered_at_once() {
    let rig = rig(1);
    rig.reconcile("run-1").await.unwrap();
    let mut published = rig.published();
    published.sort();
    assert_eq!(published, [ALERT_TOPIC, REPORT_TOPIC]);
}

#[tokio::test(start_paused = true)]
async fn alert_that_the_ledger_cannot_keep_is_delivered_without_waiting_for_others() {
    let rig = rig(1);
    // The intention, the outcome, and then the alert.
    rig.cloud.plan("PutItem", [None, None, Some(Fault::Denied)]);
    sweep(&rig, "run-1").await.unwrap();
    assert_eq!((count(&rig, ALERT_TOPIC), count(&rig, REPORT_TOPIC)), (1, 1));
}
