//! What a function does when AWS does not.

use crate::envelope::Envelope;
use crate::function::{Answer, Function, sqs_batch};
use crate::proxy::Fault;
use crate::settings;
use crate::topic::Topic;
use serde_json::Value;

use super::rig::{Mode, Rig, assert_back};

fn create_subnet(rig: &Rig) -> Value {
    sqs_batch([Envelope::create_subnet(&rig.vpc)])
}

#[tokio::test]
async fn denied_describe_call_makes_findings_indeterminate_and_completes_the_message() {
    let rig = Rig::new().await;
    rig.proxy.fail("DescribeSecurityGroups", Fault::denied());
    let mut function = rig.function("subnet-inspector", Mode::Enforce).await;
    let answer = function.invoke(&create_subnet(&rig)).await.unwrap();
    assert_back(&answer, &[], &function);
    let report = rig.report();
    let findings: Vec<_> = report.findings("ingress-blocked").collect();
    assert!(!findings.is_empty(), "{:#}", report.json);
    for finding in findings {
        assert_eq!(finding["verdict"], "indeterminate");
        assert!(
            finding["explanation"]
                .as_str()
                .unwrap()
                .contains("UnauthorizedOperation"),
            "{finding:#}"
        );
    }
    let forbidden = [
        "CreateSecurityGroup",
        "AuthorizeSecurityGroupIngress",
        "CreateVpcEndpoint",
    ];
    let mutations = rig.mutations();
    assert!(
        !mutations.iter().any(|action| forbidden.contains(&action.as_str())),
        "{mutations:?}"
    );
    // What needs no group is repaired all the same.
    assert!(
        report
            .findings("gateway-route-missing")
            .all(|finding| finding["outcome"] == "repaired")
    );
}

#[tokio::test]
async fn throttled_describe_call_fails_the_message_and_changes_nothing() {
    let rig = Rig::new().await;
    let mut function = rig.function("subnet-inspector", Mode::Enforce).await;
    for fault in [Fault::throttled(), Fault::NoAnswer] {
        rig.proxy.fail("DescribeSubnets", fault);
        let answer = function.invoke(&create_subnet(&rig)).await.unwrap();
        assert_back(&answer, &[0], &function);
        assert!(rig.count("DescribeSubnets") > 1, "it is tried again first");
        assert_eq!(rig.mutations(), [""; 0]);
        assert!(rig.reports().is_empty());
    }
    rig.proxy.heal();
    let answer = function.invoke(&create_subnet(&rig)).await.unwrap();
    assert_back(&answer, &[], &function);
    assert_eq!(rig.report().text("/outcome"), "repaired");
}

#[tokio::test]
async fn region_without_answers_fails_only_its_own_messages() {
    let rig = Rig::new().await;
    let mut function = rig.function("subnet-inspector", Mode::Audit).await;
    rig.proxy.fail("DescribeRouteTables", Fault::NoAnswer);
    let batch = sqs_batch([
        Envelope::create_subnet(&rig.vpc).failed("Client.UnauthorizedOperation"),
        Envelope::associate_route_table(&rig.vpc.region, &rig.vpc.private_c, &rig.vpc.app_c),
    ]);
    let answer = function.invoke(&batch).await.unwrap();
    assert_back(&answer, &[1], &function);
}

#[tokio::test]
async fn refused_creation_is_reported_with_its_cause() {
    let rig = Rig::new().await;
    let patient = format!("{}attempts = 9\n", settings::enforce());
    let mut function = rig.function_with("subnet-inspector", Some(&patient), Topic::ARN).await;
    let service = rig.vpc.service("secretsmanager");
    let no_zone = format!(
        "The VPC endpoint service {service} does not support the availability zone of the subnet: {}",
        rig.vpc.app_c
    );
    let conflict = format!(
        "private-dns-enabled cannot be set because there is already a conflicting DNS domain for \
         secretsmanager.{}.amazonaws.com in the VPC {}",
        rig.vpc.region, rig.vpc.id
    );
    // With the code, what the report says of it, and whether another attempt may help.
    let refusals = [
        ("InvalidParameter", no_zone.as_str(), "not offered in that zone", false),
        (
            "VpcEndpointLimitExceeded",
            "The maximum number of VPC endpoints has been reached.",
            "quota",
            false,
        ),
        (
            "InsufficientFreeAddressesInSubnet",
            "Insufficient free addresses in the subnet.",
            "free addresses in the subnet",
            false,
        ),
        (
            "UnauthorizedOperation",
            "You are not authorized.",
            "ec2:CreateVpcEndpoint",
            false,
        ),
        ("InvalidParameter", &conflict, "a private hosted zone", false),
        // Of this one it is not known what became, so no other attempt comes after it soon.
        (
            "InvalidParameter",
            "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true",
            "DNS attributes",
            true,
        ),
    ];
    for (code, message, said, transient) in refusals {
        rig.proxy.fail("CreateVpcEndpoint", Fault::refused(code, message));
        let answer = function.invoke(&create_subnet(&rig)).await.unwrap();
        assert_back(&answer, if transient { &[0] } else { &[] }, &function);
        let report = rig.report();
        assert_eq!(report.text("/outcome"), "failed");
        let failed: Vec<_> = report
            .list("changes")
            .filter(|change| change["result"] == "failed")
            .collect();
        assert_eq!(failed.len(), 1, "{:#}", report.json);
        let cause = failed[0]["reason"].as_str().unwrap();
        assert!(cause.contains(code) && cause.contains(said), "{cause}");
        assert_eq!(failed[0]["transient"], transient);
        assert!(rig.endpoint("secretsmanager").await.is_none());
    }
    // What did not depend on it was done the first time.
    assert_eq!(rig.subnets("sts").await.len(), 3);

    rig.proxy.heal();
    rig.proxy.take();
    let answer = function.invoke(&create_subnet(&rig)).await.unwrap();
    assert_back(&answer, &[0], &function);
    assert_eq!(rig.mutations(), [""; 0]);

    rig.ten_minutes_later().await;
    let answer = function.invoke(&create_subnet(&rig)).await.unwrap();
    assert_back(&answer, &[], &function);
    assert_eq!(rig.report().text("/outcome"), "repaired");
    assert_eq!(rig.mutations(), ["CreateVpcEndpoint"]);
}

#[tokio::test]
async fn endpoint_deleted_during_its_repair_is_no_failure() {
    let rig = Rig::new().await;
    let mut function = rig.function("policy-inspector", Mode::Enforce).await;
    let gone = Fault::refused("InvalidVpcEndpointId.NotFound", "The Vpc Endpoint Id does not exist");
    rig.proxy.fail("ModifyVpcEndpoint", gone);
    let answer = function
        .invoke(&sqs_batch([Envelope::reset_policy(&rig.vpc)]))
        .await
        .unwrap();
    assert_back(&answer, &[], &function);
    let report = rig.report();
    assert!(
        report.results().iter().all(|result| *result == "skipped"),
        "{:?}",
        report.results()
    );
}

#[tokio::test]
async fn unreachable_sns_stops_changes_and_fails_the_message() {
    let rig = Rig::new().await;
    rig.topic.set_unreachable(true);
    // Whichever environment of the function gets the message again.
    for _ in 0..2 {
        let mut function = rig.function("subnet-inspector", Mode::Enforce).await;
        let answer = function.invoke(&create_subnet(&rig)).await.unwrap();
        assert_back(&answer, &[0], &function);
        assert_eq!(rig.mutations(), [""; 0]);
    }
    rig.topic.set_unreachable(false);
    let mut function = rig.function("subnet-inspector", Mode::Enforce).await;
    let answer = function.invoke(&create_subnet(&rig)).await.unwrap();
    assert_back(&answer, &[], &function);
    assert_eq!(rig.report().text("/outcome"), "repaired");
}

#[tokio::test]
async fn undelivered_report_is_sent_later_and_nothing_is_applied_twice() {
    let rig = Rig::new().await;
    let mut function = rig.function("subnet-inspector", Mode::Enforce).await;
    rig.topic.set_full(true);
    let answer = function.invoke(&create_subnet(&rig)).await.unwrap();
    assert_back(&answer, &[0], &function);
    let applied = rig.mutations();
    assert!(!applied.is_empty());

    // Redelivered while SNS is still away: nobody can be told, so nothing is done.
    let answer = function.invoke(&create_subnet(&rig)).await.unwrap();
    assert_back(&answer, &[0], &function);
    assert_eq!(rig.mutations(), [""; 0]);

    rig.topic.set_full(false);
    let answer = function.invoke(&create_subnet(&rig)).await.unwrap();
    assert_back(&answer, &[], &function);
    assert_eq!(rig.mutations(), [""; 0]);
    let report = rig.report();
    assert_eq!(report.text("/outcome"), "repaired");
    assert_eq!(report.results().len(), applied.len());
}

async fn refused(rig: &Rig, settings: Option<&str>, topic: &str) -> String {
    let mut function: Function = rig.function_with("subnet-inspector", settings, topic).await;
    for _ in 0..2 {
        match function.invoke(&create_subnet(rig)).await.unwrap() {
            Answer::Failed { kind, .. } => assert_eq!(kind, "Postern.Configuration"),
            done => panic!("{done:?}"),
        }
    }
    match function.invoke(Envelope::create_subnet(&rig.vpc).json()).await.unwrap() {
        Answer::Failed { message, .. } => message,
        done => panic!("{done:?}"),
    }
}

#[tokio::test]
async fn invalid_settings_fail_every_invocation_without_any_call() {
    let rig = Rig::new().await;
    let missing = refused(&rig, None, Topic::ARN).await;
    assert!(
        missing.contains("postern.toml") && missing.contains("cannot be read"),
        "{missing}"
    );

    let broken = "[modes]\ndefault = \"maybe\"\nendpoint-mising = \"audit\"\n\n[limits]\nchanges = 3\n";
    let broken = refused(&rig, Some(broken), Topic::ARN).await;
    for problem in ["maybe", "endpoint-mising", "changes"] {
        assert!(broken.contains(problem), "{broken}");
    }

    let no_topic = refused(&rig, Some(settings::audit()), "").await;
    assert!(no_topic.contains("POSTERN_TOPIC_ARN"), "{no_topic}");
    assert_eq!(rig.proxy.calls(), []);
    assert!(rig.reports().is_empty());
}
