//! Values of each type that the conditions of a document tell apart.

use super::super::model::Model;
use super::super::strings::{Domain, WORD};
use crate::arn::{Arn, is_account, is_organization, is_organization_path};
use crate::condition_keys::ValueType;
use crate::evaluate::is_service;
use crate::glob::Piece;
use crate::literal::{Network, instant, iso};

/// Every value of a type that has only a few.
pub(super) fn few(values: ValueType) -> Option<&'static [&'static str]> {
    match values {
        ValueType::Bool => Some(&["false", "true"]),
        ValueType::TlsVersion => Some(&["1.3", "1.2"]),
        _ => None,
    }
}

/// Values that readers know, so that requests have them where they can.
pub(super) fn usual(values: ValueType, model: &Model<'_>) -> Vec<String> {
    let usual = match values {
        ValueType::Count => "300",
        ValueType::Date => return vec![iso(model.endpoint.time)],
        ValueType::Address => "10.0.0.10",
        _ => return Vec::new(),
    };
    vec![usual.to_owned()]
}

/// Whether a value has the form of its type.
pub(super) fn possible(values: ValueType, text: &str) -> bool {
    match values {
        ValueType::Text => true,
        ValueType::Account => is_account(text),
        ValueType::Organization => is_organization(text),
        ValueType::OrganizationPath => is_organization_path(text),
        ValueType::Arn => Arn::parse(text).is_some(),
        ValueType::Count => !text.is_empty() && text.len() <= 18 && text.bytes().all(|b| b.is_ascii_digit()),
        ValueType::Date => text.contains('T') && text.ends_with('Z') && instant(text).is_some(),
        ValueType::Bool => matches!(text, "true" | "false"),
        ValueType::Address => !text.contains('/') && Network::parse(text).is_some(),
        ValueType::Vpc => is_vpc(text),
        ValueType::ServiceName => is_service(text),
        ValueType::TlsVersion => matches!(text, "1.2" | "1.3"),
    }
}

fn is_vpc(text: &str) -> bool {
    let id = text.strip_prefix("vpc-").unwrap_or_default();
    !id.is_empty() && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// What stands for the strings of a type that patterns tell apart.
pub(super) fn domain(values: ValueType) -> Domain<'static> {
    const TWELVE: [Piece; 12] = [Piece::One; 12];
    let (base, possible, fillings, letters): (&[Piece], &dyn Fn(&str) -> bool, &[&str], &str) = match values {
        ValueType::Account => (&TWELVE, &is_account, &[""], "907852"),
        ValueType::Organization => (
            &[Piece::Char('o'), Piece::Char('-'), Piece::Any],
            &is_organization,
            &["zzzzzzzzzz", "qqqqqqqqqqq", "zzz", "", "0000000000"],
            "zq0x17",
        ),
        ValueType::OrganizationPath => (
            &[Piece::Char('o'), Piece::Char('-'), Piece::Any],
            &is_organization_path,
            &[
                "zzzzzzzzzz/r-zz12/",
                "/r-zz12/",
                "zz12/",
                "",
                "zzzzzzzzzz/r-zz12/ou-zz12-zzzzzzzz/",
            ],
            "zq0x17",
        ),
        ValueType::Vpc => (
            &[
                Piece::Char('v'),
                Piece::Char('p'),
                Piece::Char('c'),
                Piece::Char('-'),
                Piece::Any,
            ],
            &is_vpc,
            &["0fedcba9876543210", "0f", "", "0123456789abcdef"],
            "f0e1d2c3b4a596877",
        ),
        ValueType::Arn => (
            &[Piece::Any],
            &|text| Arn::parse(text).is_some(),
            &[
                "arn:aws:ec2:us-east-1:999988887777:instance/i-0fedcba9876543210",
                "z",
                "",
                "aws:ec2:us-east-1:999988887777:instance/i-0fedcba9876543210",
                "ec2:us-east-1:999988887777:instance/i-0fedcba9876543210",
                "us-east-1",
                "999988887777",
                "999988887777:instance/i-0fedcba9876543210",
                "instance/i-0fedcba9876543210",
            ],
            "zqxjk0",
        ),
        ValueType::Count => (
            &[Piece::Any],
            &|text| possible(ValueType::Count, text),
            &["300", "7", "", "0", "41"],
            "7041",
        ),
        ValueType::Date => (
            &[Piece::Any],
            &|text| possible(ValueType::Date, text),
            &[
                "2026-01-02T03:04:05Z",
                "-01-02T03:04:05Z",
                "T03:04:05Z",
                ":04:05Z",
                ":05Z",
                "Z",
                "",
                "2026",
                "2025",
            ],
            "0123",
        ),
        ValueType::Address => (
            &[Piece::Any],
            &|text| possible(ValueType::Address, text),
            &["10.0.0.10", "7", "0.0.10", "0.10", "192.168", "", "168.7.7", "::1"],
            "7012",
        ),
        ValueType::ServiceName => (
            &[Piece::Any],
            &is_service,
            &[
                "unlisted.amazonaws.com",
                "unlisted",
                ".amazonaws.com",
                "amazonaws.com",
                "",
            ],
            "zqxjk0",
        ),
        ValueType::Text | ValueType::Bool | ValueType::TlsVersion => return WORD,
    };
    Domain {
        base,
        possible,
        fillings,
        letters,
        ..WORD
    }
}
