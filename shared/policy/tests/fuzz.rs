//! Documents broken in many ways: each is refused or judged, and what is said of it holds for random requests.
//!
//! The first documents are the same in every run. `FUZZ_SECONDS` goes on with others for that long; `FUZZ_SEED` says
//! with which, and repeats a failure.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test may panic and tell what it did"
)]

use std::time::{Duration, Instant};

use postern_policy::{
    Containment, Document, EndpointContext, MOST_CHARACTERS, Perimeter, analyse, evaluate, fix, impossible,
};
use serde_json::Value;

mod documents;
mod random;

use documents::endpoint;
use random::{Random, Requests, policies, setting};

const SEEDS: [&str; 7] = [
    r#"{"Version":"2012-10-17","Statement":[{"Sid":"a","Effect":"Allow","Principal":{"AWS":["*","111122223333"]},"Action":["s3:Get*","s3:?ut*"],"Resource":["arn:aws:s3:::${aws:PrincipalTag/home, 'x'}/*","arn:aws:s3:*:*:accesspoint/?"],"Condition":{"StringLike":{"aws:PrincipalOrgPaths":["o-exampleorg1/*"]},"NumericLessThan":{"s3:max-keys":10}}}]}"#,
    r#"{"Statement":{"Effect":"Deny","NotPrincipal":{"Service":"cloudtrail.amazonaws.com"},"NotAction":"s3:*","NotResource":"*","Condition":{"ForAnyValue:StringNotEqualsIfExists":{"aws:TagKeys":["a","b*"]},"Null":{"aws:ResourceOrgID":true},"IpAddress":{"aws:VpcSourceIp":["10.0.0.0/8","::1"]}}}}"#,
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"},{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*","Condition":{"StringNotEqualsIfExists":{"aws:PrincipalOrgID":"o-exampleorg1","aws:PrincipalAccount":111122223333},"BoolIfExists":{"aws:PrincipalIsAWSService":"false"}}}]}"#,
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/a"},"Action":"*:*","Resource":"arn:aws:s3:::*","Condition":{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/?*"},"DateLessThan":{"aws:CurrentTime":"2030-01-01T00:00:00Z"},"StringEqualsIgnoreCase":{"s3:prefix":"A/*"}}}]}"#,
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-exampleorg1","aws:ResourceOrgID":"o-exampleorg1"}}}]}"#,
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"},{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*","Condition":{"StringNotEquals":{"aws:PrincipalOrgID":"${aws:ResourceOrgID}"}}},{"Effect":"Deny","Principal":"*","Action":"*","NotResource":["arn:aws:s3:::corp-data","arn:aws:s3:::corp-data/*"],"Condition":{"ForAllValues:StringNotLike":{"aws:ResourceOrgPaths":"o-exampleorg1/*"},"StringNotEqualsIfExists":{"aws:ResourceAccount":["111122223333","444455556666"]}}}]}"#,
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":["sqs:SendMessage","kms:Decrypt","s3:*"],"Resource":"*","Condition":{"StringEquals":{"aws:PrincipalAccount":"111122223333"},"StringLike":{"aws:ResourceAccount":"1111222?3333","aws:PrincipalTag/team":"${aws:RequestTag/team, 'red'}"},"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/*"}}}}"#,
];

const PIECES: [&str; 24] = [
    "*",
    "?",
    "${",
    "}",
    "${aws:username}",
    "\"",
    "\\",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    "null",
    "1e400",
    "-0",
    "\\ud800",
    "IfExists",
    "ForAllValues:",
    "Not",
    "aws:",
    "\u{0}",
    "é",
    "************",
];

/// What may take the place of a name or a value.
const WORDS: [&str; 34] = [
    "*",
    "Allow",
    "Deny",
    "allow",
    "2008-10-17",
    "s3:Get*",
    "s3:*",
    "*:*",
    "arn:aws:s3:::corp-data/*",
    "arn:aws:s3:::corp-*",
    "arn:*:s3:*:*:accesspoint/*",
    "arn:aws:s3",
    "111122223333",
    "o-exampleorg1",
    "o-foreignorg1",
    "o-*",
    "o-exampleorg1/r-ab12/*",
    "${aws:PrincipalAccount}",
    "${aws:ResourceOrgID}",
    "true",
    "2030-01-01T00:00:00Z",
    "10.0.0.0/8",
    "aws:PrincipalOrgID",
    "aws:ResourceAccount",
    "aws:PrincipalIsAWSService",
    "aws:TagKeys",
    "StringEquals",
    "StringNotEqualsIfExists",
    "ForAnyValue:StringLike",
    "BoolIfExists",
    "Null",
    "NotPrincipal",
    "NotAction",
    "NotResource",
];

const SERVICES: [&str; 7] = ["s3", "ec2", "ebs", "kms", "sqs", "any", "no-such-service"];

fn perimeters() -> [Perimeter; 3] {
    let usual = Perimeter {
        builtin_aws_owned_resources: false,
        ..documents::perimeter()
    };
    [
        Perimeter {
            aws_owned_resources: vec!["arn:aws:s3:::aws-packages/*".to_owned()],
            ..usual.clone()
        },
        Perimeter {
            organization_paths: vec!["o-exampleorg1/r-ab12/ou-ab12-11111111/".to_owned()],
            organizations: Vec::new(),
            principals: vec!["arn:aws:iam::999999999999:role/partner".to_owned()],
            aws_services: false,
            ..usual
        },
        documents::perimeter(),
    ]
}

/// Pieces of text put in, taken out, or written over others.
fn broken(text: &str, random: &mut Random) -> String {
    let mut text: Vec<char> = text.chars().collect();
    for _ in 0..=random.below(5) {
        let at = random.below(text.len() + 1);
        let end = (at + random.below(12)).min(text.len());
        let piece = random.pick(&PIECES);
        match random.below(4) {
            0 => drop(text.splice(at..at, piece.chars())),
            1 => drop(text.splice(at..end, piece.chars())),
            2 => drop(text.drain(at..end)),
            _ => {
                let again: Vec<char> = text[at..end].to_vec();
                drop(text.splice(at..at, again));
            }
        }
    }
    text.into_iter().collect()
}

/// Somewhere in the tree, a member or value becomes another, comes twice, or goes.
fn regrown(value: &mut Value, random: &mut Random) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            let at = random.below(members.len());
            let name = members.keys().nth(at).unwrap().clone();
            match random.below(8) {
                0 => drop(members.shift_remove(&name)),
                1 => {
                    let value = members.shift_remove(&name).unwrap();
                    members.insert(random.pick(&WORDS).to_owned(), value);
                }
                2 => {
                    let value = members[&name].clone();
                    members.insert(random.pick(&WORDS).to_owned(), value);
                }
                _ => regrown(&mut members[&name], random),
            }
        }
        Value::Array(items) if !items.is_empty() => {
            let at = random.below(items.len());
            match random.below(8) {
                0 => drop(items.remove(at)),
                1 => items.push(items[at].clone()),
                2 => items.swap(0, at),
                _ => regrown(&mut items[at], random),
            }
        }
        other => {
            let word = Value::from(random.pick(&WORDS));
            *other = match random.below(6) {
                0 => Value::from(vec![other.clone(), word]),
                1 => Value::from(random.next()),
                2 => Value::Bool(true),
                _ => word,
            };
        }
    }
}

fn document(random: &mut Random) -> String {
    let seed = random.pick(&SEEDS);
    let mut value: Value = serde_json::from_str(seed).unwrap();
    for _ in 0..random.below(6) {
        regrown(&mut value, random);
    }
    if random.below(6) == 0 {
        let other: Value = serde_json::from_str(random.pick(&SEEDS)).unwrap();
        if let (Some(all), Some(more)) = (
            value.get_mut("Statement").and_then(Value::as_array_mut),
            other["Statement"].as_array(),
        ) {
            all.extend(more.iter().cloned());
        }
    }
    let text = value.to_string();
    if random.below(3) == 0 {
        broken(&text, random)
    } else {
        text
    }
}

/// Prints what was tried when it fails.
struct Trying<'t> {
    seed: u64,
    text: &'t str,
    service: &'t str,
}

impl Drop for Trying<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("FUZZ_SEED={} service {}\n{}", self.seed, self.service, self.text);
        }
    }
}

fn judge(text: &str, perimeter: &Perimeter, endpoint: &EndpointContext, random: &mut Random) {
    let document = match Document::parse(text) {
        Ok(document) => document,
        Err(error) => {
            assert!(!error.problems.is_empty() && error.problems.iter().all(|p| p.line > 0 && p.column > 0));
            return;
        }
    };
    let found = analyse(&document, perimeter, endpoint);
    let witnesses = [&found.identity, &found.resource].into_iter().flatten();
    for witness in witnesses.filter(|witness| witness.supposing.is_empty()) {
        assert!(evaluate(&document, &witness.request).is_allowed(), "{witness:?}");
    }
    let holes = found.identity.is_some() || found.resource.is_some();
    assert_eq!(holes, found.verdict == Containment::Open);
    assert!(found.verdict != Containment::Undecided || !found.reasons.is_empty());
    let closed = matches!(found.verdict, Containment::Closed | Containment::LockedOut);
    if closed
        && SERVICES[..5].contains(&endpoint.service.as_str())
        && endpoint.service != "ebs"
        && endpoint.service != "ec2"
    {
        refute(&document, perimeter, endpoint, 40, random);
    }
    if let Ok(fixed) = fix(&document, perimeter, endpoint) {
        assert!(fixed.added.is_empty() || fixed.text.chars().count() <= MOST_CHARACTERS);
        assert!(Document::parse(&fixed.text).is_ok());
    }
}

/// Tries to find a hole in a document that is called closed.
fn refute(document: &Document, perimeter: &Perimeter, endpoint: &EndpointContext, times: u64, random: &mut Random) {
    let Ok(value) = serde_json::from_str::<Value>(document.text()) else {
        return;
    };
    if perimeter.builtin_aws_owned_resources {
        return;
    }
    let requests = Requests::around(&value, perimeter, endpoint);
    for _ in 0..times {
        let drawn = requests.draw(random);
        if drawn.identity || drawn.resource {
            let decision = evaluate(document, &drawn.request);
            assert!(!decision.is_allowed(), "{decision:?} {:?}", drawn.request);
        }
    }
}

#[test]
fn broken_documents_are_refused_or_judged_and_random_requests_do_not_refute_it() {
    const USUAL: u64 = 2_000;
    let time = setting("FUZZ_SECONDS").map(Duration::from_secs);
    let first = setting("FUZZ_SEED").unwrap_or(1);
    let (start, perimeters) = (Instant::now(), perimeters());
    let mut slowest = (Duration::ZERO, String::new());
    let mut seed = first;
    while seed < first + USUAL || time.is_some_and(|time| start.elapsed() < time) {
        let mut random = Random::new(seed);
        let text = document(&mut random);
        let service = random.pick(&SERVICES);
        let perimeter = random.pick(&perimeters.each_ref());
        let trying = Trying {
            seed,
            text: &text,
            service,
        };
        let began = Instant::now();
        judge(&text, perimeter, &endpoint(service, random.below(4) == 0), &mut random);
        let took = began.elapsed();
        drop(trying);
        if took > slowest.0 {
            slowest = (took, format!("{service} {text}"));
        }
        seed += 1;
    }
    println!("{} documents, seeds {first} to {}", seed - first, seed - 1);
    println!("the slowest took {:?}: {}", slowest.0, slowest.1);
}

/// What was found in the documents of a run.
#[derive(Default)]
struct Tally {
    open: usize,
    closed: usize,
    locked_out: usize,
    undecided: usize,
    /// Undecided because they rest on keys that AWS does not publish, or not for the action.
    unpublished: usize,
    fixes: usize,
    requests: usize,
}

/// Requests that every document meets.
const MEETINGS: usize = 40;

/// Holds the analysis of a document against random requests: none shows a hole in what is closed, or a way through what
/// is locked out. A fix has no hole left and denies no request that lies in neither.
fn hold(text: &str, perimeter: &Perimeter, endpoint: &EndpointContext, tally: &mut Tally, random: &mut Random) {
    let document = Document::parse(text).unwrap();
    let found = analyse(&document, perimeter, endpoint);
    for witness in [&found.identity, &found.resource].into_iter().flatten() {
        assert_eq!(impossible(&witness.request, endpoint), None, "{witness:?}");
        assert!(!witness.supposing.is_empty() || evaluate(&document, &witness.request).is_allowed());
    }
    match found.verdict {
        Containment::Open => tally.open += 1,
        Containment::Closed => tally.closed += 1,
        Containment::LockedOut => tally.locked_out += 1,
        Containment::Undecided => {
            assert!(!found.reasons.is_empty());
            let open = |reason: &String| reason.starts_with("could not") || reason.ends_with("than the limit");
            if found.reasons.iter().any(open) {
                tally.undecided += 1;
            } else {
                tally.unpublished += 1;
            }
            println!(
                "undecided for {}: {}\n  {text}",
                endpoint.service,
                found.reasons.join("; ")
            );
        }
    }
    let fixed = match fix(&document, perimeter, endpoint) {
        Ok(fixed) if found.verdict == Containment::Open => {
            tally.fixes += 1;
            Some(Document::parse(&fixed.text).unwrap())
        }
        _ => None,
    };
    let requests = Requests::around(&serde_json::from_str(text).unwrap(), perimeter, endpoint);
    for _ in 0..MEETINGS {
        let drawn = requests.draw(random);
        if impossible(&drawn.request, endpoint).is_some() {
            continue;
        }
        tally.requests += 1;
        let allowed = evaluate(&document, &drawn.request).is_allowed();
        let hole = (drawn.identity && found.identity_decided && found.identity.is_none())
            || (drawn.resource && found.resource_decided && found.resource.is_none());
        assert!(!(allowed && hole), "a hole was missed: {:?}", drawn.request);
        if let Some(fixed) = &fixed {
            let after = evaluate(fixed, &drawn.request).is_allowed();
            assert!(
                !(after && (drawn.identity || drawn.resource)),
                "the fix leaves a hole: {:?}",
                drawn.request
            );
        }
    }
}

/// At most one document in ten thousand may stay undecided, those aside that are closed if requests have only the keys
/// that AWS publishes for their action.
#[test]
fn drawn_documents_are_decided_and_hold_against_random_requests() {
    const USUAL: u64 = 500;
    let time = setting("FUZZ_SECONDS").map(Duration::from_secs);
    let first = setting("FUZZ_SEED").unwrap_or(1);
    let (start, perimeters) = (Instant::now(), perimeters());
    let mut tally = Tally::default();
    let mut seed = first;
    while seed < first + USUAL || time.is_some_and(|time| start.elapsed() < time) {
        let mut random = Random::new(seed);
        let text = policies::policy(&mut random);
        let service = random.pick(&["s3", "sqs", "kms", "any"]);
        let perimeter = &perimeters[random.below(2)];
        let trying = Trying {
            seed,
            text: &text,
            service,
        };
        hold(&text, perimeter, &endpoint(service, false), &mut tally, &mut random);
        drop(trying);
        seed += 1;
    }
    let Tally {
        open,
        closed,
        locked_out,
        undecided,
        unpublished,
        fixes,
        requests,
    } = tally;
    let documents = open + closed + locked_out + undecided + unpublished;
    println!(
        "{documents} drawn documents, seeds {first} to {}: {open} open, {closed} closed, {locked_out} locked out, {undecided} undecided, {unpublished} that rest on keys that AWS does not publish; {requests} requests, {fixes} fixes",
        seed - 1
    );
    assert!(
        undecided <= 1 + documents / 10_000,
        "{undecided} of {documents} documents are undecided"
    );
}

/// `REQUESTS` says how many requests each document has to withstand.
#[test]
fn no_random_request_refutes_a_closed_verdict() {
    let times = setting("REQUESTS").unwrap_or(2_000);
    let perimeter = &perimeters()[0];
    let mut closed = 0;
    let own = SEEDS.map(|text| (text.to_owned(), "s3".to_owned(), false));
    let recorded = ["adversarial", "public"].map(documents::recorded);
    let recorded = recorded
        .into_iter()
        .flatten()
        .map(|sample| (sample.text, sample.service, sample.gateway));
    for (text, service, gateway) in own.into_iter().chain(recorded) {
        let Ok(document) = Document::parse(&text) else { continue };
        let endpoint = endpoint(&service, gateway);
        if analyse(&document, perimeter, &endpoint).verdict == Containment::Closed {
            let trying = Trying {
                seed: 1,
                text: &text,
                service: &service,
            };
            refute(&document, perimeter, &endpoint, times, &mut Random::new(1));
            drop(trying);
            closed += 1;
        }
    }
    println!("{closed} closed documents, {times} requests each");
    assert!(closed > 0);
}
