use jiff::SignedDuration;

use super::*;
use crate::model::finding::Verdict;
use crate::model::id::EndpointId;
use crate::model::snapshot::SubnetClass;
use crate::settings::{ExemptionSelector, Mode};
use crate::testing::central::hub;
use crate::testing::{PARTNER, World, assert_needs, bare};

/// `vpce-sts` in two zones of a VPC with a NAT gateway, which processed so many bytes in 14.5 days.
fn processed(bytes: u64) -> World {
    bare()
        .mode(&CONTROL, Mode::Audit)
        .subnet("subnet-a", "a", SubnetClass::Private)
        .subnet("subnet-b", "b", SubnetClass::Private)
        .interface("vpce-sts", "sts", &["subnet-a", "subnet-b"])
        .processed("vpce-sts", bytes)
}

fn gigabytes(count: u64) -> u64 {
    count << 30
}

fn explanation(world: &World) -> String {
    world.judge(&CONTROL, "vpce-sts").explanation().into_owned()
}

#[test]
fn idle_endpoint_is_reported_with_its_price() {
    let world = processed(0);
    let finding = world.judge(&CONTROL, "vpce-sts");
    assert_eq!(
        finding.explanation(),
        "The endpoint has processed no data for 14 days. Without it you save $14.60 a month (2 zones)."
    );
    let advice = crate::testing::advice(&finding);
    assert!(advice.contains("--vpc-endpoint-ids vpce-sts"), "{advice}");
    assert!(advice.contains("Private DNS ends with the endpoint"), "{advice}");
    let own_name = world.edit_endpoint("vpce-sts", |e| e.private_dns = false);
    let advice = crate::testing::advice(&own_name.judge(&CONTROL, "vpce-sts"));
    assert!(!advice.contains("Private DNS"), "{advice}");
}

#[test]
fn finding_about_an_idle_endpoint_is_the_same_on_later_days() {
    let mut later = processed(0);
    let before = explanation(&later);
    later.now += SignedDuration::from_hours(30);
    let traffic = later.snapshot.traffic.as_mut().unwrap();
    traffic.since = Traffic::since(later.now, 14);
    assert_eq!(explanation(&later), before);
}

#[test]
fn used_endpoint_is_compliant_and_compared_with_the_nat_gateway() {
    let world = processed(gigabytes(29));
    assert_eq!(world.verdict(&CONTROL, "vpce-sts"), Verdict::Compliant);
    // 29 GB in 348 hours are 60.8 in 730; 14.60 dollars buy the difference of 0.04 dollars 365 times.
    assert_eq!(
        explanation(&world),
        "The endpoint processed 29.0 GB since 2026-11-09. At that rate it costs $15.21 a month ($14.60 for 2 zones and $0.61 for \
         data), and its data would cost $3.04 through the NAT gateway of the VPC. From 365 GB a month on the endpoint costs \
         less."
    );
}

#[test]
fn break_even_needs_prices_and_a_dearer_nat_gateway() {
    let mut cheap = processed(gigabytes(29));
    cheap.settings.prices.elsewhere.nat_gateway_gigabyte = Some(0.01);
    assert!(explanation(&cheap).ends_with("The NAT gateway costs less for any amount."));
    let unknown: [fn(&mut World); 3] = [
        |world| world.settings.prices.elsewhere.nat_gateway_gigabyte = None,
        |world| world.settings.prices.elsewhere.interface_endpoint_gigabyte = None,
        |world| world.settings.prices.elsewhere.interface_endpoint_zone_hour = None,
    ];
    for forget in unknown {
        let mut world = processed(gigabytes(29));
        forget(&mut world);
        let explanation = explanation(&world);
        assert!(
            explanation.contains("prices of eu-central-1 are not known"),
            "{explanation}"
        );
        assert!(!explanation.contains('$'), "{explanation}");
    }
}

#[test]
fn endpoint_is_not_compared_where_no_nat_gateway_leads_to_its_service() {
    let alone = "The endpoint processed 29.0 GB since 2026-11-09.";
    let dead =
        processed(gigabytes(29)).edit_table("rtb-private", |t| t.routes.iter_mut().for_each(|r| r.active = false));
    assert_eq!(explanation(&dead), alone);
    let partner = bare()
        .mode(&CONTROL, Mode::Audit)
        .interface("vpce-sts", PARTNER, &[])
        .processed("vpce-sts", gigabytes(29));
    assert_eq!(explanation(&partner), alone);
}

#[test]
fn amounts_are_in_the_largest_fitting_unit() {
    for (bytes, text) in [
        (1, "1 bytes"),
        (1_023, "1023 bytes"),
        (1_536, "1.5 KB"),
        (5 << 20, "5.0 MB"),
        (gigabytes(2_000), "2000.0 GB"),
    ] {
        assert_eq!(amount(bytes), text);
    }
}

#[test]
fn young_endpoint_is_not_applicable_until_it_is_old_enough_or_used() {
    let aged = |bytes: u64, hours: i64| {
        let world = processed(bytes);
        let since = world.snapshot.traffic.as_ref().unwrap().since;
        world.edit_endpoint("vpce-sts", |e| {
            e.created = Some(since + SignedDuration::from_hours(hours))
        })
    };
    assert_eq!(aged(0, 1).verdict(&CONTROL, "vpce-sts"), Verdict::NotApplicable);
    assert_eq!(aged(0, 0).verdict(&CONTROL, "vpce-sts"), Verdict::NonCompliant);
    assert_eq!(aged(1, 1).verdict(&CONTROL, "vpce-sts"), Verdict::Compliant);
    let unknown = processed(0).edit_endpoint("vpce-sts", |e| e.created = None);
    assert_eq!(explanation(&unknown), "The age of the endpoint is not known.");
}

#[test]
fn required_endpoint_is_not_applicable_and_its_cost_is_named() {
    let world = processed(0).require(&["sts"]);
    assert_eq!(world.verdict(&CONTROL, "vpce-sts"), Verdict::NotApplicable);
    assert_eq!(
        explanation(&world),
        "The settings require the service. The endpoint has processed no data for 14 days. Without it you save $14.60 a month (2 \
         zones)."
    );
    assert_eq!(
        processed(1).require(&["sts"]).verdict(&CONTROL, "vpce-sts"),
        Verdict::Compliant
    );
}

#[test]
fn endpoint_of_a_hub_is_not_applicable_where_its_service_is_required_anywhere() {
    let idle = || hub().mode(&CONTROL, Mode::Audit).processed("vpce-hub", 0);
    assert_eq!(idle().verdict(&CONTROL, "vpce-hub"), Verdict::NonCompliant);
    let mut elsewhere = idle().require(&["sts"]);
    elsewhere.settings.requirements[0].vpcs.ids = ["vpc-other".into()].into();
    assert_eq!(elsewhere.verdict(&CONTROL, "vpce-hub"), Verdict::NotApplicable);
    elsewhere.settings.central = None;
    assert_eq!(elsewhere.verdict(&CONTROL, "vpce-hub"), Verdict::NonCompliant);
}

#[test]
fn endpoint_without_metrics_is_not_applicable() {
    let mut world = processed(0);
    world
        .snapshot
        .traffic
        .as_mut()
        .unwrap()
        .bytes
        .remove(&EndpointId::from("vpce-sts"));
    assert_eq!(explanation(&world), "CloudWatch has no metrics of the endpoint.");
}

#[test]
fn idle_gateway_load_balancer_endpoint_is_reported_without_a_price() {
    let world = processed(0).edit_endpoint("vpce-sts", |e| e.kind = EndpointKind::GatewayLoadBalancer);
    let finding = world.judge(&CONTROL, "vpce-sts");
    assert_eq!(
        finding.explanation(),
        "The endpoint has processed no data for 14 days. It is billed by the hour in 2 zones; Postern has no price of Gateway Load \
         Balancer endpoints."
    );
    assert!(crate::testing::advice(&finding).contains("remove the routes that lead to it"));
}

#[test]
fn endpoints_that_are_free_dead_waiting_or_managed_are_not_judged() {
    let edits: [fn(&mut Endpoint); 5] = [
        |e| e.kind = EndpointKind::Gateway,
        |e| e.kind = EndpointKind::Resource,
        |e| e.state = EndpointState::Failed,
        |e| e.state = EndpointState::PendingAcceptance,
        |e| e.requester_managed = true,
    ];
    for edit in edits {
        assert_eq!(processed(0).edit_endpoint("vpce-sts", edit).findings(&CONTROL), []);
    }
}

#[test]
fn control_is_off_unless_the_settings_name_it() {
    let mut world = processed(0);
    world.settings.modes = bare().settings.modes;
    assert_eq!(world.findings(&CONTROL), []);
}

#[test]
fn metrics_that_may_not_be_read_leave_other_controls_alone() {
    let known = processed(0).require(&["sts"]);
    let unknown = known.clone().gap(Part::Traffic);
    let finding = &unknown.findings(&CONTROL)[0];
    assert_eq!(finding.verdict(), Verdict::Indeterminate);
    assert!(finding.explanation().contains("the call for Traffic was denied"));
    let others = |world: &World| {
        let mut findings = world.all_findings();
        findings.retain(|finding| finding.key.control != CONTROL.name);
        findings
    };
    assert_eq!(others(&unknown), others(&known));
    assert_eq!(unknown.plan(), known.plan());
    let without_endpoints = unknown.without("vpce-sts");
    assert_eq!(
        without_endpoints.findings(&CONTROL),
        [],
        "nothing depends on the metrics"
    );
}

#[test]
fn exempt_endpoint_is_accepted() {
    let selector = ExemptionSelector::Resource("vpce-sts".to_owned());
    let world = processed(0).exempt(&CONTROL, selector, "2027-01-01T00:00:00Z");
    assert!(world.judge(&CONTROL, "vpce-sts").accepted().is_some());
}

#[test]
fn control_reads_exactly_the_parts_that_it_declares() {
    assert_needs(&CONTROL, &[processed(0).require(&["sts"]), processed(gigabytes(29))]);
}
