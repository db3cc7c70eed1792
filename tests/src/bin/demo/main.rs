//! Shows what Postern does, on this machine and with nothing but stand-ins for AWS.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a demo is there to be watched")]

mod letter;
mod paint;
mod show;
mod table;

use std::process::ExitCode;

use postern_tests::error::{Result, While};
use postern_tests::play::play;
use tokio::signal::unix::{SignalKind, signal};

use crate::show::Show;

/// As shells count a program that was interrupted.
const INTERRUPTED: u8 = 130;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let mut show = Show::new();
    let mut watch = |progress: postern_tests::play::Progress<'_>| show.progress(progress);
    // Whoever wins, everything that runs is dropped, and with that ends.
    let played = tokio::select! {
        played = play(&mut watch) => Some(played),
        _ = interrupted() => None,
    };
    match played {
        Some(Ok(played)) => show.end(&played),
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

/// Waits for somebody who does not want to wait.
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
