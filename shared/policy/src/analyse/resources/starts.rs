//! The first five fields of ARNs that a document can tell apart.

use std::collections::BTreeSet;

use super::super::budget::Budget;
use super::super::model::Model;
use super::Entry;
use crate::glob::{Pattern, Piece};
use crate::partition;
use crate::service::Format;
use crate::text::ArnPattern;

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

/// The patterns that agree, whether AWS owns what starts so, and service, Region and account where formats depend on them.
type Class<'s> = (Vec<usize>, bool, Option<(&'s str, bool, bool)>);

/// The starts of ARNs that the patterns tell apart.
pub(super) fn starts(
    model: &Model<'_>,
    account: &str,
    patterns: &[Entry<'_>],
    complete: &mut bool,
    budget: &mut Budget,
) -> Vec<Start> {
    let weight = 1 + patterns.len() * 2;
    let fields = |index: usize| {
        let starts = patterns.iter().filter(|entry| !entry.starts_alike);
        starts.filter_map(move |entry| match entry.pattern {
            ArnPattern::Fields(fields) => fields.get(index),
            _ => None,
        })
    };
    let home = if model.setting.endpoint.region.is_empty() {
        "us-east-1"
    } else {
        &model.setting.endpoint.region
    };
    // An endpoint leads to the resources of its own Region and partition.
    let usual = partition::of_region(home);
    let partitions = [usual];
    let mut services: Vec<&str> = Vec::new();
    let add = |list: &mut Vec<_>, value| {
        if !list.contains(&value) {
            list.push(value);
        }
    };
    // It is not told whether an endpoint leads to another Region, so a Region that the document allows counts.
    let mut regions = vec![home];
    for region in model.allowed_regions() {
        add(&mut regions, region);
    }
    let mut shapes: Vec<(&str, bool, &str)> = Vec::new();
    if let Some(service) = &model.setting.service {
        let here = |format: &&Format| matches!(format.region, "" | "*") || format.region == home;
        for format in service.formats.iter().filter(here) {
            add(&mut services, format.service);
            let shape = (format.service, !format.region.is_empty(), format.account);
            if !shapes.contains(&shape) {
                shapes.push(shape);
            }
        }
        if services.is_empty() {
            service.prefixes().for_each(|prefix| services.push(prefix));
        }
    } else {
        services.push(model.setting.unknown_prefix.as_deref().unwrap_or("dynamodb"));
        for field in fields(2) {
            if let Pattern::Exact(name) = field
                && !services.contains(&name.as_str())
            {
                services.push(name);
            }
        }
    }
    if let Some(service) = &model.setting.service {
        shapes.sort_by_key(|(name, _, owner)| (!service.prefixes().any(|prefix| prefix == *name), !owner.is_empty()));
    }
    for service in &services {
        if !budget.spend(weight) {
            *complete = false;
            return Vec::new();
        }
        for entry in patterns.iter().filter(|entry| !entry.starts_alike) {
            if let ArnPattern::Fields(fields) = entry.pattern
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
    let mut seen: BTreeSet<Class<'_>> = BTreeSet::new();
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
                // Other fields are there in other formats.
                let shape = (*service, *has_region, owner.is_empty());
                let class = (agreeing, of_aws, model.setting.service.as_ref().map(|_| shape));
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

fn agreeing(patterns: &[Entry<'_>], start: &[&str; 5], text: &str) -> Vec<usize> {
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
    let mut agreeing = Vec::new();
    let mut before = false;
    for (at, entry) in patterns.iter().enumerate() {
        before = if entry.starts_alike {
            before
        } else {
            agrees(entry.pattern)
        };
        if before {
            agreeing.push(at);
        }
    }
    agreeing
}
