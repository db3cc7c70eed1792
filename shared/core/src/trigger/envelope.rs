//! From one event as EventBridge delivers it to a trigger, or the reason why there is none.

use std::fmt;

use jiff::Timestamp;
use serde_json::Value;
use thiserror::Error;

use super::actor::{TEXT_LIMIT, acted_as, actor};
use super::body::{Body, flag, text};
use super::{Failure, Source, Target, Trigger, TriggeringEvent, calls};
use crate::model::arn::is_account;
use crate::model::id::{AccountId, Region};
use crate::model::text::excerpt;
use crate::trigger::DEPENDENCY_VIOLATION;

const CALL: &str = "AWS API Call via CloudTrail";
/// The detail type of what a schedule sends.
pub const SCHEDULE: &str = "Scheduled Event";
/// Scheduled rules, and EventBridge Scheduler.
const SCHEDULERS: &[&str] = &["aws.events", "aws.scheduler"];

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
    /// A call to a service of which no calls are watched. Some have calls of the same name as EC2.
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
                write!(
                    f,
                    "the call `{event}` went to `{event_source}`, of which no calls are watched"
                )
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
        source: Source::Schedule,
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
    let Some(api) = calls::Api::of(&event_source) else {
        return Ok(ParsedEvent::Ignore(Ignored::OtherEventSource { event, event_source }));
    };
    if detail.get("readOnly").and_then(flag) == Some(true) {
        return Ok(ParsedEvent::Ignore(Ignored::ReadOnly { event }));
    }
    let code = detail.get("errorCode").and_then(text);
    let failed = calls::find_failed(api, &event).filter(|_| code.as_deref() == Some(DEPENDENCY_VIOLATION));
    let Some(call) = failed.or_else(|| calls::find(api, &event)) else {
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
        source: Source::Call,
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
pub(super) fn required(
    document: &Value,
    field: &'static str,
    expected: &'static str,
) -> Result<String, UnreadableError> {
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
        .find(|name| may_be_region(name))
        .map(Region::from)
        .ok_or_else(|| unfit("region", "the name of a Region", document.get("region")))
}

/// Letters, digits and hyphens: AWS documents no grammar for the Regions to come, and an event of a Region that nobody
/// serves has a dead-letter queue to go to.
fn may_be_region(name: &str) -> bool {
    name.len() <= 32
        && name.split('-').count() >= 3
        && name
            .split('-')
            .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()))
}

pub(super) fn time(value: Option<&Value>) -> Option<Timestamp> {
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
mod tests;
