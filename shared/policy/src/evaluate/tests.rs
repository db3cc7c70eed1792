use serde_json::json;

use super::*;

fn decide(statements: &serde_json::Value, request: &serde_json::Value) -> Decision {
    let text = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
    let request: Request = serde_json::from_value(request.clone()).unwrap();
    evaluate(&Document::parse(&text).unwrap(), &request)
}

/// Whether a condition holds for a value of the key `k:x`.
fn holds(operator: &str, values: serde_json::Value, context: &serde_json::Value) -> bool {
    let statement = json!([{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*", "Condition": {operator: {"k:x": values}}}]);
    let mut request =
        json!({"principal": "anonymous", "action": "s3:GetObject", "resource": "arn:aws:s3:::b", "context": {}});
    if !context.is_null() {
        request["context"]["K:X"] = context.clone();
    }
    decide(&statement, &request).is_allowed()
}

#[test]
fn operators_compare_as_the_reference_says() {
    for (operator, value, context, expected) in [
        ("StringEquals", "a", "a", true),
        ("StringEquals", "A", "a", false),
        ("StringEquals", "a*", "ab", false),
        ("StringEqualsIgnoreCase", "A", "a", true),
        ("StringLike", "a*", "ab", true),
        ("StringNotLike", "a*", "ab", false),
        ("NumericLessThanEquals", "10", "1e1", true),
        ("NumericEquals", "10", "ten", false),
        ("DateGreaterThan", "2026-01-01", "2026-01-01T00:00:01Z", true),
        ("DateLessThan", "1795392000", "2026-11-22T23:59:59Z", true),
        ("Bool", "true", "TRUE", true),
        ("Bool", "false", "", false),
        ("BinaryEquals", "QmFy", "QmFy", true),
        ("IpAddress", "10.0.0.0/8", "10.1.2.3", true),
        ("NotIpAddress", "10.0.0.0/8", "10.1.2.3", false),
        ("IpAddress", "2001:db8::/32", "2001:db8::1", true),
        (
            "ArnLike",
            "arn:aws:iam::*:role/a",
            "arn:aws:iam::111122223333:role/a",
            true,
        ),
        ("ArnEquals", "arn:aws:iam::*", "arn:aws:iam::111122223333:role/a", false),
        ("StringLike", "arn:aws:iam::*", "arn:aws:iam::111122223333:role/a", true),
        ("Null", "false", "x", true),
        ("Null", "true", "x", false),
    ] {
        assert_eq!(
            holds(operator, json!(value), &json!(context)),
            expected,
            "{operator} {value} {context}"
        );
    }
}

#[test]
fn missing_key_fails_positive_operators_and_satisfies_negated_ones() {
    for (operator, expected) in [
        ("StringEquals", false),
        ("StringNotEquals", true),
        ("StringEqualsIfExists", true),
        ("StringNotEqualsIfExists", true),
        ("ForAllValues:StringEquals", true),
        ("ForAllValues:StringNotEquals", true),
        ("ForAnyValue:StringEquals", false),
        ("ForAnyValue:StringNotEquals", false),
        ("Null", false),
        ("BoolIfExists", true),
        ("Bool", false),
    ] {
        assert_eq!(holds(operator, json!("false"), &json!(null)), expected, "{operator}");
    }
}

#[test]
fn values_are_ored_and_nored() {
    assert!(holds("StringEquals", json!(["a", "b"]), &json!("b")));
    assert!(!holds("StringNotEquals", json!(["a", "b"]), &json!("b")));
    assert!(holds(
        "ForAllValues:StringEquals",
        json!(["a", "b"]),
        &json!(["a", "b"])
    ));
    assert!(!holds("ForAllValues:StringEquals", json!(["a"]), &json!(["a", "b"])));
    assert!(holds("ForAnyValue:StringNotEquals", json!(["a"]), &json!(["a", "b"])));
}

#[test]
fn deny_wins_and_the_statement_is_named() {
    let allow = json!({"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "S3:get*", "NotResource": "arn:aws:s3:::secret/*"});
    let deny = json!({"Effect": "Deny", "NotPrincipal": {"AWS": "arn:aws:iam::111122223333:role/app"}, "NotAction": "s3:GetObject", "Resource": "*"});
    let both = json!([allow, deny]);
    let request = |principal: &str, action: &str, resource: &str| json!({"principal": principal, "action": action, "resource": resource});
    let role = "arn:aws:iam::111122223333:role/app";
    let session = "arn:aws:sts::111122223333:assumed-role/app/s";
    for (principal, action, resource, expected) in [
        (
            role,
            "s3:GetObject",
            "arn:aws:s3:::a/b",
            Decision::Allowed { statement: 0 },
        ),
        (
            session,
            "s3:GetBucketAcl",
            "arn:aws:s3:::a",
            Decision::Allowed { statement: 0 },
        ),
        (
            "arn:aws:iam::111122223333:user/u",
            "s3:GetBucketAcl",
            "arn:aws:s3:::a",
            Decision::Denied { statement: 1 },
        ),
        (role, "s3:GetObject", "arn:aws:s3:::secret/b", Decision::NotAllowed),
        (
            "arn:aws:iam::999999999999:role/app",
            "s3:GetObject",
            "arn:aws:s3:::a/b",
            Decision::NotAllowed,
        ),
    ] {
        assert_eq!(
            decide(&both, &request(principal, action, resource)),
            expected,
            "{principal} {action} {resource}"
        );
    }
}

#[test]
fn variable_without_value_matches_nothing() {
    let statement = json!([{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "arn:aws:s3:::${aws:PrincipalTag/home}/*"}]);
    let mut request =
        json!({"principal": "anonymous", "action": "s3:GetObject", "resource": "arn:aws:s3:::red/a", "context": {}});
    assert!(!decide(&statement, &request).is_allowed());
    request["context"]["aws:PrincipalTag/home"] = json!("red");
    assert!(decide(&statement, &request).is_allowed());
}

#[test]
fn request_survives_being_written_and_read() {
    let text =
        r#"{"principal":"anonymous","action":"s3:GetObject","resource":"*","context":{"a:b":"1","a:c":["1","2"]}}"#;
    let request: Request = serde_json::from_str(text).unwrap();
    assert_eq!(serde_json::to_string(&request).unwrap(), text);
    assert!(serde_json::from_str::<Request>(r#"{"principal":"a","action":"b","resource":"c","typo":1}"#).is_err());
}
