//! New statements in the layout of those that are there.

use crate::document::Document;

/// The text with statements at the end of `Statement`, laid out like the last one there.
pub(crate) fn append(document: &Document, added: &[String]) -> String {
    let text = document.text();
    let span = document.statement_span.clone();
    let (before, statement, after) = (text.get(..span.start), text.get(span.clone()), text.get(span.end..));
    let (before, statement, after) = (
        before.unwrap_or_default(),
        statement.unwrap_or_default(),
        after.unwrap_or_default(),
    );
    let style = Style::of(statement);
    let Some(inside) = statement.strip_suffix(']') else {
        let added: Vec<String> = added.iter().map(|text| style.lay_out(text, "")).collect();
        return format!("{before}[{statement}, {}]{after}", added.join(", "));
    };
    let kept = inside.trim_end();
    let margin: String = match kept.rsplit_once('\n') {
        Some((_, line)) if inside.len() > kept.len() => {
            let indent: String = line.chars().take_while(|c| *c == ' ' || *c == '\t').collect();
            format!("\n{indent}")
        }
        _ => " ".to_owned(),
    };
    let end = inside.get(kept.len()..).unwrap_or_default();
    let mut new = String::new();
    for statement in added {
        new.push(',');
        new.push_str(&margin);
        new.push_str(&style.lay_out(statement, margin.strip_prefix('\n').unwrap_or_default()));
    }
    if text.contains("\r\n") {
        new = new.replace('\n', "\r\n");
    }
    format!("{before}{kept}{new}{end}]{after}")
}

/// How the statements of a document are written.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Style {
    /// Without white space.
    Compact,
    /// On one line, with a space after colons and commas.
    Spaced,
    /// A line for each member, further in by this.
    Lines(String),
}

impl Style {
    /// By the value of `Statement`.
    fn of(statements: &str) -> Self {
        let start = statements.find('{').map_or(0, |at| at + 1);
        let first = statements.get(start..).unwrap_or_default();
        let blank: String = first.chars().take_while(char::is_ascii_whitespace).collect();
        if let Some((_, inner)) = blank.rsplit_once('\n') {
            let before = statements.get(..start).unwrap_or_default();
            let line = before.rsplit('\n').next().unwrap_or_default();
            let outer: String = line.chars().take_while(|c| *c == ' ' || *c == '\t').collect();
            let unit = inner.strip_prefix(&outer).filter(|unit| !unit.is_empty());
            return Self::Lines(unit.unwrap_or("  ").to_owned());
        }
        if first.contains("\": ") {
            Self::Spaced
        } else {
            Self::Compact
        }
    }

    /// A statement without white space in this style, its lines starting after a margin.
    fn lay_out(&self, text: &str, margin: &str) -> String {
        let (mut depth, mut inside, mut escaped) = (0_usize, false, false);
        let mut all = String::new();
        let line = |all: &mut String, depth: usize| {
            if let Self::Lines(unit) = self {
                all.push('\n');
                all.push_str(margin);
                all.push_str(&unit.repeat(depth));
            }
        };
        for c in text.chars() {
            if inside {
                all.push(c);
                inside = escaped || c != '"';
                escaped = !escaped && c == '\\';
                continue;
            }
            match c {
                '{' | '[' => {
                    depth += 1;
                    all.push(c);
                    line(&mut all, depth);
                }
                '}' | ']' => {
                    depth = depth.saturating_sub(1);
                    line(&mut all, depth);
                    all.push(c);
                }
                ',' => {
                    all.push(c);
                    line(&mut all, depth);
                    if *self == Self::Spaced {
                        all.push(' ');
                    }
                }
                ':' => {
                    all.push(c);
                    if *self != Self::Compact {
                        all.push(' ');
                    }
                }
                _ => {
                    inside = c == '"';
                    all.push(c);
                }
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_statements_look_like_those_that_are_there() {
        let deny = r#"{"Effect":"Deny","Action":["a:b","c"],"Condition":{"Bool":{"k":"x: {y}"}}}"#;
        let lay_out = |text: &str| append(&Document::parse(text).unwrap(), &[deny.to_owned()]);
        let compact = lay_out(r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}}"#);
        assert!(compact.contains(deny), "{compact}");
        let spaced =
            lay_out(r#"{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}"#);
        assert!(
            spaced.contains(r#"{"Effect": "Deny", "Action": ["a:b", "c"], "Condition": {"Bool": {"k": "x: {y}"}}}"#),
            "{spaced}"
        );
        let lines = lay_out(
            "{\n \"Statement\": [\n  {\n   \"Effect\": \"Allow\",\n   \"Principal\": \"*\",\n   \"Action\": \"*\",\n   \"Resource\": \"*\"\n  }\n ]\n}",
        );
        assert!(
            lines.contains("  },\n  {\n   \"Effect\": \"Deny\",\n   \"Action\": [\n    \"a:b\",\n    \"c\"\n   ],\n"),
            "{lines}"
        );
        assert!(lines.ends_with("\n  }\n ]\n}"), "{lines}");
    }

    #[test]
    fn new_statements_have_the_tabs_and_the_line_ends_of_the_document() {
        let deny = r#"{"Effect":"Deny","Action":"a:b"}"#;
        let text = "{\n\t\"Statement\": [\n\t\t{\n\t\t\t\"Effect\": \"Allow\",\n\t\t\t\"Principal\": \"*\",\n\t\t\t\"Action\": \"*\",\n\t\t\t\"Resource\": \"*\"\n\t\t}\n\t]\n}\n";
        let added = "},\n\t\t{\n\t\t\t\"Effect\": \"Deny\",\n\t\t\t\"Action\": \"a:b\"\n\t\t}\n\t]\n}\n";
        for end in ["\n", "\r\n"] {
            let document = Document::parse(&text.replace('\n', end)).unwrap();
            let fixed = append(&document, &[deny.to_owned()]);
            assert!(fixed.ends_with(&added.replace('\n', end)), "{fixed:?}");
        }
    }
}
