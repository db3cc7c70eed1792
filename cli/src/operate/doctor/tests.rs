use std::collections::BTreeSet;

use postern_aws::{CallMetrics, Caller, DeployedStack, Simulated, Trail};
use postern_core::controls::known;
use postern_core::model::snapshot::Vpc;
use postern_core::settings::Organization;
use serde_json::json;

use super::checks::{dead_letters_line, function_lines, perimeter, price, rule_line, stack_line, topic_line, trails};
use super::quotas::{concurrency_line, quota_line};
use super::roles::refused;
use super::selections::{providers, requirements};
use super::*;
use crate::arguments::AwsArguments;

const VERSION: &str = env!("CARGO_PKG_VERSION");

fn settings(text: &str) -> Settings {
    Settings::parse(text, &known()).unwrap()
}

fn caller() -> Caller {
    Caller {
        account: "111122223333".into(),
        arn: "arn:aws:sts::111122223333:assumed-role/ops/ada".to_owned(),
    }
}

fn trail(logging: bool, records_writes: bool) -> Trail {
    Trail {
        arn: "arn:aws:cloudtrail:eu-central-1:111122223333:trail/main".to_owned(),
        logging,
        records_writes,
    }
}

/// Level and command.
fn summary(line: &Line) -> (Level, Option<&str>) {
    (line.level, line.command.as_deref())
}

#[test]
fn stopped_trail_is_a_problem_with_the_command_that_starts_it() {
    let [line] = trails(&Ok(vec![trail(false, true)])).try_into().unwrap();
    let command = "aws cloudtrail start-logging --name arn:aws:cloudtrail:eu-central-1:111122223333:trail/main";
    assert_eq!(summary(&line), (Level::Problem, Some(command)));
    let levels = |found: Vec<Trail>| trails(&Ok(found))[0].level;
    assert_eq!(levels(vec![]), Level::Problem);
    assert_eq!(levels(vec![trail(true, false)]), Level::Problem);
    assert_eq!(levels(vec![trail(true, false), trail(true, true)]), Level::Ok);
    assert_eq!(trails(&Err("denied".to_owned()))[0].level, Level::Warning);
}

#[test]
fn disabled_rule_is_a_problem_and_an_enabled_one_is_not_mentioned() {
    let line = rule_line("postern-rule", Ok(false)).unwrap();
    assert_eq!(
        summary(&line),
        (Level::Problem, Some("aws events enable-rule --name postern-rule"))
    );
    assert_eq!(rule_line("postern-rule", Ok(true)), None);
}

#[test]
fn topic_that_nobody_hears_is_a_problem() {
    let line = topic_line("arn:topic", "alerts", Ok(0));
    assert_eq!(line.level, Level::Problem);
    assert!(
        line.command
            .unwrap()
            .starts_with("aws sns subscribe --topic-arn arn:topic ")
    );
    assert_eq!(topic_line("arn:topic", "alerts", Ok(2)).level, Level::Ok);
}

#[test]
fn versions_of_program_template_and_functions_should_be_equal() {
    let stack = |status: &str, version: &str| {
        let outputs = [("Version".to_owned(), version.to_owned())].into();
        let stack = DeployedStack {
            name: "postern".to_owned(),
            status: status.to_owned(),
            outputs,
            ..DeployedStack::default()
        };
        stack_line(&Ok(Some(stack))).level
    };
    assert_eq!(stack("UPDATE_COMPLETE", VERSION), Level::Ok);
    assert_eq!(stack("UPDATE_COMPLETE", "0.0.1"), Level::Warning);
    assert_eq!(stack("UPDATE_ROLLBACK_COMPLETE", VERSION), Level::Problem);
    assert_eq!(stack_line(&Ok(None)).level, Level::Problem);

    let own = settings("");
    let answer = |version: &str, used: &str| Ok(json!({"version": version, "settings": used, "alerts": null}));
    let lines = function_lines("postern-sweeper", &answer(VERSION, &own.version), Some(&own));
    assert_eq!(lines.iter().map(|line| line.level).collect::<Vec<_>>(), [Level::Ok]);
    let lines = function_lines("postern-sweeper", &answer("0.0.1", "9f86d081884c"), Some(&own));
    assert_eq!(
        lines.iter().map(|line| line.level).collect::<Vec<_>>(),
        [Level::Warning, Level::Warning],
        "{lines:#?}"
    );
}

#[test]
fn function_that_fails_or_is_not_heard_is_a_problem() {
    let failed = function_lines("postern-sweeper", &Err("settings are invalid".to_owned()), None);
    let command = "aws logs tail /aws/lambda/postern-sweeper --since 1h";
    assert_eq!(summary(&failed[0]), (Level::Problem, Some(command)));
    let answer = json!({"version": VERSION, "settings": "e3b0c44298fc", "alerts": "the topic has no subscription"});
    let lines = function_lines("postern-sweeper", &Ok(answer), None);
    assert_eq!(lines[0].level, Level::Problem);
    assert!(lines[0].what.contains("the topic has no subscription"), "{lines:#?}");
}

#[test]
fn perimeter_is_a_problem_where_the_functions_would_change_nothing_because_of_it() {
    let level = |text: &str, organization: Result<Organization, String>| {
        let settings = settings(&format!("[perimeter]\n{text}"));
        perimeter(Some(&settings), &caller().account, &organization)
            .unwrap()
            .level
    };
    let own = || Ok(Organization::Member("o-exampleorg1".to_owned()));
    let unknown = || Ok(Organization::Unknown("denied".to_owned()));
    assert_eq!(level("accounts = ['111122223333']", unknown()), Level::Ok);
    assert_eq!(level("organizations = ['o-exampleorg1']", own()), Level::Ok);
    let mistyped = "organizations = ['o-example0rg1']";
    assert_eq!(level(mistyped, own()), Level::Problem);
    let with_account = format!("{mistyped}\naccounts = ['111122223333']");
    assert_eq!(level(&with_account, own()), Level::Problem);
    assert_eq!(
        level("accounts = ['444455556666']", Ok(Organization::None)),
        Level::Problem
    );
    let unit = "organization_paths = ['o-exampleorg1/r-ab12/ou-ab12-11111111/']";
    assert_eq!(level(unit, own()), Level::Problem);
    assert_eq!(level("organizations = ['o-exampleorg1']", unknown()), Level::Problem);
    let unread = Err("throttled".to_owned());
    assert_eq!(level("organizations = ['o-exampleorg1']", unread), Level::Warning);
    assert_eq!(perimeter(None, &caller().account, &own()), None);
}

#[test]
fn price_that_is_unknown_or_old_is_a_warning() {
    let today = jiff::civil::date(2026, 11, 29);
    let line = |text: &str, region: &str| price(Some(&settings(text)), &region.into(), today).unwrap();
    let unknown = line("", "eu-central-1");
    assert_eq!(summary(&unknown), (Level::Warning, Some("postern prices --write")));
    assert_eq!(line("", "us-east-1").level, Level::Ok);
    let dated = |day: &str| format!("prices.as_of = {day}\nprices.regions.eu-central-1 = 0.012\n");
    assert_eq!(line(&dated("2026-11-01"), "eu-central-1").level, Level::Ok);
    assert_eq!(line(&dated("2025-11-28"), "eu-central-1").level, Level::Warning);
}

#[test]
fn denial_names_who_denies() {
    let simulated = |decision: &str, organization: bool, boundary: bool| {
        [Simulated {
            action: "ec2:CreateVpcEndpoint".to_owned(),
            decision: decision.to_owned(),
            allowed_by_organization: organization,
            allowed_by_boundary: boundary,
        }]
    };
    let told = |simulated: &[Simulated], everywhere: bool| {
        let lines = refused("postern-role", simulated, everywhere);
        let lines = lines.into_iter().map(|line| line.what);
        lines.collect::<Vec<_>>().join("\n")
    };
    assert_eq!(
        told(&simulated("explicitDeny", false, true), false),
        "role postern-role is denied ec2:CreateVpcEndpoint by a service control policy"
    );
    assert!(told(&simulated("implicitDeny", true, false), false).ends_with("by its permissions boundary"));
    assert!(told(&simulated("explicitDeny", true, true), false).ends_with("by an explicit denial"));
    assert!(told(&simulated("implicitDeny", true, true), true).contains("nothing allows it"));
    assert_eq!(told(&simulated("implicitDeny", true, true), false), "");
    assert_eq!(told(&simulated("allowed", true, true), true), "");
}

#[test]
fn quota_that_is_nearly_used_up_is_a_warning() {
    let level = |used, quota| quota_line("endpoints", used, quota, "vpc", "L-29B6F2EB").level;
    assert_eq!(level(10, Ok(50.0)), Level::Ok);
    assert_eq!(level(40, Ok(50.0)), Level::Warning);
    assert_eq!(level(10, Err("denied".to_owned())), Level::Warning);
    assert_eq!(concurrency_line(Ok(9)).level, Level::Warning);
    assert_eq!(concurrency_line(Ok(10)).level, Level::Ok);
}

#[test]
fn calls_near_the_request_rate_and_refused_calls_are_warnings() {
    let lines = |most: u64, refused: Option<u64>| {
        let metrics = CallMetrics {
            busiest_minute: [("ec2:ModifyVpcEndpoint", most)].into(),
            refused,
        };
        throttling::lines(&Ok(metrics))
    };
    let levels = |lines: Vec<Line>| -> Vec<_> { lines.into_iter().map(|line| line.level).collect() };
    // Creations, deletions, modifications, refusals.
    assert_eq!(levels(lines(14, Some(0))), [Level::Ok; 4]);
    assert_eq!(levels(lines(0, None)), [Level::Ok; 4]);
    let busy = lines(15, Some(3));
    assert_eq!(
        levels(busy.clone()),
        [Level::Ok, Level::Ok, Level::Warning, Level::Warning]
    );
    assert_eq!(
        busy[2].what,
        "ec2:ModifyVpcEndpoint: at most 15 in a minute of the last day; EC2 admits 18, and Postern makes at most 12"
    );
    assert!(
        busy[2]
            .command
            .as_ref()
            .unwrap()
            .ends_with("AttributeValue=ModifyVpcEndpoint")
    );
    assert!(busy[3].what.contains("refused 3 calls"), "{busy:#?}");
    assert_eq!(
        throttling::lines(&Err("denied".to_owned()))
            .iter()
            .map(|line| line.level)
            .collect::<Vec<_>>(),
        [Level::Warning]
    );
}

#[test]
fn dead_letters_are_a_problem_with_the_command_that_redrives_them() {
    let line = dead_letters_line("SweeperQueue", "https://queue", Ok(2));
    assert_eq!(summary(&line), (Level::Problem, Some("postern redrive https://queue")));
    assert_eq!(
        dead_letters_line("SweeperQueue", "https://queue", Ok(0)).level,
        Level::Ok
    );
}

#[test]
fn line_is_printed_with_its_command_or_as_json() {
    let line = Line::problem("rule is disabled").run("aws events enable-rule --name rule");
    let printed = |format, region: Option<&str>| {
        let mut out = Vec::new();
        let region = region.map(str::to_owned);
        let arguments = Doctor {
            stack: None,
            settings: None,
            format,
            aws: AwsArguments { region },
        };
        print(&line, &arguments, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    };
    assert_eq!(
        printed(Format::Text, None),
        "problem  rule is disabled\n         Run: aws events enable-rule --name rule\n"
    );
    let elsewhere = printed(Format::Text, Some("eu-west-1"));
    assert!(elsewhere.ends_with("         Run with AWS_REGION=eu-west-1: aws events enable-rule --name rule\n"));
    let json: serde_json::Value = serde_json::from_str(&printed(Format::Json, None)).unwrap();
    assert_eq!(json["level"], "problem");
    assert_eq!(json["command"], "aws events enable-rule --name rule");
}

#[test]
fn blocks_that_select_nothing_in_the_region_are_warnings() {
    let settings = settings(
        "[perimeter]\naccounts = ['111122223333']\n\n[[requirements]]\nservices = ['sts']\n\n[[requirements]]\nservices = \
         ['kms']\nvpcs = { tags = { env = 'prd' } }\n\n[[providers]]\nservices = { ids = ['vpce-svc-0123456789abcdef0'] }\n\
         accounts = ['222233334444']\n",
    );
    let region = "eu-central-1".into();
    let vpc = |tags: &[(&str, &str)]| Vpc {
        id: "vpc-1".into(),
        owner: "111122223333".into(),
        cidrs: BTreeSet::new(),
        tags: tags
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect(),
    };
    let [line] = requirements(&settings, &region, &Ok(vec![vpc(&[("env", "prod")])]))
        .try_into()
        .unwrap();
    assert_eq!(line.level, Level::Warning);
    assert_eq!(
        line.what,
        "`[[requirements]]` number 2 (kms) selects no VPC in eu-central-1"
    );
    assert_eq!(requirements(&settings, &region, &Ok(vec![vpc(&[("env", "prd")])])), []);
    // A Region that is not in use.
    assert_eq!(requirements(&settings, &region, &Ok(Vec::new())), []);
    let [line] = providers(&settings, &region, &Ok(Vec::new())).try_into().unwrap();
    assert_eq!(
        line.what,
        "`[[providers]]` number 1 selects no endpoint service in eu-central-1"
    );
    assert_eq!(
        requirements(&settings, &region, &Err("denied".to_owned()))[0].level,
        Level::Warning
    );
    assert_eq!(
        providers(&settings, &region, &Err("denied".to_owned()))[0].level,
        Level::Warning
    );
}
