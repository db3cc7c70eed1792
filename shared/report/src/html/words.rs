//! What drawings and tables say alike.

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
