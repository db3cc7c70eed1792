//! The owners of resources that a document can tell apart.

use std::rc::Rc;

use super::budget::{Budget, KEPT};
use super::callers::{Membership, Principal};
use super::identities::Identities;
use super::model::{KeyMeaning, Model, bound};
use crate::bits::Bits;
use crate::condition_keys::Side;
use crate::glob::Pattern;
use crate::text::ArnPattern;

#[derive(Clone, Debug)]
pub(super) struct Owner {
    pub(super) account: Rc<str>,
    pub(super) organization: Option<Rc<str>>,
    pub(super) path: Option<Rc<str>>,
    pub(super) trusted: bool,
    /// The same for accounts that no pattern of an ARN tells apart.
    pub(super) class: Rc<str>,
    /// Where nothing tells account or organisation from another one: the one of the callers for whom this owner is tried.
    pub(super) of_caller: [Option<Rc<str>>; 2],
    /// Whether requests carry `aws:ResourceAccount` and its like.
    pub(super) told: bool,
    /// Statements that do not fail on this owner.
    pub(super) sig: Bits,
}

/// How the patterns of ARNs tell accounts apart.
pub(super) struct AccountClasses<'m> {
    /// What the accounts of patterns are, each once.
    fields: Vec<&'m Pattern>,
    /// Whether each account is a class of its own: variables and short patterns may tell any two apart.
    single: bool,
}

impl<'m> AccountClasses<'m> {
    pub(super) fn new(model: &'m Model<'_>, single: bool) -> Self {
        let mut fields: Vec<&Pattern> = Vec::new();
        for pattern in model.patterns() {
            if let ArnPattern::Fields(all) = pattern
                && let [_, _, _, _, account, _] = all.as_ref()
                && !matches!(account, Pattern::All)
                && !matches!(account, Pattern::Exact(none) if none.is_empty())
                && !fields.contains(&account)
            {
                fields.push(account);
            }
        }
        for account in bound::accounts(model, Side::Owner) {
            if !matches!(account, Pattern::All) && !fields.contains(&account) {
                fields.push(account);
            }
        }
        Self { fields, single }
    }

    fn of(&self, account: &Rc<str>) -> Rc<str> {
        if self.single {
            return Rc::clone(account);
        }
        let fits = |field: &&Pattern| if field.matches(account) { '1' } else { '0' };
        self.fields.iter().map(fits).collect::<String>().into()
    }
}

/// Every owner twice over where two accounts are alike, so that caller and owner can be two accounts.
pub(super) fn owners(
    model: &Model<'_>,
    identities: &Identities,
    memberships: &[Membership],
    accounts: &AccountClasses<'_>,
    told: bool,
    complete: &mut bool,
    budget: &mut Budget,
) -> Vec<Owner> {
    let linked = !model.linked.is_empty();
    let unknown = [
        KeyMeaning::ResourceAccount,
        KeyMeaning::ResourceOrganization,
        KeyMeaning::ResourcePaths,
    ]
    .into_iter()
    .fold(Bits::ALL, |bits, kind| bits & model.sig(kind, &[]));
    let mut classes: Vec<(Bits, Rc<str>, bool, usize)> = Vec::new();
    let mut all = Vec::new();
    // Seconds come last, so that they stand for no class: they are owners for some callers only.
    let firsts = identities.named.iter().chain(&identities.outsiders);
    let firsts = firsts.map(|account| (account, None));
    let seconds = identities.second_accounts.iter();
    let seconds = seconds.map(|second| (&second.own, Some(&second.first)));
    for (account, first) in firsts.chain(seconds) {
        let sig = if told {
            model.sig(KeyMeaning::ResourceAccount, &[account])
        } else {
            Bits::ALL
        };
        let trusted = model.trusts_account(account);
        let class = accounts.of(account);
        if !budget.spend(accounts.fields.len() / 8 + 1 + model.weight(KeyMeaning::ResourceAccount)) {
            *complete = false;
            return all;
        }
        if !linked {
            match classes
                .iter_mut()
                .find(|(s, c, t, _)| (*s, c, *t) == (sig, &class, trusted))
            {
                Some((.., count)) if *count >= 2 => continue,
                Some((.., count)) => *count += 1,
                None => classes.push((sig, Rc::clone(&class), trusted, 1)),
            }
        }
        for membership in memberships {
            if !budget.spend(KEPT) {
                *complete = false;
                return all;
            }
            all.push(Owner {
                account: account.clone(),
                class: Rc::clone(&class),
                organization: membership.organization.clone(),
                path: membership.path.clone(),
                trusted: trusted || membership.trusted,
                of_caller: [first.cloned(), membership.first.clone()],
                told,
                sig: if told { sig & membership.owner } else { unknown },
            });
        }
    }
    all
}

impl Owner {
    /// Whether an owner who is told apart by more stands for this one where the caller is this.
    pub(super) fn is_needless(&self, caller: &Principal) -> bool {
        let [account, organization] = &self.of_caller;
        account.as_ref().is_some_and(|account| *account != caller.account)
            || (organization.is_some() && *organization != caller.organization)
    }

    /// The caller's own account, for callers who have one.
    pub(super) fn of_caller(model: &Model<'_>, accounts: &AccountClasses<'_>, principal: &Principal) -> Option<Self> {
        let owner = Self {
            account: principal.account.clone(),
            class: accounts.of(&principal.account),
            organization: principal.organization.clone(),
            path: principal.path.clone(),
            trusted: model.trusts_account(&principal.account) || principal.trusted_membership,
            of_caller: [None, None],
            told: true,
            sig: Bits::ALL,
        };
        let kinds = [
            KeyMeaning::ResourceAccount,
            KeyMeaning::ResourceOrganization,
            KeyMeaning::ResourcePaths,
        ];
        let sig = kinds.into_iter().fold(Bits::ALL, |bits, kind| {
            let value = owner.value(kind).flatten();
            bits & model.sig(kind, value.as_slice())
        });
        principal.caller.is_iam().then_some(Self { sig, ..owner })
    }

    /// The value of a key that belongs to the owner, if requests have it, or nothing for a key that does not.
    pub(super) fn value(&self, kind: KeyMeaning) -> Option<Option<&str>> {
        let value = match kind {
            KeyMeaning::ResourceAccount => Some(&*self.account),
            KeyMeaning::ResourceOrganization => self.organization.as_deref(),
            KeyMeaning::ResourcePaths => self.path.as_deref(),
            _ => return None,
        };
        Some(value.filter(|_| self.told))
    }
}
