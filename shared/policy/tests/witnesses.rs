//! Witnesses of documents changed at random: each is one request as AWS would see it, with keys that agree.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test may panic"
)]

use postern_policy::{Document, EndpointContext, Perimeter, analyse, evaluate, impossible};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

fn endpoint(service: &str, gateway: bool) -> EndpointContext {
    EndpointContext {
        service: service.to_owned(),
        gateway,
        owner: "111122223333".to_owned(),
        region: "us-east-1".to_owned(),
        vpc: "vpc-0a1b2c3d4e5f60718".to_owned(),
        endpoint: "vpce-0a1b2c3d4e5f60718".to_owned(),
        time: 1_795_392_000,
    }
}

fn perimeters() -> [Perimeter; 3] {
    let organization = Perimeter {
        organizations: vec!["o-exampleorg1".to_owned()],
        builtin_aws_owned_resources: true,
        aws_services: true,
        ..Perimeter::default()
    };
    let accounts = Perimeter {
        accounts: vec!["111122223333".to_owned()],
        principals: vec!["arn:aws:iam::444455556666:role/partner".to_owned()],
        resources: vec!["arn:aws:s3:::corp-data/*".to_owned()],
        ..Perimeter::default()
    };
    let paths = Perimeter {
        organization_paths: vec!["o-exampleorg1/r-ab12/ou-ab12-11111111/".to_owned()],
        accounts: vec!["111122223333".to_owned()],
        ..Perimeter::default()
    };
    [organization, accounts, paths]
}

const CONDITIONS: [&str; 26] = [
    r#"{"StringEquals":{"aws:PrincipalOrgID":"o-exampleorg1"}}"#,
    r#"{"StringNotEquals":{"aws:PrincipalOrgID":"o-exampleorg1"}}"#,
    r#"{"StringNotEqualsIfExists":{"aws:ResourceOrgID":"o-exampleorg1"}}"#,
    r#"{"StringEqualsIfExists":{"aws:ResourceAccount":["111122223333","444455556666"]}}"#,
    r#"{"StringLike":{"aws:PrincipalAccount":"1111*"}}"#,
    r#"{"StringEquals":{"aws:ResourceAccount":"${aws:PrincipalAccount}"}}"#,
    r#"{"StringEquals":{"aws:ResourceOrgID":"${aws:PrincipalOrgID}"}}"#,
    r#"{"ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o-*/r-ab12/*"}}"#,
    r#"{"ForAllValues:StringNotLike":{"aws:ResourceOrgPaths":"o-exampleorg1/*"}}"#,
    r#"{"BoolIfExists":{"aws:PrincipalIsAWSService":"false"}}"#,
    r#"{"Bool":{"aws:PrincipalIsAWSService":"true"}}"#,
    r#"{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/app-?"}}"#,
    r#"{"StringLike":{"aws:PrincipalArn":"arn:aws:iam::4444*:user/*"}}"#,
    r#"{"StringEquals":{"aws:username":"alice"}}"#,
    r#"{"StringLike":{"aws:username":"b?b*"}}"#,
    r#"{"StringEquals":{"aws:PrincipalType":"User"}}"#,
    r#"{"Null":{"aws:ResourceAccount":"true"}}"#,
    r#"{"Null":{"aws:PrincipalOrgID":"true"}}"#,
    r#"{"StringEquals":{"s3:ResourceAccount":"111122223333"}}"#,
    r#"{"StringNotEquals":{"kms:CallerAccount":"111122223333"}}"#,
    r#"{"StringEquals":{"aws:SourceVpce":"vpce-0a1b2c3d4e5f60718"}}"#,
    r#"{"Bool":{"aws:SecureTransport":"true"}}"#,
    r#"{"DateGreaterThan":{"aws:CurrentTime":"2027-01-01T00:00:00Z"}}"#,
    r#"{"IpAddress":{"aws:VpcSourceIp":"10.20.0.0/16"}}"#,
    r#"{"StringEquals":{"aws:PrincipalTag/team":"blue"}}"#,
    r#"{}"#,
];

const RESOURCES: [&str; 11] = [
    "*",
    "arn:aws:s3:::*",
    "arn:aws:s3:::corp-*",
    "arn:aws:s3:::corp-dat?/*",
    "arn:aws:s3:::*Data*",
    "arn:aws:s3:*:111122223333:accesspoint/*",
    "arn:aws:*:*:444455556666:*",
    "arn:aws:sqs:*:*:queue-*",
    "arn:aws:kms:eu-*:*:key/*",
    "arn:aws:ec2:*::snapshot/*",
    "arn:aws:iam::*:role/*",
];

const ACTIONS: [&str; 9] = [
    "*",
    "s3:*",
    "s3:getobject",
    "s3:Put*",
    "sqs:*",
    "kms:decrypt",
    "ebs:*",
    "ec2:Create*",
    "*:Get*",
];

const PRINCIPALS: [&str; 6] = [
    r#""*""#,
    r#"{"AWS":"*"}"#,
    r#"{"AWS":"444455556666"}"#,
    r#"{"AWS":"arn:aws:iam::444455556666:user/bob"}"#,
    r#"{"AWS":"arn:aws:sts::999999999999:assumed-role/app/session"}"#,
    r#"{"Service":"cloudtrail.amazonaws.com"}"#,
];

fn statement() -> impl Strategy<Value = Value> {
    let conditions = prop::collection::vec(select(&CONDITIONS[..]), 0..3);
    let (resources, actions) = (
        prop::collection::vec(select(&RESOURCES[..]), 1..3),
        prop::collection::vec(select(&ACTIONS[..]), 1..3),
    );
    (
        any::<bool>(),
        select(&PRINCIPALS[..]),
        actions,
        resources,
        conditions,
        any::<[bool; 2]>(),
    )
        .prop_map(
            |(deny, principal, actions, resources, conditions, [not_action, not_resource])| {
                let mut block = serde_json::Map::new();
                for condition in conditions {
                    let condition: Value = serde_json::from_str(condition).unwrap();
                    for (operator, keys) in condition.as_object().unwrap() {
                        let known = block.entry(operator.clone()).or_insert_with(|| json!({}));
                        known.as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
                    }
                }
                let action = if deny && not_action { "NotAction" } else { "Action" };
                let resource = if deny && not_resource {
                    "NotResource"
                } else {
                    "Resource"
                };
                let principal: Value = serde_json::from_str(principal).unwrap();
                json!({
                    "Effect": if deny { "Deny" } else { "Allow" },
                    "Principal": if deny { json!("*") } else { principal },
                    action: actions,
                    resource: resources,
                    "Condition": block,
                })
            },
        )
}

fn config() -> ProptestConfig {
    let usual = ProptestConfig::default();
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() {
        usual.cases
    } else {
        400
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
    fn keys_of_a_witness_agree_with_each_other_and_with_its_names(
        statements in prop::collection::vec(statement(), 1..4),
        service in select(&["s3", "sqs", "kms", "ec2", "ebs", "sts", "any"][..]),
        perimeter in select(perimeters().to_vec()),
        gateway in any::<bool>(),
    ) {
        let text = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
        let document = Document::parse(&text).unwrap();
        let endpoint = endpoint(service, gateway);
        let found = analyse(&document, &perimeter, &endpoint);
        for witness in [&found.identity, &found.resource].into_iter().flatten() {
            if witness.supposing.is_empty() {
                prop_assert!(evaluate(&document, &witness.request).is_allowed(), "{witness:?}");
            }
            let flaw = impossible(&witness.request, &endpoint);
            prop_assert!(flaw.is_none() || service == "any", "{flaw:?} in {:#?} of {text}", witness.request);
        }
    }
}

#[test]
fn witness_names_a_plain_object_where_access_points_are_open_as_well() {
    let text = r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":["arn:aws:s3:*:*:accesspoint/*","arn:aws:s3-object-lambda:*:*:*","arn:aws:s3:::*"]}}"#;
    for [organization, ..] in [perimeters()] {
        let found = analyse(&Document::parse(text).unwrap(), &organization, &endpoint("s3", true));
        for witness in [found.identity, found.resource] {
            assert_eq!(witness.unwrap().request.resource, "arn:aws:s3:::example-bucket/example");
        }
    }
}

#[test]
fn actions_are_spelled_as_aws_spells_them() {
    let text = r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"S3:getobject","Resource":"*"}}"#;
    for service in ["s3", "any"] {
        let [perimeter, ..] = perimeters();
        let found = analyse(&Document::parse(text).unwrap(), &perimeter, &endpoint(service, false));
        assert_eq!(found.identity.unwrap().request.action, "s3:GetObject");
    }
}
