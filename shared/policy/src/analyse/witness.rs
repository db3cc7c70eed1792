//! A request as the evaluator takes it, with every key that it has on its way through the endpoint.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::callers::Caller;
use super::keys::{bound, of_principal};
use super::model::KeyMeaning;
use super::model::{Key, Model};
use super::search;
use crate::evaluate::Request;
use crate::federation;
use crate::literal::iso;

/// All of the request.
pub(super) fn request(model: &Model<'_>, found: &search::Request) -> Request {
    with_keys(model, found, &|_| true)
}

/// The request with no other keys than those that count for what the document says to it.
pub(super) fn essence(model: &Model<'_>, found: &search::Request) -> Request {
    let named = |key: &str| model.named.iter().any(|named| named.id.eq_ignore_ascii_case(key));
    let counts = |key: &str| matches!(key, "aws:PrincipalArn" | "aws:username" | federation::PROVIDER) || named(key);
    with_keys(model, found, &counts)
}

fn with_keys(model: &Model<'_>, found: &search::Request, wanted: &dyn Fn(&str) -> bool) -> Request {
    let now = match found.instant == model.setting.endpoint.time {
        true => Cow::Borrowed(&model.setting.now),
        false => Cow::Owned(iso(found.instant)),
    };
    let epoch = found.instant.to_string();
    let provider = match found.principal.caller {
        Caller::Bearer(Some(at)) => model.providers.get(at).copied(),
        _ => None,
    };
    let constant = |id: &str| model.constant(id).flatten();
    let principal = |kind: KeyMeaning| found.principal.value(kind).flatten();
    let owner = |kind: KeyMeaning| found.owner.value(kind).flatten();
    let asked = |id: &str| model.keys.iter().any(|key| key.id == id);
    let agent = (!asked("aws:useragent")).then_some("aws-cli/2.31.0");
    let issued = found.principal.caller.is_temporary() && !asked("aws:tokenissuetime");
    let user = principal(KeyMeaning::PrincipalUser);
    let id = principal(KeyMeaning::PrincipalId).filter(|_| model.has(KeyMeaning::PrincipalId));
    let known = [
        ("aws:CurrentTime", Some(now.as_str())),
        ("aws:EpochTime", Some(&epoch)),
        (federation::PROVIDER, provider),
        ("aws:PrincipalAccount", principal(KeyMeaning::PrincipalAccount)),
        ("aws:PrincipalArn", principal(KeyMeaning::PrincipalArn)),
        ("aws:PrincipalIsAWSService", principal(KeyMeaning::PrincipalIsService)),
        ("aws:PrincipalOrgID", principal(KeyMeaning::PrincipalOrganization)),
        ("aws:PrincipalOrgPaths", principal(KeyMeaning::PrincipalPaths)),
        ("aws:PrincipalServiceName", principal(KeyMeaning::PrincipalService)),
        ("aws:PrincipalType", principal(KeyMeaning::PrincipalType)),
        ("aws:ResourceAccount", owner(KeyMeaning::ResourceAccount)),
        ("aws:ResourceOrgID", owner(KeyMeaning::ResourceOrganization)),
        ("aws:ResourceOrgPaths", owner(KeyMeaning::ResourcePaths)),
        ("aws:SecureTransport", Some("true")),
        ("aws:SourceVpc", constant("aws:sourcevpc")),
        ("aws:RequestedRegion", constant("aws:requestedregion")),
        ("aws:SourceVpcArn", constant("aws:sourcevpcarn")),
        ("aws:SourceVpce", constant("aws:sourcevpce")),
        ("aws:TokenIssueTime", issued.then_some(now.as_str())),
        ("aws:UserAgent", agent),
        ("aws:ViaAWSService", Some("false")),
        ("aws:VpcSourceIp", Some("10.0.0.10")),
        ("aws:VpceAccount", constant("aws:vpceaccount")),
        ("aws:VpceOrgID", constant("aws:vpceorgid")),
        ("aws:userid", id),
        ("aws:username", user),
    ];
    // Names that a service has for the same.
    let others = model.named.iter().filter(|key| !key.id.starts_with("aws:"));
    let others = others.map(|key| (key.name, principal(key.kind).or_else(|| owner(key.kind))));
    let present = known.into_iter().filter(|(key, _)| wanted(key)).chain(others);
    let present = present.filter_map(|(key, value)| Some((key.to_owned(), vec![value?.to_owned()])));
    let mut all = Vec::with_capacity(known.len() + model.keys.len());
    all.extend(present);
    let mut context: BTreeMap<String, Vec<String>> = all.into_iter().collect();
    if !found.principal.service_names.is_empty() {
        let names = found.principal.service_names.iter().map(ToString::to_string);
        context.insert("aws:PrincipalServiceNamesList".to_owned(), names.collect());
    }
    for (at, values) in &found.keys {
        if let Some(key) = model.keys.get(*at)
            && !values.is_empty()
        {
            // The document may spell a key otherwise.
            if let Some((known, _)) = known.iter().find(|(known, _)| known.eq_ignore_ascii_case(key.name)) {
                context.remove(*known);
            }
            let name = if key.id == "aws:viaawsservice" {
                "aws:ViaAWSService"
            } else {
                key.name
            };
            let values = bound::settled(key.id, values, &found.principal, &found.owner);
            context.insert(name.to_owned(), values);
        }
    }
    if found.keys.iter().any(|(at, values)| {
        !values.is_empty()
            && model
                .keys
                .get(*at)
                .is_some_and(|key| key.id.starts_with("aws:calledvia"))
    }) {
        context.insert("aws:ViaAWSService".to_owned(), vec!["true".to_owned()]);
    }
    Request {
        principal: found.principal.name.to_string(),
        action: found.action.clone(),
        resource: found.resource.arn.clone(),
        context,
        gateway: model.setting.endpoint.gateway,
    }
}

/// The keys without which this would not be allowed and that the caller may not be able to choose.
pub(super) fn conditional(model: &Model<'_>, found: &search::Request) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for (at, values) in &found.keys {
        if let Some(key) = model.keys.get(*at)
            && !values.is_empty()
            && !chosen(key, found)
            && !usual(key.id, values)
        {
            all.push(key.name.to_owned());
        }
    }
    if found.instant > model.setting.endpoint.time {
        all.push("aws:CurrentTime".to_owned());
    }
    all
}

/// Whether the caller decides on the value of a key.
fn chosen(key: &Key<'_>, found: &search::Request) -> bool {
    let id = key.id;
    let outsider = !found.principal.trusted && found.principal.caller != Caller::Service;
    if of_principal(key) {
        return outsider && !id.starts_with("aws:ec2instancesource");
    }
    if id.starts_with("aws:resourcetag/") || id.contains(":resourcetag/") || id.starts_with("s3:existingobjecttag/") {
        return !found.owner.trusted;
    }
    match id.split_once(':') {
        Some(("aws", name)) => {
            name.starts_with("requesttag/")
                || matches!(
                    name,
                    "tagkeys" | "useragent" | "referer" | "securetransport" | "requestedregion"
                )
        }
        _ => true,
    }
}

/// Whether requests have the key with this value anyway.
fn usual(id: &str, values: &[String]) -> bool {
    usual_value(id).is_some_and(|value| values == [value])
}

/// The value that requests usually have.
pub(super) fn usual_value(id: &str) -> Option<&'static str> {
    match id {
        "aws:viaawsservice" => Some("false"),
        "aws:securetransport" => Some("true"),
        "aws:vpcsourceip" => Some("10.0.0.10"),
        _ => None,
    }
}
