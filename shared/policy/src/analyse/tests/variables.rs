//! Variables, and accounts that patterns tell apart.

use super::*;

#[test]
fn tags_compared_with_tags_are_followed() {
    let team = json!({"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}});
    assert_eq!(holes(&[allow(team.clone())]), (true, true));
    let mut inside = team;
    inside["StringLike"] = json!({"aws:PrincipalOrgID": OWN, "aws:ResourceOrgID": OWN});
    assert_eq!(holes(&[allow(inside)]), (false, false));
}

#[test]
fn account_is_in_one_organisation_but_an_outsider_may_be_another_account() {
    let resource = json!({"StringEquals": {"aws:ResourceAccount": "999999999999", "aws:ResourceOrgID": OWN}});
    let found = on("s3", &[allow(resource)]).identity.unwrap().request;
    assert_ne!(found.context["aws:PrincipalAccount"], ["999999999999"]);
    let same = json!({
        "StringEquals": {"aws:PrincipalAccount": "999999999999", "aws:ResourceAccount": "999999999999"},
        "StringNotEquals": {"aws:ResourceOrgID": "o-foreign00001"},
        "Null": {"aws:ResourceOrgID": "false"},
    });
    let found = on("s3", &[allow(same)]).identity.unwrap().request;
    assert_eq!(found.context["aws:PrincipalOrgID"], found.context["aws:ResourceOrgID"]);
    let torn = json!({
        "StringEquals": {"aws:PrincipalAccount": "999999999999", "aws:ResourceAccount": "999999999999", "aws:ResourceOrgID": OWN},
        "StringNotEquals": {"aws:PrincipalOrgID": OWN},
    });
    assert!(on("s3", &[allow(torn)]).locked_out);
}

#[test]
fn two_accounts_of_one_pattern_can_differ() {
    let apart = json!({
        "StringLike": {"aws:PrincipalAccount": "1111*", "aws:ResourceAccount": "1111*"},
        "StringNotEquals": {"aws:ResourceAccount": ["${aws:PrincipalAccount}", "111122223333"], "aws:PrincipalAccount": "111122223333"},
    });
    let found = on("s3", &[allow(apart)]);
    assert_eq!(found.verdict, Containment::Open, "{:?}", found.reasons);
}

#[test]
fn parts_of_account_ids_in_arns_are_followed() {
    for (operator, pattern) in [
        ("StringLike", "arn:aws:iam::1112*"),
        ("StringLike", "arn:aws:iam::9999*:role/*"),
        ("ArnLike", "arn:aws:iam::??1122223333:role/app"),
        ("StringLike", "arn:aws:iam::1112*role/app"),
        ("StringLike", "*:role/app"),
        ("StringLike", "arn:*"),
    ] {
        let mut block = json!({});
        block[operator]["aws:PrincipalArn"] = json!(pattern);
        assert_eq!(holes(&[allow(block), data_stays()]), (true, false), "{pattern}");
    }
    let own = json!({"StringLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:*"}});
    assert_eq!(holes(&[allow(own), data_stays()]), (false, false));
}

#[test]
fn account_anywhere_in_the_pattern_of_a_principal_is_distinguished_from_others() {
    let ours = json!({"StringEquals": {"aws:PrincipalOrgID": OWN, "aws:ResourceOrgID": OWN}});
    let not_named = deny(json!({"StringNotLike": {"aws:PrincipalArn": "*111122223333*"}}));
    assert_eq!(on("s3", &[allow(ours), not_named.clone()]).verdict, Containment::Closed);
    let found = on("s3", &[everything(), data_stays(), not_named]);
    let outsider = found.identity.unwrap().request.principal;
    assert!(
        !outsider.starts_with("arn:aws:iam::111122223333:") && outsider.contains("111122223333"),
        "{outsider}"
    );
}

#[test]
fn star_in_a_path_stands_for_possible_paths_only() {
    let unit = json!({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-*/r-ab12/ou-ab12-11111111/*"},
        "StringEquals": {"aws:PrincipalOrgID": OWN}});
    let short = json!({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-exampleorg1/r-ab12/ou-ab1-11111111/*"}});
    assert_eq!(on("s3", &[allow(unit), data_stays()]).verdict, Containment::Closed);
    assert_eq!(on("s3", &[allow(short), data_stays()]).verdict, Containment::LockedOut);
}

#[test]
fn variables_that_stand_for_whole_values_are_followed_to_the_end() {
    let own = deny(json!({"StringNotEquals": {"aws:VpceAccount": "${aws:PrincipalAccount}"}}));
    assert_eq!(
        on("s3", &[everything(), data_stays(), own]).verdict,
        Containment::Closed
    );
    let nobody = json!({"Null": {"aws:PrincipalTag/vpc": "true"}});
    let bound = deny(json!({"StringNotEquals": {"aws:SourceVpc": "${aws:PrincipalTag/vpc}"}}));
    assert_eq!(on("s3", &[allow(nobody), bound]).verdict, Containment::LockedOut);
    let contradiction = json!({"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"},
        "StringEqualsIfExists": {"aws:ResourceTag/team": "a", "aws:PrincipalTag/team": "b"}});
    assert_eq!(on("s3", &[allow(contradiction)]).verdict, Containment::LockedOut);
    let mut queues = allow(json!({"StringEquals": {"aws:PrincipalAccount": "111122223333"}}));
    queues["Resource"] = json!("arn:aws:sqs:*:${aws:PrincipalAccount}:*");
    assert_eq!(on("sqs", &[queues]).verdict, Containment::Closed);
}

#[test]
fn variable_within_a_pattern_does_not_hide_a_hole() {
    for condition in [
        json!({"StringEquals": {"aws:SourceVpc": "${aws:PrincipalTag/vpc}"}}),
        json!({"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"},
            "StringLike": {"aws:ResourceTag/team": "a*", "aws:PrincipalTag/team": "*b"}}),
        json!({"StringEquals": {"aws:PrincipalOrgID": "${aws:PrincipalTag/org}", "aws:PrincipalTag/org": "o-otherorg0001"}}),
    ] {
        let verdict = on("s3", &[allow(condition.clone())]).verdict;
        assert!(
            matches!(verdict, Containment::Open | Containment::Undecided),
            "{condition}"
        );
    }
}

#[test]
fn variable_in_the_name_of_a_bucket_has_a_possible_example() {
    for name in [
        "home-${aws:username}",
        "${aws:username}",
        "${aws:username}.home",
        "corp-${aws:PrincipalTag/team}",
        "${aws:PrincipalTag/team}",
        "${aws:PrincipalAccount}-data",
        "home-${aws:userid}",
        "x.${aws:PrincipalOrgID}",
        "a-${aws:RequestedRegion}",
        "t-${aws:PrincipalType}",
        "b-${aws:username}-${aws:PrincipalAccount}",
        "${aws:username, 'guest'}-home",
    ] {
        let bucket = json!([format!("arn:aws:s3:::{name}"), format!("arn:aws:s3:::{name}/*")]);
        let mut allowed = everything();
        allowed["Resource"] = bucket.clone();
        let found = on("s3", &[allowed]);
        assert!(
            found.identity.is_some() && found.resource.is_some(),
            "{name}: {found:?}"
        );
        let mut allowed = everything();
        allowed["Resource"] = json!(format!("arn:aws:s3:::corp-data/{name}/*"));
        assert!(on("s3", &[allowed]).identity.is_some(), "{name}");
    }
}

#[test]
fn everything_but_a_bucket_named_by_a_variable_is_decided() {
    for name in [
        "home-${aws:username}",
        "${aws:username}",
        "corp-${aws:PrincipalTag/team}",
        "b-${aws:username}-${aws:PrincipalAccount}",
    ] {
        let bucket = json!([format!("arn:aws:s3:::{name}"), format!("arn:aws:s3:::{name}/*")]);
        let but = |mut statement: Value| {
            statement.as_object_mut().unwrap().remove("Resource");
            statement["NotResource"] = bucket.clone();
            statement
        };
        // The bucket of a caller can be anybody's.
        let found = on("s3", &[everything(), but(deny(json!({})))]);
        assert!(
            found.identity.is_some() && found.resource.is_some(),
            "{name}: {found:?}"
        );
        let resource = found.resource.unwrap().request.resource;
        let start = format!("arn:aws:s3:::{}", name.split('$').next().unwrap());
        assert!(resource.starts_with(&start), "{resource}");
        let closed = |statements: &[Value]| assert_eq!(on("s3", statements).verdict, Containment::Closed, "{name}");
        closed(&[allow(inside()), but(deny(json!({})))]);
        closed(&[but(allow(inside()))]);
        assert!(on("s3", &[but(everything())]).identity.is_some(), "{name}");
    }
}

#[test]
fn example_request_spells_the_key_of_a_variable_as_the_document_does() {
    let mut allowed = everything();
    allowed["Resource"] = json!("arn:aws:s3:::corp-${aws:PrincipalTag/Team}/*");
    let found = on("s3", &[allowed]).identity.unwrap();
    let keys = &found.request.context;
    assert!(keys.contains_key("aws:PrincipalTag/Team"), "{keys:?}");
}
