//! Buckets. Nearly all are read without credentials, or by addresses that AWS presigned with an account of its own, so
//! that no condition on the caller would hold.

use super::regions::{CODEARTIFACT, GLUE_TRANSFORMS, PATCH_MODULES, PATCH_SNAPSHOTS, Regions};
use super::{AwsOwned, Caller};

const fn read(sid: &'static str, regions: Regions, resources: &'static [&'static str]) -> AwsOwned {
    reach(sid, &["s3:GetObject"], regions, resources)
}

const fn reach(
    sid: &'static str,
    actions: &'static [&'static str],
    regions: Regions,
    resources: &'static [&'static str],
) -> AwsOwned {
    AwsOwned {
        services: &["s3"],
        sid,
        caller: Caller::Anyone,
        actions,
        resources,
        regions,
        mark: None,
    }
}

pub(super) const ALL: &[AwsOwned] = &[
    // https://docs.aws.amazon.com/linux/al2023/ug/live-patching.html,
    // https://docs.aws.amazon.com/linux/al2/ug/al2-live-patching.html and
    // https://docs.aws.amazon.com/emr/latest/ManagementGuide/private-subnet-iampolicy.html
    read(
        "AmazonLinuxRepositories",
        Regions::Every,
        &[
            ":s3:::al2023-repos-{region}-de612dc2/*",
            ":s3:::al2023-{region}/*",
            ":s3:::amazonlinux-2-repos-{region}/*",
        ],
    ),
    read(
        "AmazonLinuxRepositories",
        Regions::NotChina,
        &[":s3:::amazonlinux.{region}.amazonaws.com/*"],
    ),
    // https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html#ecr-minimum-s3-perms
    read(
        "EcrImageLayers",
        Regions::Every,
        &[":s3:::prod-{region}-starport-layer-bucket/*"],
    ),
    // https://docs.aws.amazon.com/systems-manager/latest/userguide/ssm-agent-technical-details.html#ssm-agent-minimum-s3-permissions
    read(
        "SystemsManager",
        Regions::Every,
        &[
            ":s3:::amazon-ssm-packages-{region}/*",
            ":s3:::amazon-ssm-{region}/*",
            ":s3:::aws-ssm-document-attachments-{region}/*",
            ":s3:::aws-ssm-{region}/*",
            ":s3:::aws-windows-downloads-{region}/*",
        ],
    ),
    read(
        "SystemsManager",
        Regions::Except(NO_BIRDWATCHER),
        &[":s3:::{region}-birdwatcher-prod/*"],
    ),
    read(
        "SystemsManager",
        Regions::Only(NO_BIRDWATCHER),
        &[":s3:::aws-ssm-distributor-file-{region}/*"],
    ),
    // https://docs.aws.amazon.com/systems-manager/latest/userguide/install-plugin-linux.html and
    // https://docs.aws.amazon.com/systems-manager/latest/userguide/data-perimeters.html
    read(
        "SystemsManager",
        Regions::Commercial,
        &[":s3:::session-manager-downloads/*", ":s3:::ssm-document-categories/*"],
    ),
    // https://docs.aws.amazon.com/systems-manager/latest/userguide/patch-operations-s3-buckets.html
    read(
        "PatchManager",
        Regions::Own(PATCH_MODULES),
        &[
            ":s3:::aws-patch-manager-{region}-{own}/*",
            ":s3:::aws-patchmanager-macos-{region}-{own}/*",
        ],
    ),
    read(
        "PatchManager",
        Regions::Own(PATCH_SNAPSHOTS),
        &[":s3:::patch-baseline-snapshot-{region}{own}/*"],
    ),
    // https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/download-cloudwatch-agent-commandline.html
    read(
        "CloudWatchAgent",
        Regions::Every,
        &[":s3:::amazoncloudwatch-agent-{region}/*"],
    ),
    read(
        "CloudWatchAgent",
        Regions::Commercial,
        &[":s3:::amazoncloudwatch-agent/*"],
    ),
    // https://docs.aws.amazon.com/codedeploy/latest/userguide/instances-ec2-configure.html
    read("CodeDeployAgent", Regions::Every, &[":s3:::aws-codedeploy-{region}/*"]),
    // https://docs.aws.amazon.com/imagebuilder/latest/userguide/vpc-interface-endpoints.html#vpc-endpoint-policy-s3
    read(
        "ImageBuilder",
        Regions::Every,
        &[
            ":s3:::ec2imagebuilder-managed-resources-{region}-prod/components/*",
            ":s3:::ec2imagebuilder-toe-{region}-prod/*",
        ],
    ),
    // https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/vpc-interface-endpoints.html
    reach(
        "CloudFormationSignals",
        &["s3:PutObject"],
        Regions::Every,
        &[
            ":s3:::cloudformation-custom-resource-response-{joined}/*",
            ":s3:::cloudformation-waitcondition-{region}/*",
        ],
    ),
    // https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/cfn-helper-scripts-reference.html
    read(
        "CloudFormationHelperScripts",
        Regions::Commercial,
        &[":s3:::cloudformation-examples/*"],
    ),
    // https://docs.aws.amazon.com/emr/latest/ManagementGuide/private-subnet-iampolicy.html
    read(
        "EmrRepositories",
        Regions::NotChina,
        &[":s3:::repo.{region}.emr.amazonaws.com/*"],
    ),
    read(
        "EmrRepositories",
        Regions::Except(&["ap-southeast-2"]),
        &[
            ":s3:::aws157-instance-data-0-prod-{region}/*",
            ":s3:::aws157-instance-data-1-prod-{region}/*",
        ],
    ),
    read(
        "EmrRepositories",
        Regions::Only(&["ap-southeast-2"]),
        &[
            ":s3:::aws157-instance-data-bucket-0-prod-{region}/*",
            ":s3:::aws157-instance-data-bucket-1-prod-{region}/*",
        ],
    ),
    reach(
        "EmrLogs",
        &["s3:Put*"],
        Regions::Except(&["us-east-1"]),
        &[":s3:::aws157-logs-prod-{region}/*"],
    ),
    reach(
        "EmrLogs",
        &["s3:Put*"],
        Regions::Only(&["us-east-1"]),
        &[":s3:::aws157-logs-prod/*"],
    ),
    reach(
        "EmrApplicationHistory",
        &["s3:Abort*", "s3:Create*", "s3:Get*", "s3:List*", "s3:Put*"],
        Regions::Every,
        &[":s3:::prod.{region}.appinfo.src/*"],
    ),
    // https://docs.aws.amazon.com/glue/latest/dg/getting-started-min-privs-job.html
    read(
        "GlueTransforms",
        Regions::Own(GLUE_TRANSFORMS),
        &[":s3:::aws-glue-studio-transforms-{own}/*"],
    ),
    // https://docs.aws.amazon.com/elasticbeanstalk/latest/dg/vpc-vpce.policy.html#AWSHowTo.S3.VPCendpoints
    read(
        "ElasticBeanstalk",
        Regions::Every,
        &[
            ":s3:::elasticbeanstalk-samples-{region}/*",
            ":s3:::elasticbeanstalk-{region}/*",
        ],
    ),
    read(
        "ElasticBeanstalk",
        Regions::Except(&["cn-north-1", "me-central-1"]),
        &[":s3:::elasticbeanstalk-platform-assets-{region}/*"],
    ),
    read(
        "ElasticBeanstalk",
        Regions::Except(&["me-central-1"]),
        &[":s3:::elasticbeanstalk-env-resources-{region}/*"],
    ),
    read(
        "ElasticBeanstalk",
        Regions::Only(&["cn-north-1"]),
        &[":s3:::elasticbeanstalk-platform-assets-public-beta-{region}/*"],
    ),
    read(
        "ElasticBeanstalk",
        Regions::Only(&["me-central-1"]),
        &[
            ":s3:::elasticbeanstalk-env-resources-{region}-f08b818c/*",
            ":s3:::elasticbeanstalk-platform-assets-{region}-f08b818c/*",
        ],
    ),
    // https://docs.aws.amazon.com/sagemaker/latest/dg/jumpstart-deploy.html#jumpstart-config-security
    reach(
        "SageMakerJumpStart",
        &["s3:GetObject", "s3:ListBucket"],
        Regions::Every,
        &[
            ":s3:::jumpstart-cache-prod-{region}",
            ":s3:::jumpstart-cache-prod-{region}/*",
        ],
    ),
    // https://docs.aws.amazon.com/neptune/latest/userguide/graph-notebooks.html#graph-notebooks-workbench
    reach(
        "NeptuneNotebooks",
        &["s3:GetObject", "s3:ListBucket"],
        Regions::Every,
        &[
            ":s3:::aws-neptune-notebook-{region}",
            ":s3:::aws-neptune-notebook-{region}/*",
        ],
    ),
    reach(
        "NeptuneNotebooks",
        &["s3:GetObject", "s3:ListBucket"],
        Regions::Commercial,
        &[":s3:::aws-neptune-notebook", ":s3:::aws-neptune-notebook/*"],
    ),
    // https://docs.aws.amazon.com/codeartifact/latest/ug/create-s3-gateway-endpoint.html#s3-gateway-endpoint-permissions
    read(
        "CodeArtifactAssets",
        Regions::Own(CODEARTIFACT),
        &[":s3:::assets-{own}-{region}/*"],
    ),
    // https://docs.aws.amazon.com/mgn/latest/ug/Network-Requirements.html
    read(
        "ApplicationMigration",
        Regions::Every,
        &[
            ":s3:::aws-application-migration-service-hashes-{region}/*",
            ":s3:::aws-application-migration-service-{region}/*",
            ":s3:::aws-mgn-clients-hashes-{region}/*",
            ":s3:::aws-mgn-clients-{region}/*",
            ":s3:::aws-mgn-internal-hashes-{region}/*",
            ":s3:::aws-mgn-internal-{region}/*",
        ],
    ),
    // https://docs.aws.amazon.com/drs/latest/userguide/Network-Requirements.html
    read(
        "DisasterRecovery",
        Regions::Every,
        &[
            ":s3:::aws-drs-clients-hashes-{region}/*",
            ":s3:::aws-drs-clients-{region}/*",
            ":s3:::aws-drs-internal-hashes-{region}/*",
            ":s3:::aws-drs-internal-{region}/*",
            ":s3:::aws-elastic-disaster-recovery-hashes-{region}/*",
            ":s3:::aws-elastic-disaster-recovery-{region}/*",
        ],
    ),
    // https://docs.aws.amazon.com/enclaves/latest/user/nitro-enclave-refapp.html#role-cert
    read(
        "NitroEnclaves",
        Regions::Every,
        &[":s3:::aws-ec2-enclave-certificate-{region}-prod/*"],
    ),
    // https://docs.aws.amazon.com/eks/latest/userguide/install-kubectl.html
    read("EksTools", Regions::Commercial, &[":s3:::amazon-eks/*"]),
];

/// Regions in which Distributor has another bucket than elsewhere.
const NO_BIRDWATCHER: &[&str] = &["af-south-1", "eu-south-1"];
