//! What is deployed in an account and Region, and what its delivery of events depends on. Only people ask for this, at a
//! terminal: nothing here changes anything.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::aws::Aws;
use crate::describe;
use crate::error::CallError;
use crate::metric_data::METRIC_DATA;
use crate::request::{Request, Service, encoded};
use crate::xml::records;

/// The IAM actions that reading a deployment requires.
pub const DEPLOYMENT_CALLS: &[&str] = &[
    GET_PARAMETER,
    DESCRIBE_STACKS,
    DESCRIBE_RESOURCES,
    INVOKE,
    DESCRIBE_RULE,
    DESCRIBE_TRAILS,
    TRAIL_STATUS,
    EVENT_SELECTORS,
    TOPIC,
    SIMULATE,
    ORGANIZATION,
    QUOTA,
    LAMBDA_LIMITS,
    METRIC_DATA,
    describe::VPCS,
    describe::ENDPOINTS,
    describe::CONFIGURATIONS,
];

/// The SSM parameter that names the stack of an account and Region; `infra/postern.yaml` creates it.
const OWNER: &str = "/postern/stack";

const GET_PARAMETER: &str = "ssm:GetParameter";
const DESCRIBE_STACKS: &str = "cloudformation:DescribeStacks";
const DESCRIBE_RESOURCES: &str = "cloudformation:DescribeStackResources";
const INVOKE: &str = "lambda:InvokeFunction";
const DESCRIBE_RULE: &str = "events:DescribeRule";
const DESCRIBE_TRAILS: &str = "cloudtrail:DescribeTrails";
const TRAIL_STATUS: &str = "cloudtrail:GetTrailStatus";
const EVENT_SELECTORS: &str = "cloudtrail:GetEventSelectors";
const TOPIC: &str = "sns:GetTopicAttributes";
const SIMULATE: &str = "iam:SimulatePrincipalPolicy";
const ORGANIZATION: &str = "organizations:DescribeOrganization";
const QUOTA: &str = "servicequotas:GetServiceQuota";
const LAMBDA_LIMITS: &str = "lambda:GetAccountSettings";

const fn service(id: &'static str, name: &'static str) -> Service {
    Service {
        id,
        host: name,
        signing_name: name,
    }
}

const SSM: Service = service("SSM", "ssm");
const CLOUD_FORMATION: Service = service("CLOUDFORMATION", "cloudformation");
const LAMBDA: Service = service("LAMBDA", "lambda");
const EVENTS: Service = service("EVENTBRIDGE", "events");
const CLOUD_TRAIL: Service = service("CLOUDTRAIL", "cloudtrail");
const IAM: Service = service("IAM", "iam");
const QUOTAS: Service = service("SERVICE_QUOTAS", "servicequotas");

/// A stack of `infra/postern.yaml`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeployedStack {
    pub name: String,
    /// Such as `UPDATE_COMPLETE`.
    pub status: String,
    pub parameters: BTreeMap<String, String>,
    pub outputs: BTreeMap<String, String>,
    /// Type and physical id, by logical id.
    pub resources: BTreeMap<String, (String, String)>,
}

impl DeployedStack {
    /// Logical and physical ids of the resources of a type, such as `AWS::Lambda::Function`.
    pub fn of_type<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.resources
            .iter()
            .filter(move |(_, (of, _))| of == kind)
            .map(|(logical, (_, physical))| (logical.as_str(), physical.as_str()))
    }
}

/// A trail that records this Region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trail {
    pub arn: String,
    pub logging: bool,
    /// Whether it records management events that change something.
    pub records_writes: bool,
}

/// What IAM says of a role and an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Simulated {
    pub action: String,
    /// `allowed`, `explicitDeny` or `implicitDeny`.
    pub decision: String,
    /// Whether the service control policies without conditions allow it; true where the account has none.
    pub allowed_by_organization: bool,
    /// Whether the permissions boundary allows it; true where the role has none.
    pub allowed_by_boundary: bool,
}

impl Aws {
    /// The name of the stack that runs Postern in this account and Region. None where there is none.
    pub async fn owner(&self) -> Result<Option<String>, CallError> {
        let request = Request::json(
            GET_PARAMETER,
            SSM,
            "AmazonSSM.GetParameter".to_owned(),
            &json!({"Name": OWNER}),
        );
        match self.send(request).await {
            Ok(answer) => Ok(text(&answer.json(), "/Parameter/Value")),
            Err(error) if error.is(&["ParameterNotFound"]) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A stack with its outputs and resources.
    pub async fn stack(&self, name: &str) -> Result<DeployedStack, CallError> {
        let named = [("StackName", name)];
        let version = "2010-05-15";
        let described = self.query(DESCRIBE_STACKS, CLOUD_FORMATION, version, &named).await?;
        let resources = self.query(DESCRIBE_RESOURCES, CLOUD_FORMATION, version, &named).await?;
        let status = records(&described, "Stacks", &["StackStatus"]).into_iter().next();
        let pairs = |list: &str, key: &str, value: &str| {
            let records = records(&described, list, &[key, value]).into_iter();
            let pairs = records.filter_map(|mut record| Some((record.remove(key)?, record.remove(value)?)));
            pairs.collect()
        };
        let fields = ["LogicalResourceId", "PhysicalResourceId", "ResourceType"];
        let resources = records(&resources, "StackResources", &fields).into_iter();
        Ok(DeployedStack {
            name: name.to_owned(),
            status: status
                .and_then(|mut stack| stack.remove("StackStatus"))
                .unwrap_or_default(),
            parameters: pairs("Parameters", "ParameterKey", "ParameterValue"),
            outputs: pairs("Outputs", "OutputKey", "OutputValue"),
            resources: resources
                .filter_map(|mut resource| {
                    let physical = resource.remove("PhysicalResourceId")?;
                    let kind = resource.remove("ResourceType")?;
                    Some((resource.remove("LogicalResourceId")?, (kind, physical)))
                })
                .collect(),
        })
    }

    /// What a function says of itself, with its own role: the answer of its self-check.
    ///
    /// # Errors
    /// If it cannot be invoked, or fails.
    pub async fn self_check(&self, function: &str) -> Result<Value, CallError> {
        let request = Request {
            call: INVOKE,
            service: LAMBDA,
            region: None,
            method: "POST",
            uri: format!("/2015-03-31/functions/{}/invocations", encoded(function, "")),
            headers: vec![("content-type", "application/json".to_owned())],
            body: json!({"postern": "self-check"}).to_string(),
        };
        let answer = self.send(request).await?;
        let json = answer.json();
        if answer.header("x-amz-function-error").is_some() {
            let message = text(&json, "/errorMessage").unwrap_or_default();
            return Err(CallError::unreadable(INVOKE, message));
        }
        Ok(json)
    }

    /// Whether a rule of the default bus is enabled.
    pub async fn rule_is_enabled(&self, rule: &str) -> Result<bool, CallError> {
        let request = Request::json(
            DESCRIBE_RULE,
            EVENTS,
            "AWSEvents.DescribeRule".to_owned(),
            &json!({"Name": rule}),
        );
        let answer = self.send(request).await?;
        Ok(text(&answer.json(), "/State").as_deref() != Some("DISABLED"))
    }

    /// The trails that record this Region, those of an organisation included.
    pub async fn trails(&self) -> Result<Vec<Trail>, CallError> {
        let ask = async |call: &'static str, operation: &str, body: &Value| {
            let target = format!("com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.{operation}");
            let answer = self.send(Request::json(call, CLOUD_TRAIL, target, body)).await?;
            Ok::<_, CallError>(answer.json())
        };
        let listed = ask(DESCRIBE_TRAILS, "DescribeTrails", &json!({"includeShadowTrails": true})).await?;
        let listed = listed.get("trailList").and_then(Value::as_array).cloned();
        let mut trails = Vec::new();
        for trail in listed.unwrap_or_default() {
            let Some(arn) = text(&trail, "/TrailARN") else { continue };
            let named = json!({"Name": arn, "TrailName": arn});
            let status = ask(TRAIL_STATUS, "GetTrailStatus", &named).await?;
            let selectors = ask(EVENT_SELECTORS, "GetEventSelectors", &named).await?;
            trails.push(Trail {
                logging: status.get("IsLogging").and_then(Value::as_bool).unwrap_or_default(),
                records_writes: records_writes(&selectors),
                arn,
            });
        }
        Ok(trails)
    }

    /// The confirmed subscriptions of a topic.
    pub async fn confirmed_subscriptions(&self, topic: &str) -> Result<u64, CallError> {
        let answer = self.sns.get_topic_attributes().topic_arn(topic).send().await;
        let answer = answer.map_err(|error| CallError::new(TOPIC, error))?;
        let count = answer.attributes().and_then(|all| all.get("SubscriptionsConfirmed"));
        Ok(count.and_then(|count| count.trim().parse().ok()).unwrap_or_default())
    }

    /// What IAM says of a role and these actions on a resource, or on any for `*`.
    pub async fn simulate(&self, role: &str, actions: &[&str], resource: &str) -> Result<Vec<Simulated>, CallError> {
        let region = self.region().map(|region| region.to_string()).unwrap_or_default();
        let mut parameters = vec![
            ("PolicySourceArn".to_owned(), role),
            ("ResourceArns.member.1".to_owned(), resource),
            (
                "ContextEntries.member.1.ContextKeyName".to_owned(),
                "aws:RequestedRegion",
            ),
            ("ContextEntries.member.1.ContextKeyType".to_owned(), "string"),
            (
                "ContextEntries.member.1.ContextKeyValues.member.1".to_owned(),
                region.as_str(),
            ),
        ];
        let actions = actions.iter().enumerate();
        parameters.extend(actions.map(|(at, action)| (format!("ActionNames.member.{}", at + 1), *action)));
        let parameters: Vec<_> = parameters.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        let answer = self.query(SIMULATE, IAM, "2010-05-08", &parameters).await?;
        let fields = [
            "EvalActionName",
            "EvalDecision",
            "AllowedByOrganizations",
            "AllowedByPermissionsBoundary",
        ];
        let results = records(&answer, "EvaluationResults", &fields);
        let simulated = results.into_iter().map(|mut result| Simulated {
            action: result.remove("EvalActionName").unwrap_or_default(),
            decision: result.remove("EvalDecision").unwrap_or_default(),
            allowed_by_organization: result.get("AllowedByOrganizations").is_none_or(|said| said == "true"),
            allowed_by_boundary: result
                .get("AllowedByPermissionsBoundary")
                .is_none_or(|said| said == "true"),
        });
        Ok(simulated.collect())
    }

    /// The value of a quota, by the codes of the service and of the quota.
    pub async fn quota(&self, service: &str, quota: &str) -> Result<f64, CallError> {
        let target = "ServiceQuotasV20190624.GetServiceQuota".to_owned();
        let body = json!({"ServiceCode": service, "QuotaCode": quota});
        let answer = self.send(Request::json(QUOTA, QUOTAS, target, &body)).await?.json();
        let value = answer.pointer("/Quota/Value").and_then(Value::as_f64);
        value.ok_or_else(|| CallError::unreadable(QUOTA, "the answer has no value"))
    }

    /// The concurrent executions that functions of the account may share.
    pub async fn lambda_concurrency(&self) -> Result<u64, CallError> {
        let request = Request {
            call: LAMBDA_LIMITS,
            service: LAMBDA,
            region: None,
            method: "GET",
            uri: "/2016-08-19/account-settings/".to_owned(),
            headers: Vec::new(),
            body: String::new(),
        };
        let answer = self.send(request).await?.json();
        let limit = answer.pointer("/AccountLimit/UnreservedConcurrentExecutions");
        let limit = limit.and_then(Value::as_u64);
        limit.ok_or_else(|| CallError::unreadable(LAMBDA_LIMITS, "the answer has no limit"))
    }

    /// Asks a service of the query protocol; gives the XML of its answer.
    async fn query(
        &self,
        call: &'static str,
        service: Service,
        version: &str,
        parameters: &[(&str, &str)],
    ) -> Result<String, CallError> {
        let (_, action) = call.split_once(':').unwrap_or_default();
        let all = [("Action", action), ("Version", version)];
        let pairs = all.iter().chain(parameters);
        let pairs: Vec<_> = pairs
            .map(|(name, value)| format!("{name}={}", encoded(value, "")))
            .collect();
        let request = Request {
            call,
            service,
            region: None,
            method: "POST",
            uri: "/".to_owned(),
            headers: vec![("content-type", "application/x-www-form-urlencoded".to_owned())],
            body: pairs.join("&"),
        };
        Ok(self.send(request).await?.body)
    }
}

/// Whether the event selectors of a trail, basic or advanced, take management events that change something.
fn records_writes(selectors: &Value) -> bool {
    let list = |name: &str| {
        selectors
            .get(name)
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default()
    };
    let basic = list("EventSelectors").into_iter().any(|selector| {
        let management = selector.get("IncludeManagementEvents").and_then(Value::as_bool);
        management == Some(true) && text(&selector, "/ReadWriteType").as_deref() != Some("ReadOnly")
    });
    let advanced = list("AdvancedEventSelectors").into_iter().any(|selector| {
        let fields = selector.get("FieldSelectors").and_then(Value::as_array).cloned();
        let fields = fields.unwrap_or_default();
        let has = |field: &str, value: &str| {
            fields.iter().any(|selector| {
                let values = selector.get("Equals").and_then(Value::as_array);
                text(selector, "/Field").as_deref() == Some(field)
                    && values.is_some_and(|values| values.iter().any(|one| one == value))
            })
        };
        has("eventCategory", "Management") && !has("readOnly", "true")
    });
    basic || advanced
}

fn text(value: &Value, pointer: &str) -> Option<String> {
    Some(value.pointer(pointer)?.as_str()?.to_owned())
}

#[cfg(test)]
mod tests;
