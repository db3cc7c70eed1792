use serde_json::json;

use crate::error::chain;
use crate::wire::Cloud;

const STACK: &str = r#"<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/">
  <DescribeStacksResult><Stacks><member>
    <StackName>postern</StackName><StackStatus>UPDATE_COMPLETE</StackStatus>
    <Parameters><member><ParameterKey>RolePath</ParameterKey><ParameterValue>/security/</ParameterValue></member></Parameters>
    <Outputs>
      <member><OutputKey>Version</OutputKey><OutputValue>0.1.0</OutputValue><Description>a &amp; b</Description></member>
      <member><OutputKey>LedgerTable</OutputKey><OutputValue>ledger</OutputValue></member>
    </Outputs>
  </member></Stacks></DescribeStacksResult></DescribeStacksResponse>"#;

const RESOURCES: &str = r#"<DescribeStackResourcesResponse><DescribeStackResourcesResult><StackResources>
  <member><LogicalResourceId>SweeperRule</LogicalResourceId><PhysicalResourceId>postern-rule</PhysicalResourceId>
    <ResourceType>AWS::Events::Rule</ResourceType><DriftInformation><StackResourceDriftStatus>NOT_CHECKED
    </StackResourceDriftStatus></DriftInformation></member>
  <member><LogicalResourceId>SweeperQueue</LogicalResourceId><PhysicalResourceId>https://queue</PhysicalResourceId>
    <ResourceType>AWS::SQS::Queue</ResourceType></member>
  </StackResources></DescribeStackResourcesResult></DescribeStackResourcesResponse>"#;

/// The shape of the example in the [API
/// reference](https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html), with nested lists.
const SIMULATION: &str = r#"<SimulatePrincipalPolicyResponse><SimulatePrincipalPolicyResult>
  <IsTruncated>false</IsTruncated><EvaluationResults>
  <member><MatchedStatements><member><SourcePolicyId>p</SourcePolicyId></member></MatchedStatements>
    <OrganizationsDecisionDetail><AllowedByOrganizations>false</AllowedByOrganizations></OrganizationsDecisionDetail>
    <PermissionsBoundaryDecisionDetail><AllowedByPermissionsBoundary>true</AllowedByPermissionsBoundary>
    </PermissionsBoundaryDecisionDetail>
    <EvalDecision>implicitDeny</EvalDecision><EvalActionName>ec2:CreateVpcEndpoint</EvalActionName></member>
  <member><MatchedStatements/><MissingContextValues/><EvalDecision>allowed</EvalDecision>
    <EvalActionName>ec2:DescribeVpcs</EvalActionName></member>
  </EvaluationResults></SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>"#;

#[tokio::test]
async fn stack_has_its_parameters_outputs_and_resources() {
    let cloud = Cloud::new()
        .raw("DescribeStacks", 200, STACK)
        .raw("DescribeStackResources", 200, RESOURCES);
    let stack = cloud.aws().stack("postern").await.unwrap();
    assert_eq!(
        (stack.name.as_str(), stack.status.as_str()),
        ("postern", "UPDATE_COMPLETE")
    );
    assert_eq!(stack.parameters["RolePath"], "/security/");
    assert_eq!((stack.outputs["Version"].as_str(), stack.outputs.len()), ("0.1.0", 2));
    let rules: Vec<_> = stack.of_type("AWS::Events::Rule").collect();
    assert_eq!(rules, [("SweeperRule", "postern-rule")]);
    assert_eq!(cloud.request("DescribeStackResources")["StackName"], "postern");
}

#[tokio::test]
async fn account_without_a_stack_is_no_error() {
    let missing = r#"{"__type":"ParameterNotFound"}"#;
    let found = json!({"Parameter": {"Value": "postern"}});
    let cloud = Cloud::new()
        .raw("GetParameter", 400, missing)
        .json("GetParameter", &found);
    let aws = cloud.aws();
    assert_eq!(aws.owner().await.unwrap(), None);
    assert_eq!(aws.owner().await.unwrap().as_deref(), Some("postern"));
    assert_eq!(cloud.bodies("GetParameter")[0], json!({"Name": "/postern/stack"}));
}

#[tokio::test]
async fn trail_is_useful_if_it_logs_and_takes_management_events_that_change_something() {
    let arn = |name: &str| format!("arn:aws:cloudtrail:eu-central-1:111122223333:trail/{name}");
    let trails = ["basic", "reads", "advanced", "data"].map(|name| json!({"TrailARN": arn(name)}));
    let basic = |kind: &str| json!({"EventSelectors": [{"IncludeManagementEvents": true, "ReadWriteType": kind}]});
    let advanced = |category: &str| json!({"AdvancedEventSelectors": [{"FieldSelectors": [{"Field": "eventCategory", "Equals": [category]}]}]});
    let mut cloud = Cloud::new().json("DescribeTrails", &json!({"trailList": trails}));
    for (logging, selectors) in [
        (true, basic("All")),
        (true, basic("ReadOnly")),
        (false, advanced("Management")),
        (true, advanced("Data")),
    ] {
        cloud = cloud
            .json("GetTrailStatus", &json!({"IsLogging": logging}))
            .json("GetEventSelectors", &selectors);
    }
    let found = cloud.aws().trails().await.unwrap();
    let useful: Vec<_> = found
        .iter()
        .map(|trail| (trail.logging, trail.records_writes))
        .collect();
    assert_eq!(useful, [(true, true), (true, false), (false, true), (true, false)]);
    assert_eq!(cloud.bodies("GetTrailStatus")[0]["Name"], arn("basic"));
    assert_eq!(cloud.body("DescribeTrails"), json!({"includeShadowTrails": true}));
}

#[tokio::test]
async fn simulation_distinguishes_denials_by_service_control_policies() {
    let cloud = Cloud::new().raw("SimulatePrincipalPolicy", 200, SIMULATION);
    let role = "arn:aws:iam::111122223333:role/postern";
    let simulated = cloud
        .aws()
        .simulate(role, &["ec2:CreateVpcEndpoint", "ec2:DescribeVpcs"], "*")
        .await;
    let [create, describe] = simulated.unwrap().try_into().unwrap();
    assert_eq!(create.action, "ec2:CreateVpcEndpoint");
    assert!(!create.allowed_by_organization && create.allowed_by_boundary);
    assert_eq!(describe.decision, "allowed");
    assert!(describe.allowed_by_organization && describe.allowed_by_boundary);
    let request = cloud.request("SimulatePrincipalPolicy");
    assert_eq!(request["ActionNames.member.2"], "ec2:DescribeVpcs");
    assert_eq!(request["PolicySourceArn"], role);
    assert_eq!(
        request["ContextEntries.member.1.ContextKeyValues.member.1"],
        "eu-central-1"
    );
}

#[tokio::test]
async fn function_that_fails_its_self_check_says_why() {
    let action = "POST /2015-03-31/functions/postern-sweeper/invocations";
    let failed = r#"{"errorMessage":"settings are invalid","errorType":"Postern.Configuration"}"#;
    let cloud = Cloud::new().raw(action, 200, r#"{"version":"0.1.0"}"#).headed(
        action,
        ("x-amz-function-error", "Unhandled"),
        failed,
    );
    let aws = cloud.aws();
    assert_eq!(aws.self_check("postern-sweeper").await.unwrap()["version"], "0.1.0");
    let error = aws.self_check("postern-sweeper").await.unwrap_err();
    assert_eq!(chain(&error), "lambda:InvokeFunction failed: settings are invalid");
    assert_eq!(cloud.bodies(action)[0], json!({"postern": "self-check"}));
}

#[tokio::test]
async fn small_answers_are_read() {
    let cloud = Cloud::new()
        .json("DescribeRule", &json!({"State": "DISABLED"}))
        .json("DescribeRule", &json!({"State": "ENABLED"}))
        .json("GetServiceQuota", &json!({"Quota": {"Value": 50.0}}))
        .json(
            "GET /2016-08-19/account-settings/",
            &json!({"AccountLimit": {"UnreservedConcurrentExecutions": 1000}}),
        );
    let aws = cloud.aws();
    assert!(!aws.rule_is_enabled("rule").await.unwrap());
    assert!(aws.rule_is_enabled("rule").await.unwrap());
    assert_eq!(aws.quota("vpc", "L-29B6F2EB").await.unwrap(), 50.0);
    assert_eq!(aws.lambda_concurrency().await.unwrap(), 1000);
    cloud.done();
}
