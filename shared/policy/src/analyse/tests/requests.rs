//! Which requests can exist: keys, their values and ties, actions and their resources, names.

use super::*;

#[test]
fn path_of_a_user_may_hold_colons_and_slashes() {
    let user = json!({"StringLike": {"aws:PrincipalArn": "*:222233334444:user/?*"}});
    let found = on("s3", &[our_resources(user)]).identity.unwrap().request;
    assert!(found.principal.contains(":222233334444:user/"), "{}", found.principal);
    let exact = json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:user/?*"}});
    assert!(on("s3", &[our_resources(exact)]).identity.is_none());
}

#[test]
fn keys_of_the_endpoint_owner_are_missing_where_a_service_does_not_tell_them() {
    let barrier = deny(json!({
        "StringEquals": {"aws:VpceAccount": "111122223333"},
        "StringNotEquals": {"aws:PrincipalOrgID": OWN, "aws:PrincipalAccount": "111122223333"},
    }));
    let statements = [our_resources(json!({})), barrier];
    // SQS tells the organisation of the owner, and not its account.
    for (service, open) in [("sns", true), ("sqs", true), ("kms", false), ("dynamodb", false)] {
        assert_eq!(on(service, &statements).identity.is_some(), open, "{service}");
    }
    let of_vpc = |service| {
        on(
            service,
            &[allow(json!({"ArnLike": {"aws:SourceVpcArn": "arn:aws:ec2:*:*:vpc/*"}}))],
        )
        .verdict
    };
    assert_eq!(of_vpc("kms"), Containment::Open);
    assert_eq!(
        (of_vpc("dynamodb"), of_vpc("sqs")),
        (Containment::LockedOut, Containment::LockedOut)
    );
}

#[test]
fn vpc_arn_is_that_of_the_endpoint() {
    let vpc = |account: &str| json!({"ArnEquals": {"aws:SourceVpcArn": format!("arn:aws:ec2:us-east-1:{account}:vpc/vpc-0a1b2c3d4e5f60718")}});
    assert_eq!(verdict("s3", &[allow(vpc("999988887777"))]), Containment::LockedOut);
    assert_eq!(verdict("s3", &[allow(vpc("111122223333"))]), Containment::Open);
}

#[test]
fn region_of_requests_is_that_of_the_endpoint() {
    let elsewhere = deny(json!({"StringNotEquals": {"aws:RequestedRegion": ["eu-west-1", "eu-west-2"]}}));
    assert_eq!(verdict("sqs", &[allow(inside()), elsewhere]), Containment::LockedOut);
    let here = deny(json!({"StringNotEquals": {"aws:RequestedRegion": ["us-east-1"]}}));
    assert_eq!(verdict("sqs", &[allow(inside()), here]), Containment::Closed);
}

#[test]
fn key_that_aws_does_not_have_is_missing_and_named() {
    let found = on(
        "s3",
        &[allow(
            json!({"StringEquals": {"aws:SourceVPCEndpoint": "vpce-0a1b2c3d4e5f60718"}}),
        )],
    );
    assert_eq!(found.verdict, Containment::LockedOut);
    assert!(
        found
            .reasons
            .iter()
            .any(|reason| reason.contains("no condition key `aws:SourceVPCEndpoint`")),
        "{:?}",
        found.reasons
    );
}

#[test]
fn policy_that_only_a_wrong_key_closes_is_undecided() {
    let barrier = deny(json!({"StringNotEquals": {"aws:PrincipleOrgID": OWN}, "Null": {"aws:PrincipalOrgID": "true"}}));
    let statements = [
        our_resources(json!({})),
        deny(json!({"StringNotEquals": {"aws:PrincipalOrgID": OWN}, "Null": {"aws:PrincipalOrgID": "false"}})),
        barrier,
    ];
    let found = on("s3", &statements);
    assert_eq!(found.verdict, Containment::Undecided, "{found:#?}");
    assert!(!found.identity_decided && found.resource_decided);
}

#[test]
fn key_with_several_values_has_no_documented_effect_without_a_set_operator() {
    let barrier = deny(json!({"StringNotLike": {"aws:ResourceOrgPaths": "o-exampleorg1/*"}}));
    let found = on(
        "s3",
        &[allow(json!({"StringEquals": {"aws:PrincipalOrgID": OWN}})), barrier],
    );
    let witness = found.resource.unwrap();
    assert!(
        witness.supposing.iter().any(|text| text.contains("never holds")),
        "{:?}",
        witness.supposing
    );
}

#[test]
fn action_without_resource_opens_the_identity_side_only() {
    let everything_but_queues = {
        let mut queues = deny(json!({}));
        queues["Resource"] = json!("arn:aws:sqs:*");
        queues
    };
    assert_eq!(
        verdict("sqs", &[allow(inside()), everything_but_queues]),
        Containment::Closed
    );
    let mut list = allow(json!({"StringEquals": {"aws:PrincipalOrgID": OWN}}));
    list["Action"] = json!("sqs:ListQueues");
    assert_eq!(verdict("sqs", &[list.clone()]), Containment::Closed);
    list["Resource"] = json!("arn:aws:sqs:us-east-1:111122223333:*");
    assert_eq!(verdict("sqs", &[list]), Containment::LockedOut);
}

#[test]
fn action_acts_on_resources_of_its_own_types() {
    for (service, action, resource, through) in [
        ("s3", "s3:PutObject", "arn:aws:s3:::corp-data", false),
        ("s3", "s3:PutObject", "arn:aws:s3:::corp-data/*", true),
        ("s3", "s3:ListBucket", "arn:aws:s3:::corp-data/*", false),
        ("s3", "s3:List*", "arn:aws:s3:::corp-data", true),
        (
            "dynamodb",
            "dynamodb:Query",
            "arn:aws:dynamodb:us-east-1:111122223333:table/orders/index/*",
            true,
        ),
        (
            "dynamodb",
            "dynamodb:DeleteTable",
            "arn:aws:dynamodb:us-east-1:111122223333:table/orders/index/*",
            false,
        ),
        (
            "kms",
            "kms:Decrypt",
            "arn:aws:kms:us-east-1:111122223333:alias/*",
            false,
        ),
    ] {
        let mut statement = allow(inside());
        statement["Action"] = json!(action);
        statement["Resource"] = json!(resource);
        let found = on(service, &[statement]);
        assert_eq!(!found.locked_out, through, "{action} on {resource}: {found:#?}");
        assert_ne!(found.verdict, Containment::Undecided, "{:?}", found.reasons);
    }
}

#[test]
fn event_bus_of_another_account_may_not_tell_its_owner() {
    let mut statement = allow(json!({
        "StringEquals": {"aws:PrincipalOrgID": OWN},
        "StringEqualsIfExists": {"aws:ResourceAccount": "111122223333"},
    }));
    statement["Action"] = json!("events:Put*");
    let request = on("events", &[statement]).resource.unwrap().request;
    assert_eq!(request.action, "events:PutEvents");
    assert!(request.values("aws:ResourceAccount").is_empty());
}

#[test]
fn account_in_the_name_of_a_bucket_is_followed() {
    let mut statement = allow(json!({
        "StringEquals": {"aws:PrincipalOrgID": OWN, "aws:ResourceAccount": "${aws:PrincipalAccount}"},
    }));
    statement["Resource"] = json!([
        "arn:aws:s3:::${aws:PrincipalAccount}-logs/*",
        "arn:aws:s3:::backup-${aws:PrincipalAccount}"
    ]);
    assert_eq!(verdict("s3", &[statement]), Containment::Closed);
}

#[test]
fn placeholder_that_was_not_filled_in_is_named() {
    let found = on(
        "s3",
        &[allow(
            json!({"StringEquals": {"aws:PrincipalOrgID": "${OrganizationId}"}}),
        )],
    );
    assert_eq!(found.verdict, Containment::LockedOut);
    assert!(
        found
            .reasons
            .iter()
            .any(|reason| reason.contains("`${OrganizationId}` names no condition key")),
        "{:?}",
        found.reasons
    );
}

#[test]
fn example_request_has_no_key_that_it_does_not_need() {
    let statements = [
        everything(),
        deny(json!({
            "StringNotEquals": {"aws:Ec2InstanceSourceVPC": "${aws:SourceVpc}"},
            "Null": {"ec2:SourceInstanceARN": "false"},
            "BoolIfExists": {"aws:ViaAWSService": "false"},
        })),
        deny(json!({"StringEquals": {"aws:PrincipalTag/team": "blue", "aws:RequestTag/team": "red"}})),
    ];
    let request = on("s3", &statements).identity.unwrap().request;
    for key in [
        "aws:Ec2InstanceSourceVPC",
        "ec2:SourceInstanceARN",
        "aws:PrincipalTag/team",
        "aws:RequestTag/team",
    ] {
        assert!(request.values(key).is_empty(), "{request:?}");
    }
}

#[test]
fn hundreds_of_resources_are_decided() {
    let mut statement = allow(inside());
    let names: Vec<String> = (0..400).map(|i| format!("arn:aws:s3:::data-{i:03}-eu/*")).collect();
    statement["Resource"] = json!(names);
    assert_eq!(verdict("s3", &[statement]), Containment::Closed);
}

#[test]
fn deny_of_everything_locks_out_whatever_else_the_document_says() {
    let hard = json!({"ForAnyValue:StringLike": {"aws:TagKeys": ["*a*", "*b*", "*c*", "*d*", "*e*", "*f*"]}});
    let mut nothing = deny(json!({}));
    nothing.as_object_mut().unwrap().remove("Action");
    nothing["NotAction"] = json!("s3:*");
    assert_eq!(verdict("sqs", &[allow(hard), nothing]), Containment::LockedOut);
}

#[test]
fn paths_of_the_endpoint_owner_lie_in_its_organisation() {
    let barrier = deny(json!({
        "ForAnyValue:StringLike": {"aws:VpceOrgPaths": "o-exampleorg1/*"},
        "StringNotEquals": {"aws:PrincipalOrgID": OWN, "aws:PrincipalAccount": "111122223333"},
    }));
    let statements = [our_resources(json!({})), barrier];
    assert!(on("s3", &statements).identity.is_none());
    assert!(on("secretsmanager", &statements).identity.is_some());
}

#[test]
fn short_form_of_an_api_is_undecided_and_says_why() {
    let mut statement = allow(inside());
    statement["Action"] = json!("execute-api:Invoke");
    statement["Resource"] = json!("execute-api:/prod/*");
    let found = on("execute-api", &[statement]);
    assert_eq!(found.verdict, Containment::Undecided);
    assert!(
        found.reasons[0].contains("resource policies of APIs"),
        "{:?}",
        found.reasons
    );
}

#[test]
fn actions_that_aws_does_not_have_let_nobody_through_and_are_named() {
    for action in ["s3:GetObjects", "s3:HeadObject", "s3:GetObject ", "s3"] {
        let mut statement = allow(json!({"StringEquals": {"aws:PrincipalOrgID": OWN, "aws:ResourceOrgID": OWN}}));
        statement["Action"] = json!(action);
        let found = on("s3", &[statement.clone()]);
        assert_eq!(found.verdict, Containment::LockedOut, "{action}: {:?}", found.reasons);
        let named = format!("AWS has no action `{action}`");
        assert!(
            found.reasons.iter().any(|reason| reason.contains(&named)),
            "{:?}",
            found.reasons
        );
        // AWS may have published it since.
        statement["Condition"] = json!({});
        let found = on("s3", &[inside_only(), statement]);
        assert_eq!(found.verdict, Containment::Undecided, "{action}: {found:?}");
    }
}

fn inside_only() -> Value {
    allow(json!({"StringEquals": {"aws:PrincipalOrgID": OWN, "aws:ResourceOrgID": OWN}}))
}

#[test]
fn listing_of_buckets_is_granted_on_every_bucket() {
    let lists = |resource: &str| json!({"Effect": "Allow", "Principal": "*", "Action": "s3:ListAllMyBuckets", "Resource": resource});
    for (resource, open) in [
        ("arn:aws:s3:::*", true),
        ("*", true),
        ("arn:aws:s3:::corp-*", false),
        ("arn:aws-cn:s3:::*", false),
    ] {
        let found = on("s3", &[inside_only(), lists(resource)]);
        assert_eq!(found.identity.is_some(), open, "{resource}: {found:?}");
        assert_eq!(found.resource, None, "{resource}: it is about the caller's own account");
    }
    let mut barrier = lists("arn:aws:s3:::*");
    barrier["Effect"] = json!("Deny");
    assert_eq!(
        verdict("s3", &[inside_only(), lists("*"), barrier]),
        Containment::Closed
    );
}
