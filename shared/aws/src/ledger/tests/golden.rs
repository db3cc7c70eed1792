//! The items of both forms, as files. Those of form 1 were written by the version that had it.

use std::collections::BTreeMap;

use postern_core::changes::{
    AcceptConnection, AddSubnet, AssociateRouteTable, AttachManagedGroup, AuthorizeIngress, CreateManagedGroup,
    DnsAttribute, EnablePrivateDns, EnableVpcDns, HTTPS, IsolateEndpoint, ManagedGroup, NewEndpoint,
    QuarantineEndpoint, RejectConnection, RemoveServicePrincipals, ReplacePolicy, RequireAcceptance,
};
use postern_core::history::ChangeHistory;
use postern_core::model::address::AddressType;
use postern_core::model::endpoint::EndpointKind;
use postern_core::model::managed::GroupPurpose;
use postern_core::trigger::{Actor, Failure, TriggeringEvent};

use super::*;

fn changes() -> Vec<Change> {
    let group = || ManagedGroup { vpc: "vpc-1".into() };
    let interface = NewEndpoint {
        vpc: "vpc-1".into(),
        service: "com.amazonaws.eu-central-1.sts".into(),
        endpoint_kind: EndpointKind::Interface,
        subnets: BTreeMap::from([("eu-central-1a".into(), "subnet-1".into())]),
        route_tables: [].into(),
        group: Some(group()),
        address_type: AddressType::Ipv4,
        private_dns: true,
        policy: Some(r#"{"Statement":[]}"#.to_owned()),
        client_token: "token-1".to_owned(),
    };
    let gateway = NewEndpoint {
        service: "com.amazonaws.eu-central-1.s3".into(),
        endpoint_kind: EndpointKind::Gateway,
        subnets: BTreeMap::new(),
        route_tables: ["rtb-1".into()].into(),
        group: None,
        address_type: AddressType::Ipv4,
        private_dns: false,
        policy: None,
        ..interface.clone()
    };
    let attribute = |attribute| {
        Change::EnableVpcDns(EnableVpcDns {
            vpc: "vpc-1".into(),
            attribute,
        })
    };
    vec![
        attribute(DnsAttribute::Support),
        attribute(DnsAttribute::Hostnames),
        Change::CreateManagedGroup(CreateManagedGroup::for_ingress("vpc-1".into())),
        Change::AuthorizeIngress(AuthorizeIngress {
            group: group(),
            ports: HTTPS,
            cidrs: ["10.0.0.0/16", "2001:db8:1::/56"]
                .map(|cidr| cidr.parse().unwrap())
                .into(),
        }),
        Change::CreateEndpoint(interface),
        Change::CreateEndpoint(gateway),
        Change::AddSubnet(AddSubnet {
            endpoint: "vpce-1".into(),
            subnet: "subnet-2".into(),
            zone: "eu-central-1b".into(),
        }),
        Change::AssociateRouteTable(AssociateRouteTable {
            endpoint: "vpce-2".into(),
            route_table: "rtb-1".into(),
        }),
        Change::AttachManagedGroup(AttachManagedGroup {
            endpoint: "vpce-1".into(),
            group: group(),
        }),
        Change::EnablePrivateDns(EnablePrivateDns {
            endpoint: "vpce-1".into(),
        }),
        Change::ReplacePolicy(ReplacePolicy {
            endpoint: "vpce-1".into(),
            before: r#"{"Statement":[{"Effect":"Allow"}]}"#.to_owned(),
            after: r#"{"Statement":[]}"#.to_owned(),
        }),
    ]
}

/// Every kind of change, every inverse, and every status.
fn records() -> Vec<ChangeRecord> {
    let actions = changes().into_iter().flat_map(|change| {
        let undo = change.inverse(Some("created-1")).unwrap();
        [Action::Change(change), Action::Undo(undo)]
    });
    let applied = || ChangeStatus::Applied {
        created: Some("created-1".to_owned()),
    };
    let statuses = [
        ChangeStatus::Intended,
        ChangeStatus::Uncertain {
            cause: "ec2:CreateSecurityGroup failed: connection reset by peer".to_owned(),
        },
        applied(),
        ChangeStatus::Applied { created: None },
        ChangeStatus::NotNeeded {
            reason: "sg-1 is there".to_owned(),
        },
        ChangeStatus::Skipped {
            reason: "vpce-1 no longer exists".to_owned(),
        },
        ChangeStatus::Failed {
            cause: "ec2:ModifyVpcEndpoint failed: UnauthorizedOperation: No".to_owned(),
        },
        ChangeStatus::NotApplied {
            reason: "vpce-1 does not exist".to_owned(),
        },
    ];
    let mut records: Vec<_> = actions
        .zip(statuses.into_iter().cycle())
        .enumerate()
        .map(|(position, (action, status))| ChangeRecord {
            id: ChangeId::new(at("06:00:00"), &"run-1".into(), position),
            action,
            status,
            ..record("06:00:00")
        })
        .collect();
    let undone = ChangeId::new(at("05:00:00"), &"run-0".into(), 0);
    records.push(ChangeRecord {
        causes: [
            finding("vpc-1"),
            FindingKey::new("policy-open", ResourceKind::Endpoint, "vpce-1"),
            finding_of_kind(),
        ]
        .into(),
        triggering_events: vec![
            TriggeringEvent {
                event: "Scheduled Event".to_owned(),
                event_id: "event-1".to_owned(),
                time: None,
                actor: None,
                failure: None,
            },
            TriggeringEvent {
                event: "DeleteSecurityGroup".to_owned(),
                event_id: "event-2".to_owned(),
                time: Some(at("05:59:00")),
                actor: Some(Actor {
                    identity: "arn:aws:sts::111122223333:assumed-role/deploy/ada".to_owned(),
                    identity_type: Some("AssumedRole".to_owned()),
                    user_agent: Some("APN/1.0 HashiCorp/1.0 Terraform/1.9".to_owned()),
                    source_address: Some("192.0.2.1".to_owned()),
                    invoked_by: Some("cloudformation.amazonaws.com".to_owned()),
                }),
                failure: Some(Failure {
                    code: "Client.DependencyViolation".to_owned(),
                    resource: "sg-1".to_owned(),
                }),
            },
        ],
        monthly_cost: MonthlyCost::from_dollars(14.6),
        status: applied(),
        delivered: true,
        undoes: Some(undone.clone()),
        undone_by: Some(undone),
        ..record("07:00:00")
    });
    records
}

fn service_scope() -> Scope {
    Scope::endpoint_service(&"111122223333".into(), &"eu-central-1".into(), &"vpce-svc-1".into())
}

/// Every kind of change of an endpoint service, and every inverse. One that is not undone has none.
fn service_records() -> Vec<ChangeRecord> {
    let reject = |accepted| {
        Change::RejectConnection(RejectConnection {
            service: "vpce-svc-1".into(),
            endpoint: "vpce-2".into(),
            owner: "444455556666".into(),
            accepted,
        })
    };
    let changes = [
        Change::AcceptConnection(AcceptConnection {
            service: "vpce-svc-1".into(),
            endpoint: "vpce-1".into(),
            owner: "777788889999".into(),
        }),
        Change::RequireAcceptance(RequireAcceptance {
            service: "vpce-svc-1".into(),
        }),
        Change::RemoveServicePrincipals(RemoveServicePrincipals {
            service: "vpce-svc-1".into(),
            principals: ["*".to_owned(), "arn:aws:iam::444455556666:root".to_owned()].into(),
        }),
        reject(true),
        reject(false),
    ];
    let actions = changes.into_iter().flat_map(|change| {
        let undo = change.inverse(None).map(Action::Undo);
        std::iter::once(Action::Change(change)).chain(undo)
    });
    let keys = [
        FindingKey::new("service-public", ResourceKind::EndpointService, "vpce-svc-1"),
        FindingKey::new("connection-untrusted", ResourceKind::EndpointConnection, "vpce-2"),
    ];
    let record = |(position, action)| ChangeRecord {
        id: ChangeId::new(at("06:00:00"), &"run-1".into(), position),
        scope: service_scope(),
        action,
        causes: keys.clone().into(),
        status: ChangeStatus::Applied { created: None },
        ..record("06:00:00")
    };
    actions.enumerate().map(record).collect()
}

fn finding_of_kind() -> FindingKey {
    finding("vpc-1").of_kind(EndpointKind::Gateway)
}

/// One of each status that form 1 had.
fn delivered_findings() -> Vec<DeliveredFinding> {
    let severities = [Severity::Low, Severity::Medium, Severity::High, Severity::Critical];
    FindingStatus::ALL
        .into_iter()
        .filter(|status| *status != FindingStatus::ExemptionEnds)
        .zip(severities.into_iter().cycle())
        .enumerate()
        .map(|(n, (outcome, severity))| DeliveredFinding {
            outcome,
            severity,
            ..delivered(&format!("vpc-{n}"), "Something is wrong.")
        })
        .collect()
}

fn golden(name: &str) -> Vec<Json> {
    let path = format!("{}/src/ledger/golden/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

async fn read(names: &[&str]) -> ChangeHistory {
    let items: Vec<_> = names.iter().flat_map(|name| golden(name)).collect();
    let cloud = Cloud::new().json("Query", &json!({ "Items": items }));
    ledger(&cloud).past(&scope(), None).await.unwrap()
}

fn expected() -> ChangeHistory {
    ChangeHistory {
        records: records(),
        delivered: delivered_findings()
            .into_iter()
            .map(|delivered| (delivered.key.clone(), delivered))
            .collect(),
        pauses: vec![pause()],
        resumes: [(finding("vpc-1"), at("05:00:00"))].into(),
        ..ChangeHistory::default()
    }
}

#[tokio::test]
async fn an_upgrade_loses_no_history() {
    let history = read(&["v1-changes", "v1-told", "v1-hold", "v1-resume"]).await;
    assert_eq!(history, expected());
    let cloud = Cloud::new().json("Query", &json!({ "Items": golden("v1-changes") }));
    let scope = scope();
    let records = ledger(&cloud).history(&scope.account, &scope.region, None).await;
    assert_eq!(records.unwrap(), expected().records);
}

#[tokio::test]
async fn items_are_read_as_they_were_written() {
    let history = read(&["v2-changes", "v2-delivered", "v2-pause", "v2-resume"]).await;
    assert_eq!(history, expected());
}

#[tokio::test]
async fn announcement_of_the_end_of_an_exemption_is_kept() {
    let announced = DeliveredFinding {
        outcome: FindingStatus::ExemptionEnds,
        ..delivered("vpc-1", "Something is wrong.")
    };
    let cloud = Cloud::new().json("PutItem", &json!({}));
    ledger(&cloud)
        .tell(
            &scope(),
            "endpoint-missing",
            std::slice::from_ref(&announced),
            at("12:00:00"),
        )
        .await
        .unwrap();
    let item = cloud.bodies("PutItem")[0]["Item"].clone();
    let kept: Json = serde_json::from_str(item["delivered"]["S"].as_str().unwrap()).unwrap();
    assert_eq!(kept[0]["status"], "exemption-ends");
    let cloud = Cloud::new().json("Query", &json!({ "Items": [item] }));
    let history = ledger(&cloud).past(&scope(), None).await.unwrap();
    assert_eq!(history.delivered.into_values().collect::<Vec<_>>(), [announced]);
}

#[tokio::test]
async fn quarantine_is_kept_with_the_policy_from_before() {
    let quarantined = ChangeRecord {
        action: Action::Change(Change::QuarantineEndpoint(QuarantineEndpoint {
            endpoint: "vpce-1".into(),
            before: "{}".to_owned(),
        })),
        status: ChangeStatus::Applied { created: None },
        ..record("06:00:00")
    };
    let cloud = Cloud::new().json("PutItem", &json!({}));
    ledger(&cloud).conclude(&quarantined, at("12:00:00")).await.unwrap();
    let item = cloud.bodies("PutItem")[0]["Item"].clone();
    let kept: Json = serde_json::from_str(item["change"]["S"].as_str().unwrap()).unwrap();
    let change = json!({"kind": "quarantine-endpoint", "endpoint": "vpce-1", "before": "{}"});
    assert_eq!(kept["action"], json!({ "change": change }));
    let cloud = Cloud::new().json("Query", &json!({ "Items": [item] }));
    let history = ledger(&cloud).past(&scope(), None).await.unwrap();
    assert_eq!(history.records, [quarantined]);
}

#[tokio::test]
async fn isolation_is_kept_with_the_groups_from_before() {
    let isolated = |action: Action| ChangeRecord {
        action,
        status: ChangeStatus::Applied {
            created: Some("sg-quarantine".to_owned()),
        },
        ..record("06:00:00")
    };
    let change = Change::IsolateEndpoint(IsolateEndpoint {
        endpoint: "vpce-1".into(),
        vpc: "vpc-1".into(),
        before: ["sg-1".into()].into(),
    });
    let group = Change::CreateManagedGroup(CreateManagedGroup {
        vpc: "vpc-1".into(),
        purpose: GroupPurpose::Quarantine,
    });
    let undo = change.inverse(Some("sg-quarantine")).unwrap();
    let kept = [
        (
            Action::Change(change),
            json!({"change": {"kind": "isolate-endpoint", "endpoint": "vpce-1", "vpc": "vpc-1", "before": ["sg-1"]}}),
        ),
        (
            Action::Change(group),
            json!({"change": {"kind": "create-managed-group", "vpc": "vpc-1", "purpose": "quarantine"}}),
        ),
        (
            Action::Undo(undo),
            json!({"undo": {"kind": "restore-groups", "endpoint": "vpce-1", "groups": ["sg-1"], "quarantine": "sg-quarantine"}}),
        ),
    ];
    for (action, expected) in kept {
        let record = isolated(action);
        let cloud = Cloud::new().json("PutItem", &json!({}));
        ledger(&cloud).conclude(&record, at("12:00:00")).await.unwrap();
        let item = cloud.bodies("PutItem")[0]["Item"].clone();
        let written: Json = serde_json::from_str(item["change"]["S"].as_str().unwrap()).unwrap();
        assert_eq!(written["action"], expected);
        let cloud = Cloud::new().json("Query", &json!({ "Items": [item] }));
        let history = ledger(&cloud).past(&scope(), None).await.unwrap();
        assert_eq!(history.records, [record]);
    }
}

#[tokio::test]
async fn items_are_written_in_form_2() {
    let expires = at("12:00:00");
    let cloud = || (0..records().len()).fold(Cloud::new(), |cloud, _| cloud.json("PutItem", &json!({})));
    let written = |cloud: &Cloud| -> Vec<Json> {
        let bodies = cloud.bodies("PutItem").into_iter();
        bodies.map(|body| body["Item"].clone()).collect()
    };
    let changes = cloud();
    for record in records() {
        ledger(&changes).conclude(&record, expires).await.unwrap();
    }
    assert_eq!(written(&changes), golden("v2-changes"));
    let delivered = cloud();
    ledger(&delivered)
        .tell(&scope(), "endpoint-missing", &delivered_findings(), expires)
        .await
        .unwrap();
    assert_eq!(written(&delivered), golden("v2-delivered"));
    let paused = cloud();
    ledger(&paused).pause(&scope(), &pause()).await.unwrap();
    assert_eq!(written(&paused), golden("v2-pause"));
    let resumed = cloud();
    ledger(&resumed)
        .resume(&scope(), &finding("vpc-1"), at("05:00:00"), expires)
        .await
        .unwrap();
    assert_eq!(written(&resumed), golden("v2-resume"));
}

#[tokio::test]
async fn items_of_an_endpoint_service_are_written_and_read_as_in_their_file() {
    let records = service_records();
    let cloud = (0..records.len()).fold(Cloud::new(), |cloud, _| cloud.json("PutItem", &json!({})));
    for record in &records {
        ledger(&cloud).conclude(record, at("12:00:00")).await.unwrap();
    }
    let written = cloud.bodies("PutItem").into_iter().map(|body| body["Item"].clone());
    assert_eq!(written.collect::<Vec<_>>(), golden("v2-service-changes"));
    let cloud = Cloud::new().json("Query", &json!({ "Items": golden("v2-service-changes") }));
    let history = ledger(&cloud).past(&service_scope(), None).await.unwrap();
    assert_eq!(history.records, records);
}

#[tokio::test]
async fn an_item_of_an_unknown_form_is_an_error() {
    let mut item = golden("v2-changes").remove(0);
    item["v"] = json!({ "N": "3" });
    let cloud = Cloud::new().json("Query", &json!({ "Items": [item] }));
    let error = ledger(&cloud).past(&scope(), None).await.unwrap_err();
    assert!(
        chain(&error).ends_with("its form `3` is not known"),
        "{}",
        chain(&error)
    );
}

#[test]
fn perimeter_of_a_change_is_kept_and_may_be_missing() {
    let record = ChangeRecord {
        perimeter: Some("0123456789ab".to_owned()),
        ..record("06:00:00")
    };
    let document = serde_json::to_string(&ChangeDocument::from(&record)).unwrap();
    assert_eq!(parse_change(&document).unwrap(), record);
    let older = document.replace(r#""perimeter":"0123456789ab","#, "");
    assert_ne!(older, document);
    assert_eq!(parse_change(&older).unwrap().perimeter, None);
}
