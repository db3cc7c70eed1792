//! Drawings of endpoint services, and of hubs and spokes.

use std::collections::{BTreeMap, BTreeSet};

use postern_core::model::address::AddressType;
use postern_core::model::endpoint::{EndpointKind, EndpointState};
use postern_core::model::endpoint_service::*;
use postern_core::settings::{Provider, ServiceSelector, Settings};

use super::audit::{example, topology};
use super::fixtures::{ENDPOINT, VPC};
use crate::audit::*;
use crate::html;
use crate::published::{Report, ResourceKind, Verdict};

const SERVICE: &str = "vpce-svc-0123456789abcdef0";
const BALANCER: &str =
    "arn:aws:elasticloadbalancing:eu-central-1:111122223333:loadbalancer/net/payments/50dc6c495c0c9188";
const SPOKE: &str = "vpc-0aaaaaaaaaaaaaaaa";

/// Public, with a trusted consumer, one that waits, one that is not trusted and one whose connection was rejected.
pub(super) fn snapshot() -> ServiceSnapshot {
    let principals = ["*", "arn:aws:iam::777788889999:root"];
    let permission = |principal: &str| Permission {
        principal: principal.to_owned(),
        kind: PrincipalKind::of(principal),
        id: None,
    };
    let connections = [
        ("vpce-01111111111111111", "777788889999", EndpointState::Available),
        ("vpce-02222222222222222", "777788889999", EndpointState::Available),
        (
            "vpce-03333333333333333",
            "777788889999",
            EndpointState::PendingAcceptance,
        ),
        ("vpce-04444444444444444", "444455556666", EndpointState::Available),
        ("vpce-05555555555555555", "444455556666", EndpointState::Rejected),
    ];
    let connections = connections.map(|(endpoint, owner, state)| Connection {
        endpoint: endpoint.into(),
        owner: owner.into(),
        state,
        region: "eu-central-1".into(),
        created: None,
    });
    let zones: BTreeSet<_> = ["eu-central-1a".into(), "eu-central-1b".into()].into();
    ServiceSnapshot {
        account: "111122223333".into(),
        region: "eu-central-1".into(),
        service: EndpointService {
            id: SERVICE.into(),
            name: format!("com.amazonaws.vpce.eu-central-1.{SERVICE}").into(),
            owner: "111122223333".into(),
            state: ServiceState::Available,
            kind: EndpointKind::Interface,
            acceptance_required: false,
            zones: zones.clone(),
            load_balancers: [BALANCER.to_owned()].into(),
            regions: ["eu-central-1".into()].into(),
            private_dns: None,
            address_type: Some(AddressType::Dualstack),
            payer: PayerResponsibility::ServiceOwner,
            tags: BTreeMap::new(),
        },
        permissions: Ok(principals.map(|one| (one.to_owned(), permission(one))).into()),
        connections: Ok(connections.map(|one| (one.endpoint.clone(), one)).into()),
        load_balancers: Ok([(
            BALANCER.to_owned(),
            LoadBalancer {
                arn: BALANCER.to_owned(),
                state: LoadBalancerState::Active,
                zones,
                deletion_protection: Some(true),
            },
        )]
        .into()),
        target_health: Ok([(
            BALANCER.to_owned(),
            TargetHealth {
                registered: 3,
                healthy: 2,
            },
        )]
        .into()),
    }
}

fn settings() -> Settings {
    Settings {
        providers: vec![Provider {
            services: ServiceSelector::default(),
            accounts: vec!["777788889999".to_owned()],
            organizations: None,
            principals: Vec::new(),
            regions: BTreeSet::new(),
            waiting_hours: 24,
        }],
        ..Settings::default()
    }
}

/// An endpoint service beside the VPC of [`example`].
pub(crate) fn with_service(snapshot: &ServiceSnapshot) -> Audit {
    let mut audit = example();
    let mut report: Report = audit.scopes[0].report.clone();
    report.scope.resource.kind = ResourceKind::EndpointService;
    report.scope.resource.id = snapshot.service.id.to_string();
    report.findings.clear();
    report.changes.clear();
    audit.scopes.push(AuditedScope {
        report,
        topology: Topology::of_service(snapshot, &settings()),
        history: Vec::new(),
    });
    audit
}

/// The VPC of [`example`] as a hub, with a spoke that uses its endpoint and does not reach another one.
fn with_spoke() -> Audit {
    let mut audit = example();
    let mut report = audit.scopes[0].report.clone();
    report.scope.resource.id = SPOKE.to_owned();
    let link = |service: &str, endpoint: Option<&str>, verdict| CentralView {
        service: format!("com.amazonaws.eu-central-1.{service}"),
        hub: endpoint.map(|_| VPC.to_owned()),
        endpoint: endpoint.map(str::to_owned),
        ways: vec!["tgw-0123456789abcdef0".to_owned()],
        verdict,
    };
    audit.scopes.push(AuditedScope {
        report,
        topology: Topology {
            endpoints: Vec::new(),
            central: vec![
                link("kms", Some("vpce-0123456789abcdef0"), Verdict::Compliant),
                link("s3", Some(ENDPOINT), Verdict::NonCompliant),
                link("sts", None, Verdict::NonCompliant),
            ],
            ..topology()
        },
        history: Vec::new(),
    });
    audit
}

/// The groups of a drawing with this attribute, from their values to their ends.
fn groups<'a>(page: &'a str, attribute: &str) -> Vec<&'a str> {
    let start = format!("<g {attribute}=\"");
    let groups = page.split(&start).skip(1);
    groups.map(|rest| rest.split("</g>").next().unwrap()).collect()
}

#[test]
fn service_is_drawn_with_principals_connections_and_load_balancers() {
    let page = html::render(&with_service(&snapshot()));
    let principals = groups(&page, "data-principals");
    assert_eq!(principals.len(), 2, "{principals:?}");
    assert!(
        principals[0].contains("* (every AWS account): not trusted")
            && principals[0].contains("\"link untrusted dashed\""),
        "{}",
        principals[0]
    );
    assert!(principals[1].contains("\"link dashed\""), "{}", principals[1]);
    let connections = groups(&page, "data-connections");
    let expected = [
        (
            "1\"",
            "444455556666: 1 endpoint available in eu-central-1, not trusted",
            "\"link untrusted\"",
        ),
        (
            "1\"",
            "444455556666: 1 endpoint rejected in eu-central-1, not trusted",
            "",
        ),
        (
            "2\"",
            "777788889999: 2 endpoints available in eu-central-1, trusted",
            "\"link\"",
        ),
        (
            "1\"",
            "777788889999: 1 endpoint pending-acceptance in eu-central-1, trusted",
            "\"link dashed\"",
        ),
    ];
    assert_eq!(connections.len(), expected.len(), "{connections:#?}");
    for (group, (count, about, class)) in connections.iter().zip(expected) {
        assert!(
            group.starts_with(count) && group.contains(about) && group.contains(class),
            "{group}"
        );
        assert_eq!(group.contains("<line"), !class.is_empty(), "{group}");
    }
    let balancers = groups(&page, "data-balancer");
    assert_eq!(balancers.len(), 1);
    for part in [
        "net/payments/50dc6c495c0c9188",
        "active, 2 of 3 targets healthy",
        "eu-central-1a, eu-central-1b",
    ] {
        assert!(balancers[0].contains(part), "{part}: {}", balancers[0]);
    }
}

#[test]
fn document_says_whom_the_settings_trust() {
    let audit = with_service(&snapshot());
    let service = audit.scopes[1].topology.service.as_ref().unwrap();
    let trust: Vec<_> = service.principals.iter().map(|view| view.trust).collect();
    assert_eq!(trust, [ConsumerTrust::Untrusted, ConsumerTrust::Trusted]);
    let of = |account: &str| {
        let own = service.consumers.iter().filter(|view| view.account == account);
        own.map(|view| view.trust).collect::<BTreeSet<_>>()
    };
    assert_eq!(of("777788889999"), [ConsumerTrust::Trusted].into());
    assert_eq!(of("444455556666"), [ConsumerTrust::Untrusted].into());
    let undecided = ServiceSnapshot {
        permissions: Ok(BTreeMap::new()),
        ..snapshot()
    };
    let undecided = Topology::of_service(&undecided, &Settings::default()).service.unwrap();
    let all: BTreeSet<_> = undecided.consumers.iter().map(|view| view.trust).collect();
    assert_eq!(all, [ConsumerTrust::Undecided].into());
}

#[test]
fn page_and_document_say_which_addresses_a_service_supports_and_who_pays() {
    let of = |service: &ServiceSnapshot| {
        let audit = with_service(service);
        let view = audit.scopes[1].topology.service.clone().unwrap();
        (html::render(&audit), (view.address_type, view.payer))
    };
    let (page, view) = of(&snapshot());
    assert!(page.contains(
        ", for endpoints with IPv4 and IPv6 addresses; accepts every connection; its owner pays for the endpoints of \
         consumers.</p>"
    ));
    assert_eq!(
        view,
        (Some(AddressType::Dualstack), Some(PayerResponsibility::ServiceOwner))
    );
    let mut usual = snapshot();
    usual.service.address_type = None;
    usual.service.payer = PayerResponsibility::EndpointOwner;
    let (page, _) = of(&usual);
    assert!(!page.contains("for endpoints with") && !page.contains("pays for"));
}

#[test]
fn service_without_targets_or_consumers_says_so() {
    let mut bare = snapshot();
    bare.permissions = Ok(BTreeMap::new());
    bare.connections = Ok(BTreeMap::new());
    bare.target_health.as_mut().unwrap().get_mut(BALANCER).unwrap().healthy = 0;
    let page = html::render(&with_service(&bare));
    assert_eq!(page.matches(">nobody</text>").count(), 2);
    assert!(groups(&page, "data-balancer")[0].contains("\"link broken\""));
    bare.load_balancers = Ok(BTreeMap::new());
    assert!(html::render(&with_service(&bare)).contains(">none</text>"));
}

#[test]
fn drawing_of_two_thousand_connections_has_untrusted_ones_first_and_one_row_for_the_others() {
    let mut many = snapshot();
    let connections = many.connections.as_mut().unwrap();
    connections.clear();
    for number in 0..2_000_u64 {
        let owner = match number % 20 {
            0 => "777788889999".to_owned(),
            _ => format!("{:012}", 888_800_000_000 + number),
        };
        let connection = Connection {
            endpoint: format!("vpce-{number:04}").as_str().into(),
            owner: owner.as_str().into(),
            state: EndpointState::Available,
            region: "eu-central-1".into(),
            created: None,
        };
        connections.insert(connection.endpoint.clone(), connection);
    }
    let page = html::render(&with_service(&many));
    let groups = groups(&page, "data-connections");
    let counts = groups
        .iter()
        .map(|group| group.split('"').next().unwrap().parse::<usize>().unwrap());
    assert_eq!(counts.sum::<usize>(), 2_000);
    assert_eq!(groups.len(), 41);
    assert!(groups[..40].iter().all(|group| group.contains("not trusted")));
    assert!(groups[40].contains("1960 more connections"), "{}", groups[40]);
    assert!(page.len() < 2 << 20, "{}", page.len());
}

#[test]
fn spoke_is_drawn_with_the_way_to_each_endpoint_of_its_hub() {
    let page = html::render(&with_spoke());
    let links = groups(&page, "data-central");
    let expected = [
        ("kms", "vpce-0123456789abcdef0", "\"link\"", "reached"),
        ("s3", ENDPOINT, "\"link broken\"", "not reached"),
        ("sts", "no endpoint", "\"link broken\"", "not reached"),
    ];
    assert_eq!(links.len(), expected.len());
    for (link, (service, endpoint, class, state)) in links.iter().zip(expected) {
        let hub = if endpoint == "no endpoint" { "no hub" } else { VPC };
        let about = format!(
            "com.amazonaws.eu-central-1.{service}: {endpoint} of {hub} through tgw-0123456789abcdef0, {state}</title>"
        );
        assert!(link.contains(&about) && link.contains(class), "{link}");
    }
    assert!(page.contains("3 services through endpoints of hubs, 1 of them reached."));
}

#[test]
fn hub_is_drawn_with_the_spokes_of_each_endpoint() {
    let page = html::render(&with_spoke());
    let spokes = groups(&page, "data-spokes");
    assert_eq!(spokes.len(), 2, "{spokes:?}");
    // The endpoint to S3 comes first.
    assert!(
        spokes[0].contains(&format!("reached by 0 of 1 spokes: {SPOKE}")),
        "{}",
        spokes[0]
    );
    assert!(
        spokes[1].contains(&format!("reached by 1 of 1 spokes: {SPOKE}")),
        "{}",
        spokes[1]
    );
    assert!(page.contains("Used by 1 spoke."));
    assert!(groups(&html::render(&example()), "data-spokes").is_empty());
    let cells = format!("<th scope=\"row\">{SPOKE}</th><td>com.amazonaws.eu-central-1.kms</td><td>{VPC}</td>");
    assert_eq!(
        page.matches(&cells).count(),
        2,
        "in the table of the hub and in that of the spoke"
    );
}
