//! What more Denies take away of what a document lets through.

use super::budget::Budget;
use super::model::{Model, Supposition};
use super::search::{Goal, Links, Search};
use super::setting::Setting;
use super::witness_candidates::with_known_action;
use super::{MOST_VALUES, witness};
use crate::document::Document;
use crate::evaluate::{Request, evaluate_as};
use crate::interpretation::{Named, interpretations};
use crate::{EndpointContext, Perimeter};

/// Whether the last `denies` statements of a document, Denies all, take away a request that lies in neither hole. The
/// outer nothing is that this cannot be told.
pub(crate) fn regression(document: &Document, denies: usize, setting: &Setting<'_>) -> Option<Option<Request>> {
    let mut budget = Budget::new();
    let (interpretations, all) = interpretations(document, true, setting.bearers);
    if !all || document.size() > MOST_VALUES {
        return None;
    }
    for named in &interpretations {
        // A Deny also takes away what the lists of keys by action lack.
        let models = || Model::all(document, setting, named.interpretation, Supposition::OnEveryAction);
        let marked = setting.marks.iter().flat_map(|mark| {
            let mut all = models();
            all.iter_mut().for_each(|model| model.confine(mark));
            all
        });
        for model in marked.chain(models()) {
            let lost = regression_of(&model, denies, &mut budget)?;
            if lost.is_some() {
                return Some(lost);
            }
        }
    }
    Some(None)
}

/// The same of one model.
fn regression_of(model: &Model<'_>, denies: usize, budget: &mut Budget) -> Option<Option<Request>> {
    let mut search = Search::new(model, budget);
    let count = model.statements.len();
    let first = count.saturating_sub(denies);
    for place in first..count {
        let goal = Goal::Lost { place, first };
        let lost = search.find(goal, Links::Suppose, budget, &mut |found| {
            Some(witness::request(model, &with_known_action(model, found.clone())))
        });
        if lost.is_some() {
            return Some(lost);
        }
        if !search.complete {
            return None;
        }
    }
    Some(None)
}

/// A request between trusted principals and trusted resources that the statements at the end of `after` take away, where
/// `after` is `before` with Denies at its end. None where there is none, or where this cannot be told.
pub fn taken_away(
    before: &Document,
    after: &Document,
    perimeter: &Perimeter,
    endpoint: &EndpointContext,
) -> Option<Request> {
    let denies = after.statements().len().checked_sub(before.statements().len())?;
    regression(after, denies, &Setting::new(perimeter, endpoint)).flatten()
}

/// A request in neither hole that a document allows and no longer allows with one more Deny at its end: `after` is the
/// document with it. The outer nothing is that this cannot be told.
pub(crate) fn removes_access(before: &Document, after: &Document, setting: &Setting<'_>) -> Option<Option<Request>> {
    let mut budget = Budget::new();
    // How services and callers without a signature are taken makes no difference to instances.
    let (interpretations, all) = interpretations(after, false, false);
    if !all || after.size() > MOST_VALUES {
        return None;
    }
    let models = |named: &Named| Model::all(after, setting, named.interpretation, Supposition::OnEveryAction);
    for (named, model) in interpretations
        .iter()
        .flat_map(|named| models(named).into_iter().map(move |model| (named, model)))
    {
        let mut search = Search::new(&model, &mut budget);
        let Some(place) = model.statements.len().checked_sub(1) else {
            continue;
        };
        let goal = Goal::Lost { place, first: place };
        let possible = search.find(goal, Links::Suppose, &mut budget, &mut |_| Some(()));
        if possible.is_none() && search.complete {
            continue;
        }
        let mut unconfirmed = false;
        let found = search.find(goal, Links::Follow, &mut budget, &mut |found| {
            let request = witness::request(&model, &with_known_action(&model, found.clone()));
            let allowed = evaluate_as(before, &request, named.interpretation).is_allowed();
            unconfirmed |= !allowed;
            allowed.then_some(request)
        });
        if found.is_some() {
            return Some(found);
        }
        if unconfirmed || !search.complete || !search.exact {
            return None;
        }
    }
    Some(None)
}
