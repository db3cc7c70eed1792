//! What an endpoint policy is, judged by its text.

use serde_json::{Map, Value, json};

use crate::json::{self, Kind};
use crate::{Perimeter, template};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Strangers get through, in words.
    Open(String),
    /// Only what the perimeter trusts gets through.
    Closed,
    /// The document may be either; the reason.
    Undecided(String),
}

/// Judges the policy of an endpoint of a service, by its short name such as `s3`, in a Region.
///
/// Decides two documents: one that plainly allows everything to everybody is open, the perimeter template for this
/// service is closed. Every other document is undecided.
pub fn verdict(document: &str, service: &str, region: &str, perimeter: &Perimeter) -> Verdict {
    let document = match parse(document) {
        Ok(document) => document,
        Err(reason) => {
            return Verdict::Undecided(format!(
                "the policy is not a JSON document without duplicate members: {reason}"
            ));
        }
    };
    let closed = template(service, region, perimeter).is_ok_and(|text| parse(&text).is_ok_and(|t| t == document));
    if closed {
        return Verdict::Closed;
    }
    let statements = match document.get("Statement") {
        Some(Value::Array(statements)) => statements.iter().collect(),
        Some(statement) => vec![statement],
        None => Vec::new(),
    };
    let open = statements.iter().position(|statement| allows_everything(statement));
    let denies = statements
        .iter()
        .any(|statement| statement.get("Effect") != Some(&json!("Allow")));
    match open {
        Some(index) if !denies => Verdict::Open(format!(
            "statement {} allows every action on every resource to everybody, in any account, without a condition",
            index + 1
        )),
        _ => Verdict::Undecided("the document is neither open to everybody nor the perimeter policy".to_owned()),
    }
}

fn parse(text: &str) -> Result<Value, String> {
    json::parse(text)
        .map_err(|error| error.message.to_owned())
        .and_then(value)
}

fn value(node: json::Node) -> Result<Value, String> {
    Ok(match node.kind {
        Kind::Null => Value::Null,
        Kind::Bool(value) => value.into(),
        Kind::Number(text) => Value::Number(text.parse().map_err(|_| format!("`{text}` is no number"))?),
        Kind::String(text) => text.into(),
        Kind::Array(items) => items.into_iter().map(value).collect::<Result<_, _>>()?,
        Kind::Object(members) => {
            let mut all = Map::new();
            for (name, member) in members {
                if all.contains_key(&name) {
                    return Err(format!("member `{name}` appears twice"));
                }
                all.insert(name, value(member)?);
            }
            Value::Object(all)
        }
    })
}

fn allows_everything(statement: &Value) -> bool {
    const MEMBERS: [&str; 5] = ["Sid", "Effect", "Principal", "Action", "Resource"];
    let star = |value: &Value| *value == json!("*") || *value == json!(["*"]);
    let known = statement
        .as_object()
        .is_some_and(|members| members.keys().all(|name| MEMBERS.contains(&name.as_str())));
    let principal = |value: &Value| star(value) || value.get("AWS").is_some_and(star);
    known
        && statement.get("Effect") == Some(&json!("Allow"))
        && statement.get("Principal").is_some_and(principal)
        && statement.get("Action").is_some_and(star)
        && statement.get("Resource").is_some_and(star)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn perimeter() -> Perimeter {
        Perimeter {
            organizations: vec!["o-exampleorg1".to_owned()],
            aws_services: true,
            ..Perimeter::default()
        }
    }

    fn judge(document: &Value) -> Verdict {
        verdict(&document.to_string(), "sts", "us-east-1", &perimeter())
    }

    #[test]
    fn allow_all_is_open_in_each_of_its_spellings() {
        for statement in [
            json!([{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]),
            json!({"Sid": "all", "Effect": "Allow", "Principal": {"AWS": ["*"]}, "Action": ["*"], "Resource": ["*"]}),
        ] {
            let document = json!({"Version": "2008-10-17", "Statement": statement});
            assert!(matches!(judge(&document), Verdict::Open(_)), "{document}");
        }
    }

    #[test]
    fn the_template_is_closed_however_it_is_spaced_and_ordered() {
        let text = template("sts", "us-east-1", &perimeter()).unwrap();
        let value: Value = serde_json::from_str(&text).unwrap();
        let spaced = serde_json::to_string_pretty(&value).unwrap();
        assert_eq!(verdict(&spaced, "sts", "us-east-1", &perimeter()), Verdict::Closed);
    }

    #[test]
    fn the_template_for_other_settings_is_not_known_to_be_closed() {
        let text = template("sts", "us-east-1", &perimeter()).unwrap();
        let others = Perimeter {
            organizations: vec!["o-exampleorg2".to_owned()],
            ..perimeter()
        };
        assert!(matches!(
            verdict(&text, "sts", "us-east-1", &others),
            Verdict::Undecided(_)
        ));
    }

    #[test]
    fn whatever_may_restrict_is_undecided() {
        let allow = json!({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"});
        let with = |member: &str, value: Value| {
            let mut statement = allow.clone();
            statement[member] = value;
            json!({"Statement": [statement]})
        };
        for document in [
            with(
                "Condition",
                json!({"StringEquals": {"aws:PrincipalOrgID": "o-exampleorg1"}}),
            ),
            with("Action", json!("s3:*")),
            with("Principal", json!({"AWS": "111122223333"})),
            with("Resource", json!("arn:aws:s3:::corp-data/*")),
            with("Effect", json!("allow")),
            json!({"Statement": [allow, {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}]}),
            json!({"Statement": []}),
            json!([]),
        ] {
            assert!(matches!(judge(&document), Verdict::Undecided(_)), "{document}");
        }
    }

    #[test]
    fn a_document_that_can_be_read_in_two_ways_is_undecided() {
        let closed = template("sts", "us-east-1", &perimeter()).unwrap();
        let twice = closed.replacen('{', r#"{"Statement":[],"#, 1);
        let Verdict::Undecided(reason) = verdict(&twice, "sts", "us-east-1", &perimeter()) else {
            panic!("{twice}")
        };
        assert!(reason.contains("member `Statement` appears twice"), "{reason}");
    }

    #[test]
    fn what_is_not_json_is_undecided() {
        for text in ["", "{", "\u{0}", "{\"a\": \"\\ud800\"}", &"[".repeat(10_000)] {
            assert!(
                matches!(verdict(text, "sts", "us-east-1", &perimeter()), Verdict::Undecided(_)),
                "{text:.20}"
            );
        }
    }
}
