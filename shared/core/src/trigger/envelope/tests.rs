use serde_json::json;

use super::*;
use crate::trigger::fixtures::{create_subnet, delete_endpoints, schedule, with};

const OWN: &str = "arn:aws:iam::111122223333:role/postern-subnet-inspector";

fn trigger(document: &Value) -> Trigger {
    match read(document, &[OWN]) {
        Ok(ParsedEvent::Act(trigger)) => trigger,
        other => panic!("{other:?} for {document}"),
    }
}

fn ignored(document: &Value) -> String {
    match read(document, &[OWN]) {
        Ok(ParsedEvent::Ignore(ignored)) => ignored.to_string(),
        other => panic!("{other:?} for {document}"),
    }
}

fn unreadable(document: &Value) -> String {
    read(document, &[OWN]).expect_err("unreadable").to_string()
}

#[test]
fn recorded_call_becomes_a_trigger() {
    let trigger = trigger(&create_subnet());
    assert_eq!(trigger.account.as_str(), "111122223333");
    assert_eq!(trigger.region.as_str(), "eu-central-1");
    assert_eq!(trigger.targets, [Target::Vpc("vpc-0example1".into())]);
    assert_eq!(trigger.triggering_event.event, "CreateSubnet");
    assert_eq!(
        trigger.triggering_event.event_id,
        "11111111-2222-3333-4444-555555555555"
    );
    assert_eq!(trigger.triggering_event.time, "2026-03-01T12:00:00Z".parse().ok());
    let actor = trigger.triggering_event.actor.expect("an actor");
    assert_eq!(
        actor.identity,
        "arn:aws:sts::111122223333:assumed-role/network-admin/ada"
    );
    assert_eq!(actor.identity_type.as_deref(), Some("AssumedRole"));
    assert_eq!(actor.user_agent.as_deref(), Some("aws-cli/2.31.0"));
    assert_eq!(actor.source_address.as_deref(), Some("192.0.2.7"));
    assert_eq!(actor.invoked_by, None);
}

#[test]
fn account_and_region_of_the_call_take_precedence_over_the_envelope() {
    let event = with(create_subnet(), "/account", json!("444455556666"));
    let event = with(event, "/region", json!("us-east-1"));
    assert_eq!(trigger(&event).account.as_str(), "111122223333");
    assert_eq!(trigger(&event).region.as_str(), "eu-central-1");
    for unusable in [json!(null), json!(""), json!("x"), json!([]), json!({})] {
        let event = with(event.clone(), "/detail/recipientAccountId", unusable.clone());
        let event = with(event, "/detail/awsRegion", unusable);
        assert_eq!(trigger(&event).account.as_str(), "444455556666");
        assert_eq!(trigger(&event).region.as_str(), "us-east-1");
    }
}

#[test]
fn region_of_a_form_that_does_not_exist_yet_is_read() {
    for region in ["us-northeast-1r", "eusc-de-east-1", "eu-west-a1"] {
        let event = with(create_subnet(), "/detail/awsRegion", json!(region));
        assert_eq!(trigger(&event).region.as_str(), region);
    }
}

#[test]
fn numeric_account_id_is_padded_with_zeros() {
    let event = with(create_subnet(), "/detail/recipientAccountId", json!(12345678));
    assert_eq!(trigger(&event).account.as_str(), "000012345678");
}

#[test]
fn scheduled_event_targets_the_whole_region() {
    for source in ["aws.events", "aws.scheduler"] {
        let trigger = trigger(&with(schedule(), "/source", json!(source)));
        assert_eq!(trigger.account.as_str(), "111122223333");
        assert_eq!(trigger.region.as_str(), "eu-central-1");
        assert_eq!(trigger.targets, [Target::Region]);
        assert_eq!(trigger.triggering_event.event, "Scheduled Event");
        assert_eq!(
            trigger.triggering_event.event_id,
            "aaaaaaaa-2222-3333-4444-555555555555"
        );
        assert_eq!(trigger.triggering_event.time, "2026-03-01T12:00:00Z".parse().ok());
        assert_eq!(trigger.triggering_event.actor, None);
    }
    assert_eq!(
        ignored(&with(schedule(), "/source", json!("aws.ec2"))),
        "the event `Scheduled Event` of `aws.ec2` is neither a recorded call nor a schedule"
    );
}

#[test]
fn missing_event_id_falls_back_to_the_envelope() {
    let event = with(create_subnet(), "/detail/eventID", json!(null));
    assert_eq!(
        trigger(&event).triggering_event.event_id,
        "99999999-2222-3333-4444-555555555555"
    );
    let event = with(event, "/id", json!(""));
    assert_eq!(
        unreadable(&event),
        "the event's `id` must be a text but is empty: \
         send the event as EventBridge delivers it, without an input transformer"
    );
}

#[test]
fn malformed_time_counts_as_absent() {
    for time in [json!("yesterday"), json!(""), json!(1772366400), json!(null), json!({})] {
        assert_eq!(
            trigger(&with(create_subnet(), "/detail/eventTime", time))
                .triggering_event
                .time,
            None
        );
    }
}

#[test]
fn event_without_bodies_and_identity_is_still_a_trigger() {
    for nothing in [json!(null), json!(""), json!([]), json!(false)] {
        let event = with(create_subnet(), "/detail/requestParameters", nothing.clone());
        let event = with(event, "/detail/responseElements", nothing.clone());
        let event = with(event, "/detail/userIdentity", nothing.clone());
        let event = with(event, "/detail/sourceIPAddress", nothing);
        let trigger = trigger(&event);
        assert_eq!(trigger.targets, [Target::Region]);
        assert_eq!(trigger.triggering_event.actor, None);
    }
}

#[test]
fn ignored_event_has_a_reason() {
    let detail = |pointer: &str, value: Value| ignored(&with(create_subnet(), pointer, value));
    assert_eq!(
        detail("/detail/errorCode", json!("Client.InvalidSubnet.Conflict")),
        "the call `CreateSubnet` failed with `Client.InvalidSubnet.Conflict` and changed nothing"
    );
    for code in ["Client.DryRunOperation", "DryRunOperation"] {
        assert_eq!(
            detail("/detail/errorCode", json!(code)),
            "the call `CreateSubnet` was a dry run and changed nothing"
        );
    }
    assert_eq!(
        detail("/detail/userIdentity/sessionContext/sessionIssuer/arn", json!(OWN)),
        "the call `CreateSubnet` was made by one of our own roles"
    );
    assert_eq!(
        detail("/detail/eventSource", json!("aoss.amazonaws.com")),
        "the call `CreateSubnet` went to `aoss.amazonaws.com`, of which no calls are watched"
    );
    assert_eq!(
        detail("/detail/eventName", json!("CreateFlowLogs")),
        "the call `CreateFlowLogs` is not one of the watched calls"
    );
    assert_eq!(
        detail("/detail/readOnly", json!(true)),
        "the call `CreateSubnet` only reads"
    );
    assert_eq!(
        detail("/detail-type", json!("AWS Service Event via CloudTrail")),
        "the event `AWS Service Event via CloudTrail` of `aws.ec2` is neither a recorded call nor a schedule"
    );
    let failed = json!({"item": {"error": {"code": "X"}, "resourceId": "vpce-0example1"}});
    assert_eq!(
        ignored(&with(
            delete_endpoints(),
            "/detail/responseElements/DeleteVpcEndpointsResponse/unsuccessful",
            failed
        )),
        "the call `DeleteVpcEndpoints` succeeded but changed nothing"
    );
}

fn delete(event: &str, request: Value, code: Value) -> Value {
    let event = with(create_subnet(), "/detail/eventName", json!(event));
    let event = with(event, "/detail/requestParameters", request);
    let event = with(event, "/detail/responseElements", json!(null));
    with(event, "/detail/errorCode", code)
}

#[test]
fn failed_deletion_with_a_dependency_violation_is_a_trigger() {
    let blocked = json!("Client.DependencyViolation");
    for (name, request, target, id) in [
        (
            "DeleteSubnet",
            json!({"subnetId": "subnet-0a1"}),
            Target::Subnet("subnet-0a1".into()),
            "subnet-0a1",
        ),
        (
            "DeleteVpc",
            json!({"vpcId": "vpc-0a1"}),
            Target::Vpc("vpc-0a1".into()),
            "vpc-0a1",
        ),
    ] {
        let trigger = trigger(&delete(name, request.clone(), blocked.clone()));
        assert_eq!(trigger.targets, [target]);
        let failure = trigger.triggering_event.failure.unwrap();
        assert_eq!(
            (failure.code.as_str(), failure.resource.as_str()),
            ("Client.DependencyViolation", id)
        );
        for other in [
            json!(null),
            json!("Client.InvalidSubnetID.NotFound"),
            json!("Client.UnauthorizedOperation"),
        ] {
            let said = ignored(&delete(name, request.clone(), other));
            assert_eq!(said, format!("the call `{name}` is not one of the watched calls"));
        }
        let unnamed = ignored(&delete(name, json!(null), blocked.clone()));
        assert!(
            unnamed.contains("failed with `Client.DependencyViolation`"),
            "{unnamed}"
        );
    }
    let other = with(create_subnet(), "/detail/errorCode", blocked);
    assert!(
        ignored(&other).contains("changed nothing"),
        "of other calls it is a failure like any other"
    );
}

#[test]
fn empty_error_code_is_no_failure() {
    for code in [json!(null), json!("")] {
        trigger(&with(create_subnet(), "/detail/errorCode", code));
    }
}

#[test]
fn foreign_document_is_refused_with_its_type() {
    for (document, found) in [
        (json!({}), "empty"),
        (json!([]), "a list"),
        (json!("x"), "a text"),
        (json!(null), "a bare value"),
        (json!({"Records": []}), "a batch of records"),
        (json!({"vpc": "vpc-1"}), "an object without `detail-type`"),
        (
            create_subnet()["detail"].clone(),
            "a CloudTrail record without its envelope",
        ),
    ] {
        let expected = format!(
            "the document is {found}, not an EventBridge event: send the event as EventBridge delivers it, \
             an object with `source`, `detail-type` and `detail`"
        );
        assert_eq!(unreadable(&document), expected);
    }
    assert_eq!(
        unreadable(&with(create_subnet(), "/source", json!("shop.orders"))),
        "the event `AWS API Call via CloudTrail` of `shop.orders` does not come from AWS: \
         restrict the rule that sent it to the source `aws.ec2`"
    );
}

#[test]
fn broken_event_is_refused_with_the_broken_field() {
    for (pointer, value, problem) in [
        ("/detail-type", json!(null), "`detail-type` must be a text but is null"),
        ("/source", json!(["aws.ec2"]), "`source` must be a text but is a list"),
        ("/detail", json!("{}"), "`detail` must be an object but is `{}`"),
        (
            "/detail/eventSource",
            json!({}),
            "`detail.eventSource` must be a text but is an object",
        ),
        (
            "/detail/eventName",
            json!(true),
            "`detail.eventName` must be a text but is `true`",
        ),
    ] {
        let message = unreadable(&with(create_subnet(), pointer, value));
        assert!(message.contains(problem), "{message}");
    }
    let message = unreadable(&with(schedule(), "/account", json!("a\u{1b}")));
    assert!(
        message.contains("`account` must be an account id of twelve digits but is `a\\u{1b}`"),
        "{message}"
    );
    let message = unreadable(&with(schedule(), "/region", json!("eu-central-1.example.com")));
    assert!(
        message.contains("`region` must be the name of a Region but is"),
        "{message}"
    );
}
