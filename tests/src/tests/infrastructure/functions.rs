//! Each function of the registry with its rules, its queue and the ledger.

use std::collections::BTreeSet;

use postern_core::functions::{FUNCTIONS, Function, SWEEPER};
use postern_core::trigger::{DEPENDENCY_VIOLATION, TAG_CALLS};
use serde_json::{Value, json};

use super::resolve::{ACCOUNT, REGION, Stack};
use super::template::{list, prefix, properties, resources, template, texts};

/// The rules that a queue's policy admits.
fn admitted(policy: &Value) -> BTreeSet<String> {
    let statements = list(&policy["PolicyDocument"]["Statement"]).iter();
    let mut of_rules = statements.filter(|statement| statement["Principal"]["Service"] == "events.amazonaws.com");
    let arns = &of_rules.next().unwrap()["Condition"]["ArnEquals"]["aws:SourceArn"];
    let arns = arns.as_array().cloned().unwrap_or_else(|| vec![arns.clone()]);
    let id = |arn: &Value| arn["Fn::GetAtt"][0].as_str().unwrap().to_owned();
    arns.iter().map(id).collect()
}

/// The logical ids of the rules that start a function.
fn rules_of(function: &Function) -> Vec<String> {
    let mut rules = vec![format!("{}Rule", prefix(function))];
    if !function.failed_events.is_empty() {
        rules.push(format!("{}FailureRule", prefix(function)));
    }
    if !function.tagged.is_empty() {
        rules.push(format!("{}TagRule", prefix(function)));
    }
    if !function.load_balancer_events.is_empty() {
        rules.push(format!("{}LoadBalancerRule", prefix(function)));
    }
    rules
}

#[test]
fn every_function_of_the_registry_is_deployed_and_no_other() {
    let template = template();
    let registered = FUNCTIONS
        .iter()
        .map(|function| format!("{}Function", prefix(function)))
        .collect();
    assert_eq!(resources(&template, "AWS::Lambda::Function"), registered);
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
    let own: Vec<_> = [
        "SubnetInspector",
        "EndpointInspector",
        "PolicyInspector",
        "ServiceInspector",
        "Sweeper",
    ]
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

/// [Quotas](https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html)
const LONGEST_PATTERN: usize = 2_048;
/// [Quotas](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html)
const LONGEST_ROLE_NAME: usize = 64;

#[test]
fn patterns_fit_into_a_rule_with_the_longest_names_of_roles() {
    let template = template();
    let path = template["Parameters"]["RolePath"]["MaxLength"].as_u64().unwrap() as usize;
    let role = format!(
        "arn:aws-us-gov:iam::{ACCOUNT}:role{}",
        "x".repeat(path + LONGEST_ROLE_NAME)
    );
    let mut measured = 0;
    for rule in resources(&template, "AWS::Events::Rule") {
        let pattern = &properties(&template, &rule)["EventPattern"];
        let mut text = pattern.to_string();
        for function in FUNCTIONS {
            let own = json!({"Fn::GetAtt": [format!("{}Role", prefix(function)), "Arn"]});
            text = text.replace(&own.to_string(), &format!("\"{role}\""));
        }
        assert!(text.len() <= LONGEST_PATTERN, "{rule}: {} characters", text.len());
        measured += usize::from(text.contains(&role));
    }
    assert_eq!(measured, 7);
}

#[test]
fn own_roles_are_the_same_for_every_function() {
    let template = template();
    let own: BTreeSet<_> = FUNCTIONS
        .iter()
        .map(|function| format!("{}Role", prefix(function)))
        .collect();
    for function in FUNCTIONS {
        let variables = &properties(&template, &format!("{}Function", prefix(function)))["Environment"]["Variables"];
        let joined = list(&variables["POSTERN_OWN_ROLES"]["Fn::Join"][1]).iter();
        let named: BTreeSet<_> = joined
            .map(|role| role["Fn::GetAtt"][0].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(named, own, "{}", function.name);
    }
}

#[test]
fn tags_start_a_function_only_on_resources_that_its_controls_are_about() {
    let template = template();
    let tagged = FUNCTIONS.iter().filter(|function| !function.tagged.is_empty());
    assert_eq!(tagged.clone().count(), 3);
    for function in tagged {
        let events = properties(&template, &format!("{}Rule", prefix(function)))["EventPattern"].clone();
        let mut expected = events;
        expected["detail"]["eventName"] = json!(TAG_CALLS);
        let prefixes = function.tagged.iter().copied().flatten();
        let prefixes: Vec<_> = prefixes.map(|prefix| json!({"prefix": prefix})).collect();
        expected["detail"]["requestParameters"] = json!({"resourcesSet": {"items": {"resourceId": prefixes}}});
        let rule = properties(&template, &format!("{}TagRule", prefix(function)));
        assert_eq!(rule["EventPattern"], expected, "{}", function.name);
    }
}

#[test]
fn load_balancers_that_endpoint_services_may_use_start_a_function() {
    let stack = Stack::new(&[]);
    let watching = FUNCTIONS
        .iter()
        .filter(|function| !function.load_balancer_events.is_empty());
    assert_eq!(watching.clone().count(), 1);
    for function in watching {
        let rule = stack
            .properties(&format!("{}LoadBalancerRule", prefix(function)))
            .unwrap();
        let of_kind = |kind: &str| {
            let arn = format!("arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:loadbalancer/{kind}/");
            json!({"prefix": arn})
        };
        let expected = json!({
            "source": ["aws.elasticloadbalancing"],
            "detail-type": ["AWS API Call via CloudTrail"],
            "detail": {
                "eventSource": ["elasticloadbalancing.amazonaws.com"],
                "eventName": function.load_balancer_events,
                "errorCode": [{"exists": false}],
                "requestParameters": {"loadBalancerArn": [of_kind("net"), of_kind("gwy")]},
            },
        });
        assert_eq!(rule["EventPattern"], expected, "{}", function.name);
    }
}

#[test]
fn connection_notifications_go_to_the_queue_of_the_service_inspector_and_from_nobody_but_aws_privatelink() {
    let stack = Stack::new(&[]);
    let topic = stack.arn("ConnectionsTopic");
    let subscription = stack.properties("ConnectionsSubscription").unwrap();
    assert_eq!(
        (&subscription["TopicArn"], &subscription["Protocol"]),
        (&json!(topic), &json!("sqs"))
    );
    assert_eq!(subscription["Endpoint"], stack.arn("ServiceInspectorQueue"));
    let lost = &subscription["RedrivePolicy"]["deadLetterTargetArn"];
    assert_eq!(*lost, stack.arn("ServiceInspectorDeadLetters"));
    let policy = stack.properties("ConnectionsTopicPolicy").unwrap();
    assert_eq!(policy["Topics"], json!([topic]));
    let publish = json!([{
        "Effect": "Allow",
        "Principal": {"Service": "vpce.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": topic,
    }]);
    assert_eq!(policy["PolicyDocument"]["Statement"], publish);
    let queues = stack.properties("ServiceInspectorQueuePolicy").unwrap();
    let statements = list(&queues["PolicyDocument"]["Statement"]);
    let of_topic = statements
        .iter()
        .find(|statement| statement["Principal"]["Service"] == "sns.amazonaws.com");
    let condition = json!({"ArnEquals": {"aws:SourceArn": topic}});
    assert_eq!(of_topic.unwrap()["Condition"], condition);
    assert_eq!(statements.len(), 2);
    // AWS PrivateLink has no permission for a key of ours.
    let properties = stack.properties("ConnectionsTopic").unwrap();
    assert!(properties["KmsMasterKeyId"].is_null(), "{properties}");
}

#[test]
fn failed_deletion_because_of_dependencies_starts_a_function_for_every_caller() {
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
fn there_are_no_other_rules_than_those_of_the_registry_and_the_self_check() {
    let template = template();
    let rules = resources(&template, "AWS::Events::Rule");
    let registered = FUNCTIONS.iter().flat_map(|function| rules_of(function));
    assert_eq!(rules, registered.chain(["CheckRule".to_owned()]).collect());
}

#[test]
fn self_check_runs_every_two_minutes_and_is_not_repeated() {
    let template = template();
    let rule = properties(&template, "CheckRule");
    assert_eq!(rule["ScheduleExpression"], "rate(2 minutes)");
    let target = &rule["Targets"][0];
    let payload: Value = serde_json::from_str(target["Input"].as_str().unwrap()).unwrap();
    assert_eq!(payload, json!({"postern": "self-check"}));
    assert_eq!(target["RetryPolicy"]["MaximumRetryAttempts"], 0);
    let invoked = properties(&template, "CheckInvocations");
    let permission = properties(&template, "CheckPermission");
    assert_eq!(invoked["MaximumRetryAttempts"], 0);
    assert_eq!(permission["SourceArn"], json!({"Fn::GetAtt": ["CheckRule", "Arn"]}));
    for part in [&invoked, &permission] {
        let function = part["FunctionName"]["Ref"].as_str().unwrap();
        assert_eq!(target["Arn"], json!({"Fn::GetAtt": [function, "Arn"]}));
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
    }
}

#[test]
fn ledger_is_the_table_of_every_function_and_outlives_a_stack_that_once_stood() {
    let template = template();
    let resource = &template["Resources"]["Ledger"];
    // A stack whose creation fails leaves no table behind.
    assert_eq!(resource["DeletionPolicy"], "RetainExceptOnCreate");
    assert_eq!(resource["UpdateReplacePolicy"], "Retain");
    let ledger = &resource["Properties"];
    assert_eq!(ledger["TimeToLiveSpecification"]["AttributeName"], "expires");
    assert_eq!(
        ledger["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"],
        true
    );
    for function in FUNCTIONS {
        assert_eq!(table_of(&Stack::new(&[]), function), "Ledger", "{}", function.name);
    }
}

#[test]
fn ledger_of_an_earlier_deployment_takes_the_place_of_a_new_one() {
    let stack = Stack::new(&[("LedgerTable", "postern-Ledger-1")]);
    assert_eq!(stack.properties("Ledger"), None);
    for function in FUNCTIONS {
        assert_eq!(table_of(&stack, function), "postern-Ledger-1", "{}", function.name);
    }
    for policy in ["LedgerPolicy", "OperatorPolicy"] {
        let statements = &stack.properties(policy).unwrap()["PolicyDocument"]["Statement"];
        let arn = format!("arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/postern-Ledger-1");
        let of_table = list(statements)
            .iter()
            .map(|statement| statement["Resource"].to_string());
        let of_table: Vec<_> = of_table.filter(|resource| resource.contains(":table/")).collect();
        assert!(
            !of_table.is_empty() && of_table.iter().all(|resource| resource.contains(&arn)),
            "{of_table:?}"
        );
    }
}

fn table_of(stack: &Stack, function: &Function) -> Value {
    let lambda = stack.properties(&format!("{}Function", prefix(function))).unwrap();
    lambda["Environment"]["Variables"]["POSTERN_LEDGER_TABLE"].clone()
}

#[test]
fn no_function_receives_events_before_its_stack_owns_the_region() {
    let template = template();
    let owner = properties(&template, "RegionOwner");
    assert_eq!(template["Resources"]["RegionOwner"]["Type"], "AWS::SSM::Parameter");
    assert_eq!(
        (&owner["Name"], &owner["Value"]),
        (&json!("/postern/stack"), &json!({"Ref": "AWS::StackName"}))
    );
    for function in FUNCTIONS {
        let source = &template["Resources"][format!("{}Source", prefix(function))];
        assert_eq!(source["DependsOn"], "RegionOwner", "{}", function.name);
    }
}

#[test]
fn people_get_alerts_and_programs_get_reports() {
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
        let lambda = properties(&template, &format!("{}Function", prefix(function)));
        let variables = &lambda["Environment"]["Variables"];
        assert_eq!(variables["POSTERN_ALERT_TOPIC_ARN"], alerts, "{}", function.name);
        assert_eq!(variables["POSTERN_TOPIC_ARN"], reports, "{}", function.name);
    }
}

#[test]
fn queries_search_the_logs_of_every_function() {
    let template = template();
    let logs: Vec<_> = FUNCTIONS
        .iter()
        .map(|function| json!({"Ref": format!("{}Logs", prefix(function))}))
        .collect();
    let queries = resources(&template, "AWS::Logs::QueryDefinition");
    assert_eq!(queries.len(), 3);
    for query in queries {
        let searched: BTreeSet<_> = list(&properties(&template, &query)["LogGroupNames"])
            .iter()
            .map(Value::to_string)
            .collect();
        assert_eq!(searched, logs.iter().map(Value::to_string).collect());
    }
}
