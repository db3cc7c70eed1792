//! Where network interfaces go, and with which addresses.

use super::*;

#[test]
fn supported_zone_gets_the_subnet_with_the_most_free_addresses() {
    let world = two_zones()
        .subnet("subnet-a2", "a", SubnetClass::Private)
        .subnet("subnet-b2", "b", SubnetClass::Private)
        .subnet("subnet-c", "c", SubnetClass::Private)
        .subnet("subnet-ham", "eu-central-1-ham-1a", SubnetClass::Private)
        .edit_subnet("subnet-a2", |s| s.free_addresses = 201)
        .require(&["kms"]);
    assert_eq!(
        created(&world.judge(&CONTROL, "kms")).subnets,
        [
            (zone("a"), "subnet-a2".into()),
            // Of equals the first by id.
            (zone("b"), "subnet-b".into()),
        ]
        .into(),
        "neither the unsupported zone nor the local zone"
    );
}

#[test]
fn subnet_that_cannot_hold_a_network_interface_gets_none() {
    let faults: [fn(&mut Subnet); 3] = [|s| s.free_addresses = 0, |s| s.outpost = true, ipv6_only];
    for fault in faults {
        let one = two_zones().require(&["sts"]).edit_subnet("subnet-a", fault);
        assert_eq!(
            created(&one.judge(&CONTROL, "sts")).subnets,
            [(zone("b"), "subnet-b".into())].into()
        );
        let none = one.edit_subnet("subnet-b", fault);
        let finding = none.judge(&CONTROL, "sts");
        assert_eq!(finding.verdict(), Verdict::NonCompliant);
        let advice = advice(&finding);
        assert!(
            advice.contains("eu-central-1a, eu-central-1b, eu-central-1c"),
            "{advice}"
        );
        assert_eq!(
            advice.contains("No address is left"),
            none.snapshot.subnets.as_ref().unwrap()[&"subnet-a".into()].free_addresses == 0,
            "{advice}"
        );
    }
}

#[test]
fn service_without_ipv4_is_manual() {
    let world = two_zones()
        .require(&["sts"])
        .edit_service("sts", EndpointKind::Interface, |s| s.addresses = AddressType::Ipv6);
    assert_eq!(
        advice(&world.judge(&CONTROL, "sts")).split('.').next(),
        Some(
            "The network interface needs a subnet with IPv6 addresses only, which no subnet that needs the service has in a zone that com"
        )
    );
}

#[test]
fn new_endpoint_has_the_addresses_with_which_it_covers_most_subnets() {
    let offers = |world: World| {
        let world = world.edit_service("sts", EndpointKind::Interface, |s| s.addresses = AddressType::Dualstack);
        let finding = world.judge(&CONTROL, "sts");
        let new = created(&finding).clone();
        let admitted = match &changes(&finding)[1] {
            Change::AuthorizeIngress(authorize) => authorize.cidrs.clone(),
            other => panic!("{other}"),
        };
        (new.address_type, new.subnets.len(), admitted)
    };
    let world = two_zones().require(&["sts"]);
    let ipv4 = nets(&["10.0.0.0/23"]);
    let dual = world
        .clone()
        .edit_subnet("subnet-a", dual_stack)
        .edit_subnet("subnet-b", dual_stack);
    assert_eq!(
        offers(dual),
        (AddressType::Ipv4, 2, ipv4.clone()),
        "all subnets have IPv4 addresses"
    );
    let one = world.clone().edit_subnet("subnet-a", ipv6_only);
    assert_eq!(
        offers(one),
        (AddressType::Ipv4, 1, nets(&["10.0.1.0/24"])),
        "no subnet holds both"
    );
    let beside = world
        .clone()
        .subnet("subnet-a2", "a", SubnetClass::Private)
        .edit_subnet("subnet-a", dual_stack)
        .edit_subnet("subnet-b", dual_stack)
        .edit_subnet("subnet-a2", ipv6_only);
    let both = nets(&["10.0.0.0/23", "2001:db8::/64"]);
    assert_eq!(
        offers(beside),
        (AddressType::Dualstack, 2, both),
        "one subnet reaches IPv6 addresses only"
    );
    let all = world
        .edit_subnet("subnet-a", ipv6_only)
        .edit_subnet("subnet-b", ipv6_only);
    assert_eq!(offers(all), (AddressType::Ipv6, 2, nets(&["2001:db8::/64"])));
}

#[test]
fn endpoint_that_no_subnet_reaches_does_not_count() {
    let world = two_zones()
        .interface("vpce-sts", "sts", &["subnet-a"])
        .gateway("vpce-s3", "s3", &["rtb-private"])
        .require(&["sts"])
        .require_gateway(&["s3"])
        .edit_service("sts", EndpointKind::Interface, |s| s.addresses = AddressType::Dualstack)
        .edit_subnet("subnet-a", ipv6_only);
    assert_eq!(
        world.verdict(&CONTROL, "sts"),
        Verdict::Compliant,
        "the other subnet reaches it"
    );
    let none = world.edit_subnet("subnet-b", ipv6_only);
    let interface = advice(&none.judge(&CONTROL, "sts"));
    assert!(interface.contains("--ip-address-type dualstack"), "{interface}");
    let gateway = advice(&none.judge(&CONTROL, "s3"));
    assert!(gateway.contains("offers no others"), "{gateway}");
    assert_eq!(none.plan().changes, []);
}

#[test]
fn gateway_endpoint_has_ipv6_addresses_where_a_subnet_has_no_others() {
    let world = two_zones()
        .require_gateway(&["s3"])
        .edit_service("s3", EndpointKind::Gateway, |s| s.addresses = AddressType::Dualstack);
    assert_eq!(created(&world.judge(&CONTROL, "s3")).address_type, AddressType::Ipv4);
    let mixed = world.edit_subnet("subnet-a", ipv6_only);
    assert_eq!(
        created(&mixed.judge(&CONTROL, "s3")).address_type,
        AddressType::Dualstack
    );
}

#[test]
fn dual_stack_endpoint_is_created_where_more_subnets_reach_it() {
    let world = two_zones()
        .require(&["sts"])
        .edit_service("sts", EndpointKind::Interface, |s| s.addresses = AddressType::Dualstack)
        .edit_subnet("subnet-a", dual_stack)
        .edit_subnet("subnet-b", ipv6_only);
    let finding = world.judge(&CONTROL, "sts");
    let new = created(&finding);
    assert_eq!(
        new.address_type,
        AddressType::Dualstack,
        "clients of both zones reach it"
    );
    assert_eq!(new.subnets, [(zone("a"), "subnet-a".into())].into());
}

#[test]
fn zone_that_the_service_lacks_is_named_as_the_reason() {
    let world = bare()
        .subnet("subnet-ham", "eu-central-1-ham-1a", SubnetClass::Private)
        .require(&["sts"]);
    let advice = advice(&world.judge(&CONTROL, "sts"));
    assert!(
        advice.starts_with("No subnet that needs the service lies in a zone that"),
        "{advice}"
    );
    assert!(advice.ends_with("Add a subnet with IPv4 addresses there."), "{advice}");
}

#[test]
fn subnet_whose_network_acl_keeps_clients_out_gets_no_network_interface() {
    let closed = AclEntry {
        number: 90,
        egress: false,
        tcp: true,
        ports: Some((443, 443)),
        network: net("10.0.0.0/16"),
        allow: false,
    };
    let world = two_zones()
        .subnet("subnet-b2", "b", SubnetClass::Private)
        .edit_subnet("subnet-b2", |s| s.free_addresses = 1)
        .acl("acl-b", "subnet-b", std::slice::from_ref(&closed))
        .require(&["sts"]);
    assert_eq!(
        created(&world.judge(&CONTROL, "sts")).subnets,
        [(zone("a"), "subnet-a".into()), (zone("b"), "subnet-b2".into())].into()
    );
    let none = ["subnet-a", "subnet-b2"].into_iter().fold(world, |world, subnet| {
        world.acl("acl-b", subnet, std::slice::from_ref(&closed))
    });
    let finding = none.judge(&CONTROL, "sts");
    assert!(
        advice(&finding).contains("TCP 443 inbound from 10.0.0.0/24 (acl-b of subnet-b)"),
        "{finding:#?}"
    );
    assert_eq!(none.plan().changes, []);
}

#[test]
fn client_whose_own_network_acl_lets_no_request_out_does_not_count() {
    let silent = AclEntry {
        number: 90,
        egress: true,
        tcp: true,
        ports: None,
        network: net("0.0.0.0/0"),
        allow: false,
    };
    let mut world = two_zones().acl("acl-b", "subnet-b", &[]).require(&["sts"]);
    let acls = world.snapshot.network_acls.as_mut().unwrap();
    acls.get_mut(&"acl-b".into())
        .unwrap()
        .entries
        .retain(|entry| !entry.egress);
    assert_eq!(
        created(&world.judge(&CONTROL, "sts")).subnets,
        [(zone("a"), "subnet-a".into())].into(),
        "no answer comes out of subnet-b"
    );
    let database = AclEntry {
        egress: false,
        ports: Some((5_432, 5_432)),
        allow: true,
        ..silent.clone()
    };
    let mut world = world
        .subnet("subnet-c", "c", SubnetClass::Private)
        .acl("acl-c", "subnet-c", &[database]);
    let acls = world.snapshot.network_acls.as_mut().unwrap();
    acls.get_mut(&"acl-c".into())
        .unwrap()
        .entries
        .retain(|entry| entry.egress || entry.number == 90);
    assert!(
        world.judge(&CONTROL, "sts").changes().is_some(),
        "no answer gets into subnet-c"
    );
    let inside = AclEntry {
        network: net("10.0.0.0/16"),
        ..silent
    };
    let led_astray = two_zones().acl("acl-b", "subnet-b", &[inside]).require(&["sts"]);
    let finding = led_astray.judge(&CONTROL, "sts");
    assert_eq!(
        finding.changes(),
        None,
        "today it reaches the public address: {finding:#?}"
    );
}

#[test]
fn endpoint_for_which_no_address_is_left_is_not_said_to_be_remedied() {
    let world = bare()
        .subnet("subnet-a", "a", SubnetClass::Private)
        .edit_subnet("subnet-a", |s| s.free_addresses = 1)
        .require(&["kms", "sts"]);
    let (findings, plan) = world.findings_and_plan();
    let created = plan
        .changes
        .iter()
        .filter(|planned| planned.change.kind() == ChangeKind::CreateEndpoint);
    assert_eq!(created.count(), 1, "{plan:#?}");
    let sts = findings
        .iter()
        .find(|f| f.key.control == CONTROL.name && f.key.service.as_deref().is_some_and(|s| s.ends_with(".sts")));
    assert_eq!(
        advice(sts.unwrap()),
        "If the changes for other findings are made, this one remains. No address is left for the network interface in \
         subnet-a. Free an address there, or add a subnet with IPv4 addresses in a zone that \
         com.amazonaws.eu-central-1.sts supports (eu-central-1a, eu-central-1b, eu-central-1c)."
    );
}

#[test]
fn endpoint_beyond_the_default_quota_is_left_to_people() {
    let with = |count: usize| {
        let many = (0..count).map(|n| format!("vpce-{n}"));
        many.fold(two_zones().require(&["sts"]), |world, id| {
            world.interface(&id, "kms", &["subnet-a"])
        })
    };
    assert!(with(49).judge(&CONTROL, "sts").changes().is_some());
    let full = advice(&with(50).judge(&CONTROL, "sts"));
    assert!(
        full.starts_with("The VPC has 50 interface endpoints, the default quota."),
        "{full}"
    );
    assert!(
        with(51).judge(&CONTROL, "sts").changes().is_some(),
        "somebody raised the quota"
    );
}
