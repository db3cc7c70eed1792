//! Requests for what AWS owns.

use super::*;

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
