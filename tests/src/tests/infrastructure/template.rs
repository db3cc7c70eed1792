//! The template in the long form of its functions.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use postern_core::functions::Function;
use serde_json::{Value, json};
use yaml_serde::Value as Yaml;

/// The template with its short forms (`!Ref`, `!GetAtt`, …) written out.
pub(crate) fn template() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../infra/postern.yaml");
    long_form(yaml_serde::from_str(&fs::read_to_string(path).unwrap()).unwrap())
}

fn long_form(yaml: Yaml) -> Value {
    match yaml {
        Yaml::Tagged(tagged) => {
            let name = tagged.tag.to_string().trim_start_matches('!').to_owned();
            let value = long_form(tagged.value);
            match (name.as_str(), &value) {
                ("Ref", _) => json!({"Ref": value}),
                ("GetAtt", Value::String(path)) => json!({"Fn::GetAtt": path.split('.').collect::<Vec<_>>()}),
                _ => json!({ format!("Fn::{name}"): value }),
            }
        }
        Yaml::Sequence(items) => items.into_iter().map(long_form).collect(),
        Yaml::Mapping(members) => members
            .into_iter()
            .map(|(k, v)| (k.as_str().unwrap().to_owned(), long_form(v)))
            .collect(),
        plain => serde_json::to_value(plain).unwrap(),
    }
}

/// `SubnetInspector` of `subnet-inspector`: how the logical ids of a function's resources begin.
pub(crate) fn prefix(function: &Function) -> String {
    let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
    function.name.split('-').map(capital).collect()
}

pub(crate) fn properties<'a>(template: &'a Value, logical_id: &str) -> &'a Value {
    let resource = &template["Resources"][logical_id];
    assert!(resource.is_object(), "the template has no {logical_id}");
    &resource["Properties"]
}

/// The logical ids of the resources of a type.
pub(crate) fn resources(template: &Value, kind: &str) -> BTreeSet<String> {
    let all = template["Resources"].as_object().unwrap().iter();
    all.filter(|(_, resource)| resource["Type"] == kind)
        .map(|(id, _)| id.clone())
        .collect()
}

pub(crate) fn texts(value: &Value) -> BTreeSet<String> {
    match value {
        Value::Array(items) => items.iter().map(|item| item.as_str().unwrap().to_owned()).collect(),
        one => BTreeSet::from([one.as_str().unwrap().to_owned()]),
    }
}

pub(crate) fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}
