//! `doctor`: whether a deployment can do its work, from the trail of events to the subscribers of its alerts.

mod checks;
mod quotas;
mod roles;
mod selections;
#[cfg(test)]
mod tests;
mod throttling;

use std::io::Write;

use postern_aws::Aws;
use postern_core::settings::Settings;
use serde_json::json;

use super::{CommandError, Doctor, say};
use crate::arguments::Format;
use crate::output::Status;

/// What could be read, or why it could not.
type Read<T> = Result<T, String>;

/// The share of a limit from which on it is soon used up.
const NEARLY: f64 = 0.8;

/// The result of one check.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    level: Level,
    what: String,
    /// What resolves it.
    command: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Ok,
    /// Something to look at, or something that could not be read.
    Warning,
    /// Postern cannot do its work, or part of it.
    Problem,
}

impl Level {
    fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Problem => "problem",
        }
    }
}

impl Line {
    fn ok(what: impl Into<String>) -> Self {
        Self::new(Level::Ok, what)
    }

    fn warning(what: impl Into<String>) -> Self {
        Self::new(Level::Warning, what)
    }

    fn problem(what: impl Into<String>) -> Self {
        Self::new(Level::Problem, what)
    }

    fn new(level: Level, what: impl Into<String>) -> Self {
        Self {
            level,
            what: what.into(),
            command: None,
        }
    }

    fn run(self, command: impl Into<String>) -> Self {
        Self {
            command: Some(command.into()),
            ..self
        }
    }
}

/// Checks a deployment, and prints a line for each check. `settings` are those at hand, if any, or why they cannot be
/// used.
///
/// # Errors
/// If there are no credentials or no Region, or the result cannot be written.
pub async fn doctor(
    aws: &Aws,
    settings: &Result<Option<Settings>, String>,
    arguments: &Doctor,
    out: &mut dyn Write,
) -> Result<Status, CommandError> {
    let lines = checks::all(aws, settings, arguments.stack.as_deref()).await?;
    for line in &lines {
        print(line, arguments, out)?;
    }
    Ok(match lines.iter().map(|line| line.level).max() {
        None | Some(Level::Ok) => Status::Fine,
        Some(Level::Warning | Level::Problem) => Status::Found,
    })
}

fn print(line: &Line, arguments: &Doctor, out: &mut dyn Write) -> Result<(), CommandError> {
    match arguments.format {
        Format::Json => {
            let json = json!({"level": line.level.name(), "what": line.what, "command": line.command});
            say(out, &json.to_string())
        }
        Format::Text => {
            for (at, text) in line.what.lines().enumerate() {
                let level = if at == 0 { line.level.name() } else { "" };
                say(out, &format!("{level:7}  {text}"))?;
            }
            match &line.command {
                Some(command) => match &arguments.aws.region {
                    Some(region) => say(out, &format!("         Run with AWS_REGION={region}: {command}")),
                    None => say(out, &format!("         Run: {command}")),
                },
                None => Ok(()),
            }
        }
    }
}
