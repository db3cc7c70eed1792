//! Somebody at a terminal.

use std::path::PathBuf;

use crate::error::Result;
use crate::programs::program;
use crate::scratch::Scratch;
use crate::stack::{Ministack, Moto, Process, environment};

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
