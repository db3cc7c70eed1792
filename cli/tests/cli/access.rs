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
async fn region_that_is_not_set_or_empty_is_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::copy(
        crate::support::fixture("postern.toml"),
        directory.path().join("postern.toml"),
    )
    .unwrap();
    for arguments in [
        &["plan"][..],
        &["apply", "vpc-1", "--table", "t"],
        &["history", "--table", "t"],
        &["rollback", "--run", "r", "--table", "t"],
        &["resume", "--run", "r", "--table", "t"],
        &["release", "vpc-1", "--table", "t"],
        &["sweep"],
        &["doctor"],
        &["prices"],
        &["redrive", "https://sqs.eu-central-1.amazonaws.com/111122223333/queue"],
    ] {
        for region in ["", "unset"] {
            let mut command = command(directory.path(), arguments);
            command
                .env("AWS_CONFIG_FILE", "/dev/null")
                .env_remove("AWS_DEFAULT_REGION");
            match region {
                "" => command.env("AWS_REGION", ""),
                _ => command.env_remove("AWS_REGION"),
            };
            let run = finish(command).await;
            assert_eq!((run.stdout.as_str(), run.status), ("", 2), "{arguments:?}");
            let error = "error: no AWS Region is set: name one with `--region`, set AWS_REGION, or set `region` in your AWS \
                         profile";
            assert!(
                run.stderr.lines().any(|line| line == error),
                "{arguments:?}: {}",
                run.stderr
            );
        }
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

/// Profiles that get their credentials in different ways. `process` prints what the program `credentials` prints.
fn profiles(directory: &std::path::Path) -> std::path::PathBuf {
    let program = directory.join("credentials");
    let printed = r#"{"Version": 1, "AccessKeyId": "111122223333", "SecretAccessKey": "test", "SessionToken": "t"}"#;
    std::fs::write(&program, format!("#!/bin/sh\necho '{printed}'\n")).unwrap();
    let config = directory.join("config");
    let text = format!(
        "[profile process]\ncredential_process = sh {program}\n\
         [profile broken]\ncredential_process = sh {program}.nosuch\n\
         [profile sso]\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = audit\n\
         [sso-session corp]\nsso_start_url = https://corp.example/start\nsso_region = eu-central-1\n\
         [profile role]\nrole_arn = arn:aws:iam::111122223333:role/audit\nsource_profile = sso\n\
         [profile dangling]\nrole_arn = arn:aws:iam::111122223333:role/audit\nsource_profile = nosuch\n\
         [profile login]\nlogin_session = arn:aws:iam::111122223333:user/ada\n\
         [profile empty]\nregion = eu-central-1\n",
        program = program.display()
    );
    std::fs::write(&config, text).unwrap();
    config
}

fn without_keys(command: &mut Command, directory: &std::path::Path) {
    command
        .env("AWS_CONFIG_FILE", profiles(directory))
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("HOME", directory)
        .env_remove("AWS_ACCESS_KEY_ID")
        .env_remove("AWS_SECRET_ACCESS_KEY");
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_of_a_program_are_used() {
    let stand_in = StandIn::start().await;
    let mut command = stand_in.command(&["audit", "--region", "us-east-1", "--fail-on", "never"]);
    without_keys(&mut command, stand_in.directory.path());
    command.env("AWS_PROFILE", "process");
    let run = finish(command).await;
    assert_eq!((run.stderr.as_str(), run.status), ("", 0), "{}", run.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn profile_without_credentials_is_named_with_the_command_that_helps() {
    let directory = tempfile::tempdir().unwrap();
    for (profile, parts) in [
        (
            "sso",
            [
                "error: could not get AWS credentials: ",
                "; sign in with `aws sso login --profile sso`\n",
            ],
        ),
        (
            "role",
            [
                "error: could not get AWS credentials: ",
                "; sign in with `aws sso login --profile sso`\n",
            ],
        ),
        (
            "dangling",
            [
                "error: AWS profile `dangling` takes its credentials from profile `nosuch`, which does not exist; ",
                "correct `source_profile` of `dangling`, or add profile `nosuch`\n",
            ],
        ),
        (
            "login",
            [
                "error: AWS profile `login` is one of `aws login`, which this program cannot read; run ",
                "`eval \"$(aws configure export-credentials --profile login --format env)\"` first\n",
            ],
        ),
        (
            "broken",
            [
                "error: could not get AWS credentials: ",
                "; check AWS_PROFILE and the profile\n",
            ],
        ),
        (
            "empty",
            [
                "error: AWS profile `empty` has no credentials; ",
                "`aws configure --profile empty` adds some\n",
            ],
        ),
    ] {
        let mut command = command(directory.path(), &["audit"]);
        without_keys(&mut command, directory.path());
        command.env("AWS_PROFILE", profile);
        let run = finish(command).await;
        assert_eq!((run.stdout.as_str(), run.status), ("", 2), "{profile}: {}", run.stderr);
        let [start, end] = parts;
        assert!(
            run.stderr.starts_with(start) && run.stderr.ends_with(end),
            "{profile}: {}",
            run.stderr
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
    assert_eq!((run.stderr.as_str(), run.status), ("", 141));
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
    assert_eq!(
        run.stderr,
        "error: `postern.toml` exists already; name another file, or overwrite this one with `--force`\n"
    );
    let forced = stand_in.run(&["settings", "init", "--force"]).await;
    assert_eq!(forced.status, 0, "{}", forced.stderr);
    assert_eq!(stand_in.read("postern.toml"), text);
}
