//! Every class of values that patterns tell apart is tried, and none twice.

use super::*;

fn decided(service: &str, statements: &[Value]) -> Analysis {
    let found = on(service, statements);
    assert_ne!(found.verdict, Containment::Undecided, "{:?}", found.reasons);
    found
}

#[test]
fn units_below_roots_of_any_length_are_distinguished() {
    // Roots have four letters or more, and so may lie beside this pattern.
    let paths = json!({"aws:VpceOrgPaths": ["o-exampleorg1/r-????/*", "o-exampleorg1*"]});
    for (operator, open) in [
        ("ForAnyValue:StringLike", true),
        ("ForAllValues:StringNotLike", false),
        ("ForAnyValue:StringNotLike", false),
    ] {
        let found = decided("s3", &[allow(json!({operator: paths}))]);
        assert_eq!(found.identity.is_some(), open, "{operator}");
    }
    let beside = decided(
        "s3",
        &[allow(
            json!({"ForAnyValue:StringNotLike": {"aws:VpceOrgPaths": "o-exampleorg1/r-????/*"}}),
        )],
    );
    let request = beside.identity.unwrap().request;
    let path = &request.values("aws:VpceOrgPaths")[0];
    assert!(
        path.starts_with("o-exampleorg1/r-") && !path.starts_with("o-exampleorg1/r-zz12/"),
        "{path}"
    );
    let source = json!({"ForAllValues:StringNotLike": {"aws:SourceOrgPaths": ["o-*/r-ab12/*", "o-exampleorg1/*", "o-*/r-????/ou-????-????????/*"]}});
    decided("s3", &[allow(inside()), deny(source)]);
}

#[test]
fn names_of_services_have_no_capital_letters() {
    let calls = json!({"StringEqualsIgnoreCase": {"aws:CalledViaFirst": ["glue.amazonaws.com", "cloudtrail.amazonaws.com"]},
        "StringNotLike": {"aws:CalledVia": ["glue.amazonaws.com", "*.amazonaws.com"]}});
    assert!(decided("s3", &[allow(calls)]).locked_out);
}

#[test]
fn names_of_principals_below_paths_are_distinguished_by_question_marks() {
    let names = json!([
        "arn:aws:iam::?99999999999:*/team/?",
        "arn:aws:iam::*:role/team/*",
        "arn:aws:iam::*:user/??/*"
    ]);
    for (operator, effect) in [("ArnLike", allow as fn(Value) -> Value), ("ArnNotLikeIfExists", deny)] {
        let mut statements = vec![effect(json!({operator: {"aws:PrincipalArn": names}}))];
        if operator != "ArnLike" {
            statements.push(everything());
        }
        let found = decided("s3", &statements).identity.unwrap().request;
        assert!(
            found.principal.contains(":role/team/") || found.principal.contains("/team/"),
            "{}",
            found.principal
        );
    }
}

/// Interpretations that differ only in statements that no request fits cost nothing.
#[test]
fn statements_that_no_request_fits_do_not_use_up_the_limit() {
    let dead = json!({"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "*", "NotResource": "*",
        "Condition": {"ArnNotEquals": {"aws:PrincipalArn": ["*:role/*"]}, "StringEquals": {"aws:ResourceOrgPaths": "o-exampleorg1/*"}}});
    let of_caller = json!({"Effect": "Deny", "Principal": "*", "Action": "*", "NotResource": "arn:aws:s3:::${aws:PrincipalAccount}-data/*",
        "Condition": {"StringNotEquals": {"aws:ResourceOrgID": ["${aws:PrincipalOrgID}", "o-foreignorg1"]}}});
    let found = decided("any", &[dead, allow(inside()), of_caller]);
    assert_eq!(found.verdict, Containment::Closed);
}

/// Two accounts that no pattern tells apart are tried as caller and owner, and no third.
#[test]
fn accounts_that_nothing_tells_apart_are_tried_once() {
    let patterns = [
        "1111*",
        "????????????",
        "11112222333?",
        "2222*",
        "3333*",
        "*4444",
        "*5555",
        "6?66*",
    ];
    let accounts = json!({"StringLike": {"aws:PrincipalAccount": patterns, "aws:ResourceAccount": patterns}});
    let own = json!({"StringEquals": {"aws:ResourceAccount": "${aws:PrincipalAccount}"}});
    let other = json!({"StringNotEquals": {"aws:ResourceAccount": "${aws:PrincipalAccount}"}});
    for (condition, same) in [(own, true), (other, false)] {
        let mut both = accounts.clone();
        for (operator, keys) in condition.as_object().unwrap() {
            both[operator] = keys.clone();
        }
        let request = decided("any", &[allow(both)]).identity.unwrap().request;
        assert_eq!(
            request.values("aws:ResourceAccount") == request.values("aws:PrincipalAccount"),
            same
        );
    }
}

#[test]
fn account_in_an_arn_pattern_with_too_few_fields_is_distinguished() {
    let root = json!({"ArnLike": {"aws:PrincipalArn": "*:999900001111:root"}, "StringEquals": {"aws:PrincipalType": "Account"}});
    let witness = on("s3", &[allow(root), data_stays()]).identity.unwrap();
    assert_eq!(witness.request.principal, "arn:aws:iam::999900001111:root");
    assert!(!witness.supposing.is_empty());
}

#[test]
fn account_of_the_endpoint_is_in_the_organisation_of_the_endpoint() {
    let by_organization = Perimeter {
        organizations: vec![OWN.to_owned()],
        aws_services: true,
        ..Perimeter::default()
    };
    let ours = |key: &str, other: &str| allow(json!({"StringEquals": {key: "111122223333", other: OWN}}));
    for statement in [
        ours("aws:PrincipalAccount", "aws:ResourceOrgID"),
        ours("aws:ResourceAccount", "aws:PrincipalOrgID"),
    ] {
        let found = with("s3", &by_organization, &[statement]);
        assert_eq!(found.verdict, Containment::Closed, "{:?}", found.explanation);
    }
    let elsewhere = allow(json!({"StringEquals": {"aws:PrincipalAccount": "444455556666", "aws:ResourceOrgID": OWN}}));
    assert_eq!(with("s3", &by_organization, &[elsewhere]).verdict, Containment::Open);
}

#[test]
fn names_of_users_in_arns_are_followed_to_the_end() {
    let of_users = |resource: &str, condition: Value| {
        let mut statement = allow(condition);
        statement["Resource"] = json!(resource);
        decided("s3", &[statement])
    };
    let home = json!({"StringEquals": {"aws:PrincipalOrgID": OWN}});
    let listed = of_users("arn:aws:s3:::corp-data/${aws:username}/*", home.clone());
    assert_eq!(listed.verdict, Containment::Closed);
    let named = of_users("arn:aws:s3:::${aws:username}-home/*", home.clone())
        .resource
        .unwrap();
    let bucket = named
        .request
        .resource
        .split(":::")
        .nth(1)
        .unwrap()
        .split('/')
        .next()
        .unwrap();
    assert_eq!(bucket, format!("{}-home", named.request.values("aws:username")[0]));
    // Names of buckets have no such letters.
    for letter in ["@", "+", "=", ","] {
        let mut with = home.clone();
        with["StringLike"] = json!({"aws:username": format!("*{letter}*")});
        assert_eq!(
            of_users("arn:aws:s3:::${aws:username}", with.clone()).verdict,
            Containment::LockedOut
        );
        assert_eq!(
            of_users("arn:aws:s3:::corp-data/${aws:username}", with).verdict,
            Containment::Closed
        );
    }
}
