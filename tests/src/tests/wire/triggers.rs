//! What starts a reconciliation, of what, and how the messages are answered.

use std::collections::BTreeSet;

use crate::envelope::Envelope;
use crate::function::{Answer, sqs_batch};
use aws_sdk_ec2::types::VpcEndpointType;
use serde_json::{Value, json};

use super::rig::{Mode, OWN_ROLE, Rig, assert_back};

#[tokio::test]
async fn messages_about_one_vpc_are_reconciled_once() {
    let rig = Rig::new().await;
    let mut function = rig.function("subnet-inspector", Mode::Audit).await;
    let created = Envelope::create_subnet(&rig.vpc);
    let batch = sqs_batch([
        created.clone(),
        Envelope::associate_route_table(&rig.vpc.region, &rig.vpc.private_c, &rig.vpc.app_c),
        Envelope::modify_vpc_attribute(&rig.vpc.region, &rig.vpc.id),
        // Delivered twice.
        created,
    ]);
    let answer = function.invoke(&batch).await.unwrap();
    assert_back(&answer, &[], &function);
    assert_eq!(rig.count("DescribeVpcs"), 2, "of the VPC, and for hubs");
    let report = rig.report();
    let events: BTreeSet<_> = report
        .list("triggering_events")
        .filter_map(|triggering_event| triggering_event["event"].as_str())
        .collect();
    assert_eq!(
        events,
        BTreeSet::from(["AssociateRouteTable", "CreateSubnet", "ModifyVpcAttribute"])
    );
    assert_eq!(report.list("triggering_events").count(), 3);
}

#[tokio::test]
async fn unreadable_messages_fail_and_the_others_are_handled() {
    let rig = Rig::new().await;
    let mut function = rig.function("subnet-inspector", Mode::Audit).await;
    let mut foreign = Envelope::create_subnet(&rig.vpc).json().clone();
    foreign["source"] = json!("com.example.shop");
    let batch = sqs_batch([
        json!("{\"detail\":").as_str().unwrap().to_owned(),
        Envelope::create_subnet(&rig.vpc).to_string(),
        json!({"hello": 1}).to_string(),
        foreign.to_string(),
    ]);
    let answer = function.invoke(&batch).await.unwrap();
    assert_back(&answer, &[0, 2, 3], &function);
    assert_eq!(rig.report().text("/scope/resource/id"), rig.vpc.id);
    let log = function.log();
    assert!(log.contains("message-0") && log.contains("message-2"), "{log}");
}

#[tokio::test]
async fn bare_event_is_handled_without_a_batch() {
    let rig = Rig::new().await;
    let mut function = rig.function("subnet-inspector", Mode::Audit).await;
    let answer = function.invoke(Envelope::create_subnet(&rig.vpc).json()).await.unwrap();
    assert_eq!(answer, Answer::Done(json!({})), "{}", function.log());
    assert_eq!(rig.report().text("/scope/resource/id"), rig.vpc.id);

    match function.invoke(&json!({"hello": 1})).await.unwrap() {
        Answer::Failed { message, .. } => assert!(message.contains("EventBridge"), "{message}"),
        done => panic!("{done:?}"),
    }
}

#[tokio::test]
async fn irrelevant_events_cause_no_call() {
    let rig = Rig::new().await;
    let mut function = rig.function("subnet-inspector", Mode::Enforce).await;
    let created = || Envelope::create_subnet(&rig.vpc);
    let batch = sqs_batch([
        created().failed("Client.UnauthorizedOperation"),
        created().failed("Client.DryRunOperation"),
        created().by_role(OWN_ROLE),
        created().to_service("aoss.amazonaws.com"),
        Envelope::of_call(
            &rig.vpc.region,
            "CreateVolume",
            json!({"size": 8}),
            json!({"volumeId": "vol-1"}),
        ),
        Envelope::of_call(
            &rig.vpc.region,
            "ModifyVpcAttribute",
            json!({"vpcId": rig.vpc.id}),
            json!({"_return": false}),
        ),
    ]);
    let answer = function.invoke(&batch).await.unwrap();
    assert_back(&answer, &[], &function);
    assert_eq!(rig.proxy.calls(), []);
    assert!(rig.reports().is_empty());
    assert_eq!(function.log().matches("event ignored").count(), 6, "{}", function.log());
}

#[tokio::test]
async fn event_without_identity_and_bodies_is_understood() {
    let rig = Rig::new().await;
    let mut function = rig.function("subnet-inspector", Mode::Audit).await;
    let region = &rig.vpc.region;
    let mut nobody = Envelope::modify_vpc_attribute(region, &rig.vpc.id).json().clone();
    nobody["detail"]["userIdentity"] = Value::Null;
    nobody["detail"]["recipientAccountId"] = json!(111122223333_u64);
    // Names no VPC, so all of the Region are looked at.
    let empty = Envelope::of_call(
        region,
        "CreateDefaultVpc",
        json!({"CreateDefaultVpcRequest": ""}),
        json!(""),
    );
    let answer = function
        .invoke(&sqs_batch([nobody.to_string(), empty.to_string()]))
        .await
        .unwrap();
    assert_back(&answer, &[], &function);
    let report = rig.report();
    assert_eq!(report.text("/scope/resource/id"), rig.vpc.id);
    assert_eq!(report.list("triggering_events").count(), 2, "{:#}", report.json);
}

#[tokio::test]
async fn resource_deleted_meanwhile_is_no_failure() {
    let rig = Rig::new().await;
    let region = &rig.vpc.region;
    let mut sweeper = rig.function("sweeper", Mode::Enforce).await;
    sweeper.invoke(Envelope::schedule(region).json()).await.unwrap();
    rig.report();

    let vpc = rig.ec2.create_vpc().cidr_block("10.30.0.0/16").send().await.unwrap();
    let vpc = vpc.vpc.unwrap().vpc_id.unwrap();
    let subnet = rig
        .ec2
        .create_subnet()
        .vpc_id(&vpc)
        .cidr_block("10.30.0.0/24")
        .send()
        .await
        .unwrap();
    let subnet = subnet.subnet.unwrap().subnet_id.unwrap();
    let table = rig.ec2.create_route_table().vpc_id(&vpc).send().await.unwrap();
    let table = table.route_table.unwrap().route_table_id.unwrap();
    let endpoint = rig
        .ec2
        .create_vpc_endpoint()
        .vpc_id(&vpc)
        .service_name(rig.vpc.service("dynamodb"));
    let endpoint = endpoint
        .vpc_endpoint_type(VpcEndpointType::Gateway)
        .route_table_ids(&table)
        .send()
        .await
        .unwrap();
    let endpoint = endpoint.vpc_endpoint.unwrap().vpc_endpoint_id.unwrap();
    rig.ec2
        .delete_vpc_endpoints()
        .vpc_endpoint_ids(&endpoint)
        .send()
        .await
        .unwrap();
    rig.ec2
        .delete_route_table()
        .route_table_id(&table)
        .send()
        .await
        .unwrap();
    rig.ec2.delete_subnet().subnet_id(&subnet).send().await.unwrap();
    rig.ec2.delete_vpc().vpc_id(&vpc).send().await.unwrap();

    rig.proxy.take();
    let mut inspector = rig.function("subnet-inspector", Mode::Enforce).await;
    let batch = sqs_batch([
        Envelope::modify_vpc_attribute(region, &vpc),
        Envelope::associate_route_table(region, &table, &subnet),
    ]);
    let answer = inspector.invoke(&batch).await.unwrap();
    assert_back(&answer, &[], &inspector);
    let mut inspector = rig.function("policy-inspector", Mode::Enforce).await;
    let batch = sqs_batch([Envelope::modify_endpoint(
        region,
        &endpoint,
        json!({"ResetPolicy": true}),
    )]);
    let answer = inspector.invoke(&batch).await.unwrap();
    assert_back(&answer, &[], &inspector);

    assert_eq!(rig.mutations(), [""; 0]);
    assert!(rig.reports().is_empty());
}
