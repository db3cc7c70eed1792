//! Keys of the credentials that requests are signed with.

use super::*;

#[test]
fn credentials_are_issued_before_they_are_used() {
    let issued = |operator: &str| our_resources(json!({operator: {"aws:TokenIssueTime": "2030-01-01T00:00:00Z"}}));
    let today = on("s3", &[issued("DateLessThan")]).identity.unwrap();
    assert_eq!(today.conditional, [""; 0]);
    // Credentials that are issued later open the policy later.
    let later = on("s3", &[issued("DateGreaterThan")]).identity.unwrap();
    let time = |key: &str| later.request.context[key][0].clone();
    assert!(time("aws:TokenIssueTime").as_str() > "2030" && time("aws:CurrentTime") >= time("aws:TokenIssueTime"));
    assert_eq!(later.conditional, ["aws:CurrentTime"]);
    let before = deny(json!({"DateGreaterThanEquals": {"aws:CurrentTime": "2030-01-01T00:00:00Z"}}));
    assert!(on("s3", &[issued("DateGreaterThan"), before]).identity.is_none());
    let after = deny(json!({"DateLessThan": {"aws:CurrentTime": "2035-01-01T00:00:00Z"}}));
    let later = on("s3", &[issued("DateGreaterThan"), after]).identity.unwrap();
    assert!(later.request.context["aws:CurrentTime"][0].as_str() >= "2035");
}

#[test]
fn temporary_credentials_always_tell_when_they_were_issued() {
    let missing = |kind: &str| {
        allow(json!({"StringEquals": {"aws:PrincipalType": kind}, "Null": {"aws:TokenIssueTime": "true"}}))
    };
    for (kind, right) in [
        ("AssumedRole", Containment::LockedOut),
        ("FederatedUser", Containment::LockedOut),
        ("User", Containment::Open),
        ("Account", Containment::Open),
    ] {
        assert_eq!(verdict("s3", &[missing(kind)]), right, "{kind}");
    }
    let open = on("s3", &[everything()]).identity.unwrap().request;
    assert_eq!(open.values("aws:TokenIssueTime").len(), 1);
    // Users with access keys get through.
    let untold = deny(json!({"Null": {"aws:TokenIssueTime": "false"}}));
    assert_eq!(verdict("s3", &[allow(inside()), untold]), Containment::Closed);
}

#[test]
fn every_request_has_a_user_agent_but_for_those_to_an_api() {
    let without = allow(json!({"Null": {"aws:UserAgent": "true"}}));
    let with = deny(json!({"StringLike": {"AWS:useragent": "*"}}));
    for statements in [vec![without], vec![everything(), with]] {
        assert_eq!(verdict("s3", &statements), Containment::LockedOut);
        assert_eq!(verdict("execute-api", &statements), Containment::Open);
    }
    let open = on("s3", &[everything()]).identity.unwrap().request;
    assert_eq!(open.values("aws:UserAgent").len(), 1);
}

#[test]
fn age_of_multi_factor_authentication_needs_it() {
    let contradiction =
        json!({"Bool": {"aws:MultiFactorAuthPresent": "false"}, "Null": {"aws:MultiFactorAuthAge": "false"}});
    assert_eq!(verdict("s3", &[allow(contradiction)]), Containment::LockedOut);
    let agreed =
        json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}, "NumericLessThan": {"aws:MultiFactorAuthAge": "60"}});
    assert_eq!(verdict("s3", &[allow(agreed)]), Containment::Open);
}

#[test]
fn services_that_call_for_a_principal_are_named_only_where_one_does() {
    let contradiction = json!({"Bool": {"aws:ViaAWSService": "false"}, "ForAnyValue:StringEquals": {"aws:CalledVia": "athena.amazonaws.com"}});
    assert_eq!(verdict("s3", &[allow(contradiction)]), Containment::LockedOut);
}

#[test]
fn keys_of_a_session_need_credentials_of_a_role() {
    for (principal, key) in [
        ("Anonymous", "ec2:SourceInstanceARN"),
        ("User", "lambda:SourceFunctionArn"),
        ("Account", "aws:Ec2InstanceSourceVPC"),
    ] {
        let condition = json!({"StringEquals": {"aws:PrincipalType": principal}, "Null": {key: "false"}});
        assert_eq!(verdict("s3", &[allow(condition)]), Containment::LockedOut, "{key}");
    }
}

#[test]
fn id_of_a_principal_has_the_form_of_its_kind() {
    for (id, open) in [
        ("111122223333", false),
        ("999988887777", true),
        ("111122223333:session", false),
        ("222244446666:session", true),
        ("AIDAEXAMPLEID12345678", true),
        ("AROAEXAMPLEID12345678:session", true),
    ] {
        let found = on("s3", &[our_resources(json!({"StringEquals": {"aws:userid": id}}))]);
        assert_eq!(found.identity.is_some(), open, "{id}: {found:#?}");
    }
    assert_eq!(
        verdict("s3", &[allow(json!({"StringEquals": {"aws:userid": "role/app"}}))]),
        Containment::LockedOut
    );
}

#[test]
fn service_has_several_names() {
    let untrusting = Perimeter {
        aws_services: false,
        ..perimeter()
    };
    let both = json!({
        "StringEquals": {"aws:PrincipalServiceName": "delivery.logs.amazonaws.com"},
        "ForAnyValue:StringEquals": {"aws:PrincipalServiceNamesList": "delivery.logs.us-east-1.amazonaws.com"},
    });
    let found = with("s3", &untrusting, &[our_resources(both)])
        .identity
        .unwrap()
        .request;
    assert_eq!(found.values("aws:PrincipalServiceNamesList").len(), 2);
    let others = json!({
        "StringEquals": {"aws:PrincipalServiceName": "delivery.logs.amazonaws.com"},
        "ForAnyValue:StringEquals": {"aws:PrincipalServiceNamesList": "cloudtrail.amazonaws.com"},
    });
    assert!(with("s3", &untrusting, &[our_resources(others)]).identity.is_none());
}

#[test]
fn variable_of_the_principals_id_has_the_form_of_its_kind() {
    let mut statement = allow(json!({"StringEquals": {"aws:PrincipalOrgID": OWN}}));
    statement["Resource"] = json!("arn:aws:s3:::corp-data/${aws:userid}/*");
    assert_eq!(verdict("s3", &[statement]), Containment::Closed);
}

#[test]
fn request_with_multi_factor_authentication_tells_how_long_ago_it_was() {
    let present =
        allow(json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}, "Null": {"aws:MultiFactorAuthAge": "true"}}));
    assert_eq!(verdict("s3", &[present]), Containment::LockedOut);
}
