//! The resources that a document can tell apart.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::atoms::Lookup;
use super::budget::Budget;
use super::model::KeyMeaning;
use super::model::Model;
use crate::arn::{Arn, is_account};
use crate::bits::Bits;
use crate::evaluate::every_bucket;
use crate::glob::{Pattern, Piece};
use crate::partition;
use crate::text::{ArnPattern, Form};

mod known;
mod named;
mod starts;

pub(super) use known::Known;

use known::Entry;
use starts::starts;

#[derive(Clone, Debug)]
pub(super) struct Resource {
    pub(super) arn: String,
    /// Trusted by the settings, by its ARN.
    pub(super) listed: bool,
    /// Owned by AWS.
    pub(super) owned: bool,
    /// Whether the ARN says that no customer owns it.
    pub(super) of_aws: bool,
    pub(super) format: ResourceFormat,
    /// Statements that do not fail on this resource.
    pub(super) sig: Bits,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ResourceFormat {
    /// By its place in [`Model::formats`].
    Known(usize),
    Unknown,
    /// `*`: the request names no resource.
    Nowhere,
    /// The same where policies may name every bucket.
    EveryBucket,
}

/// Representatives of the resources of one account, and of resources whose ARN has no account. With `trusted`, those
/// that the settings name are told apart as well.
pub(super) fn resources(
    model: &Model<'_>,
    known: &Known<'_>,
    account: &str,
    trusted: bool,
    lookup: Option<Lookup<'_>>,
    complete: &mut bool,
    budget: &mut Budget,
) -> Vec<Resource> {
    let (resolved, rules) = resolve(model, lookup);
    let mut patterns = Cow::Borrowed(known.patterns.as_slice());
    if !resolved.is_empty() {
        let of_document = resolved
            .iter()
            .map(|(place, pattern)| Entry::of_document(pattern, Bits::one(*place)));
        patterns.to_mut().extend(of_document);
    }
    if model.interpretation.short_arns {
        let mut own = patterns.iter().filter(|entry| entry.own);
        *complete &= own.all(|entry| simple(entry.pattern));
    }
    let mut all: Vec<Resource> = Vec::new();
    let mut seen: BTreeSet<(Bits, bool, bool, bool, ResourceFormat)> = BTreeSet::new();
    let mut arn = String::new();
    for start in starts(model, account, &patterns, complete, budget) {
        for (format, name) in named::names(model, &patterns, &start, trusted, complete, budget) {
            if !budget.spend(4 + start.agreeing.len()) {
                *complete = false;
                return all;
            }
            arn.clone_from(&start.text);
            arn.push_str(&name);
            let (mut named, mut listed, mut owned) = (Bits::NONE, false, false);
            for entry in start.agreeing.iter().filter_map(|at| patterns.get(*at)) {
                let covers = match entry.pattern {
                    ArnPattern::Fields(_) => last_field(entry.pattern).is_some_and(|last| last.matches(&name)),
                    other => other.matches(&arn, model.interpretation.short_arns),
                };
                if covers {
                    named = named | entry.statements;
                    listed |= entry.listed;
                    owned |= entry.owned;
                }
            }
            let sig = rules.sig(named);
            let known = format.map_or(ResourceFormat::Unknown, ResourceFormat::Known);
            let fact = format.and_then(|format| model.setting.service?.formats.get(format));
            let of_aws = start.of_aws || fact.is_some_and(|format| format.of_aws);
            if seen.insert((sig, listed, owned, of_aws, known)) {
                all.push(Resource {
                    arn: arn.clone(),
                    listed,
                    owned,
                    of_aws,
                    format: known,
                    sig,
                });
            }
        }
    }
    all.push(nowhere(model, known, lookup, ResourceFormat::Nowhere));
    all
}

impl Resource {
    /// The same in another account, if the ARN has an account.
    pub(super) fn of(&self, account: &str) -> Self {
        let arn = match Arn::parse(&self.arn).filter(|arn| is_account(arn.account)) {
            Some(arn) => format!(
                "arn:{}:{}:{}:{account}:{}",
                arn.partition, arn.service, arn.region, arn.resource
            ),
            None => self.arn.clone(),
        };
        Self { arn, ..*self }
    }
}

/// What requests of actions without resources are about, in each of the formats that these have.
pub(super) fn nowheres(model: &Model<'_>, known: &Known<'_>, lookup: Option<Lookup<'_>>) -> Vec<Resource> {
    let buckets = model.may_have("s3").then_some(ResourceFormat::EveryBucket);
    let formats = std::iter::once(ResourceFormat::Nowhere).chain(buckets);
    formats.map(|format| nowhere(model, known, lookup, format)).collect()
}

fn nowhere(model: &Model<'_>, known: &Known<'_>, lookup: Option<Lookup<'_>>, format: ResourceFormat) -> Resource {
    const NONE: &str = "*";
    let home = partition::of_region(&model.setting.endpoint.region);
    let bucket = (format == ResourceFormat::EveryBucket).then(|| every_bucket(home));
    let (resolved, rules) = resolve(model, lookup);
    let of_variables = resolved.iter().map(|(place, pattern)| (Bits::one(*place), pattern));
    // The settings' own patterns come after those of the document.
    let fixed = known.patterns.iter().take_while(|entry| entry.own);
    let fixed = fixed.map(|entry| (entry.statements, entry.pattern));
    let hits = of_variables.chain(fixed).filter(|(_, pattern)| {
        let mut names = std::iter::once(NONE).chain(bucket.as_deref());
        names.any(|name| pattern.matches(name, model.interpretation.short_arns))
    });
    let sig = rules.sig(hits.fold(Bits::NONE, |named, (statements, _)| named | statements));
    Resource {
        arn: NONE.to_owned(),
        listed: false,
        owned: false,
        of_aws: false,
        format,
        sig,
    }
}

/// The Resource elements that not every resource fits, as sets of statements.
#[derive(Clone, Copy)]
struct Rules {
    restricted: Bits,
    not: Bits,
    /// A `*` is among what they name.
    every: Bits,
    /// Taken to hold, since their variables are not known.
    always: Bits,
    /// Do not hold, since a variable has no value.
    never: Bits,
}

impl Rules {
    /// The statements that do not fail on a resource that these name.
    fn sig(&self, named: Bits) -> Bits {
        let named = named | self.every;
        let neither = self.restricted.without(named).without(self.not);
        let failing = (neither | (named & self.not)).without(self.always);
        Bits::ALL.without(failing & self.restricted).without(self.never)
    }
}

/// What texts with variables stand for, each with its statement, and how the elements are to be understood.
fn resolve(model: &Model<'_>, lookup: Option<Lookup<'_>>) -> (Vec<(usize, ArnPattern)>, Rules) {
    let mut resolved = Vec::new();
    let mut rules = Rules {
        restricted: Bits::NONE,
        not: Bits::NONE,
        every: Bits::NONE,
        always: Bits::NONE,
        never: Bits::NONE,
    };
    for (place, element) in model.resources.iter().enumerate() {
        if element.every && !element.not {
            continue;
        }
        rules.restricted.insert(place);
        if element.not {
            rules.not.insert(place);
        }
        if element.every {
            rules.every.insert(place);
        }
        if !element.linked.is_empty() && lookup.is_none() && element.not {
            rules.always.insert(place);
        }
        for text in &element.linked {
            let Some(lookup) = lookup else {
                match text.widened(|id| without_colon(model.kind(id))) {
                    Some(Form::Arn(ArnPattern::All)) => rules.every.insert(place),
                    Some(Form::Arn(pattern)) => resolved.push((place, pattern)),
                    _ => rules.always.insert(place),
                }
                continue;
            };
            match text.resolve(lookup).as_deref() {
                Some(Form::Arn(ArnPattern::All)) => rules.every.insert(place),
                Some(Form::Arn(pattern)) => resolved.push((place, pattern.clone())),
                Some(Form::Text(_)) => {}
                None if element.not && !model.interpretation.not_resource_without_value => rules.never.insert(place),
                None => {}
            }
        }
    }
    (resolved, rules)
}

/// Whether values of keys of this kind never have a colon.
fn without_colon(kind: KeyMeaning) -> bool {
    !matches!(kind, KeyMeaning::Free | KeyMeaning::PrincipalArn | KeyMeaning::Time)
}

/// Whether a pattern with too few fields only fixes how an ARN starts.
fn simple(pattern: &ArnPattern) -> bool {
    let ArnPattern::Short(short) = pattern else { return true };
    let pieces = short.pieces();
    let literal = pieces.iter().map_while(|piece| match piece {
        Piece::Char(c) => Some(*c),
        _ => None,
    });
    // Of a text that starts as no ARN does, there is no ARN.
    if literal.zip("arn:".chars()).any(|(one, other)| one != other) {
        return true;
    }
    match pieces.split_last() {
        Some((Piece::Any, start)) => start.iter().all(|piece| matches!(piece, Piece::Char(_))) && start.len() <= 8,
        _ => false,
    }
}

fn last_field(pattern: &ArnPattern) -> Option<&Pattern> {
    match pattern {
        ArnPattern::Fields(fields) => fields.last(),
        _ => None,
    }
}
