//! Requests that people rely on, through endpoints that have the perimeter policy.

#![expect(clippy::unwrap_used, reason = "a test may panic, and so may what its tests share")]

use std::collections::BTreeMap;

use postern_policy::{Document, Perimeter, Request, evaluate, template};

mod aws_owned;

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    /// A role of the organisation.
    Ours,
    /// A role of another organisation.
    Foreign,
    /// A request without a signature.
    Unsigned,
    /// A request presigned by an account of AWS's, which is in no organisation of the caller's.
    SignedByAwsAccount,
    /// A request presigned by an AWS service.
    SignedByAwsService,
}

/// Who owns what is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    Ours,
    Foreign,
    Aws,
    /// The request does not tell.
    Untold,
}

use Who::{Foreign, Ours, SignedByAwsAccount, SignedByAwsService, Unsigned};

fn organization() -> Perimeter {
    Perimeter {
        organizations: vec!["o-exampleorg1".to_owned()],
        builtin_aws_owned_resources: true,
        aws_services: true,
        ..Perimeter::default()
    }
}

fn request(who: Who, action: &str, resource: &str, owner: Owner, more: &[(&str, &str)]) -> Request {
    let mut keys = vec![("aws:SecureTransport", "true"), ("aws:ViaAWSService", "false")];
    let role = |account: &str| format!("arn:aws:sts::{account}:assumed-role/app/session");
    let principal = match who {
        Who::Ours => {
            keys.extend([
                ("aws:PrincipalAccount", "111122223333"),
                ("aws:PrincipalOrgID", "o-exampleorg1"),
            ]);
            keys.extend([
                ("aws:PrincipalIsAWSService", "false"),
                ("aws:PrincipalArn", "arn:aws:iam::111122223333:role/app"),
            ]);
            role("111122223333")
        }
        Who::Foreign => {
            keys.extend([
                ("aws:PrincipalAccount", "999988887777"),
                ("aws:PrincipalOrgID", "o-otherorg001"),
            ]);
            keys.extend([
                ("aws:PrincipalIsAWSService", "false"),
                ("aws:PrincipalArn", "arn:aws:iam::999988887777:role/app"),
            ]);
            role("999988887777")
        }
        Who::Unsigned => {
            keys.push(("aws:PrincipalAccount", "anonymous"));
            "anonymous".to_owned()
        }
        Who::SignedByAwsAccount => {
            keys.extend([
                ("aws:PrincipalAccount", "777766665555"),
                ("aws:PrincipalIsAWSService", "false"),
            ]);
            role("777766665555")
        }
        Who::SignedByAwsService => {
            keys.push(("aws:PrincipalIsAWSService", "true"));
            "cloudformation.amazonaws.com".to_owned()
        }
    };
    match owner {
        Owner::Ours => keys.extend([
            ("aws:ResourceAccount", "444455556666"),
            ("aws:ResourceOrgID", "o-exampleorg1"),
        ]),
        Owner::Foreign => keys.extend([
            ("aws:ResourceAccount", "999988887777"),
            ("aws:ResourceOrgID", "o-otherorg001"),
        ]),
        Owner::Aws => keys.push(("aws:ResourceAccount", "777766665555")),
        Owner::Untold => {}
    }
    keys.extend(more);
    let context: BTreeMap<_, _> = keys
        .into_iter()
        .map(|(key, value)| (key.to_owned(), vec![value.to_owned()]))
        .collect();
    Request {
        principal,
        action: action.to_owned(),
        resource: resource.to_owned(),
        context,
        gateway: false,
    }
}

fn passes(service: &str, region: &str, perimeter: &Perimeter, request: &Request) -> bool {
    let policy = Document::parse(&template(service, region, perimeter).unwrap()).unwrap();
    evaluate(&policy, request).is_allowed()
}

#[test]
fn outsiders_and_their_resources_stay_out_of_every_service() {
    for (service, action, resource) in [
        ("s3", "s3:GetObject", "arn:aws:s3:::corp-data/report"),
        (
            "s3",
            "s3:PutObject",
            "arn:aws:s3:::prod-us-east-1-starport-layer-bucket-2/x",
        ),
        (
            "s3",
            "s3:GetObject",
            "arn:aws:s3:::aws-patch-manager-us-east-1-000000000/x",
        ),
        (
            "dynamodb",
            "dynamodb:PutItem",
            "arn:aws:dynamodb:us-east-1:999988887777:table/t",
        ),
        (
            "ec2",
            "ec2:StartInstances",
            "arn:aws:ec2:us-east-1:999988887777:instance/i-0123456789abcdef0",
        ),
        (
            "ecr.api",
            "ecr:BatchGetImage",
            "arn:aws:ecr:us-east-1:999988887777:repository/eks/coredns",
        ),
        ("kms", "kms:Decrypt", "arn:aws:kms:us-east-1:999988887777:key/k"),
        (
            "lambda",
            "lambda:GetLayerVersion",
            "arn:aws:lambda:us-east-1:999988887777:layer:LambdaInsightsExtension:1",
        ),
        (
            "secretsmanager",
            "secretsmanager:GetSecretValue",
            "arn:aws:secretsmanager:us-east-1:999988887777:secret:s",
        ),
        ("sqs", "sqs:SendMessage", "arn:aws:sqs:us-east-1:999988887777:q"),
        (
            "ssm",
            "ssm:GetParameter",
            "arn:aws:ssm:us-east-1:999988887777:parameter/aws/service/x",
        ),
        ("sts", "sts:AssumeRole", "arn:aws:iam::999988887777:role/r"),
    ] {
        for (who, owner, allowed) in [
            (Ours, Owner::Ours, true),
            (Ours, Owner::Foreign, false),
            (Foreign, Owner::Foreign, false),
            (Foreign, Owner::Ours, false),
            (Unsigned, Owner::Ours, false),
            (Unsigned, Owner::Foreign, false),
            (SignedByAwsAccount, Owner::Foreign, false),
        ] {
            let request = request(who, action, resource, owner, &[]);
            assert_eq!(
                passes(service, "us-east-1", &organization(), &request),
                allowed,
                "{service} {request:?}"
            );
        }
    }
}

#[test]
fn read_only_resources_of_aws_are_not_written_to() {
    for bucket in [
        "prod-us-east-1-starport-layer-bucket",
        "amazon-ssm-us-east-1",
        "al2023-repos-us-east-1-de612dc2",
    ] {
        for who in [Ours, Foreign, Unsigned, SignedByAwsAccount] {
            let request = request(
                who,
                "s3:PutObject",
                &format!("arn:aws:s3:::{bucket}/x"),
                Owner::Aws,
                &[],
            );
            assert!(!passes("s3", "us-east-1", &organization(), &request), "{request:?}");
        }
    }
}

#[test]
fn requests_that_do_not_tell_the_owner_pass_for_resources_of_trusted_accounts() {
    let perimeter = Perimeter {
        accounts: vec!["111122223333".to_owned()],
        ..organization()
    };
    for (resource, allowed) in [
        ("arn:aws:ec2:us-east-1:111122223333:vpc/vpc-0123456789abcdef0", true),
        ("arn:aws:ec2:us-east-1:999988887777:vpc/vpc-0123456789abcdef0", false),
    ] {
        for action in ["ec2:CreateVpcEndpoint", "ec2:CreateVpcPeeringConnection"] {
            let ours = request(Ours, action, resource, Owner::Untold, &[]);
            assert_eq!(passes("ec2", "us-east-1", &perimeter, &ours), allowed, "{ours:?}");
            let theirs = request(Foreign, action, resource, Owner::Untold, &[]);
            assert!(!passes("ec2", "us-east-1", &perimeter, &theirs), "{theirs:?}");
        }
    }
}

#[test]
fn workloads_with_a_token_of_an_identity_provider_get_the_credentials_of_our_roles_alone() {
    for action in ["sts:AssumeRoleWithWebIdentity", "sts:AssumeRoleWithSAML"] {
        for (owner, allowed) in [(Owner::Ours, true), (Owner::Foreign, false)] {
            let request = request(Unsigned, action, "arn:aws:iam::111122223333:role/pod", owner, &[]);
            assert_eq!(
                passes("sts", "us-east-1", &organization(), &request),
                allowed,
                "{request:?}"
            );
        }
    }
}
