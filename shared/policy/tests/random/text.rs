//! Texts of documents, and texts that they stand for.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Random;

/// Whether this can be the path of a unit in an organisation.
pub fn is_path(text: &str) -> bool {
    let word = |text: &str, least: usize| {
        (least..=32).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    let mut parts = text.trim_end_matches('/').split('/');
    let root = parts.next().and_then(|part| part.strip_prefix("r-"));
    let unit = |part: &str| {
        let ids = part.strip_prefix("ou-").and_then(|ids| ids.split_once('-'));
        ids.is_some_and(|(root, id)| word(root, 4) && word(id, 8))
    };
    root.is_some_and(|id| word(id, 4)) && parts.all(unit)
}

/// Whether a pattern whose only wildcard is a star at its end stands for the text.
pub fn covers(pattern: &str, text: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => text.starts_with(start),
        None => text == pattern,
    }
}

/// A text that the pattern may stand for.
pub fn fill(pattern: &str, random: &mut Random) -> String {
    let mut text = String::new();
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once("${") {
        text.push_str(before);
        text.push_str(random.pick(&["o-exampleorg1", "111122223333", "999999999999", "x"]));
        rest = after.split_once('}').map_or("", |(_, after)| after);
    }
    text.push_str(rest);
    let piece = |c: char, random: &mut Random| match c {
        '*' => random.pick(&["", "a", "x7", "z/z", "evil"]).to_owned(),
        '?' => random.pick(&["a", "7"]).to_owned(),
        other => other.to_string(),
    };
    text.chars().map(|c| piece(c, random)).collect()
}

pub fn collect(value: &Value, all: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => drop(all.insert(text.clone())),
        Value::Number(number) => drop(all.insert(number.to_string())),
        Value::Array(items) => items.iter().for_each(|item| collect(item, all)),
        Value::Object(members) => members.values().for_each(|member| collect(member, all)),
        _ => {}
    }
}

pub fn conditions(value: &Value, keys: &mut BTreeMap<String, Vec<String>>) {
    let statements = match &value["Statement"] {
        Value::Array(all) => all.iter().collect(),
        one => vec![one],
    };
    for block in statements
        .iter()
        .filter_map(|statement| statement["Condition"].as_object())
    {
        for (key, values) in block.values().filter_map(Value::as_object).flatten() {
            let mut found = BTreeSet::new();
            collect(values, &mut found);
            keys.entry(key.to_ascii_lowercase()).or_default().extend(found);
        }
    }
}
