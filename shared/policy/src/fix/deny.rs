//! The Denies that a fix is made of.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::aws_owned::Mark;
use crate::document::{Document, Effect, Element};
use crate::service::{self, Keyless, Service};
use crate::text::{ArnPattern, Form, Text};
use crate::{EndpointContext, Perimeter};

pub(super) struct Writer<'d> {
    pub(super) document: &'d Document,
    pub(super) perimeter: &'d Perimeter,
    pub(super) endpoint: &'d EndpointContext,
    pub(super) owned: Vec<String>,
    pub(super) marks: Vec<Mark>,
}

/// What a Deny on resources leaves alone.
#[derive(Clone, Default)]
pub(super) struct Exempt {
    pub(super) arns: Vec<String>,
    /// Whether resources that AWS owns by a mark are left alone, too.
    pub(super) marked: bool,
}

impl Writer<'_> {
    /// The trusted resources, and those that AWS owns: by their ARNs, and with `marks` by their marks.
    pub(super) fn exempt(&self, marks: bool) -> Exempt {
        let mut arns = self.reached(&self.perimeter.resources);
        arns.extend(self.reached(&self.owned));
        let marked = marks && self.marks.iter().any(|mark| !self.reached(&mark.arns).is_empty());
        Exempt { arns, marked }
    }

    /// The actions whose requests do not tell who owns the resource.
    pub(super) fn keyless(&self) -> Keyless {
        let service = service::find(&self.endpoint.service);
        service.map_or(Keyless::None, |service| service.keyless())
    }

    /// Those of the ARNs that an Allow of the document may reach.
    pub(super) fn reached(&self, arns: &[String]) -> Vec<String> {
        let elements = || {
            let statements = self.document.variants.iter().flat_map(|variant| &variant.statements);
            statements
                .filter(|statement| statement.effect == Effect::Allow)
                .map(|statement| &statement.resource)
        };
        let reaches = |element: &Element<Text>, arn: &ArnPattern| {
            element.not
                || element.values.iter().any(|text| match text.fixed() {
                    Some(Form::Arn(pattern)) => pattern.overlaps(arn),
                    _ => true,
                })
        };
        let service = service::find(&self.endpoint.service);
        let of_service = |arn: &&String| {
            let named = arn.split(':').nth(2).unwrap_or("*");
            let own = |format: &str| format.split(':').next() == Some(named);
            named.contains(['*', '?']) || service.as_ref().is_none_or(|service| service.arns().any(own))
        };
        arns.iter()
            .filter(of_service)
            .filter(|arn| elements().any(|element| reaches(element, &ArnPattern::wild(arn))))
            .cloned()
            .collect()
    }

    pub(super) fn identity(&self, action: &str, except: &[String]) -> String {
        let mut conditions = self.outsiders("Principal");
        let principals = &self.perimeter.principals;
        if !principals.is_empty() {
            conditions.push(format!(
                r#""ArnNotEqualsIfExists":{{"aws:PrincipalArn":{}}}"#,
                list(principals)
            ));
        }
        self.deny("DenyUntrustedPrincipals", action, except, &conditions)
    }

    /// By the keys for the owner, or for actions without these keys by the account in the ARN.
    pub(super) fn resource(&self, exempt: &Exempt, by_arn: bool) -> Vec<String> {
        let mut conditions = self.outsiders("Resource");
        conditions.extend(self.unmarked(exempt));
        let keyed = |action: &str| self.deny("DenyUntrustedResources", action, &exempt.arns, &conditions);
        match self.keyless() {
            Keyless::Some(actions) if by_arn => {
                let but = format!(r#""NotAction":{}"#, list(&texts(actions)));
                vec![keyed(&but), self.by_arn(exempt)]
            }
            Keyless::All if by_arn => vec![self.by_arn(exempt)],
            _ => vec![keyed(EVERY_ACTION)],
        }
    }

    /// The Deny for the actions whose requests do not tell who owns the resource.
    pub(super) fn by_arn(&self, exempt: &Exempt) -> String {
        let mut arns = exempt.arns.clone();
        let partition = crate::partition::of_region(&self.endpoint.region);
        let service = service::find(&self.endpoint.service);
        let formats = service.iter().flat_map(Service::arns);
        let services: BTreeSet<&str> = formats
            .filter_map(|format| match format.split(':').collect::<Vec<_>>().as_slice() {
                [service, _, "*", ..] => Some(*service),
                _ => None,
            })
            .collect();
        for account in &self.perimeter.accounts {
            arns.extend(
                services
                    .iter()
                    .map(|service| format!("arn:{partition}:{service}:*:{account}:*")),
            );
        }
        let conditions: Vec<String> = self
            .except_services()
            .into_iter()
            .chain(self.unmarked(exempt))
            .collect();
        let action = match self.keyless() {
            Keyless::Some(actions) => format!(r#""Action":{}"#, list(&texts(actions))),
            _ => EVERY_ACTION.to_owned(),
        };
        self.deny("DenyUntrustedResourcesByArn", &action, &arns, &conditions)
    }

    /// The condition that no mark tells that AWS owns the resource.
    pub(super) fn unmarked(&self, exempt: &Exempt) -> Option<String> {
        let mut keys: Vec<(&str, Vec<String>)> = Vec::new();
        for mark in self.marks.iter().filter(|_| exempt.marked) {
            let value = mark.value.to_owned();
            match keys.iter_mut().find(|(key, _)| *key == mark.key) {
                Some((_, values)) => values.push(value),
                None => keys.push((mark.key, vec![value])),
            }
        }
        let keys: Vec<String> = keys
            .iter()
            .map(|(key, values)| format!("{}:{}", quoted(key), list(values)))
            .collect();
        (!keys.is_empty()).then(|| format!(r#""StringNotEquals":{{{}}}"#, keys.join(",")))
    }

    /// Conditions that hold for everybody whom the perimeter does not trust.
    pub(super) fn outsiders(&self, side: &str) -> Vec<String> {
        let perimeter = self.perimeter;
        let keys: Vec<String> = [("OrgID", &perimeter.organizations), ("Account", &perimeter.accounts)]
            .into_iter()
            .filter(|(_, values)| !values.is_empty())
            .map(|(key, values)| format!(r#""aws:{side}{key}":{}"#, list(values)))
            .collect();
        let mut conditions = Vec::new();
        if !keys.is_empty() {
            conditions.push(format!(r#""StringNotEqualsIfExists":{{{}}}"#, keys.join(",")));
        }
        if !perimeter.organization_paths.is_empty() {
            let below: Vec<String> = perimeter
                .organization_paths
                .iter()
                .map(|path| crate::analyse::below(path))
                .collect();
            conditions.push(format!(
                r#""ForAllValues:StringNotLike":{{"aws:{side}OrgPaths":{}}}"#,
                list(&below)
            ));
        }
        conditions.extend(self.except_services());
        conditions
    }

    pub(super) fn except_services(&self) -> Option<String> {
        let condition = r#""BoolIfExists":{"aws:PrincipalIsAWSService":"false"}"#;
        self.perimeter.aws_services.then(|| condition.to_owned())
    }

    pub(super) fn deny(&self, sid: &str, action: &str, except: &[String], conditions: &[String]) -> String {
        let sid = free_sid(self.document, sid);
        let resource = if except.is_empty() {
            r#""Resource":"*""#.to_owned()
        } else {
            format!(r#""NotResource":{}"#, list(except))
        };
        let condition = if conditions.is_empty() {
            String::new()
        } else {
            format!(r#","Condition":{{{}}}"#, conditions.join(","))
        };
        format!(
            r#"{{"Sid":{},"Effect":"Deny","Principal":"*",{action},{resource}{condition}}}"#,
            quoted(&sid)
        )
    }
}

pub(super) const EVERY_ACTION: &str = r#""Action":"*""#;

pub(super) fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// The name for a new statement that no statement has.
pub(crate) fn free_sid(document: &Document, sid: &str) -> String {
    let taken = |sid: &String| {
        let mut statements = document.variants.iter().flat_map(|variant| &variant.statements);
        statements.any(|statement| statement.sid.as_ref() == Some(sid))
    };
    let mut names = std::iter::once(sid.to_owned()).chain((2..).map(|n| format!("{sid}{n}")));
    names.find(|sid| !taken(sid)).unwrap_or_default()
}

/// A JSON string.
pub(crate) fn quoted(text: &str) -> String {
    Value::String(text.to_owned()).to_string()
}

/// One JSON string, or an array of several.
pub(super) fn list(texts: &[String]) -> String {
    match texts {
        [one] => quoted(one),
        _ => format!(
            "[{}]",
            texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(",")
        ),
    }
}
