//! Whole reports and alerts, as they arrive.

use std::path::Path;

use super::fixtures::*;
use crate::published::Report;
use crate::*;
use jiff::SignedDuration;
use postern_core::changes::{ChangeOutcome, Code};
use postern_core::evaluation::{Finding, Remediation, Suppression};
use postern_core::history::{ChangeHistory, DeliveredFinding, FindingStatus, RemediationConflict};
use postern_core::model::finding::{FindingKey, Resource, ResourceKind, Severity, Verdict};
use postern_core::model::scope::Scope;
use postern_core::plan::{Notice, NoticeKind};
use postern_core::settings::Mode;
use postern_core::trigger::Tool;

/// Compares with the golden file, or writes it if the environment variable `GENERATE` is set.
#[expect(clippy::disallowed_methods, reason = "the file is what is tested")]
pub(crate) fn golden(name: &str, actual: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden").join(name);
    if std::env::var_os("GENERATE").is_some() {
        std::fs::write(&path, actual).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        expected, actual,
        "`{name}` differs: run `make generate` and read the difference"
    );
}

/// Subject and body of the only alert, checked for what is promised of every alert.
fn alert(name: &str, reports: &[Report]) {
    let messages = alerts(reports);
    let [message] = messages.as_slice() else {
        panic!("{} messages", messages.len())
    };
    assert!(message.body.lines().count() <= 40, "{}", message.body);
    for line in message.body.lines().filter(|line| line.chars().count() > 80) {
        let copied = ["  https://", "  postern ", "    "]
            .iter()
            .any(|start| line.starts_with(start));
        assert!(copied, "only what is to be copied may be long: {line}");
    }
    golden(name, &format!("Subject: {}\n\n{}", message.subject, message.body));
}

fn told(r: &Reconciliation) -> Report {
    let report = news(r).unwrap();
    assert_eq!(schema_errors(&json::render(&report)), Vec::<String>::new());
    report
}

fn advise(finding: &mut Finding, advice: &str) {
    let explanation = finding.explanation().into_owned();
    finding.conclusion = non_compliant(&explanation, Remediation::Manual(advice.to_owned()));
}

/// A policy that only a person can close, opened by somebody with Terraform.
fn open() -> Reconciliation {
    let mut found = repaired();
    found.plan.changes.clear();
    found.outcomes.clear();
    found.verification.clear();
    found.findings.retain(|finding| finding.key.control == "policy-open");
    let advice = "Put a condition on `aws:PrincipalOrgID` into Statement[0]; `postern policy fix` writes it.";
    advise(&mut found.findings[0], advice);
    found.triggering_events = vec![triggering_event(
        "ModifyVpcEndpoint",
        "APN/1.0 HashiCorp/1.0 Terraform/1.9.2",
    )];
    found.triggering_events[0].time = Some("2026-03-01T11:59:58Z".parse().unwrap());
    found
}

#[test]
fn golden_critical_open_policy() {
    alert("open-policy.txt", &[told(&open())]);
    golden("open-policy.json", &(json::render(&told(&open())) + "\n"));
}

#[test]
fn golden_repaired_endpoint() {
    let mut made = audited();
    made.run = "20260301T120000Z-7f3a".into();
    for planned in &mut made.plan.changes {
        planned.mode = Mode::Enforce;
    }
    made.findings[0].mode = Mode::Enforce;
    made.outcomes = ["sg-0123456789abcdef0", "sg-0123456789abcdef0", "vpce-0fedcba9876543210"]
        .map(|id| ChangeOutcome::Applied {
            created: Some(id.to_owned()),
        })
        .to_vec();
    made.ids = [(2, "20260301T120005.000000Z-0a1b2c3d".into())].into();
    made.verification = [(made.findings[0].key.clone(), Verification::Verified)].into();
    alert("repaired-endpoint.txt", &[told(&made)]);
    golden("repaired-endpoint.json", &(json::render(&told(&made)) + "\n"));
}

#[test]
fn golden_complete_report() {
    golden("complete.json", &(json::render(&Report::of(&repaired())) + "\n"));
}

#[test]
fn golden_audit_proposal() {
    alert("audit-proposal.txt", &[told(&audited())]);
}

#[test]
fn golden_failure() {
    let mut failed = repaired();
    failed.outcomes[0] = ChangeOutcome::Failed {
        cause: "ec2:ModifyVpcEndpoint: UnauthorizedOperation: You are not authorized to perform this operation. User: \
                arn:aws:sts::111122223333:assumed-role/postern-SubnetInspectorRole/run is denied by a service control \
                policy"
            .to_owned(),
        transient: false,
    };
    let key = failed.findings[0].key.clone();
    failed.verification.insert(
        key,
        Verification::Unremedied {
            reason: "no subnet of zone eu-central-1b is in the endpoint".to_owned(),
        },
    );
    alert("failure.txt", &[told(&failed)]);
}

#[test]
fn golden_lockout() {
    let mut locked_out = repaired();
    locked_out.ids = [(1, "20260301T120005.000000Z-0a1b2c3d".into())].into();
    locked_out.findings.push(Finding {
        conclusion: non_compliant(
            "The policy denies every principal of your perimeter: no call through this endpoint succeeds.",
            Remediation::Manual("Allow your principals in the policy, or roll back the change that caused it.".into()),
        ),
        severity: Severity::High,
        name: Some("payments-s3".into()),
        service: Some("com.amazonaws.eu-central-1.s3".into()),
        ..finding("policy-locked-out", ENDPOINT, Verdict::NonCompliant)
    });
    alert("lockout.txt", &[told(&locked_out)]);
}

#[test]
fn golden_conflict() {
    let mut conflict = open();
    conflict.findings[0].suppression = Some(Suppression::Conflict(RemediationConflict {
        times: 3,
        since: "2026-03-01T09:15:00Z".parse().unwrap(),
        undone_by: Some(triggering_event("ModifyVpcEndpoint", "Terraform/1.9.2")),
        tool: Some(Tool::Terraform),
        code: Some(Code {
            terraform: format!(
                "# {ENDPOINT}, besides what is there\nresource \"aws_vpc_endpoint\" \"vpce\" {{\n  policy = \
                 <<-POLICY\n    {{\n      \"Statement\": []\n    }}\n  POLICY\n}}\n"
            ),
            cloudformation: String::new(),
        }),
    }));
    alert("conflict.txt", &[told(&conflict)]);
}

#[test]
fn golden_deletion_blocked() {
    let mut blocked = reconciliation();
    blocked.triggering_events = vec![triggering_event("DeleteSubnet", "aws-cli/2.31.0")];
    blocked.notices.push(Notice {
        kind: NoticeKind::DeletionBlocked,
        text:
            "DeleteSubnet of subnet-0c0ffee0c0ffee000 by arn:aws:iam::111122223333:user/ada failed because it contains \
               network interfaces of endpoints that Postern created: vpce-0fedcba9876543210 \
               (com.amazonaws.eu-central-1.kms)."
                .to_owned(),
        command: Some("postern release subnet-0c0ffee0c0ffee000".to_owned()),
        event_id: "e-1".to_owned(),
        resource: Resource::new(ResourceKind::Subnet, "subnet-0c0ffee0c0ffee000"),
        reason: "subnet-0c0ffee0c0ffee000 contains vpce-0fedcba9876543210, which Postern created.".to_owned(),
    });
    alert("deletion-blocked.txt", &[told(&blocked)]);
}

#[test]
fn golden_delayed_report() {
    let mut delayed = reconciliation();
    let mut lost = record(
        repaired().plan.changes.remove(0).change,
        "20260301T094900Z-77aa",
        "2026-03-01T09:49:00Z",
    );
    lost.delivered = false;
    delayed.earlier = vec![lost];
    delayed.triggering_events.clear();
    alert("delayed-report.txt", &[told(&delayed)]);
}

#[test]
fn golden_digest() {
    let reports: Vec<_> = (0..60).map(|n| told(&of_vpc(n))).collect();
    alert("digest.txt", &reports);
}

/// One VPC of an account that is swept for the first time.
fn of_vpc(n: usize) -> Reconciliation {
    let mut swept = if n.is_multiple_of(5) { open() } else { audited() };
    let vpc = format!("vpc-0{n:016x}");
    swept.scope = Scope::vpc(&"111122223333".into(), &"eu-central-1".into(), &vpc.as_str().into());
    swept.name = Some(format!("team-{n:02}"));
    swept.triggering_events = vec![triggering_event("Scheduled Event", "")];
    swept.triggering_events[0].actor = None;
    for finding in &mut swept.findings {
        if finding.key.resource.kind == ResourceKind::Vpc {
            finding.key.resource.id.clone_from(&vpc);
        }
    }
    for planned in &mut swept.plan.changes {
        planned.causes = swept.findings.iter().map(|finding| finding.key.clone()).collect();
    }
    swept
}

#[test]
fn golden_reminder() {
    let still = open();
    let before = DeliveredFinding {
        key: FindingKey::new("policy-open", ResourceKind::Endpoint, ENDPOINT),
        outcome: FindingStatus::Manual,
        severity: Severity::Critical,
        fingerprint: String::new(),
        explanation: String::new(),
        time: "2026-02-22T12:00:00Z".parse().unwrap(),
        open_since: Some("2026-02-15T12:00:00Z".parse().unwrap()),
    };
    let first = Delta::of(&still, &ChangeHistory::default(), None);
    let fingerprint = first.delivered["policy-open"][0].fingerprint.clone();
    let history = ChangeHistory {
        delivered: [(before.key.clone(), DeliveredFinding { fingerprint, ..before })].into(),
        ..ChangeHistory::default()
    };
    let mut sweep = still;
    sweep.triggering_events[0].actor = None;
    let week = Some(SignedDuration::from_hours(7 * 24));
    let report = Delta::of(&sweep, &history, week).report.unwrap();
    alert("reminder.txt", &[report]);
}

#[test]
fn golden_hostile_text() {
    let mut hostile = open();
    let evil = "<img src=x onerror=alert(1)>\u{1b}[2J\u{202e}https://evil.example \"; rm -rf / #";
    hostile.name = Some(evil.repeat(20));
    hostile.findings[0].name = Some(format!("{evil}\r\nBcc: x@example.com"));
    hostile.findings[0].conclusion = non_compliant(&evil.repeat(100), Remediation::Manual(evil.to_owned()));
    hostile.triggering_events[0].actor.as_mut().unwrap().identity = format!("arn:aws:iam::1:user/{evil}");
    alert("hostile-text.txt", &[told(&hostile)]);
}
