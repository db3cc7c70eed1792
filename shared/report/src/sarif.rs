//! Verdicts on policy files in the Static Analysis Results Interchange Format 2.1.0, for code scanning
//! (<https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>).

use std::collections::BTreeMap;

use postern_core::controls::CONTROLS;
use postern_core::model::finding::Severity;
use serde_json::{Value, json};

/// What is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileResult {
    /// As it was named.
    pub file: String,
    /// The control that reports the same of an endpoint, such as `policy-open`.
    pub control: &'static str,
    /// What is wrong, in one or more sentences.
    pub message: String,
}

/// One run of the tool.
pub fn render(results: &[FileResult]) -> Value {
    let rules: BTreeMap<&str, Value> = CONTROLS
        .iter()
        .filter(|control| results.iter().any(|result| result.control == control.name))
        .map(|control| {
            let rule = json!({
                "id": control.name,
                "shortDescription": {"text": control.summary},
                "fullDescription": {"text": control.summary},
                "help": {"text": control.documentation, "markdown": control.documentation},
                "defaultConfiguration": {"level": level(control.severity)},
                "properties": {"security-severity": score(control.severity), "tags": ["security"]},
            });
            (control.name, rule)
        })
        .collect();
    let results: Vec<_> = results.iter().map(|result| document(result, &rules)).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "postern",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules.values().collect::<Vec<_>>(),
            }},
            "results": results,
        }],
    })
}

fn document(result: &FileResult, rules: &BTreeMap<&str, Value>) -> Value {
    let index = rules.keys().position(|name| *name == result.control);
    let severity = CONTROLS.iter().find(|control| control.name == result.control);
    let level = severity.map_or("warning", |control| level(control.severity));
    json!({
        "ruleId": result.control,
        "ruleIndex": index,
        "level": level,
        "message": {"text": result.message},
        "locations": [{"physicalLocation": {
            "artifactLocation": {"uri": uri(&result.file)},
            "region": {"startLine": 1},
        }}],
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low => "note",
    }
}

/// As GitHub reads it: over 9.0 critical, 7.0 high, 4.0 medium.
fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "2.0",
    }
}

/// A path as the relative reference of RFC 3986.
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The part of the format that the renderer uses, by the sections of the specification. Objects are closed, so that a
    /// member which the specification does not have is an error.
    fn specification() -> Value {
        let closed = |required: &[&str], properties: Value| json!({"type": "object", "required": required, "properties": properties, "additionalProperties": false});
        let level = json!({"enum": ["none", "note", "warning", "error"]});
        let text = json!({"type": "string", "minLength": 1});
        // 3.12 multiformatMessageString: `text` is required beside `markdown`.
        let message = closed(&["text"], json!({"text": text, "markdown": text}));
        // 3.49 reportingDescriptor, 3.50 reportingConfiguration, and what GitHub reads of the property bag
        // (<https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning>).
        let rule = closed(
            &["id"],
            json!({
                "id": text, "shortDescription": message, "fullDescription": message, "help": message,
                "defaultConfiguration": closed(&[], json!({"level": level})),
                "properties": {"type": "object", "properties": {
                    "security-severity": {"type": "string", "pattern": "^(10\\.0|[0-9]\\.[0-9])$"},
                    "tags": {"type": "array", "items": text, "uniqueItems": true},
                }},
            }),
        );
        // 3.29 physicalLocation, 3.4 artifactLocation, 3.30 region: lines begin with 1.
        let physical = closed(
            &["artifactLocation"],
            json!({
                "artifactLocation": closed(&["uri"], json!({"uri": {"type": "string", "format": "uri-reference"}})),
                "region": closed(&["startLine"], json!({"startLine": {"type": "integer", "minimum": 1}})),
            }),
        );
        // 3.27 result: `message` is required.
        let result = closed(
            &["message"],
            json!({
                "ruleId": text, "ruleIndex": {"type": "integer", "minimum": -1}, "level": level,
                "message": closed(&["text"], json!({"text": text})),
                "locations": {"type": "array", "items": closed(&[], json!({"physicalLocation": physical}))},
            }),
        );
        // 3.19 toolComponent: `name` is required; its semantic version is one of SemVer.
        let driver = closed(
            &["name"],
            json!({
                "name": text, "semanticVersion": {"type": "string", "pattern": "^[0-9]+\\.[0-9]+\\.[0-9]+"},
                "rules": {"type": "array", "items": rule, "uniqueItems": true},
            }),
        );
        // 3.14 run: `tool` is required. 3.13 sarifLog: `version` and `runs` are.
        let run = closed(
            &["tool"],
            json!({
                "tool": closed(&["driver"], json!({"driver": driver})),
                "results": {"type": "array", "items": result},
            }),
        );
        closed(
            &["version", "runs"],
            json!({
                "$schema": {"type": "string", "format": "uri"},
                "version": {"const": "2.1.0"},
                "runs": {"type": "array", "items": run},
            }),
        )
    }

    #[test]
    fn document_follows_the_specification_for_every_control() {
        let validator = jsonschema::options()
            .should_validate_formats(true)
            .build(&specification())
            .unwrap();
        let results: Vec<_> = CONTROLS
            .iter()
            .map(|control| FileResult {
                file: format!("policies/\u{fc}ber 100%/{}.json", control.name),
                control: control.name,
                message: "Not closed.".to_owned(),
            })
            .collect();
        for results in [results.as_slice(), &[]] {
            let document = render(results);
            let errors: Vec<_> = validator
                .iter_errors(&document)
                .map(|error| error.to_string())
                .collect();
            assert_eq!(errors, Vec::<String>::new());
            assert_eq!(document["runs"][0]["results"].as_array().unwrap().len(), results.len());
        }
        for wrong in [
            json!({"runs": []}),
            json!({"version": "2.1.0", "runs": [{"tool": {"driver": {"title": "x"}}}]}),
        ] {
            assert!(!validator.is_valid(&wrong), "{wrong}");
        }
    }

    #[test]
    fn result_names_its_rule_and_its_file() {
        let results =
            [("b c.json", "policy-open"), ("a.json", "policy-locked-out")].map(|(file, control)| FileResult {
                file: file.to_owned(),
                control,
                message: "Open.".to_owned(),
            });
        let document = render(&results);
        assert_eq!(document["version"], "2.1.0");
        let run = &document["runs"][0];
        let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
        for result in run["results"].as_array().unwrap() {
            let index = result["ruleIndex"].as_u64().unwrap() as usize;
            assert_eq!(rules[index]["id"], result["ruleId"]);
            assert_eq!(result["level"], "error");
        }
        let place = &run["results"][0]["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "b%20c.json");
    }

    #[test]
    fn run_without_results_has_no_rules() {
        let run = &render(&[])["runs"][0];
        assert_eq!(
            (&run["results"], &run["tool"]["driver"]["rules"]),
            (&json!([]), &json!([]))
        );
    }
}
