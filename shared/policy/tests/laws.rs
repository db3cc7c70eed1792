//! Laws that hold for every document. `PROPTEST_CASES` raises how many are tried.

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
const FOREIGN: &str = "o-foreignorg1";
const ACCOUNTS: [(&str, Option<&str>); 5] = [
    ("111122223333", Some(OWN)),
    ("444455556666", None),
    ("222233334444", Some(OWN)),
    ("999999999999", Some(FOREIGN)),
    ("123456789012", None),
];
const REQUESTS: usize = 60;

fn perimeter() -> Perimeter {
    Perimeter {
        organizations: vec![OWN.to_owned()],
        accounts: vec!["111122223333".to_owned(), "444455556666".to_owned()],
        principals: vec!["arn:aws:iam::123456789012:role/partner".to_owned()],
        resources: vec![
            "arn:aws:s3:::corp-data".to_owned(),
            "arn:aws:s3:::corp-data/*".to_owned(),
        ],
        aws_owned_resources: vec!["arn:aws:s3:::aws-packages/*".to_owned()],
        aws_services: true,
        ..Perimeter::default()
    }
}

fn endpoint() -> EndpointContext {
    EndpointContext {
        service: "s3".to_owned(),
        gateway: false,
        owner: "111122223333".to_owned(),
        region: "us-east-1".to_owned(),
        vpc: "vpc-0aaaabbbbccccdddd1".to_owned(),
        endpoint: "vpce-0aaaabbbbccccdddd".to_owned(),
        time: 1_795_392_000,
    }
}

fn texts(values: &'static [&'static str]) -> impl Strategy<Value = Value> {
    prop_oneof![
        3 => select(values).prop_map(|value| json!(value)),
        1 => prop::collection::vec(select(values), 1..3).prop_map(|values| json!(values)),
    ]
}

fn condition() -> impl Strategy<Value = (String, String, Value)> {
    const STRINGS: &[&str] = &[
        "StringEquals",
        "StringNotEquals",
        "StringLike",
        "StringNotLike",
        "StringEqualsIfExists",
        "StringNotEqualsIfExists",
        "StringEqualsIgnoreCase",
        "ForAllValues:StringEquals",
        "ForAnyValue:StringLike",
        "ForAllValues:StringNotLike",
        "ForAnyValue:StringNotEquals",
    ];
    const ORGANIZATIONS: &[&str] = &[
        OWN,
        FOREIGN,
        "o-*",
        "o-exam*",
        "${aws:PrincipalOrgID}",
        "${aws:ResourceOrgID}",
    ];
    const OWNERS: &[&str] = &[
        "111122223333",
        "444455556666",
        "999999999999",
        "anonymous",
        "1111*",
        "${aws:PrincipalAccount}",
    ];
    const TAGS: &[&str] = &[
        "true",
        "t*",
        "a?c",
        "${aws:PrincipalTag/team}",
        "${aws:PrincipalTag/team, 'red'}",
        "*",
    ];
    const PATHS: &[&str] = &[
        "o-exampleorg1/*",
        "o-exampleorg1*",
        "*/ou-ab12-11111111/*",
        "o-exampleorg1/r-ab12/*",
    ];
    let strings = |keys: &'static [&'static str], values| (select(STRINGS), select(keys), texts(values));
    let owned = |(operator, key, value): (&str, &str, Value)| (operator.to_owned(), key.to_owned(), value);
    prop_oneof![
        4 => strings(&["aws:PrincipalOrgID", "aws:ResourceOrgID", "AWS:principalorgid"], ORGANIZATIONS).prop_map(owned),
        4 => strings(&["aws:PrincipalAccount", "aws:ResourceAccount"], OWNERS).prop_map(owned),
        2 => strings(&["aws:PrincipalTag/team", "aws:Referer", "s3:prefix", "aws:TagKeys"], TAGS).prop_map(owned),
        2 => strings(&["aws:PrincipalOrgPaths", "aws:ResourceOrgPaths"], PATHS).prop_map(owned),
        2 => (select(&["ArnLike", "ArnNotLike", "StringLike", "ArnEqualsIfExists"][..]), Just("aws:PrincipalArn"), texts(&[
            "arn:aws:iam::*:role/app", "arn:aws:iam::111122223333:*", "arn:aws:iam::111122223333:role/*",
        ])).prop_map(owned),
        1 => (select(&["Bool", "BoolIfExists"][..]), select(&["aws:PrincipalIsAWSService", "aws:SecureTransport"][..]), texts(&["true", "false"])).prop_map(owned),
        1 => (Just("Null"), select(&["aws:PrincipalOrgID", "aws:PrincipalTag/team", "aws:SourceIp"][..]), texts(&["true", "false"])).prop_map(owned),
        1 => (select(&["StringEquals", "StringNotEquals"][..]), Just("aws:SourceVpc"), texts(&["vpc-0aaaabbbbccccdddd1", "vpc-other"])).prop_map(owned),
        1 => (select(&["IpAddress", "NotIpAddress"][..]), select(&["aws:SourceIp", "aws:VpcSourceIp"][..]), texts(&["10.0.0.0/8", "10.0.0.0/24"])).prop_map(owned),
        1 => (select(&["DateLessThan", "DateGreaterThan"][..]), Just("aws:CurrentTime"), texts(&["2020-01-01T00:00:00Z", "2030-01-01T00:00:00Z"])).prop_map(owned),
    ]
}

fn statement() -> impl Strategy<Value = Value> {
    let principal = prop_oneof![
        6 => Just(json!("*")),
        1 => Just(json!({"AWS": "*"})),
        1 => Just(json!({"AWS": ["111122223333", "arn:aws:iam::999999999999:role/app"]})),
        1 => Just(json!({"AWS": "arn:aws:iam::111122223333:root", "Service": "cloudtrail.amazonaws.com"})),
    ];
    let action = texts(&[
        "*",
        "s3:*",
        "s3:GetObject",
        "s3:Get*",
        "s3:Put*",
        "S3:LISTBUCKET",
        "sqs:*",
    ]);
    let resource = texts(&[
        "*",
        "arn:aws:s3:::*",
        "arn:aws:s3:::corp-data/*",
        "arn:aws:s3:::corp-*",
        "arn:aws:s3:::*-data/*",
        "arn:aws:s3:::aws-packages/*",
        "arn:aws:s3:*:111122223333:accesspoint/*",
        "arn:aws:s3:::${aws:PrincipalAccount}-x/*",
    ]);
    let conditions = prop::collection::vec(condition(), 0..3);
    (any::<bool>(), principal, action, resource, conditions, 0..8_u8).prop_map(
        |(allow, principal, action, resource, conditions, nots)| {
            let mut members = Map::new();
            members.insert("Effect".to_owned(), json!(if allow { "Allow" } else { "Deny" }));
            let negated = |name: &str, not: bool| if not { format!("Not{name}") } else { name.to_owned() };
            members.insert("Principal".to_owned(), principal);
            members.insert(negated("Action", nots == 1), action);
            members.insert(negated("Resource", nots == 2), resource);
            let mut block = Map::new();
            for (operator, key, value) in conditions {
                if let Some(keys) = block.entry(operator).or_insert_with(|| json!({})).as_object_mut() {
                    keys.retain(|known, _| !known.eq_ignore_ascii_case(&key));
                    keys.insert(key, value);
                }
            }
            if !block.is_empty() {
                members.insert("Condition".to_owned(), Value::Object(block));
            }
            Value::Object(members)
        },
    )
}

/// Statements such as people write to keep a perimeter, not all of them right.
fn barrier() -> impl Strategy<Value = Vec<Value>> {
    let negated = select(
        &[
            "StringNotEquals",
            "StringNotEqualsIfExists",
            "ForAllValues:StringNotLike",
            "StringNotLike",
        ][..],
    );
    let services = select(&["", "Bool", "BoolIfExists"][..]);
    let side = |side: &'static str| {
        let value = select(
            &[
                ("OrgID", OWN),
                ("OrgPaths", "o-exampleorg1/*"),
                ("Account", "111122223333"),
            ][..],
        );
        (negated.clone(), services.clone(), value, prop::bool::weighted(0.3)).prop_map(
            move |(operator, bool, (key, value), except)| {
                let mut block = Map::new();
                block.insert(operator.to_owned(), json!({format!("aws:{side}{key}"): value}));
                if !bool.is_empty() {
                    block.insert(bool.to_owned(), json!({"aws:PrincipalIsAWSService": "false"}));
                }
                let resource = if except {
                    ("NotResource", json!(["arn:aws:s3:::corp-data/*"]))
                } else {
                    ("Resource", json!("*"))
                };
                json!({"Effect": "Deny", "Principal": "*", "Action": "*", resource.0: resource.1, "Condition": block})
            },
        )
    };
    let pinned = |operator: &str| {
        let keys = json!({"aws:PrincipalOrgID": OWN, "aws:ResourceOrgID": OWN});
        json!({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*", "Condition": {operator: keys}})
    };
    let broad = json!({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"});
    prop_oneof![
        2 => Just(Vec::new()),
        2 => Just(vec![broad.clone()]),
        3 => (side("Principal"), side("Resource")).prop_map(move |(one, two)| vec![broad.clone(), one, two]),
        1 => select(&["StringEquals", "ForAnyValue:StringEquals", "StringEqualsIfExists"][..]).prop_map(move |o| vec![pinned(o)]),
    ]
}

fn document() -> impl Strategy<Value = Value> {
    (
        barrier(),
        prop::bool::weighted(0.8),
        prop::collection::vec(statement(), 0..4),
    )
        .prop_map(move |(mut all, new, mut statements)| {
            all.append(&mut statements);
            json!({"Version": if new { "2012-10-17" } else { "2008-10-17" }, "Statement": all})
        })
}

/// A request as it can come through the endpoint, whether its principal is trusted, and whether its resource is.
fn request() -> impl Strategy<Value = (Request, bool, bool, bool)> {
    const RESOURCES: &[&str] = &[
        "arn:aws:s3:::corp-data",
        "arn:aws:s3:::corp-data/a",
        "arn:aws:s3:::corp-evil/a",
        "arn:aws:s3:::x-data/a",
        "arn:aws:s3:::aws-packages/a",
        "arn:aws:s3:::111122223333-x/a",
        "arn:aws:s3:::999999999999-x/a",
        "arn:aws:s3:us-east-1:OWNER:accesspoint/a",
    ];
    const ACTIONS: &[&str] = &["s3:GetObject", "s3:PutObject", "s3:ListBucket", "s3:DeleteObject"];
    let tag = || prop::option::of(select(&["true", "abc", "red", "x"][..]));
    let who = (
        0..7_usize,
        select(&ACCOUNTS[..]),
        select(&["role/app", "role/partner", "user/u", "role/x"][..]),
    );
    let unit = || {
        select(
            &[
                "r-ab12/",
                "r-ab12/ou-ab12-11111111/",
                "r-zz12/ou-ab12-11111111/ou-ab12-22222222/",
            ][..],
        )
    };
    let free = (
        tag(),
        tag(),
        tag(),
        any::<bool>(),
        select(&["10.0.0.9", "10.9.9.9", "192.168.0.1"][..]),
        0..3_usize,
    );
    (
        who,
        select(&ACCOUNTS[..]),
        select(RESOURCES),
        select(ACTIONS),
        free,
        (unit(), unit()),
    )
        .prop_map(
            |((kind, (account, organization), name), (owner, owner_organization), resource, action, free, units)| {
                let (tag, referer, prefix, tls, ip, moment) = free;
                let units = if account == owner { (units.0, units.0) } else { units };
                let mut context: BTreeMap<String, Vec<String>> = BTreeMap::new();
                let mut put = |key: &str, value: &str| drop(context.insert(key.to_owned(), vec![value.to_owned()]));
                put("aws:SourceVpc", "vpc-0aaaabbbbccccdddd1");
                put("aws:SourceVpce", "vpce-0aaaabbbbccccdddd");
                put("aws:SecureTransport", if tls { "true" } else { "false" });
                put("aws:VpcSourceIp", ip);
                put(
                    "aws:CurrentTime",
                    ["2026-11-23T00:00:00Z", "2031-01-01T00:00:00Z", "2030-01-01T00:00:00Z"][moment],
                );
                put("aws:ResourceAccount", owner);
                if let Some(organization) = owner_organization {
                    put("aws:ResourceOrgID", organization);
                    put("aws:ResourceOrgPaths", &format!("{organization}/{}", units.1));
                }
                for (key, value) in [("aws:Referer", referer), ("s3:prefix", prefix), ("aws:TagKeys", prefix)] {
                    if let Some(value) = value {
                        put(key, value);
                    }
                }
                let arn = format!("arn:aws:iam::{account}:{name}");
                let (principal, trusted) = match kind {
                    0 => {
                        put("aws:PrincipalAccount", "anonymous");
                        ("anonymous".to_owned(), false)
                    }
                    1 => {
                        put("aws:PrincipalAccount", "888800008888");
                        put("aws:PrincipalIsAWSService", "true");
                        ("cloudtrail.amazonaws.com".to_owned(), true)
                    }
                    _ => {
                        put("aws:PrincipalAccount", account);
                        put("aws:PrincipalArn", &arn);
                        put("aws:PrincipalIsAWSService", "false");
                        if let Some(organization) = organization {
                            put("aws:PrincipalOrgID", organization);
                            put("aws:PrincipalOrgPaths", &format!("{organization}/{}", units.0));
                        }
                        if let Some(tag) = tag {
                            put("aws:PrincipalTag/team", tag);
                        }
                        let trusted = organization == Some(OWN)
                            || perimeter().accounts.contains(&account.to_owned())
                            || perimeter().principals.contains(&arn);
                        (arn, trusted)
                    }
                };
                let resource = resource.replace("OWNER", owner);
                // Buckets and access points are listed, objects are read and written.
                let object = resource.starts_with("arn:aws:s3:::") && resource.contains('/');
                let action = match (object, action) {
                    (false, _) => "s3:ListBucket",
                    (true, "s3:ListBucket") => "s3:GetObject",
                    (true, action) => action,
                };
                let owned = resource.starts_with("arn:aws:s3:::aws-packages/");
                let safe = owned
                    || resource.starts_with("arn:aws:s3:::corp-data/")
                    || resource == "arn:aws:s3:::corp-data"
                    || owner_organization == Some(OWN)
                    || perimeter().accounts.contains(&owner.to_owned());
                let identity = !trusted && !owned;
                let leak = !safe && !principal.ends_with(".amazonaws.com");
                // Of these actions only the listing of a bucket has a prefix, and none passes tags.
                if action != "s3:ListBucket" {
                    context.remove("s3:prefix");
                }
                context.remove("aws:TagKeys");
                let request = Request {
                    principal,
                    action: action.to_owned(),
                    resource,
                    context,
                    gateway: false,
                };
                (request, identity, leak, trusted)
            },
        )
}

fn read(document: &Value) -> Document {
    Document::parse(&document.to_string()).unwrap()
}

/// A principal's account is never trusted by its organisation when the context says otherwise.
fn outside(request: &Request) -> bool {
    let one = |key: &str| {
        request
            .context
            .get(key)
            .and_then(|values| values.first())
            .map(String::as_str)
    };
    let perimeter = perimeter();
    let account = one("aws:PrincipalAccount").unwrap_or_default().to_owned();
    one("aws:PrincipalOrgID") != Some(OWN)
        && !perimeter.accounts.contains(&account)
        && !perimeter.principals.contains(&request.principal)
        && one("aws:PrincipalIsAWSService") != Some("true")
        && !request.resource.starts_with("arn:aws:s3:::aws-packages/")
}

fn leaks(request: &Request) -> bool {
    let one = |key: &str| {
        request
            .context
            .get(key)
            .and_then(|values| values.first())
            .map(String::as_str)
    };
    let account = one("aws:ResourceAccount").unwrap_or_default().to_owned();
    let trusted = ["arn:aws:s3:::aws-packages/", "arn:aws:s3:::corp-data/"];
    one("aws:ResourceOrgID") != Some(OWN)
        && !perimeter().accounts.contains(&account)
        && request.resource != "arn:aws:s3:::corp-data"
        && !trusted.iter().any(|start| request.resource.starts_with(start))
        && !request.principal.ends_with(".amazonaws.com")
}

/// A few seconds in a plain run.
fn config() -> ProptestConfig {
    let usual = ProptestConfig::default();
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() {
        usual.cases
    } else {
        250
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
    fn witnesses_are_allowed_and_lie_outside_and_no_request_refutes_a_closed_verdict(
        document in document(), requests in prop::collection::vec(request(), REQUESTS)
    ) {
        let read = read(&document);
        let found = analyse(&read, &perimeter(), &endpoint());
        if let Some(witness) = found.identity.as_ref().filter(|w| w.supposing.is_empty()) {
            prop_assert!(evaluate(&read, &witness.request).is_allowed() && outside(&witness.request), "{:?}", witness);
        }
        if let Some(witness) = found.resource.as_ref().filter(|w| w.supposing.is_empty()) {
            prop_assert!(evaluate(&read, &witness.request).is_allowed() && leaks(&witness.request), "{:?}", witness);
        }
        let decided = |question: &str| !found.reasons.iter().any(|reason| reason.contains(question));
        let outsiders = found.identity.is_some() || !decided("whether principals outside the perimeter can use it");
        let data = found.resource.is_some() || !decided("whether resources outside the perimeter can be reached");
        for (request, identity, leak, trusted) in &requests {
            if !evaluate(&read, request).is_allowed() {
                continue;
            }
            let told = || format!("{} allows {request:?}, but {:?} {:?}", document, found.verdict, found.reasons);
            prop_assert!(!identity || outsiders, "identity: {}", told());
            prop_assert!(!leak || data, "resource: {}", told());
            let inside = *trusted && !leak && !leaks(request) && request.principal.starts_with("arn:");
            prop_assert!(!inside || !found.locked_out, "locked out: {}", told());
        }
    }

    #[test]
    fn order_and_spelling_of_a_document_do_not_matter(document in document()) {
        let found = analyse(&read(&document), &perimeter(), &endpoint());
        let mut other = document.clone();
        let statements = other["Statement"].as_array_mut().unwrap();
        statements.reverse();
        for statement in statements {
            for member in ["Action", "Resource", "NotAction", "NotResource"] {
                if let Some(value) = statement.get_mut(member).filter(|value| value.is_string()) {
                    *value = json!([value]);
                }
            }
            let Some(block) = statement.get_mut("Condition").and_then(Value::as_object_mut) else { continue };
            for keys in block.values_mut() {
                let upper = keys.as_object().unwrap().iter().map(|(key, value)| (key.to_uppercase(), value.clone()));
                *keys = Value::Object(upper.collect());
            }
        }
        let again = analyse(&read(&other), &perimeter(), &endpoint());
        prop_assert_eq!(found.verdict, again.verdict);
        prop_assert_eq!(found.identity.is_some(), again.identity.is_some());
        prop_assert_eq!(found.resource.is_some(), again.resource.is_some());
        prop_assert_eq!(found.locked_out, again.locked_out);
    }

    #[test]
    fn a_fix_closes_keeps_what_is_legitimate_and_is_done_once(
        document in document(), requests in prop::collection::vec(request(), REQUESTS)
    ) {
        let before = read(&document);
        if let Ok(fixed) = fix(&before, &perimeter(), &endpoint()) {
            let after = Document::parse(&fixed.text).unwrap();
            let found = analyse(&after, &perimeter(), &endpoint());
            prop_assert!(matches!(found.verdict, Containment::Closed | Containment::LockedOut), "{:?}", found);
            prop_assert_eq!(&fix(&after, &perimeter(), &endpoint()).unwrap().text, &fixed.text);
            for (request, identity, leak, _) in &requests {
                let (was, is) = (evaluate(&before, request).is_allowed(), evaluate(&after, request).is_allowed());
                prop_assert_eq!(is, was && !identity && !leak, "{:?} in {}", request, fixed.text);
            }
        }
    }

    #[test]
    fn random_text_is_refused_without_panic(text in "\\PC{0,80}", start in select(&["", "{\"Statement\":", "[", "{\"Statement\":[{\"Effect\":\"Allow\","][..])) {
        let _ = Document::parse(&format!("{start}{text}"));
    }
}
