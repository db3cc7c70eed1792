//! `plan` and `apply` against Moto, with a ledger.

use std::fs;
use std::process::Command;

use postern_tests::seed::FaultyVpc;
use postern_tests::stack::tool;
use serde_json::Value;

use crate::stand_in::{REGION, StandIn, finish};

const LEDGER: &str = "postern-ledger";
const SETTINGS: &str = "[perimeter]\norganizations = [\"o-exampleorg1\"]\naccounts = [\"111122223333\"]\n\
                        [limits]\ncanary_endpoints = 0\n";

async fn stand_in() -> (StandIn, FaultyVpc) {
    let (stand_in, vpc) = StandIn::with_faulty_vpc().await;
    fs::write(stand_in.directory.path().join("postern.toml"), SETTINGS).unwrap();
    create_ledger(&stand_in, REGION).await;
    (stand_in, vpc)
}

async fn create_ledger(stand_in: &StandIn, region: &str) {
    stand_in
        .aws(&[
            "dynamodb",
            "create-table",
            "--region",
            region,
            "--table-name",
            LEDGER,
            "--billing-mode",
            "PAY_PER_REQUEST",
            "--attribute-definitions",
            "AttributeName=pk,AttributeType=S",
            "AttributeName=sk,AttributeType=S",
            "AttributeName=place,AttributeType=S",
            "--key-schema",
            "AttributeName=pk,KeyType=HASH",
            "AttributeName=sk,KeyType=RANGE",
            "--global-secondary-indexes",
            r#"[{"IndexName":"history","KeySchema":[{"AttributeName":"place","KeyType":"HASH"},{"AttributeName":"sk","KeyType":"RANGE"}],"Projection":{"ProjectionType":"ALL"}}]"#,
        ])
        .await;
}

fn mutating(stand_in: &StandIn) -> Vec<String> {
    let calls = stand_in.proxy.take().into_iter();
    let ec2 = calls.filter(|call| call.mutates() && call.action.contains("Vpc"));
    ec2.map(|call| call.action).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn plan_is_shown_kept_agreed_to_applied_and_verified() {
    let (stand_in, vpc) = stand_in().await;
    let plan = [
        "plan",
        &vpc.id,
        "--control",
        "policy-open",
        "--out",
        "plan.json",
        "--table",
        LEDGER,
    ];
    let run = stand_in.run(&plan).await;
    assert_eq!(
        (run.stderr.as_str(), run.status),
        ("wrote plan.json\n", 1),
        "{}",
        run.stdout
    );
    for part in [
        &format!("  - replace the policy of {} (restrictive, $0.00 a month)", vpc.sts),
        &format!("      for policy-open on {}", vpc.sts),
        "changes are to be applied, $0.00 a month.",
        "because the settings only audit",
        "      for vpc-dns-disabled on vpc-",
    ] {
        assert!(run.stdout.contains(part), "{part}: {}", run.stdout);
    }
    assert_eq!(mutating(&stand_in), [""; 0]);
    let plan: Value = serde_json::from_str(&stand_in.read("plan.json")).unwrap();
    assert_eq!(
        (&plan["schema"], &plan["scopes"][0]["vpc"]),
        (&"postern.plan/1".into(), &vpc.id.as_str().into())
    );

    let apply = ["apply", "plan.json", "--table", LEDGER];
    let run = stand_in.run(&apply).await;
    assert_eq!(run.status, 2);
    assert!(
        run.stderr.starts_with("error: standard input is not a terminal"),
        "{}",
        run.stderr
    );
    assert_eq!(mutating(&stand_in), [""; 0]);

    let apply = ["apply", "plan.json", "--yes", "--table", LEDGER];
    let run = stand_in.run(&apply).await;
    assert_eq!((run.stderr.as_str(), run.status), ("", 0), "{}", run.stdout);
    for part in [
        &format!("Done: replace the policy of {}.", vpc.sts),
        &format!("Verified: policy-open on {}", vpc.sts),
        "To roll back: postern rollback --run postern-",
    ] {
        assert!(run.stdout.contains(part), "{part}: {}", run.stdout);
    }
    assert!(mutating(&stand_in).iter().all(|action| action == "ModifyVpcEndpoint"));
    let history = stand_in
        .run(&["history", "--table", LEDGER, "--control", "policy-open"])
        .await;
    assert!(history.stdout.contains("outcome  applied"), "{}", history.stdout);
    let audit = [
        "audit",
        "--region",
        REGION,
        "--format",
        "json",
        "--fail-on",
        "never",
        "--table",
        LEDGER,
    ];
    let audit = stand_in.run(&audit).await;
    let document: Value = serde_json::from_str(&audit.stdout).unwrap();
    let scopes = document["scopes"].as_array().unwrap();
    let scope = scopes
        .iter()
        .find(|scope| scope["report"]["scope"]["resource"]["id"] == *vpc.id);
    let recorded = scope.unwrap()["history"].as_array().unwrap();
    let replaced = |id: &str| format!("replace the policy of {id}");
    for endpoint in [&vpc.sts, &vpc.s3] {
        let same = |change: &&Value| change["change"] == replaced(endpoint) && change["outcome"] == "applied";
        assert_eq!(recorded.iter().filter(same).count(), 1, "{recorded:#?}");
    }

    let run = stand_in.run(&apply).await;
    assert_eq!(run.status, 1);
    assert!(run.stderr.contains("no longer holds"), "{}", run.stderr);
    assert_eq!(mutating(&stand_in), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_are_recorded_in_the_ledger_of_their_own_region() {
    let (stand_in, vpc) = stand_in().await;
    create_ledger(&stand_in, "eu-central-1").await;
    let elsewhere = async |arguments: &[&str]| {
        let mut command = stand_in.command(arguments);
        command.env("AWS_REGION", "eu-central-1");
        finish(command).await
    };
    let table = ["--table", LEDGER];
    let plan = [
        "plan",
        &vpc.id,
        "--region",
        REGION,
        "--control",
        "policy-open",
        "--out",
        "plan.json",
    ];
    let run = elsewhere(&[&plan[..], &table].concat()).await;
    assert_eq!(run.status, 1, "{}{}", run.stdout, run.stderr);
    let run = elsewhere(&[&["apply", "plan.json", "--region", "eu-west-1", "--yes"], &table[..]].concat()).await;
    assert_eq!(
        (run.stderr.as_str(), run.status),
        (
            "error: the plan is of Region `us-east-1`, and `--region` names `eu-west-1`; leave `--region` out\n",
            2
        )
    );
    let run = elsewhere(&[&["apply", "plan.json", "--yes"], &table[..]].concat()).await;
    assert_eq!((run.stderr.as_str(), run.status), ("", 0), "{}", run.stdout);
    let rollback = run
        .stdout
        .lines()
        .find_map(|line| line.strip_prefix("To roll back: postern "));
    assert!(
        rollback
            .unwrap()
            .ends_with(" --region us-east-1 --table postern-ledger"),
        "{}",
        run.stdout
    );
    let here = elsewhere(&[&["history", "--region", REGION], &table[..]].concat()).await;
    assert!(here.stdout.contains("outcome  applied"), "{}", here.stdout);
    let there = elsewhere(&[&["history"], &table[..]].concat()).await;
    assert_eq!(
        there.stdout,
        "No change of 111122223333 in eu-central-1 is on record.\n"
    );
    // The command that was printed works from the other Region, too.
    let rollback: Vec<&str> = rollback.unwrap().split(' ').collect();
    let run = elsewhere(&rollback).await;
    assert_eq!(run.status, 0, "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("--region us-east-1"), "{}", run.stdout);
    stand_in.proxy.take();
}

/// Runs a program on a terminal of its own, and answers its question.
const TERMINAL: &str = "\
import os, pty, sys
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[2], sys.argv[2:])
seen = b''
while b'is accepted: ' not in seen:
    seen += os.read(terminal, 4096)
os.write(terminal, sys.argv[1].encode().decode('unicode_escape').encode())
try:
    while os.read(terminal, 4096):
        pass
except OSError:
    pass
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
";

#[tokio::test(flavor = "multi_thread")]
async fn person_at_a_terminal_decides() {
    let (stand_in, vpc) = stand_in().await;
    let apply = ["apply", &vpc.id, "--control", "policy-open", "--table", LEDGER];
    for (answer, status, changes) in [(r"\x03", 130, false), (r"no\n", 1, false), (r"yes\n", 0, true)] {
        let postern = stand_in.command(&apply);
        let mut terminal = Command::new(tool("python3").unwrap());
        terminal.args(["-c", TERMINAL, answer]).arg(postern.get_program());
        terminal.args(postern.get_args()).current_dir(stand_in.directory.path());
        for (name, value) in postern.get_envs() {
            match value {
                Some(value) => terminal.env(name, value),
                None => terminal.env_remove(name),
            };
        }
        let run = finish(terminal).await;
        assert_eq!(run.status, status, "{answer}: {}", run.stderr);
        assert_eq!(!mutating(&stand_in).is_empty(), changes, "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn plan_without_a_ledger_says_what_it_may_miss_and_reads_only() {
    let (stand_in, vpc) = StandIn::with_faulty_vpc().await;
    fs::write(stand_in.directory.path().join("postern.toml"), SETTINGS).unwrap();
    let run = stand_in.run(&["plan", "--region", REGION]).await;
    assert_eq!(run.status, 0, "nothing is enforced: {}", run.stdout);
    assert!(run.stderr.starts_with("warning: no ledger is named"), "{}", run.stderr);
    assert!(
        run.stdout
            .contains(&format!("VPC {} \"shop\" in us-east-1, account 111122223333", vpc.id))
    );
    assert!(run.stdout.contains("No change is to be applied."), "{}", run.stdout);
    assert_eq!(mutating(&stand_in), [""; 0]);
}

/// A command in a plan's output, without the line breaks that the shell ignores.
fn command_after(text: &str, heading: &str) -> Vec<String> {
    let (_, rest) = text.split_once(heading).unwrap_or_else(|| panic!("{text}"));
    let (_, command) = rest.split_once('\n').unwrap();
    let command = command.replace("\\\n", " ");
    let words = command.lines().next().unwrap().split_whitespace();
    words.map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn audited_changes_are_shown_in_full_with_the_one_command_that_applies_them() {
    let (stand_in, vpc) = stand_in().await;
    let run = stand_in.run(&["plan", &vpc.id, "--table", LEDGER]).await;
    assert_eq!((run.stderr.as_str(), run.status), ("", 0), "{}", run.stdout);
    for part in [
        "  No change is to be applied.\n",
        "  Not applied: ",
        &format!("  - replace the policy of {} (restrictive, $0.00 a month)", vpc.sts),
        &format!("      +++ {}, fixed", vpc.sts),
    ] {
        assert!(run.stdout.contains(part), "{part}: {}", run.stdout);
    }
    let wide = run
        .stdout
        .lines()
        .find(|line| line.chars().count() > 80 && !line.starts_with("      "));
    assert_eq!(wide, None, "{}", run.stdout);
    let reasons = run.stdout.matches("because the settings only audit").count();
    assert_eq!(reasons, 1, "{}", run.stdout);
    let mut apply = command_after(&run.stdout, "This command applies ");
    assert_eq!(apply[..3], ["postern", "apply", vpc.id.as_str()]);
    assert!(apply.contains(&"--control".to_owned()) && apply.ends_with(&["--table".to_owned(), LEDGER.to_owned()]));
    // It does what it says.
    let promised = run.stdout.split("This command applies ").nth(1).unwrap();
    let count: usize = promised.split(' ').next().unwrap().parse().unwrap();
    apply.push("--yes".to_owned());
    let apply: Vec<&str> = apply[1..].iter().map(String::as_str).collect();
    let applied = stand_in.run(&apply).await;
    let shown = format!("  {count} change");
    assert!(
        applied.stdout.contains(&shown),
        "{shown}: {}{}",
        applied.stdout,
        applied.stderr
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn resource_that_does_not_exist_is_a_failure() {
    let (stand_in, vpc) = stand_in().await;
    let missing = "vpc-0123456789abcdef0";
    let message =
        "was not found in account 111122223333, Region us-east-1; check the id, the Region and the credentials\n";
    for arguments in [
        &["plan", missing, "--table", LEDGER][..],
        &["plan", missing, &vpc.id, "--table", LEDGER],
        &["apply", missing, "--table", LEDGER],
    ] {
        let run = stand_in.run(arguments).await;
        assert_eq!(
            (run.stderr, run.status),
            (format!("error: VPC `{missing}` {message}"), 2),
            "{arguments:?}"
        );
    }
    let run = stand_in.run(&["audit", "--region", REGION, "--vpc", missing]).await;
    assert_eq!(
        (run.stderr, run.status),
        (
            format!(
                "error: VPC `{missing}` was not found among those of account 111122223333 in us-east-1; check the id, \
                 `--region` and the credentials\n"
            ),
            2
        )
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn empty_perimeter_and_other_files_are_refused() {
    let stand_in = StandIn::start().await;
    let file = |name: &str, text: &str| fs::write(stand_in.directory.path().join(name), text).unwrap();
    file("postern.toml", "");
    file("plan.json", "{}");
    let run = stand_in
        .run(&["plan", "vpc-0123456789abcdef0", "--control", "policy-open"])
        .await;
    assert_eq!(run.status, 2);
    assert!(
        run.stderr
            .starts_with("error: the perimeter of the settings is empty, and `"),
        "{}",
        run.stderr
    );
    let run = stand_in.run(&["apply", "plan.json", "--table", LEDGER]).await;
    assert_eq!(run.status, 2);
    assert!(
        run.stderr
            .starts_with("error: `plan.json` is not a plan of `postern plan --out`"),
        "{}",
        run.stderr
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn finding_is_explained_with_its_proof_and_its_repair() {
    let (stand_in, vpc) = StandIn::with_faulty_vpc().await;
    fs::write(stand_in.directory.path().join("postern.toml"), SETTINGS).unwrap();
    let explain = |resource: &'static str| ["explain", "policy-open", resource, "--region", REGION];
    let run = stand_in
        .run(&["explain", "policy-open", &vpc.sts, "--region", REGION])
        .await;
    assert_eq!((run.stderr.as_str(), run.status), ("", 1));
    for part in ["proposed (audit mode)", "can call `sts:", ". replace the policy of "] {
        let words: Vec<_> = run.stdout.split_whitespace().collect();
        assert!(words.join(" ").contains(part), "{part}: {}", run.stdout);
    }
    assert_eq!(run.stdout.matches("policy-open").count(), 1, "{}", run.stdout);
    let run = stand_in.run(&explain("vpce-00000000000000000")).await;
    assert_eq!((run.stdout.as_str(), run.status), ("", 2));
    assert!(
        run.stderr.contains("has no finding about `vpce-00000000000000000`"),
        "{}",
        run.stderr
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_change_ends_with_status_one() {
    let (stand_in, _) = stand_in().await;
    let run = stand_in
        .run(&["rollback", "20261123T061530.123456Z-0a1b2c3d", "--table", LEDGER])
        .await;
    assert_eq!((run.stdout.as_str(), run.status), ("", 1));
    assert!(
        run.stderr.contains("is not in the ledger of 111122223333"),
        "{}",
        run.stderr
    );
}
