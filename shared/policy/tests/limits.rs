//! Documents as long as AWS takes them, and longer: each is refused or judged in a short time.

#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a test may take the time and print it"
)]

use std::time::Instant;

use postern_policy::{Containment, Document, MOST_CHARACTERS, analyse};

mod documents;

use documents::{endpoint, hostile, longest};

/// Whether the text is refused, or judged as something else than closed.
fn not_closed(text: &str, service: &str) -> bool {
    match Document::parse(text) {
        Err(error) => {
            assert!(error.to_string().len() < 100_000);
            true
        }
        Ok(document) => {
            let found = analyse(&document, &documents::perimeter(), &endpoint(service, false));
            let long = text.chars().count() > MOST_CHARACTERS;
            assert_eq!(
                found
                    .reasons
                    .iter()
                    .any(|reason| reason.contains("longer than 20480 characters")),
                long
            );
            found.verdict != Containment::Closed
        }
    }
}

#[test]
fn documents_that_take_long_are_not_called_closed() {
    for (name, text) in hostile() {
        assert!(text.chars().count() <= MOST_CHARACTERS, "{name}");
        for service in ["s3", "any"] {
            assert!(not_closed(&text, service), "{name} {service}");
        }
    }
    assert!(not_closed(&longest(), "s3"));
}

#[test]
fn documents_of_a_megabyte_are_not_called_closed() {
    let whole = |statement: &str| format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#);
    let allow = |more: &str| whole(&format!(r#"{{"Effect":"Allow","Principal":"*","Action":"*"{more}}}"#));
    let condition = |block: &str| allow(&format!(r#","Resource":"*","Condition":{{{block}}}"#));
    let many =
        |count: usize, each: &dyn Fn(usize) -> String| -> String { (0..count).map(each).collect::<Vec<_>>().join(",") };
    let statement = r#"{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}"#;
    for (name, text) in [
        ("objects in objects", r#"{"Statement":"#.repeat(80_000)),
        ("arrays in arrays", "[".repeat(1_000_000)),
        (
            "members of one name",
            format!("{{{}}}", many(100_000, &|_| r#""Id":"a""#.to_owned())),
        ),
        (
            "members of many names",
            format!("{{{}}}", many(80_000, &|i| format!(r#""{i}":"a""#))),
        ),
        (
            "elements of many names",
            whole(&format!("{{{}}}", many(80_000, &|i| format!(r#""{i}":"a""#)))),
        ),
        ("statements", whole(&vec![statement; 16_000].join(","))),
        ("empty statements", whole(&vec!["{}"; 100_000].join(","))),
        (
            "as many statements as are read",
            whole(
                &vec![
                    statement.replace(
                        "\"*\"}",
                        &format!("[{}]}}", many(60, &|i| format!("\"arn:aws:s3:::{i}*{i}\"")))
                    );
                    500
                ]
                .join(","),
            ),
        ),
        (
            "resources",
            allow(&format!(
                r#","Resource":[{}]"#,
                many(40_000, &|i| format!("\"arn:aws:s3:::{i}\""))
            )),
        ),
        (
            "resources with wildcards",
            allow(&format!(
                r#","Resource":[{}]"#,
                many(40_000, &|i| format!("\"arn:aws:s3:::*{i}?\""))
            )),
        ),
        (
            "actions",
            whole(&format!(
                r#"{{"Effect":"Allow","Principal":"*","Action":[{}],"Resource":"*"}}"#,
                many(60_000, &|i| format!("\"s3:*{i}\""))
            )),
        ),
        (
            "principals",
            whole(&format!(
                r#"{{"Effect":"Allow","Principal":{{"AWS":[{}]}},"Action":"*","Resource":"*"}}"#,
                many(60_000, &|i| format!("\"{i:012}\""))
            )),
        ),
        (
            "operators of one name",
            condition(&many(30_000, &|i| format!(r#""StringEquals":{{"a{i}":"b"}}"#))),
        ),
        (
            "keys",
            condition(&format!(
                r#""StringEquals":{{{}}}"#,
                many(60_000, &|i| format!(r#""{i}":"a""#))
            )),
        ),
        (
            "keys of one name",
            condition(&format!(
                r#""StringEquals":{{{}}}"#,
                many(60_000, &|_| r#""aws:PrincipalOrgID":"o-exampleorg1""#.to_owned())
            )),
        ),
        (
            "values",
            condition(&format!(
                r#""StringLike":{{"s3:prefix":[{}]}}"#,
                many(80_000, &|i| format!("\"*{i}*\""))
            )),
        ),
        (
            "one pattern",
            allow(&format!(r#","Resource":"arn:aws:s3:::{}""#, "*?".repeat(500_000))),
        ),
        (
            "one pattern of a key",
            condition(&format!(r#""StringLike":{{"s3:prefix":"{}"}}"#, "*?a".repeat(300_000))),
        ),
        (
            "patterns",
            allow(&format!(
                r#","Resource":[{}]"#,
                many(100, &|i| format!("\"arn:aws:s3:::{}{i}\"", "*?".repeat(5_000)))
            )),
        ),
        (
            "variables",
            allow(&format!(r#","Resource":"arn:aws:s3:::{}""#, "${a}".repeat(250_000))),
        ),
        (
            "variables of many names",
            allow(&format!(
                r#","Resource":"arn:aws:s3:::{}""#,
                many(100_000, &|i| format!("${{{i}}}"))
            )),
        ),
        (
            "variables in values",
            condition(&format!(
                r#""StringLike":{{"s3:prefix":[{}]}}"#,
                many(40_000, &|i| format!("\"*${{a{i}}}*\""))
            )),
        ),
        (
            "a variable without an end",
            condition(&format!(r#""StringLike":{{"s3:prefix":"{}"}}"#, "${".repeat(500_000))),
        ),
        (
            "digits",
            condition(&format!(
                r#""NumericEquals":{{"s3:max-keys":{}}}"#,
                "9".repeat(1_000_000)
            )),
        ),
        (
            "an exponent",
            condition(r#""NumericEquals":{"s3:max-keys":1e999999999}"#),
        ),
        (
            "numbers",
            condition(&format!(
                r#""NumericEquals":{{"s3:max-keys":[{}]}}"#,
                many(100_000, &|i| i.to_string())
            )),
        ),
        (
            "networks",
            condition(&format!(
                r#""IpAddress":{{"aws:VpcSourceIp":[{}]}}"#,
                many(60_000, &|i| format!("\"10.{}.{}.0/24\"", i / 256, i % 256))
            )),
        ),
        (
            "letters",
            condition(&format!(
                r#""StringEquals":{{"s3:prefix":"{}"}}"#,
                "\u{10ffff}é".repeat(150_000)
            )),
        ),
        (
            "escapes",
            condition(&format!(
                r#""StringEquals":{{"s3:prefix":"{}"}}"#,
                "\\u0000".repeat(150_000)
            )),
        ),
        (
            "half characters",
            condition(&format!(
                r#""StringEquals":{{"s3:prefix":"{}"}}"#,
                "\\ud800".repeat(150_000)
            )),
        ),
        (
            "white space",
            format!("{}{}", " \n".repeat(500_000), allow(r#","Resource":"*""#)),
        ),
        ("a name", format!(r#"{{"{}":1}}"#, "n".repeat(1_000_000))),
        ("nothing", "\u{0}".repeat(1_000_000)),
        ("a byte order mark", format!("\u{feff}{}", allow(r#","Resource":"*""#))),
    ] {
        for service in ["s3", "any"] {
            let start = Instant::now();
            assert!(not_closed(&text, service), "{name}");
            println!("{:>10?} {name} {service}", start.elapsed());
        }
    }
}
