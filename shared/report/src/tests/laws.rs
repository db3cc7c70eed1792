//! What holds of every report, however odd its content.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::fixtures::{body, news, reconciliation, repaired, schema_errors};
use crate::published::{self, Report};
use crate::*;
use postern_core::changes::{
    AddSubnet, Change, ChangeOutcome, CreateManagedGroup, DnsAttribute, EnableVpcDns, ReplacePolicy,
};
use postern_core::controls::CONTROLS;
use postern_core::evaluation::{Conclusion, Control, Exempt, Finding, Remediation};
use postern_core::model::cost::MonthlyCost;
use postern_core::model::finding::{FindingKey, Resource, ResourceKind, Severity, Verdict};
use postern_core::model::scope::Scope;
use postern_core::model::text::printable;
use postern_core::plan::{Plan, PlannedChange};
use postern_core::settings::Mode;
use postern_core::trigger::{Actor, TriggeringEvent};

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        20 => "[ -~]{0,60}",
        8 => vec(any::<char>(), 0..30).prop_map(String::from_iter),
        4 => "[\\x00-\\x1f\\x7f-\\x9f\u{200b}-\u{200f}\u{202a}-\u{202e}\u{2066}-\u{2069}\u{301}\"\\\\]{0,20}",
        2 => "[a-zé→\"\\\\\u{202e}\n]{300,6000}",
    ]
}

/// Text that may be of any size.
fn long_text() -> impl Strategy<Value = String> {
    prop_oneof![
        300 => text(),
        1 => (any::<char>(), 0..50_000_usize).prop_map(|(c, count)| c.to_string().repeat(count)),
    ]
}

fn control() -> impl Strategy<Value = String> {
    let names: Vec<_> = CONTROLS
        .iter()
        .map(|control: &&Control| control.name.to_owned())
        .collect();
    prop_oneof![9 => select(names), 1 => text()]
}

fn key() -> impl Strategy<Value = FindingKey> {
    let kinds = [
        ResourceKind::Vpc,
        ResourceKind::Subnet,
        ResourceKind::RouteTable,
        ResourceKind::Endpoint,
    ];
    (control(), select(kinds.to_vec()), text(), option::of(text())).prop_map(|(control, kind, id, service)| {
        FindingKey {
            control,
            resource: Resource { kind, id },
            service,
            endpoint_kind: None,
        }
    })
}

fn finding() -> impl Strategy<Value = Finding> {
    let verdicts = [
        Verdict::Compliant,
        Verdict::NonCompliant,
        Verdict::NonCompliant,
        Verdict::NonCompliant,
        Verdict::NotApplicable,
        Verdict::Indeterminate,
    ];
    let severities = [Severity::Low, Severity::Medium, Severity::High, Severity::Critical];
    let remediation = prop_oneof![
        // Which changes these are the report learns from the plan.
        Just(Remediation::Automatic(Vec::new())),
        long_text().prop_map(Remediation::Manual),
    ];
    let exempt = option::weighted(0.1, text()).prop_map(|reason| reason.map(|reason| Exempt { reason, expires: None }));
    (
        key(),
        select(verdicts.to_vec()),
        select(severities.to_vec()),
        mode(),
        exempt,
        long_text(),
        remediation,
    )
        .prop_map(
            |(key, verdict, severity, mode, exempt, explanation, remediation)| Finding {
                key,
                name: Some(explanation.chars().take(256).collect()),
                service: None,
                severity,
                mode,
                exempt: exempt.filter(|_| verdict == Verdict::NonCompliant),
                suppression: None,
                conclusion: match verdict {
                    Verdict::Compliant => Conclusion::Compliant { explanation },
                    Verdict::NotApplicable => Conclusion::NotApplicable { explanation },
                    Verdict::NonCompliant => Conclusion::NonCompliant {
                        explanation,
                        remediation,
                    },
                    Verdict::Indeterminate => Conclusion::Indeterminate {
                        explanation,
                        advice: "Look at it.".to_owned(),
                    },
                },
            },
        )
}

fn mode() -> impl Strategy<Value = Mode> {
    select(&[Mode::Audit, Mode::Enforce][..])
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        text().prop_map(|vpc| Change::EnableVpcDns(EnableVpcDns {
            vpc: vpc.into(),
            attribute: DnsAttribute::Support
        })),
        text().prop_map(|vpc| Change::CreateManagedGroup(CreateManagedGroup::for_ingress(vpc.into()))),
        (text(), text(), text()).prop_map(|(endpoint, subnet, zone)| Change::AddSubnet(AddSubnet {
            endpoint: endpoint.into(),
            subnet: subnet.into(),
            zone: zone.into(),
        })),
        (text(), long_text(), long_text()).prop_map(|(endpoint, before, after)| Change::ReplacePolicy(ReplacePolicy {
            endpoint: endpoint.into(),
            before,
            after,
        })),
    ]
}

fn outcome() -> impl Strategy<Value = ChangeOutcome> {
    prop_oneof![
        option::of(text()).prop_map(|created| ChangeOutcome::Applied { created }),
        text().prop_map(|reason| ChangeOutcome::NotNeeded { reason }),
        text().prop_map(|reason| ChangeOutcome::Skipped { reason }),
        (long_text(), any::<bool>()).prop_map(|(cause, transient)| ChangeOutcome::Failed { cause, transient }),
    ]
}

fn verification() -> impl Strategy<Value = Verification> {
    prop_oneof![
        Just(Verification::Verified),
        text().prop_map(|reason| Verification::Pending { reason }),
        text().prop_map(|reason| Verification::Unremedied { reason }),
    ]
}

fn triggering_event() -> impl Strategy<Value = TriggeringEvent> {
    (text(), text(), option::of((long_text(), vec(option::of(text()), 4)))).prop_map(|(event, event_id, actor)| {
        let actor = actor.map(|(identity, more)| Actor {
            identity,
            identity_type: more[0].clone(),
            user_agent: more[1].clone(),
            source_address: more[2].clone(),
            invoked_by: more[3].clone(),
        });
        TriggeringEvent {
            event,
            event_id,
            time: None,
            actor,
            failure: None,
        }
    })
}

fn arbitrary() -> impl Strategy<Value = Reconciliation> {
    let findings = prop_oneof![3 => vec(finding(), 0..12), 1 => vec(finding(), 100..300)].prop_map(|mut findings| {
        // What is said of one key is one finding.
        let mut keys = BTreeSet::new();
        findings.retain(|finding| keys.insert(finding.key.clone()));
        findings
    });
    let changes = vec(
        (change(), mode(), 0..1_000_000_u32, vec(any::<Index>(), 0..5), outcome()),
        0..40,
    );
    let verification = vec((any::<Index>(), verification()), 0..20);
    let names = (text(), long_text(), text(), text(), long_text());
    let triggering_events = prop_oneof![9 => vec(triggering_event(), 0..5), 1 => vec(triggering_event(), 0..200)];
    (
        names,
        triggering_events,
        findings,
        changes,
        verification,
        option::weighted(0.2, long_text()),
    )
        .prop_map(|(names, triggering_events, findings, changes, verification, refused)| {
            let cause = |index: &Index| (!findings.is_empty()).then(|| index.get(&findings).key.clone());
            let (planned, outcomes) = changes
                .into_iter()
                .map(|(change, mode, cents, causes, outcome)| {
                    let planned = PlannedChange {
                        change,
                        causes: causes.iter().filter_map(cause).collect(),
                        mode,
                        monthly_cost: (cents % 5 > 0).then(|| MonthlyCost::from_dollars(f64::from(cents) / 100.0)),
                        idle: None,
                        withheld: None,
                    };
                    (planned, outcome)
                })
                .unzip();
            let verification = verification
                .into_iter()
                .filter_map(|(index, v)| Some((cause(&index)?, v)));
            Reconciliation {
                run: names.0.into(),
                function: names.1.clone(),
                name: Some(names.1.clone()),
                scope: Scope::vpc(&names.2.into(), &names.3.into(), &names.4.into()),
                triggering_events,
                verification: verification.collect(),
                findings,
                plan: Plan {
                    changes: planned,
                    refused,
                },
                outcomes,
                controls: BTreeMap::new(),
                ids: BTreeMap::new(),
                earlier: Vec::new(),
                notices: Vec::new(),
                ..reconciliation()
            }
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_message_can_be_sent_and_read(reconciliation in arbitrary()) {
        let Some(report) = news(&reconciliation) else {
            let done = |outcome: &ChangeOutcome| matches!(outcome, ChangeOutcome::Applied { .. } | ChangeOutcome::Failed { .. });
            let changes = reconciliation.plan.changes.iter().zip(&reconciliation.outcomes);
            prop_assert!(!changes.into_iter().any(|(c, o)| c.mode == Mode::Enforce && done(o)));
            let reported = |f: &Finding| f.open() || f.verdict() == Verdict::Indeterminate;
            prop_assert!(!reconciliation.findings.iter().any(reported));
            return Ok(());
        };
        let message = Message::report(&report);

        prop_assert!(message.size() <= MESSAGE_LIMIT);
        prop_assert!(message.subject.len() <= SUBJECT_LIMIT);
        prop_assert!(message.subject.starts_with("[Postern] "));
        prop_assert!(message.subject.bytes().all(|b| (b' '..=b'~').contains(&b)));
        for line in message.body.lines() {
            prop_assert_eq!(printable(line), line);
        }
        prop_assert_eq!(schema_errors(&message.body), Vec::<String>::new());

        let mut sent = body(&message);
        let Some(truncated) = sent.truncated.take() else {
            prop_assert_eq!(sent, report);
            return Ok(());
        };
        prop_assert_eq!(sent.summary, report.summary);
        prop_assert_eq!(&sent.plan.monthly_cost, &report.plan.monthly_cost);
        prop_assert_eq!(sent.findings.len() + truncated.findings_left_out, report.findings.len());
        prop_assert_eq!(sent.changes.len() + truncated.changes_left_out, report.changes.len());
        prop_assert_eq!(sent.triggering_events.len() + truncated.triggering_events_left_out, report.triggering_events.len());
        let lost = |(sent, whole): (&published::Change, &published::Change)| sent.causes.len() < whole.causes.len() || sent.change.is_none();
        let without_details = sent.changes.iter().zip(&report.changes).filter(|pair| lost(*pair)).count();
        prop_assert!(without_details <= truncated.changes_without_details);
        for (sent, whole) in sent.findings.iter().zip(&report.findings) {
            prop_assert_eq!((sent.severity, sent.outcome, sent.verdict), (whole.severity, whole.outcome, whole.verdict));
        }
        if truncated.texts_shortened == 0 {
            prop_assert_eq!(&sent.findings[..], &report.findings[..sent.findings.len()]);
        }
    }

    #[test]
    fn equal_input_gives_equal_output_in_any_order(
        reconciliation in arbitrary(),
        by in any::<Index>(),
    ) {
        let message = |r: &Reconciliation| news(r).map(|report| (Message::report(&report), Message::alert(&report)));
        let first = message(&reconciliation);
        prop_assert_eq!(&message(&reconciliation.clone()), &first);

        let mut turned = reconciliation;
        if !turned.findings.is_empty() {
            let by = by.index(turned.findings.len());
            turned.findings.rotate_left(by);
        }
        prop_assert_eq!(&message(&turned), &first);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_alert_is_short_and_harmless(reconciliations in vec(arbitrary(), 1..5)) {
        let reports: Vec<Report> = reconciliations.iter().filter_map(news).collect();
        let single: Vec<_> = reports.iter().map(Message::alert).collect();
        for alert in single.into_iter().chain(alerts(&reports)) {
            prop_assert!(alert.subject.len() <= SUBJECT_LIMIT);
            prop_assert!(alert.subject.bytes().all(|b| (b' '..=b'~').contains(&b)));
            prop_assert!(alert.body.lines().count() <= 56, "{}", alert.body);
            prop_assert!(!alert.body.contains(['<', '>']), "{}", alert.body);
            for line in alert.body.lines() {
                prop_assert_eq!(printable(line), line);
                let link = line.starts_with("  https://") || line.starts_with("  postern ");
                prop_assert!(link || !line.contains("://"), "{}", line);
            }
        }
    }
}

#[test]
fn a_limit_that_leaves_room_for_little_is_kept_as_well() {
    let report = news(&repaired()).unwrap();
    let message = Message::report_within(&report, 3_000);
    assert!(message.size() <= 3_000);
    assert!(body(&message).truncated.is_some());
}
