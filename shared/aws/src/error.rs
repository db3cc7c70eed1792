//! Errors of calls to AWS.

use std::error::Error;
use std::sync::Arc;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

/// Codes of errors that pass. The SDK has made all its attempts when one of them arrives here.
const TRANSIENT_CODES: &[&str] = &[
    "BandwidthLimitExceeded",
    "EC2ThrottledException",
    "ExpiredToken",
    "InternalError",
    "InternalFailure",
    "InternalServerError",
    "KMSThrottling",
    "KMSThrottlingException",
    "LimitExceededException",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestExpired",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "RequestTimeout",
    "RequestTimeoutException",
    "ServerInternal",
    "ServiceUnavailable",
    "SlowDown",
    "Throttled",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "TransactionInProgressException",
    "Unavailable",
];

/// A call to AWS that failed after all attempts of the SDK.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{call} failed")]
pub struct CallError {
    /// As in IAM policies, such as `ec2:DescribeVpcs`.
    pub call: &'static str,
    /// The error code, where AWS answered with one.
    pub code: Option<String>,
    /// The error message without the code; empty where no answer could be read.
    pub message: String,
    transient: bool,
    #[source]
    cause: Arc<dyn Error + Send + Sync>,
}

/// Why AWS cannot be called at all with the credentials of the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CredentialsProblem {
    /// Nothing in the environment names any.
    Missing,
    /// What names them did not give them, such as a sign-in that has ended; why, in one line.
    NotGiven(String),
    Expired,
    /// AWS does not know them, or they do not count in the Region.
    Rejected,
}

/// Codes with which AWS rejects the credentials of a request, whatever it asks for
/// (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html>).
const REJECTED_CODES: &[&str] = &[
    "AuthFailure",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
];
const EXPIRED_CODES: &[&str] = &["ExpiredToken", "ExpiredTokenException", "RequestExpired"];

impl CallError {
    pub(crate) fn new<E>(call: &'static str, error: SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        let metadata = error.as_service_error().map(ProvideErrorMetadata::meta);
        let code = metadata.and_then(|m| m.code()).map(str::to_owned);
        let message = metadata.and_then(|m| m.message()).map(tidy).unwrap_or_default();
        let transient = transient(&error, code.as_deref());
        let cause = match (&code, error) {
            (Some(code), _) => words(format!("{code}: {message}")),
            (None, SdkError::ServiceError(answer)) => {
                let status = answer.raw().status().as_u16();
                let reason = root(answer.err());
                words(format!("the answer with HTTP status {status} cannot be read: {reason}"))
            }
            (None, error) => Arc::new(error),
        };
        Self {
            call,
            code,
            message,
            transient,
            cause,
        }
    }

    /// An error inside an answer with HTTP status 200.
    pub(crate) fn refused(call: &'static str, code: &str, message: &str) -> Self {
        let message = tidy(message);
        Self {
            call,
            code: Some(code.to_owned()),
            transient: TRANSIENT_CODES.contains(&code),
            cause: words(format!("{code}: {message}")),
            message,
        }
    }

    /// An answer that lacks what it must have.
    pub(crate) fn unreadable(call: &'static str, what: impl Into<String>) -> Self {
        Self {
            call,
            code: None,
            message: String::new(),
            transient: false,
            cause: words(what.into()),
        }
    }

    /// Whether the same call may succeed later: after throttling, a time-out, an internal error or a broken connection.
    pub fn transient(&self) -> bool {
        self.transient
    }

    /// Set where the call failed because of the credentials of the caller.
    pub fn credentials_problem(&self) -> Option<CredentialsProblem> {
        if self.is(EXPIRED_CODES) {
            return Some(CredentialsProblem::Expired);
        }
        if self.is(REJECTED_CODES) {
            return Some(CredentialsProblem::Rejected);
        }
        let mut next: Option<&(dyn Error + 'static)> = Some(self.cause.as_ref());
        while let Some(error) = next {
            match error.downcast_ref::<CredentialsError>() {
                Some(CredentialsError::CredentialsNotLoaded(_)) => return Some(CredentialsProblem::Missing),
                Some(error) => {
                    let text = chain(error);
                    let words: Vec<_> = text.split_whitespace().collect();
                    return Some(CredentialsProblem::NotGiven(words.join(" ")));
                }
                None => {}
            }
            next = error.source();
        }
        None
    }

    pub(crate) fn is(&self, codes: &[&str]) -> bool {
        self.code.as_deref().is_some_and(|code| codes.contains(&code))
    }

    /// Whether EC2 says that a resource of the call does not exist.
    pub(crate) fn not_found(&self) -> bool {
        self.code.as_deref().is_some_and(|code| code.ends_with(".NotFound"))
    }

    /// Whether the caller is not allowed to make the call.
    pub fn denied(&self) -> bool {
        self.is(&[
            "UnauthorizedOperation",
            "AccessDenied",
            "AccessDeniedException",
            "AuthorizationError",
        ])
    }

    /// The same error, reported as one that passes.
    pub(crate) fn into_transient(mut self) -> Self {
        self.transient = true;
        self
    }
}

fn transient<E>(error: &SdkError<E, HttpResponse>, code: Option<&str>) -> bool {
    let status = error.raw_response().map(|response| response.status().as_u16());
    match error {
        SdkError::ConstructionFailure(_) => false,
        // The answer broke off. A whole answer that cannot be read is a service error without a code.
        SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_) => true,
        _ => {
            status.is_some_and(|status| status >= 500 || status == 429)
                || code.is_some_and(|code| TRANSIENT_CODES.contains(&code))
        }
    }
}

/// The error message without the part that only AWS can decode, and without the full stop.
fn tidy(message: &str) -> String {
    let readable = message
        .split("Encoded authorization failure message")
        .next()
        .unwrap_or(message);
    readable.trim().trim_end_matches('.').to_owned()
}

/// An error with all its causes in one line, for logs and reports.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}

/// The message of the first cause.
fn root(error: &dyn Error) -> String {
    error.source().map_or_else(|| error.to_string(), root)
}

fn words(text: String) -> Arc<dyn Error + Send + Sync> {
    Arc::from(Box::<dyn Error + Send + Sync>::from(text))
}
