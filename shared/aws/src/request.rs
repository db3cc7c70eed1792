//! Requests to services for which the workspace has no client of the SDK.
//!
//! They are made of the parts of which the clients are made, so that they are signed, repeated, timed out and counted
//! like those of the clients. A client of the SDK for each of these services would multiply the size of the functions.

use aws_config::SdkConfig;
use aws_runtime::auth::sigv4::{SCHEME_ID, SigV4AuthScheme};
use aws_runtime::auth::{SigV4OperationSigningConfig, SigningOptions};
use aws_runtime::retries::classifiers::AwsErrorCodeClassifier;
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime::client::retries::classifiers::{HttpStatusCodeClassifier, TransientErrorClassifier};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::auth::AuthSchemeOptionResolverParams;
use aws_smithy_runtime_api::client::auth::static_resolver::StaticAuthSchemeOptionResolver;
use aws_smithy_runtime_api::client::identity::SharedIdentityResolver;
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_runtime_api::client::runtime_plugin::StaticRuntimePlugin;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::Layer;
use aws_smithy_types::error::metadata::{ErrorMetadata, ProvideErrorMetadata};
use aws_types::SigningName;
use aws_types::region::SigningRegion;
use aws_types::service_config::ServiceConfigKey;
use serde_json::Value;

use crate::aws::Aws;
use crate::calls::Counter;
use crate::config::{retries, timeouts};
use crate::error::CallError;
use crate::session::Session;

/// A service of AWS, as [its endpoints](https://docs.aws.amazon.com/general/latest/gr/aws-service-information.html) and
/// the configuration of the SDKs name it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Service {
    /// After which `AWS_ENDPOINT_URL_…` is named, such as `SSM`.
    pub(crate) id: &'static str,
    /// The beginning of its host name, such as `ssm`.
    pub(crate) host: &'static str,
    /// The name that requests are signed with. Empty: they are not signed.
    pub(crate) signing_name: &'static str,
}

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// As in IAM policies, such as `ssm:GetParameter`.
    pub(crate) call: &'static str,
    pub(crate) service: Service,
    /// None for the Region of the configuration.
    pub(crate) region: Option<String>,
    pub(crate) method: &'static str,
    /// Path and query, encoded.
    pub(crate) uri: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

impl Request {
    /// Of the protocol AWS JSON 1.1, whose operations are named by a header.
    pub(crate) fn json(call: &'static str, service: Service, target: String, body: &Value) -> Self {
        Self {
            call,
            service,
            region: None,
            method: "POST",
            uri: "/".to_owned(),
            headers: vec![
                ("content-type", "application/x-amz-json-1.1".to_owned()),
                ("x-amz-target", target),
            ],
            body: body.to_string(),
        }
    }
}

/// What a service answered with success.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(header, _)| header == name)?;
        Some(value)
    }

    /// The body as JSON; null where it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

/// What a service answered with a status that is not success.
#[derive(Debug, thiserror::Error)]
#[error("the service answered with an error")]
struct AnswerError(ErrorMetadata);

impl ProvideErrorMetadata for AnswerError {
    fn meta(&self) -> &ErrorMetadata {
        &self.0
    }
}

impl AnswerError {
    /// Of an answer in JSON, or in the XML of S3 and of the query services.
    fn of(response: &HttpResponse) -> Self {
        let body = text(response);
        let json: Value = serde_json::from_str(&body).unwrap_or_default();
        let member = |name: &str| json.get(name).and_then(Value::as_str).map(str::to_owned);
        let code = response.headers().get("x-amzn-errortype").map(str::to_owned);
        let code = code.or_else(|| member("__type")).or_else(|| member("code"));
        // `com.amazonaws.ssm#ParameterNotFound` and `ParameterNotFound:http://…` are the same code.
        let code = code
            .as_deref()
            .and_then(|code| code.rsplit('#').next()?.split(':').next());
        let message = member("message").or_else(|| member("Message"));
        let mut metadata = ErrorMetadata::builder();
        if let Some(code) = code.or_else(|| element(&body, "Code")) {
            metadata = metadata.code(code);
        }
        if let Some(message) = message.as_deref().or_else(|| element(&body, "Message")) {
            metadata = metadata.message(message);
        }
        Self(metadata.build())
    }
}

/// The text of the first element of this name in an XML document, without children.
pub(crate) fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    Some(text)
}

fn text(response: &HttpResponse) -> String {
    let bytes = response.body().bytes().unwrap_or_default();
    String::from_utf8_lossy(bytes).into_owned()
}

/// Repeats what the clients of the SDK repeat.
#[derive(Debug)]
struct Retryable;

impl ClassifyRetry for Retryable {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let classifiers: [&dyn ClassifyRetry; 3] = [
            &AwsErrorCodeClassifier::<AnswerError>::new(),
            &TransientErrorClassifier::<AnswerError>::new(),
            &HttpStatusCodeClassifier::default(),
        ];
        let actions = classifiers.iter().map(|classifier| classifier.classify_retry(context));
        let mut decided = actions.filter(|action| *action != RetryAction::NoActionIndicated);
        decided.next().unwrap_or_default()
    }

    fn name(&self) -> &'static str {
        "Retryable"
    }
}

/// Sends requests with a configuration of the SDK, and counts them.
struct Sender<'a> {
    config: &'a SdkConfig,
    counter: &'a Counter,
}

impl Aws {
    /// Sends a request, and repeats it as the clients of the SDK do.
    pub(crate) async fn send(&self, request: Request) -> Result<Answer, CallError> {
        let (config, counter) = (&self.config, &self.counter);
        Sender { config, counter }.send(request).await
    }
}

impl Session {
    /// Sends a request with the credentials of the account, and repeats it as the clients of the SDK do.
    pub(crate) async fn send(&self, request: Request) -> Result<Answer, CallError> {
        let (config, counter) = self.sender();
        Sender { config, counter }.send(request).await
    }
}

impl Sender<'_> {
    async fn send(&self, request: Request) -> Result<Answer, CallError> {
        let call = request.call;
        let configured = self.config.region().map(ToString::to_string);
        let region = request.region.clone().or(configured);
        let region =
            region.ok_or_else(|| CallError::unreadable(call, "no AWS Region is configured; set AWS_REGION"))?;
        let region = home(request.service, region);
        let (_, operation) = call.split_once(':').unwrap_or_default();
        let config = self.config;
        let retries = config.retry_config().cloned().unwrap_or_else(retries);
        let mut builder = Operation::builder()
            .service_name(request.service.id)
            .operation_name(operation)
            .endpoint_url(&self.endpoint(request.service, &region))
            .standard_retry(&retries)
            .timeout_config(config.timeout_config().cloned().unwrap_or_else(timeouts))
            .retry_classifier(Retryable)
            .interceptor(self.counter.clone())
            .with_connection_poisoning();
        builder = match request.service.signing_name {
            "" => builder.no_auth(),
            _ => builder.runtime_plugin(self.signed(request.service, region)),
        };
        if let Some(version) = config.behavior_version() {
            builder = builder.behavior_version(version);
        }
        if let Some(client) = config.http_client() {
            builder = builder.http_client(client);
        }
        if let Some(time) = config.time_source() {
            builder = builder.time_source(time);
        }
        if let Some(sleep) = config.sleep_impl() {
            builder = builder.sleep_impl(sleep);
        }
        let operation = builder
            .serializer(|request: Request| http(&request))
            .deserializer(answer)
            .build();
        // Boxed: the future is large, and only part of what a run does.
        let sent = Box::pin(operation.invoke(request)).await;
        sent.map_err(|error| CallError::new(call, error))
    }

    /// Where the service is reached: where the configuration says, or at its public name.
    fn endpoint(&self, service: Service, region: &str) -> String {
        let own = self.config.service_config().and_then(|config| {
            let key = ServiceConfigKey::builder().service_id(service.id);
            config.load_config(key.env("AWS_ENDPOINT_URL").profile("endpoint_url").build().ok()?)
        });
        own.or_else(|| self.config.endpoint_url().map(str::to_owned))
            .unwrap_or_else(|| {
                let fips = if self.config.use_fips() == Some(true) {
                    "-fips"
                } else {
                    ""
                };
                let host = service.host;
                match (host, region) {
                    // https://docs.aws.amazon.com/general/latest/gr/iam-service.html
                    ("iam", "us-east-1") => format!("https://iam{fips}.amazonaws.com"),
                    ("iam", "us-gov-west-1") => "https://iam.us-gov.amazonaws.com".to_owned(),
                    // https://docs.aws.amazon.com/general/latest/gr/r53.html
                    ("route53", "us-gov-west-1") => "https://route53.us-gov.amazonaws.com".to_owned(),
                    ("route53", _) => format!("https://route53{fips}.{}", suffix(region)),
                    _ => format!("https://{host}{fips}.{region}.{}", suffix(region)),
                }
            })
    }

    /// Signs with the credentials of the configuration.
    fn signed(&self, service: Service, region: String) -> StaticRuntimePlugin {
        // https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
        let s3 = service.signing_name == "s3";
        let mut options = SigningOptions::default();
        options.double_uri_encode = !s3;
        options.normalize_uri_path = !s3;
        options.content_sha256_header = s3;
        let signing = SigV4OperationSigningConfig {
            region: Some(SigningRegion::from(aws_types::region::Region::new(region))),
            name: Some(SigningName::from(service.signing_name)),
            signing_options: options,
            ..SigV4OperationSigningConfig::default()
        };
        let mut layer = Layer::new("signed");
        layer.store_put(AuthSchemeOptionResolverParams::new(()));
        layer.store_put(signing);
        let mut components = RuntimeComponentsBuilder::new("signed");
        components.push_auth_scheme(SigV4AuthScheme::new());
        components.set_auth_scheme_option_resolver(Some(StaticAuthSchemeOptionResolver::new(vec![SCHEME_ID])));
        if let Some(cache) = self.config.identity_cache() {
            components.set_identity_cache(Some(cache));
        }
        if let Some(provider) = self.config.credentials_provider() {
            components.set_identity_resolver(SCHEME_ID, SharedIdentityResolver::new(provider));
        }
        StaticRuntimePlugin::new()
            .with_config(layer.freeze())
            .with_runtime_components(components)
    }
}

fn http(request: &Request) -> Result<HttpRequest, BoxError> {
    let mut http = HttpRequest::new(SdkBody::from(request.body.as_str()));
    http.set_method(request.method)?;
    http.set_uri(request.uri.as_str())?;
    if !request.body.is_empty() {
        http.headers_mut()
            .insert("content-length", request.body.len().to_string());
    }
    for (name, value) in &request.headers {
        http.headers_mut().insert(*name, value.clone());
    }
    Ok(http)
}

fn answer(response: &HttpResponse) -> Result<Answer, OrchestratorError<AnswerError>> {
    if !response.status().is_success() {
        return Err(OrchestratorError::operation(AnswerError::of(response)));
    }
    let headers = response.headers().iter();
    Ok(Answer {
        headers: headers
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        body: text(response),
    })
}

/// The Region in which a service is reached. IAM, Organizations and Route 53 have one in each partition.
fn home(service: Service, region: String) -> String {
    let home = match (service.host, region.split('-').next(), region.starts_with("us-gov-")) {
        ("iam" | "organizations" | "route53", Some("us"), true) => "us-gov-west-1",
        ("iam", Some("cn"), _) => "cn-north-1",
        ("organizations" | "route53", Some("cn"), _) => "cn-northwest-1",
        ("iam" | "organizations" | "route53", Some("eusc"), _) => "eusc-de-east-1",
        ("route53", _, _) if region.starts_with("us-isob-") => "us-isob-east-1",
        ("route53", _, _) if region.starts_with("us-iso-") => "us-iso-east-1",
        ("iam" | "organizations" | "route53", _, _) if !region.starts_with("us-iso") => "us-east-1",
        _ => return region,
    };
    home.to_owned()
}

/// The [domain of a partition](https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html).
fn suffix(region: &str) -> &'static str {
    const SUFFIXES: &[(&str, &str)] = &[
        ("cn-", "amazonaws.com.cn"),
        ("us-iso-", "c2s.ic.gov"),
        ("us-isob-", "sc2s.sgov.gov"),
        ("eusc-", "amazonaws.eu"),
    ];
    let found = SUFFIXES.iter().find(|(beginning, _)| region.starts_with(beginning));
    found.map_or("amazonaws.com", |(_, suffix)| suffix)
}

/// The bytes of a text that RFC 3986 calls unreserved as they are, and those of `keep`; all others encoded.
pub(crate) fn encoded(text: &str, keep: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || keep.as_bytes().contains(&byte);
    let bytes = text.bytes();
    bytes
        .map(|byte| match plain(byte) {
            true => char::from(byte).to_string(),
            false => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests;
