//! The values of condition keys that belong neither to the principal nor to the resource's owner.

use std::collections::BTreeSet;

use super::atoms::{self, Lookup, nothing};
use super::budget::Budget;
use super::callers::{Caller, Principal, ids};
use super::model::{Key, Model};
use super::strings::{Domain, candidates};
use crate::bits::Bits;
use crate::condition_keys::{self, Carrier, Side, ValueType, account_of_arn};
use crate::document::{Condition, Values};
use crate::federation;
use crate::glob::{Pattern, Piece, folded_pieces};
use crate::interpretation::Interpretation;
use crate::literal::{Network, around, instant, iso};
use crate::operators::Family;
use crate::text::{ArnPattern, Form};

pub(super) mod bound;
mod chains;
mod instants;
pub(super) mod sources;
mod value_types;

pub(super) use instants::instants;
use instants::moments;
pub(super) use value_types::few;

/// Values of one key that the document tells apart; no values is a missing key.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    pub(super) values: Vec<String>,
    /// Statements that do not fail on these values.
    pub(super) sig: Bits,
}

/// Values and patterns to tell apart besides those of the conditions on a key.
#[derive(Default)]
pub(super) struct Suggested {
    pub(super) values: Vec<String>,
    pub(super) patterns: Vec<Pattern>,
}

/// More sets of values of one key are not told apart.
const MOST_SETS: usize = 256;

/// Which of the values of a key a caller can have.
pub(super) fn possible(model: &Model<'_>, key: &Key<'_>, principal: &Principal, values: &[String]) -> bool {
    let id = key.id;
    let (caller, missing) = (principal.caller, values.is_empty());
    if !principal.session.allows(id, values) {
        return false;
    }
    match id {
        "aws:userid" => match caller {
            Caller::Anonymous => values == ["anonymous"],
            Caller::Bearer(_) => missing || values == ["anonymous"],
            Caller::Service => missing,
            Caller::Root => values == [&*principal.account],
            Caller::FederatedUser => {
                let name = principal.name.rsplit('/').next().unwrap_or_default();
                values == [format!("{}:{name}", principal.account)]
            }
            Caller::Role | Caller::User => matches!(values, [id] if ids::is_id(caller, id)),
        },
        "aws:federatedprovider" => match caller {
            Caller::Bearer(Some(at)) => model.provider(id, values) == model.providers.get(at).copied(),
            Caller::Bearer(None) => model.provider(id, values).is_none(),
            Caller::Role => true,
            _ => missing,
        },
        "aws:tokenissuetime" if caller.is_temporary() => !missing,
        _ => missing || carries(caller, key),
    }
}

/// Whether requests by a caller can have the key.
pub(super) fn carries(caller: Caller, key: &Key<'_>) -> bool {
    match carrier(key) {
        Carrier::Any => true,
        Carrier::Signed => caller.is_iam(),
        Carrier::Role => caller == Caller::Role,
        Carrier::User => caller == Caller::User,
        Carrier::Root => caller == Caller::Root,
        Carrier::Tagged => caller.is_iam() && caller != Caller::Root,
        Carrier::NotFederatedUser => caller.is_iam() && caller != Caller::FederatedUser,
        Carrier::Federated => matches!(caller, Caller::Role | Caller::Bearer(_)),
        Carrier::Service => caller == Caller::Service,
        Carrier::Nobody => false,
    }
}

fn carrier(key: &Key<'_>) -> Carrier {
    key.fact.map_or(Carrier::Any, |fact| fact.carrier)
}

/// Whether only a caller with an IAM identity can have the key.
pub(super) fn of_principal(key: &Key<'_>) -> bool {
    key.id == "aws:userid" || !matches!(carrier(key), Carrier::Any | Carrier::Service | Carrier::Nobody)
}

pub(super) fn always_there(model: &Model<'_>, id: &str) -> bool {
    match id {
        "aws:viaawsservice"
        | "aws:securetransport"
        | "aws:vpcsourceip"
        | "aws:sourcevpc"
        | "aws:sourcevpce"
        | "aws:requestedregion" => true,
        "aws:vpceorgid" | "aws:vpceorgpaths" => {
            model.tells_endpoint_owner(id) == Some(true) && model.setting.perimeter.organizations.len() == 1
        }
        "aws:vpceaccount" | "aws:sourcevpcarn" => model.tells_endpoint_owner(id) == Some(true),
        "aws:useragent" => !model.may_have(condition_keys::WITHOUT_USER_AGENT),
        _ => false,
    }
}

/// Whether another key stands for the one of this place.
pub(super) fn is_merged(model: &Model<'_>, at: usize) -> bool {
    chains::is_merged(model, at) || sources::is_merged(model, at)
}

/// The values of all keys that the one of this place stands for, if it has these.
pub(super) fn expanded(model: &Model<'_>, at: usize, values: &[String]) -> Vec<(usize, Vec<String>)> {
    sources::expanded(model, at, values).unwrap_or_else(|| chains::expanded(model, at, values))
}

/// What conditions on a key compare it with.
#[derive(Default)]
struct Compared {
    patterns: Vec<Pattern>,
    /// Values on both sides of every limit.
    others: Vec<String>,
    bools: bool,
}

impl Compared {
    fn add(&mut self, condition: &Condition, interpretation: Interpretation, lookup: Option<Lookup<'_>>) {
        let short_arns = interpretation.short_arns;
        let folded = matches!(condition.operator.family(), Family::Text { ignore_case: true, .. });
        match &condition.values {
            Values::Texts(texts) => {
                for text in texts {
                    if lookup.is_none() && text.fixed().is_none() {
                        self.patterns.extend(atoms::widened(text).map(|form| match form {
                            Form::Text(pattern) => pattern,
                            Form::Arn(pattern) => Pattern::new(pattern.pieces()),
                        }));
                    }
                    let form = text.resolve(|key| lookup.and_then(|lookup| lookup(key)));
                    match form.as_deref() {
                        Some(Form::Text(Pattern::Exact(exact))) if folded => {
                            self.patterns.push(Pattern::new(folded_pieces(exact)));
                        }
                        Some(Form::Text(pattern)) => self.patterns.push(pattern.clone()),
                        Some(Form::Arn(ArnPattern::Short(_))) if !short_arns => {}
                        Some(Form::Arn(pattern)) => self.patterns.push(Pattern::new(pattern.pieces())),
                        None => {}
                    }
                }
            }
            Values::Numbers(limits) => self.others.extend(around(limits).iter().map(ToString::to_string)),
            Values::Dates(limits) => self.others.extend(moments(limits, interpretation).into_iter().map(iso)),
            Values::Networks(networks) => self.others.extend(edges(networks)),
            Values::Bools(_) => self.bools |= condition.operator.family() == Family::Bool,
            Values::Binary(all) => self.patterns.extend(all.iter().cloned().map(Pattern::Exact)),
        }
    }
}

/// The first and last address of every network, and their neighbours.
fn edges(networks: &[Network]) -> Vec<String> {
    // Requests come from addresses of both versions.
    let mut all = ["10.0.0.10", "192.0.2.10", "fd00::10", "2001:db8::10"]
        .map(str::to_owned)
        .to_vec();
    for network in networks {
        let top = if network.v6 { u128::MAX } else { u128::from(u32::MAX) };
        let ends = [
            Some(network.first),
            Some(network.last),
            network.first.checked_sub(1),
            network.last.checked_add(1),
        ];
        all.extend(
            ends.into_iter()
                .flatten()
                .filter(|bits| *bits <= top)
                .map(|bits| Network::address(network.v6, bits)),
        );
    }
    all
}

/// The values of a key that the document tells apart. Conditions with variables count when there is a lookup. `more`
/// are values to try besides.
pub(super) fn choices(
    model: &Model<'_>,
    key: &Key<'_>,
    lookup: Option<Lookup<'_>>,
    more: &Suggested,
    complete: &mut bool,
    budget: &mut Budget,
) -> Vec<Choice> {
    if let Some((at, value)) = model.marked_by
        && model.keys.get(at).is_some_and(|marked| marked.id == key.id)
    {
        let sig = model.sig_of(key, &[value], lookup);
        let values = vec![value.to_owned()];
        return vec![Choice { values, sig }];
    }
    let chain = chains::of(model);
    if chain
        .first()
        .and_then(|at| model.keys.get(*at))
        .is_some_and(|first| first.id == key.id)
    {
        return chains::choices(model, &chain, complete, budget);
    }
    let at = model.keys.iter().position(|other| other.id == key.id);
    if let Some(source) = at.and_then(|at| sources::first_of(model, at)) {
        return sources::choices(model, &source, complete, budget);
    }
    if let Some(found) = at.and_then(|at| bound::choices(model, at, complete, budget)) {
        return found;
    }
    let fact = key.fact;
    let values_of = fact.map_or(ValueType::Text, |fact| fact.values);
    let mut compared = Compared::default();
    for (_, condition) in &key.conditions {
        compared.add(condition, model.interpretation, lookup);
    }
    compared.patterns.extend(more.patterns.iter().cloned());
    let tags: Vec<&str> = model.tags.of_list(key.id).collect();
    compared
        .patterns
        .extend(tags.iter().map(|tag| Pattern::new(folded_pieces(tag))));
    let mut values: Vec<String> = more.values.clone();
    let typed = !compared.others.is_empty() || compared.bools;
    // The endpoint is somewhere in its organisation.
    let organization = match model.setting.perimeter.organizations.as_slice() {
        [one] if key.id == "aws:vpceorgpaths" => {
            values.push(format!("{one}/r-zz12/"));
            Some(format!("{one}/"))
        }
        _ => None,
    };
    values.append(&mut compared.others);
    if compared.bools {
        values.extend(["true".to_owned(), "false".to_owned()]);
    }
    if let Some(endpoint) = of_endpoint(model, key.id) {
        values = vec![endpoint];
    } else if let Some(all) = few(values_of) {
        values.extend(all.iter().map(|value| (*value).to_owned()));
    } else {
        values.extend(value_types::usual(values_of, model));
        if !typed || !compared.patterns.is_empty() {
            let one_in_field = |pattern: &Pattern| matches!(pattern, Pattern::Glob(p) if p.contains(&Piece::Field) && p.contains(&Piece::One));
            *complete &= !compared.patterns.iter().any(one_in_field);
            let base: Option<Vec<Piece>> = organization
                .as_ref()
                .map(|start| start.chars().map(Piece::Char).chain([Piece::Any]).collect());
            let domain = value_types::domain(values_of);
            let base = base.as_deref().unwrap_or(domain.base);
            let found = candidates(&compared.patterns, &Domain { base, ..domain }, budget);
            *complete &= found.complete;
            values.extend(found.values);
        }
    }
    budget.spend(8 + 4 * values.len());
    values.retain(|value| organization.as_ref().is_none_or(|start| value.starts_with(start)));
    values.retain(|value| values_of.fits(value));
    // Credentials of today come before those that are issued later.
    values.sort_by_key(|value| issued_later(model, key.id, std::slice::from_ref(value)));
    if key.id == "aws:userid" {
        let usual = ["anonymous", "AROAEXAMPLEID12345678:session", "AIDAEXAMPLEID12345678"];
        values.extend(usual.map(str::to_owned));
    }
    if federation::PROVIDER.eq_ignore_ascii_case(key.id) {
        values.extend(model.providers.iter().map(|name| (*name).to_owned()));
    }
    // Where the accounts of caller and owner are known, an ARN in one of them is.
    let own = account_of_arn(key.id)
        .zip(lookup)
        .and_then(|(of_arn, lookup)| match of_arn.side {
            Side::Caller => lookup("aws:principalaccount"),
            Side::Owner => lookup("aws:resourceaccount"),
        });
    if let Some(account) = own {
        values = values
            .iter()
            .filter_map(|arn| bound::of_account(arn, &account))
            .collect();
    }
    let mut seen = BTreeSet::new();
    values.retain(|value| seen.insert(value.clone()) && !model.marked(key.id, value));
    let mut sets: Vec<Vec<String>> = Vec::new();
    if !always_there(model, key.id) {
        sets.push(Vec::new());
    }
    // An account is at one place of an organisation, and the list of its paths has one.
    let several = fact.is_none_or(|fact| fact.several && fact.values != ValueType::OrganizationPath)
        && key
            .conditions
            .iter()
            .any(|(_, condition)| condition.quantifier.is_some() || !tags.is_empty());
    sets.extend(values.iter().map(|value| vec![value.clone()]));
    let lookup = lookup.or((!key.linked).then_some(&nothing as Lookup<'_>));
    if several {
        let fits = |value: &str| -> Vec<bool> {
            let conditions = key.conditions.iter();
            conditions
                .map(|(_, condition)| atoms::fits(condition, value, model.interpretation, lookup))
                .chain(tags.iter().map(|tag| value.eq_ignore_ascii_case(tag)))
                .collect()
        };
        sets.extend(together(key, &values, &fits, complete, budget));
    }
    let mut distinct = BTreeSet::new();
    let mut all = Vec::new();
    let has = |values: &[String]| -> Vec<bool> {
        let has = |tag: &&str| values.iter().any(|value| value.eq_ignore_ascii_case(tag));
        tags.iter().map(has).collect()
    };
    for values in sets {
        if !budget.spend(2 + key.weight * values.len().max(1)) {
            *complete = false;
            break;
        }
        let texts: Vec<&str> = values.iter().map(String::as_str).collect();
        let sig = model.sig_of(key, &texts, lookup);
        if key.source
            || distinct.insert((
                sig,
                values.is_empty(),
                values == ["anonymous"],
                model.provider(key.id, &values),
                has(&values),
            ))
        {
            all.push(Choice { values, sig });
        }
    }
    all
}

/// The value that a key has in the requests that have it, where this is the endpoint's and some requests lack it.
fn of_endpoint(model: &Model<'_>, id: &str) -> Option<String> {
    let value = match (id, model.setting.perimeter.organizations.as_slice()) {
        ("aws:sourcevpcarn", _) => model.setting.vpc_arn.clone(),
        ("aws:vpceaccount", _) => model.setting.endpoint.owner.clone(),
        ("aws:vpceorgid", [one]) => one.clone(),
        _ => return None,
    };
    (!value.is_empty()).then_some(value)
}

/// When credentials with this value were issued, if it is after now.
pub(super) fn issued_later(model: &Model<'_>, id: &str, values: &[String]) -> Option<i64> {
    let issued = (id == "aws:tokenissuetime").then(|| instant(values.first()?)).flatten();
    issued.filter(|issued| *issued > model.setting.endpoint.time)
}

/// Sets of several values that the conditions on a key tell apart, the smallest first. A condition asks whether one of the
/// values fits it, or whether all do.
fn together(
    key: &Key<'_>,
    values: &[String],
    fits: &dyn Fn(&str) -> Vec<bool>,
    complete: &mut bool,
    budget: &mut Budget,
) -> Vec<Vec<String>> {
    let mut singles: Vec<(Vec<bool>, &String)> = Vec::new();
    for value in values {
        budget.spend(key.weight);
        let own = fits(value);
        if key.source || singles.iter().all(|(known, _)| *known != own) {
            singles.push((own, value));
        }
    }
    // Which conditions one of the values fits, and which all of them fit.
    let mut seen: BTreeSet<(Vec<bool>, Vec<bool>)> =
        singles.iter().map(|(own, _)| (own.clone(), own.clone())).collect();
    let mut sets: Vec<(Vec<bool>, Vec<bool>, Vec<&String>)> = Vec::new();
    sets.extend(
        singles
            .iter()
            .map(|(own, value)| (own.clone(), own.clone(), vec![*value])),
    );
    let mut at = 0;
    while let Some((some, all, set)) = sets.get(at).cloned() {
        at += 1;
        for (own, value) in &singles {
            let some: Vec<bool> = some.iter().zip(own).map(|(one, other)| one | other).collect();
            let all: Vec<bool> = all.iter().zip(own).map(|(one, other)| one & other).collect();
            if set.contains(value) || !seen.insert((some.clone(), all.clone())) {
                continue;
            }
            if sets.len() >= MOST_SETS || !budget.spend(2 + some.len()) {
                *complete = false;
                break;
            }
            sets.push((some, all, set.iter().copied().chain([*value]).collect()));
        }
    }
    let several = sets.into_iter().map(|(.., set)| set).filter(|set| set.len() > 1);
    several.map(|set| set.into_iter().cloned().collect()).collect()
}
