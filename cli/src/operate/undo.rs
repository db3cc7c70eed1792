//! Changes of a scope are undone under its lease, and each step is printed.

use std::io::Write;

use postern_core::changes::ChangeOutcome;
use postern_core::model::scope::Scope;
use postern_core::settings::Settings;
use postern_engine::{LeaseTerms, Session, UndoRequest};

use super::pauses::describe_paused;
use super::{CommandError, OperatorContext, say};
use crate::output::Status;

/// Takes steps under the lease of a scope, then says for which findings they paused remediation.
pub(super) async fn under_lease(
    (context, command, settings): (&OperatorContext, &str, &Settings),
    scope: &Scope,
    out: &mut dyn Write,
    steps: impl AsyncFnOnce(&mut Session<'_>, &mut dyn Write) -> Result<Status, CommandError>,
) -> Result<Status, CommandError> {
    let run = context.run(command, settings);
    let mut session = Session::open(&run, scope, LeaseTerms::command()).await?;
    let done = steps(&mut session, out).await;
    let described = describe_paused(context, &session, out);
    let closed = session.close().await;
    let status = done?;
    described?;
    closed?;
    Ok(status)
}

/// Undoes a change, and prints the outcome.
pub(super) async fn undo(
    session: &mut Session<'_>,
    request: UndoRequest<'_>,
    out: &mut dyn Write,
) -> Result<Status, CommandError> {
    let action = request.inverse.text();
    let mut waiting = Ok(());
    let outcome = session
        .undo(request, &mut |cause| waiting = wait_line(cause, out))
        .await?;
    waiting?;
    describe_outcome(outcome, &action, out)
}

/// Prints the outcome of an undo. `action` is such as `delete vpce-1`.
fn describe_outcome(outcome: ChangeOutcome, action: &str, out: &mut dyn Write) -> Result<Status, CommandError> {
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
