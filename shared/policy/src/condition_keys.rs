//! The condition keys that AWS publishes: what values they have, how many, and which requests can carry them.
//!
//! Global and cross-service keys:
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>. Keys of a single service come
//! from the service authorization reference. A key that is in neither does not exist, and no request has it.

use crate::arn::{Arn, is_account, is_name, is_organization, is_organization_path, is_service};
use crate::literal::{Network, Number, instant};
use crate::service::{self, Service};

mod accounts;
mod global;
mod services;

pub(crate) use accounts::{Side, account_of_arn};
pub(crate) use services::{is_global, serves_mcp, tells_endpoint_owner};

use global::{GLOBAL, global, one};

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
    /// Of version 4 alone.
    Address4,
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
            Self::Address4 => !text.contains('/') && Network::parse(text).is_some_and(|one| !one.v6),
            Self::Vpc => is_vpc(text),
            Self::ServiceName => is_service(text) && text.bytes().all(is_in_service),
            Self::TlsVersion => matches!(text, "1.2" | "1.3"),
            Self::MetadataVersion => matches!(text, "1.0" | "2.0"),
            Self::Glue => text == "glue.amazonaws.com",
        }
    }
}

fn is_in_service(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte)
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

/// The prefix of the only service to which requests may come without `aws:UserAgent`. All others have the key always.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-useragent>
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-resource-policies-aws-condition-keys.html>
pub(crate) const WITHOUT_USER_AGENT: &str = "execute-api";

/// Whether only requests to some services have the key.
pub(crate) fn of_service(id: &str) -> bool {
    let prefix = id.split(':').next().unwrap_or_default();
    prefix != "aws" && global(id).is_none() && service_of(prefix).is_some()
}

/// Other names of the accounts of resource and caller. Only actions without a resource lack them, and a few of S3.
pub(crate) const ACCOUNTS: [&str; 2] = ["kms:calleraccount", "s3:resourceaccount"];

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

#[cfg(test)]
mod tests;
