//! Attribute values and items.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::ApiError;

/// The types of attributes that the model knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    S(String),
    /// Whole numbers alone.
    N(i128),
    Bool(bool),
}

pub type Item = BTreeMap<String, Value>;

impl Value {
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::S(text) => Some(text),
            _ => None,
        }
    }

    pub fn number(&self) -> Option<i128> {
        match self {
            Self::N(number) => Some(*number),
            _ => None,
        }
    }

    /// As DynamoDB spells the type.
    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Self::S(_) => "S",
            Self::N(_) => "N",
            Self::Bool(_) => "BOOL",
        }
    }

    pub(super) fn read(value: &Json) -> Result<Self, ApiError> {
        let mut members = value.as_object().into_iter().flatten();
        let (Some((kind, content)), None) = (members.next(), members.next()) else {
            return Err(ApiError::invalid(
                "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported \
                 datatypes",
            ));
        };
        match (kind.as_str(), content) {
            ("S", Json::String(text)) => Ok(Self::S(text.clone())),
            ("BOOL", Json::Bool(value)) => Ok(Self::Bool(*value)),
            ("N", Json::String(digits)) => match digits.parse::<i128>() {
                Ok(number) if number.unsigned_abs() < 10_u128.pow(38) => Ok(Self::N(number)),
                _ => Err(ApiError::unknown(&format!("the number {digits}"))),
            },
            _ => Err(ApiError::unknown(&format!("the attribute value {value}"))),
        }
    }

    pub(super) fn write(&self) -> Json {
        match self {
            Self::S(text) => json!({ "S": text }),
            Self::N(number) => json!({ "N": number.to_string() }),
            Self::Bool(value) => json!({ "BOOL": value }),
        }
    }

    /// In bytes, as DynamoDB counts: a number takes about one for two of its digits, and one more.
    fn size(&self) -> usize {
        match self {
            Self::S(text) => text.len(),
            Self::N(number) => number.unsigned_abs().to_string().len().div_ceil(2) + 1,
            Self::Bool(_) => 1,
        }
    }
}

pub(super) fn read_item(value: &Json) -> Result<Item, ApiError> {
    let members = value
        .as_object()
        .ok_or_else(|| ApiError::serialization("an item must be an object"))?;
    let pair = |(name, value): (&String, &Json)| Ok((name.clone(), Value::read(value)?));
    members.iter().map(pair).collect()
}

pub(super) fn write_item(item: &Item) -> Json {
    let members: Map<_, _> = item.iter().map(|(name, value)| (name.clone(), value.write())).collect();
    Json::Object(members)
}

/// In bytes, names included.
pub(super) fn size(item: &Item) -> usize {
    item.iter().map(|(name, value)| name.len() + value.size()).sum()
}
