//! What is told once, again, or not at all.

use super::*;
use crate::finding::{FindingKey, ResourceKind};
use crate::ledger::{Fate, Past};
use crate::testing::{occasion, record};

/// The past after this news was told.
fn after(past: &Past, news: &News) -> Past {
    let mut past = past.clone();
    for list in news.told.values() {
        let control = |told: &crate::ledger::Told| told.key.control.clone();
        past.told
            .retain(|key, _| list.first().map(control) != Some(key.control.clone()));
        past.told
            .extend(list.iter().map(|told| (told.key.clone(), told.clone())));
    }
    past
}

fn manual() -> Finding {
    Finding {
        remediation: Remediation::Manual("Do it.".to_owned()),
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
    let first = News::of(&with(vec![manual()], MONDAY), &Past::default());
    assert_eq!(first.report.as_ref().unwrap().outcome, Disposition::Manual);
    let past = after(&Past::default(), &first);
    let again = News::of(&with(vec![manual()], TUESDAY), &past);
    assert_eq!((again.report, again.told.len()), (None, 0));

    let other = finding("policy-open", "vpce-0b2", Verdict::NonCompliant);
    let more = News::of(&with(vec![manual(), other], TUESDAY), &past).report.unwrap();
    let ids: Vec<_> = more.findings.iter().map(|f| f.resource.id.as_str()).collect();
    assert_eq!((ids.as_slice(), more.summary.unchanged), (&["vpce-0b2"][..], 1));

    let mut worse = manual();
    worse.explanation = "It is open to more.".to_owned();
    assert!(News::of(&with(vec![worse], TUESDAY), &past).report.is_some());
}

#[test]
fn what_is_not_open_any_more_is_told_once_as_resolved() {
    let past = after(
        &Past::default(),
        &News::of(&with(vec![manual()], MONDAY), &Past::default()),
    );
    let compliant = finding("policy-open", "vpce-0a1", Verdict::Compliant);
    for now in [vec![compliant.clone()], vec![]] {
        let news = News::of(&with(now.clone(), TUESDAY), &past);
        let report = news.report.clone().unwrap();
        assert_eq!((report.outcome, report.findings.len()), (Disposition::Resolved, 1));
        assert!(Message::of(&report).subject.contains("1 resolved"));
        let past = after(&past, &news);
        assert_eq!(News::of(&with(now, WEDNESDAY), &past).report, None);
        let back = News::of(&with(vec![manual()], WEDNESDAY), &past).report.unwrap();
        assert_eq!(back.outcome, Disposition::Manual, "it is back");
    }
}

#[test]
fn what_cannot_be_seen_or_is_not_looked_at_is_not_resolved() {
    let past = after(
        &Past::default(),
        &News::of(&with(vec![manual()], MONDAY), &Past::default()),
    );
    let blind = FindingKey::new("policy-open", ResourceKind::Vpc, fixtures::VPC).indeterminate("A gap.", "Look.");
    let report = News::of(&with(vec![blind], TUESDAY), &past).report.unwrap();
    assert_eq!(report.outcome, Disposition::Indeterminate);
    assert_eq!(report.summary.findings.resolved, 0);
    let mut elsewhere = with(vec![], TUESDAY);
    elsewhere.controls.remove("policy-open");
    assert_eq!(News::of(&elsewhere, &past).report, None);
}

#[test]
fn a_repair_is_told_each_time_it_is_made() {
    let first = News::of(&repaired(), &Past::default());
    let past = after(&Past::default(), &first);
    let mut again = repaired();
    again.time = TUESDAY.parse().unwrap();
    let second = News::of(&again, &past).report.unwrap();
    assert_eq!(second.summary.findings.repaired, 2);
    assert_ne!(second.idempotency_key, first.report.unwrap().idempotency_key);
    let mut calm = with(vec![], WEDNESDAY);
    calm.findings.push(finding(
        "subnet-uncovered",
        "subnet-0c0ffee0c0ffee000",
        Verdict::Compliant,
    ));
    assert_eq!(
        News::of(&calm, &past).report,
        None,
        "what was told as repaired is not told as resolved"
    );
}

#[test]
fn the_same_news_have_the_same_key_whichever_run_tells_them() {
    let key = |r: &Reconciliation, past: &Past| News::of(r, past).report.unwrap().idempotency_key;
    let none = Past::default();
    let first = key(&with(vec![manual()], MONDAY), &none);
    assert_eq!(
        key(&with(vec![manual()], TUESDAY), &none),
        first,
        "it was told but not remembered"
    );
    let mut elsewhere = with(vec![manual()], MONDAY);
    elsewhere.vpc = "vpc-0other".into();
    assert_ne!(key(&elsewhere, &none), first);
    let told = after(&none, &News::of(&with(vec![manual()], MONDAY), &none));
    let resolved = after(&told, &News::of(&with(vec![], TUESDAY), &told));
    assert_ne!(
        key(&with(vec![manual()], WEDNESDAY), &resolved),
        first,
        "its return is news"
    );
}

#[test]
fn a_report_that_proposes_something_else_has_another_key() {
    let key = |r: &Reconciliation| News::of(r, &Past::default()).report.unwrap().idempotency_key;
    let mut fewer = audited();
    fewer.plan.changes.pop();
    fewer.outcomes.pop();
    assert_ne!(key(&fewer), key(&audited()));
    let advised = |advice: &str| {
        let remediation = Remediation::Manual(advice.to_owned());
        let finding = Finding {
            remediation,
            ..manual()
        };
        key(&with(vec![finding], MONDAY))
    };
    assert_ne!(advised("Do it."), advised("Do it so."));
}

#[test]
fn changes_of_a_run_that_died_are_told_by_the_next() {
    let change = repaired().plan.changes.remove(0).change;
    let mut lost = record(change.clone(), "run-0", "2026-03-01T11:00:00Z");
    lost.told = false;
    let open = record(change.clone(), "run-1", "2026-03-01T11:30:00Z").intended();
    let told = record(change, "run-2", "2026-03-01T11:40:00Z");
    let mut now = reconciliation();
    now.earlier = vec![lost.clone(), open, told];
    let news = News::of(&now, &Past::default());
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
    assert_eq!(report.outcome, Disposition::Repaired);
    assert_eq!(schema_errors(&Message::of(&report).body), Vec::<String>::new());
    lost.fate = Fate::Failed {
        cause: "not done".to_owned(),
    };
    now.earlier = vec![lost];
    assert_eq!(Report::of(&now).unwrap().outcome, Disposition::Failed);
}

#[test]
fn records_of_this_run_are_told_with_it_and_named() {
    let mut now = repaired();
    now.ids = [(0, "20260301T120005.000000Z-0a1b2c3d".into())].into();
    let news = News::of(&now, &Past::default());
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
    let contest = crate::ledger::Contest {
        times: 3,
        since: MONDAY.parse().unwrap(),
        undone_by: Some(occasion("ModifyVpcEndpoint", "Terraform/1.9.2\u{1b}")),
        tool: Some(crate::ledger::Tool::Terraform),
        code: Some(crate::ledger::Code {
            terraform: "resource \"aws_vpc\" \"main\" {\n}\n".to_owned(),
            cloudformation: "main:\n  Type: AWS::EC2::VPC\n".to_owned(),
        }),
    };
    let contested = Finding {
        contest: Some(contest),
        ..manual()
    };
    let news = News::of(&with(vec![contested.clone()], MONDAY), &Past::default());
    let report = news.report.clone().unwrap();
    assert_eq!(report.outcome, Disposition::Contested);
    let message = Message::of(&report);
    assert!(message.subject.contains("1 contested"), "{}", message.subject);
    assert_eq!(schema_errors(&message.body), Vec::<String>::new());
    assert_eq!(body(&message).findings[0].contest.as_ref().unwrap().times, 3);
    let past = after(&Past::default(), &news);
    assert_eq!(News::of(&with(vec![contested], TUESDAY), &past).report, None);
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
    assert_eq!((report.outcome, report.severity), (Disposition::Manual, Severity::Low));
    let message = Message::of(&report);
    assert!(message.subject.contains("stands in the way"), "{}", message.subject);
    assert_eq!(schema_errors(&message.body), Vec::<String>::new());
}
