//! What is told once, again, or not at all.

use super::fixtures::{record, triggering_event};
use super::*;
use postern_core::evaluation::{Conclusion, Suppression};
use postern_core::history::FindingStatus;
use postern_core::history::{ChangeHistory, ChangeStatus};
use postern_core::model::finding::{FindingKey, ResourceKind};
use postern_core::model::snapshot::{Gap, Part};
use postern_core::plan::NoticeKind;

/// The past after this news was told.
fn after(history: &ChangeHistory, news: &Delta) -> ChangeHistory {
    let mut history = history.clone();
    for list in news.delivered.values() {
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
fn an_unchanged_finding_is_told_once() {
    let first = Delta::of(&with(vec![manual()], MONDAY), &ChangeHistory::default());
    assert_eq!(first.report.as_ref().unwrap().outcome, FindingStatus::Manual);
    let history = after(&ChangeHistory::default(), &first);
    let again = Delta::of(&with(vec![manual()], TUESDAY), &history);
    assert_eq!((again.report, again.delivered.len()), (None, 0));

    let other = finding("policy-open", "vpce-0b2", Verdict::NonCompliant);
    let more = Delta::of(&with(vec![manual(), other], TUESDAY), &history)
        .report
        .unwrap();
    let ids: Vec<_> = more.findings.iter().map(|f| f.resource.id.as_str()).collect();
    assert_eq!((ids.as_slice(), more.summary.unchanged), (&["vpce-0b2"][..], 1));

    let worse = advised("It is open to more.", "Do it.");
    assert!(Delta::of(&with(vec![worse], TUESDAY), &history).report.is_some());
}

#[test]
fn what_is_not_open_any_more_is_told_once_as_resolved() {
    let history = after(
        &ChangeHistory::default(),
        &Delta::of(&with(vec![manual()], MONDAY), &ChangeHistory::default()),
    );
    let compliant = finding("policy-open", "vpce-0a1", Verdict::Compliant);
    for now in [vec![compliant.clone()], vec![]] {
        let news = Delta::of(&with(now.clone(), TUESDAY), &history);
        let report = news.report.clone().unwrap();
        assert_eq!((report.outcome, report.findings.len()), (FindingStatus::Resolved, 1));
        assert!(Message::of(&report).subject.contains("1 resolved"));
        let history = after(&history, &news);
        assert_eq!(Delta::of(&with(now, WEDNESDAY), &history).report, None);
        let back = Delta::of(&with(vec![manual()], WEDNESDAY), &history).report.unwrap();
        assert_eq!(back.outcome, FindingStatus::Manual, "it is back");
    }
}

#[test]
fn what_cannot_be_seen_or_is_not_looked_at_is_not_resolved() {
    let history = after(
        &ChangeHistory::default(),
        &Delta::of(&with(vec![manual()], MONDAY), &ChangeHistory::default()),
    );
    let blind = Finding {
        key: FindingKey::new("policy-open", ResourceKind::Vpc, fixtures::VPC),
        conclusion: Conclusion::NotEvaluated(Gap {
            part: Part::Endpoints,
            reason: "ec2:DescribeVpcEndpoints was denied".to_owned(),
        }),
        ..manual()
    };
    let report = Delta::of(&with(vec![blind], TUESDAY), &history).report.unwrap();
    assert_eq!(report.outcome, FindingStatus::Indeterminate);
    assert_eq!(report.summary.findings.resolved, 0);
    let mut elsewhere = with(vec![], TUESDAY);
    elsewhere.controls.remove("policy-open");
    assert_eq!(Delta::of(&elsewhere, &history).report, None);
}

#[test]
fn a_repair_is_told_each_time_it_is_made() {
    let first = Delta::of(&repaired(), &ChangeHistory::default());
    let history = after(&ChangeHistory::default(), &first);
    let mut again = repaired();
    again.time = TUESDAY.parse().unwrap();
    let second = Delta::of(&again, &history).report.unwrap();
    assert_eq!(second.summary.findings.repaired, 2);
    assert_ne!(second.idempotency_key, first.report.unwrap().idempotency_key);
    let mut calm = with(vec![], WEDNESDAY);
    calm.findings.push(finding(
        "subnet-uncovered",
        "subnet-0c0ffee0c0ffee000",
        Verdict::Compliant,
    ));
    assert_eq!(
        Delta::of(&calm, &history).report,
        None,
        "what was told as repaired is not told as resolved"
    );
}

#[test]
fn the_same_news_have_the_same_key_whichever_run_tells_them() {
    let key = |r: &Reconciliation, history: &ChangeHistory| Delta::of(r, history).report.unwrap().idempotency_key;
    let none = ChangeHistory::default();
    let first = key(&with(vec![manual()], MONDAY), &none);
    assert_eq!(
        key(&with(vec![manual()], TUESDAY), &none),
        first,
        "it was told but not remembered"
    );
    let mut elsewhere = with(vec![manual()], MONDAY);
    elsewhere.vpc = "vpc-0other".into();
    assert_ne!(key(&elsewhere, &none), first);
    let delivered = after(&none, &Delta::of(&with(vec![manual()], MONDAY), &none));
    let resolved = after(&delivered, &Delta::of(&with(vec![], TUESDAY), &delivered));
    assert_ne!(
        key(&with(vec![manual()], WEDNESDAY), &resolved),
        first,
        "its return is news"
    );
}

#[test]
fn a_report_that_proposes_something_else_has_another_key() {
    let key = |r: &Reconciliation| Delta::of(r, &ChangeHistory::default()).report.unwrap().idempotency_key;
    let mut fewer = audited();
    fewer.plan.changes.pop();
    fewer.outcomes.pop();
    assert_ne!(key(&fewer), key(&audited()));
    let advised = |advice: &str| key(&with(vec![advised("It is open.", advice)], MONDAY));
    assert_ne!(advised("Do it."), advised("Do it so."));
}

#[test]
fn changes_of_a_run_that_died_are_told_by_the_next() {
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
    let news = Delta::of(&now, &ChangeHistory::default());
    let report = news.report.unwrap();
    assert_eq!(news.records, [lost.id.clone()].into());
    let [change] = report.changes.as_slice() else {
        panic!("{:?}", report.changes)
    };
    assert_eq!(
        (change.id.as_ref(), change.run.as_ref()),
        (Some(&lost.id), Some(&lost.run))
    );
    assert!(change.inverse.is_some());
    assert_eq!(report.outcome, FindingStatus::Repaired);
    assert_eq!(schema_errors(&Message::of(&report).body), Vec::<String>::new());
    lost.status = ChangeStatus::NotApplied {
        reason: "DNS support is disabled".to_owned(),
    };
    now.earlier = vec![lost];
    assert_eq!(Report::of(&now).unwrap().outcome, FindingStatus::Failed);
}

#[test]
fn records_of_this_run_are_told_with_it_and_named() {
    let mut now = repaired();
    now.ids = [(0, "20260301T120005.000000Z-0a1b2c3d".into())].into();
    let news = Delta::of(&now, &ChangeHistory::default());
    assert_eq!(news.records.len(), 1);
    let ids: Vec<_> = news
        .report
        .unwrap()
        .changes
        .into_iter()
        .map(|change| change.id)
        .collect();
    assert_eq!(ids, [now.ids.get(&0).cloned(), None]);
}

#[test]
fn a_contested_finding_is_told_once_with_the_code() {
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
    let contested = Finding {
        suppression: Some(Suppression::Conflict(conflict)),
        ..manual()
    };
    let news = Delta::of(&with(vec![contested.clone()], MONDAY), &ChangeHistory::default());
    let report = news.report.clone().unwrap();
    assert_eq!(report.outcome, FindingStatus::Contested);
    let message = Message::of(&report);
    assert!(message.subject.contains("1 contested"), "{}", message.subject);
    assert_eq!(schema_errors(&message.body), Vec::<String>::new());
    assert_eq!(body(&message).findings[0].conflict.as_ref().unwrap().times, 3);
    let history = after(&ChangeHistory::default(), &news);
    assert_eq!(Delta::of(&with(vec![contested], TUESDAY), &history).report, None);
}

#[test]
fn a_notice_is_reason_enough_for_a_report() {
    let mut now = reconciliation();
    now.notices.push(Notice {
        kind: NoticeKind::DeletionBlocked,
        text: "DeleteSubnet failed.".to_owned(),
        command: Some("postern release subnet-0a1".to_owned()),
        event_id: "e-1".to_owned(),
    });
    let report = Report::of(&now).unwrap();
    assert_eq!(
        (report.outcome, report.severity),
        (FindingStatus::Manual, Severity::Low)
    );
    let message = Message::of(&report);
    assert!(message.subject.contains("stands in the way"), "{}", message.subject);
    assert_eq!(schema_errors(&message.body), Vec::<String>::new());
}
