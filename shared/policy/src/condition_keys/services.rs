//! Services whose requests tell more or other things than those of most.

/// Services whose requests tell who owns the endpoint, by the prefix of their actions, and by which keys. The lists under
/// "Availability" of each key in
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-vpceorgid>
pub(super) const TELLS_ENDPOINT_OWNER: &[(EndpointKeys, &[&str])] = &[
    (
        EndpointKeys::All,
        &[
            "acm-pca",
            "applicationinsights",
            "apprunner",
            "athena",
            "cloudformation",
            "comprehendmedical",
            "compute-optimizer",
            "datasync",
            "discovery",
            "ebs",
            "ecr",
            "ecs",
            "firehose",
            "healthlake",
            "iam",
            "iotfleetwise",
            "iotwireless",
            "kinesisanalytics",
            "kms",
            "lambda",
            "medical-imaging",
            "omics",
            "payment-cryptography",
            "polly",
            "rbin",
            "rekognition",
            "route53",
            "s3",
            "scheduler",
            "servicediscovery",
            "servicequotas",
            "ssm-contacts",
            "storagegateway",
            "textract",
            "transcribe",
            "transfer",
        ],
    ),
    (
        EndpointKeys::AccountAndOrganization,
        &["dynamodb", "gamelift", "shield"],
    ),
    (
        EndpointKeys::Organization,
        &[
            "b2bi",
            "cassandra",
            "cognito-identity",
            "dms",
            "ds-data",
            "identitystore",
            "iottwinmaker",
            "network-firewall",
            "pricing",
            "ses",
            "sms-voice",
            "sqs",
            "workmail",
        ],
    ),
];

/// The keys by which a service tells who owns the endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EndpointKeys {
    /// `aws:SourceVpcArn`, `aws:VpceAccount`, `aws:VpceOrgPaths` and `aws:VpceOrgID`.
    All,
    /// The same without `aws:SourceVpcArn`.
    AccountAndOrganization,
    /// `aws:VpceOrgID` alone.
    Organization,
}

/// Whether requests for actions of this prefix have a key, by its name in lower case, that tells who owns the endpoint.
pub(crate) fn tells_endpoint_owner(prefix: &str, id: &str) -> bool {
    let known = TELLS_ENDPOINT_OWNER.iter().find(|(_, all)| all.contains(&prefix));
    match known.map(|(keys, _)| keys) {
        None => false,
        Some(EndpointKeys::All) => true,
        Some(EndpointKeys::AccountAndOrganization) => id != "aws:sourcevpcarn",
        Some(EndpointKeys::Organization) => id == "aws:vpceorgid",
    }
}

/// Whether requests for actions of this prefix may be for actions of an MCP server, and have `aws:IsMcpServiceAction`.
pub(crate) fn serves_mcp(prefix: &str) -> bool {
    prefix.ends_with("-mcp")
}

/// Services with one endpoint for all Regions of a partition, whose requests have the Region `us-east-1` in the partition
/// `aws`. <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-requestedregion>
pub(super) const GLOBAL_SERVICES: &[&str] = &[
    "account",
    "billing",
    "budgets",
    "ce",
    "cloudfront",
    "globalaccelerator",
    "iam",
    "networkmanager",
    "organizations",
    "route53",
    "route53domains",
    "shield",
    "support",
];

/// Whether the service with this prefix has one endpoint for all Regions.
pub(crate) fn is_global(prefix: &str) -> bool {
    GLOBAL_SERVICES.contains(&prefix)
}
