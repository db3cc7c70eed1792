//! Errors of the services as they are on the wire.

use crate::api_error::ApiError;
use crate::faults::Fault;
use crate::log::Service;
use crate::{ec2, sns};

/// HTTP status and body.
pub(crate) type Bytes = (u16, Vec<u8>);

/// The answer of a service to a call with this fault, in its protocol.
pub(crate) fn fault_answer(service: Service, fault: Fault) -> Bytes {
    let (status, code, message) = fault_error(service, fault);
    match service {
        Service::Ec2 => (status, ec2::error_xml(&ApiError::new(code, message)).into_bytes()),
        Service::LoadBalancers | Service::Sns | Service::Sts | Service::Route53 => {
            (status, sns::error(&ApiError::new(code, message)).1)
        }
        Service::DynamoDb => json_error(status, &format!("com.amazonaws.dynamodb.v20120810#{code}"), message),
        Service::Organizations | Service::Ssm | Service::Route53Profiles | Service::CloudWatch => {
            json_error(status, code, message)
        }
    }
}

pub(crate) fn json_error(status: u16, code: &str, message: &str) -> Bytes {
    let body = serde_json::json!({ "__type": code, "message": message });
    (status, body.to_string().into_bytes())
}

pub(crate) fn fault_error(service: Service, fault: Fault) -> (u16, &'static str, &'static str) {
    match (service, fault) {
        (Service::Ec2, Fault::Throttled) => (503, "RequestLimitExceeded", "Request limit exceeded."),
        (Service::Ec2, Fault::Denied) => (
            403,
            "UnauthorizedOperation",
            "You are not authorized to perform this operation. Encoded authorization failure message: 2bEzb",
        ),
        (Service::Ec2, _) => (500, "InternalError", "An internal error has occurred"),
        (Service::LoadBalancers | Service::Sns | Service::Sts | Service::Route53, Fault::Throttled) => {
            (400, "Throttling", "Rate exceeded")
        }
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
        (Service::LoadBalancers | Service::Route53, Fault::Denied) => (
            403,
            "AccessDenied",
            "User is not authorized to perform this action because no identity-based policy allows it",
        ),
        (Service::LoadBalancers | Service::Route53, _) => (500, "InternalFailure", "An internal error has occurred"),
        (Service::Sns | Service::Sts, _) => (500, "InternalError", "An internal error has occurred"),
        (Service::Organizations, Fault::Throttled) => (400, "TooManyRequestsException", "Too many requests"),
        (Service::Organizations, Fault::Denied) => (
            400,
            "AccessDeniedException",
            "You don't have permissions to access this resource.",
        ),
        (Service::Organizations, _) => (500, "ServiceException", "Internal server error"),
        (Service::DynamoDb | Service::Ssm | Service::Route53Profiles | Service::CloudWatch, Fault::Throttled) => {
            (400, "ThrottlingException", "Rate of requests exceeds the limit")
        }
        (Service::DynamoDb | Service::Ssm | Service::Route53Profiles | Service::CloudWatch, Fault::Denied) => (
            400,
            "AccessDeniedException",
            "User is not authorized to perform this action on this resource",
        ),
        (Service::CloudWatch, _) => (500, "InternalServiceFault", "Request processing has failed"),
        (Service::DynamoDb | Service::Ssm | Service::Route53Profiles, _) => {
            (500, "InternalServerError", "Internal server error")
        }
    }
}

pub(crate) fn ec2_error(error: &ApiError) -> Bytes {
    let status = match error.code.as_str() {
        "UnauthorizedOperation" => 403,
        "RequestLimitExceeded" => 503,
        "DryRunOperation" => 412,
        _ => 400,
    };
    (status, ec2::error_xml(error).into_bytes())
}

pub(crate) fn json_code(body: &[u8]) -> String {
    let body: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let code = body.get("__type").and_then(|code| code.as_str()).unwrap_or_default();
    code.rsplit('#').next().unwrap_or_default().to_owned()
}
