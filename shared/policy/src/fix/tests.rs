use super::*;
use crate::analyse::regression;

fn perimeter() -> Perimeter {
    Perimeter {
        organizations: vec!["o-exampleorg1".to_owned()],
        accounts: vec!["111122223333".to_owned()],
        aws_owned_resources: vec!["arn:aws:s3:::aws-packages/*".to_owned()],
        aws_services: true,
        ..Perimeter::default()
    }
}

fn endpoint(service: &str) -> EndpointContext {
    EndpointContext {
        service: service.to_owned(),
        gateway: true,
        owner: "111122223333".to_owned(),
        region: "us-east-1".to_owned(),
        vpc: "vpc-0a1b2c3d4e5f60718".to_owned(),
        endpoint: "vpce-0a1b2c3d4e5f60718".to_owned(),
        time: 1_795_392_000,
    }
}

fn fixed(text: &str, service: &str) -> Result<Fix, NoFix> {
    fix(&Document::parse(text).unwrap(), &perimeter(), &endpoint(service))
}

const OPEN: &str = r#"{
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
  ]
}"#;

#[test]
fn default_policy_gets_two_denies_in_its_own_layout() {
    insta::assert_snapshot!(fixed(OPEN, "s3").unwrap().text, @r#"
    {
      "Version": "2012-10-17",
      "Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"},
        {"Sid": "DenyUntrustedPrincipals", "Effect": "Deny", "Principal": "*", "Action": "*", "NotResource": "arn:aws:s3:::aws-packages/*", "Condition": {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-exampleorg1", "aws:PrincipalAccount": "111122223333"}, "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}}},
        {"Sid": "DenyUntrustedResources", "Effect": "Deny", "Principal": "*", "Action": "*", "NotResource": "arn:aws:s3:::aws-packages/*", "Condition": {"StringNotEqualsIfExists": {"aws:ResourceOrgID": "o-exampleorg1", "aws:ResourceAccount": "111122223333"}, "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}}}
      ]
    }
    "#);
}

#[test]
fn fix_closes_only_the_side_that_is_open() {
    let text = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-exampleorg1"}}}}"#;
    let fix = fixed(text, "sqs").unwrap();
    insta::assert_snapshot!(fix.added.join("\n"), @r#"{"Sid":"DenyUntrustedResources","Effect":"Deny","Principal":"*","Action":"*","Resource":"*","Condition":{"StringNotEqualsIfExists":{"aws:ResourceOrgID":"o-exampleorg1","aws:ResourceAccount":"111122223333"}}}"#);
}

#[test]
fn closed_policy_stays_as_it_is() {
    let once = fixed(OPEN, "s3").unwrap();
    let again = fixed(&once.text, "s3").unwrap();
    assert_eq!((again.text, again.added.len()), (once.text, 0));
}

#[test]
fn policy_too_long_with_white_space_is_minified() {
    let spaced = OPEN.replace("  ", &" ".repeat(3_000));
    assert!(spaced.chars().count() < MOST_CHARACTERS);
    let fix = fixed(&spaced, "s3").unwrap();
    assert!(fix.text.chars().count() < 2_000 && !fix.text.contains(' '));
    let full = OPEN.replace(
        "\"Effect\"",
        &format!("\"Sid\": \"{}\", \"Effect\"", "x".repeat(20_200)),
    );
    assert!(matches!(fixed(&full, "s3"), Err(NoFix::TooLong(_))));
}

fn untold(result: Result<Fix, NoFix>) -> (String, String) {
    match result {
        Err(NoFix::OwnersUntold { request, advice }) => (request.action, advice.to_string()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn service_whose_requests_do_not_tell_owners_gets_no_fix() {
    let inside = r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-exampleorg1"},"StringEqualsIfExists":{"aws:ResourceOrgID":"o-exampleorg1"}}}}"#;
    for text in [OPEN, inside] {
        let (action, by_hand) = untold(fixed(text, "ebs"));
        assert!(action.starts_with("ebs:"), "{action}");
        assert!(
            by_hand.starts_with("trust the resources"),
            "a Deny would lock everybody out: {by_hand}"
        );
    }
    let (action, by_hand) = untold(fixed(OPEN, "ec2"));
    assert_eq!(action, "ec2:CreateVpcEndpoint");
    assert!(by_hand.starts_with("trust the resources"), "{by_hand}");
    assert_eq!(
        fixed(OPEN, "com.amazonaws.us-east-1.no-such-service"),
        Err(NoFix::ServiceUnknown("no-such-service".to_owned()))
    );
    for service in ["any", ""] {
        let (_, by_hand) = untold(fixed(inside, service));
        assert!(by_hand.contains("name the service"), "{by_hand}");
    }
}

#[test]
fn refusal_says_why_the_name_of_the_resource_does_not_tell_its_owner() {
    let organization = Perimeter {
        accounts: Vec::new(),
        ..perimeter()
    };
    let document = Document::parse(OPEN).unwrap();
    for (service, why) in [
        (
            "events",
            "no condition tells whether that account is in an organisation",
        ),
        ("route53", "its ARN names no account"),
        ("guardduty", "the request names no resource"),
    ] {
        let refusal = super::fix(&document, &organization, &endpoint(service)).unwrap_err();
        assert!(matches!(refusal, NoFix::OwnersUntold { .. }), "{refusal}");
        assert!(refusal.to_string().contains(why), "{service}: {refusal}");
    }
}

#[test]
fn actions_whose_arns_have_accounts_are_closed_by_these() {
    let accounts = Perimeter {
        organizations: Vec::new(),
        ..perimeter()
    };
    let text = OPEN.replace(
        "\"Action\": \"*\", \"Resource\": \"*\"",
        "\"Action\": \"detective:*\", \"Resource\": \"arn:aws:detective:*:*:graph:*\"",
    );
    let fix = super::fix(&Document::parse(&text).unwrap(), &accounts, &endpoint("detective")).unwrap();
    insta::assert_snapshot!(fix.added.join("\n"), @r#"
    {"Sid":"DenyUntrustedPrincipals","Effect":"Deny","Principal":"*","Action":"*","Resource":"*","Condition":{"StringNotEqualsIfExists":{"aws:PrincipalAccount":"111122223333"},"BoolIfExists":{"aws:PrincipalIsAWSService":"false"}}}
    {"Sid":"DenyUntrustedResources","Effect":"Deny","Principal":"*","NotAction":"detective:AcceptInvitation","Resource":"*","Condition":{"StringNotEqualsIfExists":{"aws:ResourceAccount":"111122223333"},"BoolIfExists":{"aws:PrincipalIsAWSService":"false"}}}
    {"Sid":"DenyUntrustedResourcesByArn","Effect":"Deny","Principal":"*","Action":"detective:AcceptInvitation","NotResource":"arn:aws:detective:*:111122223333:*","Condition":{"BoolIfExists":{"aws:PrincipalIsAWSService":"false"}}}
    "#);
}

#[test]
fn advice_leaves_the_callers_own_event_buses_and_those_with_a_known_owner_alone() {
    let (action, by_hand) = untold(fixed(OPEN, "events"));
    assert_eq!(action, "events:PutEvents");
    assert!(
        by_hand.contains(r#""arn:aws:events:*:${aws:PrincipalAccount}:*""#),
        "{by_hand}"
    );
    assert!(
        by_hand.contains(r#""Null":{"aws:ResourceAccount":"true"}"#),
        "{by_hand}"
    );
    // The account of a partner may have resources that nobody trusts.
    let partner = Perimeter {
        principals: vec!["arn:aws:iam::444455556666:role/partner".to_owned()],
        ..perimeter()
    };
    let old = OPEN.replace("2012-10-17", "2008-10-17");
    for (text, perimeter) in [(OPEN, partner), (old.as_str(), perimeter())] {
        let (_, by_hand) = untold(fix(&Document::parse(text).unwrap(), &perimeter, &endpoint("events")));
        assert!(
            !by_hand.contains("${") && by_hand.contains("events:PutEvents"),
            "{by_hand}"
        );
    }
}

#[test]
fn calls_that_name_no_resource_are_not_taken_away() {
    let accounts = Perimeter {
        organizations: Vec::new(),
        ..perimeter()
    };
    // Accepting an invitation to GuardDuty names nothing, so a Deny by ARNs hits it whoever calls.
    let result = super::fix(&Document::parse(OPEN).unwrap(), &accounts, &endpoint("guardduty"));
    let Err(NoFix::OwnersUntold { request, advice }) = result else {
        panic!("{result:?}");
    };
    assert_eq!(
        (request.action.as_str(), request.resource.as_str()),
        ("guardduty:AcceptAdministratorInvitation", "*")
    );
    let by_hand = advice.to_string();
    assert!(
        by_hand.contains("unless workloads need `guardduty:AcceptAdministratorInvitation`"),
        "{by_hand}"
    );
}

#[test]
fn images_of_amazon_stay_reachable() {
    let perimeter = Perimeter {
        builtin_aws_owned_resources: true,
        ..perimeter()
    };
    let text = OPEN.replace("\"Action\": \"*\"", "\"Action\": \"ec2:RunInstances\"");
    let fix = fix(&Document::parse(&text).unwrap(), &perimeter, &endpoint("ec2")).unwrap();
    insta::assert_snapshot!(fix.added.join("\n"), @r#"
    {"Sid":"DenyUntrustedPrincipals","Effect":"Deny","Principal":"*","Action":"*","Resource":"*","Condition":{"StringNotEqualsIfExists":{"aws:PrincipalOrgID":"o-exampleorg1","aws:PrincipalAccount":"111122223333"},"BoolIfExists":{"aws:PrincipalIsAWSService":"false"}}}
    {"Sid":"DenyUntrustedResources","Effect":"Deny","Principal":"*","Action":"*","Resource":"*","Condition":{"StringNotEqualsIfExists":{"aws:ResourceOrgID":"o-exampleorg1","aws:ResourceAccount":"111122223333"},"BoolIfExists":{"aws:PrincipalIsAWSService":"false"},"StringNotEquals":{"ec2:Owner":"amazon"}}}
    "#);
    let fixed = Document::parse(&fix.text).unwrap();
    for (owner, account, allowed) in [
        (Some("amazon"), "137112412989", true),
        (Some("aws-marketplace"), "679593333241", false),
        (None, "999999999999", false),
        (None, "111122223333", true),
    ] {
        let mut context = std::collections::BTreeMap::from(
            [
                ("aws:PrincipalAccount", "111122223333"),
                ("aws:PrincipalOrgID", "o-exampleorg1"),
                ("aws:PrincipalIsAWSService", "false"),
                ("aws:ResourceAccount", account),
            ]
            .map(|(key, value)| (key.to_owned(), vec![value.to_owned()])),
        );
        if let Some(owner) = owner {
            context.insert("ec2:Owner".to_owned(), vec![owner.to_owned()]);
        }
        let request = Request {
            principal: "arn:aws:iam::111122223333:role/builder".to_owned(),
            action: "ec2:RunInstances".to_owned(),
            resource: "arn:aws:ec2:us-east-1::image/ami-0abcdef1234567890".to_owned(),
            context,
            gateway: false,
        };
        assert_eq!(
            crate::evaluate(&fixed, &request).is_allowed(),
            allowed,
            "{owner:?} {account}"
        );
    }
}

#[test]
fn nobody_is_locked_out_by_a_perimeter_without_anybody() {
    let document = Document::parse(OPEN).unwrap();
    assert_eq!(
        fix(&document, &Perimeter::default(), &endpoint("s3")),
        Err(NoFix::NobodyTrusted)
    );
}

#[test]
fn sid_of_another_statement_is_not_used_again() {
    let taken = OPEN.replace("\"Effect\"", "\"Sid\": \"DenyUntrustedPrincipals\", \"Effect\"");
    assert!(
        fixed(&taken, "s3")
            .unwrap()
            .text
            .contains("\"DenyUntrustedPrincipals2\"")
    );
}

#[test]
fn minified_policy_keeps_white_space_inside_strings() {
    assert_eq!(
        minified("{ \"a \\\" b\" : [ 1 , \"c\\\\\" ] }"),
        "{\"a \\\" b\":[1,\"c\\\\\"]}"
    );
}

#[test]
fn fix_of_sts_keeps_callers_with_a_token_on_trusted_roles() {
    let fix = fixed(OPEN, "sts").unwrap();
    insta::assert_snapshot!(fix.added.join("\n"), @r#"
    {"Sid":"DenyUntrustedPrincipals","Effect":"Deny","Principal":"*","NotAction":["sts:AssumeRoleWithSAML","sts:AssumeRoleWithWebIdentity"],"Resource":"*","Condition":{"StringNotEqualsIfExists":{"aws:PrincipalOrgID":"o-exampleorg1","aws:PrincipalAccount":"111122223333"},"BoolIfExists":{"aws:PrincipalIsAWSService":"false"}}}
    {"Sid":"DenyUntrustedResources","Effect":"Deny","Principal":"*","Action":"*","Resource":"*","Condition":{"StringNotEqualsIfExists":{"aws:ResourceOrgID":"o-exampleorg1","aws:ResourceAccount":"111122223333"},"BoolIfExists":{"aws:PrincipalIsAWSService":"false"}}}
    "#);
    let document = Document::parse(&fix.text).unwrap();
    for action in crate::federation::calls(crate::service::find("sts")) {
        for (owner, allowed) in [("111122223333", true), ("999999999999", false)] {
            let request = Request {
                principal: "anonymous".to_owned(),
                action: action.to_owned(),
                resource: format!("arn:aws:iam::{owner}:role/pod"),
                context: [("aws:ResourceAccount".to_owned(), vec![owner.to_owned()])].into(),
                gateway: false,
            };
            assert_eq!(
                crate::evaluate(&document, &request).is_allowed(),
                allowed,
                "{request:?}"
            );
        }
    }
}

#[test]
fn fix_that_takes_trusted_roles_from_callers_with_a_token_is_not_proven() {
    let document = Document::parse(
        r#"{"Version":"2012-10-17","Statement":[
            {"Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:ResourceAccount":"111122223333"}}},
            {"Effect":"Deny","Principal":"*","Action":"*","Resource":"*","Condition":{"StringNotEqualsIfExists":{"aws:PrincipalOrgID":"o-exampleorg1","aws:PrincipalAccount":"111122223333"},"BoolIfExists":{"aws:PrincipalIsAWSService":"false"}}}]}"#,
    )
    .unwrap();
    let lost = regression(&document, 1, &Setting::new(&perimeter(), &endpoint("sts")))
        .unwrap()
        .unwrap();
    assert!(crate::federation::is_call(&lost.action), "{lost:?}");
    assert_eq!(
        regression(&document, 1, &Setting::new(&perimeter(), &endpoint("sqs"))),
        Some(None)
    );
}

#[test]
fn fix_of_private_apis_and_user_pools_keeps_callers_without_a_signature_on_trusted_resources() {
    for (service, action, resource) in [
        (
            "com.amazonaws.us-east-1.execute-api",
            "execute-api:Invoke",
            "arn:aws:execute-api:us-east-1:{owner}:a1b2c3d4e5/prod/GET/orders",
        ),
        (
            "cognito-idp-fips",
            "cognito-idp:InitiateAuth",
            "arn:aws:cognito-idp:us-east-1:{owner}:userpool/us-east-1_aaaa",
        ),
    ] {
        let interface = EndpointContext {
            gateway: false,
            ..endpoint(service)
        };
        let open = Document::parse(OPEN).unwrap();
        let fixed = super::fix(&open, &perimeter(), &interface).unwrap().text;
        let created = crate::template(service, "us-east-1", &perimeter()).unwrap();
        for text in [fixed, created] {
            let document = Document::parse(&text).unwrap();
            let allowed = |principal: &str, action: &str, owner: &str| {
                let context = [
                    ("aws:PrincipalAccount", "anonymous"),
                    ("aws:ResourceAccount", owner),
                    (
                        "aws:ResourceOrgID",
                        if owner == "111122223333" {
                            "o-exampleorg1"
                        } else {
                            "o-other00001"
                        },
                    ),
                ];
                let request = Request {
                    principal: principal.to_owned(),
                    action: action.to_owned(),
                    resource: resource.replace("{owner}", owner),
                    context: context
                        .map(|(key, value)| (key.to_owned(), vec![value.to_owned()]))
                        .into(),
                    gateway: false,
                };
                crate::evaluate(&document, &request).is_allowed()
            };
            assert!(allowed("anonymous", action, "111122223333"), "{text}");
            assert!(!allowed("anonymous", action, "999999999999"), "{text}");
            let signed = format!("{}:AdminSomething", action.split(':').next().unwrap());
            assert!(!allowed("anonymous", &signed, "111122223333"), "{text}");
        }
    }
}

#[test]
fn endpoints_of_one_service_get_one_fix_whatever_their_name() {
    for (one, other) in [
        ("organizations", "com.amazonaws.us-east-1.organizations-fips"),
        ("iam", "com.amazonaws.iam"),
        ("monitoring", "com.amazonaws.us-east-1.monitoring-fips"),
        ("kms", "kms-fips"),
    ] {
        assert_eq!(fixed(OPEN, one).unwrap(), fixed(OPEN, other).unwrap(), "{one}");
    }
    for service in [
        "ecs-agent",
        "tagging",
        "cloudcontrolapi",
        "git-codecommit-fips",
        "kinesis-streams-fips",
        "airflow-fips.api",
        "sync-states",
    ] {
        assert!(fixed(OPEN, service).is_ok(), "{service}");
    }
}

/// Calls of one action each that reach what AWS owns in a service.
fn calls_on_resources_of_aws(service: &'static crate::service::Service, region: &str) -> Vec<(String, String)> {
    let fillings = ["example", "example:1", "example/1.0.0/1", "scp/p-example"];
    let mut calls = Vec::new();
    for owned in aws_owned::of_service(Some(service)).filter(|owned| owned.mark.is_none()) {
        for arn in owned.arns(region) {
            for resource in fillings.map(|filling| arn.replace('*', filling)) {
                let named = |name: &str| {
                    let fits = |action: &&&str| match action.strip_suffix('*') {
                        Some(start) => name.starts_with(start),
                        None => name == **action,
                    };
                    owned.actions.iter().find(fits).is_some()
                };
                let taking = service.actions_on(&resource).map(|action| action.full_name());
                calls.extend(
                    taking
                        .filter(|name| named(name))
                        .map(|action| (action, resource.clone())),
                );
            }
        }
    }
    calls
}

#[test]
fn resources_of_aws_stay_reachable_through_every_endpoint() {
    let perimeter = Perimeter {
        builtin_aws_owned_resources: true,
        ..perimeter()
    };
    let mut judged = 0;
    for (region, partition) in [("us-east-1", "aws"), ("cn-north-1", "aws-cn")] {
        for prefix in crate::service::aws_owned::all()
            .map(|owned| owned.prefix)
            .collect::<std::collections::BTreeSet<_>>()
        {
            let endpoint = EndpointContext {
                service: prefix.to_owned(),
                region: region.to_owned(),
                ..endpoint("")
            };
            let service = crate::service::of_prefix(prefix).unwrap();
            let Ok(fix) = fix(&Document::parse(OPEN).unwrap(), &perimeter, &endpoint) else {
                continue;
            };
            let document = Document::parse(&fix.text).unwrap();
            for (action, resource) in calls_on_resources_of_aws(service, region) {
                let context = [
                    ("aws:PrincipalAccount", "111122223333"),
                    ("aws:PrincipalOrgID", "o-exampleorg1"),
                    ("aws:PrincipalIsAWSService", "false"),
                ];
                let request = Request {
                    principal: format!("arn:{partition}:iam::111122223333:role/app"),
                    action,
                    resource,
                    context: context
                        .map(|(key, value)| (key.to_owned(), vec![value.to_owned()]))
                        .into(),
                    gateway: false,
                };
                let allowed = crate::evaluate(&document, &request).is_allowed();
                assert!(allowed, "{} on {}: {:#?}", request.action, request.resource, fix.added);
                judged += 1;
            }
        }
    }
    assert!(judged > 500, "{judged}");
}

#[test]
fn fix_lists_no_more_resources_of_aws_than_the_document_names() {
    let settings = Perimeter {
        builtin_aws_owned_resources: true,
        ..perimeter()
    };
    let document = Document::parse(
        r#"{"Version":"2012-10-17","Statement":[
            {"Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-exampleorg1","aws:ResourceOrgID":"o-exampleorg1"}}},
            {"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":["arn:aws:s3:::aws-packages/*","arn:aws:s3:::corp-packages/*"]}]}"#,
    )
    .unwrap();
    let fixed = super::fix(&document, &settings, &endpoint("s3")).unwrap();
    assert!(!fixed.added.is_empty());
    for statement in &fixed.added {
        assert_eq!(statement.matches("arn:aws:s3:::").count(), 1, "{statement}");
    }
}
