//! The traps of endpoint policies, each with a document of its own.

use serde_json::{Value, json};

use super::*;
use crate::evaluate;

mod action_keys;
mod callers;
mod requests;
mod traps;

const OWN: &str = "o-exampleorg1";

fn perimeter() -> Perimeter {
    Perimeter {
        organizations: vec![OWN.to_owned()],
        accounts: vec!["111122223333".to_owned()],
        resources: vec!["arn:aws:s3:::corp-data/*".to_owned()],
        aws_owned_resources: vec!["arn:aws:s3:::aws-packages/*".to_owned()],
        aws_services: true,
        ..Perimeter::default()
    }
}

fn endpoint(service: &str) -> EndpointContext {
    EndpointContext {
        service: service.to_owned(),
        gateway: false,
        owner: "111122223333".to_owned(),
        region: "us-east-1".to_owned(),
        vpc: "vpc-0a1b2c3d4e5f60718".to_owned(),
        endpoint: "vpce-0a1b2c3d4e5f60718".to_owned(),
        time: 1_795_392_000,
    }
}

fn allow(condition: Value) -> Value {
    json!({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*", "Condition": condition})
}

fn deny(condition: Value) -> Value {
    json!({"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*", "Condition": condition})
}

fn everything() -> Value {
    allow(json!({}))
}

/// Keeps data in, so that a test can be about outsiders alone.
fn data_stays() -> Value {
    deny(json!({"StringNotEqualsIfExists": {"aws:ResourceOrgID": OWN}}))
}

fn on(service: &str, statements: &[Value]) -> Analysis {
    with(service, &perimeter(), statements)
}

fn with(service: &str, perimeter: &Perimeter, statements: &[Value]) -> Analysis {
    let text = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
    let document = Document::parse(&text).unwrap();
    let found = analyse(&document, perimeter, &endpoint(service));
    for witness in [&found.identity, &found.resource]
        .into_iter()
        .flatten()
        .filter(|w| w.supposing.is_empty())
    {
        assert!(evaluate(&document, &witness.request).is_allowed(), "{witness:?}");
    }
    found
}

/// Whether outsiders get in, and whether data gets out.
fn holes(statements: &[Value]) -> (bool, bool) {
    let found = on("s3", statements);
    assert_ne!(found.verdict, Containment::Undecided, "{:?}", found.reasons);
    (found.identity.is_some(), found.resource.is_some())
}

#[test]
fn two_keys_in_one_deny_leave_both_holes() {
    let both = json!({"StringNotEquals": {"aws:PrincipalOrgID": OWN, "aws:ResourceOrgID": OWN}});
    assert_eq!(holes(&[everything(), deny(both)]), (true, true));
}

#[test]
fn a_deny_for_services_by_bool_skips_callers_without_credentials() {
    let outsiders = |bool: &str| {
        let mut condition =
            json!({"StringNotEqualsIfExists": {"aws:PrincipalOrgID": OWN, "aws:PrincipalAccount": "111122223333"}});
        condition[bool] = json!({"aws:PrincipalIsAWSService": "false"});
        deny(condition)
    };
    let found = on("s3", &[everything(), data_stays(), outsiders("Bool")]);
    assert_eq!(found.identity.unwrap().request.principal, "anonymous");
    assert_eq!(
        holes(&[everything(), data_stays(), outsiders("BoolIfExists")]),
        (false, false)
    );
    let services = allow(json!({"BoolIfExists": {"aws:PrincipalIsAWSService": "true"}}));
    assert_eq!(holes(&[services]), (true, true));
}

#[test]
fn quantifiers_over_missing_keys_open_or_close() {
    let all = json!({"ForAllValues:StringEquals": {"aws:PrincipalOrgID": OWN}});
    assert_eq!(holes(&[allow(all), data_stays()]), (true, false));
    let any = json!({"ForAnyValue:StringNotLike": {"aws:PrincipalOrgPaths": "o-exampleorg1/*"}});
    assert_eq!(holes(&[everything(), data_stays(), deny(any)]), (true, false));
    let all = json!({"ForAllValues:StringNotLike": {"aws:PrincipalOrgPaths": "o-exampleorg1/*"}});
    assert_eq!(holes(&[everything(), data_stays(), deny(all)]), (false, false));
}

#[test]
fn path_without_its_organisation_lets_other_organisations_in() {
    let path = |pattern: &str| allow(json!({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": pattern}}));
    assert_eq!(holes(&[path("*/ou-ab12-11111111/*"), data_stays()]), (true, false));
    assert_eq!(holes(&[path("o-exam*"), data_stays()]), (true, false));
    assert_eq!(
        holes(&[path("o-exampleorg1/*/ou-ab12-11111111/*"), data_stays()]),
        (false, false)
    );
}

#[test]
fn caller_and_resource_in_one_organisation_may_both_be_outside() {
    let same = json!({"StringEquals": {"aws:ResourceOrgID": "${aws:PrincipalOrgID}"}});
    assert_eq!(holes(&[allow(same.clone())]), (true, true));
    let mut pinned = same;
    pinned["StringLike"] = json!({"aws:PrincipalOrgID": OWN});
    assert_eq!(holes(&[allow(pinned)]), (false, false));
}

#[test]
fn keys_of_the_endpoint_restrict_nothing() {
    for (operator, key, value) in [
        ("StringEquals", "aws:SourceVpc", "vpc-0a1b2c3d4e5f60718"),
        ("StringEquals", "aws:sourcevpce", "vpce-0a1b2c3d4e5f60718"),
        ("StringEquals", "aws:VpceAccount", "111122223333"),
        ("StringNotEquals", "aws:VpceOrgID", "o-otherorg0001"),
        ("NotIpAddress", "aws:SourceIp", "10.0.0.0/8"),
    ] {
        let mut block = json!({});
        block[operator][key] = json!(value);
        assert_eq!(holes(&[allow(block.clone())]), (true, true), "{block}");
        assert_eq!(holes(&[everything(), deny(block.clone())]), (false, false), "{block}");
    }
    assert!(on("s3", &[allow(json!({"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}))]).locked_out);
}

#[test]
fn buckets_do_not_cover_access_points_and_names_can_be_registered() {
    let insiders = || json!({"StringEquals": {"aws:PrincipalOrgID": OWN}});
    let mut buckets = data_stays();
    buckets["Resource"] = json!("arn:aws:s3:::*");
    let found = on("s3", &[allow(insiders()), buckets]);
    assert!(
        found
            .resource
            .unwrap()
            .request
            .resource
            .starts_with("arn:aws:s3:us-east-1:")
    );
    for (resource, open) in [
        ("arn:aws:s3:::corp-data/*", false),
        ("arn:aws:s3:::corp-data*", true),
        ("arn:aws:s3:::corp-dat?/*", true),
        ("arn:aws:s3:::partner/*", true),
        ("arn:aws:s3:::aws-packages/*", false),
        ("arn:aws:s3:*:111122223333:accesspoint/*", false),
        ("arn:aws:s3:*:999999999999:accesspoint/*", true),
    ] {
        let mut statement = allow(insiders());
        statement["Resource"] = json!(resource);
        assert_eq!(holes(&[statement]), (false, open), "{resource}");
    }
}

#[test]
fn statements_for_another_service_are_dead() {
    let mut statement = everything();
    statement["Action"] = json!(["sqs:*", "kms:Decrypt"]);
    let found = on("s3", &[statement.clone()]);
    assert_eq!((found.verdict, found.locked_out), (Containment::LockedOut, true));
    assert_eq!(on("kms", &[statement]).verdict, Containment::Open);
}

#[test]
fn requests_come_now_or_later_and_their_two_clocks_agree() {
    let until = |date: &str| json!({"DateLessThan": {"aws:CurrentTime": date}});
    let after = json!({"NumericGreaterThan": {"aws:EpochTime": 1_924_992_000}});
    assert!(on("s3", &[allow(until("2026-01-01T00:00:00Z"))]).locked_out);
    assert_eq!(holes(&[allow(until("2027-01-01"))]), (true, true));
    assert_eq!(
        holes(&[everything(), deny(until("2026-01-01T00:00:00Z"))]),
        (true, true)
    );
    let bomb = on("s3", &[allow(after.clone())]).identity.unwrap();
    assert_eq!(bomb.conditional, ["aws:CurrentTime"]);
    let both = json!({"NumericGreaterThan": {"aws:EpochTime": 1_924_992_000}, "DateLessThan": {"aws:CurrentTime": "2030-01-01"}});
    assert!(on("s3", &[allow(both)]).locked_out, "the two clocks show one time");
}

#[test]
fn undocumented_effect_counts_as_its_most_permissive_interpretation() {
    let maybe = json!({"ForAnyValue:StringEqualsIfExists": {"aws:PrincipalOrgPaths": "o-exampleorg1/r-ab12/"}});
    let found = on("s3", &[allow(maybe), data_stays()]);
    assert!(!found.identity.unwrap().supposing.is_empty());
    let mut every = everything();
    every["Action"] = json!("*:*");
    assert_eq!(on("s3", &[every]).verdict, Containment::Open);
    let mut unless = deny(json!({}));
    unless["NotResource"] = json!("arn:aws:s3:::${aws:PrincipalTag/home}/*");
    unless.as_object_mut().unwrap().remove("Resource");
    assert_eq!(on("s3", &[everything(), unless]).verdict, Containment::Open);
    let service = Perimeter {
        aws_services: false,
        ..perimeter()
    };
    let mut aws = allow(json!({"Bool": {"aws:PrincipalIsAWSService": "true"}}));
    aws["Principal"] = json!({"AWS": "*"});
    let found = with("s3", &service, &[aws]);
    assert!(found.identity.unwrap().request.principal.ends_with(".amazonaws.com"));
}

#[test]
fn members_that_appear_twice_are_read_both_ways() {
    let text = |first: &str, second: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":{{"StringEquals":{{"aws:ResourceOrgID":"{OWN}","aws:PrincipalOrgID":"{first}"}},"StringLike":{{"aws:PrincipalOrgID":"o-*","AWS:PRINCIPALORGID":"{second}"}}}}}}]}}"#
        )
    };
    for (second, verdict) in [(OWN, Containment::Closed), ("o-*", Containment::Closed)] {
        let document = Document::parse(&text(OWN, second)).unwrap();
        assert_eq!(analyse(&document, &perimeter(), &endpoint("s3")).verdict, verdict);
    }
    let twice = r#"{"Statement":[],"Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}}"#;
    let found = analyse(&Document::parse(twice).unwrap(), &perimeter(), &endpoint("s3"));
    assert_eq!(found.verdict, Containment::Open);
    assert!(!found.identity.unwrap().supposing.is_empty());
}

#[test]
fn account_principals_on_gateways_mean_the_root_user_only() {
    let document = Document::parse(
        &json!({"Statement": {"Effect": "Allow", "Principal": {"AWS": "999999999999"}, "Action": "*", "Resource": "*"}}).to_string(),
    )
    .unwrap();
    let gateway = EndpointContext {
        gateway: true,
        ..endpoint("s3")
    };
    let found = analyse(&document, &perimeter(), &gateway).identity.unwrap();
    assert_eq!(found.request.principal, "arn:aws:iam::999999999999:root");
    let found = analyse(&document, &perimeter(), &endpoint("s3")).identity.unwrap();
    assert!(found.request.principal.starts_with("arn:aws:iam::999999999999:"));
}

#[test]
fn conditions_on_owners_do_not_cover_services_that_do_not_tell_them() {
    let inside = json!({"StringEquals": {"aws:PrincipalOrgID": OWN}, "StringEqualsIfExists": {"aws:ResourceAccount": "111122223333"}});
    assert_eq!(on("s3", &[allow(inside.clone())]).verdict, Containment::Closed);
    assert!(on("ebs", &[allow(inside.clone())]).resource.is_some());
    let found = on("ec2", &[allow(inside)]).resource.unwrap();
    assert_eq!(found.request.action, "ec2:AcceptVpcPeeringConnection");
}

#[test]
fn a_witness_that_needs_what_callers_may_not_have_says_so() {
    let excluded = json!({"StringEquals": {"aws:PrincipalOrgID": OWN, "aws:PrincipalTag/dp:exclude": "true"}});
    let found = on("s3", &[allow(excluded)]).resource.unwrap();
    assert_eq!(found.conditional, ["aws:PrincipalTag/dp:exclude"]);
    let dodge = json!({"StringNotEquals": {"aws:PrincipalOrgID": OWN}, "StringNotEqualsIfExists": {"aws:PrincipalTag/exempt": "true"}});
    let found = on("s3", &[everything(), data_stays(), deny(dodge)]).identity.unwrap();
    assert!(found.conditional.is_empty(), "outsiders tag themselves");
}

#[test]
fn tags_compared_with_tags_are_followed() {
    let team = json!({"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}});
    assert_eq!(holes(&[allow(team.clone())]), (true, true));
    let mut inside = team;
    inside["StringLike"] = json!({"aws:PrincipalOrgID": OWN, "aws:ResourceOrgID": OWN});
    assert_eq!(holes(&[allow(inside)]), (false, false));
}

#[test]
fn allow_for_an_unknown_principal_is_never_closed() {
    for (service, principal) in [
        (
            "s3",
            json!({"CanonicalUser": "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"}),
        ),
        ("s3", json!({"Federated": "accounts.example.com"})),
    ] {
        let mut statement = everything();
        statement["Principal"] = principal;
        let found = on(service, &[statement.clone()]);
        assert_eq!(found.verdict, Containment::Undecided);
        assert!(
            found.reasons[0].contains("there is no telling who"),
            "{:?}",
            found.reasons
        );
        let barrier = deny(json!({"StringNotEqualsIfExists": {"aws:PrincipalOrgID": OWN, "aws:ResourceOrgID": OWN}}));
        assert_ne!(on(service, &[statement, barrier]).verdict, Containment::Closed);
    }
}

#[test]
fn single_trusted_principals_and_paths_count_as_inside() {
    let trusting = Perimeter {
        organization_paths: vec!["o-partner00001/r-ab12/ou-ab12-11111111/".to_owned()],
        principals: vec!["arn:aws:iam::999999999999:role/partner".to_owned()],
        ..perimeter()
    };
    let on = |condition: Value| {
        with("s3", &trusting, &[allow(condition), data_stays()])
            .identity
            .is_some()
    };
    assert!(!on(
        json!({"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::999999999999:role/partner"}})
    ));
    assert!(on(
        json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::999999999999:role/partner*"}})
    ));
    let path = |path: &str| json!({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": path}});
    assert!(!on(path("o-partner00001/r-ab12/ou-ab12-11111111/*")));
    assert!(on(path("o-partner00001/r-ab12/*")));
}

#[test]
fn hostile_documents_end_as_undecided_and_not_as_closed() {
    let patterns: Vec<String> = ('a'..='z').map(|c| format!("arn:aws:s3:::*{c}*")).collect();
    let mut statement = deny(json!({}));
    statement["Resource"] = json!(patterns);
    let found = on("s3", &[everything(), data_stays(), statement]);
    assert!(
        matches!(found.verdict, Containment::Open | Containment::Undecided),
        "{:?}",
        found.verdict
    );
}

#[test]
fn templates_are_closed_and_lock_nobody_out() {
    let settings = Perimeter {
        builtin_aws_owned_resources: true,
        ..perimeter()
    };
    for service in [
        "s3",
        "sqs",
        "kms",
        "dynamodb",
        "ecr.api",
        "ecr.dkr",
        "ssm",
        "sts",
        "secretsmanager",
    ] {
        let text = crate::template(service, "us-east-1", &settings).unwrap();
        let found = analyse(&Document::parse(&text).unwrap(), &settings, &endpoint(service));
        assert_eq!(
            found.verdict,
            Containment::Closed,
            "{service}: {:#?}",
            found.explanation
        );
    }
}

#[test]
fn the_explanation_names_who_what_and_why() {
    let barrier = deny(json!({"StringNotEquals": {"aws:PrincipalOrgID": OWN, "aws:ResourceOrgID": OWN}}));
    let found = on("s3", &[everything(), barrier]);
    insta::assert_snapshot!(found.explanation.join("\n"), @r#"
    Principals outside your perimeter can use this endpoint: for example, `arn:aws:iam::999988887777:role/anybody` of the organisation o-otherorg001 can call `s3:GetObject` on `arn:aws:s3:::example-bucket/example` of account 111122223333 in the organisation o-exampleorg1.
    Allowed by Statement[0].
    Not denied by Statement[1]: `Statement[1].Condition.StringNotEquals.aws:ResourceOrgID` does not hold, because the request has `o-exampleorg1`.
    Resources outside your perimeter can be reached through this endpoint: for example, `arn:aws:iam::111122223333:role/anybody` of the organisation o-exampleorg1 can call `s3:GetObject` on `arn:aws:s3:::example-bucket/example` of account 999988887777 in the organisation o-otherorg001.
    Allowed by Statement[0].
    Not denied by Statement[1]: `Statement[1].Condition.StringNotEquals.aws:PrincipalOrgID` does not hold, because the request has `o-exampleorg1`.
    "#);
}

#[test]
fn an_account_is_in_one_organisation_but_an_outsider_may_be_another_account() {
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
fn deny_on_resources_does_not_cover_actions_without_resource() {
    let mut barrier =
        deny(json!({"StringNotEqualsIfExists": {"aws:PrincipalOrgID": OWN, "aws:PrincipalAccount": "111122223333"}}));
    barrier["Resource"] = json!("arn:aws:sqs:*:*:*");
    let found = on("sqs", &[everything(), data_stays(), barrier]).identity;
    assert!(
        found.is_none(),
        "data_stays covers the outsiders' own accounts: {found:?}"
    );
    let mut barrier = deny(json!({"StringNotEqualsIfExists": {"aws:PrincipalOrgID": OWN}}));
    barrier["Resource"] = json!("arn:aws:sqs:*:*:*");
    let mut outside = deny(json!({"StringNotEqualsIfExists": {"aws:ResourceOrgID": OWN}}));
    outside["Resource"] = json!("arn:aws:sqs:*:*:*");
    let found = on("sqs", &[everything(), barrier, outside]).identity.unwrap().request;
    assert_eq!(
        (found.action.as_str(), found.resource.as_str()),
        ("sqs:ListQueues", "*")
    );
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
fn principals_of_other_partitions_sign_no_request() {
    let china = json!({"ArnLike": {"aws:PrincipalArn": "arn:aws-cn:iam::*:role/app"}});
    assert!(on("s3", &[allow(china)]).locked_out);
    let mut statement = everything();
    statement["Principal"] = json!({"AWS": "arn:aws-cn:iam::999999999999:role/app"});
    assert!(on("s3", &[statement]).locked_out);
}

#[test]
fn an_account_anywhere_in_the_pattern_of_a_principal_is_told_from_others() {
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
fn a_variable_within_a_pattern_does_not_hide_a_hole() {
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
fn the_action_of_a_witness_takes_its_resource() {
    let several = |actions: &[&str]| {
        let mut statement = everything();
        statement["Action"] = json!(actions);
        statement
    };
    for (service, statement) in [
        ("ssm", everything()),
        ("sts", everything()),
        ("logs", several(&["logs:Put*"])),
        ("s3", several(&["s3:GetBucketLocation"])),
        ("ec2", several(&["ec2:StartInstances"])),
        ("ssm", several(&["ssm:DescribeParameters", "ssm:SendCommand"])),
    ] {
        let found = on(service, std::slice::from_ref(&statement));
        for witness in [&found.identity, &found.resource].into_iter().flatten() {
            let (action, resource) = (&witness.request.action, &witness.request.resource);
            assert!(
                crate::service::takes(action, resource),
                "{statement}: {action} {resource}"
            );
        }
        assert_eq!(found.verdict, Containment::Open);
    }
}

#[test]
fn a_hole_by_an_action_that_nobody_has_published_is_reported_as_it_is() {
    let mut statement = everything();
    statement["Action"] = json!("s3:GetTomorrow");
    let found = on("s3", &[statement]);
    assert_eq!(found.identity.unwrap().request.action, "s3:GetTomorrow");
}

#[test]
fn an_account_whose_repositories_all_belong_to_aws_holds_nothing_else() {
    let perimeter = |repositories: &str| Perimeter {
        aws_owned_resources: vec![format!("arn:aws:ecr:us-east-1:602401143452:repository/{repositories}")],
        ..perimeter()
    };
    let pull = allow(json!({"StringEquals": {"aws:PrincipalOrgID": OWN,
        "aws:ResourceAccount": ["111122223333", "602401143452"], "aws:RequestedRegion": "us-east-1"}}));
    let mut here = pull.clone();
    here["Resource"] = json!("arn:aws:ecr:us-east-1:*:*");
    let verdict = |repositories, statement: &Value| {
        with("ecr.api", &perimeter(repositories), std::slice::from_ref(statement)).verdict
    };
    assert_eq!(verdict("*", &here), Containment::Closed);
    assert_eq!(verdict("s*", &here), Containment::Open);
    assert_eq!(
        verdict("*", &pull),
        Containment::Closed,
        "repositories of other Regions are not behind the endpoint"
    );
}

#[test]
fn a_witness_calls_the_service_of_the_endpoint_and_no_other() {
    let of_s3 =
        json!({"Effect": "Allow", "Principal": "*", "Action": ["ssmmessages:*", "S3:GetObject"], "Resource": "*"});
    for statement in [everything(), of_s3] {
        let found = on("ssmmessages", &[statement]);
        let witness = found.identity.unwrap();
        assert!(witness.request.action.starts_with("ssmmessages:"), "{witness:?}");
        assert!(
            found.resource.is_none(),
            "its actions are about the caller's own account"
        );
    }
}

#[test]
fn the_witness_of_a_service_that_is_not_known_calls_no_other_service() {
    let of_s3 = json!({"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"});
    for name in ["tomorrow", "com.amazonaws.us-east-1.tomorrow-fips", "tomorrow.api"] {
        let found = on(name, &[everything()]);
        for witness in [found.identity.unwrap(), found.resource.unwrap()] {
            assert!(witness.request.action.starts_with("tomorrow:"), "{witness:?}");
            assert!(witness.request.resource.starts_with("arn:aws:tomorrow:"), "{witness:?}");
        }
        // Whether the service has actions of S3 is not known.
        let found = on(name, std::slice::from_ref(&of_s3));
        assert_eq!(found.verdict, Containment::Undecided);
        assert!(found.identity.is_none() && found.resource.is_none());
        let closed = on(
            name,
            &[
                everything(),
                deny(json!({"StringNotEqualsIfExists": {"aws:PrincipalOrgID": OWN}})),
                data_stays(),
            ],
        );
        assert_ne!(closed.verdict, Containment::Open, "{:?}", closed.resource);
    }
}

#[test]
fn sixty_denies_for_callers_and_owners_of_their_own_are_decided() {
    let outsiders = deny(json!({"StringNotEqualsIfExists": {"aws:PrincipalOrgID": OWN}}));
    let mut statements = vec![everything(), outsiders, data_stays()];
    for (team, action) in (0..60).zip(["Get", "Put", "Delete"].iter().cycle()) {
        let account = format!("{}", 500_000_000_000_u64 + team);
        let mut own = deny(json!({
            "StringNotEquals": {format!("aws:PrincipalTag/team{}", team % 6): format!("t{team}")},
            "StringEquals": {"aws:ResourceAccount": account},
        }));
        own["Principal"] = json!({"AWS": format!("arn:aws:iam::{account}:role/team{team}")});
        own["Action"] = json!(format!("s3:{action}Object"));
        own["Resource"] = json!(format!("arn:aws:s3:::data-{team}/*"));
        statements.push(own);
    }
    let perimeter = Perimeter {
        organizations: vec![OWN.to_owned()],
        ..Perimeter::default()
    };
    let found = with("s3", &perimeter, &statements);
    assert_eq!(found.verdict, Containment::Closed, "{:?}", found.reasons);
}

#[test]
fn actions_that_do_not_tell_the_owner_open_a_policy_that_does_not_ask_for_it() {
    for (service, action) in [
        ("ec2", "ec2:DeleteVpcPeeringConnection"),
        ("route53", "route53:AssociateVPCWithHostedZone"),
        ("any", "guardduty:AcceptAdministratorInvitation"),
        ("ec2", "ec2:Accept*"),
    ] {
        let mut statement = everything();
        statement["Action"] = json!(action);
        let found = on(service, &[statement]);
        assert_eq!(
            (found.identity.is_some(), found.resource.is_some(), found.locked_out),
            (true, true, false),
            "{action}: {found:#?}"
        );
    }
    let mut others = everything();
    others["NotAction"] = json!("ec2:CopySnapshot");
    others.as_object_mut().unwrap().remove("Action");
    others["Effect"] = json!("Deny");
    assert!(on("ec2", &[everything(), others]).resource.is_some());
}

#[test]
fn policy_is_not_called_closed_while_no_trusted_principal_is_known_to_use_it() {
    let document = Document::parse(&json!({"Statement": [everything()]}).to_string()).unwrap();
    let mut summary = Summary::default();
    summary.add(0, Answer::No, Answer::No, &Answer::Unknown("too many cases".to_owned()));
    let found = summary.analysis(&document, &[]);
    assert_eq!(found.verdict, Containment::Undecided);
    assert_eq!(
        found.reasons,
        ["could not decide whether trusted principals can use it: too many cases"]
    );
}
