use std::time::Duration;

use postern_cloud::Fault;
use postern_cloud::world::NewEndpoint;

use super::*;
use crate::testing::{OPEN, Rig};

/// An open S3 endpoint, in settings that list the own account and this organisation.
fn rig(organization: &str) -> Rig {
    let mut rig = Rig::new("");
    rig.settings.perimeter.organizations = vec![organization.to_owned()];
    rig
}

/// A second open endpoint in the same VPC.
fn open_dynamodb(rig: &Rig) -> String {
    rig.cloud.edit(|world| {
        let mut open = NewEndpoint::gateway(&rig.vpc, "dynamodb");
        open.policy = Some(OPEN.to_owned());
        world.add_endpoint(open)
    })
}

fn policy(rig: &Rig, endpoint: &str) -> String {
    rig.cloud.edit(|world| world.endpoint(endpoint).unwrap().policy.clone())
}

fn closed(rig: &Rig, endpoints: &[&str]) -> usize {
    endpoints
        .iter()
        .filter(|endpoint| policy(rig, endpoint).contains("Deny"))
        .count()
}

fn last_report(rig: &Rig) -> String {
    rig.cloud.published().pop().unwrap().message
}

async fn later(rig: &Rig, run: &str) {
    tokio::time::advance(Duration::from_secs(120)).await;
    rig.reconcile(run).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn mistyped_organization_closes_nothing_and_the_report_says_what_to_correct() {
    for own_account_listed in [false, true] {
        let mut rig = rig("o-exampleorgl");
        if !own_account_listed {
            rig.settings.perimeter.accounts.clear();
        }
        rig.reconcile("run-1").await.unwrap();
        assert!(rig.is_open());
        assert_eq!(rig.calls("ModifyVpcEndpoint"), 0);
        let report = last_report(&rig);
        for part in [
            "not known to contain account 111122223333",
            "`o-exampleorg1`",
            "correct `organizations`",
        ] {
            assert!(report.contains(part), "{report}");
        }
        rig.settings.perimeter.organizations = vec!["o-exampleorg1".to_owned()];
        later(&rig, "run-2").await;
        assert!(!rig.is_open());
    }
}

#[tokio::test(start_paused = true)]
async fn organization_that_aws_does_not_tell_closes_nothing_until_the_perimeter_is_confirmed() {
    let mut rig = rig("o-exampleorg1");
    rig.settings.perimeter.accounts.clear();
    rig.cloud.plan("DescribeOrganization", [Fault::Denied; 2]);
    rig.reconcile("run-1").await.unwrap();
    assert!(rig.is_open());
    let confirmation = format!("confirmed = \\\"{}\\\"", rig.settings.perimeter_digest());
    assert!(last_report(&rig).contains(&confirmation), "{}", last_report(&rig));
    rig.settings.confirmed_perimeter = Some(rig.settings.perimeter_digest());
    later(&rig, "run-2").await;
    assert!(!rig.is_open());
}

#[tokio::test(start_paused = true)]
async fn nothing_is_asked_of_organizations_where_the_plan_closes_and_interrupts_nothing() {
    let rig = Rig::new("policy-open = \"audit\"\n");
    rig.reconcile("run-1").await.unwrap();
    assert_eq!(rig.calls("DescribeOrganization"), 0);
}

#[tokio::test(start_paused = true)]
async fn first_endpoint_is_closed_and_reported_before_others_follow() {
    let rig = rig("o-exampleorg1");
    let second = open_dynamodb(&rig);
    let both = [rig.endpoint.as_str(), &second];
    rig.reconcile("run-1").await.unwrap();
    assert_eq!(closed(&rig, &both), 1);
    assert!(
        last_report(&rig).contains("limits.canary_endpoints is 1"),
        "{}",
        last_report(&rig)
    );
    later(&rig, "run-2").await;
    assert_eq!(closed(&rig, &both), 2);
    // The perimeter is verified, so that nothing is reserved or counted any more.
    let records = rig.records().await;
    assert!(
        records
            .iter()
            .all(|record| record.perimeter == Some(rig.settings.perimeter_digest()))
    );
    rig.cloud.edit(|world| {
        for endpoint in both {
            world.edit_endpoint(endpoint, |endpoint| OPEN.clone_into(&mut endpoint.policy));
        }
    });
    later(&rig, "run-3").await;
    assert_eq!(closed(&rig, &both), 2);
}

#[tokio::test(start_paused = true)]
async fn no_canary_is_needed_where_the_settings_ask_for_none() {
    let mut rig = rig("o-exampleorg1");
    rig.settings.limits.canary_endpoints = 0;
    let second = open_dynamodb(&rig);
    rig.reconcile("run-1").await.unwrap();
    assert_eq!(closed(&rig, &[&rig.endpoint, &second]), 2);
}

#[tokio::test(start_paused = true)]
async fn others_wait_for_a_first_endpoint_that_is_not_reported_or_was_rolled_back() {
    let rig = rig("o-exampleorg1");
    let second = open_dynamodb(&rig);
    rig.reconcile("run-1").await.unwrap();
    let both = [rig.endpoint.as_str(), &second];
    assert_eq!(closed(&rig, &both), 1);
    let [record] = rig.records().await.try_into().unwrap();
    let unreported = postern_core::history::ChangeRecord {
        delivered: false,
        ..record.clone()
    };
    crate::session::record_again(&rig.context("run-2"), &unreported)
        .await
        .unwrap();
    let canary = canary(&rig.context("run-2"), &rig.scope(), &BTreeSet::new())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(canary.endpoints, 0);
    assert!(
        canary.reason.contains("no delivered report shows yet"),
        "{}",
        canary.reason
    );

    let undone = postern_core::history::ChangeRecord {
        undone_by: Some("change-2".into()),
        ..record
    };
    crate::session::record_again(&rig.context("run-2"), &undone)
        .await
        .unwrap();
    later(&rig, "run-3").await;
    assert_eq!(closed(&rig, &both), 1);
    let context = rig.context("run-4");
    let canary = super::canary(&context, &rig.scope(), &BTreeSet::new())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(canary.endpoints, 0);
    assert!(canary.reason.contains("was rolled back"), "{}", canary.reason);
}

#[tokio::test(start_paused = true)]
async fn alert_is_repeated_when_another_reason_withholds_changes() {
    let mut rig = rig("o-exampleorg1");
    open_dynamodb(&rig);
    rig.reconcile("run-1").await.unwrap();
    // How many reports there are, and why the change of the last one is held back.
    let told = |rig: &Rig| {
        let report: serde_json::Value = serde_json::from_str(&last_report(rig)).unwrap();
        let mut changes = report["changes"].as_array().unwrap().iter();
        let held_back = changes.find(|change| change["result"] == "skipped");
        let held_back = held_back.unwrap_or_else(|| panic!("{report:#}"));
        (
            rig.cloud.published().len(),
            held_back["reason"].as_str().unwrap().to_owned(),
        )
    };
    let (count, reason) = told(&rig);
    assert!(reason.contains("later runs close the other endpoints"), "{reason}");

    let [record] = rig.records().await.try_into().unwrap();
    let [key] = record.causes.iter().cloned().collect::<Vec<_>>().try_into().unwrap();
    let history = rig.history().await;
    let failed = postern_core::history::DeliveredFinding {
        outcome: postern_core::history::FindingStatus::Failed,
        ..history.delivered[&key].clone()
    };
    let others = history.delivered.values().filter(|delivered| delivered.key != key);
    let all: Vec<_> = others.cloned().chain([failed]).collect();
    let context = rig.context("run-2");
    let expires = context.expires(rig.cloud.now());
    rig.ledger
        .tell(&rig.scope(), &key.control, &all, expires)
        .await
        .unwrap();
    later(&rig, "run-2").await;
    let (second_count, reason) = told(&rig);
    assert!(reason.contains("did not remediate its finding"), "{reason}");
    assert_eq!(second_count, count + 1);

    let undone = postern_core::history::ChangeRecord {
        undone_by: Some("change-2".into()),
        ..record
    };
    crate::session::record_again(&rig.context("run-3"), &undone)
        .await
        .unwrap();
    later(&rig, "run-3").await;
    let (third_count, reason) = told(&rig);
    assert!(reason.contains("was rolled back"), "{reason}");
    assert_eq!(third_count, second_count + 1);
    later(&rig, "run-4").await;
    assert_eq!(rig.cloud.published().len(), third_count, "the reason is the same");

    rig.settings.perimeter.organizations = vec!["o-exampleorgl".to_owned()];
    later(&rig, "run-5").await;
    let (_, reason) = told(&rig);
    assert!(reason.contains("not known to contain account"), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn reservation_of_a_crashed_run_does_not_stop_the_others_for_good() {
    let rig = rig("o-exampleorg1");
    rig.cloud.plan("PutItem", [Fault::Denied; 4]);
    rig.reconcile("run-1").await.unwrap_err();
    let known = Canaries {
        reserved: 1,
        scopes: vec![ScopedResource::Vpc("vpc-0other".into())],
        expires: Some(rig.context("run-2").expires(rig.cloud.now())),
        verified: false,
    };
    let context = rig.context("run-2");
    assert_eq!(
        abandoned(&context, &rig.scope(), &known, 0),
        0,
        "the run may still be at work"
    );
    let own = Canaries {
        scopes: vec![rig.scope().resource],
        ..known.clone()
    };
    assert_eq!(
        abandoned(&context, &rig.scope(), &own, 0),
        1,
        "the lease of the VPC is ours"
    );
    tokio::time::advance(Duration::from_secs(1_800)).await;
    assert_eq!(abandoned(&context, &rig.scope(), &known, 0), 1);
    assert_eq!(abandoned(&context, &rig.scope(), &known, 1), 0);
}

#[tokio::test(start_paused = true)]
async fn corrected_settings_roll_back_endpoints_that_the_wrong_ones_closed() {
    let mut rig = rig("o-exampleorgl");
    rig.settings
        .modes
        .controls
        .insert("policy-locked-out".to_owned(), Mode::Enforce);
    // AWS does not tell that the organisation is wrong, and the own account alone is no proof that it is right.
    rig.cloud.plan("DescribeOrganization", [Fault::Denied]);
    rig.reconcile("run-0").await.unwrap();
    assert!(rig.is_open());
    // A person confirmed it nevertheless.
    rig.settings.confirmed_perimeter = Some(rig.settings.perimeter_digest());
    rig.reconcile("run-1").await.unwrap();
    assert!(policy(&rig, &rig.endpoint).contains("o-exampleorgl"));
    rig.settings.perimeter.organizations = vec!["o-exampleorg1".to_owned()];
    // After a quarter of an hour AWS is asked for the organisation again.
    tokio::time::advance(Duration::from_secs(900)).await;
    later(&rig, "run-2").await;
    let policy = policy(&rig, &rig.endpoint);
    assert!(
        policy.contains("o-exampleorg1") && !policy.contains("o-exampleorgl"),
        "{policy}"
    );
    let report = last_report(&rig);
    assert!(report.contains("under an earlier perimeter"), "{report}");
}
