//! The commands of operators: the history of changes, rollback, release, and redriving dead-letter queues.
//!
//! Only these commands call AWS.

mod arguments;
mod context;
mod doctor;
mod error;
mod history;
mod pauses;
mod prices;
mod redrive;
mod release;
mod resolve;
mod resume;
mod rollback;
mod since;
mod sweep;
#[cfg(test)]
mod tests;
mod undo;

use std::future::Future;
use std::io::{self, IsTerminal, Write};

use postern_aws::chain;
use postern_core::model::text::printable;
use postern_core::settings::Settings;

pub(crate) use self::arguments::word;
pub use self::arguments::{
    Changing, Doctor, History, Prices, Redrive, Release, Resume, Rollback, Sweep, TableArguments,
};
pub use self::context::OperatorContext;
pub(crate) use self::context::{run_id, table};
pub use self::doctor::doctor;
pub use self::error::CommandError;
pub use self::history::history;
pub use self::prices::prices;
pub use self::redrive::redrive;
pub use self::release::release;
pub use self::resume::resume;
pub use self::rollback::rollback;
pub use self::since::Since;
pub use self::sweep::sweep;
use crate::access;
use crate::output::{Status, fail};
use crate::settings::{self, TrustError};

pub(crate) fn run_history(arguments: &History, out: &mut dyn Write) -> io::Result<Status> {
    finish(block_on(async {
        let context = connect(&arguments.table).await?;
        history(&context, arguments, out).await
    }))
}

pub(crate) fn run_rollback(arguments: &Rollback, out: &mut dyn Write) -> io::Result<Status> {
    finish(with_settings(&arguments.changing, async |settings, context| {
        rollback(&context, &settings, arguments, out).await
    }))
}

pub(crate) fn run_resume(arguments: &Resume, out: &mut dyn Write) -> io::Result<Status> {
    finish(with_settings(&arguments.changing, async |settings, context| {
        resume(&context, &settings, arguments, out).await
    }))
}

pub(crate) fn run_release(arguments: &Release, out: &mut dyn Write) -> io::Result<Status> {
    finish(with_settings(&arguments.changing, async |settings, context| {
        release(&context, &settings, arguments, out).await
    }))
}

pub(crate) fn run_redrive(arguments: &Redrive, out: &mut dyn Write) -> io::Result<Status> {
    finish(block_on(async {
        let aws = access::environment(arguments.aws.region.as_deref()).await?;
        redrive(&aws, arguments, out).await
    }))
}

pub(crate) fn run_prices(arguments: &Prices, out: &mut dyn Write) -> io::Result<Status> {
    finish(block_on(async {
        let aws = access::environment(arguments.region.first().map(String::as_str)).await?;
        prices(&aws, arguments, out).await
    }))
}

pub(crate) fn run_sweep(arguments: &Sweep, out: &mut dyn Write) -> io::Result<Status> {
    finish(block_on(async {
        let aws = access::environment(arguments.aws.region.as_deref()).await?;
        sweep(&aws, arguments, out).await
    }))
}

pub(crate) fn run_doctor(arguments: &Doctor, out: &mut dyn Write) -> io::Result<Status> {
    let settings = match settings::load(arguments.settings.as_deref()) {
        Ok(settings) => Ok(Some(settings)),
        Err(TrustError::Missing) => Ok(None),
        Err(error) => Err(chain(&error)),
    };
    finish(block_on(async {
        let aws = access::environment(arguments.aws.region.as_deref()).await?;
        doctor(&aws, &settings, arguments, out).await
    }))
}

fn with_settings<T>(
    changing: &Changing,
    work: impl AsyncFnOnce(Settings, OperatorContext) -> Result<T, CommandError>,
) -> Result<T, CommandError> {
    let settings = settings::load(changing.settings.as_deref())?;
    block_on(async {
        let context = connect(&changing.table).await?.repeating(&changing.flags());
        work(settings, context).await
    })
}

pub(crate) async fn connect(arguments: &TableArguments) -> Result<OperatorContext, CommandError> {
    let table = context::table(arguments)?;
    let aws = access::environment(arguments.aws.region.as_deref()).await?;
    Ok(OperatorContext::new(aws, &table).await?.repeating(&arguments.flags()))
}

/// Works until it is done or interrupted. What was not waited for any more may be done all the same.
pub(crate) fn block_on<T>(work: impl Future<Output = Result<T, CommandError>>) -> Result<T, CommandError> {
    run_to_end(interruptible(work))
}

/// The work, or an error as soon as somebody presses Ctrl-C.
pub(crate) async fn interruptible<T>(work: impl Future<Output = Result<T, CommandError>>) -> Result<T, CommandError> {
    tokio::select! {
        done = work => done,
        _ = tokio::signal::ctrl_c() => Err(CommandError::Interrupted),
    }
}

/// Works until it is done. Who calls this answers to Ctrl-C, from the first time on that it waits for it.
pub(crate) fn run_to_end<T>(work: impl Future<Output = Result<T, CommandError>>) -> Result<T, CommandError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    // Boxed: the futures of the SDK's clients are large.
    let done = runtime.block_on(Box::pin(work));
    // A question on the terminal may still wait for its answer.
    runtime.shutdown_background();
    done
}

/// Asks on the terminal, and gives the answer without the end of the line. The question ends with the work that asks it.
pub(crate) async fn ask(question: &str) -> Result<String, CommandError> {
    drop(write!(io::stderr(), "{question}"));
    let read = || {
        let mut answer = String::new();
        io::stdin().read_line(&mut answer).map(|_| answer)
    };
    let answer = tokio::task::spawn_blocking(read).await.map_err(io::Error::other)??;
    Ok(answer.trim_end_matches(['\n', '\r']).to_owned())
}

/// Asks a question on the terminal that only `yes` answers.
pub(crate) async fn consent(question: &str) -> Result<bool, CommandError> {
    if !io::stdin().is_terminal() {
        return Err(CommandError::NoConsent);
    }
    let answer = ask(&format!("{question} Only `yes` is accepted: ")).await?;
    Ok(answer.trim() == "yes")
}

pub(crate) fn finish(done: Result<Status, CommandError>) -> io::Result<Status> {
    match done {
        Err(CommandError::Output(error)) => Err(error),
        Err(error @ CommandError::NotOnRecord(..)) => {
            fail(&error);
            Ok(Status::Found)
        }
        Err(error @ (CommandError::Interrupted | CommandError::InterruptedChange)) => {
            fail(&error);
            Ok(Status::Interrupted)
        }
        Err(error) => {
            fail(&error);
            Ok(Status::Failed)
        }
        Ok(status) => Ok(status),
    }
}

pub(crate) fn say(out: &mut dyn Write, line: &str) -> Result<(), CommandError> {
    Ok(writeln!(out, "{}", printable(line))?)
}
