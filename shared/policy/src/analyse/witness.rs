//! A request as the evaluator takes it, with every key that it has on its way through the endpoint.

use std::collections::BTreeMap;

use super::callers::Caller;
use super::keys::of_principal;
use super::kinds::Kind;
use super::model::Model;
use super::search;
use crate::evaluate::Request;
use crate::federation;
use crate::literal::iso;

pub(super) fn request(model: &Model<'_>, found: &search::Request) -> Request {
    let mut context: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut put = |key: &str, values: Vec<String>| {
        if !values.is_empty() {
            context.insert(key.to_owned(), values);
        }
    };
    for (key, value) in [
        ("aws:SecureTransport", "true"),
        ("aws:ViaAWSService", "false"),
        ("aws:VpcSourceIp", "10.0.0.10"),
    ] {
        put(key, vec![value.to_owned()]);
    }
    put("aws:CurrentTime", vec![iso(found.instant)]);
    put("aws:EpochTime", vec![found.instant.to_string()]);
    for key in ["aws:SourceVpc", "aws:SourceVpce", "aws:VpceAccount", "aws:VpceOrgID"] {
        put(
            key,
            model
                .constant(&key.to_ascii_lowercase())
                .flatten()
                .into_iter()
                .collect(),
        );
    }
    for (key, kind) in [
        ("aws:PrincipalAccount", Kind::PrincipalAccount),
        ("aws:PrincipalOrgID", Kind::PrincipalOrganization),
        ("aws:PrincipalOrgPaths", Kind::PrincipalPaths),
        ("aws:PrincipalArn", Kind::PrincipalArn),
        ("aws:PrincipalIsAWSService", Kind::PrincipalIsService),
        ("aws:PrincipalServiceName", Kind::PrincipalService),
        ("aws:PrincipalServiceNamesList", Kind::PrincipalService),
        ("aws:PrincipalType", Kind::PrincipalType),
    ] {
        put(key, found.principal.values(kind).unwrap_or_default());
    }
    for (key, kind) in [
        ("aws:ResourceAccount", Kind::ResourceAccount),
        ("aws:ResourceOrgID", Kind::ResourceOrganization),
        ("aws:ResourceOrgPaths", Kind::ResourcePaths),
    ] {
        put(key, found.owner.values(kind).unwrap_or_default());
    }
    if let Caller::Bearer(Some(at)) = found.principal.caller {
        let provider = model.providers.get(at).map(|name| (*name).to_owned());
        put(federation::PROVIDER, provider.into_iter().collect());
    }
    // Names that a service has for the same.
    for key in model.keys.iter().filter(|key| !key.id.starts_with("aws:")) {
        let values = found
            .principal
            .values(key.kind)
            .or_else(|| found.owner.values(key.kind));
        put(key.name, values.unwrap_or_default());
    }
    let preset: Vec<String> = context.keys().cloned().collect();
    for (at, values) in &found.keys {
        if let Some(key) = model.keys.get(*at)
            && !values.is_empty()
        {
            // The document may spell a key otherwise.
            if let Some(known) = preset.iter().find(|known| known.eq_ignore_ascii_case(key.name)) {
                context.remove(known);
            }
            context.insert(key.name.to_owned(), values.clone());
        }
    }
    let asked = |start: &str| {
        found
            .keys
            .iter()
            .any(|(at, values)| !values.is_empty() && model.keys.get(*at).is_some_and(|key| key.id.starts_with(start)))
    };
    if asked("aws:calledvia") && !asked("aws:viaawsservice") {
        context.insert("aws:ViaAWSService".to_owned(), vec!["true".to_owned()]);
    }
    Request {
        principal: found.principal.name.clone(),
        action: found.action.clone(),
        resource: found.resource.arn.clone(),
        context,
        gateway: model.endpoint.gateway,
    }
}

/// The keys without which this would not be allowed and that the caller may not be able to choose.
pub(super) fn conditional(model: &Model<'_>, found: &search::Request) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for (at, values) in &found.keys {
        if let Some(key) = model.keys.get(*at)
            && !values.is_empty()
            && !chosen(key.id, found)
            && !usual(key.id, values)
        {
            all.push(key.name.to_owned());
        }
    }
    if found.instant > model.endpoint.time {
        all.push("aws:CurrentTime".to_owned());
    }
    all
}

/// Whether the caller decides on the value of a key.
fn chosen(id: &str, found: &search::Request) -> bool {
    let stranger = !found.principal.trusted && found.principal.caller != Caller::Service;
    if of_principal(id) {
        return stranger && !id.starts_with("aws:ec2instancesource");
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
    match id {
        "aws:viaawsservice" => values == ["false"],
        "aws:securetransport" => values == ["true"],
        "aws:vpcsourceip" => values == ["10.0.0.10"],
        _ => false,
    }
}
