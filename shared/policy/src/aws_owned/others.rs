//! What AWS owns in other services than S3. Workloads reach it with their own credentials.

use super::regions::{EKS_REGISTRIES, GUARDDUTY_REGISTRIES, LAMBDA_INSIGHTS, Regions};
use super::{AwsOwned, Caller};

const fn reach(
    services: &'static [&'static str],
    sid: &'static str,
    actions: &'static [&'static str],
    regions: Regions,
    resources: &'static [&'static str],
) -> AwsOwned {
    AwsOwned {
        services,
        sid,
        caller: Caller::Trusted,
        actions,
        resources,
        regions,
        mark: None,
    }
}

/// What it takes to pull an image.
const PULL: &[&str] = &[
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:GetDownloadUrlForLayer",
];

pub(super) const ALL: &[AwsOwned] = &[
    // https://docs.aws.amazon.com/systems-manager/latest/userguide/security_iam_service-with-iam.html and
    // https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-public-parameters.html
    reach(
        &["ssm"],
        "SystemsManager",
        &[
            "ssm:CreateAssociation",
            "ssm:CreateAssociationBatch",
            "ssm:Describe*",
            "ssm:Get*",
            "ssm:List*",
            "ssm:SendCommand",
            "ssm:StartAutomationExecution",
            "ssm:StartChangeRequestExecution",
            "ssm:StartSession",
            "ssm:UpdateAssociation",
        ],
        Regions::Every,
        &[
            ":ssm:{region}::automation-definition/*",
            ":ssm:{region}::document/*",
            ":ssm:{region}::parameter/aws/*",
        ],
    ),
    // https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ExamplePolicies_EC2.html#iam-example-runinstances-ami
    AwsOwned {
        services: &["ec2"],
        sid: "AmazonImages",
        caller: Caller::Trusted,
        actions: &["ec2:CreateFleet", "ec2:CreateReplaceRootVolumeTask", "ec2:RunInstances"],
        resources: &[":ec2:{region}::image/*", ":ec2:{region}::snapshot/*"],
        regions: Regions::Every,
        mark: Some(("ec2:Owner", "amazon")),
    },
    // https://docs.aws.amazon.com/vpc/latest/userguide/working-with-aws-managed-prefix-lists.html
    reach(
        &["ec2"],
        "AwsPrefixLists",
        &["ec2:*"],
        Regions::Every,
        &[":ec2:{region}:aws:prefix-list/*"],
    ),
    // https://docs.aws.amazon.com/eks/latest/userguide/add-ons-images.html
    reach(
        &["ecr.api", "ecr.dkr"],
        "AwsImages",
        PULL,
        Regions::Own(EKS_REGISTRIES),
        &[":ecr:{region}:{own}:repository/*"],
    ),
    // https://docs.aws.amazon.com/guardduty/latest/ug/runtime-monitoring-ecr-repository-gdu-agent.html
    reach(
        &["ecr.api", "ecr.dkr"],
        "AwsImages",
        PULL,
        Regions::Own(GUARDDUTY_REGISTRIES),
        &[":ecr:{region}:{own}:repository/*"],
    ),
    // https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Lambda-Insights-extension-versions.html
    reach(
        &["lambda"],
        "LambdaInsights",
        &["lambda:GetLayerVersion"],
        Regions::Own(LAMBDA_INSIGHTS),
        &[":lambda:{region}:{own}:layer:LambdaInsightsExtension*"],
    ),
    // https://docs.aws.amazon.com/imagebuilder/latest/userguide/vpc-interface-endpoints.html
    reach(
        &["imagebuilder"],
        "AmazonComponents",
        &["imagebuilder:Get*"],
        Regions::Every,
        &[
            ":imagebuilder:{region}:aws:component/*",
            ":imagebuilder:{region}:aws:image/*",
        ],
    ),
    // https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/control-access-with-iam.html
    reach(
        &["cloudformation"],
        "AwsTransforms",
        &["cloudformation:CreateChangeSet"],
        Regions::Every,
        &[":cloudformation:{region}:aws:transform/*"],
    ),
    // https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-vs-inline.html#aws-managed-policies
    reach(
        &["iam"],
        "AwsManagedPolicies",
        &["iam:*"],
        Regions::Every,
        &[":iam::aws:policy/*"],
    ),
    // https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html
    reach(
        &["organizations"],
        "AwsManagedPolicies",
        &["organizations:*"],
        Regions::Every,
        &[":organizations::aws:policy/*"],
    ),
    // https://docs.aws.amazon.com/bedrock/latest/userguide/security_iam_service-with-iam.html
    reach(
        &["bedrock", "bedrock-runtime"],
        "FoundationModels",
        &["bedrock:Get*", "bedrock:Invoke*"],
        Regions::Every,
        &[":bedrock:*::foundation-model/*"],
    ),
    // https://docs.aws.amazon.com/sagemaker/latest/dg/jumpstart-curated-hubs.html
    reach(
        &["sagemaker.api"],
        "SageMakerPublicHub",
        &["sagemaker:Describe*", "sagemaker:List*"],
        Regions::Every,
        &[":sagemaker:{region}:aws:hub-content/*", ":sagemaker:{region}:aws:hub/*"],
    ),
    // https://docs.aws.amazon.com/iot/latest/developerguide/job-templates-managed.html
    reach(
        &["iot"],
        "AwsJobTemplates",
        &["iot:CreateJob", "iot:Describe*"],
        Regions::Every,
        &[":iot:{region}::jobtemplate/*"],
    ),
    // https://docs.aws.amazon.com/network-firewall/latest/developerguide/nwfw-managed-rule-groups.html
    reach(
        &["network-firewall"],
        "AwsRuleGroups",
        &["network-firewall:*"],
        Regions::Every,
        &[
            ":network-firewall:{region}:aws-managed:stateful-rulegroup/*",
            ":network-firewall:{region}:aws-managed:stateless-rulegroup/*",
        ],
    ),
    // https://docs.aws.amazon.com/elasticbeanstalk/latest/dg/AWSHowTo.iam.policies.arn.html
    reach(
        &["elasticbeanstalk"],
        "AwsPlatforms",
        &["elasticbeanstalk:*"],
        Regions::Every,
        &[
            ":elasticbeanstalk:{region}::platform/*",
            ":elasticbeanstalk:{region}::solutionstack/*",
        ],
    ),
];
