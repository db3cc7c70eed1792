//! What holds of every plan, whatever the VPC and the settings.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::*;
use crate::changes::{AddSubnet, CreateManagedGroup, Safety};
use crate::controls::{CONTROLS, find};
use crate::evaluation::{Conclusion, Evaluate, Remediation};
use crate::model::endpoint::EndpointKind;
use crate::model::finding::{ResourceKind, Verdict};
use crate::model::managed::{GroupPurpose, TAG_MANAGED, managed_by};
use crate::model::part::Part;
use crate::settings::Modes;
use crate::testing::strategy::{POLICIES, enforced_worlds, worlds, worlds_with_gaps};
use crate::testing::{STRANGER, VPC, World, record};

/// The VPC after these changes.
fn after<'a>(world: &World, changes: impl IntoIterator<Item = &'a PlannedChange>) -> World {
    let mut world = world.clone();
    for planned in changes {
        world.snapshot = planned.change.make_in(&world.snapshot);
    }
    world
}

/// The VPC after what a plan enforces.
fn remediated(world: &World) -> World {
    after(world, world.plan().enforced())
}

fn automatic(finding: &Finding) -> Option<&[Change]> {
    match &finding.conclusion {
        Conclusion::NonCompliant {
            remediation: Remediation::Automatic(changes),
            ..
        } => Some(changes),
        _ => None,
    }
}

fn enforced_changes(world: &World) -> Vec<Change> {
    world.plan().enforced().map(|planned| planned.change.clone()).collect()
}

/// Any order but the given one; the same for the same seed.
fn shuffle<T>(items: &mut [T], seed: u64) {
    let mut random = seed;
    for last in (1..items.len()).rev() {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        items.swap(last, (random >> 33) as usize % (last + 1));
    }
}

proptest! {
    #[test]
    fn applied_plan_leaves_no_automatic_finding(world in worlds()) {
        let plan = world.plan();
        prop_assert_eq!(&plan.refused, &None);
        let left: Vec<_> = after(&world, plan.enforced())
            .all_findings()
            .into_iter()
            .filter(|f| f.open() && f.mode == Mode::Enforce && f.changes().is_some())
            .collect();
        prop_assert_eq!(left, []);
    }

    #[test]
    fn second_plan_is_empty(world in worlds()) {
        let first = world.plan();
        let again = after(&world, first.enforced()).plan();
        prop_assert_eq!(again.enforced().count(), 0);
        let shown = first.changes.iter().filter(|planned| planned.mode == Mode::Audit);
        prop_assert!(again.changes.iter().eq(shown), "what audit mode shows is the same before and after");
    }

    #[test]
    fn every_planned_change_is_undone_by_its_inverse(world in worlds()) {
        let mut state = world.snapshot.clone();
        let mut inverses = Vec::new();
        for planned in &world.plan().changes {
            let changed = planned.change.make_in(&state);
            let inverse = planned.change.inverse(planned.change.simulated_id(&changed.state()).as_deref());
            prop_assert!(inverse.is_some(), "{}", planned.change);
            inverses.extend(inverse);
            prop_assert_eq!(&inverses.last().unwrap().make_in(&changed), &state, "{}", planned.change);
            state = changed;
        }
        for inverse in inverses.iter().rev() {
            state = inverse.make_in(&state);
        }
        prop_assert_eq!(state, world.snapshot, "all of them in reverse");
    }

    #[test]
    fn plan_does_not_depend_on_the_order_of_its_input(world in worlds(), seed in any::<u64>()) {
        let mut other = world.clone().edit_catalogue(|services| shuffle(services, seed));
        let settings = &mut other.settings;
        shuffle(&mut settings.requirements, seed);
        for requirement in &mut settings.requirements {
            shuffle(&mut requirement.services, seed);
        }
        shuffle(&mut settings.exemptions, seed);
        for group in other.snapshot.security_groups.as_mut().unwrap().values_mut() {
            shuffle(&mut group.ingress, seed);
        }
        for table in other.snapshot.route_tables.as_mut().unwrap().values_mut() {
            shuffle(&mut table.routes, seed);
        }
        prop_assert_eq!(other.all_findings(), world.all_findings());
        prop_assert_eq!(other.plan(), world.plan());
        let controls: Vec<_> = CONTROLS.iter().rev().copied().collect();
        let (_, backwards) = plan(&controls, &world.snapshot.state(), &world.settings, &world.history, &Restraints::default(), world.now, &world.policies);
        prop_assert_eq!(backwards, world.plan());
    }

    #[test]
    fn cached_analyses_of_other_vpcs_change_nothing(world in enforced_worlds(), digit in 2..10_u8) {
        let mut warm = world.clone();
        warm.snapshot.vpc.id = format!("vpc-{digit}").as_str().into();
        let mut cold = warm.clone();
        cold.policies = PolicyCache::default();
        world.plan();
        prop_assert_eq!(warm.all_findings(), cold.all_findings());
        prop_assert_eq!(warm.plan(), cold.plan());
    }

    #[test]
    fn policies_decide_about_containment_alone(world in enforced_worlds(), policy in select(POLICIES.to_vec())) {
        let mut other = world.clone();
        for endpoint in other.snapshot.endpoints.as_mut().unwrap().values_mut() {
            endpoint.policy = Some(policy.to_owned());
        }
        for control in CONTROLS.iter().filter(|control| control.concern == Concern::Reachability) {
            prop_assert_eq!(world.findings(control), other.findings(control));
        }
    }

    #[test]
    fn plan_alters_only_what_its_changes_name(world in worlds()) {
        let plan = world.plan();
        let (before, after) = (&world.snapshot, after(&world, &plan.changes).snapshot);
        let kinds: BTreeSet<_> = plan.changes.iter().map(|p| p.change.kind()).collect();
        let named: BTreeSet<_> = plan.changes.iter().filter_map(|p| p.change.endpoint()).collect();
        prop_assert_eq!(
            (&before.account, &before.region, &before.vpc, &before.route_tables, &before.services),
            (&after.account, &after.region, &after.vpc, &after.route_tables, &after.services)
        );
        prop_assert!(before.dns == after.dns || kinds.contains(&ChangeKind::EnableVpcDns));
        let mut subnets = after.subnets.clone().unwrap();
        for (id, subnet) in &mut subnets {
            subnet.free_addresses = before.subnets.as_ref().unwrap()[id].free_addresses;
        }
        prop_assert_eq!(Ok(subnets), before.subnets.clone());
        let own = [GroupPurpose::Ingress, GroupPurpose::Quarantine].map(|purpose| after.group_for(purpose));
        let own: BTreeSet<_> = own.into_iter().flatten().map(|group| &group.id).collect();
        let groups = before.security_groups.as_ref().unwrap();
        for (id, group) in after.security_groups.as_ref().unwrap() {
            prop_assert!(groups.get(id) == Some(group) || own.contains(id), "{id}");
        }
        let endpoints = before.endpoints.as_ref().unwrap();
        for (id, endpoint) in after.endpoints.as_ref().unwrap() {
            let created = !endpoints.contains_key(id) && endpoint.tags.contains_key(TAG_MANAGED);
            prop_assert!(created || named.contains(id) || endpoints.get(id) == Some(endpoint), "{id}");
        }
        prop_assert!(endpoints.keys().all(|id| after.endpoints.as_ref().unwrap().contains_key(id)));
    }

    #[test]
    fn plan_never_changes_what_others_manage(world in worlds()) {
        let snapshot = &world.snapshot;
        for planned in &world.plan().changes {
            if let Some(id) = planned.change.endpoint() {
                let endpoint = &snapshot.endpoints.as_ref().unwrap()[id];
                prop_assert_eq!(managed_by(endpoint, snapshot), None, "{}", planned.change);
                prop_assert!(!endpoint.dead(), "{}", planned.change);
            }
            if let Change::CreateEndpoint(new) = &planned.change {
                let subnets = snapshot.subnets.as_ref().unwrap();
                prop_assert!(new.subnets.values().all(|id| subnets[id].owner == snapshot.account));
            }
        }
    }

    #[test]
    fn plan_for_a_vpc_of_another_owner_is_empty(mut world in worlds()) {
        world.snapshot.account = STRANGER.into();
        prop_assert_eq!(world.all_findings(), []);
        prop_assert_eq!(world.plan(), Plan::default());
    }

    #[test]
    fn every_planned_change_has_a_cause_that_is_not_exempt(world in worlds()) {
        let findings = world.all_findings();
        let exempt: BTreeSet<_> = findings.into_iter().filter(|f| f.exempt.is_some()).map(|f| f.key).collect();
        for planned in &world.plan().changes {
            prop_assert!(!planned.causes.is_empty(), "{}", planned.change);
            prop_assert!(planned.causes.is_disjoint(&exempt), "{}", planned.change);
            for cause in &planned.causes {
                prop_assert_eq!(world.settings.modes.of(&cause.control), planned.mode, "{}", cause);
            }
        }
    }

    #[test]
    fn interrupted_plan_converges_to_the_same_state(world in worlds(), cut in any::<Index>()) {
        let plan = world.plan();
        let enforced: Vec<_> = plan.enforced().collect();
        let halfway = after(&world, enforced[..cut.index(enforced.len() + 1)].iter().copied());
        prop_assert_eq!(remediated(&halfway).snapshot, remediated(&world).snapshot);
    }

    #[test]
    fn additive_changes_come_before_restrictive_and_dependent_ones(world in worlds()) {
        let plan = world.plan();
        for mode in [Mode::Enforce, Mode::Audit] {
            let of_mode: Vec<_> = plan.changes.iter().filter(|p| p.mode == mode).map(|p| &p.change).collect();
            let closes: Vec<_> = of_mode.iter().map(|change| change.safety() == Safety::Restrictive).collect();
            prop_assert!(closes.is_sorted(), "{of_mode:?}");
        }
        prop_assert!(plan.changes.iter().map(|p| p.mode == Mode::Audit).is_sorted());
        let mut state = world.snapshot.clone();
        for planned in &plan.changes {
            match &planned.change {
                Change::CreateEndpoint(new) => {
                    let dns = state.dns.as_ref().unwrap();
                    prop_assert!(!new.private_dns || dns.support && dns.hostnames);
                    prop_assert!(new.group.is_none() || state.managed_group().is_some());
                    let subnets = state.subnets.as_ref().unwrap();
                    prop_assert!(new.subnets.values().all(|id| subnets[id].free_addresses > 0));
                    prop_assert_eq!(new.endpoint_kind == EndpointKind::Interface, new.group.is_some());
                    prop_assert_eq!(new.endpoint_kind == EndpointKind::Interface, !new.subnets.is_empty());
                }
                Change::EnablePrivateDns(_) => {
                    let dns = state.dns.as_ref().unwrap();
                    prop_assert!(dns.support && dns.hostnames);
                }
                Change::AuthorizeIngress(_) | Change::AttachManagedGroup(_) => {
                    prop_assert!(state.managed_group().is_some());
                }
                Change::IsolateEndpoint(change) => {
                    let group = state.group_for(GroupPurpose::Quarantine).unwrap();
                    prop_assert!(group.ingress.is_empty());
                    prop_assert_eq!(&state.endpoints.as_ref().unwrap()[&change.endpoint].security_groups, &change.before);
                }
                Change::AddSubnet(AddSubnet { subnet, .. }) => {
                    prop_assert!(state.subnets.as_ref().unwrap()[subnet].free_addresses > 0);
                }
                Change::EnableVpcDns(_)
                | Change::CreateManagedGroup(_)
                | Change::AssociateRouteTable(_)
                | Change::QuarantineEndpoint(_)
                | Change::ReplacePolicy(_)
                | Change::AcceptConnection(_)
                | Change::RequireAcceptance(_)
                | Change::RemoveServicePrincipals(_)
                | Change::RejectConnection(_) => {}
            }
            state = planned.change.make_in(&state);
        }
    }

    #[test]
    fn at_most_one_endpoint_of_a_service_has_private_dns(world in worlds()) {
        let after = after(&world, &world.plan().changes).snapshot;
        let mut held = BTreeSet::new();
        for endpoint in after.endpoints.unwrap().values().filter(|e| e.private_dns && !e.dead()) {
            let name = (endpoint.service.clone(), endpoint.service_region.clone());
            prop_assert!(held.insert(name), "{}", endpoint.id);
        }
    }

    #[test]
    fn audit_mode_enforces_nothing(mut world in worlds()) {
        world.settings.modes = Modes::default();
        world.settings.limits.changes_per_run = 0;
        world.settings.limits.monthly_cost_per_vpc = MonthlyCost::ZERO;
        world.settings.limits.monthly_cost_total = MonthlyCost::ZERO;
        world.settings.limits.changes_per_hour = 0;
        let plan = world.plan();
        prop_assert_eq!(plan.enforced().count(), 0);
        prop_assert_eq!(plan.monthly_cost(), MonthlyCost::ZERO);
        prop_assert_eq!(plan.refused, None, "what is only shown exceeds no limit");
    }

    #[test]
    fn audit_mode_shows_what_enforce_mode_would_do(world in enforced_worlds()) {
        let mut audited = world.clone();
        audited.settings.modes.default = Mode::Audit;
        audited.settings.modes.controls.values_mut().for_each(|mode| *mode = Mode::Audit);
        let shown: Vec<_> = audited.plan().changes.into_iter().map(|p| p.change).collect();
        prop_assert_eq!(shown, enforced_changes(&world));
    }

    #[test]
    fn cost_of_a_plan_is_the_sum_of_its_changes(world in worlds()) {
        let plan = world.plan();
        let before = world.snapshot.endpoints.as_ref().unwrap();
        let zones = |world: &World| -> usize {
            let endpoints = world.snapshot.endpoints.as_ref().unwrap().values();
            endpoints.map(|e| e.subnets.len()).sum()
        };
        let added = zones(&remediated(&world)) - before.values().map(|e| e.subnets.len()).sum::<usize>();
        let zone = world.settings.prices.interface_endpoint(&world.snapshot.region, 1).unwrap();
        prop_assert_eq!(plan.monthly_cost(), std::iter::repeat_n(zone, added).sum());
        let sum = plan.enforced().filter_map(|p| p.change.monthly_cost(&world.settings.prices, &world.snapshot.region)).sum();
        prop_assert_eq!(plan.monthly_cost(), sum);
    }

    #[test]
    fn plan_over_a_limit_is_shown_completely_and_cut_at_findings(
        world in enforced_worlds(),
        (changes, per_hour, dollars, total) in (0..12_usize, 0..12_usize, 0..60_u32, 0..90_u32),
        spent in (0..4_usize, 0..30_u32),
    ) {
        let free = world.plan();
        let mut tight = world;
        let mut limits = tight.settings.limits;
        limits.changes_per_run = changes;
        limits.monthly_cost_per_vpc = MonthlyCost::from_dollars(dollars.into());
        limits.monthly_cost_total = MonthlyCost::from_dollars(total.into());
        limits.changes_per_hour = per_hour;
        tight.settings.limits = limits;
        let added = MonthlyCost::from_dollars(spent.1.into());
        let mut earlier = record(Change::CreateManagedGroup(CreateManagedGroup::for_ingress(VPC.into())), "run-0", "2026-11-23T08:00:00Z");
        earlier.monthly_cost = added;
        tight.history.records.push(earlier);
        let spent = Spent { changes: spent.0 };
        let (_, plan) = plan(CONTROLS, &tight.snapshot.state(), &tight.settings, &tight.history, &Restraints::after(spent), tight.now, &tight.policies);
        let shown = |plan: &Plan| plan.changes.iter().map(|p| p.change.clone()).collect::<Vec<_>>();
        prop_assert_eq!(shown(&plan), shown(&free));
        let (count, cost) = (plan.enforced().count(), plan.monthly_cost());
        prop_assert!(count == 0 || count + spent.changes <= changes && count <= per_hour, "{}", count);
        prop_assert!(cost == MonthlyCost::ZERO || cost + added <= limits.monthly_cost_per_vpc && cost <= limits.monthly_cost_total);
        // What is applied can be applied, and remedies its findings.
        let end = after(&tight, plan.enforced());
        let open = |world: &World| -> BTreeSet<FindingKey> {
            world.all_findings().into_iter().filter(Finding::open).map(|f| f.key).collect()
        };
        let open = &open(&end) - &open(&after(&tight, free.enforced()));
        for planned in plan.enforced() {
            let cut = |key: &FindingKey| plan.changes.iter().any(|p| p.withheld.is_some() && p.causes.contains(key));
            for key in planned.causes.iter().filter(|key| !cut(key)) {
                prop_assert!(!open.contains(key), "{} is left after {:#?}", key, plan);
            }
        }
        if changes >= free.changes.len() + spent.changes && per_hour >= free.changes.len() {
            let kept = |p: &PlannedChange| p.withheld.is_none() || p.withheld.as_ref().is_some_and(|w| w.contains("monthly_cost"));
            prop_assert!(plan.changes.iter().all(kept));
        }
    }

    #[test]
    fn planned_endpoints_pass_every_control(world in enforced_worlds()) {
        let end = remediated(&world);
        let created: BTreeSet<_> = end
            .snapshot
            .endpoints
            .as_ref()
            .unwrap()
            .keys()
            .filter(|id| !world.snapshot.endpoints.as_ref().unwrap().contains_key(id))
            .map(|id| id.as_str())
            .collect();
        for finding in end.all_findings() {
            // What people alone can repair: of the service, or of the network around the endpoint.
            let hopeless = find(&finding.key.control).is_some_and(|control| control.changes.is_empty());
            // The managed group of a hub does not admit its spokes.
            let of_spokes = finding.explanation().contains("VPCs that use it centrally");
            if !hopeless && !of_spokes && finding.key.resource.kind == ResourceKind::Endpoint && created.contains(finding.key.resource.id.as_str()) {
                prop_assert!(matches!(finding.verdict(), Verdict::Compliant | Verdict::NotApplicable), "{:#?}", finding);
            }
        }
    }

    #[test]
    fn findings_are_sorted_unique_and_deterministic(world in worlds_with_gaps()) {
        let findings = world.all_findings();
        prop_assert!(findings.windows(2).all(|pair| pair[0].key < pair[1].key), "{:#?}", findings);
        prop_assert_eq!(&world.all_findings(), &findings);
        prop_assert_eq!(world.plan(), world.plan());
        for finding in findings {
            let delivered = !finding.explanation().is_empty() && finding.explanation().ends_with('.');
            prop_assert!(delivered, "{}", finding.explanation());
            let remedied = finding.verdict() == Verdict::NonCompliant;
            prop_assert_eq!(automatic(&finding).is_some() && !remedied, false);
            let quiet = matches!(finding.verdict(), Verdict::Compliant | Verdict::NotApplicable);
            prop_assert_eq!(automatic(&finding).is_none() && finding.advice().is_none(), quiet);
            prop_assert!(remedied || finding.exempt.is_none());
        }
    }

    #[test]
    fn unobserved_parts_are_not_changed(world in worlds_with_gaps()) {
        let plan = world.plan();
        prop_assert_eq!(&plan.refused, &None);
        for planned in &plan.changes {
            for cause in &planned.causes {
                let control = find(&cause.control).unwrap();
                let findings = world.findings(control);
                let by_gap = |f: &Finding| f.verdict() == Verdict::Indeterminate && f.explanation().contains("was denied");
                prop_assert!(!findings.iter().any(by_gap), "{}", planned.change);
            }
        }
    }

    #[test]
    fn planned_change_has_an_effect_and_a_valid_token(world in worlds_with_gaps()) {
        let mut state = world.snapshot.clone();
        for planned in &world.plan().changes {
            let changed = planned.change.make_in(&state);
            prop_assert!(changed != state, "{} does nothing", planned.change);
            prop_assert_eq!(&planned.change.make_in(&changed), &changed, "{} twice", planned.change);
            if let Some(id) = planned.change.endpoint() {
                prop_assert!(world.snapshot.endpoints.as_ref().unwrap().contains_key(id), "{}", planned.change);
            }
            if let Change::CreateEndpoint(new) = &planned.change {
                prop_assert!((1..=64).contains(&new.client_token.len()) && new.client_token.is_ascii());
            }
            state = changed;
        }
    }

    #[test]
    fn control_proposes_only_declared_kinds_of_change(world in enforced_worlds()) {
        for finding in world.all_findings() {
            let control = find(&finding.key.control).unwrap();
            for change in automatic(&finding).into_iter().flatten() {
                prop_assert!(control.changes.contains(&change.kind()), "{}: {}", control.name, change);
            }
        }
    }

    #[test]
    fn control_reads_only_the_parts_that_it_declares(world in worlds()) {
        for control in CONTROLS {
            let others = Part::VPC.into_iter().filter(|part| !control.needs.contains(part));
            let without = others.fold(world.clone(), World::gap);
            prop_assert_eq!(without.findings(control), world.findings(control));
        }
    }
}

/// The laws would hold of worlds in which nothing ever is to be done.
#[test]
fn random_vpcs_cover_every_verdict_and_kind_of_change() {
    let mut runner = TestRunner::deterministic();
    let mut verdicts = BTreeSet::new();
    let mut kinds = BTreeSet::new();
    let mut declared = BTreeSet::new();
    for _ in 0..400 {
        let world = enforced_worlds().new_tree(&mut runner).unwrap().current();
        verdicts.extend(
            world
                .all_findings()
                .into_iter()
                .map(|f| (f.key.control.clone(), f.verdict())),
        );
        kinds.extend(world.plan().changes.iter().flat_map(|p| {
            let kind = p.change.kind();
            p.causes.iter().map(move |cause| (cause.control.clone(), kind))
        }));
    }
    for control in CONTROLS
        .iter()
        .filter(|control| matches!(control.evaluate, Evaluate::Vpc(_)))
    {
        declared.extend(control.changes.iter().map(|kind| (control.name.to_owned(), *kind)));
        for verdict in [Verdict::Compliant, Verdict::NonCompliant] {
            assert!(
                verdicts.contains(&(control.name.to_owned(), verdict)),
                "{} {verdict:?}",
                control.name
            );
        }
    }
    assert_eq!(
        kinds, declared,
        "each control makes each change that it declares, and no other"
    );
}
