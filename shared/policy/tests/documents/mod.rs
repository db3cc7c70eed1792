//! Documents that take long, settings to hold them against, and where the recorded policies are.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "shared by tests and benchmarks, of which none takes all"
)]

use std::path::{Path, PathBuf};

use postern_policy::{EndpointContext, MOST_CHARACTERS, Perimeter};
use serde_json::Value;

pub fn perimeter() -> Perimeter {
    Perimeter {
        organizations: vec!["o-exampleorg1".to_owned()],
        accounts: vec!["111122223333".to_owned(), "444455556666".to_owned()],
        resources: vec![
            "arn:aws:s3:::corp-data".to_owned(),
            "arn:aws:s3:::corp-data/*".to_owned(),
        ],
        aws_services: true,
        builtin_aws_owned_resources: true,
        ..Perimeter::default()
    }
}

pub fn endpoint(service: &str, gateway: bool) -> EndpointContext {
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

/// The directory of recorded policies of a kind, beside the project.
pub fn samples(kind: &str) -> Option<PathBuf> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = own.ancestors().map(|dir| dir.join("shared/policies").join(kind));
    all.find(|dir| dir.is_dir())
}

/// A recorded policy.
pub struct Sample {
    pub name: String,
    pub text: String,
    pub service: String,
    pub gateway: bool,
}

/// The recorded policies of a kind. None where there are no records.
pub fn recorded(kind: &str) -> Vec<Sample> {
    let Some(dir) = samples(kind) else { return Vec::new() };
    let json =
        |name: &str| -> Option<Value> { serde_json::from_str(&std::fs::read_to_string(dir.join(name)).ok()?).ok() };
    let cases: Vec<(String, Value)> = match json("index.json").or_else(|| json("expected.json")).unwrap() {
        Value::Array(cases) => cases
            .into_iter()
            .map(|case| (case["file"].as_str().unwrap().to_owned(), case))
            .collect(),
        other => other["cases"].as_object().unwrap().clone().into_iter().collect(),
    };
    let sample = |(name, case): (String, Value)| Sample {
        text: std::fs::read_to_string(dir.join(&name)).unwrap(),
        service: case["service"].as_str().unwrap().to_owned(),
        gateway: case["endpointType"] == "Gateway",
        name,
    };
    cases.into_iter().map(sample).collect()
}

/// Ninety statements about sixty buckets that fill the longest document that EC2 takes.
pub fn longest() -> String {
    let statement = |n: usize| {
        format!(
            r#"{{"Effect":"{}","Principal":"*","Action":"s3:{}*","Resource":["arn:aws:s3:::corp-{:02}-x/*","arn:aws:s3:::team-{:02}"],"Condition":{{"StringEquals":{{"aws:PrincipalOrgID":"o-exampleorg1","aws:ResourceAccount":"{:012}"}}}}}}"#,
            if n % 9 == 8 { "Deny" } else { "Allow" },
            ["Get", "Put", "List"][n % 3],
            n % 30,
            n % 30,
            n % 7,
        )
    };
    let all: Vec<String> = (0..90).map(statement).collect();
    let text = format!(r#"{{"Version":"2012-10-17","Statement":[{}]"#, all.join(","));
    format!("{text:<width$}}}", width = MOST_CHARACTERS - 1)
}

fn values(n: usize, value: impl Fn(usize) -> String) -> String {
    (0..n).map(|i| format!("{:?}", value(i))).collect::<Vec<_>>().join(",")
}

fn denied(resource: &str, condition: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}},{{"Effect":"Deny","Principal":"*","Action":"*","Resource":[{resource}],"Condition":{{{condition}}}}}]}}"#
    )
}

/// Documents of a length that AWS takes, made to take long.
pub fn hostile() -> Vec<(&'static str, String)> {
    let many = |n: usize, deny: &dyn Fn(usize) -> String| {
        let denies: Vec<String> = (0..n)
            .map(|n| {
                format!(
                    r#"{{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*","Condition":{{{}}}}}"#,
                    deny(n)
                )
            })
            .collect();
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}},{}]}}"#,
            denies.join(",")
        )
    };
    vec![
        (
            "wildcards",
            denied(&values(300, |i| format!("arn:aws:s3:::*{}*{}*", i % 17, i)), ""),
        ),
        (
            "one long pattern",
            denied(&values(1, |_| format!("arn:aws:s3:::{}", "*a?".repeat(6_000))), ""),
        ),
        (
            "long patterns",
            denied(&values(30, |i| format!("arn:aws:s3:::{}{i}", "*a?b".repeat(120))), ""),
        ),
        (
            "question marks",
            denied(&values(100, |i| format!("arn:aws:s3:::?*{i}?*?")), ""),
        ),
        (
            "fields",
            denied(&values(200, |i| format!("arn:aws*:s3*:*{}*:*{i}*:*{i}*", i % 9)), ""),
        ),
        ("services", denied(&values(800, |i| format!("arn:aws*:s{i}:*::x")), "")),
        (
            "many keys",
            many(1, &|_| {
                let keys: Vec<String> = (0..1_900).map(|i| format!(r#""{i}":"a""#)).collect();
                format!(r#""StringEquals":{{{}}}"#, keys.join(","))
            }),
        ),
        (
            "many accounts",
            denied(
                "\"*\"",
                &format!(
                    r#""StringNotEquals":{{"aws:PrincipalAccount":[{}]}},"StringNotEqualsIfExists":{{"aws:ResourceAccount":[{}]}}"#,
                    values(600, |i| format!("{i:012}")),
                    values(600, |i| format!("{:012}", i + 600))
                ),
            ),
        ),
        (
            "variables of accounts",
            many(60, &|n| {
                format!(
                    r#""StringNotEquals":{{"aws:ResourceAccount":["${{aws:PrincipalAccount}}","{n:012}"],"aws:ResourceOrgID":"${{aws:PrincipalOrgID}}","s3:prefix":"${{aws:username}}/{n}"}}"#
                )
            }),
        ),
        (
            "paths",
            denied(
                "\"*\"",
                &format!(
                    r#""ForAllValues:StringNotLike":{{"aws:PrincipalOrgPaths":[{}]}}"#,
                    values(200, |i| format!("*/ou-*{i}*/*"))
                ),
            ),
        ),
        (
            "values",
            denied(
                "\"*\"",
                &format!(
                    r#""ForAnyValue:StringLike":{{"aws:TagKeys":[{}]}}"#,
                    values(400, |i| format!("*{i}*a*"))
                ),
            ),
        ),
        (
            "principals",
            denied(
                "\"*\"",
                &format!(
                    r#""ArnNotLike":{{"aws:PrincipalArn":[{}]}}"#,
                    values(250, |i| format!("arn:aws:iam::*{}*:role/*{i}*", i % 50))
                ),
            ),
        ),
        (
            "accounts",
            denied(
                "\"*\"",
                &format!(
                    r#""StringNotLike":{{"aws:PrincipalAccount":[{}]}}"#,
                    values(300, |i| format!("*{i}*"))
                ),
            ),
        ),
        (
            "actions",
            format!(
                r#"{{"Statement":{{"Effect":"Allow","Principal":"*","Action":[{}],"Resource":"*"}}}}"#,
                values(700, |i| format!("s3:*{}*e*t?*{i}*", i % 7))
            ),
        ),
        (
            "conditions",
            many(130, &|n| {
                format!(
                    r#""StringNotLike":{{"aws:PrincipalTag/a{}":"*{n}*","aws:RequestTag/b{}":"?{n}*"}}"#,
                    n % 40,
                    n % 30
                )
            }),
        ),
        (
            "keys",
            many(3, &|n| {
                let keys: Vec<String> = (0..200).map(|i| format!(r#""aws:RequestTag/{n}{i}":"a""#)).collect();
                format!(r#""StringNotEquals":{{{}}}"#, keys.join(","))
            }),
        ),
        (
            "pairs of keys",
            many(140, &|n| {
                format!(
                    r#""StringEquals":{{"aws:RequestTag/{}":"a","aws:RequestTag/{}":"b"}}"#,
                    n % 13,
                    n % 17 + 20
                )
            }),
        ),
        (
            "identities",
            many(105, &|n| {
                format!(
                    r#""StringLike":{{"aws:PrincipalOrgID":"o-*{n}*","aws:ResourceAccount":"*{n}*","aws:PrincipalAccount":"*{n}?*"}}"#
                )
            }),
        ),
        (
            "variables",
            denied(
                &values(60, |i| {
                    format!("arn:aws:s3:::${{aws:PrincipalTag/t{i}}}-${{aws:username}}/*")
                }),
                "",
            ),
        ),
        (
            "variables with wildcards",
            many(90, &|n| {
                format!(
                    r#""StringNotLike":{{"aws:ResourceAccount":"*${{aws:PrincipalTag/t{}}}*","s3:prefix":"${{aws:username}}*{n}"}}"#,
                    n % 9
                )
            }),
        ),
        (
            "variables of free keys",
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":["s3:Get*","sqs:*"],"Resource":"*","Condition":{"ForAllValues:StringNotEquals":{"aws:FederatedProvider":"${aws:UserAgent}"}}},{"Effect":"Allow","Principal":"*","Action":["s3:ListBucket","s3:PutObject","sqs:CreateQueue"],"Resource":["arn:aws:s3:::b*","arn:aws:sqs:*:*:${aws:userid}/*"],"Condition":{"StringNotEquals":{"aws:UserAgent":["${aws:RequestTag/b}","*${aws:FederatedProvider}*","${s3:prefix}"]}}},{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"},{"Effect":"Deny","Principal":"*","Action":"*","Resource":["arn:aws:s3:::${aws:PrincipalArn}/*","arn:aws:sqs:*:*:${aws:SourceAccount, 'zz'}"],"Condition":{"StringNotEqualsIfExists":{"s3:prefix":["111122223333","home","${aws:RequestedRegion, 'zz'}"]},"ForAllValues:StringLike":{"aws:PrincipalOrgID":["${aws:SourceAccount}","eu-*","${aws:SourceIdentity}"]}}}]}"#.to_owned(),
        ),
        (
            "variables of tags",
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":["s3:ListBucket","s3:PutObject","sqs:CreateQueue"],"Resource":["arn:aws:s3:::${aws:RequestTag/b}","arn:aws:sqs:*:*:o-exampleorg1"],"Condition":{"ForAllValues:StringLike":{"aws:RequestTag/b":["${aws:RequestTag/team}","${s3:max-keys}","home-${aws:PrincipalTag/a}"]}}}]}"#.to_owned(),
        ),
        (
            "variables of every kind",
            many(24, &|n| {
                format!(
                    r#""ArnNotLike":{{"aws:PrincipalArn":["arn:aws:iam::*:role/*-${{aws:userid}}","arn:aws:iam::*:role/Re*-${{aws:PrincipalOrgID}}","arn:aws:iam::*:role/*${{aws:username}}*{n}"]}},"StringEqualsIgnoreCase":{{"aws:SourceIdentity":["b*-${{aws:ResourceAccount}}","${{aws:PrincipalTag/t{}, 'zz'}}"]}},"ForAllValues:StringNotEquals":{{"aws:TagKeys":["home-${{aws:userid}}","${{s3:prefix}}/{n}"]}}"#,
                    n % 3
                )
            }),
        ),
        (
            "readings",
            format!(
                r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Effect":"allow","Principal":{{"AWS":"*"}},"Action":"*:*","NotResource":["arn:aws:s3","arn:aws:s3:::${{aws:username}}"],"Condition":{{"ForAnyValue:StringLikeIfExists":{{"aws:TagKeys":[{}]}},"StringEquals":{{"aws:PrincipalAccount":1111222233}}}}}}]}}"#,
                values(300, |i| format!("*{i}*a*"))
            ),
        ),
        (
            "networks and numbers",
            denied(
                "\"*\"",
                &format!(
                    r#""NotIpAddress":{{"aws:VpcSourceIp":[{}]}},"NumericNotEquals":{{"s3:max-keys":[{}]}},"DateNotEquals":{{"aws:CurrentTime":[{}]}}"#,
                    values(300, |i| format!("10.{}.0.0/16", i % 256)),
                    values(300, |i| format!("{i}.5")),
                    values(200, |i| format!("20{:02}-01-01T00:00:00Z", i % 90 + 10))
                ),
            ),
        ),
    ]
}
