//! How long a verdict takes, from text to analysis. Prints one line a policy, the slowest last.

#![allow(
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a benchmark prints what it finds"
)]

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use postern_policy::{Document, EndpointContext, Perimeter, analyse};

fn perimeter() -> Perimeter {
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

/// Ninety statements that fill the longest document that EC2 takes.
fn long() -> String {
    let statement = |n: usize| {
        format!(
            r#"{{"Effect":"{}","Principal":"*","Action":"s3:{}*","Resource":["arn:aws:s3:::corp-{n:03}-x/*","arn:aws:s3:::team-{n:03}"],"Condition":{{"StringEquals":{{"aws:PrincipalOrgID":"o-exampleorg1","aws:ResourceAccount":"{:012}"}}}}}}"#,
            if n % 9 == 8 { "Deny" } else { "Allow" },
            ["Get", "Put", "List"][n % 3],
            n % 7,
        )
    };
    let all: Vec<String> = (0..90).map(statement).collect();
    format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, all.join(","))
}

/// Documents that are meant to take long.
fn hostile() -> Vec<(String, String)> {
    let values = |n: usize, value: &dyn Fn(usize) -> String| -> String {
        (0..n).map(|i| format!("{:?}", value(i))).collect::<Vec<_>>().join(",")
    };
    let document = |resource: &str, condition: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}},{{"Effect":"Deny","Principal":"*","Action":"*","Resource":[{resource}],"Condition":{{{condition}}}}}]}}"#
        )
    };
    let denies: Vec<String> = (0..150)
        .map(|n| {
            format!(
                r#"{{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*","Condition":{{"StringNotLike":{{"aws:PrincipalTag/a{}":"*{n}*","aws:RequestTag/b{}":"?{n}*"}}}}}}"#,
                n % 40,
                n % 30
            )
        })
        .collect();
    vec![
        (
            "wildcards".to_owned(),
            document(&values(300, &|i| format!("arn:aws:s3:::*{}*{}*", i % 17, i)), ""),
        ),
        (
            "question marks".to_owned(),
            document(&values(100, &|i| format!("arn:aws:s3:::?*{i}?*?")), ""),
        ),
        (
            "paths".to_owned(),
            document(
                "\"*\"",
                &format!(
                    r#""ForAllValues:StringNotLike":{{"aws:PrincipalOrgPaths":[{}]}}"#,
                    values(200, &|i| format!("*/ou-*{i}*/*"))
                ),
            ),
        ),
        (
            "values".to_owned(),
            document(
                "\"*\"",
                &format!(
                    r#""ForAnyValue:StringLike":{{"aws:TagKeys":[{}]}}"#,
                    values(400, &|i| format!("*{i}*a*"))
                ),
            ),
        ),
        (
            "conditions".to_owned(),
            format!(
                r#"{{"Statement":[{{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}},{}]}}"#,
                denies.join(",")
            ),
        ),
        (
            "variables".to_owned(),
            document(
                &values(60, &|i| {
                    format!("arn:aws:s3:::${{aws:PrincipalTag/t{i}}}-${{aws:username}}/*")
                }),
                "",
            ),
        ),
        (
            "accounts".to_owned(),
            document(
                "\"*\"",
                &format!(
                    r#""StringNotLike":{{"aws:PrincipalAccount":[{}]}}"#,
                    values(300, &|i| format!("*{i}*"))
                ),
            ),
        ),
    ]
}

fn time(text: &str, service: &str) -> Duration {
    let (perimeter, endpoint) = (perimeter(), endpoint(service));
    let mut best = Duration::MAX;
    let mut spent = Duration::ZERO;
    for _ in 0..200 {
        let start = Instant::now();
        if let Ok(document) = Document::parse(black_box(text)) {
            black_box(analyse(&document, &perimeter, &endpoint));
        }
        let took = start.elapsed();
        best = best.min(took);
        spent += took;
        if spent > Duration::from_millis(300) {
            break;
        }
    }
    best
}

fn main() {
    let mut times = Vec::new();
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let samples = own
        .ancestors()
        .map(|dir| dir.join("shared/policies/public"))
        .find(|dir| dir.is_dir());
    for file in samples
        .iter()
        .filter_map(|dir| std::fs::read_dir(dir).ok())
        .flatten()
        .flatten()
    {
        let name = file.file_name().to_string_lossy().into_owned();
        if name != "index.json" {
            let service = name.split('-').nth(1).unwrap_or_default().to_owned();
            let text = std::fs::read_to_string(file.path()).unwrap_or_default();
            times.push((time(&text, &service), name));
        }
    }
    times.sort();
    if let Some((median, _)) = times.get(times.len() / 2) {
        println!("{median:>12?}  median of {} public policies", times.len());
    }
    for (took, name) in times.iter().rev().take(5).rev() {
        println!("{took:>12?}  {name}");
    }
    println!(
        "{:>12?}  ninety statements, {} characters",
        time(&long(), "s3"),
        long().len()
    );
    for (name, text) in hostile() {
        println!("{:>12?}  hostile: {name}, {} characters", time(&text, "s3"), text.len());
    }
}
