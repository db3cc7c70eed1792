//! The instants of requests.

use super::super::budget::Budget;
use super::super::model::{Key, KeyMeaning, Model};
use super::super::strings::candidates;
use super::{Choice, value_types};
use crate::bits::Bits;
use crate::condition_keys::ValueType;
use crate::document::Values;
use crate::glob::Pattern;
use crate::interpretation::Interpretation;
use crate::literal::{Date, FIRST_SECOND, LAST_SECOND, around, instant, iso};
use crate::text::{Form, Text};

/// Seconds on both sides of every limit, of those that requests can come at.
pub(super) fn moments(limits: &[Date], interpretation: Interpretation) -> Vec<i64> {
    let seconds = |limit: &Date| {
        let second = limit.milliseconds(interpretation.epoch_milliseconds).div_euclid(1_000);
        [second - 1, second, second + 1]
    };
    let all = limits.iter().flat_map(seconds);
    let possible = i128::from(FIRST_SECOND)..=i128::from(LAST_SECOND);
    all.filter(|second| possible.contains(second))
        .filter_map(|second| i64::try_from(second).ok())
        .collect()
}

/// Whether the text is one for every instant, or for none. Its case does not count with some operators.
fn tells_no_time(text: &Text) -> bool {
    match text.fixed() {
        Some(Form::Text(Pattern::All)) | Some(Form::Arn(_)) => true,
        Some(Form::Text(Pattern::Exact(exact))) => instant(&exact.to_uppercase()).is_none(),
        _ => false,
    }
}

/// Instants that the document tells apart, from now on.
pub(in super::super) fn instants(model: &Model<'_>, complete: &mut bool, budget: &mut Budget) -> Vec<Choice> {
    let now = model.setting.endpoint.time;
    let mut all = vec![now];
    // Requests come after their credentials were issued.
    let told = |key: &&Key<'_>| key.kind == KeyMeaning::Time || key.id == "aws:tokenissuetime";
    for key in model.keys.iter().filter(told) {
        for (_, condition) in &key.conditions {
            match &condition.values {
                Values::Dates(limits) => all.extend(moments(limits, model.interpretation)),
                Values::Numbers(limits) => {
                    let seconds = around(limits);
                    all.extend(
                        seconds
                            .iter()
                            .filter_map(|second| second.to_string().parse::<i64>().ok()),
                    );
                }
                Values::Texts(_) if key.kind != KeyMeaning::Time => {}
                Values::Texts(texts) if texts.iter().all(tells_no_time) => {}
                Values::Texts(texts) => {
                    let forms = texts.iter().filter_map(Text::fixed);
                    let patterns = forms.filter_map(|form| match form {
                        Form::Text(Pattern::Exact(exact)) => Some(Pattern::Exact(exact.to_uppercase())),
                        Form::Text(pattern) => Some(pattern.clone()),
                        Form::Arn(_) => None,
                    });
                    let patterns: Vec<Pattern> = patterns.collect();
                    let domain = value_types::domain(ValueType::Date);
                    let found = candidates(&patterns, &domain, budget);
                    *complete &= found.complete && patterns.len() == texts.len() && key.id == "aws:currenttime";
                    all.extend(found.values.iter().filter_map(|value| instant(value)));
                }
                Values::Networks(_) | Values::Bools(_) | Values::Binary(_) => {}
            }
        }
    }
    all.retain(|instant| *instant <= LAST_SECOND);
    all.retain(|instant| *instant >= now);
    all.sort_unstable();
    all.dedup();
    let choice = |instant: i64| {
        let mut sig = Bits::ALL;
        for key in model.keys.iter().filter(|key| key.kind == KeyMeaning::Time) {
            let value = if key.id == "aws:epochtime" {
                instant.to_string()
            } else {
                iso(instant)
            };
            sig = sig & model.sig_of(key, &[&value], None);
        }
        let values = vec![instant.to_string()];
        Choice { values, sig }
    };
    all.into_iter().map(choice).collect()
}
