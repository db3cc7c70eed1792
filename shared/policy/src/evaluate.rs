//! One document and one request: allowed or denied, and by which statement. This follows the text of the IAM reference
//! and knows nothing of the analyser, whose witnesses it judges.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::arn::{Arn, is_service};
use crate::document::{Condition, Document, Effect, PrincipalEntry, Statement, Values};
use crate::federation;
use crate::interpretation::Interpretation;
use crate::literal::{Date, Number, milliseconds};
use crate::operators::{Family, Operator, Quantifier};
use crate::text::{Form, Text};

/// A request that reaches the endpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// An IAM or STS ARN, `anonymous`, or a service principal such as `cloudtrail.amazonaws.com`. Who calls
    /// `sts:AssumeRoleWithWebIdentity` or `sts:AssumeRoleWithSAML` is `anonymous`, and `aws:FederatedProvider` in the
    /// context names the provider of the token.
    pub principal: String,
    /// Such as `s3:GetObject`.
    pub action: String,
    /// An ARN, or `*` for an action without resources.
    pub resource: String,
    /// Condition keys with their values. A key that is not there is missing from the request.
    #[serde(default, with = "one_or_many")]
    pub context: BTreeMap<String, Vec<String>>,
    /// Whether the endpoint is a gateway endpoint.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub gateway: bool,
}

/// In JSON, one value is a string and several are an array.
mod one_or_many {
    use super::{BTreeMap, Deserialize, Serialize};
    use serde::{Deserializer, Serializer, ser::SerializeMap};

    #[derive(Serialize, Deserialize)]
    #[serde(untagged)]
    enum Value {
        One(String),
        Many(Vec<String>),
    }

    pub(super) fn serialize<S: Serializer>(map: &BTreeMap<String, Vec<String>>, to: S) -> Result<S::Ok, S::Error> {
        let mut members = to.serialize_map(Some(map.len()))?;
        for (key, values) in map {
            match values.as_slice() {
                [one] => members.serialize_entry(key, one)?,
                many => members.serialize_entry(key, many)?,
            }
        }
        members.end()
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<String, Vec<String>>, D::Error> {
        let map = BTreeMap::<String, Value>::deserialize(from)?;
        let values = |value| match value {
            Value::One(one) => vec![one],
            Value::Many(many) => many,
        };
        Ok(map.into_iter().map(|(key, value)| (key, values(value))).collect())
    }
}

impl Request {
    /// The values of a key; keys compare without case.
    pub(crate) fn values(&self, key: &str) -> &[String] {
        let found = self.context.iter().find(|(name, _)| name.eq_ignore_ascii_case(key));
        found.map_or(&[], |(_, values)| values.as_slice())
    }
}

/// What the policy says to a request. Statements are counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "decision")]
pub enum Decision {
    Allowed {
        statement: usize,
    },
    /// A Deny applies.
    Denied {
        statement: usize,
    },
    /// No Allow applies.
    NotAllowed,
}

impl Decision {
    pub fn is_allowed(self) -> bool {
        matches!(self, Self::Allowed { .. })
    }
}

/// What the document, in its most probable interpretation, says to the request.
pub fn evaluate(document: &Document, request: &Request) -> Decision {
    evaluate_as(document, request, Interpretation::default())
}

/// What the document says to the request in one interpretation.
pub(crate) fn evaluate_as(document: &Document, request: &Request, interpretation: Interpretation) -> Decision {
    let judge = Judge::new(request, interpretation);
    let mut allow = None;
    let statements = document
        .variants
        .get(interpretation.variant)
        .map_or(&[][..], |variant| &variant.statements);
    for statement in statements {
        if !judge.applies(statement) {
            continue;
        }
        match statement.effect {
            Effect::Deny => {
                return Decision::Denied {
                    statement: statement.index,
                };
            }
            Effect::Allow => allow = allow.or(Some(statement.index)),
        }
    }
    allow.map_or(Decision::NotAllowed, |statement| Decision::Allowed { statement })
}

/// The Denies that do not apply to a request, each with the first of its parts that does not fit.
pub(crate) fn escapes<'d>(
    document: &'d Document,
    request: &Request,
    interpretation: Interpretation,
) -> Vec<(&'d Statement, String)> {
    let judge = Judge::new(request, interpretation);
    let statements = document
        .variants
        .get(interpretation.variant)
        .map_or(&[][..], |variant| &variant.statements);
    let denies = statements.iter().filter(|statement| statement.effect == Effect::Deny);
    denies
        .filter_map(|statement| Some((statement, judge.misfit(statement)?)))
        .collect()
}

struct Judge<'r> {
    request: &'r Request,
    /// The keys of a request with many, by their names in lower case.
    keys: BTreeMap<String, &'r [String]>,
    /// In lower case.
    action: String,
    interpretation: Interpretation,
}

/// So many keys are looked through.
const FEW_KEYS: usize = 64;

impl<'r> Judge<'r> {
    fn new(request: &'r Request, interpretation: Interpretation) -> Self {
        let many = request.context.iter().filter(|_| request.context.len() > FEW_KEYS);
        Self {
            request,
            keys: many
                .map(|(key, values)| (key.to_ascii_lowercase(), values.as_slice()))
                .collect(),
            action: request.action.to_ascii_lowercase(),
            interpretation,
        }
    }

    /// The values of a key by its name in lower case.
    fn values(&self, id: &str) -> &'r [String] {
        if self.keys.is_empty() {
            return self.request.values(id);
        }
        self.keys.get(id).copied().unwrap_or_default()
    }

    fn value(&self, id: &str) -> Option<String> {
        match self.values(id) {
            [one] => Some(one.clone()),
            _ => None,
        }
    }

    fn applies(&self, statement: &Statement) -> bool {
        self.principal(statement)
            && self.action(statement)
            && self.resource(statement)
            && statement.conditions.iter().all(|condition| self.condition(condition))
    }

    /// Why the statement does not apply.
    fn misfit(&self, statement: &Statement) -> Option<String> {
        let path =
            |name: &str, not: bool| format!("Statement[{}].{}{name}", statement.index, if not { "Not" } else { "" });
        if !self.principal(statement) {
            let path = path("Principal", statement.principal.not);
            return Some(format!("`{path}` does not cover `{}`", self.request.principal));
        }
        if !self.action(statement) {
            let path = path("Action", statement.action.not);
            return Some(format!("`{path}` does not cover {}", self.request.action));
        }
        if !self.resource(statement) {
            let path = path("Resource", statement.resource.not);
            return Some(format!("`{path}` does not cover `{}`", self.request.resource));
        }
        let condition = statement
            .conditions
            .iter()
            .find(|condition| !self.condition(condition))?;
        let values = self.values(&condition.key_id);
        let has = match values {
            [] => "the request does not have this key".to_owned(),
            [one] => format!("the request has `{one}`"),
            many => format!("the request has `{}`", many.join("`, `")),
        };
        Some(format!(
            "`{}` does not hold, because {has}",
            condition.path(statement.index)
        ))
    }

    fn principal(&self, statement: &Statement) -> bool {
        let named = statement.principal.values.iter().any(|entry| self.is(entry));
        named != statement.principal.not
    }

    fn is(&self, entry: &PrincipalEntry) -> bool {
        let name = self.request.principal.as_str();
        match entry {
            PrincipalEntry::Everyone => true,
            PrincipalEntry::EveryAws if self.brings_token() => self.interpretation.aws_star_has_bearers,
            PrincipalEntry::EveryAws => self.interpretation.aws_star_has_services || !is_service(name),
            PrincipalEntry::Account(account) => Arn::parse(name).is_some_and(|arn| {
                arn.account == account && (!self.request.gateway || (arn.service == "iam" && arn.resource == "root"))
            }),
            PrincipalEntry::Arn(wanted) => name == wanted || self.role_of_session().as_ref() == Some(wanted),
            PrincipalEntry::Service(service) => is_service(name) && (service == "*" || name == service),
            PrincipalEntry::Federated(provider) => {
                let named = || self.value(federation::PROVIDER).as_ref() == Some(provider);
                self.interpretation.federated_has_bearers && self.brings_token() && (provider == "*" || named())
            }
            PrincipalEntry::Unknown(_) | PrincipalEntry::Nobody(_) => false,
        }
    }

    /// Whether the call has the token of an identity provider in place of a signature.
    fn brings_token(&self) -> bool {
        self.request.principal == "anonymous" && federation::is_call(&self.request.action)
    }

    /// The role whose session the principal is.
    fn role_of_session(&self) -> Option<String> {
        let arn = Arn::parse(&self.request.principal)?;
        let role = arn.session_role()?;
        let told = self.value("aws:PrincipalArn");
        Some(told.unwrap_or_else(|| format!("arn:{}:iam::{}:role/{role}", arn.partition, arn.account)))
    }

    fn action(&self, statement: &Statement) -> bool {
        let patterns = &statement.action.values;
        let named = patterns
            .iter()
            .any(|p| p.matches(&self.action, self.interpretation.star_colon_star));
        named != statement.action.not
    }

    fn resource(&self, statement: &Statement) -> bool {
        let element = &statement.resource;
        let every_bucket = self.every_bucket();
        let named = |text: &Text| {
            let mut names = std::iter::once(&self.request.resource).chain(&every_bucket);
            names.any(|name| self.text_matches(text, name))
        };
        if !element.not {
            return element.values.iter().any(named);
        }
        let valueless = |text: &Text| text.resolve(|key| self.value(key)).is_none();
        if !self.interpretation.not_resource_without_value && element.values.iter().any(valueless) {
            return false;
        }
        !element.values.iter().any(named)
    }

    /// Another name of the resource of a request that lists the buckets of the caller.
    fn every_bucket(&self) -> Option<String> {
        let lists = self.action == LISTS_BUCKETS && self.request.resource == "*";
        let partition = || Arn::parse(&self.request.principal).map_or("aws", |arn| arn.partition);
        lists.then(|| every_bucket(partition()))
    }

    fn text_matches(&self, text: &Text, value: &str) -> bool {
        match text.resolve(|key| self.value(key)).as_deref() {
            Some(Form::Text(pattern)) => pattern.matches(value),
            Some(Form::Arn(pattern)) => pattern.matches(value, self.interpretation.short_arns),
            None => false,
        }
    }

    fn condition(&self, condition: &Condition) -> bool {
        let values = self.values(&condition.key_id);
        if let (Operator::Null, Values::Bools(wanted)) = (condition.operator, &condition.values) {
            return wanted.contains(&values.is_empty());
        }
        if values.is_empty() {
            return match condition.quantifier {
                Some(Quantifier::ForAllValues) => true,
                Some(Quantifier::ForAnyValue) => condition.if_exists && self.interpretation.any_value_if_exists,
                None => condition.if_exists || condition.operator.negated(),
            };
        }
        if !self.interpretation.plain_compares_each && condition.plain_on_several() {
            return false;
        }
        let fits = |value: &String| self.fits(condition, value) != condition.operator.negated();
        match condition.quantifier {
            Some(Quantifier::ForAllValues) => values.iter().all(fits),
            Some(Quantifier::ForAnyValue) => values.iter().any(fits),
            None if condition.operator.negated() => values.iter().all(fits),
            None => values.iter().any(fits),
        }
    }

    /// Whether the value is one of those in the policy.
    fn fits(&self, condition: &Condition, value: &str) -> bool {
        match (condition.operator.family(), &condition.values) {
            (Family::Text { ignore_case: true, .. }, Values::Texts(texts)) => {
                let lower = value.to_lowercase();
                texts
                    .iter()
                    .any(|text| match text.resolve(|key| self.value(key)).as_deref() {
                        Some(Form::Text(crate::glob::Pattern::Exact(exact))) => exact.to_lowercase() == lower,
                        _ => false,
                    })
            }
            (_, Values::Texts(texts)) => texts.iter().any(|text| self.text_matches(text, value)),
            (Family::Number(order), Values::Numbers(numbers)) => {
                Number::parse(value).is_some_and(|value| numbers.iter().any(|n| order.holds(&value, n)))
            }
            (Family::Date(order), Values::Dates(dates)) => {
                let limit = |date: &Date| date.milliseconds(self.interpretation.epoch_milliseconds);
                milliseconds(value).is_some_and(|value| dates.iter().any(|date| order.holds(&value, &limit(date))))
            }
            (_, Values::Networks(networks)) => networks.iter().any(|network| network.contains(value)),
            (_, Values::Bools(bools)) => bools.iter().any(|b| value.eq_ignore_ascii_case(&b.to_string())),
            (_, Values::Binary(all)) => all.iter().any(|binary| binary == value),
            _ => false,
        }
    }
}

/// The action without a resource that policies of AWS grant on every bucket:
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/example-walkthroughs-managing-access-example1.html>
pub(crate) const LISTS_BUCKETS: &str = "s3:listallmybuckets";

/// What these policies name as its resource.
pub(crate) fn every_bucket(partition: &str) -> String {
    format!("arn:{partition}:s3:::*")
}

#[cfg(test)]
mod tests;
