use std::sync::Arc;

use postern_cloud::world::NewEndpoint;
use postern_cloud::{Entry, Fault, OTHER_ACCOUNT, REGION};
use postern_core::changes::ChangeKind;
use postern_core::controls::CONTROLS;
use postern_core::history::{Action, ChangeStatus};

use super::*;
use crate::testing::{ALERT_TOPIC, REPORT_TOPIC, Rig, event};

#[tokio::test(start_paused = true)]
async fn open_policy_is_closed_verified_and_reported_once() {
    let rig = Rig::new("");
    rig.reconcile("run-1").await.unwrap();
    assert!(!rig.is_open());
    let [record] = rig.records().await.try_into().unwrap();
    assert!(record.delivered);
    let [report] = rig.cloud.published().try_into().unwrap();
    assert!(report.message.contains("\"verified\""), "{}", report.message);
    rig.reconcile("run-2").await.unwrap();
    assert_eq!(rig.published(), [REPORT_TOPIC]);
}

#[tokio::test(start_paused = true)]
async fn findings_and_changes_are_counted() {
    let rig = Rig::new("");
    let mut reconciler = Reconciler::new(rig.context("run-1"), &rig.destinations, Budget::default());
    let item = WorkItem::Observed(Box::new(rig.snapshot().await));
    Box::pin(reconciler.reconcile(item, &[event()])).await.unwrap();
    reconciler.finish().await.unwrap();
    let counts = reconciler.counts();
    assert_eq!((counts.reconciliations, counts.applied), (1, 1));
    assert_eq!(reconciler.budget().spent().changes, 1);
}

/// Another run made the change after this one read the ledger, and gave the lease back before this one took it. AWS does
/// not show the change yet.
#[tokio::test(start_paused = true)]
async fn change_of_a_run_that_held_the_lease_when_the_ledger_was_read_is_not_made_again() {
    let rig = Rig::new("");
    let other = rig.context("run-1");
    let mut session = Session::open(&other, &rig.scope(), LeaseTerms::command())
        .await
        .unwrap();
    let (snapshot, history) = (rig.snapshot().await, rig.history().await);
    let planned = rig.evaluation(&other).await.plan.changes.swap_remove(0);
    session.apply(&planned, &[]).await.unwrap();
    session.close().await.unwrap();
    rig.open_again();
    let mut reconciler = Reconciler::new(rig.context("run-2"), &rig.destinations, Budget::default());
    let request = Request {
        events: &[event()],
        defer_alert: false,
    };
    let error = Box::pin(reconciler.with_ledger(&rig.scope(), snapshot, history, request)).await;
    assert!(
        matches!(error, Err(ReconcileError::RecentlyChanged { .. })),
        "{error:?}"
    );
    assert_eq!(rig.calls("ModifyVpcEndpoint"), 1);
    assert_eq!(rig.records().await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn no_change_is_made_unless_an_alert_about_it_can_be_delivered() {
    let mut rig = Rig::new("");
    rig.with_alerts();
    rig.cloud.edit(|world| world.topics.remove(ALERT_TOPIC));
    let error = rig.reconcile("run-1").await.unwrap_err();
    assert!(matches!(error, ReconcileError::AlertsUnavailable { .. }), "{error}");
    assert!(rig.is_open());
    assert_eq!(rig.records().await, []);
}

#[tokio::test(start_paused = true)]
async fn no_change_is_made_while_the_ledger_is_unavailable_and_the_report_says_so() {
    let rig = Rig::new("");
    rig.cloud.plan("Query", [Fault::Denied]);
    let error = rig.reconcile("run-1").await.unwrap_err();
    assert!(matches!(error, ReconcileError::Ledger(_)), "{error}");
    assert!(rig.is_open());
    let [report] = rig.cloud.published().try_into().unwrap();
    assert!(
        report
            .message
            .contains("no change is made while the ledger is unavailable"),
        "{}",
        report.message
    );
}

#[tokio::test(start_paused = true)]
async fn report_that_was_not_delivered_is_delivered_by_the_next_run_and_once() {
    let rig = Rig::new("");
    rig.cloud.plan("Publish", [Fault::Denied]);
    let error = rig.reconcile("run-1").await.unwrap_err();
    assert!(matches!(error, ReconcileError::Undelivered { .. }), "{error}");
    assert!(!rig.is_open());
    assert_eq!(rig.published(), [""; 0]);
    for run in ["run-2", "run-3"] {
        rig.reconcile(run).await.unwrap();
        let [report] = rig.cloud.published().try_into().unwrap();
        assert!(report.message.contains("run-1"), "{}", report.message);
    }
}

#[tokio::test(start_paused = true)]
async fn report_that_not_even_the_ledger_keeps_is_made_anew() {
    let rig = Rig::new("");
    rig.cloud.plan("Publish", [Fault::Denied]);
    // The intention, the outcome, and then the message.
    rig.cloud.plan("PutItem", [None, None, Some(Fault::Denied)]);
    rig.reconcile("run-1").await.unwrap_err();
    assert!(!rig.records().await[0].delivered);
    rig.reconcile("run-2").await.unwrap();
    assert_eq!(rig.published(), [REPORT_TOPIC]);
    assert!(rig.records().await[0].delivered);
}

#[tokio::test(start_paused = true)]
async fn scope_is_not_started_without_time_for_it() {
    let rig = Rig::new("");
    let deadline = rig.cloud.now() + Duration::from_secs(10);
    let mut reconciler = Reconciler::new(rig.context("run-1"), &rig.destinations, Budget::until(Some(deadline)));
    let item = WorkItem::Unobserved(rig.scope());
    let error = Box::pin(reconciler.reconcile(item, &[])).await.unwrap_err();
    assert!(matches!(error, ReconcileError::NoTimeLeft(_)), "{error}");
    assert_eq!(rig.cloud.log().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn scope_is_not_changed_while_another_run_holds_its_lease() {
    let rig = Rig::new("");
    let other = rig.context("run-1");
    let _session = Session::open(&other, &rig.scope(), LeaseTerms::command())
        .await
        .unwrap();
    let error = rig.reconcile("run-2").await.unwrap_err();
    assert!(matches!(error, ReconcileError::LeaseBusy(_)), "{error}");
    assert!(rig.is_open());
}

#[tokio::test(start_paused = true)]
async fn scope_that_another_run_changed_in_the_meantime_is_observed_again() {
    let rig = Rig::new("");
    let mut reconciler = Reconciler::new(rig.context("run-2"), &rig.destinations, Budget::default());
    let stale = WorkItem::Observed(Box::new(rig.snapshot().await));
    let history = rig.history().await;
    rig.reconcile("run-1").await.unwrap();
    let WorkItem::Observed(snapshot) = stale else { panic!() };
    // As if the history had been read before the other run too.
    let scope = rig.scope();
    let request = Request {
        events: &[],
        defer_alert: false,
    };
    let with_ledger = reconciler.with_ledger(&scope, *snapshot, history, request);
    Box::pin(with_ledger).await.unwrap();
    assert_eq!(rig.calls("ModifyVpcEndpoint"), 1);
}

#[tokio::test(start_paused = true)]
async fn change_that_fails_for_now_is_tried_again_later() {
    let rig = Rig::new("");
    // One call with all its attempts.
    rig.cloud.plan("ModifyVpcEndpoint", [Fault::Throttled; 4]);
    let error = rig.reconcile("run-1").await.unwrap_err();
    let [record] = rig.records().await.try_into().unwrap();
    assert!(
        matches!(&error, ReconcileError::ChangeFailed(change) if *change == record.id),
        "{error}"
    );
    assert!(rig.is_open());
    // Once AWS must show it if it took effect.
    tokio::time::advance(Duration::from_secs(360)).await;
    rig.reconcile("run-2").await.unwrap();
    assert!(!rig.is_open());
}

#[tokio::test(start_paused = true)]
async fn change_that_somebody_reverts_at_once_is_repaired_a_minute_later() {
    let rig = Rig::new("");
    rig.reconcile("run-1").await.unwrap();
    rig.open_again();
    let error = rig.reconcile("run-2").await.unwrap_err();
    let wait = error.retry_at().unwrap().duration_since(rig.cloud.now());
    tokio::time::advance(wait.try_into().unwrap()).await;
    rig.reconcile("run-3").await.unwrap();
    assert!(!rig.is_open());
}

#[tokio::test(start_paused = true)]
async fn limits_of_the_run_count_the_changes_of_all_its_scopes() {
    let rig = Rig::new("[limits]\nchanges_per_run = 1\n");
    let mut reconciler = Reconciler::new(rig.context("run-1"), &rig.destinations, Budget::default());
    let item = || WorkItem::Unobserved(rig.scope());
    Box::pin(reconciler.reconcile(item(), &[])).await.unwrap();
    tokio::time::advance(Duration::from_secs(120)).await;
    rig.open_again();
    Box::pin(reconciler.reconcile(item(), &[])).await.unwrap();
    assert!(rig.is_open());
    let last = rig.cloud.published().pop().unwrap().message;
    assert!(last.contains("limits.changes_per_run"), "{last}");
}

#[tokio::test(start_paused = true)]
async fn change_that_aws_may_have_made_counts_against_the_limit_of_the_run() {
    let rig = Rig::new("[limits]\nchanges_per_run = 1\n");
    rig.cloud.plan("ModifyVpcEndpoint", [Fault::ErrorBefore; 10]);
    let mut reconciler = Reconciler::new(rig.context("run-1"), &rig.destinations, Budget::default());
    let item = || WorkItem::Unobserved(rig.scope());
    Box::pin(reconciler.reconcile(item(), &[])).await.unwrap_err();
    assert_eq!(reconciler.budget().spent().changes, 1);
}

#[tokio::test(start_paused = true)]
async fn vpc_that_another_account_shares_is_not_changed() {
    let rig = Rig::new("");
    let shared = rig.cloud.edit(|world| {
        let vpc = world.add_vpc_of(OTHER_ACCOUNT, REGION, "10.9.0.0/16");
        let subnet = world.add_subnet(&vpc, "a", "10.9.0.0/24", None);
        world.edit_subnet(&subnet, |subnet| {
            subnet.shared_with.insert("111122223333".to_owned());
        });
        vpc
    });
    let scope = Scope::vpc(&"111122223333".into(), &REGION.into(), &shared.as_str().into());
    let mut reconciler = Reconciler::new(rig.context("run-1"), &rig.destinations, Budget::default());
    let events = [event()];
    let reconciled = reconciler.reconcile(WorkItem::Unobserved(scope), &events);
    Box::pin(reconciled).await.unwrap();
    assert_eq!(rig.published(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn vpc_that_was_deleted_needs_nothing() {
    let rig = Rig::new("");
    let scope = Scope::vpc(&"111122223333".into(), &REGION.into(), &"vpc-0".into());
    let mut reconciler = Reconciler::new(rig.context("run-1"), &rig.destinations, Budget::default());
    assert_eq!(
        reconciler.parts().len(),
        CONTROLS.iter().flat_map(|c| c.needs).collect::<BTreeSet<_>>().len()
    );
    let events = [event()];
    let reconciled = reconciler.reconcile(WorkItem::Unobserved(scope), &events);
    Box::pin(reconciled).await.unwrap();
    assert_eq!(reconciler.counts(), Counts::default());
}

#[tokio::test(start_paused = true)]
async fn subnets_of_one_endpoint_are_added_by_one_call() {
    let rig = Rig::new("[[requirements]]\nservices = [\"sts\"]\n");
    rig.cloud.edit(|world| {
        world.add_subnet(&rig.vpc, "c", "10.0.2.0/24", None);
        let mut new = NewEndpoint::interface(&rig.vpc, "sts");
        new.subnets = vec![rig.subnets[0].clone()];
        world.add_endpoint(new);
    });
    rig.reconcile("run-1").await.unwrap();
    let log = rig.cloud.log();
    let adds = |entry: &&Arc<Entry>| entry.parameter("AddSubnetId.1").is_some();
    let [added] = log.iter().filter(adds).collect::<Vec<_>>().try_into().unwrap();
    assert!(added.parameter("AddSubnetId.2").is_some(), "{added:#?}");
    let records = rig.records().await;
    let of_subnets = records.iter().filter(|record| match &record.action {
        Action::Change(change) => change.kind() == ChangeKind::AddSubnet,
        Action::Undo(_) => false,
    });
    let statuses: Vec<_> = of_subnets.map(|record| record.status.clone()).collect();
    assert_eq!(statuses, vec![ChangeStatus::Applied { created: None }; 2]);
}

#[tokio::test(start_paused = true)]
async fn change_whose_turn_comes_after_the_end_of_the_run_is_left_to_the_next_one() {
    let rig = Rig::new("");
    let (account, region) = ("111122223333".into(), REGION.into());
    for _ in 0..40 {
        let turn = rig
            .ledger
            .take_turn(&account, &region, "ec2:ModifyVpcEndpoint", rig.cloud.now());
        turn.await.unwrap();
    }
    let error = rig.reconcile("run-1").await.unwrap_err();
    assert!(matches!(error, ReconcileError::NoTimeLeft(_)), "{error}");
    assert!(rig.is_open());
    assert_eq!(rig.calls("ModifyVpcEndpoint"), 0);
    tokio::time::advance(Duration::from_secs(240)).await;
    rig.reconcile("run-2").await.unwrap();
    assert!(!rig.is_open());
}
