//! From one event as EventBridge delivers it to a trigger, or the reason why there is none.

use std::fmt;

use jiff::Timestamp;
use serde_json::Value;
use thiserror::Error;

use super::actor::{TEXT_LIMIT, acted_as, actor};
use super::body::{Body, flag, text};
use super::{Failure, Target, Trigger, TriggeringEvent, calls};
use crate::model::arn::{is_account, is_region};
use crate::model::id::{AccountId, Region};
use crate::model::text::excerpt;
use crate::trigger::DEPENDENCY_VIOLATION;

const CALL: &str = "AWS API Call via CloudTrail";
const SCHEDULE: &str = "Scheduled Event";
/// Scheduled rules, and EventBridge Scheduler.
const SCHEDULERS: &[&str] = &["aws.events", "aws.scheduler"];
const EC2: &str = "ec2.amazonaws.com";

/// An event as it was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::large_enum_variant, reason = "one per event, taken apart at once")]
pub enum ParsedEvent {
    Act(Trigger),
    Ignore(Ignored),
}

/// Why an event is ignored. Displayed in plain words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ignored {
    /// An event of an AWS service that is neither a recorded call nor a schedule.
    OtherDetailType {
        detail_type: String,
        source: String,
    },
    /// A call to another service than EC2. Some have calls of the same name.
    OtherEventSource {
        event: String,
        event_source: String,
    },
    ReadOnly {
        event: String,
    },
    /// A call that no function is started by.
    NotWatched {
        event: String,
    },
    DryRun {
        event: String,
    },
    /// With the code as recorded, such as `Client.UnauthorizedOperation`.
    FailedCall {
        event: String,
        code: String,
    },
    /// Our own doing.
    OwnRole {
        event: String,
    },
    /// The call succeeded, and its response says that it changed nothing.
    NothingChanged {
        event: String,
    },
}

impl fmt::Display for Ignored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherDetailType { detail_type, source } => write!(
                f,
                "the event `{detail_type}` of `{source}` is neither a recorded call nor a schedule"
            ),
            Self::OtherEventSource { event, event_source } => {
                write!(f, "the call `{event}` went to `{event_source}`, not to `{EC2}`")
            }
            Self::ReadOnly { event } => write!(f, "the call `{event}` only reads"),
            Self::NotWatched { event } => write!(f, "the call `{event}` is not one of the watched calls"),
            Self::DryRun { event } => write!(f, "the call `{event}` was a dry run and changed nothing"),
            Self::FailedCall { event, code } => {
                write!(f, "the call `{event}` failed with `{code}` and changed nothing")
            }
            Self::OwnRole { event } => write!(f, "the call `{event}` was made by one of our own roles"),
            Self::NothingChanged { event } => write!(f, "the call `{event}` succeeded but changed nothing"),
        }
    }
}

/// A document that cannot be read as an event.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum UnreadableError {
    #[error(
        "the document is {found}, not an EventBridge event: send the event as EventBridge delivers it, \
         an object with `source`, `detail-type` and `detail`"
    )]
    NotAnEvent { found: &'static str },
    #[error(
        "the event's `{field}` must be {expected} but is {found}: send the event as EventBridge delivers it, \
         without an input transformer"
    )]
    Field {
        field: &'static str,
        expected: &'static str,
        found: String,
    },
    #[error(
        "the event `{detail_type}` of `{source_name}` does not come from AWS: \
         restrict the rule that sent it to the source `aws.ec2`"
    )]
    Foreign { detail_type: String, source_name: String },
}

/// Reads one event as EventBridge delivers it.
///
/// `own_roles` are the ARNs of the roles, or of sessions of the roles, that changes are made with;
/// what they caused is ignored.
///
/// # Errors
///
/// If the document is not an event of AWS, or lacks what every such event has. What a recorded call
/// says about its request, response and caller is never required.
pub fn read(document: &Value, own_roles: &[&str]) -> Result<ParsedEvent, UnreadableError> {
    if let Some(found) = no_event(document) {
        return Err(UnreadableError::NotAnEvent { found });
    }
    let detail_type = required(document, "detail-type", "a text")?;
    let source = required(document, "source", "a text")?;
    if !source.starts_with("aws.") {
        return Err(UnreadableError::Foreign {
            detail_type,
            source_name: source,
        });
    }
    match detail_type.as_str() {
        SCHEDULE if SCHEDULERS.contains(&source.as_str()) => scheduled(document).map(ParsedEvent::Act),
        CALL => recorded_call(document, own_roles),
        _ => Ok(ParsedEvent::Ignore(Ignored::OtherDetailType { detail_type, source })),
    }
}

fn scheduled(document: &Value) -> Result<Trigger, UnreadableError> {
    Ok(Trigger {
        account: account(document, None)?,
        region: region(document, None)?,
        targets: vec![Target::Region],
        triggering_event: TriggeringEvent {
            event: SCHEDULE.to_owned(),
            event_id: required(document, "id", "a text")?,
            time: time(document.get("time")),
            actor: None,
            failure: None,
        },
    })
}

fn recorded_call(document: &Value, own_roles: &[&str]) -> Result<ParsedEvent, UnreadableError> {
    let detail = document.get("detail").unwrap_or(&Value::Null);
    if !detail.is_object() {
        return Err(unfit("detail", "an object", document.get("detail")));
    }
    let event_source = required(document, "detail.eventSource", "a text")?;
    let event = required(document, "detail.eventName", "a text")?;
    if event_source != EC2 {
        return Ok(ParsedEvent::Ignore(Ignored::OtherEventSource { event, event_source }));
    }
    if detail.get("readOnly").and_then(flag) == Some(true) {
        return Ok(ParsedEvent::Ignore(Ignored::ReadOnly { event }));
    }
    let code = detail.get("errorCode").and_then(text);
    let failed = calls::find_failed(&event).filter(|_| code.as_deref() == Some(DEPENDENCY_VIOLATION));
    let Some(call) = failed.or_else(|| calls::find(&event)) else {
        return Ok(ParsedEvent::Ignore(Ignored::NotWatched { event }));
    };
    if let (Some(code), None) = (&code, failed) {
        return Ok(ParsedEvent::Ignore(if is_dry_run(code) {
            Ignored::DryRun { event }
        } else {
            Ignored::FailedCall {
                event,
                code: excerpt(code, TEXT_LIMIT),
            }
        }));
    }
    if acted_as(detail, own_roles) {
        return Ok(ParsedEvent::Ignore(Ignored::OwnRole { event }));
    }
    let request = Body::new(detail.get("requestParameters"));
    let response = Body::new(detail.get("responseElements"));
    let Some(targets) = call.targets(request, response) else {
        return Ok(ParsedEvent::Ignore(Ignored::NothingChanged { event }));
    };
    let failure = match (failed, code) {
        (Some(_), Some(code)) => match undeletable(&targets) {
            Some(resource) => Some(Failure { code, resource }),
            None => {
                return Ok(ParsedEvent::Ignore(Ignored::FailedCall {
                    event,
                    code: excerpt(&code, TEXT_LIMIT),
                }));
            }
        },
        _ => None,
    };
    Ok(ParsedEvent::Act(Trigger {
        account: account(document, detail.get("recipientAccountId"))?,
        region: region(document, detail.get("awsRegion"))?,
        targets,
        triggering_event: TriggeringEvent {
            event,
            event_id: required(document, "detail.eventID", "a text").or_else(|_| required(document, "id", "a text"))?,
            time: time(detail.get("eventTime")),
            actor: actor(detail),
            failure,
        },
    }))
}

/// What a call that failed was to delete, if its event says.
fn undeletable(targets: &[Target]) -> Option<String> {
    match targets {
        [Target::Subnet(subnet)] => Some(subnet.to_string()),
        [Target::Vpc(vpc)] => Some(vpc.to_string()),
        _ => None,
    }
}

/// What a document is that is no event at all, where it can be recognised.
fn no_event(document: &Value) -> Option<&'static str> {
    let object = match document {
        Value::Object(object) => object,
        Value::Array(_) => return Some("a list"),
        Value::String(_) => return Some("a text"),
        Value::Null | Value::Bool(_) | Value::Number(_) => return Some("a bare value"),
    };
    if object.contains_key("detail-type") {
        None
    } else if object.is_empty() {
        Some("empty")
    } else if object.contains_key("Records") {
        Some("a batch of records")
    } else if object.contains_key("eventName") {
        Some("a CloudTrail record without its envelope")
    } else {
        Some("an object without `detail-type`")
    }
}

fn is_dry_run(code: &str) -> bool {
    code.rsplit('.').next() == Some("DryRunOperation")
}

/// The text at a path of names joined by dots.
fn required(document: &Value, field: &'static str, expected: &'static str) -> Result<String, UnreadableError> {
    let found = field.split('.').try_fold(document, |value, name| value.get(name));
    match found.and_then(text) {
        Some(text) => Ok(excerpt(&text, TEXT_LIMIT)),
        None => Err(unfit(field, expected, found)),
    }
}

/// The account that the event was recorded for, else the one that the envelope came from.
fn account(document: &Value, recorded: Option<&Value>) -> Result<AccountId, UnreadableError> {
    [recorded, document.get("account")]
        .into_iter()
        .flatten()
        .find_map(account_id)
        .map(AccountId)
        .ok_or_else(|| unfit("account", "an account id of twelve digits", document.get("account")))
}

/// Twelve digits; a number has lost its leading zeros.
fn account_id(value: &Value) -> Option<String> {
    let id = match value {
        Value::Number(number) => format!("{:0>12}", number.as_u64()?),
        Value::String(text) => text.clone(),
        _ => return None,
    };
    is_account(&id).then_some(id)
}

/// The Region that the call was made in, else the one that the envelope came from.
fn region(document: &Value, recorded: Option<&Value>) -> Result<Region, UnreadableError> {
    [recorded, document.get("region")]
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .find(|name| is_region(name))
        .map(Region::from)
        .ok_or_else(|| unfit("region", "the name of a Region", document.get("region")))
}

fn time(value: Option<&Value>) -> Option<Timestamp> {
    value?.as_str()?.parse().ok()
}

fn unfit(field: &'static str, expected: &'static str, found: Option<&Value>) -> UnreadableError {
    let found = match found {
        None => "missing".to_owned(),
        Some(Value::Null) => "null".to_owned(),
        Some(Value::String(text)) if text.is_empty() => "empty".to_owned(),
        Some(Value::String(text)) => format!("`{}`", excerpt(text, TEXT_LIMIT)),
        Some(Value::Array(_)) => "a list".to_owned(),
        Some(Value::Object(_)) => "an object".to_owned(),
        Some(scalar @ (Value::Bool(_) | Value::Number(_))) => format!("`{scalar}`"),
    };
    UnreadableError::Field { field, expected, found }
}

#[cfg(test)]
mod tests {
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
            "the call `CreateSubnet` went to `aoss.amazonaws.com`, not to `ec2.amazonaws.com`"
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
}
