//! What the interpretations of a document say together.

use super::{Analysis, Answer, Containment, Witness, explain, hints};
use crate::condition_keys;
use crate::document::Document;
use crate::interpretation::{Interpretation, Named};
use crate::service;

#[derive(Default)]
pub(super) struct Summary {
    identity: Found,
    resource: Found,
    pub(super) doubts: Vec<String>,
    /// Whether it is open if there is the first hole, and if there is the second.
    pub(super) doubted: [bool; 2],
    /// Whether the first interpretation lets nobody through.
    locked_out: bool,
    /// Whether interpretations part over that.
    locks_differ: bool,
    /// Condition keys that AWS does not have.
    pub(super) unknown_keys: Vec<String>,
    /// Actions of Allows that AWS does not have.
    pub(super) unknown_actions: Vec<String>,
    /// Whether the policy is that of a gateway endpoint.
    gateway: bool,
}

/// What the interpretations say to one question.
#[derive(Default)]
struct Found {
    /// The first interpretation with a hole, and its witness.
    first: Option<(usize, Witness)>,
    /// How many interpretations have a hole.
    interpretations: usize,
}

impl Found {
    /// The witness, with what it supposes unless every interpretation has the hole.
    fn witness(self, interpretations: &[Named]) -> Option<(Interpretation, Witness)> {
        let (index, mut witness) = self.first?;
        let named = interpretations.get(index)?;
        if self.interpretations < interpretations.len() {
            witness.supposing = named.supposing.iter().map(|text| (*text).to_owned()).collect();
        }
        Some((named.interpretation, witness))
    }
}

impl Summary {
    pub(super) fn new(gateway: bool) -> Self {
        Self {
            gateway,
            ..Self::default()
        }
    }

    /// Adds what an interpretation says to the three questions.
    pub(super) fn add(&mut self, index: usize, [identity, resource, reach]: [Answer; 3]) {
        for (doubted, answer) in self.doubted.iter_mut().zip([&identity, &resource]) {
            *doubted |= matches!(answer, Answer::Unknown(_));
        }
        for (answer, question) in [
            (&identity, "whether principals outside the perimeter can use it"),
            (&resource, "whether resources outside the perimeter can be reached"),
            (&reach, "whether trusted principals can use it"),
        ] {
            if let Answer::Unknown(reason) = answer {
                let doubt = format!("could not decide {question}: {reason}");
                if !self.doubts.contains(&doubt) {
                    self.doubts.push(doubt);
                }
            }
        }
        for (answer, found) in [(identity, &mut self.identity), (resource, &mut self.resource)] {
            if let Answer::Yes(witness) = answer {
                found.interpretations += 1;
                found.first.get_or_insert((index, *witness));
            }
        }
        let locked = matches!(reach, Answer::No);
        if index == 0 {
            self.locked_out = locked;
        }
        self.locks_differ |= locked != self.locked_out;
    }

    /// Whether the policy has neither hole and lets trusted principals use the endpoint, as far as was found out.
    pub(super) fn is_closed(&self) -> bool {
        self.has_no_hole() && !self.locked_out
    }

    /// Whether the policy has neither hole, as far as was found out.
    pub(super) fn has_no_hole(&self) -> bool {
        self.identity.first.is_none() && self.resource.first.is_none() && self.doubts.is_empty()
    }

    /// Adds what the policy does to requests with keys that AWS does not publish, or not for their action. Whether that
    /// makes a doubt.
    pub(super) fn doubt(&mut self, holes: &[Answer; 2]) -> bool {
        for (doubted, hole) in self.doubted.iter_mut().zip(holes) {
            *doubted |= !matches!(hole, Answer::No);
        }
        let Some(hole) = holes.iter().find(|hole| !matches!(hole, Answer::No)) else {
            return false;
        };
        let unknown = self.unknown_keys.join("`, `");
        let of = |witness: &Witness| {
            self.unknown_actions
                .iter()
                .find(|action| **action == witness.request.action)
        };
        self.doubts.push(match hole {
            Answer::Yes(witness) if of(witness).is_some() => {
                let action = &witness.request.action;
                format!("the policy is closed only because AWS has no action `{action}`")
            }
            Answer::Yes(witness) if self.unknown_keys.is_empty() => {
                let action = &witness.request.action;
                let lower = action.to_ascii_lowercase();
                let mut keys = witness.request.context.keys();
                let lacks = |key: &&String| {
                    let id = key.to_ascii_lowercase();
                    condition_keys::is_by_action(&id) && service::carries(&lower, &id) == Some(false)
                };
                let key = keys.find(lacks).map_or("", |key| key);
                format!("the policy is closed only because AWS publishes no condition key `{key}` for `{action}`")
            }
            Answer::Yes(_) | Answer::No => {
                format!("the policy is closed only because AWS has no condition key `{unknown}`")
            }
            Answer::Unknown(reason) => {
                format!("could not decide whether condition keys that AWS does not publish open it: {reason}")
            }
        });
        true
    }

    pub(super) fn analysis(self, document: &Document, interpretations: &[Named]) -> Analysis {
        let (identity, resource) = (
            self.identity.witness(interpretations),
            self.resource.witness(interpretations),
        );
        let open = identity.is_some() || resource.is_some();
        let differing = [&identity, &resource]
            .iter()
            .any(|hole| hole.as_ref().is_some_and(|(_, w)| !w.supposing.is_empty()));
        let verdict = if open {
            Containment::Open
        } else if !self.doubts.is_empty() {
            Containment::Undecided
        } else if self.locked_out {
            Containment::LockedOut
        } else {
            Containment::Closed
        };
        let mut reasons = self.doubts;
        if differing {
            reasons.push(
                "AWS does not document how part of this policy is evaluated; the most permissive interpretation counts"
                    .to_owned(),
            );
        } else if self.locks_differ {
            reasons.push("AWS does not document how part of this policy is evaluated; interpretations differ on whether trusted principals can use it".to_owned());
        } else if interpretations.len() > 1 {
            reasons.push("AWS does not document how part of this policy is evaluated; every interpretation gives the same verdict".to_owned());
        }
        reasons.extend(hints::hints(document, self.gateway));
        reasons.extend(document.notes().iter().map(ToString::to_string));
        let mut explanation = Vec::new();
        for (hole, question) in [
            (&identity, explain::Hole::Identity),
            (&resource, explain::Hole::Resource),
        ] {
            if let Some((interpretation, witness)) = hole {
                explanation.extend(explain::hole(document, witness, question, *interpretation));
            }
        }
        explanation.extend(explain::verdict(verdict, self.locked_out));
        let [identity_doubted, resource_doubted] = self.doubted;
        Analysis {
            verdict,
            identity_decided: identity.is_some() || !identity_doubted,
            resource_decided: resource.is_some() || !resource_doubted,
            identity: identity.map(|(_, witness)| witness),
            resource: resource.map(|(_, witness)| witness),
            locked_out: self.locked_out,
            reasons,
            explanation,
        }
    }
}
