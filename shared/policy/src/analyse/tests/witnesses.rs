//! Example requests, and the explanation of a hole.

use super::*;

#[test]
fn witness_that_needs_what_callers_may_not_have_says_so() {
    let excluded = json!({"StringEquals": {"aws:PrincipalOrgID": OWN, "aws:PrincipalTag/dp:exclude": "true"}});
    let found = on("s3", &[allow(excluded)]).resource.unwrap();
    assert_eq!(found.conditional, ["aws:PrincipalTag/dp:exclude"]);
    let dodge = json!({"StringNotEquals": {"aws:PrincipalOrgID": OWN}, "StringNotEqualsIfExists": {"aws:PrincipalTag/exempt": "true"}});
    let found = on("s3", &[everything(), data_stays(), deny(dodge)]).identity.unwrap();
    assert!(found.conditional.is_empty(), "outsiders tag themselves");
}

#[test]
fn explanation_names_principal_action_and_statement() {
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
fn action_of_a_witness_takes_its_resource() {
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
fn account_whose_repositories_all_belong_to_aws_holds_nothing_else() {
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
fn witness_calls_the_service_of_the_endpoint_and_no_other() {
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
fn witness_of_a_service_that_is_not_known_calls_no_other_service() {
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
