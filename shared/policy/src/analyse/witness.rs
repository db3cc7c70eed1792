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
    let mut put = |key: &str, value: Option<&str>| {
        if let Some(value) = value {
            context.insert(key.to_owned(), vec![value.to_owned()]);
        }
    };
    for (key, value) in [
        ("aws:SecureTransport", "true"),
        ("aws:ViaAWSService", "false"),
        ("aws:VpcSourceIp", "10.0.0.10"),
    ] {
        put(key, Some(value));
    }
    put("aws:CurrentTime", Some(&iso(found.instant)));
    put("aws:EpochTime", Some(&found.instant.to_string()));
    for (key, id) in [
        ("aws:SourceVpc", "aws:sourcevpc"),
        ("aws:SourceVpce", "aws:sourcevpce"),
        ("aws:VpceAccount", "aws:vpceaccount"),
        ("aws:VpceOrgID", "aws:vpceorgid"),
    ] {
        put(key, model.constant(id).flatten());
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
        put(key, found.principal.value(kind).flatten());
    }
    for (key, kind) in [
        ("aws:ResourceAccount", Kind::ResourceAccount),
        ("aws:ResourceOrgID", Kind::ResourceOrganization),
        ("aws:ResourceOrgPaths", Kind::ResourcePaths),
    ] {
        put(key, found.owner.value(kind).flatten());
    }
    if let Caller::Bearer(Some(at)) = found.principal.caller {
        put(federation::PROVIDER, model.providers.get(at).copied());
    }
    // Names that a service has for the same.
    for key in model.keys.iter().filter(|key| !key.id.starts_with("aws:")) {
        let value = found.principal.value(key.kind).or_else(|| found.owner.value(key.kind));
        put(key.name, value.flatten());
    }
    for (at, values) in &found.keys {
        if let Some(key) = model.keys.get(*at)
            && !values.is_empty()
        {
            // The document may spell a key otherwise.
            context.retain(|known, _| !known.eq_ignore_ascii_case(key.name));
            context.insert(key.name.to_owned(), values.clone());
        }
    }
    Request {
        principal: found.principal.name.to_string(),
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
