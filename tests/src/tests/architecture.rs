//! What may depend on what.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// Every package of the build with the packages that it depends on, at run time and for its tests.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let host = run(Command::new("rustc").arg("-vV"));
    let host = host.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let metadata = run(Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--locked",
            "--offline",
            "--filter-platform",
            host,
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR")));
    let metadata: Value = serde_json::from_str(&metadata).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let names: BTreeMap<_, _> = metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| (text(&p["id"]), text(&p["name"])))
        .collect();
    let nodes = metadata["resolve"]["nodes"].as_array().unwrap();
    nodes
        .iter()
        .map(|node| {
            let used = node["dependencies"]
                .as_array()
                .unwrap()
                .iter()
                .map(|id| names[id.as_str().unwrap()].clone());
            (names[node["id"].as_str().unwrap()].clone(), used.collect())
        })
        .collect()
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A package with everything below it.
fn tree(root: &str, dependencies: &BTreeMap<String, BTreeSet<String>>) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    let mut next = vec![root.to_owned()];
    while let Some(name) = next.pop() {
        if seen.insert(name.clone()) {
            next.extend(dependencies[&name].iter().cloned());
        }
    }
    seen
}

#[test]
fn policy_and_core_see_neither_aws_nor_an_async_runtime() {
    let dependencies = dependencies();
    for root in ["postern-policy", "postern-core"] {
        let tree = tree(root, &dependencies);
        assert!(tree.len() > 3, "the tree of {root} was not read");
        let foreign: Vec<_> = tree
            .iter()
            .filter(|name| {
                ["aws-", "aws_", "lambda_", "hyper", "tokio", "reqwest"]
                    .iter()
                    .any(|start| name.starts_with(start))
            })
            .collect();
        assert!(foreign.is_empty(), "{root} depends on {foreign:?}");
    }
}

#[test]
fn dependencies_point_one_way() {
    let layers = ["postern-policy", "postern-core", "postern-aws", "postern-runtime"];
    let dependencies = dependencies();
    for (height, lower) in layers.iter().enumerate() {
        let tree = tree(lower, &dependencies);
        let upward: Vec<_> = layers[height + 1..]
            .iter()
            .filter(|upper| tree.contains(**upper))
            .collect();
        assert!(upward.is_empty(), "{lower} depends on {upward:?}");
    }
}

#[test]
fn the_sdk_ends_in_postern_aws() {
    let dependencies = dependencies();
    let direct = |name: &str| dependencies[name].iter().any(|used| used.starts_with("aws-sdk-"));
    assert!(direct("postern-aws"));
    for name in [
        "postern-runtime",
        "postern-cli",
        "subnet-inspector",
        "endpoint-inspector",
        "policy-inspector",
        "sweeper",
    ] {
        assert!(!direct(name), "{name} uses the SDK itself");
    }
}
