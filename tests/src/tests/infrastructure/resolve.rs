//! A template with its functions carried out, as CloudFormation does for a stack.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::template::{list, template};

pub(crate) const ACCOUNT: &str = "111122223333";
pub(crate) const REGION: &str = "eu-central-1";
pub(crate) const STACK_ID: &str = "arn:aws:cloudformation:eu-central-1:111122223333:stack/postern/0a1b2c3d";

/// The template of a stack with these parameters. A resource is named by its logical id.
pub(crate) struct Stack {
    template: Value,
    parameters: BTreeMap<String, Value>,
}

impl Stack {
    /// Parameters that are not given have their default, or their own name where there is none.
    pub(crate) fn new(given: &[(&str, &str)]) -> Self {
        let template = template();
        let declared = template["Parameters"].as_object().unwrap();
        let unknown = given.iter().find(|(name, _)| !declared.contains_key(*name));
        assert!(unknown.is_none(), "there is no parameter {unknown:?}");
        let value = |name: &String, declaration: &Value| {
            let given = given.iter().find(|(other, _)| other == name);
            let default = || declaration.get("Default").cloned().unwrap_or_else(|| json!(name));
            let value = given.map_or_else(default, |(_, value)| json!(value));
            match (declaration["Type"].as_str(), value) {
                (Some("CommaDelimitedList"), Value::String(list)) => list.split(',').collect(),
                (_, value) => value,
            }
        };
        let parameters = declared
            .iter()
            .map(|(name, d)| (name.clone(), value(name, d)))
            .collect();
        Self { template, parameters }
    }

    /// The properties of a resource, or nothing where its condition does not hold.
    pub(crate) fn properties(&self, logical_id: &str) -> Option<Value> {
        let resource = &self.template["Resources"][logical_id];
        assert!(resource.is_object(), "the template has no {logical_id}");
        let exists = resource["Condition"].as_str().is_none_or(|name| self.holds(name));
        exists.then(|| self.resolve(&resource["Properties"]).unwrap())
    }

    /// The ARN of a resource.
    pub(crate) fn arn(&self, logical_id: &str) -> String {
        let kind = self.template["Resources"][logical_id]["Type"].as_str();
        let of = |service: &str, resource: &str| format!("arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}{logical_id}");
        match kind.unwrap_or_else(|| panic!("the template has no {logical_id}")) {
            "AWS::SNS::Topic" => of("sns", ""),
            "AWS::SQS::Queue" => of("sqs", ""),
            "AWS::KMS::Key" => of("kms", "key/"),
            "AWS::DynamoDB::Table" => of("dynamodb", "table/"),
            "AWS::Events::Rule" => of("events", "rule/"),
            "AWS::Logs::LogGroup" => of("logs", "log-group:") + ":*",
            "AWS::Lambda::Function" => of("lambda", "function:"),
            "AWS::IAM::Role" => format!("arn:aws:iam::{ACCOUNT}:role/{logical_id}"),
            "AWS::IAM::ManagedPolicy" => format!("arn:aws:iam::{ACCOUNT}:policy/{logical_id}"),
            other => panic!("how do the ARNs of {other} look?"),
        }
    }

    fn holds(&self, condition: &str) -> bool {
        self.truth(&self.template["Conditions"][condition])
    }

    fn truth(&self, condition: &Value) -> bool {
        let (name, arguments) = only(condition).expect("a condition is one function");
        match name {
            "Condition" => self.holds(arguments.as_str().unwrap()),
            "Fn::Equals" => self.resolve(&arguments[0]) == self.resolve(&arguments[1]),
            "Fn::Not" => !self.truth(&arguments[0]),
            "Fn::Or" => list(arguments).iter().any(|one| self.truth(one)),
            other => panic!("{other} is no condition that is known here"),
        }
    }

    /// Nothing for `AWS::NoValue`.
    fn resolve(&self, value: &Value) -> Option<Value> {
        match value {
            Value::Array(items) => Some(items.iter().filter_map(|item| self.resolve(item)).collect()),
            Value::Object(members) => {
                match only(value).filter(|(name, _)| *name == "Ref" || name.starts_with("Fn::")) {
                    Some((name, arguments)) => self.call(name, arguments),
                    None => {
                        let members = members
                            .iter()
                            .filter_map(|(key, value)| Some((key.clone(), self.resolve(value)?)));
                        Some(Value::Object(members.collect::<Map<_, _>>()))
                    }
                }
            }
            plain => Some(plain.clone()),
        }
    }

    fn call(&self, function: &str, arguments: &Value) -> Option<Value> {
        let text = |value: &Value| self.resolve(value).unwrap().as_str().unwrap().to_owned();
        match function {
            "Ref" => self.reference(arguments.as_str().unwrap()),
            "Fn::GetAtt" => Some(json!(self.attribute(arguments[0].as_str()?, arguments[1].as_str()?))),
            "Fn::Sub" => Some(json!(self.substitute(arguments.as_str().unwrap()))),
            "Fn::If" => match self.holds(arguments[0].as_str().unwrap()) {
                true => self.resolve(&arguments[1]),
                false => self.resolve(&arguments[2]),
            },
            "Fn::Join" => {
                let parts = self.resolve(&arguments[1]).unwrap();
                let parts: Vec<_> = list(&parts).iter().map(|part| part.as_str().unwrap()).collect();
                Some(json!(parts.join(arguments[0].as_str().unwrap())))
            }
            "Fn::Split" => Some(text(&arguments[1]).split(arguments[0].as_str()?).collect()),
            "Fn::Select" => {
                let index = usize::try_from(arguments[0].as_u64()?).unwrap();
                Some(self.resolve(&arguments[1])?[index].clone())
            }
            other => panic!("{other} is not known here"),
        }
    }

    fn reference(&self, name: &str) -> Option<Value> {
        match name {
            "AWS::NoValue" => None,
            "AWS::Partition" => Some(json!("aws")),
            "AWS::AccountId" => Some(json!(ACCOUNT)),
            "AWS::Region" => Some(json!(REGION)),
            "AWS::StackName" => Some(json!("postern")),
            "AWS::StackId" => Some(json!(STACK_ID)),
            _ => Some(match self.parameters.get(name) {
                Some(value) => value.clone(),
                None => match self.template["Resources"][name]["Type"].as_str() {
                    // Where the reference is the ARN.
                    Some("AWS::SNS::Topic" | "AWS::IAM::ManagedPolicy") => json!(self.arn(name)),
                    Some(_) => json!(name),
                    None => panic!("what is {name}?"),
                },
            }),
        }
    }

    fn attribute(&self, logical_id: &str, name: &str) -> String {
        match name {
            "Arn" => self.arn(logical_id),
            _ => logical_id.to_owned(),
        }
    }

    fn substitute(&self, text: &str) -> String {
        let mut parts = text.split("${");
        let mut whole = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (name, rest) = part.split_once('}').unwrap();
            match name.split_once('.') {
                Some((logical_id, attribute)) => whole += &self.attribute(logical_id, attribute),
                None => match self.reference(name).unwrap() {
                    Value::String(text) => whole += &text,
                    other => whole += &other.to_string(),
                },
            }
            whole += rest;
        }
        whole
    }
}

fn only(value: &Value) -> Option<(&str, &Value)> {
    match value.as_object() {
        Some(members) if members.len() == 1 => members.iter().next().map(|(name, value)| (name.as_str(), value)),
        _ => None,
    }
}
