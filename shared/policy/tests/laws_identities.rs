//! Patterns that tell accounts, organisations, paths, names and VPCs apart: no fresh id may slip through between the ids
//! that an analysis tries. Documents have patterns of one or two random letters, and requests have random ids.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test may panic"
)]

mod random;

use std::collections::BTreeMap;

use postern_policy::{Document, EndpointContext, Perimeter, Request, analyse, evaluate, fix, impossible};
use random::Random;
use serde_json::{Value, json};

const OWN: &str = "o-exampleorg1";
const ACCOUNTS: [&str; 2] = ["111122223333", "444455556666"];
const DIGITS: &str = "0123456789";
const LETTERS: &str = "abcdefghijklmnopqrstuvwxyz0123456789";
const HEXADECIMAL: &str = "0123456789abcdef";
const DOCUMENTS: u64 = 400;
const REQUESTS: usize = 300;

fn letters(random: &mut Random, alphabet: &str, count: usize) -> String {
    let one = |random: &mut Random| alphabet.as_bytes()[random.below(alphabet.len())] as char;
    (0..count).map(|_| one(random)).collect()
}

/// A short pattern of letters of an alphabet.
fn pattern(random: &mut Random, alphabet: &str) -> String {
    let (one, two) = (letters(random, alphabet, 1), letters(random, alphabet, 2));
    match random.below(8) {
        0 | 1 => format!("{one}*"),
        2 | 3 => format!("*{one}"),
        4 => format!("{two}*"),
        5 => format!("*{one}*{two}"),
        6 => format!("?{one}*"),
        _ => format!("*{two}*"),
    }
}

fn organization_pattern(random: &mut Random) -> String {
    let inner = pattern(random, LETTERS);
    match random.below(4) {
        0 => format!("*{}", letters(random, LETTERS, 1)),
        1 => format!("o-{}{}", "?".repeat(10), letters(random, LETTERS, 1)),
        _ => format!("o-{inner}"),
    }
}

/// A condition on a key that tells who somebody is or where.
fn condition(random: &mut Random, service: &str) -> (String, String, String) {
    let not = random.pick(&["", "Not"]);
    let text = |random: &mut Random| {
        let end = random.pick(&["", "IfExists"]);
        format!("String{not}Like{end}")
    };
    match random.below(10) {
        0 | 1 => {
            let caller = if service == "kms" {
                "kms:CallerAccount"
            } else {
                "aws:PrincipalAccount"
            };
            let key = random.pick(&["aws:PrincipalAccount", "aws:ResourceAccount", caller]);
            (text(random), key.to_owned(), pattern(random, DIGITS))
        }
        2 | 3 => {
            let key = random.pick(&["aws:PrincipalOrgID", "aws:ResourceOrgID"]);
            (text(random), key.to_owned(), organization_pattern(random))
        }
        4 | 5 => {
            let quantifier = random.pick(&["ForAnyValue", "ForAllValues"]);
            let key = random.pick(&["aws:PrincipalOrgPaths", "aws:ResourceOrgPaths"]);
            let path = match random.below(3) {
                0 => format!("{}/*", organization_pattern(random)),
                1 => format!("{}/r-ab12/*", organization_pattern(random)),
                _ => format!("o-*/r-{}/*", pattern(random, LETTERS)),
            };
            (format!("{quantifier}:String{not}Like"), key.to_owned(), path)
        }
        6 => {
            let arn = match random.below(3) {
                0 => format!("arn:aws:iam::{}:role/*", pattern(random, DIGITS)),
                1 => format!("arn:aws:iam::*:role/{}", pattern(random, LETTERS)),
                _ => format!("arn:aws:iam::*:*/{}", pattern(random, LETTERS)),
            };
            (format!("Arn{not}Like"), "aws:PrincipalArn".to_owned(), arn)
        }
        7 => {
            let arn = format!("*{}:role/*", letters(random, DIGITS, 1));
            (text(random), "aws:PrincipalArn".to_owned(), arn)
        }
        8 => {
            let key = random.pick(&["aws:SourceVpc", "aws:SourceVpce", "aws:Ec2InstanceSourceVpc"]);
            let start = if key == "aws:SourceVpce" { "vpce" } else { "vpc" };
            (
                text(random),
                key.to_owned(),
                format!("{start}-{}", pattern(random, HEXADECIMAL)),
            )
        }
        _ => (text(random), "aws:username".to_owned(), pattern(random, LETTERS)),
    }
}

fn statement(random: &mut Random, effect: &str, service: &str, conditions: usize) -> Value {
    let mut block = json!({});
    for _ in 0..conditions {
        let (operator, key, value) = condition(random, service);
        block[operator][key] = json!(value);
    }
    json!({"Effect": effect, "Principal": "*", "Action": "*", "Resource": "*", "Condition": block})
}

/// A document that pins one side or none, with random Denies.
fn document(random: &mut Random, service: &str) -> Value {
    let pins = [
        json!({"StringEquals": {"aws:PrincipalAccount": ACCOUNTS}}),
        json!({"StringEquals": {"aws:PrincipalOrgID": OWN}}),
        json!({"StringEquals": {"aws:ResourceOrgID": OWN}}),
        json!({"StringEquals": {"aws:ResourceAccount": ACCOUNTS}}),
    ];
    let mut allow = json!({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"});
    if let Some(pin) = pins.get(random.below(6)) {
        allow["Condition"] = pin.clone();
    }
    let mut all = vec![allow];
    if random.below(4) == 0 {
        let count = 1 + random.below(2);
        all[0] = statement(random, "Allow", service, count);
    }
    for _ in 0..random.below(3) {
        let count = 1 + random.below(2);
        all.push(statement(random, "Deny", service, count));
    }
    json!({"Version": "2012-10-17", "Statement": all})
}

/// An account with its organisation and path there.
struct Account {
    id: String,
    membership: Option<[String; 2]>,
    trusted: bool,
}

fn account(random: &mut Random) -> Account {
    let organization = match random.below(4) {
        0 => Some(OWN.to_owned()),
        1 => None,
        _ => {
            let count = 10 + random.below(4);
            Some(format!("o-{}", letters(random, LETTERS, count)))
        }
    };
    let listed = random.below(3) == 0;
    let id = if listed {
        random.pick(&ACCOUNTS).to_owned()
    } else {
        letters(random, DIGITS, 12)
    };
    // The account of the endpoint is in the organisation of the settings.
    let organization = if id == ACCOUNTS[0] {
        Some(OWN.to_owned())
    } else {
        organization
    };
    let path = |organization: &String| {
        let root = if random.below(2) == 0 {
            "ab12".to_owned()
        } else {
            letters(random, LETTERS, 4)
        };
        [organization.clone(), format!("{organization}/r-{root}/")]
    };
    let trusted = listed || organization.as_deref() == Some(OWN);
    Account {
        id,
        membership: organization.as_ref().map(path),
        trusted,
    }
}

/// A request, whether its principal is trusted, and whether its resource is.
fn request(random: &mut Random, service: &str, endpoint: &EndpointContext) -> (Request, bool, bool) {
    let caller = account(random);
    let mut owner = account(random);
    if caller.id == owner.id {
        owner = Account {
            id: owner.id,
            membership: caller.membership.clone(),
            trusted: caller.trusted,
        };
    }
    let name = letters(random, LETTERS, 5);
    let is_user = random.below(3) == 0;
    let principal = format!(
        "arn:aws:iam::{}:{}/{name}",
        caller.id,
        if is_user { "user" } else { "role" }
    );
    let mut context: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut put = |key: &str, value: &str| drop(context.insert(key.to_owned(), vec![value.to_owned()]));
    for (side, account) in [("Principal", &caller), ("Resource", &owner)] {
        put(&format!("aws:{side}Account"), &account.id);
        if let Some([organization, path]) = &account.membership {
            put(&format!("aws:{side}OrgID"), organization);
            put(&format!("aws:{side}OrgPaths"), path);
        }
    }
    put("aws:PrincipalArn", &principal);
    put("aws:PrincipalIsAWSService", "false");
    put("aws:PrincipalType", if is_user { "User" } else { "AssumedRole" });
    if is_user {
        put("aws:username", &name);
    } else {
        put("aws:TokenIssueTime", "2026-11-22T00:00:00Z");
    }
    let vpc = if endpoint.vpc.is_empty() {
        format!("vpc-{}", letters(random, HEXADECIMAL, 17))
    } else {
        endpoint.vpc.clone()
    };
    let id = if endpoint.endpoint.is_empty() {
        format!("vpce-{}", letters(random, HEXADECIMAL, 17))
    } else {
        endpoint.endpoint.clone()
    };
    put("aws:SourceVpc", &vpc);
    put("aws:SourceVpce", &id);
    if !is_user && random.below(2) == 0 {
        put(
            "aws:Ec2InstanceSourceVpc",
            &format!("vpc-{}", letters(random, HEXADECIMAL, 17)),
        );
    }
    if service == "kms" {
        put("kms:CallerAccount", &caller.id);
    }
    for (key, value) in [
        ("aws:SecureTransport", "true"),
        ("aws:ViaAWSService", "false"),
        ("aws:VpcSourceIp", "10.0.0.10"),
        ("aws:UserAgent", "aws-cli/2.31.0"),
        ("aws:RequestedRegion", "us-east-1"),
        ("aws:CurrentTime", "2026-11-23T12:00:00Z"),
        ("aws:EpochTime", "1795435200"),
    ] {
        put(key, value);
    }
    let (action, resource) = match service {
        "sqs" => ("sqs:SendMessage", format!("arn:aws:sqs:us-east-1:{}:q", owner.id)),
        "kms" => ("kms:Decrypt", format!("arn:aws:kms:us-east-1:{}:key/k", owner.id)),
        _ => ("s3:PutObject", "arn:aws:s3:::somebody/loot".to_owned()),
    };
    let request = Request {
        principal,
        action: action.to_owned(),
        resource,
        context,
        gateway: false,
    };
    (request, caller.trusted, owner.trusted)
}

#[test]
fn no_request_with_fresh_ids_contradicts_a_verdict() {
    let perimeter = Perimeter {
        organizations: vec![OWN.to_owned()],
        accounts: ACCOUNTS.map(str::to_owned).to_vec(),
        ..Perimeter::default()
    };
    let mut decided = 0;
    let documents = random::setting("IDENTITIES").unwrap_or(DOCUMENTS);
    for seed in 1..=documents {
        let random = &mut Random::new(seed);
        let service = random.pick(&["sqs", "s3", "kms"]);
        let known = random.below(2) == 0;
        let id = |id: &str| if known { id.to_owned() } else { String::new() };
        let endpoint = EndpointContext {
            service: service.to_owned(),
            gateway: false,
            owner: ACCOUNTS[0].to_owned(),
            region: "us-east-1".to_owned(),
            vpc: id("vpc-0a1b2c3d4e5f60718"),
            endpoint: id("vpce-0a1b2c3d4e5f60718"),
            time: 1_795_392_000,
        };
        let text = document(random, service).to_string();
        let document = Document::parse(&text).unwrap();
        let found = analyse(&document, &perimeter, &endpoint);
        decided += usize::from(found.identity_decided && found.resource_decided);
        let fixed = (seed % 8 == 0)
            .then(|| fix(&document, &perimeter, &endpoint).ok())
            .flatten();
        let fixed = fixed.map(|fixed| Document::parse(&fixed.text).unwrap());
        for _ in 0..REQUESTS {
            let (request, caller, owner) = request(random, service, &endpoint);
            assert_eq!(impossible(&request, &endpoint), None, "{request:?}");
            let allowed = evaluate(&document, &request).is_allowed();
            let hole = [
                (caller, &found.identity, found.identity_decided),
                (owner, &found.resource, found.resource_decided),
            ];
            for (trusted, witness, decided) in hole {
                let missed = allowed && !trusted && witness.is_none() && decided;
                assert!(!missed, "seed {seed}, {:?}: {text}\n{request:#?}", found.verdict);
            }
            assert!(
                !(allowed && caller && owner && found.locked_out),
                "seed {seed}: {text}\n{request:#?}"
            );
            if let Some(fixed) = &fixed {
                let after = evaluate(fixed, &request).is_allowed();
                assert_eq!(
                    after,
                    allowed && caller && owner,
                    "seed {seed}: fix of {text}\n{request:#?}"
                );
            }
        }
    }
    assert!(decided as u64 * 10 >= documents * 9, "{decided} of {documents} decided");
}
