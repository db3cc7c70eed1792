//! The principals that a document can tell apart, each with its correlated keys.

use std::collections::HashSet;

use super::atoms;
use super::bits::Bits;
use super::budget::Budget;
use super::identities::{Identities, below, paths};
use super::model::{Kind, Model};
use super::strings::{Domain, candidates};
use crate::arn::Arn;
use crate::document::{Effect, PrincipalEntry};
use crate::glob::{Pattern, Piece};
use crate::text::Form;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Caller {
    Role,
    User,
    Root,
    Federated,
    Anonymous,
    Service,
}

impl Caller {
    pub(super) fn is_iam(self) -> bool {
        !matches!(self, Self::Anonymous | Self::Service)
    }

    /// The value of `aws:PrincipalType`.
    pub(super) fn kind(self) -> Option<&'static str> {
        match self {
            Self::Role => Some("AssumedRole"),
            Self::User => Some("User"),
            Self::Root => Some("Account"),
            Self::Federated => Some("FederatedUser"),
            Self::Anonymous => Some("Anonymous"),
            Self::Service => None,
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Principal {
    pub(super) caller: Caller,
    /// As in a witness.
    pub(super) name: String,
    pub(super) account: String,
    pub(super) organization: Option<String>,
    pub(super) path: Option<String>,
    /// The value of `aws:PrincipalArn`.
    pub(super) arn: Option<String>,
    pub(super) trusted: bool,
    /// Statements that do not fail on this principal.
    pub(super) sig: Bits,
}

pub(super) struct Principals {
    pub(super) all: Vec<Principal>,
    pub(super) complete: bool,
}

/// An account with one of its names, and the statements that do not fail on these.
#[derive(Clone)]
struct Named {
    caller: Caller,
    name: String,
    arn: String,
    sig: Bits,
}

/// All that matters of a name, and whether it is trusted.
type Class = (Caller, Bits, bool);

/// An organisation and a path in it, or neither, and the statements that do not fail on these.
pub(super) struct Membership {
    pub(super) organization: Option<String>,
    pub(super) path: Option<String>,
    pub(super) trusted: bool,
    pub(super) sig: Bits,
}

/// Where accounts can belong. `kinds` are the keys for the organisation and for the path.
pub(super) fn memberships(
    model: &Model<'_>,
    identities: &Identities,
    kinds: (Kind, Kind),
    complete: &mut bool,
    budget: &mut Budget,
) -> Vec<Membership> {
    let linked = model.names(&[kinds.0, kinds.1])
        || model
            .keys
            .iter()
            .any(|key| key.linked && (key.kind == kinds.0 || key.kind == kinds.1));
    let mut all: Vec<Membership> = Vec::new();
    let mut add = |new: Membership| {
        let known = !linked
            && all.iter().any(|old| {
                old.sig == new.sig
                    && old.trusted == new.trusted
                    && old.organization.is_some() == new.organization.is_some()
            });
        if !known {
            all.push(new);
        }
    };
    let weights = (model.weight(kinds.0), model.weight(kinds.1));
    for organization in &identities.organizations {
        if !budget.spend(1 + weights.0) {
            *complete = false;
            break;
        }
        let sig = model.sig(kinds.0, &[organization]);
        let whole = model.perimeter.organizations.contains(organization);
        let (paths, all_paths) = paths(model, kinds.1, organization, budget);
        *complete &= all_paths;
        for path in paths {
            if !budget.spend(1 + weights.1) {
                *complete = false;
                break;
            }
            let part = |wanted: &String| Pattern::wild(&below(wanted)).matches(&path);
            let trusted = whole || model.perimeter.organization_paths.iter().any(part);
            let sig = sig & model.sig(kinds.1, &[&path]);
            add(Membership {
                organization: Some(organization.clone()),
                path: Some(path),
                trusted,
                sig,
            });
        }
    }
    add(Membership {
        organization: None,
        path: None,
        trusted: false,
        sig: model.sig(kinds.0, &[]) & model.sig(kinds.1, &[]),
    });
    all
}

pub(super) fn principals(model: &Model<'_>, identities: &Identities, budget: &mut Budget) -> Principals {
    let mut complete = identities.complete;
    let kinds = (Kind::PrincipalOrganization, Kind::PrincipalPaths);
    let memberships = memberships(model, identities, kinds, &mut complete, budget);
    let linked = model.names(&[Kind::PrincipalAccount, Kind::PrincipalArn, Kind::PrincipalType])
        || model
            .keys
            .iter()
            .any(|key| key.linked && matches!(key.kind, Kind::PrincipalAccount | Kind::PrincipalArn));
    let iam = model.sig(Kind::PrincipalIsService, &["false"]) & model.sig(Kind::PrincipalService, &[]);
    let mut all = Vec::new();
    let mut accounts: HashSet<(Vec<Class>, bool)> = HashSet::new();
    let weight = model.weight(Kind::PrincipalAccount) + model.statements.len();
    for account in &identities.accounts {
        if !budget.spend(weight) {
            return Principals { all, complete: false };
        }
        let names = names(model, account, &mut complete, budget);
        let trusted_account = model.perimeter.accounts.contains(account);
        let trusted = |name: &Named| {
            model
                .perimeter
                .principals
                .iter()
                .any(|p| *p == name.arn || *p == name.name)
        };
        let class: Vec<_> = names
            .iter()
            .map(|name| (name.caller, name.sig, trusted(name)))
            .collect();
        if !linked && !accounts.insert((class, trusted_account)) {
            continue;
        }
        let mut seen: HashSet<Class> = HashSet::new();
        for name in &names {
            let trusted_name = trusted(name);
            if !linked && !seen.insert((name.caller, name.sig, trusted_name)) {
                continue;
            }
            for membership in &memberships {
                if !budget.spend(2) {
                    return Principals { all, complete: false };
                }
                all.push(Principal {
                    caller: name.caller,
                    name: name.name.clone(),
                    account: account.clone(),
                    organization: membership.organization.clone(),
                    path: membership.path.clone(),
                    arn: Some(name.arn.clone()),
                    trusted: trusted_account || trusted_name || membership.trusted,
                    sig: iam & name.sig & membership.sig,
                });
            }
        }
    }
    all.push(anonymous(model));
    services(model, identities, &mut all);
    if !linked && !model.names(&[Kind::PrincipalOrganization, Kind::PrincipalPaths]) {
        let mut seen = HashSet::new();
        all.retain(|p| seen.insert((p.caller, p.trusted, p.sig, p.organization.clone())));
    }
    Principals { all, complete }
}

fn anonymous(model: &Model<'_>) -> Principal {
    let mut sig =
        principal_sig(model, "anonymous", "anonymous", None) & model.sig(Kind::PrincipalAccount, &["anonymous"]);
    for kind in [
        Kind::PrincipalOrganization,
        Kind::PrincipalPaths,
        Kind::PrincipalArn,
        Kind::PrincipalIsService,
        Kind::PrincipalService,
    ] {
        sig = sig & model.sig(kind, &[]);
    }
    Principal {
        caller: Caller::Anonymous,
        name: "anonymous".to_owned(),
        account: "anonymous".to_owned(),
        organization: None,
        path: None,
        arn: None,
        trusted: false,
        sig: sig & model.sig(Kind::PrincipalType, &["Anonymous"]),
    }
}

fn services(model: &Model<'_>, identities: &Identities, all: &mut Vec<Principal>) {
    let mut names: Vec<String> = Vec::new();
    for statement in model.statements {
        for entry in &statement.principal.values {
            if let PrincipalEntry::Service(name) = entry
                && crate::evaluate::is_service(name)
            {
                names.push(name.clone());
            }
        }
    }
    for key in model.keys.iter().filter(|key| key.kind == Kind::PrincipalService) {
        for text in key.conditions.iter().flat_map(|(_, condition)| condition.texts()) {
            if let Some(Form::Text(Pattern::Exact(name))) = text.fixed()
                && crate::evaluate::is_service(name)
            {
                names.push(name.clone());
            }
        }
    }
    let usual = [
        "cloudtrail.amazonaws.com",
        "config.amazonaws.com",
        "unlisted.amazonaws.com",
    ];
    names.extend(usual.iter().map(|name| (*name).to_owned()));
    let stranger = |account: &&String| !model.perimeter.accounts.contains(account);
    let account = identities
        .accounts
        .iter()
        .rev()
        .find(stranger)
        .cloned()
        .unwrap_or_default();
    let mut common = model.sig(Kind::PrincipalIsService, &["true"]) & model.sig(Kind::PrincipalAccount, &[&account]);
    for kind in [
        Kind::PrincipalOrganization,
        Kind::PrincipalPaths,
        Kind::PrincipalArn,
        Kind::PrincipalType,
    ] {
        common = common & model.sig(kind, &[]);
    }
    let mut seen = HashSet::new();
    for name in names {
        let sig = common & model.sig(Kind::PrincipalService, &[&name]) & principal_sig(model, &name, "", None);
        if seen.insert(sig) {
            all.push(Principal {
                caller: Caller::Service,
                name,
                account: account.clone(),
                organization: None,
                path: None,
                arn: None,
                trusted: model.perimeter.aws_services,
                sig,
            });
        }
    }
}

/// The principals of one account that the document tells apart.
fn names(model: &Model<'_>, account: &str, complete: &mut bool, budget: &mut Budget) -> Vec<Named> {
    let by_account = model.sig(Kind::PrincipalAccount, &[account]);
    let mut patterns: Vec<Pattern> = Vec::new();
    let mut sessions: Vec<String> = Vec::new();
    let mut add = |name: &str| {
        if let Some(arn) = Arn::parse(name)
            && arn.account == account
            && arn.is_principal()
        {
            if arn.session_role().is_some() {
                sessions.push(name.to_owned());
            } else {
                patterns.push(Pattern::Exact(name.to_owned()));
            }
        }
    };
    let mut plain = true;
    for statement in model.statements {
        for entry in &statement.principal.values {
            if let PrincipalEntry::Arn(name) = entry {
                add(name);
                plain = false;
            }
        }
        plain &= !model.endpoint.gateway
            || !statement
                .principal
                .values
                .iter()
                .any(|e| matches!(e, PrincipalEntry::Account(_)));
    }
    for name in &model.perimeter.principals {
        add(name);
    }
    for key in model
        .keys
        .iter()
        .filter(|key| matches!(key.kind, Kind::PrincipalArn | Kind::PrincipalType))
    {
        plain = false;
        for text in key.conditions.iter().flat_map(|(_, condition)| condition.texts()) {
            match text.fixed() {
                Some(Form::Text(pattern)) if key.kind == Kind::PrincipalArn => patterns.push(pattern.clone()),
                Some(Form::Arn(pattern)) => patterns.push(Pattern::new(pattern.pieces())),
                _ => {}
            }
        }
    }
    plain &= !model
        .keys
        .iter()
        .any(|key| matches!(key.id, "aws:username" | "aws:userid"));
    let mut arns: Vec<(Caller, String)> = Vec::new();
    let mut shapes = vec![(Caller::Role, "iam", "role/")];
    if !plain {
        shapes.extend([
            (Caller::User, "iam", "user/"),
            (Caller::Federated, "sts", "federated-user/"),
        ]);
        arns.push((Caller::Root, format!("arn:aws:iam::{account}:root")));
    }
    for (caller, service, start) in shapes {
        let start = format!("arn:aws:{service}::{account}:{start}");
        if patterns.is_empty() {
            arns.push((caller, format!("{start}stranger")));
            continue;
        }
        let mut base: Vec<Piece> = start.chars().map(Piece::Char).collect();
        base.push(Piece::Field);
        let domain = Domain {
            base: &base,
            possible: &|name| Arn::parse(name).is_some_and(|arn| arn.is_principal()),
            fillings: &["stranger", "zq", "x7x7", "qqqq", "z/z", "kkkkkkkk", ""],
            letters: "zqxjk0",
            avoid: &[],
        };
        let found = candidates(&patterns, &domain, budget);
        *complete &= found.complete;
        arns.extend(found.values.into_iter().map(|name| (caller, name)));
    }
    let foreign = |pattern: &&Pattern| match pattern {
        Pattern::Exact(name) => !name.starts_with("arn:aws:"),
        _ => false,
    };
    for name in patterns
        .iter()
        .filter(foreign)
        .filter_map(|p| if let Pattern::Exact(n) = p { Some(n) } else { None })
    {
        if let Some(arn) = Arn::parse(name).filter(|arn| arn.account == account && arn.is_principal()) {
            let caller = match arn.resource.split('/').next() {
                Some("user") => Caller::User,
                Some("root") => Caller::Root,
                Some("federated-user") => Caller::Federated,
                _ => Caller::Role,
            };
            arns.push((caller, name.clone()));
        }
    }
    let weight = model.weight(Kind::PrincipalArn) + model.statements.len();
    let mut all: Vec<Named> = Vec::new();
    for (caller, arn) in arns {
        if !budget.spend(weight) {
            *complete = false;
            break;
        }
        all.push(named(model, caller, arn.clone(), arn, account, by_account));
    }
    for session in sessions {
        if let Some(arn) = Arn::parse(&session) {
            let role = format!(
                "arn:{}:iam::{account}:role/{}",
                arn.partition,
                arn.session_role().unwrap_or_default()
            );
            all.push(named(model, Caller::Role, session.clone(), role, account, by_account));
        }
    }
    all
}

fn named(model: &Model<'_>, caller: Caller, name: String, arn: String, account: &str, by_account: Bits) -> Named {
    let kind: Vec<&str> = caller.kind().into_iter().collect();
    let sig = by_account
        & principal_sig(model, &name, account, Some(&arn))
        & model.sig(Kind::PrincipalArn, &[&arn])
        & model.sig(Kind::PrincipalType, &kind);
    Named { caller, name, arn, sig }
}

/// The statements whose Principal element covers the principal.
fn principal_sig(model: &Model<'_>, name: &str, account: &str, arn: Option<&str>) -> Bits {
    let mut bits = Bits::ALL;
    let service = arn.is_none() && name != "anonymous";
    let root = arn.is_some_and(|arn| arn.ends_with(":root"));
    for (place, statement) in model.statements.iter().enumerate() {
        let covers = statement.principal.values.iter().any(|entry| match entry {
            PrincipalEntry::Everyone => true,
            PrincipalEntry::EveryAws => !service || model.reading.aws_star_has_services,
            PrincipalEntry::Account(wanted) => arn.is_some() && wanted == account && (!model.endpoint.gateway || root),
            PrincipalEntry::Arn(wanted) => arn.is_some() && (wanted == name || Some(wanted.as_str()) == arn),
            PrincipalEntry::Service(wanted) => service && (wanted == "*" || wanted == name),
            // Whoever that is: the evaluator will not confirm it, and so nothing is claimed.
            PrincipalEntry::Unknown(_) => (statement.effect == Effect::Allow) != statement.principal.not,
            PrincipalEntry::Nobody(_) => false,
        });
        if covers == statement.principal.not {
            bits.remove(place);
        }
    }
    bits
}

impl Principal {
    /// The values of a key that belongs to the principal, or nothing for a key that does not.
    pub(super) fn values(&self, kind: Kind) -> Option<Vec<String>> {
        let list = |value: Option<&str>| Some(value.map(str::to_owned).into_iter().collect());
        match kind {
            Kind::PrincipalAccount => list(Some(&self.account)),
            Kind::PrincipalOrganization => list(self.organization.as_deref()),
            Kind::PrincipalPaths => list(self.path.as_deref()),
            Kind::PrincipalArn => list(self.arn.as_deref()),
            Kind::PrincipalIsService => match self.caller {
                Caller::Anonymous => list(None),
                caller => list(Some(if caller == Caller::Service { "true" } else { "false" })),
            },
            Kind::PrincipalService => list((self.caller == Caller::Service).then_some(self.name.as_str())),
            Kind::PrincipalType => list(self.caller.kind()),
            _ => None,
        }
    }

    /// Statements that fail on conditions with variables on the principal's keys are taken out.
    pub(super) fn linked_sig(&self, model: &Model<'_>, lookup: atoms::Lookup<'_>) -> Bits {
        let mut bits = Bits::ALL;
        for key in model.keys.iter().filter(|key| key.linked) {
            if let Some(values) = self.values(key.kind) {
                let values: Vec<&str> = values.iter().map(String::as_str).collect();
                bits = bits & model.sig_of(key, &values, Some(lookup));
            }
        }
        bits
    }
}
