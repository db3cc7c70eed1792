//! What expressions say of an item, and make of it.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::ApiError;
use super::parser::{Comparator, Condition, Operand, Sum, Update};
use super::value::{Item, Value};

/// What does not exist is compared like a value of a type of its own: it differs from everything, and nothing is less
/// or more.
pub(super) fn is_met(condition: &Condition, item: &Item) -> Result<bool, ApiError> {
    Ok(match condition {
        Condition::Exists(path) => item.contains_key(path),
        Condition::NotExists(path) => !item.contains_key(path),
        Condition::BeginsWith(whole, start) => {
            for operand in [whole, start] {
                if let Operand::Value(value) = operand
                    && value.text().is_none()
                {
                    return Err(wrong_type("begins_with", value));
                }
            }
            let whole = resolve(whole, item).and_then(Value::text);
            let start = resolve(start, item).and_then(Value::text);
            whole.zip(start).is_some_and(|(whole, start)| whole.starts_with(start))
        }
        Condition::Compare(left, comparator, right) => compare(left, *comparator, right, item)?,
        Condition::Between(value, low, high) => {
            compare(value, Comparator::GreaterOrEqual, low, item)?
                && compare(value, Comparator::LessOrEqual, high, item)?
        }
        // Both sides always, so that what is wrong with a side shows in every case.
        Condition::And(left, right) => is_met(left, item)? & is_met(right, item)?,
        Condition::Or(left, right) => is_met(left, item)? | is_met(right, item)?,
        Condition::Not(condition) => !is_met(condition, item)?,
    })
}

fn compare(left: &Operand, comparator: Comparator, right: &Operand, item: &Item) -> Result<bool, ApiError> {
    if !matches!(comparator, Comparator::Equal | Comparator::NotEqual) {
        for operand in [left, right] {
            if let Operand::Value(value @ Value::Bool(_)) = operand {
                return Err(wrong_type("<", value));
            }
        }
    }
    let (left, right) = (resolve(left, item), resolve(right, item));
    let order = match left.zip(right) {
        Some((Value::S(left), Value::S(right))) => Some(left.cmp(right)),
        Some((Value::N(left), Value::N(right))) => Some(left.cmp(right)),
        _ => None,
    };
    let equal = left.is_some() && left == right;
    Ok(match comparator {
        Comparator::Equal => equal,
        Comparator::NotEqual => !equal,
        Comparator::Less => order.is_some_and(Ordering::is_lt),
        Comparator::LessOrEqual => order.is_some_and(Ordering::is_le),
        Comparator::Greater => order.is_some_and(Ordering::is_gt),
        Comparator::GreaterOrEqual => order.is_some_and(Ordering::is_ge),
    })
}

fn resolve<'a>(operand: &'a Operand, item: &'a Item) -> Option<&'a Value> {
    match operand {
        Operand::Path(path) => item.get(path),
        Operand::Value(value) => Some(value),
        Operand::IfNotExists(path, other) => item.get(path).or_else(|| resolve(other, item)),
    }
}

/// The item after the update, and which attributes it names. Everything is read from the item as it was.
pub(super) fn updated<'a>(update: &'a Update, item: &Item) -> Result<(Item, BTreeSet<&'a str>), ApiError> {
    let mut after = item.clone();
    let mut touched = BTreeSet::new();
    for (path, sum) in &update.set {
        let value = match sum {
            Sum::One(operand) => existing(operand, item)?.clone(),
            Sum::Plus(left, right) => number(number_of(left, item)?.checked_add(number_of(right, item)?))?,
            Sum::Minus(left, right) => number(number_of(left, item)?.checked_sub(number_of(right, item)?))?,
        };
        after.insert(path.clone(), value);
        touched.insert(path.as_str());
    }
    for path in &update.remove {
        after.remove(path);
        touched.insert(path.as_str());
    }
    for (path, value) in &update.add {
        let amount = value.number().ok_or_else(|| wrong_type("ADD", value))?;
        let before = match item.get(path) {
            None => 0,
            Some(before) => before.number().ok_or_else(incorrect)?,
        };
        after.insert(path.clone(), number(before.checked_add(amount))?);
        touched.insert(path.as_str());
    }
    Ok((after, touched))
}

fn existing<'a>(operand: &'a Operand, item: &'a Item) -> Result<&'a Value, ApiError> {
    resolve(operand, item).ok_or_else(|| {
        ApiError::invalid("The provided expression refers to an attribute that does not exist in the item")
    })
}

fn number_of(operand: &Operand, item: &Item) -> Result<i128, ApiError> {
    existing(operand, item)?.number().ok_or_else(incorrect)
}

fn number(sum: Option<i128>) -> Result<Value, ApiError> {
    let overflow = || {
        ApiError::invalid("Number overflow. Attempting to store a number with magnitude larger than supported range")
    };
    sum.map(Value::N).ok_or_else(overflow)
}

fn incorrect() -> ApiError {
    ApiError::invalid("An operand in the update expression has an incorrect data type")
}

fn wrong_type(operator: &str, value: &Value) -> ApiError {
    ApiError::invalid(&format!(
        "Incorrect operand type for operator or function; operator or function: {operator}, operand type: {}",
        value.type_name()
    ))
}
