//! What is told of services.

use super::exceptions::KEYLESS;
use super::reference::DATA;
use super::*;

#[test]
fn the_data_is_sorted_and_every_line_is_found_by_its_prefix() {
    let prefixes: Vec<&str> = DATA.lines().skip(1).filter_map(|line| line.split('|').next()).collect();
    assert!(prefixes.is_sorted() && prefixes.len() > 400);
    for prefix in prefixes {
        assert!(line(prefix).is_some_and(|line| line.prefix == prefix), "{prefix}");
    }
    assert!(line("").is_none() && line("zzz").is_none() && line("#").is_none());
}

#[test]
fn endpoint_names_lead_to_action_prefixes() {
    let prefix = |short: &str| find(short).and_then(|service| service.prefixes().next());
    for (short, expected) in [
        ("s3", Some("s3")),
        ("ecr.dkr", Some("ecr")),
        ("monitoring", Some("cloudwatch")),
        ("kms-fips", Some("kms")),
        ("git-codecommit-fips", Some("codecommit")),
        ("airflow-fips.api", Some("airflow")),
        ("monitoring-fips", Some("cloudwatch")),
        ("ecs-agent", Some("ecs")),
        ("tagging", Some("tag")),
        ("cloudcontrolapi", Some("cloudformation")),
        ("sagemaker.runtime", Some("sagemaker")),
        ("com.amazonaws.eu-central-1.sagemaker.runtime-fips", Some("sagemaker")),
        ("com.amazonaws.route53", Some("route53")),
        ("cloudcontrolapi", Some("cloudformation")),
        ("tagging", Some("tag")),
        // Not in AWS's list.
        ("iot", Some("iot")),
        ("com.amazonaws.eu-central-1.kms.tomorrow", Some("kms")),
        ("com.amazonaws.vpce.eu-central-1.vpce-svc-0123456789abcdef0", None),
        ("any", None),
        ("", None),
    ] {
        assert_eq!(prefix(short), expected, "{short}");
    }
}

#[test]
fn actions_and_the_resources_that_they_take_find_each_other() {
    let s3 = find("s3").unwrap();
    let on = |arn: &str, name: &str| {
        s3.actions_on(arn)
            .any(|action| action.full_name() == format!("s3:{name}"))
    };
    assert!(on("arn:aws:s3:::corp-data/report", "GetObject") && !on("arn:aws:s3:::corp-data/report", "ListBucket"));
    assert!(on("arn:aws:s3:::corp-data", "ListBucket") && !on("arn:aws:s3:::corp-data", "GetObject"));
    assert!(takes("S3:getobject", "arn:aws:s3:::corp-data/report") && !takes("s3:GetObject", "*"));
    assert_eq!(formats("s3:getobject").first().unwrap().text, "s3:::*/*");
    assert!(formats("s3:ListAllMyBuckets").is_empty() && formats("s3:GetTomorrow").is_empty());
    for line in DATA.lines().skip(1) {
        let fields: Vec<&str> = line.split('|').collect();
        assert_eq!(fields.len(), 5);
        assert_eq!(list(fields[1]).count(), fields[4].split(',').count(), "{}", fields[0]);
    }
}

#[test]
fn keyless_actions_exist() {
    for (prefix, keyless) in KEYLESS {
        let service = find(prefix).unwrap();
        if let Keyless::Some(list) = keyless {
            for name in *list {
                assert!(service.actions.iter().any(|known| known.full_name() == *name), "{name}");
            }
        }
    }
}
