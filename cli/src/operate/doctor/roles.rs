//! Whether IAM allows the roles what their functions call.

use std::collections::BTreeSet;

use postern_aws::ledger::LEDGER_CALLS;
use postern_aws::{Aws, Caller, DeployedStack, PUBLISH_CALLS, Simulated, chain, changes as aws_changes, observe};
use postern_core::functions::Function;

use super::Line;

/// What IAM says of the calls of a function.
pub(super) async fn role_lines(
    aws: &Aws,
    caller: &Caller,
    stack: &DeployedStack,
    function: &Function,
    logical_id: &str,
) -> Vec<Line> {
    let role = stack.resources.get(logical_id);
    let Some((_, role)) = role else { return Vec::new() };
    let path = stack.parameters.get("RolePath").map_or("/", String::as_str);
    let partition = caller.arn.split(':').nth(1).unwrap_or("aws");
    let account = &caller.account;
    let arn = format!("arn:{partition}:iam::{account}:role{path}{role}");
    let region = aws.region().map(|region| region.to_string()).unwrap_or_default();
    let controls = function.controls();
    let parts = controls.iter().flat_map(|control| control.needs);
    let reads: BTreeSet<_> = parts.flat_map(|part| observe::calls(*part)).copied().collect();
    // Allowed for a VPC only, which needs its ARN.
    let reads: Vec<_> = reads
        .into_iter()
        .filter(|call| *call != "ec2:DescribeVpcAttribute")
        .collect();
    let kinds = controls.iter().flat_map(|control| control.changes);
    let writes: BTreeSet<_> = kinds.flat_map(|kind| aws_changes::calls(*kind)).copied().collect();
    let writes: Vec<_> = writes
        .into_iter()
        .filter(|call| !call.starts_with("ec2:Describe"))
        .collect();
    let topic = stack.outputs.get("AlertsTopicArn").map_or("*", String::as_str);
    let table = stack.outputs.get("LedgerTable");
    let table = table.map(|table| format!("arn:{partition}:dynamodb:{region}:{account}:table/{table}"));
    let mut lines = Vec::new();
    let asked = [
        (reads.as_slice(), "*", true),
        (PUBLISH_CALLS, topic, true),
        (LEDGER_CALLS, table.as_deref().unwrap_or("*"), true),
        // Which resources these are allowed on depends on tags.
        (writes.as_slice(), "*", false),
    ];
    for (actions, resource, everywhere) in asked.into_iter().filter(|(actions, _, _)| !actions.is_empty()) {
        match aws.simulate(&arn, actions, resource).await {
            Ok(simulated) => lines.extend(refused(role, &simulated, everywhere)),
            Err(error) => {
                lines.push(Line::warning(format!(
                    "the permissions of role {role} could not be simulated: {}",
                    chain(&error)
                )));
                return lines;
            }
        }
    }
    if lines.is_empty() {
        lines.push(Line::ok(format!(
            "role {role} is allowed what its function calls, as far as IAM simulates it: service control policies with \
             conditions are left out"
        )));
    }
    lines
}

/// The actions that a role is denied. Where they are allowed on some resources only, an implicit denial says nothing.
pub(super) fn refused(role: &str, simulated: &[Simulated], everywhere: bool) -> Vec<Line> {
    let lines = simulated.iter().filter_map(|simulated| {
        let denied = |by: &str| Line::problem(format!("role {role} is denied {} by {by}", simulated.action));
        if !simulated.allowed_by_organization {
            let tag =
                "make deploy PARAMETERS='RoleTag1=KEY=VALUE', with the tag that the policy exempts, or ask its owner";
            return Some(denied("a service control policy").run(tag));
        }
        if !simulated.allowed_by_boundary {
            return Some(denied("its permissions boundary"));
        }
        match simulated.decision.as_str() {
            "explicitDeny" => Some(denied("an explicit denial")),
            "implicitDeny" if everywhere => Some(denied("its policies: nothing allows it")),
            _ => None,
        }
    });
    lines.collect()
}
