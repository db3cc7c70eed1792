//! `postern`: accounts audited, plans applied, endpoint policies checked and closed, and Postern's own changes seen and
//! rolled back, from a terminal or a pipeline.

use std::process::ExitCode;

use clap::Parser;

mod access;
mod arguments;
pub mod audit;
mod check;
mod check_settings;
pub mod controls;
mod difference;
mod endpoint;
mod eval;
pub mod events;
mod file_verdict;
mod fix;
pub mod generate;
mod init;
mod input;
mod markdown;
pub mod operate;
mod output;
pub mod plan;
mod replace;
mod run;
mod settings;
mod values;

pub use access::AccessError;
pub use arguments::{AwsArguments, Format};
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
