//! Laws of plans for random endpoint services.

use proptest::prelude::*;

use super::PlannedChange;
use crate::changes::{Change, EffectCheck};
use crate::controls::CONTROLS;
use crate::model::id::EndpointId;
use crate::model::part::Gap;
use crate::settings::{Mode, Trust};
use crate::testing::STRANGER;
use crate::testing::service::{CONSUMER, ServiceWorld, services};

fn after<'a>(world: &ServiceWorld, changes: impl IntoIterator<Item = &'a PlannedChange>) -> ServiceWorld {
    let state = changes
        .into_iter()
        .fold(world.state(), |state, planned| planned.change.simulate(&state));
    world.clone().after(state)
}

/// Plans and applies until nothing is left.
fn remediated(world: &ServiceWorld) -> ServiceWorld {
    let mut world = world.clone();
    for _ in 0..10 {
        let plan = world.plan();
        if plan.enforced().next().is_none() {
            return world;
        }
        world = after(&world, plan.enforced());
    }
    panic!("planning does not come to an end")
}

fn endpoint(change: &Change) -> Option<&EndpointId> {
    match change {
        Change::AcceptConnection(change) => Some(&change.endpoint),
        Change::RejectConnection(change) => Some(&change.endpoint),
        _ => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn applied_plan_leaves_nothing_to_plan(world in services()) {
        let plan = world.plan();
        prop_assert_eq!(&plan.refused, &None);
        let applied = after(&world, &plan.changes);
        prop_assert_eq!(applied.plan().changes, []);
        let enforced = |finding: &crate::evaluation::Finding| finding.changes().is_some();
        prop_assert!(!applied.findings(CONTROLS).iter().any(enforced));
    }

    #[test]
    fn trusted_account_that_may_connect_may_still_connect_after_the_plan(world in services()) {
        let may_connect = |world: &ServiceWorld, account: &str| {
            let root = format!("arn:aws:iam::{account}:root");
            let permissions = world.snapshot.permissions.as_ref();
            permissions.is_ok_and(|allowed| allowed.contains_key("*") || allowed.contains_key(&root))
        };
        let applied = after(&world, &world.plan().changes);
        for account in [CONSUMER, STRANGER] {
            let trust = world.settings.trusts_consumer(&world.snapshot.service, &account.into());
            if trust != Trust::Untrusted && may_connect(&world, account) {
                prop_assert!(may_connect(&applied, account), "{account}");
            }
        }
    }

    #[test]
    fn interrupted_plan_converges_to_the_same_state(world in services(), cut in 0_usize..6) {
        let plan = world.plan();
        let halfway = after(&world, plan.enforced().take(cut));
        prop_assert_eq!(remediated(&halfway).snapshot, remediated(&world).snapshot);
    }

    #[test]
    fn plan_does_not_depend_on_the_order_of_the_controls(world in services()) {
        let backwards: Vec<_> = CONTROLS.iter().rev().copied().collect();
        prop_assert_eq!(world.plan_of(&backwards), world.plan());
    }

    #[test]
    fn additive_changes_come_before_restrictive_ones_and_acceptance_before_principals(world in services()) {
        for mode in [Mode::Enforce, Mode::Audit] {
            let plan = world.plan();
            let kinds: Vec<_> = plan.changes.iter().filter(|p| p.mode == mode).map(|p| p.change.kind()).collect();
            prop_assert!(kinds.is_sorted(), "{kinds:?}");
        }
    }

    #[test]
    fn only_untrusted_consumers_are_rejected_and_only_trusted_ones_accepted(world in services()) {
        let plan = world.plan();
        let service = &world.snapshot.service;
        for planned in &plan.changes {
            match &planned.change {
                Change::RejectConnection(change) => {
                    prop_assert_eq!(world.settings.trusts_consumer(service, &change.owner), Trust::Untrusted);
                    prop_assert!(change.owner != service.owner);
                }
                Change::AcceptConnection(change) => {
                    prop_assert_eq!(world.settings.trusts_consumer(service, &change.owner), Trust::Trusted);
                }
                Change::RemoveServicePrincipals(change) => {
                    for principal in &change.principals {
                        prop_assert_eq!(world.settings.trusts_principal(service, principal), Trust::Untrusted);
                    }
                }
                _ => {}
            }
        }
        let mut endpoints: Vec<_> = plan.changes.iter().filter_map(|planned| endpoint(&planned.change)).collect();
        let all = endpoints.len();
        endpoints.sort();
        endpoints.dedup();
        prop_assert_eq!(endpoints.len(), all, "a connection is decided once");
    }

    #[test]
    fn accepted_connection_is_rejected_only_where_interrupting_changes_are_enforced(world in services()) {
        let plan = world.plan();
        for planned in plan.enforced() {
            if let Change::RejectConnection(change) = &planned.change && change.accepted {
                prop_assert_eq!(world.settings.modes.interrupting, Mode::Enforce);
            }
        }
    }

    #[test]
    fn every_planned_change_is_undone_by_its_inverse(world in services()) {
        let run = "run-1".into();
        let in_effect = |effect: Result<EffectCheck, Gap>| matches!(effect, Ok(EffectCheck::InEffect { .. }));
        let mut state = world.state();
        for planned in &world.plan().changes {
            let change = &planned.change;
            prop_assert!(!in_effect(change.effect(&run, &state)), "{change}");
            let made = change.simulate(&state);
            prop_assert!(in_effect(change.effect(&run, &made)), "{change}");
            let Some(inverse) = change.inverse(None) else {
                prop_assert!(matches!(change, Change::RejectConnection(reject) if !reject.accepted), "{change}");
                state = made;
                continue;
            };
            prop_assert!(!in_effect(inverse.effect(&made)), "{change}");
            prop_assert_eq!(change.altered_since(None, &made), Ok(None));
            let undone = inverse.simulate(&made);
            prop_assert!(in_effect(inverse.effect(&undone)), "{change}");
            prop_assert!(!in_effect(change.effect(&run, &undone)), "{change}");
            prop_assert_eq!(change.simulate(&made), made.clone(), "it is made once");
            state = made;
        }
    }

    #[test]
    fn service_of_another_owner_has_no_plan(world in services()) {
        let world = world.edit(|service| service.owner = "444455556666".into());
        prop_assert_eq!(world.plan().changes, []);
        prop_assert_eq!(world.findings(CONTROLS), []);
    }
}
