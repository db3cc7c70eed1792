//! What drawings and tables say alike.

use postern_core::model::endpoint_service::PayerResponsibility;

use crate::audit::{CentralView, ConsumerTrust, LoadBalancerView, ServiceView};
use crate::published::Verdict;

/// As in the document.
pub(super) fn word(state: impl serde::Serialize) -> String {
    let value = serde_json::to_value(state).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

pub(super) fn trust(trust: ConsumerTrust) -> &'static str {
    match trust {
        ConsumerTrust::Trusted => "trusted",
        ConsumerTrust::Undecided => "trust undecided",
        ConsumerTrust::Untrusted => "not trusted",
    }
}

pub(super) fn acceptance(service: &ServiceView) -> &'static str {
    match service.acceptance_required {
        true => "its owner accepts each connection",
        false => "accepts every connection",
    }
}

/// Such as `, for endpoints with IPv4 addresses`.
pub(super) fn addresses(service: &ServiceView) -> String {
    let of = |addresses| format!(", for endpoints with {addresses} addresses");
    service.address_type.map(of).unwrap_or_default()
}

/// Who pays for the endpoints of consumers; nothing where that is their owners, as everywhere else.
pub(super) fn payer(service: &ServiceView) -> &'static str {
    match service.payer {
        Some(PayerResponsibility::ServiceOwner) => "; its owner pays for the endpoints of consumers",
        Some(PayerResponsibility::Unknown) => "; who pays for the endpoints of consumers is not known",
        Some(PayerResponsibility::EndpointOwner) | None => "",
    }
}

/// Such as `1 of 2 targets healthy`.
pub(super) fn health(balancer: &LoadBalancerView) -> String {
    match (balancer.healthy_targets, balancer.registered_targets) {
        (Some(healthy), Some(registered)) => format!("{healthy} of {registered} targets healthy"),
        (Some(_) | None, _) => "health not read".to_owned(),
    }
}

/// Whether a spoke gets to the endpoint of a hub.
pub(super) fn reach(link: &CentralView) -> &'static str {
    match link.verdict {
        Verdict::Compliant => "reached",
        Verdict::Indeterminate => "undecided",
        Verdict::NonCompliant | Verdict::NotApplicable => "not reached",
    }
}
