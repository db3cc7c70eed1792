//! One statement: effect, principal, action, resource.

use std::borrow::Cow;

use super::Parser;
use crate::arn::{Arn, is_account};
use crate::document::{ActionPattern, Effect, Element, PrincipalEntry, Statement};
use crate::json::{Node, Value};
use crate::text::{ArnPattern, Form, Style, Text};

impl Parser<'_> {
    pub(super) fn statement(&mut self, index: usize, node: &Node<'_>) -> Option<Statement> {
        let path = format!("Statement[{index}]");
        let members = self.members(&path, node, Cow::Borrowed);
        if !matches!(node.kind, Value::Object(_)) {
            return None;
        }
        let find = |wanted: &str| {
            members
                .iter()
                .find(|(name, _)| *name == wanted)
                .map(|(_, value)| *value)
        };
        const KNOWN: [&str; 9] = [
            "Sid",
            "Effect",
            "Principal",
            "NotPrincipal",
            "Action",
            "NotAction",
            "Resource",
            "NotResource",
            "Condition",
        ];
        for (name, value) in &members {
            if !KNOWN.contains(name) {
                self.problem(&format!("{path}.{name}"), value, "is no element of a statement");
            }
        }
        let sid = find("Sid").and_then(|value| self.scalar(&format!("{path}.Sid"), value));
        let effect = match find("Effect") {
            Some(value) => self.effect(&format!("{path}.Effect"), value),
            None => {
                self.problem(&path, node, "has no `Effect`");
                None
            }
        };
        let pick = |parser: &mut Self, name: &'static str, negated: &'static str| match (find(name), find(negated)) {
            (Some(value), None) => Some((false, format!("{path}.{name}"), value)),
            (None, Some(value)) => Some((true, format!("{path}.{negated}"), value)),
            (Some(_), Some(_)) => {
                parser.problem(&path, node, format!("has both `{name}` and `{negated}`"));
                None
            }
            (None, None) => {
                parser.problem(&path, node, format!("has no `{name}`"));
                None
            }
        };
        let principal = pick(self, "Principal", "NotPrincipal");
        let action = pick(self, "Action", "NotAction");
        let resource = pick(self, "Resource", "NotResource");
        let conditions =
            find("Condition").map_or_else(Vec::new, |value| self.conditions(&format!("{path}.Condition"), value));
        let principal = principal.map(|(not, path, value)| {
            if not && effect == Some(Some(Effect::Allow)) {
                self.problem(&path, value, "is supported with Deny only");
            }
            let values = self.principal(&path, value);
            Element { not, values }
        });
        let action = action.map(|(not, path, value)| {
            let values = self.list(&path, value).into_iter().map(ActionPattern::new).collect();
            Element { not, values }
        });
        let resource = resource.map(|(not, path, value)| {
            let values = self.resources(&path, value);
            Element { not, values }
        });
        Some(Statement {
            index,
            sid,
            effect: effect??,
            principal: principal?,
            action: action?,
            resource: resource?,
            conditions,
        })
    }

    /// The inner nothing is a statement to leave out.
    fn effect(&mut self, path: &str, node: &Node<'_>) -> Option<Option<Effect>> {
        let text = self.scalar(path, node)?;
        let effect = match text.to_ascii_lowercase().as_str() {
            "allow" => Effect::Allow,
            "deny" => Effect::Deny,
            _ => {
                self.problem(path, node, format!("is `{text}`, neither `Allow` nor `Deny`"));
                return None;
            }
        };
        if matches!(text.as_str(), "Allow" | "Deny") {
            return Some(Some(effect));
        }
        self.met.effect = true;
        self.note(path, format!("is `{text}` in the wrong case: AWS refuses it"));
        Some((!self.choices.strict_effect).then_some(effect))
    }

    fn resources(&mut self, path: &str, node: &Node<'_>) -> Vec<Text> {
        let mut texts = Vec::new();
        for raw in self.list(path, node) {
            match Text::new(raw, Style::Arn, self.variables) {
                Ok(text) => {
                    if matches!(text.fixed(), Some(Form::Arn(ArnPattern::Short(_)))) {
                        self.note(path, format!("has `{}`, which is neither an ARN nor `*`", text.raw));
                    }
                    texts.push(text);
                }
                Err(message) => self.problem(path, node, message),
            }
        }
        texts
    }

    fn principal(&mut self, path: &str, node: &Node<'_>) -> Vec<PrincipalEntry> {
        match &node.kind {
            Value::String(text) if text == "*" => return vec![PrincipalEntry::Everyone],
            Value::Object(members) if !members.is_empty() => {}
            _ => {
                self.problem(path, node, "is neither `*` nor an object such as `{\"AWS\": …}`");
                return Vec::new();
            }
        }
        let mut entries = Vec::new();
        for (kind, value) in self.members(path, node, Cow::Borrowed) {
            let path = format!("{path}.{kind}");
            match kind {
                "AWS" => {
                    for name in self.list(&path, value) {
                        entries.push(self.aws_principal(&path, name));
                    }
                }
                "Service" => entries.extend(self.list(&path, value).into_iter().map(PrincipalEntry::Service)),
                "Federated" => entries.extend(self.list(&path, value).into_iter().map(PrincipalEntry::Federated)),
                "CanonicalUser" => {
                    entries.extend(self.list(&path, value).into_iter().map(PrincipalEntry::Unknown));
                }
                _ => self.problem(
                    &path,
                    value,
                    "is none of `AWS`, `Service`, `Federated`, `CanonicalUser`",
                ),
            }
        }
        entries
    }

    fn aws_principal(&mut self, path: &str, name: String) -> PrincipalEntry {
        if name == "*" {
            return PrincipalEntry::EveryAws;
        }
        if is_account(&name) {
            return PrincipalEntry::Account(name);
        }
        match Arn::parse(&name) {
            Some(arn) if arn.service == "iam" && arn.resource == "root" && is_account(arn.account) => {
                PrincipalEntry::Account(arn.account.to_owned())
            }
            Some(arn) if arn.is_principal() && !name.contains(['*', '?']) => PrincipalEntry::Arn(name),
            _ => {
                let why = if name.contains(['*', '?']) {
                    "wildcards cannot match part of a principal's name"
                } else {
                    "it is no account and no principal's ARN"
                };
                self.note(path, format!("has `{name}`, which matches nobody: {why}"));
                PrincipalEntry::Nobody(name)
            }
        }
    }
}
