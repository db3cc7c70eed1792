//! Laws for every kind of caller: roles, their sessions, users, root users, federated users, AWS services, and nobody.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test may panic"
)]

use std::collections::BTreeMap;

use postern_policy::{Document, EndpointContext, Perimeter, Request, analyse, evaluate};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

const OWN: &str = "o-exampleorg1";
const ACCOUNTS: [(&str, Option<&str>); 4] = [
    ("111122223333", Some(OWN)),
    ("222233334444", Some(OWN)),
    ("999999999999", Some("o-foreignorg1")),
    ("123456789012", None),
];
const NAMES: &[&str] = &["app", "team/app", "ops", "aws-service-role/x.amazonaws.com/y"];
const SERVICES: &[&str] = &[
    "cloudtrail.amazonaws.com",
    "logs.amazonaws.com",
    "logs.us-east-1.amazonaws.com",
];
const REQUESTS: usize = 80;

fn perimeter(aws_services: bool) -> Perimeter {
    Perimeter {
        organizations: vec![OWN.to_owned()],
        principals: vec!["arn:aws:iam::999999999999:role/team/app".to_owned()],
        aws_services,
        ..Perimeter::default()
    }
}

fn endpoint(gateway: bool) -> EndpointContext {
    EndpointContext {
        service: "sqs".to_owned(),
        gateway,
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
        1 => Just(json!({"AWS": "*"})),
        1 => select(&["999999999999", "111122223333", "arn:aws:iam::999999999999:root"][..]).prop_map(|a| json!({"AWS": a})),
        2 => select(&[
            "arn:aws:iam::999999999999:role/app",
            "arn:aws:iam::999999999999:role/team/app",
            "arn:aws:sts::999999999999:assumed-role/app/session",
            "arn:aws:sts::999999999999:federated-user/app",
            "arn:aws:iam::111122223333:user/app",
            "arn:aws:iam::999999999999:user/team/app",
        ][..]).prop_map(|a| json!({"AWS": a})),
        1 => select(SERVICES).prop_map(|service| json!({"Service": service})),
    ];
    let text = select(
        &[
            "StringEquals",
            "StringNotEquals",
            "StringLike",
            "StringNotLikeIfExists",
            "StringEqualsIfExists",
        ][..],
    );
    let pair = select(
        &[
            ("aws:PrincipalOrgID", OWN),
            ("aws:PrincipalAccount", "999999999999"),
            ("aws:PrincipalAccount", "anonymous"),
            ("aws:PrincipalAccount", "9*"),
            ("aws:PrincipalType", "AssumedRole"),
            ("aws:PrincipalType", "User"),
            ("aws:PrincipalType", "Account"),
            ("aws:PrincipalType", "*User"),
            ("aws:PrincipalType", "Anonymous"),
            ("aws:PrincipalServiceName", "logs.*"),
            ("aws:PrincipalServiceName", "logs.amazonaws.com"),
            ("aws:userid", "anonymous"),
            ("aws:userid", "AIDA*"),
            ("aws:username", "app"),
            ("aws:PrincipalArn", "arn:aws:iam::*:role/team/*"),
            ("aws:PrincipalArn", "arn:aws:iam::999999999999:*"),
            ("aws:PrincipalArn", "arn:aws:sts::*"),
            ("aws:PrincipalArn", "*:user/*"),
            ("aws:PrincipalArn", "*/aws-service-role/*"),
            ("aws:SourceAccount", "111122223333"),
        ][..],
    );
    let condition = prop_oneof![
        5 => (text, pair).prop_map(|(operator, (key, value))| (operator.to_owned(), key, json!(value))),
        1 => (
            select(&["ArnLike", "ArnNotLike", "ArnEqualsIfExists"][..]),
            select(&["arn:aws:iam::*:role/app", "arn:aws:*::999999999999:*", "arn:aws:sts::*:federated-user/*", "arn:aws:iam::*:root"][..]),
        ).prop_map(|(operator, value)| (operator.to_owned(), "aws:PrincipalArn", json!(value))),
        1 => (select(&["aws:PrincipalArn", "aws:username", "aws:PrincipalServiceName", "aws:PrincipalType", "aws:PrincipalOrgID"][..]), any::<bool>())
            .prop_map(|(key, missing)| ("Null".to_owned(), key, json!(missing))),
        1 => (select(&["Bool", "BoolIfExists"][..]), any::<bool>())
            .prop_map(|(operator, is)| (operator.to_owned(), "aws:PrincipalIsAWSService", json!(is))),
    ];
    (
        prop::bool::weighted(0.6),
        principal,
        prop::collection::vec(condition, 0..4),
        prop::bool::weighted(0.2),
    )
        .prop_map(|(allow, principal, conditions, not)| {
            let mut block: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
            for (operator, key, value) in conditions {
                block.entry(operator).or_default().insert(key.to_owned(), value);
            }
            let element = if not && !allow { "NotPrincipal" } else { "Principal" };
            json!({
                "Effect": if allow { "Allow" } else { "Deny" },
                element: principal,
                "Action": "*",
                "Resource": "*",
                "Condition": block,
            })
        })
}

fn document() -> impl Strategy<Value = Value> {
    let start = select(&[0_u8, 1, 2, 3][..]);
    (start, prop::collection::vec(statement(), 1..4)).prop_map(|(start, statements)| {
        let mut all = vec![json!({
            "Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*",
            "Condition": {"StringNotEqualsIfExists": {"aws:ResourceOrgID": OWN}},
        })];
        let outsiders = json!({"StringNotEqualsIfExists": {"aws:PrincipalOrgID": OWN}, "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}});
        if start > 0 {
            all.push(json!({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}));
        }
        if start > 1 {
            all.push(json!({"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*", "Condition": outsiders}));
        }
        all.extend(statements);
        json!({"Version": "2012-10-17", "Statement": all})
    })
}

/// A request for a resource of ours: the caller's kind, account, name and what it is free to have.
type Drawn = (
    usize,
    (&'static str, Option<&'static str>),
    &'static str,
    &'static str,
    bool,
);

fn drawn() -> impl Strategy<Value = Drawn> {
    (
        0..8_usize,
        select(&ACCOUNTS[..]),
        select(NAMES),
        select(SERVICES),
        any::<bool>(),
    )
}

/// The request, whether its caller is trusted, and whether it is an IAM principal.
fn request(
    (kind, (account, organization), name, service, own): Drawn,
    perimeter: &Perimeter,
    gateway: bool,
) -> (Request, bool, bool) {
    let mut context: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut put = |key: &str, value: &str| drop(context.insert(key.to_owned(), vec![value.to_owned()]));
    put("aws:ResourceAccount", "111122223333");
    put("aws:ResourceOrgID", OWN);
    let last = name.rsplit('/').next().unwrap();
    let (principal, arn, class, id) = match kind {
        0 => (
            String::from("anonymous"),
            String::new(),
            "Anonymous",
            "anonymous".to_owned(),
        ),
        1 => (service.to_owned(), String::new(), "", String::new()),
        2 | 3 => {
            let arn = format!("arn:aws:iam::{account}:role/{name}");
            let session = format!("arn:aws:sts::{account}:assumed-role/{last}/session");
            (
                if own { session } else { arn.clone() },
                arn,
                "AssumedRole",
                "AROAEXAMPLE:session".to_owned(),
            )
        }
        4 | 5 => {
            let arn = format!("arn:aws:iam::{account}:user/{name}");
            put("aws:username", last);
            (arn.clone(), arn, "User", "AIDAEXAMPLE".to_owned())
        }
        6 => {
            let arn = format!("arn:aws:sts::{account}:federated-user/{last}");
            (arn.clone(), arn, "FederatedUser", format!("{account}:{last}"))
        }
        _ => {
            let arn = format!("arn:aws:iam::{account}:root");
            (arn.clone(), arn, "Account", account.to_owned())
        }
    };
    let iam = !arn.is_empty();
    for (key, value) in [
        ("aws:PrincipalType", class),
        ("aws:userid", id.as_str()),
        ("aws:PrincipalArn", arn.as_str()),
    ] {
        if !value.is_empty() {
            put(key, value);
        }
    }
    match kind {
        0 => put("aws:PrincipalAccount", "anonymous"),
        1 => {
            put("aws:PrincipalAccount", "888800008888");
            put("aws:PrincipalIsAWSService", "true");
            put("aws:PrincipalServiceName", service);
            put("aws:SourceAccount", account);
        }
        _ => {
            put("aws:PrincipalAccount", account);
            put("aws:PrincipalIsAWSService", "false");
            if let Some(organization) = organization {
                put("aws:PrincipalOrgID", organization);
            }
        }
    }
    let trusted = match kind {
        0 => false,
        1 => perimeter.aws_services,
        _ => organization == Some(OWN) || perimeter.principals.contains(&arn),
    };
    let request = Request {
        principal,
        action: "sqs:SendMessage".to_owned(),
        resource: "arn:aws:sqs:us-east-1:111122223333:queue".to_owned(),
        context,
        gateway,
    };
    (request, trusted, iam)
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
    fn no_kind_of_caller_refutes_a_verdict(
        document in document(), requests in prop::collection::vec(drawn(), REQUESTS), services in any::<bool>(), gateway in any::<bool>()
    ) {
        let read = Document::parse(&document.to_string()).unwrap();
        let perimeter = perimeter(services);
        let found = analyse(&read, &perimeter, &endpoint(gateway));
        for witness in [&found.identity, &found.resource].into_iter().flatten().filter(|w| w.supposing.is_empty()) {
            prop_assert!(evaluate(&read, &witness.request).is_allowed(), "{witness:?}");
        }
        let undecided = found.reasons.iter().any(|reason| reason.contains("whether principals outside the perimeter can use it"));
        for (request, trusted, iam) in requests.into_iter().map(|drawn| request(drawn, &perimeter, gateway)) {
            if !evaluate(&read, &request).is_allowed() {
                continue;
            }
            let told = || format!("{document} allows {request:?}, but {:?} {:?}", found.verdict, found.reasons);
            prop_assert!(trusted || undecided || found.identity.is_some(), "identity: {}", told());
            prop_assert!(!(trusted && iam && found.locked_out), "locked out: {}", told());
        }
    }
}
