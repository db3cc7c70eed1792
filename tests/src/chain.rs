//! What the template deployed: rules, queues, topics. Stands in for EventBridge, which takes events of `aws.ec2` from
//! nobody but AWS.

use std::time::Duration;

use aws_sdk_sqs::types::QueueAttributeName;
use postern_core::functions::FUNCTIONS;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::envelope::Envelope;
use crate::error::{HarnessError, Result, While};
use crate::messages::{Alert, Report};
use crate::stack::{Ministack, pause};

/// Far above what a batch takes. Changes of endpoints wait for the request rate of EC2.
const PATIENCE: Duration = Duration::from_secs(240);

/// An event and the functions whose rules it matched.
#[derive(Clone, Debug)]
pub struct Delivery {
    pub event: Envelope,
    pub functions: Vec<&'static str>,
}

#[derive(Debug)]
pub struct Chain {
    events: aws_sdk_eventbridge::Client,
    sqs: aws_sdk_sqs::Client,
    sns: aws_sdk_sns::Client,
    rules: Vec<Rule>,
    /// The URLs of queues that are subscribed to the topics of alerts and of reports.
    alerts: String,
    reports: String,
}

#[derive(Debug)]
struct Rule {
    function: &'static str,
    pattern: String,
    /// The URL of its target.
    queue: String,
    /// The URL of the queue for what cannot be delivered to its target.
    dead_letters: String,
}

impl Chain {
    /// Finds what is deployed, and subscribes to the topics.
    pub async fn of(ministack: &Ministack) -> Result<Self> {
        let sdk = ministack.sdk().await;
        let events = aws_sdk_eventbridge::Client::new(&sdk);
        let sqs = aws_sdk_sqs::Client::new(&sdk);
        let rules = rules(&events, &sqs).await?;
        let sns = aws_sdk_sns::Client::new(&sdk);
        let alerts = subscribe(&sns, &sqs, "AlertsTopic").await?;
        let reports = subscribe(&sns, &sqs, "ReportsTopic").await?;
        Ok(Self {
            events,
            sqs,
            sns,
            rules,
            alerts,
            reports,
        })
    }

    /// The roles whose own calls the rules leave out.
    pub fn own_roles(&self) -> Vec<String> {
        let arns = self.rules.iter().find_map(|rule| {
            let pattern: Value = serde_json::from_str(&rule.pattern).ok()?;
            pattern
                .pointer("/detail/userIdentity/sessionContext/sessionIssuer/arn")
                .cloned()
        });
        let conditions = arns.as_ref().and_then(Value::as_array).into_iter().flatten();
        let roles = conditions
            .filter_map(|condition| condition.get("anything-but")?.as_array())
            .flatten();
        roles.filter_map(|role| role.as_str().map(str::to_owned)).collect()
    }

    /// Puts an event on the queue of each rule that it matches.
    pub async fn deliver(&self, event: &Envelope) -> Result<Delivery> {
        for rule in self.matched(event).await? {
            self.send(&rule.queue, event).await?;
        }
        self.matching(event).await
    }

    /// Puts an event where EventBridge leaves what it cannot deliver.
    pub async fn dead_letter(&self, event: &Envelope) -> Result<()> {
        for rule in self.matched(event).await? {
            self.send(&rule.dead_letters, event).await?;
        }
        Ok(())
    }

    /// Publishes what AWS publishes when an endpoint connects to an endpoint service.
    pub async fn notify_of_connection(&self, service: &str, endpoint: &str) -> Result<()> {
        let notification = json!({
            "event": "Connect",
            "vpcEndpointServiceId": service,
            "vpcEndpointId": endpoint,
        });
        let topic = topic(&self.sns, "ConnectionsTopic").await?;
        let publish = self.sns.publish().topic_arn(topic).message(notification.to_string());
        publish
            .send()
            .await
            .while_doing("publishing a connection notification")?;
        Ok(())
    }

    /// The functions whose rules an event matches.
    pub async fn matching(&self, event: &Envelope) -> Result<Delivery> {
        let matched = self.matched(event).await?;
        Ok(Delivery {
            event: event.clone(),
            functions: matched.iter().map(|rule| rule.function).collect(),
        })
    }

    /// The URL of a function's queue.
    pub fn queue(&self, function: &str) -> Result<&str> {
        let rule = self.rules.iter().find(|rule| rule.function == function);
        let rule = rule.ok_or_else(|| HarnessError::new(format_args!("no rule starts {function}")))?;
        Ok(&rule.queue)
    }

    /// The URL of the queue with this logical id.
    pub async fn queue_of(&self, logical_id: &str) -> Result<String> {
        let doing = format!("looking for the queue {logical_id}");
        let queues = self.sqs.list_queues().send().await.while_doing(&doing)?;
        let mut urls = queues.queue_urls.unwrap_or_default().into_iter();
        let found = urls.find(|url| url.contains(logical_id));
        found.ok_or_else(|| HarnessError::new(format_args!("there is no queue {logical_id}")))
    }

    /// Waits until a queue has no message.
    pub async fn drained(&self, queue: &str) -> Result<()> {
        let empty = async {
            while self.waiting(queue).await? > 0 {
                pause().await;
            }
            Ok::<_, HarnessError>(())
        };
        let late = |_| HarnessError::new(format_args!("`{queue}` is not empty after {PATIENCE:?}"));
        timeout(PATIENCE, empty).await.map_err(late)?
    }

    /// How many messages are in the dead-letter queues of the functions that events start.
    pub async fn dead_letters(&self) -> Result<u32> {
        let mut count = 0;
        for rule in &self.rules {
            count += self.waiting(&rule.dead_letters).await?;
        }
        Ok(count)
    }

    async fn matched(&self, event: &Envelope) -> Result<Vec<&Rule>> {
        let mut matched = Vec::new();
        for rule in &self.rules {
            let test = self.events.test_event_pattern().event(event.to_string());
            let answer = test.event_pattern(&rule.pattern).send().await;
            let answer = answer.while_doing(format_args!("trying the rule of {}", rule.function))?;
            if answer.result {
                matched.push(rule);
            }
        }
        Ok(matched)
    }

    async fn send(&self, queue: &str, event: &Envelope) -> Result<()> {
        let send = self.sqs.send_message().queue_url(queue).message_body(event.to_string());
        send.send().await.while_doing(format_args!("sending to `{queue}`"))?;
        Ok(())
    }

    /// Waits until the functions are done with it.
    ///
    /// # Errors
    /// If one of them gives it back.
    pub async fn settle(&self, delivery: &Delivery) -> Result<()> {
        for rule in self
            .rules
            .iter()
            .filter(|rule| delivery.functions.contains(&rule.function))
        {
            self.drained(&rule.queue).await?;
        }
        Ok(())
    }

    /// From now on a message that a function gives back is there again after so many seconds, instead of what the
    /// template says.
    pub async fn shorten_visibility(&self, function: &str, seconds: u32) -> Result<()> {
        let doing = format!("shortening the time after which a message comes back to {function}");
        for rule in self.rules.iter().filter(|rule| rule.function == function) {
            self.sqs
                .set_queue_attributes()
                .queue_url(&rule.queue)
                .attributes(QueueAttributeName::VisibilityTimeout, seconds.to_string())
                .send()
                .await
                .while_doing(&doing)?;
        }
        Ok(())
    }

    /// The messages of a queue that are not done, those included that a function works on or gave back.
    async fn waiting(&self, queue: &str) -> Result<u32> {
        let counts = [
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
        ];
        let ask = self
            .sqs
            .get_queue_attributes()
            .queue_url(queue)
            .set_attribute_names(Some(counts.to_vec()));
        let answer = ask
            .send()
            .await
            .while_doing(format_args!("counting the messages of `{queue}`"))?;
        let count = |name| answer.attributes()?.get(name)?.parse::<u32>().ok();
        let counts: Option<Vec<_>> = counts.iter().map(count).collect();
        let counts = counts.ok_or_else(|| HarnessError::new(format_args!("`{queue}` does not tell its messages")))?;
        Ok(counts.iter().sum())
    }

    /// Waits for a report, and gives all since the last call.
    pub async fn next_reports(&self) -> Result<Vec<Report>> {
        let some = async {
            loop {
                let reports = self.reports().await?;
                if !reports.is_empty() {
                    return Ok::<_, HarnessError>(reports);
                }
                pause().await;
            }
        };
        let late = |_| HarnessError::new(format_args!("there is no report after {PATIENCE:?}"));
        timeout(PATIENCE, some).await.map_err(late)?
    }

    /// Waits for an alert, and gives all since the last call.
    pub async fn next_alerts(&self) -> Result<Vec<Alert>> {
        let some = async {
            loop {
                let alerts = self.alerts().await?;
                if !alerts.is_empty() {
                    return Ok::<_, HarnessError>(alerts);
                }
                pause().await;
            }
        };
        let late = |_| HarnessError::new(format_args!("there is no alert after {PATIENCE:?}"));
        timeout(PATIENCE, some).await.map_err(late)?
    }

    /// The alerts since the last call.
    pub async fn alerts(&self) -> Result<Vec<Alert>> {
        self.receive(&self.alerts).await
    }

    /// The reports since the last call.
    pub async fn reports(&self) -> Result<Vec<Report>> {
        let messages = self.receive(&self.reports).await?;
        messages.into_iter().map(Report::of).collect()
    }

    /// Takes the messages out of a queue.
    async fn receive(&self, queue: &str) -> Result<Vec<Alert>> {
        let mut received = Vec::new();
        loop {
            let receive = self.sqs.receive_message().queue_url(queue).max_number_of_messages(10);
            let messages = receive
                .send()
                .await
                .while_doing(format_args!("reading `{queue}`"))?
                .messages
                .unwrap_or_default();
            if messages.is_empty() {
                return Ok(received);
            }
            for message in messages {
                let delete = self.sqs.delete_message().queue_url(queue);
                let delete = delete.set_receipt_handle(message.receipt_handle);
                delete.send().await.while_doing("deleting a message")?;
                received.push(Alert::from_notification(&message.body.unwrap_or_default())?);
            }
        }
    }
}

async fn rules(events: &aws_sdk_eventbridge::Client, sqs: &aws_sdk_sqs::Client) -> Result<Vec<Rule>> {
    let found = events
        .list_rules()
        .send()
        .await
        .while_doing("listing the rules")?
        .rules
        .unwrap_or_default();
    let mut rules = Vec::new();
    for rule in found {
        // A schedule has none.
        let Some(pattern) = rule.event_pattern else { continue };
        let name = rule.name.unwrap_or_default();
        let function = FUNCTIONS.iter().find(|function| name.contains(&camel(function.name)));
        let function = function.ok_or_else(|| HarnessError::new(format_args!("nobody knows the rule `{name}`")))?;
        let targets = events.list_targets_by_rule().rule(&name).send().await;
        let targets = targets
            .while_doing(format_args!("listing the targets of `{name}`"))?
            .targets
            .unwrap_or_default();
        for target in targets {
            let dead_letters = target.dead_letter_config.and_then(|config| config.arn);
            rules.push(Rule {
                function: function.name,
                pattern: pattern.clone(),
                queue: url(sqs, &target.arn).await?,
                dead_letters: url(sqs, &dead_letters.unwrap_or_default()).await?,
            });
        }
    }
    let complete = FUNCTIONS
        .iter()
        .all(|f| f.events.is_empty() || rules.iter().any(|rule| rule.function == f.name));
    match complete {
        true => Ok(rules),
        false => Err(HarnessError::new(format_args!("a function has no rule: {rules:#?}"))),
    }
}

/// The URL of a queue.
async fn url(sqs: &aws_sdk_sqs::Client, arn: &str) -> Result<String> {
    let name = arn.rsplit(':').next().unwrap_or_default();
    let url = sqs.get_queue_url().queue_name(name).send().await;
    let url = url.while_doing(format_args!("looking for the queue `{name}`"))?;
    Ok(url.queue_url.unwrap_or_default())
}

/// As the template writes it.
fn camel(name: &str) -> String {
    let words = name.split('-').map(|word| {
        let (first, rest) = word.split_at(word.len().min(1));
        first.to_uppercase() + rest
    });
    words.collect()
}

/// The ARN of the topic with this name in the template.
async fn topic(sns: &aws_sdk_sns::Client, name: &str) -> Result<String> {
    let topics = sns.list_topics().send().await.while_doing("listing the topics")?;
    let topics = topics.topics.unwrap_or_default();
    let mut arns = topics.iter().filter_map(|topic| topic.topic_arn());
    let found = arns.find(|arn| arn.contains(name)).map(str::to_owned);
    found.ok_or_else(|| HarnessError::new(format_args!("no topic `{name}` among {topics:?}")))
}

/// Subscribes a queue of the topic's name to the topic with this name in the template. Gives the queue's URL.
async fn subscribe(sns: &aws_sdk_sns::Client, sqs: &aws_sdk_sqs::Client, name: &str) -> Result<String> {
    let topic = topic(sns, name).await?;
    let admits_sns = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": "*",
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }]});
    let queue = sqs
        .create_queue()
        .queue_name(name)
        .attributes(QueueAttributeName::Policy, admits_sns.to_string())
        .send()
        .await
        .while_doing("creating a queue")?;
    let queue = queue.queue_url.unwrap_or_default();
    let arn = sqs
        .get_queue_attributes()
        .queue_url(&queue)
        .attribute_names(QueueAttributeName::QueueArn);
    let arn = arn.send().await.while_doing("looking up the queue")?;
    let arn = arn
        .attributes()
        .and_then(|attributes| attributes.get(&QueueAttributeName::QueueArn));
    let arn = arn.ok_or_else(|| HarnessError::new("the queue has no ARN"))?;
    let subscribe = sns.subscribe().topic_arn(topic).protocol("sqs").endpoint(arn);
    subscribe.send().await.while_doing("subscribing to the topic")?;
    Ok(queue)
}
