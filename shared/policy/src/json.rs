//! JSON that keeps what a policy needs and a common parser throws away: the order of members, members that appear
//! twice, numbers as they were written, and where each value stands in the text.

use std::borrow::Cow;
use std::ops::Range;

/// Deeper nesting than this is refused; a policy needs six levels.
const MOST_LEVELS: usize = 64;

#[derive(Debug)]
pub(crate) struct Node<'t> {
    pub(crate) kind: Value<'t>,
    /// Bytes of the text that this value takes.
    pub(crate) span: Range<usize>,
}

#[derive(Debug)]
pub(crate) enum Value<'t> {
    Null,
    Bool(bool),
    /// As it was written.
    Number(&'t str),
    String(Cow<'t, str>),
    Array(Vec<Node<'t>>),
    /// In order, with every member of a name that appears twice.
    Object(Vec<(Cow<'t, str>, Node<'t>)>),
}

impl Value<'_> {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::Array(_) => "an array",
            Self::Object(_) => "an object",
        }
    }
}

/// Why a text is not JSON, and the byte at which that shows.
#[derive(Debug)]
pub(crate) struct SyntaxError {
    pub(crate) message: &'static str,
    pub(crate) at: usize,
}

pub(crate) fn parse(text: &str) -> Result<Node<'_>, SyntaxError> {
    let mut parser = Parser { text, at: 0 };
    if text.starts_with('\u{feff}') {
        return Err(parser.error("it starts with a byte order mark: save it as UTF-8 without one"));
    }
    let node = parser.value(0)?;
    parser.space();
    if parser.at < text.len() {
        return Err(parser.error("text after the end of the document"));
    }
    Ok(node)
}

/// Line and column of a byte of a text, both from 1; the column counts characters.
pub(crate) fn position(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Parser<'t> {
    fn error(&self, message: &'static str) -> SyntaxError {
        SyntaxError { message, at: self.at }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn take(&mut self, wanted: u8) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    fn value(&mut self, level: usize) -> Result<Node<'t>, SyntaxError> {
        if level > MOST_LEVELS {
            return Err(self.error("nested too deeply"));
        }
        self.space();
        let start = self.at;
        let kind = match self.peek() {
            Some(b'{') => self.object(level)?,
            Some(b'[') => self.array(level)?,
            Some(b'"') => Value::String(self.string()?),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b't') => self.word("true", Value::Bool(true))?,
            Some(b'f') => self.word("false", Value::Bool(false))?,
            Some(b'n') => self.word("null", Value::Null)?,
            Some(_) => return Err(self.error("no JSON value starts like this")),
            None => return Err(self.error("the document ends too early")),
        };
        Ok(Node {
            kind,
            span: start..self.at,
        })
    }

    fn word(&mut self, word: &str, kind: Value<'t>) -> Result<Value<'t>, SyntaxError> {
        if !self.text.get(self.at..).is_some_and(|rest| rest.starts_with(word)) {
            return Err(self.error("no JSON value starts like this"));
        }
        self.at += word.len();
        Ok(kind)
    }

    fn object(&mut self, level: usize) -> Result<Value<'t>, SyntaxError> {
        self.at += 1;
        let mut members = Vec::new();
        self.space();
        if self.take(b'}') {
            return Ok(Value::Object(members));
        }
        loop {
            self.space();
            if self.peek() != Some(b'"') {
                return Err(self.error("a member's name in quotation marks is missing"));
            }
            let name = self.string()?;
            self.space();
            if !self.take(b':') {
                return Err(self.error("a colon is missing"));
            }
            members.push((name, self.value(level + 1)?));
            self.space();
            if self.take(b'}') {
                return Ok(Value::Object(members));
            }
            if !self.take(b',') {
                return Err(self.error("a comma or the end of an object is missing"));
            }
        }
    }

    fn array(&mut self, level: usize) -> Result<Value<'t>, SyntaxError> {
        self.at += 1;
        let mut items = Vec::new();
        self.space();
        if self.take(b']') {
            return Ok(Value::Array(items));
        }
        loop {
            items.push(self.value(level + 1)?);
            self.space();
            if self.take(b']') {
                return Ok(Value::Array(items));
            }
            if !self.take(b',') {
                return Err(self.error("a comma or the end of an array is missing"));
            }
        }
    }

    fn digits(&mut self) -> Result<(), SyntaxError> {
        if !matches!(self.peek(), Some(b'0'..=b'9')) {
            return Err(self.error("a digit is missing"));
        }
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        Ok(())
    }

    fn number(&mut self) -> Result<Value<'t>, SyntaxError> {
        let start = self.at;
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        } else if matches!(self.peek(), Some(b'0'..=b'9')) {
            return Err(self.error("a number must not start with 0"));
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            if !self.take(b'+') {
                self.take(b'-');
            }
            self.digits()?;
        }
        Ok(Value::Number(self.text.get(start..self.at).unwrap_or_default()))
    }

    fn string(&mut self) -> Result<Cow<'t, str>, SyntaxError> {
        self.at += 1;
        let mut value = Cow::Borrowed("");
        loop {
            let rest = self.text.get(self.at..).unwrap_or_default();
            let plain = rest
                .bytes()
                .take_while(|b| !matches!(b, b'"' | b'\\' | 0..=0x1f))
                .count();
            // Borrowed up to the first escape.
            value += rest.get(..plain).unwrap_or_default();
            self.at += plain;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(value);
                }
                Some(b'\\') => {
                    self.at += 1;
                    value.to_mut().push(self.escape()?);
                }
                Some(_) => return Err(self.error("a control character must be escaped")),
                None => return Err(self.error("a string does not end")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, SyntaxError> {
        let Some(kind) = self.peek() else {
            return Err(self.error("a string does not end"));
        };
        let plain = match kind {
            b'"' | b'\\' | b'/' => char::from(kind),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                self.at += 1;
                return self.unicode();
            }
            _ => return Err(self.error("an unknown escape in a string")),
        };
        self.at += 1;
        Ok(plain)
    }

    fn unicode(&mut self) -> Result<char, SyntaxError> {
        let start = self.at;
        let first = self.hexadecimal()?;
        let code = match first {
            0xd800..0xdc00 if self.take(b'\\') && self.take(b'u') => match self.hexadecimal()? {
                second @ 0xdc00..0xe000 => 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00),
                _ => 0xd800,
            },
            other => other,
        };
        char::from_u32(code).ok_or(SyntaxError {
            message: "half of a surrogate pair is no character",
            at: start,
        })
    }

    fn hexadecimal(&mut self) -> Result<u32, SyntaxError> {
        let digits = self.text.get(self.at..self.at + 4).unwrap_or_default();
        if digits.len() != 4 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(self.error("four hexadecimal digits are missing"));
        }
        self.at += 4;
        u32::from_str_radix(digits, 16).map_err(|_| self.error("four hexadecimal digits are missing"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reader_keeps_order_duplicates_numbers_and_places() {
        let text = r#"{"b": 1.50e1, "a": [true, null], "b": "\u00e9\ud83d\ude00"}"#;
        let Value::Object(members) = parse(text).unwrap().kind else {
            panic!("{text}")
        };
        let names: Vec<_> = members.iter().map(|(name, _)| name.as_ref()).collect();
        assert_eq!(names, ["b", "a", "b"]);
        assert!(matches!(&members[0].1.kind, Value::Number("1.50e1")));
        assert_eq!(&text[members[1].1.span.clone()], "[true, null]");
        assert!(matches!(&members[2].1.kind, Value::String(s) if s == "é😀"));
    }

    #[test]
    fn text_that_is_no_json_is_refused_with_its_position() {
        for (text, at) in [
            ("", 0),
            ("{\"a\" 1}", 5),
            ("[1,]", 3),
            ("[01]", 2),
            ("\"\\ud800\"", 3),
            ("\"\\ud800\\u0041\"", 3),
            ("{} {}", 3),
            ("\"a", 2),
            ("nul", 0),
            ("\u{feff}{}", 0),
        ] {
            assert_eq!(parse(text).unwrap_err().at, at, "{text:?}");
        }
    }

    #[test]
    fn deep_nesting_is_refused_without_exhausting_the_stack() {
        assert_eq!(parse(&"[".repeat(1_000_000)).unwrap_err().message, "nested too deeply");
    }

    #[test]
    fn positions_count_lines_and_characters_from_one() {
        assert_eq!(position("é\n\"é x", 6), (2, 3));
    }
}
