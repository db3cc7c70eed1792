//! Places of a document that do not do what their author probably meant.

use std::collections::BTreeSet;

use super::actions::is_missing;
use super::atoms;
use crate::arn::{is_account, is_organization};
use crate::condition_keys::{self, ValueType};
use crate::document::{Condition, Document, Effect, PrincipalEntry, Statement, Version};
use crate::glob::Pattern;
use crate::interpretation::Interpretation;
use crate::operators::Family;
use crate::service;
use crate::text::{Form, Text};

/// More places than this are not listed.
const MOST_HINTS: usize = 10;

/// What to say of them, one sentence each without its full stop.
pub(super) fn hints(document: &Document, gateway: bool) -> Vec<String> {
    let mut all = Vec::new();
    let mut seen = BTreeSet::new();
    for statement in document.statements() {
        let everybody = statement.principal.values.contains(&PrincipalEntry::Everyone);
        if gateway && !everybody && !statement.principal.not && seen.insert(GATEWAY.to_owned()) {
            all.push(format!("`Statement[{}].Principal`: {GATEWAY}", statement.index));
        }
        for condition in &statement.conditions {
            if all.len() >= MOST_HINTS {
                break;
            }
            let path = condition.path(statement.index);
            let mut found: Vec<String> = condition
                .texts()
                .iter()
                .flat_map(|text| placeholders(text, document.version()))
                .collect();
            match condition_keys::find(&condition.key_id) {
                None => all_about_key(condition, &mut found),
                Some(_) => found.extend(lacked_by_actions(statement, condition)),
            }
            found.extend(condition.texts().iter().filter_map(|text| misfit(condition, text)));
            found.extend(refused(condition));
            all.extend(
                found
                    .into_iter()
                    .filter(|hint| seen.insert(hint.clone()))
                    .map(|hint| format!("`{path}`: {hint}")),
            );
        }
        for action in statement.action.values.iter().filter(|action| is_missing(action)) {
            let not = if statement.action.not { "Not" } else { "" };
            let hint = format!("AWS has no action `{}`, so no request is for it", action.raw);
            let found = seen.insert(hint.clone()).then_some(hint);
            all.extend(found.map(|hint| format!("`Statement[{}].{not}Action`: {hint}", statement.index)));
        }
        for text in &statement.resource.values {
            let not = if statement.resource.not { "Not" } else { "" };
            let found = placeholders(text, document.version());
            let found = found.into_iter().filter(|hint| seen.insert(hint.clone()));
            all.extend(found.map(|hint| format!("`Statement[{}].{not}Resource`: {hint}", statement.index)));
        }
    }
    all.truncate(MOST_HINTS);
    all
}

/// The actions of Allows that AWS does not publish, as the document spells them.
pub(super) fn unknown_actions(document: &Document) -> Vec<String> {
    let allows = document.statements().iter();
    let allows = allows.filter(|statement| statement.effect == Effect::Allow && !statement.action.not);
    let actions = allows.flat_map(|statement| &statement.action.values);
    let missing = actions.filter(|action| is_missing(action));
    missing.map(|action| action.raw.clone()).collect()
}

/// Resources in a short form that AWS documents for the resource policies of APIs only.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-resource-policies-examples.html>
pub(super) fn undocumented_resources(document: &Document) -> Vec<String> {
    let all = document.statements().iter().flat_map(|statement| {
        let texts = statement.resource.values.iter();
        texts.map(move |text| (statement.name(), &text.raw))
    });
    all.filter(|(_, raw)| raw.starts_with("execute-api:/"))
        .map(|(name, raw)| {
            format!("{name}: AWS documents the short form `{raw}` for resource policies of APIs, not for policies of endpoints")
        })
        .collect()
}

fn all_about_key(condition: &Condition, found: &mut Vec<String>) {
    if condition.key_id.contains("::") {
        return;
    }
    let nearest = condition_keys::nearest(&condition.key_id).filter(|known| *known != condition.key_id);
    let instead = nearest
        .map(|known| format!("; the most similar key is `{known}`"))
        .unwrap_or_default();
    found.push(format!(
        "AWS has no condition key `{}`, so no request has it{instead}",
        condition.key
    ));
}

/// A condition of an Allow that no request meets, since no action of the statement has its key.
fn lacked_by_actions(statement: &Statement, condition: &Condition) -> Option<String> {
    let without = || atoms::holds(condition, &[], Interpretation::default(), &atoms::nothing);
    if statement.effect == Effect::Deny
        || statement.action.not
        || !condition_keys::is_by_action(&condition.key_id)
        || without()
    {
        return None;
    }
    for pattern in &statement.action.values {
        let (prefix, _) = pattern.raw.split_once(':')?;
        let service = service::of_prefix(&prefix.to_ascii_lowercase())?;
        let key = service.key_places(&condition.key_id);
        let mut named = service
            .actions
            .iter()
            .filter(|action| pattern.matches(&action.lower, true))
            .peekable();
        named.peek()?;
        if named.any(|action| action.carries(key)) {
            return None;
        }
    }
    Some(format!(
        "AWS publishes the condition key `{}` for no action of the statement",
        condition.key
    ))
}

/// Variables that name no key of AWS, and variables that Version 2008-10-17 takes as plain text.
fn placeholders(text: &Text, version: Version) -> Vec<String> {
    if version == Version::V2008 && text.raw.contains("${") {
        return vec![format!("`{}` is plain text in Version 2008-10-17", text.raw)];
    }
    let unknown = text
        .variables()
        .filter(|variable| condition_keys::find(&variable.key).is_none());
    unknown
        .map(|variable| {
            format!(
                "`{}` names no condition key, so it has no value; it may be a placeholder that was not filled in",
                variable.written
            )
        })
        .collect()
}

/// <https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html#vpc-endpoint-policies-gateway>
const GATEWAY: &str = "policies of gateway endpoints need the principal `*` with a condition on `aws:PrincipalArn`: an \
                       account here is its root user alone";

/// What AWS says that endpoint policies cannot have: wildcards and numeric operators with keys for ids that AWS gives.
/// <https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html#vpc-endpoint-policy-considerations>
fn refused(condition: &Condition) -> Option<String> {
    let key = condition_keys::find(&condition.key_id).filter(|_| condition.key_id.starts_with("aws:"))?;
    let of_id = matches!(
        key.values,
        ValueType::Account | ValueType::Organization | ValueType::Vpc
    );
    let wild = |text: &Text| matches!(text.fixed(), Some(Form::Text(Pattern::All | Pattern::Glob(_))));
    let numeric = matches!(condition.operator.family(), Family::Number(_));
    let refused = of_id && (numeric || condition.texts().iter().any(wild));
    refused.then(|| {
        let key = &condition.key;
        format!("AWS says that endpoint policies cannot have wildcards or numeric operators with `{key}`")
    })
}

/// A value that no request can have.
fn misfit(condition: &Condition, text: &Text) -> Option<String> {
    let Some(Form::Text(Pattern::Exact(exact))) = text.fixed() else {
        return None;
    };
    let key = condition_keys::find(&condition.key_id)?;
    let lower = exact.to_lowercase();
    let what = match key.values {
        ValueType::Account if !is_account(exact) && lower != "anonymous" => "account id",
        ValueType::Organization if !is_organization(&lower) => "organisation id",
        _ => return None,
    };
    (!text.raw.contains("${")).then(|| format!("`{exact}` is no {what}, so no request has it"))
}
