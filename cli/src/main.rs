//! `postern`: endpoint policies judged, explained and closed from a terminal or a pipeline.

use std::process::ExitCode;

use clap::Parser;

mod arguments;
mod check;
mod endpoint;
mod eval;
mod input;
mod judged;
mod output;
mod run;
mod settings;

fn main() -> ExitCode {
    match arguments::Arguments::try_parse() {
        Ok(arguments) => run::run(&arguments).into(),
        Err(error) => output::usage(&error),
    }
}
