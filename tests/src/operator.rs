//! Somebody at a terminal.

use std::path::PathBuf;

use serde_json::Value;

use crate::error::{Result, While};
use crate::programs::program;
use crate::scratch::Scratch;
use crate::stack::{Ministack, Moto, Process, environment, tool};

/// Runs the program `postern` as whoever operates the deployed functions does.
#[derive(Debug)]
pub struct Operator {
    program: PathBuf,
    environment: Vec<(&'static str, String)>,
    /// The settings that the functions have.
    directory: Scratch,
}

impl Operator {
    pub async fn of(ministack: &Ministack, moto: &Moto, settings: &str) -> Result<Self> {
        let directory = Scratch::new()?;
        directory.write("postern.toml", settings)?;
        let mut environment = environment();
        environment.extend([
            ("AWS_ENDPOINT_URL", ministack.url()),
            ("AWS_ENDPOINT_URL_EC2", format!("http://{}", moto.address())),
            ("POSTERN_LEDGER_TABLE", ministack.ledger().await?),
        ]);
        Ok(Self {
            program: program("postern")?,
            environment,
            directory,
        })
    }

    /// The lines of `postern doctor`, which may find something.
    pub async fn doctor(&self) -> Result<Vec<Value>> {
        let script = r#""$0" doctor --format json --settings postern.toml; [ $? -le 1 ]"#;
        let program = self.program.display().to_string();
        let output = self.run("sh", &["-c", script, &program]).await?;
        let lines = output.lines().filter(|line| line.starts_with('{'));
        lines
            .map(|line| serde_json::from_str(line).while_doing(format_args!("reading `{line}`")))
            .collect()
    }

    /// Runs commands of a document, in which `aws` is the AWS CLI and `postern` is the program. The command that asks
    /// a question has a terminal, on which somebody answers `yes`.
    ///
    /// # Errors
    /// If the last of them fails.
    pub async fn shell(&self, commands: &str) -> Result<String> {
        const TERMINAL: &str = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))";
        let [aws, python] = [tool("aws")?, tool("python3")?].map(|tool| tool.display().to_string());
        let program = self.program.display();
        // The first version of the CLI has an address of its own for SQS, whatever the environment says.
        let script = format!(
            r#"
aws() {{ '{aws}' --endpoint-url "$AWS_ENDPOINT_URL" "$@"; }}
postern() {{
    case "$*" in
    'release --all') echo yes | '{python}' -c '{TERMINAL}' '{program}' "$@" ;;
    *) '{program}' "$@" ;;
    esac
}}
set -e
{commands}
"#
        );
        self.run("sh", &["-c", &script]).await
    }

    async fn run(&self, program: &str, arguments: &[&str]) -> Result<String> {
        let script = r#"cd "$0" && exec "$@""#;
        let directory = self.directory.path().display().to_string();
        let mut all = vec!["-c", script, directory.as_str(), program];
        all.extend(arguments);
        Process::start("sh", all, self.environment.clone())?.finish().await
    }

    /// Gives what it wrote.
    ///
    /// # Errors
    /// If its exit status is another than 0.
    pub async fn postern(&self, arguments: &[&str]) -> Result<String> {
        let settings = self.directory.path().join("postern.toml").display().to_string();
        let mut arguments = arguments.to_vec();
        if matches!(arguments.first(), Some(&("rollback" | "resume" | "release"))) {
            arguments.extend(["--settings", &settings]);
        }
        Process::start(&self.program, arguments, self.environment.clone())?
            .finish()
            .await
    }
}
