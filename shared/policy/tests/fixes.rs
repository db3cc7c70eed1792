//! The fix of an open policy, for every endpoint service that AWS documents and every way to trust somebody.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic and tell what it did"
)]

use std::collections::BTreeMap;

use postern_policy::{Containment, Document, NoFix, Perimeter, Request, analyse, evaluate, fix, short_name};

mod documents;

use documents::endpoint;

const OPEN: &str = r#"{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}"#;

/// The services of AWS's list by their short names. Endpoints with a FIPS marker have the same actions as those without.
fn services() -> Vec<String> {
    let list = include_str!("../data/privatelink-services.txt");
    let names = list
        .lines()
        .filter(|line| !line.starts_with('#') && !line.contains("fips"));
    let mut all: Vec<String> = names
        .map(|name| short_name(&name.replace("{region}", "us-east-1")).unwrap().to_owned())
        .collect();
    all.sort();
    all.dedup();
    assert!(all.len() > 250, "{}", all.len());
    all
}

fn perimeters() -> Vec<(&'static str, Perimeter)> {
    let base = Perimeter {
        aws_services: true,
        images_of_any_owner: true,
        ..Perimeter::default()
    };
    let some = |text: &str| vec![text.to_owned()];
    vec![
        (
            "organisation",
            Perimeter {
                organizations: some("o-exampleorg1"),
                ..base.clone()
            },
        ),
        (
            "path",
            Perimeter {
                organization_paths: some("o-exampleorg1/r-ab12/ou-ab12-11111111/"),
                ..base.clone()
            },
        ),
        (
            "account",
            Perimeter {
                accounts: some("111122223333"),
                ..base.clone()
            },
        ),
        (
            "principal",
            Perimeter {
                organizations: some("o-exampleorg1"),
                principals: some("arn:aws:iam::444455556666:role/partner"),
                ..base.clone()
            },
        ),
        (
            "principal and resource",
            Perimeter {
                principals: some("arn:aws:iam::444455556666:role/partner"),
                resources: some("arn:aws:*:us-east-1:444455556666:*"),
                ..base
            },
        ),
    ]
}

#[test]
fn open_policy_of_every_service_has_a_proven_fix_or_advice_that_closes_it() {
    let document = Document::parse(OPEN).unwrap();
    let mut advised: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut failures = Vec::new();
    for service in services() {
        for (kind, perimeter) in perimeters() {
            let endpoint = endpoint(&service, false);
            match fix(&document, &perimeter, &endpoint) {
                Ok(fixed) => assert!(!fixed.added.is_empty(), "{service} {kind}"),
                Err(NoFix::OwnersUntold { advice, request }) if !advice.statements.is_empty() => {
                    let text = OPEN.replace("]}", &format!(",{}]}}", advice.statements.join(",")));
                    let mut trusting = perimeter.clone();
                    trusting.resources.extend(advice.resources.clone());
                    let found = analyse(&Document::parse(&text).unwrap(), &trusting, &endpoint);
                    assert_eq!(found.verdict, Containment::Closed, "{service} {kind}: {found:#?}");
                    assert!(!found.locked_out, "{service} {kind}: {text}");
                    assert!(
                        NoFix::OwnersUntold { advice, request }
                            .to_string()
                            .contains("append these statements")
                    );
                    advised.entry(kind).or_default().push(service.clone());
                }
                // AWS documents no actions of these.
                Err(NoFix::ServiceUnknown(_)) if ["emrwal.prod", "iotroborunner"].contains(&service.as_str()) => {}
                Err(other) => failures.push(format!("{service} {kind}: {other}")),
            }
        }
    }
    assert!(failures.is_empty(), "{}\n{advised:#?}", failures.join("\n"));
    let untold = [
        "auditmanager",
        "detective",
        "ds",
        "ebs",
        "ec2",
        "events",
        "guardduty",
        "guardduty-data",
        "macie2",
        "route53",
        "securityhub",
    ];
    for (kind, services) in advised {
        let mut others = services.iter().filter(|service| !untold.contains(&service.as_str()));
        assert_eq!(others.next(), None, "{kind}");
    }
}

#[test]
fn trusted_resources_alone_trust_no_principal() {
    let perimeter = Perimeter {
        resources: vec!["arn:aws:s3:::corp-data/*".to_owned()],
        ..Perimeter::default()
    };
    let document = Document::parse(OPEN).unwrap();
    assert_eq!(
        fix(&document, &perimeter, &endpoint("s3", false)),
        Err(NoFix::NobodyTrusted)
    );
}

#[test]
fn fix_keeps_every_kind_of_principal_that_is_trusted_by_its_name() {
    for name in [
        "arn:aws:iam::555566667777:role/app",
        "arn:aws:iam::555566667777:user/deploy",
        "arn:aws:iam::555566667777:user/team/deploy",
        "arn:aws:iam::555566667777:root",
        "arn:aws:sts::555566667777:federated-user/deploy",
    ] {
        let perimeter = Perimeter {
            organizations: vec!["o-exampleorg1".to_owned()],
            principals: vec![name.to_owned()],
            ..Perimeter::default()
        };
        let fixed = fix(&Document::parse(OPEN).unwrap(), &perimeter, &endpoint("sqs", false)).unwrap();
        let context = [
            ("aws:PrincipalArn", name),
            ("aws:PrincipalAccount", "555566667777"),
            ("aws:PrincipalIsAWSService", "false"),
            ("aws:ResourceAccount", "111122223333"),
            ("aws:ResourceOrgID", "o-exampleorg1"),
        ];
        let request = Request {
            principal: name.to_owned(),
            action: "sqs:SendMessage".to_owned(),
            resource: "arn:aws:sqs:us-east-1:111122223333:orders".to_owned(),
            context: context
                .map(|(key, value)| (key.to_owned(), vec![value.to_owned()]))
                .into(),
            gateway: false,
        };
        let decision = evaluate(&Document::parse(&fixed.text).unwrap(), &request);
        assert!(decision.is_allowed(), "{name}: {}", fixed.text);
    }
}
