//! `sweep`: asks the deployed sweeper to evaluate every VPC now.

use std::io::Write;

use postern_aws::Aws;

use super::{CommandError, Sweep, say};
use crate::access::AccessError;
use crate::output::Status;

/// The stack's output with the URL of the sweeper's queue.
const QUEUE: &str = "SweeperQueueUrl";

/// Puts a scheduled event into the sweeper's queue.
///
/// # Errors
/// If the queue is not known, or does not take the event.
pub async fn sweep(aws: &Aws, arguments: &Sweep, out: &mut dyn Write) -> Result<Status, CommandError> {
    let region = aws.region().ok_or(AccessError::NoRegion)?;
    let account = aws.caller().await.map_err(AccessError::from)?.account;
    let queue = match &arguments.queue {
        Some(queue) => queue.clone(),
        None => {
            let no_stack = || CommandError::NoStack(account.clone(), region.clone());
            let name = aws.owner().await.map_err(CommandError::Stack)?.ok_or_else(no_stack)?;
            let mut stack = aws.stack(&name).await.map_err(CommandError::Stack)?;
            stack.outputs.remove(QUEUE).ok_or_else(no_stack)?
        }
    };
    let id = aws
        .ask_for_sweep(&queue, &account, &region)
        .await
        .map_err(CommandError::Sweep)?;
    say(
        out,
        &format!(
            "The sweeper evaluates every VPC and endpoint service of account {account} in {region}. SQS message {id}."
        ),
    )?;
    Ok(Status::Fine)
}
