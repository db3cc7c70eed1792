//! Credentials, profiles and Regions that do not work, and people who do not wait.

use std::process::Command;

use postern_tests::proxy::Fault;

use crate::stand_in::{StandIn, command, finish, run_of};

fn interrupt(child: u32) {
    let status = Command::new("kill")
        .args(["-INT", &child.to_string()])
        .status()
        .unwrap();
    assert!(status.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_credentials_nothing_is_read() {
    let directory = tempfile::tempdir().unwrap();
    for arguments in [&["audit"][..], &["history", "--table", "postern-ledger"]] {
        let mut command = command(directory.path(), arguments);
        command
            .env_remove("AWS_ACCESS_KEY_ID")
            .env_remove("AWS_SECRET_ACCESS_KEY");
        let run = finish(command).await;
        assert_eq!((run.stdout.as_str(), run.status), ("", 2));
        assert!(
            run.stderr
                .starts_with("error: no AWS credentials: set AWS_PROFILE, or sign in"),
            "{}",
            run.stderr
        );
        assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn profile_that_does_not_exist_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("config");
    std::fs::write(&config, "[profile other]\nregion = eu-central-1\n").unwrap();
    for arguments in [
        &["audit"][..],
        &["history", "--table", "postern-ledger"],
        &["redrive", "https://sqs.eu-central-1.amazonaws.com/111122223333/queue"],
    ] {
        let mut command = command(directory.path(), arguments);
        command.env("AWS_PROFILE", "nosuch").env("AWS_CONFIG_FILE", &config);
        let run = finish(command).await;
        assert_eq!((run.stdout.as_str(), run.status), ("", 2));
        assert_eq!(
            run.stderr,
            "error: there is no AWS profile `nosuch`, which AWS_PROFILE names; `aws configure list-profiles` lists those \
             that exist\n"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn expired_and_rejected_credentials_have_messages_of_their_own() {
    let stand_in = StandIn::start().await;
    for (code, part) in [
        ("ExpiredToken", "error: the AWS credentials have expired; sign in again"),
        (
            "InvalidClientTokenId",
            "error: AWS does not accept the credentials; check AWS_PROFILE",
        ),
        (
            "AccessDenied",
            "error: could not determine the account of the credentials: sts:GetCallerIdentity failed",
        ),
    ] {
        stand_in.proxy.fail("GetCallerIdentity", Fault::refused(code, "No."));
        let run = stand_in.run(&["audit"]).await;
        assert_eq!((run.stdout.as_str(), run.status), ("", 2), "{code}");
        assert!(run.stderr.starts_with(part), "{code}: {}", run.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn regions_that_cannot_be_read_are_named() {
    let stand_in = StandIn::start().await;
    for (region, message) in [
        (
            "me-south-1",
            "error: Region `me-south-1` is not enabled for account 111122223333; enable it, or leave it out\n",
        ),
        ("eu-nowhere-1", "error: there is no Region `eu-nowhere-1`\n"),
    ] {
        let run = stand_in
            .run(&["audit", "--region", "us-east-1", "--region", region])
            .await;
        assert_eq!((run.stdout.as_str(), run.stderr.as_str(), run.status), ("", message, 2));
    }
    stand_in.proxy.fail("DescribeRegions", Fault::denied());
    let run = stand_in.run(&["audit"]).await;
    assert!(
        run.stderr.starts_with(
            "error: could not list the Regions of the account; name them with `--region`: ec2:DescribeRegions failed"
        ),
        "{}",
        run.stderr
    );
    let run = stand_in.run(&["audit", "--region", "us-east-1"]).await;
    assert_eq!((run.stderr.as_str(), run.status), ("", 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn interrupted_audit_writes_nothing() {
    let stand_in = StandIn::start().await;
    stand_in.proxy.fail("DescribeVpcs", Fault::Silence);
    let child = stand_in
        .command(&["audit", "--region", "us-east-1", "--output", "audit.json"])
        .spawn()
        .unwrap();
    stand_in.proxy.failed().await;
    interrupt(child.id());
    let output = tokio::task::spawn_blocking(move || child.wait_with_output())
        .await
        .unwrap();
    let run = run_of(output.unwrap());
    assert_eq!(
        (run.stdout.as_str(), run.stderr.as_str(), run.status),
        ("", "error: interrupted\n", 130)
    );
    assert!(!stand_in.directory.path().join("audit.json").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn reader_that_has_gone_gets_no_message() {
    let stand_in = StandIn::start().await;
    let mut child = stand_in.command(&["audit", "--region", "us-east-1"]).spawn().unwrap();
    drop(child.stdout.take());
    let output = tokio::task::spawn_blocking(move || child.wait_with_output())
        .await
        .unwrap();
    let run = run_of(output.unwrap());
    assert_eq!((run.stderr.as_str(), run.status), ("", 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_are_made_with_the_organisation_of_the_account() {
    let stand_in = StandIn::start().await;
    stand_in.aws(&["organizations", "create-organization"]).await;
    let run = stand_in.run(&["settings", "init"]).await;
    assert_eq!((run.stdout.as_str(), run.status), ("", 0), "{}", run.stderr);
    let text = stand_in.read("postern.toml");
    assert!(text.contains("\norganizations = [\"o-") && text.contains("\naccounts = [\"111122223333\"]\n"));
    let run = stand_in
        .run(&[
            "audit",
            "--region",
            "us-east-1",
            "--format",
            "json",
            "--fail-on",
            "never",
        ])
        .await;
    assert!(run.stdout.contains("\"source\": \"settings\""), "{}", run.stderr);
    let run = stand_in.run(&["settings", "init"]).await;
    assert_eq!(run.status, 2);
    assert_eq!(stand_in.read("postern.toml"), text);
}
