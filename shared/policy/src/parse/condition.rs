//! The conditions of a statement.

use std::borrow::Cow;

use super::Parser;
use crate::document::{Condition, Values};
use crate::json::{Node, Value};
use crate::literal::{Date, Network, Number};
use crate::operators::{Family, Operator};
use crate::text::{ArnPattern, Form, Style, Text};

impl Parser<'_> {
    pub(super) fn conditions(&mut self, path: &str, node: &Node<'_>) -> Vec<Condition> {
        let mut all = Vec::new();
        for (name, keys) in self.members(path, node, Cow::Borrowed) {
            let path = format!("{path}.{name}");
            let Some((quantifier, operator, if_exists)) = Operator::parse(name) else {
                self.problem(&path, keys, "is no condition operator of IAM");
                continue;
            };
            for (key, value) in self.members(&path, keys, |key| Cow::Owned(key.to_ascii_lowercase())) {
                let path = format!("{path}.{key}");
                if key.is_empty() || key.contains(char::is_whitespace) {
                    self.problem(&path, value, "is no condition key");
                }
                let raw = if matches!(operator.family(), Family::Number(_)) {
                    self.numbers(&path, value)
                } else {
                    self.list(&path, value)
                };
                if let Some(values) = self.values(&path, value, operator, raw) {
                    all.push(Condition {
                        name: name.to_owned(),
                        operator,
                        quantifier,
                        if_exists,
                        key: key.to_owned(),
                        key_id: key.to_ascii_lowercase(),
                        values,
                    });
                }
            }
        }
        all
    }

    /// Numbers where numbers are meant: no question of leading zeros.
    fn numbers(&mut self, path: &str, node: &Node<'_>) -> Vec<String> {
        match &node.kind {
            Value::Number(number) => vec![(*number).to_owned()],
            Value::Array(items) if !items.is_empty() => {
                items.iter().flat_map(|item| self.numbers(path, item)).collect()
            }
            _ => self.list(path, node),
        }
    }

    fn values(&mut self, path: &str, node: &Node<'_>, operator: Operator, raw: Vec<String>) -> Option<Values> {
        let texts = |parser: &mut Self, style| {
            let mut texts = Vec::new();
            for raw in raw.iter().cloned() {
                match Text::new(raw, style, parser.variables) {
                    Ok(text) => texts.push(text),
                    Err(message) => parser.problem(path, node, message),
                }
            }
            Some(Values::Texts(texts))
        };
        match operator.family() {
            Family::Text { wild: false, .. } => texts(self, Style::Plain),
            Family::Text { wild: true, .. } => texts(self, Style::Wild),
            Family::Arn => {
                let values = texts(self, Style::Arn)?;
                if let Values::Texts(texts) = &values {
                    let short = |text: &&Text| matches!(text.fixed(), Some(Form::Arn(ArnPattern::Short(_))));
                    if let Some(text) = texts.iter().find(short) {
                        self.note(path, format!("has `{}`, which is no ARN", text.raw));
                    }
                }
                Some(values)
            }
            Family::Number(_) => self
                .each(path, node, &raw, Number::parse, "a number")
                .map(Values::Numbers),
            Family::Date(_) => self
                .each(path, node, &raw, Date::parse, "an instant in ISO 8601")
                .map(Values::Dates),
            Family::Network => self
                .each(path, node, &raw, Network::parse, "an address or a network")
                .map(Values::Networks),
            Family::Bool | Family::Presence => self
                .each(path, node, &raw, boolean, "`true` or `false`")
                .map(Values::Bools),
            Family::Binary => Some(Values::Binary(raw)),
        }
    }

    fn each<T>(
        &mut self,
        path: &str,
        node: &Node<'_>,
        raw: &[String],
        read: fn(&str) -> Option<T>,
        wanted: &str,
    ) -> Option<Vec<T>> {
        let mut values = Vec::new();
        for text in raw {
            match read(text) {
                Some(value) => values.push(value),
                None => {
                    self.problem(path, node, format!("has `{text}`, which is not {wanted}"));
                    return None;
                }
            }
        }
        Some(values)
    }
}

fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}
