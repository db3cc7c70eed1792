//! The template as data: what is deployed is what the registry of functions and the calls of the code say.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use postern_aws::ledger::{LEDGER_CALLS, LIFT_CALL};
use postern_aws::{DEAD_LETTER_CALLS, PUBLISH_CALLS, QUEUE_CALLS, changes as aws_changes, observe};
use postern_core::functions::{FUNCTIONS, Function, SWEEPER};
use postern_core::model::id::EndpointId;
use postern_core::trigger::{DEPENDENCY_VIOLATION, Target};
use serde_json::{Value, json};
use yaml_serde::Value as Yaml;

/// The template with its short forms (`!Ref`, `!GetAtt`, …) written out.
fn template() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../infra/postern.yaml");
    long_form(yaml_serde::from_str(&fs::read_to_string(path).unwrap()).unwrap())
}

fn long_form(yaml: Yaml) -> Value {
    match yaml {
        Yaml::Tagged(tagged) => {
            let name = tagged.tag.to_string().trim_start_matches('!').to_owned();
            let value = long_form(tagged.value);
            match (name.as_str(), &value) {
                ("Ref", _) => json!({"Ref": value}),
                ("GetAtt", Value::String(path)) => json!({"Fn::GetAtt": path.split('.').collect::<Vec<_>>()}),
                _ => json!({ format!("Fn::{name}"): value }),
            }
        }
        Yaml::Sequence(items) => items.into_iter().map(long_form).collect(),
        Yaml::Mapping(members) => members
            .into_iter()
            .map(|(k, v)| (k.as_str().unwrap().to_owned(), long_form(v)))
            .collect(),
        plain => serde_json::to_value(plain).unwrap(),
    }
}

/// `SubnetInspector` of `subnet-inspector`: how the logical ids of a function's resources begin.
fn prefix(function: &Function) -> String {
    let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
    function.name.split('-').map(capital).collect()
}

fn properties<'a>(template: &'a Value, logical_id: &str) -> &'a Value {
    let resource = &template["Resources"][logical_id];
    assert!(resource.is_object(), "the template has no {logical_id}");
    &resource["Properties"]
}

fn texts(value: &Value) -> BTreeSet<String> {
    match value {
        Value::Array(items) => items.iter().map(|item| item.as_str().unwrap().to_owned()).collect(),
        one => BTreeSet::from([one.as_str().unwrap().to_owned()]),
    }
}

/// The rules that a queue's policy admits.
fn admitted(policy: &Value) -> BTreeSet<String> {
    let arns = &policy["PolicyDocument"]["Statement"][0]["Condition"]["ArnEquals"]["aws:SourceArn"];
    let arns = arns.as_array().cloned().unwrap_or_else(|| vec![arns.clone()]);
    let id = |arn: &Value| arn["Fn::GetAtt"][0].as_str().unwrap().to_owned();
    arns.iter().map(id).collect()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// The statements of a function's role: those written into it, and those of the policies attached to it.
fn statements(template: &Value, function: &Function) -> Vec<Value> {
    let role = properties(template, &format!("{}Role", prefix(function)));
    let attached = list(&role["ManagedPolicyArns"])
        .iter()
        .map(|arn| properties(template, arn["Ref"].as_str().expect("only policies of this template")));
    let documents = list(&role["Policies"])
        .iter()
        .chain(attached)
        .map(|policy| &policy["PolicyDocument"]);
    documents
        .flat_map(|document| list(&document["Statement"]).to_vec())
        .collect()
}

/// The logical ids of the rules that start a function.
fn rules_of(function: &Function) -> Vec<String> {
    let mut rules = vec![format!("{}Rule", prefix(function))];
    if !function.failed_events.is_empty() {
        rules.push(format!("{}FailureRule", prefix(function)));
    }
    rules
}

/// Everything that a function can ask of EC2, and what EC2 checks on its behalf.
fn calls(function: &Function) -> BTreeSet<String> {
    // An event may name an endpoint, and what it names may have to be looked for among everything else.
    let named = Target::Endpoint(EndpointId::from("vpce-0"));
    let parts = function.controls.iter().flat_map(|control| control.needs);
    let changes = function.controls.iter().flat_map(|control| control.changes);
    let mut calls: BTreeSet<&str> = observe::VPC_CALLS.iter().copied().collect();
    calls.extend(observe::resolve_calls(&named));
    calls.extend(parts.flat_map(|part| observe::calls(*part)));
    calls.extend(changes.flat_map(|change| aws_changes::calls(*change)));
    calls.into_iter().map(str::to_owned).collect()
}

#[test]
fn every_function_of_the_registry_is_deployed_and_no_other() {
    let template = template();
    let deployed: BTreeSet<_> = template["Resources"]
        .as_object()
        .unwrap()
        .iter()
        .filter(|(_, resource)| resource["Type"] == "AWS::Lambda::Function")
        .map(|(id, _)| id.clone())
        .collect();
    let registered = FUNCTIONS
        .iter()
        .map(|function| format!("{}Function", prefix(function)))
        .collect();
    assert_eq!(deployed, registered);
}

#[test]
fn a_function_is_started_by_the_events_of_the_registry() {
    let template = template();
    for function in FUNCTIONS.iter().filter(|function| !function.events.is_empty()) {
        let rule = properties(&template, &format!("{}Rule", prefix(function)));
        let named = texts(&rule["EventPattern"]["detail"]["eventName"]);
        let registered = function.events.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(named, registered, "{}", function.name);
    }
    let schedule = properties(&template, &format!("{}Rule", prefix(&SWEEPER)));
    assert!(schedule["EventPattern"].is_null() && schedule["ScheduleExpression"].is_object());
}

#[test]
fn a_rule_takes_successful_ec2_calls_that_postern_did_not_make() {
    let template = template();
    let own: Vec<_> = ["SubnetInspector", "EndpointInspector", "PolicyInspector", "Sweeper"]
        .iter()
        .map(|prefix| json!({"Fn::GetAtt": [format!("{prefix}Role"), "Arn"]}))
        .collect();
    assert_eq!(own.len(), FUNCTIONS.len());
    for function in FUNCTIONS.iter().filter(|function| !function.events.is_empty()) {
        let mut pattern = properties(&template, &format!("{}Rule", prefix(function)))["EventPattern"].clone();
        pattern["detail"].as_object_mut().unwrap().remove("eventName");
        let expected = json!({
            "source": ["aws.ec2"],
            "detail-type": ["AWS API Call via CloudTrail"],
            "detail": {
                "eventSource": ["ec2.amazonaws.com"],
                "errorCode": [{"exists": false}],
                "userIdentity": {"sessionContext": {"sessionIssuer": {"arn": [
                    {"exists": false},
                    {"anything-but": own},
                ]}}},
            },
        });
        assert_eq!(pattern, expected, "{}", function.name);
    }
}

#[test]
fn who_cannot_delete_something_because_of_dependencies_starts_a_function_whoever_it_is() {
    let template = template();
    let failing = FUNCTIONS.iter().filter(|function| !function.failed_events.is_empty());
    assert!(failing.clone().next().is_some());
    for function in failing {
        let rule = properties(&template, &format!("{}FailureRule", prefix(function)));
        let expected = json!({
            "source": ["aws.ec2"],
            "detail-type": ["AWS API Call via CloudTrail"],
            "detail": {
                "eventSource": ["ec2.amazonaws.com"],
                "eventName": function.failed_events,
                "errorCode": [DEPENDENCY_VIOLATION],
            },
        });
        assert_eq!(rule["EventPattern"], expected, "{}", function.name);
    }
}

#[test]
fn there_are_no_other_rules_than_those_of_the_registry() {
    let template = template();
    let resources = template["Resources"].as_object().unwrap();
    let rules = resources
        .iter()
        .filter(|(_, resource)| resource["Type"] == "AWS::Events::Rule");
    let rules: BTreeSet<_> = rules.map(|(id, _)| id.clone()).collect();
    assert_eq!(
        rules,
        FUNCTIONS.iter().flat_map(|function| rules_of(function)).collect()
    );
}

#[test]
fn a_role_allows_the_calls_of_its_function_and_nothing_else_in_the_network() {
    let template = template();
    for function in FUNCTIONS {
        let allowed: BTreeSet<_> = statements(&template, function)
            .iter()
            .flat_map(|statement| texts(&statement["Action"]))
            .filter(|action| action.starts_with("ec2:") || action.starts_with("route53:"))
            .collect();
        assert_eq!(allowed, calls(function), "{}", function.name);
    }
}

#[test]
fn besides_the_network_a_role_reaches_its_queue_its_log_the_topics_and_the_ledger() {
    let template = template();
    for function in FUNCTIONS {
        let mut reached: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for statement in statements(&template, function) {
            for action in texts(&statement["Action"]) {
                let resource = statement["Resource"].to_string();
                reached.entry(action).or_default().insert(resource);
            }
        }
        reached.retain(|action, _| !action.starts_with("ec2:") && !action.starts_with("route53:"));
        let of = |id: String| BTreeSet::from([json!({"Fn::GetAtt": [id, "Arn"]}).to_string()]);
        let queue = of(format!("{}Queue", prefix(function)));
        let log = of(format!("{}Logs", prefix(function)));
        let key = of("TopicKey".to_owned());
        let topics = BTreeSet::from([json!([{"Ref": "AlertsTopic"}, {"Ref": "ReportsTopic"}]).to_string()]);
        let mut expected = BTreeMap::from([
            ("kms:Decrypt".to_owned(), key.clone()),
            ("kms:GenerateDataKey*".to_owned(), key),
            ("sqs:ReceiveMessage".to_owned(), queue.clone()),
            ("sqs:DeleteMessage".to_owned(), queue.clone()),
            ("sqs:GetQueueAttributes".to_owned(), queue),
            ("logs:CreateLogStream".to_owned(), log.clone()),
            ("logs:PutLogEvents".to_owned(), log),
        ]);
        let ledger = of("Ledger".to_owned());
        expected.extend(LEDGER_CALLS.iter().map(|call| ((*call).to_owned(), ledger.clone())));
        expected.extend(PUBLISH_CALLS.iter().map(|call| ((*call).to_owned(), topics.clone())));
        assert_eq!(reached, expected, "{}", function.name);
    }
}

#[test]
fn who_runs_the_commands_that_call_aws_may_make_their_calls_and_no_others() {
    let template = template();
    let operator = properties(&template, "OperatorPolicy");
    let statements = list(&operator["PolicyDocument"]["Statement"]);
    let allowed: BTreeSet<_> = statements
        .iter()
        .flat_map(|statement| texts(&statement["Action"]))
        .collect();
    let named = Target::Endpoint(EndpointId::from("vpce-0"));
    let mut calls: BTreeSet<&str> = observe::VPC_CALLS.iter().copied().collect();
    calls.extend(observe::resolve_calls(&named));
    calls.extend(
        SWEEPER
            .controls
            .iter()
            .flat_map(|control| control.needs)
            .flat_map(|part| observe::calls(*part)),
    );
    let changes = SWEEPER.controls.iter().flat_map(|control| control.changes);
    calls.extend(changes.flat_map(|change| aws_changes::undo_calls(*change)));
    calls.extend(LEDGER_CALLS);
    calls.insert(LIFT_CALL);
    calls.extend(DEAD_LETTER_CALLS);
    calls.extend(QUEUE_CALLS);
    assert_eq!(allowed, calls.into_iter().map(str::to_owned).collect());
    for statement in statements.iter().filter(|statement| statement["Resource"] == "*") {
        let region = json!({"StringEquals": {"aws:RequestedRegion": {"Ref": "AWS::Region"}}});
        assert_eq!(statement["Condition"], region, "{statement}");
    }
    for (calls, kind) in [(DEAD_LETTER_CALLS, "DeadLetters"), (QUEUE_CALLS, "Queue")] {
        let calls: BTreeSet<_> = calls.iter().map(|call| (*call).to_owned()).collect();
        let arn = |function: &&Function| json!({"Fn::GetAtt": [format!("{}{kind}", prefix(function)), "Arn"]});
        let of_all: BTreeSet<_> = FUNCTIONS.iter().map(|function| arn(function).to_string()).collect();
        let found = statements.iter().find(|statement| texts(&statement["Action"]) == calls);
        let reached = list(&found.unwrap()["Resource"]).iter().map(Value::to_string);
        assert_eq!(reached.collect::<BTreeSet<_>>(), of_all);
    }
}

#[test]
fn no_statement_about_the_network_reaches_beyond_this_region() {
    let template = template();
    let region = json!({"StringEquals": {"aws:RequestedRegion": {"Ref": "AWS::Region"}}});
    for function in FUNCTIONS {
        for statement in statements(&template, function) {
            let of_ec2 = texts(&statement["Action"])
                .iter()
                .any(|action| action.starts_with("ec2:"));
            let held = match &statement["Resource"] {
                Value::String(all) => all == "*" && statement["Condition"] == region,
                arns => {
                    let arns = arns.to_string();
                    arns.matches("arn:").count() == arns.matches("ec2:${AWS::Region}:").count()
                }
            };
            assert!(!of_ec2 || held, "{}: {statement}", function.name);
        }
    }
}

#[test]
fn a_message_that_a_function_cannot_handle_comes_back_alone_and_ends_in_a_dead_letter_queue() {
    let template = template();
    for function in FUNCTIONS {
        let prefix = prefix(function);
        let of = |kind: &str| properties(&template, &format!("{prefix}{kind}"));
        let arn = |kind: &str| json!({"Fn::GetAtt": [format!("{prefix}{kind}"), "Arn"]});
        let (source, queue, lambda) = (of("Source"), of("Queue"), of("Function"));
        assert_eq!(source["EventSourceArn"], arn("Queue"));
        assert_eq!(source["FunctionResponseTypes"], json!(["ReportBatchItemFailures"]));
        assert!(source["ScalingConfig"]["MaximumConcurrency"].as_u64().unwrap() >= 2);
        assert_eq!(queue["RedrivePolicy"]["deadLetterTargetArn"], arn("DeadLetters"));
        let rules = rules_of(function);
        for rule in &rules {
            let target = &properties(&template, rule)["Targets"][0];
            assert_eq!(target["Arn"], arn("Queue"));
            assert_eq!(target["DeadLetterConfig"]["Arn"], arn("DeadLetters"));
        }
        assert_eq!(admitted(of("QueuePolicy")), rules.into_iter().collect(), "{prefix}");
        // What AWS asks of a queue that feeds a function.
        let window = source["MaximumBatchingWindowInSeconds"].as_u64().unwrap_or_default();
        let least = 6 * lambda["Timeout"].as_u64().unwrap() + window;
        assert!(queue["VisibilityTimeout"].as_u64().unwrap() >= least, "{prefix}");
        assert_eq!(
            of("Alarm")["Dimensions"][0]["Value"]["Fn::GetAtt"][0],
            format!("{prefix}DeadLetters")
        );
        let advice = of("Alarm")["AlarmDescription"]["Fn::Sub"].as_str().unwrap();
        assert!(
            advice.ends_with(&format!("postern redrive ${{{prefix}Queue}}")),
            "{advice}"
        );
    }
}

#[test]
fn the_ledger_is_the_table_of_every_function_and_outlives_the_stack() {
    let template = template();
    let resource = &template["Resources"]["Ledger"];
    for policy in ["DeletionPolicy", "UpdateReplacePolicy"] {
        assert_eq!(resource[policy], "Retain");
    }
    let ledger = &resource["Properties"];
    assert_eq!(ledger["TimeToLiveSpecification"]["AttributeName"], "expires");
    assert_eq!(
        ledger["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"],
        true
    );
    for function in FUNCTIONS {
        let lambda = properties(&template, &format!("{}Function", prefix(function)));
        let table = &lambda["Environment"]["Variables"]["POSTERN_LEDGER_TABLE"];
        assert_eq!(table, &json!({"Ref": "Ledger"}), "{}", function.name);
    }
}

#[test]
fn people_get_alerts_and_alarms_and_programs_get_reports() {
    let template = template();
    let (alerts, reports) = (json!({"Ref": "AlertsTopic"}), json!({"Ref": "ReportsTopic"}));
    assert_eq!(properties(&template, "EmailSubscription")["TopicArn"], alerts);
    assert_eq!(template["Outputs"]["AlertsTopicArn"]["Value"], alerts);
    assert_eq!(template["Outputs"]["TopicArn"]["Value"], reports);
    for topic in ["AlertsTopic", "ReportsTopic"] {
        let key = &properties(&template, topic)["KmsMasterKeyId"];
        assert_eq!(key, &json!({"Ref": "TopicKey"}), "{topic}");
    }
    for function in FUNCTIONS {
        let of = |kind: &str| properties(&template, &format!("{}{kind}", prefix(function)));
        let variables = &of("Function")["Environment"]["Variables"];
        assert_eq!(variables["POSTERN_ALERT_TOPIC_ARN"], alerts, "{}", function.name);
        assert_eq!(variables["POSTERN_TOPIC_ARN"], reports, "{}", function.name);
        assert_eq!(of("Alarm")["AlarmActions"], json!([alerts]), "{}", function.name);
    }
}

#[test]
fn the_queries_search_the_logs_of_every_function() {
    let template = template();
    let logs: Vec<_> = FUNCTIONS
        .iter()
        .map(|f| json!({"Ref": format!("{}Logs", prefix(f))}))
        .collect();
    let resources = template["Resources"].as_object().unwrap().values();
    let queries: Vec<_> = resources
        .filter(|resource| resource["Type"] == "AWS::Logs::QueryDefinition")
        .collect();
    assert_eq!(queries.len(), 3);
    for query in queries {
        let searched: BTreeSet<_> = list(&query["Properties"]["LogGroupNames"])
            .iter()
            .map(Value::to_string)
            .collect();
        assert_eq!(searched, logs.iter().map(Value::to_string).collect());
    }
}
