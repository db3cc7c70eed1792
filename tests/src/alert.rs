//! Alerts as subscribers receive them.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use crate::error::{HarnessError, Result, While};
use crate::stack::root;

#[derive(Clone, Debug)]
pub struct Alert {
    pub topic: String,
    pub subject: String,
    pub report: Value,
    pub attributes: BTreeMap<String, String>,
}

impl Alert {
    /// What SNS puts into a subscribed queue.
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
            report: serde_json::from_str(text("Message")).while_doing("reading the report of a notification")?,
            attributes: attributes.collect(),
        })
    }

    /// The text at this place of the report, such as `/outcome`; empty where there is none.
    pub fn text(&self, pointer: &str) -> &str {
        self.report.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    /// The findings of a control.
    pub fn findings<'a>(&'a self, control: &'a str) -> impl Iterator<Item = &'a Value> {
        self.list("findings")
            .filter(move |finding| finding.get("control").is_some_and(|name| name == control))
    }

    pub fn list(&self, name: &str) -> impl Iterator<Item = &Value> {
        self.report.get(name).and_then(Value::as_array).into_iter().flatten()
    }

    /// The results of its changes, in the order of the plan.
    pub fn results(&self) -> Vec<&str> {
        self.list("changes")
            .filter_map(|change| change.pointer("/result")?.as_str())
            .collect()
    }

    /// Checks what is promised of every alert.
    ///
    /// # Errors
    /// If the report does not follow the published schema, or SNS would not take the subject.
    pub fn check(&self) -> Result<()> {
        let path = root().join("schemas/report.schema.json");
        let schema = fs::read_to_string(&path).while_doing(format_args!("reading `{}`", path.display()))?;
        let schema = serde_json::from_str(&schema).while_doing("reading the schema of reports")?;
        let validator = jsonschema::validator_for(&schema).while_doing("reading the schema of reports")?;
        let problems: Vec<_> = validator
            .iter_errors(&self.report)
            .map(|error| error.to_string())
            .collect();
        if !problems.is_empty() {
            let problems = problems.join("\n");
            return Err(HarnessError::new(format_args!(
                "the report is not as promised: {problems}\n{:#}",
                self.report
            )));
        }
        let fits = self.subject.len() <= 99 && self.subject.chars().all(|c| c == ' ' || c.is_ascii_graphic());
        match fits && !self.subject.is_empty() {
            true => Ok(()),
            false => Err(HarnessError::new(format_args!(
                "SNS refuses the subject `{}`",
                self.subject
            ))),
        }
    }
}
