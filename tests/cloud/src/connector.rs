//! The HTTP client of the SDK, which answers from the model.

use std::sync::Arc;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;

use crate::errors::{Bytes, ec2_error, fault_answer, fault_error, json_code};
use crate::faults::Fault;
use crate::form::Form;
use crate::log::{Entry, Service};
use crate::state::Shared;
use crate::{REGION, cloudwatch, not_modelled, organizations, route53, sns, ssm, sts};

/// The HTTP client of one caller.
#[derive(Clone, Debug)]
pub(crate) struct Connector {
    cloud: Arc<Shared>,
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

impl Connector {
    pub(crate) fn new(cloud: Arc<Shared>, caller: &str) -> Self {
        Self {
            cloud,
            caller: Arc::from(caller),
        }
    }

    /// Answers a request to `REGION` with HTTP status and body. None: the connection breaks.
    pub(crate) async fn serve(&self, service: Service, target: &str, body: &[u8]) -> Option<Bytes> {
        self.answer(Request::read(service, REGION.to_owned(), target, body))
            .await
    }

    async fn exchange(self, request: Request) -> Result<HttpResponse, ConnectorError> {
        let Some((status, bytes)) = self.answer(request).await else {
            return Err(ConnectorError::io("connection reset by peer".into()));
        };
        let status = StatusCode::try_from(status).map_err(|error| ConnectorError::other(error.into(), None))?;
        Ok(HttpResponse::new(status, SdkBody::from(bytes)))
    }

    /// Only `perform` changes anything, without waiting: a future that is dropped made the call as a whole or not at all.
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
            Some(Fault::ErrorAfter) => fault_answer(service, Fault::ErrorAfter),
            _ => answer,
        })
    }

    fn perform(&self, request: Request, fault: Option<Fault>) -> Bytes {
        let now = self.cloud.clock.now();
        let mut state = self.cloud.state();
        let state = &mut *state;
        match (request.service, request.content) {
            (service @ (Service::Ec2 | Service::LoadBalancers), Content::Form(form)) => {
                let answer = state.world(service, &self.caller, &request.region, &request.operation, form, fault);
                match (answer, service) {
                    (Ok(xml), _) => (200, xml.into_bytes()),
                    (Err(error), Service::Ec2) => ec2_error(&error),
                    (Err(error), _) => sns::error(&error),
                }
            }
            (Service::Sns, Content::Form(form)) => {
                let answer = sns::answer(
                    &mut state.world,
                    &mut state.published,
                    &self.caller,
                    &request.operation,
                    &form,
                    now,
                );
                let code = answer.as_ref().err().map(|error| error.code.clone());
                let content = Content::Form(form);
                state.record(self.entry(request.service, request.region, request.operation, content, code, fault));
                match answer {
                    Ok(xml) => (200, xml.into_bytes()),
                    Err(error) => sns::error(&error),
                }
            }
            (Service::Sts, Content::Form(form)) => {
                let xml = sts::answer(&self.caller, &request.operation, &form);
                let content = Content::Form(form);
                state.record(self.entry(request.service, request.region, request.operation, content, None, fault));
                (200, xml.into_bytes())
            }
            (Service::Route53, Content::Form(form)) => {
                let answer = route53::answer(&state.world, &self.caller, &request.operation, &form);
                let code = answer.as_ref().err().map(|error| error.code.clone());
                let content = Content::Form(form);
                state.record(self.entry(request.service, request.region, request.operation, content, code, fault));
                match answer {
                    Ok(xml) => (200, xml.into_bytes()),
                    Err(error) => sns::error(&error),
                }
            }
            (Service::Route53Profiles, Content::Form(form)) => {
                let answer = route53::profiles(&state.world, &form);
                let content = Content::Form(form);
                state.record(self.entry(request.service, request.region, request.operation, content, None, fault));
                answer
            }
            (service, Content::Json { target, body }) => {
                let answer = match service {
                    Service::Organizations => organizations::answer(&state.world, &request.operation),
                    Service::Ssm => ssm::answer(&state.world, &target, &body),
                    Service::CloudWatch => {
                        cloudwatch::answer(&state.world, &self.caller, &request.region, &target, &body)
                    }
                    _ => state.dynamodb(&target, &body, now),
                };
                let code = (answer.0 != 200).then(|| json_code(&answer.1));
                let content = Content::Json { target, body };
                state.record(self.entry(service, request.region, request.operation, content, code, fault));
                answer
            }
            (service, Content::Form(_)) => not_modelled(format_args!("a form sent to {service:?}")),
        }
    }

    /// Logs the call and does nothing.
    fn refuse(&self, request: Request, fault: Fault) -> Bytes {
        let bytes = fault_answer(request.service, fault);
        let code = Some(fault_error(request.service, fault).1.to_owned());
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
            at: self.cloud.clock.now(),
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

/// Reads service and Region from the host name, such as `ec2.eu-central-1.amazonaws.com`.
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
        Some("elasticloadbalancing") => Service::LoadBalancers,
        Some("sns") => Service::Sns,
        Some("dynamodb") => Service::DynamoDb,
        Some("sts") => Service::Sts,
        Some("organizations") => Service::Organizations,
        Some("ssm") => Service::Ssm,
        Some("route53") => Service::Route53,
        Some("route53profiles") => Service::Route53Profiles,
        Some("monitoring") => Service::CloudWatch,
        _ => not_modelled(format_args!("the host `{host}`")),
    };
    let region = match service {
        // Global: https://route53.amazonaws.com
        Service::Route53 => "us-east-1",
        _ => labels.next().unwrap_or_default(),
    };
    let region = region.to_owned();
    let Some(body) = request.body().bytes() else {
        not_modelled("a body that comes in pieces");
    };
    let target = match service {
        Service::Route53 | Service::Route53Profiles => uri.split_once(host).map_or("", |(_, target)| target),
        _ => request.headers().get("x-amz-target").unwrap_or_default(),
    };
    Request::read(service, region, target, body)
}

impl Request {
    fn read(service: Service, region: String, target: &str, body: &[u8]) -> Self {
        let (operation, content) = match service {
            Service::Ec2 | Service::LoadBalancers | Service::Sns | Service::Sts => {
                let form = Form::decode(body);
                let operation = form.required("Action").to_owned();
                form.text("Version");
                (operation, Content::Form(form))
            }
            Service::Route53 | Service::Route53Profiles => {
                let (operation, form) = route53::read(target);
                (operation, Content::Form(form))
            }
            Service::DynamoDb | Service::Organizations | Service::Ssm | Service::CloudWatch => {
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
