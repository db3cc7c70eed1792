//! `postern`: endpoint policies judged, explained and closed from a terminal or a pipeline.

use std::process::ExitCode;

use clap::Parser;

mod arguments;
mod check;
mod difference;
mod endpoint;
mod eval;
mod fix;
mod input;
mod judged;
mod output;
mod replace;
mod run;
mod settings;

fn main() -> ExitCode {
    match arguments::Arguments::try_parse() {
        Ok(arguments) => run::run(&arguments).into(),
        Err(error) => output::usage(&error),
    }
}
