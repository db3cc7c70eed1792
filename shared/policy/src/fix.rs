//! The smallest change that provably closes a policy: Denies at its end, and nothing of the customer's touched.

use serde_json::Value;

use crate::analyse::{Containment, analyse, loses};
use crate::document::{Document, Effect, Element, MOST_CHARACTERS};
use crate::evaluate::Request;
use crate::federation;
use crate::service::{self, Keyless};
use crate::text::{ArnPattern, Form, Text};
use crate::{EndpointContext, Perimeter};

/// A closed document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// The whole document. Without white space if it would be too long with it.
    pub text: String,
    /// The statements at its end that are new, each as JSON. None when there was no hole.
    pub added: Vec<String>,
}

/// Why there is no change that is proven to close the holes and to keep what is legitimate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoFix {
    #[error("the policy cannot be decided: {}", .0.join("; "))]
    Undecided(Vec<String>),
    #[error("the perimeter trusts nobody, so the fix would lock everybody out: name an organisation or an account")]
    NobodyTrusted,
    #[error("no Deny could be proven to close the policy")]
    NotClosed,
    #[error("the fix would take away legitimate requests such as `{}` on `{}` by `{}`", .0.action, .0.resource, .0.principal)]
    Loses(Box<Request>),
    #[error("it could not be proven that the fix keeps every legitimate request")]
    LossUnknown,
    #[error("the fix would lock everybody out")]
    LocksOut,
    #[error(
        "the fixed policy would have {0} characters, more than the {MOST_CHARACTERS} that an endpoint policy may have"
    )]
    TooLong(usize),
}

/// Closes the holes of a policy. The result is proven: it has no hole, it allows every request that was allowed and
/// lies in neither hole, it locks nobody out who was not, AWS takes its length, and fixing it again changes nothing.
pub fn fix(document: &Document, perimeter: &Perimeter, endpoint: &EndpointContext) -> Result<Fix, NoFix> {
    let before = analyse(document, perimeter, endpoint);
    match before.verdict {
        Containment::Closed | Containment::LockedOut => {
            return Ok(Fix {
                text: document.text().to_owned(),
                added: Vec::new(),
            });
        }
        Containment::Undecided => return Err(NoFix::Undecided(before.reasons)),
        Containment::Open => {}
    }
    if !perimeter.trusts_somebody() {
        return Err(NoFix::NobodyTrusted);
    }
    let writer = Writer {
        document,
        perimeter,
        endpoint,
        owned: crate::aws_owned::resources(perimeter, endpoint),
    };
    let mut reason = NoFix::NotClosed;
    for denies in writer.attempts(before.identity.is_some(), before.resource.is_some()) {
        match writer.proven(&denies, before.locked_out) {
            Ok(fix) => return Ok(fix),
            Err(NoFix::NotClosed) => {}
            Err(other) => reason = other,
        }
    }
    Err(reason)
}

struct Writer<'d> {
    document: &'d Document,
    perimeter: &'d Perimeter,
    endpoint: &'d EndpointContext,
    owned: Vec<String>,
}

impl Writer<'_> {
    /// Lists of statements to try, the smallest first.
    fn attempts(&self, identity: bool, resource: bool) -> Vec<Vec<String>> {
        let mut actions = vec![EVERY_ACTION.to_owned()];
        if federation::comes_through(self.endpoint) {
            actions.push(format!(
                r#""NotAction":{}"#,
                list(&federation::ACTIONS.map(str::to_owned))
            ));
        }
        let owned = self.reached(&self.owned);
        let mut identities: Vec<Vec<String>> = Vec::new();
        for action in &actions {
            identities.push(vec![self.identity(action, &[])]);
            if !owned.is_empty() {
                identities.push(vec![self.identity(action, &owned)]);
            }
        }
        let mut exempt = self.reached(&self.perimeter.resources);
        exempt.extend(owned);
        let mut resources: Vec<Vec<String>> = vec![self.resource(&[], false)];
        if !exempt.is_empty() {
            resources.push(self.resource(&exempt, false));
        }
        resources.push(self.resource(&exempt, true));
        let mut all = Vec::new();
        if identity {
            all.extend(identities.iter().cloned());
        }
        if resource {
            all.extend(resources.iter().cloned());
        }
        if identity && resource {
            for first in &identities {
                all.extend(resources.iter().map(|second| [first.as_slice(), second].concat()));
            }
        }
        all
    }

    /// Those of the ARNs that an Allow of the document may reach.
    fn reached(&self, arns: &[String]) -> Vec<String> {
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
        arns.iter()
            .filter(|arn| elements().any(|element| reaches(element, &ArnPattern::wild(arn))))
            .cloned()
            .collect()
    }

    fn identity(&self, action: &str, except: &[String]) -> String {
        let mut conditions = self.strangers("Principal");
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
    fn resource(&self, except: &[String], by_arn: bool) -> Vec<String> {
        let keyed = |action: &str| self.deny("DenyUntrustedResources", action, except, &self.strangers("Resource"));
        let service = service::find(&self.endpoint.service);
        let keyless = service.as_ref().map_or(Keyless::None, |service| service.keyless());
        if !by_arn || keyless == Keyless::None {
            return vec![keyed(EVERY_ACTION)];
        }
        let mut arns = except.to_vec();
        if let Some(prefix) = service.as_ref().and_then(|service| service.prefixes().next()) {
            let prefix = if prefix == "ebs" { "ec2" } else { prefix };
            let partition = crate::template::partition(&self.endpoint.region);
            arns.extend(
                self.perimeter
                    .accounts
                    .iter()
                    .map(|account| format!("arn:{partition}:{prefix}:*:{account}:*")),
            );
        }
        let services: Vec<String> = self.except_services().into_iter().collect();
        let by_arn = |action: &str| self.deny("DenyUntrustedResourcesByArn", action, &arns, &services);
        match keyless {
            Keyless::Some(actions) => {
                let actions: Vec<String> = actions.iter().map(|action| (*action).to_owned()).collect();
                let named = |element: &str| format!("{}:{}", quoted(element), list(&actions));
                vec![keyed(&named("NotAction")), by_arn(&named("Action"))]
            }
            _ => vec![by_arn(EVERY_ACTION)],
        }
    }

    /// Conditions that hold for everybody whom the perimeter does not trust.
    fn strangers(&self, side: &str) -> Vec<String> {
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

    fn except_services(&self) -> Option<String> {
        let condition = r#""BoolIfExists":{"aws:PrincipalIsAWSService":"false"}"#;
        self.perimeter.aws_services.then(|| condition.to_owned())
    }

    fn deny(&self, sid: &str, action: &str, except: &[String], conditions: &[String]) -> String {
        let taken = |sid: &String| {
            let mut statements = self.document.variants.iter().flat_map(|variant| &variant.statements);
            statements.any(|statement| statement.sid.as_ref() == Some(sid))
        };
        let mut names = std::iter::once(sid.to_owned()).chain((2..).map(|n| format!("{sid}{n}")));
        let sid = names.find(|sid| !taken(sid)).unwrap_or_default();
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

    /// The document with the statements at its end, if all that a fix promises can be proven of it.
    fn proven(&self, added: &[String], was_locked_out: bool) -> Result<Fix, NoFix> {
        let mut text = append(self.document, added);
        if text.chars().count() > MOST_CHARACTERS {
            text = minified(&text);
        }
        let characters = text.chars().count();
        if characters > MOST_CHARACTERS {
            return Err(NoFix::TooLong(characters));
        }
        let fixed = Document::parse(&text).map_err(|_| NoFix::NotClosed)?;
        let after = analyse(&fixed, self.perimeter, self.endpoint);
        if !matches!(after.verdict, Containment::Closed | Containment::LockedOut) {
            return Err(NoFix::NotClosed);
        }
        match loses(&fixed, added.len(), self.perimeter, self.endpoint) {
            Some(None) => {}
            Some(Some(request)) => return Err(NoFix::Loses(Box::new(request))),
            None => return Err(NoFix::LossUnknown),
        }
        if after.locked_out && !was_locked_out {
            return Err(NoFix::LocksOut);
        }
        Ok(Fix {
            text,
            added: added.to_vec(),
        })
    }
}

const EVERY_ACTION: &str = r#""Action":"*""#;

/// A JSON string.
fn quoted(text: &str) -> String {
    Value::String(text.to_owned()).to_string()
}

/// One JSON string, or an array of several.
fn list(texts: &[String]) -> String {
    match texts {
        [one] => quoted(one),
        _ => format!(
            "[{}]",
            texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(",")
        ),
    }
}

/// The text with statements at the end of `Statement`, laid out like the last one there.
fn append(document: &Document, added: &[String]) -> String {
    let text = document.text();
    let span = document.statement_span.clone();
    let (before, statement, after) = (text.get(..span.start), text.get(span.clone()), text.get(span.end..));
    let (before, statement, after) = (
        before.unwrap_or_default(),
        statement.unwrap_or_default(),
        after.unwrap_or_default(),
    );
    let Some(inside) = statement.strip_suffix(']') else {
        return format!("{before}[{statement}, {}]{after}", added.join(", "));
    };
    let kept = inside.trim_end();
    let margin: String = match kept.rsplit_once('\n') {
        Some((_, line)) if inside.len() > kept.len() => {
            let indent: String = line.chars().take_while(|c| *c == ' ' || *c == '\t').collect();
            format!("\n{indent}")
        }
        _ => " ".to_owned(),
    };
    let end = inside.get(kept.len()..).unwrap_or_default();
    let mut all = format!("{before}{kept}");
    for statement in added {
        all.push(',');
        all.push_str(&margin);
        all.push_str(statement);
    }
    format!("{all}{end}]{after}")
}

/// JSON without white space between its tokens.
fn minified(text: &str) -> String {
    let (mut inside, mut escaped) = (false, false);
    text.chars()
        .filter(|c| {
            if inside {
                inside = escaped || *c != '"';
                escaped = !escaped && *c == '\\';
                return true;
            }
            inside = *c == '"';
            !c.is_ascii_whitespace()
        })
        .collect()
}

#[cfg(test)]
mod tests;
