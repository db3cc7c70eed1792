//! From arguments to an exit status.

use std::io::{self, ErrorKind, Write};

use clap::CommandFactory;
use postern_policy::Perimeter;

use crate::arguments::{Arguments, Command, PolicyCommand, SettingsCommand, Trust};
use crate::check::check;
use crate::check_settings;
use crate::eval::eval;
use crate::file_verdict::Detail;
use crate::fix::fix_all;
use crate::output::{Status, complain, fail};
use crate::{audit, controls, events, generate, init, operate, plan, settings};

pub(crate) fn run(arguments: &Arguments) -> Status {
    let mut out = io::stdout().lock();
    let done = command(arguments, &mut out).and_then(|status| out.flush().map(|()| status));
    done.unwrap_or_else(|error| {
        // Whoever closes the pipe has read enough and needs no message.
        if error.kind() == ErrorKind::BrokenPipe {
            return Status::Unread;
        }
        complain(&format!("the result cannot be written: {error}"));
        Status::Failed
    })
}

fn command(arguments: &Arguments, out: &mut dyn Write) -> io::Result<Status> {
    let command = match &arguments.command {
        Command::Policy(command) => command,
        Command::Settings(SettingsCommand::Check(arguments)) => return check_settings::check(arguments, out),
        Command::Settings(SettingsCommand::Show(arguments)) => return check_settings::show(arguments, out),
        Command::Doctor(arguments) => return operate::run_doctor(arguments, out),
        Command::Audit(arguments) => return audit::run_audit(arguments, out),
        Command::Plan(arguments) => return plan::run_plan(arguments, out),
        Command::Apply(arguments) => return plan::run_apply(arguments, out),
        Command::Explain(arguments) => return audit::run_explain(arguments, out),
        Command::Controls(arguments) => return controls::run_controls(arguments, out),
        Command::Exemptions(arguments) => return controls::run_exemptions(arguments, out),
        Command::Events(arguments) => return events::run_events(arguments, out),
        Command::Settings(SettingsCommand::Init(arguments)) => return init::run_init(arguments),
        Command::Completions(arguments) => return generate::run_completions(arguments, Arguments::command(), out),
        Command::Man(arguments) => return generate::run_man(arguments, Arguments::command()),
        Command::History(arguments) => return operate::run_history(arguments, out),
        Command::Rollback(arguments) => return operate::run_rollback(arguments, out),
        Command::Resume(arguments) => return operate::run_resume(arguments, out),
        Command::Release(arguments) => return operate::run_release(arguments, out),
        Command::Prices(arguments) => return operate::run_prices(arguments, out),
        Command::Sweep(arguments) => return operate::run_sweep(arguments, out),
        Command::Redrive(arguments) => return operate::run_redrive(arguments, out),
    };
    match command {
        PolicyCommand::Check(checking) => within(&checking.judging.trust, |p| check(checking, Detail::Verdict, p, out)),
        PolicyCommand::Explain(checking) => within(&checking.judging.trust, |p| {
            check(checking, Detail::Explanation, p, out)
        }),
        PolicyCommand::Fix(fixing) => within(&fixing.judging.trust, |p| fix_all(fixing, p, out)),
        PolicyCommand::Eval(evaluating) => eval(evaluating, out),
    }
}

/// Does something that needs to know whom the owner trusts.
fn within(trust: &Trust, work: impl FnOnce(&Perimeter) -> io::Result<Status>) -> io::Result<Status> {
    match settings::load(trust.settings.as_deref()).map(|settings| settings.perimeter) {
        Ok(perimeter) if perimeter.trusts_somebody() => work(&perimeter),
        Ok(_) => {
            complain(
                "the perimeter of the settings is empty, so no policy can be checked against it; name your organisation or \
                 your accounts under [perimeter], such as organizations = [\"o-exampleorg1\"]; \
                 `aws organizations describe-organization` shows its id",
            );
            Ok(Status::Failed)
        }
        Err(error) => {
            fail(&error);
            Ok(Status::Failed)
        }
    }
}
