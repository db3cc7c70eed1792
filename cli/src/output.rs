//! What leaves the program: text without surprises, complaints, the exit status.

use postern_core::model::text::printable;
use std::error::Error;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
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
    /// The reader of the output has gone, such as `head`.
    Unread,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(match status {
            Status::Fine => 0,
            Status::Found => 1,
            Status::Failed => 2,
            // As shells report the end by SIGINT.
            Status::Interrupted => 130,
            // As they report the end by SIGPIPE.
            Status::Unread => 141,
        })
    }
}

/// Whether a file can be written, found out before the work whose result it is to have. Nothing is left behind.
pub(crate) fn check_writable(path: &Path) -> io::Result<()> {
    if path.exists() {
        return File::options().append(true).open(path).map(drop);
    }
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    tempfile::tempfile_in(directory.unwrap_or(Path::new("."))).map(drop)
}

/// The columns of the terminal, or 80 where there is none.
pub(crate) fn width() -> usize {
    match terminal_size::terminal_size_of(io::stdout()) {
        Some((terminal_size::Width(width), _)) => usize::from(width).max(40),
        None => 80,
    }
}

/// A text in lines of this width. `first` begins the first line and `next` the others; no word is divided.
pub(crate) fn wrapped(first: &str, next: &str, text: &str) -> Vec<String> {
    let width = width();
    let mut lines = Vec::new();
    let mut line = first.to_owned();
    let mut empty = true;
    for word in text.split_whitespace() {
        if !empty && line.chars().count() + 1 + word.chars().count() > width {
            lines.push(std::mem::replace(&mut line, next.to_owned()));
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line.push_str(word);
        empty = false;
    }
    lines.push(line);
    lines
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
    drop(writeln!(io::stderr(), "{}", printable(message)));
}

fn say(kind: &str, message: &str) {
    let lines: Vec<_> = message.split('\n').map(printable).collect();
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
