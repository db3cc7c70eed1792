//! Stands between a function and EC2 or the ledger: records every request and fails those that it is told to.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::json;
use tokio::sync::{Barrier, watch};
use tokio::time::timeout;

use crate::connections::Connections;
use crate::error::Result;
use crate::http::{self, Request, Response, Server};

/// The version of the STS API, by which its requests are known.
const STS: &str = "2011-06-15";
/// The header in which DynamoDB's protocol names the action.
const TARGET: &str = "X-Amz-Target";
/// How long requests wait for others that are expected beside them.
const PATIENCE: Duration = Duration::from_secs(10);

/// A request that a function sent. Each attempt counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    pub action: String,
    pub parameters: BTreeMap<String, String>,
}

impl Call {
    /// Whether it may change something.
    pub fn mutates(&self) -> bool {
        !["Assume", "Describe", "GET ", "Get", "List"]
            .iter()
            .any(|verb| self.action.starts_with(verb))
    }
}

/// How a request goes wrong.
#[derive(Clone, Debug)]
pub enum Fault {
    /// The service answers with this error.
    Refused {
        status: u16,
        code: &'static str,
        message: String,
    },
    /// The connection breaks off without an answer, and nothing is done.
    NoAnswer,
    /// The first request is carried out, but neither it nor any further attempt is answered.
    LostAnswer,
    /// The first request is carried out, and who waits for the answer to it or to any further attempt waits for ever.
    Silence,
}

impl Fault {
    pub fn denied() -> Self {
        Self::refused(
            "UnauthorizedOperation",
            "You are not authorized to perform this operation.",
        )
    }

    pub fn throttled() -> Self {
        Self::Refused {
            status: 503,
            code: "RequestLimitExceeded",
            message: "Request limit exceeded.".to_owned(),
        }
    }

    pub fn refused(code: &'static str, message: impl Into<String>) -> Self {
        Self::Refused {
            status: 400,
            code,
            message: message.into(),
        }
    }

    /// In the protocol in which the request came.
    fn answer(&self, request: &Request) -> Option<Response> {
        let Self::Refused { status, code, message } = self else {
            return None;
        };
        if request.header(TARGET).is_some() {
            let body = json!({"__type": format!("com.amazonaws.dynamodb.v20120810#{code}"), "message": message});
            return Some(Response::new(*status, body.to_string()).with("Content-Type", "application/x-amz-json-1.0"));
        }
        if request.form().get("Version").is_some_and(|version| version == STS) {
            let body = format!(
                "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>\
                 <RequestId>11111111-2222-3333-4444-555555555555</RequestId></ErrorResponse>"
            );
            return Some(Response::new(*status, body).with("Content-Type", "text/xml"));
        }
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response><Errors><Error><Code>{code}</Code>\
             <Message>{message}</Message></Error></Errors>\
             <RequestID>11111111-2222-3333-4444-555555555555</RequestID></Response>"
        );
        Some(Response::new(*status, body).with("Content-Type", "text/xml;charset=UTF-8"))
    }
}

#[derive(Debug)]
struct State {
    stand_in: SocketAddr,
    calls: Mutex<Vec<Call>>,
    /// With how many requests met the fault so far.
    faults: Mutex<BTreeMap<String, (Fault, usize)>>,
    /// Whether a request met a fault since one was set.
    failed: watch::Sender<bool>,
    together: Mutex<Option<Arc<Barrier>>>,
    /// Each request that is a multiple of this one is throttled.
    throttled: Mutex<Option<usize>>,
    connections: Connections,
}

#[derive(Debug)]
pub struct Proxy {
    server: Server,
    state: Arc<State>,
}

impl Proxy {
    pub async fn start(stand_in: SocketAddr) -> Result<Self> {
        let state = Arc::new(State {
            stand_in,
            calls: Mutex::default(),
            faults: Mutex::default(),
            failed: watch::Sender::default(),
            together: Mutex::default(),
            throttled: Mutex::default(),
            connections: Connections::default(),
        });
        let server = {
            let state = Arc::clone(&state);
            Server::start(move |request| {
                let state = Arc::clone(&state);
                async move { state.handle(request).await }
            })
            .await?
        };
        Ok(Self { server, state })
    }

    pub fn url(&self) -> String {
        self.server.url()
    }

    /// The connections of endpoint services, which the stand-in behind it lacks.
    pub fn connections(&self) -> &Connections {
        &self.state.connections
    }

    /// The requests so far.
    pub fn calls(&self) -> Vec<Call> {
        lock(&self.state.calls).clone()
    }

    /// The requests so far, which are then forgotten.
    pub fn take(&self) -> Vec<Call> {
        std::mem::take(&mut *lock(&self.state.calls))
    }

    /// From now on this action fails, until the fault is healed.
    pub fn fail(&self, action: &str, fault: Fault) {
        self.state.failed.send_replace(false);
        lock(&self.state.faults).insert(action.to_owned(), (fault, 0));
    }

    /// Waits until a request has met a fault since one was set.
    pub async fn failed(&self) {
        let mut failed = self.state.failed.subscribe();
        // The sender lives as long as this.
        let _ = failed.wait_for(|failed| *failed).await;
    }

    /// From now on one request in so many is throttled.
    pub fn throttle_one_in(&self, count: usize) {
        *lock(&self.state.throttled) = Some(count);
    }

    /// All is well again.
    pub fn heal(&self) {
        lock(&self.state.faults).clear();
    }

    /// The next so many requests are answered once all of them wait for an answer at the same time: who sends them one after
    /// the other gets none.
    pub fn answer_together(&self, count: usize) {
        *lock(&self.state.together) = Some(Arc::new(Barrier::new(count)));
    }
}

impl State {
    async fn handle(&self, request: Request) -> Option<Response> {
        let mut parameters = request.form();
        // EC2's protocol names the action in the form, DynamoDB's in a header, and a REST API's method and path are it.
        let target = request.header(TARGET).and_then(|target| target.split('.').nth(1));
        let action = parameters
            .remove("Action")
            .or_else(|| target.map(str::to_owned))
            .unwrap_or_else(|| format!("{} {}", request.method, request.path));
        parameters.remove("Version");
        let number = {
            let mut calls = lock(&self.calls);
            calls.push(Call {
                action: action.clone(),
                parameters: parameters.clone(),
            });
            calls.len()
        };
        if lock(&self.throttled).is_some_and(|count| number.is_multiple_of(count)) {
            return Fault::throttled().answer(&request);
        }
        let together = lock(&self.together).clone();
        if let Some(barrier) = together {
            match timeout(PATIENCE, barrier.wait()).await {
                Ok(last) if last.is_leader() => *lock(&self.together) = None,
                Ok(_) => {}
                Err(_) => return None,
            }
        }
        let fault = lock(&self.faults).get_mut(&action).map(|(fault, met)| {
            *met += 1;
            (fault.clone(), *met)
        });
        let Some((fault, met)) = fault else {
            return self.carry_out(&action, &parameters, &request).await;
        };
        if met == 1 && matches!(fault, Fault::LostAnswer | Fault::Silence) {
            self.carry_out(&action, &parameters, &request).await?;
        }
        self.failed.send_replace(true);
        match fault {
            Fault::Silence => std::future::pending().await,
            fault => fault.answer(&request),
        }
    }

    async fn carry_out(
        &self,
        action: &str,
        parameters: &BTreeMap<String, String>,
        request: &Request,
    ) -> Option<Response> {
        match self.connections.answer(action, parameters) {
            Some(response) => Some(response),
            None => http::ask(self.stand_in, request).await.ok(),
        }
    }
}

/// Nothing behind these locks can be left half done by a panic.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
