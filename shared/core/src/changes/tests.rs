//! What changes and their inverses do to a snapshot.

use std::collections::BTreeSet;

use super::*;
use crate::changes::{
    AddSubnet, AssociateRouteTable, AttachManagedGroup, AuthorizeIngress, CreateManagedGroup, EnablePrivateDns,
    EnableVpcDns, HTTPS, IsolateEndpoint, ManagedGroup, QuarantineEndpoint, ReplacePolicy,
};
use crate::model::address::AddressType;
use crate::model::endpoint::{EndpointKind, EndpointState};
use crate::model::id::VpcId;
use crate::model::part::Part;
use crate::model::snapshot::{IngressRule, SubnetClass};
use crate::testing::{ALLOW_ALL, VPC, World, bare, compliant, https, nets, zone};

fn managed() -> ManagedGroup {
    ManagedGroup { vpc: VpcId::from(VPC) }
}

/// `vpce-sts` has one zone and no private DNS, `vpce-s3` one route table; the VPC has a managed group.
fn world() -> World {
    bare()
        .subnet("subnet-a", "a", SubnetClass::Private)
        .subnet("subnet-b", "b", SubnetClass::Private)
        .interface("vpce-sts", "sts", &["subnet-a"])
        .edit_endpoint("vpce-sts", |e| e.private_dns = false)
        .gateway("vpce-s3", "s3", &["rtb-private"])
        .managed_group("sg-managed", &[https("10.0.0.0/24")])
        .quarantine_group("sg-quarantine")
        .dns(false, false)
}

fn new_endpoint() -> NewEndpoint {
    NewEndpoint {
        vpc: VPC.into(),
        service: "com.amazonaws.eu-central-1.kms".into(),
        endpoint_kind: EndpointKind::Interface,
        subnets: [(zone("a"), "subnet-a".into()), (zone("b"), "subnet-b".into())].into(),
        route_tables: BTreeSet::new(),
        group: Some(managed()),
        address_type: AddressType::Ipv4,
        private_dns: true,
        policy: Some("{}".to_owned()),
        client_token: "token".to_owned(),
    }
}

/// One of each kind that does something to `world()`, with the part that it changes.
fn changes() -> Vec<(Change, Part)> {
    vec![
        (
            Change::EnableVpcDns(EnableVpcDns {
                vpc: VPC.into(),
                attribute: DnsAttribute::Support,
            }),
            Part::Dns,
        ),
        (
            Change::EnableVpcDns(EnableVpcDns {
                vpc: VPC.into(),
                attribute: DnsAttribute::Hostnames,
            }),
            Part::Dns,
        ),
        (
            Change::AuthorizeIngress(AuthorizeIngress {
                group: managed(),
                ports: HTTPS,
                cidrs: nets(&["10.0.1.0/24", "10.0.2.0/24"]),
            }),
            Part::SecurityGroups,
        ),
        (Change::CreateEndpoint(new_endpoint()), Part::Endpoints),
        (
            Change::AddSubnet(AddSubnet {
                endpoint: "vpce-sts".into(),
                subnet: "subnet-b".into(),
                zone: zone("b"),
            }),
            Part::Endpoints,
        ),
        (
            Change::AssociateRouteTable(AssociateRouteTable {
                endpoint: "vpce-s3".into(),
                route_table: "rtb-isolated".into(),
            }),
            Part::Endpoints,
        ),
        (
            Change::AttachManagedGroup(AttachManagedGroup {
                endpoint: "vpce-sts".into(),
                group: managed(),
            }),
            Part::Endpoints,
        ),
        (
            Change::EnablePrivateDns(EnablePrivateDns {
                endpoint: "vpce-sts".into(),
            }),
            Part::Endpoints,
        ),
        (
            Change::QuarantineEndpoint(QuarantineEndpoint {
                endpoint: "vpce-s3".into(),
                before: world().snapshot.endpoints.unwrap()[&"vpce-s3".into()]
                    .policy
                    .clone()
                    .unwrap(),
            }),
            Part::Endpoints,
        ),
        (
            Change::IsolateEndpoint(IsolateEndpoint {
                endpoint: "vpce-sts".into(),
                vpc: VPC.into(),
                before: world().snapshot.endpoints.unwrap()[&"vpce-sts".into()]
                    .security_groups
                    .clone(),
            }),
            Part::Endpoints,
        ),
        (
            Change::ReplacePolicy(ReplacePolicy {
                endpoint: "vpce-s3".into(),
                before: world().snapshot.endpoints.unwrap()[&"vpce-s3".into()]
                    .policy
                    .clone()
                    .unwrap(),
                after: ALLOW_ALL.to_owned(),
            }),
            Part::Endpoints,
        ),
    ]
}

fn simulated(new: NewEndpoint) -> EndpointId {
    let change = Change::CreateEndpoint(new);
    change.simulated_id(&world().snapshot.state()).unwrap().into()
}

fn undone(before: &VpcSnapshot, change: &Change) -> VpcSnapshot {
    let after = change.make_in(before);
    let inverse = change.inverse(change.simulated_id(&after.state()).as_deref()).unwrap();
    inverse.make_in(&after)
}

#[test]
fn change_is_idempotent_and_undone_by_its_inverse() {
    for (change, _) in changes() {
        let before = world().snapshot;
        let after = change.make_in(&before);
        assert_ne!(after, before, "{change}");
        assert_eq!(change.make_in(&after), after, "{change}");
        assert_eq!(undone(&before, &change), before, "{change}");
    }
}

#[test]
fn change_leaves_unobserved_parts_unknown() {
    for (change, part) in changes() {
        let unknown = world().gap(part).snapshot;
        assert_eq!(change.make_in(&unknown), unknown, "{change}");
        let nothing = Part::VPC.into_iter().fold(world(), World::gap).snapshot;
        assert_eq!(change.make_in(&nothing), nothing, "{change}");
    }
}

#[test]
fn change_of_a_missing_resource_does_nothing() {
    let empty = World {
        snapshot: VpcSnapshot {
            endpoints: Ok([].into()),
            security_groups: Ok([].into()),
            ..world().snapshot
        },
        ..world()
    };
    let of_what_exists = changes()
        .into_iter()
        .filter(|(c, _)| !matches!(c, Change::EnableVpcDns(_) | Change::CreateEndpoint(_)));
    for (change, _) in of_what_exists {
        assert_eq!(change.make_in(&empty.snapshot), empty.snapshot, "{change}");
    }
}

#[test]
fn managed_group_is_created_at_most_once() {
    let change = Change::CreateManagedGroup(CreateManagedGroup::for_ingress(VPC.into()));
    assert_eq!(change.make_in(&world().snapshot), world().snapshot);
    let before = compliant().snapshot;
    let after = change.make_in(&before);
    assert_eq!(
        after.managed_group().map(|g| g.id.to_string()),
        change.simulated_id(&after.state())
    );
    assert_eq!(undone(&before, &change), before);
}

#[test]
fn created_endpoint_has_the_requested_configuration() {
    let after = Change::CreateEndpoint(new_endpoint()).make_in(&world().snapshot);
    let endpoints = after.endpoints.unwrap();
    let created = &endpoints[&simulated(new_endpoint())];
    assert_eq!(created.state, EndpointState::Pending);
    assert_eq!(created.subnets, BTreeSet::from(["subnet-a".into(), "subnet-b".into()]));
    assert_eq!(created.security_groups, BTreeSet::from(["sg-managed".into()]));
    assert_eq!((created.private_dns, created.policy.as_deref()), (true, Some("{}")));
    let gateway = NewEndpoint {
        endpoint_kind: EndpointKind::Gateway,
        subnets: [].into(),
        route_tables: BTreeSet::from(["rtb-main".into()]),
        group: None,
        address_type: AddressType::Ipv4,
        private_dns: false,
        ..new_endpoint()
    };
    let after = Change::CreateEndpoint(gateway.clone()).make_in(&world().snapshot);
    let created = &after.endpoints.unwrap()[&simulated(gateway.clone())];
    assert_eq!(created.state, EndpointState::Available);
    assert_eq!(created.route_tables, gateway.route_tables);
}

#[test]
fn network_interface_takes_one_address_of_its_subnet() {
    let free = |snapshot: &VpcSnapshot| -> Vec<_> {
        let subnets = snapshot.subnets.as_ref().unwrap().values();
        subnets.map(|s| s.free_addresses).collect()
    };
    let mut state = world().snapshot;
    assert_eq!(free(&state), [200, 200]);
    for (change, _) in changes() {
        state = change.make_in(&state);
    }
    assert_eq!(free(&state), [199, 198]);
}

#[test]
fn revocation_removes_only_the_authorized_rules() {
    let change = Change::AuthorizeIngress(AuthorizeIngress {
        group: managed(),
        ports: HTTPS,
        cidrs: nets(&["10.0.1.0/24"]),
    });
    let wider = IngressRule {
        ports: Some((0, 1_024)),
        ..https("10.0.1.0/24")
    };
    let before = world()
        .managed_group("sg-managed", &[https("10.0.0.0/24"), wider, https("::/0")])
        .snapshot;
    assert_eq!(undone(&before, &change), before);
}
