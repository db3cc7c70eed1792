//! Sets of services that workloads need together, each as AWS documents it.

/// Services that are required together, by their short names.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ServiceSet {
    pub(super) name: &'static str,
    /// Through interface endpoints.
    pub(super) interface: &'static [&'static str],
    /// Through gateway endpoints.
    pub(super) gateway: &'static [&'static str],
    /// The documentation of AWS that names them.
    pub(super) source: &'static str,
}

/// Sorted by name.
pub(super) static SETS: &[ServiceSet] = &[
    // Credentials, keys, secrets, logs and metrics, which most workloads need whatever they run on.
    ServiceSet {
        name: "baseline",
        interface: &["kms", "logs", "monitoring", "secretsmanager", "sts"],
        gateway: &["dynamodb", "s3"],
        source: "https://docs.aws.amazon.com/vpc/latest/privatelink/aws-services-privatelink-support.html",
    },
    // Jobs run on ECS.
    ServiceSet {
        name: "batch",
        interface: &[
            "batch",
            "ecr.api",
            "ecr.dkr",
            "ecs",
            "ecs-agent",
            "ecs-telemetry",
            "logs",
        ],
        gateway: &["s3"],
        source: "https://docs.aws.amazon.com/batch/latest/userguide/vpc-interface-endpoints.html",
    },
    // S3 holds the layers of images.
    ServiceSet {
        name: "ecr",
        interface: &["ecr.api", "ecr.dkr"],
        gateway: &["s3"],
        source: "https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html",
    },
    // Tasks on EC2 instances. Those on Fargate need `ecr` and `logs` alone.
    ServiceSet {
        name: "ecs",
        interface: &["ecr.api", "ecr.dkr", "ecs", "ecs-agent", "ecs-telemetry", "logs"],
        gateway: &["s3"],
        source: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/vpc-endpoints.html",
    },
    // `eks-auth` gives pods their credentials by EKS Pod Identity, `sts` by IAM roles for service accounts.
    ServiceSet {
        name: "eks",
        interface: &[
            "ec2",
            "ecr.api",
            "ecr.dkr",
            "eks-auth",
            "elasticloadbalancing",
            "logs",
            "sts",
        ],
        gateway: &["s3"],
        source: "https://docs.aws.amazon.com/eks/latest/userguide/private-clusters.html",
    },
    // To invoke functions from the VPC.
    ServiceSet {
        name: "lambda",
        interface: &["lambda"],
        gateway: &[],
        source: "https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc-endpoints.html",
    },
    // Studio in VPC-only mode, and training jobs of the SageMaker Python SDK.
    ServiceSet {
        name: "sagemaker",
        interface: &["logs", "sagemaker.api", "sagemaker.runtime", "sts"],
        gateway: &["s3"],
        source: "https://docs.aws.amazon.com/sagemaker/latest/dg/studio-updated-and-internet-access.html",
    },
    // AWS names `ec2` for snapshots with VSS, `kms` and `logs` as optional, and replaces `ec2messages` by `ssmmessages`.
    ServiceSet {
        name: "ssm",
        interface: &["ssm", "ssmmessages"],
        gateway: &["s3"],
        source: "https://docs.aws.amazon.com/systems-manager/latest/userguide/setup-create-vpc.html",
    },
];

/// The set of this name.
pub(super) fn find(name: &str) -> Option<&'static ServiceSet> {
    SETS.iter().find(|set| set.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_sorted_and_each_has_its_documentation() {
        assert!(SETS.windows(2).all(|pair| pair[0].name < pair[1].name));
        for set in SETS {
            for services in [set.interface, set.gateway] {
                assert!(services.windows(2).all(|pair| pair[0] < pair[1]), "{}", set.name);
            }
            assert!(set.source.starts_with("https://docs.aws.amazon.com/"), "{}", set.name);
            assert_eq!(find(set.name).map(|found| found.name), Some(set.name));
        }
        assert!(find("eck").is_none());
    }

    #[test]
    fn services_of_sets_are_services_of_aws_with_known_ports() {
        let known = include_str!("../../../policy/data/privatelink-services.txt");
        for set in SETS {
            for service in set.interface.iter().chain(set.gateway) {
                let name = format!("com.amazonaws.{{region}}.{service}");
                assert!(known.lines().any(|line| line == name), "{}: {service}", set.name);
                let ports = postern_policy::ports(service);
                assert!(
                    matches!(ports, postern_policy::Ports::Known(_)),
                    "{}: {service}",
                    set.name
                );
            }
        }
    }
}
