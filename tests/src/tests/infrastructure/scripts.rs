//! The scripts that deploy and delete the stack, with a stand-in for the AWS CLI or for AWS.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use crate::scratch::Scratch;
use crate::stack::{Ministack, Process, environment, root, tool};
use postern_core::functions::FUNCTIONS;

/// The commands of the AWS CLI that one test answers: how a command begins, the status it ends with, what it says.
/// The first that matches counts; a command that none matches says nothing and succeeds.
type Answers<'a> = &'a [(&'a str, u8, &'a str)];

const STATUS: &str = "cloudformation describe-stacks --stack-name postern --output text --query Stacks[0].StackStatus";
const OUTPUTS: &str = "cloudformation describe-stacks --stack-name postern --output text --query Stacks[0].Outputs";
const NO_STACK: (&str, u8, &str) = (STATUS, 254, "Stack with id postern does not exist");
const RUNNING: (&str, u8, &str) = (STATUS, 0, "UPDATE_COMPLETE");
const NO_OWNER: (&str, u8, &str) = ("ssm get-parameter", 254, "ParameterNotFound");
const OWNER: (&str, u8, &str) = ("ssm get-parameter", 0, "postern");
const LEDGER: (&str, u8, &str) = (OUTPUTS, 0, "postern-Ledger-1");
const TABLE: (&str, u8, &str) = ("dynamodb describe-table", 0, "ACTIVE");

/// What a script said and which commands it ran, each with its arguments.
struct Ran {
    failed: bool,
    said: String,
    commands: Vec<Vec<String>>,
}

impl Ran {
    /// The arguments of the first command that begins so.
    fn command(&self, service: &str, operation: &str) -> Option<&[String]> {
        let all = self.commands.iter().map(Vec::as_slice);
        all.into_iter()
            .find(|words| words[0] == service && words[1] == operation)
    }

    fn position(&self, operation: &str) -> Option<usize> {
        self.commands.iter().position(|words| words[1] == operation)
    }

    /// What the stack was deployed with.
    fn deployed(&self) -> &[String] {
        assert!(!self.failed, "{}", self.said);
        self.command("cloudformation", "deploy").unwrap()
    }

    /// Whether it changed nothing in the account, and said all of this.
    fn refused(&self, said: &[&str]) {
        assert!(self.failed, "{}", self.said);
        for changing in ["cp", "deploy", "delete-stack"] {
            assert_eq!(self.position(changing), None, "{changing}: {}", self.said);
        }
        for text in said {
            assert!(self.said.contains(text), "`{text}` is missing: {}", self.said);
        }
    }
}

/// Runs a script with such a CLI, and zip files that are empty.
async fn run(program: &str, arguments: &[&str], variables: &[(&'static str, &str)], answers: Answers<'_>) -> Ran {
    let scratch = Scratch::new().unwrap();
    let cli = scratch.path().join("aws");
    let calls = scratch.path().join("calls");
    let mut script = format!(
        "#!/bin/sh\nprintf '%s\\037' \"$@\" >>'{}'\nprintf '\\n' >>'{0}'\n",
        calls.display()
    );
    script += "case \"$*\" in\n'sts get-caller-identity'*) echo 111122223333 ;;\n";
    for (begins, status, says) in answers {
        let to = if *status == 0 { "" } else { " >&2" };
        script += &format!("'{begins}'*) printf '%s\\n' '{says}'{to}; exit {status} ;;\n");
    }
    script += "esac\n";
    scratch.write("aws", &script).unwrap();
    fs::set_permissions(&cli, fs::Permissions::from_mode(0o755)).unwrap();
    let zips = zips(&scratch);
    let mut environment = environment();
    environment.extend([
        ("AWS_CLI", cli.display().to_string()),
        ("ZIPS", zips.display().to_string()),
        ("BUCKET", "code".to_owned()),
        ("MAKEFLAGS", String::new()),
    ]);
    environment.extend(variables.iter().map(|(name, value)| (*name, (*value).to_owned())));
    let ended = Process::start(root().join(program), arguments, environment)
        .unwrap()
        .finish()
        .await;
    let (failed, said) = match ended {
        Ok(said) => (false, said),
        Err(error) => (true, error.to_string()),
    };
    let calls = fs::read_to_string(calls).unwrap_or_default();
    let commands = calls.lines().map(|line| {
        let words = line.trim_end_matches('\x1f').split('\x1f');
        words.map(str::to_owned).collect()
    });
    Ran {
        failed,
        said,
        commands: commands.collect(),
    }
}

fn zips(scratch: &Scratch) -> PathBuf {
    let zips = scratch.path().join("zips");
    for function in FUNCTIONS {
        let directory = zips.join(function.name);
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join("bootstrap.zip"), function.name).unwrap();
    }
    zips
}

async fn deploy(arguments: &[&str], variables: &[(&'static str, &str)], answers: Answers<'_>) -> Ran {
    run("infra/deploy.sh", arguments, variables, answers).await
}

async fn destroy(variables: &[(&'static str, &str)], answers: Answers<'_>) -> Ran {
    run("infra/destroy.sh", &[], variables, answers).await
}

/// The values that follow an option.
fn option<'a>(words: &'a [String], name: &str) -> Vec<&'a str> {
    let after = words.iter().skip_while(|word| *word != name).skip(1);
    after
        .take_while(|word| !word.starts_with("--"))
        .map(String::as_str)
        .collect()
}

#[tokio::test]
async fn parameters_with_spaces_and_brackets_pass_through_make_as_they_are() {
    let directory = root().display().to_string();
    let parameters = "PARAMETERS=SweepSchedule=cron(0 6 ? * MON-FRI *) SweepOverdueHours=168 RoleTag1=a'b=c \"d";
    // The tools of .venv are installed: this test must not install them anew.
    let arguments = [
        "-C",
        &directory,
        "-o",
        ".venv/.stamp",
        "deploy",
        "STACK=postern",
        parameters,
    ];
    let ran = run(
        "/usr/bin/env",
        &[&["make"][..], &arguments].concat(),
        &[],
        &[NO_STACK, NO_OWNER],
    )
    .await;
    let overrides = option(ran.deployed(), "--parameter-overrides");
    let given = [
        "SweepSchedule=cron(0 6 ? * MON-FRI *)",
        "SweepOverdueHours=168",
        "RoleTag1=a'b=c \"d",
    ];
    assert!(overrides.ends_with(&given), "{overrides:?}");
}

#[tokio::test]
async fn interval_of_sweeps_decides_when_a_sweep_is_overdue() {
    let schedules = [
        ("rate(12 hours)", "24"),
        ("rate(1 hour)", "2"),
        ("rate(45 minutes)", "2"),
        ("rate(3 days)", "144"),
    ];
    for (schedule, overdue) in schedules {
        let ran = deploy(&[&format!("SweepSchedule={schedule}")], &[], &[NO_STACK, NO_OWNER]).await;
        let overrides = option(ran.deployed(), "--parameter-overrides");
        assert!(
            overrides.contains(&format!("SweepOverdueHours={overdue}").as_str()),
            "{overrides:?}"
        );
    }
    let cron = deploy(&["SweepSchedule=cron(0 6 * * ? *)"], &[], &[NO_STACK, NO_OWNER]).await;
    cron.refused(&["SweepSchedule=cron(0 6 * * ? *)", "also set SweepOverdueHours"]);
    let rare = deploy(&["SweepSchedule=rate(7 days)"], &[], &[NO_STACK, NO_OWNER]).await;
    rare.refused(&["SweepSchedule=rate(7 days)", "every 84 hours"]);
}

#[tokio::test]
async fn names_of_roles_that_iam_does_not_allow_are_refused_before_anything_is_uploaded() {
    let prefix = "RoleNamePrefix=bank-network-team-20";
    let longest = |region: &str| format!("bank-network-team-20postern-endpoint-inspector-{region}").len();
    let region = ("AWS_REGION", "ap-southeast-1");
    assert!(longest(region.1) <= 64);
    let ran = deploy(&[prefix], &[region], &[NO_STACK, NO_OWNER]).await;
    ran.deployed();
    let ran = deploy(
        &[prefix],
        &[region, ("STACK", "privatelink-postern")],
        &[NO_STACK, NO_OWNER],
    )
    .await;
    ran.refused(&[
        "`bank-network-team-20privatelink-postern-endpoint-inspector-ap-southeast-1`",
        "IAM allows 64",
    ]);
}

#[tokio::test]
async fn parameter_that_the_template_does_not_have_is_refused() {
    let ran = deploy(&["NotificatonEmail=team@example.com"], &[], &[NO_STACK, NO_OWNER]).await;
    ran.refused(&["no parameter `NotificatonEmail`", "NotificationEmail "]);
    let ran = deploy(&[], &[("PARAMETERS", "team@example.com")], &[NO_STACK, NO_OWNER]).await;
    ran.refused(&["`team@example.com` does not begin with a name and ="]);
}

#[tokio::test]
async fn stack_whose_creation_failed_is_deleted_only_when_asked_for() {
    let failed = [(STATUS, 0, "ROLLBACK_COMPLETE"), NO_OWNER];
    deploy(&[], &[], &failed)
        .await
        .refused(&["`postern` is in ROLLBACK_COMPLETE", "RECREATE=yes"]);
    let ran = deploy(&[], &[("RECREATE", "yes")], &failed).await;
    ran.deployed();
    let [deleted, gone, deployed] = ["delete-stack", "wait", "deploy"].map(|operation| ran.position(operation));
    assert!(
        deleted.is_some() && deleted < gone && gone < deployed,
        "{:?}",
        ran.commands
    );
}

#[tokio::test]
async fn stack_that_cannot_be_updated_now_is_refused_with_what_to_do() {
    for (status, advice) in [
        ("UPDATE_IN_PROGRESS", "another deployment is running"),
        (
            "UPDATE_ROLLBACK_FAILED",
            "aws cloudformation continue-update-rollback --stack-name postern",
        ),
        ("DELETE_FAILED", "make destroy STACK=postern"),
    ] {
        deploy(&[], &[], &[(STATUS, 0, status), OWNER])
            .await
            .refused(&[status, advice]);
    }
}

#[tokio::test]
async fn second_deployment_in_a_region_is_refused_and_names_the_first() {
    let other = "cloudformation describe-stacks --stack-name other";
    let owned = ("ssm get-parameter", 0, "other");
    let ran = deploy(&[], &[], &[NO_STACK, owned, (other, 0, "CREATE_COMPLETE")]).await;
    ran.refused(&[
        "`other` runs Postern in account 111122223333, Region us-east-1 already",
        "STACK=other",
    ]);
    let gone = deploy(
        &[],
        &[],
        &[NO_STACK, owned, (other, 254, "Stack with id other does not exist")],
    )
    .await;
    gone.refused(&[
        "there is no such stack",
        "aws ssm delete-parameter --name /postern/stack",
    ]);
    let hidden = deploy(
        &[],
        &[],
        &[NO_STACK, ("ssm get-parameter", 254, "AccessDeniedException")],
    )
    .await;
    hidden.refused(&["`aws ssm get-parameter` failed", "AccessDeniedException"]);
}

#[tokio::test]
async fn ledger_that_an_earlier_deployment_left_is_used_again() {
    let left = |tables| [NO_STACK, NO_OWNER, ("dynamodb list-tables", 0, tables), TABLE];
    let ran = deploy(&[], &[], &left("postern-Ledger-1")).await;
    assert!(option(ran.deployed(), "--parameter-overrides").contains(&"LedgerTable=postern-Ledger-1"));
    let ran = deploy(&["LedgerTable="], &[], &left("postern-Ledger-1")).await;
    assert!(option(ran.deployed(), "--parameter-overrides").contains(&"LedgerTable="));
    let several = deploy(&[], &[], &left("postern-Ledger-1\tpostern-Ledger-2")).await;
    several.refused(&["postern-Ledger-1 postern-Ledger-2", "LedgerTable=NAME"]);
    let ran = deploy(&[], &[], &[RUNNING, OWNER, LEDGER, TABLE]).await;
    let overrides = option(ran.deployed(), "--parameter-overrides");
    assert!(
        !overrides.iter().any(|given| given.starts_with("LedgerTable")),
        "{overrides:?}"
    );
}

#[tokio::test]
async fn deployment_without_its_ledger_is_refused_and_says_where_its_recovery_is_described() {
    let gone = ("dynamodb describe-table", 254, "ResourceNotFoundException");
    let ran = deploy(&[], &[], &[RUNNING, OWNER, LEDGER, gone]).await;
    ran.refused(&["`postern-Ledger-1`", "does not exist", "docs/recovery.md"]);
    let written = fs::read_to_string(root().join("docs/recovery.md")).unwrap();
    assert!(written.contains("LedgerTable="), "{written}");
}

#[tokio::test]
async fn tags_of_the_stack_stay_unless_others_are_given() {
    let tags = "cloudformation describe-stacks --stack-name postern --output text --query Stacks[0].Tags";
    let answers = [(tags, 0, "owner\tteam one\ncost\t5"), RUNNING, OWNER, LEDGER, TABLE];
    let kept = deploy(&[], &[], &answers).await;
    assert_eq!(option(kept.deployed(), "--tags"), ["owner=team one", "cost=5"]);
    let given = deploy(&[], &[("TAGS", "owner=team two env=prod")], &answers).await;
    assert_eq!(option(given.deployed(), "--tags"), ["owner=team two", "env=prod"]);
}

#[tokio::test]
async fn template_reaches_cloudformation_whatever_its_size() {
    let ran = deploy(&[], &[], &[NO_STACK, NO_OWNER]).await;
    // Above 51,200 bytes it has to come from a bucket.
    assert_eq!(option(ran.deployed(), "--s3-bucket"), ["code"]);
    assert_eq!(option(ran.deployed(), "--capabilities"), ["CAPABILITY_NAMED_IAM"]);
}

#[tokio::test]
async fn destroy_asks_and_says_what_stays() {
    let answers = [
        RUNNING,
        LEDGER,
        (
            "ec2 describe-vpc-endpoints",
            0,
            "vpc-1\tvpce-1\tcom.amazonaws.us-east-1.sts\nvpc-2\tvpce-2\tcom.amazonaws.us-east-1.s3",
        ),
        ("ec2 describe-security-groups", 0, "vpc-1\tsg-1\tpostern-endpoints"),
    ];
    let told = [
        "Stack postern in account 111122223333, Region us-east-1 will be deleted",
        "postern-Ledger-1",
        "vpc-1  vpce-1  com.amazonaws.us-east-1.sts",
        "vpc-1  sg-1  postern-endpoints",
        "postern release --all --region us-east-1 --table postern-Ledger-1\n",
        "type its name",
    ];
    let unanswered = destroy(&[], &answers).await;
    unanswered.refused(&[&told[..], &["nothing is deleted"]].concat());
    destroy(&[("CONFIRM", "other")], &answers)
        .await
        .refused(&["the answer is not `postern`"]);
    let ran = destroy(&[("CONFIRM", "postern")], &answers).await;
    assert!(
        !ran.failed && ran.said.contains("Stack postern is deleted"),
        "{}",
        ran.said
    );
    assert_eq!(ran.said.matches("postern release --all ").count(), 1, "{}", ran.said);
    assert!(
        ran.position("delete-stack") < ran.position("wait"),
        "{:?}",
        ran.commands
    );
}

#[tokio::test]
async fn destroy_of_nothing_is_refused() {
    destroy(&[("CONFIRM", "postern")], &[NO_STACK])
        .await
        .refused(&["there is no stack `postern`"]);
}

#[tokio::test]
async fn make_destroy_asks_too() {
    let directory = root().display().to_string();
    let arguments = [
        "make",
        "-C",
        &directory,
        "-o",
        ".venv/.stamp",
        "destroy",
        "STACK=postern",
    ];
    let ran = run("/usr/bin/env", &arguments, &[], &[RUNNING, LEDGER]).await;
    ran.refused(&["will be deleted", "nothing is deleted"]);
}

/// Against the stand-in for CloudFormation: what one deployment leaves the next one finds, and what `docs/recovery.md`
/// says of a lost ledger works.
#[tokio::test]
async fn redeployment_goes_on_with_the_ledger_that_destroy_left_or_with_one_that_replaces_it() {
    // No function runs in it, so no EC2 is needed.
    let ministack = Ministack::start("http://127.0.0.1:9").await.unwrap();
    let dynamodb = aws_sdk_dynamodb::Client::new(&ministack.sdk().await);
    let scratch = Scratch::new().unwrap();
    let zips = zips(&scratch).display().to_string();
    let cli = tool("aws").unwrap();
    let path = format!("{}:/usr/bin:/bin", cli.parent().unwrap().display());
    let shell = async |script: &str, variables: &[(&'static str, &str)]| {
        let mut environment = environment();
        environment.extend([
            ("PATH", path.clone()),
            ("AWS_CLI", cli.display().to_string()),
            ("AWS_ENDPOINT_URL", ministack.url()),
            ("TEMPLATE", ministack.template().display().to_string()),
            ("ZIPS", zips.clone()),
            ("BUCKET", "code".to_owned()),
        ]);
        environment.extend(variables.iter().map(|(name, value)| (*name, (*value).to_owned())));
        let script = format!("cd '{}' && {script}", root().display());
        Process::start("sh", ["-c", &script], environment)
            .unwrap()
            .finish()
            .await
    };
    shell("infra/deploy.sh", &[]).await.unwrap();
    let ledger = ministack.ledger().await.unwrap();
    let second = shell("infra/deploy.sh", &[("STACK", "second")])
        .await
        .unwrap_err()
        .to_string();
    assert!(second.contains("`postern` runs Postern in account"), "{second}");
    let destroyed = shell("infra/destroy.sh", &[("CONFIRM", "postern")]).await.unwrap();
    assert!(destroyed.contains(&ledger), "{destroyed}");
    let again = shell("infra/deploy.sh", &[]).await.unwrap();
    assert!(again.contains(&format!("ledger  table {ledger}")), "{again}");
    assert_eq!(ministack.ledger().await.unwrap(), ledger, "no other table was created");

    let keys = keys(&dynamodb, &ledger).await;
    dynamodb.delete_table().table_name(&ledger).send().await.unwrap();
    let lost = shell("infra/deploy.sh", &[]).await.unwrap_err().to_string();
    assert!(lost.contains("docs/recovery.md"), "{lost}");
    let written = fs::read_to_string(root().join("docs/recovery.md")).unwrap();
    let (_, chapter) = written.split_once("## There is no backup").unwrap();
    let (_, block) = chapter.split_once("```sh\n").unwrap();
    shell(block.split_once("\n```").unwrap().0, &[]).await.unwrap();
    let replaced = shell("infra/deploy.sh LedgerTable=postern-Ledger-new", &[])
        .await
        .unwrap();
    assert!(replaced.contains("ledger  table postern-Ledger-new"), "{replaced}");
    assert_eq!(keys, self::keys(&dynamodb, "postern-Ledger-new").await);
    ministack.stop().await.unwrap();
}

/// The keys of a table and of its indexes.
async fn keys(dynamodb: &aws_sdk_dynamodb::Client, table: &str) -> String {
    let described = dynamodb.describe_table().table_name(table).send().await.unwrap();
    let table = described.table.unwrap();
    let indexes = table.global_secondary_indexes().iter();
    let indexes: Vec<_> = indexes
        .map(|index| (index.index_name(), index.key_schema(), index.projection()))
        .collect();
    let mut attributes = table.attribute_definitions().to_vec();
    attributes.sort_by(|a, b| a.attribute_name().cmp(b.attribute_name()));
    format!("{attributes:?} {:?} {indexes:?}", table.key_schema())
}

/// Lists a package, and makes it before where that is asked for.
const PACKAGE: &str = r#"
import sys, zipfile
path, step = sys.argv[1:]
if step == "make":
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as package:
        program = zipfile.ZipInfo("bootstrap")
        program.external_attr = 0o100755 << 16
        package.writestr(program, b"a program" * 1000)
        package.writestr("postern.toml", "settings")
with zipfile.ZipFile(path) as package:
    for entry in package.infolist():
        print(entry.filename, oct(entry.external_attr >> 16), package.read(entry)[:20], entry.file_size)
"#;

#[tokio::test]
async fn compressed_package_holds_the_same_files_and_its_program_can_be_run() {
    let scratch = Scratch::new().unwrap();
    let package = scratch.path().join("bootstrap.zip").display().to_string();
    let python = async |arguments: &[&str]| {
        Process::start("python3", arguments, environment())
            .unwrap()
            .finish()
            .await
    };
    let before = python(&["-c", PACKAGE, &package, "make"]).await.unwrap();
    assert!(before.contains("bootstrap 0o100755"), "{before}");
    let size = fs::metadata(&package).unwrap().len();
    let compress = root().join("infra/compress.py").display().to_string();
    python(&[&compress, &package]).await.unwrap();
    assert_eq!(python(&["-c", PACKAGE, &package, "list"]).await.unwrap(), before);
    assert!(fs::metadata(&package).unwrap().len() < size / 10);
}
