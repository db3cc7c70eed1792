//! Patterns and variables that have to be told apart to the end.

use super::*;

/// Our resources, for whoever meets a condition.
fn for_callers(condition: Value) -> [Value; 2] {
    [allow(condition), data_stays()]
}

fn outsiders_get_in(condition: Value) -> bool {
    let found = on("s3", &for_callers(condition.clone()));
    assert_ne!(
        found.verdict,
        Containment::Undecided,
        "{condition}: {:?}",
        found.reasons
    );
    found.identity.is_some()
}

#[test]
fn names_of_principals_are_distinguished_by_patterns_of_any_length() {
    for (operator, pattern, open) in [
        ("StringLike", "*:role/*", true),
        ("StringLike", "*:group/*", true),
        ("StringLike", "arn:aws:*::111122223333:*", true),
        ("ArnLike", "arn:aws:*::111122223333:*", false),
        ("ArnLike", "arn:aws:iam::9*:user/?", true),
        ("ArnLike", "arn:aws:iam::*:user/??????????", true),
        ("ArnLike", "arn:aws:iam::*:group/*", false),
        ("StringLike", "*:federated-user/a b*", false),
        ("StringLike", "*:root", true),
        ("StringNotLike", "*:root", true),
    ] {
        assert_eq!(
            outsiders_get_in(json!({operator: {"aws:PrincipalArn": pattern}})),
            open,
            "{pattern}"
        );
    }
}

#[test]
fn ids_of_accounts_and_organisations_are_distinguished_by_patterns_of_any_length() {
    for (condition, open) in [
        (json!({"StringLike": {"aws:PrincipalAccount": "????????????"}}), true),
        (json!({"StringLike": {"aws:PrincipalAccount": "?????????????"}}), false),
        (json!({"StringLike": {"aws:PrincipalOrgID": "*o-exampleorg1"}}), false),
        (json!({"StringLike": {"aws:PrincipalOrgID": "o-*-*"}}), false),
        // A unit of another organisation may have `o` and `exampleorg1` in its id.
        (
            json!({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "*o-exampleorg1/*"}}),
            true,
        ),
        (
            json!({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-exampleorg1/r-????/*"}}),
            false,
        ),
    ] {
        assert_eq!(outsiders_get_in(condition.clone()), open, "{condition}");
    }
}

#[test]
fn name_of_a_user_in_the_pattern_of_a_principal_leaves_its_account_fixed() {
    for (account, open) in [("111122223333", false), ("999999999999", true), ("*", true)] {
        let own = json!({"ArnEquals": {"aws:PrincipalArn": format!("arn:aws:iam::{account}:user/${{aws:username}}")}});
        assert_eq!(outsiders_get_in(own), open, "{account}");
    }
    let tagged =
        json!({"StringLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/${aws:PrincipalTag/team}-*"}});
    assert!(!outsiders_get_in(tagged));
    // A tag before the account may hold another account, and ours is then in the path of a role.
    let anywhere =
        json!({"StringLike": {"aws:PrincipalArn": "arn:aws:iam:${aws:PrincipalTag/region}:111122223333:role/*"}});
    assert!(outsiders_get_in(anywhere));
}

#[test]
fn variable_before_a_star_stands_for_longer_values_too() {
    let longer = json!({"StringEquals": {"aws:PrincipalOrgID": OWN}, "StringLike": {"aws:ResourceOrgID": "${aws:PrincipalOrgID}*"}});
    let resource = on("s3", &[allow(longer)]).resource.unwrap().request;
    let owner = &resource.context["aws:ResourceOrgID"][0];
    assert!(owner.starts_with(OWN) && owner.len() > OWN.len(), "{owner}");
}

#[test]
fn endpoint_lies_in_units_of_its_own_organisation() {
    let at = |path: &str| json!({"ForAnyValue:StringLike": {"aws:VpceOrgPaths": path}});
    for (path, open) in [
        ("o-*/r-ab12/*", true),
        ("*/r-ab12/ou-ab12-11111111/*", true),
        ("o-exampleorg1/r-ab12/", true),
        ("o-foreignorg1/*", false),
    ] {
        assert_eq!(outsiders_get_in(at(path)), open, "{path}");
    }
}

#[test]
fn services_that_call_are_one_chain() {
    let chain = |any: &str, first: &str, last: &str| {
        json!({"ForAnyValue:StringEquals": {"aws:CalledVia": format!("{any}.amazonaws.com")},
               "StringEquals": {"aws:CalledViaFirst": format!("{first}.amazonaws.com"), "aws:CalledViaLast": format!("{last}.amazonaws.com")}})
    };
    for (any, first, last) in [("athena", "kms", "s3"), ("kms", "kms", "s3"), ("kms", "kms", "kms")] {
        let found = on("s3", &for_callers(chain(any, first, last)));
        let request = found.identity.unwrap().request;
        assert_eq!(
            request.context["aws:CalledViaFirst"],
            [format!("{first}.amazonaws.com")]
        );
        assert!(request.context["aws:CalledVia"].contains(&format!("{any}.amazonaws.com")));
        assert_eq!(request.context["aws:ViaAWSService"], ["true"]);
    }
    let all = json!({"ForAllValues:StringEquals": {"aws:CalledVia": "athena.amazonaws.com"}, "StringEquals": {"aws:CalledViaFirst": "kms.amazonaws.com"}});
    assert!(!outsiders_get_in(all));
    let neither = json!({"StringEquals": {"aws:CalledViaFirst": "kms.amazonaws.com"}, "Bool": {"aws:ViaAWSService": "false"}, "StringNotEquals": {"aws:CalledViaLast": "kms.amazonaws.com"}});
    assert!(!outsiders_get_in(neither));
}

#[test]
fn addresses_of_both_versions_come_from_the_vpc() {
    let not = |networks: &[&str]| json!({"NotIpAddress": {"aws:VpcSourceIp": networks}});
    assert!(outsiders_get_in(not(&["0.0.0.0/0"])) && outsiders_get_in(not(&["::/0"])));
    assert!(!outsiders_get_in(not(&["0.0.0.0/0", "::/0"])));
    let instance = |networks: &[&str]| json!({"NotIpAddress": {"aws:Ec2InstanceSourcePrivateIPv4": networks}, "Null": {"aws:Ec2InstanceSourcePrivateIPv4": "false"}});
    assert!(outsiders_get_in(instance(&["::/0"])) && !outsiders_get_in(instance(&["0.0.0.0/0"])));
}

#[test]
fn last_day_of_the_year_9999_is_a_date() {
    let always = json!({"DateLessThan": {"aws:CurrentTime": "9999-12-31T23:59:59Z"}});
    assert!(outsiders_get_in(always));
    assert!(!outsiders_get_in(
        json!({"DateGreaterThan": {"aws:CurrentTime": "9999-12-31T23:59:59Z"}})
    ));
}

#[test]
fn keys_of_a_session_belong_to_its_kind_of_principal() {
    let kind = |pattern: &str, key: &str, value: &str| json!({"ArnLike": {"aws:PrincipalArn": pattern}, "StringEquals": {key: value}});
    let root = "arn:aws:iam::*:root";
    let role = "arn:aws:iam::*:role/*";
    let federated = "arn:aws:sts::*:federated-user/*";
    for (pattern, key, value, open) in [
        (root, "aws:AssumedRoot", "true", true),
        (role, "aws:AssumedRoot", "true", false),
        (root, "aws:PrincipalTag/team", "red", false),
        (federated, "aws:PrincipalTag/team", "red", true),
        (federated, "aws:MultiFactorAuthPresent", "true", false),
        (root, "aws:MultiFactorAuthPresent", "true", true),
        (role, "ec2:RoleDelivery", "2.0", true),
        (role, "ec2:RoleDelivery", "3.0", false),
        (role, "glue:RoleAssumedBy", "glue.amazonaws.com", true),
        (role, "glue:RoleAssumedBy", "athena.amazonaws.com", false),
    ] {
        assert_eq!(
            outsiders_get_in(kind(pattern, key, value)),
            open,
            "{pattern} {key} {value}"
        );
    }
    assert!(outsiders_get_in(json!({"Bool": {"aws:AssumedRoot": "true"}})));
    assert!(!outsiders_get_in(json!({"Bool": {"aws:IsMcpServiceAction": "true"}})));
}

#[test]
fn stars_across_the_account_of_a_caller_are_decided() {
    for pattern in [
        "arn:aws:iam::*1*2*3*:role/*",
        "*1*2*3*",
        "arn:aws:iam::*1*2*3*4*5*6*:role/*",
        "arn:*::*0*9*0*9*:role/a*",
    ] {
        let statement = our_resources(json!({"StringLike": {"aws:PrincipalArn": pattern}}));
        let found = on("s3", &[statement]);
        assert!(found.identity.is_some(), "{pattern} {:?}", found.reasons);
    }
    // Fourteen digits in a row are no account, and a star stands for at most what is left of twelve.
    for (pattern, open) in [
        ("arn:aws:iam::*11112222333344*:root", false),
        ("arn:aws:iam::9*88887777*:root", true),
        ("arn:aws:iam::9*99988887777*:root", true),
        ("arn:aws:iam::9*999988887777*:root", false),
    ] {
        let statement = our_resources(json!({"StringLike": {"aws:PrincipalArn": pattern}}));
        let found = on("s3", &[statement]);
        assert!(found.identity_decided, "{pattern} {:?}", found.reasons);
        assert_eq!(found.identity.is_some(), open, "{pattern}");
    }
}
