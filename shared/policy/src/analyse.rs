//! What a policy lets through: who gets in that should not, what gets out that should not, and whether anybody does.

use serde::Serialize;

use crate::document::{Document, MOST_CHARACTERS};
use crate::evaluate::{Request, evaluate_as};
use crate::explain;
use crate::reading::{Named, readings};
use crate::{EndpointContext, Perimeter};

mod actions;
mod atoms;
mod bits;
mod budget;
mod callers;
mod identities;
mod keys;
mod model;
mod owners;
mod resources;
mod search;
mod strings;
mod witness;

use budget::Budget;
use model::Model;
use search::{Goal, Links, Search};



/// What a policy is, held against a perimeter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Containment {
    /// A stranger gets in, or data gets out.
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
    pub locked_out: bool,
    /// Why a verdict could not be reached, what is ambiguous, and what AWS would refuse.
    pub reasons: Vec<String>,
    /// In words: who gets in, doing what, through which statement, and why nothing stops it. One line each.
    pub explanation: Vec<String>,
}

/// Answers, for the policy of an endpoint, whether strangers get in, whether data gets out, and whether anybody trusted
/// gets through.
pub fn analyse(document: &Document, perimeter: &Perimeter, endpoint: &EndpointContext) -> Analysis {
    let owned = crate::aws_owned::resources(perimeter, endpoint);
    let mut budget = Budget::new();
    let (readings, all) = readings(document, !perimeter.aws_services);
    let mut summary = Summary::default();
    if !all {
        summary.doubts.push("the document can be understood in too many ways".to_owned());
    }
    for (index, named) in readings.iter().enumerate() {
        let model = Model::new(document, perimeter, endpoint, named.reading, &owned);
        let mut asked = Asked::new(document, &model, named, &mut budget);
        let identity = asked.hole(Goal::Identity, &mut budget);
        let resource = asked.hole(Goal::Resource, &mut budget);
        let reach = asked.reaches(&mut budget);
        summary.add(index, named, identity, resource, reach);
    }
    summary.analysis(document, &readings)
}

/// Whether some request that the first document allows, and that lies in neither hole, meets one of the Denies from
/// `first` on, which are the last statements of the document. Nothing when that cannot be told.
pub(crate) fn loses(document: &Document, first: usize, perimeter: &Perimeter, endpoint: &EndpointContext) -> Option<Option<Request>> {
    let owned = crate::aws_owned::resources(perimeter, endpoint);
    let mut budget = Budget::new();
    let (readings, all) = readings(document, true);
    if !all {
        return None;
    }
    for named in &readings {
        let model = Model::new(document, perimeter, endpoint, named.reading, &owned);
        let mut asked = Asked::new(document, &model, named, &mut budget);
        for place in (first..model.statements.len()).filter(|place| model.deny.has(*place)) {
            let goal = Goal::Lost(place);
            let lost = asked.search.find(goal, Links::Suppose, &mut budget, &mut |request| {
                Some(witness::request(&model, request))
            });
            if lost.is_some() {
                return Some(lost);
            }
            if !asked.search.complete {
                return None;
            }
        }
    }
    Some(None)
}

/// The answer to one question.
enum Answer {
    Yes(Box<Witness>),
    No,
    Unknown(String),
}

struct Asked<'m, 'd> {
    document: &'d Document,
    model: &'m Model<'d>,
    named: &'m Named,
    search: Search<'m, 'd>,
    /// Whether following the variables misses nothing.
    exact: bool,
}

impl<'m, 'd> Asked<'m, 'd> {
    fn new(document: &'d Document, model: &'m Model<'d>, named: &'m Named, budget: &mut Budget) -> Self {
        Self {
            document,
            model,
            named,
            search: Search::new(model, budget),
            exact: search::exact(model),
        }
    }

    fn hole(&mut self, goal: Goal, budget: &mut Budget) -> Answer {
        let (document, model, named) = (self.document, self.model, self.named);
        let mut unconfirmed = false;
        let mut conditional: Option<Witness> = None;
        let supposing = || named.supposing.iter().map(|text| (*text).to_owned()).collect();
        let found = self.search.find(goal, Links::Follow, budget, &mut |found| {
            let request = witness::request(model, found);
            if !evaluate_as(document, &request, named.reading).is_allowed() {
                unconfirmed = true;
                return None;
            }
            let keys = witness::conditional(model, found);
            let witness = Witness {
                request,
                conditional: keys,
                supposing: supposing(),
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
        self.none(goal, unconfirmed, budget)
    }

    /// Nothing was found: is there nothing?
    fn none(&mut self, goal: Goal, unconfirmed: bool, budget: &mut Budget) -> Answer {
        if let Some(reason) = self.model.blind.first() {
            return Answer::Unknown(reason.clone());
        }
        if self.search.complete && self.exact && !unconfirmed {
            return Answer::No;
        }
        if budget.is_spent() {
            return Answer::Unknown("the document has too many cases to try them all".to_owned());
        }
        if !self.search.complete {
            return Answer::Unknown("its patterns overlap in too many ways to try them all".to_owned());
        }
        if !self.model.linked.is_empty() {
            let possible = self.search.find(goal, Links::Suppose, budget, &mut |_| Some(()));
            if possible.is_none() && self.search.complete && !unconfirmed {
                return Answer::No;
            }
            return Answer::Unknown("what its variables stand for could not be followed to the end".to_owned());
        }
        Answer::Unknown("no request could be made up that confirms or refutes a hole".to_owned())
    }

    /// Whether somebody trusted reaches something trusted.
    fn reaches(&mut self, budget: &mut Budget) -> Answer {
        self.hole(Goal::Reach, budget)
    }
}

#[derive(Default)]
struct Summary {
    identity: Option<Witness>,
    resource: Option<Witness>,
    doubts: Vec<String>,
    /// Whether the first reading lets nobody through.
    locked_out: bool,
    /// Whether readings part over that.
    locks_differ: bool,
    differing: bool,
}

impl Summary {
    fn add(&mut self, index: usize, named: &Named, identity: Answer, resource: Answer, reach: Answer) {
        let before = (self.identity.is_some(), self.resource.is_some());
        for (answer, slot, question) in [
            (identity, &mut self.identity, "whether strangers get in"),
            (resource, &mut self.resource, "whether data gets out"),
        ] {
            match answer {
                Answer::Yes(witness) if slot.is_none() => *slot = Some(*witness),
                Answer::Yes(_) | Answer::No => {}
                Answer::Unknown(reason) => {
                    let doubt = format!("it could not be decided {question}: {reason}");
                    if !self.doubts.contains(&doubt) {
                        self.doubts.push(doubt);
                    }
                }
            }
        }
        let after = (self.identity.is_some(), self.resource.is_some());
        self.differing |= index > 0 && before != after;
        let locked = matches!(reach, Answer::No);
        if index == 0 {
            self.locked_out = locked;
        }
        self.locks_differ |= locked != self.locked_out;
        let _ = named;
    }

    fn analysis(self, document: &Document, readings: &[Named]) -> Analysis {
        let open = self.identity.is_some() || self.resource.is_some();
        let verdict = if open {
            Containment::Open
        } else if !self.doubts.is_empty() || self.locks_differ {
            Containment::Undecided
        } else if self.locked_out {
            Containment::LockedOut
        } else {
            Containment::Closed
        };
        let mut reasons = if open { Vec::new() } else { self.doubts };
        if self.differing || self.locks_differ {
            reasons.push("documentation leaves open how this document is understood; the worst reading counts".to_owned());
        } else if readings.len() > 1 {
            reasons.push("documentation leaves open how this document is understood; every reading agrees".to_owned());
        }
        reasons.extend(document.notes().iter().map(ToString::to_string));
        if document.text().chars().count() > MOST_CHARACTERS {
            reasons.dedup();
        }
        let mut explanation = Vec::new();
        for (witness, question) in [(&self.identity, explain::Hole::Identity), (&self.resource, explain::Hole::Resource)] {
            if let Some(witness) = witness {
                let reading = readings.iter().find(|named| named.supposing == witness.supposing);
                explanation.extend(explain::hole(document, witness, question, reading.map(|named| named.reading).unwrap_or_default()));
            }
        }
        explanation.extend(explain::verdict(verdict, self.locked_out));
        Analysis {
            verdict,
            identity: self.identity,
            resource: self.resource,
            locked_out: self.locked_out,
            reasons,
            explanation,
        }
    }
}

#[cfg(test)]
mod tests;
