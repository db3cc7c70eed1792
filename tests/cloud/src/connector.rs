//! Between the SDK and the model: the SDK's HTTP client.

use std::sync::Arc;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;

use crate::cloud::Cloud;
use crate::ec2::{self, Refusal};
use crate::faults::Fault;
use crate::form::Form;
use crate::log::{Entry, Service};
use crate::{REGION, sns, sts, unmodelled};

/// The way of one caller's clients to the cloud.
#[derive(Clone, Debug)]
pub(crate) struct Connector {
    cloud: Cloud,
    caller: Arc<str>,
}

/// One request as it arrived.
struct Request {
    service: Service,
    region: String,
    operation: String,
    content: Content,
}

enum Content {
    Form(Form),
    Json { target: String, body: Vec<u8> },
}

type Bytes = (u16, Vec<u8>);

impl Connector {
    pub(crate) fn new(cloud: Cloud, caller: &str) -> Self {
        Self {
            cloud,
            caller: Arc::from(caller),
        }
    }

    async fn exchange(self, request: Request) -> Result<HttpResponse, ConnectorError> {
        let Some((status, bytes)) = self.answer(request).await else {
            return Err(ConnectorError::io("connection reset by peer".into()));
        };
        let status = StatusCode::try_from(status).map_err(|error| ConnectorError::other(error.into(), None))?;
        Ok(HttpResponse::new(status, SdkBody::from(bytes)))
    }

    /// Nothing is done but in `perform`, at once: dropped before or after, the call was not made or was made whole.
    /// None: the connection breaks.
    async fn answer(&self, request: Request) -> Option<Bytes> {
        let (fault, there, back) = {
            let mut state = self.cloud.state();
            let state = &mut *state;
            let fault = state.draw(request.service, &request.operation);
            let mut way = || state.faults.way(&mut state.rng);
            (fault, way(), way())
        };
        tokio::time::sleep(there).await;
        let service = request.service;
        let answer = match fault {
            Some(fault) if !fault.spares_the_effect() => self.refuse(request, fault),
            fault => self.perform(request, fault),
        };
        match fault {
            Some(Fault::SilentBefore | Fault::SilentAfter) => std::future::pending().await,
            Some(Fault::BrokenBefore | Fault::BrokenAfter) => {
                tokio::time::sleep(back).await;
                return None;
            }
            _ => tokio::time::sleep(back).await,
        }
        Some(match fault {
            Some(Fault::ErrorAfter) => trouble(service, Fault::ErrorAfter),
            _ => answer,
        })
    }

    fn perform(&self, request: Request, fault: Option<Fault>) -> Bytes {
        let now = self.cloud.now();
        let mut state = self.cloud.state();
        match (request.service, request.content) {
            (Service::Ec2, Content::Form(form)) => {
                let answer = state.ec2(&self.caller, &request.region, &request.operation, form, now, fault);
                match answer {
                    Ok(xml) => (200, xml.into_bytes()),
                    Err(refusal) => ec2_refusal(&refusal),
                }
            }
            (Service::Sns, Content::Form(form)) => {
                let answer = sns::answer(&mut state, &self.caller, &request.operation, &form, now);
                let code = answer.as_ref().err().map(|refusal| refusal.code.clone());
                let content = Content::Form(form);
                state.record(self.entry(request.service, request.region, request.operation, content, code, fault));
                match answer {
                    Ok(xml) => (200, xml.into_bytes()),
                    Err(refusal) => sns::refusal(&refusal),
                }
            }
            (Service::Sts, Content::Form(form)) => {
                let xml = sts::answer(&self.caller, &request.operation, &form);
                let content = Content::Form(form);
                state.record(self.entry(request.service, request.region, request.operation, content, None, fault));
                (200, xml.into_bytes())
            }
            (service, Content::Json { target, body }) => {
                let answer = state.dynamodb(&target, &body, now);
                let code = (answer.0 != 200).then(|| json_code(&answer.1));
                let content = Content::Json { target, body };
                state.record(self.entry(service, request.region, request.operation, content, code, fault));
                answer
            }
            (service, Content::Form(_)) => unmodelled(format_args!("a form sent to {service:?}")),
        }
    }

    /// Logs the call and does nothing.
    fn refuse(&self, request: Request, fault: Fault) -> Bytes {
        let bytes = trouble(request.service, fault);
        let code = Some(trouble_code(request.service, fault).1.to_owned());
        let service = request.service;
        let entry = self.entry(
            service,
            request.region,
            request.operation,
            request.content,
            code,
            Some(fault),
        );
        self.cloud.state().record(entry);
        bytes
    }

    fn entry(
        &self,
        service: Service,
        region: String,
        operation: String,
        content: Content,
        code: Option<String>,
        fault: Option<Fault>,
    ) -> Entry {
        let parameters = match content {
            Content::Form(form) => form.into_pairs(),
            Content::Json { body, .. } => {
                vec![("Body".to_owned(), String::from_utf8(body).unwrap_or_default())]
            }
        };
        let reads = ["Describe", "Get", "List", "Query", "Scan", "BatchGet"];
        let dry = parameters
            .iter()
            .any(|(name, value)| name == "DryRun" && value == "true");
        Entry {
            number: 0,
            at: self.cloud.now(),
            caller: Arc::clone(&self.caller),
            region,
            service,
            mutating: !dry && !reads.iter().any(|read| operation.starts_with(read)),
            operation,
            parameters,
            code,
            message: String::new(),
            fault,
            effects: Vec::new(),
            response: None,
        }
    }
}

impl HttpClient for Connector {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(self.clone().exchange(arrived(&request)))
    }
}

/// Tells services and Regions by their names in the DNS, such as `ec2.eu-central-1.amazonaws.com`.
fn arrived(request: &HttpRequest) -> Request {
    let uri = request.uri();
    let host = uri
        .split("://")
        .nth(1)
        .and_then(|rest| rest.split('/').next())
        .unwrap_or_default();
    let mut labels = host.split('.');
    let service = match labels.next() {
        Some("ec2") => Service::Ec2,
        Some("sns") => Service::Sns,
        Some("dynamodb") => Service::DynamoDb,
        Some("sts") => Service::Sts,
        _ => unmodelled(format_args!("the host `{host}`")),
    };
    let region = labels.next().unwrap_or_default().to_owned();
    let Some(body) = request.body().bytes() else {
        unmodelled("a body that comes in pieces");
    };
    let target = request.headers().get("x-amz-target").unwrap_or_default();
    Request::read(service, region, target, body)
}

impl Request {
    fn read(service: Service, region: String, target: &str, body: &[u8]) -> Self {
        let (operation, content) = match service {
            Service::Ec2 | Service::Sns | Service::Sts => {
                let form = Form::decode(body);
                let operation = form.required("Action").to_owned();
                form.text("Version");
                (operation, Content::Form(form))
            }
            Service::DynamoDb => {
                let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
                let (target, body) = (target.to_owned(), body.to_vec());
                (operation, Content::Json { target, body })
            }
        };
        Self {
            service,
            region,
            operation,
            content,
        }
    }
}

impl Cloud {
    /// Answers a request to `REGION` that came over a network, with HTTP status and body. `target` is its `X-Amz-Target`,
    /// if any. None: the connection breaks.
    pub async fn serve(&self, caller: &str, service: Service, target: &str, body: &[u8]) -> Option<(u16, Vec<u8>)> {
        let request = Request::read(service, REGION.to_owned(), target, body);
        Connector::new(self.clone(), caller).answer(request).await
    }
}

/// How a service says that it cannot now, or that the caller may not.
fn trouble(service: Service, fault: Fault) -> Bytes {
    let (status, code, message) = trouble_code(service, fault);
    match service {
        Service::Ec2 => (status, ec2::refusal_xml(&Refusal::new(code, message)).into_bytes()),
        Service::Sns | Service::Sts => (status, sns::refusal(&Refusal::new(code, message)).1),
        Service::DynamoDb => {
            let body = serde_json::json!({
                "__type": format!("com.amazonaws.dynamodb.v20120810#{code}"),
                "message": message,
            });
            (status, body.to_string().into_bytes())
        }
    }
}

fn trouble_code(service: Service, fault: Fault) -> (u16, &'static str, &'static str) {
    match (service, fault) {
        (Service::Ec2, Fault::Throttled) => (503, "RequestLimitExceeded", "Request limit exceeded."),
        (Service::Ec2, Fault::Denied) => (
            403,
            "UnauthorizedOperation",
            "You are not authorized to perform this operation. Encoded authorization failure message: 2bEzb",
        ),
        (Service::Ec2, _) => (500, "InternalError", "An internal error has occurred"),
        (Service::Sns | Service::Sts, Fault::Throttled) => (400, "Throttling", "Rate exceeded"),
        (Service::Sts, Fault::Denied) => (
            403,
            "InvalidClientTokenId",
            "The security token included in the request is invalid.",
        ),
        (Service::Sns, Fault::Denied) => (
            403,
            "AuthorizationError",
            "User is not authorized to perform this action on this resource",
        ),
        (Service::Sns | Service::Sts, _) => (500, "InternalError", "An internal error has occurred"),
        (Service::DynamoDb, Fault::Throttled) => (400, "ThrottlingException", "Rate of requests exceeds the limit"),
        (Service::DynamoDb, Fault::Denied) => (
            400,
            "AccessDeniedException",
            "User is not authorized to perform this action on this resource",
        ),
        (Service::DynamoDb, _) => (500, "InternalServerError", "Internal server error"),
    }
}

fn ec2_refusal(refusal: &Refusal) -> Bytes {
    let status = match refusal.code.as_str() {
        "UnauthorizedOperation" => 403,
        "DryRunOperation" => 412,
        _ => 400,
    };
    (status, ec2::refusal_xml(refusal).into_bytes())
}

fn json_code(body: &[u8]) -> String {
    let body: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let code = body.get("__type").and_then(|code| code.as_str()).unwrap_or_default();
    code.rsplit('#').next().unwrap_or_default().to_owned()
}
