//! `redrive`: messages that a function failed to process after all retries are moved back to its queue.

use std::io::Write;

use postern_aws::{Aws, CallError};
use serde_json::Value;

use super::{CommandError, Redrive, say};
use crate::output::Status;

/// Moves the messages of a dead-letter queue back to the queue from which they came.
///
/// # Errors
/// If not all of them could be moved.
pub async fn redrive(aws: &Aws, arguments: &Redrive, out: &mut dyn Write) -> Result<Status, CommandError> {
    let queue = &arguments.queue;
    let failed = |source: CallError| CommandError::Redrive {
        queue: queue.clone(),
        source,
    };
    let letters = aws.dead_letters(queue).await.map_err(failed)?;
    if arguments.dry_run {
        let count = letters.count().await.map_err(failed)?;
        say(
            out,
            &format!(
                "{} has about {count} messages. Nothing was moved: this was a dry run.",
                letters.url
            ),
        )?;
        return Ok(Status::Fine);
    }
    let mut count = 0;
    loop {
        let next = letters.next().await.map_err(failed)?;
        if next.is_empty() {
            say(out, &format!("{count} messages moved; {} is empty.", letters.url))?;
            return Ok(Status::Fine);
        }
        for letter in next {
            letters.move_back(&letter).await.map_err(failed)?;
            say(out, &format!("Moved: {}", event(letter.body())))?;
            count += 1;
        }
    }
}

/// The event in a message and its time.
fn event(body: &str) -> String {
    let event: Value = serde_json::from_str(body).unwrap_or_default();
    let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str);
    let name = text("/detail/eventName").or(text("/detail-type"));
    match (name, text("/time")) {
        (Some(name), Some(time)) => format!("{name} at {time}"),
        (Some(name), None) => name.to_owned(),
        (None, _) => "a message that is not an event".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_is_named_by_its_event_whatever_it_holds() {
        let call = r#"{"detail-type": "AWS API Call via CloudTrail", "time": "2026-11-02T09:15:30Z", "detail": {"eventName": "CreateSubnet"}}"#;
        assert_eq!(event(call), "CreateSubnet at 2026-11-02T09:15:30Z");
        assert_eq!(event(r#"{"detail-type": "Scheduled Event"}"#), "Scheduled Event");
        assert_eq!(event("not JSON"), "a message that is not an event");
    }
}
