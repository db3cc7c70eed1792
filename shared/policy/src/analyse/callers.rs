//! The principals that a document can tell apart, each with its correlated keys.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::budget::{Budget, KEPT};
use super::identities::{self, Identities, below};
use super::model::{KeyMeaning, Model, bound};
use crate::arn::Arn;
use crate::bits::Bits;
use crate::glob::Pattern;

pub(super) mod ids;
mod names;
mod services;
mod session;

use names::{Named, names, principal_sig};
use services::services;
pub(super) use session::Session;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Caller {
    Role,
    User,
    Root,
    FederatedUser,
    Anonymous,
    /// With the token of an identity provider in place of a signature: one of [`Model::providers`], by its place there,
    /// or another.
    Bearer(Option<usize>),
    Service,
}

impl Caller {
    pub(super) fn is_iam(self) -> bool {
        !matches!(self, Self::Anonymous | Self::Bearer(_) | Self::Service)
    }

    /// Whether it always signs with temporary credentials, which tell when they were issued. Users and root users may.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-tokenissuetime>
    pub(super) fn is_temporary(self) -> bool {
        matches!(self, Self::Role | Self::FederatedUser)
    }

    /// The value of `aws:PrincipalType`.
    pub(super) fn kind(self) -> Option<&'static str> {
        match self {
            Self::Role => Some("AssumedRole"),
            Self::User => Some("User"),
            Self::Root => Some("Account"),
            Self::FederatedUser => Some("FederatedUser"),
            Self::Anonymous => Some("Anonymous"),
            Self::Bearer(_) | Self::Service => None,
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Principal {
    pub(super) caller: Caller,
    /// As in a witness.
    pub(super) name: Rc<str>,
    /// See [`bound::class_of_caller`].
    pub(super) class: Rc<str>,
    /// The value of `aws:PrincipalAccount`, empty where requests do not have the key.
    pub(super) account: Rc<str>,
    pub(super) organization: Option<Rc<str>>,
    pub(super) path: Option<Rc<str>>,
    /// The value of `aws:PrincipalArn`.
    pub(super) arn: Option<Rc<str>>,
    /// The value of `aws:userid`.
    pub(super) id: Option<Rc<str>>,
    /// What is settled of the session beforehand, where keys of it depend on each other.
    pub(super) session: Session,
    /// The values of `aws:PrincipalServiceNamesList`.
    pub(super) service_names: Vec<Rc<str>>,
    pub(super) trusted: bool,
    /// Whether the settings trust its organisation or path.
    pub(super) trusted_membership: bool,
    /// Statements that do not fail on this principal.
    pub(super) sig: Bits,
}

pub(super) struct Principals {
    pub(super) all: Vec<Principal>,
    pub(super) complete: bool,
}

/// All that matters of a name, and whether it is trusted.
type Class = (Caller, Bits, bool);

/// All that matters of an account: its names, the statements that do not fail on it as an owner, what ARNs in it are
/// compared with, and whether it is trusted.
type AccountClass = (Vec<Class>, Bits, Rc<str>, bool);

/// An organisation and a path in it, or neither.
pub(super) struct Membership {
    pub(super) organization: Option<Rc<str>>,
    pub(super) path: Option<Rc<str>>,
    pub(super) trusted: bool,
    /// See [`super::identities::Second`].
    pub(super) first: Option<Rc<str>>,
    /// Statements that do not fail on a caller with this membership, and those that do not fail on such an owner.
    pub(super) caller: Bits,
    pub(super) owner: Bits,
}

/// Where accounts can belong. The list is one for callers and owners, so that an account can be both.
pub(super) fn memberships(
    model: &Model<'_>,
    identities: &Identities,
    complete: &mut bool,
    budget: &mut Budget,
) -> Vec<Membership> {
    let organizations = [KeyMeaning::PrincipalOrganization, KeyMeaning::ResourceOrganization];
    let paths = [KeyMeaning::PrincipalPaths, KeyMeaning::ResourcePaths];
    let linked = |kinds: &[KeyMeaning]| {
        let mut keys = model.keys.iter();
        keys.any(|key| (key.linked || key.source) && kinds.contains(&key.kind))
    };
    let (by_organization, by_path) = (linked(&organizations), linked(&paths));
    let mut all: Vec<Membership> = Vec::new();
    let mut add = |new: Membership| {
        let same = |old: &Membership| {
            (old.caller, old.owner, old.trusted, old.path.is_some())
                == (new.caller, new.owner, new.trusted, new.path.is_some())
                && (!by_organization || old.organization == new.organization)
        };
        if by_path || !all.iter().any(same) {
            all.push(new);
        }
    };
    let weigh = |kinds: [KeyMeaning; 2]| 1 + kinds.iter().map(|kind| model.weight(*kind)).sum::<usize>();
    let sigs = |kinds: [KeyMeaning; 2], values: &[&str]| kinds.map(|kind| model.sig(kind, values));
    let firsts = identities.organizations.iter().map(|organization| (organization, None));
    let seconds = identities.second_organizations.iter();
    let seconds = seconds.map(|second| (&second.own, Some(&second.first)));
    for (organization, first) in firsts.chain(seconds) {
        if !budget.spend(weigh(organizations)) {
            *complete = false;
            break;
        }
        let [caller, owner] = sigs(organizations, &[organization]);
        let whole = model
            .setting
            .perimeter
            .organizations
            .iter()
            .any(|known| **known == **organization);
        let (found, all_paths) = identities::paths(model, organization, budget);
        *complete &= all_paths;
        for path in found {
            if !budget.spend(weigh(paths)) {
                *complete = false;
                break;
            }
            let part = |wanted: &String| Pattern::wild(&below(wanted)).matches(&path);
            let trusted = whole || model.setting.perimeter.organization_paths.iter().any(part);
            let [caller_path, owner_path] = sigs(paths, &[&path]);
            add(Membership {
                organization: Some(organization.clone()),
                path: Some(path.into()),
                trusted,
                first: first.cloned(),
                caller: caller & caller_path,
                owner: owner & owner_path,
            });
        }
    }
    let [caller, owner] = sigs(organizations, &[]);
    let [caller_path, owner_path] = sigs(paths, &[]);
    add(Membership {
        organization: None,
        path: None,
        trusted: false,
        first: None,
        caller: caller & caller_path,
        owner: owner & owner_path,
    });
    all
}

pub(super) fn principals(
    model: &Model<'_>,
    identities: &Identities,
    memberships: &[Membership],
    budget: &mut Budget,
) -> Principals {
    let mut complete = identities.complete;
    let compared = |kind: KeyMeaning| model.keys.iter().any(|key| key.linked && key.kind == kind);
    let of_name = [
        KeyMeaning::PrincipalArn,
        KeyMeaning::PrincipalUser,
        KeyMeaning::PrincipalType,
    ];
    let by_name = model.names(&of_name) || of_name.into_iter().any(compared);
    let linked = by_name || model.names(&[KeyMeaning::PrincipalAccount]) || compared(KeyMeaning::PrincipalAccount);
    let iam = model.sig(KeyMeaning::PrincipalIsService, &["false"])
        & model.sig(KeyMeaning::PrincipalService, &[])
        & model.sig(KeyMeaning::PrincipalServiceList, &[]);
    let ids = ids::Ids::new(model);
    let mut all = Vec::new();
    // Witnesses read better with the accounts that the settings name.
    let mut last = Vec::new();
    let weight = model.weight(KeyMeaning::PrincipalAccount) + model.statements.len();
    // Outsiders come first, and one of them stands for all of its class. Of named accounts it takes two, since owner and
    // caller may have to be two accounts.
    let mut accounts: Vec<(AccountClass, usize)> = Vec::new();
    // Requests that name no resource are about the caller's own account, so that its being the owner tells callers apart.
    let of_own = model.resources.iter().any(|element| element.not || !element.every);
    for account in identities.outsiders.iter().chain(&identities.named) {
        if !budget.spend(weight) {
            return Principals { all, complete: false };
        }
        let names = names(model, account, &ids, &mut complete, budget);
        let trusted_account = model.trusts_account(account);
        let trusted = |name: &Named| {
            model
                .setting
                .perimeter
                .principals
                .iter()
                .any(|p| **p == *name.arn || **p == *name.name)
        };
        let class: Vec<_> = names
            .iter()
            .map(|name| (name.caller, name.sig, trusted(name)))
            .collect();
        let outsider = identities.outsiders.contains(account);
        let enough = if outsider { 2 } else { 1 };
        let own = if of_own {
            model.sig(KeyMeaning::ResourceAccount, &[account])
        } else {
            Bits::ALL
        };
        let of_arns = bound::class_of_caller(model, account);
        let class = (class, own, Rc::clone(&of_arns), trusted_account);
        match accounts.iter_mut().find(|(known, _)| *known == class) {
            Some((_, count)) if !linked && *count >= 2 => continue,
            Some((_, count)) => *count += enough,
            None => accounts.push((class, enough)),
        }
        let mut seen: BTreeSet<Class> = BTreeSet::new();
        for name in &names {
            let trusted_name = trusted(name);
            if !by_name && !seen.insert((name.caller, name.sig, trusted_name)) {
                continue;
            }
            for membership in memberships.iter().filter(|membership| membership.first.is_none()) {
                if !budget.spend(KEPT) {
                    return Principals { all, complete: false };
                }
                let trusted = trusted_account || trusted_name || membership.trusted;
                let list = if trusted && outsider { &mut last } else { &mut all };
                list.push(Principal {
                    caller: name.caller,
                    name: name.name.clone(),
                    class: Rc::clone(&of_arns),
                    account: account.clone(),
                    organization: membership.organization.clone(),
                    path: membership.path.clone(),
                    arn: Some(name.arn.clone()),
                    id: Some(name.id.clone()),
                    session: Session::default(),
                    service_names: Vec::new(),
                    trusted,
                    trusted_membership: membership.trusted,
                    sig: iam & name.sig & membership.caller,
                });
            }
        }
    }
    all.append(&mut last);
    let sessions = Session::all(model);
    if sessions.len() > 1 {
        let signed = std::mem::take(&mut all);
        for principal in &signed {
            for session in &sessions {
                if !budget.spend(KEPT) {
                    return Principals { all, complete: false };
                }
                all.push(Principal {
                    session: *session,
                    ..principal.clone()
                });
            }
        }
    }
    all.push(unsigned(model, Caller::Anonymous, "anonymous", "anonymous"));
    if model.setting.bearers {
        let named = (0..model.providers.len()).map(Some);
        for provider in std::iter::once(None).chain(named) {
            // The page on endpoint policies of STS says that these requests lack the key, the reference of the key that
            // requests without a signature have this value.
            let ids: &[&str] = if model.has(KeyMeaning::PrincipalId) {
                &["", "anonymous"]
            } else {
                &[""]
            };
            for account in ["", "anonymous"] {
                all.extend(
                    ids.iter()
                        .map(|id| unsigned(model, Caller::Bearer(provider), account, id)),
                );
            }
        }
    }
    services(model, identities, &mut all, &mut complete, budget);
    Principals { all, complete }
}

fn unsigned(model: &Model<'_>, caller: Caller, account: &str, id: &str) -> Principal {
    let name = "anonymous";
    let mut principal = Principal {
        caller,
        name: name.into(),
        class: "".into(),
        account: account.into(),
        organization: None,
        path: None,
        arn: None,
        id: (!id.is_empty()).then(|| id.into()),
        session: Session::default(),
        service_names: Vec::new(),
        trusted: false,
        trusted_membership: false,
        sig: principal_sig(model, caller, name, "", None),
    };
    for kind in [
        KeyMeaning::PrincipalAccount,
        KeyMeaning::PrincipalOrganization,
        KeyMeaning::PrincipalPaths,
        KeyMeaning::PrincipalArn,
        KeyMeaning::PrincipalUser,
        KeyMeaning::PrincipalIsService,
        KeyMeaning::PrincipalService,
        KeyMeaning::PrincipalServiceList,
        KeyMeaning::PrincipalType,
        KeyMeaning::PrincipalId,
    ] {
        let value = principal.value(kind).flatten();
        principal.sig = principal.sig & model.sig(kind, value.as_slice());
    }
    principal
}

impl Principal {
    /// The value of a key that belongs to the principal, if requests have it, or nothing for a key that does not.
    pub(super) fn value(&self, kind: KeyMeaning) -> Option<Option<&str>> {
        let value = match kind {
            KeyMeaning::PrincipalAccount => Some(&*self.account).filter(|account| !account.is_empty()),
            KeyMeaning::PrincipalOrganization => self.organization.as_deref(),
            KeyMeaning::PrincipalPaths => self.path.as_deref(),
            KeyMeaning::PrincipalArn => self.arn.as_deref(),
            KeyMeaning::PrincipalUser => self.arn.as_deref().and_then(|arn| Arn::parse(arn)?.user()),
            KeyMeaning::PrincipalIsService => match self.caller {
                Caller::Anonymous | Caller::Bearer(_) => None,
                Caller::Service => Some("true"),
                _ => Some("false"),
            },
            KeyMeaning::PrincipalService | KeyMeaning::PrincipalServiceList => {
                (self.caller == Caller::Service).then_some(&*self.name)
            }
            KeyMeaning::PrincipalId => self.id.as_deref(),
            KeyMeaning::PrincipalType => match self.caller {
                Caller::Bearer(_) if !self.account.is_empty() => Caller::Anonymous.kind(),
                caller => caller.kind(),
            },
            _ => return None,
        };
        Some(value)
    }
}
