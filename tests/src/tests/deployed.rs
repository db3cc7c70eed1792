//! The whole chain as it is deployed: template, rules, queues, functions, topics.

use std::collections::BTreeSet;

use crate::checks::Check;
use crate::documents::WITH_DEPLOYMENT;
use crate::messages::{Alert, Report};
use crate::proxy::Call;
use crate::scenario::{Round, ScenarioResult, Upgrade, run, upgrade};
use crate::stack::ACCOUNT;
use postern_core::history::{ChangeRecord, ChangeStatus};

/// Starting and deploying takes most of the time, so that one run serves all checks.
#[tokio::test]
async fn deployed_functions_repair_a_vpc_once_and_report_it() {
    let result = run(&mut |_| {}).await.unwrap();
    events_reach_the_functions_whose_rules_they_match(&result);
    audit_mode_reports_and_changes_nothing(&result);
    enforce_mode_repairs_and_reports(&result);
    repeated_events_change_nothing(&result.repeated);
    interrupted_repair_is_completed(&result);
    rollback_lasts(&result);
    resumed_remediation_is_done_for_an_event_of_a_dead_letter_queue(&result);
    report_of_a_blocked_deletion_names_the_release_command(&result);
    opened_endpoint_service_is_closed_and_approved_consumers_stay_connected(&result);
    spoke_is_told_when_it_loses_the_way_to_its_hub_and_when_it_has_it_again(&result);
    sweep_is_started_by_the_command_of_the_readme_and_by_postern_sweep(&result);
    doctor_finds_the_deployment_and_what_it_lacks(&result);
    deleted_ledger_is_replaced_by_the_documented_commands(&result);
}

#[tokio::test]
async fn update_of_a_running_stack_loses_no_event_and_does_nothing_twice() {
    let upgrade = upgrade().await.unwrap();
    assert_eq!(upgrade.dead_letters, 0);
    assert!(upgrade.checks.iter().all(|check| check.passed), "{:#?}", upgrade.checks);
    every_change_is_made_recorded_and_reported_once(&upgrade);
    old_version_reports_the_event_before_and_the_new_one_those_after(&upgrade);
    let told = |alert: &Alert| alert.text.contains("while the ledger is unavailable");
    assert!(upgrade.denied.iter().any(told), "{:#?}", upgrade.denied);
    commands_of_the_manual_run_as_they_are_written(&upgrade);
}

fn every_change_is_made_recorded_and_reported_once(upgrade: &Upgrade) {
    let applied = |record: &&ChangeRecord| matches!(record.status, ChangeStatus::Applied { .. });
    for record in &upgrade.recorded {
        // What the old version was about to do when it was killed.
        let not_made = matches!(record.status, ChangeStatus::NotApplied { .. });
        assert!((applied(&record) || not_made) && record.delivered, "{record:#?}");
        let others = upgrade.recorded.iter().filter(applied);
        let same = others.filter(|other| other.action == record.action);
        assert_eq!(same.count(), 1, "{record:#?}");
    }
    let recorded: BTreeSet<&str> = upgrade
        .recorded
        .iter()
        .filter(applied)
        .map(|record| record.id.as_str())
        .collect();
    for action in ["CreateSecurityGroup", "CreateVpcEndpoint"] {
        let calls = upgrade.calls.iter().filter(|call| call.action == action);
        assert_eq!(calls.count(), 1, "{action}");
    }
    let reports = || upgrade.before.iter().chain(&upgrade.reports);
    let changes = reports().flat_map(|report| report.list("changes"));
    let made = changes.filter(|change| change["result"] == "applied");
    let mut reported: Vec<&str> = made.map(|change| change["id"].as_str().unwrap()).collect();
    reported.sort_unstable();
    assert_eq!(reported, recorded.into_iter().collect::<Vec<_>>());
    assert_eq!(upgrade.alerts.len(), reports().count());
    let findings = reports().flat_map(|report| report.list("findings"));
    let repaired = findings.filter(|finding| finding["outcome"] == "repaired");
    let keys: Vec<_> = repaired
        .map(|finding| (&finding["control"], &finding["resource"]["id"], &finding["service"]))
        .collect();
    for key in &keys {
        assert_eq!(keys.iter().filter(|other| *other == key).count(), 1, "{keys:#?}");
    }
}

fn old_version_reports_the_event_before_and_the_new_one_those_after(upgrade: &Upgrade) {
    let versions = |reports: &[Report]| -> BTreeSet<String> {
        reports
            .iter()
            .map(|report| report.text("/settings").to_owned())
            .collect()
    };
    let (before, after) = (versions(&upgrade.before), versions(&upgrade.reports));
    assert_eq!((before.len(), after.len()), (1, 1), "{before:?} {after:?}");
    assert_ne!(before, after);
    for report in &upgrade.reports {
        report.check().unwrap();
        assert_eq!(report.text("/scope/resource/id"), upgrade.vpc.id);
    }
}

fn sweep_is_started_by_the_command_of_the_readme_and_by_postern_sweep(result: &ScenarioResult) {
    for calls in &result.swept {
        let whole = |call: &&Call| call.action == "DescribeVpcs" && !call.parameters.contains_key("VpcId.1");
        assert!(calls.iter().any(|call| whole(&call)), "{calls:#?}");
        assert!(!calls.iter().any(Call::mutates), "{calls:#?}");
    }
}

fn doctor_finds_the_deployment_and_what_it_lacks(result: &ScenarioResult) {
    let lines = |text: &str| -> Vec<(&str, &str)> {
        let found = result
            .doctor
            .iter()
            .filter(|line| line["what"].as_str().unwrap().contains(text));
        found
            .map(|line| {
                (
                    line["level"].as_str().unwrap(),
                    line["command"].as_str().unwrap_or_default(),
                )
            })
            .collect()
    };
    assert_eq!(lines("stack `postern` is in "), [("ok", "")], "{:#?}", result.doctor);
    // The stand-in has no trail.
    assert_eq!(
        lines("no trail records"),
        [(
            "problem",
            "aws cloudtrail create-trail --name management-events --s3-bucket-name BUCKET --is-multi-region-trail && aws \
             cloudtrail start-logging --name management-events"
        )]
    );
    assert_eq!(lines("the perimeter contains account"), [("ok", "")]);
    assert_eq!(lines(" runs version "), [("ok", ""); 5], "{:#?}", result.doctor);
    assert_eq!(lines(" is disabled"), []);
    assert_eq!(lines("has no dead letters"), [("ok", ""); 5]);
    let operations = lines("OperationsTopic");
    assert!(
        operations.iter().all(|(level, _)| *level == "problem"),
        "{operations:?}"
    );
}

fn deleted_ledger_is_replaced_by_the_documented_commands(result: &ScenarioResult) {
    let recovered = &result.recovered;
    assert!(!recovered.without.iter().any(Call::mutates), "{:#?}", recovered.without);
    let told = |alert: &Alert| alert.text.contains("while the ledger is unavailable");
    assert!(recovered.alerts.iter().any(told), "{:#?}", recovered.alerts);
    assert!(
        recovered.checks.iter().all(|check| check.passed),
        "{:#?}",
        recovered.checks
    );
    assert!(recovered.recorded > 0);
}

fn commands_of_the_manual_run_as_they_are_written(upgrade: &Upgrade) {
    for start in WITH_DEPLOYMENT {
        let run = upgrade.manual.iter().any(|run| run.command.starts_with(start));
        assert!(run, "docs/cli.md has no `{start}`");
    }
    for run in &upgrade.manual {
        // The doctor finds what the stand-in lacks; what one `resume` resumes, the next finds no more.
        let found = ["postern doctor", "postern resume"];
        let found = found.iter().any(|start| run.command.starts_with(start));
        assert!(run.status == "0" || found && run.status == "1", "{run:#?}");
        assert!(!run.output.contains("error:"), "{run:#?}");
    }
    let asked = |output: &str| output.contains("Only `yes` is accepted");
    assert!(
        upgrade.manual.iter().any(|run| asked(&run.output)),
        "{:#?}",
        upgrade.manual
    );
}

fn events_reach_the_functions_whose_rules_they_match(result: &ScenarioResult) {
    assert!(
        result.ignored.len() > 5,
        "a failed call, another service, and each role of ours"
    );
    for ignored_event in &result.ignored {
        assert!(
            ignored_event.functions.is_empty(),
            "{:?} started by {}",
            ignored_event.functions,
            ignored_event.event
        );
    }
    for round in [&result.audit, &result.enforce, &result.repeated] {
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

fn audit_mode_reports_and_changes_nothing(result: &ScenarioResult) {
    let audit = &result.audit;
    assert!(result.before.iter().all(|check| !check.passed), "{:#?}", result.before);
    assert_eq!(audit.checks, result.before);
    assert_eq!(audit.mutations().collect::<Vec<_>>(), Vec::<&_>::new());
    check_messages(result, audit);
    // What the endpoint-inspector finds the subnet-inspector has told.
    assert_eq!(
        reporters(audit),
        BTreeSet::from(["policy-inspector", "subnet-inspector"])
    );
    assert!(audit.reports.iter().all(|report| report.text("/outcome") == "audit"));
    assert!(
        audit
            .reports
            .iter()
            .all(|report| report.results().iter().all(|result| *result == "skipped"))
    );
}

fn enforce_mode_repairs_and_reports(result: &ScenarioResult) {
    let enforce = &result.enforce;
    assert!(enforce.checks.iter().all(|check| check.passed), "{:#?}", enforce.checks);
    check_messages(result, enforce);
    // Whoever comes second finds nothing left to do.
    assert_eq!(
        reporters(enforce),
        BTreeSet::from(["policy-inspector", "subnet-inspector"])
    );
    assert_eq!(enforce.reports.len(), 2);
    for report in &enforce.reports {
        assert_eq!(report.text("/outcome"), "repaired", "{:#}", report.json);
        assert!(
            report.results().iter().all(|result| *result == "applied"),
            "{:#}",
            report.json
        );
    }
    let changes: usize = enforce.reports.iter().map(|report| report.results().len()).sum();
    assert_eq!(enforce.mutations().count(), changes, "each change takes one call");
}

fn repeated_events_change_nothing(repeated: &Round) {
    assert!(!repeated.calls.is_empty(), "somebody looked");
    assert_eq!(repeated.mutations().collect::<Vec<_>>(), Vec::<&_>::new());
    assert!(repeated.reports.is_empty(), "{:#?}", repeated.reports);
    assert!(repeated.alerts.is_empty(), "{:#?}", repeated.alerts);
    assert!(
        repeated.checks.iter().all(|check| check.passed),
        "{:#?}",
        repeated.checks
    );
}

fn interrupted_repair_is_completed(result: &ScenarioResult) {
    let interrupted = &result.interrupted;
    check_messages(result, interrupted);
    let [first, second] = interrupted.reports.as_slice() else {
        panic!("{:#?}", interrupted.reports);
    };
    let changes = |report: &Report, result: &str| -> BTreeSet<String> {
        let all = report.list("changes").filter(|change| change["result"] == result);
        all.map(|change| change["id"].as_str().unwrap().to_owned()).collect()
    };
    let uncertain = changes(first, "failed");
    assert_eq!(uncertain.len(), 1, "{:#}", first.json);
    assert_eq!(changes(second, "applied"), uncertain, "{:#}", second.json);
    assert!(
        interrupted.checks.iter().all(|check| check.passed),
        "{:#?}",
        interrupted.checks
    );
    let made = interrupted
        .mutations()
        .filter(|call| call.action == "ModifyVpcEndpoint");
    assert_eq!(made.count(), 1, "{:#?}", interrupted.calls);
    assert_eq!(result.recorded.len(), 2, "{:#?}", result.recorded);
    for record in &result.recorded {
        assert!(
            matches!(record.status, ChangeStatus::Applied { .. }) && record.delivered,
            "{record:#?}"
        );
    }
}

fn rollback_lasts(result: &ScenarioResult) {
    let rolled_back = &result.rolled_back;
    assert!(!rolled_back.calls.is_empty(), "somebody looked");
    assert_eq!(rolled_back.mutations().collect::<Vec<_>>(), Vec::<&_>::new());
    let wrong: Vec<_> = rolled_back.checks.iter().filter(|check| !check.passed).collect();
    assert_eq!(wrong.len(), 1, "{wrong:#?}");
    assert!(wrong[0].what.starts_with("S3: a route"), "{wrong:#?}");
}

fn resumed_remediation_is_done_for_an_event_of_a_dead_letter_queue(result: &ScenarioResult) {
    let resumed = &result.resumed;
    check_messages(result, resumed);
    assert_eq!(reporters(resumed), BTreeSet::from(["subnet-inspector"]));
    assert_eq!(resumed.mutations().count(), 1, "{:#?}", resumed.calls);
    assert!(resumed.checks.iter().all(|check| check.passed), "{:#?}", resumed.checks);
}

fn report_of_a_blocked_deletion_names_the_release_command(result: &ScenarioResult) {
    let blocked = &result.blocked;
    check_messages(result, blocked);
    assert_eq!(
        set(&blocked.deliveries[0].functions),
        BTreeSet::from(["subnet-inspector"])
    );
    assert_eq!(blocked.reports.len(), 1);
    let command = format!("postern release {}", result.vpc.app_c);
    assert_eq!(blocked.reports[0].text("/notices/0/command"), command);
    assert_eq!(blocked.mutations().collect::<Vec<_>>(), Vec::<&_>::new());
}

fn opened_endpoint_service_is_closed_and_approved_consumers_stay_connected(result: &ScenarioResult) {
    let passed = |checks: &[Check]| -> Vec<bool> { checks.iter().map(|check| check.passed).collect() };
    assert_eq!(
        passed(&result.opened),
        [false, false, true, false, false],
        "{:#?}",
        result.opened
    );
    let served = &result.served;
    assert_eq!(passed(&served.checks), [true; 5], "{:#?}", served.checks);
    assert_eq!(
        set(&served.deliveries[0].functions),
        BTreeSet::from(["service-inspector"])
    );
    let mutations: Vec<_> = served.mutations().map(|call| call.action.as_str()).collect();
    assert_eq!(
        mutations,
        [
            "ModifyVpcEndpointServiceConfiguration",
            "ModifyVpcEndpointServicePermissions",
            "RejectVpcEndpointConnections",
            "AcceptVpcEndpointConnections",
        ]
    );
    assert_eq!(served.alerts.len(), served.reports.len());
    let [closed, accepted] = served.reports.as_slice() else {
        panic!("{:#?}", served.reports);
    };
    for report in [closed, accepted] {
        report.check().unwrap();
        assert_eq!(report.text("/scope/resource/id"), result.service.id);
    }
    for alert in &served.alerts {
        alert.check().unwrap();
    }
}

fn spoke_is_told_when_it_loses_the_way_to_its_hub_and_when_it_has_it_again(result: &ScenarioResult) {
    let central = &result.central;
    assert_eq!(central.mutations().collect::<Vec<_>>(), Vec::<&_>::new());
    assert_eq!(central.deliveries.len(), 3);
    let [lost, found] = central.reports.as_slice() else {
        panic!("{:#?}", central.reports);
    };
    for (report, outcome) in [(lost, "manual"), (found, "resolved")] {
        report.check().unwrap();
        assert_eq!(report.text("/outcome"), outcome, "{:#}", report.json);
        assert_eq!(report.text("/scope/resource/id"), result.spoke.id);
        assert_eq!(report.findings("central-unreachable").count(), 1, "{:#}", report.json);
        assert_eq!(report.list("findings").count(), 1, "{:#}", report.json);
    }
    let explanation = lost.text("/findings/0/explanation");
    assert!(explanation.contains("has no route to 10.50.0.0/24"), "{explanation}");
    assert_eq!(central.alerts.len(), 2);
    for alert in &central.alerts {
        alert.check().unwrap();
    }
}

fn check_messages(result: &ScenarioResult, round: &Round) {
    assert_eq!(round.alerts.len(), round.reports.len(), "{:#?}", round.alerts);
    for report in &round.reports {
        let same = |alert: &&Alert| alert.subject == report.subject && alert.text.contains(report.text("/run"));
        let alert = round.alerts.iter().find(same);
        let alert = alert.unwrap_or_else(|| panic!("no alert {} among {:#?}", report.subject, round.alerts));
        alert.check().unwrap();
        assert_eq!(alert.attributes, report.attributes);
        assert_ne!(alert.topic, report.topic);
    }
    for report in &round.reports {
        report.check().unwrap();
        assert_eq!(report.text("/scope/resource/id"), result.vpc.id);
        assert_eq!(report.text("/scope/account"), ACCOUNT);
        assert_eq!(report.attributes["account"], ACCOUNT);
        assert!(report.subject.contains(&result.vpc.id), "{}", report.subject);
        assert!(
            report.text("/triggering_events/0/actor/identity").ends_with("/ada"),
            "{:#}",
            report.json
        );
    }
}

fn reporters(round: &Round) -> BTreeSet<&str> {
    round.reports.iter().map(|report| report.text("/function")).collect()
}

fn set<'a>(names: &[&'a str]) -> BTreeSet<&'a str> {
    names.iter().copied().collect()
}
