//! `postern`: endpoint policies judged, explained and closed, and Postern's own changes seen and taken back, from a
//! terminal or a pipeline.

use std::process::ExitCode;

use clap::Parser;

mod arguments;
mod check;
mod difference;
mod endpoint;
mod eval;
mod file_verdict;
mod fix;
mod input;
pub mod operate;
mod output;
mod replace;
mod run;
mod settings;

pub use arguments::Format;
pub use input::InputError;
pub use output::Status;
pub use settings::TrustError;

/// Does what the command line asks for.
pub fn main() -> ExitCode {
    match arguments::Arguments::try_parse() {
        Ok(arguments) => run::run(&arguments).into(),
        Err(error) => output::usage(&error),
    }
}
