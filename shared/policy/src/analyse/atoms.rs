//! Whether a condition holds for given values of its key: the analyser's own answer, which the evaluator checks.

use crate::condition_keys::{self, ValueType};
use crate::document::{Condition, Values};
use crate::glob::Pattern;
use crate::interpretation::Interpretation;
use crate::literal::{Date, Number, milliseconds};
use crate::operators::{Family, Operator, Quantifier};
use crate::text::{Form, Text};

/// The values of keys that variables may name, by the key in lower case.
pub(super) type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

pub(super) fn nothing(_: &str) -> Option<String> {
    None
}

pub(super) fn holds(
    condition: &Condition,
    values: &[&str],
    interpretation: Interpretation,
    lookup: Lookup<'_>,
) -> bool {
    if condition.operator == Operator::Null {
        let Values::Bools(wanted) = &condition.values else {
            return false;
        };
        return wanted.contains(&values.is_empty());
    }
    let negated = condition.operator.negated();
    if values.is_empty() {
        return match condition.quantifier {
            Some(Quantifier::ForAllValues) => true,
            Some(Quantifier::ForAnyValue) => condition.if_exists && interpretation.any_value_if_exists,
            None => negated || condition.if_exists,
        };
    }
    if !interpretation.plain_compares_each && condition.plain_on_several() {
        return false;
    }
    let mut fit = values
        .iter()
        .map(|value| fits(condition, value, interpretation, Some(lookup)));
    if condition.quantifier == Some(Quantifier::ForAllValues) || (condition.quantifier.is_none() && negated) {
        fit.all(|fits| fits)
    } else {
        fit.any(|fits| fits)
    }
}

/// Whether a condition holds for these values of its key and some values of its variables. True when that is not known.
pub(super) fn may_hold(condition: &Condition, values: &[&str], interpretation: Interpretation) -> bool {
    if values.is_empty() || !condition.linked() {
        return holds(condition, values, interpretation, &nothing);
    }
    if !interpretation.plain_compares_each && condition.plain_on_several() {
        return false;
    }
    let negated = condition.operator.negated();
    let fits = |value: &&str| fits(condition, value, interpretation, None);
    let mut values = values.iter();
    if condition.quantifier == Some(Quantifier::ForAllValues) || (condition.quantifier.is_none() && negated) {
        values.all(fits)
    } else {
        values.any(fits)
    }
}

/// Whether one value fits a condition, with a lookup; without one, whether it fits for some values of the variables.
pub(super) fn fits(
    condition: &Condition,
    value: &str,
    interpretation: Interpretation,
    lookup: Option<Lookup<'_>>,
) -> bool {
    let negated = condition.operator.negated();
    let (texts, None) = (condition.texts(), lookup) else {
        return listed(condition, value, interpretation, lookup.unwrap_or(&nothing)) != negated;
    };
    if !condition.linked() {
        return listed(condition, value, interpretation, &nothing) != negated;
    }
    let folded = matches!(condition.operator.family(), Family::Text { ignore_case: true, .. });
    let mut fixed = texts.iter().filter_map(Text::fixed);
    if negated {
        return !fixed.any(|form| form_fits(form, value, folded, interpretation));
    }
    let mut linked = texts.iter().filter(|text| text.fixed().is_none());
    fixed.any(|form| form_fits(form, value, folded, interpretation))
        || linked.any(|text| folded || widened(text).is_none_or(|form| form_fits(&form, value, false, interpretation)))
}

/// A form that stands for at least what a text stands for, whatever its variables are. Nothing when a variable could
/// change where the fields of an ARN begin.
pub(super) fn widened(text: &Text) -> Option<Form> {
    let colon = |text: &Option<String>| text.as_ref().is_some_and(|text| text.contains(':'));
    if text.variables().any(|variable| colon(&variable.default)) {
        return None;
    }
    text.widened(|key| {
        condition_keys::find(key).is_some_and(|key| {
            matches!(
                key.values,
                ValueType::Account
                    | ValueType::Organization
                    | ValueType::OrganizationPath
                    | ValueType::Name
                    | ValueType::Vpc
            )
        })
    })
}

/// Whether the value is among those of the policy.
fn listed(condition: &Condition, value: &str, interpretation: Interpretation, lookup: Lookup<'_>) -> bool {
    match &condition.values {
        Values::Texts(texts) => {
            let folded = matches!(condition.operator.family(), Family::Text { ignore_case: true, .. });
            texts
                .iter()
                .any(|text| text_fits(text, value, folded, interpretation, lookup))
        }
        Values::Numbers(limits) => match (condition.operator.family(), Number::parse(value)) {
            (Family::Number(order), Some(value)) => limits.iter().any(|limit| order.holds(&value, limit)),
            _ => false,
        },
        Values::Dates(limits) => match (condition.operator.family(), milliseconds(value)) {
            (Family::Date(order), Some(value)) => {
                let limit = |date: &Date| date.milliseconds(interpretation.epoch_milliseconds);
                limits.iter().any(|date| order.holds(&value, &limit(date)))
            }
            _ => false,
        },
        Values::Networks(networks) => networks.iter().any(|network| network.contains(value)),
        Values::Bools(wanted) => match value.to_ascii_lowercase().as_str() {
            "true" => wanted.contains(&true),
            "false" => wanted.contains(&false),
            _ => false,
        },
        Values::Binary(wanted) => wanted.iter().any(|binary| binary == value),
    }
}

fn text_fits(text: &Text, value: &str, folded: bool, interpretation: Interpretation, lookup: Lookup<'_>) -> bool {
    let resolved;
    let form = match text.fixed() {
        Some(form) => form,
        None => match text.resolve(lookup) {
            Some(form) => {
                resolved = form.into_owned();
                &resolved
            }
            None => return false,
        },
    };
    form_fits(form, value, folded, interpretation)
}

fn form_fits(form: &Form, value: &str, folded: bool, interpretation: Interpretation) -> bool {
    match form {
        Form::Text(Pattern::Exact(exact)) if folded => exact.to_lowercase() == value.to_lowercase(),
        Form::Text(pattern) => pattern.matches(value),
        Form::Arn(pattern) => pattern.matches(value, interpretation.short_arns),
    }
}
