//! EventBridge and SQS: events reach the functions' queues late, in any order, several times, and a few never.

use std::collections::BTreeMap;
use std::time::Duration;

use fastrand::Rng;
use postern_cloud::{ACCOUNT, Notification};
use postern_core::functions::{FUNCTIONS, Function, SERVICE_INSPECTOR, SWEEPER};
use postern_core::trigger::{DEPENDENCY_VIOLATION, TAG_CALLS};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::setup::role;

/// As in the template.
pub(crate) const VISIBILITY: Duration = Duration::from_secs(725);
/// As in the template.
const RECEIVES: u32 = 5;
/// Messages of a batch of an inspector, as in the template.
const BATCH: usize = 100;
/// Messages of a batch of the sweeper, as in the template, which has no batch window.
const SWEEPER_BATCH: usize = 10;

#[derive(Debug)]
struct Message {
    id: u64,
    body: String,
    visible: Instant,
    receives: u32,
}

/// Whether the rule of the tags lets an event through to the function.
fn tags(function: &Function, event: &Value) -> bool {
    let detail = |pointer: &str| event.pointer(pointer);
    let name = detail("/detail/eventName").and_then(Value::as_str).unwrap_or_default();
    let items = detail("/detail/requestParameters/resourcesSet/items").and_then(Value::as_array);
    let mut ids = items
        .into_iter()
        .flatten()
        .filter_map(|item| item.get("resourceId")?.as_str());
    TAG_CALLS.contains(&name) && ids.any(|id| function.watches_tags_of(id))
}

/// The queues of the functions, and their dead-letter queues.
#[derive(Debug)]
pub(crate) struct Queues {
    queues: BTreeMap<&'static str, Vec<Message>>,
    dead: BTreeMap<&'static str, Vec<String>>,
    next: u64,
    /// The batch window.
    window: Duration,
    /// Whether the endpoint services send connection notifications.
    notifies: bool,
    /// Whether deliveries still fail.
    pub(crate) faulty: bool,
}

/// Messages delivered to a function.
#[derive(Clone)]
pub(crate) struct Batch {
    pub(crate) function: &'static Function,
    ids: Vec<u64>,
    pub(crate) payload: Value,
}

impl Queues {
    pub(crate) fn new(rng: &mut Rng) -> Self {
        Self {
            queues: FUNCTIONS.iter().map(|function| (function.name, Vec::new())).collect(),
            dead: BTreeMap::new(),
            next: 0,
            // The template has five seconds. Lambda does not wait where many messages come, and longer where few do.
            window: Duration::from_secs(rng.choice([0, 5, 5, 20]).unwrap_or_default()),
            notifies: rng.bool(),
            faulty: true,
        }
    }

    /// Takes an event of this account to the queue of each function whose rule it matches.
    pub(crate) fn event(&mut self, event: &Value, rng: &mut Rng) {
        if event.get("account").and_then(Value::as_str) != Some(ACCOUNT) {
            return;
        }
        let detail = |name: &str| event.pointer(&format!("/detail/{name}")).and_then(Value::as_str);
        let name = detail("eventName").unwrap_or_default();
        let issuer = event
            .pointer("/detail/userIdentity/sessionContext/sessionIssuer/arn")
            .and_then(Value::as_str);
        let own = FUNCTIONS.iter().any(|function| issuer == Some(role(function).as_str()));
        for function in FUNCTIONS {
            let matches = match detail("errorCode") {
                // An outdated rule sometimes lets an event of Postern's own calls through.
                None => {
                    let calls = [function.events, function.load_balancer_events];
                    (calls.iter().any(|calls| calls.contains(&name)) || tags(function, event))
                        && (!own || (self.faulty && rng.u8(..20) == 0))
                }
                Some(code) => function.failed_events.contains(&name) && code == DEPENDENCY_VIOLATION,
            };
            if !matches {
                continue;
            }
            self.deliver(function, &event.to_string(), rng);
        }
    }

    /// Takes a connection notification to the queue of the function that evaluates endpoint services.
    pub(crate) fn notification(&mut self, notification: &Notification, rng: &mut Rng) {
        if self.notifies {
            let topic = "arn:aws:sns:eu-central-1:111122223333:postern-connections";
            self.deliver(&SERVICE_INSPECTOR, &notification.body(topic, rng.bool()), rng);
        }
    }

    /// Sometimes late, several times or never.
    fn deliver(&mut self, function: &'static Function, body: &str, rng: &mut Rng) {
        let copies = match rng.u8(..20) {
            0 if self.faulty => 0,
            1..=4 if self.faulty => 2,
            _ => 1,
        };
        for _ in 0..copies {
            let late = match rng.u8(..12) {
                0 if self.faulty => Duration::from_secs(rng.u64(60..900)),
                _ => Duration::from_millis(rng.u64(500..20_000)),
            };
            self.put(function, body.to_owned(), Instant::now() + late);
        }
    }

    /// Sends the scheduled event to the sweeper.
    pub(crate) fn schedule(&mut self, function: &'static Function, number: u64) {
        let event = json!({
            "version": "0",
            "id": format!("22222222-2222-4333-8444-{number:012x}"),
            "detail-type": "Scheduled Event",
            "source": "aws.events",
            "account": postern_cloud::ACCOUNT,
            "time": "2026-03-02T09:00:00Z",
            "region": postern_cloud::REGION,
            "resources": [],
            "detail": {},
        });
        self.put(function, event.to_string(), Instant::now());
    }

    fn put(&mut self, function: &'static Function, body: String, visible: Instant) {
        self.next += 1;
        let message = Message {
            id: self.next,
            body,
            visible,
            receives: 0,
        };
        self.queues.entry(function.name).or_default().push(message);
    }

    /// When the next batch can be received; None where there is no message at all.
    pub(crate) fn due(&self, function: &Function) -> Option<Instant> {
        let queue = self.queues.get(function.name)?;
        let first = queue.iter().map(|message| message.visible).min()?;
        match function.name == SWEEPER.name {
            true => Some(first),
            false => Some(first + self.window),
        }
    }

    /// The next batch of a function.
    pub(crate) fn receive(&mut self, function: &'static Function) -> Option<Batch> {
        let now = Instant::now();
        if self.due(function)? > now {
            return None;
        }
        let most = if function.name == SWEEPER.name {
            SWEEPER_BATCH
        } else {
            BATCH
        };
        let queue = self.queues.get_mut(function.name)?;
        let (given_up, kept): (Vec<_>, Vec<_>) = std::mem::take(queue)
            .into_iter()
            .partition(|message| message.visible <= now && message.receives >= RECEIVES);
        *queue = kept;
        let dead = self.dead.entry(function.name).or_default();
        dead.extend(given_up.into_iter().map(|message| message.body));
        let mut ids = Vec::new();
        let mut records = Vec::new();
        for message in queue.iter_mut().filter(|message| message.visible <= now).take(most) {
            message.visible = now + VISIBILITY;
            message.receives += 1;
            ids.push(message.id);
            records.push(json!({
                "messageId": message.id.to_string(),
                "receiptHandle": format!("receipt-{}", message.id),
                "body": message.body,
                "attributes": {"ApproximateReceiveCount": message.receives.to_string()},
                "messageAttributes": {},
                "md5OfBody": "",
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:eu-central-1:111122223333:queue",
                "awsRegion": "eu-central-1",
            }));
        }
        (!ids.is_empty()).then(|| Batch {
            function,
            ids,
            payload: json!({"Records": records}),
        })
    }

    /// Deletes the messages of a batch, except those that the answer lists as failed.
    pub(crate) fn done(&mut self, batch: &Batch, answer: &Value, rng: &mut Rng) {
        let failed = answer.get("batchItemFailures").and_then(Value::as_array);
        let failed: Vec<&str> = failed
            .into_iter()
            .flatten()
            .filter_map(|item| item.get("itemIdentifier")?.as_str())
            .collect();
        // SQS delivers at least once.
        let again = self.faulty && rng.u8(..20) == 0;
        if let Some(queue) = self.queues.get_mut(batch.function.name) {
            queue.retain(|message| {
                again || !batch.ids.contains(&message.id) || failed.contains(&message.id.to_string().as_str())
            });
        }
    }

    /// Moves messages from the dead-letter queues back, as an operator does after an alarm.
    pub(crate) fn redrive(&mut self) -> usize {
        let mut count = 0;
        for function in FUNCTIONS {
            for body in self.dead.remove(function.name).unwrap_or_default() {
                count += 1;
                self.put(function, body, Instant::now());
            }
        }
        count
    }
}
