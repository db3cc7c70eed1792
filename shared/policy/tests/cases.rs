//! The recorded cases beside the project, when they are there: the right verdicts, and requests that a right verdict has
//! to allow for.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a test may panic and tell what it left out"
)]

use std::path::{Path, PathBuf};

use postern_policy::{Analysis, Containment, Document, EndpointContext, Perimeter, Request, analyse, evaluate, fix};

fn cases(kind: &str) -> Option<PathBuf> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = own.ancestors().map(|dir| dir.join("shared/cases").join(kind));
    let found = all.find(|dir| dir.is_dir());
    if found.is_none() {
        println!("no cases of the kind {kind} here: nothing is tested");
    }
    found
}

fn perimeter() -> Perimeter {
    Perimeter {
        organizations: vec!["o-exampleorg1".to_owned()],
        accounts: vec!["111122223333".to_owned(), "444455556666".to_owned()],
        resources: vec![
            "arn:aws:s3:::corp-data".to_owned(),
            "arn:aws:s3:::corp-data/*".to_owned(),
        ],
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
        vpc: "vpc-0aaaabbbbccccdddd1".to_owned(),
        endpoint: "vpce-0aaaabbbbccccdddd".to_owned(),
        time: 1_795_392_000,
    }
}

/// What the table says: `identity`, `resource`, `locked-out`, `closed` or `open`.
fn right(found: &Analysis, wanted: &str) -> bool {
    match wanted {
        "identity" => found.identity.is_some(),
        "resource" => found.resource.is_some(),
        "open" => found.verdict == Containment::Open,
        "closed" => found.verdict == Containment::Closed,
        "locked-out" => found.verdict == Containment::LockedOut,
        _ => false,
    }
}

const TABLE: [(&str, &str, &str); 22] = [
    ("m01-principalarn-path-colon", "s3", "identity"),
    ("m03-vpceorgid-unsupported-service", "secretsmanager", "identity"),
    ("m05-number-beyond-2-53", "s3", "identity"),
    ("m07-numeric-account", "s3", "identity"),
    ("m08-putevents-no-resourceaccount", "events", "resource"),
    ("m09-partition-eusc", "s3", "identity"),
    ("m10-orgpaths-without-set-operator", "s3", "identity"),
    ("m11-servicenameslist", "s3", "identity"),
    ("l01-unknown-key-principalvpc", "dynamodb", "locked-out"),
    ("l03-requestedregion-other", "s3", "locked-out"),
    ("lock1-resourceless-actions", "sqs", "closed"),
    ("i01-action-without-resource", "monitoring", "closed"),
    ("i03-getobject-on-bucket", "s3", "locked-out"),
    ("k1-listbucket-on-objects", "s3", "locked-out"),
    ("k2-token-on-repository", "ecr.api", "locked-out"),
    ("i05-sourcevpcarn-foreign", "s3", "locked-out"),
    ("i06-userid-of-our-root", "s3", "closed"),
    ("i08-ec2-bind-open-witness", "s3", "open"),
    ("i12-anonymous-with-session-key", "s3", "locked-out"),
    ("u01-account-in-bucket-name", "s3", "closed"),
    ("u02-ignorecase-and-like", "sqs", "locked-out"),
    ("c01-date-overflow-panics-in-dev-builds", "s3", "identity"),
];

#[test]
fn red_team_policies_have_their_right_verdicts() {
    let Some(dir) = cases("redteam") else { return };
    let mut wrong = Vec::new();
    for (name, service, wanted) in TABLE {
        let text = std::fs::read_to_string(dir.join(format!("{name}.json"))).unwrap();
        let document = Document::parse(&text).unwrap();
        let mut perimeter = perimeter();
        perimeter.aws_services = !name.starts_with("m11");
        let mut endpoint = endpoint(service);
        endpoint.gateway = service == "dynamodb";
        if name.starts_with("m09") {
            endpoint.region = "eusc-de-east-1".to_owned();
        }
        let found = analyse(&document, &perimeter, &endpoint);
        if !right(&found, wanted) {
            wrong.push(format!(
                "{name}: {:?} instead of {wanted}: {:?} {:#?}",
                found.verdict, found.reasons, found.explanation
            ));
        }
        let request = dir.join(format!("{name}.request"));
        if let Ok(text) = std::fs::read_to_string(request) {
            let request: Request = serde_json::from_str(&text).unwrap();
            assert!(evaluate(&document, &request).is_allowed(), "{name}");
        }
    }
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn partner_principal_does_not_keep_the_default_policy_from_being_fixed() {
    let Some(dir) = cases("redteam") else { return };
    let text = std::fs::read_to_string(dir.join("f01-principals-default.json")).unwrap();
    let perimeter = Perimeter {
        principals: vec!["arn:aws:iam::777777777777:role/partner".to_owned()],
        aws_owned_resources: vec!["arn:aws:s3:::prod-us-east-1-starport-layer-bucket/*".to_owned()],
        ..perimeter()
    };
    for service in ["s3", "dynamodb", "sqs", "kms", "secretsmanager", "sts", "logs"] {
        let fixed = fix(&Document::parse(&text).unwrap(), &perimeter, &endpoint(service));
        assert!(fixed.is_ok(), "{service}: {}", fixed.unwrap_err());
    }
}

#[test]
fn reported_policies_have_their_right_verdicts() {
    let Some(dir) = cases("policies") else { return };
    let settings = Perimeter {
        organizations: vec!["o-exampleorg1".to_owned()],
        aws_services: true,
        ..Perimeter::default()
    };
    let own = Perimeter {
        accounts: vec!["111122223333".to_owned()],
        ..settings.clone()
    };
    let read = |name: &str| Document::parse(&std::fs::read_to_string(dir.join(name)).unwrap()).unwrap();
    for (name, place) in [
        ("unrendered-placeholder-org-id.json", "${ORG_ID}"),
        ("cfn-unresolved-sub.json", "${OrgId}"),
    ] {
        let found = analyse(&read(name), &settings, &endpoint("s3"));
        assert_eq!(
            found.verdict,
            Containment::LockedOut,
            "{name}: {:?} {:?}",
            found.reasons,
            found.explanation
        );
        assert!(
            found.reasons.iter().any(|reason| reason.contains(place)),
            "{:?}",
            found.reasons
        );
    }
    let found = analyse(&read("userid-own-federated-user.json"), &own, &endpoint("s3"));
    assert!(found.identity.is_none(), "{:?}", found.identity);
    let found = analyse(
        &read("execute-api-shorthand-resource.json"),
        &settings,
        &endpoint("execute-api"),
    );
    println!("{:?} {:?} {:?}", found.verdict, found.reasons, found.explanation);
    let found = analyse(&read("userid-condition.json"), &own, &endpoint("s3"));
    println!("{:?} {:?} {:?}", found.verdict, found.reasons, found.explanation);
    let fixed = fix(
        &read("execute-api-resource-org-only.json"),
        &settings,
        &endpoint("execute-api"),
    );
    println!("{fixed:?}");
}
