//! Processes that end with us, however we end.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};

use crate::error::{HarnessError, Result, While};
use crate::scratch::Scratch;

/// Starts a program beside a watcher. The watcher reads from a pipe whose other end only we hold, so it notices our end
/// whether we return, panic or are killed; then it kills the process group, which is everything that the program
/// started, and itself.
const GUARD: &str = r#"exec 3<&0 </dev/null
{ read -r _ <&3; kill -s KILL 0; } &
exec 3<&-
exec "$@""#;

/// How much of a program's output is shown when it fails, in lines.
const SHOWN: usize = 30;

/// A running program in a process group of its own. Killed with its whole group on drop, on panic and when this
/// process ends in any way.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
    _scratch: Scratch,
}

impl Process {
    /// Starts a program with these environment variables besides ours.
    pub fn start<A, E, K, V>(program: impl AsRef<OsStr>, arguments: A, environment: E) -> Result<Self>
    where
        A: IntoIterator<Item: AsRef<OsStr>>,
        E: IntoIterator<Item = (K, V)>,
        K: AsRef<OsStr>,
        V: AsRef<OsStr>,
    {
        let mut command = Command::new("/bin/sh");
        command.envs(environment);
        Self::guarded(program.as_ref(), arguments, command)
    }

    /// The same with these environment variables only.
    pub fn start_clean<E, K, V>(program: impl AsRef<OsStr>, environment: E) -> Result<Self>
    where
        E: IntoIterator<Item = (K, V)>,
        K: AsRef<OsStr>,
        V: AsRef<OsStr>,
    {
        let mut command = Command::new("/bin/sh");
        command.env_clear().envs(environment);
        Self::guarded(program.as_ref(), [""; 0], command)
    }

    fn guarded<A>(program: &OsStr, arguments: A, mut command: Command) -> Result<Self>
    where
        A: IntoIterator<Item: AsRef<OsStr>>,
    {
        let name = program.to_string_lossy().into_owned();
        let scratch = Scratch::new()?;
        let log = scratch.path().join("log");
        let starting = format!("starting `{name}`");
        let output = File::create(&log).while_doing(&starting)?;
        let errors = output.try_clone().while_doing(&starting)?;
        let child = command
            .args(["-c", GUARD, "sh"])
            .arg(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(output)
            .stderr(errors)
            .process_group(0)
            .spawn()
            .while_doing(&starting)?;
        Ok(Self {
            name,
            child,
            log,
            _scratch: scratch,
        })
    }

    /// The id of the program itself: the shell that starts it becomes it.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it has written so far.
    pub fn output(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// Set when it has ended by itself.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.child
            .try_wait()
            .while_doing(format_args!("watching `{}`", self.name))
    }

    /// An error with the end of its output.
    pub fn failure(&self, what: &str) -> HarnessError {
        let output = self.output();
        let lines: Vec<_> = output.lines().collect();
        let last = lines.len().saturating_sub(SHOWN);
        let shown = lines.get(last..).unwrap_or_default().join("\n");
        HarnessError::new(format_args!("`{}` {what}; it wrote:\n{shown}", self.name))
    }

    /// Waits for its end and gives what it wrote.
    ///
    /// # Errors
    /// If it did not end with success.
    pub async fn finish(mut self) -> Result<String> {
        loop {
            match self.ended()? {
                Some(status) if status.success() => return Ok(self.output()),
                Some(status) => return Err(self.failure(&format!("failed ({status})"))),
                None => super::pause().await,
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        // The watcher does the same; this is in case that somebody killed it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn everything_that_a_process_started_ends_with_it() {
        let alive = |pid: &str| {
            // A zombie waits for its parent and does nothing any more.
            fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
        };
        let process = Process::start("sh", ["-c", "sleep 600 & echo $$ $!; wait"], [("A", "b")]).unwrap();
        let come_and_go = async {
            while !process.output().ends_with('\n') {
                super::super::pause().await;
            }
            let pids: Vec<_> = process.output().split_whitespace().map(str::to_owned).collect();
            assert!(pids.len() == 2 && pids.iter().all(|pid| alive(pid)), "{pids:?}");
            drop(process);
            while pids.iter().any(|pid| alive(pid)) {
                super::super::pause().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(10), come_and_go)
            .await
            .unwrap();
    }

    #[tokio::test]
    async fn failure_shows_the_output_of_the_process() {
        let process = Process::start("sh", ["-c", "echo out; echo err >&2; exit 3"], [("A", "b")]).unwrap();
        let error = process.finish().await.unwrap_err().to_string();
        assert!(
            error.contains("exit status: 3") && error.contains("out\nerr"),
            "{error}"
        );
    }

    #[tokio::test]
    async fn a_clean_environment_holds_nothing_else() {
        let process = Process::start_clean("/usr/bin/env", [("ONLY", "this")]).unwrap();
        let output = process.finish().await.unwrap();
        // A shell sets some of its own.
        let own = |line: &&str| {
            !["PWD=", "OLDPWD=", "SHLVL=", "_="]
                .iter()
                .any(|name| line.starts_with(name))
        };
        assert_eq!(output.lines().filter(own).collect::<Vec<_>>(), ["ONLY=this"]);
    }
}
