//! Who and what is trusted, and who owns a resource.

use super::*;

#[test]
fn conditions_on_owners_do_not_cover_services_that_do_not_tell_them() {
    let inside = json!({"StringEquals": {"aws:PrincipalOrgID": OWN}, "StringEqualsIfExists": {"aws:ResourceAccount": "111122223333"}});
    assert_eq!(on("s3", &[allow(inside.clone())]).verdict, Containment::Closed);
    assert!(on("ebs", &[allow(inside.clone())]).resource.is_some());
    let found = on("ec2", &[allow(inside)]).resource.unwrap();
    assert_eq!(found.request.action, "ec2:CreateVpcEndpoint");
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
fn principals_of_other_partitions_sign_no_request() {
    let china = json!({"ArnLike": {"aws:PrincipalArn": "arn:aws-cn:iam::*:role/app"}});
    assert!(on("s3", &[allow(china)]).locked_out);
    let mut statement = everything();
    statement["Principal"] = json!({"AWS": "arn:aws-cn:iam::999999999999:role/app"});
    assert!(on("s3", &[statement]).locked_out);
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
    summary.add(
        0,
        [Answer::No, Answer::No, Answer::Unknown("too many cases".to_owned())],
    );
    let found = summary.analysis(&document, &[]);
    assert_eq!(found.verdict, Containment::Undecided);
    assert_eq!(
        found.reasons,
        ["could not decide whether trusted principals can use it: too many cases"]
    );
}

#[test]
fn trusted_user_of_a_foreign_account_reaches_trusted_resources() {
    for principal in [
        "arn:aws:iam::777777777777:user/deploy",
        "arn:aws:iam::777777777777:user/team/deploy",
        "arn:aws:iam::777777777777:root",
        "arn:aws:sts::777777777777:federated-user/deploy",
    ] {
        let trusting = Perimeter {
            principals: vec![principal.to_owned()],
            accounts: vec!["777777777778".to_owned()],
            ..Perimeter::default()
        };
        let listed = json!({"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "*", "Resource": "*"});
        let others = deny(json!({"StringEqualsIfExists": {"aws:PrincipalAccount": "777777777778"}}));
        for allow in [listed, everything()] {
            let found = with("sqs", &trusting, &[allow, others.clone()]);
            assert!(!found.locked_out, "{principal}: {:?}", found.explanation);
        }
    }
}
