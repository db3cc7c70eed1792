//! The program against stand-ins for AWS on this machine.

use std::path::Path;
use std::process::{Command, Output};

use postern_tests::proxy::Proxy;
use postern_tests::seed::FaultyVpc;
use postern_tests::stack::{Moto, environment, tool};
use tempfile::TempDir;

use crate::support::{self, Run};

pub(crate) const REGION: &str = "us-east-1";

/// Moto with a proxy before it, and an empty directory to work in.
pub(crate) struct StandIn {
    pub(crate) moto: Moto,
    pub(crate) proxy: Proxy,
    pub(crate) directory: TempDir,
}

impl StandIn {
    pub(crate) async fn start() -> Self {
        let moto = Moto::start().await.unwrap();
        let proxy = Proxy::start(moto.address()).await.unwrap();
        Self {
            moto,
            proxy,
            directory: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) async fn with_faulty_vpc() -> (Self, FaultyVpc) {
        let stand_in = Self::start().await;
        let vpc = FaultyVpc::create(&stand_in.moto.ec2(REGION).await, REGION)
            .await
            .unwrap();
        (stand_in, vpc)
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = command(self.directory.path(), arguments);
        command.env("AWS_ENDPOINT_URL", self.proxy.url());
        command
    }

    /// Runs the program to its end, while the stand-ins answer.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Run {
        finish(self.command(arguments)).await
    }

    pub(crate) fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.directory.path().join(file)).unwrap()
    }

    /// Gives a resource the tag `Name`.
    pub(crate) async fn name(&self, resource: &str, name: &str) {
        let tag = serde_json::json!([{"Key": "Name", "Value": name}]).to_string();
        let create = [
            "ec2",
            "create-tags",
            "--region",
            REGION,
            "--resources",
            resource,
            "--tags",
            &tag,
        ];
        self.aws(&create).await;
    }

    /// What the AWS CLI does.
    pub(crate) async fn aws(&self, arguments: &[&str]) {
        let mut command = Command::new(tool("aws").unwrap());
        command.args(arguments).envs(environment());
        command.env("AWS_ENDPOINT_URL", format!("http://{}", self.moto.address()));
        let run = finish(command).await;
        assert_eq!(run.status, 0, "{}", run.stderr);
    }
}

/// The program with credentials for stand-ins, and with nothing of the environment that says something else.
pub(crate) fn command(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = support::command(directory, arguments);
    for name in [
        "AWS_PROFILE",
        "AWS_DEFAULT_PROFILE",
        "AWS_ENDPOINT_URL",
        "NO_COLOR",
        "POSTERN_LEDGER_TABLE",
    ] {
        command.env_remove(name);
    }
    command.envs(environment());
    command.stdin(std::process::Stdio::null());
    command
}

pub(crate) async fn finish(mut command: Command) -> Run {
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap();
    run_of(output.unwrap())
}

pub(crate) fn run_of(output: Output) -> Run {
    Run {
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
        status: output.status.code().unwrap_or(-1),
    }
}
