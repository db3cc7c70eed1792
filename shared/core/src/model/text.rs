//! Text of others, made fit to be shown.

use std::fmt::Write as _;

use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;

/// Escapes control, format and other invisible characters as `\n` or `\u{202e}`, so that text can neither break out of
/// a line nor show in another order than it has.
pub fn printable(text: &str) -> String {
    let mut printable = String::with_capacity(text.len());
    // `escape_debug` would escape these three as well.
    for piece in text.split_inclusive(['"', '\'', '\\']) {
        let end = piece.len() - usize::from(piece.ends_with(['"', '\'', '\\']));
        let (inner, mark) = piece.split_at(end);
        printable.extend(inner.escape_debug());
        printable.push_str(mark);
    }
    printable
}

/// The beginning of a text, printable and of at most so many characters. Where something is left out, the last one is
/// `…`.
pub fn excerpt(text: &str, most: usize) -> String {
    let end = text.char_indices().nth(most).map_or(text.len(), |(at, _)| at);
    let (kept, rest) = text.split_at(end);
    let mut excerpt = printable(kept);
    if !rest.is_empty() || excerpt.chars().nth(most).is_some() {
        let end = excerpt.char_indices().nth(most.saturating_sub(1));
        excerpt.truncate(end.map_or(0, |(at, _)| at));
        excerpt.push('…');
    }
    excerpt
}

/// Like [`printable`] for a JSON document, which means afterwards what it meant before.
///
/// Not parsed and written again, since that would lose members of the same name.
pub fn printable_json(document: &str) -> String {
    let mut printable = String::with_capacity(document.len());
    for c in document.chars() {
        match c {
            '"' | '\'' | '\\' => printable.push(c),
            // Inside strings JSON admits these only escaped, so this is space between tokens.
            '\n' | '\r' | '\t' => printable.push(' '),
            _ if c.escape_debug().eq([c]) => printable.push(c),
            _ => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    // Writing to a string cannot fail.
                    let _ = write!(printable, "\\u{unit:04x}");
                }
            }
        }
    }
    printable
}

/// A copy in which each text is printable, and JSON documents in texts keep their meaning.
/// None where a text has to be of a form that does not survive this.
pub fn printable_copy<T: Serialize + DeserializeOwned>(value: &T) -> Option<T> {
    serde_json::from_value(printable_value(serde_json::to_value(value).ok()?)).ok()
}

fn printable_value(value: Value) -> Value {
    match value {
        Value::String(text) if text.trim_start().starts_with('{') && is_json(&text) => printable_json(&text).into(),
        Value::String(text) => printable(&text).into(),
        Value::Array(items) => items.into_iter().map(printable_value).collect(),
        Value::Object(members) => members
            .into_iter()
            .map(|(key, value)| (printable(&key), printable_value(value)))
            .collect(),
        other => other,
    }
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// The ending of a noun after a number.
pub fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// Cuts what is longer than so many bytes, and says so in the text. Returns whether it did.
pub fn shorten(text: &mut String, most: usize) -> bool {
    if text.len() <= most {
        return false;
    }
    let end = text.floor_char_boundary(most);
    let cut = text.len() - end;
    text.truncate(end);
    // Writing to a string cannot fail.
    let _ = write!(text, "… ({cut} bytes cut)");
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invisible_characters_are_escaped() {
        let cases = [
            ("plain", "plain"),
            (r#"a "quoted" it's \ path"#, r#"a "quoted" it's \ path"#),
            ("Zürich → 東京 ภาษาไทย 🙂", "Zürich → 東京 ภาษาไทย 🙂"),
            ("two\r\nlines\tand\0nul", r"two\r\nlines\tand\0nul"),
            ("\u{1b}[31mred\u{7f}\u{85}", r"\u{1b}[31mred\u{7f}\u{85}"),
            ("user\u{202e}gpj.exe\u{2066}", r"user\u{202e}gpj.exe\u{2066}"),
            ("zero\u{200b}width\u{feff}", r"zero\u{200b}width\u{feff}"),
            ("line\u{2028}para\u{2029}", r"line\u{2028}para\u{2029}"),
            ("tag\u{e0041}", r"tag\u{e0041}"),
        ];
        for (text, expected) in cases {
            assert_eq!(printable(text), expected);
            assert_eq!(printable(expected), expected, "once is enough");
        }
    }

    #[test]
    fn escaped_policy_keeps_its_meaning() {
        let policy = "{\n\t\"Sid\": \"a\u{202e}\u{e0041}\u{7f}ü\\n\",\r\n\t\"Sid\": \"twice\"\n}";
        let copy = printable_copy(&policy.to_owned()).unwrap();
        assert_eq!(copy, r#"{  "Sid": "a\u202e\udb40\udc41\u007fü\n",   "Sid": "twice" }"#);
        assert_eq!(
            serde_json::from_str::<Value>(&copy).unwrap(),
            serde_json::from_str::<Value>(policy).unwrap()
        );
        assert_eq!(printable_copy(&"{\nno json".to_owned()).as_deref(), Some(r"{\nno json"));
    }

    #[test]
    fn excerpts_are_printable_and_no_longer_than_asked_for() {
        assert_eq!(excerpt("a\n\u{1b}[31m\u{202e}b", 40), r"a\n\u{1b}[31m\u{202e}b");
        assert_eq!(excerpt(&"é".repeat(8), 8), "é".repeat(8));
        assert_eq!(excerpt(&"é".repeat(9), 8), format!("{}…", "é".repeat(7)));
        assert_eq!(excerpt("\u{0}\u{0}\u{0}", 4), r"\0\…");
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        let mut text = "ab→cd".to_owned();
        assert!(!shorten(&mut text, 7));
        assert!(shorten(&mut text, 4));
        assert_eq!(text, "ab… (5 bytes cut)");
    }
}
