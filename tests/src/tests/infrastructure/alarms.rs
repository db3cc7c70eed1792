//! Whoever runs Postern hears at once that it does not work.

use postern_core::functions::{FUNCTIONS, SWEEPER};
use serde_json::{Value, json};

use super::resolve::Stack;
use super::template::{prefix, resources, template};

fn alarm(stack: &Stack, id: &str) -> Value {
    stack.properties(id).unwrap()
}

/// How long an alarm looks back, in seconds: until then it has noticed.
fn seconds(alarm: &Value) -> u64 {
    alarm["Period"].as_u64().unwrap() * alarm["EvaluationPeriods"].as_u64().unwrap()
}

fn watches(alarm: &Value, namespace: &str, metric: &str, dimension: &str, value: &str) -> bool {
    alarm["Namespace"] == namespace
        && alarm["MetricName"] == metric
        && alarm["Dimensions"] == json!([{"Name": dimension, "Value": value}])
}

/// Any value above zero.
fn any(alarm: &Value) -> bool {
    alarm["Threshold"] == 0
        && alarm["ComparisonOperator"] == "GreaterThanThreshold"
        && alarm["TreatMissingData"] == "notBreaching"
}

#[test]
fn alarms_arrive_on_a_topic_that_needs_no_key() {
    let stack = Stack::new(&[]);
    let topic = stack.properties("OperationsTopic").unwrap();
    assert!(topic["KmsMasterKeyId"].is_null(), "{topic}");
    for id in resources(&template(), "AWS::CloudWatch::Alarm") {
        let alarm = alarm(&stack, &id);
        assert_eq!(alarm["AlarmActions"], json!([stack.arn("OperationsTopic")]), "{id}");
    }
}

#[test]
fn alarms_say_what_happened_and_name_a_command() {
    let stack = Stack::new(&[]);
    for id in resources(&template(), "AWS::CloudWatch::Alarm") {
        let alarm = alarm(&stack, &id);
        let description = alarm["AlarmDescription"].as_str().unwrap();
        let (said, command) = description
            .rsplit_once("run: ")
            .unwrap_or_else(|| panic!("{id}: {description}"));
        assert!(said.contains("postern"), "{id}: {description}");
        assert!(
            command.starts_with("aws ") || command.starts_with("postern "),
            "{id}: {description}"
        );
        assert!(description.len() <= 1024, "{id}: CloudWatch takes no more");
    }
}

#[test]
fn function_that_fails_as_with_refused_settings_is_an_alarm_within_five_minutes() {
    let stack = Stack::new(&[]);
    for function in FUNCTIONS {
        let prefix = prefix(function);
        let errors = alarm(&stack, &format!("{prefix}ErrorsAlarm"));
        assert!(watches(
            &errors,
            "AWS/Lambda",
            "Errors",
            "FunctionName",
            &format!("{prefix}Function")
        ));
        // After a failure the message is away for the queue's visibility timeout: one failure has to be enough.
        assert!(
            any(&errors) && errors["Statistic"] == "Sum" && seconds(&errors) <= 300,
            "{errors:#}"
        );
    }
}

#[test]
fn throttled_function_is_an_alarm() {
    let stack = Stack::new(&[]);
    for function in FUNCTIONS {
        let prefix = prefix(function);
        let throttles = alarm(&stack, &format!("{prefix}ThrottlesAlarm"));
        assert!(watches(
            &throttles,
            "AWS/Lambda",
            "Throttles",
            "FunctionName",
            &format!("{prefix}Function")
        ));
        assert!(any(&throttles) && seconds(&throttles) <= 900, "{throttles:#}");
    }
}

#[test]
fn event_that_waits_longer_than_one_retry_is_an_alarm() {
    let stack = Stack::new(&[]);
    for function in FUNCTIONS {
        let prefix = prefix(function);
        let delay = alarm(&stack, &format!("{prefix}DelayAlarm"));
        let queue = format!("{prefix}Queue");
        assert!(watches(
            &delay,
            "AWS/SQS",
            "ApproximateAgeOfOldestMessage",
            "QueueName",
            &queue
        ));
        let retry = stack.properties(&queue).unwrap()["VisibilityTimeout"].as_u64().unwrap();
        let threshold = delay["Threshold"].as_u64().unwrap();
        assert!(retry < threshold && threshold < 2 * retry, "{delay:#}");
        assert_eq!((&delay["Statistic"], seconds(&delay)), (&json!("Maximum"), 60));
    }
}

#[test]
fn dead_letter_is_an_alarm_that_says_how_to_redrive_it() {
    let stack = Stack::new(&[]);
    for function in FUNCTIONS {
        let prefix = prefix(function);
        let dead = alarm(&stack, &format!("{prefix}DeadLettersAlarm"));
        let queue = format!("{prefix}DeadLetters");
        assert!(watches(
            &dead,
            "AWS/SQS",
            "ApproximateNumberOfMessagesVisible",
            "QueueName",
            &queue
        ));
        assert!(any(&dead) && seconds(&dead) <= 300, "{dead:#}");
        let advice = dead["AlarmDescription"].as_str().unwrap();
        assert!(advice.ends_with(&format!("postern redrive {prefix}Queue")), "{advice}");
    }
}

#[test]
fn no_sweep_for_twice_its_interval_is_an_alarm() {
    let stack = Stack::new(&[]);
    let overdue = alarm(&stack, "SweepOverdueAlarm");
    let sweeper = format!("{}Function", prefix(&SWEEPER));
    assert!(watches(&overdue, "AWS/Lambda", "Invocations", "FunctionName", &sweeper));
    let schedule = &stack.properties(&format!("{}Rule", prefix(&SWEEPER))).unwrap()["ScheduleExpression"];
    assert_eq!((schedule, seconds(&overdue)), (&json!("rate(6 hours)"), 2 * 6 * 3600));
    assert_eq!(overdue["ComparisonOperator"], "LessThanThreshold");
    assert_eq!(
        (&overdue["Threshold"], &overdue["Statistic"]),
        (&json!(1), &json!("Sum"))
    );
    // CloudWatch has no data of a function that does not run.
    assert_eq!(overdue["TreatMissingData"], "breaching");
}

#[test]
fn alerts_without_a_subscriber_are_an_alarm_within_five_minutes() {
    let stack = Stack::new(&[]);
    let unheard = alarm(&stack, "UnheardAlertsAlarm");
    assert!(watches(
        &unheard,
        "Postern",
        "AlertsUnheard",
        "Function",
        "policy-inspector"
    ));
    assert_eq!((&unheard["Threshold"], seconds(&unheard)), (&json!(0), 300));
    assert_eq!(unheard["Statistic"], "Maximum");
    // A check that does not run is as bad as one that fails.
    assert_eq!(unheard["TreatMissingData"], "breaching");
}

#[test]
fn changes_without_events_are_an_alarm_that_lasts_until_the_next_sweep() {
    let stack = Stack::new(&[]);
    let missing = alarm(&stack, "EventsMissingAlarm");
    assert!(watches(&missing, "Postern", "EventsMissing", "Function", "sweeper"));
    assert_eq!(
        (&missing["Threshold"], &missing["Statistic"]),
        (&json!(0), &json!("Maximum"))
    );
    assert_eq!(missing["TreatMissingData"], "ignore");
}

#[test]
fn report_that_cannot_be_delivered_is_an_alarm_on_another_topic() {
    let stack = Stack::new(&[]);
    let alarms = resources(&template(), "AWS::CloudWatch::Alarm");
    let alarms: Vec<_> = alarms.iter().map(|id| alarm(&stack, id)).collect();
    let topics = resources(&template(), "AWS::SNS::Topic");
    assert!(topics.len() > 1, "{topics:?}");
    for topic in topics.iter().filter(|topic| *topic != "OperationsTopic") {
        let watched = alarms
            .iter()
            .any(|alarm| watches(alarm, "AWS/SNS", "NumberOfNotificationsFailed", "TopicName", topic) && any(alarm));
        assert!(watched, "{topic}");
    }
}

#[test]
fn alarms_go_to_the_address_of_the_reports_unless_they_have_their_own() {
    let address = |parameters: &[(&str, &str)]| {
        let subscription = Stack::new(parameters).properties("OperationsSubscription")?;
        Some(subscription["Endpoint"].as_str().unwrap().to_owned())
    };
    let reports = ("NotificationEmail", "team@example.com");
    let operations = ("OperationsEmail", "on-call@example.com");
    assert_eq!(address(&[]), None);
    assert_eq!(address(&[reports]).as_deref(), Some("team@example.com"));
    assert_eq!(address(&[operations]).as_deref(), Some("on-call@example.com"));
    assert_eq!(address(&[reports, operations]).as_deref(), Some("on-call@example.com"));
}
