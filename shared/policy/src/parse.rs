//! From text to a document. Whatever is not understood is named with its place; nothing is guessed.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use crate::document::{Document, MOST_CHARACTERS, Note, Statement, Variant, Version};
use crate::json::{self, Node, Value};

mod condition;
mod statement;

/// More than AWS's limit on characters lets a document have.
const MOST_STATEMENTS: usize = 500;
const MOST_PROBLEMS: usize = 20;
const MOST_NOTES: usize = 40;

/// Why a document could not be understood: every place that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the policy is not understood: {}", list(.problems))]
pub struct ParseError {
    pub problems: Vec<Problem>,
}

fn list(problems: &[Problem]) -> String {
    let all: Vec<_> = problems.iter().map(ToString::to_string).collect();
    all.join("; ")
}

/// One place of a document that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Such as `Statement[0].Effect`; empty for the document as a whole.
    pub path: String,
    pub message: String,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "`{}` ", self.path)?;
        }
        write!(f, "{} (line {}, column {})", self.message, self.line, self.column)
    }
}

/// How the places are taken that documentation leaves open.
#[derive(Clone, Copy, Default)]
struct Choices {
    duplicates: Duplicates,
    /// Numbers of fewer digits than an account id lost their leading zeros.
    padded: bool,
    /// A statement whose Effect is in the wrong case is left out.
    strict_effect: bool,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Duplicates {
    #[default]
    Last,
    First,
    /// Conditions that appear twice must both hold.
    Both,
}

/// Which of the choices matter to a document.
#[derive(Clone, Copy, Default)]
struct Met {
    duplicates: bool,
    padded: bool,
    effect: bool,
}

impl Document {
    /// Reads a policy document. See [`ParseError`] for what it does when it does not understand.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let root = json::parse(text).map_err(|error| {
            let (line, column) = json::position(text, error.at);
            let message = format!("is not JSON: {}", error.message);
            ParseError {
                problems: vec![Problem {
                    path: String::new(),
                    message,
                    line,
                    column,
                }],
            }
        })?;
        let mut parser = Parser::new(text, Choices::default());
        let (version, statements) = parser.document(&root);
        if !parser.problems.is_empty() {
            return Err(ParseError {
                problems: parser.problems,
            });
        }
        let (met, mut notes) = (parser.met, parser.notes);
        if text.len() > MOST_CHARACTERS && text.chars().count() > MOST_CHARACTERS {
            let message = format!("is longer than {MOST_CHARACTERS} characters: AWS refuses it");
            notes.push(Note {
                path: "$".to_owned(),
                message,
            });
        }
        let mut document = Self {
            text: text.to_owned(),
            version,
            variants: Vec::new(),
            notes,
            statement_span: statement_span(&root),
        };
        let interpretation = met.duplicates.then_some("the last of two members of one name counts");
        document.variants.push(Variant {
            interpretation,
            statements,
        });
        for (interpretation, choices) in alternatives(met) {
            let mut parser = Parser::new(text, choices);
            let (_, statements) = parser.document(&root);
            if parser.problems.is_empty() {
                let interpretation = Some(interpretation);
                document.variants.push(Variant {
                    interpretation,
                    statements,
                });
            }
        }
        Ok(document)
    }
}

fn alternatives(met: Met) -> Vec<(&'static str, Choices)> {
    let usual = Choices::default();
    let mut all = Vec::new();
    if met.duplicates {
        let first = Choices {
            duplicates: Duplicates::First,
            ..usual
        };
        let both = Choices {
            duplicates: Duplicates::Both,
            ..usual
        };
        all.push(("the first of two members of one name counts", first));
        all.push(("both of two conditions of one name count", both));
    }
    if met.padded {
        let padded = Choices { padded: true, ..usual };
        all.push(("a JSON number is an account id without its leading zeros", padded));
    }
    if met.effect {
        let strict = Choices {
            strict_effect: true,
            ..usual
        };
        all.push(("a statement whose Effect is in the wrong case does nothing", strict));
    }
    all
}

fn statement_span(root: &Node<'_>) -> std::ops::Range<usize> {
    let Value::Object(members) = &root.kind else {
        return 0..0;
    };
    let statement = members.iter().rev().find(|(name, _)| name == "Statement");
    statement.map_or(0..0, |(_, value)| value.span.clone())
}

/// What a reader can take in of a text; its middle is left out if it is long.
fn short(text: &str) -> String {
    const SIDE: usize = 300;
    let start = text.char_indices().nth(SIDE).map(|(at, _)| at);
    let end = text.char_indices().rev().nth(SIDE).map(|(at, _)| at);
    match (start, end) {
        (Some(start), Some(end)) if start < end => {
            let (start, end) = (text.get(..start), text.get(end..));
            format!("{}…{}", start.unwrap_or_default(), end.unwrap_or_default())
        }
        _ => text.to_owned(),
    }
}

struct Parser<'t> {
    text: &'t str,
    choices: Choices,
    met: Met,
    problems: Vec<Problem>,
    notes: Vec<Note>,
    /// Whether `${…}` is a variable.
    variables: bool,
}

impl<'t> Parser<'t> {
    fn new(text: &'t str, choices: Choices) -> Self {
        Self {
            text,
            choices,
            met: Met::default(),
            problems: Vec::new(),
            notes: Vec::new(),
            variables: false,
        }
    }

    fn problem(&mut self, path: &str, at: &Node<'_>, message: impl Into<String>) {
        if self.problems.len() < MOST_PROBLEMS {
            let (line, column) = json::position(self.text, at.span.start);
            self.problems.push(Problem {
                path: short(path),
                message: short(&message.into()),
                line,
                column,
            });
        }
    }

    fn note(&mut self, path: &str, message: impl Into<String>) {
        if self.notes.len() < MOST_NOTES {
            self.notes.push(Note {
                path: short(path),
                message: short(&message.into()),
            });
        }
    }

    /// The members of an object, each name once. Names are the same when `fold` makes them the same.
    fn members<'n>(
        &mut self,
        path: &str,
        node: &'n Node<'n>,
        fold: fn(&'n str) -> Cow<'n, str>,
    ) -> Vec<(&'n str, &'n Node<'n>)> {
        let Value::Object(members) = &node.kind else {
            self.problem(path, node, format!("is {}, not an object", node.kind.name()));
            return Vec::new();
        };
        let mut kept: Vec<(&str, &Node<'_>)> = Vec::with_capacity(members.len());
        let mut places: BTreeMap<Cow<'_, str>, usize> = BTreeMap::new();
        for (name, value) in members {
            let place = *places.entry(fold(name)).or_insert(kept.len());
            let Some(earlier) = kept.get_mut(place) else {
                kept.push((name, value));
                continue;
            };
            self.met.duplicates = true;
            match self.choices.duplicates {
                Duplicates::Last => *earlier = (name, value),
                Duplicates::First => {}
                Duplicates::Both if path.contains(".Condition") => kept.push((name, value)),
                Duplicates::Both => *earlier = (name, value),
            }
            self.note(
                path,
                format!("has the member `{name}` twice, which makes the document ambiguous"),
            );
        }
        kept
    }

    /// A string, or what may stand for one.
    fn scalar(&mut self, path: &str, node: &Node<'_>) -> Option<String> {
        match &node.kind {
            Value::String(text) => Some(text.to_string()),
            Value::Bool(value) => Some(value.to_string()),
            Value::Number(number) => Some(self.number(path, number)),
            other => {
                self.problem(path, node, format!("is {}, not a string", other.name()));
                None
            }
        }
    }

    fn number(&mut self, path: &str, number: &str) -> String {
        let digits = number.bytes().all(|b| b.is_ascii_digit());
        if digits && number.len() == 12 {
            return number.to_owned();
        }
        let whole = number
            .parse::<f64>()
            .ok()
            .filter(|n| *n >= 0.0 && n.fract() == 0.0 && *n < 1e12);
        let Some(whole) = whole.filter(|n| !digits || *n >= 1e9) else {
            return number.to_owned();
        };
        self.met.padded = true;
        self.note(path, format!("is the number {number}: write an account id as a string"));
        if self.choices.padded {
            format!("{whole:012}")
        } else {
            number.to_owned()
        }
    }

    /// A list of strings, or one string.
    fn list(&mut self, path: &str, node: &Node<'_>) -> Vec<String> {
        match &node.kind {
            Value::Array(items) => {
                if items.is_empty() {
                    self.problem(path, node, "is an empty list");
                }
                let each = items.iter().enumerate();
                each.filter_map(|(index, item)| match &item.kind {
                    Value::String(text) => Some(text.to_string()),
                    _ => self.scalar(&format!("{path}[{index}]"), item),
                })
                .collect()
            }
            _ => self.scalar(path, node).into_iter().collect(),
        }
    }

    fn document(&mut self, root: &Node<'_>) -> (Version, Vec<Statement>) {
        let members = self.members("$", root, Cow::Borrowed);
        let mut version = Version::V2008;
        for (name, value) in &members {
            match (*name, &value.kind) {
                ("Version", Value::String(text)) if text == "2012-10-17" => version = Version::V2012,
                ("Version", Value::String(text)) if text == "2008-10-17" => {}
                ("Version", _) => self.problem("Version", value, "is neither `2012-10-17` nor `2008-10-17`"),
                ("Id", Value::String(_)) | ("Statement", _) => {}
                ("Id", other) => self.problem("Id", value, format!("is {}, not a string", other.name())),
                (other, _) => self.problem(other, value, "is no element of a policy document"),
            }
        }
        self.variables = version == Version::V2012;
        let Some((_, value)) = members.iter().find(|(name, _)| *name == "Statement") else {
            if matches!(root.kind, Value::Object(_)) {
                self.problem("$", root, "has no `Statement`");
            }
            return (version, Vec::new());
        };
        let nodes = match &value.kind {
            Value::Array(items) => items.iter().enumerate().collect(),
            _ => vec![(0, *value)],
        };
        if nodes.is_empty() {
            self.note("Statement", "is empty: AWS refuses it");
        }
        if nodes.len() > MOST_STATEMENTS {
            self.problem(
                "Statement",
                value,
                format!("has more than {MOST_STATEMENTS} statements"),
            );
            return (version, Vec::new());
        }
        (
            version,
            nodes
                .into_iter()
                .filter_map(|(index, node)| self.statement(index, node))
                .collect(),
        )
    }
}

#[cfg(test)]
mod tests;
