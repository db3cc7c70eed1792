//! An SNS topic that keeps what is published.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::{Result, While};
use crate::http::{Request, Response, Server};
use crate::messages::Report;

#[derive(Debug)]
pub struct Topic {
    server: Server,
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    published: Mutex<Vec<BTreeMap<String, String>>>,
    unreachable: AtomicBool,
    full: AtomicBool,
}

impl Topic {
    pub const ARN: &str = "arn:aws:sns:us-east-1:111122223333:postern";

    pub async fn start() -> Result<Self> {
        let state = Arc::new(State::default());
        let server = {
            let state = Arc::clone(&state);
            Server::start(move |request| {
                let answer = state.answer(&request);
                async move { answer }
            })
            .await?
        };
        Ok(Self { server, state })
    }

    pub fn url(&self) -> String {
        self.server.url()
    }

    /// While set, every connection breaks off.
    pub fn set_unreachable(&self, unreachable: bool) {
        self.state.unreachable.store(unreachable, Ordering::SeqCst);
    }

    /// While set, the topic is there but takes nothing: connections break off that bring something.
    pub fn set_full(&self, full: bool) {
        self.state.full.store(full, Ordering::SeqCst);
    }

    /// What was published since the last call.
    pub fn take(&self) -> Result<Vec<Report>> {
        let published = std::mem::take(&mut *self.state.published.lock().unwrap_or_else(PoisonError::into_inner));
        published.iter().map(report).collect()
    }
}

impl State {
    fn answer(&self, request: &Request) -> Option<Response> {
        if self.unreachable.load(Ordering::SeqCst) {
            return None;
        }
        let form = request.form();
        let action = form.get("Action").map(String::as_str);
        if action == Some("GetTopicAttributes") {
            let body = "<GetTopicAttributesResponse><GetTopicAttributesResult><Attributes/></GetTopicAttributesResult>\
                        </GetTopicAttributesResponse>";
            return Some(Response::new(200, body).with("Content-Type", "text/xml"));
        }
        if action != Some("Publish") {
            return Some(Response::new(400, ""));
        }
        if self.full.load(Ordering::SeqCst) {
            return None;
        }
        let mut published = self.published.lock().unwrap_or_else(PoisonError::into_inner);
        published.push(form);
        let id = format!("message-{}", published.len());
        let body = format!(
            "<PublishResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><PublishResult><MessageId>{id}</MessageId>\
             </PublishResult><ResponseMetadata><RequestId>request</RequestId></ResponseMetadata></PublishResponse>"
        );
        Some(Response::new(200, body).with("Content-Type", "text/xml"))
    }
}

fn report(form: &BTreeMap<String, String>) -> Result<Report> {
    let text = |name: &str| form.get(name).cloned().unwrap_or_default();
    let mut attributes = BTreeMap::new();
    for index in 1.. {
        let entry = |part: &str| form.get(&format!("MessageAttributes.entry.{index}.{part}"));
        let Some(name) = entry("Name") else { break };
        attributes.insert(name.clone(), entry("Value.StringValue").cloned().unwrap_or_default());
    }
    Ok(Report {
        topic: text("TopicArn"),
        subject: text("Subject"),
        json: serde_json::from_str(&text("Message")).while_doing("reading the published report")?,
        attributes,
    })
}
