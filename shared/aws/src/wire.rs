//! An AWS of scripted answers behind the SDK's HTTP connector, in the bytes of the wire.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_ec2::config::{Credentials, SharedCredentialsProvider};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use serde_json::Value as Json;

use crate::aws::Aws;
use crate::session::Session;

/// The form fields of a request; of one in JSON, and of one that names its action by method and path, its `Action`, `Body`,
/// `Uri` and `Authorization`.
pub(crate) type Request = BTreeMap<String, String>;

#[derive(Clone, Debug)]
enum Answer {
    Bytes(u16, String),
    /// With a header.
    Headed(&'static str, &'static str, String),
    /// The connection breaks.
    Broken,
    /// Nothing ever comes.
    Silence,
}

/// Answers each action with what was scripted for it, in order. Any other call, and any answer that nobody asked
/// for, fails the test.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cloud(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    answers: BTreeMap<String, VecDeque<Answer>>,
    always: BTreeMap<String, Answer>,
    requests: Vec<Request>,
}

impl Cloud {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Answers one call of the action.
    pub(crate) fn on(self, action: &str, content: &str) -> Self {
        self.add(action, Answer::Bytes(200, success(action, content)))
    }

    /// Answers every call of the action that has no answer of its own.
    pub(crate) fn always(self, action: &str, content: &str) -> Self {
        self.state()
            .always
            .insert(action.to_owned(), Answer::Bytes(200, success(action, content)));
        self
    }

    pub(crate) fn refuse(self, action: &str, code: &str, message: &str) -> Self {
        let status = match code {
            "RequestLimitExceeded" | "Unavailable" => 503,
            "InternalError" => 500,
            "UnauthorizedOperation" => 403,
            _ => 400,
        };
        let content = format!(
            "<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>\
             <RequestID>00000000-0000-0000-0000-000000000000</RequestID></Response>"
        );
        self.add(action, Answer::Bytes(status, content))
    }

    /// Answers one call of the action in JSON.
    pub(crate) fn json(self, action: &str, content: &Json) -> Self {
        self.raw(action, 200, &content.to_string())
    }

    pub(crate) fn raw(self, action: &str, status: u16, content: &str) -> Self {
        self.add(action, Answer::Bytes(status, content.to_owned()))
    }

    /// Answers one call of the action with this header.
    pub(crate) fn headed(self, action: &str, header: (&'static str, &'static str), content: &str) -> Self {
        self.add(action, Answer::Headed(header.0, header.1, content.to_owned()))
    }

    pub(crate) fn breaks(self, action: &str) -> Self {
        self.add(action, Answer::Broken)
    }

    pub(crate) fn silence(self, action: &str) -> Self {
        self.add(action, Answer::Silence)
    }

    fn add(self, action: &str, answer: Answer) -> Self {
        self.state()
            .answers
            .entry(action.to_owned())
            .or_default()
            .push_back(answer);
        self
    }

    /// One attempt per call, so that a test waits for nothing.
    pub(crate) fn aws(&self) -> Aws {
        self.aws_with_attempts(1)
    }

    pub(crate) fn aws_with_attempts(&self, attempts: u32) -> Aws {
        Aws::new(self.config(attempts)).with_own_account("111122223333".into())
    }

    /// Its own account has to be asked for.
    pub(crate) fn aws_of_unknown_account(&self) -> Aws {
        Aws::new(self.config(1))
    }

    pub(crate) fn session(&self) -> Session {
        self.session_with_attempts(1)
    }

    pub(crate) fn session_with_attempts(&self, attempts: u32) -> Session {
        Session::new("111122223333".into(), self.config(attempts))
    }

    fn config(&self, attempts: u32) -> SdkConfig {
        let retries = RetryConfig::standard()
            .with_max_attempts(attempts)
            .with_initial_backoff(Duration::from_millis(1))
            .with_max_backoff(Duration::from_millis(1));
        let credentials = Credentials::new("AKIAEXAMPLE", "secret", None, None, "test");
        let timeouts = TimeoutConfig::builder().operation_attempt_timeout(Duration::from_millis(50));
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(aws_config::Region::new("eu-central-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(self.clone())
            .retry_config(retries)
            .timeout_config(timeouts.build());
        config.build()
    }

    /// The requests of an action so far.
    pub(crate) fn requests(&self, action: &str) -> Vec<Request> {
        let state = self.state();
        let sent = state.requests.iter().filter(|request| request["Action"] == action);
        sent.cloned().collect()
    }

    /// All actions asked for so far, sorted.
    pub(crate) fn actions(&self) -> Vec<String> {
        let state = self.state();
        let mut actions: Vec<_> = state.requests.iter().map(|r| r["Action"].clone()).collect();
        actions.sort();
        actions
    }

    /// The one request of an action.
    pub(crate) fn request(&self, action: &str) -> Request {
        let sent = self.requests(action);
        assert_eq!(sent.len(), 1, "requests of {action}: {sent:#?}");
        sent[0].clone()
    }

    /// What the requests of an action said in JSON.
    pub(crate) fn bodies(&self, action: &str) -> Vec<Json> {
        let requests = self.requests(action);
        requests
            .iter()
            .map(|request| serde_json::from_str(&request["Body"]).unwrap())
            .collect()
    }

    /// What the one request of an action said in JSON.
    pub(crate) fn body(&self, action: &str) -> Json {
        serde_json::from_str(&self.request(action)["Body"]).unwrap()
    }

    /// Fails where an answer is left over.
    pub(crate) fn done(&self) {
        let left: Vec<_> = self
            .state()
            .answers
            .iter()
            .filter(|(_, answers)| !answers.is_empty())
            .map(|(action, _)| action.clone())
            .collect();
        assert!(left.is_empty(), "nobody asked for the answers to {left:?}");
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

impl HttpClient for Cloud {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Cloud {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body = request.body().bytes().unwrap();
        let form = match request.headers().get("x-amz-target") {
            Some(target) => json_request(target, &request),
            None if body.starts_with(b"Action=") => form(body),
            None => rest_request(&request),
        };
        let action = form["Action"].clone();
        let answer = {
            let mut state = self.state();
            let scripted = state.answers.get_mut(&action).and_then(VecDeque::pop_front);
            let answer = scripted.or_else(|| state.always.get(&action).cloned());
            state.requests.push(form.clone());
            answer
        };
        match answer {
            None => panic!("unexpected call: {form:#?}"),
            Some(Answer::Bytes(status, content)) => HttpConnectorFuture::ready(Ok(HttpResponse::new(
                status.try_into().unwrap(),
                SdkBody::from(content),
            ))),
            Some(Answer::Headed(name, value, content)) => {
                let mut response = HttpResponse::new(200.try_into().unwrap(), SdkBody::from(content));
                response.headers_mut().insert(name, value);
                HttpConnectorFuture::ready(Ok(response))
            }
            Some(Answer::Broken) => {
                HttpConnectorFuture::ready(Err(ConnectorError::io("connection reset by peer".into())))
            }
            Some(Answer::Silence) => HttpConnectorFuture::new(std::future::pending()),
        }
    }
}

fn success(action: &str, content: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <{action}Response xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">\
         <requestId>00000000-0000-0000-0000-000000000000</requestId>{content}</{action}Response>"
    )
}

fn json_request(target: &str, request: &HttpRequest) -> Request {
    let (_, action) = target.rsplit_once('.').unwrap();
    named(action.to_owned(), request)
}

fn rest_request(request: &HttpRequest) -> Request {
    let (_, path) = request.uri().split_once("amazonaws.com").unwrap();
    let path = path.split('?').next().unwrap();
    named(format!("{} {}", request.method(), path), request)
}

fn named(action: String, request: &HttpRequest) -> Request {
    let body = String::from_utf8(request.body().bytes().unwrap().to_vec()).unwrap();
    let authorization = request.headers().get("authorization").unwrap_or_default();
    let members = [
        ("Action", action),
        ("Body", body),
        ("Uri", request.uri().to_owned()),
        ("Authorization", authorization.to_owned()),
    ];
    members.map(|(name, value)| (name.to_owned(), value)).into()
}

/// Decodes `application/x-www-form-urlencoded`.
fn form(body: &[u8]) -> Request {
    let text = std::str::from_utf8(body).unwrap();
    let decode = |text: &str| {
        let mut bytes = Vec::new();
        let mut rest = text.bytes();
        while let Some(byte) = rest.next() {
            bytes.push(match byte {
                b'+' => b' ',
                b'%' => {
                    let digits = [rest.next().unwrap(), rest.next().unwrap()];
                    u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
                }
                byte => byte,
            });
        }
        String::from_utf8(bytes).unwrap()
    };
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(key, value)| (decode(key), decode(value))).collect()
}
