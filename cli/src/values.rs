//! Values on the command line: ids and names of AWS.

use postern_core::model::scope::ScopedResource;

/// A short name, or a full one as the settings accept it. Of services of AWS, what counts is the short name.
pub(crate) fn service(text: &str) -> Result<String, String> {
    let named = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
    let name = postern_policy::short_name(text).unwrap_or(text);
    check(
        name,
        name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(named),
        "such as com.amazonaws.eu-central-1.s3 or s3",
    )
}

pub(crate) fn region(text: &str) -> Result<String, String> {
    let named = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    check(
        text,
        text.chars().all(named) && text.contains('-'),
        "such as eu-central-1",
    )
}

pub(crate) fn account(text: &str) -> Result<String, String> {
    let digits = text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit());
    check(text, digits, "twelve digits")
}

/// A role by its name and path (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>).
pub(crate) fn role(text: &str) -> Result<String, String> {
    let named = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-/".contains(c);
    let name = text.trim_start_matches('/');
    let whole = !name.is_empty() && !name.ends_with('/') && name.chars().all(named);
    check(
        name,
        whole,
        "the name of a role, such as postern-audit or audit/postern",
    )
}

pub(crate) fn vpc(text: &str) -> Result<String, String> {
    check(text, is_id(text, "vpc-"), "such as vpc-0123456789abcdef0")
}

/// A VPC or an endpoint service.
pub(crate) fn scope(text: &str) -> Result<ScopedResource, String> {
    let valid = is_id(text, "vpc-") || is_id(text, "vpce-svc-");
    let parsed = ScopedResource::parse(text).filter(|_| valid);
    parsed.ok_or_else(|| "expected a VPC or an endpoint service, such as vpc-0123456789abcdef0".to_owned())
}

pub(crate) fn endpoint(text: &str) -> Result<String, String> {
    check(text, is_id(text, "vpce-"), "such as vpce-0123456789abcdef0")
}

fn is_id(text: &str, prefix: &str) -> bool {
    let id = text.strip_prefix(prefix).unwrap_or_default();
    !id.is_empty() && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}

fn check(text: &str, pauses: bool, wanted: &str) -> Result<String, String> {
    if pauses {
        Ok(text.to_owned())
    } else {
        Err(format!("expected {wanted}"))
    }
}
