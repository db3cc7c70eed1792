//! What a search chooses from, taken from a model once.

use std::collections::BTreeMap;

use super::super::actions::{actions, federated_actions};
use super::super::budget::Budget;
use super::super::callers::{memberships, principals};
use super::super::identities::Identities;
use super::super::keys::{Suggested, choices, instants, is_merged};
use super::super::model::{KeyMeaning, Model};
use super::super::owners::{AccountClasses, owners};
use super::super::resources::Known;
use super::linked::shapes;
use super::{ActionClass, Search, exact};
use crate::service::Keyless;

impl<'m, 'd> Search<'m, 'd> {
    pub(in super::super) fn new(model: &'m Model<'d>, budget: &mut Budget) -> Self {
        let (mut complete, mut all_actions) = (true, true);
        let exact = exact(model);
        let identities = Identities::new(model, exact, budget);
        let memberships = memberships(model, &identities, &mut complete, budget);
        let principals = principals(model, &identities, &memberships, budget);
        let known = Known::new(model);
        let accounts = AccountClasses::new(model, !model.linked.is_empty() || known.has_short());
        let keyless = match &model.setting.service {
            Some(service) => service.keyless,
            // Some actions of some services.
            None => Keyless::Some(&[]),
        };
        let tells: &[bool] = match keyless {
            Keyless::None => &[true],
            Keyless::Some(_) => &[true, false],
            Keyless::All => &[false],
        };
        let mut classes: Vec<ActionClass> = Vec::new();
        for told in tells {
            let groups = actions(model, *told, &mut all_actions, budget);
            if !groups.is_empty() {
                classes.push(ActionClass {
                    alone: false,
                    federated: false,
                    may_be_signed: true,
                    groups,
                    owners: owners(
                        model,
                        &identities,
                        &memberships,
                        &accounts,
                        *told,
                        &mut complete,
                        budget,
                    ),
                });
            }
        }
        classes.push(ActionClass {
            alone: true,
            federated: false,
            may_be_signed: true,
            // Looked up when they are needed.
            groups: Vec::new(),
            owners: Vec::new(),
        });
        // These come last: other witnesses say more.
        for may_be_signed in [true, false].into_iter().filter(|_| model.setting.bearers) {
            let groups = federated_actions(model, may_be_signed, &mut all_actions, budget);
            if groups.iter().any(|group| !group.actions.is_empty()) {
                classes.push(ActionClass {
                    alone: false,
                    federated: true,
                    may_be_signed,
                    groups,
                    owners: owners(model, &identities, &memberships, &accounts, true, &mut complete, budget),
                });
            }
        }
        let free: Vec<usize> = model
            .keys
            .iter()
            .enumerate()
            .filter(|(at, key)| key.kind == KeyMeaning::Free && !is_merged(model, *at))
            .map(|(at, _)| at)
            .collect();
        let choices = free
            .iter()
            .filter_map(|at| model.keys.get(*at))
            .map(|key| choices(model, key, None, &Suggested::default(), &mut complete, budget))
            .collect();
        let instants = instants(model, &mut complete, budget);
        complete &= principals.complete && all_actions;
        Self {
            model,
            principals,
            classes,
            free,
            choices,
            instants,
            constant: model.constant_sig(),
            resources: Vec::new(),
            accounts,
            known,
            resolved: BTreeMap::new(),
            shapes: shapes(model),
            lets_nothing_through: None,
            all_actions,
            thorough: false,
            complete,
            exact,
        }
    }
}
