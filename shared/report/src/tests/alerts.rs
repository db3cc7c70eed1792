//! How many alerts a run sends, and what their subjects say.

use super::*;
use crate::published::ChangeResult;
use postern_core::model::scope::Scope;

fn subject(counts: &[(Outcome, usize)], severity: published::Severity) -> String {
    let mut report = news(&repaired()).unwrap();
    report.severity = severity;
    report.outcome = counts.iter().map(|(outcome, _)| *outcome).max().unwrap();
    report.summary.findings = counts.iter().copied().collect();
    for finding in &mut report.findings {
        (finding.severity, finding.outcome) = (severity, report.outcome);
    }
    Message::alert(&report).subject
}

#[test]
fn subject_names_the_most_urgent_outcome_first_and_contradicts_nothing() {
    use Outcome::*;
    use published::Severity;
    insta::assert_snapshot!(subject(&[(Repaired, 3), (Manual, 1)], Severity::High), @"[Postern] HIGH vpc-0f1e2d3c4b5a69788 (eu-central-1): policy-open needs action");
    insta::assert_snapshot!(subject(&[(Audit, 4), (Manual, 2), (Exempt, 9)], Severity::Low), @"[Postern] LOW vpc-0f1e2d3c4b5a69788 (eu-central-1): 2 need action, 4 repairs proposed");
    insta::assert_snapshot!(subject(&[(Failed, 1), (Pending, 2)], Severity::Critical), @"[Postern] CRITICAL vpc-0f1e2d3c4b5a69788 (eu-central-1): 1 repair failed, 2 repairs in progress");
    insta::assert_snapshot!(subject(&[(Repaired, 2), (Resolved, 1)], Severity::Medium), @"[Postern] MEDIUM vpc-0f1e2d3c4b5a69788 (eu-central-1): 2 repaired, 1 resolved");
    let all: Vec<_> = Outcome::ALL.iter().map(|outcome| (*outcome, 10)).collect();
    insta::assert_snapshot!(subject(&all, Severity::Critical), @"[Postern] CRITICAL vpc-0f1e2d3c4b5a69788 (eu-central-1): 10 repairs failed, 10 repairs refused, ...");
}

#[test]
fn a_report_of_changes_alone_says_when_they_were_made_or_that_they_were_rolled_back() {
    let mut report = news(&repaired()).unwrap();
    report.findings.clear();
    report.summary.findings.clear();
    report.outcome = Outcome::Repaired;
    for change in &mut report.changes {
        change.run = Some("run-0".to_owned());
        change.time = Some("2026-03-01T09:49:00Z".parse().unwrap());
        change.result = ChangeResult::Applied;
    }
    let ends = |report: &Report, end: &str| {
        let subject = Message::alert(report).subject;
        assert_eq!(
            subject,
            format!("[Postern] INFO vpc-0f1e2d3c4b5a69788 (eu-central-1): {end}")
        );
    };
    ends(&report, "delayed report of a change made at 09:49");
    for change in &mut report.changes {
        change.change = None;
    }
    ends(&report, "changes rolled back");
}

/// Reports of so many VPCs of an account.
fn reports(count: usize, account: &str) -> Vec<Report> {
    let of = |n: usize| {
        let mut one = audited();
        let vpc = format!("vpc-0{n}");
        one.scope = Scope::vpc(&account.into(), &"eu-central-1".into(), &vpc.as_str().into());
        news(&one).unwrap()
    };
    (0..count).map(of).collect()
}

#[test]
fn a_few_reports_are_an_alert_each_and_many_are_one_digest_for_each_account_and_region() {
    assert_eq!(alerts(&reports(3, "111122223333")).len(), 3);
    let many: Vec<_> = [reports(60, "111122223333"), reports(1, "444455556666")].concat();
    let messages = alerts(&many);
    let subjects: Vec<_> = messages.iter().map(|message| message.subject.as_str()).collect();
    assert_eq!(
        subjects,
        [
            "[Postern] HIGH 111122223333 eu-central-1: 60 VPCs, 60 repairs proposed",
            "[Postern] HIGH vpc-00 (eu-central-1): repair of endpoint-missing proposed",
        ]
    );
    let names: Vec<_> = messages[0].attributes.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["severity", "control", "outcome", "account", "region"]);
}

#[test]
fn the_key_of_a_digest_follows_from_its_reports() {
    let key = |count| alerts(&reports(count, "111122223333"))[0].idempotency_key.clone();
    assert_eq!(key(5), key(5));
    assert_ne!(key(5), key(6));
}

#[test]
fn a_delta_is_an_alert_for_people_and_a_report_for_programs_with_equal_attributes() {
    let new = Delta::of(&repaired(), &Default::default(), None).report.unwrap();
    let (alert, report) = (Message::alert(&new), Message::report(&new));
    assert_eq!(
        (&alert.attributes, &alert.subject, &alert.idempotency_key),
        (&report.attributes, &report.subject, &report.idempotency_key)
    );
    assert_eq!(body(&report), new);
    assert!(serde_json::from_str::<serde_json::Value>(&alert.body).is_err());
}

#[test]
fn nothing_new_is_no_report() {
    assert_eq!(Delta::of(&reconciliation(), &Default::default(), None).report, None);
}
