//! From an event to a repaired VPC and a report.

use crate::envelope::Envelope;
use crate::function::sqs_batch;
use serde_json::json;

use super::rig::{Mode, Rig, assert_back, set};

const REACH: [&str; 5] = [
    "endpoint-missing",
    "gateway-route-missing",
    "ingress-blocked",
    "subnet-uncovered",
    "vpc-dns-disabled",
];

#[tokio::test]
async fn created_subnet_is_covered_and_the_repair_reported() {
    let rig = Rig::new().await;
    let mut function = rig.function("subnet-inspector", Mode::Enforce).await;
    let answer = function
        .invoke(&sqs_batch([Envelope::create_subnet(&rig.vpc)]))
        .await
        .unwrap();
    assert_back(&answer, &[], &function);

    let apps = set([&rig.vpc.app_a, &rig.vpc.app_b, &rig.vpc.app_c]);
    assert_eq!(rig.subnets("sts").await, apps);
    assert_eq!(rig.subnets("secretsmanager").await, apps);
    let created = rig.endpoint("secretsmanager").await.unwrap();
    assert_eq!(created.private_dns_enabled, Some(true));
    assert!(
        created
            .policy_document()
            .is_some_and(|policy| policy.contains("o-exampleorg1")),
        "{created:#?}"
    );
    let sts = rig.endpoint("sts").await.unwrap();
    assert_eq!(sts.groups().len(), 2, "the group of others stays");
    assert!(
        sts.groups()
            .iter()
            .any(|group| group.group_id == created.groups()[0].group_id)
    );
    let s3 = rig.endpoint("s3").await.unwrap();
    assert_eq!(
        set(s3.route_table_ids()),
        set([&rig.vpc.private_ab, &rig.vpc.private_c])
    );

    let report = rig.report();
    assert_eq!(report.text("/outcome"), "repaired", "{:#}", report.json);
    assert_eq!(report.text("/scope/resource/id"), rig.vpc.id);
    assert_eq!(report.text("/triggering_events/0/event"), "CreateSubnet");
    assert!(report.text("/triggering_events/0/actor/identity").ends_with("/ada"));
    assert!(
        report.results().iter().all(|result| *result == "applied"),
        "{:?}",
        report.results()
    );
    for control in REACH {
        let states: Vec<_> = report
            .findings(control)
            .map(|finding| &finding["verification"]["state"])
            .collect();
        assert!(
            !states.is_empty() && states.iter().all(|state| **state == "verified"),
            "{control}: {states:?}"
        );
    }
    assert_eq!(report.attributes["outcome"], "repaired");
    assert_eq!(report.attributes["region"], rig.vpc.region);
}

#[tokio::test]
async fn audit_mode_reports_what_enforce_mode_would_do_and_makes_no_mutating_call() {
    let rig = Rig::new().await;
    let event = sqs_batch([Envelope::create_subnet(&rig.vpc)]);
    let mut audit = rig.function("subnet-inspector", Mode::Audit).await;
    let answer = audit.invoke(&event).await.unwrap();
    assert_back(&answer, &[], &audit);
    assert_eq!(rig.mutations(), [""; 0]);
    let planned = rig.report();
    assert_eq!(planned.text("/outcome"), "audit");
    assert!(
        planned.results().iter().all(|result| *result == "skipped"),
        "{:?}",
        planned.results()
    );

    let mut enforce = rig.function("subnet-inspector", Mode::Enforce).await;
    enforce.invoke(&event).await.unwrap();
    let done = rig.report();
    let changes = |report: &crate::messages::Report| -> Vec<_> {
        report.list("changes").map(|change| change["change"].clone()).collect()
    };
    assert_eq!(changes(&planned), changes(&done));
    assert_eq!(
        planned.json["plan"]["audit_monthly_cost"],
        done.json["plan"]["monthly_cost"]
    );
    assert_eq!(rig.mutations().len(), planned.results().len());
}

#[tokio::test]
async fn repeated_event_changes_nothing_and_reports_nothing() {
    let rig = Rig::new().await;
    let event = sqs_batch([Envelope::create_subnet(&rig.vpc)]);
    let mut warm = rig.function("subnet-inspector", Mode::Enforce).await;
    warm.invoke(&event).await.unwrap();
    assert_eq!(rig.reports().len(), 1);
    assert!(!rig.mutations().is_empty());
    for _ in 0..2 {
        let answer = warm.invoke(&event).await.unwrap();
        assert_back(&answer, &[], &warm);
        let mut cold = rig.function("subnet-inspector", Mode::Enforce).await;
        let answer = cold.invoke(&event).await.unwrap();
        assert_back(&answer, &[], &cold);
    }
    assert_eq!(rig.mutations(), [""; 0]);
    assert!(rig.reports().is_empty());
}

#[tokio::test]
async fn compliant_vpc_costs_nine_calls_in_parallel_and_one_that_looks_for_hubs() {
    let rig = Rig::new().await;
    let event = sqs_batch([Envelope::create_subnet(&rig.vpc)]);
    let mut function = rig.function("subnet-inspector", Mode::Enforce).await;
    function.invoke(&event).await.unwrap();
    rig.report();

    rig.proxy.take();
    let mut cold = rig.function("subnet-inspector", Mode::Enforce).await;
    rig.proxy.answer_together(9);
    let answer = cold.invoke(&event).await.unwrap();
    assert_back(&answer, &[], &cold);
    let calls = rig.proxy.take();
    assert_eq!(calls.len(), 10, "{calls:#?}");
    assert!(rig.reports().is_empty());
}

#[tokio::test]
async fn only_the_policy_inspector_closes_a_reset_policy() {
    let rig = Rig::new().await;
    let event = sqs_batch([Envelope::reset_policy(&rig.vpc)]);
    let mut function = rig.function("policy-inspector", Mode::Enforce).await;
    let answer = function.invoke(&event).await.unwrap();
    assert_back(&answer, &[], &function);
    let report = rig.report();
    assert_eq!(report.text("/outcome"), "repaired", "{:#}", report.json);
    assert!(
        report
            .list("findings")
            .all(|finding| finding["control"] == "policy-open")
    );
    assert_eq!(rig.mutations(), ["ModifyVpcEndpoint"; 2], "STS and S3 were open");
    for service in ["sts", "s3"] {
        let policy = rig.endpoint(service).await.unwrap().policy_document.unwrap();
        assert!(policy.contains("DenyUntrustedResources"), "{policy}");
    }
    let leak = report
        .findings("policy-open")
        .find(|finding| finding["resource"]["id"] == rig.vpc.s3.as_str())
        .and_then(|finding| finding["explanation"].as_str())
        .unwrap();
    for delivered in ["Resources outside your perimeter", "s3:", "OnlyOurOrganisation"] {
        assert!(leak.contains(delivered), "{leak}");
    }

    let answer = function.invoke(&event).await.unwrap();
    assert_back(&answer, &[], &function);
    assert_eq!(rig.mutations(), [""; 0]);
    assert!(rig.reports().is_empty());
}

#[tokio::test]
async fn endpoint_inspector_compensates_a_narrowed_security_group() {
    let rig = Rig::new().await;
    let mut function = rig.function("endpoint-inspector", Mode::Enforce).await;
    let answer = function
        .invoke(&sqs_batch([Envelope::revoke_ingress(&rig.vpc)]))
        .await
        .unwrap();
    assert_back(&answer, &[], &function);
    assert_eq!(rig.report().findings("ingress-blocked").count(), 1);
    assert_eq!(rig.endpoint("sts").await.unwrap().groups().len(), 2);
}

#[tokio::test]
async fn deleted_endpoint_is_replaced_although_the_event_names_no_vpc() {
    let rig = Rig::new().await;
    let region = &rig.vpc.region;
    let mut sweeper = rig.function("sweeper", Mode::Enforce).await;
    sweeper.invoke(Envelope::schedule(region).json()).await.unwrap();
    rig.report();

    rig.ec2
        .delete_vpc_endpoints()
        .vpc_endpoint_ids(&rig.vpc.sts)
        .send()
        .await
        .unwrap();
    let mut function = rig.function("endpoint-inspector", Mode::Enforce).await;
    let event = Envelope::delete_endpoint(region, &rig.vpc.sts);
    let answer = function.invoke(&sqs_batch([event])).await.unwrap();
    assert_back(&answer, &[], &function);
    let apps = set([&rig.vpc.app_a, &rig.vpc.app_b, &rig.vpc.app_c]);
    assert_eq!(rig.subnets("sts").await, apps);
    assert_ne!(rig.endpoint("sts").await.unwrap().vpc_endpoint_id.unwrap(), rig.vpc.sts);
    assert_eq!(rig.report().findings("endpoint-missing").count(), 1);
}

#[tokio::test]
async fn sweeper_repairs_every_vpc_of_the_region() {
    let rig = Rig::new().await;
    let other = crate::seed::FaultyVpc::create(&rig.ec2, &rig.vpc.region).await.unwrap();
    let mut sweeper = rig.function("sweeper", Mode::Enforce).await;
    let answer = sweeper
        .invoke(&sqs_batch([Envelope::schedule(&rig.vpc.region)]))
        .await
        .unwrap();
    assert_back(&answer, &[], &sweeper);
    let reports = rig.reports();
    let vpcs: std::collections::BTreeSet<_> = reports.iter().map(|report| report.text("/scope/resource/id")).collect();
    assert_eq!(vpcs, [rig.vpc.id.as_str(), other.id.as_str()].into());
    for report in &reports {
        assert_eq!(report.text("/outcome"), "repaired", "{:#}", report.json);
        for control in REACH.iter().chain(&["policy-open"]) {
            assert!(report.findings(control).next().is_some(), "{control}");
        }
    }

    rig.proxy.take();
    let answer = sweeper
        .invoke(&sqs_batch([Envelope::schedule(&rig.vpc.region)]))
        .await
        .unwrap();
    assert_back(&answer, &[], &sweeper);
    assert_eq!(rig.mutations(), [""; 0]);
    assert!(rig.reports().is_empty());
}

#[tokio::test]
async fn remediation_over_a_limit_is_reported_and_withheld_while_free_ones_are_made() {
    let rig = Rig::new().await;
    let settings = format!("{}monthly_cost_per_vpc = 10.0\n", crate::settings::enforce());
    let mut function = rig
        .function_with("subnet-inspector", Some(&settings), crate::topic::Topic::ARN)
        .await;
    let answer = function
        .invoke(&sqs_batch([Envelope::create_subnet(&rig.vpc)]))
        .await
        .unwrap();
    assert_back(&answer, &[], &function);
    let mutations = rig.mutations();
    assert!(
        mutations.iter().any(|call| call == "ModifyVpcAttribute"),
        "{mutations:?}"
    );
    assert!(
        !mutations.iter().any(|call| call == "CreateVpcEndpoint"),
        "{mutations:?}"
    );
    let report = rig.report();
    assert_eq!(report.text("/outcome"), "refused");
    assert!(
        report
            .json
            .to_string()
            .contains("limits.monthly_cost_per_vpc is $10.00"),
        "{:#}",
        report.json
    );
    assert!(
        report
            .list("changes")
            .any(|change| change["change"]["kind"] == json!("create-endpoint"))
    );
}
