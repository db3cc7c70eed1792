//! `postern`: see the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    postern_cli::main()
}
