//! Laws for policies of STS, where callers may bring the token of an identity provider in place of a signature.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test may panic"
)]

use std::collections::BTreeMap;

use postern_policy::{Containment, Document, EndpointContext, Perimeter, Request, analyse, evaluate, fix};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

const OWN: &str = "o-exampleorg1";
const GOOGLE: &str = "accounts.google.com";
const OIDC: &str = "arn:aws:iam::111122223333:oidc-provider/oidc.example.com/id/A1";
const ACCOUNTS: [(&str, Option<&str>); 4] = [
    ("111122223333", Some(OWN)),
    ("444455556666", None),
    ("222233334444", Some(OWN)),
    ("999999999999", Some("o-foreignorg1")),
];
const TOKEN: &str = "sts:AssumeRoleWithWebIdentity";
const SAML: &str = "sts:AssumeRoleWithSAML";
const REQUESTS: usize = 60;

fn perimeter() -> Perimeter {
    Perimeter {
        organizations: vec![OWN.to_owned()],
        accounts: vec!["111122223333".to_owned(), "444455556666".to_owned()],
        aws_services: true,
        ..Perimeter::default()
    }
}

fn endpoint() -> EndpointContext {
    EndpointContext {
        service: "sts".to_owned(),
        gateway: false,
        owner: "111122223333".to_owned(),
        region: "us-east-1".to_owned(),
        vpc: "vpc-0a1b2c3d4e5f60718".to_owned(),
        endpoint: "vpce-0a1b2c3d4e5f60718".to_owned(),
        time: 1_795_392_000,
    }
}

fn statement() -> impl Strategy<Value = Value> {
    let principal = prop_oneof![
        6 => Just(json!("*")),
        2 => Just(json!({"AWS": "*"})),
        1 => Just(json!({"AWS": "999999999999"})),
        1 => Just(json!({"Federated": "*"})),
        1 => Just(json!({"Federated": GOOGLE})),
        1 => Just(json!({"Federated": [GOOGLE, OIDC]})),
    ];
    let action = prop_oneof![
        3 => Just(json!("*")),
        2 => Just(json!([TOKEN, SAML])),
        1 => Just(json!(TOKEN)),
        1 => Just(json!("sts:AssumeRole*")),
        1 => Just(json!("sts:AssumeRole")),
        1 => Just(json!("sts:*SAML")),
    ];
    let resource = prop_oneof![
        4 => Just(json!("*")),
        1 => Just(json!("arn:aws:iam::111122223333:role/*")),
        1 => Just(json!("arn:aws:iam::*:role/pod-*")),
    ];
    let text = select(
        &[
            "StringEquals",
            "StringNotEquals",
            "StringEqualsIfExists",
            "StringNotEqualsIfExists",
        ][..],
    );
    let key = select(
        &[
            ("aws:PrincipalOrgID", OWN),
            ("aws:ResourceOrgID", OWN),
            ("aws:PrincipalAccount", "anonymous"),
            ("aws:PrincipalAccount", "111122223333"),
            ("aws:ResourceAccount", "111122223333"),
            ("aws:ResourceAccount", "999999999999"),
            ("aws:FederatedProvider", GOOGLE),
            ("aws:PrincipalType", "Anonymous"),
            ("aws:userid", "anonymous"),
        ][..],
    );
    let condition = prop_oneof![
        4 => (text, key).prop_map(|(operator, (key, value))| (operator.to_owned(), key, json!(value))),
        1 => (select(&["aws:PrincipalArn", "aws:PrincipalAccount", "aws:FederatedProvider"][..]), any::<bool>())
            .prop_map(|(key, missing)| ("Null".to_owned(), key, json!(missing))),
        1 => (select(&["Bool", "BoolIfExists"][..]), any::<bool>())
            .prop_map(|(operator, is)| (operator.to_owned(), "aws:PrincipalIsAWSService", json!(is))),
    ];
    let conditions = prop::collection::vec(condition, 0..3);
    (
        prop::bool::weighted(0.55),
        principal,
        action,
        resource,
        conditions,
        0..8_u8,
    )
        .prop_map(|(allow, principal, action, resource, conditions, nots)| {
            let mut block: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
            for (operator, key, value) in conditions {
                block.entry(operator).or_default().insert(key.to_owned(), value);
            }
            let action_name = if nots == 1 { "NotAction" } else { "Action" };
            let principal_name = if nots == 2 && !allow {
                "NotPrincipal"
            } else {
                "Principal"
            };
            json!({
                "Effect": if allow { "Allow" } else { "Deny" },
                principal_name: principal,
                action_name: action,
                "Resource": resource,
                "Condition": block,
            })
        })
}

/// Statements such as people write to keep a perimeter, not all of them right.
fn barrier() -> impl Strategy<Value = Vec<Value>> {
    let allow = |principal: Value, action: Value, condition: Value| json!({"Effect": "Allow", "Principal": principal, "Action": action, "Resource": "*", "Condition": condition});
    let deny = |principal: Value, element: &str, action: Value, condition: Value| json!({"Effect": "Deny", "Principal": principal, element: action, "Resource": "*", "Condition": condition});
    let both = json!({"StringEquals": {"aws:PrincipalOrgID": OWN, "aws:ResourceOrgID": OWN}});
    let ours = json!({"StringEquals": {"aws:ResourceOrgID": OWN}});
    let outsiders = json!({"StringNotEqualsIfExists": {"aws:PrincipalOrgID": OWN}});
    let data = json!({"StringNotEqualsIfExists": {"aws:ResourceOrgID": OWN}});
    let every = || json!("*");
    let tokens = || json!([TOKEN, SAML]);
    prop_oneof![
        Just(Vec::new()),
        Just(vec![
            allow(every(), every(), both.clone()),
            allow(every(), tokens(), ours.clone())
        ]),
        Just(vec![
            allow(json!({"AWS": "*"}), every(), both),
            allow(json!({"Federated": "*"}), tokens(), ours)
        ]),
        Just(vec![
            allow(every(), every(), json!({})),
            deny(every(), "NotAction", tokens(), outsiders.clone()),
            deny(every(), "Action", every(), data.clone()),
        ]),
        Just(vec![
            allow(every(), every(), json!({})),
            deny(json!({"AWS": "*"}), "Action", every(), outsiders),
            deny(json!({"AWS": "*"}), "Action", every(), data),
        ]),
    ]
}

fn document() -> impl Strategy<Value = Value> {
    (barrier(), prop::collection::vec(statement(), 0..3)).prop_map(|(mut all, mut statements)| {
        all.append(&mut statements);
        json!({"Version": "2012-10-17", "Statement": all})
    })
}

/// A request, and whether it lies in the identity hole, in the resource hole, and inside for somebody trusted.
fn request() -> impl Strategy<Value = (Request, bool, bool, bool)> {
    (
        0..6_usize,
        select(&ACCOUNTS[..]),
        select(&ACCOUNTS[..]),
        select(&[TOKEN, SAML, "sts:AssumeRole", "sts:TagSession"][..]),
        select(&["pod-a", "app"][..]),
        select(&["", GOOGLE, OIDC, "www.amazon.com"][..]),
        any::<bool>(),
    )
        .prop_map(
            |(kind, (account, organization), (owner, owner_organization), action, role, provider, told)| {
                let mut context: BTreeMap<String, Vec<String>> = BTreeMap::new();
                let mut put = |key: &str, value: &str| drop(context.insert(key.to_owned(), vec![value.to_owned()]));
                put("aws:ResourceAccount", owner);
                if let Some(organization) = owner_organization {
                    put("aws:ResourceOrgID", organization);
                }
                let token = action == TOKEN || action == SAML;
                let ours = |account: &str, organization: Option<&str>| {
                    organization == Some(OWN) || perimeter().accounts.contains(&account.to_owned())
                };
                let safe = ours(owner, owner_organization);
                let (principal, trusted) = match kind {
                    0..=2 => {
                        if !token || told {
                            put("aws:PrincipalAccount", "anonymous");
                            put("aws:PrincipalType", "Anonymous");
                            put("aws:userid", "anonymous");
                        }
                        if token && !provider.is_empty() {
                            put("aws:FederatedProvider", provider);
                        }
                        ("anonymous".to_owned(), token && safe)
                    }
                    3 => {
                        put("aws:PrincipalAccount", "888800008888");
                        put("aws:PrincipalIsAWSService", "true");
                        ("cloudtrail.amazonaws.com".to_owned(), true)
                    }
                    _ => {
                        let arn = format!("arn:aws:iam::{account}:role/caller");
                        put("aws:PrincipalAccount", account);
                        put("aws:PrincipalArn", &arn);
                        put("aws:PrincipalType", "AssumedRole");
                        put("aws:PrincipalIsAWSService", "false");
                        put("aws:userid", "AROAEXAMPLE:session");
                        if let Some(organization) = organization {
                            put("aws:PrincipalOrgID", organization);
                        }
                        (arn, ours(account, organization) || (token && safe))
                    }
                };
                let leak = !safe && kind != 3;
                let reaches = match kind {
                    0..=2 => token,
                    3 => false,
                    _ => ours(account, organization),
                };
                let request = Request {
                    principal,
                    action: action.to_owned(),
                    resource: format!("arn:aws:iam::{owner}:role/{role}"),
                    context,
                    gateway: false,
                };
                (request, !trusted, leak, reaches && safe)
            },
        )
}

/// Few cases in a plain run; the compiler leaves this slow.
fn config() -> ProptestConfig {
    let usual = ProptestConfig::default();
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() {
        usual.cases
    } else {
        40
    };
    ProptestConfig {
        cases,
        failure_persistence: None,
        max_shrink_iters: 400,
        ..usual
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn no_request_refutes_a_verdict_on_callers_with_a_token(
        document in document(), requests in prop::collection::vec(request(), REQUESTS)
    ) {
        let read = Document::parse(&document.to_string()).unwrap();
        let found = analyse(&read, &perimeter(), &endpoint());
        for witness in [&found.identity, &found.resource].into_iter().flatten().filter(|w| w.supposing.is_empty()) {
            prop_assert!(evaluate(&read, &witness.request).is_allowed(), "{witness:?}");
        }
        let decided = |question: &str| !found.reasons.iter().any(|reason| reason.contains(question));
        let outsiders = found.identity.is_some() || !decided("whether principals outside the perimeter can use it");
        let data = found.resource.is_some() || !decided("whether resources outside the perimeter can be reached");
        for (request, identity, leak, inside) in &requests {
            if !evaluate(&read, request).is_allowed() {
                continue;
            }
            let told = || format!("{document} allows {request:?}, but {:?} {:?}", found.verdict, found.reasons);
            prop_assert!(!identity || outsiders, "identity: {}", told());
            prop_assert!(!leak || data, "resource: {}", told());
            prop_assert!(!inside || !found.locked_out, "locked out: {}", told());
        }
    }

    #[test]
    fn a_fix_of_sts_closes_and_keeps_what_is_legitimate(
        document in document(), requests in prop::collection::vec(request(), REQUESTS)
    ) {
        let before = Document::parse(&document.to_string()).unwrap();
        if let Ok(fixed) = fix(&before, &perimeter(), &endpoint()) {
            let after = Document::parse(&fixed.text).unwrap();
            let found = analyse(&after, &perimeter(), &endpoint());
            prop_assert!(matches!(found.verdict, Containment::Closed | Containment::LockedOut), "{:?}", found);
            for (request, identity, leak, _) in &requests {
                let (was, is) = (evaluate(&before, request).is_allowed(), evaluate(&after, request).is_allowed());
                prop_assert_eq!(is, was && !identity && !leak, "{:?} in {}", request, fixed.text);
            }
        }
    }
}
