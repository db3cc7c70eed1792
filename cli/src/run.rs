//! From arguments to an exit status.

use std::io::{self, ErrorKind, Write};

use postern_policy::Perimeter;

use crate::arguments::{Arguments, Command, PolicyCommand, Trust};
use crate::check::check;
use crate::eval::eval;
use crate::file_verdict::Detail;
use crate::fix::fix_all;
use crate::output::{Status, complain, warn};
use crate::{operate, settings};

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
    let command = match &arguments.command {
        Command::Policy(command) => command,
        Command::History(arguments) => return operate::run_history(arguments, out),
        Command::Rollback(arguments) => return operate::run_rollback(arguments, out),
        Command::Resume(arguments) => return operate::run_resume(arguments, out),
        Command::Release(arguments) => return operate::run_release(arguments, out),
        Command::Redrive(arguments) => return operate::run_redrive(arguments, out),
    };
    match command {
        PolicyCommand::Check(judging) => within(&judging.trust, |p| check(judging, Detail::Verdict, p, out)),
        PolicyCommand::Explain(judging) => within(&judging.trust, |p| check(judging, Detail::Explanation, p, out)),
        PolicyCommand::Fix(fixing) => within(&fixing.judging.trust, |p| fix_all(fixing, p, out)),
        PolicyCommand::Eval(evaluating) => eval(evaluating, out),
    }
}

/// Does something that needs to know whom the owner trusts.
fn within(trust: &Trust, work: impl FnOnce(&Perimeter) -> io::Result<Status>) -> io::Result<Status> {
    match settings::load(trust.settings.as_deref()).map(|settings| settings.perimeter) {
        Ok(perimeter) => {
            if !perimeter.trusts_somebody() {
                warn(
                    "the settings trust nobody, so every principal is outside your perimeter; name organizations or accounts under [perimeter]",
                );
            }
            work(&perimeter)
        }
        Err(error) => {
            complain(&error.to_string());
            Ok(Status::Failed)
        }
    }
}
