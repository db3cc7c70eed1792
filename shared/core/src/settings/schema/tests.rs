use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::*;
use crate::settings::tests::cases::{BAD, GOOD};
use crate::settings::tests::{SHIPPED, parse, uncommented};

fn committed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas/postern.schema.json")
}

/// As editors turn TOML into JSON: dates become strings.
fn json_of(text: &str) -> Value {
    fn convert(value: toml::Value) -> Value {
        match value {
            toml::Value::Datetime(at) => json!(at.to_string()),
            toml::Value::Array(items) => items.into_iter().map(convert).collect(),
            toml::Value::Table(table) => table.into_iter().map(|(key, value)| (key, convert(value))).collect(),
            toml::Value::Float(number) => json!(number),
            other => serde_json::to_value(other).unwrap(),
        }
    }
    convert(toml::Value::Table(text.parse().unwrap()))
}

fn invalid(text: &str) -> Vec<String> {
    let validator = jsonschema::options()
        .should_validate_formats(true)
        .build(&schema())
        .unwrap();
    validator
        .iter_errors(&json_of(text))
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the file is what is tested")]
fn the_committed_schema_is_current() {
    let generated = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
    if std::env::var_os("GENERATE").is_some() {
        std::fs::create_dir_all(committed().parent().unwrap()).unwrap();
        std::fs::write(committed(), &generated).unwrap();
    }
    let current = std::fs::read_to_string(committed()).unwrap_or_default();
    assert!(current == generated, "the schema is not current: run `make generate`");
}

#[test]
fn the_shipped_file_is_valid_with_and_without_its_comments() {
    for text in [SHIPPED, &uncommented(SHIPPED)] {
        assert_eq!(invalid(text), Vec::<String>::new());
    }
}

#[test]
fn accepted_settings_are_valid_by_the_schema() {
    for text in GOOD {
        assert_eq!(invalid(text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn refused_settings_are_invalid_where_a_schema_can_express_it() {
    for bad in BAD.into_iter().flatten() {
        assert_ne!(
            invalid(bad.text).is_empty(),
            bad.in_schema,
            "{}: {:?}",
            bad.text,
            invalid(bad.text)
        );
    }
}

#[test]
fn the_reader_knows_exactly_the_keys_of_the_schema() {
    let mut tables = 0;
    each_table(&schema(), &mut Vec::new(), &mut |path, properties| {
        tables += 1;
        let mut document = json!({"no-such-key": "x"});
        for step in path.iter().rev() {
            document = match *step {
                "[]" => json!([document]),
                key => json!({key: document}),
            };
        }
        let text = toml::to_string(&document).unwrap();
        let error = parse(&text).unwrap_err().to_string();
        let known = error
            .lines()
            .find_map(|line| line.split_once("no-such-key: unknown ")?.1.split_once("; known are "))
            .unwrap_or_else(|| panic!("{text}{error}"))
            .1;
        let known: BTreeSet<_> = known.split(", ").map(|key| key.trim_matches('`')).collect();
        assert_eq!(known, properties.keys().map(String::as_str).collect(), "{path:?}");
    });
    assert_eq!(tables, 22);
}

#[test]
fn the_shipped_file_shows_every_key() {
    let shipped = json_of(&uncommented(SHIPPED));
    each_table(&schema(), &mut Vec::new(), &mut |path, properties| {
        let tables = path.iter().fold(vec![&shipped], |tables, step| {
            tables.into_iter().flat_map(|table| below(table, step)).collect()
        });
        for key in properties.keys() {
            assert!(tables.iter().any(|table| table.get(key).is_some()), "{path:?} {key}");
        }
    });
}

fn below<'a>(table: &'a Value, step: &str) -> Vec<&'a Value> {
    match (step, table.as_array()) {
        ("[]", Some(items)) => items.iter().collect(),
        (key, _) => table.get(key).into_iter().collect(),
    }
}

fn each_table<'a>(
    schema: &'a Value,
    path: &mut Vec<&'a str>,
    visit: &mut impl FnMut(&[&str], &serde_json::Map<String, Value>),
) {
    if let Some(items) = schema.get("items") {
        path.push("[]");
        each_table(items, path, visit);
        path.pop();
    }
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        return;
    };
    assert_eq!(schema["additionalProperties"], json!(false), "{path:?}");
    visit(path, properties);
    for (key, value) in properties {
        path.push(key);
        each_table(value, path, visit);
        path.pop();
    }
}
