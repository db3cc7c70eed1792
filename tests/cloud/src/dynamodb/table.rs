//! A table, its index, and what of them is seen when.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::ApiError;
use super::value::{Item, Value, size};

/// Of one item, names included.
const MAX_ITEM: usize = 400 * 1024;

/// A table whose keys, and whose index's keys, are strings.
#[derive(Debug)]
pub struct Table {
    pub(super) keys: Keys,
    index: Option<(String, Keys)>,
    /// Holds the time at which an item expires, in epoch seconds.
    expires: Option<String>,
    rows: BTreeMap<Key, Vec<Version>>,
}

/// The names of the partition key and of the sort key.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    pub(super) hash: String,
    pub(super) range: String,
}

/// The values of partition key and sort key.
pub(super) type Key = (String, String);

/// What an item became at a time.
#[derive(Debug)]
struct Version {
    time: Timestamp,
    item: Option<Item>,
}

impl Table {
    pub fn new(hash: &str, range: &str) -> Self {
        Self {
            keys: Keys::new(hash, range),
            index: None,
            expires: None,
            rows: BTreeMap::new(),
        }
    }

    /// The ledger's, as the template makes it.
    pub fn ledger() -> Self {
        Self::new("pk", "sk")
            .index("history", "place", "sk")
            .expiring("expires")
    }

    /// With a global secondary index of all attributes.
    pub fn index(mut self, name: &str, hash: &str, range: &str) -> Self {
        self.index = Some((name.to_owned(), Keys::new(hash, range)));
        self
    }

    /// With an attribute for the time to live.
    pub fn expiring(mut self, attribute: &str) -> Self {
        self.expires = Some(attribute.to_owned());
        self
    }

    /// The items as last written.
    pub fn items(&self) -> impl Iterator<Item = &Item> {
        self.rows.values().filter_map(|versions| versions.last()?.item.as_ref())
    }

    /// Deletes what has expired, which DynamoDB does some time within days.
    pub fn expire(&mut self, now: Timestamp) {
        let Some(attribute) = &self.expires else { return };
        for versions in self.rows.values_mut() {
            let item = versions.last().and_then(|version| version.item.as_ref());
            let time = item.and_then(|item| item.get(attribute)).and_then(Value::number);
            if time.is_some_and(|time| time < i128::from(now.as_second())) {
                versions.push(Version { time: now, item: None });
            }
        }
    }

    pub(super) fn get(&self, key: &Key) -> Option<&Item> {
        self.rows.get(key)?.last()?.item.as_ref()
    }

    /// The item as it was so long ago.
    pub(super) fn seen(&self, key: &Key, now: Timestamp, ago: SignedDuration) -> Option<&Item> {
        let versions = self.rows.get(key)?;
        let seen = versions
            .iter()
            .rev()
            .find(|version| now.duration_since(version.time) >= ago);
        seen?.item.as_ref()
    }

    /// The keys of all items that are or were.
    pub(super) fn all_keys(&self) -> impl Iterator<Item = &Key> {
        self.rows.keys()
    }

    /// Those of one partition, in order.
    pub(super) fn keys_of(&self, partition: &str) -> impl Iterator<Item = &Key> {
        let from = (partition.to_owned(), String::new());
        let rows = self.rows.range(from..).map(|(key, _)| key);
        rows.take_while(move |key| key.0 == partition)
    }

    pub(super) fn index_keys(&self, name: &str) -> Result<&Keys, ApiError> {
        let known = self.index.as_ref().filter(|(known, _)| known == name);
        let missing = || ApiError::invalid(&format!("The table does not have the specified index: {name}"));
        known.map(|(_, keys)| keys).ok_or_else(missing)
    }

    /// Keeps the earlier versions that a reader may still see.
    pub(super) fn write(&mut self, key: Key, item: Option<Item>, now: Timestamp, lag: SignedDuration) {
        let versions = self.rows.entry(key).or_default();
        versions.push(Version { time: now, item });
        let oldest = versions
            .iter()
            .rposition(|version| now.duration_since(version.time) >= lag);
        versions.drain(..oldest.unwrap_or_default());
    }

    /// Fails where an item cannot be stored.
    pub(super) fn check(&self, item: &Item, too_large: &str) -> Result<(), ApiError> {
        self.keys.of(item)?;
        if let Some((index, keys)) = &self.index {
            for name in [&keys.hash, &keys.range] {
                match item.get(name) {
                    Some(Value::S(text)) if text.is_empty() => {
                        return Err(ApiError::invalid(&format!(
                            "One or more parameter values are not valid. A value specified for a secondary index key is \
                             not supported. The AttributeValue for a key attribute cannot contain an empty string value. \
                             IndexName: {index}, IndexKey: {name}"
                        )));
                    }
                    None | Some(Value::S(_)) => {}
                    Some(other) => {
                        return Err(ApiError::invalid(&format!(
                            "One or more parameter values were invalid: Type mismatch for Index Key {name} Expected: S \
                             Actual: {} IndexName: {index}",
                            other.type_name()
                        )));
                    }
                }
            }
        }
        match size(item) > MAX_ITEM {
            true => Err(ApiError::invalid(too_large)),
            false => Ok(()),
        }
    }
}

impl Keys {
    fn new(hash: &str, range: &str) -> Self {
        Self {
            hash: hash.to_owned(),
            range: range.to_owned(),
        }
    }

    /// The key of an item that has one.
    pub(super) fn of(&self, item: &Item) -> Result<Key, ApiError> {
        let value = |name: &str| match item.get(name) {
            None => Err(ApiError::invalid(&format!(
                "One or more parameter values were invalid: Missing the key {name} in the item"
            ))),
            Some(Value::S(text)) if text.is_empty() => Err(ApiError::invalid(&format!(
                "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an \
                 empty string value. Key: {name}"
            ))),
            Some(Value::S(text)) => Ok(text.clone()),
            Some(other) => Err(ApiError::invalid(&format!(
                "One or more parameter values were invalid: Type mismatch for key {name} expected: S actual: {}",
                other.type_name()
            ))),
        };
        Ok((value(&self.hash)?, value(&self.range)?))
    }

    /// The key that these attributes are, and nothing else.
    pub(super) fn exactly(&self, item: &Item) -> Result<Key, ApiError> {
        match item.keys().all(|name| *name == self.hash || *name == self.range) && item.len() == 2 {
            true => self.of(item),
            false => Err(ApiError::invalid("The provided key element does not match the schema")),
        }
    }
}
