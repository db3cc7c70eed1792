//! The first five fields of ARNs that a document can tell apart.

use std::collections::BTreeSet;

use super::super::budget::Budget;
use super::super::model::Model;
use super::Patterns;
use crate::arn::is_region;
use crate::glob::{Pattern, Piece};
use crate::partition;
use crate::text::ArnPattern;

/// <https://docs.aws.amazon.com/general/latest/gr/rande.html>
const REGIONS: [&str; 36] = [
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "cn-north-1",
    "cn-northwest-1",
    "eu-central-1",
    "eu-central-2",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "sa-east-1",
];

/// The first five fields of ARNs, with the colon after them.
pub(super) struct Start {
    pub(super) text: String,
    pub(super) service: String,
    pub(super) region: bool,
    pub(super) account: bool,
    pub(super) of_aws: bool,
    /// Places of the patterns that agree with these fields: those of the document, then those of the settings.
    pub(super) agreeing: Vec<usize>,
}

/// The starts of ARNs that the patterns tell apart.
pub(super) fn starts(
    model: &Model<'_>,
    account: &str,
    patterns: &Patterns<'_>,
    complete: &mut bool,
    budget: &mut Budget,
) -> Vec<Start> {
    let weight = 1 + patterns.all.len() * 2;
    let fields = |index: usize| {
        patterns.all.iter().filter_map(move |pattern| match pattern {
            ArnPattern::Fields(fields) => fields.get(index),
            _ => None,
        })
    };
    let home = if model.endpoint.region.is_empty() {
        "us-east-1"
    } else {
        &model.endpoint.region
    };
    let usual = match home {
        region if region.starts_with("cn-") => "aws-cn",
        region if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    };
    let mut partitions = vec![usual];
    let mut regions = vec![home];
    let mut services: Vec<&str> = Vec::new();
    let add = |list: &mut Vec<_>, value| {
        if !list.contains(&value) {
            list.push(value);
        }
    };
    for field in fields(1) {
        match field {
            Pattern::Exact(name) if partition::exists(name) => add(&mut partitions, name),
            Pattern::Glob(_) => ["aws", "aws-cn", "aws-us-gov"]
                .into_iter()
                .for_each(|p| add(&mut partitions, p)),
            _ => {}
        }
    }
    for field in fields(3) {
        match field {
            Pattern::Exact(name) if is_region(name) => add(&mut regions, name),
            Pattern::Glob(_) => REGIONS.into_iter().for_each(|r| add(&mut regions, r)),
            _ => {}
        }
    }
    if let Some(other) = REGIONS.into_iter().find(|region| !regions.contains(region)) {
        regions.push(other);
    }
    let mut shapes: Vec<(&str, bool, &str)> = Vec::new();
    if let Some(service) = &model.service {
        for [service, region, owner, _] in &model.formats {
            add(&mut services, service);
            let shape = (*service, !region.is_empty(), *owner);
            if !shapes.contains(&shape) {
                shapes.push(shape);
            }
        }
        if services.is_empty() {
            service.prefixes().for_each(|prefix| services.push(prefix));
        }
    } else {
        services.push("dynamodb");
        for field in fields(2) {
            if let Pattern::Exact(name) = field
                && !services.contains(&name.as_str())
            {
                services.push(name);
            }
        }
    }
    if let Some(service) = &model.service {
        shapes.sort_by_key(|(name, _, owner)| (!service.prefixes().any(|prefix| prefix == *name), !owner.is_empty()));
    }
    for service in &services {
        if !budget.spend(weight) {
            *complete = false;
            return Vec::new();
        }
        for pattern in &patterns.all {
            if let ArnPattern::Fields(fields) = pattern
                && let [_, _, wanted, region, owner, _] = fields.as_ref()
                && wanted.matches(service)
            {
                let none = |field: &Pattern| *field == Pattern::Exact(String::new());
                let owner = match owner {
                    owner if none(owner) => "",
                    Pattern::Exact(name) if name.starts_with("aws") => name,
                    _ => "*",
                };
                let shape = (*service, !none(region), owner);
                if !shapes.contains(&shape) {
                    shapes.push(shape);
                }
            }
        }
        if !shapes.iter().any(|(known, ..)| known == service) {
            shapes.push((service, true, "*"));
        }
    }
    let mut all: Vec<Start> = Vec::new();
    let mut seen: BTreeSet<(Vec<usize>, bool)> = BTreeSet::new();
    let mut text = String::new();
    for partition in &partitions {
        for (service, has_region, owner) in &shapes {
            let nowhere = [""];
            for region in if *has_region { regions.as_slice() } else { &nowhere } {
                if !budget.spend(weight) {
                    *complete = false;
                    return all;
                }
                let of_aws = !matches!(*owner, "" | "*");
                let owner = if *owner == "*" { account } else { owner };
                text.clear();
                text.extend(["arn:", partition, ":", service, ":", region, ":", owner, ":"]);
                let agreeing = agreeing(patterns, &["arn", partition, service, region, owner], &text);
                let class = (agreeing, of_aws);
                if !seen.contains(&class) {
                    all.push(Start {
                        text: text.clone(),
                        service: (*service).to_owned(),
                        region: *has_region,
                        account: !owner.is_empty(),
                        of_aws,
                        agreeing: class.0.clone(),
                    });
                    seen.insert(class);
                }
            }
        }
    }
    all
}

fn agreeing(patterns: &Patterns<'_>, start: &[&str; 5], text: &str) -> Vec<usize> {
    let agrees = |pattern: &ArnPattern| match pattern {
        ArnPattern::All => true,
        // The account and the Region tell most of them apart.
        ArnPattern::Fields(fields) => {
            let mut pairs = fields.iter().take(start.len()).zip(start).rev();
            pairs.all(|(field, text)| field.matches(text))
        }
        ArnPattern::Short(Pattern::Glob(pieces)) => {
            let literal: String = pieces
                .iter()
                .map_while(|p| if let Piece::Char(c) = p { Some(*c) } else { None })
                .collect();
            text.starts_with(&literal) || literal.starts_with(text)
        }
        ArnPattern::Short(_) => false,
    };
    patterns
        .all
        .iter()
        .enumerate()
        .filter(|(_, pattern)| agrees(pattern))
        .map(|(at, _)| at)
        .collect()
}
