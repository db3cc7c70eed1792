//! What AWS owns in other services than S3. Workloads reach it with their own credentials.

use super::regions::{
    APPCONFIG_AGENT, EKS_REGISTRIES, GUARDDUTY_REGISTRIES, LAMBDA_INSIGHTS, Regions, SAGEMAKER_REGISTRIES,
};
use super::{AwsOwned, Caller};

const fn reach(
    prefix: &'static str,
    sid: &'static str,
    sources: &'static [&'static str],
    actions: &'static [&'static str],
    regions: Regions,
    resources: &'static [&'static str],
) -> AwsOwned {
    AwsOwned {
        prefix,
        sid,
        sources,
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
    reach(
        "ssm",
        "SystemsManager",
        &[
            "https://docs.aws.amazon.com/systems-manager/latest/userguide/security_iam_service-with-iam.html",
            "https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-public-parameters.html",
        ],
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
    AwsOwned {
        prefix: "ec2",
        sid: "AmazonImages",
        sources: &[
            "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ExamplePolicies_EC2.html#iam-example-runinstances-ami",
        ],
        caller: Caller::Trusted,
        // Volumes are made of its snapshots, images and snapshots are copied, and so on. What the mark tells to be of AWS
        // is AWS's alone to change.
        actions: &["ec2:*"],
        resources: &[":ec2:{region}::image/*", ":ec2:{region}::snapshot/*"],
        regions: Regions::Every,
        mark: Some(("ec2:Owner", "amazon")),
    },
    reach(
        "ec2",
        "AwsPrefixLists",
        &["https://docs.aws.amazon.com/vpc/latest/userguide/working-with-aws-managed-prefix-lists.html"],
        &["ec2:*"],
        Regions::Every,
        &[":ec2:{region}:aws:prefix-list/*"],
    ),
    reach(
        "ecr",
        "AwsImages",
        &["https://docs.aws.amazon.com/eks/latest/userguide/add-ons-images.html"],
        PULL,
        Regions::Own(EKS_REGISTRIES),
        &[":ecr:{region}:{own}:repository/*"],
    ),
    reach(
        "ecr",
        "AwsImages",
        &["https://docs.aws.amazon.com/guardduty/latest/ug/runtime-monitoring-ecr-repository-gdu-agent.html"],
        PULL,
        Regions::Own(GUARDDUTY_REGISTRIES),
        &[":ecr:{region}:{own}:repository/*"],
    ),
    reach(
        "lambda",
        "LambdaInsights",
        &["https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Lambda-Insights-extension-versions.html"],
        &["lambda:GetLayerVersion"],
        Regions::Own(LAMBDA_INSIGHTS),
        &[":lambda:{region}:{own}:layer:LambdaInsightsExtension*"],
    ),
    reach(
        "imagebuilder",
        "AmazonComponents",
        &["https://docs.aws.amazon.com/imagebuilder/latest/userguide/vpc-interface-endpoints.html"],
        &["imagebuilder:Get*"],
        Regions::Every,
        &[
            ":imagebuilder:{region}:aws:component/*",
            ":imagebuilder:{region}:aws:image/*",
        ],
    ),
    reach(
        "cloudformation",
        "AwsTransforms",
        &["https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/control-access-with-iam.html"],
        &["cloudformation:CreateChangeSet"],
        Regions::Every,
        &[":cloudformation:{region}:aws:transform/*"],
    ),
    reach(
        "iam",
        "AwsManagedPolicies",
        &[
            "https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-vs-inline.html#aws-managed-policies",
        ],
        &["iam:*"],
        Regions::Every,
        &[":iam::aws:policy/*"],
    ),
    reach(
        "organizations",
        "AwsManagedPolicies",
        &["https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html"],
        &["organizations:*"],
        Regions::Every,
        &[":organizations::aws:policy/*"],
    ),
    reach(
        "bedrock",
        "FoundationModels",
        &["https://docs.aws.amazon.com/bedrock/latest/userguide/security_iam_service-with-iam.html"],
        &["bedrock:*"],
        Regions::Every,
        &[":bedrock:*::foundation-model/*"],
    ),
    reach(
        "sagemaker",
        "SageMakerPublicHub",
        &["https://docs.aws.amazon.com/sagemaker/latest/dg/jumpstart-curated-hubs.html"],
        &["sagemaker:Describe*", "sagemaker:List*"],
        Regions::Every,
        &[":sagemaker:{region}:aws:hub-content/*", ":sagemaker:{region}:aws:hub/*"],
    ),
    reach(
        "iot",
        "AwsJobTemplates",
        &["https://docs.aws.amazon.com/iot/latest/developerguide/job-templates-managed.html"],
        &["iot:CreateJob", "iot:Describe*"],
        Regions::Every,
        &[":iot:{region}::jobtemplate/*"],
    ),
    reach(
        "network-firewall",
        "AwsRuleGroups",
        &["https://docs.aws.amazon.com/network-firewall/latest/developerguide/nwfw-managed-rule-groups.html"],
        &["network-firewall:*"],
        Regions::Every,
        &[
            ":network-firewall:{region}:aws-managed:stateful-rulegroup/*",
            ":network-firewall:{region}:aws-managed:stateless-rulegroup/*",
        ],
    ),
    reach(
        "elasticbeanstalk",
        "AwsPlatforms",
        &["https://docs.aws.amazon.com/elasticbeanstalk/latest/dg/AWSHowTo.iam.policies.arn.html"],
        &["elasticbeanstalk:*"],
        Regions::Every,
        &[
            ":elasticbeanstalk:{region}::platform/*",
            ":elasticbeanstalk:{region}::solutionstack/*",
        ],
    ),
    reach(
        "ecr",
        "AwsImages",
        &[
            "https://docs.aws.amazon.com/sagemaker/latest/dg-ecr-paths/sagemaker-algo-docker-registry-paths.html",
            "https://aws.github.io/deep-learning-containers/reference/available_images/",
        ],
        PULL,
        Regions::Several(SAGEMAKER_REGISTRIES),
        &[":ecr:{region}:{own}:repository/*"],
    ),
    reach(
        "lambda",
        "AppConfigAgent",
        &[
            "https://docs.aws.amazon.com/appconfig/latest/userguide/appconfig-integration-lambda-extensions-versions.html",
        ],
        &["lambda:GetLayerVersion"],
        Regions::Own(APPCONFIG_AGENT),
        &[
            ":lambda:{region}:{own}:layer:AWS-AppConfig-Extension-Arm64:*",
            ":lambda:{region}:{own}:layer:AWS-AppConfig-Extension:*",
        ],
    ),
    reach(
        "bedrock-agentcore",
        "AwsTools",
        &["https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonbedrockagentcore.html"],
        &["bedrock-agentcore:*"],
        Regions::Every,
        &[
            ":bedrock-agentcore:{region}:aws:browser/*",
            ":bedrock-agentcore:{region}:aws:code-interpreter/*",
        ],
    ),
    reach(
        "controlcatalog",
        "AwsControls",
        &["https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscontrolcatalog.html"],
        &["controlcatalog:*"],
        Regions::Every,
        &[":controlcatalog:::control/*"],
    ),
    reach(
        "controltower",
        "AwsBaselines",
        &["https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscontroltower.html"],
        &["controltower:*"],
        Regions::Every,
        &[":controltower:{region}::baseline/*"],
    ),
    reach(
        "eks",
        "AwsAccessPolicies",
        &["https://docs.aws.amazon.com/eks/latest/userguide/access-policies.html"],
        &["eks:AssociateAccessPolicy"],
        Regions::Every,
        &[":eks::aws:cluster-access-policy/*"],
    ),
    reach(
        "geo-maps",
        "AwsMaps",
        &["https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonlocationservicemaps.html"],
        &["geo-maps:*"],
        Regions::Every,
        &[":geo-maps:{region}::provider/default"],
    ),
    reach(
        "geo-places",
        "AwsMaps",
        &["https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonlocationserviceplaces.html"],
        &["geo-places:*"],
        Regions::Every,
        &[":geo-places:{region}::provider/default"],
    ),
    reach(
        "geo-routes",
        "AwsMaps",
        &["https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonlocationserviceroutes.html"],
        &["geo-routes:*"],
        Regions::Every,
        &[":geo-routes:{region}::provider/default"],
    ),
    reach(
        "ram",
        "AwsManagedPermissions",
        &["https://docs.aws.amazon.com/ram/latest/userguide/security-ram-permissions.html"],
        &["ram:*"],
        Regions::Every,
        &[":ram::aws:permission/*"],
    ),
];
