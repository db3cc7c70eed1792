//! What is reported once, again, or not at all.

use jiff::SignedDuration;

use super::fixtures::{record, triggering_event};
use super::*;
use postern_core::evaluation::{Conclusion, Suppression};
use postern_core::history::{ChangeHistory, ChangeRecord, ChangeStatus};
use postern_core::model::finding::{FindingKey, Resource, ResourceKind};
use postern_core::model::part::{Gap, Part};
use postern_core::plan::{Notice, NoticeKind};

fn delta(r: &Reconciliation, history: &ChangeHistory) -> Delta {
    Delta::of(r, history, None)
}

/// The history after this was reported.
fn after(history: &ChangeHistory, delta: &Delta) -> ChangeHistory {
    let mut history = history.clone();
    for list in delta.delivered.values() {
        let control = |delivered: &postern_core::history::DeliveredFinding| delivered.key.control.clone();
        history
            .delivered
            .retain(|key, _| list.first().map(control) != Some(key.control.clone()));
        history
            .delivered
            .extend(list.iter().map(|delivered| (delivered.key.clone(), delivered.clone())));
    }
    history
}

fn manual() -> Finding {
    advised("vpce-0a1 is NonCompliant.", "Do it.")
}

fn advised(explanation: &str, advice: &str) -> Finding {
    Finding {
        conclusion: fixtures::non_compliant(explanation, Remediation::Manual(advice.to_owned())),
        ..finding("policy-open", "vpce-0a1", Verdict::NonCompliant)
    }
}

fn with(findings: Vec<Finding>, time: &str) -> Reconciliation {
    Reconciliation {
        findings,
        time: time.parse().unwrap(),
        run: time.into(),
        ..reconciliation()
    }
}

const MONDAY: &str = "2026-03-02T12:00:00Z";
const TUESDAY: &str = "2026-03-03T12:00:00Z";
const WEDNESDAY: &str = "2026-03-04T12:00:00Z";

#[test]
fn an_unchanged_finding_is_reported_once() {
    let first = delta(&with(vec![manual()], MONDAY), &ChangeHistory::default());
    assert_eq!(first.report.as_ref().unwrap().outcome, Outcome::Manual);
    let history = after(&ChangeHistory::default(), &first);
    let again = delta(&with(vec![manual()], TUESDAY), &history);
    assert_eq!((again.report, again.delivered.len()), (None, 0));

    let other = finding("policy-open", "vpce-0b2", Verdict::NonCompliant);
    let more = delta(&with(vec![manual(), other], TUESDAY), &history).report.unwrap();
    let ids: Vec<_> = more.findings.iter().map(|f| f.resource.id.as_str()).collect();
    assert_eq!((ids.as_slice(), more.summary.unchanged), (&["vpce-0b2"][..], 1));

    let worse = advised("It is open to more.", "Do it.");
    assert!(delta(&with(vec![worse], TUESDAY), &history).report.is_some());
}

#[test]
fn a_finding_that_is_not_open_any_more_is_reported_once_as_resolved() {
    let history = after(
        &ChangeHistory::default(),
        &delta(&with(vec![manual()], MONDAY), &ChangeHistory::default()),
    );
    let compliant = finding("policy-open", "vpce-0a1", Verdict::Compliant);
    for now in [vec![compliant.clone()], vec![]] {
        let new = delta(&with(now.clone(), TUESDAY), &history);
        let report = new.report.clone().unwrap();
        assert_eq!((report.outcome, report.findings.len()), (Outcome::Resolved, 1));
        assert!(Message::report(&report).subject.contains("policy-open resolved"));
        let history = after(&history, &new);
        assert_eq!(delta(&with(now, WEDNESDAY), &history).report, None);
        let back = delta(&with(vec![manual()], WEDNESDAY), &history).report.unwrap();
        assert_eq!(back.outcome, Outcome::Manual, "it is back");
    }
}

#[test]
fn a_finding_that_was_not_evaluated_is_not_resolved() {
    let history = after(
        &ChangeHistory::default(),
        &delta(&with(vec![manual()], MONDAY), &ChangeHistory::default()),
    );
    let blind = Finding {
        key: FindingKey::new("policy-open", ResourceKind::Vpc, fixtures::VPC),
        conclusion: Conclusion::NotEvaluated(Gap {
            part: Part::Endpoints,
            reason: "ec2:DescribeVpcEndpoints was denied".to_owned(),
        }),
        ..manual()
    };
    let report = delta(&with(vec![blind], TUESDAY), &history).report.unwrap();
    assert_eq!(report.outcome, Outcome::Indeterminate);
    assert_eq!(report.summary.findings[&Outcome::Resolved], 0);
    let mut elsewhere = with(vec![], TUESDAY);
    elsewhere.controls.remove("policy-open");
    assert_eq!(delta(&elsewhere, &history).report, None);
}

#[test]
fn a_repair_is_reported_each_time_it_is_made() {
    let first = delta(&repaired(), &ChangeHistory::default());
    let history = after(&ChangeHistory::default(), &first);
    let mut again = repaired();
    again.time = TUESDAY.parse().unwrap();
    let second = delta(&again, &history).report.unwrap();
    assert_eq!(second.summary.findings[&Outcome::Repaired], 2);
    assert_ne!(second.idempotency_key, first.report.unwrap().idempotency_key);
    let mut calm = with(vec![], WEDNESDAY);
    calm.findings.push(finding(
        "subnet-uncovered",
        "subnet-0c0ffee0c0ffee000",
        Verdict::Compliant,
    ));
    assert_eq!(
        delta(&calm, &history).report,
        None,
        "what was told as repaired is not told as resolved"
    );
}

#[test]
fn equal_news_have_the_same_key_whichever_run_reports_them() {
    let key = |r: &Reconciliation, history: &ChangeHistory| delta(r, history).report.unwrap().idempotency_key;
    let none = ChangeHistory::default();
    let first = key(&with(vec![manual()], MONDAY), &none);
    assert_eq!(
        key(&with(vec![manual()], TUESDAY), &none),
        first,
        "it was told but not remembered"
    );
    let mut elsewhere = with(vec![manual()], MONDAY);
    elsewhere.scope.resource = ScopedResource::Vpc("vpc-0other".into());
    assert_ne!(key(&elsewhere, &none), first);
    let delivered = after(&none, &delta(&with(vec![manual()], MONDAY), &none));
    let resolved = after(&delivered, &delta(&with(vec![], TUESDAY), &delivered));
    assert_ne!(
        key(&with(vec![manual()], WEDNESDAY), &resolved),
        first,
        "its return is news"
    );
}

#[test]
fn a_report_that_proposes_something_else_has_another_key() {
    let key = |r: &Reconciliation| delta(r, &ChangeHistory::default()).report.unwrap().idempotency_key;
    let mut fewer = audited();
    fewer.plan.changes.pop();
    fewer.outcomes.pop();
    assert_ne!(key(&fewer), key(&audited()));
    let advised = |advice: &str| key(&with(vec![advised("It is open.", advice)], MONDAY));
    assert_ne!(advised("Do it."), advised("Do it so."));
}

#[test]
fn changes_of_a_run_that_crashed_are_reported_by_the_next() {
    let change = repaired().plan.changes.remove(0).change;
    let mut lost = record(change.clone(), "run-0", "2026-03-01T11:00:00Z");
    lost.delivered = false;
    let open = record(change.clone(), "run-1", "2026-03-01T11:30:00Z");
    let open = ChangeRecord {
        status: ChangeStatus::Intended,
        delivered: false,
        ..open
    };
    let delivered = record(change, "run-2", "2026-03-01T11:40:00Z");
    let mut now = reconciliation();
    now.earlier = vec![lost.clone(), open, delivered];
    let new = delta(&now, &ChangeHistory::default());
    let report = new.report.unwrap();
    assert_eq!(new.records, [lost.id.clone()].into());
    let [change] = report.changes.as_slice() else {
        panic!("{:?}", report.changes)
    };
    assert_eq!(
        (change.id.as_deref(), change.run.as_deref()),
        (Some(lost.id.as_str()), Some(lost.run.as_str()))
    );
    assert!(change.inverse.is_some());
    assert_eq!(report.outcome, Outcome::Repaired);
    assert_eq!(schema_errors(&Message::report(&report).body), Vec::<String>::new());
    lost.status = ChangeStatus::NotApplied {
        reason: "DNS support is disabled".to_owned(),
    };
    now.earlier = vec![lost];
    assert_eq!(news(&now).unwrap().outcome, Outcome::Failed);
}

#[test]
fn changes_of_this_run_are_reported_with_their_ids() {
    let mut now = repaired();
    now.ids = [(0, "20260301T120005.000000Z-0a1b2c3d".into())].into();
    let new = delta(&now, &ChangeHistory::default());
    assert_eq!(new.records.len(), 1);
    let ids: Vec<_> = new
        .report
        .unwrap()
        .changes
        .into_iter()
        .map(|change| change.id)
        .collect();
    assert_eq!(ids, [now.ids.get(&0).map(ToString::to_string), None]);
}

#[test]
fn a_remediation_conflict_is_reported_once_with_the_code() {
    let conflict = postern_core::history::RemediationConflict {
        times: 3,
        since: MONDAY.parse().unwrap(),
        undone_by: Some(triggering_event("ModifyVpcEndpoint", "Terraform/1.9.2\u{1b}")),
        tool: Some(postern_core::trigger::Tool::Terraform),
        code: Some(postern_core::changes::Code {
            terraform: "resource \"aws_vpc\" \"main\" {\n}\n".to_owned(),
            cloudformation: "main:\n  Type: AWS::EC2::VPC\n".to_owned(),
        }),
    };
    let conflicting = Finding {
        suppression: Some(Suppression::Conflict(conflict)),
        ..manual()
    };
    let new = delta(&with(vec![conflicting.clone()], MONDAY), &ChangeHistory::default());
    let report = new.report.clone().unwrap();
    assert_eq!(report.outcome, Outcome::Conflict);
    let message = Message::report(&report);
    assert!(
        message.subject.contains("remediation conflict over policy-open"),
        "{}",
        message.subject
    );
    assert_eq!(schema_errors(&message.body), Vec::<String>::new());
    assert_eq!(body(&message).findings[0].conflict.as_ref().unwrap().times, 3);
    let history = after(&ChangeHistory::default(), &new);
    assert_eq!(delta(&with(vec![conflicting], TUESDAY), &history).report, None);
}

#[test]
fn a_notice_is_reason_enough_for_a_report() {
    let mut now = reconciliation();
    now.notices.push(Notice {
        kind: NoticeKind::DeletionBlocked,
        text: "DeleteSubnet failed.".to_owned(),
        command: Some("postern release subnet-0a1".to_owned()),
        event_id: "e-1".to_owned(),
        resource: Resource::new(ResourceKind::Subnet, "subnet-0a1"),
        reason: "subnet-0a1 contains vpce-0a1, which Postern created.".to_owned(),
    });
    let report = news(&now).unwrap();
    assert_eq!(
        (report.outcome, report.severity),
        (Outcome::Manual, published::Severity::Low)
    );
    let message = Message::report(&report);
    assert!(message.subject.contains("deletion blocked"), "{}", message.subject);
    assert_eq!(schema_errors(&message.body), Vec::<String>::new());
}

#[test]
fn deletion_that_is_tried_again_is_told_once_a_day_and_once_more_if_something_else_blocks_it() {
    let tried = |time: &str, event: usize, reason: &str| {
        let mut now = with(vec![], time);
        now.notices.push(Notice {
            kind: NoticeKind::DeletionBlocked,
            text: format!("DeleteSubnet by call {event} failed: {reason}"),
            command: None,
            event_id: format!("e-{event}"),
            resource: Resource::new(ResourceKind::Subnet, "subnet-0a1"),
            reason: reason.to_owned(),
        });
        now
    };
    let (mut history, mut told) = (ChangeHistory::default(), Vec::new());
    for minute in 0..60 {
        let time = format!("2026-03-02T12:{minute:02}:00Z");
        let reason = if minute < 40 {
            "vpce-0a1 is in it."
        } else {
            "vpce-0b2 is in it."
        };
        let now = delta(&tried(&time, minute, reason), &history);
        told.extend(now.report.is_some().then_some(minute));
        history = after(&history, &now);
    }
    assert_eq!(told, [0, 40]);
    let next_day = delta(&tried("2026-03-03T12:40:00Z", 60, "vpce-0b2 is in it."), &history);
    assert_eq!(next_day.report.unwrap().notices.len(), 1);
}

fn severe() -> Finding {
    Finding {
        severity: Severity::High,
        ..manual()
    }
}

#[test]
fn a_severe_finding_that_stays_open_is_reported_again_after_the_set_time() {
    let week = Some(SignedDuration::from_hours(7 * 24));
    let first = with(vec![severe()], MONDAY);
    let history = after(&ChangeHistory::default(), &delta(&first, &ChangeHistory::default()));
    let at = |time: &str| with(vec![severe()], time);
    assert_eq!(Delta::of(&at("2026-03-09T11:59:59Z"), &history, week).report, None);
    assert_eq!(Delta::of(&at("2026-03-09T12:00:00Z"), &history, None).report, None);

    let second = Delta::of(&at("2026-03-09T12:00:00Z"), &history, week);
    let report = second.report.clone().unwrap();
    assert_eq!(report.findings[0].open_since, Some(MONDAY.parse().unwrap()));
    let message = Message::report(&report);
    assert!(
        message.subject.contains("reminder, policy-open needs action"),
        "{}",
        message.subject
    );
    assert_ne!(
        report.idempotency_key,
        delta(&first, &ChangeHistory::default()).report.unwrap().idempotency_key
    );
    let history = after(&history, &second);
    assert_eq!(Delta::of(&at("2026-03-12T12:00:00Z"), &history, week).report, None);
    let third = Delta::of(&at("2026-03-16T12:00:00Z"), &history, week).report.unwrap();
    assert_eq!(
        third.findings[0].open_since,
        Some(MONDAY.parse().unwrap()),
        "not since the reminder"
    );
}

#[test]
fn findings_that_are_closed_accepted_or_less_severe_are_not_repeated() {
    let day = Some(SignedDuration::from_hours(24));
    let medium = Finding {
        severity: Severity::Medium,
        ..severe()
    };
    let exempt = Finding {
        exempt: Some(Exempt {
            reason: "agreed".into(),
            expires: None,
        }),
        ..severe()
    };
    for finding in [medium, exempt] {
        let history = after(
            &ChangeHistory::default(),
            &delta(&with(vec![finding.clone()], MONDAY), &ChangeHistory::default()),
        );
        assert_eq!(Delta::of(&with(vec![finding], WEDNESDAY), &history, day).report, None);
    }
    let history = after(
        &ChangeHistory::default(),
        &delta(&repaired(), &ChangeHistory::default()),
    );
    let mut calm = with(vec![], WEDNESDAY);
    calm.findings
        .push(finding("policy-open", fixtures::ENDPOINT, Verdict::Compliant));
    assert_eq!(Delta::of(&calm, &history, day).report, None);
}

#[test]
fn repairs_do_not_hide_that_an_earlier_change_failed() {
    let mut now = repaired();
    let mut lost = record(now.plan.changes[0].change.clone(), "run-0", "2026-03-01T11:00:00Z");
    lost.delivered = false;
    lost.status = ChangeStatus::Failed {
        cause: "UnauthorizedOperation".to_owned(),
    };
    now.earlier = vec![lost];
    let report = news(&now).unwrap();
    assert_eq!(report.outcome, Outcome::Failed);
    let subject = Message::report(&report).subject;
    assert!(
        subject.contains("1 change failed") && !subject.contains("repaired"),
        "{subject}"
    );
}

#[test]
fn exemption_is_announced_once_in_the_week_before_it_ends() {
    let day = Some(SignedDuration::from_hours(24));
    let now: jiff::Timestamp = WEDNESDAY.parse().unwrap();
    let exempt_for = |days: i64, reason: &str| {
        let exempt = Exempt {
            reason: reason.to_owned(),
            expires: Some(now + SignedDuration::from_hours(days * 24)),
        };
        let finding = Finding {
            exempt: Some(exempt),
            ..severe()
        };
        with(vec![finding], WEDNESDAY)
    };
    let first = Delta::of(&exempt_for(8, "Agreed."), &ChangeHistory::default(), day);
    assert_eq!(first.report, None, "it does not end soon");
    let history = after(&ChangeHistory::default(), &first);
    let soon = exempt_for(7, "Agreed.");
    let notice = Delta::of(&soon, &history, day);
    let report = notice.report.clone().unwrap();
    assert_eq!(report.outcome, Outcome::ExemptionEnds);
    let finding = &report.findings[0];
    let Some(crate::published::Remediation::Manual { advice }) = &finding.remediation else {
        panic!("{finding:#?}")
    };
    let end = (now + SignedDuration::from_hours(7 * 24)).strftime("%Y-%m-%d at %H:%M UTC");
    let said = format!(
        "The exemption of {} from {} ends on {end} (Agreed). Then Postern",
        finding.resource.id, finding.control
    );
    assert!(advice.starts_with(&said), "{advice}");
    let history = after(&history, &notice);
    assert_eq!(Delta::of(&soon, &history, day).report, None, "people are told once");
    let extended = Delta::of(&exempt_for(30, "Agreed again."), &history, day);
    assert_eq!(extended.report, None, "an extended exemption is no news");
    let history = after(&history, &extended);
    let again = Delta::of(&exempt_for(7, "Agreed again."), &history, day)
        .report
        .unwrap();
    assert_eq!(again.outcome, Outcome::ExemptionEnds, "its new end is announced, too");
}

#[test]
fn finding_whose_changes_are_held_back_is_reported_again_for_another_reason_and_not_for_other_numbers() {
    let held_back = |reason: &str, time: &str| {
        let mut r = Reconciliation {
            time: time.parse().unwrap(),
            ..fixtures::repaired()
        };
        r.verification.clear();
        for (planned, outcome) in r.plan.changes.iter_mut().zip(&mut r.outcomes) {
            planned.withheld = Some(reason.to_owned());
            *outcome = ChangeOutcome::Skipped { reason: reason.into() };
        }
        r
    };
    let first = held_back("limits.changes_per_run is 5: the remediation needs 2 changes", MONDAY);
    let first = delta(&first, &ChangeHistory::default());
    assert_eq!(first.report.as_ref().unwrap().outcome, Outcome::Refused);
    let history = after(&ChangeHistory::default(), &first);
    let numbers = held_back("limits.changes_per_run is 5: the remediation needs 3 changes", TUESDAY);
    assert_eq!(delta(&numbers, &history).report, None);
    let another = held_back("limits.monthly_cost_total is $5.00", TUESDAY);
    let report = delta(&another, &history).report.unwrap();
    let refused = |report: &Report| {
        let findings = report.findings.iter();
        findings.filter(|finding| finding.outcome == Outcome::Refused).count()
    };
    assert_eq!(refused(&report), refused(&first.report.unwrap()));
}
