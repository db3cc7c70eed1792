//! The owners of resources that a document can tell apart.

use std::rc::Rc;

use super::bits::Bits;
use super::budget::{Budget, KEPT};
use super::callers::{Membership, Principal};
use super::identities::Identities;
use super::model::KeyMeaning;
use super::model::Model;

#[derive(Clone, Debug)]
pub(super) struct Owner {
    pub(super) account: Rc<str>,
    pub(super) organization: Option<Rc<str>>,
    pub(super) path: Option<Rc<str>>,
    pub(super) trusted: bool,
    /// Whether requests carry `aws:ResourceAccount` and its like.
    pub(super) told: bool,
    /// Statements that do not fail on this owner.
    pub(super) sig: Bits,
}

/// Every owner twice over where two accounts are alike, so that caller and owner can be two accounts.
pub(super) fn owners(
    model: &Model<'_>,
    identities: &Identities,
    memberships: &[Membership],
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
    let mut classes: Vec<(Bits, Vec<bool>, bool, usize)> = Vec::new();
    let mut all = Vec::new();
    for account in identities.named.iter().chain(&identities.outsiders) {
        let sig = if told {
            model.sig(KeyMeaning::ResourceAccount, &[account])
        } else {
            Bits::ALL
        };
        let trusted = model.trusts_account(account);
        let patterns = model.arns.iter().chain(&model.listed).chain(&model.owned);
        let fields: Vec<bool> = patterns
            .map(|pattern| super::resources::account_fits(pattern, account))
            .collect();
        if !budget.spend(fields.len() / 8 + 1 + model.weight(KeyMeaning::ResourceAccount)) {
            *complete = false;
            return all;
        }
        if !linked {
            match classes
                .iter_mut()
                .find(|(s, f, t, _)| (*s, f, *t) == (sig, &fields, trusted))
            {
                Some((.., count)) if *count >= 2 => continue,
                Some((.., count)) => *count += 1,
                None => classes.push((sig, fields, trusted, 1)),
            }
        }
        for membership in memberships {
            if !budget.spend(KEPT) {
                *complete = false;
                return all;
            }
            all.push(Owner {
                account: account.clone(),
                organization: membership.organization.clone(),
                path: membership.path.clone(),
                trusted: trusted || membership.trusted,
                told,
                sig: if told { sig & membership.owner } else { unknown },
            });
        }
    }
    all
}

impl Owner {
    /// The caller's own account, for callers who have one.
    pub(super) fn of_caller(model: &Model<'_>, principal: &Principal) -> Option<Self> {
        let owner = Self {
            account: principal.account.clone(),
            organization: principal.organization.clone(),
            path: principal.path.clone(),
            trusted: model.trusts_account(&principal.account) || principal.trusted_membership,
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
