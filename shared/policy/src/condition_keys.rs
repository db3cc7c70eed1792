//! The condition keys that AWS publishes: what values they have, how many, and which requests can carry them.
//!
//! Global and cross-service keys:
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>. Keys of a single service come
//! from the service authorization reference. A key that is in neither does not exist, and no request has it.

use std::sync::LazyLock;

use crate::arn::{Arn, is_account, is_name, is_organization, is_organization_path, is_service};
use crate::literal::{Network, Number, instant};
use crate::service::{self, Service};

/// What the values of a key look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ValueType {
    Text,
    Account,
    Organization,
    OrganizationPath,
    Arn,
    /// A whole number that is not negative.
    Count,
    Number,
    /// An instant in ISO 8601.
    Date,
    /// Of a user.
    Name,
    Bool,
    Address,
    Vpc,
    ServiceName,
    /// `1.2` or `1.3`. AWS endpoints take no older version:
    /// <https://aws.amazon.com/blogs/security/tls-1-2-required-for-aws-endpoints/>
    TlsVersion,
    /// Of the instance metadata service: `1.0` or `2.0`.
    MetadataVersion,
    /// Always `glue.amazonaws.com`.
    Glue,
}

impl ValueType {
    /// Whether a value has the form of its type.
    pub(crate) fn fits(self, text: &str) -> bool {
        match self {
            Self::Text => true,
            Self::Account => is_account(text),
            Self::Organization => is_organization(text),
            Self::OrganizationPath => is_organization_path(text),
            Self::Arn => Arn::parse(text).is_some(),
            Self::Count => !text.is_empty() && text.len() <= 18 && text.bytes().all(|b| b.is_ascii_digit()),
            Self::Number => Number::parse(text).is_some(),
            Self::Date => text.contains('T') && text.ends_with('Z') && instant(text).is_some(),
            Self::Name => is_name(text),
            Self::Bool => matches!(text, "true" | "false"),
            Self::Address => !text.contains('/') && Network::parse(text).is_some(),
            Self::Vpc => is_vpc(text),
            Self::ServiceName => is_service(text),
            Self::TlsVersion => matches!(text, "1.2" | "1.3"),
            Self::MetadataVersion => matches!(text, "1.0" | "2.0"),
            Self::Glue => text == "glue.amazonaws.com",
        }
    }
}

fn is_vpc(text: &str) -> bool {
    let id = text.strip_prefix("vpc-").unwrap_or_default();
    !id.is_empty() && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// Which requests can have a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carrier {
    Any,
    /// Requests signed by a user, role, federated user or root user.
    Signed,
    /// Requests signed with credentials of a role.
    Role,
    User,
    /// Requests by the root user.
    Root,
    /// Requests signed by what may have tags: a user, role or federated user.
    Tagged,
    /// Requests signed by a user, role or root user.
    NotFederatedUser,
    /// Requests signed with credentials of a role, and calls with the token of an identity provider.
    Federated,
    /// Requests by AWS service principals.
    Service,
    /// No request through a VPC endpoint.
    Nobody,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ConditionKey {
    pub(crate) values: ValueType,
    pub(crate) carrier: Carrier,
    pub(crate) several: bool,
}

const fn one(values: ValueType, carrier: Carrier) -> ConditionKey {
    ConditionKey {
        values,
        carrier,
        several: false,
    }
}

const fn list(values: ValueType, carrier: Carrier) -> ConditionKey {
    ConditionKey {
        values,
        carrier,
        several: true,
    }
}

/// Names in lower case. A name with a slash at its end takes any name after it.
const GLOBAL: &[(&str, ConditionKey)] = &[
    ("aws:assumedroot", one(ValueType::Bool, Carrier::Root)),
    ("aws:calledvia", list(ValueType::ServiceName, Carrier::Signed)),
    ("aws:calledviaawsmcp", one(ValueType::ServiceName, Carrier::Signed)),
    ("aws:calledviafirst", one(ValueType::ServiceName, Carrier::Signed)),
    ("aws:calledvialast", one(ValueType::ServiceName, Carrier::Signed)),
    ("aws:chatbotsourcearn", one(ValueType::Arn, Carrier::Role)),
    ("aws:currenttime", one(ValueType::Date, Carrier::Any)),
    (
        "aws:ec2instancesourceprivateipv4",
        one(ValueType::Address, Carrier::Role),
    ),
    ("aws:ec2instancesourcevpc", one(ValueType::Vpc, Carrier::Role)),
    ("aws:epochtime", one(ValueType::Date, Carrier::Any)),
    ("aws:federatedprovider", one(ValueType::Text, Carrier::Federated)),
    ("aws:ismcpserviceaction", one(ValueType::Bool, Carrier::Any)),
    (
        "aws:multifactorauthage",
        one(ValueType::Count, Carrier::NotFederatedUser),
    ),
    (
        "aws:multifactorauthpresent",
        one(ValueType::Bool, Carrier::NotFederatedUser),
    ),
    ("aws:principalaccount", one(ValueType::Account, Carrier::Any)),
    ("aws:principalarn", one(ValueType::Arn, Carrier::Signed)),
    ("aws:principalisawsservice", one(ValueType::Bool, Carrier::Any)),
    ("aws:principalorgid", one(ValueType::Organization, Carrier::Signed)),
    (
        "aws:principalorgpaths",
        list(ValueType::OrganizationPath, Carrier::Signed),
    ),
    (
        "aws:principalservicename",
        one(ValueType::ServiceName, Carrier::Service),
    ),
    (
        "aws:principalservicenameslist",
        list(ValueType::ServiceName, Carrier::Service),
    ),
    ("aws:principaltag/", one(ValueType::Text, Carrier::Tagged)),
    ("aws:principaltype", one(ValueType::Text, Carrier::Any)),
    ("aws:referer", one(ValueType::Text, Carrier::Any)),
    ("aws:requestedregion", one(ValueType::Text, Carrier::Any)),
    ("aws:requesttag/", one(ValueType::Text, Carrier::Any)),
    ("aws:resourceaccount", one(ValueType::Account, Carrier::Any)),
    ("aws:resourceorgid", one(ValueType::Organization, Carrier::Any)),
    ("aws:resourceorgpaths", list(ValueType::OrganizationPath, Carrier::Any)),
    ("aws:resourcetag/", one(ValueType::Text, Carrier::Any)),
    ("aws:securetransport", one(ValueType::Bool, Carrier::Any)),
    ("aws:signinsessionarn", one(ValueType::Arn, Carrier::Signed)),
    // <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-sourceaccount>
    ("aws:sourceaccount", one(ValueType::Account, Carrier::Service)),
    ("aws:sourcearn", one(ValueType::Arn, Carrier::Service)),
    ("aws:sourceidentity", one(ValueType::Text, Carrier::Role)),
    ("aws:sourceip", one(ValueType::Address, Carrier::Nobody)),
    ("aws:sourceorgid", one(ValueType::Organization, Carrier::Service)),
    (
        "aws:sourceorgpaths",
        list(ValueType::OrganizationPath, Carrier::Service),
    ),
    // <https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html>
    ("aws:sourceowner", one(ValueType::Account, Carrier::Any)),
    ("aws:sourcevpc", one(ValueType::Vpc, Carrier::Any)),
    ("aws:sourcevpcarn", one(ValueType::Arn, Carrier::Any)),
    ("aws:sourcevpce", one(ValueType::Text, Carrier::Any)),
    ("aws:tagkeys", list(ValueType::Text, Carrier::Any)),
    ("aws:tokenissuetime", one(ValueType::Date, Carrier::Signed)),
    ("aws:useragent", one(ValueType::Text, Carrier::Any)),
    ("aws:userid", one(ValueType::Text, Carrier::Any)),
    ("aws:username", one(ValueType::Name, Carrier::User)),
    ("aws:viaawsmcpservice", one(ValueType::Bool, Carrier::Signed)),
    ("aws:viaawsservice", one(ValueType::Bool, Carrier::Any)),
    ("aws:vpceaccount", one(ValueType::Account, Carrier::Any)),
    ("aws:vpceorgid", one(ValueType::Organization, Carrier::Any)),
    ("aws:vpceorgpaths", list(ValueType::OrganizationPath, Carrier::Any)),
    ("aws:vpcsourceip", one(ValueType::Address, Carrier::Any)),
    // Keys of credentials that a service handed out, on requests to every service.
    ("codebuild:buildarn", one(ValueType::Arn, Carrier::Role)),
    ("codebuild:projectarn", one(ValueType::Arn, Carrier::Role)),
    ("ec2:roledelivery", one(ValueType::MetadataVersion, Carrier::Role)),
    ("ec2:sourceinstancearn", one(ValueType::Arn, Carrier::Role)),
    ("glue:credentialissuingservice", one(ValueType::Glue, Carrier::Role)),
    ("glue:roleassumedby", one(ValueType::Glue, Carrier::Role)),
    ("identitystore:userid", one(ValueType::Text, Carrier::Role)),
    ("lambda:sourcefunctionarn", one(ValueType::Arn, Carrier::Role)),
    ("ssm:sourceinstancearn", one(ValueType::Arn, Carrier::Role)),
];

/// Keys of services of which more is known than the service authorization reference says.
const OF_SERVICES: &[(&str, ValueType)] = &[
    ("kms:calleraccount", ValueType::Account),
    ("s3:dataaccesspointaccount", ValueType::Account),
    ("s3:resourceaccount", ValueType::Account),
    ("s3:tlsversion", ValueType::TlsVersion),
    // Callers may name the key of KMS by its id or alias, too:
    // <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html>
    ("s3:x-amz-server-side-encryption-aws-kms-key-id", ValueType::Text),
];

/// A key by its name in lower case. Nothing when AWS has no such key.
pub(crate) fn find(id: &str) -> Option<ConditionKey> {
    // Of a tag's key, the part up to the slash.
    let start = match id.bytes().position(|byte| byte == b'/') {
        Some(slash) if slash + 1 < id.len() => id.get(..=slash).unwrap_or_default(),
        _ => id,
    };
    if let Some(key) = global(start)
        && (start != id || !id.ends_with('/'))
    {
        return Some(key);
    }
    let (prefix, name) = id.split_once(':')?;
    // Keys of SAML and OpenID Connect, such as `accounts.google.com:aud`:
    // <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html>
    if prefix == "saml" || (prefix.contains('.') && !name.is_empty()) {
        let several = prefix == "saml" || name == "amr";
        let key = one(ValueType::Text, Carrier::Federated);
        return Some(ConditionKey { several, ..key });
    }
    let key = service_of(prefix)?.key(id).or_else(|| elsewhere(id))?;
    let known = OF_SERVICES.iter().find(|(name, _)| *name == id);
    Some(ConditionKey {
        values: known.map_or_else(|| published(key.values), |(_, values)| *values),
        carrier: Carrier::Any,
        several: key.several,
    })
}

/// Prefixes of condition keys that are no prefixes of actions, with the service that has the keys.
const KEY_PREFIXES: [(&str, &str); 4] = [
    ("catalog", "aws-marketplace"),
    ("cognito-identity-auth", "cognito-identity"),
    ("cognito-identity-unauth", "cognito-identity"),
    ("identitycenter", "sso"),
];

/// Keys with the prefix of a service that only requests to another one have, and this one.
const ELSEWHERE: [(&str, &str); 3] = [
    ("ec2:osuser", "ec2-instance-connect"),
    ("identitystore:groupid", "qbusiness"),
    ("iot:jobid", "iotjobsdata"),
];

/// The service whose condition keys have this prefix.
fn service_of(prefix: &str) -> Option<&'static Service> {
    let of_keys = KEY_PREFIXES.iter().find(|(known, _)| *known == prefix);
    service::of_prefix(of_keys.map_or(prefix, |(_, service)| service))
}

fn elsewhere(id: &str) -> Option<service::Key> {
    let (_, prefix) = ELSEWHERE.iter().find(|(known, _)| *known == id)?;
    service::of_prefix(prefix)?.key(id)
}

/// A type of the service authorization reference.
fn published(values: &str) -> ValueType {
    match values {
        "arn" => ValueType::Arn,
        "bool" => ValueType::Bool,
        "date" => ValueType::Date,
        "ip" => ValueType::Address,
        "number" => ValueType::Number,
        _ => ValueType::Text,
    }
}

/// A key of [`GLOBAL`] by its name there.
fn global(name: &str) -> Option<ConditionKey> {
    // Lengths are compared sooner than texts.
    static BY_LENGTH: LazyLock<Vec<&(&str, ConditionKey)>> = LazyLock::new(|| {
        let mut all: Vec<_> = GLOBAL.iter().collect();
        all.sort_unstable_by_key(|(known, _)| (known.len(), *known));
        all
    });
    let place = BY_LENGTH.binary_search_by_key(&(name.len(), name), |(known, _)| (known.len(), known));
    BY_LENGTH.get(place.ok()?).map(|(_, key)| *key)
}

/// Whether only requests to some services have the key.
pub(crate) fn of_service(id: &str) -> bool {
    let prefix = id.split(':').next().unwrap_or_default();
    prefix != "aws" && global(id).is_none() && service_of(prefix).is_some()
}

/// Other names of the accounts of resource and caller. Only actions without a resource lack them, and a few of S3.
const ACCOUNTS: [&str; 2] = ["kms:calleraccount", "s3:resourceaccount"];

/// Whether only requests for some actions have the key: AWS publishes which.
pub(crate) fn is_by_action(id: &str) -> bool {
    match id.strip_prefix("aws:") {
        Some(name) => name == "tagkeys" || name.starts_with("requesttag/") || name.starts_with("resourcetag/"),
        None => of_service(id) && !ACCOUNTS.contains(&id),
    }
}

/// The name, in lower case, of the key that is most like one that AWS does not have. Nothing when none is like it.
pub(crate) fn nearest(id: &str) -> Option<&'static str> {
    let (prefix, name) = id.split_once(':').unwrap_or(("aws", id));
    let of_service = service::of_prefix(prefix);
    let own = of_service
        .into_iter()
        .flat_map(|service| &service.keys)
        .map(|key| key.name);
    let own = own.filter(|known| !known.contains('*'));
    let global = GLOBAL.iter().map(|(known, _)| *known);
    let distance = |known: &str| distance(&known.to_ascii_lowercase(), id);
    let same_name = global
        .clone()
        .find(|known| known.split_once(':').is_some_and(|(_, rest)| rest == name));
    let nearest = global.chain(own).map(|known| (distance(known), known)).min()?;
    same_name.or((nearest.0 <= MOST_DISTANCE).then_some(nearest.1))
}

const MOST_DISTANCE: usize = 5;

/// How many letters have to be put in, taken out or changed to make one text of the other.
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (line, a) in one.bytes().enumerate() {
        let mut diagonal = line;
        let mut left = line + 1;
        let mut next = vec![left];
        for (b, above) in other.bytes().zip(row.iter().skip(1)) {
            let change = diagonal + usize::from(a != b);
            left = change.min(left + 1).min(above + 1);
            next.push(left);
            diagonal = *above;
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

/// Services whose requests tell who owns the endpoint, by the prefix of their actions, and by which keys. The lists under
/// "Availability" of each key in
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-vpceorgid>
const TELLS_ENDPOINT_OWNER: &[(EndpointKeys, &[&str])] = &[
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
enum EndpointKeys {
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
const GLOBAL_SERVICES: &[&str] = &[
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

#[cfg(test)]
mod tests;
