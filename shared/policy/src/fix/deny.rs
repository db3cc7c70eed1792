//! The Denies that a fix is made of.

use std::cell::RefCell;
use std::collections::BTreeSet;

use serde_json::Value;

use super::examples::Examples;
use crate::analyse::Setting;
use crate::arn::Arn;
use crate::document::{Document, Effect, Element, Version};
use crate::service::{Format, Keyless, sometimes_tells};
use crate::text::{ArnPattern, Form, Text};
use crate::{EndpointContext, Perimeter};

pub(super) struct Writer<'d> {
    pub(super) document: &'d Document,
    pub(super) setting: &'d Setting<'d>,
    pub(super) perimeter: &'d Perimeter,
    pub(super) endpoint: &'d EndpointContext,
    /// What AWS owns and an Allow of the document may reach.
    pub(super) owned: Vec<String>,
    pub(super) examples: RefCell<Examples>,
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
        let trusted = self
            .perimeter
            .resources_behind(self.setting.service, &self.endpoint.region);
        let mut arns = self.reached(&trusted);
        arns.extend(self.owned.iter().cloned());
        let marked = marks
            && self
                .setting
                .marks
                .iter()
                .any(|mark| !self.reached(&mark.arns).is_empty());
        Exempt { arns, marked }
    }

    /// The actions whose requests do not tell who owns the resource.
    pub(super) fn keyless(&self) -> Keyless {
        self.setting.service.map_or(Keyless::None, |service| service.keyless)
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
        let service = self.setting.service;
        let of_service = |arn: &&String| {
            let named = Arn::parse(arn).map_or("*", |arn| arn.service);
            let own = |format: &Format| format.service == named;
            named.contains(['*', '?']) || service.is_none_or(|service| service.formats.iter().any(own))
        };
        arns.iter()
            .filter(of_service)
            .filter(|arn| elements().any(|element| reaches(element, &ArnPattern::wild(arn))))
            .cloned()
            .collect()
    }

    /// Those of the resources that AWS owns that an Allow reaches by a name, not by `*`.
    pub(super) fn named(&self) -> Vec<String> {
        let statements = self.document.variants.iter().flat_map(|variant| &variant.statements);
        let allows = statements.filter(|statement| statement.effect == Effect::Allow && !statement.resource.not);
        let forms = allows
            .flat_map(|statement| &statement.resource.values)
            .filter_map(Text::fixed);
        let patterns: Vec<&ArnPattern> = forms
            .filter_map(|form| match form {
                Form::Arn(pattern) if *pattern != ArnPattern::All => Some(pattern),
                Form::Arn(_) | Form::Text(_) => None,
            })
            .collect();
        let named = |arn: &&String| {
            let arn = ArnPattern::wild(arn);
            patterns.iter().any(|pattern| pattern.overlaps(&arn))
        };
        self.owned.iter().filter(named).cloned().collect()
    }

    pub(super) fn identity(&self, action: &str, except: &[String]) -> Deny {
        let mut conditions = self.outsiders("Principal");
        let principals = &self.perimeter.principals;
        if !principals.is_empty() {
            conditions.push(Test::new("ArnNotEqualsIfExists", "aws:PrincipalArn", principals));
        }
        Deny::new("DenyUntrustedPrincipals", action, except, conditions)
    }

    /// The same for requests with a signature: the others have no key for who signed.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalisawsservice>
    pub(super) fn signed_identity(&self, action: &str, except: &[String]) -> Deny {
        let mut deny = self.identity(action, except);
        let services = Test::new("Bool", "aws:PrincipalIsAWSService", &["false".to_owned()]);
        match deny.tests.iter_mut().find(|test| test.key == services.key) {
            Some(test) => *test = services,
            None => deny.tests.push(Test::new("Null", &services.key, &["false".to_owned()])),
        }
        deny.sid = "DenyUntrustedSignedRequests";
        deny
    }

    /// By the keys for the owner, or for actions without these keys by the account in the ARN.
    pub(super) fn resource(&self, exempt: &Exempt, by_arn: bool) -> Vec<Deny> {
        let mut conditions = self.outsiders("Resource");
        conditions.extend(self.unmarked(exempt));
        let keyed = |action: &str| Deny::new("DenyUntrustedResources", action, &exempt.arns, conditions.clone());
        match self.keyless() {
            Keyless::Some(actions) if by_arn => {
                let but = format!(r#""NotAction":{}"#, list(&texts(actions)));
                vec![keyed(&but), self.by_arn(exempt)]
            }
            Keyless::All if by_arn => vec![self.by_arn(exempt)],
            _ => vec![keyed(EVERY_ACTION)],
        }
    }

    /// The services that ARNs of the endpoint's resources name, of those that name an account.
    fn services_with_accounts(&self) -> BTreeSet<&'static str> {
        let formats = self.setting.service.into_iter().flat_map(|service| &service.formats);
        let named = formats.filter(|format| format.account == "*");
        named.map(|format| format.service).collect()
    }

    /// The Deny for the actions whose requests do not tell who owns the resource.
    pub(super) fn by_arn(&self, exempt: &Exempt) -> Deny {
        let mut arns = exempt.arns.clone();
        let partition = crate::partition::of_region(&self.endpoint.region);
        let services = self.services_with_accounts();
        for account in &self.perimeter.accounts {
            arns.extend(
                services
                    .iter()
                    .map(|service| format!("arn:{partition}:{service}:*:{account}:*")),
            );
        }
        let conditions = self
            .except_services()
            .into_iter()
            .chain(self.unmarked(exempt))
            .collect();
        let action = match self.keyless() {
            Keyless::Some(actions) => format!(r#""Action":{}"#, list(&texts(actions))),
            _ => EVERY_ACTION.to_owned(),
        };
        Deny::new("DenyUntrustedResourcesByArn", &action, &arns, conditions)
    }

    /// The same, but it leaves the caller's own account alone and requests that tell who owns the resource. Variables work
    /// with the newer version of the language only.
    pub(super) fn by_arn_or_caller(&self, exempt: &Exempt) -> Option<Deny> {
        let Keyless::Some(actions) = self.keyless() else {
            return None;
        };
        let mut deny = self.by_arn(exempt);
        if self.document.version() == Version::V2012 {
            let partition = crate::partition::of_region(&self.endpoint.region);
            let own = |service: &str| format!("arn:{partition}:{service}:*:${{aws:PrincipalAccount}}:*");
            deny.except.extend(self.services_with_accounts().into_iter().map(own));
        }
        if actions.iter().any(|action| sometimes_tells(action)) {
            deny.tests
                .push(Test::new("Null", "aws:ResourceAccount", &["true".to_owned()]));
        }
        Some(deny)
    }

    /// The condition that no mark tells that AWS owns the resource.
    pub(super) fn unmarked(&self, exempt: &Exempt) -> Vec<Test> {
        let mut tests: Vec<Test> = Vec::new();
        for mark in self.setting.marks.iter().filter(|_| exempt.marked) {
            let value = mark.value.to_owned();
            match tests.iter_mut().find(|test| test.key == mark.key) {
                Some(test) => test.values.push(value),
                None => tests.push(Test::new("StringNotEquals", mark.key, &[value])),
            }
        }
        tests
    }

    /// Conditions that hold for everybody whom the perimeter does not trust.
    pub(super) fn outsiders(&self, side: &str) -> Vec<Test> {
        let perimeter = self.perimeter;
        let mut tests: Vec<Test> = [("OrgID", &perimeter.organizations), ("Account", &perimeter.accounts)]
            .into_iter()
            .filter(|(_, values)| !values.is_empty())
            .map(|(key, values)| Test::new("StringNotEqualsIfExists", &format!("aws:{side}{key}"), values))
            .collect();
        if !perimeter.organization_paths.is_empty() {
            let below: Vec<String> = perimeter
                .organization_paths
                .iter()
                .map(|path| crate::analyse::below(path))
                .collect();
            tests.push(Test::new(
                "ForAllValues:StringNotLike",
                &format!("aws:{side}OrgPaths"),
                &below,
            ));
        }
        tests.extend(self.except_services());
        tests
    }

    pub(super) fn except_services(&self) -> Option<Test> {
        let test = || Test::new("BoolIfExists", "aws:PrincipalIsAWSService", &["false".to_owned()]);
        self.perimeter.aws_services.then(test)
    }

    /// The statements as JSON, with names that no statement of the document has.
    pub(super) fn texts(&self, denies: &[Deny]) -> Vec<String> {
        denies.iter().map(|deny| deny.text(self.document)).collect()
    }
}

/// One condition of a Deny.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Test {
    operator: &'static str,
    key: String,
    values: Vec<String>,
}

impl Test {
    pub(super) fn new(operator: &'static str, key: &str, values: &[String]) -> Self {
        Self {
            operator,
            key: key.to_owned(),
            values: values.to_vec(),
        }
    }
}

/// A Deny for every principal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Deny {
    sid: &'static str,
    /// The member `Action` or `NotAction`, as JSON.
    action: String,
    /// What `NotResource` lists.
    pub(super) except: Vec<String>,
    tests: Vec<Test>,
}

/// Longer lists of exceptions are resources of AWS that the document reaches: each of them is needed, and to prove that
/// one by one takes longer than everything else.
pub(super) const FEW_EXCEPTIONS: usize = 4;

impl Deny {
    pub(super) fn new(sid: &'static str, action: &str, except: &[String], tests: Vec<Test>) -> Self {
        Self {
            sid,
            action: action.to_owned(),
            except: except.to_vec(),
            tests,
        }
    }

    /// The same Deny without one of its conditions or exceptions, in each possible way.
    pub(super) fn smaller(&self) -> Vec<Self> {
        let tests = (0..self.tests.len()).filter(|_| self.tests.len() > 1).map(|at| {
            let mut other = self.clone();
            other.tests.remove(at);
            other
        });
        let exceptions = (0..self.except.len())
            .filter(|_| self.except.len() <= FEW_EXCEPTIONS)
            .map(|at| {
                let mut other = self.clone();
                other.except.remove(at);
                other
            });
        // The exemption of services comes last in its list and is needed least.
        tests.rev().chain(exceptions).collect()
    }

    /// The same with all of a list in the place of a few.
    pub(super) fn with_all(&self, few: &[String], all: &[String]) -> Self {
        let mut except: Vec<String> = self.except.iter().filter(|arn| !few.contains(arn)).cloned().collect();
        if except.len() < self.except.len() {
            except.extend(all.iter().cloned());
        }
        Self { except, ..self.clone() }
    }

    fn text(&self, document: &Document) -> String {
        let sid = free_sid(document, self.sid);
        let resource = if self.except.is_empty() {
            r#""Resource":"*""#.to_owned()
        } else {
            format!(r#""NotResource":{}"#, list(&self.except))
        };
        let mut operators: Vec<(&str, Vec<String>)> = Vec::new();
        for test in &self.tests {
            let key = format!("{}:{}", quoted(&test.key), list(&test.values));
            match operators.iter_mut().find(|(operator, _)| *operator == test.operator) {
                Some((_, keys)) => keys.push(key),
                None => operators.push((test.operator, vec![key])),
            }
        }
        let operators: Vec<String> = operators
            .iter()
            .map(|(operator, keys)| format!("{}:{{{}}}", quoted(operator), keys.join(",")))
            .collect();
        let condition = if operators.is_empty() {
            String::new()
        } else {
            format!(r#","Condition":{{{}}}"#, operators.join(","))
        };
        format!(
            r#"{{"Sid":{},"Effect":"Deny","Principal":"*",{},{resource}{condition}}}"#,
            quoted(&sid),
            self.action
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
