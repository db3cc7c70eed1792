//! What is known of condition keys.

use super::services::{GLOBAL_SERVICES, TELLS_ENDPOINT_OWNER};
use super::*;

#[test]
fn keys_are_found_by_name_and_tag() {
    for (id, known) in [
        ("aws:principalorgid", true),
        ("aws:principaltag/team", true),
        ("aws:principaltag/", false),
        ("aws:principalvpc", false),
        ("aws:resourcearn", false),
        ("s3:prefix", true),
        ("s3:existingobjecttag/class", true),
        ("secretsmanager:resourcetag/env", true),
        ("ssm:resourcetag/env", true),
        ("s3:prefixx", false),
        ("accounts.google.com:aud", true),
        ("no-such-service:key", false),
        ("prefix", false),
    ] {
        assert_eq!(find(id).is_some(), known, "{id}");
    }
    for (id, values) in [
        ("s3:max-keys", ValueType::Number),
        ("s3:object-lock-retain-until-date", ValueType::Date),
        ("s3:objectcreationoperation", ValueType::Bool),
        ("ec2:vpc", ValueType::Arn),
        ("s3:prefix", ValueType::Text),
        ("s3:tlsversion", ValueType::TlsVersion),
    ] {
        assert_eq!(find(id).unwrap().values, values, "{id}");
    }
    assert!(find("s3:requestobjecttagkeys").unwrap().several);
    assert!(GLOBAL.is_sorted_by_key(|(name, _)| *name));
    assert!(find("aws:tagkeys").unwrap().several && !find("aws:userid").unwrap().several);
}

#[test]
fn nearest_key_of_a_wrong_name_is_named() {
    assert_eq!(nearest("aws:principalorgids"), Some("aws:principalorgid"));
    assert_eq!(nearest("aws:principalvpc"), Some("aws:principalarn"));
    assert_eq!(nearest("s3:sourcevpce"), Some("aws:sourcevpce"));
    assert_eq!(nearest("0"), None);
}

/// The lists under "Availability" of `aws:SourceVpcArn`, `aws:VpceAccount`, `aws:VpceOrgPaths` and `aws:VpceOrgID`, in the
/// order of the page:
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-sourcevpcarn>
#[test]
fn services_tell_who_owns_the_endpoint_as_aws_lists_them_by_key() {
    const VPC_ARN: &str = "apprunner discovery athena servicediscovery applicationinsights cloudformation \
                           comprehendmedical compute-optimizer ecr ecs kinesisanalytics route53 datasync ebs scheduler \
                           firehose medical-imaging healthlake omics iam iotfleetwise iotwireless kms lambda \
                           payment-cryptography polly acm-pca rbin rekognition servicequotas s3 storagegateway \
                           ssm-contacts textract transcribe transfer";
    const ACCOUNT: &str = "dynamodb gamelift shield";
    const ORGANIZATION: &str = "b2bi cognito-identity dms ds-data identitystore iottwinmaker cassandra network-firewall \
                                sms-voice pricing ses sqs workmail";
    let lists = |key: &str| match key {
        "aws:sourcevpcarn" => vec![VPC_ARN],
        "aws:vpceorgid" => vec![VPC_ARN, ACCOUNT, ORGANIZATION],
        _ => vec![VPC_ARN, ACCOUNT],
    };
    for key in [
        "aws:sourcevpcarn",
        "aws:vpceaccount",
        "aws:vpceorgpaths",
        "aws:vpceorgid",
    ] {
        let mut listed: Vec<&str> = lists(key).into_iter().flat_map(str::split_whitespace).collect();
        listed.sort_unstable();
        let known = TELLS_ENDPOINT_OWNER.iter().flat_map(|(_, prefixes)| *prefixes);
        let mut telling: Vec<&str> = known
            .copied()
            .filter(|prefix| tells_endpoint_owner(prefix, key))
            .collect();
        telling.sort_unstable();
        assert_eq!(telling, listed, "{key}");
        assert!(!tells_endpoint_owner("secretsmanager", key) && !tells_endpoint_owner("ec2", key));
    }
    assert!(GLOBAL_SERVICES.is_sorted());
}

#[test]
fn keys_with_the_prefix_of_another_service_belong_to_those_that_have_them() {
    for id in [
        "cognito-identity-auth:accountid",
        "catalog:changetype",
        "identitycenter:applicationarn",
        "iot:jobid",
        "ec2:osuser",
        "identitystore:groupid",
        "elasticloadbalancing:resourcetag/team",
        "glacier:resourcetag/team",
    ] {
        assert!(find(id).is_some(), "{id}");
        assert!(of_service(id) && is_by_action(id), "{id}");
    }
    assert!(find("glacier:resourcetag/").is_none());
}

#[test]
fn reference_tells_which_actions_have_a_key() {
    for (action, id, carried) in [
        ("s3:listbucket", "s3:prefix", Some(true)),
        ("s3:getobject", "s3:prefix", Some(false)),
        ("s3:getobject", "s3:existingobjecttag/class", Some(true)),
        ("s3:getobject", "kms:viaservice", Some(false)),
        ("s3:createtomorrow", "s3:prefix", None),
        ("sqs:createqueue", "aws:requesttag/team", Some(true)),
        ("sqs:sendmessage", "aws:requesttag/team", Some(false)),
        ("sqs:sendmessage", "aws:resourcetag/team", Some(true)),
        ("sqs:listqueues", "aws:resourcetag/team", Some(false)),
        // The reference names no action for it.
        ("dynamodb:getitem", "dynamodb:firstpartitionkeyvalues", Some(true)),
        ("iotjobsdata:describejobexecution", "iot:jobid", Some(true)),
    ] {
        assert!(is_by_action(id), "{id}");
        assert_eq!(service::carries(action, id), carried, "{action} {id}");
    }
    assert!(!is_by_action("aws:principaltag/team") && !is_by_action("ec2:sourceinstancearn"));
    assert!(!is_by_action("saml:aud") && !is_by_action("accounts.google.com:aud"));
}
