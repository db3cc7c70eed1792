//! Policy documents as texts.

use serde_json::Value;

use super::endpoint::Endpoint;

/// Whether two documents say the same. AWS formats the documents that it returns anew, so that only their content can
/// be compared. Texts that are not JSON are the same only where they are equal.
pub fn same_policy(a: &str, b: &str) -> bool {
    match (serde_json::from_str::<Value>(a), serde_json::from_str::<Value>(b)) {
        (Ok(a), Ok(b)) => a == b,
        (Ok(_) | Err(_), Ok(_) | Err(_)) => a == b,
    }
}

/// The strictest policy: it denies every request.
pub const QUARANTINE_POLICY: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"PosternQuarantine","Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}]}"#;

/// Whether an endpoint has this policy.
pub fn has_policy(endpoint: &Endpoint, policy: &str) -> bool {
    endpoint.policy.as_ref().is_some_and(|live| same_policy(live, policy))
}
