//! What is told of endpoint services by their names.

use super::*;
use crate::service;

/// The names that AWS documents, in a Region.
fn documented(region: &str) -> Vec<String> {
    let list = include_str!("../../data/privatelink-services.txt");
    let names = list.lines().filter(|line| !line.starts_with('#'));
    names.map(|name| name.replace("{region}", region)).collect()
}

fn entries() -> Vec<[&'static str; 4]> {
    let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
    let entry = |line: &'static str| -> [&str; 4] { line.split('|').collect::<Vec<_>>().try_into().unwrap() };
    lines.map(entry).collect()
}

#[test]
fn short_name_drops_provider_and_region() {
    for (name, short) in [
        ("com.amazonaws.eu-central-1.ecr.api", Some("ecr.api")),
        ("com.amazonaws.us-gov-west-1.kms-fips", Some("kms-fips")),
        (
            "com.amazonaws.us-east-1.resource-explorer-2",
            Some("resource-explorer-2"),
        ),
        ("com.amazonaws.iam", Some("iam")),
        ("com.amazonaws.s3-global.accesspoint", Some("s3-global.accesspoint")),
        ("aws.api.us-east-1.qbusiness", Some("qbusiness")),
        ("aws.api.global.codecatalyst", Some("codecatalyst")),
        ("api.aws.us-east-1.cassandra-streams", Some("cassandra-streams")),
        ("aws.sagemaker.eu-west-1.studio", Some("studio")),
        ("cn.com.amazonaws.cn-north-1.ecr.dkr", Some("ecr.dkr")),
        ("cn.com.amazonaws.cn-northwest-1.transcribe.cn", Some("transcribe")),
        ("eu.amazonaws.eusc-de-east-1.ecr.api", Some("ecr.api")),
        ("gov.ic.hci.csp.us-isof-south-1.ebs", Some("ebs")),
        ("ecr.api", Some("ecr.api")),
        ("resource-explorer-2", Some("resource-explorer-2")),
        ("com.amazonaws.vpce.eu-central-1.vpce-svc-0123456789abcdef0", None),
        ("vpce-svc-0123456789abcdef0", None),
    ] {
        assert_eq!(short_name(name), short, "{name}");
    }
}

#[test]
fn fips_endpoints_are_listed_as_the_others() {
    for (name, listed) in [
        ("com.amazonaws.us-east-1.organizations-fips", "organizations"),
        ("com.amazonaws.us-east-1.airflow.api-fips", "airflow.api"),
        ("airflow-fips.api", "airflow.api"),
        ("iot-fips.tunneling.data", "iot.tunneling.data"),
        ("mail-manager-smtp.auth.fips", "mail-manager-smtp.auth"),
        ("kms", "kms"),
    ] {
        assert_eq!(listed_name(name).as_deref(), Some(listed), "{name}");
    }
}

#[test]
fn every_service_that_aws_documents_is_listed_under_full_and_short_names() {
    let unlisted: Vec<String> = documented("eu-central-1")
        .into_iter()
        .chain(documented("us-gov-west-1"))
        .flat_map(|name| [short_name(&name).unwrap().to_owned(), name])
        .filter(|name| find(&listed_name(name).unwrap()).is_none())
        .collect();
    assert_eq!(unlisted, Vec::<String>::new());
    assert!(documented("eu-central-1").len() >= 450);
}

#[test]
fn every_service_that_aws_documents_has_known_actions_but_for_those_without_any() {
    let mut unknown: Vec<String> = documented("us-east-1")
        .into_iter()
        .filter(|name| service::find(name).is_none())
        .collect();
    unknown.sort();
    // AWS's reference of actions has none of these.
    assert_eq!(
        unknown,
        [
            "com.amazonaws.us-east-1.emrwal.prod",
            "com.amazonaws.us-east-1.iotroborunner"
        ]
    );
}

#[test]
fn every_listed_prefix_has_actions_and_every_name_is_listed_once() {
    let mut names: Vec<&str> = Vec::new();
    for [name, prefixes, _, _] in entries() {
        for prefix in prefixes.split(',').filter(|prefix| !prefix.is_empty()) {
            assert!(service::of_prefix(prefix).is_some(), "{name}: {prefix}");
        }
        assert_eq!(listed_name(name).as_deref(), Some(name));
        names.push(name);
    }
    assert!(names.is_sorted_by(|one, other| one < other));
}

#[test]
fn ports_other_than_https_have_a_source_and_are_in_order() {
    for [name, _, ports, source] in entries() {
        assert_eq!(matches!(ports, "443" | "?"), source.is_empty(), "{name}");
        assert!(
            source.is_empty() || source.starts_with("https://docs.aws.amazon.com/"),
            "{name}"
        );
        match super::ports(name) {
            Ports::Known(ranges) => {
                assert!(ranges.is_sorted_by(|one, other| one < other), "{name}");
                assert!(
                    ranges.iter().all(|range| 0 < range.from && range.from <= range.to),
                    "{name}"
                );
            }
            Ports::Unknown => assert_eq!(ports, "?", "{name}"),
        }
    }
}

#[test]
fn ports_are_those_of_the_service_whatever_its_name() {
    let tcp = |from: u16, to: u16| PortRange {
        transport: Transport::Tcp,
        from,
        to,
    };
    let one = |port: u16| tcp(port, port);
    let https = Ports::Known(vec![one(443)]);
    for (name, expected) in [
        ("com.amazonaws.eu-central-1.sts", https.clone()),
        ("com.amazonaws.iam", https.clone()),
        ("kms-fips", https),
        (
            "com.amazonaws.eu-central-1.email-smtp",
            Ports::Known([25, 465, 587, 2465, 2587].map(one).to_vec()),
        ),
        ("cassandra-fips", Ports::Known(vec![one(9142)])),
        (
            "com.amazonaws.us-east-1.datasync",
            Ports::Known(vec![one(443), tcp(1024, 1064)]),
        ),
        ("iot.data", Ports::Known([443, 8443, 8883].map(one).to_vec())),
        ("emrwal.prod", Ports::Unknown),
        ("com.amazonaws.eu-central-1.tomorrow", Ports::Unknown),
        (
            "com.amazonaws.vpce.eu-central-1.vpce-svc-0123456789abcdef0",
            Ports::Unknown,
        ),
        ("", Ports::Unknown),
    ] {
        assert_eq!(ports(name), expected, "{name}");
    }
    let Ports::Known(streaming) = ports("highlander") else {
        panic!()
    };
    assert!(streaming.contains(&PortRange {
        transport: Transport::Udp,
        from: 4195,
        to: 4195
    }));
}
