//! Values of each type that the conditions of a document tell apart.

use super::super::automata;
use super::super::model::Model;
use super::super::strings::{Domain, WORD};
use crate::arn::{Arn, is_account, is_name, is_organization, is_organization_path};
use crate::condition_keys::ValueType;
use crate::glob::Piece;
use crate::literal::iso;

/// Every value of a type that has only a few.
pub(in super::super) fn few(values: ValueType) -> Option<&'static [&'static str]> {
    match values {
        ValueType::Bool => Some(&["false", "true"]),
        ValueType::TlsVersion => Some(&["1.3", "1.2"]),
        ValueType::MetadataVersion => Some(&["2.0", "1.0"]),
        ValueType::Glue => Some(&["glue.amazonaws.com"]),
        _ => None,
    }
}

/// Values that readers know, so that requests have them where they can.
pub(super) fn usual(values: ValueType, model: &Model<'_>) -> Vec<String> {
    let usual = match values {
        ValueType::Count | ValueType::Number => "300",
        ValueType::Date => return vec![iso(model.setting.endpoint.time)],
        ValueType::Address | ValueType::Address4 => "10.0.0.10",
        _ => return Vec::new(),
    };
    vec![usual.to_owned()]
}

/// The pattern of all strings of a type, which strings are of it, and what may stand for `*` and for `?`.
type Form = (
    &'static [Piece],
    &'static dyn Fn(&str) -> bool,
    &'static [&'static str],
    &'static str,
);

/// What stands for the strings of a type that patterns tell apart.
pub(super) fn domain(values: ValueType) -> Domain<'static> {
    const TWELVE: [Piece; 12] = [Piece::One; 12];
    let (base, possible, fillings, letters): Form = match values {
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
                "r-zz12/",
                "",
                "zz12/",
                "zzzzzzzzzz",
                "zzzzzzzzzz/r-zz12",
                "r-zz12",
                "zz12",
                "/r-zz12/",
                "ou-zz12-zzzzzzzz/",
                "ou-zz12-zzzzzzzz",
                "r-zz12/ou-zz12-zzzzzzzz/",
                "zz12/ou-zz12-zzzzzzzz/",
                "zzzzzzzz/",
                "zzzzzzzz",
                "zzzzzzzzzz/r-zz12/ou-zz12-zzzzzzzz/",
                "zzzzzzzzzz/r-zzzzo/ou-zzzz",
                "r-zzzzo/ou-zzzz",
                "ou-zzzz",
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
            &|text| ValueType::Vpc.fits(text),
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
        ValueType::Count | ValueType::Number => (
            &[Piece::Any],
            if values == ValueType::Count {
                &|text| ValueType::Count.fits(text)
            } else {
                &|text| ValueType::Number.fits(text)
            },
            &["300", "7", "", "0", "41"],
            "7041",
        ),
        ValueType::Date => (
            &[Piece::Any],
            &|text| ValueType::Date.fits(text),
            &[
                "2031-12-30T23:58:59Z",
                "-12-30T23:58:59Z",
                "2031-12-30",
                "58:59Z",
                "12-30T23:58:59Z",
                "30T23:58:59Z",
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
        ValueType::Address | ValueType::Address4 => (
            &[Piece::Any],
            if values == ValueType::Address {
                &|text| ValueType::Address.fits(text)
            } else {
                &|text| ValueType::Address4.fits(text)
            },
            &["10.0.0.10", "7", "0.0.10", "0.10", "192.168", "", "168.7.7", "::1"],
            "7012",
        ),
        ValueType::ServiceName => (
            &[Piece::Any],
            &|text| ValueType::ServiceName.fits(text),
            &[
                "unlisted.amazonaws.com",
                "unlisted",
                ".amazonaws.com",
                "amazonaws.com",
                "",
            ],
            "zqxjk0",
        ),
        ValueType::Name => {
            return Domain {
                possible: &is_name,
                automaton: automata::NAME,
                ..WORD
            };
        }
        ValueType::Text | ValueType::Bool | ValueType::TlsVersion | ValueType::MetadataVersion | ValueType::Glue => {
            return WORD;
        }
    };
    let feasible: &dyn Fn(&[Piece]) -> bool = match values {
        ValueType::OrganizationPath => &super::super::path_shapes::feasible,
        ValueType::Organization => &super::super::identities::may_be_organization,
        _ => &|_| true,
    };
    let automaton = match values {
        ValueType::Account => automata::DIGITS,
        ValueType::Organization => automata::ORGANIZATION,
        ValueType::OrganizationPath => automata::ORGANIZATION_PATH,
        ValueType::Vpc => automata::VPC,
        ValueType::Arn => automata::ARN,
        ValueType::ServiceName => automata::SERVICE_NAME,
        _ => WORD.automaton,
    };
    Domain {
        base,
        possible,
        feasible,
        fillings,
        letters,
        automaton,
        ..WORD
    }
}
