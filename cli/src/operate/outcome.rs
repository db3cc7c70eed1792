//! What is said while a change is taken back.

use std::io::Write;

use postern_core::changes::ChangeOutcome;

use super::{CommandError, say};
use crate::output::Status;

/// Says how taking a change back ended. `action` is such as `delete vpce-1`.
pub(super) fn describe_outcome(
    outcome: ChangeOutcome,
    action: &str,
    out: &mut dyn Write,
) -> Result<Status, CommandError> {
    let (line, status) = match outcome {
        ChangeOutcome::Applied { .. } => (format!("Done: {action}."), Status::Fine),
        ChangeOutcome::NotNeeded { reason } => (format!("Not needed: {action}: {reason}."), Status::Fine),
        ChangeOutcome::Skipped { reason } | ChangeOutcome::Postponed { reason } => {
            (format!("Stopped: {reason}."), Status::Found)
        }
        ChangeOutcome::Failed { cause, .. } => (format!("Failed: {cause}."), Status::Failed),
    };
    say(out, &line)?;
    Ok(status)
}

pub(super) fn wait_line(cause: &str, out: &mut dyn Write) -> Result<(), CommandError> {
    say(out, &format!("  waiting for AWS: {cause}"))
}
