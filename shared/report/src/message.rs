//! The messages of a run: for people and for programs.

use std::collections::{BTreeMap, BTreeSet};

use postern_core::model::text::shorten;
use postern_core::model::token::client_token;

use crate::published::{Outcome, Report, Severity};
use crate::text::phrases::{happened, level};
use crate::{json, text};

/// Bytes of body and attributes together that an SNS topic accepts unless it is configured for more
/// (<https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>). The subject counts here as well, to be safe.
pub const MESSAGE_LIMIT: usize = 262_144;

/// Characters of a subject: ASCII without line breaks, less than 100 (same source).
pub const SUBJECT_LIMIT: usize = 99;

/// No account, Region or control has a name of that length.
const LONGEST_ATTRIBUTE: usize = 256;

/// More than there are controls.
const MOST_CONTROLS: usize = 64;

/// With more reports than this of one account and Region in a run, people get one digest.
const MOST_ALERTS: usize = 3;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Equal for the same news, whichever run reports them.
    pub idempotency_key: String,
    pub subject: String,
    pub body: String,
    /// For filter policies, the same in every sink: `severity`, `control`, `outcome`, `account`, `region`.
    pub attributes: Vec<(&'static str, AttributeValue)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttributeValue {
    Text(String),
    List(Vec<String>),
}

/// The alerts of a run over many scopes: one for each report, or one digest for an account and Region with many.
pub fn alerts<'a>(reports: impl IntoIterator<Item = &'a Report>) -> Vec<Message> {
    let mut places: BTreeMap<(&str, &str), Vec<&Report>> = BTreeMap::new();
    for report in reports {
        let place = (report.scope.account.as_str(), report.scope.region.as_str());
        places.entry(place).or_default().push(report);
    }
    let messages = places.into_values().flat_map(|reports| match reports.len() {
        0..=MOST_ALERTS => reports.into_iter().map(Message::alert).collect(),
        _ => vec![Message::digest(&reports)],
    });
    messages.collect()
}

impl Message {
    /// The report for programs, truncated if SNS would not take the whole.
    pub fn report(report: &Report) -> Self {
        Self::report_within(report, MESSAGE_LIMIT)
    }

    pub(crate) fn report_within(report: &Report, limit: usize) -> Self {
        let mut message = Self {
            body: String::new(),
            ..Self::alert(report)
        };
        message.body = json::render_within(report, limit.saturating_sub(message.size()));
        message
    }

    /// The report for people.
    pub fn alert(report: &Report) -> Self {
        Self {
            idempotency_key: report.idempotency_key.clone(),
            subject: subject(
                &level(report),
                &of_scope(report),
                &[happened(report, true), happened(report, false)],
            ),
            body: text::alert(report),
            attributes: attributes(&[report]),
        }
    }

    /// Many reports of one account and Region for people.
    fn digest(reports: &[&Report]) -> Self {
        let severity = severity(reports).as_str().to_uppercase();
        let place = reports.first().map(|report| {
            let scope = &report.scope;
            format!("{} {}", scope.account, scope.region)
        });
        Self {
            idempotency_key: client_token(reports.iter().map(|report| report.idempotency_key.as_str())),
            subject: subject(
                &severity,
                &place.unwrap_or_default(),
                &[vec![text::digest::summary(reports)]],
            ),
            body: text::digest::digest(reports),
            attributes: attributes(reports),
        }
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

fn attributes(reports: &[&Report]) -> Vec<(&'static str, AttributeValue)> {
    let text = |text: &str| AttributeValue::Text(attribute(text));
    let findings = reports.iter().flat_map(|report| &report.findings);
    let alerting = findings.filter(|finding| finding.outcome > Outcome::Exempt);
    let changes = reports.iter().flat_map(|report| &report.changes);
    let causes = changes.flat_map(|change| &change.causes);
    let controls: BTreeSet<&str> = alerting
        .map(|finding| finding.control.as_str())
        .chain(causes.map(|cause| cause.control.as_str()))
        .collect();
    let outcome = reports.iter().map(|report| report.outcome).max();
    let scope = reports.first().map(|report| &report.scope);
    vec![
        ("severity", text(severity(reports).as_str())),
        (
            "control",
            AttributeValue::List(controls.into_iter().take(MOST_CONTROLS).map(attribute).collect()),
        ),
        ("outcome", text(outcome.map_or("", Outcome::as_str))),
        ("account", text(scope.map_or("", |scope| &scope.account))),
        ("region", text(scope.map_or("", |scope| &scope.region))),
    ]
}

fn severity(reports: &[&Report]) -> Severity {
    reports
        .iter()
        .map(|report| report.severity)
        .max()
        .unwrap_or(Severity::Low)
}

fn attribute(text: &str) -> String {
    let mut text = text.to_owned();
    shorten(&mut text, LONGEST_ATTRIBUTE);
    text
}

fn of_scope(report: &Report) -> String {
    format!("{} ({})", report.scope.resource.id, report.scope.region)
}

/// Such as `[Postern] HIGH vpc-0a1b2c3d (eu-central-1): policy-open needs action`. The first wording that fits is taken.
/// If none fits, the last one loses its end: the most urgent comes first.
fn subject(level: &str, about: &str, wordings: &[Vec<String>]) -> String {
    let whole = |said: &[String]| format!("[Postern] {level} {about}: {}", said.join(", "));
    let fits = |subject: &String| subject.len() <= SUBJECT_LIMIT;
    let mut said = wordings.last().map(Vec::as_slice).unwrap_or_default();
    let fitting = wordings.iter().map(|said| whole(said)).find(fits);
    let mut subject = fitting.unwrap_or_else(|| whole(said));
    while !fits(&subject)
        && let Some((_, more)) = said.split_last()
        && !more.is_empty()
    {
        said = more;
        subject = whole(&[said, &["...".to_owned()]].concat());
    }
    let printable = |c: char| if c == ' ' || c.is_ascii_graphic() { c } else { '?' };
    subject.chars().map(printable).take(SUBJECT_LIMIT).collect()
}
