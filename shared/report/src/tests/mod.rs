mod alerts;
pub(crate) mod audit;
mod delta;
mod drawings;
mod fixtures;
mod golden;
mod hostile;
mod laws;
mod page;
mod samples;
mod worlds;

use std::path::Path;

use super::*;
use crate::published::{self, Contents, Outcome, Report, schema};
use fixtures::{audited, body, finding, reconciliation, schema_errors};
pub(crate) use fixtures::{news, repaired};
pub(crate) use golden::golden;
use postern_core::changes::{Change, ChangeOutcome, EnablePrivateDns};
use postern_core::evaluation::{Exempt, Finding, Remediation};
use postern_core::model::cost::MonthlyCost;
use postern_core::model::finding::{Severity, Verdict};
use postern_core::model::scope::ScopedResource;
use postern_core::settings::Mode;

#[test]
fn a_complete_report_has_every_evaluation_and_a_delta_has_the_problems() {
    let complete = Report::of(&repaired());
    assert_eq!((complete.contents, complete.findings.len()), (Contents::Complete, 6));
    let quiet: Vec<_> = complete
        .findings
        .iter()
        .skip(2)
        .map(|finding| finding.outcome)
        .collect();
    assert_eq!(
        quiet,
        [
            Outcome::Exempt,
            Outcome::NotApplicable,
            Outcome::Compliant,
            Outcome::Compliant
        ]
    );
    assert_eq!(schema_errors(&json::render(&complete)), Vec::<String>::new());
    let new = news(&repaired()).unwrap();
    assert_eq!((new.contents, new.findings.len()), (Contents::New, 3));
    assert_eq!(new.findings[..], complete.findings[..3]);
}

#[test]
fn a_compliant_scope_has_a_complete_report_and_no_delta() {
    let mut compliant = reconciliation();
    compliant
        .findings
        .push(finding("policy-open", "vpce-0a1", Verdict::Compliant));
    let report = Report::of(&compliant);
    assert_eq!((report.outcome, report.findings.len()), (Outcome::Compliant, 1));
    assert_eq!(news(&compliant), None);
}

#[test]
fn findings_name_the_resource_its_name_and_its_service() {
    let report = news(&repaired()).unwrap();
    let open = &report.findings[0];
    assert_eq!(open.resource.id, fixtures::ENDPOINT);
    assert_eq!(open.resource.name.as_deref(), Some("payments-s3"));
    assert_eq!(open.service.as_deref(), Some("com.amazonaws.eu-central-1.s3"));
    assert_eq!(report.scope.resource.name.as_deref(), Some("payments-prod"));
}

/// Private DNS follows on the DNS attributes of the VPC, and its class is audited while the control is enforced.
#[test]
fn finding_whose_own_change_is_only_audited_is_not_pending() {
    let mut reconciliation = reconciliation();
    let mut first = finding("private-dns-disabled", fixtures::ENDPOINT, Verdict::NonCompliant);
    first.mode = Mode::Enforce;
    first.conclusion = fixtures::non_compliant("Off.", Remediation::Manual("Enable DNS support first.".into()));
    let change = Change::EnablePrivateDns(EnablePrivateDns {
        endpoint: fixtures::ENDPOINT.into(),
    });
    reconciliation.plan.changes = vec![fixtures::planned(&change, &first.key, Mode::Audit, 0.0)];
    reconciliation.outcomes = vec![ChangeOutcome::Skipped {
        reason: "audit mode".into(),
    }];
    reconciliation.findings = vec![first];
    assert_eq!(Report::of(&reconciliation).findings[0].outcome, Outcome::Audit);
}

#[test]
fn nothing_is_reported_unless_somebody_has_to_know() {
    let compliant = finding("policy-open", "vpce-0a1", Verdict::Compliant);
    let not_applicable = finding("vpc-dns-disabled", "vpc-0a1", Verdict::NotApplicable);
    let exempt = Finding {
        exempt: Some(Exempt {
            reason: "agreed".into(),
            expires: None,
        }),
        ..finding("policy-open", "vpce-0a2", Verdict::NonCompliant)
    };
    let undecided = finding("policy-open", "vpce-0a3", Verdict::Indeterminate);
    let open = finding("policy-open", "vpce-0a4", Verdict::NonCompliant);

    let tells = |findings: &[&Finding]| {
        let findings = findings.iter().map(|f| (*f).clone()).collect();
        news(&Reconciliation {
            findings,
            ..reconciliation()
        })
        .map(|report| report.findings.len())
    };
    assert_eq!(tells(&[]), None);
    assert_eq!(tells(&[&compliant, &not_applicable]), None);
    assert_eq!(tells(&[&compliant, &exempt]), None);
    assert_eq!(tells(&[&compliant, &undecided]), Some(1));
    assert_eq!(tells(&[&not_applicable, &open, &exempt]), Some(2));
}

#[test]
fn an_exempt_finding_neither_raises_the_outcome_nor_is_an_attribute() {
    let mut reconciliation = audited();
    reconciliation.findings.push(Finding {
        severity: Severity::Critical,
        exempt: Some(Exempt {
            reason: "agreed".into(),
            expires: None,
        }),
        ..finding("policy-open", "vpce-0a2", Verdict::NonCompliant)
    });
    let report = news(&reconciliation).unwrap();
    assert_eq!(report.outcome, Outcome::Audit);
    assert_eq!(report.severity, published::Severity::High);
    assert_eq!(report.findings.last().unwrap().outcome, Outcome::Exempt);
    let message = Message::report(&report);
    assert_eq!(attribute(&message, "control"), r#"["endpoint-missing"]"#);
}

fn attribute(message: &Message, name: &str) -> String {
    let (_, value) = message.attributes.iter().find(|(n, _)| *n == name).unwrap();
    value.text()
}

#[test]
fn attributes_are_few_and_typed_for_filter_policies() {
    let message = Message::report(&news(&repaired()).unwrap());
    let attributes: Vec<_> = message
        .attributes
        .iter()
        .map(|(name, value)| (*name, value.data_type(), value.text()))
        .collect();
    assert_eq!(
        attributes,
        [
            ("severity", "String", "critical".to_owned()),
            (
                "control",
                "String.Array",
                r#"["policy-open","subnet-uncovered"]"#.to_owned()
            ),
            ("outcome", "String", "repaired".to_owned()),
            ("account", "String", "111122223333".to_owned()),
            ("region", "String", "eu-central-1".to_owned()),
        ]
    );
}

#[test]
fn finding_whose_changes_a_limit_withholds_is_refused_and_others_are_not() {
    let mut reconciliation = repaired();
    let reason = "limits.monthly_cost_per_vpc is $5.00: the remediation adds $8.76 a month";
    let paid = reconciliation
        .plan
        .changes
        .iter()
        .position(|planned| planned.monthly_cost > Some(MonthlyCost::ZERO))
        .unwrap();
    let causes = reconciliation.plan.changes[paid].causes.clone();
    reconciliation.plan.changes[paid].withheld = Some(reason.into());
    reconciliation.outcomes[paid] = ChangeOutcome::Skipped { reason: reason.into() };
    reconciliation.verification.retain(|key, _| !causes.contains(key));
    let report = news(&reconciliation).unwrap();
    assert_eq!(report.plan.refused, None);
    let refused: Vec<_> = report
        .findings
        .iter()
        .filter(|f| f.outcome == Outcome::Refused)
        .collect();
    assert_eq!(refused.len(), causes.len());
    assert!(report.findings.iter().any(|f| f.outcome == Outcome::Repaired));
}

#[test]
fn a_refused_plan_says_why_and_that_nothing_was_applied() {
    let mut reconciliation = repaired();
    let reason = "the plan adds $8.76 a month, the limit per VPC is $5.00 (limits.monthly_cost_per_vpc)";
    reconciliation.plan.refused = Some(reason.into());
    reconciliation.verification.clear();
    for outcome in &mut reconciliation.outcomes {
        *outcome = ChangeOutcome::Skipped { reason: reason.into() };
    }
    let report = news(&reconciliation).unwrap();
    assert_eq!(report.outcome, Outcome::Refused);
    assert_eq!(report.plan.refused.as_deref(), Some(reason));
    assert!(report.changes.iter().all(|change| change.inverse.is_none()));
    assert_eq!(
        Message::report(&report).subject,
        "[Postern] CRITICAL vpc-0f1e2d3c4b5a69788 (eu-central-1): 2 repairs refused"
    );
}

#[test]
fn a_finding_remediated_by_changes_for_another_shares_their_outcome() {
    let mut reconciliation = repaired();
    reconciliation.verification.clear();
    for planned in &mut reconciliation.plan.changes {
        planned.causes.retain(|key| key.control != "subnet-uncovered");
    }
    let report = news(&reconciliation).unwrap();
    let covered = report
        .findings
        .iter()
        .find(|f| f.control == "subnet-uncovered")
        .unwrap();
    assert_eq!(covered.outcome, Outcome::Pending);
    assert_eq!(
        covered.remediation,
        Some(published::Remediation::Automatic { changes: vec![] })
    );

    reconciliation.outcomes[1] = ChangeOutcome::Failed {
        cause: "throttled".into(),
        transient: true,
    };
    let report = news(&reconciliation).unwrap();
    assert!(
        report
            .findings
            .iter()
            .all(|f| f.outcome == Outcome::Failed || f.exempt.is_some())
    );
}

#[test]
fn a_finding_that_only_an_earlier_change_makes_remediable_is_reported_as_repaired() {
    let mut reconciliation = repaired();
    let own = |r: &Reconciliation| {
        r.findings
            .iter()
            .position(|f| f.key.control == "subnet-uncovered")
            .unwrap()
    };
    let at = own(&reconciliation);
    let before = news(&reconciliation).unwrap();
    let explanation = reconciliation.findings[at].explanation().into_owned();
    reconciliation.findings[at].conclusion =
        fixtures::non_compliant(&explanation, Remediation::Manual("Enable DNS first.".into()));
    assert_eq!(news(&reconciliation), Some(before));

    let key = reconciliation.findings[at].key.clone();
    for planned in &mut reconciliation.plan.changes {
        planned.causes.remove(&key);
    }
    let report = news(&reconciliation).unwrap();
    assert_eq!(report.outcome, Outcome::Manual);
}

#[test]
fn foreign_text_cannot_break_out_of_its_line() {
    let mut reconciliation = repaired();
    reconciliation.scope.resource = ScopedResource::Vpc("vpc-1\r\nBcc: x@example.com".into());
    reconciliation.triggering_events[0].actor.as_mut().unwrap().user_agent = Some("curl\u{202e}\n\u{1b}[2J".into());
    reconciliation.findings[0].conclusion =
        fixtures::non_compliant("tag\u{0} = \u{200f}x", Remediation::Manual("Look at it.".into()));
    let message = Message::report(&news(&reconciliation).unwrap());
    assert_eq!(
        message.subject,
        r"[Postern] CRITICAL vpc-1\r\nBcc: x@example.com (eu-central-1): 2 repaired"
    );
    assert!(message.body.contains(r#""curl\\u{202e}\\n\\u{1b}[2J""#));
    assert!(message.body.contains(r#""tag\\0 = \\u{200f}x""#));
}

#[test]
fn a_report_that_is_too_large_loses_details_then_the_least_severe_findings() {
    let mut reconciliation = repaired();
    for n in 0..300 {
        reconciliation.findings.push(Finding {
            severity: if n % 2 == 0 { Severity::High } else { Severity::Low },
            mode: Mode::Audit,
            conclusion: fixtures::non_compliant(
                &"Nothing but words. ".repeat(60),
                Remediation::Manual("Look at it.".into()),
            ),
            ..finding("endpoint-missing", &format!("vpc-{n}"), Verdict::NonCompliant)
        });
    }
    let report = news(&reconciliation).unwrap();
    let message = Message::report(&report);
    let sent = body(&message);
    let truncated = sent.truncated.clone().unwrap();

    assert!(message.size() <= MESSAGE_LIMIT && message.size() > MESSAGE_LIMIT - 2_000);
    assert_eq!(sent.findings[..], report.findings[..sent.findings.len()]);
    assert_eq!(truncated.findings_left_out, report.findings.len() - sent.findings.len());
    assert!(
        sent.findings
            .iter()
            .filter(|f| f.severity >= published::Severity::High)
            .count()
            > 150
    );
    assert_eq!((truncated.changes_left_out, truncated.changes_without_details), (0, 2));
    assert_eq!(sent.summary, report.summary);
    assert_eq!(schema_errors(&message.body), Vec::<String>::new());
}

#[test]
fn one_enormous_text_is_shortened_and_the_rest_stays() {
    let mut reconciliation = repaired();
    reconciliation.findings[0].conclusion =
        fixtures::non_compliant(&"→".repeat(200_000), Remediation::Manual("Look at it.".into()));
    let report = news(&reconciliation).unwrap();
    let message = Message::report(&report);
    let sent = body(&message);
    let truncated = sent.truncated.clone().unwrap();
    assert_eq!((truncated.texts_shortened, truncated.changes_without_details), (1, 0));
    assert_eq!(sent.changes, report.changes);
    let explanation = &sent
        .findings
        .iter()
        .find(|f| f.explanation.starts_with('→'))
        .unwrap()
        .explanation;
    assert!(explanation.ends_with("→… (596001 bytes cut)"), "{explanation}");
}

#[test]
fn whatever_the_limit_the_body_keeps_it() {
    let report = news(&repaired()).unwrap();
    let compact = serde_json::to_string(&report).unwrap();
    let indented = json::render(&report);
    assert_eq!(json::render_within(&report, indented.len()), indented);
    assert_eq!(json::render_within(&report, indented.len() - 1), compact);
    assert_eq!(json::render_within(&report, compact.len()), compact);
    for limit in 3_000..compact.len() {
        let cut = json::render_within(&report, limit);
        assert!(cut.len() <= limit, "{} of {limit} bytes", cut.len());
        assert!(serde_json::from_str::<Report>(&cut).unwrap().truncated.is_some());
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the file is what is tested")]
fn the_published_schemas_are_current_and_have_closed_objects() {
    for (file, schema) in [
        ("report.schema.json", schema()),
        ("audit.schema.json", crate::audit::schema()),
    ] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas").join(file);
        let schema = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        if std::env::var_os("GENERATE").is_some() {
            std::fs::write(&path, &schema).unwrap();
        }
        let published = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(published, schema, "`{file}` is not current: run `make generate`");
    }

    let mut report = serde_json::to_value(news(&repaired()).unwrap()).unwrap();
    assert_eq!(schema_errors(&report.to_string()), Vec::<String>::new());
    for scope in [
        "",
        "/triggering_events/0/actor",
        "/changes/0",
        "/changes/0/inverse",
        "/findings/0/resource",
        "/scope",
    ] {
        let mut odd = report.clone();
        let object = odd.pointer_mut(scope).unwrap().as_object_mut().unwrap();
        object.insert("unheard_of".into(), true.into());
        assert_ne!(schema_errors(&odd.to_string()), Vec::<String>::new(), "{scope}");
    }
    report["schema"] = "postern.report/1".into();
    assert_ne!(schema_errors(&report.to_string()), Vec::<String>::new());
}
