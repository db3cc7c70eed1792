//! The report as an SNS message.

use std::collections::BTreeSet;

use super::{Report, cut};
use postern_core::history::FindingStatus;
use postern_core::model::text::shorten;

/// Bytes of body and attributes together that an SNS topic accepts unless it is configured for more
/// (<https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>). The subject counts here as well, to be safe.
pub const MESSAGE_LIMIT: usize = 262_144;

/// Characters of a subject: ASCII without line breaks, less than 100 (same source).
pub const SUBJECT_LIMIT: usize = 99;

/// No account, Region or control has a name of that length.
const LONGEST_ATTRIBUTE: usize = 256;

/// More than there are controls.
const MOST_CONTROLS: usize = 64;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub subject: String,
    /// A report as JSON; with `truncated` where the whole would not fit.
    pub body: String,
    /// For filter policies: `severity`, `control`, `outcome`, `account`, `region`.
    pub attributes: Vec<(&'static str, AttributeValue)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttributeValue {
    Text(String),
    List(Vec<String>),
}

impl Message {
    pub fn of(report: &Report) -> Self {
        Self::within(report, MESSAGE_LIMIT)
    }

    pub(super) fn within(report: &Report, limit: usize) -> Self {
        let mut message = Self {
            subject: subject(report),
            body: String::new(),
            attributes: attributes(report),
        };
        message.body = cut::fit(report, limit.saturating_sub(message.size()));
        message
    }

    /// In bytes, as SNS counts.
    pub fn size(&self) -> usize {
        let attributes = self.attributes.iter();
        let attributes = attributes.map(|(name, value)| name.len() + value.data_type().len() + value.text().len());
        self.subject.len() + self.body.len() + attributes.sum::<usize>()
    }
}

impl AttributeValue {
    /// As SNS calls it.
    pub fn data_type(&self) -> &'static str {
        match self {
            Self::Text(_) => "String",
            Self::List(_) => "String.Array",
        }
    }

    /// The string value of the attribute: a list is a JSON array.
    pub fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::List(items) => serde_json::Value::from(items.clone()).to_string(),
        }
    }
}

fn attributes(report: &Report) -> Vec<(&'static str, AttributeValue)> {
    let text = |text: &str| AttributeValue::Text(attribute(text));
    let alerting = report.findings.iter().filter(|f| f.outcome != FindingStatus::Exempt);
    let causes = report.changes.iter().flat_map(|change| &change.causes);
    let controls: BTreeSet<&str> = alerting
        .map(|finding| finding.control.as_str())
        .chain(causes.map(|key| key.control.as_str()))
        .collect();
    vec![
        ("severity", text(report.severity.as_str())),
        (
            "control",
            AttributeValue::List(controls.into_iter().take(MOST_CONTROLS).map(attribute).collect()),
        ),
        ("outcome", text(report.outcome.as_str())),
        ("account", text(report.account.as_str())),
        ("region", text(report.region.as_str())),
    ]
}

fn attribute(text: &str) -> String {
    let mut text = text.to_owned();
    shorten(&mut text, LONGEST_ATTRIBUTE);
    text
}

/// Such as `[Postern] HIGH: 1 needs you, 3 repaired in vpc-0a1b (eu-central-1)`.
fn subject(report: &Report) -> String {
    let start = format!("[Postern] {}: ", report.severity.as_str().to_uppercase());
    let end = format!(" in {} ({})", report.vpc, report.region);
    let noticed = (!report.notices.is_empty()).then(|| "stands in the way".to_owned());
    let ended = FindingStatus::ALL.iter().rev().filter_map(|d| phrase(*d, report));
    let mut all: Vec<_> = noticed.into_iter().chain(ended).collect();
    if all.is_empty() {
        // An undo is none of the changes that a control proposes.
        let undone = report.changes.iter().all(|change| change.change.is_none());
        all.push(if undone { "taken back" } else { "told late" }.to_owned());
    }
    let whole = |said: &[String]| format!("{start}{}{end}", said.join(", "));
    let mut subject = whole(&all);
    let mut said = all.as_slice();
    while subject.len() > SUBJECT_LIMIT
        && let Some((_, more)) = said.split_last()
        && !more.is_empty()
    {
        said = more;
        subject = whole(&[said, &["...".to_owned()]].concat());
    }
    let printable = |c: char| if c == ' ' || c.is_ascii_graphic() { c } else { '?' };
    subject.chars().map(printable).take(SUBJECT_LIMIT).collect()
}

/// What the subject says of the findings that ended so.
fn phrase(outcome: FindingStatus, report: &Report) -> Option<String> {
    let count = report.summary.findings.of(outcome);
    if count == 0 {
        return None;
    }
    Some(match outcome {
        FindingStatus::Exempt => return None,
        FindingStatus::Audit => format!("would repair {count}"),
        FindingStatus::Indeterminate => format!("{count} undecided"),
        FindingStatus::Manual if count == 1 => "1 needs you".to_owned(),
        FindingStatus::Manual => format!("{count} need you"),
        FindingStatus::Resolved
        | FindingStatus::Repaired
        | FindingStatus::Pending
        | FindingStatus::Contested
        | FindingStatus::Refused
        | FindingStatus::Failed => {
            format!("{count} {}", outcome.as_str())
        }
    })
}
