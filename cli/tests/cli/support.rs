//! Runs the program.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

pub(crate) struct Run {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) status: i32,
}

pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// A directory of its own with the fixtures' settings in it.
pub(crate) fn directory() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    std::fs::copy(fixture("postern.toml"), directory.path().join("postern.toml")).unwrap();
    directory
}

pub(crate) fn command<A: AsRef<OsStr>>(directory: &Path, arguments: &[A]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_postern"));
    command.current_dir(directory).args(arguments);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs `postern` in a directory with this on its standard input.
pub(crate) fn run_with<A: AsRef<OsStr>>(directory: &Path, arguments: &[A], input: &[u8]) -> Run {
    let mut child = command(directory, arguments).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // Who does not read standard input may be gone by now.
    drop(stdin.write_all(input));
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    Run {
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
        status: output.status.code().unwrap(),
    }
}

/// Runs `postern` among the fixtures.
pub(crate) fn run(arguments: &[&str]) -> Run {
    run_with(&fixture(""), arguments, b"")
}

/// The lines of JSON of a run.
pub(crate) fn lines(run: &Run) -> Vec<Value> {
    run.stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}
