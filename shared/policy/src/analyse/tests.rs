//! The traps of endpoint policies, each with a document of its own.

use serde_json::{Value, json};

use super::*;
use crate::{evaluate, impossible};

mod action_keys;
mod actions_of_endpoints;
mod callers;
mod classes;
mod documents;
mod links;
mod patterns;
mod perimeter;
mod requests;
mod sessions;
mod sources;
mod ties;
mod traps;
mod values;
mod variables;
mod witnesses;

const OWN: &str = "o-exampleorg1";

fn perimeter() -> Perimeter {
    Perimeter {
        organizations: vec![OWN.to_owned()],
        accounts: vec!["111122223333".to_owned()],
        resources: vec!["arn:aws:s3:::corp-data/*".to_owned()],
        aws_owned_resources: vec!["arn:aws:s3:::aws-packages/*".to_owned()],
        aws_services: true,
        ..Perimeter::default()
    }
}

fn endpoint(service: &str) -> EndpointContext {
    EndpointContext {
        service: service.to_owned(),
        gateway: false,
        owner: "111122223333".to_owned(),
        region: "us-east-1".to_owned(),
        vpc: "vpc-0a1b2c3d4e5f60718".to_owned(),
        endpoint: "vpce-0a1b2c3d4e5f60718".to_owned(),
        time: 1_795_392_000,
    }
}

fn allow(condition: Value) -> Value {
    json!({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*", "Condition": condition})
}

fn deny(condition: Value) -> Value {
    json!({"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*", "Condition": condition})
}

fn everything() -> Value {
    allow(json!({}))
}

fn inside() -> Value {
    json!({"StringEquals": {"aws:PrincipalOrgID": OWN, "aws:ResourceOrgID": OWN}})
}

/// Ours are the resources, anybody's the principals.
fn our_resources(conditions: Value) -> Value {
    let mut all = json!({"StringEquals": {"aws:ResourceOrgID": OWN}});
    for (operator, keys) in conditions.as_object().unwrap() {
        let known = all[operator].as_object().cloned().unwrap_or_default();
        let mut known: Value = known.into();
        for (key, value) in keys.as_object().unwrap() {
            known[key] = value.clone();
        }
        all[operator] = known;
    }
    allow(all)
}

fn verdict(service: &str, statements: &[Value]) -> Containment {
    on(service, statements).verdict
}

/// Keeps data in, so that a test can be about outsiders alone.
fn data_stays() -> Value {
    deny(json!({"StringNotEqualsIfExists": {"aws:ResourceOrgID": OWN}}))
}

fn on(service: &str, statements: &[Value]) -> Analysis {
    with(service, &perimeter(), statements)
}

fn with(service: &str, perimeter: &Perimeter, statements: &[Value]) -> Analysis {
    let text = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
    let document = Document::parse(&text).unwrap();
    let found = analyse(&document, perimeter, &endpoint(service));
    for witness in [&found.identity, &found.resource]
        .into_iter()
        .flatten()
        .filter(|w| w.supposing.is_empty())
    {
        assert!(evaluate(&document, &witness.request).is_allowed(), "{witness:?}");
        assert_eq!(impossible(&witness.request, &endpoint(service)), None, "{witness:?}");
    }
    found
}

/// Whether outsiders get in, and whether data gets out.
fn holes(statements: &[Value]) -> (bool, bool) {
    let found = on("s3", statements);
    assert_ne!(found.verdict, Containment::Undecided, "{:?}", found.reasons);
    (found.identity.is_some(), found.resource.is_some())
}
