use super::*;
use crate::changes::Change;
use crate::controls::find;
use crate::model::endpoint::EndpointKind;
use crate::model::network_acl::AclEntry;
use crate::model::snapshot::{IngressSource, Protocol, SubnetClass};
use crate::testing::{World, advice, bare, https, net, nets, rule, service};

const ANY: &str = "0.0.0.0/0";

fn deny(egress: bool, network: &str, ports: Ports) -> AclEntry {
    AclEntry {
        number: 90,
        egress,
        tcp: true,
        ports: Some(ports),
        network: net(network),
        allow: false,
    }
}

/// `vpce-sts` serves zone a; clients are in zones a and b.
fn new_zone() -> World {
    bare()
        .subnet("subnet-a", "a", SubnetClass::Private)
        .subnet("subnet-b", "b", SubnetClass::Private)
        .subnet("subnet-c", "a", SubnetClass::Private)
        .require(&["sts"])
        .interface("vpce-sts", "sts", &["subnet-a"])
}

/// Why `subnet-b` does not get a network interface.
fn refused(world: &World) -> String {
    assert_eq!(world.plan().changes, []);
    advice(&world.judge(find("subnet-uncovered").unwrap(), "subnet-b"))
}

#[test]
fn answers_to_any_client_count() {
    let lambda = new_zone().acl("acl-b", "subnet-b", &[deny(true, ANY, (1_024, 32_767))]);
    let said = refused(&lambda);
    assert!(
        said.contains("answers, TCP 1024-32767 outbound to 10.0.0.0/24 (acl-b of subnet-b)"),
        "{said}"
    );
    // The present network interface drops others.
    let windows = new_zone()
        .acl("acl-a", "subnet-a", &[deny(true, "10.0.2.0/24", (32_768, 49_151))])
        .acl("acl-b", "subnet-b", &[deny(true, "10.0.2.0/24", (61_000, 65_535))]);
    let said = refused(&windows);
    assert!(
        said.contains("answers, TCP 61000-65535 outbound to 10.0.2.0/24"),
        "{said}"
    );
    let same = new_zone()
        .acl("acl-a", "subnet-a", &[deny(true, ANY, (1_024, 32_767))])
        .acl("acl-b", "subnet-b", &[deny(true, "10.0.2.0/24", (2_000, 3_000))]);
    let changes: Vec<_> = same.plan().changes.into_iter().map(|planned| planned.change).collect();
    assert!(matches!(changes.as_slice(), [Change::AddSubnet(_)]), "{changes:?}");
}

#[test]
fn other_clients_than_those_that_are_kept_out_today_are_lost() {
    let halves = new_zone()
        .acl("acl-a", "subnet-a", &[deny(false, "10.0.2.0/25", (443, 443))])
        .acl("acl-b", "subnet-b", &[deny(false, "10.0.2.128/25", (443, 443))]);
    let said = refused(&halves);
    assert!(
        said.contains("part of TCP 443 inbound from 10.0.2.0/24 (acl-b of subnet-b)"),
        "{said}"
    );
    let one_acl = new_zone()
        .acl("acl-x", "subnet-a", &[deny(false, "10.0.2.0/25", (443, 443))])
        .acl("acl-x", "subnet-b", &[deny(false, "10.0.2.0/25", (443, 443))]);
    assert!(!one_acl.plan().changes.is_empty(), "nobody loses anything");
}

#[test]
fn addresses_of_one_family_do_not_make_up_for_those_of_the_other() {
    let mut world = new_zone()
        .edit_service("sts", EndpointKind::Interface, |s| s.addresses = AddressType::Dualstack)
        .edit_endpoint("vpce-sts", |e| {
            e.address_type = AddressType::Dualstack;
            e.dns_records = AddressType::Dualstack;
        })
        .group("sg-https", &[https("10.0.0.0/16"), https("::/0")]);
    for (id, network) in [
        ("subnet-a", "2001:db8::/64"),
        ("subnet-b", "2001:db8:0:1::/64"),
        ("subnet-c", "2001:db8:0:2::/64"),
    ] {
        world = world.edit_subnet(id, |s| s.ipv6 = nets(&[network]));
    }
    let world = world
        .acl(
            "acl-c",
            "subnet-c",
            &[false, true].map(|egress| deny(egress, "::/0", (0, 65_535))),
        )
        .acl("acl-b", "subnet-b", &[deny(false, "10.0.2.0/24", (443, 443))]);
    let said = refused(&world);
    assert!(
        said.ends_with(": TCP 443 inbound from 10.0.2.0/24 (acl-b of subnet-b)."),
        "{said}"
    );
}

#[test]
fn every_port_of_the_service_counts() {
    let closed = [deny(false, ANY, (26, 8_000))];
    let mail = bare()
        .subnet("subnet-a", "a", SubnetClass::Private)
        .subnet("subnet-b", "b", SubnetClass::Private)
        .require(&["email-smtp"])
        .interface("vpce-mail", "email-smtp", &["subnet-a"]);
    let all = rule(Protocol::All, None, IngressSource::Cidr(net("10.0.0.0/16")));
    let added = mail.clone().group("sg-https", &[all]).acl("acl-b", "subnet-b", &closed);
    assert_eq!(added.plan().changes, []);
    let led = mail
        .acl("acl-a", "subnet-a", &closed)
        .edit_endpoint("vpce-mail", |e| e.private_dns = false);
    assert!(
        !led.plan()
            .changes
            .iter()
            .any(|planned| matches!(planned.change, Change::EnablePrivateDns(_)))
    );
    let said = advice(&led.judge(find("private-dns-disabled").unwrap(), "vpce-mail"));
    assert!(said.contains("TCP 587 inbound from 10.0.1.0/24"), "{said}");
    let created = led.without("vpce-mail").plan().changes;
    let subnets = created.iter().find_map(|planned| match &planned.change {
        Change::CreateEndpoint(new) => Some(new.subnets.values().map(ToString::to_string).collect::<Vec<_>>()),
        _ => None,
    });
    assert_eq!(subnets, Some(vec!["subnet-b".to_owned()]));
}

#[test]
fn nobody_is_led_to_an_endpoint_without_private_dns() {
    let closed = [deny(false, ANY, (443, 443))];
    let world = bare()
        .subnet("subnet-a", "a", SubnetClass::Private)
        .subnet("subnet-b", "b", SubnetClass::Private)
        .edit_catalogue(|services| services.push(service("com.amazonaws.eu-central-1.tomorrow")))
        .require(&["tomorrow"])
        .acl("acl-a", "subnet-a", &closed)
        .acl("acl-a", "subnet-b", &closed);
    let plan = world.plan();
    let created = plan.changes.iter().find_map(|planned| match &planned.change {
        Change::CreateEndpoint(new) => Some(new.private_dns),
        _ => None,
    });
    assert_eq!(created, Some(false));
}

#[test]
fn subnet_without_a_listed_network_acl_waits_for_the_next_sweep() {
    let mut world = new_zone().acl("acl-a", "subnet-a", &[deny(false, ANY, (22, 22))]);
    for acl in world.snapshot.network_acls.as_mut().unwrap().values_mut() {
        acl.subnets.remove(&"subnet-b".into());
    }
    assert_eq!(
        refused(&world),
        "AWS lists no network ACL for subnet-b. If a subnet is new, the next sweep decides."
    );
}

#[test]
fn pieces_of_ports_are_named_as_one() {
    let pieces = [(443, 443), (1_024, 2_000), (2_001, 65_535)];
    assert_eq!(merged(&pieces.into()), [(443, 443), (1_024, 65_535)]);
}
