//! Global and cross-service condition keys.

use std::sync::LazyLock;

use super::{Carrier, ConditionKey, ValueType};

pub(super) const fn one(values: ValueType, carrier: Carrier) -> ConditionKey {
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
pub(super) const GLOBAL: &[(&str, ConditionKey)] = &[
    ("aws:assumedroot", one(ValueType::Bool, Carrier::Root)),
    ("aws:calledvia", list(ValueType::ServiceName, Carrier::Signed)),
    ("aws:calledviaawsmcp", one(ValueType::ServiceName, Carrier::Signed)),
    ("aws:calledviafirst", one(ValueType::ServiceName, Carrier::Signed)),
    ("aws:calledvialast", one(ValueType::ServiceName, Carrier::Signed)),
    ("aws:chatbotsourcearn", one(ValueType::Arn, Carrier::Role)),
    ("aws:currenttime", one(ValueType::Date, Carrier::Any)),
    (
        "aws:ec2instancesourceprivateipv4",
        one(ValueType::Address4, Carrier::Role),
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

/// A key of [`GLOBAL`] by its name there.
pub(super) fn global(name: &str) -> Option<ConditionKey> {
    // Lengths are compared sooner than texts.
    static BY_LENGTH: LazyLock<Vec<&(&str, ConditionKey)>> = LazyLock::new(|| {
        let mut all: Vec<_> = GLOBAL.iter().collect();
        all.sort_unstable_by_key(|(known, _)| (known.len(), *known));
        all
    });
    let place = BY_LENGTH.binary_search_by_key(&(name.len(), name), |(known, _)| (known.len(), known));
    BY_LENGTH.get(place.ok()?).map(|(_, key)| *key)
}
