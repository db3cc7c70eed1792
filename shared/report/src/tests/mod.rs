mod delta;
mod fixtures;
mod laws;

use std::path::Path;

use super::*;
use fixtures::{audited, body, finding, reconciliation, repaired, schema_errors};
use postern_core::evaluation::{Exempt, Remediation};
use postern_core::history::FindingStatus;
use postern_core::model::finding::{Severity, Verdict};
use postern_core::settings::Mode;

fn pretty(report: &Report) -> String {
    serde_json::to_string_pretty(report).unwrap()
}

#[test]
fn a_repaired_vpc_is_told_whole() {
    let report = Report::of(&repaired()).unwrap();
    insta::assert_snapshot!(pretty(&report), @r##"
    {
      "schema": "postern.report/1",
      "outcome": "repaired",
      "severity": "critical",
      "account": "111122223333",
      "region": "eu-central-1",
      "vpc": "vpc-0f1e2d3c4b5a69788",
      "console": "https://eu-central-1.console.aws.amazon.com/vpcconsole/home?region=eu-central-1#VpcDetails:VpcId=vpc-0f1e2d3c4b5a69788",
      "time": "2026-03-01T12:00:05Z",
      "function": "subnet-inspector",
      "run": "20260301T120000Z-7f3a",
      "idempotency_key": "e7a139873e2fcf0c1a33dfc7112f41a39cb7e720ecd9183b2eed5a056c11a44e",
      "occasions": [
        {
          "event": "CreateSubnet",
          "event_id": "11111111-2222-3333-4444-555555555555",
          "time": "2026-03-01T11:59:58Z",
          "actor": {
            "identity": "arn:aws:sts::111122223333:assumed-role/deploy/ci",
            "identity_type": "AssumedRole",
            "user_agent": "Terraform/1.9.0",
            "source_address": "192.0.2.10"
          }
        }
      ],
      "summary": {
        "compliant": 2,
        "not_applicable": 1,
        "unchanged": 0,
        "findings": {
          "failed": 0,
          "refused": 0,
          "contested": 0,
          "manual": 0,
          "indeterminate": 0,
          "pending": 0,
          "audit": 0,
          "repaired": 2,
          "resolved": 0,
          "exempt": 1
        },
        "changes": {
          "applied": 2,
          "not_needed": 0,
          "skipped": 0,
          "failed": 0
        }
      },
      "plan": {
        "monthly_cost": 8.76,
        "audit_monthly_cost": 0.0
      },
      "findings": [
        {
          "control": "policy-open",
          "severity": "critical",
          "mode": "enforce",
          "verdict": "non-compliant",
          "outcome": "repaired",
          "resource": {
            "kind": "endpoint",
            "id": "vpce-0a1b2c3d4e5f60718"
          },
          "explanation": "The policy allows everything to everybody.",
          "remediation": {
            "kind": "automatic",
            "changes": [
              1
            ]
          },
          "verification": {
            "state": "verified"
          },
          "console": "https://eu-central-1.console.aws.amazon.com/vpcconsole/home?region=eu-central-1#EndpointDetails:vpcEndpointId=vpce-0a1b2c3d4e5f60718"
        },
        {
          "control": "subnet-uncovered",
          "severity": "high",
          "mode": "enforce",
          "verdict": "non-compliant",
          "outcome": "repaired",
          "resource": {
            "kind": "subnet",
            "id": "subnet-0c0ffee0c0ffee000"
          },
          "service": "com.amazonaws.eu-central-1.sts",
          "explanation": "No subnet of zone eu-central-1b is in vpce-0a1b2c3d4e5f60718, so calls from there cross zones.",
          "remediation": {
            "kind": "automatic",
            "changes": [
              0
            ]
          },
          "verification": {
            "state": "verified"
          },
          "console": "https://eu-central-1.console.aws.amazon.com/vpcconsole/home?region=eu-central-1#SubnetDetails:subnetId=subnet-0c0ffee0c0ffee000"
        },
        {
          "control": "gateway-route-missing",
          "severity": "medium",
          "mode": "enforce",
          "verdict": "non-compliant",
          "outcome": "exempt",
          "resource": {
            "kind": "route-table",
            "id": "rtb-0badcafe0badcafe0"
          },
          "explanation": "Subnets of this route table reach S3 over the internet.",
          "exempt": {
            "reason": "Migration until May, ticket NET-12",
            "expires": "2026-05-01T00:00:00Z"
          },
          "remediation": {
            "kind": "manual",
            "advice": "Associate the route table."
          },
          "console": "https://eu-central-1.console.aws.amazon.com/vpcconsole/home?region=eu-central-1#RouteTableDetails:RouteTableId=rtb-0badcafe0badcafe0"
        }
      ],
      "changes": [
        {
          "text": "add subnet-0c0ffee0c0ffee000 (eu-central-1b) to vpce-0a1b2c3d4e5f60718",
          "mode": "enforce",
          "effect": "additive",
          "monthly_cost": 8.76,
          "outcome": {
            "result": "applied"
          },
          "change": {
            "kind": "add-subnet",
            "endpoint": "vpce-0a1b2c3d4e5f60718",
            "subnet": "subnet-0c0ffee0c0ffee000",
            "zone": "eu-central-1b"
          },
          "causes": [
            {
              "control": "subnet-uncovered",
              "resource": {
                "kind": "subnet",
                "id": "subnet-0c0ffee0c0ffee000"
              },
              "service": "com.amazonaws.eu-central-1.sts"
            }
          ],
          "inverse": {
            "change": {
              "kind": "remove-subnet",
              "endpoint": "vpce-0a1b2c3d4e5f60718",
              "subnet": "subnet-0c0ffee0c0ffee000"
            },
            "command": "aws ec2 modify-vpc-endpoint --vpc-endpoint-id vpce-0a1b2c3d4e5f60718 --remove-subnet-ids subnet-0c0ffee0c0ffee000 --region eu-central-1"
          }
        },
        {
          "text": "replace the policy of vpce-0a1b2c3d4e5f60718",
          "mode": "enforce",
          "effect": "restrictive",
          "monthly_cost": 0.0,
          "outcome": {
            "result": "applied"
          },
          "change": {
            "kind": "replace-policy",
            "endpoint": "vpce-0a1b2c3d4e5f60718",
            "before": "{  \"Statement\": [{\"Effect\": \"Allow\", \"Principal\": \"*\", \"Action\": \"*\", \"Resource\": \"*\"}] }",
            "after": "{\"Statement\":[]}"
          },
          "causes": [
            {
              "control": "policy-open",
              "resource": {
                "kind": "endpoint",
                "id": "vpce-0a1b2c3d4e5f60718"
              }
            }
          ],
          "inverse": {
            "change": {
              "kind": "restore-policy",
              "endpoint": "vpce-0a1b2c3d4e5f60718",
              "policy": "{  \"Statement\": [{\"Effect\": \"Allow\", \"Principal\": \"*\", \"Action\": \"*\", \"Resource\": \"*\"}] }"
            },
            "command": "aws ec2 modify-vpc-endpoint --vpc-endpoint-id vpce-0a1b2c3d4e5f60718 --policy-document '{  \"Statement\": [{\"Effect\": \"Allow\", \"Principal\": \"*\", \"Action\": \"*\", \"Resource\": \"*\"}] }' --region eu-central-1"
          }
        }
      ]
    }
    "##);
    insta::assert_snapshot!(Message::of(&report).subject, @r"[Postern] CRITICAL: 2 repaired in vpc-0f1e2d3c4b5a69788 (eu-central-1)");
}

#[test]
fn an_audited_vpc_is_told_with_what_would_be_done() {
    let report = Report::of(&audited()).unwrap();
    insta::assert_snapshot!(pretty(&report), @r##"
    {
      "schema": "postern.report/1",
      "outcome": "audit",
      "severity": "high",
      "account": "111122223333",
      "region": "eu-central-1",
      "vpc": "vpc-0f1e2d3c4b5a69788",
      "console": "https://eu-central-1.console.aws.amazon.com/vpcconsole/home?region=eu-central-1#VpcDetails:VpcId=vpc-0f1e2d3c4b5a69788",
      "time": "2026-03-01T12:00:05Z",
      "function": "subnet-inspector",
      "run": "20260301T120000Z-7f3a",
      "idempotency_key": "21d732ff3f2d419f5ce173b122275f2f1455e236291cd339b748abcd0655c981",
      "occasions": [
        {
          "event": "CreateSubnet",
          "event_id": "11111111-2222-3333-4444-555555555555",
          "time": "2026-03-01T11:59:58Z",
          "actor": {
            "identity": "arn:aws:sts::111122223333:assumed-role/deploy/ci",
            "identity_type": "AssumedRole",
            "user_agent": "Terraform/1.9.0",
            "source_address": "192.0.2.10"
          }
        }
      ],
      "summary": {
        "compliant": 0,
        "not_applicable": 0,
        "unchanged": 0,
        "findings": {
          "failed": 0,
          "refused": 0,
          "contested": 0,
          "manual": 0,
          "indeterminate": 0,
          "pending": 0,
          "audit": 1,
          "repaired": 0,
          "resolved": 0,
          "exempt": 0
        },
        "changes": {
          "applied": 0,
          "not_needed": 0,
          "skipped": 3,
          "failed": 0
        }
      },
      "plan": {
        "monthly_cost": 0.0,
        "audit_monthly_cost": 8.76
      },
      "findings": [
        {
          "control": "endpoint-missing",
          "severity": "high",
          "mode": "audit",
          "verdict": "non-compliant",
          "outcome": "audit",
          "resource": {
            "kind": "vpc",
            "id": "vpc-0f1e2d3c4b5a69788"
          },
          "service": "com.amazonaws.eu-central-1.kms",
          "explanation": "KMS is required here and has no endpoint, so calls to it leave the network.",
          "remediation": {
            "kind": "automatic",
            "changes": [
              0,
              1,
              2
            ]
          },
          "console": "https://eu-central-1.console.aws.amazon.com/vpcconsole/home?region=eu-central-1#VpcDetails:VpcId=vpc-0f1e2d3c4b5a69788"
        }
      ],
      "changes": [
        {
          "text": "create security group postern-endpoint-ingress in vpc-0f1e2d3c4b5a69788",
          "mode": "audit",
          "effect": "additive",
          "monthly_cost": 0.0,
          "outcome": {
            "result": "skipped",
            "reason": "audit mode"
          },
          "change": {
            "kind": "create-managed-group",
            "vpc": "vpc-0f1e2d3c4b5a69788"
          },
          "causes": [
            {
              "control": "endpoint-missing",
              "resource": {
                "kind": "vpc",
                "id": "vpc-0f1e2d3c4b5a69788"
              },
              "service": "com.amazonaws.eu-central-1.kms"
            }
          ]
        },
        {
          "text": "admit TCP 443 from 10.0.1.0/24 in security group postern-endpoint-ingress",
          "mode": "audit",
          "effect": "additive",
          "monthly_cost": 0.0,
          "outcome": {
            "result": "skipped",
            "reason": "audit mode"
          },
          "change": {
            "kind": "authorize-ingress",
            "group": {
              "vpc": "vpc-0f1e2d3c4b5a69788"
            },
            "cidrs": [
              "10.0.1.0/24"
            ]
          },
          "causes": [
            {
              "control": "endpoint-missing",
              "resource": {
                "kind": "vpc",
                "id": "vpc-0f1e2d3c4b5a69788"
              },
              "service": "com.amazonaws.eu-central-1.kms"
            }
          ]
        },
        {
          "text": "create interface endpoint to com.amazonaws.eu-central-1.kms in vpc-0f1e2d3c4b5a69788 with 1 zone",
          "mode": "audit",
          "effect": "additive",
          "monthly_cost": 8.76,
          "outcome": {
            "result": "skipped",
            "reason": "audit mode"
          },
          "change": {
            "kind": "create-endpoint",
            "vpc": "vpc-0f1e2d3c4b5a69788",
            "service": "com.amazonaws.eu-central-1.kms",
            "endpoint_kind": "interface",
            "subnets": {
              "eu-central-1a": "subnet-0decade0decade000"
            },
            "route_tables": [],
            "group": {
              "vpc": "vpc-0f1e2d3c4b5a69788"
            },
            "private_dns": true,
            "policy": "{\"Statement\":[]}",
            "client_token": "0123abcd"
          },
          "causes": [
            {
              "control": "endpoint-missing",
              "resource": {
                "kind": "vpc",
                "id": "vpc-0f1e2d3c4b5a69788"
              },
              "service": "com.amazonaws.eu-central-1.kms"
            }
          ]
        }
      ]
    }
    "##);
    insta::assert_snapshot!(Message::of(&report).subject, @r"[Postern] HIGH: would repair 1 in vpc-0f1e2d3c4b5a69788 (eu-central-1)");
}

#[test]
fn silence_where_nobody_has_to_hear() {
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
        Report::of(&Reconciliation {
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
fn an_exempt_finding_neither_alerts_nor_filters() {
    let mut reconciliation = audited();
    reconciliation.findings.push(Finding {
        severity: Severity::Critical,
        exempt: Some(Exempt {
            reason: "agreed".into(),
            expires: None,
        }),
        ..finding("policy-open", "vpce-0a2", Verdict::NonCompliant)
    });
    let report = Report::of(&reconciliation).unwrap();
    assert_eq!(report.outcome, FindingStatus::Audit);
    assert_eq!(report.severity, Severity::High);
    assert_eq!(report.findings.last().unwrap().outcome, FindingStatus::Exempt);
    let message = Message::of(&report);
    assert_eq!(attribute(&message, "control"), r#"["endpoint-missing"]"#);
}

fn attribute(message: &Message, name: &str) -> String {
    let (_, value) = message.attributes.iter().find(|(n, _)| *n == name).unwrap();
    value.text()
}

#[test]
fn attributes_are_few_and_typed_for_filter_policies() {
    let message = Message::of(&Report::of(&repaired()).unwrap());
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
fn the_subject_of_what_earlier_runs_did_tells_whether_it_was_taken_back() {
    let mut report = Report::of(&repaired()).unwrap();
    report.summary.findings = FindingCounts::default();
    insta::assert_snapshot!(Message::of(&report).subject, @r"[Postern] CRITICAL: told late in vpc-0f1e2d3c4b5a69788 (eu-central-1)");
    for change in &mut report.changes {
        change.change = None;
    }
    insta::assert_snapshot!(Message::of(&report).subject, @r"[Postern] CRITICAL: taken back in vpc-0f1e2d3c4b5a69788 (eu-central-1)");
}

#[test]
fn the_subject_says_first_what_asks_most_of_people() {
    let mut report = Report::of(&repaired()).unwrap();
    let mut subject = |counts: &[(FindingStatus, usize)], severity| {
        report.severity = severity;
        report.summary.findings = FindingCounts::default();
        for (outcome, count) in counts {
            *report.summary.findings.slot(*outcome) = *count;
        }
        Message::of(&report).subject
    };
    use postern_core::history::FindingStatus::*;
    insta::assert_snapshot!(subject(&[(Repaired, 3), (Manual, 1)], Severity::High), @r"[Postern] HIGH: 1 needs you, 3 repaired in vpc-0f1e2d3c4b5a69788 (eu-central-1)");
    insta::assert_snapshot!(subject(&[(Audit, 4), (Manual, 2), (Exempt, 9)], Severity::Low), @r"[Postern] LOW: 2 need you, would repair 4 in vpc-0f1e2d3c4b5a69788 (eu-central-1)");
    insta::assert_snapshot!(subject(&[(Failed, 1), (Pending, 2)], Severity::Critical), @r"[Postern] CRITICAL: 1 failed, 2 pending in vpc-0f1e2d3c4b5a69788 (eu-central-1)");
    insta::assert_snapshot!(subject(&[(Indeterminate, 5)], Severity::Medium), @r"[Postern] MEDIUM: 5 undecided in vpc-0f1e2d3c4b5a69788 (eu-central-1)");
    let all = FindingStatus::ALL.map(|outcome| (outcome, 10));
    insta::assert_snapshot!(subject(&all, Severity::Critical), @r"[Postern] CRITICAL: 10 failed, 10 refused, ... in vpc-0f1e2d3c4b5a69788 (eu-central-1)");
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
    let report = Report::of(&reconciliation).unwrap();
    assert_eq!(report.outcome, FindingStatus::Refused);
    assert_eq!(report.plan.refused.as_deref(), Some(reason));
    assert!(report.changes.iter().all(|change| change.inverse.is_none()));
    assert_eq!(
        Message::of(&report).subject,
        "[Postern] CRITICAL: 2 refused in vpc-0f1e2d3c4b5a69788 (eu-central-1)"
    );
}

#[test]
fn a_finding_remedied_by_changes_for_another_shares_their_fate() {
    let mut reconciliation = repaired();
    reconciliation.verification.clear();
    for planned in &mut reconciliation.plan.changes {
        planned.causes.retain(|key| key.control != "subnet-uncovered");
    }
    let report = Report::of(&reconciliation).unwrap();
    let covered = report
        .findings
        .iter()
        .find(|f| f.control == "subnet-uncovered")
        .unwrap();
    assert_eq!(covered.outcome, FindingStatus::Pending);
    assert_eq!(
        covered.remediation,
        Some(ReportedRemediation::Automatic { changes: vec![] })
    );

    reconciliation.outcomes[1] = ChangeOutcome::Failed {
        cause: "throttled".into(),
        transient: true,
    };
    let report = Report::of(&reconciliation).unwrap();
    assert!(
        report
            .findings
            .iter()
            .all(|f| f.outcome == FindingStatus::Failed || f.exempt.is_some())
    );
}

#[test]
fn a_finding_that_only_an_earlier_change_makes_remediable_is_told_as_repaired() {
    let mut reconciliation = repaired();
    let own = |r: &Reconciliation| {
        r.findings
            .iter()
            .position(|f| f.key.control == "subnet-uncovered")
            .unwrap()
    };
    let at = own(&reconciliation);
    let before = Report::of(&reconciliation).unwrap();
    let explanation = reconciliation.findings[at].explanation().into_owned();
    reconciliation.findings[at].conclusion =
        fixtures::non_compliant(&explanation, Remediation::Manual("Enable DNS first.".into()));
    assert_eq!(Report::of(&reconciliation), Some(before));

    let key = reconciliation.findings[at].key.clone();
    for planned in &mut reconciliation.plan.changes {
        planned.causes.remove(&key);
    }
    let report = Report::of(&reconciliation).unwrap();
    assert_eq!(report.outcome, FindingStatus::Manual);
}

#[test]
fn text_of_others_cannot_break_out() {
    let mut reconciliation = repaired();
    reconciliation.vpc = "vpc-1\r\nBcc: x@example.com".into();
    reconciliation.triggering_events[0].actor.as_mut().unwrap().user_agent = Some("curl\u{202e}\n\u{1b}[2J".into());
    reconciliation.findings[0].conclusion =
        fixtures::non_compliant("tag\u{0} = \u{200f}x", Remediation::Manual("Look at it.".into()));
    let message = Message::of(&Report::of(&reconciliation).unwrap());
    assert_eq!(
        message.subject,
        r"[Postern] CRITICAL: 2 repaired in vpc-1\r\nBcc: x@example.com (eu-central-1)"
    );
    assert!(message.body.contains(r#""curl\\u{202e}\\n\\u{1b}[2J""#));
    assert!(message.body.contains(r#""tag\\0 = \\u{200f}x""#));
}

#[test]
fn what_is_too_large_loses_details_then_the_least_severe_findings() {
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
    let report = Report::of(&reconciliation).unwrap();
    let message = Message::of(&report);
    let sent = body(&message);
    let truncated = sent.truncated.clone().unwrap();

    assert!(message.size() <= MESSAGE_LIMIT && message.size() > MESSAGE_LIMIT - 2_000);
    assert_eq!(sent.findings[..], report.findings[..sent.findings.len()]);
    assert_eq!(truncated.findings_left_out, report.findings.len() - sent.findings.len());
    assert!(sent.findings.iter().filter(|f| f.severity >= Severity::High).count() > 150);
    assert_eq!((truncated.changes_left_out, truncated.changes_without_details), (0, 2));
    assert_eq!(sent.summary, report.summary);
    assert_eq!(schema_errors(&message.body), Vec::<String>::new());
}

#[test]
fn one_monstrous_text_is_shortened_and_the_rest_stays() {
    let mut reconciliation = repaired();
    reconciliation.findings[0].conclusion =
        fixtures::non_compliant(&"→".repeat(200_000), Remediation::Manual("Look at it.".into()));
    let report = Report::of(&reconciliation).unwrap();
    let message = Message::of(&report);
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
    let report = Report::of(&repaired()).unwrap();
    let compact = serde_json::to_string(&report).unwrap();
    let indented = pretty(&report);
    assert_eq!(cut::fit(&report, indented.len()), indented);
    assert_eq!(cut::fit(&report, indented.len() - 1), compact);
    assert_eq!(cut::fit(&report, compact.len()), compact);
    for limit in 2_200..compact.len() {
        let cut = cut::fit(&report, limit);
        assert!(cut.len() <= limit, "{} of {limit} bytes", cut.len());
        assert!(serde_json::from_str::<Report>(&cut).unwrap().truncated.is_some());
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the file is what is tested")]
fn the_published_schema_is_current_and_has_closed_objects() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas/report.schema.json");
    let schema = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
    if std::env::var_os("GENERATE").is_some() {
        std::fs::write(&path, &schema).unwrap();
    }
    let published = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(published, schema, "the schema is not current: run `make generate`");

    let mut report = serde_json::to_value(Report::of(&repaired()).unwrap()).unwrap();
    assert_eq!(schema_errors(&report.to_string()), Vec::<String>::new());
    for scope in [
        "",
        "/occasions/0/actor",
        "/changes/0/change",
        "/changes/0/inverse/change",
        "/findings/0/resource",
    ] {
        let mut odd = report.clone();
        let object = odd.pointer_mut(scope).unwrap().as_object_mut().unwrap();
        object.insert("unheard_of".into(), true.into());
        assert_ne!(schema_errors(&odd.to_string()), Vec::<String>::new(), "{scope}");
    }
    report["schema"] = "postern.report/2".into();
    assert_ne!(schema_errors(&report.to_string()), Vec::<String>::new());
}
