//! Numbers, dates, accounts and letters over their whole range.

use super::*;

#[test]
fn numbers_are_distinguished_whatever_their_size() {
    let age = |operator: &str, limit: &str| json!({operator: {"aws:MultiFactorAuthAge": limit}});
    for (condition, open) in [
        (age("NumericLessThan", "100000000000000000"), true),
        (age("NumericLessThan", "0"), false),
        (
            json!({"NumericGreaterThan": {"aws:MultiFactorAuthAge": "41"}, "NumericLessThan": {"aws:MultiFactorAuthAge": "43"}}),
            true,
        ),
        (
            json!({"NumericGreaterThan": {"aws:MultiFactorAuthAge": "41"}, "NumericLessThan": {"aws:MultiFactorAuthAge": "42"}}),
            false,
        ),
        (
            json!({"NumericGreaterThan": {"s3:max-keys": "9007199254740992"}, "NumericLessThan": {"s3:max-keys": "9007199254740994"}}),
            true,
        ),
    ] {
        assert_eq!(
            on("s3", &[our_resources(condition.clone())]).identity.is_some(),
            open,
            "{condition}"
        );
    }
}

#[test]
fn accounts_are_compared_as_numbers_where_the_operator_says_so() {
    let above = json!({"NumericGreaterThan": {"aws:PrincipalAccount": "999999999998"}});
    let found = on("s3", &[our_resources(above)]).identity.unwrap().request;
    assert_eq!(found.values("aws:PrincipalAccount"), ["999999999999"]);
    let ours = json!({"NumericEquals": {"aws:PrincipalAccount": "111122223333"}});
    assert!(on("s3", &[our_resources(ours)]).identity.is_none());
}

#[test]
fn dates_beyond_the_year_9999_are_limits_like_others() {
    for (limit, open) in [
        ("9223372036854775807", true),
        ("99999999999999999999999", true),
        ("-9223372036854775808", false),
    ] {
        let condition = json!({"DateLessThan": {"aws:CurrentTime": limit}});
        assert_eq!(
            on("s3", &[our_resources(condition)]).identity.is_some(),
            open,
            "{limit}"
        );
    }
}

#[test]
fn very_large_dates_are_read_as_seconds_and_as_milliseconds() {
    let expired = json!({"DateLessThan": {"aws:CurrentTime": "1577836800000"}});
    let found = on("s3", &[allow(expired)]);
    assert_eq!(found.verdict, Containment::Open);
    assert!(
        found
            .identity
            .unwrap()
            .supposing
            .iter()
            .any(|text| text.contains("in seconds"))
    );
}

#[test]
fn letters_of_either_case_are_distinguished_from_patterns() {
    let tag = |operator: &str, value: &str| json!({operator: {"aws:RequestTag/team": value}});
    let statements = [
        our_resources(tag("StringEqualsIgnoreCase", "Red")),
        deny(tag("StringLike", "r*")),
        deny(tag("StringEquals", "RED")),
    ];
    let found = on("s3", &statements).identity.unwrap().request;
    let value = &found.values("aws:RequestTag/team")[0];
    assert!(
        value.eq_ignore_ascii_case("red") && value != "RED" && value.starts_with('R'),
        "{value}"
    );
    let none = [
        our_resources(tag("StringEqualsIgnoreCase", "a7")),
        deny(tag("StringLike", "a*")),
        deny(tag("StringLike", "A?")),
    ];
    assert!(on("s3", &none).identity.is_none());
}

#[test]
fn dates_are_compared_as_text_where_the_operator_says_so() {
    for (pattern, open) in [("2026-*", true), ("2025-*", false), ("*T23:*", true)] {
        let found = on(
            "s3",
            &[our_resources(json!({"StringLike": {"aws:CurrentTime": pattern}}))],
        );
        assert_eq!(found.identity.is_some(), open, "{pattern}: {found:#?}");
    }
}

#[test]
fn value_in_another_case_is_followed_where_case_does_not_count() {
    for (key, value) in [
        ("aws:PrincipalAccount", "ANONYMOUS"),
        ("aws:PrincipalArn", "ARN:AWS:IAM::999999999999:ROLE/ADMIN"),
        ("aws:CurrentTime", "2030-01-01t00:00:00z"),
        ("aws:TokenIssueTime", "2020-01-01t00:00:00z"),
        ("aws:PrincipalType", "ANONYMOUS"),
        ("aws:userid", "Anonymous"),
        ("aws:SourceVpc", "VPC-0A1B2C3D4E5F60718"),
        ("aws:RequestedRegion", "US-EAST-1"),
        ("aws:CalledViaFirst", "ATHENA.amazonaws.com"),
    ] {
        let found = on("s3", &[our_resources(json!({"StringEqualsIgnoreCase": {key: value}}))]);
        assert!(found.identity.is_some(), "{key}: {found:?}");
    }
    let path = json!({"ForAnyValue:StringEqualsIgnoreCase": {"aws:PrincipalOrgPaths": "O-FOREIGNORG1/R-AB12/"}});
    assert!(on("s3", &[our_resources(path)]).identity.is_some());
}
