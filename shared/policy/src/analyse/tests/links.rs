//! Variables that are decided to the end, and statements that no request fits.

use super::*;

fn decided(service: &str, statements: &[Value]) -> Containment {
    let found = on(service, statements);
    assert_ne!(found.verdict, Containment::Undecided, "{:?}", found.reasons);
    found.verdict
}

#[test]
fn account_is_compared_with_itself_by_each_of_its_names() {
    let own = |operator: &str, key: &str| json!({operator: {key: ["1111*", "${aws:PrincipalAccount}"]}});
    for key in ["aws:PrincipalAccount", "kms:CallerAccount"] {
        assert_eq!(
            decided("kms", &[allow(own("StringEquals", key)), data_stays()]),
            Containment::Open,
            "{key}"
        );
        assert_eq!(
            decided("kms", &[allow(own("StringNotEquals", "aws:PrincipalAccount"))]),
            Containment::LockedOut
        );
        let other = deny(own("StringNotEqualsIfExists", key));
        assert_eq!(decided("kms", &[allow(inside()), other]), Containment::Closed, "{key}");
    }
    // Some actions tell no `kms:CallerAccount`.
    let untold = allow(own("StringNotEquals", "kms:CallerAccount"));
    let without = on("kms", &[untold]).identity.unwrap().request;
    assert_eq!(without.values("kms:CallerAccount").len(), 0);
    let mut request = on("kms", &[allow(json!({"StringLike": {"kms:CallerAccount": "*"}}))])
        .identity
        .unwrap()
        .request;
    assert_eq!(
        request.values("kms:CallerAccount"),
        request.values("aws:PrincipalAccount")
    );
    request
        .context
        .insert("kms:CallerAccount".to_owned(), vec!["222233334444".to_owned()]);
    assert!(crate::impossible(&request, &endpoint("kms")).is_some());
}

#[test]
fn variables_are_followed_in_either_case() {
    let same = json!({"StringEqualsIgnoreCase": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}});
    let mut torn = same.clone();
    torn["StringEquals"] = json!({"aws:ResourceTag/team": "red", "aws:PrincipalTag/team": "RED"});
    assert_eq!(decided("s3", &[allow(torn.clone())]), Containment::Open);
    torn["StringEquals"]["aws:PrincipalTag/team"] = json!("blue");
    assert_eq!(decided("s3", &[allow(torn)]), Containment::LockedOut);
    // A third way to write the name.
    let mut third = same.clone();
    third["StringEquals"] = json!({"aws:ResourceTag/team": "red"});
    third["StringNotEquals"] = json!({"aws:PrincipalTag/team": ["red", "RED"]});
    assert_eq!(decided("s3", &[allow(third)]), Containment::Open);
    let endpoint = json!({"StringNotEqualsIgnoreCase": {"aws:SourceVpc": "${aws:PrincipalTag/vpc}"}});
    let tagged = json!({"StringEquals": {"aws:PrincipalTag/vpc": "VPC-0A1B2C3D4E5F60718"}});
    assert_eq!(decided("s3", &[allow(tagged), deny(endpoint)]), Containment::Open);
}

#[test]
fn patterns_beside_a_variable_are_distinguished() {
    let mut tags = json!({"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"},
        "StringLike": {"aws:ResourceTag/team": "a*", "aws:PrincipalTag/team": "*b"}});
    assert_eq!(decided("s3", &[allow(tags.clone())]), Containment::Open);
    tags["StringNotLike"] = json!({"aws:PrincipalTag/team": "a*"});
    assert_eq!(decided("s3", &[allow(tags)]), Containment::LockedOut);
    let account = |pattern: &str| json!({"StringLike": {"aws:PrincipalTag/owner": pattern}, "StringEquals": {"aws:ResourceAccount": "${aws:PrincipalTag/owner}"}});
    assert_eq!(decided("s3", &[allow(account("1112*"))]), Containment::Open);
    assert_eq!(decided("s3", &[allow(account("a*"))]), Containment::LockedOut);
    let owner = |texts: &[&str]| deny(json!({"StringNotLike": {"aws:PrincipalTag/owner": texts}}));
    let ours = owner(&["${aws:PrincipalAccount}", "1111*"]);
    assert_eq!(decided("s3", &[allow(inside()), ours]), Containment::Closed);
}

#[test]
fn tag_that_is_the_callers_account_is_followed_from_key_to_key() {
    let team = allow(json!({"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}}));
    let account = deny(json!({"StringNotEquals": {"aws:PrincipalTag/team": "${aws:PrincipalAccount}"}}));
    assert_eq!(decided("s3", &[team, account]), Containment::Open);
}

#[test]
fn name_of_a_user_is_the_end_of_its_arn() {
    let own = "arn:aws:iam::999999999999:user/${aws:username}";
    let named = |name: &str| json!({"ArnEquals": {"aws:PrincipalArn": own}, "StringLike": {"aws:username": name}});
    let found = on("s3", &[allow(named("al*"))]).identity.unwrap().request;
    assert!(
        found.principal.starts_with("arn:aws:iam::999999999999:user/al"),
        "{}",
        found.principal
    );
    assert_eq!(
        found.values("aws:username").first().map(String::as_str),
        found.principal.rsplit('/').next()
    );
    assert_eq!(decided("s3", &[allow(named("a/b"))]), Containment::LockedOut);
    // Users with a path are others.
    let with_path = json!({"ArnNotEquals": {"aws:PrincipalArn": own}, "StringEquals": {"aws:PrincipalAccount": "999999999999", "aws:username": "alice"}});
    let found = on("s3", &[allow(with_path)]).identity.unwrap().request;
    assert_eq!(found.principal.matches('/').count(), 2, "{}", found.principal);
    let torn = json!({"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::*:user/bob"}, "StringEquals": {"aws:username": "alice"}});
    assert_eq!(decided("s3", &[allow(torn)]), Containment::LockedOut);
    let tagged = json!({"StringEquals": {"aws:ResourceTag/owner": ["${aws:username}", "nobody"]}, "StringLike": {"aws:ResourceTag/owner": "al*"}});
    let found = on("s3", &[allow(tagged)]).identity.unwrap().request;
    assert_eq!(found.values("aws:ResourceTag/owner"), found.values("aws:username"));
}

#[test]
fn statements_that_no_request_fits_do_not_matter() {
    // Patterns of which so many combinations cannot be told apart.
    let paths: Vec<String> = (0..40).map(|n| format!("o-*/r-a?{n}*/*{n}?b*/")).collect();
    let many = json!({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": paths, "aws:ResourceOrgPaths": paths},
        "StringNotEquals": {"aws:ResourceOrgID": "${aws:PrincipalOrgID}"}});
    let dead = |member: &str, value: Value| {
        let mut statement = deny(many.clone());
        statement[member] = value;
        statement
    };
    let with = |operator: &str, key: &str, value: Value| {
        let mut condition = many.clone();
        condition[operator][key] = value;
        dead("Condition", condition)
    };
    for statement in [
        dead("Action", json!("dynamodb:*")),
        dead("Resource", json!(["arn:aws:s3:::*", "arn:aws:sns:*:*:topic"])),
        dead("Principal", json!({"Service": "config.amazonaws.com"})),
        with("StringNotEquals", "aws:RequestedRegion", json!("us-east-1")),
        with("NumericLessThan", "ec2:RoleDelivery", json!("1.0")),
        with("StringEquals", "aws:SourceOrgID", json!("o-short")),
        with("Null", "aws:SecureTransport", json!("true")),
        with("Null", "aws:PrincipalOrgPaths", json!("true")),
        with("Bool", "aws:PrincipalIsAWSService", json!("true")),
        with("StringLike", "aws:SourceAccount", json!("*")),
        with("ForAnyValue:StringNotEquals", "aws:Referer", json!("${aws:Referer}")),
    ] {
        let mut ours = allow(inside());
        ours["Principal"] = json!({"AWS": "*"});
        ours["Action"] = json!("sqs:SendMessage");
        let text = statement.to_string();
        let found = on("sqs", &[ours, statement]);
        // AWS does not say whether that principal stands for its services.
        assert!(
            found.identity.is_none() && found.resource.is_none() && found.identity_decided && found.resource_decided,
            "{text}: {:?}",
            found.reasons
        );
    }
}

#[test]
fn allow_that_a_deny_covers_whole_does_not_matter() {
    let mut paths = allow(json!({"ForAnyValue:StringNotLike": {"aws:VpceOrgPaths": "o-exampleorg1/r-????/*"}}));
    paths["Action"] = json!(["sqs:SendMessage", "sqs:Get*"]);
    let mut covering = deny(json!({}));
    covering["Action"] = json!(["sqs:Get*", "sqs:Send*"]);
    for service in ["sqs", "any"] {
        assert_eq!(
            decided(service, &[paths.clone(), covering.clone()]),
            Containment::LockedOut,
            "{service}"
        );
    }
}

#[test]
fn star_among_the_values_tests_presence_of_the_key() {
    let names: Vec<String> = (0..30)
        .map(|n| format!("a*{n}?b*c?d*"))
        .chain(["*".to_owned()])
        .collect();
    let without = allow(
        json!({"StringNotLikeIfExists": {"aws:username": names, "aws:PrincipalTag/team": names}, "StringEquals": {"aws:ResourceOrgID": OWN}}),
    );
    let found = on("sqs", &[without]).identity.unwrap().request;
    assert!(found.values("aws:username").is_empty() && found.values("aws:PrincipalTag/team").is_empty());
    let with = allow(
        json!({"StringLike": {"aws:PrincipalTag/team": names}, "StringEquals": {"aws:PrincipalOrgID": OWN, "aws:ResourceOrgID": OWN}}),
    );
    assert_eq!(decided("sqs", &[with]), Containment::Closed);
}

#[test]
fn keys_of_statements_that_never_apply_are_ignored() {
    let via = json!({"ForAnyValue:StringLike": {"aws:CalledVia": "athena.*"}});
    let mut elsewhere = deny(json!({"Bool": {"aws:ViaAWSService": "false"}}));
    elsewhere["Resource"] = json!("arn:aws:s3:::*");
    let found = on("sqs", &[allow(via), elsewhere]).identity.unwrap().request;
    assert_eq!(found.values("aws:ViaAWSService"), ["true"]);
}

#[test]
fn sets_of_many_values_are_distinguished_by_what_they_fit() {
    let texts: Vec<String> = (0..12).map(|n| format!("key{n}")).collect();
    let all = json!({"ForAnyValue:StringEquals": {"aws:TagKeys": texts[..6]}, "ForAllValues:StringEquals": {"aws:TagKeys": texts},
        "ForAnyValue:StringLike": {"aws:TagKeys": ["key7", "key11"]}, "ForAllValues:StringNotEquals": {"aws:TagKeys": ["key0", "key7"]}});
    let mut tagged = allow(all);
    tagged["Action"] = json!("sqs:TagQueue");
    let found = on("sqs", &[tagged]).identity.unwrap().request;
    assert_eq!(found.values("aws:TagKeys").len(), 2);
}
