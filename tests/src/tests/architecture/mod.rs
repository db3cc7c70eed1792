//! What may depend on what.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use self::imports::Imports;

mod imports;

/// Every package of the build with the packages that it depends on, at run time and for its tests.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    dependencies_where(|_| true)
}

/// Every package of the build with the packages that it depends on in ways of which Cargo names the kind: null at run time.
fn dependencies_where(wanted: impl Fn(&Value) -> bool) -> BTreeMap<String, BTreeSet<String>> {
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
            let used = node["deps"].as_array().unwrap().iter().filter(|dependency| {
                let mut kinds = dependency["dep_kinds"].as_array().unwrap().iter();
                kinds.any(|kind| wanted(&kind["kind"]))
            });
            let used = used.map(|dependency| names[dependency["pkg"].as_str().unwrap()].clone());
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
    let layers = [
        "postern-policy",
        "postern-core",
        "postern-report",
        "postern-aws",
        "postern-engine",
        "postern-runtime",
    ];
    // Tests of a lower crate may use the model cloud, which uses the upper ones.
    let dependencies = dependencies_where(Value::is_null);
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
        "service-inspector",
        "sweeper",
    ] {
        assert!(!direct(name), "{name} uses the SDK itself");
    }
}

/// What the packages of the functions are made of, as `make build` selects them: features that other packages ask for do
/// not count.
fn packaged() -> BTreeSet<String> {
    let mut command = Command::new(env!("CARGO"));
    command.args([
        "tree",
        "--locked",
        "--offline",
        "--edges",
        "normal",
        "--prefix",
        "none",
        "--format",
        "{p}",
    ]);
    for function in postern_core::functions::FUNCTIONS {
        command.args(["--package", function.name]);
    }
    let tree = run(command.current_dir(env!("CARGO_MANIFEST_DIR")));
    tree.lines()
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .collect()
}

#[test]
fn functions_contain_nothing_of_the_command_line() {
    let packaged = packaged();
    assert!(
        packaged.contains("postern-runtime") && packaged.contains("aws-sdk-ec2"),
        "{packaged:?}"
    );
    for foreign in [
        "postern-cli",
        "clap",
        "clap_complete",
        "clap_mangen",
        "similar",
        "tempfile",
        "aws-sdk-sso",
        "aws-sdk-ssooidc",
    ] {
        assert!(!packaged.contains(foreign), "the functions contain {foreign}");
    }
}

/// The floors of the core, from the lowest to the highest, as its `lib.rs` describes them.
const FLOORS: [&str; 9] = [
    "model",
    "settings",
    "trigger",
    "changes",
    "history",
    "evaluation",
    "controls",
    "functions",
    "plan",
];

/// The directory of the workspace.
fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The `src` directory of every crate of the workspace, by the directory of the crate.
fn sources() -> BTreeMap<String, PathBuf> {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let members = manifest.split_once("members = [").unwrap().1.split_once(']').unwrap().0;
    let mut crates = BTreeMap::new();
    for member in members.split('"').skip(1).step_by(2) {
        let directories = match member.strip_suffix("/*") {
            Some(parent) => std::fs::read_dir(root().join(parent))
                .unwrap()
                .map(|entry| entry.unwrap().path())
                .collect(),
            None => vec![root().join(member)],
        };
        let directories = directories
            .into_iter()
            .filter(|directory| directory.join("Cargo.toml").exists());
        crates.extend(directories.map(|directory| {
            let name = directory.strip_prefix(root()).unwrap().display().to_string();
            (name, directory.join("src"))
        }));
    }
    assert!(
        crates.contains_key("shared/core") && crates.contains_key("cli"),
        "{crates:?}"
    );
    crates
}

#[test]
fn no_files_of_a_crate_use_each_other_in_a_circle() {
    let mut circles = Vec::new();
    for (name, src) in sources() {
        for circle in Imports::read(&src).circles() {
            let modules: Vec<_> = circle.iter().map(|module| module.join("::")).collect();
            circles.push(format!("{name}: {}", modules.join(", ")));
        }
    }
    assert!(circles.is_empty(), "{}", circles.join("\n"));
}

#[test]
fn floors_of_the_core_use_only_those_below_them() {
    let core = Imports::read(&root().join("shared/core/src"));
    assert!(core.modules() > 40, "the core was not read: {core:?}");
    let upward = core.upward(&FLOORS);
    assert!(upward.is_empty(), "{}", upward.join("\n"));
    let described = std::fs::read_to_string(root().join("shared/core/src/lib.rs")).unwrap();
    let floors = FLOORS.map(|floor| format!("`{floor}`")).join(", ");
    assert!(
        described.replace("\n//!", "").contains(&floors),
        "lib.rs describes other floors than {floors}"
    );
}

/// The files below a folder that contain one of these texts.
fn containing(folder: &Path, texts: &[&str], found: &mut BTreeSet<PathBuf>) {
    for entry in folder.read_dir().unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() && !name.starts_with('.') && name != "target" {
            containing(&path, texts, found);
        } else if let Ok(text) = std::fs::read_to_string(&path)
            && texts.iter().any(|one| text.contains(one))
        {
            found.insert(path);
        }
    }
}

/// What `make generate` writes names every control.
#[test]
fn control_is_named_in_its_file_and_in_the_registry_only() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for name in ["service-unprotected", "service-single-zone", "service-region-open"] {
        let module = name.replace('-', "_");
        let mut found = BTreeSet::new();
        for folder in ["shared", "functions", "cli", "infra", "tests"] {
            containing(&root.join(folder), &[name, &module], &mut found);
        }
        // This test, and the samples of control pages, which are generated.
        for other in ["tests/src/tests/architecture/mod.rs", "shared/report/samples.json"] {
            found.remove(&root.join(other));
        }
        let own = format!("{module}.rs");
        let controls = root.join("shared/core/src/controls");
        assert_eq!(found, ["mod.rs", &own].map(|file| controls.join(file)).into());
    }
}
