//! The functions' programs as the dev profile builds them.

use std::env;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use crate::error::{HarnessError, Result, While};
use crate::stack::root;

/// The directory of unpacked packages to try instead of the programs that cargo just built: `FUNCTION/bootstrap`.
const PACKAGES: &str = "POSTERN_PROGRAMS";

/// The program of a function, beside the one that runs now or where `POSTERN_PROGRAMS` says.
///
/// Cargo builds the programs of other packages neither for a test nor for the demo, and what lies there may be old: so
/// it is asked to, once, where it runs us.
///
/// # Errors
/// If there is none.
pub fn program(name: &str) -> Result<PathBuf> {
    if let Some(directory) = env::var_os(PACKAGES) {
        return Ok(PathBuf::from(directory).join(name).join("bootstrap"));
    }
    ready()?;
    let ours = env::current_exe().while_doing("looking for the functions' programs")?;
    let program = ours
        .ancestors()
        .skip(1)
        .find(|directory| !directory.ends_with("deps"))
        .map(|directory| directory.join(name));
    match program {
        Some(program) if program.is_file() => Ok(program),
        _ => Err(HarnessError::new(format_args!(
            "the function `{name}` is not built; run `cargo build --workspace`"
        ))),
    }
}

/// Has the programs built, if cargo runs us. May block for long, so before anything runs that somebody waits for.
pub fn ready() -> Result<()> {
    static BUILT: OnceLock<Option<String>> = OnceLock::new();
    let built = || env::var_os(PACKAGES).map_or_else(build, |_| None);
    match BUILT.get_or_init(built) {
        Some(problem) => Err(HarnessError::new(problem)),
        None => Ok(()),
    }
}

/// What went wrong, if anything.
fn build() -> Option<String> {
    let cargo = env::var_os("CARGO")?;
    let status = Command::new(cargo)
        .args(["build", "--workspace", "--bins", "--quiet"])
        .current_dir(root())
        .status();
    match status {
        Ok(status) if status.success() => None,
        Ok(status) => Some(format!("the functions could not be built ({status})")),
        Err(error) => Some(format!("the functions could not be built: {error}")),
    }
}
