//! Messages as subscribers of the two topics receive them.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use crate::error::{HarnessError, Result, While};
use crate::stack::root;

/// A message for people: text.
#[derive(Clone, Debug)]
pub struct Alert {
    pub topic: String,
    pub subject: String,
    pub text: String,
    pub attributes: BTreeMap<String, String>,
}

/// A message for programs: JSON.
#[derive(Clone, Debug)]
pub struct Report {
    pub topic: String,
    pub subject: String,
    pub json: Value,
    pub attributes: BTreeMap<String, String>,
}

impl Alert {
    /// Reads what SNS puts into a subscribed queue.
    pub fn from_notification(body: &str) -> Result<Self> {
        let notification: Value = serde_json::from_str(body).while_doing("reading a notification")?;
        let text = |name: &str| notification.get(name).and_then(Value::as_str).unwrap_or_default();
        let attributes = notification.get("MessageAttributes").and_then(Value::as_object);
        let attributes = attributes.into_iter().flatten().filter_map(|(name, attribute)| {
            let value = attribute.get("Value")?.as_str()?;
            Some((name.clone(), value.to_owned()))
        });
        Ok(Self {
            topic: text("TopicArn").to_owned(),
            subject: text("Subject").to_owned(),
            text: text("Message").to_owned(),
            attributes: attributes.collect(),
        })
    }

    /// Checks what is promised of every alert.
    ///
    /// # Errors
    /// If SNS would not take the subject, or the text is longer than a screen or two.
    pub fn check(&self) -> Result<()> {
        check_subject(&self.subject)?;
        let lines = self.text.lines().count();
        match (1..=LONGEST_ALERT).contains(&lines) {
            true => Ok(()),
            false => Err(HarnessError::new(format_args!(
                "an alert of {lines} lines:\n{}",
                self.text
            ))),
        }
    }
}

/// Lines of an alert, at most.
const LONGEST_ALERT: usize = 80;

fn check_subject(subject: &str) -> Result<()> {
    let fits = subject.len() <= 99 && subject.chars().all(|c| c == ' ' || c.is_ascii_graphic());
    match fits && !subject.is_empty() {
        true => Ok(()),
        false => Err(HarnessError::new(format_args!("SNS refuses the subject `{subject}`"))),
    }
}

impl Report {
    /// Reads the JSON of a message.
    ///
    /// # Errors
    /// If it is none.
    pub fn of(message: Alert) -> Result<Self> {
        Ok(Self {
            topic: message.topic,
            subject: message.subject,
            json: serde_json::from_str(&message.text).while_doing("reading a report")?,
            attributes: message.attributes,
        })
    }

    /// The text at this place of the report, such as `/outcome`; empty where there is none.
    pub fn text(&self, pointer: &str) -> &str {
        self.json.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    /// The findings of a control.
    pub fn findings<'a>(&'a self, control: &'a str) -> impl Iterator<Item = &'a Value> {
        self.list("findings")
            .filter(move |finding| finding.get("control").is_some_and(|name| name == control))
    }

    pub fn list(&self, name: &str) -> impl Iterator<Item = &Value> {
        self.json.get(name).and_then(Value::as_array).into_iter().flatten()
    }

    /// The results of its changes, in the order of the plan.
    pub fn results(&self) -> Vec<&str> {
        self.list("changes")
            .filter_map(|change| change.pointer("/result")?.as_str())
            .collect()
    }

    /// Checks what is promised of every report.
    ///
    /// # Errors
    /// If it does not follow the published schema, or SNS would not take the subject.
    pub fn check(&self) -> Result<()> {
        let path = root().join("schemas/report.schema.json");
        let schema = fs::read_to_string(&path).while_doing(format_args!("reading `{}`", path.display()))?;
        let schema = serde_json::from_str(&schema).while_doing("reading the schema of reports")?;
        let validator = jsonschema::validator_for(&schema).while_doing("reading the schema of reports")?;
        let problems: Vec<_> = validator
            .iter_errors(&self.json)
            .map(|error| error.to_string())
            .collect();
        if !problems.is_empty() {
            let problems = problems.join("\n");
            return Err(HarnessError::new(format_args!(
                "the report is not as promised: {problems}\n{:#}",
                self.json
            )));
        }
        check_subject(&self.subject)
    }
}
