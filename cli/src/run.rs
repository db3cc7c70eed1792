//! From arguments to an exit status.

use std::io::{self, ErrorKind, Write};

use crate::arguments::{Arguments, Command, Judging, PolicyCommand};
use crate::check::check;
use crate::eval::eval;
use crate::judged::Detail;
use crate::output::{Status, complain, warn};
use crate::settings;

pub(crate) fn run(arguments: &Arguments) -> Status {
    let mut out = io::stdout().lock();
    let done = command(arguments, &mut out).and_then(|status| out.flush().map(|()| status));
    done.unwrap_or_else(|error| {
        // Whoever closes the pipe has read enough and needs no message.
        if error.kind() != ErrorKind::BrokenPipe {
            complain(&format!("the result cannot be written: {error}"));
        }
        Status::Failed
    })
}

fn command(arguments: &Arguments, out: &mut dyn Write) -> io::Result<Status> {
    let Command::Policy(command) = &arguments.command;
    match command {
        PolicyCommand::Check(judging) => judge(judging, Detail::Verdict, out),
        PolicyCommand::Explain(judging) => judge(judging, Detail::Explanation, out),
        PolicyCommand::Eval(evaluating) => eval(evaluating, out),
    }
}

fn judge(judging: &Judging, detail: Detail, out: &mut dyn Write) -> io::Result<Status> {
    match settings::perimeter(&judging.trust) {
        Ok(perimeter) => {
            if !perimeter.trusts_somebody() {
                warn(
                    "the settings trust nobody, so every caller is a stranger; name organizations or accounts under [perimeter]",
                );
            }
            check(judging, detail, &perimeter, out)
        }
        Err(error) => {
            complain(&error.to_string());
            Ok(Status::Failed)
        }
    }
}
