//! The calls that read and write one item.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};

use super::parser::{self, Condition, Substitutions};
use super::table::{Key, Keys, Table};
use super::value::{Item, Value, read_item, write_item};
use super::{ApiError, Tables, evaluate, random_duration};

/// The members of every call.
const COMMON: [&str; 2] = ["TableName", "ReturnConsumedCapacity"];
/// The members of every call that writes.
const WRITE: [&str; 5] = [
    "ConditionExpression",
    "ExpressionAttributeNames",
    "ExpressionAttributeValues",
    "ReturnValues",
    "ReturnValuesOnConditionCheckFailure",
];

/// A request, of which no member is unknown.
pub(super) struct Request(Map<String, Json>);

impl Request {
    pub(super) fn read(body: &[u8], known: &[&str]) -> Result<Self, ApiError> {
        let parsed: Json = serde_json::from_slice(body).map_err(|error| ApiError::serialization(&error.to_string()))?;
        let Json::Object(mut members) = parsed else {
            return Err(ApiError::serialization("a request must be an object"));
        };
        members.retain(|_, value| !value.is_null());
        let unknown = members
            .keys()
            .find(|name| !COMMON.contains(&name.as_str()) && !known.contains(&name.as_str()));
        if let Some(name) = unknown {
            return Err(ApiError::unknown(&format!("the parameter {name}")));
        }
        let request = Self(members);
        request.one_of("ReturnConsumedCapacity", &["NONE"])?;
        Ok(request)
    }

    pub(super) fn get(&self, name: &str) -> Option<&Json> {
        self.0.get(name)
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, ApiError> {
        let wrong = || ApiError::serialization(&format!("{name} must be a string"));
        self.get(name).map(|value| value.as_str().ok_or_else(wrong)).transpose()
    }

    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, ApiError> {
        let wrong = || ApiError::serialization(&format!("{name} must be true or false"));
        self.get(name)
            .map(|value| value.as_bool().ok_or_else(wrong))
            .transpose()
    }

    pub(super) fn item(&self, name: &str) -> Result<Item, ApiError> {
        let missing = || ApiError::invalid(&format!("1 validation error detected: Value null at '{name}'"));
        read_item(self.get(name).ok_or_else(missing)?)
    }

    /// The choice that was made among these; the first where none was made.
    fn one_of<'a>(&self, name: &str, choices: &[&'a str]) -> Result<&'a str, ApiError> {
        let Some(chosen) = self.text(name)? else {
            return Ok(choices.first().copied().unwrap_or_default());
        };
        let choice = choices.iter().find(|choice| **choice == chosen);
        choice
            .copied()
            .ok_or_else(|| ApiError::unknown(&format!("{name} {chosen}")))
    }

    pub(super) fn table_name(&self) -> Result<&str, ApiError> {
        let missing = || ApiError::invalid("1 validation error detected: Value null at 'tableName'");
        self.text("TableName")?.ok_or_else(missing)
    }

    pub(super) fn substitutions(&self) -> Result<Substitutions, ApiError> {
        let mut substitutions = Substitutions::default();
        if let Some(values) = self.get("ExpressionAttributeValues") {
            substitutions.values = read_item(values)?;
        }
        let names = self.get("ExpressionAttributeNames").and_then(Json::as_object);
        for (name, path) in names.into_iter().flatten() {
            let path = path
                .as_str()
                .ok_or_else(|| ApiError::serialization("a name must be a string"))?;
            substitutions.names.insert(name.clone(), path.to_owned());
        }
        let given = |kind: &str| self.get(kind).is_some();
        for (kind, empty) in [
            ("ExpressionAttributeNames", substitutions.names.is_empty()),
            ("ExpressionAttributeValues", substitutions.values.is_empty()),
        ] {
            if given(kind) && empty {
                return Err(ApiError::invalid(&format!("{kind} must not be empty")));
            }
        }
        let known = |key: &String, mark| key.starts_with(mark);
        match substitutions.names.keys().all(|key| known(key, '#'))
            && substitutions.values.keys().all(|key| known(key, ':'))
        {
            true => Ok(substitutions),
            false => Err(ApiError::invalid(
                "ExpressionAttribute names begin with #, values with :",
            )),
        }
    }

    fn condition(&self, substitutions: &mut Substitutions) -> Result<Option<Condition>, ApiError> {
        let text = self.text("ConditionExpression")?;
        text.map(|text| parser::condition("ConditionExpression", text, substitutions))
            .transpose()
    }

    fn key(&self, keys: &Keys) -> Result<Key, ApiError> {
        keys.exactly(&self.item("Key")?)
    }

    /// Fails where the item, or that there is none, does not meet the condition.
    fn check(&self, condition: Option<&Condition>, before: Option<&Item>) -> Result<(), ApiError> {
        let shown = self.one_of("ReturnValuesOnConditionCheckFailure", &["NONE", "ALL_OLD"])?;
        let Some(condition) = condition else { return Ok(()) };
        match evaluate::is_met(condition, before.unwrap_or(&Item::new()))? {
            true => Ok(()),
            false => Err(ApiError::unmet(before.filter(|_| shown == "ALL_OLD").cloned())),
        }
    }
}

impl Tables {
    pub(super) fn find(&self, request: &Request) -> Result<&Table, ApiError> {
        let name = request.table_name()?;
        let missing = || ApiError::new("ResourceNotFoundException", "Requested resource not found");
        self.tables.get(name).ok_or_else(missing)
    }

    fn write(&mut self, request: &Request, key: Key, item: Option<Item>, now: Timestamp) -> Result<(), ApiError> {
        let lag = self.lag;
        if let Some(table) = self.tables.get_mut(request.table_name()?) {
            table.write(key, item, now, lag);
        }
        Ok(())
    }
}

pub(super) fn get(tables: &mut Tables, body: &[u8], now: Timestamp) -> Result<Json, ApiError> {
    let request = Request::read(body, &["Key", "ConsistentRead"])?;
    let ago = random_duration(&mut tables.rng, tables.lag);
    let table = tables.find(&request)?;
    let key = request.key(&table.keys)?;
    let item = match request.flag("ConsistentRead")? {
        Some(true) => table.get(&key),
        _ => table.seen(&key, now, ago),
    };
    Ok(item.map_or_else(|| json!({}), |item| json!({ "Item": write_item(item) })))
}

pub(super) fn put(tables: &mut Tables, body: &[u8], now: Timestamp) -> Result<Json, ApiError> {
    let request = Request::read(body, &[&WRITE[..], &["Item"]].concat())?;
    let wanted = request.one_of("ReturnValues", &["NONE", "ALL_OLD"])?;
    let mut substitutions = request.substitutions()?;
    let condition = request.condition(&mut substitutions)?;
    substitutions.all_used()?;
    let table = tables.find(&request)?;
    let item = request.item("Item")?;
    table.check(&item, "Item size has exceeded the maximum allowed size")?;
    let key = table.keys.of(&item)?;
    let before = table.get(&key).cloned();
    request.check(condition.as_ref(), before.as_ref())?;
    tables.write(&request, key, Some(item), now)?;
    Ok(attributes(before.filter(|_| wanted == "ALL_OLD")))
}

pub(super) fn delete(tables: &mut Tables, body: &[u8], now: Timestamp) -> Result<Json, ApiError> {
    let request = Request::read(body, &[&WRITE[..], &["Key"]].concat())?;
    let wanted = request.one_of("ReturnValues", &["NONE", "ALL_OLD"])?;
    let mut substitutions = request.substitutions()?;
    let condition = request.condition(&mut substitutions)?;
    substitutions.all_used()?;
    let table = tables.find(&request)?;
    let key = request.key(&table.keys)?;
    let before = table.get(&key).cloned();
    request.check(condition.as_ref(), before.as_ref())?;
    if before.is_some() {
        tables.write(&request, key, None, now)?;
    }
    Ok(attributes(before.filter(|_| wanted == "ALL_OLD")))
}

pub(super) fn update(tables: &mut Tables, body: &[u8], now: Timestamp) -> Result<Json, ApiError> {
    let request = Request::read(body, &[&WRITE[..], &["Key", "UpdateExpression"]].concat())?;
    let wanted = request.one_of(
        "ReturnValues",
        &["NONE", "ALL_OLD", "UPDATED_OLD", "ALL_NEW", "UPDATED_NEW"],
    )?;
    let mut substitutions = request.substitutions()?;
    let condition = request.condition(&mut substitutions)?;
    let text = request.text("UpdateExpression")?;
    let text = text.ok_or_else(|| ApiError::unknown("an update without UpdateExpression"))?;
    let update = parser::update(text, &mut substitutions)?;
    substitutions.all_used()?;
    let table = tables.find(&request)?;
    let key = request.key(&table.keys)?;
    let before = table.get(&key).cloned();
    request.check(condition.as_ref(), before.as_ref())?;
    let key_only = Item::from([
        (table.keys.hash.clone(), Value::S(key.0.clone())),
        (table.keys.range.clone(), Value::S(key.1.clone())),
    ]);
    let (after, touched) = evaluate::updated(&update, before.as_ref().unwrap_or(&key_only))?;
    if let Some(name) = [&table.keys.hash, &table.keys.range]
        .into_iter()
        .find(|name| touched.contains(name.as_str()))
    {
        return Err(ApiError::invalid(&format!(
            "One or more parameter values were invalid: Cannot update attribute {name}. This attribute is part of the key"
        )));
    }
    table.check(&after, "Item size to update has exceeded the maximum allowed size")?;
    let only = |item: Item, names: &BTreeSet<&str>| {
        item.into_iter()
            .filter(|(name, _)| names.contains(name.as_str()))
            .collect()
    };
    let shown = match wanted {
        "ALL_OLD" => before.clone(),
        "UPDATED_OLD" => before.clone().map(|item| only(item, &touched)),
        "ALL_NEW" => Some(after.clone()),
        "UPDATED_NEW" => Some(only(after.clone(), &touched)),
        _ => None,
    };
    // What does nothing but remove creates no item.
    if before.is_some() || !update.set.is_empty() || !update.add.is_empty() {
        tables.write(&request, key, Some(after), now)?;
    }
    Ok(attributes(shown))
}

fn attributes(item: Option<Item>) -> Json {
    match item.filter(|item| !item.is_empty()) {
        None => json!({}),
        Some(item) => json!({ "Attributes": write_item(&item) }),
    }
}
