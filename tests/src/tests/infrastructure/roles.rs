//! The roles, put to the evaluator of policies: they allow what the code calls, nothing that it must not, and every
//! part of every statement is needed by a call.

use std::collections::BTreeSet;

use postern_aws::ledger::{LEDGER_CALLS, LIFT_CALL};
use postern_aws::{
    DEAD_LETTER_CALLS, DEPLOYMENT_CALLS, ORGANIZATION_CALLS, PUBLISH_CALLS, QUEUE_CALLS, SettingsLocation,
    changes as aws_changes, observe,
};
use postern_core::changes::ChangeKind;
use postern_core::functions::{FUNCTIONS, Function, POLICY_INSPECTOR, SWEEPER};
use postern_core::model::id::EndpointId;
use postern_core::trigger::Target;
use postern_policy::{Document, Request, evaluate};
use serde_json::{Value, json};

use super::authorization::{
    OWN_TAGS, SERVICE, applying, check, global, new_endpoint, new_group, on, reading, tags_on, undoing, working,
    zone_for,
};
use super::resolve::{ACCOUNT, REGION, STACK_ID, Stack};
use super::template::{list, prefix, texts};

/// A provider that is not AWS, and a service of it.
const PROVIDER: &str = "444455556666";
const PROVIDED: &str = "com.amazonaws.vpce.eu-central-1.vpce-svc-1";

/// The statements of a function's role: those written into it, and those of the policies attached to it.
pub(super) fn statements(stack: &Stack, function: &Function) -> Vec<Value> {
    let role = stack.properties(&format!("{}Role", prefix(function))).unwrap();
    let attached = list(&role["ManagedPolicyArns"]).iter().map(|arn| {
        let (_, id) = arn
            .as_str()
            .unwrap()
            .rsplit_once('/')
            .expect("only policies of this template");
        stack.properties(id).unwrap()
    });
    let documents = list(&role["Policies"]).iter().cloned().chain(attached);
    documents
        .flat_map(|policy| list(&policy["PolicyDocument"]["Statement"]).to_vec())
        .collect()
}

/// What `postern apply` needs besides `OperatorPolicy`.
pub(super) const APPLY_POLICIES: [&str; 4] = [
    "ObservePolicy",
    "PerimeterPolicy",
    "RepairPolicy",
    "RepairServicesPolicy",
];

pub(super) fn policy_statements(stack: &Stack, policy: &str) -> Vec<Value> {
    let policy = stack.properties(policy).unwrap();
    list(&policy["PolicyDocument"]["Statement"]).to_vec()
}

pub(super) fn operator(stack: &Stack) -> Vec<Value> {
    policy_statements(stack, "OperatorPolicy")
}

/// As in an identity policy: whoever has the policy is the principal.
fn document(statements: &[Value]) -> Document {
    let statements: Vec<_> = statements
        .iter()
        .map(|statement| {
            let mut statement = statement.clone();
            statement["Principal"] = json!("*");
            statement
        })
        .collect();
    let text = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
    Document::parse(&text).unwrap_or_else(|error| panic!("{error}"))
}

pub(super) fn allows(statements: &[Value], request: &Request) -> bool {
    evaluate(&document(statements), request).is_allowed()
}

/// The actions that a change takes, each as AWS authorizes it. Fails where the facts and the calls of the code differ.
fn asked(calls: &[&str], facts: Vec<Request>) -> Vec<Request> {
    let reads = calls.iter().filter(|call| call.starts_with("ec2:Describe"));
    let asked: Vec<_> = reads.map(|call| reading(call)).chain(facts).collect();
    let actions: BTreeSet<_> = asked.iter().map(|request| request.action.as_str()).collect();
    assert_eq!(actions, calls.iter().copied().collect());
    asked
}

/// What observing takes for these controls.
fn observing(function: &Function) -> Vec<Request> {
    // An event may name an endpoint or a load balancer, and what it names may have to be looked for among everything else.
    let endpoint = Target::Endpoint(EndpointId::from("vpce-0"));
    let balancer =
        Target::LoadBalancer("arn:aws:elasticloadbalancing:eu-central-1:111122223333:loadbalancer/net/a/1".to_owned());
    let controls = function.controls();
    let parts = controls.iter().flat_map(|control| control.needs);
    let mut calls: Vec<_> = parts.flat_map(|part| observe::calls(*part)).copied().collect();
    if function.evaluates(&endpoint) {
        calls.extend(observe::VPC_CALLS.iter().chain(observe::resolve_calls(&endpoint)));
    }
    if function.evaluates(&balancer) {
        calls.extend(observe::resolve_calls(&balancer));
    }
    calls.into_iter().map(reading).collect()
}

/// The changes of a function, without those for which the stack needs a parameter.
fn changes(function: &Function) -> impl Iterator<Item = ChangeKind> {
    let controls = function.controls().into_iter();
    controls.flat_map(|control| {
        let isolates = control.changes.contains(&ChangeKind::IsolateEndpoint);
        let of_isolation = [ChangeKind::CreateManagedGroup, ChangeKind::IsolateEndpoint];
        let changes = control.changes.iter().copied();
        changes.filter(move |kind| !(isolates && of_isolation.contains(kind)))
    })
}

/// The topics that a function is told to publish to.
fn topics(stack: &Stack, function: &Function) -> Vec<String> {
    let lambda = stack.properties(&format!("{}Function", prefix(function))).unwrap();
    let variables = lambda["Environment"]["Variables"].as_object().unwrap();
    let topics = variables.iter().filter(|(name, _)| name.ends_with("TOPIC_ARN"));
    topics.map(|(_, arn)| arn.as_str().unwrap().to_owned()).collect()
}

/// Everything that AWS asks of a function's role.
fn required(stack: &Stack, function: &Function) -> Vec<Request> {
    let calls: Vec<_> = LEDGER_CALLS.iter().chain(PUBLISH_CALLS).copied().collect();
    let mut required = observing(function);
    required.extend(changes(function).flat_map(|kind| asked(aws_changes::calls(kind), applying(kind))));
    let interrupts = |kind: ChangeKind| {
        matches!(
            kind,
            ChangeKind::CreateEndpoint | ChangeKind::AssociateRouteTable | ChangeKind::EnablePrivateDns
        )
    };
    if changes(function).any(interrupts) {
        required.extend(observe::CLIENT_CALLS.iter().map(|call| reading(call)));
    }
    required.extend(ORGANIZATION_CALLS.iter().map(|call| global(call, "*")));
    required.extend(working(stack, &prefix(function), &calls, &topics(stack, function)));
    required
}

/// Everything that AWS asks of whoever runs the commands.
fn required_of_operators(stack: &Stack) -> Vec<Request> {
    let mut required = observing(&SWEEPER);
    let kinds = changes(&SWEEPER).chain([ChangeKind::IsolateEndpoint]);
    required.extend(kinds.flat_map(|kind| asked(aws_changes::undo_calls(kind), undoing(kind))));
    let ledger = LEDGER_CALLS.iter().chain([&LIFT_CALL]);
    required.extend(ledger.map(|call| check(call, stack.arn("Ledger"), &[])));
    required.push(check("dynamodb:Query", stack.arn("Ledger") + "/index/history", &[]));
    for function in FUNCTIONS {
        for (calls, kind) in [(DEAD_LETTER_CALLS, "DeadLetters"), (QUEUE_CALLS, "Queue")] {
            let queue = stack.arn(&format!("{}{kind}", prefix(function)));
            required.extend(calls.iter().map(|call| check(call, &queue, &[])));
        }
    }
    required
}

/// What no policy of the template may allow.
fn forbidden() -> Vec<Request> {
    let managed_by_guardduty = [("GuardDutyManaged", "true")];
    let foreign = [("env", "prod")];
    let mut forbidden = vec![
        new_group(&foreign),
        new_group(&[("postern:managed", "false")]),
        new_endpoint(&foreign, SERVICE, "amazon"),
        new_endpoint(OWN_TAGS, PROVIDED, PROVIDER),
        new_endpoint(OWN_TAGS, PROVIDED, "aws-marketplace"),
        on("ec2:AuthorizeSecurityGroupIngress", "security-group/sg-1", &foreign),
        on("ec2:RevokeSecurityGroupIngress", "security-group/sg-1", &foreign),
        on("ec2:DeleteSecurityGroup", "security-group/sg-1", &foreign),
        on("ec2:DeleteVpcEndpoints", "vpc-endpoint/vpce-1", &foreign),
        on("ec2:CreateVpcEndpoint", "security-group/sg-1", &foreign),
        tags_on("security-group/sg-1", &[], &["postern:managed"]),
        tags_on("vpc-endpoint/*", &["ModifyVpcEndpoint"], &["postern:managed"]),
        tags_on(
            "vpc-endpoint/*",
            &["CreateVpcEndpoint"],
            &["postern:managed", "dp:exclude"],
        ),
        tags_on("vpc/vpc-1", &["CreateVpc"], &["Name"]),
        zone_for("eu-west-1"),
        on("ec2:DeleteVpc", "vpc/vpc-1", &[]),
        on("ec2:DeleteTags", "vpc-endpoint/vpce-1", OWN_TAGS),
        on("ec2:AuthorizeSecurityGroupEgress", "security-group/sg-1", OWN_TAGS),
        check("iam:PassRole", format!("arn:aws:iam::{ACCOUNT}:role/admin"), &[]),
        check("sts:AssumeRole", format!("arn:aws:iam::{ACCOUNT}:role/admin"), &[]),
        check(
            "kms:ScheduleKeyDeletion",
            format!("arn:aws:kms:{REGION}:{ACCOUNT}:key/TopicKey"),
            &[],
        ),
        check(
            "dynamodb:DeleteTable",
            format!("arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/Ledger"),
            &[],
        ),
        check(
            "dynamodb:PutItem",
            format!("arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/other"),
            &[],
        ),
        check("sns:Publish", format!("arn:aws:sns:{REGION}:{ACCOUNT}:other"), &[]),
    ];
    for call in [
        "ec2:DescribeVpcs",
        "ec2:DescribeVpcEndpointConnections",
        "route53profiles:ListProfileAssociations",
        "cloudwatch:GetMetricData",
    ] {
        let mut elsewhere = check(call, "*", &[]);
        elsewhere
            .context
            .insert("aws:RequestedRegion".to_owned(), vec!["eu-west-1".to_owned()]);
        forbidden.push(elsewhere);
    }
    forbidden.push(on(
        "ec2:ModifyVpcEndpoint",
        "vpc-endpoint/vpce-1",
        &managed_by_guardduty,
    ));
    forbidden.push(on("ec2:ModifyVpcEndpoint", "security-group/sg-1", &foreign));
    forbidden
}

/// An operator takes groups off endpoints, whosever they are, and puts endpoints back as they were.
fn forbidden_to_operators() -> Vec<Request> {
    let mut forbidden = forbidden();
    forbidden.retain(|request| request.action != "ec2:ModifyVpcEndpoint");
    forbidden
}

/// The same call on a resource that is elsewhere: in another account, in another Region.
fn elsewhere(request: &Request) -> Vec<Request> {
    let moved = |from: &str, to: &str| Request {
        resource: request.resource.replacen(&format!(":{from}:"), &format!(":{to}:"), 1),
        ..request.clone()
    };
    let of_ec2 = request.action.starts_with("ec2:") && request.resource != "*";
    let mut elsewhere = Vec::new();
    if of_ec2 {
        elsewhere.push(moved(REGION, "eu-west-1"));
    }
    if of_ec2 && request.action != "ec2:DescribeVpcAttribute" {
        elsewhere.push(moved(ACCOUNT, PROVIDER));
    }
    elsewhere
}

/// The statements, each time without one thing: a statement, an action, a resource.
fn with_less(statements: &[Value]) -> Vec<(String, Vec<Value>)> {
    let mut all = Vec::new();
    for (at, statement) in statements.iter().enumerate() {
        let name = statement["Sid"].as_str().unwrap();
        let mut without = statements.to_vec();
        without.remove(at);
        all.push((format!("the statement {name}"), without));
        for part in ["Action", "Resource"] {
            let values = list(&statement[part]);
            for value in values {
                let mut without = statements.to_vec();
                without[at][part] = values.iter().filter(|other| *other != value).cloned().collect();
                all.push((format!("{value} of the statement {name}"), without));
            }
        }
    }
    all
}

/// The statements, each time without one condition.
fn with_more(statements: &[Value]) -> Vec<(String, Vec<Value>)> {
    let mut all = Vec::new();
    for (at, statement) in statements.iter().enumerate() {
        let operators = statement["Condition"].as_object().into_iter().flatten();
        for (operator, keys) in operators {
            for key in keys.as_object().unwrap().keys() {
                let mut without = statements.to_vec();
                let keys = without[at]["Condition"][operator].as_object_mut().unwrap();
                keys.remove(key);
                if keys.is_empty() {
                    without[at]["Condition"].as_object_mut().unwrap().remove(operator);
                }
                all.push((format!("{key} of the statement {}", statement["Sid"]), without));
            }
        }
    }
    all
}

fn check_policy(whose: &str, statements: &[Value], required: &[Request], forbidden: &[Request]) {
    let elsewhere: Vec<_> = required.iter().flat_map(elsewhere).collect();
    for request in required {
        assert!(allows(statements, request), "{whose} does not allow {request:#?}");
    }
    for request in forbidden.iter().chain(&elsewhere) {
        assert!(!allows(statements, request), "{whose} allows {request:#?}");
    }
    for (what, without) in with_less(statements) {
        let document = document(&without);
        let missed = required
            .iter()
            .any(|request| !evaluate(&document, request).is_allowed());
        assert!(missed, "{whose}: no call needs {what}");
    }
    for (what, without) in with_more(statements) {
        let document = document(&without);
        let refused = forbidden
            .iter()
            .any(|request| evaluate(&document, request).is_allowed());
        assert!(refused, "{whose}: {what} refuses nothing");
    }
}

#[test]
fn roles_allow_what_their_functions_call_and_nothing_else() {
    let stack = Stack::new(&[]);
    for function in FUNCTIONS {
        let statements = statements(&stack, function);
        check_policy(function.name, &statements, &required(&stack, function), &forbidden());
    }
}

#[test]
fn groups_are_replaced_by_two_functions_alone_and_only_where_the_stack_allows_it() {
    let kinds = [ChangeKind::CreateManagedGroup, ChangeKind::IsolateEndpoint];
    let asked: Vec<_> = kinds
        .into_iter()
        .flat_map(|kind| asked(aws_changes::calls(kind), applying(kind)))
        .collect();
    let allowed = |parameters: &[(&str, &str)], function: &Function| {
        let statements = statements(&Stack::new(parameters), function);
        asked.iter().all(|request| allows(&statements, request))
    };
    let by_groups = [("QuarantineByGroups", "true")];
    for function in FUNCTIONS {
        assert!(!allowed(&[], function), "{}", function.name);
        let isolates = [POLICY_INSPECTOR.name, SWEEPER.name].contains(&function.name);
        assert_eq!(allowed(&by_groups, function), isolates, "{}", function.name);
    }
    let statements = statements(&Stack::new(&by_groups), &POLICY_INSPECTOR);
    let foreign = [("env", "prod")];
    for request in forbidden() {
        let replaces = request.action == "ec2:ModifyVpcEndpoint" && request.resource.contains(":security-group/");
        assert_eq!(allows(&statements, &request), replaces, "{request:#?}");
    }
    assert!(!allows(&statements, &new_group(&foreign)));
}

#[test]
fn operator_policy_allows_what_the_commands_call_and_nothing_else() {
    let stack = Stack::new(&[]);
    let required = required_of_operators(&stack);
    check_policy(
        "OperatorPolicy",
        &operator(&stack),
        &required,
        &forbidden_to_operators(),
    );
}

/// Everything that AWS asks of whoever runs `postern apply`.
fn required_to_apply(stack: &Stack) -> Vec<Request> {
    let mut required = required_of_operators(stack);
    required.extend(changes(&SWEEPER).flat_map(|kind| asked(aws_changes::calls(kind), applying(kind))));
    required.extend(observe::CLIENT_CALLS.iter().map(|call| reading(call)));
    required.extend(ORGANIZATION_CALLS.iter().map(|call| global(call, "*")));
    required
}

#[test]
fn policies_for_apply_allow_what_it_calls_and_nothing_that_no_policy_may_allow() {
    let stack = Stack::new(&[]);
    let mut statements = operator(&stack);
    for policy in APPLY_POLICIES {
        statements.extend(policy_statements(&stack, policy));
    }
    // They are several policies, each with names of its own.
    for (at, statement) in statements.iter_mut().enumerate() {
        statement["Sid"] = json!(format!("Statement{at}"));
    }
    for request in required_to_apply(&stack) {
        assert!(allows(&statements, &request), "{request:#?}");
    }
    for request in forbidden_to_operators() {
        assert!(!allows(&statements, &request), "{request:#?}");
    }
    // Whoever only rolls back may create nothing.
    assert!(!allows(&operator(&stack), &new_endpoint(OWN_TAGS, SERVICE, "amazon")));
    let output = super::template::template()["Outputs"]["ApplyPolicyArns"]["Value"].to_string();
    assert!(APPLY_POLICIES.iter().all(|policy| output.contains(policy)), "{output}");
}

#[test]
fn doctor_policy_allows_what_the_doctor_calls_and_nothing_else() {
    let stack = Stack::new(&[]);
    let template = super::template::template();
    let of_type = |kind: &str| {
        super::template::resources(&template, kind)
            .into_iter()
            .map(|id| stack.arn(&id))
    };
    let topics = || ["AlertsTopic", "OperationsTopic"].map(|id| stack.arn(id)).into_iter();
    let required: Vec<_> = DEPLOYMENT_CALLS
        .iter()
        .flat_map(|call| {
            let resources: Vec<_> = match *call {
                "ssm:GetParameter" => vec![format!("arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/postern/stack")],
                "cloudformation:DescribeStacks" | "cloudformation:DescribeStackResources" => vec![STACK_ID.to_owned()],
                "lambda:InvokeFunction" => of_type("AWS::Lambda::Function").collect(),
                "events:DescribeRule" => of_type("AWS::Events::Rule").collect(),
                "iam:SimulatePrincipalPolicy" => of_type("AWS::IAM::Role").collect(),
                "sns:GetTopicAttributes" => topics().collect(),
                _ => vec!["*".to_owned()],
            };
            resources.into_iter().map(|resource| check(call, resource, &[]))
        })
        .collect();
    let statements = policy_statements(&stack, "DoctorPolicy");
    check_policy("DoctorPolicy", &statements, &required, &forbidden());
}

#[test]
fn settings_outside_the_package_are_readable_and_nothing_beside_them() {
    let key = format!("arn:aws:kms:{REGION}:{ACCOUNT}:key/settings");
    let parameter = format!("arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/postern/settings");
    let profile = format!("arn:aws:appconfig:{REGION}:{ACCOUNT}:application/a/environment/e/configuration/c");
    let object = "arn:aws:s3:::settings/postern.toml".to_owned();
    let mut needed = BTreeSet::new();
    for arn in [parameter, profile, object] {
        let stack = Stack::new(&[("Settings", &arn), ("SettingsKey", &key)]);
        let location: SettingsLocation = arn.parse().unwrap();
        needed.extend(location.calls());
        for function in FUNCTIONS {
            let lambda = stack.properties(&format!("{}Function", prefix(function))).unwrap();
            assert_eq!(lambda["Environment"]["Variables"]["POSTERN_SETTINGS"], arn);
            let statements = statements(&stack, function);
            for call in location.calls() {
                assert!(allows(&statements, &check(call, &arn, &[])), "{call}");
                assert!(!allows(&statements, &check(call, arn.clone() + "2", &[])), "{call}");
            }
            assert!(allows(&statements, &check("kms:Decrypt", &key, &[])));
            assert!(!allows(&statements, &check("kms:Decrypt", key.clone() + "2", &[])));
        }
    }
    let policy = Stack::new(&[("Settings", "arn:aws:s3:::bucket/key")]).properties("SettingsPolicy");
    let statements = policy.unwrap()["PolicyDocument"]["Statement"].clone();
    assert_eq!(list(&statements).len(), 1);
    assert_eq!(
        texts(&statements[0]["Action"]),
        needed.into_iter().map(str::to_owned).collect()
    );
    assert!(Stack::new(&[]).properties("SettingsPolicy").is_none());
}

#[test]
fn endpoints_are_created_only_to_services_of_aws_and_of_listed_providers() {
    let allowed = |parameters: &[(&str, &str)], service: &str, owner: &str| {
        let statements = statements(&Stack::new(parameters), &SWEEPER);
        allows(&statements, &new_endpoint(OWN_TAGS, service, owner))
    };
    let owners = [("EndpointServiceOwners", "amazon,444455556666")];
    let names = [("EndpointServiceNames", PROVIDED)];
    for parameters in [&[][..], &owners, &names] {
        assert!(allowed(parameters, SERVICE, "amazon"), "{parameters:?}");
        assert!(!allowed(
            parameters,
            "com.amazonaws.vpce.eu-central-1.vpce-svc-2",
            "777788889999"
        ));
    }
    assert!(!allowed(&[], PROVIDED, PROVIDER));
    assert!(allowed(&owners, PROVIDED, PROVIDER));
    assert!(allowed(&names, PROVIDED, PROVIDER));
    assert!(!allowed(&names, "com.amazonaws.vpce.eu-central-1.vpce-svc-2", PROVIDER));
    let untagged = new_endpoint(&[], PROVIDED, PROVIDER);
    assert!(!allows(&statements(&Stack::new(&names), &SWEEPER), &untagged));
}

#[test]
fn roles_and_policies_take_the_path_the_boundary_the_names_and_the_tags_that_an_account_demands() {
    let plain = Stack::new(&[]);
    let boundary = format!("arn:aws:iam::{ACCOUNT}:policy/boundary");
    let bound = Stack::new(&[
        ("PermissionsBoundary", &boundary),
        ("Settings", "arn:aws:s3:::bucket/key"),
        ("RolePath", "/security/"),
        ("RoleNamePrefix", "app-"),
        ("RoleTag1", "dp:exclude:resource=true"),
        ("RoleTag3", "owner="),
    ]);
    let mut names = BTreeSet::new();
    for id in super::template::resources(&super::template::template(), "AWS::IAM::Role") {
        let role = plain.properties(&id).unwrap();
        for unset in ["RoleName", "PermissionsBoundary"] {
            assert!(role[unset].is_null(), "{id}: {unset}");
        }
        assert_eq!((&role["Path"], &role["Tags"]), (&json!("/"), &json!([])), "{id}");
        let role = bound.properties(&id).unwrap();
        assert_eq!(role["PermissionsBoundary"], boundary, "{id}");
        assert_eq!(role["Path"], "/security/", "{id}");
        let tags = json!([{"Key": "dp:exclude:resource", "Value": "true"}, {"Key": "owner", "Value": ""}]);
        assert_eq!(role["Tags"], tags, "{id}");
        names.extend(texts(&role["RoleName"]));
    }
    for id in super::template::resources(&super::template::template(), "AWS::IAM::ManagedPolicy") {
        if let Some(policy) = plain.properties(&id) {
            assert!(policy["ManagedPolicyName"].is_null(), "{id}");
        }
        let policy = bound.properties(&id).unwrap();
        assert_eq!(policy["Path"], "/security/", "{id}");
        names.extend(texts(&policy["ManagedPolicyName"]));
    }
    // Roles and policies are one to an account, and the longest Region's name has 14 characters of the 64 of a role.
    assert_eq!(names.len(), FUNCTIONS.len() + 10, "{names:?}");
    for name in names {
        assert!(name.starts_with("app-postern-") && name.ends_with(REGION), "{name}");
        assert!(name.len() - "app-".len() - REGION.len() + 20 + 14 <= 64, "{name}");
    }
}

#[test]
fn roles_may_be_assumed_by_lambda_only() {
    let stack = Stack::new(&[]);
    for function in FUNCTIONS {
        let role = stack.properties(&format!("{}Role", prefix(function))).unwrap();
        let trust = json!([
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"},
        ]);
        assert_eq!(
            role["AssumeRolePolicyDocument"]["Statement"], trust,
            "{}",
            function.name
        );
    }
}

#[test]
fn key_of_the_reports_is_used_by_this_account_only() {
    let key = Stack::new(&[]).properties("TopicKey").unwrap();
    for statement in list(&key["KeyPolicy"]["Statement"]) {
        let root = json!({"AWS": format!("arn:aws:iam::{ACCOUNT}:root")});
        let account = &statement["Condition"]["StringEquals"]["aws:SourceAccount"];
        assert!(statement["Principal"] == root || account == ACCOUNT, "{statement}");
    }
}
