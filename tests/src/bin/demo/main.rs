//! Shows what Postern does, on this machine, with stand-ins for AWS.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a demo is there to be watched")]

mod color;
mod output;
mod table;

use std::process::ExitCode;

use postern_tests::error::{Result, While};
use postern_tests::scenario::{Progress, run};
use tokio::signal::unix::{SignalKind, signal};

use crate::output::Output;

/// The exit status of an interrupted program in shells.
const INTERRUPTED: u8 = 130;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let mut output = Output::new();
    let mut watch = |progress: Progress<'_>| output.progress(progress);
    // Either way everything that runs is dropped, and ends with that.
    let result = tokio::select! {
        result = run(&mut watch) => Some(result),
        _ = interrupted() => None,
    };
    match result {
        Some(Ok(result)) => output.end(&result),
        Some(Err(error)) => {
            eprintln!("\ndemo: {error}");
            ExitCode::FAILURE
        }
        None => {
            eprintln!("\ndemo: interrupted, everything is stopped");
            ExitCode::from(INTERRUPTED)
        }
    }
}

/// Waits for an interrupt.
async fn interrupted() -> Result<()> {
    let listen = |kind| signal(kind).while_doing("listening for signals");
    let mut interrupt = listen(SignalKind::interrupt())?;
    let mut terminate = listen(SignalKind::terminate())?;
    let mut hang_up = listen(SignalKind::hangup())?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        _ = hang_up.recv() => {}
    }
    Ok(())
}
