//! From the text of expressions to what they ask for.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::LazyLock;

use super::ApiError;
use super::lexer::{Token, tokens};
use super::value::Value;

/// The words that cannot stand for an attribute in an expression.
static RESERVED: LazyLock<HashSet<&str>> = LazyLock::new(|| include_str!("reserved.txt").split_whitespace().collect());

/// The names and values that a request gives to its expressions, each of which must be used.
#[derive(Debug, Default)]
pub(super) struct Substitutions {
    pub(super) names: BTreeMap<String, String>,
    pub(super) values: BTreeMap<String, Value>,
    used: BTreeSet<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Operand {
    Path(String),
    Value(Value),
    /// In update expressions alone.
    IfNotExists(String, Box<Operand>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Condition {
    Exists(String),
    NotExists(String),
    BeginsWith(Operand, Operand),
    Compare(Operand, Comparator, Operand),
    Between(Operand, Operand, Operand),
    And(Box<Condition>, Box<Condition>),
    Or(Box<Condition>, Box<Condition>),
    Not(Box<Condition>),
}

/// What an attribute is set to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Sum {
    One(Operand),
    Plus(Operand, Operand),
    Minus(Operand, Operand),
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Update {
    pub(super) set: Vec<(String, Sum)>,
    pub(super) remove: Vec<String>,
    pub(super) add: Vec<(String, Value)>,
}

impl Substitutions {
    /// Fails where the request gives a name or a value that no expression uses.
    pub(super) fn all_used(&self) -> Result<(), ApiError> {
        let unused = |kind: &str, mut keys: Vec<&String>| {
            keys.retain(|key| !self.used.contains(*key));
            match keys.first() {
                None => Ok(()),
                Some(_) => Err(ApiError::invalid(&format!(
                    "Value provided in {kind} unused in expressions: keys: {{{}}}",
                    keys.iter().map(|key| key.as_str()).collect::<Vec<_>>().join(", ")
                ))),
            }
        };
        unused("ExpressionAttributeNames", self.names.keys().collect())?;
        unused("ExpressionAttributeValues", self.values.keys().collect())
    }
}

/// Reads a condition. `kind` is the name of the request's member that holds it.
pub(super) fn condition(kind: &str, text: &str, substitutions: &mut Substitutions) -> Result<Condition, ApiError> {
    let mut parser = Parser::new(kind, text, substitutions)?;
    let condition = parser.either()?;
    parser.end()?;
    Ok(condition)
}

pub(super) fn update(text: &str, substitutions: &mut Substitutions) -> Result<Update, ApiError> {
    let mut parser = Parser::new("UpdateExpression", text, substitutions)?;
    let update = parser.update()?;
    parser.end()?;
    let paths = update.set.iter().map(|(path, _)| path);
    let mut paths: Vec<_> = paths
        .chain(&update.remove)
        .chain(update.add.iter().map(|(path, _)| path))
        .collect();
    paths.sort();
    match paths.windows(2).find(|pair| pair.first() == pair.last()) {
        Some(pair) => Err(parser.invalid(&format!(
            "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: {pair:?}"
        ))),
        None => Ok(update),
    }
}

struct Parser<'a> {
    kind: &'a str,
    text: &'a str,
    /// The next one last.
    tokens: Vec<Token>,
    substitutions: &'a mut Substitutions,
}

impl<'a> Parser<'a> {
    fn new(kind: &'a str, text: &'a str, substitutions: &'a mut Substitutions) -> Result<Self, ApiError> {
        let mut tokens = tokens(kind, text)?;
        tokens.reverse();
        Ok(Self {
            kind,
            text,
            tokens,
            substitutions,
        })
    }

    fn either(&mut self) -> Result<Condition, ApiError> {
        let mut condition = self.both()?;
        while self.keyword("OR") {
            condition = Condition::Or(Box::new(condition), Box::new(self.both()?));
        }
        Ok(condition)
    }

    fn both(&mut self) -> Result<Condition, ApiError> {
        let mut condition = self.negation()?;
        while self.keyword("AND") {
            condition = Condition::And(Box::new(condition), Box::new(self.negation()?));
        }
        Ok(condition)
    }

    fn negation(&mut self) -> Result<Condition, ApiError> {
        match self.keyword("NOT") {
            true => Ok(Condition::Not(Box::new(self.negation()?))),
            false => self.primary(),
        }
    }

    fn primary(&mut self) -> Result<Condition, ApiError> {
        if self.sign("(") {
            let condition = self.either()?;
            self.expect(")")?;
            return Ok(condition);
        }
        if let Some(function) = self.function() {
            return self.call(&function);
        }
        let left = self.operand()?;
        if self.keyword("BETWEEN") {
            let low = self.operand()?;
            if !self.keyword("AND") {
                return Err(self.syntax());
            }
            return Ok(Condition::Between(left, low, self.operand()?));
        }
        let comparators = [
            ("=", Comparator::Equal),
            ("<>", Comparator::NotEqual),
            ("<", Comparator::Less),
            ("<=", Comparator::LessOrEqual),
            (">", Comparator::Greater),
            (">=", Comparator::GreaterOrEqual),
        ];
        let comparator = comparators.into_iter().find(|(sign, _)| self.sign(sign));
        let (_, comparator) = comparator.ok_or_else(|| self.syntax())?;
        Ok(Condition::Compare(left, comparator, self.operand()?))
    }

    fn call(&mut self, function: &str) -> Result<Condition, ApiError> {
        let condition = match function {
            "attribute_exists" => Condition::Exists(self.path()?),
            "attribute_not_exists" => Condition::NotExists(self.path()?),
            "begins_with" => {
                let whole = self.operand()?;
                self.expect(",")?;
                Condition::BeginsWith(whole, self.operand()?)
            }
            "if_not_exists" => {
                return Err(
                    self.invalid("The function is not allowed in a condition expression; function: if_not_exists")
                );
            }
            other => return Err(ApiError::unknown(&format!("the function {other}"))),
        };
        self.expect(")")?;
        Ok(condition)
    }

    fn update(&mut self) -> Result<Update, ApiError> {
        let mut update = Update::default();
        let mut sections = BTreeSet::new();
        while !self.tokens.is_empty() {
            let section = ["SET", "REMOVE", "ADD"]
                .into_iter()
                .find(|section| self.keyword(section));
            let Some(section) = section else {
                return match self.keyword("DELETE") {
                    true => Err(ApiError::unknown("DELETE in an update expression")),
                    false => Err(self.syntax()),
                };
            };
            if !sections.insert(section) {
                return Err(self.invalid(&format!(
                    "The \"{section}\" section can only be used once in an update expression"
                )));
            }
            loop {
                let path = self.path()?;
                match section {
                    "SET" => {
                        self.expect("=")?;
                        update.set.push((path, self.sum()?));
                    }
                    "REMOVE" => update.remove.push(path),
                    _ => match self.operand()? {
                        Operand::Value(value) => update.add.push((path, value)),
                        _ => return Err(self.syntax()),
                    },
                }
                if !self.sign(",") {
                    break;
                }
            }
        }
        Ok(update)
    }

    fn sum(&mut self) -> Result<Sum, ApiError> {
        let left = self.update_operand()?;
        if self.sign("+") {
            return Ok(Sum::Plus(left, self.update_operand()?));
        }
        if self.sign("-") {
            return Ok(Sum::Minus(left, self.update_operand()?));
        }
        Ok(Sum::One(left))
    }

    fn update_operand(&mut self) -> Result<Operand, ApiError> {
        let Some(function) = self.function() else {
            return self.operand();
        };
        if function != "if_not_exists" {
            return Err(ApiError::unknown(&format!(
                "the function {function} in an update expression"
            )));
        }
        let path = self.path()?;
        self.expect(",")?;
        let other = self.update_operand()?;
        self.expect(")")?;
        Ok(Operand::IfNotExists(path, Box::new(other)))
    }

    fn operand(&mut self) -> Result<Operand, ApiError> {
        let Some(Token::Value(name)) = self.tokens.last().cloned() else {
            return Ok(Operand::Path(self.path()?));
        };
        self.tokens.pop();
        let Some(value) = self.substitutions.values.get(&name).cloned() else {
            return Err(self.invalid(&format!(
                "An expression attribute value used in expression is not defined; attribute value: {name}"
            )));
        };
        self.substitutions.used.insert(name);
        Ok(Operand::Value(value))
    }

    fn path(&mut self) -> Result<String, ApiError> {
        match self.tokens.pop() {
            Some(Token::Word(word)) => match RESERVED.contains(word.to_ascii_uppercase().as_str()) {
                true => Err(self.invalid(&format!(
                    "Attribute name is a reserved keyword; reserved keyword: {word}"
                ))),
                false => Ok(word),
            },
            Some(Token::Name(name)) => match self.substitutions.names.get(&name).cloned() {
                Some(path) => {
                    self.substitutions.used.insert(name);
                    Ok(path)
                }
                None => Err(self.invalid(&format!(
                    "An expression attribute name used in the document path is not defined; attribute name: {name}"
                ))),
            },
            _ => Err(self.syntax()),
        }
    }

    /// The name of a function that is called here, with its opening parenthesis.
    fn function(&mut self) -> Option<String> {
        let [.., Token::Sign("("), Token::Word(function)] = self.tokens.as_slice() else {
            return None;
        };
        let function = function.clone();
        self.tokens.truncate(self.tokens.len().saturating_sub(2));
        Some(function)
    }

    fn keyword(&mut self, keyword: &str) -> bool {
        let here = matches!(self.tokens.last(), Some(Token::Word(word)) if word.eq_ignore_ascii_case(keyword));
        if here {
            self.tokens.pop();
        }
        here
    }

    fn sign(&mut self, sign: &str) -> bool {
        let here = matches!(self.tokens.last(), Some(Token::Sign(next)) if *next == sign);
        if here {
            self.tokens.pop();
        }
        here
    }

    fn expect(&mut self, sign: &str) -> Result<(), ApiError> {
        match self.sign(sign) {
            true => Ok(()),
            false => Err(self.syntax()),
        }
    }

    fn end(&self) -> Result<(), ApiError> {
        match self.tokens.is_empty() {
            true => Ok(()),
            false => Err(self.syntax()),
        }
    }

    fn syntax(&self) -> ApiError {
        ApiError::syntax(self.kind, self.text)
    }

    fn invalid(&self, what: &str) -> ApiError {
        ApiError::invalid(&format!("Invalid {}: {what}", self.kind))
    }
}
