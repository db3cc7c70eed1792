//! The values of condition keys that belong neither to the principal nor to the resource's owner.

use std::collections::BTreeSet;

use super::atoms::{Lookup, nothing};
use super::bits::Bits;
use super::budget::Budget;
use super::callers::Caller;
use super::model::KeyMeaning;
use super::model::{Key, Model};
use super::strings::{Domain, WORD, candidates};
use crate::document::{Condition, Values};
use crate::federation;
use crate::glob::{Pattern, Piece};
use crate::literal::{Network, iso};
use crate::operators::Family;
use crate::text::{ArnPattern, Form};

/// Values of one key that the document tells apart; no values is a missing key.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    pub(super) values: Vec<String>,
    /// Statements that do not fail on these values.
    pub(super) sig: Bits,
}

const MOST_TOGETHER: usize = 5;

/// The ids of VPCs.
const VPC: Domain<'static> = Domain {
    base: &[
        Piece::Char('v'),
        Piece::Char('p'),
        Piece::Char('c'),
        Piece::Char('-'),
        Piece::Any,
    ],
    possible: &is_vpc,
    fillings: &["0fedcba9876543210", "0f", "", "0123456789abcdef"],
    letters: "f0e1d2c3b4a596877",
    ..WORD
};

fn is_vpc(text: &str) -> bool {
    let id = text.strip_prefix("vpc-").unwrap_or_default();
    !id.is_empty() && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// Which of the values of a key a caller can have.
pub(super) fn possible(model: &Model<'_>, id: &str, caller: Caller, values: &[String]) -> bool {
    let missing = values.is_empty();
    match id {
        "aws:userid" => match caller {
            Caller::Anonymous => values == ["anonymous"],
            Caller::Bearer(_) => missing || values == ["anonymous"],
            Caller::Service => missing,
            _ => !missing && values != ["anonymous"],
        },
        "aws:federatedprovider" => match caller {
            Caller::Bearer(Some(at)) => model.provider(id, values) == model.providers.get(at).copied(),
            Caller::Bearer(None) => model.provider(id, values).is_none(),
            Caller::Role => true,
            _ => missing,
        },
        "aws:username" => (caller == Caller::User) != missing,
        "aws:ec2instancesourcevpc" | "aws:ec2instancesourceprivateipv4" => missing || caller == Caller::Role,
        // A service that calls with the credentials of an IAM principal.
        id if id.starts_with("aws:calledvia") => missing || caller.is_iam(),
        // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-sourceaccount
        "aws:sourceaccount" | "aws:sourcearn" | "aws:sourceorgid" | "aws:sourceorgpaths" => {
            missing || caller == Caller::Service
        }
        _ => missing || caller.is_iam() || !of_principal(id),
    }
}

/// Whether only a caller with an IAM identity can have the key.
pub(super) fn of_principal(id: &str) -> bool {
    id.starts_with("aws:principaltag/")
        || matches!(
            id,
            "aws:userid"
                | "aws:username"
                | "aws:federatedprovider"
                | "aws:tokenissuetime"
                | "aws:multifactorauthpresent"
                | "aws:multifactorauthage"
                | "aws:sourceidentity"
                | "aws:ec2instancesourcevpc"
                | "aws:ec2instancesourceprivateipv4"
        )
}

fn always_there(id: &str) -> bool {
    matches!(
        id,
        "aws:viaawsservice"
            | "aws:securetransport"
            | "aws:vpcsourceip"
            | "aws:sourcevpc"
            | "aws:sourcevpce"
            | "aws:vpceaccount"
    )
}

fn single(id: &str) -> bool {
    always_there(id)
        || ["aws:principaltag/", "aws:requesttag/", "aws:resourcetag/"]
            .iter()
            .any(|start| id.starts_with(start))
        || matches!(
            id,
            "aws:referer"
                | "aws:useragent"
                | "aws:userid"
                | "aws:username"
                | "aws:requestedregion"
                | "aws:federatedprovider"
        )
}

/// What conditions on a key compare it with.
#[derive(Default)]
struct Compared {
    patterns: Vec<Pattern>,
    folded: Vec<String>,
    others: Vec<String>,
    bools: bool,
}

impl Compared {
    fn add(&mut self, condition: &Condition, short_arns: bool, lookup: Option<Lookup<'_>>) {
        let folded = matches!(condition.operator.family(), Family::Text { ignore_case: true, .. });
        match &condition.values {
            Values::Texts(texts) => {
                for text in texts {
                    let form = text.resolve(|key| lookup.and_then(|lookup| lookup(key)));
                    match form.as_deref() {
                        Some(Form::Text(Pattern::Exact(exact))) if folded => self.folded.push(exact.clone()),
                        Some(Form::Text(pattern)) => self.patterns.push(pattern.clone()),
                        Some(Form::Arn(ArnPattern::Short(_))) if !short_arns => {}
                        Some(Form::Arn(pattern)) => self.patterns.push(Pattern::new(pattern.pieces())),
                        None => {}
                    }
                }
            }
            Values::Numbers(limits) => self.others.extend(around(limits)),
            Values::Dates(limits) => {
                self.others
                    .extend(limits.iter().flat_map(|limit| [limit - 1, *limit, limit + 1]).map(iso));
            }
            Values::Networks(networks) => self.others.extend(edges(networks)),
            Values::Bools(_) => self.bools |= condition.operator.family() == Family::Bool,
            Values::Binary(all) => self.patterns.extend(all.iter().cloned().map(Pattern::Exact)),
        }
    }
}

/// Every limit, and a number between each two.
fn around(limits: &[f64]) -> Vec<String> {
    let mut sorted = limits.to_vec();
    sorted.sort_by(f64::total_cmp);
    let mut all = Vec::new();
    for (index, limit) in sorted.iter().enumerate() {
        all.extend([limit - 1.0, *limit, limit + 1.0]);
        if let Some(next) = sorted.get(index + 1) {
            all.push(limit / 2.0 + next / 2.0);
        }
    }
    all.iter().map(f64::to_string).collect()
}

/// The first and last address of every network, and their neighbours.
fn edges(networks: &[Network]) -> Vec<String> {
    let mut all = vec!["10.0.0.10".to_owned(), "192.0.2.10".to_owned()];
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
    more: &[String],
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
    let mut compared = Compared::default();
    for (_, condition) in &key.conditions {
        compared.add(condition, model.interpretation.short_arns, lookup);
    }
    let mut values: Vec<String> = more.to_vec();
    let typed = !compared.others.is_empty() || compared.bools;
    values.append(&mut compared.others);
    if compared.bools || matches!(key.id, "aws:viaawsservice" | "aws:securetransport") {
        values.extend(["true".to_owned(), "false".to_owned()]);
    }
    if !matches!(key.id, "aws:viaawsservice" | "aws:securetransport" | "aws:vpcsourceip")
        && (!typed || !compared.patterns.is_empty() || !compared.folded.is_empty())
    {
        let wild = compared
            .patterns
            .iter()
            .any(|pattern| matches!(pattern, Pattern::Glob(_)));
        *complete &= compared.folded.is_empty() || !wild;
        let one_in_field = |pattern: &Pattern| matches!(pattern, Pattern::Glob(p) if p.contains(&Piece::Field) && p.contains(&Piece::One));
        *complete &= !compared.patterns.iter().any(one_in_field);
        for text in &compared.folded {
            values.extend([text.clone(), text.to_lowercase(), text.to_uppercase(), flipped(text)]);
        }
        let domain = if key.id == "aws:ec2instancesourcevpc" {
            VPC
        } else {
            WORD
        };
        let found = candidates(&compared.patterns, &domain, budget);
        *complete &= found.complete;
        values.extend(found.values);
    }
    if key.id == "aws:vpcsourceip" && values.is_empty() {
        values.push("10.0.0.10".to_owned());
    }
    if key.id == "aws:userid" {
        values.push("anonymous".to_owned());
    }
    if federation::PROVIDER.eq_ignore_ascii_case(key.id) {
        values.extend(model.providers.iter().map(|name| (*name).to_owned()));
    }
    let mut seen = BTreeSet::new();
    values.retain(|value| seen.insert(value.clone()) && !model.marked(key.id, value));
    let mut sets: Vec<Vec<String>> = Vec::new();
    if !always_there(key.id) {
        sets.push(Vec::new());
    }
    let told = model
        .service
        .as_ref()
        .and_then(|service| service.key_has_several(key.id));
    let several = told.unwrap_or_else(|| !single(key.id))
        && key
            .conditions
            .iter()
            .any(|(_, condition)| condition.quantifier.is_some());
    sets.extend(values.iter().map(|value| vec![value.clone()]));
    if several {
        together(&values, &mut sets, complete);
    }
    let lookup = lookup.or((!key.linked).then_some(&nothing as Lookup<'_>));
    let mut distinct = BTreeSet::new();
    let mut all = Vec::new();
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
            ))
        {
            all.push(Choice { values, sig });
        }
    }
    all
}

fn flipped(text: &str) -> String {
    let flip = |c: char| {
        if c.is_uppercase() {
            c.to_lowercase().next()
        } else {
            c.to_uppercase().next()
        }
    };
    let mut chars = text.chars();
    let first = chars.next().and_then(flip);
    first.into_iter().chain(chars).collect()
}

/// Sets of several values: all of them when they are few, else the pairs.
fn together(values: &[String], sets: &mut Vec<Vec<String>>, complete: &mut bool) {
    if values.len() <= MOST_TOGETHER {
        for mask in 0..1_u32 << values.len() {
            if mask.count_ones() > 1 {
                let picked = values.iter().enumerate().filter(|(at, _)| mask >> at & 1 == 1);
                sets.push(picked.map(|(_, value)| value.clone()).collect());
            }
        }
        return;
    }
    *complete = false;
    for (at, first) in values.iter().enumerate().take(40) {
        for second in values.iter().skip(at + 1).take(40) {
            sets.push(vec![first.clone(), second.clone()]);
        }
    }
    sets.push(values.to_vec());
}

/// Instants that the document tells apart, from now on.
pub(super) fn instants(model: &Model<'_>, complete: &mut bool) -> Vec<Choice> {
    let now = model.endpoint.time;
    let mut all = vec![now];
    for key in model.keys.iter().filter(|key| key.kind == KeyMeaning::Time) {
        for (_, condition) in &key.conditions {
            match &condition.values {
                Values::Dates(limits) => all.extend(limits.iter().flat_map(|limit| [limit - 1, *limit, limit + 1])),
                #[expect(clippy::cast_possible_truncation, reason = "instants are far smaller")]
                Values::Numbers(limits) => {
                    all.extend(
                        limits
                            .iter()
                            .flat_map(|limit| [*limit as i64 - 1, *limit as i64, *limit as i64 + 1]),
                    );
                }
                Values::Texts(_) => *complete = false,
                _ => {}
            }
        }
    }
    all.retain(|instant| *instant >= now);
    all.sort_unstable();
    all.dedup();
    let choice = |instant: i64| {
        let mut sig = Bits::ALL;
        for key in model.keys.iter().filter(|key| key.kind == KeyMeaning::Time) {
            let value = if key.id == "aws:epochtime" {
                instant.to_string()
            } else {
                iso(instant)
            };
            sig = sig & model.sig_of(key, &[&value], None);
        }
        let values = vec![instant.to_string()];
        Choice { values, sig }
    };
    all.into_iter().map(choice).collect()
}
