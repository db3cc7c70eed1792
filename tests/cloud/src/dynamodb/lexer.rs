//! The words of expressions.

use super::ApiError;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A keyword, a function or an attribute's own name.
    Word(String),
    /// `#name`, that sign included.
    Name(String),
    /// `:value`, that sign included.
    Value(String),
    /// One of `( ) , = <> < <= > >= + -`.
    Sign(&'static str),
}

/// The longer ones first.
const SIGNS: [&str; 11] = ["<>", "<=", ">=", "(", ")", ",", "=", "<", ">", "+", "-"];

pub(super) fn tokens(kind: &str, text: &str) -> Result<Vec<Token>, ApiError> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let marked = matches!(first, '#' | ':');
        let (token, length) = if marked || first.is_ascii_alphabetic() {
            let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let begin = usize::from(marked);
            let length = begin + rest.chars().skip(begin).take_while(|c| word(*c)).count();
            let text = rest.get(..length).unwrap_or_default().to_owned();
            match first {
                _ if length == begin => return Err(ApiError::syntax(kind, rest)),
                '#' => (Token::Name(text), length),
                ':' => (Token::Value(text), length),
                _ => (Token::Word(text), length),
            }
        } else {
            let sign = SIGNS.into_iter().find(|sign| rest.starts_with(sign));
            let sign = sign.ok_or_else(|| ApiError::syntax(kind, rest))?;
            (Token::Sign(sign), sign.len())
        };
        tokens.push(token);
        rest = rest.get(length..).unwrap_or_default().trim_start();
    }
    if tokens.is_empty() {
        return Err(ApiError::invalid(&format!(
            "Invalid {kind}: The expression can not be empty;"
        )));
    }
    Ok(tokens)
}
