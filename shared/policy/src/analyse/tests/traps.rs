//! What looks closed and is not, and what looks open and is not.

use super::*;

/// The witness's suppositions, if there is a hole for outsiders.
fn supposing(statements: &[Value]) -> Option<Vec<String>> {
    on("s3", statements).identity.map(|witness| witness.supposing)
}

#[test]
fn organisation_with_a_star_takes_in_every_longer_id() {
    let id = |pattern: &str| allow(json!({"StringLike": {"aws:PrincipalOrgID": pattern}}));
    let path = |pattern: &str| allow(json!({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": pattern}}));
    for (statement, open) in [
        (id("o-exampleorg1"), false),
        (id("o-exampleorg1*"), true),
        (id("o-exampleorg?"), true),
        (path("o-exampleorg1/*"), false),
        (path("o-exampleorg1*"), true),
    ] {
        assert_eq!(holes(&[statement.clone(), data_stays()]), (open, false), "{statement}");
    }
}

#[test]
fn unit_without_its_organisation_lets_other_organisations_in() {
    let path = |pattern: &str| allow(json!({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": pattern}}));
    assert_eq!(
        holes(&[path("*/r-ab12/ou-ab12-11111111/*"), data_stays()]),
        (true, false)
    );
    assert_eq!(
        holes(&[path("o-*/r-ab12/ou-ab12-11111111/"), data_stays()]),
        (true, false)
    );
    assert_eq!(
        holes(&[path("o-exampleorg1/r-ab12/ou-ab12-11111111/"), data_stays()]),
        (false, false)
    );
}

#[test]
fn bucket_arn_does_not_cover_access_points() {
    let mut inside = allow(json!({"StringEquals": {"aws:PrincipalOrgID": OWN, "aws:ResourceOrgID": OWN}}));
    inside["Resource"] = json!("arn:aws:s3:::*");
    assert_eq!(holes(&[inside]), (false, false));
    let mut barrier = data_stays();
    barrier["Resource"] = json!(["arn:aws:s3:::*", "arn:aws:s3:::*/*"]);
    let insiders = allow(json!({"StringEquals": {"aws:PrincipalOrgID": OWN}}));
    let found = on("s3", &[insiders, barrier]).resource.unwrap().request;
    assert!(
        found.resource.starts_with("arn:aws:s3:us-east-1:"),
        "{}",
        found.resource
    );
}

#[test]
fn allow_with_a_future_date_is_open() {
    let later = allow(json!({"DateGreaterThan": {"aws:CurrentTime": "2028-01-01T00:00:00Z"}}));
    let inside = allow(json!({"StringEquals": {"aws:PrincipalOrgID": OWN, "aws:ResourceOrgID": OWN}}));
    let found = on("s3", &[inside, later]).identity.unwrap();
    assert_eq!(found.conditional, ["aws:CurrentTime"]);
    assert_eq!(found.request.context["aws:CurrentTime"], ["2028-01-01T00:00:01Z"]);
}

#[test]
fn expired_deny_and_one_that_will_expire_close_nothing() {
    let outsiders = |until: &str| {
        deny(
            json!({"StringNotEqualsIfExists": {"aws:PrincipalOrgID": OWN}, "DateLessThan": {"aws:CurrentTime": until}}),
        )
    };
    let hole = |until: &str| {
        on("s3", &[everything(), data_stays(), outsiders(until)])
            .identity
            .unwrap()
    };
    assert!(hole("2020-01-01T00:00:00Z").conditional.is_empty());
    assert_eq!(hole("2027-01-01T00:00:00Z").conditional, ["aws:CurrentTime"]);
}

#[test]
fn numeric_account_ids_are_read_as_ids() {
    let mut named = everything();
    named["Principal"] = json!({"AWS": 111_122_223_333_u64});
    assert_eq!(holes(&[named.clone(), data_stays()]), (false, false));
    named["Principal"] = json!({"AWS": [999_999_999_999_u64]});
    assert_eq!(holes(&[named, data_stays()]), (true, false));
    let own = json!({"StringEquals": {"aws:PrincipalAccount": 111_122_223_333_u64}});
    assert_eq!(holes(&[allow(own), data_stays()]), (false, false));
}

#[test]
fn action_of_two_stars_may_be_every_action() {
    let mut every = everything();
    every["Action"] = json!("*:*");
    assert!(!supposing(&[every.clone(), data_stays()]).unwrap().is_empty());
    every["Effect"] = json!("Deny");
    assert!(!supposing(&[everything(), data_stays(), every]).unwrap().is_empty());
}

#[test]
fn variable_without_a_value_may_disable_a_deny() {
    let mut unless = deny(json!({}));
    unless["NotResource"] = json!("arn:aws:s3:::${aws:PrincipalTag/home}/*");
    unless.as_object_mut().unwrap().remove("Resource");
    let untagged =
        json!({"StringNotEqualsIfExists": {"aws:PrincipalOrgID": OWN}, "Null": {"aws:PrincipalTag/home": "false"}});
    let found = supposing(&[everything(), data_stays(), deny(untagged), unless]);
    assert!(!found.unwrap().is_empty());
}

#[test]
fn for_any_value_of_a_missing_key_may_hold_if_it_exists() {
    let maybe = json!({"ForAnyValue:StringEqualsIfExists": {"aws:PrincipalOrgPaths": "o-exampleorg1/r-ab12/"}});
    assert!(!supposing(&[allow(maybe), data_stays()]).unwrap().is_empty());
}

#[test]
fn star_for_accounts_may_take_in_services() {
    let strict = Perimeter {
        aws_services: false,
        ..perimeter()
    };
    let mut aws = allow(json!({"Bool": {"aws:PrincipalIsAWSService": "true"}}));
    aws["Principal"] = json!({"AWS": "*"});
    let found = with("s3", &strict, &[aws]).identity.unwrap();
    assert!(!found.supposing.is_empty());
    assert!(found.request.principal.ends_with(".amazonaws.com"));
}

#[test]
fn service_that_is_not_known_may_not_tell_who_owns_the_resource() {
    let inside = json!({"StringEqualsIfExists": {"aws:ResourceAccount": "111122223333"}, "StringEquals": {"aws:PrincipalOrgID": OWN}});
    assert_eq!(on("s3", &[allow(inside.clone())]).verdict, Containment::Closed);
    assert_eq!(
        on("no-such-service", &[allow(inside.clone())]).verdict,
        Containment::Undecided
    );
    for service in ["any", "", "ebs"] {
        let found = on(service, &[allow(inside.clone())]).resource.unwrap().request;
        let service_of = found.action.split(':').next().unwrap();
        assert!(
            crate::service::is_keyless(&found.action).unwrap(),
            "{service}: {}",
            found.action
        );
        let expected = if service_of == "ebs" { "ec2" } else { service_of };
        assert_eq!(found.resource.split(':').nth(2), Some(expected), "{service}");
        assert!(!found.context.contains_key("aws:ResourceAccount"), "{service}");
    }
    let mut storage = allow(inside.clone());
    storage["Action"] = json!(["s3:*", "sqs:SendMessage"]);
    assert_eq!(on("any", &[storage]).verdict, Containment::Closed, "these tell");
    let mut unheard = allow(inside);
    unheard["Action"] = json!("unheardof:*");
    assert!(on("any", &[unheard]).resource.is_some());
    let strict = json!({"StringEquals": {"aws:ResourceAccount": "111122223333", "aws:PrincipalOrgID": OWN}});
    assert_eq!(on("any", &[allow(strict)]).verdict, Containment::Closed);
}

#[test]
fn services_have_names_of_their_own_for_owner_and_caller() {
    let owner = |operator: &str| {
        let mut block = json!({"StringLike": {"aws:PrincipalOrgID": OWN}});
        block[operator]["s3:ResourceAccount"] = json!("111122223333");
        block
    };
    assert_eq!(holes(&[allow(owner("StringEquals"))]), (false, false));
    let mut barrier = deny(json!({"StringNotEquals": {"s3:ResourceAccount": "111122223333"}}));
    let insiders = allow(json!({"StringEquals": {"aws:PrincipalOrgID": OWN}}));
    assert_eq!(holes(&[insiders.clone(), barrier.clone()]), (false, false));
    barrier["Condition"] = json!({"StringNotEqualsIfExists": {"s3:ResourceAccount": "111122223333"}, "Null": {"s3:ResourceAccount": "false"}});
    assert!(
        on("kms", &[insiders, barrier]).resource.is_some(),
        "KMS has no such key"
    );
    assert_eq!(on("any", &[allow(owner("StringEquals"))]).resource, None);
    assert!(
        on("any", &[allow(owner("StringEqualsIfExists"))]).resource.is_some(),
        "others than S3 lack the key"
    );
    // A Deny that somebody gets around without the key does not make two owners of one.
    let mut idle = deny(json!({"StringEquals": {"s3:ResourceAccount": "111122223333"}}));
    idle.as_object_mut().unwrap().remove("Resource");
    idle["NotResource"] = json!("*");
    let found = on("s3", &[allow(owner("StringEquals")), idle]);
    assert_eq!((found.identity, found.resource), (None, None));
    let callers = json!({"StringEquals": {"kms:CallerAccount": "111122223333", "aws:ResourceOrgID": OWN}});
    assert_eq!(on("kms", &[allow(callers)]).verdict, Containment::Closed);
    // Actions without a resource, such as kms:GenerateRandom, may lack the key.
    for operator in ["StringNotEquals", "StringEqualsIfExists"] {
        let mut callers = json!({"StringEquals": {"aws:ResourceOrgID": OWN}});
        callers[operator] = json!({"kms:CallerAccount": "111122223333"});
        assert!(on("kms", &[allow(callers)]).identity.is_some(), "{operator}");
    }
}

#[test]
fn user_has_the_name_that_the_request_tells() {
    let named = allow(json!({"StringEquals": {"aws:username": "alice"}}));
    let found = on("s3", &[named.clone(), data_stays()]).identity.unwrap().request;
    assert!(found.principal.ends_with(":user/alice"), "{}", found.principal);
    assert_eq!(
        found.context["aws:PrincipalArn"],
        std::slice::from_ref(&found.principal)
    );
    let mut other = named;
    other["Principal"] = json!({"AWS": "arn:aws:iam::999999999999:user/bob"});
    assert_eq!(on("s3", &[other, data_stays()]).identity, None);
}
