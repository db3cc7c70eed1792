//! The resources that a document can tell apart.

use std::collections::BTreeSet;

use super::atoms::Lookup;
use super::bits::Bits;
use super::budget::Budget;
use super::model::KeyMeaning;
use super::model::Model;
use crate::arn::is_account;
use crate::glob::{Pattern, Piece};
use crate::text::{ArnPattern, Form};

mod named;
mod starts;

use starts::{Start, starts};

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
}

/// The patterns of a document, those with variables included, and those of the settings.
struct Patterns<'m> {
    all: Vec<&'m ArnPattern>,
    /// How many of them stand in the document.
    own: usize,
}

pub(super) fn account_fits(pattern: &ArnPattern, account: &str) -> bool {
    match pattern {
        ArnPattern::Fields(fields) => match fields.as_ref() {
            [_, _, _, _, field, _] => field.matches(account),
        },
        _ => true,
    }
}

/// Representatives of the resources of one account, and of resources whose ARN has no account. With `trusted`, those
/// that the settings name are told apart as well.
pub(super) fn resources(
    model: &Model<'_>,
    account: &str,
    trusted: bool,
    lookup: Option<Lookup<'_>>,
    complete: &mut bool,
    budget: &mut Budget,
) -> Vec<Resource> {
    let (resolved, elements) = resolve(model, lookup);
    let patterns = Patterns {
        all: model
            .arns
            .iter()
            .chain(&resolved)
            .chain(&model.listed)
            .chain(&model.owned)
            .collect(),
        own: model.arns.len() + resolved.len(),
    };
    if model.interpretation.short_arns {
        *complete &= patterns.all.iter().take(patterns.own).all(|pattern| simple(pattern));
    }
    let mut all: Vec<Resource> = Vec::new();
    let mut seen: BTreeSet<(Bits, bool, bool, bool, ResourceFormat)> = BTreeSet::new();
    let (mut arn, mut hit) = (String::new(), Vec::new());
    for start in starts(model, account, &patterns, complete, budget) {
        for (format, name) in named::names(model, &patterns, &elements, &start, trusted, complete, budget) {
            if !budget.spend(4 + start.agreeing.len() + elements.len()) {
                *complete = false;
                return all;
            }
            arn.clone_from(&start.text);
            arn.push_str(&name);
            agree(
                &patterns,
                &start,
                &name,
                &arn,
                model.interpretation.short_arns,
                &mut hit,
            );
            let is = |from: usize, count: usize| hit.iter().skip(from).take(count).any(|hit| *hit);
            let listed = is(patterns.own, model.listed.len());
            let owned = is(patterns.own + model.listed.len(), model.owned.len());
            let mut sig = Bits::ALL;
            for element in &elements {
                let named = element.every || element.patterns.iter().any(|at| hit.get(*at).copied().unwrap_or(false));
                if element.never || (named == element.not && !element.always) {
                    sig.remove(element.place);
                }
            }
            let known = format.map_or(ResourceFormat::Unknown, ResourceFormat::Known);
            let of_aws = start.of_aws || format.is_some_and(|format| named::is_of_aws(model, format));
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
    all.push(nowhere(model, lookup));
    all
}

impl Resource {
    /// The same in another account, if the ARN has an account.
    pub(super) fn of(&self, account: &str) -> Self {
        let mut fields = self.arn.splitn(6, ':');
        let arn = match (fields.nth(4), fields.next()) {
            (Some(own), Some(name)) if is_account(own) => {
                let start = self.arn.len() - own.len() - 1 - name.len();
                [self.arn.get(..start).unwrap_or_default(), account, ":", name].concat()
            }
            _ => self.arn.clone(),
        };
        Self { arn, ..*self }
    }
}

/// Whether no pattern tells the resources of one account from those of another.
pub(super) fn accounts_alike(model: &Model<'_>) -> bool {
    let neutral = |pattern: &ArnPattern| match pattern {
        ArnPattern::All => true,
        ArnPattern::Fields(fields) => match fields.as_ref() {
            [_, _, _, _, Pattern::All, _] => true,
            [_, _, _, _, Pattern::Exact(account), _] => account.is_empty(),
            _ => false,
        },
        ArnPattern::Short(_) => false,
    };
    model.linked.is_empty() && model.arns.iter().chain(&model.listed).chain(&model.owned).all(neutral)
}

/// What requests of actions without resources are about.
pub(super) fn nowhere(model: &Model<'_>, lookup: Option<Lookup<'_>>) -> Resource {
    const NONE: &str = "*";
    let (resolved, elements) = resolve(model, lookup);
    let mut sig = Bits::ALL;
    for element in &elements {
        let patterns: Vec<&ArnPattern> = model.arns.iter().chain(&resolved).collect();
        let hit = |at: &usize| {
            patterns
                .get(*at)
                .is_some_and(|pattern| pattern.matches(NONE, model.interpretation.short_arns))
        };
        let named = element.every || element.patterns.iter().any(hit);
        if element.never || (named == element.not && !element.always) {
            sig.remove(element.place);
        }
    }
    Resource {
        arn: NONE.to_owned(),
        listed: false,
        owned: false,
        of_aws: false,
        format: ResourceFormat::Nowhere,
        sig,
    }
}

/// A Resource element that not every resource fits.
struct Restriction {
    place: usize,
    not: bool,
    every: bool,
    patterns: Vec<usize>,
    /// Taken to hold, since its variables are not known.
    always: bool,
    /// Does not hold, since a variable has no value.
    never: bool,
}

fn resolve(model: &Model<'_>, lookup: Option<Lookup<'_>>) -> (Vec<ArnPattern>, Vec<Restriction>) {
    let mut resolved = Vec::new();
    let mut elements = Vec::new();
    for (place, element) in model.resources.iter().enumerate() {
        if element.every && !element.not {
            continue;
        }
        let mut restriction = Restriction {
            place,
            not: element.not,
            every: element.every,
            patterns: element.patterns.clone(),
            always: !element.linked.is_empty() && lookup.is_none() && element.not,
            never: false,
        };
        for text in &element.linked {
            let Some(lookup) = lookup else {
                match text.widened(|id| without_colon(model.kind(id))) {
                    Some(Form::Arn(ArnPattern::All)) => restriction.every = true,
                    Some(Form::Arn(pattern)) => {
                        restriction.patterns.push(model.arns.len() + resolved.len());
                        resolved.push(pattern);
                    }
                    _ => restriction.always = true,
                }
                continue;
            };
            match text.resolve(lookup).as_deref() {
                Some(Form::Arn(ArnPattern::All)) => restriction.every = true,
                Some(Form::Arn(pattern)) => {
                    restriction.patterns.push(model.arns.len() + resolved.len());
                    resolved.push(pattern.clone());
                }
                Some(Form::Text(_)) => {}
                None => restriction.never |= element.not && !model.interpretation.not_resource_without_value,
            }
        }
        elements.push(restriction);
    }
    (resolved, elements)
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

/// Tells by pattern whether it covers the resource.
fn agree(patterns: &Patterns<'_>, start: &Start, name: &str, arn: &str, short: bool, hit: &mut Vec<bool>) {
    hit.clear();
    hit.resize(patterns.all.len(), false);
    for at in &start.agreeing {
        if let (Some(hit), Some(pattern)) = (hit.get_mut(*at), patterns.all.get(*at)) {
            *hit = match pattern {
                ArnPattern::Fields(_) => last_field(pattern).is_some_and(|last| last.matches(name)),
                other => other.matches(arn, short),
            };
        }
    }
}

/// A name of a documented format, with something in the place of its wildcards.
pub(super) fn filled(service: &str, account: bool, format: &str) -> String {
    if service == "s3" && !account {
        return format.replacen('*', EXAMPLE_BUCKET, 1).replace('*', "example");
    }
    format.replace('*', "example")
}

pub(super) const EXAMPLE_BUCKET: &str = "example-bucket";
