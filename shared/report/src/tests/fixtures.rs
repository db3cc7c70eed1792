use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::published::{Report, schema};
use crate::*;
use postern_core::changes::{
    AddSubnet, AuthorizeIngress, Change, ChangeOutcome, CreateManagedGroup, HTTPS, ManagedGroup, NewEndpoint,
    ReplacePolicy,
};
use postern_core::controls::CONTROLS;
use postern_core::evaluation::{Conclusion, Exempt, Finding, Remediation};
use postern_core::history::{Action, ChangeId, ChangeRecord, ChangeStatus};
use postern_core::model::address::AddressType;
use postern_core::model::cost::MonthlyCost;
use postern_core::model::endpoint::EndpointKind;
use postern_core::model::finding::{FindingKey, ResourceKind, Severity, Verdict};
use postern_core::model::scope::Scope;
use postern_core::plan::{Plan, PlannedChange};
use postern_core::settings::Mode;
use postern_core::trigger::{Actor, TriggeringEvent};

pub(super) const VPC: &str = "vpc-0f1e2d3c4b5a69788";
pub(super) const ENDPOINT: &str = "vpce-0a1b2c3d4e5f60718";
const OPEN_POLICY: &str =
    "{\n\t\"Statement\": [{\"Effect\": \"Allow\", \"Principal\": \"*\", \"Action\": \"*\", \"Resource\": \"*\"}]\n}";

/// Nothing found, nothing done.
pub(super) fn reconciliation() -> Reconciliation {
    Reconciliation {
        run: "20260301T120000Z-7f3a".into(),
        function: "subnet-inspector".into(),
        settings: "9f86d081884c".to_owned(),
        scope: Scope::vpc(&"111122223333".into(), &"eu-central-1".into(), &VPC.into()),
        name: Some("payments-prod".into()),
        time: "2026-03-01T12:00:05Z".parse().unwrap(),
        triggering_events: vec![TriggeringEvent {
            event: "CreateSubnet".into(),
            event_id: "11111111-2222-3333-4444-555555555555".into(),
            time: Some("2026-03-01T11:59:58Z".parse().unwrap()),
            actor: Some(Actor {
                identity: "arn:aws:sts::111122223333:assumed-role/deploy/ci".into(),
                identity_type: Some("AssumedRole".into()),
                user_agent: Some("Terraform/1.9.0".into()),
                source_address: Some("192.0.2.10".into()),
                invoked_by: None,
            }),
            failure: None,
        }],
        findings: Vec::new(),
        plan: Plan::default(),
        outcomes: Vec::new(),
        verification: BTreeMap::new(),
        controls: CONTROLS
            .iter()
            .map(|control| (control.name.to_owned(), Mode::Enforce))
            .collect(),
        ids: BTreeMap::new(),
        earlier: Vec::new(),
        notices: Vec::new(),
    }
}

pub(super) fn finding(control: &str, id: &str, verdict: Verdict) -> Finding {
    let kind = match id.split('-').next() {
        Some("vpc") => ResourceKind::Vpc,
        Some("subnet") => ResourceKind::Subnet,
        Some("rtb") => ResourceKind::RouteTable,
        _ => ResourceKind::Endpoint,
    };
    let explanation = format!("{id} is {verdict:?}.");
    let conclusion = match verdict {
        Verdict::Compliant => Conclusion::Compliant { explanation },
        Verdict::NotApplicable => Conclusion::NotApplicable { explanation },
        Verdict::NonCompliant => non_compliant(&explanation, Remediation::Manual("Look at it.".into())),
        Verdict::Indeterminate => Conclusion::Indeterminate {
            explanation,
            advice: "Look at it.".into(),
        },
    };
    Finding {
        key: FindingKey::new(control, kind, id),
        name: None,
        service: None,
        severity: Severity::Medium,
        mode: Mode::Enforce,
        conclusion,
        exempt: None,
        suppression: None,
    }
}

pub(super) fn non_compliant(explanation: &str, remediation: Remediation) -> Conclusion {
    Conclusion::NonCompliant {
        explanation: explanation.to_owned(),
        remediation,
    }
}

pub(super) fn planned(change: &Change, cause: &FindingKey, mode: Mode, cost: f64) -> PlannedChange {
    PlannedChange {
        change: change.clone(),
        causes: BTreeSet::from([cause.clone()]),
        mode,
        monthly_cost: Some(MonthlyCost::from_dollars(cost)),
        idle: None,
        withheld: None,
    }
}

/// Two findings remediated and verified, one accepted, three of no interest.
pub(crate) fn repaired() -> Reconciliation {
    let cover = Change::AddSubnet(AddSubnet {
        endpoint: ENDPOINT.into(),
        subnet: "subnet-0c0ffee0c0ffee000".into(),
        zone: "eu-central-1b".into(),
    });
    let close = Change::ReplacePolicy(ReplacePolicy {
        endpoint: ENDPOINT.into(),
        before: OPEN_POLICY.into(),
        after: r#"{"Statement":[]}"#.into(),
    });
    let uncovered = Finding {
        key: FindingKey::new("subnet-uncovered", ResourceKind::Subnet, "subnet-0c0ffee0c0ffee000")
            .for_service("com.amazonaws.eu-central-1.sts"),
        service: Some("com.amazonaws.eu-central-1.sts".into()),
        conclusion: non_compliant(
            &format!("No subnet of zone eu-central-1b is in {ENDPOINT}, so calls from there cross zones."),
            Remediation::Automatic(vec![cover.clone()]),
        ),
        severity: Severity::High,
        ..finding("", "", Verdict::NonCompliant)
    };
    let open = Finding {
        conclusion: non_compliant(
            "Principals outside your perimeter can use it: for example, `arn:aws:iam::444455556666:root` can call `s3:GetObject` on `arn:aws:s3:::any-bucket/key`. Allowed by Statement[0].",
            Remediation::Automatic(vec![close.clone()]),
        ),
        name: Some("payments-s3".into()),
        service: Some("com.amazonaws.eu-central-1.s3".into()),
        severity: Severity::Critical,
        ..finding("policy-open", ENDPOINT, Verdict::NonCompliant)
    };
    let accepted = Finding {
        exempt: Some(Exempt {
            reason: "Migration until May, ticket NET-12".into(),
            expires: Some("2026-05-01T00:00:00Z".parse().unwrap()),
        }),
        conclusion: non_compliant(
            "Subnets of this route table reach S3 over the internet.",
            Remediation::Manual("Associate the route table.".into()),
        ),
        ..finding("gateway-route-missing", "rtb-0badcafe0badcafe0", Verdict::NonCompliant)
    };
    Reconciliation {
        plan: Plan {
            changes: vec![
                planned(&cover, &uncovered.key, Mode::Enforce, 8.76),
                planned(&close, &open.key, Mode::Enforce, 0.0),
            ],
            refused: None,
        },
        outcomes: vec![
            ChangeOutcome::Applied { created: None },
            ChangeOutcome::Applied { created: None },
        ],
        verification: BTreeMap::from([
            (uncovered.key.clone(), Verification::Verified),
            (open.key.clone(), Verification::Verified),
        ]),
        findings: vec![
            uncovered,
            open,
            accepted,
            finding("vpc-dns-disabled", VPC, Verdict::Compliant),
            finding("ingress-blocked", ENDPOINT, Verdict::Compliant),
            finding("private-dns-disabled", "vpce-0123456789abcdef0", Verdict::NotApplicable),
        ],
        ..reconciliation()
    }
}

/// A missing endpoint in audit mode.
pub(super) fn audited() -> Reconciliation {
    let group = Change::CreateManagedGroup(CreateManagedGroup::for_ingress(VPC.into()));
    let admit = Change::AuthorizeIngress(AuthorizeIngress {
        group: ManagedGroup { vpc: VPC.into() },
        ports: HTTPS,
        cidrs: BTreeSet::from(["10.0.1.0/24".parse().unwrap()]),
    });
    let create = Change::CreateEndpoint(NewEndpoint {
        vpc: VPC.into(),
        service: "com.amazonaws.eu-central-1.kms".into(),
        endpoint_kind: EndpointKind::Interface,
        subnets: BTreeMap::from([("eu-central-1a".into(), "subnet-0decade0decade000".into())]),
        route_tables: BTreeSet::new(),
        group: Some(ManagedGroup { vpc: VPC.into() }),
        address_type: AddressType::Ipv4,
        private_dns: true,
        policy: Some(r#"{"Statement":[]}"#.into()),
        client_token: "0123abcd".into(),
    });
    let missing = Finding {
        key: FindingKey::new("endpoint-missing", ResourceKind::Vpc, VPC).for_service("com.amazonaws.eu-central-1.kms"),
        mode: Mode::Audit,
        severity: Severity::High,
        name: Some("payments-prod".into()),
        service: Some("com.amazonaws.eu-central-1.kms".into()),
        conclusion: non_compliant(
            "KMS is required here and has no endpoint, so calls to it leave the network.",
            Remediation::Automatic(vec![group.clone(), admit.clone(), create.clone()]),
        ),
        ..finding("", "", Verdict::NonCompliant)
    };
    let skipped = ChangeOutcome::Skipped {
        reason: "audit mode".into(),
    };
    Reconciliation {
        plan: Plan {
            changes: vec![
                planned(&group, &missing.key, Mode::Audit, 0.0),
                planned(&admit, &missing.key, Mode::Audit, 0.0),
                planned(&create, &missing.key, Mode::Audit, 8.76),
            ],
            refused: None,
        },
        outcomes: vec![skipped; 3],
        findings: vec![missing],
        ..reconciliation()
    }
}

/// What is new if nothing was reported before.
pub(crate) fn news(r: &Reconciliation) -> Option<Report> {
    Delta::of(r, &Default::default(), None).report
}

pub(super) fn body(message: &Message) -> Report {
    serde_json::from_str(&message.body).unwrap()
}

pub(super) fn schema_errors(document: &str) -> Vec<String> {
    let schema = serde_json::to_value(schema()).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let document = serde_json::from_str(document).unwrap();
    validator
        .iter_errors(&document)
        .map(|error| error.to_string())
        .collect()
}

/// A change that was applied, and told of.
pub(super) fn record(change: Change, run: &str, time: &str) -> ChangeRecord {
    let time: Timestamp = time.parse().unwrap();
    ChangeRecord {
        id: ChangeId::new(time, &run.into(), 0),
        scope: Scope::vpc(&"111122223333".into(), &"eu-central-1".into(), &VPC.into()),
        run: run.into(),
        function: "sweeper".to_owned(),
        time,
        action: Action::Change(change),
        causes: [].into(),
        triggering_events: Vec::new(),
        monthly_cost: MonthlyCost::ZERO,
        status: ChangeStatus::Applied { created: None },
        delivered: true,
        undoes: None,
        perimeter: None,
        undone_by: None,
    }
}

/// A call that somebody made with a tool.
pub(super) fn triggering_event(event: &str, user_agent: &str) -> TriggeringEvent {
    TriggeringEvent {
        event: event.to_owned(),
        event_id: "e-1".to_owned(),
        time: None,
        actor: Some(Actor {
            identity: "arn:aws:iam::111122223333:user/ada".to_owned(),
            identity_type: None,
            user_agent: Some(user_agent.to_owned()),
            source_address: None,
            invoked_by: None,
        }),
        failure: None,
    }
}
