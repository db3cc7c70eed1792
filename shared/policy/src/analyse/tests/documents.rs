//! What statements mean together.

use super::*;

#[test]
fn two_keys_in_one_deny_leave_both_holes() {
    let both = json!({"StringNotEquals": {"aws:PrincipalOrgID": OWN, "aws:ResourceOrgID": OWN}});
    assert_eq!(holes(&[everything(), deny(both)]), (true, true));
}

#[test]
fn deny_for_services_by_bool_skips_callers_without_credentials() {
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
fn quantifier_on_a_missing_key_opens_or_closes() {
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
fn conditions_on_keys_of_the_endpoint_restrict_nothing() {
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
fn statements_for_another_service_never_apply() {
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
fn document_with_overlapping_names_of_roles_is_not_called_locked_out() {
    let roles = [
        "arn:aws:iam::*:role/*data*engineer*",
        "arn:aws:iam::*:role/AWSReservedSSO_*_*",
        "*emergency*access*",
        "arn:aws:iam::*:role/*team?*ops*",
        "arn:aws:iam::*:role/ci-*-deploy-*",
    ];
    for service in ["", "any", "s3", "kms"] {
        for count in 1..=roles.len() {
            let names = json!({"StringLike": {"aws:PrincipalArn": &roles[..count]}});
            for statements in [vec![everything(), deny(names.clone())], vec![allow(names)]] {
                let found = on(service, &statements);
                assert!(!found.locked_out, "{service} {count}: {:?}", found.reasons);
                assert_eq!(
                    found.verdict,
                    Containment::Open,
                    "{service} {count}: {:?}",
                    found.reasons
                );
            }
        }
    }
}

#[test]
fn what_aws_says_that_endpoint_policies_cannot_have_is_named() {
    let numeric = json!({"NumericEquals": {"aws:PrincipalAccount": "111122223333"}});
    for condition in [
        numeric,
        json!({"StringLike": {"aws:ResourceAccount": "1111*"}}),
        json!({"StringLike": {"aws:SourceVpc": "vpc-0a1b2c*"}}),
    ] {
        let found = on("s3", &[allow(condition.clone())]);
        let named = found
            .reasons
            .iter()
            .any(|reason| reason.contains("cannot have wildcards or numeric operators"));
        assert!(named, "{condition}: {:?}", found.reasons);
    }
    let mut statement = everything();
    statement["Principal"] = json!({"AWS": "111122223333"});
    let text = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
    let document = Document::parse(&text).unwrap();
    for gateway in [true, false] {
        let found = analyse(
            &document,
            &perimeter(),
            &EndpointContext {
                gateway,
                ..endpoint("s3")
            },
        );
        assert_eq!(
            found.reasons.iter().any(|reason| reason.contains("root user")),
            gateway,
            "{:?}",
            found.reasons
        );
    }
}
