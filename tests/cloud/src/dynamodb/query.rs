//! The call that reads a partition, page by page.

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::operations::Request;
use super::parser::{self, Comparator, Condition, Operand};
use super::table::{Key, Keys, Table};
use super::value::{Item, Value, read_item, size, write_item};
use super::{ApiError, Tables, evaluate, random_duration};

/// Of the items of one page.
const MAX_PAGE: usize = 1024 * 1024;
/// The largest of the short pages, in items.
const SHORT_PAGE: u64 = 3;

struct Row<'a> {
    /// Orders the rows: the sort key, then the table's keys.
    order: (&'a str, &'a Key),
    item: &'a Item,
}

pub(super) fn query(tables: &mut Tables, body: &[u8], now: Timestamp) -> Result<Json, ApiError> {
    let request = Request::read(
        body,
        &[
            "IndexName",
            "KeyConditionExpression",
            "FilterExpression",
            "ExpressionAttributeNames",
            "ExpressionAttributeValues",
            "ConsistentRead",
            "ScanIndexForward",
            "Limit",
            "ExclusiveStartKey",
        ],
    )?;
    let mut substitutions = request.substitutions()?;
    let text = request.text("KeyConditionExpression")?;
    let text = text.ok_or_else(|| ApiError::unknown("a query without KeyConditionExpression"))?;
    let condition = parser::condition("KeyConditionExpression", text, &mut substitutions)?;
    let filter = request.text("FilterExpression")?;
    let filter = filter
        .map(|text| parser::condition("FilterExpression", text, &mut substitutions))
        .transpose()?;
    substitutions.all_used()?;
    let mut limit = limit(&request)?;
    if tables.short_pages {
        let short = tables.rng.u64(1..=SHORT_PAGE);
        limit = limit.min(usize::try_from(short).unwrap_or(usize::MAX));
    }
    let mut rng = tables.rng.fork();
    let table = tables.find(&request)?;
    let index = request.text("IndexName")?;
    let consistent = request.flag("ConsistentRead")? == Some(true);
    if consistent && index.is_some() {
        return Err(ApiError::invalid(
            "Consistent reads are not supported on global secondary indexes",
        ));
    }
    let keys = index.map_or(Ok(&table.keys), |name| table.index_keys(name))?;
    let partition = check_key_condition(&condition, keys)?;
    let ago = random_duration(&mut rng, tables.lag);
    let seen: Vec<(&Key, Option<&Item>)> = match index {
        None if consistent => table.keys_of(&partition).map(|key| (key, table.get(key))).collect(),
        None => table
            .keys_of(&partition)
            .map(|key| (key, table.seen(key, now, ago)))
            .collect(),
        // Each item comes to the index by itself, so that a later write may show before an earlier one.
        Some(_) => {
            let mut seen = |key| table.seen(key, now, random_duration(&mut rng, tables.lag));
            table.all_keys().map(|key| (key, seen(key))).collect()
        }
    };
    let mut rows = Vec::new();
    for (key, item) in seen {
        let Some(item) = item else { continue };
        if let Some(sort) = item.get(&keys.range).and_then(Value::text)
            && evaluate::is_met(&condition, item)?
        {
            let order = (sort, key);
            rows.push(Row { order, item });
        }
    }
    rows.sort_by(|a, b| a.order.cmp(&b.order));
    let backward = request.flag("ScanIndexForward")? == Some(false);
    if backward {
        rows.reverse();
    }
    if let Some(start) = request.get("ExclusiveStartKey") {
        let (sort, key) = start_key(&read_item(start)?, table, keys, &partition)?;
        let start = (sort.as_str(), &key);
        rows.retain(|row| if backward { row.order < start } else { row.order > start });
    }
    let names = [&table.keys.hash, &table.keys.range, &keys.hash, &keys.range];
    page(&rows, &names, limit, filter.as_ref())
}

/// How many items a page has at most.
fn limit(request: &Request) -> Result<usize, ApiError> {
    let Some(limit) = request.get("Limit") else {
        return Ok(usize::MAX);
    };
    match limit.as_u64().and_then(|limit| usize::try_from(limit).ok()) {
        Some(limit) if limit > 0 => Ok(limit),
        _ => Err(ApiError::invalid(
            "1 validation error detected: Value at 'limit' must be >= 1",
        )),
    }
}

/// The first page of these. `names` are those of the attributes that tell where it ended.
fn page(rows: &[Row<'_>], names: &[&String], limit: usize, filter: Option<&Condition>) -> Result<Json, ApiError> {
    let (mut items, mut scanned, mut bytes, mut last) = (Vec::new(), 0_usize, 0_usize, None);
    for row in rows {
        scanned += 1;
        bytes += size(row.item);
        if filter.map_or(Ok(true), |filter| evaluate::is_met(filter, row.item))? {
            items.push(write_item(row.item));
        }
        // There is a last key even where nothing comes after it.
        if scanned >= limit || bytes > MAX_PAGE {
            let keys = row.item.iter().filter(|(name, _)| names.contains(name));
            last = Some(
                keys.map(|(name, value)| (name.clone(), value.clone()))
                    .collect::<Item>(),
            );
            break;
        }
    }
    let mut answer = json!({ "Count": items.len(), "ScannedCount": scanned, "Items": items });
    if let (Some(last), Some(members)) = (last, answer.as_object_mut()) {
        members.insert("LastEvaluatedKey".to_owned(), write_item(&last));
    }
    Ok(answer)
}

/// Fails where this is not one partition, with one range of sort keys at most. Gives the partition.
fn check_key_condition(condition: &Condition, keys: &Keys) -> Result<String, ApiError> {
    let mut parts = Vec::new();
    flatten(condition, &mut parts)?;
    let mut partition = None;
    let mut ranges = 0;
    for part in parts {
        let (path, values) = match part {
            Condition::Compare(Operand::Path(path), Comparator::Equal, Operand::Value(value)) if *path == keys.hash => {
                if partition.replace(value).is_some() {
                    return Err(ApiError::invalid(
                        "KeyConditionExpressions must only contain one condition per key",
                    ));
                }
                continue;
            }
            Condition::Compare(Operand::Path(path), comparator, Operand::Value(value))
                if *comparator != Comparator::NotEqual =>
            {
                (path, vec![value])
            }
            Condition::BeginsWith(Operand::Path(path), Operand::Value(value)) => (path, vec![value]),
            Condition::Between(Operand::Path(path), Operand::Value(low), Operand::Value(high)) => {
                (path, vec![low, high])
            }
            _ => return Err(ApiError::invalid("Invalid operator used in KeyConditionExpression")),
        };
        if *path != keys.range {
            return Err(ApiError::invalid("Query key condition not supported"));
        }
        if values.iter().any(|value| value.text().is_none()) {
            return Err(ApiError::invalid(
                "One or more parameter values were invalid: Condition parameter type does not match schema type",
            ));
        }
        if matches!(values.as_slice(), [low, high] if low.text() > high.text()) {
            return Err(ApiError::invalid(
                "Invalid KeyConditionExpression: The BETWEEN operator requires upper bound to be greater than or equal \
                 to lower bound",
            ));
        }
        ranges += 1;
    }
    if ranges > 1 {
        return Err(ApiError::invalid(
            "KeyConditionExpressions must only contain one condition per key",
        ));
    }
    match partition {
        Some(Value::S(partition)) => Ok(partition.clone()),
        Some(_) => Err(ApiError::invalid(
            "One or more parameter values were invalid: Condition parameter type does not match schema type",
        )),
        None => Err(ApiError::invalid(&format!(
            "Query condition missed key schema element: {}",
            keys.hash
        ))),
    }
}

fn flatten<'a>(condition: &'a Condition, parts: &mut Vec<&'a Condition>) -> Result<(), ApiError> {
    match condition {
        Condition::And(left, right) => {
            flatten(left, parts)?;
            flatten(right, parts)
        }
        Condition::Or(..) | Condition::Not(_) => Err(ApiError::invalid(
            "Invalid operator used in KeyConditionExpression: OR or NOT",
        )),
        part => {
            parts.push(part);
            Ok(())
        }
    }
}

/// Where to go on: the sort key of the row, and the table's keys.
fn start_key(start: &Item, table: &Table, keys: &Keys, partition: &str) -> Result<(String, Key), ApiError> {
    let wrong = || ApiError::invalid("The provided starting key is invalid");
    let names = [&table.keys.hash, &table.keys.range, &keys.hash, &keys.range];
    if !start.keys().all(|name| names.contains(&name)) {
        return Err(wrong());
    }
    let key = table.keys.of(start).map_err(|_| wrong())?;
    let (hash, sort) = keys.of(start).map_err(|_| wrong())?;
    match hash == partition {
        true => Ok((sort, key)),
        false => Err(ApiError::invalid(
            "The provided starting key is outside query boundaries based on provided conditions",
        )),
    }
}
