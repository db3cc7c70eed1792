//! The last field of ARNs that a document can tell apart, format by format.

use std::collections::BTreeSet;

use super::super::budget::Budget;
use super::super::model::Model;
use super::super::strings::{Domain, WORD, candidates, disjoint};
use super::starts::Start;
use super::{EXAMPLE_BUCKET, Patterns, Restriction, filled, last_field};
use crate::arn::{is_bucket, is_bucket_character};
use crate::glob::{Pattern, Piece, meet, wild_pieces};
use crate::service;

/// Formats without an account whose resources AWS owns. Others, such as buckets, images and hosted zones, can be anybody's.
const OF_AWS: &[&str] = &[
    // <https://docs.aws.amazon.com/bedrock/latest/userguide/security_iam_service-with-iam.html>
    "bedrock:*::foundation-model/*",
    "controlcatalog:::common-control/*",
    "controlcatalog:::control/*",
    "controlcatalog:::domain/*",
    "controlcatalog:::objective/*",
    "controltower:*::baseline/*",
    "devicefarm:*::device:*",
    // <https://docs.aws.amazon.com/elasticbeanstalk/latest/dg/AWSHowTo.iam.policies.arn.html>
    "elasticbeanstalk:*::platform/*",
    "elasticbeanstalk:*::solutionstack/*",
    "forecast:::algorithm/*",
    "geo-maps:*::provider/default",
    "geo-places:*::provider/default",
    "geo-routes:*::provider/default",
    "personalize:::algorithm/*",
    "personalize:::feature-transformation/*",
    "personalize:::recipe/*",
];

/// Whether AWS owns the resources of a format that name no account.
pub(super) fn is_of_aws(model: &Model<'_>, format: usize) -> bool {
    model
        .formats
        .get(format)
        .is_some_and(|[service, region, account, name]| {
            let same = |known: &&str| {
                let mut fields = known.splitn(4, ':');
                [*service, *region, *account, *name]
                    .iter()
                    .all(|field| fields.next() == Some(field))
            };
            account.is_empty() && OF_AWS.iter().any(same)
        })
}

/// Names with the formats that they have. Nothing in the place of a format is a name of none.
pub(super) fn names(
    model: &Model<'_>,
    patterns: &Patterns<'_>,
    elements: &[Restriction],
    start: &Start,
    trusted: bool,
    complete: &mut bool,
    budget: &mut Budget,
) -> Vec<(Option<usize>, String)> {
    let told = |at: &&usize| **at < patterns.own || trusted;
    let last = |at: &usize| last_field(patterns.all.get(*at)?);
    let agreeing = || start.agreeing.iter();
    let in_elements = |at: &usize| Some((membership(model, patterns, elements, *at), last(at)?));
    let wanted = agreeing()
        .filter(told)
        .filter_map(in_elements)
        .filter(|(_, p)| **p != Pattern::All);
    let others = agreeing().filter(|at| !told(at)).filter_map(last);
    let others: Vec<&Pattern> = others.filter(|p| **p != Pattern::All).collect();
    let (wanted, alike) = different(wanted.collect(), &others, budget);
    let avoid: Vec<Vec<Piece>> = others.into_iter().chain(alike).map(Pattern::pieces).collect();
    let mut all = Vec::new();
    let siblings = formats(model, start);
    for (format, text) in siblings.iter().copied() {
        if !budget.spend(2 + wanted.len()) {
            *complete = false;
            return all;
        }
        let possible = |name: &str| has_format(&siblings, start, format, text, name);
        let example = filled(&start.service, start.account, text);
        let base: Vec<Piece> = wild_pieces(text).collect();
        let near =
            |pattern: &&&Pattern| may_meet(&base, pattern) && is_feasible(&siblings, start, text, &pattern.pieces());
        let wanted: Vec<&Pattern> = wanted.iter().filter(near).copied().collect();
        let by_chance = |name: &str| avoid.iter().any(|known| crate::glob::matches(known, name));
        if possible(&example) {
            all.push((Some(format), example.clone()));
        }
        if wanted.is_empty() && !by_chance(&example) {
            continue;
        }
        let feasible = |shape: &[Piece]| is_feasible(&siblings, start, text, shape);
        let domain = Domain {
            base: &base,
            possible: &possible,
            feasible: &feasible,
            fillings: &[
                "example",
                EXAMPLE_BUCKET,
                "zq-example",
                "z/q-example",
                "z:q-example",
                "zqxj",
                "",
            ],
            avoid: &avoid,
            letters: "zqxjk0",
        };
        let found = candidates(wanted, &domain, budget);
        *complete &= found.complete;
        all.extend(found.values.into_iter().map(|name| (Some(format), name)));
    }
    if model.service.is_none() || !all.iter().any(|(format, _)| format.is_some()) {
        let domain = Domain {
            possible: &|name| !name.is_empty() && !is_impossible(start, name),
            avoid: &avoid,
            ..WORD
        };
        let found = candidates(wanted, &domain, budget);
        *complete &= found.complete;
        all.extend(found.values.into_iter().map(|name| (None, name)));
    }
    all
}

/// The Resource elements and settings that a pattern stands in.
fn membership(model: &Model<'_>, patterns: &Patterns<'_>, elements: &[Restriction], at: usize) -> Vec<usize> {
    let listed = patterns.own + model.listed.len();
    match at {
        _ if at < patterns.own => {
            let mut own = elements.iter().filter(|element| element.patterns.contains(&at));
            own.by_ref().map(|element| element.place).collect()
        }
        _ if at < listed => vec![usize::MAX],
        _ => vec![usize::MAX - 1],
    }
}

/// Of patterns longer than this it takes too long to find out what they have in common with formats.
const LONG: usize = 200;

/// Fewer patterns than this are all looked at.
const FEW: usize = 8;

/// The patterns without those that are like another one: they stand in the same elements and overlap with no pattern of
/// another. And those left out.
fn different<'p>(
    all: Vec<(Vec<usize>, &'p Pattern)>,
    others: &[&Pattern],
    budget: &mut Budget,
) -> (Vec<&'p Pattern>, Vec<&'p Pattern>) {
    if all.len() < FEW {
        return (all.into_iter().map(|(_, pattern)| pattern).collect(), Vec::new());
    }
    let pieces: Vec<Vec<Piece>> = all.iter().map(|(_, pattern)| pattern.pieces()).collect();
    let others: Vec<Vec<Piece>> = others.iter().map(|pattern| pattern.pieces()).collect();
    let (mut kept, mut alike) = (Vec::new(), Vec::new());
    let mut seen: BTreeSet<&[usize]> = BTreeSet::new();
    for ((own, pattern), text) in all.iter().zip(&pieces) {
        let elsewhere = all
            .iter()
            .zip(&pieces)
            .filter(|((of, _), _)| of != own)
            .map(|(_, other)| other);
        budget.spend(all.len() / 8);
        let alone = elsewhere.chain(&others).all(|other| disjoint(text, other));
        if alone && !seen.insert(own) {
            alike.push(*pattern);
        } else {
            kept.push(*pattern);
        }
    }
    (kept, alike)
}

/// The documented formats of the service's ARNs with this start, the deepest first, and their last fields.
fn formats(model: &Model<'_>, start: &Start) -> Vec<(usize, &'static str)> {
    let alike = |(_, [service, region, account, _]): &(usize, &[&str; 4])| {
        *service == start.service
            && region.is_empty() != start.region
            && (account.is_empty() != start.account)
            && (matches!(*account, "" | "*") != start.of_aws)
            && (matches!(*region, "" | "*") || start.text.split(':').nth(3) == Some(*region))
    };
    let all = model.formats.iter().enumerate().filter(alike);
    all.map(|(at, [.., name])| (at, *name)).rev().collect()
}

/// Whether a name has this format and no deeper one, and can exist.
fn has_format(siblings: &[(usize, &str)], start: &Start, format: usize, text: &str, name: &str) -> bool {
    let letters = |text: &str| text.bytes().filter(|b| *b != b'*').count();
    let deeper = |(other, known): &(usize, &str)| {
        *other != format && letters(known) > letters(text) && service::covers(known, name)
    };
    !name.is_empty() && service::covers(text, name) && !is_impossible(start, name) && !siblings.iter().any(deeper)
}

/// Whether some string of the shape has this format and no deeper one, and can exist.
fn is_feasible(siblings: &[(usize, &str)], start: &Start, text: &str, shape: &[Piece]) -> bool {
    if shape.len() > LONG {
        return true;
    }
    let letters = |text: &str| text.bytes().filter(|b| *b != b'*').count();
    let deeper = |(_, known): &(usize, &str)| {
        let known_pieces: Vec<Piece> = wild_pieces(known).collect();
        let met = meet(shape, &known_pieces, 8);
        letters(known) > letters(text) && met.is_some_and(|met| met.iter().any(|one| one == shape))
    };
    let buckets = start.service == "s3" && !start.region && !start.account;
    let whole = !text.contains('/');
    let of_bucket = |piece: &&Piece| whole || matches!(piece, Piece::Char(_));
    let mut bucket = shape
        .iter()
        .take_while(of_bucket)
        .take_while(|piece| **piece != Piece::Char('/'));
    let named = bucket.all(|piece| match piece {
        Piece::Char(c) => is_bucket_character(*c),
        _ => true,
    });
    (!buckets || named) && !siblings.iter().any(deeper)
}

/// Whether nothing can have the name: buckets have rules.
fn is_impossible(start: &Start, name: &str) -> bool {
    let bucket = name.split('/').next().unwrap_or_default();
    start.service == "s3" && !start.region && !start.account && !is_bucket(bucket)
}

/// Whether a format and a pattern stand for a name together. True where that takes long to find out.
fn may_meet(format: &[Piece], pattern: &Pattern) -> bool {
    let pieces = pattern.pieces();
    if pieces.len() > LONG {
        return true;
    }
    let literal = |piece: &&Piece| matches!(piece, Piece::Char(_));
    let starts = format.iter().take_while(literal).zip(pieces.iter().take_while(literal));
    starts.clone().all(|(one, other)| one == other) && meet(format, &pieces, 8).is_none_or(|met| !met.is_empty())
}
