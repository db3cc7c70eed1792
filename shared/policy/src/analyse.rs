//! Decides whether principals outside a perimeter can use an endpoint, whether resources outside it can be reached,
//! and whether trusted principals can use it at all.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::document::{Document, MOST_CHARACTERS};
use crate::evaluate::{Request, evaluate_as};
use crate::interpretation::{Named, interpretations};
use crate::possible::{impossible_behind, misfit};
use crate::{EndpointContext, Perimeter};

mod actions;
mod atoms;
mod automata;
mod budget;
mod callers;
mod explain;
mod hints;
mod identities;
mod keys;
mod model;
mod owners;
mod path_shapes;
mod regressions;
mod resources;
mod search;
mod setting;
mod strings;
mod summary;
mod witness;
mod witness_candidates;

pub(crate) use identities::below;
pub use regressions::taken_away;
pub(crate) use regressions::{regression, removes_access};
pub(crate) use setting::Setting;

use budget::Budget;
use model::{Model, Supposition};
use search::{Goal, Links, Search};
use summary::Summary;

/// So many texts of four characters fill the longest document that AWS takes.
const MOST_VALUES: usize = MOST_CHARACTERS / 4;

const TOO_MANY: &str = "the document has more cases than the limit";

/// What a policy is, held against a perimeter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Containment {
    /// A principal outside the perimeter can use the endpoint, or a resource outside it can be reached.
    Open,
    /// Proven to have neither hole.
    Closed,
    /// No trusted principal reaches any trusted resource.
    LockedOut,
    /// Neither a hole nor its absence could be proven.
    Undecided,
}

/// A request that the policy allows and should not. It was confirmed by [`crate::evaluate`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Witness {
    #[serde(flatten)]
    pub request: Request,
    /// Keys that have to have their values although the caller may not control them. Empty for most witnesses.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditional: Vec<String>,
    /// How the document has to be understood for this, where AWS's documentation leaves that open.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub supposing: Vec<String>,
}

/// The answers to the questions of a perimeter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Analysis {
    pub verdict: Containment,
    /// A request by an untrusted principal.
    pub identity: Option<Witness>,
    /// A request to an untrusted resource.
    pub resource: Option<Witness>,
    /// Whether it was found out if there is a request by an untrusted principal.
    pub identity_decided: bool,
    /// Whether it was found out if there is a request to an untrusted resource.
    pub resource_decided: bool,
    pub locked_out: bool,
    /// Why a verdict could not be reached, what is ambiguous, and what AWS would refuse.
    pub reasons: Vec<String>,
    /// In words: who gets in, doing what, through which statement, and why nothing stops it. One line each.
    pub explanation: Vec<String>,
}

impl Analysis {
    /// What is to be said of a policy that cannot be judged.
    pub fn undecided(reasons: Vec<String>) -> Self {
        Self {
            verdict: Containment::Undecided,
            identity: None,
            resource: None,
            identity_decided: false,
            resource_decided: false,
            locked_out: false,
            reasons,
            explanation: Vec::new(),
        }
    }
}

/// Decides whether the policy of an endpoint lets in principals outside the perimeter, whether it lets requests out to
/// resources outside it, and whether trusted principals can use the endpoint.
pub fn analyse(document: &Document, perimeter: &Perimeter, endpoint: &EndpointContext) -> Analysis {
    Setting::new(perimeter, endpoint).analyse(document)
}

fn analysis(document: &Document, setting: &Setting<'_>) -> Analysis {
    let mut budget = Budget::new();
    let (interpretations, all) = interpretations(document, !setting.perimeter.aws_services, setting.bearers);
    let mut summary = Summary::new(setting.endpoint.gateway);
    let mut lacking = false;
    if document.size() > MOST_VALUES {
        summary.doubts.push(format!(
            "the document has {} values and variables, more than {MOST_VALUES}",
            document.size()
        ));
        summary.doubted = [true; 2];
        return summary.analysis(document, &[]);
    }
    if !all {
        summary
            .doubts
            .push("the document has more interpretations than the limit".to_owned());
        summary.doubted = [true; 2];
    }
    let short_forms = hints::undocumented_resources(document);
    if !short_forms.is_empty() {
        summary.doubts.extend(short_forms);
        summary.doubted = [true; 2];
    }
    let mut known: Vec<(Vec<_>, [Answer; 3])> = Vec::new();
    for (index, named) in interpretations.iter().enumerate() {
        if budget.is_spent() {
            summary.doubts.push(TOO_MANY.to_owned());
            summary.doubted = [true; 2];
            break;
        }
        let models = Model::all(document, setting, named.interpretation, Supposition::AsPublished);
        if let Some(model) = models.first() {
            summary.unknown_keys = model.unknown_keys().map(str::to_owned).collect();
            lacking |= model.has_keys_of_actions();
        }
        let of_models: Vec<_> = models.iter().map(Model::essence).collect();
        if let Some((_, answers)) = known.iter().find(|(of, _)| *of == of_models) {
            summary.add(index, answers.clone());
            continue;
        }
        let mut asked: Vec<_> = models
            .iter()
            .map(|model| Asked::new(document, model, named, &mut budget))
            .collect();
        let answers = [
            answer(&mut asked, |model| model.hole(Goal::Identity, &mut budget)),
            answer(&mut asked, |model| model.hole(Goal::Resource, &mut budget)),
            answer(&mut asked, |model| model.reaches(&mut budget)),
        ];
        if interpretations.len() > 1 {
            known.push((of_models, answers.clone()));
        }
        summary.add(index, answers);
    }
    summary.unknown_actions = hints::unknown_actions(document);
    let unknown = lacking || !summary.unknown_keys.is_empty();
    if (summary.is_closed() && unknown) || (summary.has_no_hole() && !summary.unknown_actions.is_empty()) {
        let mut known = BTreeSet::new();
        for named in &interpretations {
            let models = Model::all(document, setting, named.interpretation, Supposition::AsWritten);
            if interpretations.len() > 1 && !known.insert(models.iter().map(Model::essence).collect::<Vec<_>>()) {
                continue;
            }
            let mut asked: Vec<_> = models
                .iter()
                .map(|model| Asked::new(document, model, named, &mut budget))
                .collect();
            let holes = [Goal::Identity, Goal::Resource];
            if summary.doubt(&holes.map(|goal| answer(&mut asked, |model| model.hole(goal, &mut budget)))) {
                break;
            }
        }
    }
    summary.analysis(document, &interpretations)
}

/// The answer to one question.
#[derive(Clone)]
enum Answer {
    Yes(Box<Witness>),
    No,
    Unknown(String),
}

impl Answer {
    /// What two models that share the requests between them say together.
    fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, other) => other,
            (Self::Unknown(_), yes @ Self::Yes(_)) => yes,
            (first, _) => first,
        }
    }
}

/// What all models together say to a question.
fn answer(asked: &mut [Asked<'_, '_>], mut question: impl FnMut(&mut Asked<'_, '_>) -> Answer) -> Answer {
    asked.iter_mut().fold(Answer::No, |known, model| match known {
        Answer::Yes(_) => known,
        known => known.or(question(model)),
    })
}

struct Asked<'m, 'd> {
    document: &'d Document,
    model: &'m Model<'d>,
    named: &'m Named,
    search: Search<'m, 'd>,
}

impl<'m, 'd> Asked<'m, 'd> {
    fn new(document: &'d Document, model: &'m Model<'d>, named: &'m Named, budget: &mut Budget) -> Self {
        Self {
            document,
            model,
            named,
            search: Search::new(model, budget),
        }
    }

    fn hole(&mut self, goal: Goal, budget: &mut Budget) -> Answer {
        let (document, model, named) = (self.document, self.model, self.named);
        if self.search.lets_nothing_through(budget) {
            return Answer::No;
        }
        if !model.linked.is_empty() {
            let possible = self.search.find(goal, Links::Suppose, budget, &mut |_| Some(()));
            if possible.is_none() && self.search.complete {
                return Answer::No;
            }
        }
        let mut unconfirmed = false;
        let mut conditional: Option<Witness> = None;
        let found = self.search.find(goal, Links::Follow, budget, &mut |found| {
            let allowed = |request: &Request| evaluate_as(document, request, named.interpretation).is_allowed();
            let confirm = |found: &search::Request| allowed(&witness::essence(model, found));
            let keys = witness::conditional(model, found);
            if conditional.is_some() && !keys.is_empty() {
                return None;
            }
            let (endpoint, service) = (model.setting.endpoint, model.setting.service);
            let written = model.supposition == Supposition::AsWritten;
            // Without keys of its own, a request has those that the model gives to all.
            let flaw = match found.keys.is_empty() {
                true => misfit,
                false => impossible_behind,
            };
            let good = |request: &Request| {
                let good = allowed(request) && (written || flaw(request, endpoint, service).is_none());
                debug_assert!(!good || written || impossible_behind(request, endpoint, service).is_none());
                good
            };
            let request = match goal {
                // Who is not locked out is not asked how.
                Goal::Reach => Some(witness::essence(model, found)).filter(allowed),
                _ => {
                    let likeliest = witness_candidates::likeliest(model, found, &confirm);
                    Some(witness::request(model, &likeliest)).filter(good)
                }
            };
            let Some(request) = request else {
                unconfirmed = true;
                return None;
            };
            let witness = Witness {
                request,
                conditional: keys,
                supposing: Vec::new(),
            };
            if witness.conditional.is_empty() {
                return Some(witness);
            }
            conditional.get_or_insert(witness);
            None
        });
        if let Some(witness) = found.or(conditional) {
            return Answer::Yes(Box::new(witness));
        }
        self.none(unconfirmed, budget)
    }

    /// Nothing was found: is there nothing?
    fn none(&self, unconfirmed: bool, budget: &Budget) -> Answer {
        if let (true, Some(reason)) = (unconfirmed, self.model.blind.first()) {
            return Answer::Unknown(reason.clone());
        }
        if self.search.complete && self.search.exact && !unconfirmed {
            return Answer::No;
        }
        if budget.is_spent() {
            return Answer::Unknown(TOO_MANY.to_owned());
        }
        if !self.search.complete {
            return Answer::Unknown("its patterns overlap in more ways than the limit".to_owned());
        }
        if !self.model.linked.is_empty() {
            return Answer::Unknown("the values of its variables could not all be tried".to_owned());
        }
        Answer::Unknown("no example request could be built that confirms or refutes it".to_owned())
    }

    /// Whether somebody trusted reaches something trusted.
    fn reaches(&mut self, budget: &mut Budget) -> Answer {
        let usual = self.hole(Goal::Reach, budget);
        if matches!(usual, Answer::Yes(_)) {
            return usual;
        }
        self.search.thorough = true;
        self.hole(Goal::Reach, budget)
    }
}

#[cfg(test)]
mod tests;
