//! Tests of subnet-uncovered.

use super::*;
use crate::model::address::AddressType;
use crate::model::endpoint::{EndpointKind, EndpointState};
use crate::model::finding::Verdict;
use crate::model::network_acl::AclEntry;
use crate::model::snapshot::SubnetClass;
use crate::testing::central::hub_with_spoke;
use crate::testing::{STRANGER, World, advice, assert_needs, bare, changes, compliant, net, service, tags, zone};

/// `vpce-sts` in zone `a`; a second zone has a subnet.
fn new_zone() -> World {
    bare()
        .subnet("subnet-a", "a", SubnetClass::Private)
        .subnet("subnet-b", "b", SubnetClass::Private)
        .require(&["sts"])
        .interface("vpce-sts", "sts", &["subnet-a"])
}

fn addition(endpoint: &str, subnet: &str, letter: &str) -> Change {
    Change::AddSubnet(AddSubnet {
        endpoint: endpoint.into(),
        subnet: subnet.into(),
        zone: zone(letter),
    })
}

#[test]
fn zone_without_a_network_interface_gets_one() {
    let finding = new_zone().judge(&CONTROL, "subnet-b");
    assert_eq!(changes(&finding), [addition("vpce-sts", "subnet-b", "b")]);
    assert_eq!(
        finding.explanation(),
        "Zone eu-central-1b has no network interface of vpce-sts, which serves com.amazonaws.eu-central-1.sts."
    );
}

#[test]
fn second_subnet_of_a_covered_zone_is_compliant() {
    let world = new_zone().subnet("subnet-a2", "a", SubnetClass::Isolated);
    assert_eq!(world.verdict(&CONTROL, "subnet-a2"), Verdict::Compliant);
}

#[test]
fn two_subnets_of_one_zone_ask_for_the_same_network_interface() {
    let world = new_zone()
        .subnet("subnet-b2", "b", SubnetClass::Isolated)
        .edit_subnet("subnet-b2", |s| s.free_addresses = 250);
    for subnet in ["subnet-b", "subnet-b2"] {
        assert_eq!(
            changes(&world.judge(&CONTROL, subnet)),
            [addition("vpce-sts", "subnet-b2", "b")]
        );
    }
    let plan = world.plan();
    assert_eq!(plan.changes.len(), 1);
    assert_eq!(plan.changes[0].causes.len(), 2);
}

#[test]
fn unsupported_zone_is_not_applicable() {
    let world = compliant().subnet("subnet-ham", "eu-central-1-ham-1a", SubnetClass::Private);
    assert_eq!(world.verdict(&CONTROL, "subnet-a kms"), Verdict::Compliant);
    assert_eq!(world.verdict(&CONTROL, "subnet-c kms"), Verdict::NotApplicable);
    assert_eq!(world.verdict(&CONTROL, "subnet-ham kms"), Verdict::NotApplicable);
}

#[test]
fn subnet_without_capacity_is_skipped() {
    let faults: [fn(&mut Subnet); 2] = [|s| s.free_addresses = 0, |s| s.outpost = true];
    for fault in faults {
        let alone = new_zone().edit_subnet("subnet-b", fault);
        let finding = alone.judge(&CONTROL, "subnet-b");
        assert_eq!(finding.verdict(), Verdict::NonCompliant);
        assert!(advice(&finding).contains("zone eu-central-1b"), "{finding:#?}");
        let beside = alone
            .subnet("subnet-b2", "b", SubnetClass::Private)
            .edit_subnet("subnet-b2", |s| s.free_addresses = 1);
        assert_eq!(
            changes(&beside.judge(&CONTROL, "subnet-b")),
            [addition("vpce-sts", "subnet-b2", "b")]
        );
    }
}

#[test]
fn subnet_that_does_not_reach_the_addresses_of_the_endpoint_is_not_covered() {
    let ipv6_only = |s: &mut Subnet| {
        s.ipv4 = None;
        s.ipv6 = [net("2001:db8::/64")].into();
    };
    let world = new_zone()
        .subnet("subnet-a6", "a", SubnetClass::Private)
        .edit_subnet("subnet-a6", ipv6_only);
    let finding = world.judge(&CONTROL, "subnet-a6");
    assert_eq!(
        finding.explanation(),
        "The clients of the subnet have IPv6 addresses only and do not reach vpce-sts, which serves \
         com.amazonaws.eu-central-1.sts with IPv4 addresses."
    );
    assert!(advice(&finding).contains("offers no others"), "{finding:#?}");
    assert_eq!(world.verdict(&CONTROL, "subnet-a"), Verdict::Compliant);
    let dual = world
        .clone()
        .edit_service("sts", EndpointKind::Interface, |s| s.addresses = AddressType::Dualstack);
    assert!(advice(&dual.judge(&CONTROL, "subnet-a6")).contains("--ip-address-type dualstack"));
    let served = dual.edit_endpoint("vpce-sts", |e| e.address_type = AddressType::Dualstack);
    assert_eq!(served.verdict(&CONTROL, "subnet-a6"), Verdict::Compliant);
    let place = advice(&served.judge(&CONTROL, "subnet-b"));
    assert!(
        place.contains("IPv4 and IPv6"),
        "a network interface needs an IPv4 and an IPv6 address: {place}"
    );
    let none = world
        .edit_subnet("subnet-a", ipv6_only)
        .edit_subnet("subnet-b", ipv6_only);
    assert_eq!(none.findings(&CONTROL), [], "the finding is endpoint-missing's");
}

#[test]
fn zone_that_fills_up_within_the_plan_gets_no_more_network_interfaces() {
    let world = new_zone()
        .require(&["ecr.api"])
        .interface("vpce-ecr", "ecr.api", &["subnet-a"])
        .edit_subnet("subnet-b", |s| s.free_addresses = 1);
    let plan = world.plan();
    assert_eq!(plan.changes.len(), 1, "{plan:#?}");
}

#[test]
fn subnet_that_does_not_need_the_service_has_no_findings() {
    let world = new_zone()
        .subnet("subnet-web", "c", SubnetClass::Public)
        .subnet("subnet-shared", "c", SubnetClass::Private)
        .edit_subnet("subnet-shared", |s| s.owner = STRANGER.into());
    assert_eq!(world.findings(&CONTROL).len(), 2);
    let mut tagged = new_zone().edit_subnet("subnet-a", |s| s.tags = tags(&[("tier", "app")]));
    tagged.settings.requirements[0].subnets.tags = tags(&[("tier", "app")]);
    assert_eq!(tagged.findings(&CONTROL).len(), 1);
}

#[test]
fn endpoint_with_private_dns_gets_the_subnet() {
    let world = new_zone()
        .edit_endpoint("vpce-sts", |e| e.private_dns = false)
        .interface("vpce-z", "sts", &["subnet-a"]);
    assert_eq!(
        changes(&world.judge(&CONTROL, "subnet-b")),
        [addition("vpce-z", "subnet-b", "b")]
    );
}

#[test]
fn endpoint_managed_by_others_is_reported_and_not_changed() {
    let kept = new_zone().edit_endpoint("vpce-sts", |e| e.requester_managed = true);
    let finding = kept.judge(&CONTROL, "subnet-b");
    assert_eq!(finding.verdict(), Verdict::NonCompliant);
    assert!(advice(&finding).contains("vpce-sts is managed by"), "{finding:#?}");
    let beside = kept.interface("vpce-z", "sts", &["subnet-a"]);
    assert_eq!(
        changes(&beside.judge(&CONTROL, "subnet-b")),
        [addition("vpce-z", "subnet-b", "b")]
    );
}

#[test]
fn dead_and_cross_region_endpoints_cover_nothing() {
    for fault in [
        |e: &mut Endpoint| e.state = EndpointState::Failed,
        |e: &mut Endpoint| e.service_region = Some("us-east-1".into()),
    ] {
        let world = new_zone()
            .interface("vpce-old", "sts", &["subnet-b"])
            .edit_endpoint("vpce-old", fault);
        assert_eq!(world.verdict(&CONTROL, "subnet-b"), Verdict::NonCompliant);
        let only = world.without("vpce-sts");
        assert_eq!(only.findings(&CONTROL), [], "the finding is endpoint-missing's");
    }
    let pending = new_zone()
        .interface("vpce-new", "sts", &["subnet-b"])
        .edit_endpoint("vpce-new", |e| e.state = EndpointState::Pending);
    assert_eq!(pending.verdict(&CONTROL, "subnet-b"), Verdict::Compliant);
}

#[test]
fn zone_of_an_endpoint_in_an_unknown_state_is_indeterminate() {
    let world = new_zone()
        .interface("vpce-odd", "sts", &["subnet-b"])
        .edit_endpoint("vpce-odd", |e| e.state = EndpointState::Unknown);
    assert_eq!(world.verdict(&CONTROL, "subnet-b"), Verdict::Indeterminate);
    assert_eq!(world.verdict(&CONTROL, "subnet-a"), Verdict::Compliant);
}

#[test]
fn gateway_endpoints_have_no_network_interfaces() {
    let world = bare()
        .subnet("subnet-a", "a", SubnetClass::Private)
        .require_gateway(&["s3"])
        .gateway("vpce-s3", "s3", &[]);
    assert_eq!(world.findings(&CONTROL), []);
}

#[test]
fn control_reads_exactly_the_parts_that_it_declares() {
    assert_needs(&CONTROL, &[new_zone()]);
}

/// The network ACL of a tier that admits its own clients only, and answers.
fn database_tier(id: &str, subnet: &str, world: World) -> World {
    world.acl(id, subnet, &[deny_inbound("0.0.0.0/0", (0, 1_023))])
}

fn deny_inbound(network: &str, ports: (u16, u16)) -> AclEntry {
    AclEntry {
        number: 90,
        egress: false,
        tcp: true,
        ports: Some(ports),
        network: net(network),
        allow: false,
    }
}

#[test]
fn subnet_whose_network_acl_keeps_clients_out_is_not_added() {
    let world = database_tier("acl-db", "subnet-b", new_zone());
    let finding = world.judge(&CONTROL, "subnet-b");
    assert_eq!(finding.changes(), None);
    assert_eq!(
        advice(&finding),
        "Network ACLs would keep clients from a network interface in subnet-b. First allow this traffic by entries with lower \
         rule numbers than the entries that deny it: TCP 443 inbound from 10.0.0.0/24 (acl-db of subnet-b)."
    );
    assert_eq!(world.plan().changes, []);
    let beside = world
        .subnet("subnet-b2", "b", SubnetClass::Private)
        .edit_subnet("subnet-b2", |s| s.free_addresses = 1);
    assert_eq!(
        changes(&beside.judge(&CONTROL, "subnet-b")),
        [addition("vpce-sts", "subnet-b2", "b")],
        "fewer free addresses, and every client is let in"
    );
}

#[test]
fn subnet_from_which_answers_do_not_come_back_is_not_added() {
    let lost = AclEntry {
        egress: true,
        ..deny_inbound("10.0.0.0/24", (32_768, 60_999))
    };
    let world = new_zone().acl("acl-b", "subnet-b", &[lost]);
    let advice = advice(&world.judge(&CONTROL, "subnet-b"));
    assert!(
        advice.contains("answers, TCP 32768-60999 outbound to 10.0.0.0/24"),
        "{advice}"
    );
    let part = deny_inbound("10.0.0.7/32", (443, 443));
    let unclear = new_zone().acl("acl-b", "subnet-b", &[part]);
    assert_eq!(
        unclear.judge(&CONTROL, "subnet-b").changes(),
        None,
        "a client may be there"
    );
}

#[test]
fn clients_that_do_not_reach_the_endpoint_anyway_keep_no_subnet_out() {
    let world = new_zone().subnet("subnet-db", "c", SubnetClass::Isolated).acl(
        "acl-db",
        "subnet-db",
        &[AclEntry {
            egress: true,
            ..deny_inbound("0.0.0.0/0", (443, 443))
        }],
    );
    assert_eq!(
        changes(&world.judge(&CONTROL, "subnet-b")),
        [addition("vpce-sts", "subnet-b", "b")]
    );
}

#[test]
fn ports_that_nobody_documents_must_all_pass() {
    let world = new_zone()
        .edit_catalogue(|services| services.push(service("com.amazonaws.eu-central-1.tomorrow")))
        .require(&["tomorrow"])
        .interface("vpce-new", "tomorrow", &["subnet-a"]);
    assert_eq!(changes(&world.judge(&CONTROL, "subnet-b tomorrow")).len(), 1);
    let closed = world.acl("acl-b", "subnet-b", &[deny_inbound("0.0.0.0/0", (8_443, 8_443))]);
    assert_eq!(closed.judge(&CONTROL, "subnet-b tomorrow").changes(), None);
    assert_eq!(changes(&closed.judge(&CONTROL, "subnet-b sts")).len(), 1);
}

#[test]
fn hub_gets_a_subnet_only_where_its_network_acl_treats_other_vpcs_as_before() {
    let hub = |entries: &[AclEntry], of_present: bool| {
        let mut world = hub_with_spoke("172.16.0.0/16").subnet("subnet-new", "c", SubnetClass::Private);
        world = world.acl("acl-new", "subnet-new", entries);
        if of_present {
            let present: Vec<_> = world.snapshot.subnets.as_ref().unwrap().keys().cloned().collect();
            for subnet in present {
                world = world.acl("acl-new", subnet.as_str(), entries);
            }
        }
        world.judge(&CONTROL, "subnet-new").changes().is_some()
    };
    let elsewhere = [deny_inbound("172.16.0.0/12", (443, 443))];
    assert!(hub(&[], false));
    assert!(!hub(&elsewhere, false), "clients of spokes may be there");
    assert!(hub(&elsewhere, true), "they are kept out already");
}

#[test]
fn advice_names_what_is_missing_in_the_zone() {
    let full = new_zone().edit_subnet("subnet-b", |s| s.free_addresses = 0);
    assert_eq!(
        advice(&full.judge(&CONTROL, "subnet-b")),
        "No address is left for the network interface in subnet-b. Free an address there, or add a subnet with IPv4 \
         addresses in zone eu-central-1b."
    );
    let ipv6_only = |s: &mut Subnet| {
        s.ipv4 = None;
        s.ipv6 = [net("2001:db8::/64")].into();
    };
    let dual = new_zone()
        .edit_service("sts", EndpointKind::Interface, |s| s.addresses = AddressType::Dualstack)
        .edit_endpoint("vpce-sts", |e| e.address_type = AddressType::Dualstack)
        .edit_subnet("subnet-b", ipv6_only);
    assert_eq!(
        advice(&dual.judge(&CONTROL, "subnet-b")),
        "The network interface needs a subnet with IPv4 and IPv6 addresses, which no subnet that needs the service has in \
         zone eu-central-1b. Add one."
    );
}

#[test]
fn zone_is_added_to_the_endpoint_that_gets_private_dns() {
    let mut world = bare();
    for zone in ["a", "b", "c"] {
        world = world.subnet(&format!("subnet-{zone}"), zone, SubnetClass::Private);
    }
    let world = world
        .require(&["sts"])
        .interface("vpce-1", "sts", &["subnet-a"])
        .interface("vpce-2", "sts", &["subnet-a", "subnet-b"])
        .edit_endpoint("vpce-1", |e| e.private_dns = false)
        .edit_endpoint("vpce-2", |e| e.private_dns = false);
    let plan = world.plan();
    let changed: Vec<_> = plan
        .changes
        .iter()
        .filter_map(|planned| planned.change.endpoint())
        .collect();
    assert!(changed.len() > 1, "{:?}", plan.changes);
    assert!(
        changed.iter().all(|endpoint| endpoint.as_str() == "vpce-2"),
        "{changed:?}"
    );
}
