//! What leaves the program: text without surprises, complaints, the exit status.

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use postern_aws::chain;

/// How it went, from best to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    Fine,
    /// There is something to look at.
    Found,
    /// Something could not be done.
    Failed,
    /// Somebody pressed Ctrl-C.
    Interrupted,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(match status {
            Status::Fine => 0,
            Status::Found => 1,
            Status::Failed => 2,
            // As shells report the end by SIGINT.
            Status::Interrupted => 130,
        })
    }
}

/// A line as a terminal may show it: what does not print, or would write from right to left, is escaped.
pub(crate) fn plain(line: &str) -> String {
    let mut shown = String::with_capacity(line.len());
    for c in line.chars() {
        match c {
            '"' | '\'' | '\\' => shown.push(c),
            _ => shown.extend(c.escape_debug()),
        }
    }
    shown
}

/// Says on standard error what could not be done. When even that is impossible, the exit status has to do.
pub(crate) fn complain(message: &str) {
    say("error", message);
}

/// Says on standard error why something could not be done, with all causes. No message of an error has its cause.
pub(crate) fn fail(error: &dyn Error) {
    complain(&chain(error));
}

pub(crate) fn warn(message: &str) {
    say("warning", message);
}

/// Says on standard error what was done.
pub(crate) fn note(message: &str) {
    drop(writeln!(io::stderr(), "{}", plain(message)));
}

fn say(kind: &str, message: &str) {
    let lines: Vec<_> = message.split('\n').map(plain).collect();
    drop(writeln!(io::stderr(), "{kind}: {}", lines.join("\n")));
}

/// Shows the help that was asked for, or what is wrong with the command line.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    drop(error.print());
    if error.use_stderr() {
        Status::Failed.into()
    } else {
        Status::Fine.into()
    }
}
