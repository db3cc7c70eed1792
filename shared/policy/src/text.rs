//! Values of a policy that are text: with wildcards, with variables, or as the pattern of an ARN.

use std::borrow::Cow;

use crate::glob::{Pattern, Piece};

/// What may stand in a text besides plain characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Plain,
    Wild,
    /// Wildcards, field by field.
    Arn,
}

/// `${key}` or `${key, 'default'}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Variable {
    /// In lower case.
    pub(crate) key: String,
    pub(crate) default: Option<String>,
    /// As in the document.
    pub(crate) written: String,
}

impl Variable {
    /// The key as the document spells it.
    pub(crate) fn name(&self) -> &str {
        let inside = self.written.trim_start_matches("${");
        inside.split([',', '}']).next().unwrap_or_default().trim()
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Piece(Piece),
    Variable(Variable),
}

/// A text whose variables, if it has any, have their values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Text(Pattern),
    Arn(ArnPattern),
}

#[derive(Clone, Debug)]
pub(crate) struct Text {
    pub(crate) raw: String,
    style: Style,
    form: Result<Form, Vec<Part>>,
}

impl Text {
    /// The error says what is wrong with a variable.
    pub(crate) fn new(raw: String, style: Style, variables: bool) -> Result<Self, &'static str> {
        let form = if variables && raw.contains("${") {
            let parts = parts(&raw, style)?;
            let pieces: Option<Vec<Piece>> = parts
                .iter()
                .map(|part| match part {
                    Part::Piece(piece) => Some(*piece),
                    Part::Variable(_) => None,
                })
                .collect();
            pieces.map_or_else(|| Err(parts), |pieces| Ok(Form::new(pieces, style)))
        } else {
            Ok(match style {
                Style::Plain => Form::Text(Pattern::Exact(raw.clone())),
                Style::Wild => Form::Text(Pattern::wild(&raw)),
                Style::Arn => Form::Arn(ArnPattern::wild(&raw)),
            })
        };
        Ok(Self { raw, style, form })
    }

    /// Nothing when the text has variables.
    pub(crate) fn fixed(&self) -> Option<&Form> {
        self.form.as_ref().ok()
    }

    pub(crate) fn parts(&self) -> &[Part] {
        self.form.as_ref().err().map_or(&[], Vec::as_slice)
    }

    pub(crate) fn variables(&self) -> impl Iterator<Item = &Variable> {
        self.parts().iter().filter_map(|part| match part {
            Part::Variable(variable) => Some(variable),
            Part::Piece(_) => None,
        })
    }

    /// The text with the values of its variables, nothing when one has no value.
    pub(crate) fn resolve(&self, value: impl Fn(&str) -> Option<String>) -> Option<Cow<'_, Form>> {
        let parts = match &self.form {
            Ok(form) => return Some(Cow::Borrowed(form)),
            Err(parts) => parts,
        };
        let mut pieces = Vec::with_capacity(parts.len() + 32);
        for part in parts {
            match part {
                Part::Piece(piece) => pieces.push(*piece),
                Part::Variable(variable) => {
                    let value = value(&variable.key).or_else(|| variable.default.clone())?;
                    pieces.extend(value.chars().map(Piece::Char));
                }
            }
        }
        Some(Cow::Owned(Form::new(pieces, self.style)))
    }
}

impl Text {
    /// A form that stands for at least what the text stands for, whatever its variables are. Nothing when a variable
    /// could change where the fields of an ARN begin.
    pub(crate) fn widened(&self, no_colon: impl Fn(&str) -> bool) -> Option<Form> {
        let mut pieces = Vec::new();
        let mut colons = 0;
        for part in self.parts() {
            match part {
                Part::Piece(piece) => {
                    colons += usize::from(*piece == Piece::Char(':'));
                    pieces.push(*piece);
                }
                Part::Variable(variable) if colons >= 5 || self.style != Style::Arn || no_colon(&variable.key) => {
                    pieces.push(Piece::Any);
                }
                Part::Variable(_) => return None,
            }
        }
        Some(Form::new(pieces, self.style))
    }
}

fn piece(c: char, style: Style) -> Piece {
    match c {
        '*' if style != Style::Plain => Piece::Any,
        '?' if style != Style::Plain => Piece::One,
        other => Piece::Char(other),
    }
}

fn parts(raw: &str, style: Style) -> Result<Vec<Part>, &'static str> {
    let mut parts = Vec::new();
    let mut rest = raw;
    while let Some((before, after)) = rest.split_once("${") {
        parts.extend(before.chars().map(|c| Part::Piece(piece(c, style))));
        let (inside, after) = after.split_once('}').ok_or("a variable does not end with `}`")?;
        match inside {
            "*" | "?" | "$" => parts.extend(inside.chars().map(|c| Part::Piece(Piece::Char(c)))),
            _ => parts.push(Part::Variable(variable(inside)?)),
        }
        rest = after;
    }
    parts.extend(rest.chars().map(|c| Part::Piece(piece(c, style))));
    Ok(parts)
}

fn variable(inside: &str) -> Result<Variable, &'static str> {
    let (key, default) = match inside.split_once(',') {
        Some((key, default)) => {
            let default = default.trim().strip_prefix('\'').and_then(|d| d.strip_suffix('\''));
            let default = default.ok_or("the default of a variable must stand in single quotes")?;
            (key, Some(default.to_owned()))
        }
        None => (inside, None),
    };
    let key = key.trim();
    if key.is_empty() || key.contains(|c: char| c.is_whitespace() || matches!(c, '$' | '{')) {
        return Err("a variable has no key");
    }
    Ok(Variable {
        key: key.to_ascii_lowercase(),
        default,
        written: format!("${{{inside}}}"),
    })
}

impl Form {
    fn new(pieces: Vec<Piece>, style: Style) -> Self {
        if style == Style::Arn {
            Self::Arn(ArnPattern::new(pieces))
        } else {
            Self::Text(Pattern::new(pieces))
        }
    }
}

/// The pattern of an ARN. Five fields are compared one by one, the sixth takes the rest with its colons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ArnPattern {
    All,
    Fields(Box<[Pattern; 6]>),
    /// Fewer than six fields: whether it matches anything is not documented.
    Short(Pattern),
}

impl ArnPattern {
    pub(crate) fn wild(text: &str) -> Self {
        if text == "*" {
            return Self::All;
        }
        let mut fields = text.splitn(6, ':');
        let mut next = || fields.next();
        match [next(), next(), next(), next(), next(), next()] {
            [
                Some(arn),
                Some(partition),
                Some(service),
                Some(region),
                Some(account),
                Some(resource),
            ] => {
                let fields = [arn, partition, service, region, account, resource];
                Self::Fields(Box::new(fields.map(Pattern::wild)))
            }
            _ => Self::Short(Pattern::wild(text)),
        }
    }

    fn new(pieces: Vec<Piece>) -> Self {
        if pieces == [Piece::Any] {
            return Self::All;
        }
        let mut fields: Vec<Vec<Piece>> = vec![Vec::new()];
        for piece in &pieces {
            if *piece == Piece::Char(':') && fields.len() < 6 {
                fields.push(Vec::new());
            } else if let Some(last) = fields.last_mut() {
                last.push(*piece);
            }
        }
        let fields: Vec<Pattern> = fields.into_iter().map(Pattern::new).collect();
        match fields.try_into() {
            Ok(fields) => Self::Fields(Box::new(fields)),
            Err(_) => Self::Short(Pattern::new(pieces)),
        }
    }

    /// The first five fields. Nothing for a pattern with fewer than six.
    pub(crate) fn start(&self) -> Option<&[Pattern]> {
        match self {
            Self::Fields(fields) => fields.get(..5),
            Self::All | Self::Short(_) => None,
        }
    }

    /// `short` says whether a pattern of fewer than six fields matches across colons, or nothing.
    pub(crate) fn matches(&self, arn: &str, short: bool) -> bool {
        match self {
            Self::All => true,
            Self::Short(pattern) => short && pattern.matches(arn),
            Self::Fields(fields) => {
                let [first @ .., last] = fields.as_ref();
                let rest = first.iter().try_fold(arn, |text, field| field.after_field(text));
                rest.is_some_and(|rest| last.matches(rest))
            }
        }
    }

    /// Whether an ARN may match both patterns.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Fields(a), Self::Fields(b)) => a
                .iter()
                .zip(b.iter())
                .all(|(a, b)| crate::glob::meet(&a.pieces(), &b.pieces(), 64).is_none_or(|both| !both.is_empty())),
            _ => true,
        }
    }

    /// The same pattern over the whole text.
    pub(crate) fn pieces(&self) -> Vec<Piece> {
        match self {
            Self::All => vec![Piece::Any],
            Self::Short(pattern) => pattern.pieces(),
            Self::Fields(fields) => {
                let mut all = Vec::new();
                for (index, field) in fields.iter().enumerate() {
                    if index > 0 {
                        all.push(Piece::Char(':'));
                    }
                    let inner = |piece| {
                        if piece == Piece::Any && index < 5 {
                            Piece::Field
                        } else {
                            piece
                        }
                    };
                    all.extend(field.pieces().into_iter().map(inner));
                }
                all
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(raw: &str, style: Style) -> Text {
        Text::new(raw.to_owned(), style, true).unwrap()
    }

    fn holds(text: &Text, key: &str, value: &str, against: &str) -> bool {
        match text.resolve(|k| (k == key).then(|| value.to_owned())).as_deref() {
            Some(Form::Text(pattern)) => pattern.matches(against),
            Some(Form::Arn(pattern)) => pattern.matches(against, false),
            None => false,
        }
    }

    #[test]
    fn variable_is_replaced_by_its_value_taken_literally() {
        let text = with("home/${aws:UserName}/*", Style::Wild);
        assert!(holds(&text, "aws:username", "a*", "home/a*/x"));
        assert!(!holds(&text, "aws:username", "a*", "home/ab/x"));
        assert!(!holds(&text, "aws:other", "a", "home/a/x"));
    }

    #[test]
    fn default_replaces_only_a_missing_value() {
        let text = with("${aws:PrincipalTag/team, 'company'}", Style::Plain);
        assert!(holds(&text, "none", "", "company"));
        assert!(holds(&text, "aws:principaltag/team", "red", "red"));
    }

    #[test]
    fn escapes_are_characters_and_broken_variables_are_refused() {
        assert!(holds(&with("a${*}${?}${$}", Style::Wild), "", "", "a*?$"));
        for raw in ["${aws:x", "${}", "${aws:x, default}", "${a ${b}"] {
            assert!(Text::new(raw.to_owned(), Style::Plain, true).is_err(), "{raw}");
        }
        let old = Text::new("${aws:x".to_owned(), Style::Plain, false).unwrap();
        assert_eq!(old.fixed(), Some(&Form::Text(Pattern::Exact("${aws:x".to_owned()))));
    }

    #[test]
    fn pattern_of_an_arn_is_compared_field_by_field() {
        let buckets = ArnPattern::wild("arn:aws:s3:::*");
        assert!(buckets.matches("arn:aws:s3:::a/b:c", false));
        assert!(!buckets.matches("arn:aws:s3:us-east-1:111122223333:accesspoint/x", false));
        let short = ArnPattern::wild("arn:aws:s3*");
        assert!(short.matches("arn:aws:s3:::a", true) && !short.matches("arn:aws:s3:::a", false));
    }
}
