//! Requests that people rely on, through endpoints that have the perimeter policy.

#![expect(clippy::unwrap_used, reason = "a test may panic, and so may what its tests share")]

use std::collections::BTreeMap;

use postern_policy::{Document, Perimeter, Request, evaluate, template};

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
fn requests_for_what_aws_owns_in_s3_pass() {
    for (region, who, action, resource) in [
        // dnf and yum read without credentials.
        (
            "us-east-2",
            Unsigned,
            "s3:GetObject",
            "arn:aws:s3:::al2023-repos-us-east-2-de612dc2/core/mirrors/latest",
        ),
        (
            "us-east-2",
            Unsigned,
            "s3:GetObject",
            "arn:aws:s3:::amazonlinux-2-repos-us-east-2/2/core/latest",
        ),
        (
            "cn-north-1",
            Unsigned,
            "s3:GetObject",
            "arn:aws-cn:s3:::al2023-repos-cn-north-1-de612dc2/core/mirrors/latest",
        ),
        // Layers come by addresses that an account of Amazon ECR presigned.
        (
            "eu-west-1",
            SignedByAwsAccount,
            "s3:GetObject",
            "arn:aws:s3:::prod-eu-west-1-starport-layer-bucket/0a1b/layer",
        ),
        (
            "us-gov-west-1",
            SignedByAwsAccount,
            "s3:GetObject",
            "arn:aws-us-gov:s3:::prod-us-gov-west-1-starport-layer-bucket/x",
        ),
        // SSM Agent's update, Distributor, Patch Manager's modules and baseline snapshot.
        (
            "us-east-2",
            Unsigned,
            "s3:GetObject",
            "arn:aws:s3:::amazon-ssm-us-east-2/ssm-agent-manifest.json",
        ),
        (
            "us-east-2",
            Ours,
            "s3:GetObject",
            "arn:aws:s3:::amazon-ssm-us-east-2/ssm-agent-manifest.json",
        ),
        (
            "us-east-2",
            Unsigned,
            "s3:GetObject",
            "arn:aws:s3:::us-east-2-birdwatcher-prod/manifest",
        ),
        (
            "af-south-1",
            Unsigned,
            "s3:GetObject",
            "arn:aws:s3:::aws-ssm-distributor-file-af-south-1/manifest",
        ),
        (
            "us-east-2",
            Unsigned,
            "s3:GetObject",
            "arn:aws:s3:::aws-ssm-us-east-2/patchbaselineoperations/linux/payloads/p.tar.gz",
        ),
        (
            "us-east-2",
            Unsigned,
            "s3:GetObject",
            "arn:aws:s3:::aws-patch-manager-us-east-2-552881074/payloads/p.tar.gz",
        ),
        (
            "us-east-2",
            SignedByAwsAccount,
            "s3:GetObject",
            "arn:aws:s3:::patch-baseline-snapshot-us-east-2/snapshot",
        ),
        (
            "me-south-1",
            SignedByAwsAccount,
            "s3:GetObject",
            "arn:aws:s3:::patch-baseline-snapshot-me-south-1-uduvl7q8/snapshot",
        ),
        (
            "us-gov-west-1",
            SignedByAwsAccount,
            "s3:GetObject",
            "arn:aws-us-gov:s3:::patch-baseline-snapshot-us-gov-west-1/s",
        ),
        (
            "us-east-2",
            Unsigned,
            "s3:GetObject",
            "arn:aws:s3:::aws-windows-downloads-us-east-2/PSModule.zip",
        ),
        (
            "us-east-2",
            Unsigned,
            "s3:GetObject",
            "arn:aws:s3:::aws-ssm-document-attachments-us-east-2/package.zip",
        ),
        // Agents and tools.
        (
            "us-east-2",
            Unsigned,
            "s3:GetObject",
            "arn:aws:s3:::amazoncloudwatch-agent-us-east-2/linux/amd64/latest/agent.rpm",
        ),
        (
            "us-east-2",
            Unsigned,
            "s3:GetObject",
            "arn:aws:s3:::aws-codedeploy-us-east-2/latest/install",
        ),
        (
            "us-east-2",
            Unsigned,
            "s3:GetObject",
            "arn:aws:s3:::ec2imagebuilder-toe-us-east-2-prod/latest/awstoe",
        ),
        (
            "us-east-2",
            Unsigned,
            "s3:GetObject",
            "arn:aws:s3:::ec2imagebuilder-managed-resources-us-east-2-prod/components/x",
        ),
        (
            "us-east-2",
            SignedByAwsAccount,
            "s3:GetObject",
            "arn:aws:s3:::aws-mgn-clients-us-east-2/latest/installer",
        ),
        (
            "us-east-2",
            SignedByAwsAccount,
            "s3:GetObject",
            "arn:aws:s3:::aws-elastic-disaster-recovery-us-east-2/installer",
        ),
        // Stacks wait for these.
        (
            "us-west-2",
            SignedByAwsService,
            "s3:PutObject",
            "arn:aws:s3:::cloudformation-waitcondition-us-west-2/handle",
        ),
        (
            "us-west-2",
            SignedByAwsService,
            "s3:PutObject",
            "arn:aws:s3:::cloudformation-custom-resource-response-uswest2/id",
        ),
        (
            "us-west-2",
            SignedByAwsAccount,
            "s3:PutObject",
            "arn:aws:s3:::cloudformation-waitcondition-us-west-2/handle",
        ),
        // Clusters, jobs, environments, notebooks, packages.
        (
            "us-east-2",
            Unsigned,
            "s3:GetObject",
            "arn:aws:s3:::repo.us-east-2.emr.amazonaws.com/apps/repodata/repomd.xml",
        ),
        (
            "us-east-2",
            SignedByAwsAccount,
            "s3:PutObject",
            "arn:aws:s3:::aws157-logs-prod-us-east-2/j-1/daemons/x.gz",
        ),
        (
            "us-east-1",
            SignedByAwsAccount,
            "s3:PutObject",
            "arn:aws:s3:::aws157-logs-prod/j-1/daemons/x.gz",
        ),
        (
            "us-east-2",
            SignedByAwsAccount,
            "s3:PutObject",
            "arn:aws:s3:::prod.us-east-2.appinfo.src/j-1/x",
        ),
        (
            "eu-west-1",
            Ours,
            "s3:GetObject",
            "arn:aws:s3:::aws-glue-studio-transforms-244479516193-prod-eu-west-1/gs_common.py",
        ),
        (
            "us-east-2",
            Ours,
            "s3:GetObject",
            "arn:aws:s3:::elasticbeanstalk-platform-assets-us-east-2/stalks/hooks.tar.gz",
        ),
        (
            "us-east-2",
            Ours,
            "s3:GetObject",
            "arn:aws:s3:::jumpstart-cache-prod-us-east-2/models_manifest.json",
        ),
        (
            "us-east-2",
            Ours,
            "s3:ListBucket",
            "arn:aws:s3:::jumpstart-cache-prod-us-east-2",
        ),
        (
            "us-east-2",
            Ours,
            "s3:GetObject",
            "arn:aws:s3:::aws-neptune-notebook-us-east-2/install.sh",
        ),
        (
            "us-east-1",
            SignedByAwsAccount,
            "s3:GetObject",
            "arn:aws:s3:::assets-193858265520-us-east-1/asset",
        ),
        (
            "us-east-2",
            Ours,
            "s3:GetObject",
            "arn:aws:s3:::aws-ec2-enclave-certificate-us-east-2-prod/role/certificate",
        ),
    ] {
        let request = request(who, action, resource, Owner::Aws, &[]);
        assert!(passes("s3", region, &organization(), &request), "{region} {request:?}");
        let strict = Perimeter {
            builtin_aws_owned_resources: false,
            aws_services: false,
            ..organization()
        };
        assert!(!passes("s3", region, &strict, &request), "{region} {request:?}");
    }
}

#[test]
fn signals_pass_even_where_aws_services_are_not_trusted() {
    let perimeter = Perimeter {
        aws_services: false,
        ..organization()
    };
    let bucket = "arn:aws:s3:::cloudformation-waitcondition-us-west-2/handle";
    let signal = request(SignedByAwsService, "s3:PutObject", bucket, Owner::Aws, &[]);
    assert!(passes("s3", "us-west-2", &perimeter, &signal));
}

#[test]
fn requests_for_what_aws_owns_elsewhere_pass_for_our_principals_only() {
    for (service, action, resource) in [
        (
            "ssm",
            "ssm:GetParameter",
            "arn:aws:ssm:us-east-1::parameter/aws/service/ami-amazon-linux-latest/al2023",
        ),
        (
            "ssm",
            "ssm:SendCommand",
            "arn:aws:ssm:us-east-1::document/AWS-RunPatchBaseline",
        ),
        (
            "ssm",
            "ssm:GetDocument",
            "arn:aws:ssm:us-east-1::document/AWS-UpdateSSMAgent",
        ),
        (
            "ssm",
            "ssm:StartAutomationExecution",
            "arn:aws:ssm:us-east-1::automation-definition/AWS-StopEC2Instance:1",
        ),
        (
            "ecr.api",
            "ecr:BatchGetImage",
            "arn:aws:ecr:us-east-1:602401143452:repository/eks/coredns",
        ),
        (
            "ecr.dkr",
            "ecr:BatchGetImage",
            "arn:aws:ecr:us-east-1:602401143452:repository/eks/coredns",
        ),
        (
            "ecr.api",
            "ecr:GetDownloadUrlForLayer",
            "arn:aws:ecr:us-east-1:593207742271:repository/aws-guardduty-agent-fargate",
        ),
        (
            "ec2",
            "ec2:GetManagedPrefixListEntries",
            "arn:aws:ec2:us-east-1:aws:prefix-list/pl-63a5400a",
        ),
        ("iam", "iam:GetPolicy", "arn:aws:iam::aws:policy/ReadOnlyAccess"),
        (
            "imagebuilder",
            "imagebuilder:GetComponent",
            "arn:aws:imagebuilder:us-east-1:aws:component/update-linux/1.0.0/1",
        ),
        (
            "cloudformation",
            "cloudformation:CreateChangeSet",
            "arn:aws:cloudformation:us-east-1:aws:transform/Serverless-2016-10-31",
        ),
        (
            "lambda",
            "lambda:GetLayerVersion",
            "arn:aws:lambda:us-east-1:580247275435:layer:LambdaInsightsExtension:21",
        ),
        (
            "bedrock-runtime",
            "bedrock:InvokeModel",
            "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-pro-v1:0",
        ),
        (
            "sagemaker.api",
            "sagemaker:DescribeHubContent",
            "arn:aws:sagemaker:us-east-1:aws:hub-content/SageMakerPublicHub/Model/m/1",
        ),
        (
            "iot",
            "iot:CreateJob",
            "arn:aws:iot:us-east-1::jobtemplate/AWS-Reboot:1.0",
        ),
        (
            "network-firewall",
            "network-firewall:CreateFirewallPolicy",
            "arn:aws:network-firewall:us-east-1:aws-managed:stateful-rulegroup/x",
        ),
        (
            "elasticbeanstalk",
            "elasticbeanstalk:CreateEnvironment",
            "arn:aws:elasticbeanstalk:us-east-1::platform/Docker/1",
        ),
        (
            "organizations",
            "organizations:DescribePolicy",
            "arn:aws:organizations::aws:policy/service_control_policy/p-FullAWSAccess",
        ),
    ] {
        for (who, allowed) in [
            (Ours, true),
            (Foreign, false),
            (Unsigned, false),
            (SignedByAwsAccount, false),
        ] {
            let request = request(who, action, resource, Owner::Aws, &[]);
            assert_eq!(
                passes(service, "us-east-1", &organization(), &request),
                allowed,
                "{service} {request:?}"
            );
        }
    }
}

#[test]
fn instances_start_from_images_of_amazon_and_of_ours() {
    let image = "arn:aws:ec2:us-east-1::image/ami-0123456789abcdef0";
    for (who, owner, key, allowed) in [
        (Ours, Owner::Aws, "amazon", true),
        (Ours, Owner::Ours, "444455556666", true),
        (Ours, Owner::Foreign, "999988887777", false),
        (Ours, Owner::Aws, "aws-marketplace", false),
        (Foreign, Owner::Aws, "amazon", false),
    ] {
        let request = request(who, "ec2:RunInstances", image, owner, &[("ec2:Owner", key)]);
        assert_eq!(
            passes("ec2", "us-east-1", &organization(), &request),
            allowed,
            "{request:?}"
        );
    }
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
fn nobody_writes_to_what_is_only_to_be_read() {
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
