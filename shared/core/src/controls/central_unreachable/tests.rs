use std::collections::BTreeMap;

use super::*;
use crate::changes::{Change, ChangeKind};
use crate::controls::{credentials_unbound, endpoint_missing, ingress_blocked, ingress_open, private_dns_disabled};
use crate::model::endpoint::EndpointState;
use crate::model::finding::Verdict;
use crate::model::snapshot::{RouteTarget, SubnetClass};
use crate::plan::PlannedChange;
use crate::settings::Mode;
use crate::testing::central::{HUB, central, hub, hub_with_spoke, leads, spoke};
use crate::testing::{ALLOW_ALL, REGION, VPC, World, advice, assert_needs, compliant, https, route};

fn missing(world: &World, what: &str, step: &str) {
    let finding = world.judge(&CONTROL, VPC);
    assert_eq!(finding.verdict(), Verdict::NonCompliant, "{finding:#?}");
    let explanation = finding.explanation();
    assert!(
        explanation.starts_with("The VPC does not reach com.amazonaws.eu-central-1.sts through a hub: ")
            && explanation.contains(what),
        "{explanation}"
    );
    let advice = advice(&finding);
    assert!(advice.contains(step), "{advice}");
    let created = |planned: &PlannedChange| planned.change.kind() == ChangeKind::CreateEndpoint;
    assert!(
        !world.plan().changes.iter().any(created),
        "a spoke gets no endpoint of its own"
    );
}

fn unclear(world: &World, what: &str) {
    let finding = world.judge(&CONTROL, VPC);
    assert_eq!(finding.verdict(), Verdict::Indeterminate, "{finding:#?}");
    assert!(finding.explanation().contains(what), "{}", finding.explanation());
}

fn by(id: &str) -> RouteTarget {
    RouteTarget::Other(id.to_owned())
}

#[test]
fn spoke_that_reaches_the_endpoint_of_its_hub_is_compliant() {
    let finding = spoke().judge(&CONTROL, VPC);
    assert_eq!(finding.verdict(), Verdict::Compliant, "{finding:#?}");
    assert_eq!(
        finding.explanation(),
        "vpce-hub of vpc-hub serves com.amazonaws.eu-central-1.sts, by tgw-1, whose own route tables are not \
         examined."
    );
    assert_eq!(spoke().verdict(&endpoint_missing::CONTROL, VPC), Verdict::NotApplicable);
    assert_eq!(spoke().plan().changes, []);
}

#[test]
fn endpoint_in_the_spoke_itself_counts() {
    let local = spoke().interface("vpce-1", "sts", &["subnet-a"]);
    assert_eq!(local.verdict(&CONTROL, VPC), Verdict::Compliant);
    assert_eq!(local.verdict(&endpoint_missing::CONTROL, VPC), Verdict::Compliant);
}

#[test]
fn vpc_that_is_no_spoke_has_no_findings() {
    let mut none = spoke();
    none.settings.central = None;
    assert_eq!(none.findings(&CONTROL), []);
    assert_eq!(none.verdict(&endpoint_missing::CONTROL, VPC), Verdict::NonCompliant);
    let mut other = spoke();
    other
        .settings
        .central
        .as_mut()
        .unwrap()
        .spokes
        .ids
        .insert("vpc-2".into());
    assert_eq!(other.findings(&CONTROL), []);
    assert_eq!(hub().require(&["sts"]).findings(&CONTROL), []);
}

#[test]
fn service_that_is_not_central_gets_a_local_endpoint() {
    let mut world = spoke().require(&["kms"]);
    world.settings.central = Some(central(&["sts"]));
    assert_eq!(world.findings(&CONTROL).len(), 1);
    let changes = world.plan().changes;
    assert!(
        !changes.is_empty()
            && changes
                .iter()
                .all(|p| p.causes.iter().all(|key| key.service.as_deref() != Some("sts")))
    );
    let every = spoke().require(&["kms"]);
    assert_eq!(every.plan().changes, []);
    assert_eq!(every.findings(&CONTROL).len(), 2);
}

#[test]
fn missing_hub_is_not_decided() {
    let mut world = spoke();
    world.snapshot.central = Ok(Default::default());
    unclear(&world, "`central.hubs` selects no VPC");
}

#[test]
fn hub_without_a_usable_endpoint_is_missing() {
    let without = spoke().hub(|hub| hub.without("vpce-hub"));
    missing(
        &without,
        "no hub has a usable endpoint",
        "Create the endpoint in vpc-hub",
    );
    let failed = spoke().hub(|hub| hub.edit_endpoint("vpce-hub", |e| e.state = EndpointState::Failed));
    missing(
        &failed,
        "leads to vpce-hub, which is not usable",
        "Create the endpoint in vpc-hub",
    );
    let abroad = spoke().hub(|hub| hub.edit_endpoint("vpce-hub", |e| e.service_region = Some("us-east-1".into())));
    missing(&abroad, "no hub has a usable endpoint", "");
}

#[test]
fn dns_attributes_that_hosted_zones_need_are_missing() {
    missing(
        &spoke().dns(false, true),
        "DNS support of the VPC is disabled",
        "--enable-dns-support",
    );
    missing(
        &spoke().dns(true, false),
        "DNS hostnames of the VPC are disabled",
        "--enable-dns-hostnames",
    );
}

#[test]
fn zone_that_is_not_associated_is_missing() {
    let mut world = spoke();
    world.snapshot.hosted_zones = Ok(BTreeMap::new());
    missing(
        &world,
        "no private hosted zone for sts.eu-central-1.amazonaws.com is associated",
        "--vpc VPCRegion=eu-central-1,VPCId=vpc-1",
    );
}

#[test]
fn record_that_does_not_lead_to_the_hub_is_missing() {
    missing(
        &spoke().records("Z1", Vec::new()),
        "hosted zone Z1 has no record for `sts.",
        "lead to vpce-hub",
    );
    let elsewhere = "vpce-other-0a1b.sts.eu-central-1.vpce.amazonaws.com";
    missing(
        &spoke().records("Z1", vec![leads("sts", elsewhere)]),
        "leads to vpce-other",
        "lead to vpce-hub",
    );
    // Another id that begins in the same way.
    let longer = "vpce-hub2-0a1b.sts.eu-central-1.vpce.amazonaws.com";
    missing(
        &spoke().records("Z1", vec![leads("sts", longer)]),
        "no endpoint of a hub",
        "",
    );
}

#[test]
fn records_that_cannot_be_compared_are_not_decided() {
    unclear(
        &spoke().records("Z1", vec![leads("sts", "10.9.0.7")]),
        "has IP addresses",
    );
    let mut world = spoke();
    let zones = world.snapshot.hosted_zones.as_mut().unwrap();
    zones.get_mut("Z1").unwrap().records = Err(Gap {
        part: Part::HostedZones,
        reason: "it belongs to another account".to_owned(),
    });
    unclear(
        &world,
        "the records of hosted zone Z1 are not known (it belongs to another account)",
    );
}

#[test]
fn every_name_of_a_held_zone_must_lead_to_the_endpoint() {
    let named = |names: &[&str]| {
        let names: BTreeSet<String> = names
            .iter()
            .map(|name| format!("{name}.{REGION}.amazonaws.com"))
            .collect();
        spoke().edit_service("sts", EndpointKind::Interface, |service| {
            service.private_dns_names = names
        })
    };
    let target = "vpce-hub-0a1b.sts.eu-central-1.vpce.amazonaws.com";
    let world = named(&["sts", "*.sts", "sts-control"]);
    missing(
        &world,
        "no record for `*.sts.eu-central-1.amazonaws.com`",
        "lead to vpce-hub",
    );
    let both = world.records("Z1", vec![leads("sts", target), leads("*.sts", &format!("*.{target}"))]);
    assert_eq!(
        both.verdict(&CONTROL, VPC),
        Verdict::Compliant,
        "no zone holds sts-control"
    );
    // The zone of ECR's registries has no record but the wildcard.
    let registries = named(&["*.sts"]).records("Z1", vec![leads("*.sts", target)]);
    assert_eq!(registries.verdict(&CONTROL, VPC), Verdict::Compliant);
}

#[test]
fn zone_around_the_name_answers_for_it() {
    let mut world = spoke();
    let zones = world.snapshot.hosted_zones.as_mut().unwrap();
    let mut around = zones.remove("Z1").unwrap();
    around.name = format!("{REGION}.amazonaws.com");
    zones.insert("Z1".to_owned(), around);
    assert_eq!(world.verdict(&CONTROL, VPC), Verdict::Compliant);
    let zones = world.snapshot.hosted_zones.as_mut().unwrap();
    zones.get_mut("Z1").unwrap().name = "central-1.amazonaws.com".to_owned();
    missing(&world, "no private hosted zone", "");
}

#[test]
fn route_to_the_hub_is_missing() {
    let cut = |edit: fn(&mut crate::model::snapshot::RouteTable)| spoke().edit_table("rtb-private", edit);
    let none = cut(|table| table.routes.truncate(2));
    missing(
        &none,
        "rtb-private has no route to 10.9.0.0/24 of vpc-hub",
        "create-route --route-table-id rtb-private",
    );
    let dead = cut(|table| table.routes.iter_mut().for_each(|route| route.active = false));
    missing(&dead, "rtb-private has no route to 10.9.0.0/24", "");
    let narrower = cut(|table| table.routes.push(route("10.9.0.0/20", by("nat-1"))));
    missing(&narrower, "rtb-private has no route to 10.9.0.0/24", "");
    let part = cut(|table| {
        table.routes.truncate(2);
        table.routes.push(route("10.9.0.0/25", by("tgw-1")));
    });
    missing(&part, "rtb-private has no route to 10.9.0.0/24", "");
}

#[test]
fn route_back_from_the_hub_is_missing() {
    let world = spoke().hub(|hub| hub.edit_table("rtb-private", |table| table.routes.truncate(2)));
    missing(
        &world,
        "rtb-private of vpc-hub has no route back to 10.0.0.0/24",
        "--destination-cidr-block 10.0.0.0/24",
    );
}

#[test]
fn peering_transit_gateway_and_core_network_lead_to_the_hub() {
    let core_network = "arn:aws:networkmanager::111122223333:core-network/core-network-1";
    let through = |there: &'static str, back: &'static str| {
        spoke()
            .edit_table("rtb-private", |table| table.routes[2].target = by(there))
            .hub(|hub| hub.edit_table("rtb-private", |table| table.routes[2].target = by(back)))
    };
    for id in ["pcx-1", "tgw-1", core_network] {
        assert_eq!(through(id, id).verdict(&CONTROL, VPC), Verdict::Compliant, "{id}");
    }
    missing(
        &through("pcx-1", "pcx-2"),
        "those back through pcx-2",
        "the same peering connection",
    );
    missing(
        &through("pcx-1", "tgw-1"),
        "those back through tgw-1",
        "the same peering connection",
    );
    unclear(
        &through("vgw-1", "tgw-1"),
        "the way of rtb-private by vgw-1 is not examined",
    );
}

#[test]
fn route_by_prefix_list_is_not_decided() {
    let world = spoke().edit_table("rtb-private", |table| table.routes[2].destination = "pl-1".to_owned());
    unclear(&world, "the way of rtb-private by pl-1 is not examined");
}

#[test]
fn group_that_does_not_admit_the_spoke_is_missing() {
    let world = spoke().hub(|hub| hub.group("sg-hub", &[https("10.9.0.0/16")]));
    missing(
        &world,
        "no security group of vpce-hub admits TCP 443 from 10.0.0.0/24",
        "Admit TCP 443 from 10.0.0.0/24",
    );
}

#[test]
fn policy_that_shuts_out_the_account_is_missing() {
    let of_another = ALLOW_ALL.replace(
        r#""Resource":"*""#,
        r#""Resource":"*","Condition":{"StringEquals":{"aws:PrincipalAccount":"444455556666"}}"#,
    );
    let world = spoke().hub(|hub| hub.edit_endpoint("vpce-hub", |e| e.policy = Some(of_another)));
    missing(
        &world,
        "the policy of vpce-hub lets no principal of account 111122223333 through",
        "Allow principals",
    );
    let open = spoke().hub(|hub| hub.edit_endpoint("vpce-hub", |e| e.policy = Some(ALLOW_ALL.to_owned())));
    assert_eq!(open.verdict(&CONTROL, VPC), Verdict::Compliant);
}

#[test]
fn every_missing_part_is_named() {
    let mut world = spoke().hub(|hub| hub.group("sg-hub", &[]));
    world.snapshot.hosted_zones = Ok(BTreeMap::new());
    let world = world.edit_table("rtb-private", |table| table.routes.truncate(2));
    for (what, step) in [
        ("no private hosted zone", "associate-vpc-with-hosted-zone"),
        ("has no route to", "create-route"),
        ("no security group of vpce-hub", "Admit TCP 443"),
    ] {
        missing(&world, what, step);
    }
}

#[test]
fn private_dns_of_a_hub_stays_off() {
    let world = hub().require(&["sts", "kms"]);
    assert_eq!(
        world.verdict(&private_dns_disabled::CONTROL, "vpce-hub"),
        Verdict::NotApplicable
    );
    let planned: Vec<_> = world.plan().changes.into_iter().map(|planned| planned.change).collect();
    let created = planned.iter().find_map(|change| match change {
        Change::CreateEndpoint(new) => Some(new),
        _ => None,
    });
    assert!(!created.unwrap().private_dns, "{planned:#?}");
}

#[test]
fn groups_of_a_hub_are_judged_for_its_spokes() {
    let verdict = |world: &World, control: &Control| world.verdict(control, "vpce-hub");
    let known = hub_with_spoke("10.0.0.0/16");
    assert_eq!(verdict(&known, &ingress_blocked::CONTROL), Verdict::Compliant);
    assert_eq!(verdict(&known, &ingress_open::CONTROL), Verdict::Compliant);
    assert_eq!(
        verdict(&hub(), &ingress_open::CONTROL),
        Verdict::NonCompliant,
        "whose network is that?"
    );
    let other = hub_with_spoke("10.20.0.0/16");
    let finding = other.judge(&ingress_blocked::CONTROL, "vpce-hub");
    assert_eq!(
        finding.explanation(),
        "No security group of the endpoint admits TCP 443 from VPCs that use it centrally: vpc-spoke (10.20.0.0/16)."
    );
    assert!(advice(&finding).contains("central-unreachable"));
    let unknown = other.gap(Part::Central);
    assert_eq!(verdict(&unknown, &ingress_blocked::CONTROL), Verdict::Compliant);
}

#[test]
fn credentials_of_spokes_are_not_cut_off_from_a_hub() {
    let world = hub().mode(&credentials_unbound::CONTROL, Mode::Enforce);
    assert_eq!(
        world.verdict(&credentials_unbound::CONTROL, "vpce-hub"),
        Verdict::NotApplicable
    );
    let mut other = compliant().mode(&credentials_unbound::CONTROL, Mode::Enforce);
    other.settings.central = Some(central(&[]));
    assert_eq!(
        other.verdict(&credentials_unbound::CONTROL, "vpce-sts"),
        Verdict::NonCompliant
    );
    assert_eq!(HUB, world.snapshot.vpc.id.as_str());
}

#[test]
fn hosted_zones_are_observed_for_spokes_without_a_local_endpoint() {
    use crate::evaluation::hosted_zones::{central_names, hosted_zones_decide};
    let world = spoke();
    assert!(hosted_zones_decide(&world.snapshot, &world.settings));
    let names = central_names(&world.snapshot, &world.settings);
    assert_eq!(names, BTreeSet::from(["sts.eu-central-1.amazonaws.com".to_owned()]));
    let local = world.interface("vpce-1", "sts", &["subnet-a"]);
    assert!(!hosted_zones_decide(&local.snapshot, &local.settings));
    assert!(central_names(&local.snapshot, &local.settings).is_empty());
}

#[test]
fn control_reads_exactly_the_parts_that_it_declares() {
    let public = spoke().subnet("subnet-web", "b", SubnetClass::Public);
    assert_needs(&CONTROL, &[spoke(), public]);
}

#[test]
fn links_of_a_spoke_name_hub_endpoint_and_ways_with_the_verdict_of_the_control() {
    let of = |world: &World| central_links(&world.snapshot, &world.settings).unwrap();
    let link = CentralLink {
        service: "com.amazonaws.eu-central-1.sts".into(),
        endpoint: Some((HUB.into(), "vpce-hub".into())),
        ways: BTreeSet::from(["tgw-1".to_owned()]),
        verdict: Verdict::Compliant,
    };
    assert_eq!(of(&spoke()), std::slice::from_ref(&link));
    let closed = spoke().hub(|hub| hub.group("sg-hub", &[https("10.9.0.0/16")]));
    let closed_link = CentralLink {
        verdict: Verdict::NonCompliant,
        ..link
    };
    assert_eq!(of(&closed), [closed_link]);
    let without = spoke().hub(|hub| hub.without("vpce-hub"));
    assert_eq!(of(&without)[0].endpoint, None);
    assert_eq!(of(&spoke().interface("vpce-1", "sts", &["subnet-a"])), []);
    assert_eq!(of(&hub_with_spoke("10.0.0.0/16")), []);
    let unknown = spoke().gap(Part::Central);
    assert!(central_links(&unknown.snapshot, &unknown.settings).is_err());
}

#[test]
fn endpoint_of_a_spoke_to_which_no_name_leads_does_not_serve_it() {
    let mut world = spoke().interface("vpce-local", "sts", &["subnet-a"]);
    assert_eq!(world.judge(&CONTROL, VPC).verdict(), Verdict::Compliant);
    world = world.edit_endpoint("vpce-local", |e| e.private_dns = false);
    world.snapshot.hosted_zones = Ok(BTreeMap::new());
    world.snapshot.central = Ok(crate::model::snapshot::Central::default());
    unclear(&world, "Could not find a hub");
}
