//! Documents broken in many small ways: nothing panics, and nothing takes long.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test may panic"
)]

use postern_policy::{Containment, Document, EndpointContext, Perimeter, Request, analyse, evaluate, fix};
use proptest::prelude::*;
use proptest::sample::{Index, select};

const SEEDS: [&str; 4] = [
    r#"{"Version":"2012-10-17","Statement":[{"Sid":"a","Effect":"Allow","Principal":{"AWS":["*","111122223333"]},"Action":["s3:Get*","s3:?ut*"],"Resource":["arn:aws:s3:::${aws:PrincipalTag/home, 'x'}/*","arn:aws:s3:*:*:accesspoint/?"],"Condition":{"StringLike":{"aws:PrincipalOrgPaths":["o-exampleorg1/*"]},"NumericLessThan":{"s3:max-keys":10}}}]}"#,
    r#"{"Statement":{"Effect":"Deny","NotPrincipal":{"Service":"cloudtrail.amazonaws.com"},"NotAction":"s3:*","NotResource":"*","Condition":{"ForAnyValue:StringNotEqualsIfExists":{"aws:TagKeys":["a","b*"]},"Null":{"aws:ResourceOrgID":true},"IpAddress":{"aws:VpcSourceIp":["10.0.0.0/8","::1"]}}}}"#,
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"},{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*","Condition":{"StringNotEqualsIfExists":{"aws:PrincipalOrgID":"o-exampleorg1","aws:PrincipalAccount":111122223333},"BoolIfExists":{"aws:PrincipalIsAWSService":"false"}}}]}"#,
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/a"},"Action":"*:*","Resource":"arn:aws:s3:::*","Condition":{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/?*"},"DateLessThan":{"aws:CurrentTime":"2030-01-01T00:00:00Z"},"StringEqualsIgnoreCase":{"s3:prefix":"A/*"}}}]}"#,
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

fn endpoint(service: &str, gateway: bool) -> EndpointContext {
    EndpointContext {
        service: service.to_owned(),
        gateway,
        owner: "111122223333".to_owned(),
        region: "us-east-1".to_owned(),
        vpc: "vpc-0aaaabbbbccccdddd1".to_owned(),
        endpoint: "vpce-0aaaabbbbccccdddd".to_owned(),
        time: 1_795_392_000,
    }
}

fn perimeter() -> Perimeter {
    Perimeter {
        organizations: vec!["o-exampleorg1".to_owned()],
        accounts: vec!["111122223333".to_owned()],
        aws_services: true,
        builtin_aws_owned_resources: true,
        ..Perimeter::default()
    }
}

fn config() -> ProptestConfig {
    let usual = ProptestConfig::default();
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() {
        usual.cases
    } else {
        150
    };
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..usual
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn broken_documents_are_refused_or_judged(
        seed in select(&SEEDS[..]),
        edits in prop::collection::vec((any::<Index>(), 0..3_u8, select(&PIECES[..]), any::<Index>()), 0..6),
        service in select(&["s3", "ec2", "ebs", "kms", "any", "no-such-service"][..]),
        gateway in any::<bool>(),
    ) {
        let mut text: Vec<char> = seed.chars().collect();
        for (at, kind, piece, length) in edits {
            let at = at.index(text.len());
            let end = (at + length.index(12)).min(text.len());
            match kind {
                0 => drop(text.splice(at..at, piece.chars())),
                1 => drop(text.splice(at..end, piece.chars())),
                _ => drop(text.drain(at..end)),
            }
        }
        let text: String = text.into_iter().collect();
        match Document::parse(&text) {
            Err(error) => prop_assert!(!error.problems.is_empty() && error.problems[0].line > 0),
            Ok(document) => {
                let endpoint = endpoint(service, gateway);
                let found = analyse(&document, &perimeter(), &endpoint);
                for witness in [&found.identity, &found.resource].into_iter().flatten().filter(|w| w.supposing.is_empty()) {
                    prop_assert!(evaluate(&document, &witness.request).is_allowed(), "{witness:?}");
                }
                let holes = found.identity.is_some() || found.resource.is_some();
                prop_assert_eq!(holes, found.verdict == Containment::Open);
                if let Ok(fixed) = fix(&document, &perimeter(), &endpoint) {
                    prop_assert!(Document::parse(&fixed.text).is_ok());
                }
                evaluate(&document, &Request { principal: "anonymous".to_owned(), ..Request::default() });
            }
        }
    }

    #[test]
    fn any_text_is_refused_or_understood(text in any::<String>()) {
        let _ = Document::parse(&text);
    }
}

#[test]
fn large_documents_are_refused_or_judged_within_bounds() {
    let statement = r#"{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::a*b*c*d*/*"}"#;
    for count in [400, 10_000] {
        let text = format!("{{\"Statement\":[{}]}}", vec![statement; count].join(","));
        if let Ok(document) = Document::parse(&text) {
            let found = analyse(&document, &perimeter(), &endpoint("s3", false));
            assert_ne!(found.verdict, Containment::Closed);
            assert!(
                found
                    .reasons
                    .iter()
                    .any(|reason| reason.contains("longer than 20480 characters"))
            );
        } else {
            assert!(count > 500);
        }
    }
    let deep = "{\"Statement\":".repeat(100_000);
    assert!(Document::parse(&deep).is_err());
    let long = format!(
        r#"{{"Statement":{{"Effect":"Allow","Principal":"*","Action":"*","Resource":"arn:aws:s3:::{}"}}}}"#,
        "*a".repeat(500_000)
    );
    let document = Document::parse(&long).unwrap();
    assert_ne!(
        analyse(&document, &perimeter(), &endpoint("s3", false)).verdict,
        Containment::Closed
    );
}
