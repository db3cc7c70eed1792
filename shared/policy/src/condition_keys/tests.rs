//! What is known of condition keys.

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

/// The services of AWS's sample, at its commit 47045a06b1bc:
/// <https://github.com/aws-samples/data-perimeter-policy-examples/blob/47045a06b1bcd0b3a3f4a6ff0f078b27a2362446/service_control_policies/network_perimeter_vpceorgid_scp.json>
#[test]
fn services_of_awss_sample_tell_who_owns_the_endpoint() {
    let sample = "acm-pca applicationinsights apprunner athena cloudformation comprehendmedical compute-optimizer datasync \
                  discovery ebs firehose healthlake iotfleetwise iotwireless kms lambda medical-imaging omics \
                  payment-cryptography polly rbin rekognition s3 scheduler servicediscovery servicequotas ssm-contacts \
                  storagegateway textract transcribe transfer";
    let mut sample = sample.split_whitespace();
    assert_eq!(sample.find(|prefix| !tells_endpoint_owner(prefix)), None);
    assert!(WITH_ENDPOINT_OWNER.is_sorted() && GLOBAL_SERVICES.is_sorted());
    assert!(!tells_endpoint_owner("secretsmanager") && !tells_endpoint_owner("ec2"));
}
