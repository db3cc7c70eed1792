//! Endpoint services for tests, with the settings of their owner.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use proptest::prelude::*;

use super::baseline::modes;
use super::{ACCOUNT, REGION, STRANGER, zone};
use crate::controls::CONTROLS;
use crate::evaluation::{Control, Finding, PolicyCache, evaluate};
use crate::history::ChangeHistory;
use crate::model::address::AddressType;
use crate::model::endpoint::{EndpointKind, EndpointState};
use crate::model::endpoint_service::{
    Connection, DnsRecord, EndpointService, LoadBalancer, LoadBalancerState, PayerResponsibility, Permission,
    PrincipalKind, PrivateDnsName, ServiceSnapshot, ServiceState, TargetHealth, Verification,
};
use crate::model::part::{Gap, Part, Tags};
use crate::model::scope_snapshot::Snapshot;
use crate::plan::{Plan, Restraints, plan};
use crate::settings::{Limits, Mode, Provider, ServiceSelector, Settings};

pub(crate) const SERVICE: &str = "vpce-svc-0123456789abcdef0";
/// An approved consumer.
pub(crate) const CONSUMER: &str = "777788889999";
pub(crate) const BALANCER: &str =
    "arn:aws:elasticloadbalancing:eu-central-1:111122223333:loadbalancer/net/payments/50dc6c495c0c9188";

/// An endpoint service and what its owner wants, at a moment.
#[derive(Clone, Debug)]
pub(crate) struct ServiceWorld {
    pub(crate) snapshot: ServiceSnapshot,
    pub(crate) settings: Settings,
    pub(crate) history: ChangeHistory,
    pub(crate) now: Timestamp,
}

/// A service with nothing to be said against it, and one consumer, all controls enforced.
pub(crate) fn published() -> ServiceWorld {
    let balancer = LoadBalancer {
        arn: BALANCER.to_owned(),
        state: LoadBalancerState::Active,
        zones: ["a", "b"].map(zone).into(),
        deletion_protection: Some(true),
    };
    let health = TargetHealth {
        registered: 2,
        healthy: 2,
    };
    let provider = Provider {
        services: ServiceSelector::default(),
        accounts: vec![CONSUMER.to_owned()],
        organizations: None,
        principals: Vec::new(),
        regions: BTreeSet::new(),
        waiting_hours: 24,
    };
    let world = ServiceWorld {
        snapshot: ServiceSnapshot {
            account: ACCOUNT.into(),
            region: REGION.into(),
            service: EndpointService {
                id: SERVICE.into(),
                name: format!("com.amazonaws.vpce.{REGION}.{SERVICE}").into(),
                owner: ACCOUNT.into(),
                state: ServiceState::Available,
                kind: EndpointKind::Interface,
                acceptance_required: true,
                zones: ["a", "b"].map(zone).into(),
                load_balancers: [BALANCER.to_owned()].into(),
                regions: [REGION.into()].into(),
                private_dns: Some(PrivateDnsName {
                    name: "pay.example.com".to_owned(),
                    verification: Verification::Verified,
                    record: Some(DnsRecord {
                        kind: "TXT".to_owned(),
                        name: "_abc".to_owned(),
                        value: "vpce:xyz".to_owned(),
                    }),
                }),
                address_type: Some(AddressType::Ipv4),
                payer: PayerResponsibility::EndpointOwner,
                tags: Tags::new(),
            },
            permissions: Ok(BTreeMap::new()),
            connections: Ok(BTreeMap::new()),
            load_balancers: Ok([(BALANCER.to_owned(), balancer)].into()),
            target_health: Ok([(BALANCER.to_owned(), health)].into()),
        },
        settings: Settings {
            providers: vec![provider],
            modes: modes(Mode::Enforce, BTreeMap::new()),
            limits: Limits {
                changes_per_run: 1_000,
                changes_per_hour: 1_000,
                ..Limits::default()
            },
            ..Settings::default()
        },
        history: ChangeHistory::default(),
        now: "2026-11-23T12:00:00Z".parse().unwrap(),
    };
    let root = format!("arn:aws:iam::{CONSUMER}:root");
    world.allow(&root).connect("vpce-1", CONSUMER, EndpointState::Available)
}

impl ServiceWorld {
    pub(crate) fn allow(mut self, principal: &str) -> Self {
        let permission = Permission {
            principal: principal.to_owned(),
            kind: PrincipalKind::of(principal),
            id: None,
        };
        let permissions = self.snapshot.permissions.as_mut().unwrap();
        permissions.insert(principal.to_owned(), permission);
        self
    }

    pub(crate) fn connect(mut self, endpoint: &str, owner: &str, state: EndpointState) -> Self {
        let connection = Connection {
            endpoint: endpoint.into(),
            owner: owner.into(),
            state,
            region: REGION.into(),
            created: Some(self.now),
        };
        let connections = self.snapshot.connections.as_mut().unwrap();
        connections.insert(endpoint.into(), connection);
        self
    }

    pub(crate) fn edit(mut self, edit: impl FnOnce(&mut EndpointService)) -> Self {
        edit(&mut self.snapshot.service);
        self
    }

    pub(crate) fn edit_balancer(mut self, edit: impl FnOnce(&mut LoadBalancer)) -> Self {
        let balancers = self.snapshot.load_balancers.as_mut().unwrap();
        edit(balancers.get_mut(BALANCER).unwrap());
        self
    }

    /// Makes a part of the snapshot a gap.
    pub(crate) fn gap(mut self, part: Part) -> Self {
        let gap = Gap {
            part,
            reason: format!("the call for {part:?} was denied"),
        };
        match part {
            Part::Permissions => self.snapshot.permissions = Err(gap),
            Part::Connections => self.snapshot.connections = Err(gap),
            Part::LoadBalancers => self.snapshot.load_balancers = Err(gap),
            Part::TargetHealth => self.snapshot.target_health = Err(gap),
            Part::Configuration => {}
            Part::Dns
            | Part::Subnets
            | Part::RouteTables
            | Part::Endpoints
            | Part::SecurityGroups
            | Part::Services
            | Part::NetworkAcls
            | Part::HostedZones
            | Part::Central
            | Part::Traffic => panic!("{part:?} is no part of an endpoint service"),
        }
        self
    }

    pub(crate) fn state(&self) -> Snapshot {
        Snapshot::Service(self.snapshot.clone())
    }

    pub(crate) fn after(mut self, state: Snapshot) -> Self {
        match state {
            Snapshot::Service(snapshot) => self.snapshot = snapshot,
            Snapshot::Vpc(vpc) => panic!("{} is no endpoint service", vpc.vpc.id),
        }
        self
    }

    pub(crate) fn findings(&self, controls: &[&Control]) -> Vec<Finding> {
        let policies = PolicyCache::default();
        evaluate(
            controls,
            &self.state(),
            &self.settings,
            &self.history,
            self.now,
            &policies,
        )
    }

    /// The one finding of a control.
    pub(crate) fn judge(&self, control: &Control) -> Finding {
        match <[Finding; 1]>::try_from(self.findings(&[control])) {
            Ok([finding]) => finding,
            Err(found) => panic!("not one finding: {found:#?}"),
        }
    }

    pub(crate) fn plan(&self) -> Plan {
        self.plan_of(CONTROLS)
    }

    pub(crate) fn plan_of(&self, controls: &[&Control]) -> Plan {
        plan(
            controls,
            &self.state(),
            &self.settings,
            &self.history,
            &Restraints::default(),
            self.now,
            &PolicyCache::default(),
        )
        .1
    }
}

/// That each part which a control says it needs decides about one of these services, and that no other part does.
pub(crate) fn assert_service_needs(control: &Control, worlds: &[ServiceWorld]) {
    assert!(control.needs.contains(&Part::Configuration), "{}", control.name);
    for part in Part::ENDPOINT_SERVICE
        .into_iter()
        .filter(|part| *part != Part::Configuration)
    {
        let reads = worlds
            .iter()
            .any(|world| world.findings(&[control]) != world.clone().gap(part).findings(&[control]));
        assert_eq!(reads, control.needs.contains(&part), "{} {part:?}", control.name);
    }
}

/// What can be wrong with a service besides who may connect and who is connected.
#[derive(Clone, Copy, Debug)]
enum Fault {
    Ended,
    NoName,
    NameUnverified,
    OneZone,
    NoHealthyTarget,
    NotProtected,
    OtherRegion,
}

const FAULTS: [Fault; 7] = [
    Fault::Ended,
    Fault::NoName,
    Fault::NameUnverified,
    Fault::OneZone,
    Fault::NoHealthyTarget,
    Fault::NotProtected,
    Fault::OtherRegion,
];

impl ServiceWorld {
    fn with(mut self, fault: Fault) -> Self {
        let service = &mut self.snapshot.service;
        match fault {
            Fault::Ended => service.state = ServiceState::Deleting,
            Fault::NoName => service.private_dns = None,
            Fault::NameUnverified => {
                if let Some(name) = &mut service.private_dns {
                    name.verification = Verification::Failed;
                }
            }
            Fault::OneZone => service.zones = [zone("a")].into(),
            Fault::NoHealthyTarget => {
                if let Some(health) = self.snapshot.target_health.as_mut().unwrap().get_mut(BALANCER) {
                    health.healthy = 0;
                }
            }
            Fault::NotProtected => {
                if let Some(balancer) = self.snapshot.load_balancers.as_mut().unwrap().get_mut(BALANCER) {
                    balancer.deletion_protection = Some(false);
                }
            }
            Fault::OtherRegion => {
                service.regions.insert("us-east-1".into());
                for provider in &mut self.settings.providers {
                    provider.regions.insert(REGION.into());
                }
            }
        }
        self
    }
}

/// Services with all that can be wrong, under settings that approve accounts, organisations or nobody.
pub(crate) fn services() -> impl Strategy<Value = ServiceWorld> {
    const PRINCIPALS: [&str; 6] = [
        "*",
        "arn:aws:iam::777788889999:root",
        "arn:aws:iam::777788889999:role/app",
        "arn:aws:iam::444455556666:root",
        "arn:aws:iam::444455556666:user/eve",
        "arn:aws:iam::111122223333:root",
    ];
    let principals = proptest::sample::subsequence(PRINCIPALS.to_vec(), 0..=6);
    let owner = proptest::sample::select(vec![ACCOUNT, CONSUMER, STRANGER]);
    let state = proptest::sample::select(vec![
        EndpointState::PendingAcceptance,
        EndpointState::Pending,
        EndpointState::Available,
        EndpointState::Rejected,
        EndpointState::Failed,
        EndpointState::Deleting,
    ]);
    let connections = proptest::collection::vec((owner, state), 0..6);
    let approval = (any::<bool>(), any::<bool>());
    let audited = proptest::sample::subsequence(CONTROLS.iter().map(|control| control.name).collect::<Vec<_>>(), 0..=3);
    let gaps = proptest::sample::subsequence(Part::ENDPOINT_SERVICE.to_vec(), 0..=1);
    let faults = proptest::sample::subsequence(FAULTS.to_vec(), 0..=2);
    (
        principals,
        connections,
        any::<bool>(),
        approval,
        audited,
        any::<bool>(),
        (faults, gaps),
    )
        .prop_map(
            |(principals, connections, acceptance, (approves, organization), audited, interrupting, (faults, gaps))| {
                let mut world = published();
                world.snapshot.permissions = Ok(BTreeMap::new());
                world.snapshot.connections = Ok(BTreeMap::new());
                for principal in principals {
                    world = world.allow(principal);
                }
                for (number, (owner, state)) in connections.into_iter().enumerate() {
                    world = world.connect(&format!("vpce-{number}"), owner, state);
                }
                world.snapshot.service.acceptance_required = acceptance;
                if !approves {
                    world.settings.providers.clear();
                } else if organization {
                    world.settings.providers[0].organizations = Some(vec!["o-exampleorg1".to_owned()]);
                }
                for control in audited {
                    world.settings.modes.controls.insert(control.to_owned(), Mode::Audit);
                }
                if !interrupting {
                    world.settings.modes.interrupting = Mode::Audit;
                }
                let world = faults.into_iter().fold(world, |world, fault| world.with(fault));
                gaps.into_iter().fold(world, ServiceWorld::gap)
            },
        )
}
