//! Buckets. Nearly all are read without credentials, or by addresses that AWS presigned with an account of its own, so
//! that no condition on the caller would hold.

use super::regions::{CLOUD9, CODEARTIFACT, FIRST_REGIONS, GLUE_TRANSFORMS, PATCH_MODULES, PATCH_SNAPSHOTS, Regions};
use super::{AwsOwned, Caller};

const fn read(
    sid: &'static str,
    sources: &'static [&'static str],
    regions: Regions,
    resources: &'static [&'static str],
) -> AwsOwned {
    reach(sid, sources, READ, regions, resources)
}

const fn reach(
    sid: &'static str,
    sources: &'static [&'static str],
    actions: &'static [&'static str],
    regions: Regions,
    resources: &'static [&'static str],
) -> AwsOwned {
    AwsOwned {
        prefix: "s3",
        sid,
        sources,
        caller: Caller::Anyone,
        actions,
        resources,
        regions,
        mark: None,
    }
}

const READ: &[&str] = &["s3:GetObject"];
const READ_AND_LIST: &[&str] = &["s3:GetObject", "s3:ListBucket"];

/// The list of the buckets that AWS services own. A source where the guide of the service does not name the bucket.
const LIST: &str = "https://github.com/aws-samples/data-perimeter-policy-examples/blob/main/service_owned_resources.md";

/// The endpoint policy for S3 that belongs to [`LIST`].
const POLICY: &str = "https://github.com/aws-samples/data-perimeter-policy-examples/blob/main/vpc_endpoint_policies/s3_endpoint_policy.json";

pub(super) const ALL: &[AwsOwned] = &[
    read(
        "AmazonLinuxRepositories",
        &[
            "https://docs.aws.amazon.com/linux/al2023/ug/live-patching.html",
            "https://docs.aws.amazon.com/linux/al2/ug/al2-live-patching.html",
            "https://docs.aws.amazon.com/emr/latest/ManagementGuide/private-subnet-iampolicy.html",
        ],
        Regions::Every,
        &[
            ":s3:::al2023-repos-{region}-de612dc2/*",
            ":s3:::al2023-{region}/*",
            ":s3:::amazonlinux-2-repos-{region}/*",
        ],
    ),
    read(
        "AmazonLinuxRepositories",
        &[
            "https://docs.aws.amazon.com/linux/al2023/ug/live-patching.html",
            "https://docs.aws.amazon.com/linux/al2/ug/al2-live-patching.html",
            "https://docs.aws.amazon.com/emr/latest/ManagementGuide/private-subnet-iampolicy.html",
        ],
        Regions::NotChina,
        &[":s3:::amazonlinux.{region}.amazonaws.com/*"],
    ),
    read(
        "EcrImageLayers",
        &["https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html#ecr-minimum-s3-perms"],
        Regions::Every,
        &[":s3:::prod-{region}-starport-layer-bucket/*"],
    ),
    read(
        "SystemsManager",
        &[
            "https://docs.aws.amazon.com/systems-manager/latest/userguide/ssm-agent-technical-details.html#ssm-agent-minimum-s3-permissions",
        ],
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
        &[
            "https://docs.aws.amazon.com/systems-manager/latest/userguide/ssm-agent-technical-details.html#ssm-agent-minimum-s3-permissions",
        ],
        Regions::Except(NO_BIRDWATCHER),
        &[":s3:::{region}-birdwatcher-prod/*"],
    ),
    read(
        "SystemsManager",
        &[
            "https://docs.aws.amazon.com/systems-manager/latest/userguide/ssm-agent-technical-details.html#ssm-agent-minimum-s3-permissions",
        ],
        Regions::Only(NO_BIRDWATCHER),
        &[":s3:::aws-ssm-distributor-file-{region}/*"],
    ),
    read(
        "SystemsManager",
        &[
            "https://docs.aws.amazon.com/systems-manager/latest/userguide/install-plugin-linux.html",
            "https://docs.aws.amazon.com/systems-manager/latest/userguide/data-perimeters.html",
        ],
        Regions::Commercial,
        &[":s3:::session-manager-downloads/*", ":s3:::ssm-document-categories/*"],
    ),
    read(
        "PatchManager",
        &["https://docs.aws.amazon.com/systems-manager/latest/userguide/patch-operations-s3-buckets.html"],
        Regions::Own(PATCH_MODULES),
        &[
            ":s3:::aws-patch-manager-{region}-{own}/*",
            ":s3:::aws-patchmanager-macos-{region}-{own}/*",
        ],
    ),
    read(
        "PatchManager",
        &["https://docs.aws.amazon.com/systems-manager/latest/userguide/patch-operations-s3-buckets.html"],
        Regions::Own(PATCH_SNAPSHOTS),
        &[":s3:::patch-baseline-snapshot-{region}{own}/*"],
    ),
    read(
        "CloudWatchAgent",
        &["https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/download-cloudwatch-agent-commandline.html"],
        Regions::Every,
        &[":s3:::amazoncloudwatch-agent-{region}/*"],
    ),
    read(
        "CloudWatchAgent",
        &["https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/download-cloudwatch-agent-commandline.html"],
        Regions::Commercial,
        &[":s3:::amazoncloudwatch-agent/*"],
    ),
    read(
        "CodeDeployAgent",
        &["https://docs.aws.amazon.com/codedeploy/latest/userguide/instances-ec2-configure.html"],
        Regions::Every,
        &[":s3:::aws-codedeploy-{region}/*"],
    ),
    read(
        "ImageBuilder",
        &[
            "https://docs.aws.amazon.com/imagebuilder/latest/userguide/vpc-interface-endpoints.html#vpc-endpoint-policy-s3",
        ],
        Regions::Every,
        &[
            ":s3:::ec2imagebuilder-managed-resources-{region}-prod/components/*",
            ":s3:::ec2imagebuilder-toe-{region}-prod/*",
        ],
    ),
    reach(
        "CloudFormationSignals",
        &["https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/vpc-interface-endpoints.html"],
        &["s3:PutObject"],
        Regions::Every,
        &[
            ":s3:::cloudformation-custom-resource-response-{joined}/*",
            ":s3:::cloudformation-waitcondition-{region}/*",
        ],
    ),
    read(
        "CloudFormationHelperScripts",
        &["https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/cfn-helper-scripts-reference.html"],
        Regions::Commercial,
        &[":s3:::cloudformation-examples/*"],
    ),
    read(
        "EmrRepositories",
        &["https://docs.aws.amazon.com/emr/latest/ManagementGuide/private-subnet-iampolicy.html"],
        Regions::NotChina,
        &[":s3:::repo.{region}.emr.amazonaws.com/*"],
    ),
    read(
        "EmrRepositories",
        &["https://docs.aws.amazon.com/emr/latest/ManagementGuide/private-subnet-iampolicy.html"],
        Regions::Except(&["ap-southeast-2"]),
        &[
            ":s3:::aws157-instance-data-0-prod-{region}/*",
            ":s3:::aws157-instance-data-1-prod-{region}/*",
        ],
    ),
    read(
        "EmrRepositories",
        &["https://docs.aws.amazon.com/emr/latest/ManagementGuide/private-subnet-iampolicy.html"],
        Regions::Only(&["ap-southeast-2"]),
        &[
            ":s3:::aws157-instance-data-bucket-0-prod-{region}/*",
            ":s3:::aws157-instance-data-bucket-1-prod-{region}/*",
        ],
    ),
    reach(
        "EmrLogs",
        &["https://docs.aws.amazon.com/emr/latest/ManagementGuide/private-subnet-iampolicy.html"],
        &["s3:Put*"],
        Regions::Except(&["us-east-1"]),
        &[":s3:::aws157-logs-prod-{region}/*"],
    ),
    reach(
        "EmrLogs",
        &["https://docs.aws.amazon.com/emr/latest/ManagementGuide/private-subnet-iampolicy.html"],
        &["s3:Put*"],
        Regions::Only(&["us-east-1"]),
        &[":s3:::aws157-logs-prod/*"],
    ),
    reach(
        "EmrApplicationHistory",
        &["https://docs.aws.amazon.com/emr/latest/ManagementGuide/private-subnet-iampolicy.html"],
        &["s3:Abort*", "s3:Create*", "s3:Get*", "s3:List*", "s3:Put*"],
        Regions::Every,
        &[":s3:::prod.{region}.appinfo.src/*"],
    ),
    read(
        "GlueTransforms",
        &["https://docs.aws.amazon.com/glue/latest/dg/getting-started-min-privs-job.html"],
        Regions::Own(GLUE_TRANSFORMS),
        &[":s3:::aws-glue-studio-transforms-{own}/*"],
    ),
    read(
        "ElasticBeanstalk",
        &["https://docs.aws.amazon.com/elasticbeanstalk/latest/dg/vpc-vpce.policy.html#AWSHowTo.S3.VPCendpoints"],
        Regions::Every,
        &[
            ":s3:::elasticbeanstalk-samples-{region}/*",
            ":s3:::elasticbeanstalk-{region}/*",
        ],
    ),
    read(
        "ElasticBeanstalk",
        &["https://docs.aws.amazon.com/elasticbeanstalk/latest/dg/vpc-vpce.policy.html#AWSHowTo.S3.VPCendpoints"],
        Regions::Except(&["cn-north-1", "me-central-1"]),
        &[":s3:::elasticbeanstalk-platform-assets-{region}/*"],
    ),
    read(
        "ElasticBeanstalk",
        &["https://docs.aws.amazon.com/elasticbeanstalk/latest/dg/vpc-vpce.policy.html#AWSHowTo.S3.VPCendpoints"],
        Regions::Except(&["me-central-1"]),
        &[":s3:::elasticbeanstalk-env-resources-{region}/*"],
    ),
    read(
        "ElasticBeanstalk",
        &["https://docs.aws.amazon.com/elasticbeanstalk/latest/dg/vpc-vpce.policy.html#AWSHowTo.S3.VPCendpoints"],
        Regions::Only(&["cn-north-1"]),
        &[":s3:::elasticbeanstalk-platform-assets-public-beta-{region}/*"],
    ),
    read(
        "ElasticBeanstalk",
        &["https://docs.aws.amazon.com/elasticbeanstalk/latest/dg/vpc-vpce.policy.html#AWSHowTo.S3.VPCendpoints"],
        Regions::Only(&["me-central-1"]),
        &[
            ":s3:::elasticbeanstalk-env-resources-{region}-f08b818c/*",
            ":s3:::elasticbeanstalk-platform-assets-{region}-f08b818c/*",
        ],
    ),
    reach(
        "SageMakerJumpStart",
        &["https://docs.aws.amazon.com/sagemaker/latest/dg/jumpstart-deploy.html#jumpstart-config-security"],
        READ_AND_LIST,
        Regions::Every,
        &[
            ":s3:::jumpstart-cache-prod-{region}",
            ":s3:::jumpstart-cache-prod-{region}/*",
        ],
    ),
    reach(
        "NeptuneNotebooks",
        &["https://docs.aws.amazon.com/neptune/latest/userguide/graph-notebooks.html#graph-notebooks-workbench"],
        READ_AND_LIST,
        Regions::Every,
        &[
            ":s3:::aws-neptune-notebook-{region}",
            ":s3:::aws-neptune-notebook-{region}/*",
        ],
    ),
    reach(
        "NeptuneNotebooks",
        &["https://docs.aws.amazon.com/neptune/latest/userguide/graph-notebooks.html#graph-notebooks-workbench"],
        READ_AND_LIST,
        Regions::Commercial,
        &[":s3:::aws-neptune-notebook", ":s3:::aws-neptune-notebook/*"],
    ),
    read(
        "CodeArtifactAssets",
        &[
            "https://docs.aws.amazon.com/codeartifact/latest/ug/create-s3-gateway-endpoint.html#s3-gateway-endpoint-permissions",
        ],
        Regions::Own(CODEARTIFACT),
        &[":s3:::assets-{own}-{region}/*"],
    ),
    read(
        "ApplicationMigration",
        &["https://docs.aws.amazon.com/mgn/latest/ug/Network-Requirements.html"],
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
    read(
        "DisasterRecovery",
        &["https://docs.aws.amazon.com/drs/latest/userguide/Network-Requirements.html"],
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
    read(
        "NitroEnclaves",
        &["https://docs.aws.amazon.com/enclaves/latest/user/nitro-enclave-refapp.html#role-cert"],
        Regions::Every,
        &[":s3:::aws-ec2-enclave-certificate-{region}-prod/*"],
    ),
    read(
        "EksTools",
        &["https://docs.aws.amazon.com/eks/latest/userguide/install-kubectl.html"],
        Regions::Commercial,
        &[":s3:::amazon-eks/*"],
    ),
    // Of Amazon Linux 1 and the first releases of Amazon Linux 2, whose mirrors newer Regions never had.
    read(
        "AmazonLinuxRepositories",
        &[
            LIST,
            "https://docs.aws.amazon.com/emr/latest/ManagementGuide/private-subnet-iampolicy.html",
        ],
        Regions::Only(FIRST_REGIONS),
        &[
            ":s3:::packages.{region}.amazonaws.com/*",
            ":s3:::repo.{region}.amazonaws.com/*",
        ],
    ),
    read("AwsCli", &[POLICY], Regions::Commercial, &[":s3:::aws-cli/*"]),
    read(
        "LambdaPackages",
        &[
            LIST,
            "https://docs.aws.amazon.com/lambda/latest/api/API_GetFunction.html",
        ],
        Regions::Every,
        &[":s3:::awslambda-{region}-tasks/*"],
    ),
    read(
        "LambdaPackages",
        &[
            LIST,
            "https://docs.aws.amazon.com/lambda/latest/api/API_GetFunction.html",
        ],
        Regions::Commercial,
        &[":s3:::prod-04-2014-tasks/*"],
    ),
    reach(
        "AthenaExamples",
        &[
            LIST,
            "https://docs.aws.amazon.com/athena/latest/ug/getting-started.html",
        ],
        READ_AND_LIST,
        Regions::Every,
        &[":s3:::athena-examples-{region}", ":s3:::athena-examples-{region}/*"],
    ),
    read(
        "SchemaConversionTool",
        &[
            LIST,
            "https://docs.aws.amazon.com/SchemaConversionTool/latest/userguide/CHAP_Installing.JDBCDrivers.html",
        ],
        Regions::Commercial,
        &[":s3:::awssupportdatasvcs.com/*", ":s3:::redshift-downloads/*"],
    ),
    read(
        "Sap",
        &[
            LIST,
            "https://docs.aws.amazon.com/launchwizard/latest/userguide/launch-wizard-sap-launch-artifacts-cloudformation.html",
        ],
        Regions::Every,
        &[":s3:::aws-sap-dataprovider-{region}/*"],
    ),
    read(
        "Sap",
        &[
            LIST,
            "https://docs.aws.amazon.com/launchwizard/latest/userguide/launch-wizard-sap-launch-artifacts-cloudformation.html",
            "https://docs.aws.amazon.com/sap/latest/sap-hana/aws-backint-agent-s3-installing-configuring.html",
        ],
        Regions::Commercial,
        &[":s3:::aws-sap-data-provider/*", ":s3:::awssap-backint-agent/*"],
    ),
    read(
        "Cloud9",
        &[
            LIST,
            "https://docs.aws.amazon.com/cloud9/latest/user-guide/ec2-ssm.html#create-s3-endpoint",
        ],
        Regions::Own(CLOUD9),
        &[":s3:::static-{region}-prod-static-{own}/content/dependencies/*"],
    ),
];

/// Regions in which Distributor has another bucket than elsewhere.
const NO_BIRDWATCHER: &[&str] = &["af-south-1", "eu-south-1"];
