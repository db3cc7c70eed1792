//! The page of the roles, made from the template.

use std::collections::BTreeMap;

use postern_core::functions::FUNCTIONS;
use serde_json::Value;

use super::resolve::{ACCOUNT, REGION, Stack};
use super::roles::{APPLY_POLICIES, policy_statements, statements};
use super::template::texts;
use crate::tests::generated::current;

const PATH: &str = "docs/roles.md";

const HEAD: &str = "\
# Roles

What the roles of a stack may do, and what people need. Each function has a role of its own. `ACCOUNT` and `REGION` are
those of the stack, and the names are logical ids of the template. `PermissionsBoundary`, `RolePath`, `RoleNamePrefix`
and `RoleTag1` to `RoleTag3` apply to all of them. Each action is needed by a call of the code; tests put every call to
these statements. The page is made by `make generate` from `infra/postern.yaml`.
";

/// With every optional part of the template.
fn stack() -> Stack {
    Stack::new(&[
        ("Settings", "arn:aws:ssm:eu-central-1:111122223333:parameter/SETTINGS"),
        ("SettingsKey", "arn:aws:kms:eu-central-1:111122223333:key/SETTINGS-KEY"),
        ("QuarantineByGroups", "true"),
    ])
}

fn page() -> String {
    let stack = stack();
    let mut page = HEAD.to_owned();
    for function in FUNCTIONS {
        page += &section(function.name, &statements(&stack, function));
    }
    for (policy, words) in [
        (
            "OperatorPolicy",
            "For people who use `history`, `rollback`, `resume`, `release` and `redrive`.",
        ),
        ("DoctorPolicy", "For people who use `doctor` and `sweep`."),
    ] {
        page += &described(policy, words, &policy_statements(&stack, policy));
    }
    let apply = APPLY_POLICIES
        .iter()
        .flat_map(|policy| policy_statements(&stack, policy));
    let policies = APPLY_POLICIES.map(|policy| format!("`{policy}`")).join(", ");
    let words = format!(
        "For people who use `apply`, besides `OperatorPolicy`: {policies}, which the sweeper has as well. The output \
         `ApplyPolicyArns` has their ARNs."
    );
    page + &described("Policies for apply", &words, &apply.collect::<Vec<_>>())
}

fn described(name: &str, words: &str, statements: &[Value]) -> String {
    // The first empty line is the one after the heading.
    let section = section(name, statements);
    let (heading, rest) = section.split_once("\n\n").unwrap_or((&section, ""));
    format!("{heading}\n\n{words}\n\n{rest}")
}

fn section(name: &str, statements: &[Value]) -> String {
    let mut section =
        format!("\n## {name}\n\n| Statement | Actions | Resources | Only if |\n| --- | --- | --- | --- |\n");
    for statement in statements {
        assert_eq!(statement["Effect"], "Allow", "{statement}");
        let cells = [
            statement["Sid"].as_str().expect("every statement has a Sid").to_owned(),
            code(texts(&statement["Action"])),
            code(texts(&statement["Resource"])),
            code(conditions(&statement["Condition"])),
        ];
        section += &format!("| {} |\n", cells.join(" | "));
    }
    section
}

fn conditions(condition: &Value) -> Vec<String> {
    let operators: BTreeMap<String, BTreeMap<String, Value>> = match condition {
        Value::Null => BTreeMap::new(),
        operators => serde_json::from_value(operators.clone()).unwrap(),
    };
    let of = |(operator, keys): (String, BTreeMap<String, Value>)| {
        let one = move |(key, values): (String, Value)| {
            let values: Vec<_> = texts(&values).into_iter().collect();
            format!("{key} {operator} {}", values.join(", "))
        };
        keys.into_iter().map(one).collect::<Vec<_>>()
    };
    operators.into_iter().flat_map(of).collect()
}

fn code(texts: impl IntoIterator<Item = String>) -> String {
    let texts = texts.into_iter().map(|text| {
        let text = text.replace(ACCOUNT, "ACCOUNT").replace(REGION, "REGION");
        format!("`{text}`").replace('|', "\\|")
    });
    texts.collect::<Vec<_>>().join("<br>")
}

#[test]
fn generated_page_of_the_roles_is_current() {
    current(PATH, &page());
}
