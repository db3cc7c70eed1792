//! The names that principals of an account can have.

use std::rc::Rc;

use super::super::automata;
use super::super::budget::Budget;
use super::super::identities::tied;
use super::super::model::KeyMeaning;
use super::super::model::{Model, for_bearers};
use super::super::strings::{Domain, WORD, candidates};
use super::Caller;
use super::ids::{self, Ids};
use crate::arn::{Arn, is_name};
use crate::bits::Bits;
use crate::condition_keys::Carrier;
use crate::document::{Effect, PrincipalEntry, Statement};
use crate::glob::{Pattern, Piece, folded_pieces};
use crate::operators::Family;
use crate::partition;
use crate::text::{Form, Text};

/// Names of roles and users.
const NAMES: Domain<'_> = Domain {
    fillings: &["anybody", "zq", "x7x7", "qqqq", "z/z", "kkkkkkkk", ""],
    letters: "zqxjk0",
    read_first: true,
    ..WORD
};

/// An account with one of its names, and the statements that do not fail on these.
#[derive(Clone)]
pub(super) struct Named {
    pub(super) caller: Caller,
    pub(super) name: Rc<str>,
    pub(super) arn: Rc<str>,
    /// The value of `aws:userid`.
    pub(super) id: Rc<str>,
    pub(super) sig: Bits,
}

/// The principals of one account that the document tells apart.
pub(super) fn names(
    model: &Model<'_>,
    account: &str,
    ids: &Ids,
    complete: &mut bool,
    budget: &mut Budget,
) -> Vec<Named> {
    let by_account = model.sig(KeyMeaning::PrincipalAccount, &[account]);
    let home = partition::of_region(&model.setting.endpoint.region);
    let mut patterns: Vec<Pattern> = Vec::new();
    let mut sessions: Vec<String> = Vec::new();
    let mut add = |name: &str| {
        if let Some(arn) = Arn::parse(name)
            && arn.account == account
            && arn.is_principal()
            && (model.setting.endpoint.region.is_empty() || arn.partition == home)
        {
            if arn.session_role().is_some() {
                sessions.push(name.to_owned());
            } else {
                patterns.push(Pattern::Exact(name.to_owned()));
            }
        }
    };
    let mut plain = true;
    for (_, statement) in model.living_statements() {
        for entry in &statement.principal.values {
            if let PrincipalEntry::Arn(name) = entry {
                add(name);
                plain = false;
            }
        }
        plain &= !model.setting.endpoint.gateway
            || !statement
                .principal
                .values
                .iter()
                .any(|e| matches!(e, PrincipalEntry::Account(_)));
    }
    for name in &model.setting.perimeter.principals {
        add(name);
        // What trusts a user does not trust the roles of its account.
        plain &= Arn::parse(name).is_none_or(|arn| {
            arn.account != account || arn.resource.starts_with("role/") || arn.session_role().is_some()
        });
    }
    for key in model
        .keys
        .iter()
        .filter(|key| matches!(key.kind, KeyMeaning::PrincipalArn | KeyMeaning::PrincipalType))
    {
        plain = false;
        let folded = |family| matches!(family, Family::Text { ignore_case: true, .. });
        let texts = key.conditions.iter().flat_map(|(_, condition)| {
            let folded = folded(condition.operator.family());
            condition.texts().iter().map(move |text| (text, folded))
        });
        for (text, folded) in texts {
            match text.fixed() {
                Some(Form::Text(Pattern::Exact(exact))) if folded && key.kind == KeyMeaning::PrincipalArn => {
                    patterns.push(Pattern::new(folded_pieces(exact)));
                }
                Some(Form::Text(pattern)) if key.kind == KeyMeaning::PrincipalArn => patterns.push(pattern.clone()),
                Some(Form::Arn(pattern)) => patterns.push(Pattern::new(pattern.pieces())),
                None if key.kind == KeyMeaning::PrincipalArn => patterns.extend(widened(text)),
                _ => {}
            }
        }
    }
    plain &= !model.keys.iter().any(|key| {
        let carrier = key.fact.map(|fact| fact.carrier);
        matches!(key.id, "aws:userid" | "aws:tokenissuetime") || matches!(carrier, Some(Carrier::User | Carrier::Root))
    });
    // Credentials of one partition are not valid in another.
    let partitions: Vec<&str> = if model.setting.endpoint.region.is_empty() {
        partition::all().collect()
    } else {
        vec![home]
    };
    let users = user_names(model);
    budget.spend(patterns.len() + users.len() + ids.patterns.len() / 8);
    let mut arns: Vec<(Caller, String)> = Vec::new();
    let mut shapes = vec![(Caller::Role, "iam", "role/")];
    if !plain {
        shapes.extend([
            (Caller::User, "iam", "user/"),
            (Caller::FederatedUser, "sts", "federated-user/"),
        ]);
    }
    for (partition, (caller, service, start)) in partitions
        .iter()
        .flat_map(|partition| shapes.iter().map(move |shape| (partition, *shape)))
    {
        let start = ["arn:", partition, ":", service, "::", account, ":", start];
        if patterns.is_empty() && (users.is_empty() || caller != Caller::User) {
            arns.push((caller, start.concat() + "anybody"));
            continue;
        }
        let mut base: Vec<Piece> = start.iter().flat_map(|part| part.chars()).map(Piece::Char).collect();
        // Paths of users and roles may hold colons.
        base.push(Piece::Any);
        let first = base.len() - 1;
        let (step, ends) = (
            automata::behind(first, caller != Caller::FederatedUser),
            automata::is_named(first),
        );
        let domain = Domain {
            base: &base,
            possible: &|name| Arn::parse(name).is_some_and(|arn| arn.is_principal()),
            feasible: &|shape| may_be_name(caller, shape.get(first..).unwrap_or_default()),
            automaton: automata::principals(&step, &ends),
            by_words: model.linked.is_empty(),
            ..NAMES
        };
        let users = users.iter().filter(|_| caller == Caller::User);
        let found = candidates(patterns.iter().chain(users), &domain, budget);
        *complete &= found.complete;
        arns.extend(found.values.into_iter().map(|name| (caller, name)));
    }
    // Requests by root users are the least likely.
    if !plain {
        let root = |partition: &&str| (Caller::Root, format!("arn:{partition}:iam::{account}:root"));
        arns.extend(partitions.iter().map(root));
    }
    for name in ids::federated_users(&ids.patterns, account) {
        let arn = |partition| format!("arn:{partition}:sts::{account}:federated-user/{name}");
        arns.extend(
            partitions
                .iter()
                .map(|partition| (Caller::FederatedUser, arn(partition))),
        );
    }
    let mut pairs: Vec<(Caller, Rc<str>, Rc<str>)> = arns
        .into_iter()
        .map(|(caller, arn)| (caller, Rc::from(arn)))
        .map(|(caller, arn)| (caller, Rc::clone(&arn), arn))
        .collect();
    for session in sessions {
        let session: Rc<str> = session.into();
        let roles = roles(&session, &patterns, complete, budget);
        pairs.extend(
            roles
                .into_iter()
                .map(|role| (Caller::Role, Rc::clone(&session), role.into())),
        );
    }
    let weight =
        model.weight(KeyMeaning::PrincipalArn) + model.weight(KeyMeaning::PrincipalId) / 2 + model.statements.len();
    let mut all: Vec<Named> = Vec::new();
    for (caller, name, arn) in pairs {
        let known = named(model, caller, name, arn, account, by_account);
        for id in ids::ids(caller, &known.name, account, ids, complete, budget) {
            if !budget.spend(weight) {
                *complete = false;
                return all;
            }
            let sig = known.sig & model.sig(KeyMeaning::PrincipalId, &[&id]);
            all.push(Named {
                id,
                sig,
                ..known.clone()
            });
        }
    }
    all
}

/// Patterns that stand together for at least what a text stands for: the name of a user stands behind its path.
fn widened(text: &Text) -> Vec<Pattern> {
    let whole = |form: Form| match form {
        Form::Text(pattern) => pattern.pieces(),
        Form::Arn(pattern) => pattern.pieces(),
    };
    let Some(pieces) = text.widened(|_| true).map(whole) else {
        return Vec::new();
    };
    let deeper = pieces.iter().copied().chain([Piece::Char('/'), Piece::Any]).collect();
    vec![Pattern::new(pieces), Pattern::new(deeper)]
}

/// What names of users are compared with, as patterns of their ARNs.
fn user_names(model: &Model<'_>) -> Vec<Pattern> {
    let tied = tied(model, &[KeyMeaning::PrincipalUser]);
    let keys = model.keys.iter();
    let keys = keys.filter(|key| key.kind == KeyMeaning::PrincipalUser || tied.contains(&key.id));
    let mut all = Vec::new();
    for (_, condition) in keys.flat_map(|key| &key.conditions) {
        let folded = matches!(condition.operator.family(), Family::Text { ignore_case: true, .. });
        for text in condition.texts() {
            let name = match text.fixed() {
                Some(Form::Text(Pattern::Exact(exact))) if folded => folded_pieces(exact),
                Some(Form::Text(pattern)) => pattern.pieces(),
                Some(Form::Arn(_)) | None => continue,
            };
            all.push(Pattern::new(
                [Piece::Any, Piece::Char('/')].into_iter().chain(name).collect(),
            ));
        }
    }
    all
}

/// Whether a shape may stand for what follows `role/`, `user/` or `federated-user/` in the ARN of a caller.
fn may_be_name(caller: Caller, shape: &[Piece]) -> bool {
    let fixed = |piece: &Piece| match piece {
        Piece::Char(c) | Piece::Fold(c) => Some(*c),
        Piece::One | Piece::Any | Piece::Field => None,
    };
    // Paths end in a slash, and federated users have none.
    let in_path = |piece: &&Piece| fixed(piece) != Some('/');
    let name = match caller {
        Caller::FederatedUser => shape.len(),
        _ => shape.iter().rev().take_while(in_path).count(),
    };
    let any = |pieces: &[Piece]| pieces.iter().any(|piece| matches!(piece, Piece::Any));
    let name = shape.get(shape.len() - name..).unwrap_or_default();
    let letters = |pieces: &[Piece], fits: &dyn Fn(&str) -> bool| {
        let mut all = pieces.iter().filter_map(fixed);
        all.all(|c| fits(c.encode_utf8(&mut [0; 4])))
    };
    // Before the last star of the name there may be a path.
    let last = match caller {
        Caller::FederatedUser => name,
        _ => name.rsplit(|piece| *piece == Piece::Any).next().unwrap_or(name),
    };
    letters(last, &is_name)
        && (any(name) || !name.is_empty())
        && letters(shape, &|c| c.bytes().all(|b| (b'!'..=0x7f).contains(&b)))
}

/// The roles that a session may be of: its ARN has the role's name without the path before it.
fn roles(session: &str, patterns: &[Pattern], complete: &mut bool, budget: &mut Budget) -> Vec<String> {
    let Some(arn) = Arn::parse(session) else {
        return Vec::new();
    };
    let start = format!("arn:{}:iam::{}:role/", arn.partition, arn.account);
    let name = arn.session_role().unwrap_or_default();
    let mut all = vec![format!("{start}{name}")];
    if !patterns.is_empty() {
        let mut base: Vec<Piece> = start.chars().map(Piece::Char).collect();
        base.push(Piece::Any);
        base.extend(format!("/{name}").chars().map(Piece::Char));
        let (step, ends) = (automata::behind(start.len(), true), automata::is_named(start.len()));
        let domain = Domain {
            base: &base,
            possible: &|role| Arn::parse(role).is_some_and(|arn| arn.is_principal()),
            automaton: automata::principals(&step, &ends),
            ..NAMES
        };
        let found = candidates(patterns, &domain, budget);
        *complete &= found.complete;
        all.extend(found.values);
    }
    all
}

fn named(model: &Model<'_>, caller: Caller, name: Rc<str>, arn: Rc<str>, account: &str, by_account: Bits) -> Named {
    let kind: Vec<&str> = caller.kind().into_iter().collect();
    let user = Arn::parse(&arn).and_then(|arn| arn.user());
    let sig = by_account
        & principal_sig(model, caller, &name, account, Some(&arn))
        & model.sig(KeyMeaning::PrincipalArn, &[&arn])
        & model.sig(KeyMeaning::PrincipalUser, user.as_slice())
        & model.sig(KeyMeaning::PrincipalType, &kind);
    Named {
        caller,
        name,
        arn,
        id: account.into(),
        sig,
    }
}

/// Whether it lets more through to suppose that the Principal element names somebody. The evaluator will not confirm
/// it, and so nothing is claimed.
fn favourable(statement: &Statement) -> bool {
    (statement.effect == Effect::Allow) != statement.principal.not
}

/// The statements whose Principal element covers the principal.
pub(super) fn principal_sig(model: &Model<'_>, caller: Caller, name: &str, account: &str, arn: Option<&str>) -> Bits {
    let mut bits = Bits::ALL;
    let service = caller == Caller::Service;
    let root = arn.is_some_and(|arn| arn.ends_with(":root"));
    for (place, statement) in model.living_statements() {
        let covers = statement.principal.values.iter().any(|entry| match entry {
            PrincipalEntry::Everyone => true,
            PrincipalEntry::EveryAws => match caller {
                Caller::Service => model.interpretation.aws_star_has_services,
                Caller::Bearer(_) => model.interpretation.aws_star_has_bearers,
                _ => true,
            },
            PrincipalEntry::Account(wanted) => {
                arn.is_some() && wanted == account && (!model.setting.endpoint.gateway || root)
            }
            PrincipalEntry::Arn(wanted) => arn.is_some() && (wanted == name || Some(wanted.as_str()) == arn),
            PrincipalEntry::Service(wanted) => service && (wanted == "*" || wanted == name),
            PrincipalEntry::Federated(provider) => match caller {
                Caller::Bearer(own) => {
                    let own = own.and_then(|at| model.providers.get(at));
                    model.interpretation.federated_has_bearers && (provider == "*" || own == Some(&provider.as_str()))
                }
                Caller::Role => !for_bearers(statement) && favourable(statement),
                _ => false,
            },
            PrincipalEntry::Unknown(_) => favourable(statement),
            PrincipalEntry::Nobody(_) => false,
        });
        if covers == statement.principal.not {
            bits.remove(place);
        }
    }
    bits
}
