//! A function's program, started as Lambda starts it and given payloads.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tokio::sync::{Mutex as AsyncMutex, mpsc, oneshot};
use tokio::time::timeout;

use crate::error::{HarnessError, Result, While};
use crate::http::{Response, Server};
use crate::programs::program;
use crate::scratch::Scratch;
use crate::stack::{Process, environment, pause};

/// The time that an invocation has, as in the template.
const TIME: Duration = Duration::from_secs(60);
const NEXT: &str = "/2018-06-01/runtime/invocation/next";
const INVOCATION: &str = "/2018-06-01/runtime/invocation/";
const INIT_ERROR: &str = "/2018-06-01/runtime/init/error";

/// How an invocation ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    Done(Value),
    /// The error type and message that Lambda would record.
    Failed {
        kind: String,
        message: String,
    },
}

/// The part of Lambda that a function's program talks to.
#[derive(Debug)]
struct RuntimeApi {
    server: Server,
    payloads: mpsc::UnboundedSender<(String, Value)>,
    answers: Answers,
}

type Answers = Arc<Mutex<BTreeMap<String, oneshot::Sender<Answer>>>>;

impl RuntimeApi {
    async fn start() -> Result<Self> {
        let (payloads, waiting) = mpsc::unbounded_channel::<(String, Value)>();
        let waiting = Arc::new(AsyncMutex::new(waiting));
        let answers = Answers::default();
        let server = {
            let answers = Arc::clone(&answers);
            Server::start(move |request| {
                let (waiting, answers) = (Arc::clone(&waiting), Arc::clone(&answers));
                async move {
                    match request.path.as_str() {
                        NEXT => {
                            let (id, payload) = waiting.lock().await.recv().await?;
                            Some(invocation(&id, &payload))
                        }
                        path => {
                            let answer = path.strip_prefix(INVOCATION).and_then(|rest| rest.split_once('/'));
                            let id = match answer {
                                Some((id, _)) => id.to_owned(),
                                // A program that cannot start answers whatever it would have been asked.
                                None if path == INIT_ERROR => lock(&answers).keys().next()?.clone(),
                                None => return Some(Response::new(404, "")),
                            };
                            let body = serde_json::from_slice(&request.body).unwrap_or(Value::Null);
                            let answer = match answer {
                                Some((_, "response")) => Answer::Done(body),
                                _ => failed(&body),
                            };
                            if let Some(asker) = lock(&answers).remove(&id) {
                                // Whoever does not wait any more does not need it.
                                let _ = asker.send(answer);
                            }
                            Some(Response::new(202, ""))
                        }
                    }
                }
            })
            .await?
        };
        Ok(Self {
            server,
            payloads,
            answers,
        })
    }
}

fn invocation(id: &str, payload: &Value) -> Response {
    let deadline = SystemTime::now() + TIME;
    let deadline = deadline.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    Response::new(200, payload.to_string())
        .with("Content-Type", "application/json")
        .with("Lambda-Runtime-Aws-Request-Id", id)
        .with("Lambda-Runtime-Deadline-Ms", deadline)
        .with(
            "Lambda-Runtime-Invoked-Function-Arn",
            "arn:aws:lambda:us-east-1:111122223333:function:test",
        )
}

fn failed(body: &Value) -> Answer {
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    Answer::Failed {
        kind: text("errorType"),
        message: text("errorMessage"),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A warm function.
#[derive(Debug)]
pub struct Function {
    api: RuntimeApi,
    process: Process,
    _task_root: Scratch,
}

impl Function {
    /// Starts a function with these settings, if any, and with these environment variables besides those that Lambda
    /// sets.
    pub async fn start(name: &str, settings: Option<&str>, variables: &[(&str, &str)]) -> Result<Self> {
        let program = program(name)?;
        let api = RuntimeApi::start().await?;
        let task_root = Scratch::new()?;
        if let Some(settings) = settings {
            task_root.write("postern.toml", settings)?;
        }
        let lambda = [
            ("AWS_LAMBDA_RUNTIME_API", api.server.address().to_string()),
            ("AWS_LAMBDA_FUNCTION_NAME", name.to_owned()),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256".to_owned()),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
            ("LAMBDA_TASK_ROOT", task_root.path().display().to_string()),
        ];
        let given = variables.iter().map(|(name, value)| (*name, (*value).to_owned()));
        let process = Process::start_clean(program, environment().into_iter().chain(lambda).chain(given))?;
        Ok(Self {
            api,
            process,
            _task_root: task_root,
        })
    }

    pub fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// What it wrote to its log.
    pub fn log(&self) -> String {
        self.process.output()
    }

    pub async fn invoke(&mut self, payload: &Value) -> Result<Answer> {
        static INVOCATIONS: AtomicUsize = AtomicUsize::new(1);
        let id = format!(
            "00000000-0000-0000-0000-{:012}",
            INVOCATIONS.fetch_add(1, Ordering::Relaxed)
        );
        let (asker, answer) = oneshot::channel();
        lock(&self.api.answers).insert(id.clone(), asker);
        self.api
            .payloads
            .send((id, payload.clone()))
            .while_doing("handing out a payload")?;
        let ended = async {
            loop {
                match self.process.ended() {
                    Ok(None) => pause().await,
                    Ok(Some(status)) => return self.process.failure(&format!("ended ({status})")),
                    Err(error) => return error,
                }
            }
        };
        tokio::select! {
            biased;
            answer = timeout(TIME, answer) => answer
                .map_err(|_| HarnessError::new(format_args!("no answer within {TIME:?}")))?
                .while_doing("waiting for the answer"),
            error = ended => Err(error),
        }
    }
}

/// An SQS batch as Lambda hands it to a function. The messages are `message-0`, `message-1` and so on.
pub fn sqs_batch<B: ToString>(bodies: impl IntoIterator<Item = B>) -> Value {
    let records = bodies.into_iter().enumerate().map(|(index, body)| {
        json!({
            "messageId": format!("message-{index}"),
            "receiptHandle": format!("receipt-{index}"),
            "body": body.to_string(),
            "attributes": {"ApproximateReceiveCount": "1"},
            "messageAttributes": {},
            "md5OfBody": "",
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:us-east-1:111122223333:queue",
            "awsRegion": "us-east-1",
        })
    });
    json!({"Records": records.collect::<Vec<_>>()})
}
