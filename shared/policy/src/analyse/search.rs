//! The search for a request that a policy allows and that lies where a question asks.
//!
//! A statement applies to a request exactly when it fails on none of its parts: principal, owner, action, resource, each
//! key. Every candidate of a part is a set of statements that it does not fail, so a request is the intersection of the
//! sets of its parts, and it is allowed when an Allow and no Deny is left in it.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::actions::{ActionGroup, actions_without_resource};
use super::budget::Budget;
use super::callers::{Caller, Principal, Principals};
use super::keys::Choice;
use super::model::KeyMeaning;
use super::model::{Key, Model};
use super::owners::{AccountClasses, Owner};
use super::resources::{Known, Resource, nowheres, resources};
use crate::bits::Bits;
use crate::document::PrincipalEntry;

mod exact;
mod linked;
mod prepare;
mod prune;
mod solve;

use exact::exact;
use prune::{PruneCache, asks};
use solve::solve;

/// Where the request is to lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Goal {
    /// An untrusted principal, and no resource that AWS owns. Who brings the token of an identity provider to a trusted
    /// resource is trusted.
    Identity,
    /// An untrusted resource, and no service principal.
    Resource,
    /// A trusted IAM principal, or a caller with the token of an identity provider, and a trusted resource.
    Reach,
    /// In neither of the holes, and the Deny of this place applies: what it takes away. The Denies from `first` on are
    /// not there yet.
    Lost { place: usize, first: usize },
}

/// One request, with what the search knows of it.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) principal: Principal,
    pub(super) owner: Owner,
    pub(super) action: String,
    pub(super) resource: Resource,
    /// By place in [`Model::keys`].
    pub(super) keys: Vec<(usize, Vec<String>)>,
    pub(super) instant: i64,
}

pub(super) struct Search<'m, 'd> {
    pub(super) model: &'m Model<'d>,
    principals: Principals,
    classes: Vec<ActionClass>,
    /// Keys that belong neither to principal nor owner.
    free: Vec<usize>,
    choices: Vec<Vec<Choice>>,
    instants: Vec<Choice>,
    constant: Bits,
    known: Known<'m>,
    /// By the class of the owner's account, and whether trusted resources are told apart.
    resources: Vec<(Rc<str>, bool, Vec<Resource>)>,
    accounts: AccountClasses<'m>,
    /// The same for resources with variables, by the values of these.
    resolved: BTreeMap<(Rc<str>, bool, linked::Values), Vec<Resource>>,
    /// Texts of resources that variables may have parts of.
    shapes: Vec<String>,
    lets_nothing_through: Option<bool>,
    /// Whether no action was left out.
    all_actions: bool,
    /// Whether resources that the settings trust are looked for besides those of trusted owners.
    pub(super) thorough: bool,
    /// Whether nothing was left out. Links are counted apart.
    pub(super) complete: bool,
    /// Whether following the variables misses nothing.
    pub(super) exact: bool,
}

/// The actions that tell the owner of a resource, or those that do not.
struct ActionClass {
    /// Whether the actions name no resource, so that their requests are about the caller's own account.
    alone: bool,
    /// Whether the actions bring the token of an identity provider in place of a signature.
    federated: bool,
    /// Whether callers may sign the actions.
    may_be_signed: bool,
    groups: Vec<ActionGroup>,
    owners: Vec<Owner>,
}

/// What to do with conditions and resources that have variables.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Links {
    /// Follow them, value by value.
    Follow,
    /// Suppose of each what lets most requests through.
    Suppose,
}

impl<'m, 'd> Search<'m, 'd> {
    /// A request for which `judge` returns something. Nothing means that there is none if [`Search::complete`] holds.
    pub(super) fn find<T>(
        &mut self,
        goal: Goal,
        links: Links,
        budget: &mut Budget,
        judge: &mut dyn FnMut(&Request) -> Option<T>,
    ) -> Option<T> {
        let follow = links == Links::Follow && self.model.keys.iter().any(|key| key.source);
        let principals = std::mem::take(&mut self.principals.all);
        let mut classes = std::mem::take(&mut self.classes);
        let mut found = None;
        // What names no resource reaches no resource of others.
        let alone = goal != Goal::Resource;
        'search: for class in classes.iter_mut().filter(|class| !class.alone || alone) {
            if class.alone && class.groups.is_empty() {
                class.groups = actions_without_resource(self.model, &mut self.complete, budget);
            }
            let class = &*class;
            let possible = self.constant & self.model.allow;
            let model = self.model;
            // Nothing is taken from an account on the assumption that it is in the organisation of the settings.
            let at_home = |account: &str, organization: Option<&str>| {
                model.setting.may_be_in(account, organization)
                    || (matches!(goal, Goal::Lost { .. }) && model.trusts_account(account))
            };
            let reaches = |principal: &Principal| {
                let left = possible & principal.sig;
                calls(goal, principal)
                    && class.has(principal.caller)
                    && !left.is_empty()
                    && (!principal.caller.is_iam() || at_home(&principal.account, principal.organization.as_deref()))
            };
            let own: Vec<Option<Owner>> = if class.alone {
                let own = |principal| Owner::of_caller(self.model, &self.accounts, principal);
                let callers = principals.iter();
                callers
                    .map(|caller| reaches(caller).then(|| own(caller)).flatten())
                    .collect()
            } else {
                Vec::new()
            };
            let stays = self.stays(class, goal);
            let of_callers = principals.iter().filter(|caller| reaches(caller));
            let of_callers = of_callers.fold(stays, |stays, caller| stays & caller.sig);
            let owners = class.owners.iter().chain(own.iter().flatten());
            let of_owners = owners.fold(stays, |stays, owner| stays & owner.sig);
            let mut tried: BTreeSet<(Bits, prune::Lies<'_>)> = BTreeSet::new();
            let mut pruned = PruneCache::default();
            let mut followed: BTreeSet<linked::Case> = BTreeSet::new();
            for (at, principal) in principals.iter().enumerate().filter(|(_, caller)| reaches(caller)) {
                let base = self.constant & principal.sig;
                if !(base & of_owners).is_empty() {
                    continue;
                }
                for owner in class.owners.iter().chain(own.get(at).into_iter().flatten()) {
                    let unsigned = class.has_unsigned(principal.caller);
                    let untrusted = goal == Goal::Resource || (goal == Goal::Identity && unsigned);
                    if (untrusted && owner.trusted)
                        || owner.is_needless(principal)
                        || !at_home(&owner.account, owner.organization.as_deref())
                        || !(self.constant & owner.sig & of_callers).is_empty()
                        || !consistent(principal, owner)
                    {
                        continue;
                    }
                    if !budget.spend(4) {
                        break 'search;
                    }
                    let bits = base & owner.sig;
                    if (bits & self.model.allow).is_empty() || !asks(goal, bits) {
                        continue;
                    }
                    let place = Place {
                        class,
                        principal,
                        owner,
                        goal,
                    };
                    let account = &*owner.class;
                    let flags = place.flags();
                    let lies = (principal.caller, principal.session, flags, account, &*principal.class);
                    let new = tried.insert((bits, lies));
                    if (!new && !follow) || pruned.has(lies, bits, self.model, budget) {
                        continue;
                    }
                    let mut met = !new;
                    if new {
                        let links = if follow { Links::Suppose } else { links };
                        found = self.plain(&place, bits, links, budget, &mut |request| {
                            met = true;
                            if follow { None } else { judge(request) }
                        });
                    }
                    if !met {
                        pruned.add(lies, bits);
                    } else if follow {
                        found = self.follow(&place, bits, &mut followed, budget, judge);
                    }
                    if found.is_some() {
                        break 'search;
                    }
                }
            }
        }
        self.principals.all = principals;
        self.classes = classes;
        self.complete &= !budget.is_spent();
        found
    }

    /// Whether no Allow covers an action of the endpoint's service, or a Deny covers every request. Then nothing else
    /// matters, and it makes no difference what could not be told apart.
    pub(super) fn lets_nothing_through(&mut self, budget: &mut Budget) -> bool {
        if let Some(told) = self.lets_nothing_through {
            return told;
        }
        let model = self.model;
        for class in self
            .classes
            .iter_mut()
            .filter(|class| class.alone && class.groups.is_empty())
        {
            class.groups = actions_without_resource(model, &mut self.all_actions, budget);
        }
        self.complete &= self.all_actions;
        let sigs = || {
            let groups = self.classes.iter().flat_map(|class| &class.groups);
            groups.flat_map(|group| &group.actions).map(|action| action.sig)
        };
        let some = sigs().fold(Bits::NONE, |some, sig| some | sig);
        let every = sigs().fold(Bits::ALL, |every, sig| every & sig);
        let plain = |place: usize| {
            let statement = model.statements.get(place);
            let resources = model.resources.get(place);
            statement.is_some_and(|statement| {
                statement.conditions.is_empty()
                    && !statement.principal.not
                    && statement.principal.values.contains(&PrincipalEntry::Everyone)
            }) && resources.is_some_and(|element| element.every && !element.not)
        };
        let told = (some & model.allow).is_empty() || (every & model.deny).iter().any(plain);
        let told = told && self.all_actions && !budget.is_spent();
        *self.lets_nothing_through.insert(told)
    }

    /// Whether resources that the settings trust are told apart.
    fn trusts(&self, goal: Goal) -> bool {
        match goal {
            Goal::Reach => self.thorough,
            Goal::Lost { .. } => true,
            Goal::Identity | Goal::Resource => false,
        }
    }

    fn plain<T>(
        &mut self,
        place: &Place<'_>,
        bits: Bits,
        links: Links,
        budget: &mut Budget,
        judge: &mut dyn FnMut(&Request) -> Option<T>,
    ) -> Option<T> {
        let trusted = self.trusts(place.goal);
        let class = &place.owner.class;
        let none;
        let all = if place.class.alone {
            none = nowheres(self.model, &self.known, None);
            none.as_slice()
        } else {
            let known = |all: &[(Rc<str>, bool, Vec<Resource>)]| {
                let mut all = all.iter();
                all.position(|(of, told, _)| of == class && *told == trusted)
            };
            if known(&self.resources).is_none() {
                let own = &place.owner.account;
                let found = resources(self.model, &self.known, own, trusted, None, &mut self.complete, budget);
                self.resources.push((Rc::clone(class), trusted, found));
            }
            let (.., found) = self.resources.get(known(&self.resources)?)?;
            found.as_slice()
        };
        let dims: Vec<&[Choice]> = self.choices.iter().map(Vec::as_slice).collect();
        let parts = Parts {
            resources: all,
            free: &self.free,
            dims: &dims,
            instants: &self.instants,
        };
        // Suppose that a Deny with a variable never applies; an Allow's conditions with variables hold already.
        let supposed = if links == Links::Suppose {
            self.model.linked & self.model.deny
        } else {
            Bits::NONE
        };
        solve(
            self.model,
            place,
            bits.without(supposed),
            &parts,
            &mut self.complete,
            budget,
            judge,
        )
    }
}

impl ActionClass {
    /// Whether the caller may call the actions.
    fn has(&self, caller: Caller) -> bool {
        match caller {
            Caller::Anonymous => !self.federated,
            Caller::Bearer(_) => self.federated,
            _ => true,
        }
    }

    /// Whether a request by the caller is one without a signature, so that nothing counts but whose resource it is for.
    fn has_unsigned(&self, caller: Caller) -> bool {
        self.federated && !(self.may_be_signed && (caller.is_iam() || caller == Caller::Service))
    }
}

/// Where the search stands.
struct Place<'s> {
    class: &'s ActionClass,
    principal: &'s Principal,
    owner: &'s Owner,
    goal: Goal,
}

impl Place<'_> {
    /// The value of a key that belongs to principal or owner, if requests have it, or nothing for a key that does not.
    fn value(&self, kind: KeyMeaning) -> Option<Option<&str>> {
        self.principal.value(kind).or_else(|| self.owner.value(kind))
    }

    /// What counts for where a request lies.
    fn flags(&self) -> [bool; 3] {
        [
            self.principal.trusted,
            self.owner.trusted,
            self.owner.organization.is_none(),
        ]
    }
}

/// What is left to choose.
struct Parts<'s> {
    resources: &'s [Resource],
    free: &'s [usize],
    dims: &'s [&'s [Choice]],
    instants: &'s [Choice],
}

fn calls(goal: Goal, principal: &Principal) -> bool {
    match goal {
        Goal::Identity => !principal.trusted,
        Goal::Resource => principal.caller != Caller::Service,
        Goal::Reach => {
            (principal.trusted && principal.caller.is_iam()) || matches!(principal.caller, Caller::Bearer(_))
        }
        Goal::Lost { .. } => true,
    }
}

/// An account is in one organisation at one path.
fn consistent(principal: &Principal, owner: &Owner) -> bool {
    principal.account != owner.account
        || (principal.organization == owner.organization && principal.path == owner.path)
        || principal.caller == Caller::Service
}

/// The place of the key in the model.
fn key_at<'m, 'd>(model: &'m Model<'d>, at: usize) -> Option<&'m Key<'d>> {
    model.keys.get(at)
}

#[cfg(test)]
mod tests;
