//! The whole chain as it is deployed: template, rules, queues, functions, topic.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeSet;

use crate::alert::Alert;
use crate::play::{Played, Round, play};
use crate::stack::ACCOUNT;
use postern_core::history::ChangeStatus;

/// Starting and deploying takes most of the time, so one play has many witnesses.
#[tokio::test]
async fn an_event_repairs_the_vpc_once_and_an_alert_tells_of_it() {
    let played = play(&mut |_| {}).await.unwrap();
    events_reach_the_functions_whose_rules_they_match(&played);
    audit_mode_tells_and_changes_nothing(&played);
    enforce_mode_repairs_and_tells(&played);
    the_same_events_again_change_nothing(&played.again);
    what_was_interrupted_is_brought_to_its_end(&played);
    what_was_taken_back_stays_so(&played);
    what_was_resumed_is_repaired_by_an_event_out_of_a_dead_letter_queue(&played);
    who_cannot_delete_a_subnet_is_told_how_to_release_it(&played);
}

fn events_reach_the_functions_whose_rules_they_match(played: &Played) {
    assert!(
        played.strays.len() > 5,
        "a failed call, another service, and each role of ours"
    );
    for stray in &played.strays {
        assert!(
            stray.functions.is_empty(),
            "{:?} started by {}",
            stray.functions,
            stray.event
        );
    }
    for round in [&played.audit, &played.enforce, &played.again] {
        let reached: Vec<_> = round
            .deliveries
            .iter()
            .map(|d| (d.event.event(), set(&d.functions)))
            .collect();
        let expected = [
            ("CreateSubnet", BTreeSet::from(["subnet-inspector"])),
            ("RevokeSecurityGroupIngress", BTreeSet::from(["endpoint-inspector"])),
            (
                "ModifyVpcEndpoint",
                BTreeSet::from(["endpoint-inspector", "policy-inspector"]),
            ),
        ];
        assert_eq!(reached, expected);
    }
}

fn audit_mode_tells_and_changes_nothing(played: &Played) {
    let audit = &played.audit;
    assert!(played.before.iter().all(|check| !check.passed), "{:#?}", played.before);
    assert_eq!(audit.checks, played.before);
    assert_eq!(audit.mutations().collect::<Vec<_>>(), Vec::<&_>::new());
    check_alerts(played, audit);
    // What the endpoint-inspector finds the subnet-inspector has told.
    assert_eq!(tellers(audit), BTreeSet::from(["policy-inspector", "subnet-inspector"]));
    assert!(audit.alerts.iter().all(|alert| alert.text("/outcome") == "audit"));
    assert!(
        audit
            .alerts
            .iter()
            .all(|alert| alert.results().iter().all(|result| *result == "skipped"))
    );
}

fn enforce_mode_repairs_and_tells(played: &Played) {
    let enforce = &played.enforce;
    assert!(enforce.checks.iter().all(|check| check.passed), "{:#?}", enforce.checks);
    check_alerts(played, enforce);
    // Whoever comes second finds nothing left to do.
    assert_eq!(
        tellers(enforce),
        BTreeSet::from(["policy-inspector", "subnet-inspector"])
    );
    assert_eq!(enforce.alerts.len(), 2);
    for alert in &enforce.alerts {
        assert_eq!(alert.text("/outcome"), "repaired", "{:#}", alert.report);
        assert!(
            alert.results().iter().all(|result| *result == "applied"),
            "{:#}",
            alert.report
        );
    }
    let changes: usize = enforce.alerts.iter().map(|alert| alert.results().len()).sum();
    assert_eq!(enforce.mutations().count(), changes, "each change takes one call");
}

fn the_same_events_again_change_nothing(again: &Round) {
    assert!(!again.calls.is_empty(), "somebody looked");
    assert_eq!(again.mutations().collect::<Vec<_>>(), Vec::<&_>::new());
    assert!(again.alerts.is_empty(), "{:#?}", again.alerts);
    assert!(again.checks.iter().all(|check| check.passed), "{:#?}", again.checks);
}

fn what_was_interrupted_is_brought_to_its_end(played: &Played) {
    let interrupted = &played.interrupted;
    check_alerts(played, interrupted);
    let [first, second] = interrupted.alerts.as_slice() else {
        panic!("{:#?}", interrupted.alerts);
    };
    let changes = |alert: &Alert, result: &str| -> BTreeSet<String> {
        let all = alert.list("changes").filter(|change| change["result"] == result);
        all.map(|change| change["id"].as_str().unwrap().to_owned()).collect()
    };
    let uncertain = changes(first, "failed");
    assert_eq!(uncertain.len(), 1, "{:#}", first.report);
    assert_eq!(changes(second, "applied"), uncertain, "{:#}", second.report);
    assert!(
        interrupted.checks.iter().all(|check| check.passed),
        "{:#?}",
        interrupted.checks
    );
    let made = interrupted
        .mutations()
        .filter(|call| call.action == "ModifyVpcEndpoint");
    assert_eq!(made.count(), 1, "{:#?}", interrupted.calls);
    assert_eq!(played.recorded.len(), 2, "{:#?}", played.recorded);
    for record in &played.recorded {
        assert!(
            matches!(record.status, ChangeStatus::Applied { .. }) && record.delivered,
            "{record:#?}"
        );
    }
}

fn what_was_taken_back_stays_so(played: &Played) {
    let taken_back = &played.taken_back;
    assert!(!taken_back.calls.is_empty(), "somebody looked");
    assert_eq!(taken_back.mutations().collect::<Vec<_>>(), Vec::<&_>::new());
    let wrong: Vec<_> = taken_back.checks.iter().filter(|check| !check.passed).collect();
    assert_eq!(wrong.len(), 1, "{wrong:#?}");
    assert!(wrong[0].what.starts_with("S3: a route"), "{wrong:#?}");
}

fn what_was_resumed_is_repaired_by_an_event_out_of_a_dead_letter_queue(played: &Played) {
    let resumed = &played.resumed;
    check_alerts(played, resumed);
    assert_eq!(tellers(resumed), BTreeSet::from(["subnet-inspector"]));
    assert_eq!(resumed.mutations().count(), 1, "{:#?}", resumed.calls);
    assert!(resumed.checks.iter().all(|check| check.passed), "{:#?}", resumed.checks);
}

fn who_cannot_delete_a_subnet_is_told_how_to_release_it(played: &Played) {
    let blocked = &played.blocked;
    check_alerts(played, blocked);
    assert_eq!(
        set(&blocked.deliveries[0].functions),
        BTreeSet::from(["subnet-inspector"])
    );
    assert_eq!(blocked.alerts.len(), 1);
    let command = format!("postern release {}", played.vpc.app_c);
    assert_eq!(blocked.alerts[0].text("/notices/0/command"), command);
    assert_eq!(blocked.mutations().collect::<Vec<_>>(), Vec::<&_>::new());
}

fn check_alerts(played: &Played, round: &Round) {
    for alert in &round.alerts {
        alert.check().unwrap();
        assert_eq!(alert.text("/scope/resource/id"), played.vpc.id);
        assert_eq!(alert.text("/account"), ACCOUNT);
        assert_eq!(alert.attributes["account"], ACCOUNT);
        assert!(alert.subject.contains(&played.vpc.id), "{}", alert.subject);
        assert!(
            alert.text("/triggering_events/0/actor/identity").ends_with("/ada"),
            "{:#}",
            alert.report
        );
    }
}

fn tellers(round: &Round) -> BTreeSet<&str> {
    round.alerts.iter().map(|alert| alert.text("/function")).collect()
}

fn set<'a>(names: &[&'a str]) -> BTreeSet<&'a str> {
    names.iter().copied().collect()
}
