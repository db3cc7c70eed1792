//! A policy document as it was understood.

use std::fmt;

use crate::condition_keys;
use crate::literal::{Date, Network, Number};
use crate::operators::{Operator, Quantifier};
use crate::text::Text;

/// The longest endpoint policy that EC2 accepts, in characters with white space.
/// <https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-limits-endpoints.html>
pub const MOST_CHARACTERS: usize = 20_480;

/// The version of the language. Variables work with the newer one only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    V2008,
    V2012,
}

/// A policy document: what it says, and where it can be understood in several ways, each of them.
#[derive(Clone, Debug)]
pub struct Document {
    pub(crate) text: String,
    pub(crate) version: Version,
    /// The first is the most probable.
    pub(crate) variants: Vec<Variant>,
    /// What AWS refuses or what does not do what its author meant.
    pub(crate) notes: Vec<Note>,
    /// Bytes of the text that the value of `Statement` takes.
    pub(crate) statement_span: std::ops::Range<usize>,
}

#[derive(Clone, Debug)]
pub(crate) struct Variant {
    /// Which way of understanding the document this is. Nothing when there is only one.
    pub(crate) interpretation: Option<&'static str>,
    pub(crate) statements: Vec<Statement>,
}

/// A remark on a place of the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Such as `Statement[0].Principal`.
    pub path: String,
    pub message: String,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.path, self.message)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    Allow,
    Deny,
}

/// One statement.
#[derive(Clone, Debug)]
pub struct Statement {
    /// Its place in the document, from 0.
    pub index: usize,
    pub sid: Option<String>,
    pub effect: Effect,
    pub(crate) principal: Element<PrincipalEntry>,
    pub(crate) action: Element<ActionPattern>,
    pub(crate) resource: Element<Text>,
    pub(crate) conditions: Vec<Condition>,
}

impl Statement {
    /// How to name the statement to a reader, such as `Statement[2] "DenyUntrustedPrincipals"`.
    pub fn name(&self) -> String {
        match &self.sid {
            Some(sid) if !sid.is_empty() => format!("Statement[{}] {sid:?}", self.index),
            _ => format!("Statement[{}]", self.index),
        }
    }
}

/// `Action` or `NotAction` and their like, with the values.
#[derive(Clone, Debug)]
pub(crate) struct Element<T> {
    /// Whether it is the form with Not.
    pub(crate) not: bool,
    pub(crate) values: Vec<T>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PrincipalEntry {
    /// `"*"`.
    Everyone,
    /// `{"AWS": "*"}`.
    EveryAws,
    /// An account, by its id or its root ARN.
    Account(String),
    /// One role, user or session.
    Arn(String),
    Service(String),
    /// An identity provider, or `*` for each.
    Federated(String),
    /// Canonical users: there is no telling from the outside who that is.
    Unknown(String),
    /// Nobody is called like this.
    Nobody(String),
}

/// The pattern of an action, in lower case.
#[derive(Clone, Debug)]
pub(crate) struct ActionPattern {
    pub(crate) raw: String,
    pub(crate) pattern: crate::glob::Pattern,
}

impl ActionPattern {
    pub(crate) fn new(raw: String) -> Self {
        let pattern = crate::glob::Pattern::wild(&raw.to_ascii_lowercase());
        Self { raw, pattern }
    }

    /// `*:*` is not documented; `every` says whether it stands for every action, or for none.
    pub(crate) fn matches(&self, lower_case: &str, every: bool) -> bool {
        if self.raw == "*:*" {
            every
        } else {
            self.pattern.matches(lower_case)
        }
    }
}

/// One operator on one key.
#[derive(Clone, Debug)]
pub(crate) struct Condition {
    /// As in the document, such as `ForAnyValue:StringLikeIfExists`.
    pub(crate) name: String,
    pub(crate) operator: Operator,
    pub(crate) quantifier: Option<Quantifier>,
    pub(crate) if_exists: bool,
    /// As in the document.
    pub(crate) key: String,
    /// In lower case.
    pub(crate) key_id: String,
    pub(crate) values: Values,
}

impl Condition {
    pub(crate) fn path(&self, statement: usize) -> String {
        format!("Statement[{statement}].Condition.{}.{}", self.name, self.key)
    }

    pub(crate) fn texts(&self) -> &[Text] {
        match &self.values {
            Values::Texts(texts) => texts,
            _ => &[],
        }
    }

    /// How many values it has.
    pub(crate) fn len(&self) -> usize {
        match &self.values {
            Values::Texts(all) => all.len(),
            Values::Numbers(all) => all.len(),
            Values::Dates(all) => all.len(),
            Values::Networks(all) => all.len(),
            Values::Bools(all) => all.len(),
            Values::Binary(all) => all.len(),
        }
    }

    /// Whether it compares a key that may have several values without saying `ForAllValues` or `ForAnyValue`.
    pub(crate) fn plain_on_several(&self) -> bool {
        self.quantifier.is_none()
            && self.operator != Operator::Null
            && condition_keys::find(&self.key_id).is_some_and(|key| key.several)
    }

    /// Whether a value has a variable.
    pub(crate) fn linked(&self) -> bool {
        self.texts().iter().any(|text| text.fixed().is_none())
    }
}

#[derive(Clone, Debug)]
pub(crate) enum Values {
    Texts(Vec<Text>),
    Numbers(Vec<Number>),
    Dates(Vec<Date>),
    Networks(Vec<Network>),
    /// Of `Bool` and of `Null`.
    Bools(Vec<bool>),
    Binary(Vec<String>),
}

impl Document {
    pub fn version(&self) -> Version {
        self.version
    }

    /// The statements, in the most probable interpretation.
    pub fn statements(&self) -> &[Statement] {
        self.variants.first().map_or(&[], |variant| &variant.statements)
    }

    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// How many values and variables there are to compare requests with.
    pub(crate) fn size(&self) -> usize {
        let variables = |texts: &[Text]| texts.iter().map(|text| text.variables().count()).sum::<usize>();
        let condition = |condition: &Condition| condition.len() + variables(condition.texts());
        let statement = |statement: &Statement| {
            statement.principal.values.len()
                + statement.action.values.len()
                + statement.resource.values.len()
                + variables(&statement.resource.values)
                + statement.conditions.iter().map(condition).sum::<usize>()
        };
        let sizes = self
            .variants
            .iter()
            .map(|variant| variant.statements.iter().map(statement).sum());
        sizes.max().unwrap_or_default()
    }
}
