//! Resources that AWS owns and that workloads behind an endpoint need: outside every organisation, read by everybody.

use crate::{EndpointContext, Perimeter, template::partition};

/// The ARNs of resources that AWS owns and that the perimeter lets everybody reach through the endpoint.
pub(crate) fn resources(perimeter: &Perimeter, endpoint: &EndpointContext) -> Vec<String> {
    let mut arns = perimeter.aws_owned_resources.clone();
    if perimeter.builtin_aws_owned_resources {
        let partition = partition(&endpoint.region);
        for owned in AWS_OWNED.iter().filter(|owned| owned.service == endpoint.service) {
            let full = |arn: &&str| format!("arn:{partition}{}", arn.replace("{region}", &endpoint.region));
            arns.extend(owned.resources.iter().map(full));
        }
    }
    arns
}

/// A group of AWS-owned resources of one service. `{region}` stands for the Region.
pub(crate) struct AwsOwned {
    /// The short name of the endpoint service.
    pub(crate) service: &'static str,
    pub(crate) sid: &'static str,
    pub(crate) action: &'static str,
    /// Without the `arn:<partition>` in front.
    pub(crate) resources: &'static [&'static str],
}

pub(crate) const AWS_OWNED: &[AwsOwned] = &[
    // https://docs.aws.amazon.com/linux/al2023/ug/managing-repos-os-updates.html and
    // https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-s3.html
    AwsOwned {
        service: "s3",
        sid: "AmazonLinuxRepositories",
        action: "s3:GetObject",
        resources: &[
            ":s3:::al2023-repos-{region}-de612dc2/*",
            ":s3:::amazonlinux-2-repos-{region}/*",
        ],
    },
    // https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html
    AwsOwned {
        service: "s3",
        sid: "EcrImageLayers",
        action: "s3:GetObject",
        resources: &[":s3:::prod-{region}-starport-layer-bucket/*"],
    },
    // https://docs.aws.amazon.com/systems-manager/latest/userguide/ssm-agent-technical-details.html
    AwsOwned {
        service: "s3",
        sid: "SystemsManagerAndPatchManager",
        action: "s3:GetObject",
        resources: &[
            ":s3:::amazon-ssm-packages-{region}/*",
            ":s3:::amazon-ssm-{region}/*",
            ":s3:::aws-ssm-document-attachments-{region}/*",
            ":s3:::aws-ssm-{region}/*",
            ":s3:::aws-windows-downloads-{region}/*",
            ":s3:::patch-baseline-snapshot-{region}/*",
            ":s3:::{region}-birdwatcher-prod/*",
        ],
    },
];
