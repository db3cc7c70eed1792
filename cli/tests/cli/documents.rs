//! The commands of README.md, docs/cli.md and docs/tutorial.md, run as they are written there.

use std::fs;
use std::path::Path;
use std::process::Command;

use postern_tests::documents::{WITH_DEPLOYMENT, commands};
use postern_tests::stack::environment;

use crate::stand_in::{StandIn, finish};
use crate::support::fixture;

/// Commands that need what a document cannot have, by their start, and what that is.
const NOT_RUN: [(&str, &str); 7] = [
    ("cargo ", "builds the program, which the tests have built"),
    ("make ", "builds or deploys"),
    ("$EDITOR", "waits for a person"),
    ("aws ssm put-parameter", "writes into an account"),
    ("export POSTERN_LEDGER_TABLE=", "reads a stack"),
    ("POSTERN_TOPIC_ARN=", "starts a function"),
    ("postern prices", "asks AWS for its public price list"),
];

async fn prepared() -> StandIn {
    let (stand_in, _) = StandIn::with_faulty_vpc().await;
    let directory = stand_in.directory.path();
    for name in ["postern.toml", "request.json"] {
        fs::copy(fixture(name), directory.join(name)).unwrap();
    }
    fs::create_dir(directory.join("policies")).unwrap();
    for name in ["policy.json", "policies/s3.json"] {
        fs::copy(fixture("open.json"), directory.join(name)).unwrap();
    }
    stand_in
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_of_the_documents_run_as_they_are_written() {
    let stand_in = prepared().await;
    let program = Path::new(env!("CARGO_BIN_EXE_postern"));
    let path = format!(
        "{}:{}",
        program.parent().unwrap().display(),
        std::env::var("PATH").unwrap_or_default()
    );
    let mut ran = 0;
    for document in ["README.md", "docs/cli.md", "docs/tutorial.md"] {
        for line in commands(document).unwrap() {
            let left_out = NOT_RUN.iter().map(|(start, _)| start).chain(&WITH_DEPLOYMENT);
            if left_out.into_iter().any(|start| line.starts_with(start)) {
                continue;
            }
            assert!(
                line.starts_with("postern "),
                "{document}: nobody said why this is not run: {line}"
            );
            let mut command = Command::new("/bin/sh");
            command.args(["-c", &line]).current_dir(stand_in.directory.path());
            command.envs(environment()).env_remove("AWS_PROFILE").env("PATH", &path);
            command.env("AWS_ENDPOINT_URL", stand_in.proxy.url());
            let run = finish(command).await;
            assert!([0, 1].contains(&run.status), "{document}: {line}: {}", run.stderr);
            assert!(!run.stderr.contains("error:"), "{document}: {line}: {}", run.stderr);
            ran += 1;
        }
    }
    assert!(ran >= 15, "only {ran} commands were found");
    assert!(stand_in.read("audit.html").starts_with("<!doctype html>"));
    assert!(stand_in.proxy.calls().iter().all(|call| !call.mutates()));
}
